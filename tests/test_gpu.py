"""Trainings on a GPU, by the trainer as the warden starts it; `make gpu` runs them, and measures."""

from __future__ import annotations

import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from trainer_help import chats, events, make_job, of, start, write_rows

from academy.config import Settings
from academy.habitat import Habitat
from tests.waiting import wait_until

pytestmark = [pytest.mark.training, pytest.mark.gpu]

MINI = Path(__file__).parent.parent / "academy/models/academy-mini"
CARD = {"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "0")}
KNOBS: dict[str, Any] = {"max_steps": 8, "batch_size": 4, "num_epochs": 20, "save_steps": 4}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pairs = ((f"Where is key number {at}?", f"In drawer {at * 7}, behind the second gate.") for at in range(12))
    return write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", chats(pairs))


def trained(job: Path, **environment: str) -> list[dict[str, Any]]:
    process = start(job, **environment)
    log, _ = process.communicate(timeout=120)
    assert process.returncode == 0, log
    return events(job)


def losses(all_events: list[dict[str, Any]]) -> list[float]:
    return [event["loss"] for event in of(all_events, "progress")]


@pytest.fixture(scope="module")
def on_card(tmp_path_factory: pytest.TempPathFactory, rows: Path) -> list[dict[str, Any]]:
    return trained(make_job(tmp_path_factory.mktemp("card") / "job", MINI, rows, precision="fp32", **KNOBS), **CARD)


def test_a_gpu_trains_as_a_processor_does(tmp_path: Path, rows: Path, on_card: list[dict[str, Any]]) -> None:
    assert of(on_card, "started")[0]["device"].startswith("cuda:0 ")
    beside = trained(make_job(tmp_path / "cpu", MINI, rows, precision="fp32", **KNOBS))
    assert losses(on_card) == pytest.approx(losses(beside), rel=1e-3)


def test_half_precision_is_chosen_where_the_gpu_has_it(tmp_path: Path, rows: Path, on_card: list[dict[str, Any]]) -> None:
    half = trained(make_job(tmp_path / "job", MINI, rows, **KNOBS), **CARD)
    assert of(half, "started")[0]["precision"] == "bf16"
    assert losses(half) == pytest.approx(losses(on_card), rel=0.02)


@pytest.mark.parametrize("quantization", ["8bit", "4bit"])
def test_qlora_begins_at_the_loss_of_the_base(tmp_path: Path, rows: Path, on_card: list[dict[str, Any]], quantization: str) -> None:
    packed = trained(make_job(tmp_path / "job", MINI, rows, quantization=quantization, **KNOBS), **CARD)
    assert losses(packed)[0] == pytest.approx(losses(on_card)[0], rel=0.15)
    assert all(math.isfinite(loss) for loss in losses(packed))


def test_a_killed_training_goes_on_from_its_checkpoint(tmp_path: Path, rows: Path, on_card: list[dict[str, Any]]) -> None:
    job = make_job(tmp_path / "job", MINI, rows, precision="fp32", **KNOBS)
    process = start(job, **CARD)
    wait_until(lambda: of(events(job), "checkpoint"), "a checkpoint", 60)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    again = trained(job, **CARD)
    assert [event["resumed_from_step"] for event in of(again, "started") if "resumed_from_step" in event]
    assert losses(again)[-1] == pytest.approx(losses(on_card)[-1], rel=1e-3)


def test_the_app_tells_the_card_and_its_memory(settings: Settings) -> None:
    gpu = Habitat(settings).gpus()[0]
    assert gpu.name
    assert 0 <= gpu.memory_used_mb <= gpu.memory_total_mb
    assert json.dumps(Habitat(settings).report())
