"""What the Overview calls worth doing, by the state of everything."""

from __future__ import annotations

from typing import Any

import pytest

from academy.ui import overview
from academy.ui.worth import Situation, steps

NEW, OLD = ("a2", "second"), ("a1", "first")
DONE: dict[str, Any] = {"newest": NEW, "active": NEW, "verdict": "ready", "only_bundled": False}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (DONE, ["chat"]),
        (DONE | {"only_bundled": True}, ["real", "chat"]),
        (DONE | {"verdict": ""}, ["measure", "chat"]),
        (DONE | {"active": OLD}, ["activate", "chat"]),
        (DONE | {"active": None}, ["activate"]),
        (DONE | {"active": OLD, "verdict": "not_learned"}, ["verdict", "chat"]),
        (DONE | {"verdict": "forgot"}, ["verdict", "chat"]),
        (DONE | {"active": OLD, "proposed": ("p", "second", "It knows more.")}, ["proposed", "chat"]),
        (DONE | {"active": OLD, "refused": "It knows no more."}, ["refused", "chat"]),
        (DONE | {"new_lessons": 3}, ["lessons", "chat"]),
        (DONE | {"new_lessons": 3, "untrained": ("d", "handbook")}, ["train", "chat"]),
        (DONE | {"failed": ("j", "third")}, ["failed", "chat"]),
        (DONE | {"running": ("j", "third"), "untrained": ("d", "handbook"), "verdict": ""}, ["watch", "chat"]),
    ],
)
def test_the_most_useful_thing_comes_first(values, expected):
    assert [step.key for step in steps(Situation(**values))] == expected


def test_every_step_has_its_words_and_one_primary_button():
    everything = Situation(
        running=None, failed=NEW, newest=NEW, verdict="", active=OLD, untrained=("d", "handbook"), new_lessons=0, only_bundled=True
    )
    found = steps(everything)
    for verdict in ("not_learned", "forgot", "no_gain"):
        found += [step for step in steps(Situation(newest=NEW, verdict=verdict)) if step.key == "verdict"]
    found += [steps(Situation(running=NEW))[0], *[step for step in steps(Situation(new_lessons=2)) if step.key == "lessons"]]
    assert {step.key for step in found} == {"watch", "failed", "verdict", "activate", "train", "lessons", "measure", "real", "chat"}
    found += steps(Situation(newest=NEW, active=OLD, proposed=("p", "second", "It knows more.")))[:1]
    found += steps(Situation(newest=NEW, active=OLD, refused="It knows no more."))[:1]
    for step in found:
        html = overview._worth_doing([step, *found[:5]])
        assert html.count("ac-btn-primary") == 1
        assert html.count('ac-worth-other"') == 2
