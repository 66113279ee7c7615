"""The lines of a text, and what each one is: a label, a heading, a row of a table of questions and answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import BinaryIO

from academy.curation.files.columns import recognise
from academy.curation.files.lines import numbered_lines
from academy.curation.files.sessions import AIDER
from academy.curation.files.values import MAX_RECORD
from academy.messages import Message, msg

Open = Callable[[], BinaryIO]
_QUESTION = "q|question|frage|pytanie|pregunta|domanda|pergunta|vraag|otázka|вопрос|питання|问题|问|問題|質問|질문"
_ANSWER = "a|answer|antwort|odpowiedź|odpowiedz|odp|respuesta|réponse|reponse|risposta|resposta|antwoord|odpověď"
_ANSWER += "|ответ|відповідь|回答|答案|答|応答|답변"
# Such words also stand in answers, so they count only where the words above do not occur.
_TASK = "instruction|prompt|input|situation|task|aufgabe|polecenie"
_OUTPUT = "response|completion|output|reply|action|lösung|solution"
_USER = "user|human|you|me|customer|client|student|użytkownik|benutzer|utilisateur|usuario|utente|ty|du"
_ASSISTANT = "assistant|ai|bot|chatbot|gpt|chatgpt|claude|gemini|copilot|model|agent|teacher|asystent|assistent|asistente|assistente"
_ASSISTANT += (
    r"|claude code|deepseek(?:[ -]\w+)?|grok(?:[ -]\d)?|qwen\d?|llama|mistral|le chat|perplexity|cursor|cline|codex|gpt-\w+|aider|lm studio"
)
_SYSTEM = "system"
# What programs write behind the name: the time, or the model in brackets; and before it: a picture.
_ABOUT = (
    r"(?:[ \t]{0,3}[-–—|·,@]?[ \t]{0,3}(?P<about>\([^()\n]{1,100}\)|\[[^\]\n]{1,100}\]|(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4},?[ T]{0,2})?"
    r"\d{1,2}:\d{2}(?::\d{2})?(?:[ ]?[ap]\.?m\.?)?))?"
)
_BEHIND = _ABOUT.replace("about", "behind")
_PICTURE = r"(?:[\u2600-\u27bf\u2b50\ufe0f\u200d\U0001f000-\U0001faff]{1,6}[ \t]{0,3})?"
# Blanks are counted where two runs of them meet: a line of a million blanks must not be tried in all ways.
_STRONG = r"_\*\*|\*\*_|\*\*\*|\*\*|__|\*|_"
_LABEL = re.compile(
    r"^[ ]{0,3}(?P<lead>#{1,6}[ \t]{1,9}|>[ \t]{0,9}|[-*+][ \t]{1,9}|\d{1,4}[.)][ \t]{1,9})?"
    rf"(?P<bold>{_STRONG})?[ \t]{{0,9}}{_PICTURE}\[?"
    rf"(?:(?P<q>{_QUESTION})|(?P<a>{_ANSWER})|(?P<u>{_USER})|(?P<b>{_ASSISTANT})|(?P<s>{_SYSTEM})|(?P<i>{_TASK})|(?P<o>{_OUTPUT}))"
    rf"(?:[ \t]+(?:said|says|wrote|asked|responded|replied|answered))?(?![^\W\d_])\]?{_ABOUT}"
    r"(?P<number>[ \t]*[#№]?\d{1,5})?"
    rf"[ \t]*(?P<close>{_STRONG})?{_BEHIND}[ \t]*(?P<colon>[:：]|(?<=\d)[.)])?[ \t]*"
    rf"(?P<close2>{_STRONG})?[ \t]*(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
# Question and answer by one letter each: German, French, Polish, Spanish, Italian, Dutch, Russian.
_LETTERS = (("F", "A"), ("Q", "R"), ("P", "O"), ("P", "R"), ("D", "R"), ("V", "A"), ("В", "О"))
_LETTER = re.compile(r"^[ ]{0,3}(?:\*\*)?(?P<letter>[FQPDVARO\u0412\u041e])\d{0,5}(?:\*\*)?[ ]?:(?:\*\*)?[ \t]*(?P<rest>.*)$", re.DOTALL)
# A question in bold, with its answer beside or below it.
_BOLD = re.compile(r"^ {0,3}(?:[-*+][ \t]+|\d{1,4}[.)][ \t]+)?(\*\*|__)(?P<asked>[^*_\n][^\n]*?[?？])\1[ \t]*(?P<rest>.*)$", re.DOTALL)
_DELIMITER = re.compile(r":?-+:?")
BOLD_LEVEL = 7
_MAX_COLUMNS = 200
_HEADING = re.compile(r"^ {0,3}(#{1,6})(?=[ \t\r\n]|$)")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
RULE = re.compile(r"^ {0,3}([-*_=])(?:[ \t]*\1){2,}[ \t]*\r?\n?$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-+)[ \t]*\r?\n?$")


# What an exporter writes above a chat: of a chat, prompts and responses are one conversation.
_EXPORTED = re.compile(r"\*\*(?:User|Created|Updated|Exported|Link|Source|URL|Model|Date):\*\*", re.IGNORECASE)


class Survey:
    """What there is of each form in a text."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.labels: Counter[str] = Counter()
        self.headings = self.asking = self.bold = self.tables = self.exported = 0
        self.sessions = False
        self._letters: Counter[str] = Counter()
        self._first_letter = ""
        self._paragraphs: list[bool] = []  # of the first ones: does its first line ask?
        blank = True
        for line in lines:
            self.labels[line.label] += 1
            self.headings += line.level > 0
            self.exported += bool(_EXPORTED.match(line.text))
            self.sessions = self.sessions or line.text.startswith(AIDER)
            self.asking += line.level > 0 and asks(line.heading)
            self.tables += line.table == "head"
            self.bold += not line.table and bool(_BOLD.match(line.text))
            if match := _LETTER.match(line.text):
                self._letters[match["letter"]] += 1
                self._first_letter = self._first_letter or match["letter"]
            if blank and line.text.strip() and len(self._paragraphs) < 1000:
                self._paragraphs.append(asks(line.text))
            blank = not line.text.strip()

    def letters(self) -> tuple[str, str] | None:
        """The letters that mark questions and answers, if two do."""
        pairs = [pair for pair in _LETTERS if self._first_letter == pair[0] and self._letters[pair[1]]]
        return max(pairs, key=lambda pair: self._letters[pair[1]], default=None)

    def is_of_paragraphs(self) -> bool:
        """Whether at least two paragraphs, among them the first or second, begin with a line that asks, and not much else is there."""
        asking = sum(self._paragraphs)
        return asking > 1 and any(self._paragraphs[:2]) and 3 * asking >= len(self._paragraphs)


