"""Checkpoints are complete or absent, whatever happens while one is written."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from trainer_help import ROOT

from academy.text.conversations import read_conversations
from academy.text.failures import Failure, explain
from academy.trainer import checkpoints
from academy.trainer.report import Report
from tests.waiting import wait_until


def fill(folder: Path) -> None:
    (folder / "adapter_model.safetensors").write_bytes(b"w" * 1000)
    (folder / "optimizer.pt").write_bytes(b"o" * 3000)


def test_a_written_checkpoint_is_found_with_what_its_marker_says(tmp_path: Path) -> None:
    written = checkpoints.write(tmp_path, 120, fill, {"epoch": 1.5, "eval_loss": 0.25})
    assert written.path.name == "step-00000120"
    found = checkpoints.newest(tmp_path)
    assert found is not None
    assert (found.step, found.facts["epoch"], found.facts["eval_loss"]) == (120, 1.5, 0.25)
    assert found.facts["files"] == {"adapter_model.safetensors": 1000, "optimizer.pt": 3000}


def test_the_newest_is_the_highest_step_whatever_the_clock_said(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        checkpoints.write(tmp_path, step, fill, {})
    os.utime(tmp_path / "step-00000100", (1, 1))  # the clock stepped back
    newest = checkpoints.newest(tmp_path)
    assert newest is not None
    assert newest.step == 100


def test_the_newest_two_and_the_best_are_kept(tmp_path: Path) -> None:
    for step in (10, 20, 30, 40, 50):
        checkpoints.write(tmp_path, step, fill, {})
    assert checkpoints.rotate(tmp_path, 2, best_step=20) == [10, 30]
    assert [found.step for found in checkpoints.complete(tmp_path)] == [20, 40, 50]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000020", "step-00000040", "step-00000050"]


@pytest.mark.parametrize("damage", ["no marker", "half a marker", "a file is missing", "a file is cut short"])
def test_a_damaged_checkpoint_does_not_count_and_is_swept_away(tmp_path: Path, damage: str) -> None:
    checkpoints.write(tmp_path, 10, fill, {})
    broken = checkpoints.write(tmp_path, 20, fill, {}).path
    if damage == "no marker":
        (broken / "complete.json").unlink()
    elif damage == "half a marker":
        (broken / "complete.json").write_text('{"step": 20, "fi')
    elif damage == "a file is missing":
        (broken / "optimizer.pt").unlink()
    else:
        (broken / "optimizer.pt").write_bytes(b"o")
    assert [found.step for found in checkpoints.complete(tmp_path)] == [10]
    assert checkpoints.sweep(tmp_path) == ["step-00000020"]
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000010"]


def test_a_full_disk_leaves_the_earlier_checkpoint_and_nothing_of_the_new_one(tmp_path: Path) -> None:
    checkpoints.write(tmp_path, 10, fill, {})

    def full(folder: Path) -> None:
        fill(folder)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left") as error:
        checkpoints.write(tmp_path, 20, full, {})
    assert explain(error.value).cause == "disk_full"
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000010"]


def test_a_step_written_again_replaces_the_old_one(tmp_path: Path) -> None:
    checkpoints.write(tmp_path, 10, fill, {"eval_loss": 1.0})
    checkpoints.write(tmp_path, 10, fill, {"eval_loss": 0.5})
    assert [found.facts["eval_loss"] for found in checkpoints.complete(tmp_path)] == [0.5]


WRITER = """
import sys
from pathlib import Path
from academy.trainer import checkpoints
folder = Path(sys.argv[1])
def fill(place):
    for number in range(6):
        (place / f"part-{number}").write_bytes(bytes(200_000))
step = 0
while True:
    step += 1
    checkpoints.write(folder, step, fill, {"eval_loss": None})
    checkpoints.rotate(folder, 2, best_step=1)
    print(step, flush=True)
