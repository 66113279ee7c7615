"""A session with an agent as exchanges: what a person asked, all that followed, and whether the person accepted it. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from academy.curation.examples import Turn
from academy.messages import Message, msg

Fate = Literal["taken", "interrupted", "rejected", "corrected", "undone", "disliked", "unfinished", "picture", "long"]

FATES: dict[Fate, Message] = {
    "taken": msg("proposed"),
    "interrupted": msg("interrupted by the person"),
    "rejected": msg("ended with a tool that the person rejected"),
    "corrected": msg("corrected by the next message"),
    "undone": msg("undone"),
    "disliked": msg("rated bad, or its edits were refused"),
    "unfinished": msg("without an answer at its end"),
    "picture": msg("about a picture or a file that is not in the session"),
    "long": msg("longer than a row may be"),
}
"""What became of an exchange; all but `taken` are reasons to leave it out."""

MOST_CHARS = 400_000
"""An exchange beyond this is counted and not held: a tool can print without end."""
MOST_HELD = 30_000_000
CHARS_PER_TOKEN = 3  # of code; prose has four
_CONTEXT = 4  # what stands before a row takes at most this part of it


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with all that followed; `turns` are empty where it is longer than `MOST_CHARS`."""

    number: int
    turns: tuple[Turn, ...]
    fate: Fate = "taken"
    time: str = ""
    size: int = 0  # in characters
    begins: bool = False  # a conversation of its own: nothing before it belongs to it

    @property
    def question(self) -> str:
        """What the person asked."""
        return self.turns[0].content if self.turns else ""

    @property
    def is_whole(self) -> bool:
        """Whether it ends with an answer and each call has its result."""
        return len(self.turns) > 1 and self.turns[-1].role == "assistant" and not self.turns[-1].calls


@dataclass(slots=True)
class _Step:
    """One message of the agent: its text, its thought and its calls."""

    key: str
    text: str = ""
    thinking: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    rejected: bool = False


