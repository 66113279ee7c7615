"""Filters: which examples are good enough to learn from, each dropped example with its rule and reason; all of it pure.

| rule | strict | balanced | lenient |
|---|---|---|---|
| unwanted: a person left it out | always | always | always |
| malformed: no question, no answer, turns out of order, text that no file can hold | always | always | always |
| secret: the answer is nothing but the mark of a redacted secret; or holds one, if the request says so | always | always | always |
| too short: characters of the question, of the answer; an answer that says nothing ("ok", "n/a") | 10, 15; yes | 3, 2; yes | 1, 1; no |
| too long: characters of all turns together | 24,000 | 60,000 | 200,000 |
| broken: letters of a wrong encoding, control characters, share of the text | any | 0.5 % | 5 % |
| garbage: share of letters and digits in an answer of 40 characters and more, below | 45 % | 30 % | 10 % |
| repetitive: share of different groups of three words in 40 words and more, below | 40 % | 25 % | 10 % |
| truncated: an open code block, a last comma, "[truncated]"; also long prose without a full stop | both | the former | no |
| refusal: "As an AI language model …", "I cannot help with that" | anywhere | a short answer | no |
| echo: the answer is the question | yes | yes | no |
| language: the answer is in another one than the question, which asks for no translation | by words | by script | no |
| duplicate: the same text | yes | yes | yes |
| near duplicate: the same words that carry meaning; spare harmless words at most | 15 % | 8 % | no |
| contradiction: another answer to the same question: the corrected, then the newest wins | yes | yes | warning |
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from typing_extensions import TypedDict

from academy.curation import near
from academy.curation.examples import Example, Profile, Turn
from academy.curation.phrases import REFUSAL, TRANSLATION
from academy.curation.redaction.redact import without_marks
from academy.messages import Message, Text, count, msg
from academy.text.languages import language_of, script_of


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers of one profile."""

    name: Profile
    question_chars: int
    answer_chars: int
    all_chars: int
    broken_share: float
    letter_share: float
    trigram_share: float
    truncated: tuple[str, ...]
    refusals: str
    echo: bool
    empty_words: bool
    language: str
    similarity: float
    newest_wins: bool


PROFILES: dict[Profile, Limits] = {
    "strict": Limits("strict", 10, 15, 24_000, 0.0, 0.45, 0.4, ("mark", "prose"), "anywhere", True, True, "words", 0.85, True),
    "balanced": Limits("balanced", 3, 2, 60_000, 0.005, 0.3, 0.25, ("mark",), "short", True, True, "script", 0.92, True),
    "lenient": Limits("lenient", 1, 1, 200_000, 0.05, 0.1, 0.1, (), "", False, False, "", 1.0, False),
}

DUPLICATES = ("duplicate", "near_duplicate")
"""The rules that count as duplicates; all others are about quality."""

LABELS = {
    "unwanted": "left out by hand",
    "malformed": "malformed",
    "secret": "with a redacted secret",
    "too_short": "too short",
    "too_long": "too long",
    "broken": "broken text",
    "garbage": "hardly any words",
    "repetitive": "repetitive",
    "truncated": "cut off",
    "refusal": "refusals",
    "echo": "echoes",
    "language": "wrong language",
    "duplicate": "duplicates",
    "near_duplicate": "near duplicates",
    "contradiction": "contradicted by a newer answer",
}
"""Each rule in a word or two, as it follows a count."""
_SINGULAR = {"duplicates": "duplicate", "near duplicates": "near duplicate", "refusals": "refusal", "echoes": "echo"}

_SHOWN = 2000
"""So many characters of a dropped row are stored for the page."""


class DroppedRow(TypedDict, total=False):
    """A dropped example in a manifest; question and answer are cut short."""

    key: str
    rule: str
    reason: Text
    source: str
    origin: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """An example that is left out: its key (which `keep_anyway` takes), the rule and the reason as a sentence."""

    example: Example
    key: str
    rule: str
    reason: Text

    def row(self) -> DroppedRow:
        """The example as a manifest stores it and a page shows it."""
        return DroppedRow(
            key=self.key,
            rule=self.rule,
            reason=self.reason,
            source=self.example.source,
            origin=self.example.origin,
            question=self.example.question[:_SHOWN],
            answer=self.example.answer[:_SHOWN],
        )


