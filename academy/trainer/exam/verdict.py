"""The verdict on an adapter from what was measured, in sentences, and the trainings that would help; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from academy.general import shows_forgetting
from academy.messages import Message, count, msg

Verdict = Literal["not_learned", "forgot", "no_gain", "ready"]
"""The worst first."""

FEW_KNOWN = 0.8
"""Of the rows: the training goes on to its last looks once four fifths are known, so fewer are not what it was to reach."""
NEARLY_ALL = 0.95
"""Of the rows: below this a person soon meets one that is missing, so the verdict says how many are, and offers to train longer."""
BASE_ANSWERED = 0.6
"""Of the rows, by the base alone in whatever words: below this a person who asks it is more often disappointed than not."""
BASE_KNEW = 0.9
"""Of what is right after the training: an adapter that adds less than a tenth to its base is not worth its place."""
FORGOTTEN = 2
"""Questions: two of some forty turn wrong by chance in about every third training that forgets nothing."""
FORGOTTEN_SHARE = 0.15
"""Of those right before, where that is more than FORGOTTEN: what a person notices, though the sample may be too small to prove it."""
ENOUGH_BEFORE = 10
"""General questions right before: of fewer three turn wrong by chance, and only a significant fall counts."""
CLEAR_FALL = 0.02
"""Of the loss before: a smaller fall can be steady enough to be significant and still changes no answer."""
FEW_PREFERRED = 0.75
"""Of the pairs or thumbs: chance alone moves half of them the right way."""
LOST = 1
"""Known rows that may be missing after preferences were learned: in bf16 another batch judges about one row otherwise."""
RUINED = 0.5
"""Of the general questions right before: with fewer the adapter has broken its base, and training longer makes that worse."""

FEW_GENERAL = (
    "The base model itself answers only {before} of {of} general questions, with the adapter {after}: too few to tell what was forgotten."
)

_MOST_EPOCHS = 20
_LOOKS = 2  # times the epochs before
_REHEARSAL = (0.25, 2.0)  # at least, and times the share before
_SLOWER = 0.25  # times the learning rate before
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Count:
    """So many of so many."""

    right: int
    of: int

    @property
    def missing(self) -> int:
        """How many are not right, where these are more than a few."""
        return self.of - self.right if self.right < NEARLY_ALL * self.of else 0


@dataclass(frozen=True)
class Fall:
    """A loss before and after, with the 95 % interval of the mean difference; without bounds there were too few rows."""

    before: float
    after: float
    low: float | None
    high: float | None

    @property
    def is_clear(self) -> bool:
        """Whether it fell by more than chance, and by enough to be noticed."""
        return self.high is not None and self.high < 0 and self.before - self.after >= CLEAR_FALL * self.before


@dataclass(frozen=True)
class General:
    """The general questions right before and after, with the 95 % interval of the difference in questions."""

    before: int
    after: int
    of: int
    low: float
    high: float

    @property
    def fell(self) -> bool:
        """Whether the fall is significant, or large."""
        large = self.before >= ENOUGH_BEFORE and self.before - self.after > max(FORGOTTEN, FORGOTTEN_SHARE * self.before)
        return self.tells and (self.high < 0 or large)

    @property
    def tells(self) -> bool:
        """Whether the base answers enough of them."""
        return shows_forgetting(self.before, self.of)


@dataclass(frozen=True)
class Preferred:
    """What became of preferences: the shares whose probability moved the right way, and the rows known before and after.

    Of corrections it is the share of answers that say what the correction says.
    """

    kind: str  # "pairs", "thumbs" or "corrections"
    moved: float
    of: int
    held_out: tuple[float, int] | None  # the share, and of how many
    before: Count
    after: Count
    before_share: float = 0.5

    @property
    def lost(self) -> int:
        """Rows that were known before and are not any longer, in all."""
        return max(0, self.before.right - self.after.right)


@dataclass(frozen=True)
class Findings:
    """What the exam measured, as far as the verdict depends on it."""

    style: bool  # the set teaches a manner, which no single answer shows
    known: Count  # rows that are known word for word; of 0: there was no dataset
    before: Count  # rows that the base alone answers right, in whatever words, of those that both were asked
    after: Count  # the same rows with the adapter
    loss: Fall | None = None
    held_out: bool = False  # whether `loss` is of held-out rows
    general: General | None = None
    has_adapter: bool = True
    preferred: Preferred | None = None  # where preferences were learned, not rows


@dataclass(frozen=True)
class Lesson:
    """What was trained on what, for a training that goes on from here."""

    base_model: str
    name: str
    adapter_id: str | None = None
    dataset_id: str | None = None
    dataset_path: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    continued: str | None = None  # the adapter that the training went on from
    auto: bool = False  # whether the Professor chose all of them

    @property
    def prefers(self) -> bool:
        """Whether preferences were learned."""
        return self.parameters.get("method") in ("preference", "correction")

    def request(self, **changes: Any) -> dict[str, Any]:
        """The body of a POST /train."""
        data = {"dataset_id": self.dataset_id} if self.dataset_id else {"dataset_path": self.dataset_path}
        name = self.name if self.name.endswith(" again") else f"{self.name[: _LONGEST_NAME - 6]} again"
        # Preferences are compared with the adapter they went on from.
        method = (
            {"method": self.parameters["method"]} | ({"continue_from": self.continued} if self.continued else {}) if self.prefers else {}
        )
        return {**data, "base_model": self.base_model, "name": name, **method, **changes}

    def again(self, **changes: Any) -> dict[str, Any]:
        """The body of a POST /train with all parameters of the training but the changed ones, and without its limit of time."""
        same = {name: value for name, value in self.parameters.items() if value is not None and name != "budget_seconds"}
        return self.request(**{name: value for name, value in (same | changes).items() if value is not None})


@dataclass(frozen=True)
class Judged:
    """The verdict, its sentences (the reason of the verdict first), and what to do: `{label, request}`."""

    verdict: Verdict
    sentences: tuple[Message, ...]
    remedies: tuple[dict[str, Any], ...] = ()
    missing: int = 0  # of what was to be learned by heart, where it is ready for all that


def judge(found: Findings, lesson: Lesson) -> Judged:
    """The verdict; where several hold, the worst heads and the others follow as sentences.

    no_gain: the base alone answers at least BASE_ANSWERED of the rows and BASE_KNEW of what is right with the adapter.
    not_learned: fewer than FEW_KNOWN of the facts are known; of a set that teaches a manner, the loss did not fall clearly.
    forgot: the general questions fell significantly, or from ENOUGH_BEFORE by more than FORGOTTEN and FORGOTTEN_SHARE.
    ready, with what is missing: FEW_KNOWN are known, and fewer than NEARLY_ALL.
    """
    if found.preferred is not None:
        return _judge_preferences(found, found.preferred, lesson)
    problems: list[tuple[Verdict, Message, list[dict[str, Any]]]] = []
    no_gain, general = _is_no_gain(found), found.general
    ruined = general is not None and general.fell and general.after <= RUINED * general.before
    if not no_gain and (why := _not_learned(found, ruined)):
        # Longer with a rate that breaks the base would break more.
        problems.append(("not_learned", why, [_slower(lesson)] if ruined else _more(lesson)))
    if general is not None and general.fell:
        rehearse = not (ruined and problems)
        sentence = "Of {of} general questions it answers {after}, {before} before."
        if rehearse:
            sentence = "Of {of} general questions it answers {after}, {before} before: more rehearsal keeps them."
        why = msg(sentence, before=general.before, after=general.after, of=general.of)
        problems.append(("forgot", why, [_rehearsed(lesson)] if rehearse else []))
    if no_gain:
        problems.append(("no_gain", msg(_NO_GAIN[found.has_adapter], right=found.before.right, of=found.before.of), []))
    if not problems:
        missing = 0 if found.style else found.known.missing
        return Judged("ready", tuple(_ready(found)), tuple(_more(lesson)) if missing and found.has_adapter else (), missing)
    sentences = [sentence for _, sentence, _ in problems] + ([] if problems[0][0] == "not_learned" else _ready(found))
    # An evaluated base has nothing to train again.
    remedies = [remedy for _, _, group in problems for remedy in group] if found.has_adapter and (found.known.of or found.loss) else []
    return Judged(problems[0][0], tuple(sentences), tuple(remedies))


def _judge_preferences(found: Findings, preferred: Preferred, lesson: Lesson) -> Judged:
    """The verdict on preferences: whether they moved, and whether the lessons and the general questions held."""
    problems: list[tuple[Verdict, Message, list[dict[str, Any]]]] = []
    few, good, held = _PREFERRED[preferred.kind]
    values = {"share": preferred.moved, "of": preferred.of, "before": preferred.before_share}
    learned = preferred.moved >= (FEW_KNOWN if preferred.kind == "corrections" else FEW_PREFERRED)
    if not learned:
        problems.append(("not_learned", msg(few, **values), _more(lesson)))
    if preferred.lost > LOST:
        sentence = "Knows {after} of {of} lessons, {before} before: more rehearsal."
        reason = msg(sentence, after=preferred.after.right, of=preferred.after.of, before=preferred.before.right)
        problems.append(("forgot", reason, [_rehearsed(lesson)]))
    if (general := found.general) is not None and general.fell:
        sentence = "Of {of} general questions it answers {after}, {before} before: more rehearsal keeps them."
        reason = msg(sentence, before=general.before, after=general.after, of=general.of)
        problems.append(("forgot", reason, [] if preferred.lost > LOST else [_rehearsed(lesson)]))
    sentences = [sentence for _, sentence, _ in problems]
    if learned:
        sentences.append(msg(good, **values))
    if preferred.held_out:
        share, of = preferred.held_out
        sentences.append(msg(held, share=share, of=of))
    if preferred.before.right + preferred.after.right and preferred.lost <= LOST:
        sentence = "Knows {after} of {of} lessons, {before} before."
        sentences.append(msg(sentence, after=preferred.after.right, of=preferred.after.of, before=preferred.before.right))
    gaps = not problems and preferred.kind == "corrections" and preferred.moved < NEARLY_ALL
    missing = preferred.of - round(preferred.moved * preferred.of) if gaps else 0
    remedies = tuple(_more(lesson) if missing else (remedy for _, _, group in problems for remedy in group))
    return Judged(problems[0][0] if problems else "ready", tuple(sentences), remedies, missing)


_PREFERRED = {
    "pairs": (
        "Only {share:percent} of {of} pairs moved the right way: train longer.",
        "Prefers the better answers more than before: {share:percent} of {of} pairs.",
        "Of {of} held-out pairs {share:percent} moved the right way.",
    ),
    "thumbs": (
        "Only {share:percent} of {of} rated answers moved the right way: train longer.",
        "Prefers the better answers more than before: {share:percent} of {of} rated answers.",
        "Of {of} held-out rated answers {share:percent} moved the right way.",
    ),
    "corrections": (
        "Answers only {share:percent} of {of} questions as corrected, {before:percent} before: train longer.",
        "Answers {share:percent} of {of} questions as corrected, {before:percent} before.",
        "Of {of} held-out corrections it answers {share:percent}.",
    ),
}
"""For each kind: too few, enough, and those held out."""

_NO_GAIN = {
    True: "The base model knew this already: {right} of {of} right without the adapter.",
    False: "The base model knows this already: {right} of {of} right.",
}


def _is_no_gain(found: Findings) -> bool:
    before, after = found.before, found.after
    return bool(before.of) and before.right >= BASE_ANSWERED * before.of and before.right >= BASE_KNEW * after.right


def _not_learned(found: Findings, ruined: bool) -> Message | None:
    """Why it has not learned, with what to do: a rate that has ruined the base was too high."""
    if found.style:
        if found.loss is None or found.loss.is_clear:
            return None
        what = "held-out rows" if found.held_out else "trained rows"
        sentence = "The loss on the {what} did not fall clearly ({before:.2f} → {after:.2f}): train longer."
        if ruined:
            sentence = "The loss on the {what} did not fall clearly ({before:.2f} → {after:.2f}): the learning rate was too high."
        return msg(sentence, what=msg(what), before=found.loss.before, after=found.loss.after)
    if found.known.of and found.known.right < FEW_KNOWN * found.known.of:
        sentence = "Knows {right} of {of}: the learning rate was too high." if ruined else "Knows {right} of {of}: train longer."
        return msg(sentence, right=found.known.right, of=found.known.of)
    return None


def _ready(found: Findings) -> list[Message]:
    """What is good about it."""
    sentences = []
    if found.style and found.loss is not None:
        what = "held-out rows" if found.held_out else "trained rows"
        sentence = "The loss on the {what} fell from {before:.2f} to {after:.2f}."
        sentences.append(msg(sentence, what=msg(what), before=found.loss.before, after=found.loss.after))
    elif missing := found.known.missing:
        values = {"right": found.known.right, "of": found.known.of}
        sentences.append(
            count(missing, one="Knows {right} of {of}; {n} is missing.", other="Knows {right} of {of}; {n} are missing.", **values)
        )
    elif found.known.of:
        sentences.append(msg("Knows {right} of {of}.", right=found.known.right, of=found.known.of))
    elif (general := found.general) and not general.fell:
        sentence = "General: {after} of {of}, before {before}." if general.tells else FEW_GENERAL
        sentences.append(msg(sentence, after=general.after, of=general.of, before=general.before))
    return sentences


def _more(lesson: Lesson) -> list[dict[str, Any]]:
    """All values chosen by the Professor, where they were not, and more looks from where it is."""
    epochs = min(_MOST_EPOCHS, _LOOKS * (lesson.parameters.get("num_epochs") or 3))
    goal = {"goal": lesson.parameters["goal"]} if lesson.parameters.get("goal") else {}
    chosen = {"label": msg("Let the Professor choose"), "request": lesson.request(preset="auto", **goal)}
    longer = {"label": msg("Train longer"), "request": lesson.again(continue_from=lesson.adapter_id, num_epochs=epochs, max_steps=None)}
    return [*([] if lesson.auto else [chosen]), *([longer] if lesson.adapter_id else [])]


def _rehearsed(lesson: Lesson) -> dict[str, Any]:
    least, times = _REHEARSAL
    before = lesson.parameters.get("rehearsal")
    # Without a share it followed the drift, and that did not suffice.
    share = 1.0 if before is None and "rehearsal" in lesson.parameters else min(1.0, max(least, times * (before or 0.0)))
    return {"label": msg("Train again with more rehearsal"), "request": lesson.again(rehearsal=share)}


def _slower(lesson: Lesson) -> dict[str, Any]:
    rate = _SLOWER * (lesson.parameters.get("learning_rate") or 2e-4)
    return {"label": msg("Train again with a quarter of the learning rate"), "request": lesson.again(learning_rate=rate, measure_rate=None)}