class Exchanges:
    """Puts exchanges together from what a reader reports in order; `skipped` counts what is not taught, by kind."""

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self._done: list[Exchange] = []
        self._held = 0
        self._begins = True
        self._reset()

    def ask(self, text: str, time: str = "", *, picture: bool = False) -> None:
        """A message of the person: a new exchange, or more of a question that nothing has answered yet."""
        text = _sound(text).strip()
        if self._open and not self._steps and not self._interrupted:
            self._question = "\n\n".join(part for part in (self._question, text) if part)
            self._picture |= picture
            return
        self._close(text)
        self._open, self._question, self._time, self._picture = True, text, time, picture

    def answer(
        self, text: str, thinking: str = "", calls: Sequence[tuple[str, str, Any]] = (), *, key: str = "", bad: bool = False
    ) -> None:
        """A message of the agent, or a part of one: the same `key` is the same message. Calls are (id, name, arguments)."""
        if not self._open:
            self.skipped["program"] += 1
            return
        step = next((step for step in reversed(self._steps) if key and step.key == key), None)
        if step is None and self._steps and not any(call["id"] in self._results for call in self._steps[-1].calls):
            step = self._steps[-1]
        if step is None:
            step = _Step(key)
            self._steps.append(step)
        step.key = key or step.key
        step.text = "\n\n".join(part for part in (step.text, _sound(text).strip()) if part)
        step.thinking = "\n\n".join(part for part in (step.thinking, _sound(thinking).strip()) if part)
        step.calls += [{"id": call, "name": name, "arguments": _arguments(given)} for call, name, given in calls]
        self._disliked |= bad
        self._size += len(text) + len(thinking) + sum(len(str(given)) for _, _, given in calls)

    def result(self, call: str, text: str, *, rejected: bool = False) -> None:
        """What a call came to; a rejected one is read and never learned."""
        if not self._open or call in self._results:
            return
        self._size += len(text)
        self._results[call] = _sound(text if self._size <= MOST_CHARS else "").strip() or "-"
        for step in self._steps:
            step.rejected |= rejected and any(known["id"] == call for known in step.calls)

    def interrupt(self) -> None:
        """The person stopped the agent."""
        self._interrupted |= self._open

    def undo(self, count: int = 1) -> None:
        """The person took back the latest exchanges."""
        self.away()
        for at in range(len(self._done) - min(count, len(self._done)), len(self._done)):
            self._done[at] = replace(self._done[at], fate="undone")

    def away(self) -> None:
        """What follows answers no question of the person, until the next one."""
        self._close("")

    def cut(self) -> None:
        """Another conversation begins."""
        self.away()
        self._begins = True

    def done(self) -> tuple[Exchange, ...]:
        """All exchanges, numbered from 0."""
        self.away()
        return tuple(self._done)

    # ------------------------------------------------------------------

    def _reset(self) -> None:
        self._open = self._interrupted = self._picture = self._disliked = False
        self._question = self._time = ""
        self._size = 0
        self._steps: list[_Step] = []
        self._results: dict[str, str] = {}

    def _close(self, following: str) -> None:
        if self._open and (self._question or self._picture):
            number = len(self._done)
            turns, whole = self._assembled(number)
            size = self._size + len(self._question)
            held = size <= MOST_CHARS and self._held + size <= MOST_HELD
            self._held += size if held else 0
            done = Exchange(number, turns if held else (), self._fate(whole, following), self._time, size, self._begins)
            self._done.append(replace(done, fate="long") if done.fate == "taken" and not held else done)
            self._begins = False
        self._reset()

    def _fate(self, whole: bool, following: str) -> Fate:
        # A rejected tool that the agent made up for is masked; one at the end is all that there is.
        last = self._steps[-1] if self._steps else None
        if last and last.rejected:
            return "rejected"
        if self._interrupted:
            return "interrupted"
        if self._picture:
            return "picture"
        if not whole:
            return "unfinished"
        return "disliked" if self._disliked else "corrected" if corrects(following) else "taken"

    def _assembled(self, number: int) -> tuple[tuple[Turn, ...], bool]:
        """The turns, and whether they end with an answer and lack no result."""
        turns = [Turn("user", self._question or "-")]
        whole, calls = True, 0
        for step in self._steps:
            named = []
            results = []
            for call in step.calls:
                calls += 1
                # Nine characters, as Mistral's templates want them; the program's own look like secrets.
                name = f"c{number % 100_000:05d}{calls % 1000:03d}"
                named.append({"name": call["name"], "arguments": call["arguments"], "id": name})
                if (text := self._results.get(call["id"])) is None:
                    whole = False
                else:
                    results.append(Turn("tool", text, name=call["name"], call_id=name))
            written = json.dumps(named, ensure_ascii=False) if named else ""
            turns += [Turn("assistant", step.text, step.thinking, written, trained=not step.rejected), *results]
        last = self._steps[-1] if self._steps else None
        return tuple(turns), whole and last is not None and bool(last.text) and not last.calls


def without_tools(exchange: Exchange) -> Exchange:
    """The question and the last answer alone; an exchange that is not whole stays as it is."""
    if not exchange.is_whole or len(exchange.turns) == 2:
        return exchange
    turns = (exchange.turns[0], exchange.turns[-1])
    fate: Fate = "taken" if exchange.fate == "long" else exchange.fate
    return replace(exchange, turns=turns, size=sum(map(_length, turns)), fate=fate)


def within(exchange: Exchange, tokens: int) -> Exchange:
    """The exchange, left out where it is longer than a row of so many tokens may be."""
    is_long = exchange.fate == "taken" and exchange.size > tokens * CHARS_PER_TOKEN
    return replace(exchange, fate="long") if is_long else exchange


