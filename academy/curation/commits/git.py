"""Runs git on a repository that may belong to someone else: finds it, reads its log and its files, and trusts no setting of it."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from academy.errors import Invalid, NotFound, Refused, Unavailable
from academy.messages import Text, msg

MAX_CHARS = 6_000
"""The longest change, and the longest file before it, that becomes an example; a longer one is left out, never cut."""
DEADLINE_SECONDS = 600.0
MAX_OUTPUT = 8 << 30
_MAX_COMMIT = 4 << 20


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as git shows it."""

    hash: str
    parents: tuple[str, ...]
    author: str
    email: str
    time: str
    message: str
    diff: bytes
    is_cut: bool = False


@dataclass(slots=True)
class FileChange:
    """What a commit did to one file."""

    path: str
    old_blob: str = ""
    is_new: bool = False
    is_binary: bool = False
    has_hunks: bool = False
    lines: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The change as git shows it, without the names of blobs."""
        return decode(b"\n".join(line for line in self.lines if not line.startswith(b"index "))).rstrip("\n")


def decode(raw: bytes) -> str:
    """The text of bytes of an unknown encoding: UTF-8 if they are valid in it, else Windows-1252 or Latin-1."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


_ADDRESS = re.compile(r"(?:https?|ssh|git):/|git@[\w.-]+:|(?:github|gitlab)\.com/")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, located without git: the folder that the user means, and where git keeps its data."""

    folder: Path
    git_dir: Path

    @classmethod
    def find(cls, path: Path) -> Repository:
        """The repository that holds the folder; raises NotFound or Refused where there is none that may be read."""
        if "\x00" in str(path):
            raise Invalid("That is not a path.", hint="Name the folder of a git repository.")
        if _ADDRESS.match(str(path)):
            # A Path writes only one of the two slashes behind the scheme.
            url = re.sub(r"^(\w+):/+", r"\1://", str(path))
            raise Invalid(
                "{url} is an address, not a folder on this machine.",
                hint="Clone it first (git clone {url}), then name the folder that it makes.",
                url=url,
            )
        folder = Path(path).expanduser().absolute()
        try:
            if not folder.is_dir():
                raise NotFound("There is no folder {path!r}.", hint="Name the folder of a git repository on this machine.", path=str(path))
            for candidate in (folder, *folder.parents):
                if _is_git_dir(candidate):
                    return cls(candidate, candidate)
                inner = candidate / ".git"
                if inner.is_symlink():
                    raise Refused(
                        "{path!r} is a link to a repository elsewhere.", hint="Name that repository's own folder.", path=str(path)
                    )
                if inner.is_dir() and _is_git_dir(inner):
                    if (inner / "commondir").exists():
                        raise Refused(
                            "The repository of {path!r} keeps its data elsewhere.",
                            hint="Name the repository that has the data.",
                            path=str(path),
                        )
                    return cls(candidate, inner)
                if inner.is_file():
                    return cls(candidate, _linked_git_dir(candidate, inner))
        except OSError as error:
            raise Refused(
                "The folder {path!r} cannot be read: {problem}.", hint="Check its permissions.", path=str(path), problem=error.strerror
            ) from error
        raise Refused("{path!r} is not a git repository.", hint="Name a folder with a .git in it, or a bare repository.", path=str(path))

    def edge(self) -> set[str]:
        """The commits whose parents a shallow clone lacks."""
        common = self.git_dir
        if (common / "commondir").is_file():
            common /= (common / "commondir").read_text(encoding="utf-8", errors="replace").strip()
        if not (common / "shallow").is_file():
            return set()
        with open(common / "shallow", encoding="ascii", errors="replace") as file:
            return set(file.read(16 << 20).split())

    def command(self, *arguments: str) -> list[str]:
        """The whole command line: `env -i` because GitPython hands on the environment of the app."""
        env, git = shutil.which("env"), shutil.which("git")
        if not env or not git:
            raise Unavailable("git is not installed.", hint="Install git, or leave the commits out.")
        environment = {
            "PATH": os.defpath,
            "HOME": os.devnull,
            "XDG_CONFIG_HOME": os.devnull,
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            # A list of allowed protocols overrules what the repository allows itself; this one allows none.
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_PROTOCOL_FROM_USER": "0",
        }
        settings = {
            "core.fsmonitor": "false",
            "core.hooksPath": os.devnull,
            "core.sshCommand": "false",
            "core.pager": "cat",
            "core.askPass": "false",
            "core.attributesFile": os.devnull,
            "core.bigFileThreshold": "1m",
            "core.quotePath": "true",
            "protocol.allow": "never",
            "credential.helper": "",
            "gpg.program": "false",
            "log.showSignature": "false",
            "log.showRoot": "true",
            "log.mailmap": "false",
            "diff.external": "",
            "safe.directory": str(self.folder),
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [
            env,
            "-i",
            *(f"{key}={value}" for key, value in environment.items()),
            git,
            "--no-pager",
            f"--git-dir={self.git_dir}",
            *options,
            *arguments,
        ]


def _is_git_dir(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (
        (folder / "commondir").is_file() or ((folder / "objects").is_dir() and (folder / "refs").is_dir())
    )


def _linked_git_dir(folder: Path, link: Path) -> Path:
    """The folder that a `.git` file names, if that folder says the same of it (a worktree or a submodule); Refused otherwise."""
    with open(link, "rb") as file:
        text = file.read(4096).decode("utf-8", "replace").strip()
    elsewhere = Refused(
        "The .git file in {folder!r} points to a repository that does not know it.",
        hint="Name that repository's own folder.",
        folder=str(folder),
    )
    if not text.startswith("gitdir:"):
        raise Refused("The .git file in {folder!r} is damaged.", hint="Name another folder of the repository.", folder=str(folder))
    target = (folder / text.removeprefix("gitdir:").strip()).resolve()
    if not _is_git_dir(target):
        raise elsewhere
    back = target / "gitdir"
    if back.is_file():
        with open(back, "rb") as file:
            named = (target / file.read(4096).decode("utf-8", "replace").strip()).resolve()
        if named == link.resolve() and target.parent.name == "worktrees":
            return target
        raise elsewhere
    if "modules" in target.parts and (target / "config").is_file():
        # A submodule's repository names its work tree.
        with open(target / "config", "rb") as file:
            match = re.search(r"^\s*worktree\s*=\s*(.+?)\s*$", file.read(1 << 16).decode("utf-8", "replace"), re.MULTILINE)
        if match and (target / match.group(1).strip('"')).resolve() == folder.resolve():
            return target
    raise elsewhere


class _Process:
    """A running git with a deadline; its complaints are cut short."""

    def __init__(self, repository: Repository, *arguments: str, talks: bool = False) -> None:
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # without git, GitPython refuses to be imported
        from git import Git
        from git.exc import GitCommandNotFound

        try:
            started: Any = Git(str(repository.git_dir)).execute(
                repository.command(*arguments),
                as_process=True,
                shell=False,
                istream=subprocess.PIPE if talks else None,
                start_new_session=True,
            )
        except GitCommandNotFound as error:
            raise Unavailable("git could not be started.", hint="Install git, or leave the commits out.") from error
        self._kept = started  # GitPython ends the process when this goes
        self.popen: subprocess.Popen[bytes] = started.proc
        self.is_late = False
        self.complaints = b""
        self._timer = threading.Timer(DEADLINE_SECONDS, self._expire)
        self._timer.daemon = True
        self._timer.start()
        self._drain = threading.Thread(target=self._read_complaints, daemon=True)
        self._drain.start()

    def _expire(self) -> None:
        self.is_late = True
        self.popen.kill()

    def _read_complaints(self) -> None:
        stream = self.popen.stderr
        while stream and (line := stream.readline(4096)):
            if len(self.complaints) < 8192:
                self.complaints += line
        if stream:
            stream.close()

    def end(self) -> int:
        """Ends it if it still runs; the exit code (negative where a signal ended it)."""
        self._timer.cancel()
        for stream in (self.popen.stdout, self.popen.stdin):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            code = self.popen.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            code = self.popen.wait()
        self._drain.join(timeout=2)
        self._timer.join(timeout=2)
        return code


class Log:
    """`git log -p`, read commit by commit from one process, however long the history is."""

    FIELDS = ("%H", "%P", "%an", "%ae", "%ct", "%B")

    def __init__(self, repository: Repository, revisions: list[str], authors: Sequence[str], paths: Sequence[str], count: int) -> None:
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
        arguments += ["--fixed-strings", "--regexp-ignore-case", *(f"--author={author}" for author in authors)]
        arguments += ["--end-of-options", *(revisions or ["HEAD"]), "--", *paths]
        self._process = _Process(repository, *arguments)
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
                msg("git took longer than {limit:.0f} seconds and was stopped; the commits read so far are used.", limit=DEADLINE_SECONDS)
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
            raise Refused("git cannot read the repository: {complaint}", hint="Check it with `git fsck`.", complaint=_first_line(complaint))
        return [msg("git stopped before the end ({complaint}); the commits read so far are used.", complaint=_first_line(complaint))]


class Blobs:
    """`git cat-file --batch`: files as they were, requested one after another from one process."""

    def __init__(self, repository: Repository) -> None:
        self._process = _Process(repository, "cat-file", "--batch", talks=True)

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
            raw = answer.read(min(size, 4 * MAX_CHARS + 1))
            left = size - len(raw) + 1
            while left > 0 and (part := answer.read(min(left, 1 << 20))):
                left -= len(part)
        except (OSError, ValueError):
            return None
        return decode(raw) if size <= 4 * MAX_CHARS else None


def _first_line(complaint: str) -> str:
    line = next((line for line in complaint.splitlines() if line.strip()), "no reason given")
    # The paths of this machine stay private.
    return re.sub(r"/[^\s':]+", "…", re.sub(r"^(?:fatal|error): ", "", line))[:300].rstrip(".") + "."
