"""The autopilot's decision: whether to curate and train now, or what it waits for; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from academy.messages import Text, msg

BUSY = 0.5
"""Of the cores, or of a GPU: above this somebody else is at work on this machine."""


@dataclass(frozen=True)
class Window:
    """Hours of the day between which it may work; the end may be on the next day."""

    begin: int
    end: int

    @classmethod
    def of(cls, text: str) -> Window | None:
        """The window of a setting such as "1-6"; None for an empty one: at any time."""
        begin, _, end = text.partition("-")
        return cls(int(begin), int(end)) if text else None

    def holds(self, hour: float) -> bool:
        """Whether a time of the day, in hours, lies in it."""
        if self.begin < self.end:
            return self.begin <= hour < self.end
        return hour >= self.begin or hour < self.end


@dataclass(frozen=True)
class Situation:
    """What the decision needs."""

    missing: Sequence[Text]  # what the Professor's advice would wait for: new lessons, the interval since the last training
    hour: float  # of the day here
    window: Window | None
    begun_hours_ago: float | None  # since the autopilot last began, whatever came of it
    interval_hours: float
    proposed: str = ""  # the name of an adapter that waits for the person's decision
    jobs: int = 0  # that run or wait
    chatting: bool = False
    load: float = 0.0  # the busy share of the cores, or of a GPU


@dataclass(frozen=True)
class Plan:
    """Begin, or wait; the sentences say why."""

    act: Literal["begins", "waits"]
    sentences: tuple[Text, ...]


def decide(at: Situation) -> Plan:
    """Begins only where nothing stands against it; every reason to wait is said."""
    against: list[Text] = []
    if at.proposed:
        against.append(msg("{name} is proposed and waits for your decision.", name=at.proposed))
    against += at.missing
    if at.begun_hours_ago is not None and at.begun_hours_ago < at.interval_hours:
        sentence = "It began {hours:.0f} h ago; it begins at most every {interval:.0f} h."
        against.append(msg(sentence, hours=at.begun_hours_ago, interval=at.interval_hours))
    if at.window and not at.window.holds(at.hour):
        against.append(msg("It works from {begin}:00 to {end}:00.", begin=at.window.begin, end=at.window.end))
    if at.jobs:
        against.append("Other jobs run or wait.")
    if at.chatting:
        against.append("The chat is answering.")
    if at.load > BUSY:
        against.append("This machine is busy.")
    if against:
        return Plan("waits", tuple(against))
    return Plan("begins", ("There are enough new lessons, and this machine is idle.",))
