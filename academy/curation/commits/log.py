"""The commits of a repository one by one, and files as they were, each from one process of git."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from academy.curation.commits import git
from academy.curation.commits.git import MAX_OUTPUT, Commit, FileChange, Process, Repository, decode, first_line, selection
from academy.errors import Invalid, Refused
from academy.messages import Text, msg

_MAX_COMMIT = 4 << 20
_MAX_FILE = 1 << 20  # of a larger one no part is shown


class Log:
    """`git log -p`, read commit by commit from one process, however long the history is."""

    FIELDS = ("%H", "%P", "%an", "%ae", "%ct", "%B")

    def __init__(
        self,
        repository: Repository,
        revisions: list[str],
        authors: Sequence[str],
        paths: Sequence[str],
        count: int,
        hashes: Sequence[str] | None = None,
    ) -> None:
        # Random each time, so that no text in a repository can look like the start of a commit.
        self._mark = secrets.token_hex(16).encode()
        form = f"%x00{self._mark.decode()}%x00" + "%x00".join(self.FIELDS) + "%x00"
        arguments = [
            "log",
            f"--format=tformat:{form}",
            f"--max-count={count}",
            "-p",
            "-U3",
            "--full-index",
            "--find-renames",
            "--no-ext-diff",
        ]
        arguments += [
            "--no-textconv",
            "--no-show-signature",
            "--no-color",
            "--no-notes",
            "--no-decorate",
            "--diff-merges=off",
            # A message describes the whole change, even where only some paths select the commit.
            "--full-diff",
            "--encoding=UTF-8",
        ]
        arguments += ["--submodule=short", "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers"]
        arguments += ["--inter-hunk-context=0", "--no-indent-heuristic", f"-O{os.devnull}", "--ws-error-highlight=none"]
        if hashes is None:
            self._process = Process(repository, *arguments, *selection(revisions, authors, paths))
        else:
            # Named one by one, in this order.
            self._process = Process(repository, *arguments, "--no-walk=unsorted", "--stdin", talks=True)
            self._process.tell("".join(f"{name}\n" for name in hashes).encode())
        self._is_over = False
        self._size = 0
        self._is_named = bool(revisions)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def __iter__(self) -> Iterator[Commit]:
        stream = self._process.popen.stdout
        start = b"\x00" + self._mark + b"\x00"
        buffer, is_cut, begun = b"", False, False
        while stream and (chunk := stream.read1(1 << 18)):  # type: ignore[attr-defined]
            self._size += len(chunk)
            if self._size > MAX_OUTPUT:
                return
            seen = max(0, len(buffer) - len(start))
            buffer += chunk
            while (position := buffer.find(start, seen)) >= 0:
                if begun:
                    yield self._commit(buffer[:position], is_cut)
                buffer, is_cut, begun, seen = buffer[position + len(start) :], False, True, 0
            if len(buffer) > _MAX_COMMIT:
                # The rest of an enormous change is not kept; its head is enough to know it.
                buffer, is_cut = buffer[: _MAX_COMMIT // 2] + buffer[-len(start) :], True
        self._is_over = True
        if begun:
            yield self._commit(buffer, is_cut)

    def _commit(self, raw: bytes, is_cut: bool) -> Commit:
        parts = raw.split(b"\x00", len(self.FIELDS))
        parts += [b""] * (len(self.FIELDS) + 1 - len(parts))
        name, parents, author, email, stamp, message, diff = parts
        try:
            moment = datetime.fromtimestamp(int(stamp), UTC).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError, OSError):
            moment = ""
        texts = (decode(part) for part in (author, email, message))
        author_text, email_text, message_text = texts
        hashes = tuple(parents.decode("ascii", "replace").split())
        return Commit(name.decode("ascii", "replace"), hashes, author_text, email_text, moment, message_text, diff, is_cut)

    def close(self) -> list[Text]:
        """Ends git; returns what went wrong as warnings, and raises where nothing could be read."""
        code = self._process.end()
        if self._process.is_late:
            return [
                msg(
                    "git took longer than {limit:.0f} seconds and was stopped; the commits read so far are used.",
                    limit=git.DEADLINE_SECONDS,
                )
            ]
        if self._size > MAX_OUTPUT:
            return ["The history is enormous; the commits read so far are used."]
        if not self._is_over or code == 0:
            return []
        complaint = self._process.complaints.decode("utf-8", "replace").strip()
        if "does not have any commits" in complaint or ("HEAD" in complaint and "bad object" not in complaint and not self._is_named):
            return ["The repository has no commits yet."]
        if "unknown revision" in complaint or "bad revision" in complaint or "ambiguous argument" in complaint:
            raise Invalid("The repository does not know that revision range.", hint="Check the names of branches, tags and commits in it.")
        if "outside repository" in complaint:
            raise Invalid("A path lies outside of the repository.", hint="Name paths as they stand in it, like src/ or docs/*.md.")
        if not self._size:
            raise Refused("git cannot read the repository: {complaint}", hint="Check it with `git fsck`.", complaint=first_line(complaint))
        return [msg("git stopped before the end ({complaint}); the commits read so far are used.", complaint=first_line(complaint))]


class Blobs:
    """`git cat-file --batch`: files as they were, requested one after another from one process."""

    def __init__(self, repository: Repository) -> None:
        self._process = Process(repository, "cat-file", "--batch", talks=True)

    def __enter__(self) -> Blobs:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()

    def text(self, change: FileChange) -> str | None:
        """The file before the change; None for a new one, and where it cannot be read or is too large."""
        if change.is_new or not re.fullmatch(r"[0-9a-f]{40,64}", change.old_blob):
            return None
        ask, answer = self._process.popen.stdin, self._process.popen.stdout
        if not ask or not answer:
            return None
        try:
            ask.write(change.old_blob.encode() + b"\n")
            ask.flush()
            head = answer.readline(4096).split()
            if len(head) != 3:
                return None
            size = int(head[2])
            raw = answer.read(min(size, _MAX_FILE + 1))
            left = size - len(raw) + 1
            while left > 0 and (part := answer.read(min(left, 1 << 20))):
                left -= len(part)
        except (OSError, ValueError):
            return None
        return decode(raw) if size <= _MAX_FILE else None
