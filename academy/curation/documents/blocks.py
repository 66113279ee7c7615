"""What a reader makes of a document: paragraphs with page and heading, and what was left out; reads plain texts and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from academy.messages import Text, count

MOST_CHARACTERS = 20_000_000


class Block(NamedTuple):
    """A paragraph, a list or a piece of code."""

    text: str
    heading: tuple[str, ...] = ()  # from the outermost to the innermost
    page: int = 0  # from 1; 0: the document has no pages


@dataclass
class Read:
    """A document as it was read."""

    kind: str
    blocks: list[Block]
    pages: int = 0
    notes: list[Text] = field(default_factory=list)


@dataclass
class Headings:
    """The headings that are open at a position."""

    open: list[tuple[int, str]] = field(default_factory=list)

    def enter(self, level: int, title: str) -> None:
        """Opens a heading; those of its level and below it end."""
        self.open = [item for item in self.open if item[0] < level] + [(level, " ".join(title.split())[:200])]

    @property
    def path(self) -> tuple[str, ...]:
        """From the outermost to the innermost."""
        return tuple(title for _, title in self.open)


def table_note(lines: int) -> list[Text]:
    """The note on lines of tables, where there were any."""
    return [count(lines, one="{n} line of a table is left out", other="{n} lines of tables are left out")] if lines else []


def read_text(path: Path) -> Read:
    """A plain text: paragraphs between blank lines."""
    paragraphs = re.split(r"\n[ \t]*\n", decoded(path))
    return Read("text", [Block(text) for part in paragraphs if (text := part.strip("\n").rstrip()).strip()])


def read_markdown(path: Path) -> Read:
    """Markdown: paragraphs under their headings."""
    return markdown_blocks(decoded(path))


def markdown_blocks(text: str, kind: str = "markdown") -> Read:
    """Markdown as blocks: links keep their words; pictures, comments, tables and the preamble of a page are left out."""
    text = re.sub(r"<!--.*?-->", "", _FRONT.sub("", text), flags=re.DOTALL)
    headings, blocks, tables = Headings(), [], 0
    for lines in _paragraphs(text.split("\n")):
        if not lines[0].startswith(("```", "~~~")):
            kept = [line for line in lines if not _TABLE.match(line)]
            tables += len(lines) - len(kept)
            lines = [_plain(line) for line in kept]
        elif len(lines) == 1:
            continue
        while lines and (found := _heading(lines)):
            level, title, used = found
            headings.enter(level, title)
            lines = lines[used:]
        if body := "\n".join(lines).strip("\n").rstrip():
            blocks.append(Block(body, headings.path))
    return Read(kind, blocks, notes=table_note(tables))


def decoded(path: Path) -> str:
    """The text of a file in UTF-8, UTF-16 with its mark, or Windows-1252."""
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", "replace")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


_FRONT = re.compile(r"\A\ufeff?---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)
_TABLE = re.compile(r"\s*\|.*\|\s*$|\s*\|?[ :]*-{3,}[-| :]*\|[-| :]*$")
_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.+?)[ \t#]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{3,})[ \t]*$")
_FENCE = re.compile(r"[ \t]*(```+|~~~+)")


def _paragraphs(lines: Sequence[str]) -> Iterator[list[str]]:
    """Runs of lines between blank ones; a fence is one run, and a heading begins one."""
    run: list[str] = []
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if fence:
            run.append(line)
            if mark and mark[1].startswith(fence):
                yield run
                run, fence = [], ""
        elif mark:
            if run:
                yield run
            run, fence = [line.lstrip()], mark[1]
        elif not line.strip() or _ATX.match(line):
            if run:
                yield run
            run = [line] if line.strip() else []
        else:
            run.append(line)
    if run:
        yield run


def _heading(lines: Sequence[str]) -> tuple[int, str, int] | None:
    """The heading that the lines begin with: level, title, and how many lines it takes."""
    if match := _ATX.match(lines[0]):
        return len(match[1]), match[2], 1
    if len(lines) > 1 and lines[0].strip() and (match := _UNDERLINE.match(lines[1])):
        return 1 if match[1][0] == "=" else 2, lines[0], 2
    return None


def _plain(line: str) -> str:
    line = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", line)
    return re.sub(r"\[([^\]]+)\]\((?:[^()]|\([^()]*\))*\)", r"\1", line)