"""


def parts_written(folder: Path) -> int:
    """How many files of the checkpoint that is being written are there; -1 where none is being written."""
    with contextlib.suppress(FileNotFoundError):
        for place in folder.glob(".tmp-*"):
            return len(os.listdir(place))
    return -1


def test_kill_9_at_any_moment_leaves_only_complete_checkpoints(tmp_path: Path) -> None:
    for attempt in range(4):
        folder = tmp_path / str(attempt)
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        told = int(writer.stdout.readline())
        # In the middle of a checkpoint: before its first file, and after two, four and all six of them.
        wait_until(lambda folder=folder, parts=2 * attempt: parts_written(folder) >= parts, "a checkpoint on its way", pause=0.001)
        writer.send_signal(signal.SIGKILL)
        rest = writer.communicate()[0].split()
        told = int(rest[-1]) if rest else told
        checkpoints.sweep(folder)
        newest = checkpoints.newest(folder)
        assert newest is not None
        assert newest.step >= told
        assert all(found.path.name in os.listdir(folder) for found in checkpoints.complete(folder))
        assert not [name for name in os.listdir(folder) if name.startswith(".tmp-")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"messages": [', "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"title": "a"}', "neither"),
        ('{"messages": []}', "not a list of turns"),
        ('{"messages": [{"role": "user", "content": "a"}]}', "nothing to learn"),
        ('{"messages": [{"role": "wizard", "content": "a"}]}', "'wizard' is not known"),
        ('{"messages": [{"role": "user", "content": 5}]}', "missing or not a text"),
        ('{"conversations": [{"from": "gpt", "value": "  "}]}', "empty"),
        ('{"instruction": "a", "output": ""}', "empty"),
        ('{"instruction": "a"}', "'output' is missing"),
        ('{"instruction": "a", "output": "b", "history": [["c"]]}', "pairs"),
        ('{"instruction": "a", "output": "\\ud800"}', "half a character"),
        ('{"a":' * 50_000, "nested too deeply|not JSON"),
    ],
)
def test_a_broken_row_is_named_by_its_number(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "a", "output": "b"}\n\n' + line + "\n")
    with pytest.raises(Failure, match=why) as failure:
        read_conversations(path)
    assert (failure.value.cause, failure.value.fields["row"]) == ("bad_row", 3)


def test_all_three_forms_say_the_same(tmp_path: Path) -> None:
    forms = [
        {"system": "s", "instruction": "c", "input": "", "output": "d", "history": [["a", "b\u2028"]]},
        {
            "conversations": [
                {"from": "system", "value": "s"},
                {"from": "human", "value": "a"},
                {"from": "gpt", "value": "b\u2028"},
                {"from": "human", "value": "c"},
                {"from": "gpt", "value": "d"},
            ]
        },
        {
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": "b\u2028"},
                {"role": "user", "content": "c"},
                {"role": "assistant", "content": "d"},
            ]
        },
    ]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in forms).encode())
    read = read_conversations(path)
    assert [row for row, _ in read] == [1, 2, 3]
    assert read[0][1] == read[1][1] == read[2][1] == forms[2]["messages"]


def test_events_are_whole_lines_of_valid_json_after_a_torn_one(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b'{"type": "progress", "st')
    report = Report(tmp_path)
    report.event("progress", step=3, loss=float("nan"), learning_rate=1e-4)
    lines = (tmp_path / "events.jsonl").read_bytes().split(b"\n")
    assert lines[0] == b'{"type": "progress", "st'
    event = json.loads(lines[1])
    assert (event["loss"], event["non_finite"], event["step"]) == (None, True, 3)
    assert event["time"].endswith("Z")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (MemoryError(), "out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes"), "out_of_memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), "out_of_memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0: No space left on device"), "disk_full"),
        (ModuleNotFoundError("No module named 'peft'", name="peft"), "missing_library"),
        (RuntimeError("CUDA error: no kernel image is available for execution on the device"), "cuda_mismatch"),
        (ValueError("something else"), "unknown"),
    ],
)
def test_a_failure_has_a_cause_that_the_doctor_knows(error: Exception, cause: str) -> None:
    failure = explain(error)
    assert failure.cause == cause
    assert failure.reason
