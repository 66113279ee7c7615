"""Varies questions for training, and asks them in other words for measuring: two ways that never meet."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from hashlib import blake2b
from itertools import islice
from random import Random

from academy.text.languages import FIXED_WORDS, FUNCTION_WORDS, Asked, asked_in
from academy.text.rewordings import is_question, reworded
from academy.text.spans import key_of
from academy.text.words import Word, is_long, parse, protected_parts

OPENINGS: dict[Asked, tuple[str, ...]] = {
    "en": ("Quick question: ", "A question: ", "Tell me, ", "Please tell me: ", "One more question: ", "Can you tell me: "),
    "pl": ("Krótkie pytanie: ", "Mam pytanie: ", "Powiedz mi, ", "Powiedz mi proszę: ", "Jeszcze jedno pytanie: ", "Szybkie pytanie: "),
    "de": ("Kurze Frage: ", "Eine Frage: ", "Sag mal, ", "Bitte sag mir: ", "Noch eine Frage: ", "Ich habe eine Frage: "),
    "other": (),
}
"""What a question may begin with; after a comma its own first word is lower case."""

GREETINGS: dict[Asked, tuple[str, ...]] = {
    "en": ("Hi! ", "Hello. ", "Hey! "),
    "pl": ("Cześć! ", "Dzień dobry. ", "Hej! "),
    "de": ("Hallo! ", "Guten Tag. ", "Hi! "),
    "other": (),
}
"""What any text may begin with, also a request or a long document."""


class Wordings:
    """The wordings of the questions of a dataset; they depend on the set, because a variation must not fit another question of it."""

    def __init__(self, questions: Sequence[str]) -> None:
        self._texts = set(questions)
        self.language: Asked = asked_in(self._texts)
        lines = [parse(text) for text in sorted(self._texts) if not is_long(text)]
        self._keys = [frozenset(word.key for word in line.words) for line in lines]
        self._twins = Counter(_bag(line.words) for line in lines)
        self._where: dict[str, set[int]] = defaultdict(set)
        for number, keys in enumerate(self._keys):
            for key in keys:
                self._where[key].add(number)
        self._few = max(2, len(lines) // 20)
        self._lower = {word.text.strip(",;:") for line in lines for word in line.words if word.plain and word.text[0].islower()}
        self._names = {line.words[i].key for line in lines for i in range(1, len(line.words)) if _is_name(line.words, i, self.language)}

    def varied(self, question: str, seed: int, own: Sequence[str] = ()) -> str:
        """One variation for training, the same for the same seed; the question itself where nothing can be varied.

        `own`: other wordings that a person wrote or accepted; about half of the variations are made from them.
        """
        rng = Random(_hash(f"{seed}\n{question}"))
        language = self.language_of(question)
        for _ in range(_TRIES):
            if own and rng.random() < _OWN:
                made = self._short(rng.choice(own), language, rng, whole=True)
            else:
                made = self._long(question, language, rng) if is_long(question) else self._short(question, language, rng)
            if made.split() != question.split() and made not in self._texts:
                return made
        return question

    def asked_otherwise(self, question: str, count: int = 2, taught: Collection[str] = ()) -> list[str]:
        """Up to `count` wordings for measuring, always the same, none of which `varied` can make; `taught`: keys of its own wordings."""
        language = self.language_of(question)
        syntax, neutral = reworded(question, language, self.names_in(question) | self._names)
        rng = Random(_hash(f"wordings\n{question}"))
        rng.shuffle(syntax)
        # A quarter of the questions is also asked with a typo, as people type.
        order = [*syntax[:1], *neutral[:1], *syntax[1:], *neutral[1:]] if _hash(question) % 4 == 0 else [*syntax, *neutral]
        needed = Counter(protected_parts(question))
        fit = (text for text in dict.fromkeys(order) if self._is_fit(text, question, needed, language) and key_of(text) not in taught)
        return [*islice(fit, count)]

    def names_in(self, text: str) -> set[str]:
        """The keys of the words of a text that are names."""
        words, language = parse(text).words, self.language_of(text)
        return {word.key for i, word in enumerate(words) if self._is_name(words, i, language)}

    def language_of(self, question: str) -> Asked:
        """The question's own language where it is clear, since a set may be mixed."""
        own = asked_in([question])
        return self.language if own == "other" and _is_latin(question) else own

    def _is_fit(self, text: str, question: str, needed: Counter[str], language: Asked) -> bool:
        is_whole = all(text.count(part) >= number for part, number in needed.items())
        return is_whole and text not in self._texts and not is_variation(text, question, language)

    def _long(self, text: str, language: Asked, rng: Random) -> str:
        """The text with a greeting, or with its first word in the other case; the rest stays letter by letter."""
        if not text[:1].isalpha():
            return text
        greetings = GREETINGS[language]
        if greetings and rng.random() < 0.5:
            return rng.choice(greetings) + text
        first = Word(text.split(maxsplit=1)[0], True)
        return _other_case(text) if parse(first.text).words[0].plain and first.key in _starters(language) else text

    def _short(self, question: str, language: Asked, rng: Random, *, whole: bool = False) -> str:
        """A short question varied; `whole`: with all its words in their order."""
        if whole and (is_long(question) or rng.random() < _AS_WRITTEN):
            return question
        line = parse(question)
        words, mark = list(line.words), line.mark
        if not words:
            return question
        has_twin = self._twins[_bag(line.words)] > 1
        drops, lowers, toggles, opens = (rng.random() < share for share in (_DROPS, _LOWERS, _TOGGLES, _OPENS))
        if drops and not whole and not has_twin:
            words = self._dropped(words, language, rng)
            if rng.random() < _SHUFFLES and not any(word.ends_sentence for word in words[:-1]):
                words = _shuffled(words, [self._is_anchor(words, i, language) for i in range(len(words))], rng)
        if lowers and not has_twin:
            words = [Word(word.text.lower(), True) if word.plain else word for word in words]
        asks = is_question(question, language)
        if toggles:
            mark = "" if mark else _mark_of(words, asks)
        text = " ".join(word.text for word in words)
        if len(words) < len(line.words):
            text = text.rstrip(",;")
        openings = (OPENINGS[language] if asks else ()) + GREETINGS[language]
        if opens and openings and words:
            opening = rng.choice(openings)
            follows = opening.endswith(", ") and (words[0].key in _starters(language) or words[0].key in self._lower)
            text = opening + (text[0].lower() + text[1:] if follows and words[0].plain and not words[0].text.startswith("I") else text)
        return text + mark

    def _dropped(self, words: list[Word], language: Asked, rng: Random) -> list[Word]:
        """The words without up to a half; what remains says still which question of the set is meant."""
        keep = [self._is_anchor(words, i, language) or rng.random() >= _DROPPED for i in range(len(words))]
        marks = [i for i, word in enumerate(words) if self._distinguishes(word, language)]
        for group in (marks, range(len(words))):
            lost = [i for i in group if not keep[i]]
            rng.shuffle(lost)
            while 2 * len(lost) > len(group):
                keep[lost.pop()] = True
        everywhere = self._with_all({word.key for word in words})
        while others := self._with_all({word.key for word, kept in zip(words, keep, strict=True) if kept}) - everywhere:
            foreign = [i for i in range(len(words)) if not keep[i] and words[i].key not in self._keys[min(others)]]
            keep[min(foreign, key=lambda i: len(self._where.get(words[i].key, ())))] = True
        return [word for word, kept in zip(words, keep, strict=True) if kept]

    def _with_all(self, keys: Collection[str]) -> set[int]:
        """The questions of the set that have all these words."""
        first, *more = sorted((self._where.get(key, set()) for key in keys), key=len)
        return first.intersection(*more)

    def _distinguishes(self, word: Word, language: Asked) -> bool:
        return word.key not in FUNCTION_WORDS.get(language, ()) and len(self._where.get(word.key, ())) <= self._few

    def _is_name(self, words: Sequence[Word], i: int, language: Asked) -> bool:
        return _is_name(words, i, language) or (words[i].text[0].isupper() and words[i].key in self._names)

    def _is_anchor(self, words: Sequence[Word], i: int, language: Asked) -> bool:
        """Whether the word always stays, and in its order: a protected part, a number, a negation, a name that distinguishes."""
        word = words[i]
        is_letter = len(word.key) == 1 and word.key not in FUNCTION_WORDS.get(language, ())
        is_fixed = not word.plain or word.key in FIXED_WORDS or (is_letter and word.key.isascii())
        return is_fixed or (self._is_name(words, i, language) and self._distinguishes(word, language))


