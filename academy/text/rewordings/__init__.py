"""Questions in other words, by rules of their language: for measuring, never for training."""

from __future__ import annotations

import re
from collections.abc import Collection
from hashlib import blake2b
from random import Random

from academy.text.languages import FIXED_WORDS, FUNCTION_WORDS, Asked
from academy.text.rewordings import english, german, polish
from academy.text.rewordings.rules import with_synonym
from academy.text.words import Word, is_long, parse

_TONGUES = {"en": english, "pl": polish, "de": german}


def is_question(text: str, language: Asked) -> bool:
    """Whether a text asks: by its mark, or by its first word."""
    line = parse(text)
    if line.mark:
        return line.mark[-1] in "?？؟"
    return bool(line.words) and language in _TONGUES and line.words[0].key in _TONGUES[language].STARTS


def reworded(text: str, language: Asked, names: Collection[str]) -> tuple[list[str], list[str]]:
    """The text in other words by the rules of its language, and by means that know none: a typo, capitals, asking twice.

    Of a longer text only a sentence that asks changes, the first line or the last sentence; without one it stays as it is.
    """
    if "\n" not in text.strip() and not is_long(text):
        return _short(text, language, names)
    for before, sentence, colon, after in _asking_parts(text):
        if syntax := _by_rules(sentence, language):
            typo = _with_typo(sentence, language, names)
            return [before + made + after for made in syntax], [before + typo + colon + after] if typo else []
    return [], []


def _short(text: str, language: Asked, names: Collection[str]) -> tuple[list[str], list[str]]:
    """A question: what stands before a colon asks ("Translate this: …"), or else the last sentence does."""
    before, sentence, after = "", "", ""
    syntax: list[str] = []
    colon = next((match.start() for match in re.finditer(r":\s", text) if _is_whole(text, match.end())), 0)
    if colon:
        (before, sentence), after = _context(text[:colon]), text[colon:]
        syntax = [made.rstrip("?.") for made in _by_rules(sentence, language)]
    if not syntax:
        start = colon and colon + 2
        (before, sentence), after = _context(text[start:]), ""
        before = text[:start] + before
        syntax = _by_rules(sentence, language) or _on_topic(sentence, language)
    whole = text.strip()
    neutral = [_in_capitals(whole), f"{whole} {whole}"] if whole else []
    if typo := _with_typo(sentence, language, names):
        neutral.insert(0, before + typo + after)
    return [before + made + after for made in syntax], neutral


def _on_topic(sentence: str, language: Asked) -> list[str]:
    """A few words that name a topic, such as "Opening hours?", in other words."""
    line = parse(sentence)
    is_topic = language in _TONGUES and line.words and "," not in sentence and line.words[0].key not in FUNCTION_WORDS[language]
    return _TONGUES[language].on_topic(sentence.strip().removesuffix(line.mark)) if is_topic else []


def _by_rules(sentence: str, language: Asked) -> list[str]:
    """The sentence by the rules of its language and with a synonym; empty where no rule fits."""
    if language not in _TONGUES or is_long(sentence):
        return []
    tongue, line = _TONGUES[language], parse(sentence)
    core = sentence.strip().removesuffix(line.mark)
    made = tongue.reworded(core)
    synonym = with_synonym(core, tongue.SYNONYMS, tongue.ARTICLES) if made or is_question(sentence, language) else ""
    return [*made, synonym + line.mark] if synonym else made


def _context(text: str) -> tuple[str, str]:
    """What stands before the last sentence, and the last sentence."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    # Few ends lie inside a quote, and each look costs a pass over the text.
    end = next((end for end in ends[:-4:-1] if _is_whole(text, end)), 0)
    return text[:end], text[end:]


def _asking_parts(text: str) -> list[tuple[str, str, str, str]]:
    """The sentences of a longer text that may ask, the first line or the last, with the text before, a colon, and the text after."""
    parts: list[tuple[str, str, str, str]] = []
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    first, last = text.find("\n", start, end), text.rfind("\n", start, end) + 1
    if first > 0 and _is_whole(text, first):
        head = text[start:first].rstrip()
        sentence = head.removesuffix(":")
        parts.append((text[:start], sentence, head[len(sentence) :], text[first:]))
    if _is_whole(text, last):
        before, sentence = _context(text[last:end])
        if sentence.endswith("?"):
            parts.append((text[:last] + before, sentence, "", text[end:]))
    return parts


def _is_whole(text: str, position: int) -> bool:
    """Whether the position lies outside quotes, brackets and code: the words before and after it are the words of the text."""
    parts = [*parse(text[:position]).words, *parse(text[position:]).words]
    return [_bare(word) for word in parts] == [_bare(word) for word in parse(text).words]


def _bare(word: Word) -> str:
    return word.text.rstrip(".!?")


def _with_typo(sentence: str, language: Asked, names: Collection[str]) -> str:
    """The sentence with two letters of a long word swapped, not of a name or a function word; empty where it has none."""
    taken = {*names, *FIXED_WORDS, *FUNCTION_WORDS.get(language, ())}
    rng = Random(int.from_bytes(blake2b(sentence.encode("utf-8", "surrogatepass"), digest_size=8).digest()))
    spots = [
        match.start() + i
        for match in _LONG_WORD.finditer(sentence)
        if match[0].casefold() not in taken and _is_plain(sentence, match)
        for i in range(1, len(match[0]) - 2)
        if match[0][i] != match[0][i + 1]
    ]
    if not spots:
        return ""
    spot = rng.choice(spots)
    return sentence[:spot] + sentence[spot + 1] + sentence[spot] + sentence[spot + 2 :]


def _is_plain(sentence: str, match: re.Match[str]) -> bool:
    """Whether the match is a plain word of the sentence and not part of a quote or code."""
    return any(word.plain and match[0] in word.text for word in parse(sentence).words) and not any(
        match[0] in word.text for word in parse(sentence).words if not word.plain
    )


def _in_capitals(sentence: str) -> str:
    line = parse(sentence)
    return " ".join(word.text.upper() if word.plain else word.text for word in line.words) + line.mark


_SENTENCE_END = re.compile(r"(?:(?<=\w{4}[.!?])|(?<=['\"’”`)][.!?]))\s+(?=[^\W\d_])")
_LONG_WORD = re.compile(r"(?<![^\s])[^\W\d_]{5,}(?![^\s,;:.!?])")
