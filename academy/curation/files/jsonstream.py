"""Reads the values of a JSON file one by one, however long it is: bytes in, one value's bytes out, little memory."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from academy.messages import Message, msg

CHUNK = 1 << 18
_QUOTE = 0x22
_HOPELESS = 100_000
_WHITE = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[^,\]}\s]*")
# A string that ends in this buffer is one match; a quote alone begins one that goes on in the next buffer.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{}]', re.DOTALL)
_IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Value:
    """The bytes of one value, or the problem because of which they were skipped; `broken_off`: the file ends inside it."""

    raw: bytes
    problem: Message | None = None
    broken_off: bool = False


class JsonStream:
    """A position in a stream of JSON: look at the next byte, take the next value, walk through lists and objects."""

    def __init__(self, file: BinaryIO, *, limit: int, depth: int) -> None:
        self._file = file
        self._limit = limit
        self._depth = depth
        self._buffer = b""
        self._at = 0
        self.closed_early = False
        self.passed: dict[bytes, bytes] = {}  # the plain members (number, true, null) that `members` passed over

    def peek(self) -> bytes:
        """The next byte that is no white space; empty at the end."""
        while True:
            match = _WHITE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._more(self._at):
                return b""

    def skip(self) -> None:
        """Passes the byte that `peek` showed."""
        self._at += 1

    def value(self) -> Value:
        """Takes the next value; brackets are balanced here, the rest is the JSON parser's business."""
        first = self.peek()
        return self._structured() if first in (b"{", b"[", b'"') else self._scalar()

    def items(self) -> Iterator[Value]:
        """The items of the list that begins here; sets `closed_early` where the file ends before the list does."""
        self.skip()
        while True:
            first = self.peek()
            if first == b"]":
                self.skip()
                return
            if not first:
                self.closed_early = True
                return
            if first == b",":
                self.skip()
            else:
                yield self.value()

    def members(self, wanted: Callable[[bytes], bool]) -> Iterator[tuple[bytes, Value]]:
        """The items of those lists of the object that begins here whose key is wanted; everything else is passed over."""
        self.skip()
        while True:
            first = self.peek()
            if first == b"}":
                self.skip()
                return
            if not first:
                self.closed_early = True
                return
            if first == b",":
                self.skip()
                continue
            key = self.value().raw
            if self.peek() != b":":
                continue
            self.skip()
            if self.peek() == b"[" and wanted(key):
                for item in self.items():
                    yield key, item
            elif (value := self.value()).raw[:1] not in b'"{[':
                self.passed[key[:100]] = value.raw

    def sequence(self) -> Iterator[Value]:
        """Values that simply follow one another."""
        while first := self.peek():
            if first == b",":
                self.skip()
            else:
                yield self.value()

    def _scalar(self) -> Value:
        taken = b""
        while True:
            match = _SCALAR.match(self._buffer, self._at)
            end = match.end() if match else self._at
            taken = (taken + self._buffer[self._at : end])[:1000]
            self._at = end
            if end < len(self._buffer):
                break
            if not self._more(end):
                break
        if not taken:  # a closing bracket with nothing to close: passed, so that reading goes on
            taken = self._buffer[self._at : self._at + 1]
            self._at += 1
        return Value(taken)

    def _structured(self) -> Value:
        parts: list[bytes] = []
        size, depth, deepest = 0, 0, 0
        inside = False
        start = at = self._at
        while True:
            buffer = self._buffer
            complete = False
            if inside:
                match = _IN_STRING.match(buffer, at)
                at = match.end() if match else at
                if at < len(buffer) and buffer[at] == _QUOTE:
                    at += 1
                    inside = False
                    complete = depth == 0
                    if not complete:
                        continue
            elif match := _TOKEN.search(buffer, at):
                at = match.end()
                char = buffer[match.start()]
                if char == _QUOTE:
                    inside = at - match.start() == 1
                    complete = depth == 0 and not inside
                elif char in b"[{":
                    depth += 1
                    deepest = max(deepest, depth)
                    if depth > _HOPELESS:
                        # Balancing so many brackets takes too long, and gives nothing.
                        self._file, self._buffer, self._at = io.BytesIO(), b"", 0
                        return Value(
                            b"",
                            msg("is nested more than {limit:number} deep; the file is not read any further", limit=_HOPELESS),
                            broken_off=True,
                        )
                else:
                    depth -= 1
                    complete = depth == 0
                if not complete:
                    continue
            else:
                at = len(buffer)
            size += at - start
            if size <= self._limit:
                parts.append(buffer[start:at])
            else:
                parts.clear()
            if complete:
                self._at = at
                return self._judged(b"".join(parts), size, deepest)
            if not self._more(at):
                problem = msg("begins here and does not end: the file breaks off inside it, {size} later", size=_bytes(size))
                return Value(b"", problem, broken_off=True)
            start = at = 0

    def _judged(self, raw: bytes, size: int, deepest: int) -> Value:
        if size > self._limit:
            return Value(b"", msg("is longer than {limit} ({size})", limit=_bytes(self._limit), size=_bytes(size)))
        if deepest > self._depth:
            return Value(b"", msg("is nested {depth:number} deep; {limit} is the limit", depth=deepest, limit=self._depth))
        return Value(raw)

    def _more(self, at: int) -> bool:
        rest = self._buffer[at:]
        chunk = self._file.read(CHUNK)
        self._buffer = rest + chunk if chunk else b""
        self._at = 0
        return bool(chunk)


def _bytes(count: int) -> Message:
    return msg("{n:decimal1} MB", n=count / (1 << 20)) if count >= 1 << 20 else msg("{n:number} bytes", n=count)