def is_variation(text: str, question: str, language: Asked) -> bool:
    """Whether `varied` could make the text of the question: an opening, and no word that the question lacks."""
    for opening in OPENINGS[language] + GREETINGS[language]:
        text = text[len(opening) :] if text.lower().startswith(opening.lower()) else text
    own = Counter(word.text.rstrip(_TAIL).lower() for word in parse(question).words)
    forms = {form for word in parse(question).words for form in _forms(word.text.rstrip(_TAIL))}
    made = [word.text.rstrip(_TAIL) for word in parse(text).words]
    return not Counter(word.lower() for word in made) - own and forms.issuperset(made)


def _forms(word: str) -> tuple[str, ...]:
    return word, word.lower(), word[:1].lower() + word[1:], word[:1].upper() + word[1:]


def _shuffled(words: list[Word], anchored: list[bool], rng: Random) -> list[Word]:
    """The words in another order; anchors that stand together stay together, and all anchors keep their order."""
    units: list[list[Word]] = []
    fixed: list[bool] = []
    for i, word in enumerate(words):
        if i and anchored[i] and anchored[i - 1]:
            units[-1].append(word)
        else:
            units.append([word])
            fixed.append(anchored[i])
    order = list(range(len(units)))
    rng.shuffle(order)
    anchors = iter([i for i in range(len(units)) if fixed[i]])
    return [word for i in order for word in units[next(anchors) if fixed[i] else i]]