@dataclass(frozen=True, slots=True)
class Filtered:
    """The kept examples in their order, the dropped ones, and the warnings for a person."""

    kept: list[Example]
    dropped: list[Dropped]
    warnings: list[Text] = field(default_factory=list)
    likeness: near.Likeness | None = None
    positions: list[int] = field(default_factory=list)

    def groups(self) -> list[int]:
        """For each kept example the number of its group: examples that are alike must not be split."""
        return self.likeness.groups(self.positions) if self.likeness else near.Likeness(self.kept).groups()

    @property
    def counts(self) -> Counter[str]:
        """How many were dropped by each rule."""
        return Counter(item.rule for item in self.dropped)


def by_rule(counts: Counter[str]) -> list[Message]:
    """Counts by rule in words, the most frequent first: `40 duplicates`, `15 too short`, `1 echo`."""
    return [msg("{n:number} {label}", n=number, label=_label(rule, number)) for rule, number in counts.most_common()]


def _label(rule: str, number: int) -> Message:
    label = LABELS.get(rule, rule)
    return count(number, one=_SINGULAR.get(label, label), other=label)


def key_of(example: Example) -> str:
    """A name for an example that stays the same from run to run: the hash of its turns and source."""
    said = [[turn.role, turn.content, turn.calls] if turn.calls else [turn.role, turn.content] for turn in example.turns]
    text = json.dumps([example.source, said])
    return blake2b(text.encode(), digest_size=12).hexdigest()


def apply(
    examples: Sequence[Example], profile: Profile, keep_anyway: Collection[str] = (), leave_out: Collection[str] = (), marks: bool = True
) -> Filtered:
    """Applies every rule of the profile; keys in `keep_anyway` and `leave_out` overrule them. Without `marks` no answer has one."""
    limits, spared, unwanted = PROFILES[profile], set(keep_anyway), set(leave_out)
    fates: dict[int, tuple[str, Text]] = {}
    for index, example in enumerate(examples):
        fate = ("unwanted", "It was left out by hand.") if unwanted and key_of(example) in unwanted else judge(example, limits)
        if fate := fate or (None if marks or "[redacted:" not in example.answer else ("secret", _MARKED)):
            fates[index] = fate
    remaining = [index for index in range(len(examples)) if index not in fates]
    for index, rule, reason in _exact_duplicates(examples, remaining):
        fates[index] = rule, reason
    remaining = [index for index in remaining if index not in fates]
    warnings: list[Text] = []
    likeness = near.Likeness([examples[index] for index in remaining])
    for index, rule, reason in _relations(likeness, limits, warnings):
        fates.setdefault(remaining[index], (rule, reason))
    kept, dropped = [], []
    for index, example in enumerate(examples):
        if index not in fates:
            kept.append(example)
            continue
        rule, reason = fates[index]
        key = key_of(example)
        if key in spared and rule != "malformed":
            kept.append(example)
        else:
            dropped.append(Dropped(example, key, rule, reason))
    positions = [position for position, index in enumerate(remaining) if index not in fates]
    return Filtered(kept, dropped, warnings, likeness if len(positions) == len(kept) else None, positions)


def judge(example: Example, limits: Limits) -> tuple[str, Text] | None:
    """The first rule that the example breaks by itself, and the reason; None where it is good."""
    for rule, check in (_FOR_TEXTS if example.is_text else RULES).items():
        reason = check(example, limits)
        if reason:
            return rule, reason
    return None


# --- rules for one example: each gives the reason as a sentence, or "" for a good example ------------------------------------


