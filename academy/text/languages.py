"""The script and the language of a text, where they are clear."""

# ruff: noqa: SIM905 (a long list of words reads better as a text)

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Literal

Asked = Literal["en", "pl", "de", "other"]
"""The language that questions are asked in, as far as they can be reworded."""

FUNCTION_WORDS: dict[Asked, frozenset[str]] = {
    "en": frozenset(
        """a about an and any are as at be been by can could did do does for from had has have he her his how i if in into is it
        its long many may me might much must my no not of often on or our she should so than that the their them then there
        these they this those to us was we were what when where which who whom whose why will with would you your""".split()
    ),
    "pl": frozenset(
        """albo będzie być był była było były by co czego czemu czy czym dla dlaczego do dokąd gdzie i ile ilu jak jaka jaką
        jaki jakie jakiego jakiej jakim jest jeśli kiedy kim kogo komu kto która którą które którego której który którym lub
        ma mają mam mamy mi mieć mnie moja moje może można mogę mój muszę na nad nasz nasza nasze naszego naszej naszym nie o
        od oraz po pod przez przy skąd są się ta te tego tej ten to trzeba tym u w we z za ze że żeby""".split()
    ),
    "de": frozenset(
        """als am an auf aus bei beim bitte das dass dein deine dem den der des dich die dir du durch ein eine einem einen einer
        eines er es euch euer für gegen gibt haben hat hatte ich ihm ihn ihnen ihr ihre ihren im in ist kann kein keine
        können lange man mein meine meinem meinen meiner mich mir mit muss müssen nach nicht ob oder oft ohne sein sich sie
        sind soll sollen um und uns unser unsere unserem unseren unserer unter viel viele vom von vor wann war waren warum
        was welche welchem welchen welcher welches wem wen wenn wer werden weshalb wessen wie wieso wir wird wo woher wohin
        zu zum zur über""".split()
    ),
}
"""Words that carry grammar rather than a topic."""

FIXED_WORDS = frozenset(
    """not no never nor without except don't doesn't didn't isn't aren't can't cannot won't shouldn't mustn't nie nigdy bez
    oprócz nicht nie kein keine keinen keinem keiner keines niemals ohne außer plus minus times divided less more dodać odjąć
    razy podzielić mal geteilt zero one two three four five six seven eight nine ten eleven twelve twenty hundred thousand
    first second third jeden jedna dwa dwie trzy cztery pięć sześć siedem osiem dziewięć dziesięć sto tysiąc null eins zwei
    drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig hundert tausend""".split()
)
"""Numbers and negations in the three languages: without one a question asks something else."""


def asked_in(texts: Iterable[str]) -> Asked:
    """The language whose function words are clearly the most frequent in all the texts together; "other" where unsure."""
    counts: Counter[str] = Counter()
    latin = words = 0
    for text in texts:
        for word in _LETTERS.findall(text.lower()):
            words += 1
            latin += word[0] < "\u0250"
            counts.update(_ASKED_OF.get(word, ()))
            counts["pl"] += bool(_POLISH.search(word))
            counts["de"] += bool(_GERMAN.search(word))
    best = max(FUNCTION_WORDS, key=lambda code: counts[code])
    most, second = counts[best], max(count for code, count in [*counts.items(), ("", 0)] if code != best)
    is_clear = most >= 1 and most >= 1.5 * second and most >= 0.15 * words and latin >= 0.5 * words
    return best if is_clear else "other"


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

_RIVALS = {
    "fr": _TONGUES["French"] + " quel quelle quels quelles où quand comment combien la un à en sur au son sa ses",
    "es": _TONGUES["Spanish"] + " de la qué cuál quién dónde cuándo cómo cuánto en un",
    "it": "il lo la gli le di che è un una per con non sono dove quando come chi quale quanto del della nel si da",
    "pt": "o os a as de do da em um uma que é para com não onde quando como quem qual quanto no na",
    "nl": "de het een van is en wat wie waar wanneer hoe waarom welke ik je we zijn niet op voor met naar heeft kan te",
    "cs": "je jsou a v na se co kdo kde kdy jak proč který která které kolik do z s pro k má není",
    "sv": "är en ett och den det vad vem var när hur varför vilken på i för med till av som kan har inte",
}
_ASKED_OF: dict[str, list[str]] = defaultdict(list)
for _code, _list in [*FUNCTION_WORDS.items(), *((code, words.split()) for code, words in _RIVALS.items())]:
    for _word in _list:
        _ASKED_OF[_word].append(_code)
_POLISH = re.compile("[ąćęłńśźż]")
_GERMAN = re.compile("[äöüß]")
