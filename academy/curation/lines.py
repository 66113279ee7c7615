"""The bytes of a file as UTF-8 and as numbered lines, however it was encoded and however long its lines are."""

from __future__ import annotations

import codecs
import io
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
    """The encoding that the first bytes tell ("" is UTF-8), and how many of them are only the mark that says so."""
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


def as_utf8(file: BinaryIO, head: bytes) -> BinaryIO:
    """The file, which stands at its beginning, as UTF-8 without a mark; what cannot be decoded stays invalid, to be refused row by row."""
    name, mark = encoding_of(head)
    file.read(mark)
    return io.BufferedReader(_Recoded(file, name), 1 << 18) if name else file


class _Recoded(io.RawIOBase):
    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(name)(errors="surrogatepass")
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready and not self._ended:
            data = self._file.read(1 << 16)
            self._ended = not data
            try:
                self._ready = self._decoder.decode(data, final=not data).encode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                # Not a character: a byte that is invalid in UTF-8 stands for it, so that its row is refused.
                self._decoder.reset()
                self._ready = b"\xff"
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


class Capped(io.RawIOBase):
    """What comes out of an archive, up to a limit: a small file can unpack to endless zeros."""

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
        except TooLarge:
            raise
        except Exception as error:  # zlib, zipfile, gzip, bz2, lzma: each has its own
            raise Invalid(f"{self._name} is damaged: it cannot be unpacked to its end.", hint="Pack or download it again.") from error
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge(
                f"{self._name} unpacks to more than {self._limit >> 20:,} MB.",
                hint="Unpack it yourself and import the part that is needed.",
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