def conversations(exchanges: Sequence[Exchange], taken: Collection[int], tokens: int) -> Iterator[tuple[Exchange, tuple[Turn, ...]]]:
    """Rows of whole exchanges in a row that fit, each with its last exchange.

    What stands before the first of them is read and not learned: one that is in the row before, or one that this row corrects.
    """
    limit = tokens * CHARS_PER_TOKEN
    row: list[Turn] = []
    size, last = 0, None
    before: Exchange | None = None
    for exchange in exchanges:
        is_next = before is not None and not exchange.begins
        if last and row and (exchange.number not in taken or exchange.begins or size + exchange.size > limit):
            yield last, tuple(row)
            row, size, last = [], 0, None
        if exchange.number in taken and exchange.is_whole:
            if not row and before and is_next and _may_precede(before, taken) and _is_short(before, exchange, limit):
                row, size = [_masked(turn) for turn in before.turns], before.size
            row += exchange.turns
            size += exchange.size
            last = exchange
        before = exchange
    if last:
        yield last, tuple(row)


def _is_short(before: Exchange, exchange: Exchange, limit: int) -> bool:
    return before.size * _CONTEXT <= limit and before.size + exchange.size <= limit


def _masked(turn: Turn) -> Turn:
    return turn._replace(trained=False, thinking="") if turn.role == "assistant" else turn


def _may_precede(exchange: Exchange, taken: Collection[int]) -> bool:
    """Whether it can stand masked before a row; what a person left out cannot."""
    return exchange.is_whole and (exchange.number in taken or exchange.fate == "corrected")


def corrects(text: str) -> bool:
    """Whether a message corrects what was answered before, by its first words (English, German, Polish)."""
    return _CORRECTS.match(text[:200].replace("’", "'")) is not None


_IT = r"(?:that|this|it)"
_FIRST_WORDS = {
    "en": (
        r"no\s*(?:[,.!:;–—-]|$|that|this|not|i\b|you\b|don't)(?!\s*problem)",
        r"(?:nope|nah|wrong|incorrect|undo|revert)\b|wait,",
        r"stop(?: (?:it|that|this|doing)\b|\s*(?:[,.!;]|$))",
        rf"{_IT}(?:'s| is| was)(?: still| just| simply)? not (?:what|right|correct|true|it\b|how|working)",
        rf"{_IT}(?:'s| is| was)(?: still| just| simply)? (?:wrong|incorrect|broken|worse)",
        rf"{_IT}(?: still)? (?:did|does|do)(?:n't| not) (?:work|help|fix|compile|run|pass|do what)",
        r"not what i\b|still (?:broken|fail|wrong|not|the same|doesn't)",
        r"actually,? (?:no|don't|do not|that|undo|revert)",
        r"i (?:said|told you|meant|asked (?:you )?(?:for|to)|did(?:n't| not) (?:ask|want|mean|say))",
        r"you (?:broke|forgot|missed|misunderstood|deleted|should(?:n't| not| have))",
        r"why did you\b|don't do (?:that|this)\b",
    ),
    "de": (
        r"(?:nein|falsch|stopp|so nicht)\b|immer noch (?:nicht|falsch|kaputt)",
        r"das (?:ist|war|stimmt|geht|funktioniert|klappt) (?:so )?(?:falsch|nicht)",
        r"mach (?:das|es) (?:wieder )?rückgängig|ich (?:sagte|meinte)\b|du hast .{0,30}(?:vergessen|kaputt)",
    ),
    "pl": (
        r"nie\s*(?:[,.!:;–—-]|$|tak\b|to\b|o to\b)|(?:źle|błędnie|cofnij)\b",
        r"to (?:nie (?:tak|to|działa)|jest źle)|(?:nadal|wciąż) nie\b|mówi(?:łem|łam)\b",
    ),
}
_CORRECTS = re.compile(r"\s*(?:" + "|".join(word for words in _FIRST_WORDS.values() for word in words) + ")", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def _sound(text: str) -> str:
    """The text without halves of characters, which a tool's cut output holds."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _arguments(given: Any) -> dict[str, Any]:
    """The arguments of a call as an object."""
    if isinstance(given, str):
        try:
            read = json.loads(given)
        except (ValueError, RecursionError):
            read = None
        given = read if isinstance(read, dict) else {"input": given}
    given = given if isinstance(given, dict) else {"input": given}
    return json.loads(_sound(json.dumps(given, ensure_ascii=False)))


def _length(turn: Turn) -> int:
    return len(turn.content) + len(turn.thinking) + len(turn.calls)
