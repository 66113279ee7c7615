"""Our trainer against bare TRL, in fp32 on the same batches: no padding, shared beginnings, parts and lean layers change no number."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from parity_help import KNOBS, PARTS, SHAPES, Steps, bare_trl, make_family, make_rows, ours, ours_in_two
from trainer_help import make_job

pytestmark = pytest.mark.training
for needed in ("torch", "transformers", "trl", "peft"):
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl")


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bases")
    return {family: make_family(folder / family, family) for family in SHAPES}


@pytest.fixture(scope="module")
def stock(bases: dict[str, Path], rows: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Steps]:
    return {family: bare_trl(base, rows, tmp_path_factory.mktemp(family)) for family, base in bases.items()}


@pytest.mark.parametrize("family", SHAPES)
def test_the_fast_path_computes_what_bare_trl_computes(
    tmp_path: Path, bases: dict[str, Path], rows: Path, stock: dict[str, Steps], family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from academy.trainer import run
    from academy.trainer.compute import model
    from academy.trainer.methods import sft

    batches: list[Any] = []
    lean: list[int] = []

    def lay(rows: Any) -> Any:
        batches.append(made := _lay(rows))
        return made

    def keep_less(adapted: Any) -> None:
        _keep_less(adapted)
        lean.append(sum("forward" in vars(module) for module in adapted.modules()))

    _lay, _keep_less = sft.lay_end_to_end, model.keep_less
    monkeypatch.setattr(sft, "lay_end_to_end", lay)
    monkeypatch.setattr(model, "keep_less", keep_less)
    for module, name in ((model, "_AT_ONCE"), (run, "_answers_quickly")):
        monkeypatch.setattr(module, name, getattr(module, name))  # what is changed there is put back
    steps = ours(make_job(tmp_path / family, bases[family], rows, **KNOBS))
    assert len(steps) == KNOBS["max_steps"]
    for step, theirs in zip(steps, stock[family], strict=True):
        assert step == pytest.approx(theirs, rel=1e-5, abs=1e-5)
    # It is the fast path that was compared.
    assert len(batches) > PARTS
    assert any(batch.prefix for batch in batches)
    assert lean[0] > 10


def test_two_processes_compute_what_bare_trl_computes(tmp_path: Path, bases: dict[str, Path], rows: Path, stock: dict[str, Steps]) -> None:
    both = ours_in_two(tmp_path, bases.values(), rows)
    for family, steps in both.items():
        for step, theirs in zip(steps, stock[family], strict=True):
            assert step == pytest.approx(theirs, rel=1e-5, abs=1e-5), family
