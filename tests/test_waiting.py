"""Waiting in tests: for a condition, with a message that names it, and in no other way."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import waiting
from tests.waiting import wait_until

TESTS = Path(__file__).parent


def test_it_returns_what_the_condition_gave() -> None:
    values = iter(["", 0, None, "found"])
    assert wait_until(lambda: next(values)) == "found"


@pytest.mark.parametrize("what", ["the ferry", lambda: "the ferry"])
def test_what_does_not_come_is_named(what: object) -> None:
    with pytest.raises(pytest.fail.Exception, match="in vain for the ferry"):
        wait_until(lambda: False, what, seconds=0.01)  # type: ignore[arg-type]


def test_an_error_of_the_condition_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        wait_until(lambda: 1 / 0)


def test_a_condition_that_takes_long_is_looked_at_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    # Requests of 2 to 8 ms, one each 10 ms, used to take the processor from the training that they waited for.
    now, rests = [0.0], []
    monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=rests.append))
    seconds = iter([0.001, 0.02, 1.0])

    def ended() -> bool:
        now[0] += (took := next(seconds, 0.0))
        return not took

    wait_until(ended)
    assert rests == pytest.approx([0.01, 0.08, 0.25])


def sleeps(source: str) -> list[int]:
    """The lines that call or import a function named sleep."""
    nodes = ast.walk(ast.parse(source))
    return [node.lineno for node in nodes if "sleep" in [getattr(node, part, "") for part in ("id", "attr", "name")]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "source", ["import time\ntime.sleep(1)", "from time import sleep", "import time as t\nrun(t.sleep)", "await asyncio.sleep(0)"]
)
def test_each_form_of_sleep_is_seen(source: str) -> None:
    assert sleeps(source)


def test_no_test_sleeps() -> None:
    """A fixed sleep is too short on a slow machine and too long on each other; programs that tests start may sleep."""
    assert not sleeps("PROGRAM = 'import time; time.sleep(600)'")
    files = [path for path in TESTS.rglob("*.py") if path != TESTS / "waiting.py" and TESTS / "standin" not in path.parents]
    assert len(files) > 40
    assert {str(path.relative_to(TESTS)): lines for path in files if (lines := sleeps(path.read_text(encoding="utf-8")))} == {}
