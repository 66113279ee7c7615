"""Files of kinds that cannot be read here: what they are, by their first bytes or their name, and what to do instead."""

from __future__ import annotations

import re

from academy.errors import Invalid
from academy.messages import Message, msg

FORMS = msg("JSON, JSONL, CSV, TSV, Parquet, Markdown or text")
KNOWN = msg("{forms}, or a zip of them (such as the export of ChatGPT)", forms=FORMS)

_DOCUMENT = msg("Bring it as a document, on the Dataset tab or with POST /documents: it becomes passages and questions.")
_TEXT = msg("Paste its text into a Markdown file, with a heading for each question and the answer below it.")
_TABLE = msg("Save the table as CSV, with a column for the question and one for the answer.")
_PACKED = msg("Unpack it, and send the files inside or a zip of them.")
_SAVE = msg("Save it as {known}.", known=KNOWN)

_START: tuple[tuple[bytes, str, Message], ...] = (
    (b"%PDF", "a PDF", _DOCUMENT),
    (b"\x89PNG", "an image", _TEXT),
    (b"\xff\xd8\xff", "an image", _TEXT),
    (b"GIF8", "an image", _TEXT),
    (b"SQLite format 3", "a database", _TABLE),
    (b"\xd0\xcf\x11\xe0", "an old office document", _TEXT),
    (b"7z\xbc\xaf", "a 7-Zip archive", _PACKED),
    (b"Rar!", "a RAR archive", _PACKED),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", _PACKED),
    (b"BZh", "packed with bzip2", _PACKED),
    (b"\xfd7zXZ", "packed with xz", _PACKED),
    (b"ARROW1", "an Arrow file", _SAVE),
    (b"\x7fELF", "a program", _SAVE),
    (b"{\\rtf", "a rich text", _TEXT),
    (b"<!DOCTYPE", "a page", _TEXT),
    (b"<!doctype", "a page", _TEXT),
    (b"<html", "a page", _TEXT),
    (b"<?xml", "XML", _SAVE),
)
_NAMED: tuple[tuple[str, str, Message], ...] = (
    ("png jpg jpeg gif webp bmp tif tiff heic avif svg ico", "an image", _TEXT),
    ("pdf", "a PDF", _DOCUMENT),
    ("docx", "an office document (a text)", _DOCUMENT),
    ("doc docm odt pages", "an office document (a text)", _TEXT),
    ("xls xlsx xlsm ods numbers", "an office document (a table)", _TABLE),
    ("pptx", "an office document (slides)", _DOCUMENT),
    ("ppt odp key", "an office document (slides)", _TEXT),
    ("epub mobi", "a book", _TEXT),
    ("rtf", "a rich text", _TEXT),
    ("mp3 wav ogg m4a flac mp4 mov mkv avi webm", "a recording", _TEXT),
    ("7z rar tar tgz xz bz2 zst", "an archive that is no zip", _PACKED),
    ("db sqlite sqlite3", "a database", _TABLE),
    ("exe dll so bin safetensors gguf pt pth onnx", "a program or a model", _SAVE),
)
_BY_END = {end: (what, remedy) for ends, what, remedy in _NAMED for end in ends.split()}


def check_not_foreign(name: str, head: bytes) -> None:
    """Raises Invalid for a file whose first bytes or whose name say that it is of a kind that cannot be read here."""
    found = next(((what, remedy) for start, what, remedy in _START if head.startswith(start)), None)
    named = _BY_END.get(name.lower().rsplit(".", 1)[-1]) if "." in name else None
    # An office document of today is a zip, and one of old has the same first bytes for texts and tables: the name says more.
    if kind := named or found:
        raise Invalid("{name} is {what}, which cannot be read here.", hint=kind[1], name=name, what=msg(kind[0]))


_LINE = (
    rb"^\W{0,3}\[?\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}[:.]\d{2}(?:[:.]\d{2})?"
    rb"(?:[\s\xc2\xa0\xe2\x80\xaf]*[ap]\.?m\.?)?\]?(?: -)? [^:\n]{1,60}: "
)
_PEOPLE: tuple[tuple[str, re.Pattern[bytes], int], ...] = (
    ("Discord", re.compile(rb'\A\s*\{\s*"guild"\s*:.{0,4000}?"channel"\s*:', re.DOTALL), 1),
    ("Telegram", re.compile(rb'"from_id"\s*:\s*"(?:user|channel)\d+"'), 1),
    ("Telegram", re.compile(rb'"type"\s*:\s*"(?:personal_chat|private_group|private_supergroup|saved_messages)"'), 1),
    (
        "Slack",
        re.compile(rb'"type"\s*:\s*"message"[^{}]{0,2000}"ts"\s*:\s*"\d{9,11}\.\d+"|"ts"\s*:\s*"\d{9,11}\.\d+"[^{}]{0,2000}"user"'),
        1,
    ),
    ("Messenger", re.compile(rb'"sender_name"\s*:[^{}]{0,4000}"timestamp_ms"\s*:'), 1),
    ("Signal", re.compile(rb'"conversationId"\s*:[^{}]{0,4000}"sourceServiceId"\s*:'), 1),
    ("WhatsApp", re.compile(_LINE, re.MULTILINE | re.IGNORECASE), 2),
)


def check_not_people(name: str, head: bytes) -> None:
    """Raises Invalid for a chat among people, in which no side is an assistant to learn from."""
    for program, mark, least in _PEOPLE:
        if sum(1 for _, _ in zip(mark.finditer(head), range(least), strict=False)) >= least:
            raise Invalid(
                "{name} is a chat among people ({program}): none of them is an assistant, so it does not say whose replies to learn.",
                hint="Write the questions and answers worth learning into a table, or a Markdown file with a heading for each question.",
                name=name,
                program=program,
            )
