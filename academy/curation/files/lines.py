"""The bytes of a file as UTF-8 and as numbered lines, however it was encoded and however long its lines are."""

from __future__ import annotations

import codecs
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from academy.errors import Invalid, TooLarge

_MARKS = (
    (codecs.BOM_UTF8, ""),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding_of(head: bytes) -> tuple[str, int]:
    """The encoding by the first bytes ("" is UTF-8), and the length of the byte order mark."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, len(mark)
    sample = head[: len(head) // 2 * 2][:4096]
    if len(sample) >= 4:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        half = len(sample) // 2
        if odd > half * 0.4 and even <= half * 0.02:
            return "utf-16-le", 0
        if even > half * 0.4 and odd <= half * 0.02:
            return "utf-16-be", 0
    return "", 0


def older_encoding_of(file: BinaryIO) -> str:
    """The Windows encoding of a text that is not UTF-8, guessed from its first special characters; "" for UTF-8, bad bytes or not."""
    sample = b""
    while len(sample) < _SAMPLE and (chunk := file.read(1 << 20)):
        if not chunk.isascii():
            chunk += file.readline(1 << 16)  # up to the end of a line: a character must not be cut in two
            sample += b"\n".join(line for line in chunk.split(b"\n") if not line.isascii())[: 2 * _SAMPLE]
    whole = sum(found[0] not in _RARE for found in _UTF8.findall(sample))
    if sum(byte > 0x7F for byte in _UTF8.sub(_keep_rare, sample)) < max(1, 3 * whole):
        return ""
    # Of those that fit equally well the first counts.
    likeness = {name: _likeness(sample.decode(name, "replace")) for name in WINDOWS}
    best = max(likeness, key=lambda name: likeness[name])
    # Two or three odd bytes are no Cyrillic text.
    enough = best != "cp1251" or len(_SPECIAL.findall(sample.decode(best, "replace"))) > 3
    return best if likeness[best] >= 0.8 and enough else ""


def as_utf8(file: BinaryIO, head: bytes, older: str = "") -> BinaryIO:
    """The file, which stands at its beginning, as UTF-8 without a mark; undecodable bytes stay invalid, to be refused row by row."""
    name, mark = encoding_of(head)
    file.read(mark)
    name = name or older
    return io.BufferedReader(_Recoded(file, name), 1 << 18) if name else file


WINDOWS = {"cp1252": "Windows-1252", "cp1250": "Windows-1250", "cp1251": "Windows-1251"}
"""Encodings of Windows before UTF-8: of western, central and eastern Europe."""

_SAMPLE = 1 << 16
# First bytes of characters that are rarer than what they are in Windows, such as the ß before a closing quote.
_RARE = {*range(0xC6, 0xCE), *range(0xD4, 0xD7), *range(0xDC, 0xE0)}
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_SPECIAL = re.compile(r"[^\x00-\x7f]")
_SIGNS = "“”‘’–—…•«»‹›§°±²³¹µ·º¼½¾¿¡×÷©®™ª†‰№\xa0\xad"
_BETWEEN_LETTERS = "’‘–—…·\xad\xa0"


def _keep_rare(match: re.Match[bytes]) -> bytes:
    return match[0] if match[0][0] in _RARE else b""


def _likeness(text: str) -> float:
    """The share of the special characters that are where a person could have written them."""
    positions = [match.start() for match in _SPECIAL.finditer(text)]
    return sum(_fits(text, position) for position in positions) / max(1, len(positions))


def _fits(text: str, position: int) -> bool:
    char = text[position]
    before, after = text[max(0, position - 1) : position], text[position + 1 : position + 2]
    if char in "„‚":
        return after.isalnum() and not before.isalnum()
    if char in "€£¥¢":
        return not before.isalpha() and not after.isalpha()
    if not char.isalpha() or char in "ªºµ":
        return char in _SIGNS and (char in _BETWEEN_LETTERS or not (before.isalpha() and after.isalpha()))
    if char.isupper() and before.islower():
        return False
    if "а" <= char.lower() <= "џ":
        return not any(side.isalpha() and side.isascii() for side in (before, after))
    # No word in Latin letters is made of special ones alone.
    if char == "ÿ" or sum(near.isalpha() and not near.isascii() for near in text[max(0, position - 4) : position + 5]) > 5:
        return False
    return char.islower() or before.isupper() or not after or after.isalpha() or after in " ,.;:!?'’\"\r\n\t|-"


def _as_invalid(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error("academy-invalid", _as_invalid)
_INVALID = "\udcff".encode("utf-8", "surrogatepass")


class _Recoded(io.RawIOBase):
    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        # Not a character: a byte that is invalid in UTF-8 stands for it, so that its row is refused.
        self._decoder = codecs.getincrementaldecoder(name)(errors="academy-invalid")
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready and not self._ended:
            data = self._file.read(1 << 16)
            self._ended = not data
            text = self._decoder.decode(data, final=not data)
            self._ready = text.encode("utf-8", "surrogatepass").replace(_INVALID, b"\xff")
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


_UNPACKING = (zlib.error, lzma.LZMAError, zipfile.BadZipFile, EOFError, OSError, ValueError, RuntimeError)
"""What zipfile, gzip, zlib, bz2 and lzma raise for damaged data."""


class Capped(io.RawIOBase):
    """The unpacked bytes of an archive, up to a limit: a small file can unpack to endless zeros."""

    def __init__(self, file: BinaryIO, limit: int, name: str) -> None:
        self._file = file
        self._left = limit
        self._limit = limit
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._file.read(min(len(buffer), 1 << 18))
        except _UNPACKING as error:
            raise Invalid(
                "{name} is damaged: it cannot be unpacked to its end.", hint="Pack or download it again.", name=self._name
            ) from error
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge(
                "{name} unpacks to more than {limit:number} MB.",
                hint="Unpack it yourself and import the part that is needed.",
                name=self._name,
                limit=self._limit >> 20,
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def numbered_lines(file: BinaryIO, limit: int, separator: bytes = b"\n") -> Iterator[tuple[int, bytes, int]]:
    """Each line with its number from 1 and its length; a line longer than the limit comes empty, and is never held in memory."""
    read = file.readline if separator == b"\n" else _Split(file, separator).readline
    number = 0
    while line := read(limit + 1):
        number += 1
        length = len(line)
        if length > limit and not line.endswith(separator):
            line = b""
            while (piece := read(1 << 18)) and not piece.endswith(separator):
                length += len(piece)
            length += len(piece)
        yield number, line, length


class _Split:
    """Lines that end in another byte than a newline (old Macs)."""

    def __init__(self, file: BinaryIO, separator: bytes) -> None:
        self._file = file
        self._separator = separator
        self._buffer = b""

    def readline(self, limit: int) -> bytes:
        searched = 0
        while (end := self._buffer.find(self._separator, searched)) < 0 and len(self._buffer) < limit:
            searched = len(self._buffer)
            chunk = self._file.read(1 << 16)
            if not chunk:
                break
            self._buffer += chunk
        size = min(limit, end + 1 if end >= 0 else len(self._buffer))
        line, self._buffer = self._buffer[:size], self._buffer[size:]
        return line