def malformed(example: Example, limits: Limits) -> Text:
    """No question, no answer, turns out of order, or characters that cannot be written."""
    turns = [turn for turn in example.turns if turn.role not in ("system", "tools")]
    if example.is_text:
        return "" if not _SURROGATE.search(example.answer) else _HALF
    if not turns or turns[-1].role != "assistant" or not example.answer.strip():
        return "There is no answer to learn."
    if len(turns) < 2 or not any(turn.role == "user" and turn.content.strip() for turn in turns):
        return "There is no question before the answer."
    # A word of the assistant's before the first question is context.
    spoken = turns[1:] if turns[0].role == "assistant" else turns
    if any(turn.role not in _AFTER[before] for before, turn in zip(["", *map(_said_by, spoken)], spoken, strict=False)):
        return "User and assistant do not take turns."
    if not any(turn.trained for turn in spoken if turn.role == "assistant"):
        return "All of its answers are masked, so there is nothing to learn."
    if any(turn.role == "system" for turn in example.turns[1 + (example.turns[0].role == "tools") :]):
        return "A system prompt stands in the middle."
    if any(not turn.content.strip() and not turn.calls for turn in turns):
        return "A turn is empty."
    if any(not turn.content.isascii() and _SURROGATE.search(turn.content) for turn in example.turns):
        return _HALF
    return ""


_HALF = "It holds half a character (a lone surrogate), which no file can hold."


_AFTER = {"call": ("tool", "user"), "tool": ("tool", "assistant"), "user": ("assistant",), "system": ()} | dict.fromkeys(
    ("", "assistant"), ("user",)
)
"""The roles that may follow a turn."""


def _said_by(turn: Turn) -> str:
    return "call" if turn.calls else turn.role


def secret(example: Example, limits: Limits) -> Text:
    """An answer that was a secret: learning it would mean learning its mark."""
    answer = example.answer
    if "[redacted:" in answer and not any(char.isalnum() for char in without_marks(answer)):
        return "The answer was a secret, which was taken out."
    return ""


def too_short(example: Example, limits: Limits) -> Text:
    """Too little was asked or answered."""
    question, answer = example.asked, example.answer
    asked, answered = _size(question), _size(answer)
    if asked < limits.question_chars:
        return msg("The question has {n} characters, fewer than {limit}.", n=asked, limit=limits.question_chars)
    # One digit can be all there is to say.
    if answered < limits.answer_chars and not (limits.name == "balanced" and any(char.isdigit() for char in answer)):
        return msg("The answer has {n} characters, fewer than {limit}.", n=answered, limit=limits.answer_chars)
    if not any(char.isalnum() or unicodedata.category(char) in ("So", "Sm") for char in answer[:2000]):
        return "The answer holds no word and no number."
    if limits.empty_words and answer.strip().strip(".!?… ").casefold() in _EMPTY_WORDS:
        return "The answer says nothing."
    return ""


def too_long(example: Example, limits: Limits) -> Text:
    """More than any model that is trained here can take."""
    size = sum(len(turn.content) for turn in example.turns)
    return msg("It has {n:number} characters, more than {limit:number}.", n=size, limit=limits.all_chars) if size > limits.all_chars else ""


def broken(example: Example, limits: Limits) -> Text:
    """Letters of a wrong encoding (Ã¼ for ü), replacement characters, control characters."""
    for turn in example.turns:
        # Plain ASCII without control characters is the usual case, and quick to recognise.
        if turn.content.isascii() and not _CONTROL.search(turn.content):
            continue
        found = sum(len(match) for match in _MOJIBAKE.findall(turn.content)) + len(_CONTROL.findall(turn.content))
        if found > limits.broken_share * len(turn.content):
            return msg("{n} characters are broken: the text was read in a wrong encoding, or is binary.", n=found)
    return ""


def garbage(example: Example, limits: Limits) -> Text:
    """An answer of signs instead of words."""
    answer = example.answer
    size = _size(answer)
    if size < 40 or example.source == "git":
        return ""
    # Bytes go many times faster than an expression, and most answers are ASCII.
    words = answer.encode().translate(None, _ASCII_SIGNS) if answer.isascii() else _WORD_CHARS.sub("", answer)
    share = len(words) / size
    return msg("Only {share:percent} of the answer are letters or digits.", share=share) if share < limits.letter_share else ""


def repetitive(example: Example, limits: Limits) -> Text:
    """An answer that says the same over and over."""
    if example.source == "git":
        return ""
    words = example.answer.split()
    if len(words) < 40:
        longest = max(map(len, words), default=0)
        return "The answer repeats one character over and over." if longest >= 40 and _RUN.search(example.answer) else ""
    share = len(set(zip(words, words[1:], words[2:], strict=False))) / (len(words) - 2)
    if share >= limits.trigram_share:
        return ""
    return msg("The answer repeats itself: only {share:percent} of its groups of three words differ.", share=share)


