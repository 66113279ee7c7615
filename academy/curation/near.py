"""Likeness: which examples say the same in other clothes, without taking two facts of one form for one.

Two texts are alike when the words that carry meaning are the same in the same order (case, punctuation, fillers and endings
aside), or when one holds all of the other's and only a few harmless ones more. A number, a name, a negation or one word put
for another makes them different: "The port of staging is 8447" is not "The port of production is 8447". MinHash only finds
the pairs worth looking at; the comparison decides.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from hashlib import blake2b
from itertools import groupby

import numpy
from numpy.typing import NDArray
from rensa import RMinHash  # pyright: ignore[reportAttributeAccessIssue]  (compiled, without types)

from academy.curation.examples import Example

_PERMUTATIONS, _ROWS = 72, 6
_CHUNK = 4000
LOOSEST = 0.85
"""The least similarity that any profile asks for."""
_LOOKED_AT = 8
"""How many examples of one bucket are compared: thousands of one template meet in one bucket, and none is a duplicate."""

# Pronouns and "can", "should", "was" are none: "Who are you?" is not "Who am I?".
_FILLERS = frozenset(
    """
    a an the please kindly hi hello hey thanks thank ok okay so well just really very also then now actually basically simply
    is are be been to of for in at on and it its this that these those there s t re ve ll d let's
    der die das den dem des ein eine einen einem einer bitte danke hallo ist sind zu im am für auf und auch denn doch mal
    proszę dziękuję dzięki cześć hej jest są to ten ta te i w we na do z się
    """.split()  # noqa: SIM905
)
_ASKING = re.compile(
    r"\b(?:(how) (?:do|can|could|would|should|may|might|to)(?: (?:i|we|you|one))?|(wie) (?:kann|können|soll)(?: (?:ich|wir|man))?"
    r"|(?:can|could|would|will) you (?:please |kindly )?(?:tell|show) (?:me|us)|tell me|i (?:would like|want|need) to know|do you know"
    r"|thank you|you can|you could|kannst du mir (?:bitte )?sagen)\b",
    re.IGNORECASE,
)
"""Ways to ask that do not change the question."""
_NEGATIONS = frozenset(
    """
    no not never none nobody nothing neither nor without cannot can't don't doesn't didn't isn't aren't wasn't won't wouldn't shouldn't
    nicht kein keine keinen nie niemals ohne nie nigdy bez nic żaden off out un disable disabled except only unless before after
    """.split()  # noqa: SIM905
)
_TOKEN = re.compile(
    r"[぀-ヿ㐀-䶿一-鿿豈-﫿가-힯]"
    r"|\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?|[+*/%=<>&|^~#$@\\]+|(?<!\w)-+(?=\S)|_+"
)
_NAME = re.compile(r"(?<=[\w,;] )[^\W\d_a-zà-öø-ÿ][^\W\d_]+")
_SPREAD, _MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1
_TRIM = " \t\r\n.!?…,;:\"'`*"


def exact_key(example: Example) -> bytes:
    """The same for two examples whose turns are the same text but for white space."""
    text = "\x1e".join(f"{turn.role}\x1f{' '.join((turn.content + turn.calls).split())}" for turn in example.turns)
    return _digest(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass"))


def _stem(token: str) -> str:
    """A word in small letters without its ending; "" for a filler."""
    word = token.casefold().replace("’", "'")
    word = word.removesuffix("'s") or word
    if word in _FILLERS:
        return ""
    if word in _NEGATIONS or not word.isalpha() or len(word) < 5:
        return word
    if not word.isascii():
        return word
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4 and not word.endswith(("ss", "us", "is")):
            word = word[: -len(ending)]
            break
    word = word.removesuffix("e") if len(word) > 5 else word
    return re.sub(r"([a-z])\1", r"\1", word)


def _digest(*parts: bytes) -> bytes:
    return blake2b(b"\x00\xff\x00".join(parts), digest_size=12).digest()


class _Vocabulary(dict[str, int]):
    """Gives each word that carries meaning a number (words of one stem the same one), a filler 0; knows which words are telling."""

    def __init__(self) -> None:
        super().__init__()
        self.stems: dict[str, int] = {"": 0}
        self.telling: set[int] = set()

    def __missing__(self, token: str) -> int:
        stem = _stem(token)
        number = self[token] = self.stems.setdefault(stem, len(self.stems))
        if stem in _NEGATIONS or not stem.isalpha():
            self.telling.add(number)
        return number

    def read(self, text: str) -> array[int]:
        if len(text) < 600:
            text = _ASKING.sub(r"\1\2", text)
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
        self.telling.update([self[name] for name in _NAME.findall(text)])
        return array("I", [number for token in _TOKEN.findall(text) if (number := self[token])])


class Likeness:
    """Finds which examples are alike; one for each run, nothing is shared."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = examples
        self._vocabulary = _Vocabulary()
        self._words: list[tuple[array[int], array[int]]] = []
        self._rivals: dict[int, array[int]] | None = None
        self.questions: list[bytes] = []
        self.answers: list[bytes] = []
        for example in examples:
            before = [(turn.role, self._vocabulary.read(text), text) for turn in example.turns[:-1] for text in [turn.content + turn.calls]]
            answer = self._vocabulary.read(example.answer)
            question = before[0][1] if len(before) == 1 else array("I", [word for _, words, _ in before for word in words])
            self._words.append((question, answer))
            asked = before or [("text", answer, example.answer)]  # plain text answers no question
            self.questions.append(_digest(*[part for role, words, text in asked for part in (role.encode(), _bytes(words, text))]))
            self.answers.append(_digest(_bytes(answer, example.answer)))

    def same(self) -> list[list[int]]:
        """Groups (of two or more) whose questions and answers carry the same meaning word by word."""
        groups: dict[bytes, list[int]] = defaultdict(list)
        for index, key in enumerate(zip(self.questions, self.answers, strict=True)):
            groups[b"".join(key)].append(index)
        return [group for group in groups.values() if len(group) > 1]

    def pairs(self, similarity: float, among: Sequence[int] | None = None) -> list[tuple[int, int]]:
        """Pairs where question and answer are each the other's but for a few harmless words: at most 1 - `similarity` of them.

        In a second call `among` may only be a part of the first one: the candidates are computed once.
        """
        if similarity >= 1:
            return []
        chosen = range(len(self.examples)) if among is None else among
        if self._rivals is None:
            self._rivals = self._candidates(chosen)
        telling, wanted, found = self._vocabulary.telling, set(chosen), []
        for index in chosen:
            mine = self._words[index]
            if (1 - similarity) * max(map(len, mine)) < 1:
                continue
            for rival in self._rivals.get(index, ()):
                if rival in wanted and all(_alike(*both, similarity, telling) for both in zip(mine, self._words[rival], strict=True)):
                    found.append((rival, index))
                    break
        return found

    def _candidates(self, among: Sequence[int]) -> dict[int, array[int]]:
        """For each example earlier ones worth a comparison: MinHash puts them into one bucket."""
        # A spare word in a shorter text is more than any profile allows.
        long = array("Q", (index for index in among if (1 - LOOSEST) * max(map(len, self._words[index])) >= 1))
        pairs = _bucket_mates(self._buckets(long))
        found: dict[int, array[int]] = {}
        for later, mates in groupby(pairs.tolist(), key=lambda pair: pair // len(long)):
            found[long[later]] = array("I", [long[pair % len(long)] for pair in mates])
        return found

    def _buckets(self, chosen: array[int]) -> NDArray[numpy.uint64]:
        """The bucket of each example in each band: (examples, bands); a few numbers each, however long the examples are."""
        buckets = numpy.empty((len(chosen), _PERMUTATIONS // _ROWS), numpy.uint64)
        for start in range(0, len(chosen), _CHUNK):
            # Numbers of questions are odd, those of answers even; spread, as the library takes them for hashes.
            sets = [
                [(2 * word + 1) * _SPREAD & _MASK for word in set(question)] + [2 * word * _SPREAD & _MASK for word in set(answer)]
                for question, answer in (self._words[index] for index in chosen[start : start + _CHUNK])
            ]
            rows = numpy.array(RMinHash.digest_matrix_from_token_hash_sets(sets, _PERMUTATIONS, 42).to_rows(), numpy.uint64)
            mixed = numpy.zeros((len(sets), _PERMUTATIONS // _ROWS), numpy.uint64)
            for row in range(_ROWS):
                mixed = (mixed ^ rows[:, row::_ROWS]) * numpy.uint64(_SPREAD)  # modulo 2**64
                mixed ^= mixed >> numpy.uint64(29)
            buckets[start : start + len(sets)] = mixed
        return buckets

    def groups(self, among: Sequence[int] | None = None) -> list[int]:
        """For each example the number of its group: alike, the same question, the same long answer, or the same origin."""
        positions = range(len(self.examples)) if among is None else among
        parent = list(range(len(self.examples)))

        def root(index: int) -> int:
            while parent[index] != index:
                parent[index] = parent[parent[index]]
                index = parent[index]
            return index

        def join(first: int, second: int) -> None:
            a, b = root(first), root(second)
            parent[max(a, b)] = min(a, b)

        seen: dict[object, int] = {}
        for index in positions:
            example = self.examples[index]
            marks: list[object] = [self.questions[index]]
            if len(example.answer) >= 80:
                marks.append((b"answer", self.answers[index]))
            if example.origin:
                marks.append((example.source, example.origin))
            for mark in marks:
                join(seen.setdefault(mark, index), index)
        for first, second in self.pairs(LOOSEST, positions):
            join(first, second)
        return [root(index) for index in positions]


def _bucket_mates(buckets: NDArray[numpy.uint64]) -> NDArray[numpy.int64]:
    """The pairs of rows that share a bucket in some band, as `later * rows + earlier`, ascending; the last few of each bucket."""
    rows = len(buckets)
    pairs = numpy.empty(0, numpy.int64)
    for band in buckets.T:
        order = numpy.argsort(band, kind="stable")
        ordered = band[order]
        found = [pairs]
        for back in range(1, min(_LOOKED_AT, rows - 1) + 1):
            same = ordered[back:] == ordered[:-back]
            found.append(order[back:][same] * rows + order[:-back][same])
        pairs = numpy.unique(numpy.concatenate(found))
    return pairs


def _bytes(words: array[int], text: str) -> bytes:
    """What two texts of the same meaning have in common: the words, or the whole text in small letters where none carries meaning."""
    return words.tobytes() if words else " ".join(text.casefold().split()).strip(_TRIM).encode("utf-8", "surrogatepass")


def _alike(first: array[int], second: array[int], similarity: float, telling: set[int]) -> bool:
    """Whether one holds all words of the other in the same order, and only a few more, none of them telling."""
    if len(first) > len(second):
        first, second = second, first
    if first == second:
        return True
    spare = len(second) - len(first)
    if spare > (1 - similarity) * len(second) or not spare:
        return False
    counts = Counter(second)
    counts.subtract(first)
    extra = {word for word, count in counts.items() if count}
    if any(counts[word] < 0 or word in telling for word in extra):
        return False
    # All words of the shorter one are there; are they in the same order?
    position = 0
    for word in second:
        if position < len(first) and word == first[position]:
            position += 1
    return position == len(first)
