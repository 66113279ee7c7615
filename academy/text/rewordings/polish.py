"""Polish questions and requests in other words."""

# ruff: noqa: SIM905 (a long list of words reads better as a text)

from __future__ import annotations

import re

from academy.text.rewordings.rules import Rules, inner, lowered

STARTS = frozenset(
    """co kto kogo komu kim czym czego czemu gdzie dokąd skąd kiedy dlaczego jak jaki jaka jakie jakiego jakiej jaką jakim który
    która które którego której którą którym ile ilu czy czyj czyja czyje""".split()
)
SYNONYMS = {
    "znajduje się": "mieści się",
    "mieści się": "znajduje się",
    "zaczyna się": "rozpoczyna się",
    "rozpoczyna się": "zaczyna się",
    "zatwierdza": "akceptuje",
    "akceptuje": "zatwierdza",
    "kieruje": "zarządza",
    "zarządza": "kieruje",
    "dostanę": "otrzymam",
    "dostać": "otrzymać",
    "otrzymać": "dostać",
    "kupić": "nabyć",
    "używać": "korzystać z",
    "wysłać": "przesłać",
    "wysyła": "przesyła",
    "można": "da się",
    "trzeba": "należy",
    "należy": "trzeba",
    "znaleźć": "odszukać",
    "naprawia": "reperuje",
    "zrobić": "wykonać",
    "usunąć": "skasować",
    "włączyć": "uruchomić",
    "uruchomić": "włączyć",
    "przechowuje": "trzyma",
    "przechowujemy": "trzymamy",
    "trzymamy": "przechowujemy",
    "produkuje": "wytwarza",
}
ARTICLES = re.compile(r"(?!)")


def reworded(sentence: str) -> list[str]:
    """The sentence, without its final mark, in other words."""
    return _RULES.reworded(sentence)


def on_topic(sentence: str) -> list[str]:
    """A few words without a verb in other words."""
    if not _TOPIC.fullmatch(sentence):
        return []
    return [f"Co możesz powiedzieć na taki temat: {inner(sentence)}?", f"Interesuje mnie następujący temat: {inner(sentence)}."]


def _wondering(match: re.Match[str]) -> list[str]:
    """A Polish question keeps its order inside another sentence."""
    question = lowered(match[0])
    start = "Zastanawiam się" if len(question) % 2 else "Ciekawi mnie"
    made = [f"{start}, {question}."] + ([] if "," in question or re.search(r"\wsz\b", question) else [f"{match[0]}, wiesz może?"])
    w, rest = match["w"].lower(), match["rest"]
    if w == "jak" and (name := re.fullmatch(r"(?:nazywa się|się nazywa) (.+)", rest)):
        return [*made, f"Jaką nazwę nosi {name[1]}?"] if not name[1].istitle() else made
    if w == "jak" and (name := re.fullmatch(r"ma na imię (.+)", rest)):
        return [*made, f"Jakie imię nosi {name[1]}?"]
    if w == "jak" and re.match(
        r"(?:długo|często|daleko|dużo|wiele|duż|wysok|star|głębok|szybko|nazywa|się nazywa|wygląda|brzmi|ma) ?", rest
    ):
        return made
    if w == "kto" and re.match(r"\w+ł\b", rest):  # the past bends with the gender: "która osoba założyła"
        return made
    return [f"{_LONG[w]} {rest}?", *made] if w in _LONG else made


def _given(match: re.Match[str]) -> list[str]:
    """Makes "Jaka jest cena kawy?" into "Podaj cenę kawy."; an adjective would bend too and stays out."""
    made = _wondering(match)
    x = match["x"]
    noun, *more = x.split(" ")
    if match["w"].lower() == "jaka":
        if noun not in _FEMININE:
            return made
        x = " ".join([noun.removesuffix("a") + "ę" if noun.endswith("a") else noun, *more])
    return [f"Podaj mi {x}.", *made]


def _asked(match: re.Match[str]) -> list[str]:
    infinitive = _INFINITIVES[match["verb"].lower()]
    return [f"Czy możesz {infinitive} {match['rest']}?", f"Chodzi mi o to, żeby {infinitive} {match['rest']}."]


def _yes_or_no(match: re.Match[str]) -> list[str]:
    rest = match["rest"]
    return [f"{rest} – tak czy nie?", f"Zastanawiam się, czy {rest}.", f"Chodzi mi o to, czy {rest}."]


_LONG = {
    "gdzie": "W jakim miejscu",
    "kto": "Która osoba",
    "kiedy": "Jakiego dnia lub o której godzinie",
    "dlaczego": "Z jakiego powodu",
    "czemu": "Z jakiego powodu",
    "jak": "W jaki sposób",
    "skąd": "Z jakiego miejsca",
    "dokąd": "W jakie miejsce",
}
_FEMININE = frozenset(
    "stolica cena nazwa data godzina liczba stawka temperatura kwota suma waluta różnica rola siedziba strona marka ulica barwa średnica "
    "przyczyna wysokość długość szerokość odległość pojemność odpowiedź".split()
)
_INFINITIVES = {
    "napisz": "napisać",
    "wyjaśnij": "wyjaśnić",
    "wytłumacz": "wytłumaczyć",
    "opisz": "opisać",
    "podaj": "podać",
    "wymień": "wymienić",
    "przetłumacz": "przetłumaczyć",
    "streść": "streścić",
    "stwórz": "stworzyć",
    "oblicz": "obliczyć",
    "policz": "policzyć",
    "pokaż": "pokazać",
    "popraw": "poprawić",
    "powtórz": "powtórzyć",
    "ułóż": "ułożyć",
    "przygotuj": "przygotować",
    "zaproponuj": "zaproponować",
    "dokończ": "dokończyć",
    "zamień": "zamienić",
    "porównaj": "porównać",
    "uporządkuj": "uporządkować",
    "odpowiedz": "odpowiedzieć",
}
_TOPIC = re.compile(r"(?i)(?!(?:ja|my|ty|on|ona|to|cześć|hej|dzień|dzięki|dziękuję|tak|nie|mam|jestem|proszę)\b)\S+(?: \S+){0,4}")
_RULES = Rules(
    (r"(?i)(?:proszę,? )?(?P<verb>IMPERATIVE) (?P<rest>.+)", _asked),
    (r"(?i)(?P<w>czy) (?P<rest>.+)", _yes_or_no),
    (r"(?i)(?P<w>co) (?P<rest>to (?:jest )?(?P<x>.+))", lambda m: [f"{m['x']} – co to takiego?", *_wondering(m)]),
    (r"(?i)(?P<w>jak(?:i|a|ie)) (?P<rest>jest (?P<x>.+))", _given),
    (r"(?i)(?P<w>WORD) (?P<rest>.+)", _wondering),
    (
        r"(?i)(?P<p>w|na|do|od|z|ze|o|u|dla|po|przy) (?P<w>WORD) (?P<rest>.+)",
        _wondering,
    ),
    WORD="|".join(sorted(STARTS, key=len, reverse=True)),
    IMPERATIVE="|".join(_INFINITIVES),
)
