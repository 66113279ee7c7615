"""As many threads compute as other programs leave cores."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.training


@pytest.mark.parametrize(("others", "threads"), [(0.0, 4), (0.4, 4), (0.6, 3), (2.9, 1), (9.0, 1)])
def test_threads_follow_what_other_programs_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: float, threads: int) -> None:
    from academy.trainer.compute import cores

    now = SimpleNamespace(time=100.0, own=5.0)
    chosen: list[int] = []
    monkeypatch.setattr(cores, "time", SimpleNamespace(monotonic=lambda: now.time, process_time=lambda: now.own))
    monkeypatch.setattr(cores, "torch", SimpleNamespace(set_num_threads=chosen.append, get_num_threads=lambda: chosen[-1]))
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda process: {0, 1, 2, 5})
    stat = tmp_path / "stat"

    def told(busy: float) -> None:
        ticks = round(busy * cores._TICKS)
        stat.write_text(
            f"cpu  9 9 9 9 9 9 9\ncpu0 {ticks - 9} 2 3 777 77 4 0 0\ncpu1 0 0 0 9 9 0 0 0\ncpu4 {2 * ticks} 0 0 0 0 0 0 0\nctxt 5\n"
        )

    told(1000.0)
    looks = cores.Cores(stat)
    looks.use(4)
    now.time, now.own = 102.0, 11.0
    told(1000.0 + 6.0 + 2.0 * others)
    looks.look()
    assert chosen[-1] == threads
    now.time = 102.5  # too soon
    told(5000.0)
    looks.look()
    assert chosen[-1] == threads
    now.time, now.own = 104.0, 13.0
    told(1000.0 + 6.0 + 2.0 * others + 2.0)
    looks.look()
    assert chosen[-1] == 4  # the others have ended
    looks.use(1)
    assert chosen[-1] == 1


def test_without_proc_the_threads_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from academy.trainer.compute import cores

    chosen: list[int] = []
    monkeypatch.setattr(cores, "torch", SimpleNamespace(set_num_threads=chosen.append, get_num_threads=lambda: chosen[-1]))
    monkeypatch.setattr(cores, "_LEAST_SECONDS", 0.0)
    looks = cores.Cores(tmp_path / "none")
    looks.use(2)
    looks.look()
    assert chosen == [2]
