"""Devices: what a machine offers, what is claimed of each kind, and the comparison with the processor."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import pytest

from academy.devices import CLAIMS, Hardware, choose, describe, device_of
from academy.jobs.running.doctor import diagnose
from academy.messages import render, to_json
from academy.trainer.parity import Figures, judge

MACHINES = {
    "nothing": (Hardware("2.13.0+cpu", "linux", "x86_64"), "cpu", "No NVIDIA GPU; training runs on the CPU."),
    "nvidia": (Hardware("2.13.0", "linux", "x86_64", nvidia=2), "nvidia", "2 NVIDIA GPUs."),
    "nvidia, named": (Hardware("2.13.0+cu130", "linux", "x86_64", nvidia=1), "nvidia", "1 NVIDIA GPU."),
    "nvidia, torch for the processor": (Hardware("2.13.0+cpu", "linux", "x86_64", nvidia=1), "cpu", "is built for cpu"),
    "amd": (Hardware("2.13.0+rocm7.0", "linux", "x86_64", amd=True), "rocm", "ROCm build"),
    "amd, torch without it": (Hardware("2.13.0", "linux", "x86_64", amd=True), "cpu", "not built for ROCm"),
    "intel": (Hardware("2.13.0+xpu", "linux", "x86_64", intel=True), "xpu", "XPU build"),
    "intel in every laptop": (Hardware("2.13.0", "linux", "x86_64", intel=True), "cpu", "No NVIDIA GPU; training runs on the CPU."),
    "apple": (Hardware("2.13.0", "darwin", "arm64"), "mps", "MPS"),
    "an old mac": (Hardware("2.2.0", "darwin", "x86_64"), "cpu", "No NVIDIA GPU"),
    "no torch": (Hardware("", "linux", "x86_64", amd=True), "cpu", "No NVIDIA GPU"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_is_named_as_it_is(name: str) -> None:
    hardware, kind, words = MACHINES[name]
    assert device_of(hardware) == kind
    assert words in render(describe(hardware))


def test_only_what_ran_is_called_tested() -> None:
    # A person adds a kind here after its tests have run on it.
    assert [kind for kind, claim in CLAIMS.items() if render(claim).startswith("Tested")] == ["cpu"]
    assert all("compared with the processor" in render(claim) for kind, claim in CLAIMS.items() if kind != "cpu")


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ({}, ("cpu", "cpu", "cpu")),
        ({"cuda": "NVIDIA L4"}, ("nvidia", "cuda:0", "cuda:0 NVIDIA L4")),
        ({"cuda": "Radeon RX", "hip": True}, ("rocm", "cuda:0", "cuda:0 Radeon RX (ROCm)")),
        ({"xpu": "Arc B580"}, ("xpu", "xpu:0", "xpu:0 Arc B580")),
        ({"mps": True}, ("mps", "mps", "mps")),
        ({"cuda": "NVIDIA L4", "allowed": False}, ("cpu", "cpu", "cpu")),
    ],
)
def test_the_device_of_a_training_is_named(found: dict[str, Any], chosen: tuple[str, str, str]) -> None:
    assert choose(**({"allowed": True, "cuda": None, "hip": False, "xpu": None, "mps": False} | found)) == chosen


def test_a_device_that_computes_something_else_has_its_advice() -> None:
    found = diagnose(event={"cause": "wrong_device", "reason": "mps computes something else than the processor."})
    assert "ACADEMY_ENABLE_GPU=false" in render(found.remedy)


# ------------------------------------------------------------------ the comparison


def test_rounding_is_the_same_and_a_wrong_device_is_not() -> None:
    here = Figures((3.0, 2.9), (1.5, 1.7))
    assert judge(here, here, "fp32") == "same"
    assert judge(Figures((3.003, 2.9), (1.51, 1.7)), here, "fp32") == "same"
    assert judge(Figures((3.02, 2.9), (1.5, 1.7)), here, "fp32") == "differs"
    assert judge(Figures((3.02, 2.9), (1.5, 1.7)), here, "bf16") == "same"
    assert judge(Figures((3.0, 2.9), (1.5, 2.4)), here, "fp32") == "wrong"  # only the second gradient differs
    assert judge(Figures((3.5, 2.9), (1.5, 1.7)), here, "fp32") == "wrong"
    assert judge(Figures((float("nan"), 2.9), (1.5, 1.7)), here, "bf16") == "wrong"
    nothing = Figures((float("nan"), 1.0), (1.0, 1.0))
    assert judge(nothing, nothing, "fp32") == "same"  # a broken base, which the first step reports


@pytest.fixture
def model(tmp_path: Path) -> Any:
    pytest.importorskip("torch")
    import peft
    from transformers import AutoModelForCausalLM

    from tests.trainer_help import make_model

    base = AutoModelForCausalLM.from_pretrained(make_model(tmp_path / "base"))
    return peft.get_peft_model(base, peft.LoraConfig(r=4, target_modules="all-linear", lora_dropout=0.5, task_type="CAUSAL_LM"))


@pytest.mark.training
def test_the_processor_agrees_with_itself_and_not_with_a_perturbed_copy(model: Any, tmp_path: Path) -> None:
    import torch

    from academy.text.failures import Failure
    from academy.trainer.compute.parity import measure, tell
    from academy.trainer.report import Report

    model.train()
    rows, plainly = [[*range(5, 40)], [*range(9, 30)]], contextlib.nullcontext
    before = {name: value.clone() for name, value in model.state_dict().items()}
    here = measure(model, rows, plainly())
    assert here.losses[1] < here.losses[0]  # it went one step down
    assert measure(model, rows, plainly()) == here  # dropout is off, and everything is back
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())

    report = Report(tmp_path)
    assert tell(report, "mps", measure(copy.deepcopy(model), rows, plainly()), here, "fp32") == "same"
    perturbed = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in perturbed.named_parameters():
            if name.endswith("down_proj.base_layer.weight"):
                parameter.mul_(-9)
    with pytest.raises(Failure, match="mps computes something else than the processor") as failure:
        tell(report, "mps", measure(perturbed, rows, plainly()), here, "fp32")
    assert failure.value.cause == "wrong_device"
    assert "%" in failure.value.reason
    assert json.dumps(to_json(failure.value.text))
