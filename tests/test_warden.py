"""The warden, run as it is run: alone, with a command in a folder."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from academy.jobs import warden
from academy.jobs.processes import MARK, birth_of, is_held, kill_marked, lives, mark_of, marked, send_signal
from tests.jobs_help import exists, trainer_in
from tests.waiting import wait_until

WARDEN = Path(warden.__file__)


def guard(folder: Path, program: str, *, grace: float = 5, prefix: tuple[str, ...] = (), **env: str) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    command = {
        "argv": [sys.executable, "-S", "-c", program],
        "env": {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", MARK: mark_of(folder)} | env,
        "cwd": str(folder),
        "grace_seconds": grace,
    }
    (folder / "command.json").write_text(json.dumps(command))
    return subprocess.Popen([*prefix, sys.executable, "-I", "-S", str(WARDEN), str(folder)], start_new_session=True)


def record(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "exit.json").read_text())


def messages(folder: Path) -> list[str]:
    lines = (folder / "train.log").read_bytes().decode().split("\n")
    assert lines.pop() == ""
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line) for line in lines)
    return [line.split(" ", 1)[1] for line in lines]


def trainer_of(folder: Path) -> dict[str, Any]:
    return wait_until(lambda: trainer_in(folder), "worker.json to name the trainer")


# The log: pure, without a process


def logged(tmp_path: Path, *pieces: bytes) -> list[str]:
    log = warden.Log(str(tmp_path / "train.log"), str(tmp_path / "unfinished.txt"))
    for piece in pieces:
        log.feed(piece)
    log.close()
    return messages(tmp_path)


LINES = {
    "plain": (b"one\ntwo\n", ["one", "two"]),
    "no end": (b"one\ntwo", ["one", "two"]),
    "empty": (b"\n\n", ["", ""]),
    "windows": (b"one\r\ntwo\r\n", ["one", "two"]),
    "bar": (b"\r 10%\r 50%\r100%\ndone\n", ["100%", "done"]),
    "bar that is wiped": (b"\r 50%\r100%\r    \n", ["100%"]),
    "colours": (b"\x1b[31;1mred\x1b[0m \x1b]0;title\x07\x1b(Bplain\x1b[K\n", ["red plain"]),
    "link": (b"\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\\n", ["text"]),
    "controls": (b"a\x00b\x07c\x7f\td\n", ["abc\td"]),
    "not utf-8": (b"\xff\xfe ok\n", ["\ufffd\ufffd ok"]),
    "line separators stay inside": ("a\u2028b\u0085c\n".encode(), ["a\u2028bc"]),
}


@pytest.mark.parametrize("name", LINES)
def test_a_log_line_is_one_whole_clean_line(tmp_path: Path, name: str) -> None:
    given, expected = LINES[name]
    assert logged(tmp_path, given) == expected


@pytest.mark.parametrize("name", LINES)
def test_it_does_not_matter_where_the_output_is_cut(tmp_path: Path, name: str) -> None:
    given, expected = LINES[name]
    assert logged(tmp_path, *(given[at : at + 1] for at in range(len(given)))) == expected


def test_an_endless_line_is_cut_with_a_mark_and_costs_no_memory(tmp_path: Path) -> None:
    log = warden.Log(str(tmp_path / "train.log"), str(tmp_path / "unfinished.txt"))
    piece = ("ä" * 500).encode()
    for _ in range(2000):
        log.feed(piece)
        assert len(log._part) <= warden.RAW_LIMIT
    log.feed(b"\r" + piece * 20 + b"\nnext\n")
    log.close()
    first, second = messages(tmp_path)
    assert second == "next"
    assert first.endswith("… [cut: the line has 20000 bytes]")
    assert len(first.encode()) <= warden.LINE_LIMIT


def test_a_bar_that_is_drawn_again_behind_a_text_stays_where_that_is_wished(tmp_path: Path) -> None:
    log = warden.Log(str(tmp_path / "train.log"), str(tmp_path / "unfinished.txt"))
    log.keep_bars = True
    log.feed(b"\r 40%|#| 4/10\r           \r{'loss': 1.5}\n\r 50%|#| 5/10\r 60%|#| 6/10\r100%|#| 10/10\nmore\n")
    assert messages(tmp_path) == [" 40%|#| 4/10", "{'loss': 1.5}", " 50%|#| 5/10", "100%|#| 10/10", "more"]
    log.feed(b"\r  0%|#| 0/10")
    log.rest()  # nobody has to wait for the next state
    log.feed(b"\r 10%|#| 1/10\n")
    log.close()
    assert messages(tmp_path)[5:] == ["  0%|#| 0/10", " 10%|#| 1/10"]


def test_a_torn_log_goes_on_with_a_line_of_its_own(tmp_path: Path) -> None:
    stamp = "2026-01-01T00:00:00.000Z "
    (tmp_path / "train.log").write_text(f"{stamp}whole\n{stamp}to")
    assert logged(tmp_path, b"new\n") == ["whole", "to", "new"]


def test_a_full_disk_loses_lines_counts_them_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = warden.Log(str(tmp_path / "train.log"), str(tmp_path / "unfinished.txt"))
    log.feed(b"before\n")
    write, calls = os.write, []

    def half_then_nothing(descriptor: int, data: bytes) -> int:
        if calls:
            raise OSError(28, "No space left on device")
        calls.append(data)
        return write(descriptor, data[:5])

    monkeypatch.setattr(warden.os, "write", half_then_nothing)
    log.feed(b"lost one\nlost two\n")
    monkeypatch.undo()
    log.feed(b"after\n")
    log.close()
    assert log.lost == 2
    lines = (tmp_path / "train.log").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["before", "2 lines were lost here: the log could not be written.", "after"]


def test_a_process_is_known_by_its_birth(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], env={MARK: "unit", "PATH": "/bin"})
    try:
        birth = birth_of(child.pid)
        assert birth is not None
        assert lives(child.pid, birth)
        assert not lives(child.pid, birth, "another boot")
        assert not send_signal(child.pid, "1", signal.SIGKILL)
        assert child.poll() is None
        wait_until(lambda: marked("unit") == [(child.pid, birth)], "the mark of the child")
        assert send_signal(child.pid, birth, signal.SIGKILL)
        wait_until(lambda: not lives(child.pid, birth), "the end of the child")  # a zombie is no longer alive
    finally:
        child.kill()
        child.wait()
    assert not send_signal(child.pid, birth, signal.SIGKILL)


# Real processes

real = pytest.mark.training


@real
def test_it_records_how_it_ended(tmp_path: Path) -> None:
    assert guard(tmp_path, "print('hello'); import sys; sys.stderr.write('oops\\n'); sys.exit(7)").wait(10) == 0
    assert messages(tmp_path) == ["hello", "oops"]
    said = record(tmp_path)
    assert (said["exit_code"], said["signal"], said["stopped_by"], said["oom"], said["log_lines_lost"]) == (7, None, None, False, 0)
    assert said["peak_memory_mb"] > 1
    assert not is_held(tmp_path / "warden.lock")
    worker = json.loads((tmp_path / "worker.json").read_text())
    assert worker["pid"] != worker["warden_pid"]
    assert worker["birth"]


@real
def test_a_program_that_is_not_there_is_said_in_the_log(tmp_path: Path) -> None:
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "command.json").write_text(json.dumps({"argv": ["/no/such/program"], "env": {}, "cwd": str(tmp_path)}))
    subprocess.run([sys.executable, "-I", str(WARDEN), str(tmp_path)], check=True, timeout=10)
    assert "could not be started" in messages(tmp_path)[0]
    assert record(tmp_path)["exit_code"] == 127


@real
def test_without_a_command_it_says_that_it_failed(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-I", str(WARDEN), str(tmp_path)], timeout=10).returncode == 70
    assert record(tmp_path)["exit_code"] == 70
    assert "command.json" in messages(tmp_path)[0]


@real
def test_the_second_warden_of_a_folder_goes_away(tmp_path: Path) -> None:
    first = guard(tmp_path, "import time; time.sleep(60)")
    trainer_of(tmp_path)
    assert is_held(tmp_path / "warden.lock")
    assert guard(tmp_path, "print('never')").wait(15) == 75
    first.terminate()
    assert first.wait(10) == 0
    assert record(tmp_path)["stopped_by"] == "cancel"


FAMILY = """
import os, subprocess, sys, time, signal
{trap}
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
daemon = "import os, time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(600)"
subprocess.run([sys.executable, "-S", "-c", daemon], env={{"PATH": "/bin"}}, stdin=subprocess.DEVNULL)
print("ready", flush=True)
{then}
"""


AFTER_A_SIGN = """
while not os.path.exists("sign"): time.sleep(.01)
"""


def family_of(pid: int) -> set[int]:
    return set(warden._descendants(pid))


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


ENDS = {
    "cancelled": ("", "time.sleep(600)", signal.SIGTERM),
    "cancelled, but it ignores it": ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", "time.sleep(600)", signal.SIGTERM),
    "cancelled while it is stopped": ("", "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(600)", signal.SIGTERM),
    "ended by itself": ("", "", None),
    "killed": ("", "os.kill(os.getpid(), signal.SIGKILL)", None),
}


@real
@pytest.mark.parametrize("name", ENDS)
def test_nothing_that_the_trainer_started_outlives_it(tmp_path: Path, name: str) -> None:
    trap, then, number = ENDS[name]
    guarding = guard(tmp_path, FAMILY.format(trap=trap, then=AFTER_A_SIGN + then), grace=1)
    wait_until(lambda: (tmp_path / "train.log").exists() and b"ready" in (tmp_path / "train.log").read_bytes(), "the trainer to be ready")
    family = wait_until(lambda: found if len(found := family_of(guarding.pid)) >= 3 else None, "the trainer's family")
    (tmp_path / "sign").touch()
    if "SIGSTOP" in then:
        trainer = trainer_of(tmp_path)["pid"]
        wait_until(lambda: state_of(trainer) == "T", "the trainer to stop itself")
    if number:
        guarding.send_signal(number)
    assert guarding.wait(10) == 0
    assert not [pid for pid in family if exists(pid)]
    assert record(tmp_path)["stopped_by"] == ("cancel" if number else None)


@real
def test_a_wish_file_cancels_as_a_signal_does(tmp_path: Path) -> None:
    guarding = guard(tmp_path, "import time; time.sleep(600)")
    trainer_of(tmp_path)
    (tmp_path / "cancel").touch()
    assert guarding.wait(10) == 0
    assert record(tmp_path)["signal"] == "SIGTERM"


@real
def test_a_killed_warden_takes_the_trainer_with_it_and_leaves_the_lock(tmp_path: Path) -> None:
    guarding = guard(tmp_path, FAMILY.format(trap="", then="time.sleep(600)").replace('env={"PATH": "/bin"}, ', ""))
    worker = trainer_of(tmp_path)
    wait_until(lambda: (tmp_path / "train.log").exists() and b"ready" in (tmp_path / "train.log").read_bytes(), "the trainer to be ready")
    guarding.kill()
    guarding.wait()
    wait_until(lambda: not exists(worker["pid"]), "the end of the trainer")
    assert not is_held(tmp_path / "warden.lock")
    assert not (tmp_path / "exit.json").exists()
    # What made itself a daemon is found by its mark.
    wait_until(lambda: not kill_marked(mark_of(tmp_path)), "the end of what carries the mark")


@real
def test_the_trainer_and_its_children_do_not_inherit_the_lock(tmp_path: Path) -> None:
    guarding = guard(tmp_path, "import os; print(sorted(os.listdir('/proc/self/fd')), flush=True); import time; time.sleep(600)")
    worker = trainer_of(tmp_path)
    for pid in (worker["pid"],):
        links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
        assert not [link for link in links if link.endswith("warden.lock")]
    guarding.terminate()
    guarding.wait(10)


@real
def test_a_hundred_megabytes_on_one_line_are_drained_in_little_memory(tmp_path: Path) -> None:
    program = "import sys\nfor n in range(100): sys.stdout.write(('%d%%' % n) * 262144 + '\\r' * (n % 2))\nprint('end')"
    guarding = guard(tmp_path, program)
    peak = 0

    def ended() -> bool:
        nonlocal peak
        with contextlib.suppress(OSError, TypeError):
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{guarding.pid}/status").read_text())
            peak = max(peak, int(found[1]) if found else 0)
        return guarding.poll() is not None

    wait_until(ended, "the end of the warden", seconds=60)
    assert record(tmp_path)["exit_code"] == 0
    assert peak < 40_000
    assert all(len(line.encode()) <= warden.LINE_LIMIT for line in messages(tmp_path))


@real
def test_a_bar_that_is_being_rewritten_can_be_seen(tmp_path: Path) -> None:
    guarding = guard(
        tmp_path, "import sys, time\nfor n in range(60): sys.stdout.write('\\r%d of 60' % n); sys.stdout.flush(); time.sleep(.1)"
    )
    wait_until(lambda: (tmp_path / "unfinished.txt").exists() and b"of 60" in (tmp_path / "unfinished.txt").read_bytes(), "the bar")
    assert (tmp_path / "train.log").read_bytes() == b""
    guarding.terminate()
    guarding.wait(10)
    assert not (tmp_path / "unfinished.txt").exists()
    assert len(messages(tmp_path)) == 1


def control_group(limit: int) -> Path | None:
    """A control group with little memory, where this machine lets us make one."""
    for root, file in ((Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"), (Path("/sys/fs/cgroup"), "memory.max")):
        group = root / f"academy-test-{os.getpid()}"
        try:
            group.mkdir()
            (group / file).write_text(str(limit))
            with contextlib.suppress(OSError):
                (group / "memory.swap.max").write_text("0")
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            continue
        return group
    return None


@real
def test_what_the_kernel_killed_for_memory_is_recorded_as_such(tmp_path: Path) -> None:
    group = control_group(64 << 20)
    if group is None:
        pytest.skip("this machine allows no control groups")
    try:
        enter = ("sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh")
        guarding = guard(tmp_path, "eaten = []\nwhile True: eaten.append(bytearray(4 << 20))", prefix=enter)
        assert guarding.wait(20) == 0
        said = record(tmp_path)
        assert (said["signal"], said["oom"], said["stopped_by"]) == ("SIGKILL", True, None)
    finally:
        wait_until(lambda: removed(group), "an empty control group")


def removed(group: Path) -> bool:
    with contextlib.suppress(OSError):
        group.rmdir()
    return not group.exists()
