"""Questions and answers in Markdown and plain text: "Q: … A: …", dialogues, headings with the text below them, tables, paragraphs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from academy.curation.examples import Role, Turn
from academy.curation.files.extras import read_time
from academy.curation.files.prose_lines import BOLD_LEVEL, RULE, Line, Open, Survey, asks, lines_of
from academy.curation.files.records import BEGINNING, Kept, Refused, keep, read_record
from academy.curation.files.said import turns_of
from academy.curation.files.sessions import aider
from academy.curation.files.turns import in_order
from academy.curation.files.values import RowError, check_content, shown
from academy.curation.lessons import MAX_TEXT
from academy.errors import Invalid
from academy.messages import Message, msg

_BEFORE_HEADING = "line {line}: the text before the first heading belongs to no question and was left out"
_BEFORE_QUESTION = "line {line}: the text before the first question belongs to none and was left out"
_INTRODUCTION = "line {line}: the text below the heading {heading} is an introduction and was left out"
_CHAPTERS = "headings that only hold other headings, labelled questions or a table, and are no questions: {n}"
_INPUT = re.compile(r"\binput\b", re.IGNORECASE)


def read_prose(opened: Open, notes: list[Message]) -> Iterator[Kept | Refused]:
    """The questions and answers of a text, which is read several times; raises Invalid where there are none."""
    empty = True
    for item in _found(opened, notes):
        empty = False
        yield item
    if empty:
        raise Invalid(
            "No questions and answers were found in this text.",
            hint="Write 'Q: …' and 'A: …', or a heading for each question with its answer below.",
        )


def _found(opened: Open, notes: list[Message]) -> Iterator[Kept | Refused]:
    seen = Survey(lines_of(opened))
    labels, asking = seen.labels, seen.asking
    if seen.sessions:
        yield from _sessions(lines_of(opened))
        return
    if seen.tables:
        yield from _tabled(lines_of(opened))
    if labels["q"] and labels["a"]:
        yield from _mixed(lines_of(opened), {"q": "user", "a": "assistant", "s": "system"}, notes)
    elif labels["u"] and labels["b"]:
        yield from _labelled(lines_of(opened), {"u": "user", "b": "assistant", "s": "system"}, notes)
    elif labels["i"] and labels["o"] and seen.exported > 1:
        yield from _labelled(lines_of(opened), {"i": "user", "o": "assistant", "s": "system"}, notes, pairs=False)
    elif labels["i"] and labels["o"]:
        yield from _mixed(lines_of(opened), {"i": "user", "o": "assistant", "s": "system"}, notes)
    elif (letters := seen.letters()) and not asking:
        yield from _labelled(lines_of(opened, letters=letters), {"q": "user", "a": "assistant"}, notes)
    elif seen.bold and not asking:
        yield from _headed(lines_of(opened, bold=True), notes)
    elif seen.headings:
        yield from _headed(lines_of(opened), notes)
    elif seen.tables:
        beside = sum(bool(line.text.strip()) and not line.table for line in lines_of(opened))
        if beside:
            notes.append(msg("{n} lines beside the tables are no questions and were left out", n=beside))
    elif seen.is_of_paragraphs():
        yield from _in_paragraphs(lines_of(opened), notes)


# ------------------------------------------------------------------ tables


def _tabled(lines: Iterator[Line]) -> Iterator[Kept | Refused]:
    for line in lines:
        if line.table == "row":
            problem = line.problem or (line.cells if isinstance(line.cells, Message) else None)
            yield Refused(line.number, problem, line.text[:BEGINNING]) if problem else read_record(line.number, line.cells)


# ------------------------------------------------------------------ labels


class _Block:
    """The text between two labels."""

    def __init__(self, role: Role | None, line: Line) -> None:
        self.role: Role | None = role
        self.first = line.number
        self.tabled = False
        self.lines: list[Line] = []
        self.size = 0
        self.problem: Message | None = None
        self.parted = self.ruled = False

    def add(self, line: Line, text: str) -> None:
        if line.table:
            self.tabled = True
            return
        self.problem = self.problem or line.problem
        self.size += len(text)
        if self.size <= MAX_TEXT + 1000:
            self.lines.append(line)
        elif not self.problem:
            self.problem = msg("is longer than {limit:number} characters", limit=MAX_TEXT)

    def text(self, start: str) -> str:
        return (start + "".join(line.text for line in self.lines)).strip()

    def part(self) -> None:
        """Takes rules and headings off the end: they belong to what follows, and end a conversation."""
        while self.lines and (
            not self.lines[-1].text.strip() or self.lines[-1].level or self.lines[-1].underline or RULE.match(self.lines[-1].text)
        ):
            last = self.lines.pop()
            self.ruled = self.ruled or bool(RULE.match(last.text))
            self.parted = self.parted or bool(last.text.strip() and not RULE.match(last.text))


class _Runs:
    """Parts the lines of a text with labels and headings: a heading ends an answer, a label ends the text below a heading."""

    def __init__(self, roles: dict[str, Role]) -> None:
        self._roles = roles
        self._level = 0
        self.labelled = False
        self.number = 0
        self.title = 0
        self.chapters = 0

    def of(self, line: Line) -> int:
        """The number of the run to which a line belongs."""
        if line.label in self._roles:
            self.number += not self.labelled
            self.labelled = True
            # Below a label that is a heading itself (### Response:), deeper headings are part of the answer.
            self._level = len(line.text.lstrip()) - len(line.text.lstrip().lstrip("#"))
        elif _is_heading(line):
            self.title = self.title or line.number
            if self.labelled and not (self._level and line.level > self._level):
                self.number += 1
                self.labelled = False
        return self.number


def _is_heading(line: Line) -> bool:
    # A line of dashes below a text parts two answers more often than it makes a heading of the text.
    return bool(line.level) and (line.level == 1 or line.text.lstrip().startswith("#"))


def _mixed(lines: Iterator[Line], roles: dict[str, Role], notes: list[Message]) -> Iterator[Kept | Refused]:
    """Questions and answers with labels, and headings with the text below them, in any order."""
    runs = _Runs(roles)
    for _, run in itertools.groupby(lines, runs.of):
        if runs.labelled:
            yield from _labelled(run, roles, notes)
        else:
            yield from _headed(run, notes, runs)
    if runs.chapters:
        notes.append(msg(_CHAPTERS, n=runs.chapters))


def _labelled(
    lines: Iterator[Line], roles: dict[str, Role], notes: list[Message], *, pairs: bool | None = None
) -> Iterator[Kept | Refused]:
    pairs = "u" not in roles if pairs is None else pairs
    ruled = False  # a rule parts each message from the next one, and no conversations
    conversation: list[tuple[_Block, str]] = []
    current: _Block | None = None
    start = ""
    for line in _without_front_matter(lines, notes):
        more = line.label == "i" and current is not None and current.role == "user" and bool(_INPUT.search(line.text))
        if line.label in roles and not more:
            if current is not None:
                current.part()
                conversation.append((current, current.text(start)))
                if current.ruled and current.role == "user" and roles[line.label] == "assistant":
                    ruled = True
                ended = current.parted or (current.ruled and not ruled) or current.role is None
                done = current.role == "assistant" or (current.role == "user" and roles[line.label] != "assistant")
                if ended or (pairs and done):
                    yield from _closed(conversation, pairs, notes)
                    conversation = []
            current, start = _Block(roles[line.label], line), line.rest
            current.size = len(start)
        else:
            if current is None:
                current, start = _Block(None, line), ""
            current.add(line, line.text)
    if current is not None:
        if ruled:
            current.part()
        conversation.append((current, current.text(start)))
        yield from _closed(conversation, pairs, notes)


def _closed(blocks: list[tuple[_Block, str]], pairs: bool, notes: list[Message]) -> Iterator[Kept | Refused]:
    if not blocks:
        return
    first = blocks[0][0]
    if first.role is None:
        if blocks[0][1]:
            notes.append(msg(_BEFORE_QUESTION, line=first.first))
        yield from _closed(blocks[1:], pairs, notes)
        return
    turns: list[Turn] = []
    try:
        for item, text in blocks:
            role = item.role
            if item.problem:
                raise RowError(item.problem)
            if role is not None:
                turns.append(Turn(role, check_content(text, "the {role}'s text in line {line}", role=role, line=item.first)))
        if turns[0].role == "assistant":
            raise RowError("is an answer without a question")
        if turns[-1].role != "assistant":
            raise RowError("is a question without an answer" if len(turns) == 1 else "ends with a question that has no answer")
        yield keep(first.first, in_order(turns))
    except RowError as error:
        yield Refused(first.first, error.reason, blocks[0][1][:BEGINNING])


def _sessions(lines: Iterator[Line]) -> Iterator[Kept | Refused]:
    for number, chat in aider((line.number, line.text) for line in lines):
        notes: list[Message] = []
        try:
            turns, _ = turns_of(chat, notes)
            yield keep(number, turns, time=read_time(chat.time), notes=notes)
        except RowError as error:
            yield Refused(number, error.reason)


# ------------------------------------------------------------------ headings


def _headed(lines: Iterator[Line], notes: list[Message], runs: _Runs | None = None) -> Iterator[Kept | Refused]:
    """Headings with the text below them; `runs` says whether a label stands behind the last one."""
    chapters = 0
    heading: Line | None = None
    block: _Block | None = None
    level = 0
    for line in _without_front_matter(lines, notes):
        if line.underline:
            continue
        # Below a heading that asks (ends in a question mark) deeper ones that do not are part of its answer.
        if line.level and not (level and line.level > level and not asks(line.heading)):
            if heading is not None and block is not None:
                if _is_chapter(block, heading, line, notes):
                    chapters += not block.text(heading.rest)
                else:
                    yield _under(heading, block)
            elif block is not None and block.text(""):
                notes.append(msg(_BEFORE_HEADING, line=block.first))
            heading, block = line, _Block("assistant", line)
            level = line.level if asks(line.heading) else 0
        else:
            if block is None:
                block = _Block(None, line)
            block.add(line, line.text)
    if heading is not None and block is not None:
        if runs is not None and runs.labelled and _is_above_labels(block, heading, runs.title, notes):
            chapters += not block.text(heading.rest)
        elif not _is_chapter(block, heading, None, notes):
            yield _under(heading, block)
    elif block is not None and block.text(""):
        notes.append(msg(_BEFORE_HEADING, line=block.first))
    if runs is not None:
        runs.chapters += chapters
    elif chapters:
        notes.append(msg(_CHAPTERS, n=chapters))


def _is_above_labels(block: _Block, heading: Line, title: int, notes: list[Message]) -> bool:
    """Whether a heading only stands above questions with labels: it has no text, or it is the title with an introduction."""
    text = block.text(heading.rest if heading.level == BOLD_LEVEL else "")
    if block.problem or asks(heading.heading) or (text and heading.number != title):
        return False
    if text:
        notes.append(msg(_INTRODUCTION, line=heading.number, heading=shown(heading.heading)))
    return True


def _is_chapter(block: _Block, heading: Line, following: Line | None, notes: list[Message]) -> bool:
    """Whether a heading is a title above questions or above a table of them; text below it is then an introduction."""
    deeper = following is not None and following.level > heading.level
    text = block.text(heading.rest if heading.level == BOLD_LEVEL else "")
    if block.problem or asks(heading.heading) or not (block.tabled or (deeper and (not text or asks(following.heading)))):  # type: ignore[union-attr]
        return False
    if text:
        notes.append(msg(_INTRODUCTION, line=heading.number, heading=shown(heading.heading)))
    return True


def _under(heading: Line, block: _Block) -> Kept | Refused:
    try:
        if block.problem:
            raise RowError(block.problem)
        text = block.text(heading.rest if heading.level == BOLD_LEVEL else "")
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
        return Refused(heading.number, error.reason, heading.text[:BEGINNING])


def _without_front_matter(lines: Iterator[Line], notes: list[Message]) -> Iterator[Line]:
    """The lines after a block of settings between two `---` at the very beginning."""
    held: list[Line] = []
    for line in lines:
        if line.number == 1 and line.text.strip() == "---":
            held.append(line)
            continue
        if not held:
            yield line
            continue
        held.append(line)
        if line.text.strip() in ("---", "..."):
            notes.append(msg("the settings in lines 1 to {line} were left out", line=line.number))
            held = []
        elif len(held) > 200 or not line.text.strip():
            yield from held
            held = []
    yield from held


# ------------------------------------------------------------------ paragraphs


def _in_paragraphs(lines: Iterator[Line], notes: list[Message]) -> Iterator[Kept | Refused]:
    """A paragraph whose first line asks begins a pair; what follows, to the next such paragraph, is the answer."""
    question: Line | None = None
    block: _Block | None = None
    blank = True
    for line in lines:
        if blank and asks(line.text):
            if question is not None and block is not None:
                yield _answered(question, block)
            elif block is not None and block.text(""):
                notes.append(msg(_BEFORE_QUESTION, line=block.first))
            question, block = line, _Block("assistant", line)
        else:
            block = block or _Block(None, line)
            block.add(line, line.text)
        blank = not line.text.strip()
    if question is not None and block is not None:
        yield _answered(question, block)


def _answered(question: Line, block: _Block) -> Kept | Refused:
    try:
        if problem := block.problem or question.problem:
            raise RowError(problem)
        answer = block.text("")
        if not answer:
            raise RowError("is a question without an answer")
        asked = check_content(question.text.strip(), "the question")
        return keep(question.number, (Turn("user", asked), Turn("assistant", check_content(answer, "the answer"))))
    except RowError as error:
        return Refused(question.number, error.reason, question.text[:BEGINNING])
