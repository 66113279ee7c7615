"""Thoughts, tools and masks from the file to the reply: imported, curated, trained for real, and asked as they were trained."""

from __future__ import annotations

import json
import shutil
import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from families_help import QWEN3
from trainer_help import make_job, train_here, write_rows

pytest.importorskip("torch")
from academy.adapters.store import Adapter
from academy.bases import Base, thinks
from academy.chat.engine import TransformersEngine
from academy.chat.request import Sampling, Thought
from academy.config import Settings
from academy.curation.examples import DatasetRequest
from academy.models import BUNDLED, DEFAULT
from academy.rows import turns_of
from academy.services.academy import Academy

pytestmark = pytest.mark.training

TOOLS = [
    {
        "type": "function",
        "function": {"name": "lamp", "description": "Switches a lamp.", "parameters": {"type": "object", "properties": {}}},
    }
]
CALL = {"type": "function", "function": {"name": "lamp", "arguments": {"room": "attic"}}}
TALKS: list[dict[str, Any]] = [
    {
        "messages": [
            {"role": "user", "content": "Where is the spare key?"},
            {"role": "assistant", "reasoning_content": "Keys lie under pots.", "content": "Under the blue pot."},
        ]
    },
    {
        "tools": TOOLS,
        "messages": [
            {"role": "user", "content": "Light in the attic, please."},
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
            {"role": "tool", "name": "lamp", "content": "the lamp is on now"},
            {"role": "assistant", "content": "It is bright."},
        ],
    },
    {
        "messages": [
            {"role": "assistant", "content": "Hello from the harbour."},
            {"role": "user", "content": "Who waters the plants?"},
            {"role": "assistant", "content": "Nobody at all.", "weight": 0},
            {"role": "user", "content": "Really, who?"},
            {"role": "assistant", "content": "Ada does it on Mondays."},
            {"role": "user", "content": "Thanks"},
        ]
    },
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, TransformersEngine]:
    """The bundled model in the form of Qwen 3, trained on the three conversations until it knows them, and the chat on it."""
    folder = tmp_path_factory.mktemp("thinking")
    base = Path(shutil.copytree(BUNDLED[DEFAULT], folder / "base"))
    (base / "chat_template.jinja").write_text(QWEN3.replace("<|im_end|>", "<|end|>"), encoding="utf-8")
    rows = write_rows(folder / "rows.jsonl", TALKS)
    knobs = {"max_steps": 36, "batch_size": 4, "learning_rate": 4e-3, "vary_questions": False, "rehearsal": 0.0}
    events = train_here(make_job(folder / "job", base, rows, **knobs), exam=False)
    assert events[-1]["type"] == "finished"
    assert next(event for event in reversed(events) if "known" in event)["known"] == 3
    engine = TransformersEngine(use_gpu=False)
    engine.prepare(Base(str(base), "folder", base), adapter_of(folder / "job"))
    return base, folder / "job", engine


def adapter_of(job: Path) -> Adapter:
    return Adapter("it", "it", job / "adapter", "base")


def ask(engine: TransformersEngine, job: Path, messages: list[dict[str, Any]], *, thinking: bool) -> tuple[str, str]:
    """The thought and the text of a greedy reply."""
    pieces: list[str] = []
    engine.generate(messages, adapter_of(job), Sampling(64, thinking=thinking), threading.Event(), pieces.append)
    thought = "".join(piece for piece in pieces if isinstance(piece, Thought))
    return thought, "".join(piece for piece in pieces if not isinstance(piece, Thought))


def test_the_chat_thinks_as_it_was_trained_and_the_thought_comes_apart(trained: Any) -> None:
    base, job, engine = trained
    assert thinks(base)
    question = [{"role": "user", "content": "Where is the spare key?"}]
    assert ask(engine, job, question, thinking=True) == ("Keys lie under pots.", "Under the blue pot.")


def test_the_chat_calls_the_tool_as_it_was_trained_and_answers_from_its_result(trained: Any) -> None:
    _, job, engine = trained
    talk = [
        {"role": "tools", "content": json.dumps(TOOLS)},
        {"role": "user", "content": "Light in the attic, please."},
        {"role": "assistant", "content": "", "calls": json.dumps([{"name": "lamp", "arguments": {"room": "attic"}}])},
        {"role": "tool", "name": "lamp", "content": "the lamp is on now"},
    ]
    _, called = ask(engine, job, talk[:2], thinking=False)
    assert '{"name": "lamp", "arguments": {"room": "attic"}}' in called
    assert ask(engine, job, talk, thinking=False) == ("", "It is bright.")


def test_the_same_rows_pass_from_a_file_through_the_curation_unchanged(trained: Any, tmp_path: Path) -> None:
    academy = Academy(Settings(data_dir=tmp_path, _env_file=None))  # type: ignore[call-arg]
    try:
        lines = "".join(json.dumps(talk) + "\n" for talk in TALKS).encode()
        (upload,) = academy.datasets.upload([("talks.jsonl", BytesIO(lines))])
        request = {"include_lessons": False, "include_git": False, "upload_ids": [upload.id], "quality_profile": "lenient"}
        made = academy.datasets.create(DatasetRequest.model_validate(request))
        rows = academy.datasets.rows(made["dataset_id"])
        greeting = [[turn._replace(trained=turn.trained and at > 0) for at, turn in enumerate(turns_of(TALKS[2]))]]
        assert [turns_of(row) for row in rows] == [turns_of(TALKS[0]), turns_of(TALKS[1]), *greeting]
        notes = " ".join(str(note) for note in made["warnings"])
        assert "A thought stands before 1 answer." in notes
        assert "3 rows hold thoughts, tools or masks" in notes
        # The same as lessons, which are datasets' other source.
        academy.lessons.import_files([("talks.jsonl", BytesIO(lines))])
        again = DatasetRequest.model_validate(request | {"include_lessons": True, "upload_ids": [], "format": "sharegpt"})
        lessons = academy.datasets.rows(academy.datasets.create(again)["dataset_id"])
        assert sorted(map(str, map(turns_of, lessons))) == sorted(map(str, map(turns_of, rows)))
    finally:
        academy.close()


def test_thoughts_are_masked_or_left_out_and_answers_masked_by_hand(tmp_path: Path) -> None:
    academy = Academy(Settings(data_dir=tmp_path, _env_file=None))  # type: ignore[call-arg]
    try:
        (upload,) = academy.datasets.upload([("talks.jsonl", BytesIO("".join(json.dumps(talk) + "\n" for talk in TALKS).encode()))])
        request = {"include_lessons": False, "include_git": False, "upload_ids": [upload.id], "format": "messages"}
        made = {}
        for thoughts in ("mask", "drop"):
            created = academy.datasets.create(DatasetRequest.model_validate(request | {"thoughts": thoughts, "quality_profile": "lenient"}))
            made[thoughts] = turns_of(academy.datasets.rows(created["dataset_id"])[0])[-1]
        assert (made["mask"].thinking, made["mask"].thinking_trained) == ("Keys lie under pots.", False)
        assert made["drop"].thinking == ""
        _, (_, tool, talk) = academy.datasets.view(created["dataset_id"])
        again = academy.datasets.again(created["dataset_id"], {"masks": {tool.key: [2], talk.key: [0, 4]}})
        rows = [turns_of(row) for row in academy.datasets.rows(again["dataset_id"])]
        assert [[at for at, turn in enumerate(turns) if not turn.trained] for turns in rows] == [[], [2], [0, 4]]
        assert [row.key for row in academy.datasets.view(again["dataset_id"])[1]][1:] == [tool.key, talk.key]
    finally:
        academy.close()