def truncated(example: Example, limits: Limits) -> Text:
    """An answer that ends in its middle."""
    if not limits.truncated or example.source == "git":
        return ""
    answer = example.answer.rstrip()
    if len(re.findall(r"^[ \t]*```", answer, re.MULTILINE)) % 2 if "```" in answer else False:
        return "The answer ends inside a code block."
    if len(answer) >= 40 and _CUT.search(answer[-60:]):
        return "The answer ends in the middle of a sentence."
    if "prose" in limits.truncated and len(answer) >= 200 and "```" not in answer:
        last = answer.rsplit("\n", 1)[-1].strip()
        if len(last) >= 60 and last[-1].isalpha() and not last.startswith(("-", "*", "|", "#", ">", "http")):
            return "The answer ends without a full stop."
    return ""


def refusal(example: Example, limits: Limits) -> Text:
    """An answer that only says that the assistant is an AI or cannot help."""
    if not limits.refusals:
        return ""
    answer = example.answer
    where = answer[:300] if limits.refusals == "short" else answer[:4000]
    if limits.refusals == "short" and len(answer) > 400:
        return ""
    # A quick look first: the rule is tried on every answer.
    if "I" not in where and "i" not in where:
        return ""
    return "The answer is a refusal or a set phrase about being an AI." if REFUSAL.search(where) else ""


def echo(example: Example, limits: Limits) -> Text:
    """An answer that is the question."""
    question, answer = example.asked, example.answer
    if not limits.echo or abs(len(question) - len(answer)) > 20 or len(answer) < 8:
        return ""
    return "The answer only repeats the question." if _plain(question) == _plain(answer) else ""


def language(example: Example, limits: Limits) -> Text:
    """An answer in another language than the question, where none was asked for."""
    if not limits.language or example.source == "git":
        return ""
    question, answer = example.asked[:2000], example.answer[:2000]
    if not (question.isascii() and answer.isascii()):
        asked, answered = script_of(question), script_of(answer)
        if asked and answered and asked != answered and not TRANSLATION.search(example.question):
            return msg("The question is in {asked} script, the answer in {answered} script.", asked=msg(asked), answered=msg(answered))
    if limits.language == "words" and len(answer) >= 40:
        asked, answered = language_of(question), language_of(answer)
        if asked and answered and asked != answered and not TRANSLATION.search(example.question):
            return msg("The question is in {asked}, the answer in {answered}.", asked=msg(asked), answered=msg(answered))
    return ""


