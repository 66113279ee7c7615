"""German questions and requests in other words."""

# ruff: noqa: SIM905 (a long list of words reads better as a text)

from __future__ import annotations

import re

from academy.text.rewordings.rules import Rules, capital

STARTS = frozenset(
    """was wer wen wem wessen wo wohin woher wann warum wieso weshalb wie welche welcher welches welchen welchem womit wofür
    worüber woran wozu ist sind war waren hat haben habe hast kann können kannst könnte könnten könntest darf dürfen muss
    müssen soll sollen will wollen wird werden gibt gilt geht""".split()
)
SYNONYMS = {
    "genehmigt": "bewilligt",
    "genehmigen": "bewilligen",
    "bekomme": "erhalte",
    "bekommt": "erhält",
    "bekommen": "erhalten",
    "brauche": "benötige",
    "braucht": "benötigt",
    "brauchen": "benötigen",
    "benutzen": "verwenden",
    "nutzen": "verwenden",
    "benutzt": "verwendet",
    "beginnt": "startet",
    "startet": "beginnt",
    "leitet": "führt",
    "kaufen": "besorgen",
    "zuständig": "verantwortlich",
    "verantwortlich": "zuständig",
    "wohnt": "lebt",
    "erlaubt": "gestattet",
    "schickt": "sendet",
    "schicken": "senden",
    "liegt": "befindet sich",
    "steht": "befindet sich",
    "reparieren": "instand setzen",
    "erreiche": "kontaktiere",
    "erreichen": "kontaktieren",
    "aufbewahrt": "gelagert",
    "gelagert": "aufbewahrt",
    "schrieb": "verfasste",
    "erfand": "entwickelte",
}
ARTICLES = re.compile(r"(?i)\b(?:der|die|das|dem|den|des|ein|eine|einen|einem|einer|beim|zum|im|am) $")


def reworded(sentence: str) -> list[str]:
    """The sentence, without its final mark, in other words."""
    return _RULES.reworded(sentence)


def on_topic(sentence: str) -> list[str]:
    """A few words without a verb in other words."""
    if not _TOPIC.fullmatch(sentence):
        return []
    return [f"Was kannst du zu folgendem Stichwort sagen: {sentence}?", f"Ich möchte mehr über Folgendes wissen: {sentence}."]


def _clause(verb: str, rest: str) -> str:
    """The rest of a question with its verb at the end, where a German subordinate clause has it."""
    *words, last = rest.split(" ")
    joined = f"{last}{verb}" if last in _PREFIXES else f"{last} {verb}"
    return " ".join([*words, joined])


def _wondering(link: str, verb: str, rest: str) -> list[str]:
    """Nothing for a question with a clause of its own, whose end is not the end of the sentence."""
    if "," in rest:
        return []
    return [f"Ich wüsste gern, {link} {_clause(verb, rest)}.", f"{capital(link)} {verb} {rest}, weißt du das?"]


def _direct(match: re.Match[str]) -> list[str]:
    w, verb, rest = match["w"].lower(), match["verb"], match["rest"]
    made = _wondering(w, verb, rest)
    if w == "wie" and verb == "heißt":
        return [*made, f"Welchen Namen hat {rest}?"]
    if w == "wie" and verb in ("heiße", "heißen", "lautet", "ist", "geht", "war", "sieht"):
        return [*made, f"Was ist {rest}?"] if verb == "lautet" else made
    if w == "was" and verb in ("ist", "kostet"):
        return [*made, f"Welchen Preis hat {rest}?"] if verb == "kostet" else [*made, *_named(rest)]
    if w == "was":
        return made
    if w == "wer" and verb in ("sind", "waren", "haben", "können", "dürfen", "müssen"):
        return [*made, f"Welche Personen {verb} {rest}?"]
    return [*made, f"{_LONG[w]} {verb} {rest}?"]


def _named(rest: str) -> list[str]:
    return [f"Nenne mir bitte {rest}."] if re.match(r"(?:die|das|eure|Ihre|deine|unsere) ", rest) and "," not in rest else []


def _degree(match: re.Match[str]) -> list[str]:
    adjective, verb, rest = match["adj"], match["verb"], match["rest"]
    made = _wondering(f"wie {adjective}", verb, rest)
    noun = {"alt": "Welches Alter", "hoch": "Welche Höhe", "groß": "Welche Größe", "teuer": "Welchen Preis", "lang": "Welche Länge"}.get(
        adjective
    )
    return [*made, f"{noun} hat {rest}?"] if noun and verb == "ist" else made


