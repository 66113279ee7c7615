"""Has a document read by a process with limits of time and memory, and takes its passages over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from academy.curation.documents.passages import Passage
from academy.errors import AcademyError, Invalid, Unavailable
from academy.messages import Message, Text, from_json, msg

KINDS = {
    "pdf": "pdf",
    "docx": "docx",
    "pptx": "pptx",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "md": "markdown",
    "markdown": "markdown",
    "mdx": "markdown",
    "qmd": "markdown",
    "txt": "text",
    "text": "text",
    "rst": "text",
}
"""The kind of a document by the end of its name."""
KNOWN = msg("PDF, Word (docx), slides (pptx), pages of the web (html), Markdown and text")
SECONDS = 180
MEMORY = 4 << 30

_ROOT = Path(__file__).resolve().parents[3]
_ENVIRONMENT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
_OLD = {"doc": "docx", "ppt": "pptx", "rtf": "docx", "odt": "docx", "odp": "pptx", "pages": "docx", "key": "pptx", "epub": "html"}


@dataclass(frozen=True)
class Document:
    """The passages of a document, and what was left out of it."""

    kind: str
    pages: int
    passages: list[Passage]
    notes: list[Text] = field(default_factory=list)
    counted: bool = False  # whether the tokens are the base's; otherwise they are guessed from the characters


def kind_of(name: str, head: bytes) -> str:
    """What kind of document it is, by its first bytes and its name; raises Invalid for any other file."""
    end = name.lower().rsplit(".", 1)[-1] if "." in name else ""
    if head.startswith(b"%PDF") or b"%PDF-" in head[:1024]:
        return "pdf"
    if end in _OLD:
        raise Invalid("{name} cannot be read here.", hint="Save it as .{form}, and bring that.", name=name, form=_OLD[end])
    kind = KINDS.get(end, "")
    if not kind or (kind in ("html", "markdown", "text") and b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))):
        raise Invalid("{name} is no document that can be read here.", hint="Known are {known}.", name=name, known=KNOWN)
    return kind


def read_document(path: Path, name: str, kind: str, tokenizer: Path | None, size: int) -> Document:
    """The passages of at most `size` tokens; raises AcademyError with the reason why there are none."""
    request = {"path": str(path), "name": name, "kind": kind, "tokenizer": str(tokenizer or ""), "size": size}
    request |= {"memory_bytes": MEMORY, "seconds": SECONDS}
    environment = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT or name.startswith("LC_")}
    environment |= {"PYTHONPATH": str(_ROOT), "PYTHONSAFEPATH": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory(prefix="academy-document-") as folder:
        file = Path(folder) / "request.json"
        file.write_text(json.dumps(request), encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "academy.curation.documents.program", str(file)],
                capture_output=True,
                env=environment,
                cwd=folder,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _too_long(name) from error
    return _document(done.stdout, done.returncode, name, kind)


def _document(output: bytes, code: int, name: str, kind: str) -> Document:
    try:
        reply = json.loads(output)
    except ValueError as error:
        if code in (-24, -9):  # SIGXCPU, and what follows it
            raise _too_long(name) from error
        raise Invalid(
            "{name} could not be read: its reader ended without a result.",
            hint="It may be damaged, or need more than {memory:size} of memory: save it again, or split it.",
            name=name,
            memory=MEMORY,
        ) from error
    if "error" in reply:
        kinds: dict[int, type[AcademyError]] = {503: Unavailable}
        text, hint = from_json(reply["error"]), from_json(reply["hint"])
        raise kinds.get(reply["status"], Invalid)(text or Message(""), hint=hint or "")
    passages = [Passage.model_validate(entry) for entry in reply["passages"]]
    return Document(kind, reply["pages"], passages, [from_json(note) or "" for note in reply["notes"]], reply["counted"])


def _too_long(name: str) -> Invalid:
    return Invalid("Reading {name} took longer than {n:duration}.", hint="Split it, or save it again.", name=name, n=SECONDS)