RULES: dict[str, Callable[[Example, Limits], Text]] = {
    "malformed": malformed,
    "secret": secret,
    "too_short": too_short,
    "too_long": too_long,
    "broken": broken,
    "garbage": garbage,
    "repetitive": repetitive,
    "truncated": truncated,
    "refusal": refusal,
    "echo": echo,
    "language": language,
}
_FOR_TEXTS = {name: RULES[name] for name in ("malformed", "secret", "too_long", "broken")}
"""Plain text has no answer, and a passage may begin or end anywhere."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd\ufffe\uffff]")
# UTF-8 read as Latin-1 or Windows-1252, once or twice.
_MOJIBAKE = re.compile(
    r"Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|Â[\u0080-\u00bf]|â€[\u0080-\u00bf™œ\x9d“”¦˜¢]|â‚¬|ðŸ[\u0080-\u00bf‘’“”•–—˜™š›œžŸŽ]{1,2}|ï»¿|ï¿½"
    r"|[ÐÑ][\u0080-\u00bf‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ°±²³´µ¶·¸¹º»¼½¾¿](?=[ÐÑ ])|[ÄÅ][\u0080-\u009f‚ƒ„…†‡ˆ‰‹‘’“”•–—˜™›]"
)
_WORD_CHARS = re.compile(r"[\W_]+")
_ASCII_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
_RUN = re.compile(r"(\S)\1{39}")
_CUT = re.compile(
    r"(?:,|;|\s-|\b(?:and|or|the|of|to|with|because|und|oder|der|die|das|weil|oraz|lub|który))$|\[(?:truncated|cut off|…)\]$", re.IGNORECASE
)
_EMPTY_WORDS = {"ok", "okay", "k", "kk", "lol", "test", "asdf", "qwerty", "xxx", "foo", "bar", "n/a", "na", "tbd", "todo", "thanks", "thx"}
_EMPTY_WORDS |= {"hm", "hmm", "idk", "-", "--", "x", "danke", "dzięki"}
_WIDE = re.compile(r"[぀-ヿ㐀-䶿一-鿿가-힯]")


def _size(text: str) -> int:
    """How many visible characters; one of a script that writes a word with it counts as three."""
    size = len(text) - sum(map(text.count, " \n\t"))
    return size if text.isascii() else size + 2 * len(_WIDE.findall(text))


def _plain(text: str) -> str:
    return _WORD_CHARS.sub(" ", text.casefold()).strip()


# --- rules between examples ---------------------------------------------------------------------------------------------------


def is_corrected(example: Example) -> bool:
    """Whether a person replaced another answer with this one."""
    return bool(example.meta.get("corrected") or example.meta.get("rejected"))


def rank(example: Example, position: int) -> tuple[bool, str, int]:
    """Which of several wins: the corrected one, then the newest; of one age the later row of a file, or the earlier lesson."""
    return is_corrected(example), example.time, position if example.source == "uploads" else -position


def _exact_duplicates(examples: Sequence[Example], positions: Sequence[int]) -> Iterator[tuple[int, str, Text]]:
    groups: dict[bytes, list[int]] = defaultdict(list)
    for position in positions:
        groups[near.exact_key(examples[position])].append(position)
    for group in groups.values():
        if len(group) > 1:
            best = max(group, key=lambda position: rank(examples[position], position))
            for position in group:
                if position != best:
                    yield position, "duplicate", msg("The same as {example}.", example=_name(examples[best]))


def _relations(likeness: near.Likeness, limits: Limits, warnings: list[Text]) -> Iterator[tuple[int, str, Text]]:
    """Near duplicates and contradictions among examples that are good by themselves."""
    examples = likeness.examples
    gone: set[int] = set()
    if limits.similarity < 1:
        for group in likeness.same():
            best = max(group, key=lambda position: rank(examples[position], position))
            for position in group:
                if position != best:
                    gone.add(position)
                    reason = "Says the same as {example}, word for word but for the little ones."
                    yield position, "near_duplicate", msg(reason, example=_name(examples[best]))
        remaining = [position for position in range(len(examples)) if position not in gone]
        for first, second in likeness.pairs(limits.similarity, remaining):
            if first not in gone and second not in gone:
                worse, better = sorted((first, second), key=lambda position: rank(examples[position], position))
                gone.add(worse)
                yield worse, "near_duplicate", msg("Says the same as {example} but for a few words.", example=_name(examples[better]))
    questions: dict[bytes, list[int]] = defaultdict(list)
    for position, key in enumerate(likeness.questions):
        if position not in gone:
            questions[key].append(position)
    answered = [group for group in questions.values() if len(group) > 1 and len({likeness.answers[position] for position in group}) > 1]
    if limits.newest_wins:
        for group in answered:
            best = max(group, key=lambda position: rank(examples[position], position))
            for position in group:
                if position != best:
                    reason = _CORRECTED if is_corrected(examples[best]) else _NEWER
                    yield position, "contradiction", msg(reason, example=_name(examples[best]))
    elif answered:
        question = examples[answered[0][0]].asked.strip().replace("\n", " ")[:80]
        warnings.append(
            count(
                len(answered),
                one="One question has more than one answer, and all are kept: for example {question!r}.",
                other="{n} questions have more than one answer, and all are kept: for example {question!r}.",
                question=question,
            )
        )


def _name(example: Example) -> Message:
    named, unnamed = _NAMES.get(example.source, ("example {origin}", "another example"))
    return msg(named, origin=example.origin) if example.origin else msg(unnamed)


_MARKED = "Its answer holds the mark of a redacted secret, which training would teach."
_CORRECTED = "The same question is answered otherwise by {example}, which is a correction."
_NEWER = "The same question is answered otherwise by {example}, which is newer."
_NAMES = {
    "lessons": ("lesson {origin}", "another lesson"),
    "git": ("commit {origin}", "another commit"),
    "uploads": ("row {origin}", "another row"),
    "documents": ("passage {origin}", "another passage"),
}
