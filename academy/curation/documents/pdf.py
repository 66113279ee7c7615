"""Reads a PDF: lines become paragraphs again; headers, footers, page numbers and tables are left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from academy.curation.documents.blocks import MOST_CHARACTERS, Block, Headings, Read, table_note
from academy.errors import Invalid, foreign_code
from academy.messages import Text, count, msg

MOST_PAGES = 2000

_EDGE = 3  # lines at the top and the bottom that may be headers and footers
_REPEATED = 0.3  # of the pages: a header that alternates, or changes with the chapter, is not on all
_LEAST_PAGES = 3
_LONGEST_HEADER = 100  # characters
_SCANNED = 20  # visible characters a page at most, on average
_FULL = 0.75  # of a usual line: a shorter one that ends a sentence ends its paragraph


def read_pdf(path: Path, name: str) -> Read:
    """The text of a PDF; raises Invalid for one that is encrypted, scanned, damaged or too long."""
    import pypdf  # takes 0.2 s to import

    with foreign_code(msg("Reading {name}", name=name), Invalid, hint="It may be damaged: save it again from the program that made it."):
        reader = pypdf.PdfReader(path, strict=False)
        _check_open(reader, name)
        total = len(reader.pages)
        if total > MOST_PAGES:
            raise Invalid("{name} has {n:number} pages, more than {most:number}.", hint="Split it.", name=name, n=total, most=MOST_PAGES)
        pages, lost = _pages(reader, total)
        titles = _titles(reader)
    visible = sum(len("".join(line.split())) for lines in pages for line in lines)
    if visible <= _SCANNED * total:
        raise Invalid(
            "{name} holds no text: its {n:number} pages are pictures, as a scanner makes them.",
            hint="Recognise its text first (OCR), for example with ocrmypdf, and bring the result.",
            name=name,
            n=total,
        )
    pages, repeated = without_repeated(pages)
    blocks, tables = blocks_of(pages, titles)
    return Read("pdf", blocks, total, [*_notes(repeated, lost), *table_note(tables)])


def _check_open(reader: Any, name: str) -> None:
    from pypdf.errors import DependencyError

    locked = Invalid("{name} is encrypted.", hint="Save it without a password, and bring that file.", name=name)
    if reader.is_encrypted:
        try:
            if not reader.decrypt(""):
                raise locked
        except (DependencyError, NotImplementedError) as error:  # a cipher that pypdf has no library for
            raise locked from error


def _pages(reader: Any, total: int) -> tuple[list[list[str]], int]:
    """The lines of each page, and how many pages could not be read."""
    pages: list[list[str]] = []
    lost = size = 0
    for number in range(total):
        try:
            with foreign_code(msg("page {n}", n=number + 1), Invalid):
                text = reader.pages[number].extract_text() or ""
        except Invalid:
            text, lost = "", lost + 1
        size += len(text)
        if size > MOST_CHARACTERS:
            raise Invalid("It holds more than {n:number} characters.", hint="Split it.", n=MOST_CHARACTERS)
        pages.append([" ".join(line.split("\u00a0")).rstrip() for line in text.replace("\x00", "").split("\n")])
    return pages, lost


def _titles(reader: Any) -> dict[int, list[tuple[int, str]]]:
    """The outline by page, from 1: level and title of each entry; of a broken outline what can be read."""
    found: dict[int, list[tuple[int, str]]] = {}

    def walk(entries: Any, level: int) -> None:
        for entry in entries[:5000]:
            if isinstance(entry, list):
                if level < 6:
                    walk(entry, level + 1)
                continue
            page = reader.get_destination_page_number(entry)
            if isinstance(page, int) and page >= 0 and entry.title and str(entry.title).strip():
                found.setdefault(page + 1, []).append((level, " ".join(str(entry.title).split())))

    try:
        with foreign_code("outline", Invalid):
            walk(reader.outline, 1)
    except Invalid:
        return found
    return found


def _notes(repeated: int, lost: int) -> list[Text]:
    notes: list[Text] = []
    if repeated:
        notes.append(
            count(
                repeated,
                one="{n} line that pages repeat is left out (header, footer)",
                other="{n} lines that pages repeat are left out (headers, footers)",
            )
        )
    if lost:
        notes.append(count(lost, one="{n} page could not be read", other="{n} pages could not be read"))
    return notes


# ------------------------------------------------------------------ lines become paragraphs; pure


def without_repeated(pages: Sequence[Sequence[str]]) -> tuple[list[list[str]], int]:
    """The pages without what many of them repeat at their top or bottom, and without page numbers; and how many lines that were."""
    edges: Counter[str] = Counter()
    offsets: Counter[int] = Counter()
    for number, lines in enumerate(pages):
        edges.update({_shape(lines[at]) for at in _edge(lines)})
        offsets.update({offset for at in _outermost(lines) for offset in _offsets(lines[at], number)})
    least = max(_LEAST_PAGES, _REPEATED * len(pages))
    # A header that changes with the chapter is told by the page's number in it.
    counting = {offset for offset, times in offsets.items() if times >= least}
    removed, kept = 0, []
    for number, lines in enumerate(pages):
        out = {
            at
            for at in _edge(lines)
            if edges[_shape(lines[at])] >= least
            or (len(pages) > 1 and _NUMBER.match(lines[at]))
            or (at in _outermost(lines) and counting.intersection(_offsets(lines[at], number)))
        }
        removed += len(out)
        kept.append([line for at, line in enumerate(lines) if at not in out])
    return kept, removed


def _edge(lines: Sequence[str]) -> list[int]:
    """The positions of the first and last lines with text."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    return [*dict.fromkeys([*filled[:_EDGE], *filled[-_EDGE:]])]


