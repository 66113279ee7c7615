"""Secrets that only their randomness gives away: long runs of letters and digits that are neither words nor hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from academy.curation.redaction.forms import PUBLIC, Span
from academy.curation.redaction.values import HEX, UUID, VOWEL, entropy, is_random, wordiness

_TOKEN = re.compile(r"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]{32,}={0,2}(?![A-Za-z0-9+/_\-])")
_HASH_WORDS = re.compile(
    r"sha-?\d*|md5|hash|digest|checksum|commit|revision|\brev\b|blob|\btree\b|etag|uuid|guid|integrity|fingerprint|crc|\bsum\b|\bsums\b|parent"
    r"|layer|image|object|merge|index|cherry|trace|span|version|build|nonce|thumbprint|snapshot|\bh1:|blake|adler|\bids?\b|_id\b|resolved|\bref\b|cache|\btxn?\b|transaction"
)
_SECRET_WORDS = re.compile(
    r"secret|password|passwd|token|credential|bearer|api[ _\-]?key|apikey|private|\bauth|access[ _\-]?key|\bkey\b|_key|signing"
)
_SUM_LINE = re.compile(r"[ \t]+\*?[\w./\-]+\.\w{1,8}\b|  \S|[ \t]*[|,][ \t]*\S+\.(?:whl|gz|zip|tar|deb|rpm|jar|iso)")
_FRAME = re.compile(r"[\w.]+\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?")
"""A line of a kernel's stack: a function and how far in it."""
_NAMED = re.compile(
    r"@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}|\.(?:woff2?|m?[jt]s|css|png|jpe?g|svg|webp|map|html?|json|gz|zip|whl|py|md|pdf|ttf|wasm)\b"
)
"""The rest of a file's name, or of the id of a mail."""
_PATH_WORD = re.compile(r"(?:[a-z]{3,}|[A-Z][a-z]{2,})(?:[_\-][a-z0-9]+)*")
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")


def high_entropy(text: str, low: str, known: list[Span]) -> Iterator[Span]:
    """The spans of such secrets outside of those that are `known`, which are in order."""
    public = [match.span() for match in PUBLIC.finditer(text)] if "BEGIN " in text or "AAAA" in text or ";base64," in text else []
    seen = 0
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if any(first <= start < last for first, last in public):
            continue
        while seen < len(known) and known[seen][1] <= start:
            seen += 1
        if seen < len(known) and known[seen][0] < end:
            continue
        for piece_start, piece in _pieces(match.group(), start):
            if _is_secret_piece(text, low, piece_start, piece):
                yield piece_start, piece_start + len(piece), "high-entropy"


def _pieces(token: str, start: int) -> Iterator[tuple[int, str]]:
    """The token itself, or its segments where it is a path."""
    if "/" in token and (token.startswith("/") or any(_PATH_WORD.fullmatch(part) and VOWEL.search(part) for part in token.split("/"))):
        at = start
        for part in token.split("/"):
            if len(part) >= 32:
                yield at, part
            at += len(part) + 1
    else:
        yield start, token


def _is_secret_piece(text: str, low: str, start: int, piece: str) -> bool:
    end = start + len(piece)
    if _NAMED.match(text, end) or _FRAME.fullmatch(piece):
        return False
    if len(piece) > 512 or text[end : end + 1] == "(" or piece.startswith(("_Z", "__")):
        return False  # a file in base64, a call, a compiler's name for a function
    before = low[max(0, start - 60) : start]
    secret = max((match.end() for match in _SECRET_WORDS.finditer(before)), default=-1)
    a_hash = max((match.end() for match in _HASH_WORDS.finditer(before)), default=-1)
    if HEX.fullmatch(piece):
        digits = sum(char.isdigit() for char in piece)
        if digits < 3 or len(set(piece.lower()) - set("0123456789x")) < 3 or len(set(piece.lower())) < 8:
            return False
        if secret > a_hash:
            return True
        plain_length = len(piece.removeprefix("0x"))
        if before.endswith("/") or _in_block(text, start, end):
            return False  # part of an address, or one of many lines
        return a_hash < 0 and plain_length != 40 and not _SUM_LINE.match(text, end) and not UUID.search(text, max(0, start - 40), end)
    if (
        a_hash > secret
        or re.match(r"sha\d+-|md5-", piece)
        or before.endswith(("/d/", "/drive/", "signaturevalue>", "digestvalue>", "ciphervalue>"))
    ):
        return False
    bare = UUID.sub("", piece)
    if len(bare) < 32 and not (secret >= 0 and len(bare) >= 24):
        return False
    if re.search(r"[0-9a-f]{40}|[0-9a-f]{64}", bare) and secret < 0:
        return False
    if not is_random(bare) or (wordiness(bare) >= 0.6 and any(map(str.isupper, bare))) or entropy(bare) < 3.7:
        return False
    return not _in_block(text, start, end)


def _in_block(text: str, start: int, end: int) -> bool:
    """Whether the piece is one line of a block of base64: a picture or an archive, not a key."""
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    if line_end < 0:
        line_end = len(text)
    if text[line_start:start].strip(" \t\"'b(+>") or text[end:line_end].strip(" \t\"'\\),;+"):
        return False
    above = text[text.rfind("\n", 0, max(0, line_start - 1)) + 1 : max(0, line_start - 1)]
    below_end = text.find("\n", line_end + 1)
    below = text[line_end + 1 : below_end if below_end >= 0 else len(text)]
    return bool(_BASE64_LINE.search(above) or _BASE64_LINE.search(below))
