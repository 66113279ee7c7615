"""Reading a job's folder: each step once, each line once, whatever the size and whatever is broken in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from academy.jobs.processes import birth_of, boot_id
from academy.jobs.reading import events as events_module
from academy.jobs.reading import progress, reports, view
from academy.jobs.reading.log import read_log, tail_log, tail_with_offset
from academy.jobs.store import Job


def a_job(folder: Path, **fields: Any) -> Job:
    values = {"job_id": "training_x", "name": "n", "status": "running", "created_at": "2026-01-01T00:00:00.000Z", "dataset_path": "d"}
    return Job(**values | {"base_model": "b", "backend": "subprocess", "output_dir": str(folder)} | fields)  # type: ignore[arg-type]


def tell(folder: Path, *events: dict[str, Any] | bytes) -> None:
    with open(folder / "events.jsonl", "ab") as file:
        file.writelines(event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n" for event in events)


def step(number: int, loss: float | None = None, second: int | None = None, **fields: Any) -> dict[str, Any]:
    moment = number if second is None else second
    time = f"2026-01-01T{moment // 3600:02d}:{moment // 60 % 60:02d}:{moment % 60:02d}.000Z"
    return {"type": "progress", "step": number, "epoch": number / 10, "loss": 1 / number if loss is None else loss, "time": time} | fields


def test_the_numbers_of_a_run(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    assert progress.metrics(job)["step"] is None
    tell(tmp_path, {"type": "started", "total_steps": 20, "total_epochs": 2}, *(step(n, learning_rate=1e-4) for n in range(1, 13)))
    tell(tmp_path, {"type": "eval", "step": 12, "eval_loss": 0.5})
    found = progress.metrics(job)
    assert (found["step"], found["total_steps"], found["current_epoch"], found["total_epochs"]) == (12, 20, 1.2, 2)
    assert (found["latest_loss"], found["min_loss"], found["eval_loss"]) == (1 / 12, 1 / 12, 0.5)
    assert found["avg_loss"] == pytest.approx(sum(1 / n for n in range(1, 13)) / 12, abs=1e-6)
    assert (found["progress_percent"], found["eta_seconds"], len(found["loss_history"])) == (60.0, 8.0, 10)
    assert progress.points(job)[-1] == {"step": 12, "epoch": 1.2, "loss": 1 / 12, "learning_rate": 1e-4, "eval_loss": 0.5} | {
        "time": step(12)["time"]
    }


def test_a_resume_cuts_what_will_come_again(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    tell(tmp_path, {"type": "started", "total_steps": 9}, *(step(n) for n in range(1, 8)), {"type": "eval", "step": 6, "eval_loss": 9})
    assert len(progress.points(job)) == 7
    tell(tmp_path, {"type": "started", "total_steps": 9, "resumed_from_step": 5}, step(6, 0.01), step(7, 0.02))
    points = progress.points(job)
    assert [point["step"] for point in points] == [1, 2, 3, 4, 5, 6, 7]
    assert points[5] == {key: value for key, value in step(6, 0.01).items() if key != "type"}
    assert progress.metrics(job)["min_loss"] == 0.01
    tell(tmp_path, {"type": "started", "total_steps": 9})
    assert progress.points(job) == []
    assert progress.metrics(job)["latest_loss"] is None


def test_the_known_rows_are_counted_and_come_in_order_with_the_metrics(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    assert view.view(job, None)["known"] is None
    tell(tmp_path, {"type": "started", "total_steps": 9}, step(1, drift=0.25), {"type": "known", "step": 1, "rows": 3, "of": 24})
    tell(tmp_path, step(2), {"type": "known", "rows": 5, "of": 24}, {"type": "known", "rows": -1, "of": "24"})
    assert view.view(job, None)["known"] == {"rows": 5, "of": 24}
    assert [(point.get("known"), point.get("drift")) for point in progress.points(job)] == [(3, 0.25), (None, None)]
    data, count = progress.metrics_since(job, 0, 10)
    assert [item.get("known") or item["step"] for item in data] == [1, {"rows": 3, "of": 24}, 2, {"rows": 5, "of": 24}]
    assert (count, progress.metrics_since(job, 3, 10)) == (4, ([{"known": {"rows": 5, "of": 24}}], 4))
    tell(tmp_path, {"type": "started", "total_steps": 9})
    assert view.view(job, None)["known"] is None


def test_an_exam_tells_what_it_does_while_the_job_runs(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    tell(
        tmp_path,
        {"type": "started", "total_steps": 1},
        step(1),
        {"type": "preparing", "phase": "exam", "message": "Reading.", "fraction": 0.1},
    )
    assert view.view(job, None)["preparing"]["message"] == "Reading."
    assert view.view(a_job(tmp_path, status="finished"), None)["preparing"] is None


REPORT = {
    "id": "training_x", "adapter_id": "training_x", "base_model": "b", "dataset_id": "d", "created_at": "2026-01-01T00:00:00.000Z",
    "seconds": 3.5, "known": {"rows": 2, "of": 24}, "rephrased": {"right": 1, "of": 40}, "held_out": None, "general": None, "drift": 0.01,
    "earlier": [], "noise": 0.0, "verdict": "not_learned", "items": [], "further": [1],
    "sentences": [{"key": "Knows {right} of {of}: train longer.", "values": {"right": 2, "of": 24}}],
    "remedies": [{"label": "Train longer", "request": {"num_epochs": 20}}],
}  # fmt: skip


def test_an_ended_job_shows_what_its_report_says(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    seen = view.view(a_job(tmp_path, status="finished"), None)
    assert (seen["known"], seen["verdict"], seen["report_id"]) == ({"rows": 2, "of": 24}, "not_learned", "training_x")
    assert view.view(a_job(tmp_path), None)["report_id"] is None  # of an attempt before
    found = reports.report_in(a_job(tmp_path).folder)
    assert found is not None
    assert reports.shown(found)["sentences"] == ["Knows 2 of 24: train longer."]
    assert reports.shown(found)["remedies"] == REPORT["remedies"]
    assert reports.shown(found)["further"] == [1]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", json.dumps(REPORT | {"verdict": "fine"}), json.dumps(REPORT | {"known": None}), '{"id": NaN}']
)
def test_a_report_that_is_none_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_text(text)
    assert reports.report_in(a_job(tmp_path).folder) is None
    (tmp_path / "report.json").unlink()
    (tmp_path / "report.json").symlink_to(tmp_path / "other.json")
    (tmp_path / "other.json").write_text(json.dumps(REPORT))
    assert reports.report_in(a_job(tmp_path).folder) is None


def test_what_is_no_event_is_passed_over(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    junk = [b"\xff\x00\n", b"[1]\n", b'{"type": 7}\n', b"{" * 5000 + b"\n", b'{"type": "progress", "step": "x", "loss": NaN}\n', b"\n"]
    odd = [{"type": "progress", "step": -1}, {"type": "progress", "step": 1e99}, {"type": "progress", "step": True}, {"type": "unheard of"}]
    tell(tmp_path, *junk, *odd, step(1), step(2, loss="6.2"), b'{"type": "progress", "st')  # type: ignore[arg-type]
    assert [point["step"] for point in progress.points(job)] == [1, 2]
    json.dumps(view.view(job, None), allow_nan=False)
    tell(tmp_path, b'ep": 3, "loss": 0.1}\n')
    assert [point["step"] for point in progress.points(job)] == [1, 2, 3]
    reader = events_module.Events(job)
    assert len(reader.read()) == 7
    assert (reader.damaged, reader.read()) == (5, [])


def test_a_loss_that_is_no_number_is_a_gap(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    tell(tmp_path, step(1), {"type": "progress", "step": 2, "loss": None, "non_finite": True})
    assert progress.points(job)[1] == {"step": 2, "loss": None, "non_finite": True}
    assert progress.metrics(job)["latest_loss"] == 1.0


def test_a_clock_that_was_set_changes_neither_pace_nor_order(tmp_path: Path) -> None:
    job = a_job(tmp_path, started_at="2026-01-01T01:00:00.000Z", finished_at="2025-01-01T00:00:00.000Z")
    moments = [100, 102, 104, 50000, 50002, 10, 12, 14]
    tell(tmp_path, {"type": "started", "total_steps": 18}, *(step(n, second=moment) for n, moment in enumerate(moments, 1)))
    assert progress.metrics(job)["eta_seconds"] == 20.0
    assert [point["step"] for point in progress.points(job)] == list(range(1, 9))
    assert view.duration(job) == 0.0


def test_a_finished_job_names_its_adapter_as_long_as_it_is_there(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    job = a_job(tmp_path, status="finished", adapter_path=str(adapter))
    adapter.mkdir()
    assert view.view(job, None)["adapter_path"] == str(adapter)
    adapter.rmdir()
    assert view.view(job, None)["adapter_path"] is None


def test_an_ended_job_has_no_time_left(tmp_path: Path) -> None:
    tell(tmp_path, {"type": "started", "total_steps": 20}, step(1), step(2))
    assert progress.metrics(a_job(tmp_path))["eta_seconds"] == 18.0
    assert progress.metrics(a_job(tmp_path, status="failed"))["eta_seconds"] is None
    done = progress.metrics(a_job(tmp_path, status="finished"))
    assert (done["eta_seconds"], done["progress_percent"]) == (0.0, 100.0)


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("2026-01-01T00:00:00.000Z secret\n")
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "train.log").symlink_to(tmp_path / "secret")
    (folder / "events.jsonl").symlink_to(tmp_path / "secret")
    job = a_job(folder)
    assert view.log_tail(job) == ""
    assert read_log(job, 0, 0) == ([], 0, 0)
    assert tail_log(job) == ([], 0)
    assert progress.points(job) == []


def write_log(folder: Path, lines: list[str], end: str = "\n") -> None:
    with open(folder / "train.log", "ab") as file:
        file.write("".join(f"2026-01-01T00:00:00.000Z {line}\n" for line in lines).encode())
        file.write(end.removeprefix("\n").encode())


def test_a_log_is_read_on_by_offset_each_line_once(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    assert read_log(job, 0, 0) == ([], 0, 0)
    lines = [f"line {n} ä\u2028\x85 {'x' * (n % 50)}" for n in range(500)]
    write_log(tmp_path, lines, "2026-01-01T00:00:00.000Z half")
    found, offset, number = [], 0, 0
    while True:
        more, offset, number = read_log(job, offset, number, limit=1000)
        if not more:
            break
        found += more
    assert [line.line for line in found] == list(range(500))
    assert [line.message for line in found] == [line.replace("\x85", "") for line in lines]
    assert found[0].timestamp == "2026-01-01T00:00:00.000Z"
    write_log(tmp_path, [])
    with open(tmp_path / "train.log", "ab") as file:
        file.write(b" done\nno stamp \x1b[31mred\x1b[0m\n")
    more, offset, number = read_log(job, offset, number)
    assert [(line.line, line.message, line.timestamp) for line in more] == [
        (500, "half done", "2026-01-01T00:00:00.000Z"),
        (501, "no stamp red", ""),
    ]


def test_the_tail_knows_its_line_numbers_also_when_the_log_grows(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    write_log(tmp_path, [f"{n}" for n in range(1000)])
    lines, first = tail_log(job, 3)
    assert (first, [line.message for line in lines]) == (997, ["997", "998", "999"])
    write_log(tmp_path, [f"{n}" for n in range(1000, 1010)], "torn")
    lines, first, offset = tail_with_offset(job, 2)
    assert (first, [line.line for line in lines]) == (1008, [1008, 1009])
    assert read_log(job, offset, 1010) == ([], offset, 1010)
    (tmp_path / "train.log").unlink()
    write_log(tmp_path, ["new"])
    assert tail_log(job)[1] == 0


def test_the_end_of_a_log_begins_at_a_line(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    write_log(tmp_path, ["ä" * 100 for _ in range(200)])
    text = view.log_tail(job, 5000)
    assert 4000 < len(text) <= 5000
    assert text.startswith("2026-01-01T")


def test_a_foreign_line_that_never_ends_costs_no_memory(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    with open(tmp_path / "train.log", "wb") as file:
        file.write(b"x" * 3_000_000 + b"\nnext\n")
    lines, offset, number = read_log(job, 0, 0)
    assert (len(lines), number) == (1, 1)
    assert len(lines[0].message) <= 8192
    assert read_log(job, offset, number)[0][0].message == "next"


@pytest.mark.torture
def test_a_log_of_a_gigabyte_opens_within_a_second_and_50_mb(tmp_path: Path) -> None:
    piece = b"".join(b"2026-01-01T00:00:00.000Z step %d of many with some words\n" % n for n in range(100_000))
    with open(tmp_path / "train.log", "wb") as file:
        while file.tell() < 1 << 30:
            file.write(piece)
    program = (
        "import re,sys,time\nfrom pathlib import Path\nfrom tests.test_progress import a_job\n"
        "from academy.jobs.reading.log import tail_log\n"
        "peak=lambda: int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])/1024\n"
        "before=peak()\nbegun=time.process_time()\nlines,first=tail_log(a_job(Path(sys.argv[1])))\n"
        "print(time.process_time()-begun,peak()-before,first)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    print(done.stdout)
    seconds, megabytes, first = map(float, done.stdout.split())
    assert first % 100_000 == 99_500
    assert (seconds < 2, megabytes < 50) == (True, True)
    assert re.match(r"\d", done.stdout)


def test_a_job_that_gives_no_sign_of_life_says_so(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    tell(tmp_path, {"type": "started", "total_steps": 20}, *(step(n, second=10 * n) for n in range(1, 5)))
    assert view.view(job, None)["warning"] is None
    assert view.view(job, None, 200)["warning"] is None
    assert view.view(job, None, 421)["warning"].startswith("No sign of life for 7 min, since step 4.")
    assert view.view(job, None, 421, unheard=5)["warning"].startswith("No sign of life")
    assert view.view(job, None, 421, unheard=150)["warning"].startswith(
        "The machine that it runs on does not answer: last heard 2 min ago."
    )
    before = view.signs(job)
    assert view.signs(job) == before
    (tmp_path / "unfinished.txt").write_text("a bar that moves")
    assert view.signs(job) != before


def test_a_slow_training_is_not_taken_for_one_that_hangs(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    tell(tmp_path, {"type": "started", "total_steps": 20}, *(step(n, second=120 * n) for n in range(1, 5)))
    assert view.warning(job, 421) is None
    assert view.warning(job, 601) is not None


def test_how_long_a_job_has_run_does_not_hang_on_the_clock(tmp_path: Path) -> None:
    worker = {"warden_birth": birth_of(os.getpid()), "boot_id": boot_id()}
    (tmp_path / "worker.json").write_text(json.dumps(worker))
    for started in ("2016-01-01T00:00:00.000Z", "2046-01-01T00:00:00.000Z"):
        job = a_job(tmp_path, started_at=started)
        assert 0 < (view.duration(job) or 0) < 4 * 3600
        ended = a_job(tmp_path, started_at=started, finished_at="2036-01-01T00:00:00.000Z", status="finished", seconds=12.5)
        assert view.duration(ended) == 12.5
    assert view.duration(a_job(tmp_path / "none", started_at="2046-01-01T00:00:00.000Z")) == 0.0
