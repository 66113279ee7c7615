"""Measures whether a device computes what the processor computes: two steps on the same rows on both, at the first training on it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from academy.messages import msg
from academy.text.failures import Failure
from academy.text.tokens import Tokens
from academy.trainer.checkpoints import replace_file
from academy.trainer.compute.attention import DOCUMENTS
from academy.trainer.compute.model import Adapted
from academy.trainer.parity import Figures, Verdict, judge, worst
from academy.trainer.report import Report
from academy.trainer.spec import Spec

_ROWS, _TOKENS = 2, 48
_LARGEST = 1_000_000_000  # parameters that the processor computes within seconds
_STEP = 0.1  # the length of the step between the two
_STEPS = 2  # of a new adapter only one half has a gradient in the first


def check_device(spec: Spec, report: Report, adapted: Adapted, rows: Sequence[Tokens]) -> None:
    """Compares the device with the processor unless that was done; a difference is noted with its numbers, a gross one is a Failure."""
    placement = adapted.placement
    path = _remembered(spec.cache, placement.name, placement.precision)
    if placement.device.type == "cpu" or (path is not None and path.is_file()):
        return
    if spec.is_quantized or adapted.parameters > _LARGEST:
        report.note(
            msg("{device} was not compared with the processor: the model is too large for that, or quantized.", device=placement.name)
        )
        return
    report.preparing("compare", msg("Comparing {device} with the processor.", device=placement.name))
    ids = [row.ids[:_TOKENS] for row in rows[:_ROWS]]
    there = measure(adapted.model, ids, placement.autocast())
    try:
        adapted.model.to("cpu")
        here = measure(adapted.model, ids, replace(placement, device=torch.device("cpu")).autocast())
    finally:
        adapted.model.to(placement.device)
    verdict = tell(report, placement.name, there, here, placement.precision)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps({"verdict": verdict, "device": asdict(there), "processor": asdict(here), "torch": torch.__version__}))


def tell(report: Report, name: str, there: Figures, here: Figures, precision: str) -> Verdict:
    """Reports how a device compares with the processor; a gross difference is a Failure."""
    verdict = judge(there, here, precision)
    report.say(f"{name} {there}, cpu {here}: {verdict}")
    values = {"device": name, "loss": worst(there.losses, here.losses), "norm": worst(there.norms, here.norms)}
    if verdict == "wrong":
        raise Failure(
            msg(
                "{device} computes something else than the processor: "
                "the loss differs by {loss:.1%} and the gradient by {norm:.1%} on the same rows.",
                **values,
            ),
            "wrong_device",
        )
    if verdict == "differs":
        report.note(
            msg(
                "{device} differs from the processor more than rounding explains: "
                "the loss by {loss:.1%}, the gradient by {norm:.1%}. Compare what comes of it with a training on the processor.",
                **values,
            )
        )
    return verdict


def measure(model: Any, rows: Sequence[Sequence[int]], autocast: contextlib.AbstractContextManager[Any]) -> Figures:
    """Two steps of plain gradient descent on the rows, where the model is; afterwards it is as before."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    device, before, training = parameters[0].device, [parameter.detach().clone() for parameter in parameters], model.training
    losses, norms = [], []
    model.eval()  # without dropout
    DOCUMENTS.lay(None)
    try:
        with autocast:
            for _ in range(_STEPS):
                losses.append(sum(_backward(model, row, device, len(rows)) for row in rows))
                gradients = [torch.zeros_like(item) if item.grad is None else item.grad for item in parameters]
                norms.append(math.sqrt(sum(float(part.float().square().sum()) for part in gradients)))
                with torch.no_grad():
                    for parameter, gradient in zip(parameters, gradients, strict=True):
                        parameter -= gradient * (_STEP / max(norms[-1], 1e-12))
                        parameter.grad = None
    finally:
        with torch.no_grad():
            for parameter, value in zip(parameters, before, strict=True):
                parameter.copy_(value)
                parameter.grad = None
        model.train(training)
    return Figures(tuple(losses), tuple(norms))


def _backward(model: Any, row: Sequence[int], device: torch.device, count: int) -> float:
    ids = torch.tensor([row], device=device)
    loss = model(input_ids=ids, labels=ids, use_cache=False).loss / count
    loss.backward()
    return float(loss.detach())


def _remembered(cache: Path | None, device: str, precision: str) -> Path | None:
    """The file that tells of an earlier comparison of this device with this torch; None where no cache is seen, as in a container."""
    if cache is None:
        return None
    key = hashlib.sha256(f"{device} {precision} {torch.__version__}".encode()).hexdigest()[:12]
    return cache / f"device-{re.sub('[^a-z0-9]+', '-', device.lower())[:40]}-{key}.json"