def asks(text: str) -> bool:
    """Whether a line ends in a question mark."""
    return text.rstrip().endswith(("?", "？"))


class Line:
    """A line outside of fenced code: a label with the text after it, a heading of a level, or a row of a table."""

    __slots__ = ("cells", "heading", "label", "level", "number", "problem", "rest", "table", "text", "underline")

    def __init__(self, number: int, text: str, problem: Message | None, fenced: bool, letters: tuple[str, str] | None, bold: bool) -> None:
        self.number = number
        self.text = text
        self.problem = problem
        self.label = ""
        self.rest = ""
        self.level = 0
        self.heading = ""
        self.underline = False
        self.table = ""  # head, rule or row of a table of questions and answers
        self.cells: dict[str, str] | Message | None = None  # of a row of such a table, or its problem
        if fenced or problem:
            return
        if letters:
            if (match := _LETTER.match(text)) and match["letter"] in letters:
                self.label, self.rest = "q" if match["letter"] == letters[0] else "a", match["rest"]
            return
        if match := _HEADING.match(text):
            self.level = len(match[1])
            self.heading = _without_closing(text[match.end() :].strip())
        label = _LABEL.match(text)
        if label and _is_label(label):
            self.label = next(name for name in "qaubsio" if label[name])
            self.rest = label["rest"]
            if label["bold"] and not label["close"] and not label["close2"]:
                stripped = self.rest.rstrip()
                if stripped.endswith(label["bold"]):
                    self.rest = stripped[: -len(label["bold"])]
            self.level = 0
        if bold and (match := _BOLD.match(text)):
            self.level, self.heading, self.label, self.rest = BOLD_LEVEL, match["asked"].strip(), "", match["rest"]