def _asked(match: re.Match[str]) -> list[str]:
    verb = match["verb"].lower()
    stem = next(infinitive for infinitive in _INFINITIVES if re.fullmatch(_imperative(infinitive), verb))
    rest, comma, clause = match["rest"].partition(",")
    *words, last = rest.split(" ")
    is_split = bool(words) and last in _PREFIXES
    whole = " ".join([*words, last + stem]) if is_split else f"{rest} {stem}"
    made = [f"Könntest du {whole}{comma}{clause}?"]
    return made if is_split else [*made, f"Ich möchte dich bitten, {rest} zu {stem}{comma}{clause}."]


def _imperative(infinitive: str) -> str:
    stem = infinitive.removesuffix("en")
    return {"geben": "gib", "helfen": "hilf", "sprechen": "sprich"}.get(infinitive, rf"{stem}e?")


_LONG = {
    "wo": "An welchem Ort",
    "wohin": "An welchen Ort",
    "woher": "Von welchem Ort",
    "wann": "Zu welchem Zeitpunkt",
    "warum": "Aus welchem Grund",
    "wieso": "Aus welchem Grund",
    "weshalb": "Aus welchem Grund",
    "wie": "Auf welche Weise",
    "wer": "Welche Person",
    "wen": "Welche Person",
    "wem": "Welcher Person",
}
_PREFIXES = frozenset("ab an auf aus bei ein fest frei her hin los mit nach statt teil um vor weg weiter zu zurück zusammen".split())
_INFINITIVES = (
    "schreiben erklären beschreiben nennen geben übersetzen erstellen formulieren zeigen antworten erzählen berechnen fassen korrigieren "
    "verbessern vervollständigen wiederholen buchstabieren begründen vergleichen sortieren ordnen finden machen bilden ergänzen"
).split()
_TOPIC = re.compile(r"(?i)(?!(?:ich|wir|du|ihr|er|sie|es|hallo|guten|danke|ja|nein|tschüss|bitte|das)\b)\S+(?: \S+){0,4}")
_RULES = Rules(
    (r"(?i:(?:bitte )?(?P<verb>IMPERATIVE)(?: bitte)?) (?P<rest>.+)", _asked),
    (r"(?i:(?P<verb>IMPERATIVE)) Sie (?P<rest>[^,:]+)", lambda m: [f"Könnten Sie {m['rest']} {m['verb'].lower()}?"]),
    (r"(?i:wie) (?P<adj>ADJ) (?P<verb>[a-zäöüß]+) (?P<rest>.+)", _degree),
    (
        r"(?i:(?P<w>wie viele?|welche[rsnm]?|(?:in|an|auf|mit|von|zu|bei|für|aus|um|nach) (?:welche[rsnm]?|wie viele?))) "
        r"(?P<noun>(?:[a-zäöüß]+e[nrsm]? )?[A-ZÄÖÜ][\w-]*(?: [A-ZÄÖÜ][\w-]*)?) (?P<verb>[a-zäöüß]+) (?P<rest>.+)",
        lambda m: _wondering(f"{m['w'].lower()} {m['noun']}", m["verb"], m["rest"]),
    ),
    (r"(?i:wie viel) (?P<verb>ist|sind|kostet|kosten) (?P<rest>.+)", lambda m: _wondering("wie viel", m["verb"], m["rest"])),
    (
        r"(?i:(?P<w>was|wer|wen|wem|wo|wohin|woher|wann|warum|wieso|weshalb|wie)) (?P<verb>[a-zäöüß]+) sich (?P<rest>[^,]+)",
        lambda m: [f"Ich wüsste gern, {m['w'].lower()} sich {_clause(m['verb'], m['rest'])}."],
    ),
    (r"(?i:(?P<w>was|wer|wen|wem|wo|wohin|woher|wann|warum|wieso|weshalb|wie)) (?P<verb>[a-zäöüß]+) (?P<rest>.+)", _direct),
    (
        r"(?i:(?P<verb>VERB)) (?P<rest>[^,]+)",
        lambda m: [f"Ich frage mich, ob {_clause(m['verb'].lower(), m['rest'])}.", f"{m[0]}, ja oder nein?", f"{m[0]} oder nicht?"],
    ),
    ADJ="lange?|oft|weit|alt|groß|hoch|schnell|früh|spät|teuer|schwer|warm|kalt|tief|breit|gut",
    IMPERATIVE="|".join(_imperative(infinitive) for infinitive in _INFINITIVES) + "|" + "|".join(_INFINITIVES),
    VERB="ist|sind|war|waren|hat|haben|habe|hast|kann|können|kannst|könnte|darf|dürfen|muss|müssen|soll|sollen|will|wollen|wird|werden|gibt|gilt"
    "|geht|gehört|braucht|brauche|bekommt|bekomme|arbeitet|wohnt|heißt|kommt|kennst|kostet|liegt|steht|funktioniert",
)
