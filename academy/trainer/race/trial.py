"""One trial of a race, and the state of the whole race, as `race.json` holds it for the page and for a resume."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from academy.messages import Text, from_json, to_json
from academy.text.failures import Failure
from academy.trainer.checkpoints import replace_file

STATE = "race.json"
TRIALS = "trials"
STOP, CLONE = "stop", "clone.json"
"""Requests of a person, in the trial's folder; the race reads them between two turns."""

TrialState = Literal["waiting", "racing", "behind", "stopped", "finished", "failed"]
"""`behind`: the race stopped it, and its weights are gone. `stopped`: by a person, or the race ended before it."""

Phase = Literal["race", "repeat", "publish"]


@dataclass(frozen=True)
class Score:
    """How good a trial is; where facts are taught, the known rows count before the loss."""

    loss: float
    known: int | None = None

    @property
    def rank(self) -> tuple[int, float]:
        """The smaller, the better."""
        return -(self.known or 0), self.loss


@dataclass(frozen=True)
class Trial:
    """One choice of settings and what came of it so far."""

    n: int  # from 1
    parameters: dict[str, Any]  # those that the race varies
    state: TrialState = "waiting"
    step: int = 0
    total_steps: int = 0
    seconds: float = 0.0  # spent on its steps
    score: Score | None = None  # the last that was measured
    compared: tuple[Score, ...] = ()  # at each comparison so far
    parent: int | None = None  # the trial that it was cloned from
    begun: int = 0  # the step at which it was cloned
    repeats: int | None = None  # the trial that it repeats with another seed
    reason: Text | None = None  # why it ended before its last step

    @property
    def alive(self) -> bool:
        """Whether it goes on."""
        return self.state in ("waiting", "racing")

    @property
    def untried(self) -> bool:
        """Whether it has trained no step of its own, so that its score is its parent's."""
        return self.step == self.begun

    @property
    def progress(self) -> float:
        """The part of its steps that is behind."""
        return self.step / self.total_steps if self.total_steps else 0.0


@dataclass(frozen=True)
class Best:
    """The first of a race, and the 95 % interval of its advantage over the second, above 0 where it is better."""

    n: int
    against: int | None = None
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    is_better: bool = False


@dataclass(frozen=True)
class State:
    """A race: its trials by number, and how far it is."""

    trials: dict[int, Trial] = field(default_factory=dict)
    phase: Phase = "race"
    comparison: int = 0  # how many comparisons are behind
    seconds: float = 0.0  # over all attempts
    measure: str = "loss"  # "known", "held_out" or "loss": by what trials are compared
    best: Best | None = None
    importance: dict[str, float] = field(default_factory=dict)
    sentence: Text = ""

    def with_trial(self, trial: Trial) -> State:
        """The same with a new or changed trial."""
        return replace(self, trials={**self.trials, trial.n: trial})

    @property
    def racing(self) -> list[Trial]:
        """The trials that go on, repeats apart."""
        return [trial for trial in self.trials.values() if trial.alive and trial.repeats is None]

    def write(self, folder: Path) -> None:
        """Replaces `race.json` in one step."""
        values = asdict(self) | {"sentence": to_json(self.sentence)}
        values["trials"] = [asdict(trial) | {"reason": to_json(trial.reason)} for trial in self.trials.values()]
        replace_file(folder / STATE, json.dumps(values, ensure_ascii=False, allow_nan=False))


def read_state(folder: Path) -> State | None:
    """The state that an earlier attempt left; raises Failure where it is damaged."""
    try:
        raw = json.loads((folder / STATE).read_bytes())
        trials = [_trial(item) for item in raw.pop("trials")]
        best = raw.pop("best")
        return State(
            **raw | {"sentence": from_json(raw["sentence"]), "best": Best(**best) if best else None}, trials={t.n: t for t in trials}
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure("The state of the race cannot be read. Start a new one.", "bad_checkpoint") from error


def _trial(raw: Mapping[str, Any]) -> Trial:
    score, compared = raw["score"], raw["compared"]
    scores = {"score": Score(**score) if score else None, "compared": tuple(Score(**item) for item in compared)}
    return Trial(**{**raw, **scores, "reason": from_json(raw["reason"])})
