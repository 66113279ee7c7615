"""Reads Word files, slides and pages of the web."""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from academy.curation.documents.blocks import Block, Headings, Read, decoded, markdown_blocks, table_note
from academy.curation.files.html_text import text_of_html
from academy.errors import Invalid, Unavailable, foreign_code
from academy.messages import msg

MOST_UNPACKED = 400 << 20
_MOST_PARTS = 10_000
_DAMAGED = "It may be damaged: save it again from the program that made it."
_DEEPEST = 8  # groups in groups


def read_docx(path: Path, name: str) -> Read:
    """A Word file: its paragraphs under their headings."""
    check_zip(path, name)
    with _library("python-docx"):
        import docx
        from docx.table import Table
    with foreign_code(msg("Reading {name}", name=name), Invalid, hint=_DAMAGED):
        headings, blocks, rows = Headings(), list[Block](), 0
        for item in docx.Document(str(path)).iter_inner_content():
            if isinstance(item, Table):
                rows += len(item.rows)
                continue
            text = item.text.strip()
            if not text:
                continue
            style = str(item.style.name if item.style is not None else "")
            if match := re.fullmatch(r"(?:Heading|Überschrift|Nagłówek) (\d)|(Title|Titel|Tytuł)", style, re.IGNORECASE):
                headings.enter(int(match[1] or 0), text)
            elif style.startswith("List") and blocks and blocks[-1].text.startswith("- ") and blocks[-1].heading == headings.path:
                blocks[-1] = Block(f"{blocks[-1].text}\n- {text}", headings.path)
            else:
                blocks.append(Block(f"- {text}" if style.startswith("List") else text, headings.path))
    return Read("docx", blocks, notes=table_note(rows))


def read_pptx(path: Path, name: str) -> Read:
    """Slides: each is a page with its title, its texts and the speaker's notes."""
    check_zip(path, name)
    with _library("python-pptx"):
        import pptx
    blocks: list[Block] = []
    rows = 0
    with foreign_code(msg("Reading {name}", name=name), Invalid, hint=_DAMAGED):
        slides = pptx.Presentation(str(path)).slides
        for number, slide in enumerate(slides, 1):
            title = slide.shapes.title
            heading = (" ".join(title.text_frame.text.split()),) if title is not None and title.text_frame.text.strip() else ()
            for shape in _shapes(slide.shapes):
                if shape.has_table:
                    rows += len(shape.table.rows)
                elif (title is None or shape.shape_id != title.shape_id) and (text := _said_by(shape)):
                    blocks.append(Block(text, heading, number))
            if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None and (text := _lines(notes)):
                blocks.append(Block(text, heading, number))
        total = len(slides)
    return Read("pptx", blocks, total, table_note(rows))


def read_html(path: Path, name: str) -> Read:
    """A page of the web: what its reader sees, without menus, forms and tables."""
    page = decoded(path)
    with foreign_code(msg("Reading {name}", name=name), Invalid, hint=_DAMAGED):
        text = text_of_html(page, without=_FURNITURE)
    return markdown_blocks(text, "html")


def check_zip(path: Path, name: str) -> None:
    """Raises Invalid for a file that is no office document, or one that unpacks to far more than it is."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if any(part.flag_bits & 1 for part in parts):
                raise Invalid("{name} is encrypted.", hint="Save it without a password, and bring that file.", name=name)
            size = sum(part.file_size for part in parts)
    except zipfile.BadZipFile as error:
        if path.read_bytes()[:4] == b"\xd0\xcf\x11\xe0":
            sentence = "{name} is encrypted, or of an old form."
            raise Invalid(sentence, hint="Save it without a password, as .docx or .pptx.", name=name) from error
        raise Invalid("{name} is damaged: it is no office document.", hint=_DAMAGED, name=name) from error
    if size > MOST_UNPACKED or len(parts) > _MOST_PARTS:
        raise Invalid("{name} unpacks to {size:size}, more than {most:size}.", hint="Split it.", name=name, size=size, most=MOST_UNPACKED)


_FURNITURE = frozenset({"nav", "footer", "aside", "form", "button", "select", "svg", "noscript", "iframe", "table"})


@contextlib.contextmanager
def _library(package: str) -> Iterator[None]:
    """Turns a missing library into a sentence with the command that installs it."""
    try:
        yield
    except ImportError as error:
        sentence = "Reading this kind of document needs {package}."
        raise Unavailable(sentence, hint="Install it: pip install {package}", package=package) from error


def _shapes(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            if depth < _DEEPEST:
                yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _said_by(shape: Any) -> str:
    """The text of a shape; none of a footer, a date or a slide's number, which every slide repeats."""
    repeated = shape.is_placeholder and shape.placeholder_format.type in (13, 15, 16)  # slide number, footer, date
    return _lines(shape.text_frame) if shape.has_text_frame and not repeated else ""


def _lines(frame: Any) -> str:
    return "\n".join(text for paragraph in frame.paragraphs if (text := " ".join(paragraph.text.split())))