def _without_closing(heading: str) -> str:
    """The heading without the signs that may close it ("## What? ##")."""
    bare = heading.rstrip("#")
    return bare.rstrip() if bare != heading and (not bare or bare[-1] in " \t") else heading


def _is_label(match: re.Match[str]) -> bool:
    if (match["about"] or match["behind"]) and not (match["u"] or match["b"] or match["s"]):
        return False
    if match["colon"]:
        return True
    # Without a colon only a heading (## Question 3) or a line of its own in bold is a label.
    return not match["rest"].strip() and bool((match["lead"] or "").startswith("#") or (match["bold"] and match["close"]))


def lines_of(opened: Open, *, letters: tuple[str, str] | None = None, bold: bool = False) -> Iterator[Line]:
    """The lines of a text one by one, each with what it is; `letters` and `bold` say which marks count as labels."""
    head = opened().read(1 << 16)
    newline = b"\r" if b"\r" in head and b"\n" not in head else b"\n"
    file = opened()
    fence = ""
    pending: Line | None = None
    columns: _Columns | None = None
    for number, raw, length in numbered_lines(file, MAX_RECORD, newline):
        problem: Message | None = None
        if length > MAX_RECORD and not raw:
            problem = msg("line {line} is longer than {limit} MB", line=number, limit=MAX_RECORD >> 20)
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            problem = msg("line {line} is not UTF-8 (byte 0x{byte:02x})", line=number, byte=raw[error.start])
            text = raw.decode("utf-8", "replace")
        if newline == b"\r":
            text = text.removesuffix("\r") + "\n"
        if number == 1:
            text = text.removeprefix("\ufeff")
        match = _FENCE.match(text)
        line = Line(number, text, problem, bool(fence) or bool(match), letters, bold)
        if match and not fence:
            fence = match[1]
        elif match and match[1].startswith(fence) and text.strip() == match[1]:
            fence = ""
        # A line that is underlined is a heading, or the head of a table, which only the next line shows.
        if columns and (fence or not text.strip() or "|" not in text):
            columns = None
        elif columns:
            line.table, line.cells, line.label, line.level = "row", columns.cells(text), "", 0
        if pending is not None:
            under = _UNDERLINE.match(text)
            if not columns and not fence and _is_delimiter(text) and (columns := _Columns.of(pending.text)):
                pending.table, line.table = "head", "rule"
                pending.label, pending.level = "", 0
            elif under and not fence and _can_be_underlined(pending):
                pending.level = 1 if "=" in under[1] else 2
                pending.heading = pending.text.strip()
                line.underline = True
            yield pending
        pending = line
    if pending is not None:
        yield pending


def _can_be_underlined(line: Line) -> bool:
    text = line.text.strip()
    return (
        bool(text) and not line.level and not line.label and not line.underline and text[0] not in "-*+>|#=`~" and not RULE.match(line.text)
    )


class _Columns:
    """The columns of a table of questions and answers."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    @staticmethod
    def of(head: str) -> _Columns | None:
        """The columns of a table with this head; None where it is not one of questions and answers."""
        names = _cells(head)
        parts = recognise(names) if len(names) <= _MAX_COLUMNS else {}
        known = "situation" in parts and "action" in parts and len(set(names)) == len(names)
        return _Columns(names) if known else None

    def cells(self, row: str) -> dict[str, str] | Message:
        """The cells of a row by the names of their columns; those at its end may be missing."""
        cells, count = _cells(row), len(self._names)
        if len(cells) > count:
            return msg("has {n} cells instead of {expected} (a bar inside a cell is written as \\|)", n=len(cells), expected=count)
        return dict(zip(self._names, [*cells, *[""] * (count - len(cells))], strict=True))


def _is_delimiter(text: str) -> bool:
    """Whether this is the line between the head of a table and its rows."""
    if not text.lstrip().startswith(("|", "-", ":")) or "|" not in text or len(text) > 20 * _MAX_COLUMNS:
        return False
    return all(_DELIMITER.fullmatch(cell) for cell in _cells(text))


def _cells(row: str) -> list[str]:
    inner = row.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]