def _outermost(lines: Sequence[str]) -> list[int]:
    """The positions of the first and the last line with text."""
    edge = _edge(lines)
    return [edge[0], edge[-1]] if edge else []


def _offsets(line: str, page: int) -> list[int]:
    """By how much the numbers at the ends of a short line differ from its page's place."""
    words = line.split()
    if not words or len(line) > _LONGEST_HEADER:
        return []
    return [int(word) - page for word in {words[0], words[-1]} if word.isdecimal() and len(word) < 5]


def _shape(line: str) -> str:
    """A line without its numbers, as headers and footers differ by the page's."""
    return re.sub(r"\d+|\b[ivxlc]+\b", "#", " ".join(line.casefold().split()))


def blocks_of(pages: Sequence[Sequence[str]], titles: dict[int, list[tuple[int, str]]]) -> tuple[list[Block], int]:
    """The paragraphs of all pages under their headings, and how many lines of tables were left out."""
    lengths = sorted(len(line) for lines in pages for line in lines if line.strip())
    usual = lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0
    headings, tables = Headings(), 0
    blocks: list[Block] = []
    open_: list[str] = []
    began = 1

    def close() -> None:
        if not open_:
            return
        block = Block(joined(open_), headings.path, began)
        open_.clear()
        if blocks and blocks[-1].heading == block.heading and _ITEM.match(block.text) and _ITEM.match(blocks[-1].text):
            blocks[-1] = blocks[-1]._replace(text=f"{blocks[-1].text}\n{block.text}")  # of one list
        else:
            blocks.append(block)

    for number, lines in enumerate(pages, 1):
        wanted = {_key(title): (level, title) for level, title in titles.get(number, ())}
        for line in lines:
            text = line.strip()
            heading = wanted.pop(_key(text), None) or (None if titles else _numbered(text))
            if heading:
                close()
                headings.enter(*heading)
            elif not text:
                if open_ and _SENTENCE_END.search(open_[-1]):
                    close()
            elif is_table_line(text):
                tables += 1
            else:
                ends = bool(open_) and bool(_SENTENCE_END.search(open_[-1])) and len(open_[-1]) < _FULL * usual
                if ends or _ITEM.match(text):
                    close()
                if not open_:
                    began = number
                open_.append(text)
        if open_ and _SENTENCE_END.search(open_[-1]):
            close()
        for level, title in wanted.values():  # the outline names it otherwise than the page
            close()
            headings.enter(level, title)
    close()
    return blocks, tables


def joined(lines: Sequence[str]) -> str:
    """The lines of a paragraph as one; a word that was divided at the end of a line is whole again."""
    text = lines[0]
    for line in lines[1:]:
        divided = re.search(r"[^\W\d_]{2,}-$", text) and line[:1].islower()
        text = text[:-1] + line if divided else f"{text} {line}"
    return " ".join(text.replace("\u00ad", "").split())


def is_table_line(text: str) -> bool:
    """Whether a line is the row of a table, or of a table of contents."""
    if _LEADER.search(text):
        return True
    words = text.split()
    figures = sum(any(char.isdigit() for char in word) and word[-1] not in ".!?" for word in words)
    return (len(words) >= 3 and figures >= 0.6 * len(words)) or len(re.split(r"\s{3,}|\t+", text)) >= 3


_NUMBER = re.compile(r"\W*(?:page|seite|strona|p\.|s\.)?\s*\d{1,4}(?:\s*(?:of|/|von|z)\s*\d{1,4})?\W*$|[ivxlc]{1,6}$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?:…][\"'”’)\]]*$")
_ITEM = re.compile(r"[•●▪◦‣–*-] |\(?\d{1,2}[.)] ")
_LEADER = re.compile(r"(?:\. ?){4,}\s*\d+$|…{2,}\s*\d+$")
_SECTION = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+([A-ZÀ-ÞĄĆĘŁŃÓŚŹŻ][^.!?;]{2,80})$")


def _numbered(text: str) -> tuple[int, str] | None:
    """A line such as "2.3 Cleaning the filter", where the document has no outline."""
    match = _SECTION.match(text)
    return (1 + match[1].count("."), text) if match and len(text.split()) <= 12 else None


def _key(title: str) -> str:
    return re.sub(r"[\W\d_]+", "", title.casefold())
