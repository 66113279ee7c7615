"""Reads one document in a process of its own: `python -m academy.curation.documents.program request.json` prints its passages as JSON.

Whoever brings a document may not have made it: a process can be given limits, and be ended.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path

from academy.curation.documents.blocks import Read, read_markdown, read_text
from academy.curation.documents.office import read_docx, read_html, read_pptx
from academy.curation.documents.passages import Counter, Passage, cut
from academy.curation.documents.pdf import read_pdf
from academy.errors import AcademyError, Invalid
from academy.messages import to_json

_CHARACTERS_A_TOKEN = 4
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufeff]")
_READERS: dict[str, Callable[[Path, str], Read]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "pptx": read_pptx,
    "html": read_html,
    "markdown": lambda path, name: read_markdown(path),
    "text": lambda path, name: read_text(path),
}


def main(arguments: list[str]) -> int:
    """Prints {"kind", "pages", "passages", "notes", "counted"}, or {"error", "status"} and returns 1."""
    request = json.loads(Path(arguments[0]).read_bytes())
    _limit(request["memory_bytes"], request["seconds"])
    logging.disable(logging.CRITICAL)  # pypdf warns about every oddity of a file
    # Deep documents nest objects, and a reader that follows them must end with an error, not with the process.
    sys.setrecursionlimit(2000)
    try:
        count, counted = _counter(request["tokenizer"])
        found, passages = read(Path(request["path"]), request["name"], request["kind"], count, request["size"])
    except AcademyError as error:
        reply = {"error": to_json(error.message_text), "hint": to_json(error.hint_text), "status": error.status}
    else:
        reply = {
            "pages": found.pages,
            "passages": [passage.model_dump() for passage in passages],
            "notes": [to_json(note) for note in found.notes],
            "counted": counted,
        }
    sys.stdout.write(json.dumps(reply, allow_nan=False) + "\n")
    return int("error" in reply)


def read(path: Path, name: str, kind: str, count: Counter, size: int) -> tuple[Read, list[Passage]]:
    """A document, and its passages of at most `size` tokens; raises AcademyError."""
    found = _READERS[kind](path, name)
    passages = cut([block._replace(text=_clean(block.text)) for block in found.blocks], size, count)
    if not passages:
        raise Invalid("{name} holds no text to learn from.", hint="Choose a document with some sentences in it.", name=name)
    return found, passages


def _clean(text: str) -> str:
    """The text without control characters and halves of characters, which no file can hold."""
    return _CONTROLS.sub("", text.encode("utf-8", "replace").decode())


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource  # not on Windows
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):  # macOS has no limit of memory
            resource.setrlimit(kind, (most, most))


def _counter(tokenizer_file: str) -> tuple[Counter, bool]:
    """Counts tokens by the base's own tokenizer, where it is there; otherwise by characters."""
    if tokenizer_file and Path(tokenizer_file).is_file():
        with contextlib.suppress(ImportError):
            from tokenizers import Tokenizer  # only there with the training libraries

            tokenizer = Tokenizer.from_file(tokenizer_file)
            return lambda texts: [len(encoding.ids) for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)], True
    return lambda texts: [1 + len(text) // _CHARACTERS_A_TOKEN for text in texts], False


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
