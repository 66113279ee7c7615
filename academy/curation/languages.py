"""The script and the language of a text, where they are clear."""

from __future__ import annotations

import re
from collections import Counter, defaultdict


def script_of(text: str) -> str:
    """The script of nine tenths of the letters; "" where they are few or mixed."""
    counts = {name: len(pattern.findall(text)) for name, pattern in _SCRIPTS}
    total = sum(counts.values())
    name = max(counts, key=lambda key: counts[key])
    return name if total >= 12 and counts[name] >= 0.9 * total else ""


def language_of(text: str) -> str:
    """The language whose little words are clearly the most frequent; "" where it is not clear."""
    counts: Counter[str] = Counter()
    for word in _LETTERS.findall(text.lower()):
        for name in _TONGUE_OF.get(word, ()):
            counts[name] += 1
    best = counts.most_common(2)
    if not best or best[0][1] < 3 or (len(best) > 1 and best[0][1] < 2 * best[1][1]):
        return ""
    return best[0][0]


_SCRIPTS = [
    ("Cyrillic", re.compile(r"[Ѐ-ӿ]")),
    ("Chinese or Japanese", re.compile(r"[぀-ヿ㐀-䶿一-鿿]")),
    ("Korean", re.compile(r"[가-힯]")),
    ("Arabic", re.compile(r"[؀-ۿ]")),
    ("Greek", re.compile(r"[Ͱ-Ͽ]")),
    ("Hebrew", re.compile(r"[֐-׿]")),
    ("Devanagari", re.compile(r"[ऀ-ॿ]")),
    ("Thai", re.compile(r"[฀-๿]")),
    ("Latin", re.compile(r"[A-Za-zÀ-ɏ]")),
]
_TONGUES = {
    "English": "the and is are was you your with that this for not have from they which will would there what how when why",
    "German": "der die das und ist sind nicht mit den dem ein eine für auf auch sich werden wird von wie was wenn dass ich wir sie",
    "Polish": "jest nie się na że do jak to oraz przez dla jego są który która można przy czy ale od po tak już",
    "French": "le les des est dans une pour que qui pas avec sur vous nous ce cette sont aux du et",
    "Spanish": "el los las es una para que por con no se del su más como está son pero y",
}
_TONGUE_OF: dict[str, list[str]] = defaultdict(list)
for _name, _words in _TONGUES.items():
    for _word in _words.split():
        _TONGUE_OF[_word].append(_name)
_LETTERS = re.compile(r"[^\W\d_]+")
