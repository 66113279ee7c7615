"""What the columns of a table or the keys of a record mean, by their names in several styles and languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from academy.errors import Invalid

PARTS = ("situation", "action", "input", "system", "history", "rejected", "rating", "result", "feedback", "tags", "timestamp", "lesson_id")
"""What a column can mean."""
_NAMES: dict[str, str] = {
    "situation": "situation instruction prompt question query request user human ask frage pytanie pregunta domanda pergunta vraag otazka"
    " вопрос запит питання 问题 問題 質問 질문 userprompt usermessage userquery usertext userinput userturn humanmessage anweisung"
    " polecenie instrukcja eingabe zapytanie demande consigne solicitud istruzione anfrage instructions"
    " questions prompts problem q input title text",
    "action": "action response answer output completion reply assistant chosen target solution antwort odpowiedz respuesta reponse risposta"
    " resposta antwoord odpoved ответ відповідь 回答 答案 応答 답변 assistantmessage assistantresponse assistantreply airesponse"
    " botresponse modelresponse modeloutput gptresponse ausgabe wyjscie rozwiazanie answers responses"
    " outputs accepted preferred gpt chatgpt bot ai"
    " model generated completiontext answertext responsetext gold reference label a",
    "input": "input context kontext kontekst contexto contexte contesto passage document knowledge",
    "system": "system systemprompt systemmessage sysprompt systemrole systeminstruction",
    "history": "history verlauf historia",
    "rejected": "rejected rejectedresponse rejectedanswer dispreferred nonpreferred nonpreferredoutput worse badanswer",
    "rating": "rating rated thumbs thumb vote bewertung ocena evaluation",
    "result": "result ergebnis wynik outcome resultat resultado success",
    "feedback": "feedback comment rueckmeldung ruckmeldung uwagi komentarz kommentar",
    "tags": "tags tag category categories topic topics label labels schlagworte kategorie kategoria etykiety",
    "timestamp": "timestamp time date datetime created createdat createtime zeit zeitpunkt datum czas data",
    "lesson_id": "lessonid",
}
SYNONYMS: dict[str, list[str]] = {part: names.split() for part, names in _NAMES.items()}
THINKING = set(
    """
    reasoning reasoningcontent reasoningtrace thinking thinkingtrace thought thoughts chainofthought cot complexcot rationale
    """.split()  # noqa: SIM905
)
"""Names of a column that holds the thoughts before the answer."""
ALIASES = {"question": "situation", "prompt": "situation", "instruction": "situation", "answer": "action", "response": "action"}
ALIASES |= {"output": "action", "completion": "action", "context": "input", "time": "timestamp", "chosen": "action", "id": "lesson_id"}
# A column of these words says something about the text, it is not the text.
ABOUT = set(
    """
    id ids no nr num number len length token tokens type count score lang language url hash source
    model time date index idx name size words chars embedding at is has status
    """.split()  # noqa: SIM905
)
_LETTERS = str.maketrans({"ł": "l", "Ł": "l", "ß": "ss", "đ": "d", "ø": "o"})


def recognise(columns: Sequence[str]) -> dict[str, str]:
    """What the columns mean, by their names in several styles and languages: part → column."""
    return dict(_recognised(tuple(columns)))


@lru_cache(maxsize=1024)
def _recognised(columns: tuple[str, ...]) -> dict[str, str]:
    plain = {column: plain_name(column) for column in columns}
    found: dict[str, str] = {}
    for part in PARTS:
        for name in SYNONYMS[part]:
            column = next((column for column in columns if plain[column] == name and column not in found.values()), None)
            if column is not None:
                found[part] = column
                break
        if part in ("situation", "action") and part not in found:
            column = _by_word(columns, part, set(found.values()))
            if column is not None:
                found[part] = column
    if found.get("action") and not found.get("situation") and "input" in found:
        found["situation"] = found.pop("input")
    return found


def check_mapping(mapping: dict[str, str] | None, columns: Sequence[str] | None = None) -> dict[str, str] | None:
    """The mapping made by hand (part → column) with its aliases resolved; raises Invalid for an unknown part or column."""
    if not mapping:
        return None
    if not any(ALIASES.get(part, part) in PARTS for part in mapping):
        mapping = {part: column for column, part in mapping.items()}  # the other way round, and clear all the same
    resolved = {ALIASES.get(part, part): column for part, column in mapping.items() if column}
    unknown = [part for part in resolved if part not in PARTS]
    if unknown:
        raise Invalid("A column cannot be mapped to {part!r}.", hint="Use one of {parts:commas}.", part=unknown[0][:40], parts=PARTS)
    if "situation" not in resolved or "action" not in resolved:
        raise Invalid("The mapping must name the column of the question and that of the answer.", hint="Map 'situation' and 'action'.")
    if columns is not None:
        missing = [column for column in resolved.values() if column not in columns]
        if missing:
            raise Invalid(
                "There is no column {column!r}.",
                hint="The columns are {columns!r:commas}.",
                column=missing[0][:40],
                columns=[column[:40] for column in columns[:20]],
            )
    return resolved


@lru_cache(maxsize=4096)
def plain_name(column: str) -> str:
    """A column's name without case, accents, spaces and signs."""
    decomposed = unicodedata.normalize("NFKD", column.strip().casefold().translate(_LETTERS))
    return "".join(char for char in decomposed if char.isalnum())


def _by_word(columns: Sequence[str], part: str, taken: set[str]) -> str | None:
    names = {name for name in SYNONYMS[part] if len(name) > 2} - {"title", "text", "label", "input", "model", "bot"}
    for column in columns:
        words = [plain_name(word) for word in re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+", column)]
        if column not in taken and not ABOUT.intersection(words) and any(word in names for word in words):
            return column
    return None