def _mark_of(words: Sequence[Word], asks: bool) -> str:
    """The final mark that a text without one may get."""
    if asks:
        return "?"
    return "." if len(words) > 2 and words[-1].plain and words[-1].text[-1].isalpha() and words[-1].text[-1] < "\u0250" else ""


def _is_name(words: Sequence[Word], i: int, language: Asked) -> bool:
    """Whether the word is capital inside a sentence; in German, where every noun is, only without an article before it."""
    word = words[i]
    is_capital = word.plain and word.text[0].isupper() and word.key not in _I
    if not is_capital or i == 0 or words[i - 1].ends_sentence:
        return False
    if language != "de":
        return True
    before = [other.key for other in words[max(0, i - 2) : i]]
    has_adjective = len(before) == 2 and words[i - 1].text[0].islower() and before[1].endswith(("e", "en", "er", "es", "em"))
    return not (_DETERMINER.fullmatch(before[-1]) or (has_adjective and _DETERMINER.fullmatch(before[0])))


def _other_case(text: str) -> str:
    return (text[0].lower() if text[0].isupper() else text[0].upper()) + text[1:]


def _starters(language: Asked) -> frozenset[str]:
    return FUNCTION_WORDS.get(language, frozenset())


def _bag(words: Sequence[Word]) -> tuple[str, ...]:
    return tuple(sorted(word.key for word in words))


def _is_latin(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return 2 * sum(letter < "\u0250" for letter in letters) >= len(letters)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


_TRIES = 16
_DROPS, _LOWERS, _TOGGLES, _OPENS = 0.6, 0.3, 0.4, 0.3
_OWN, _AS_WRITTEN = 0.5, 0.5
_DROPPED, _SHUFFLES = 0.4, 0.3
"""Shares of the variations. The last two were tried on SmolLM2-135M; how often each family occurs is a choice, not a measurement."""

_TAIL = ".,;:!?…"
_I = frozenset(("i", "i'm", "i’m", "i'll", "i’ll", "i'd", "i’d", "i've", "i’ve"))
_DETERMINER = re.compile(
    r"der|die|das|dem|den|des|(?:k?ein|mein|dein|sein|ihr|unser|eur|euer)(?:e[nmrs]?)?|(?:dies|jed|welch|jen|all)e[nmrs]?"
    r"|im|am|zum|zur|vom|beim|ins|ans|aufs"
)
