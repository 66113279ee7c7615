"""Questions and answers in Markdown and plain text: "Q: … A: …", dialogues, headings with the text below them, tables, paragraphs."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import BinaryIO

from academy.curation.examples import Role, Turn
from academy.curation.files.columns import recognise
from academy.curation.files.lines import numbered_lines
from academy.curation.files.records import Kept, Refused, keep, read_record
from academy.curation.files.turns import in_order
from academy.curation.files.values import MAX_RECORD, RowError, check_content, shown
from academy.curation.lessons import MAX_TEXT
from academy.errors import Invalid

Open = Callable[[], BinaryIO]
# Lines before the first label that are held in memory at most.
_MAX_BEFORE = 100_000

_QUESTION = "q|question|frage|pytanie|pregunta|domanda|pergunta|vraag|otázka|вопрос|питання|问题|问|問題|質問|질문"
_ANSWER = "a|answer|antwort|odpowiedź|odpowiedz|odp|respuesta|réponse|reponse|risposta|resposta|antwoord|odpověď"
_ANSWER += "|ответ|відповідь|回答|答案|答|応答|답변"
# Such words also stand in answers, so they count only where the words above do not occur.
_TASK = "instruction|prompt|input|situation|task|aufgabe|polecenie"
_OUTPUT = "response|completion|output|reply|action|lösung|solution"
_USER = "user|human|you|me|customer|client|student|użytkownik|benutzer|utilisateur|usuario|utente|ty|du"
_ASSISTANT = "assistant|ai|bot|chatbot|gpt|chatgpt|claude|gemini|copilot|model|agent|teacher|asystent|assistent|asistente|assistente"
_SYSTEM = "system"
# Blanks are counted where two runs of them meet: a line of a million blanks must not be tried in all ways.
_LABEL = re.compile(
    r"^[ ]{0,3}(?P<lead>#{1,6}[ \t]{1,9}|>[ \t]{0,9}|[-*+][ \t]{1,9}|\d{1,4}[.)][ \t]{1,9})?(?P<bold>\*\*|__|\*|_)?[ \t]{0,9}"
    rf"(?:(?P<q>{_QUESTION})|(?P<a>{_ANSWER})|(?P<u>{_USER})|(?P<b>{_ASSISTANT})|(?P<s>{_SYSTEM})|(?P<i>{_TASK})|(?P<o>{_OUTPUT}))"
    r"(?:[ \t]+said)?(?![^\W\d_])"
    r"(?P<number>[ \t]*[#№]?\d{1,5})?"
    r"[ \t]*(?P<close>\*\*|__|\*|_)?[ \t]*(?P<colon>[:：]|(?<=\d)[.)])?[ \t]*(?P<close2>\*\*|__|\*|_)?[ \t]*(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
# Question and answer by one letter each: German, French, Polish, Spanish, Italian, Dutch, Russian.
_LETTERS = (("F", "A"), ("Q", "R"), ("P", "O"), ("P", "R"), ("D", "R"), ("V", "A"), ("В", "О"))
_LETTER = re.compile(r"^[ ]{0,3}(?:\*\*)?(?P<letter>[FQPDVARO\u0412\u041e])\d{0,5}(?:\*\*)?[ ]?:(?:\*\*)?[ \t]*(?P<rest>.*)$", re.DOTALL)
# A question in bold, with its answer beside or below it.
_BOLD = re.compile(r"^ {0,3}(?:[-*+][ \t]+|\d{1,4}[.)][ \t]+)?(\*\*|__)(?P<asked>[^*_\n][^\n]*?[?？])\1[ \t]*(?P<rest>.*)$", re.DOTALL)
_DELIMITER = re.compile(r":?-+:?")
_BOLD_LEVEL = 7
_MAX_COLUMNS = 200
_INPUT = re.compile(r"\binput\b", re.IGNORECASE)
_HEADING = re.compile(r"^ {0,3}(#{1,6})(?=[ \t\r\n]|$)")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_RULE = re.compile(r"^ {0,3}([-*_=])(?:[ \t]*\1){2,}[ \t]*\r?\n?$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-+)[ \t]*\r?\n?$")


def read_prose(opened: Open, notes: list[str]) -> Iterator[Kept | Refused]:
    """The questions and answers of a text, which is read several times; raises Invalid where there are none to be seen."""
    empty = True
    for item in _found(opened, notes):
        empty = False
        yield item
    if empty:
        raise Invalid(
            "No questions and answers were found in this text.",
            hint="Write 'Q: …' and 'A: …', or a heading for each question with its answer below.",
        )


def _found(opened: Open, notes: list[str]) -> Iterator[Kept | Refused]:
    seen = _Survey(_lines(opened))
    labels, asks = seen.labels, seen.asking
    if seen.tables:
        yield from _tabled(_lines(opened))
    if labels["q"] and labels["a"]:
        yield from _mixed(_lines(opened), {"q": "user", "a": "assistant", "s": "system"}, notes)
    elif labels["u"] and labels["b"]:
        yield from _labelled(_lines(opened), {"u": "user", "b": "assistant", "s": "system"}, notes)
    elif labels["i"] and labels["o"]:
        yield from _mixed(_lines(opened), {"i": "user", "o": "assistant", "s": "system"}, notes)
    elif (letters := seen.letters()) and not asks:
        yield from _labelled(_lines(opened, letters=letters), {"q": "user", "a": "assistant"}, notes)
    elif seen.bold and not asks:
        yield from _headed(_lines(opened, bold=True), notes)
    elif seen.headings:
        yield from _headed(_lines(opened), notes)
    elif seen.tables:
        beside = sum(bool(line.text.strip()) and not line.table for line in _lines(opened))
        if beside:
            notes.append(f"{beside} lines beside the tables are no questions and were left out")
    elif seen.is_of_paragraphs():
        yield from _in_paragraphs(_lines(opened), notes)


class _Survey:
    """What there is of each form in a text."""

    def __init__(self, lines: Iterator[_Line]) -> None:
        self.labels: Counter[str] = Counter()
        self.headings = self.asking = self.bold = self.tables = 0
        self._letters: Counter[str] = Counter()
        self._first_letter = ""
        self._paragraphs: list[bool] = []  # of the first ones: does its first line ask?
        blank = True
        for line in lines:
            self.labels[line.label] += 1
            self.headings += line.level > 0
            self.asking += line.level > 0 and _asks(line.heading)
            self.tables += line.table == "head"
            self.bold += not line.table and bool(_BOLD.match(line.text))
            if match := _LETTER.match(line.text):
                self._letters[match["letter"]] += 1
                self._first_letter = self._first_letter or match["letter"]
            if blank and line.text.strip() and len(self._paragraphs) < 1000:
                self._paragraphs.append(_asks(line.text))
            blank = not line.text.strip()

    def letters(self) -> tuple[str, str] | None:
        """The letters that mark questions and answers, if two do."""
        pairs = [pair for pair in _LETTERS if self._first_letter == pair[0] and self._letters[pair[1]]]
        return max(pairs, key=lambda pair: self._letters[pair[1]], default=None)

    def is_of_paragraphs(self) -> bool:
        """Whether at least two paragraphs, among them the first or second, begin with a line that asks, and not much else is there."""
        asking = sum(self._paragraphs)
        return asking > 1 and any(self._paragraphs[:2]) and 3 * asking >= len(self._paragraphs)


def _asks(text: str) -> bool:
    return text.rstrip().endswith(("?", "？"))


class _Line:
    """A line, and what it is outside of fenced code: a label with the text after it, or a heading of a level."""

    __slots__ = ("cells", "heading", "label", "level", "number", "problem", "rest", "table", "text", "underline")

    def __init__(self, number: int, text: str, problem: str, fenced: bool, letters: tuple[str, str] | None, bold: bool) -> None:
        self.number = number
        self.text = text
        self.problem = problem
        self.label = ""
        self.rest = ""
        self.level = 0
        self.heading = ""
        self.underline = False
        self.table = ""  # head, rule or row of a table of questions and answers
        self.cells: dict[str, str] | str = ""  # of a row of such a table; or what is wrong with it
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
            self.level, self.heading, self.label, self.rest = _BOLD_LEVEL, match["asked"].strip(), "", match["rest"]


def _without_closing(heading: str) -> str:
    """The heading without the signs that may close it ("## What? ##")."""
    bare = heading.rstrip("#")
    return bare.rstrip() if bare != heading and (not bare or bare[-1] in " \t") else heading


def _is_label(match: re.Match[str]) -> bool:
    if match["colon"]:
        return True
    # Without a colon only a heading (## Question 3) or a line of its own in bold is a label.
    return not match["rest"].strip() and bool((match["lead"] or "").startswith("#") or (match["bold"] and match["close"]))


def _lines(opened: Open, *, letters: tuple[str, str] | None = None, bold: bool = False) -> Iterator[_Line]:
    head = opened().read(1 << 16)
    newline = b"\r" if b"\r" in head and b"\n" not in head else b"\n"
    file = opened()
    fence = ""
    pending: _Line | None = None
    columns: _Columns | None = None
    for number, raw, length in numbered_lines(file, MAX_RECORD, newline):
        problem = ""
        if length > MAX_RECORD and not raw:
            problem = f"line {number} is longer than {MAX_RECORD >> 20} MB"
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            problem = f"line {number} is not UTF-8 (byte 0x{raw[error.start]:02x})"
            text = raw.decode("utf-8", "replace")
        if newline == b"\r":
            text = text.removesuffix("\r") + "\n"
        if number == 1:
            text = text.removeprefix("\ufeff")
        match = _FENCE.match(text)
        line = _Line(number, text, problem, bool(fence) or bool(match), letters, bold)
        if match and not fence:
            fence = match[1]
        elif match and match[1].startswith(fence) and text.strip() == match[1]:
            fence = ""
        # A line that is underlined is a heading, or the head of a table, which only the next line tells.
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


def _can_be_underlined(line: _Line) -> bool:
    text = line.text.strip()
    return (
        bool(text)
        and not line.level
        and not line.label
        and not line.underline
        and text[0] not in "-*+>|#=`~"
        and not _RULE.match(line.text)
    )


# ------------------------------------------------------------------ tables


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

    def cells(self, row: str) -> dict[str, str] | str:
        """The cells of a row by the names of their columns; those at its end may be missing."""
        cells, count = _cells(row), len(self._names)
        if len(cells) > count:
            return f"has {len(cells)} cells instead of {count} (a bar inside a cell is written as \\|)"
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


def _tabled(lines: Iterator[_Line]) -> Iterator[Kept | Refused]:
    for line in lines:
        if line.table == "row":
            problem = line.problem or (line.cells if isinstance(line.cells, str) else "")
            yield Refused(line.number, problem) if problem else read_record(line.number, line.cells)


# ------------------------------------------------------------------ labels


class _Said:
    """What stands between two labels."""

    def __init__(self, role: Role | None, line: _Line) -> None:
        self.role: Role | None = role
        self.first = line.number
        self.tabled = False
        self.lines: list[_Line] = []
        self.size = 0
        self.problem = ""
        self.parted = False

    def add(self, line: _Line, text: str) -> None:
        if line.table:
            self.tabled = True
            return
        self.problem = self.problem or line.problem
        self.size += len(text)
        if self.size <= MAX_TEXT + 1000:
            self.lines.append(line)
        elif not self.problem:
            self.problem = f"is longer than {MAX_TEXT:,} characters"

    def text(self, start: str) -> str:
        return (start + "".join(line.text for line in self.lines)).strip()

    def part(self) -> None:
        """Takes rules and headings off the end: they belong to what follows. A parting one ends a conversation."""
        while self.lines and (
            not self.lines[-1].text.strip() or self.lines[-1].level or self.lines[-1].underline or _RULE.match(self.lines[-1].text)
        ):
            self.parted = self.parted or bool(self.lines[-1].text.strip())
            self.lines.pop()


def _mixed(lines: Iterator[_Line], roles: dict[str, Role], notes: list[str]) -> Iterator[Kept | Refused]:
    """Headings that ask, with the text below, may stand before the first label; from there on the labels tell."""
    before: list[_Line] = []
    for line in lines:
        before.append(line)
        if line.label in roles or len(before) > _MAX_BEFORE:
            break
    if any(line.level and _asks(line.heading) for line in before[:-1]):
        yield from _headed(iter(before[:-1]), notes)
        before = before[-1:]
    yield from _labelled(itertools.chain(before, lines), roles, notes)


def _labelled(lines: Iterator[_Line], roles: dict[str, Role], notes: list[str]) -> Iterator[Kept | Refused]:
    pairs = "u" not in roles
    conversation: list[tuple[_Said, str]] = []
    current: _Said | None = None
    start = ""
    for line in _without_front_matter(lines, notes):
        more = line.label == "i" and current is not None and current.role == "user" and bool(_INPUT.search(line.text))
        if line.label in roles and not more:
            if current is not None:
                current.part()
                conversation.append((current, current.text(start)))
                ended = current.parted or current.role is None
                done = current.role == "assistant" or (current.role == "user" and roles[line.label] != "assistant")
                if ended or (pairs and done):
                    yield from _closed(conversation, pairs, notes)
                    conversation = []
            current, start = _Said(roles[line.label], line), line.rest
            current.size = len(start)
        else:
            if current is None:
                current, start = _Said(None, line), ""
            current.add(line, line.text)
    if current is not None:
        conversation.append((current, current.text(start)))
        yield from _closed(conversation, pairs, notes)


def _closed(said: list[tuple[_Said, str]], pairs: bool, notes: list[str]) -> Iterator[Kept | Refused]:
    if not said:
        return
    first = said[0][0]
    if first.role is None:
        if said[0][1]:
            notes.append(f"line {first.first}: the text before the first question belongs to none and was left out")
        yield from _closed(said[1:], pairs, notes)
        return
    turns: list[Turn] = []
    try:
        for item, text in said:
            role = item.role
            if item.problem:
                raise RowError(item.problem)
            if role is not None:
                turns.append(Turn(role, check_content(text, f"the {role}'s text in line {item.first}")))
        if turns[0].role == "assistant":
            raise RowError("is an answer without a question")
        if turns[-1].role != "assistant":
            raise RowError("is a question without an answer" if len(turns) == 1 else "ends with a question that has no answer")
        yield keep(first.first, in_order(turns))
    except RowError as error:
        yield Refused(first.first, str(error))


# ------------------------------------------------------------------ headings


def _headed(lines: Iterator[_Line], notes: list[str]) -> Iterator[Kept | Refused]:
    chapters = 0
    heading: _Line | None = None
    said: _Said | None = None
    asks = 0
    for line in _without_front_matter(lines, notes):
        if line.underline:
            continue
        # Below a heading that asks (ends in a question mark) deeper ones that do not are part of its answer.
        if line.level and not (asks and line.level > asks and not _asks(line.heading)):
            if heading is not None and said is not None:
                if _is_chapter(said, heading, line, notes):
                    chapters += not said.text(heading.rest)
                else:
                    yield _under(heading, said)
            elif said is not None and said.text(""):
                notes.append(f"line {said.first}: the text before the first heading belongs to no question and was left out")
            heading, said = line, _Said("assistant", line)
            asks = line.level if _asks(line.heading) else 0
        else:
            if said is None:
                said = _Said(None, line)
            said.add(line, line.text)
    if heading is not None and said is not None and not _is_chapter(said, heading, None, notes):
        yield _under(heading, said)
    if chapters:
        notes.append(f"headings that only hold other headings or a table, and are no questions: {chapters}")


def _is_chapter(said: _Said, heading: _Line, following: _Line | None, notes: list[str]) -> bool:
    """Whether a heading is a title above questions or above a table of them; text below it is then an introduction."""
    deeper = following is not None and following.level > heading.level
    text = said.text(heading.rest if heading.level == _BOLD_LEVEL else "")
    if said.problem or _asks(heading.heading) or not (said.tabled or (deeper and (not text or _asks(following.heading)))):  # type: ignore[union-attr]
        return False
    if text:
        notes.append(f"line {heading.number}: the text below the heading {shown(heading.heading)} is an introduction and was left out")
    return True


def _under(heading: _Line, said: _Said) -> Kept | Refused:
    try:
        if said.problem:
            raise RowError(said.problem)
        text = said.text(heading.rest if heading.level == _BOLD_LEVEL else "")
        if not heading.heading:
            raise RowError("has an empty heading")
        if not text:
            raise RowError("has no answer: there is no text below the heading")
        turns = (
            Turn("user", check_content(heading.heading, "the heading")),
            Turn("assistant", check_content(text, "the text below the heading")),
        )
        return keep(heading.number, turns)
    except RowError as error:
        return Refused(heading.number, str(error))


def _without_front_matter(lines: Iterator[_Line], notes: list[str]) -> Iterator[_Line]:
    """The lines after a block of settings between two `---` at the very beginning."""
    held: list[_Line] = []
    for line in lines:
        if line.number == 1 and line.text.strip() == "---":
            held.append(line)
            continue
        if not held:
            yield line
            continue
        held.append(line)
        if line.text.strip() in ("---", "..."):
            notes.append(f"the settings in lines 1 to {line.number} were left out")
            held = []
        elif len(held) > 200 or not line.text.strip():
            yield from held
            held = []
    yield from held


# ------------------------------------------------------------------ paragraphs


def _in_paragraphs(lines: Iterator[_Line], notes: list[str]) -> Iterator[Kept | Refused]:
    """A paragraph whose first line asks begins a pair; what follows, to the next such paragraph, is the answer."""
    question: _Line | None = None
    said: _Said | None = None
    blank = True
    for line in lines:
        if blank and _asks(line.text):
            if question is not None and said is not None:
                yield _answered(question, said)
            elif said is not None and said.text(""):
                notes.append(f"line {said.first}: the text before the first question belongs to none and was left out")
            question, said = line, _Said("assistant", line)
        else:
            said = said or _Said(None, line)
            said.add(line, line.text)
        blank = not line.text.strip()
    if question is not None and said is not None:
        yield _answered(question, said)


def _answered(question: _Line, said: _Said) -> Kept | Refused:
    try:
        if said.problem or question.problem:
            raise RowError(said.problem or question.problem)
        answer = said.text("")
        if not answer:
            raise RowError("is a question without an answer")
        asked = check_content(question.text.strip(), "the question")
        return keep(question.number, (Turn("user", asked), Turn("assistant", check_content(answer, "the answer"))))
    except RowError as error:
        return Refused(question.number, str(error))
