"""Runs git on a repository that may belong to someone else: finds it, reads its log and its files, and trusts no setting of it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from academy.errors import Invalid, NotFound, Refused, Unavailable
from academy.messages import Text, msg

MAX_CHARS = 6_000
"""The longest change, and the longest file before it, that is shown whole."""
DEADLINE_SECONDS = 600.0
MAX_OUTPUT = 8 << 30
MAX_LISTING = 256 << 20


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


_GENERIC = set("repo repository git src source code checkout clone work workspace project main master trunk".split())  # noqa: SIM905
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
        common = self._common
        if not (common / "shallow").is_file():
            return set()
        with open(common / "shallow", encoding="ascii", errors="replace") as file:
            return set(file.read(16 << 20).split())

    def hashes(self, revisions: Sequence[str], authors: Sequence[str], paths: Sequence[str]) -> list[str]:
        """The commits to choose from, newest first; none where git cannot list them."""
        listed = Process(self, "log", "--format=%H", "--no-show-signature", "--full-diff", *selection(revisions, authors, paths)).all()
        return listed.decode("ascii", "replace").split()

    def authors(self, revisions: Sequence[str]) -> list[tuple[str, str, int]]:
        """Who wrote the commits, with name, address and number of commits, the busiest first."""
        form = ["--format=%an%x00%ae", "--no-merges", "--no-show-signature", "--encoding=UTF-8"]
        listed = Process(self, "log", *form, *selection(revisions, (), ())).all()
        counts: Counter[bytes] = Counter()
        names: dict[bytes, bytes] = {}
        for line in listed.split(b"\n"):
            name, _, address = line.partition(b"\x00")
            if address:
                key = address.lower()
                counts[key] += 1
                names.setdefault(key, name)
        return [(decode(names[key]), decode(key), number) for key, number in counts.most_common()]

    @property
    def is_partial(self) -> bool:
        """Whether it is a partial clone, whose objects are only there in part."""
        packs = self._common / "objects" / "pack"
        return packs.is_dir() and any(name.suffix == ".promisor" for name in packs.iterdir())

    def readable(self, revisions: Sequence[str], hashes: Sequence[str]) -> list[str]:
        """Of these commits of a partial clone, those whose files are all there."""
        listed = Process(self, "rev-list", "--objects", "--missing=print", "--end-of-options", *(revisions or ["HEAD"]), "--").all()
        missing = {line[1:].decode() for line in listed.split(b"\n") if line[:1] == b"?"}
        form = ["--format=%x00%H", "--raw", "--no-abbrev", "--no-renames", "--diff-merges=off", "--no-show-signature"]
        raw = Process(self, "log", *form, "--no-walk=unsorted", "--stdin", talks=True)
        raw.tell("".join(f"{name}\n" for name in hashes).encode())
        found = []
        for entry in raw.all().split(b"\x00")[1:]:
            name, _, files = entry.partition(b"\n")
            blobs = re.findall(rb"^:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) ", files, re.MULTILINE)
            if not any(blob.decode() in missing for pair in blobs for blob in pair):
                found.append(name.decode("ascii", "replace"))
        return found

    def unborn(self, revisions: Sequence[str]) -> Text | None:
        """What to say where HEAD names a branch without a commit, and others have some."""
        head = self.git_dir / "HEAD"
        text = head.read_text(encoding="utf-8", errors="replace").strip() if head.is_file() and head.stat().st_size < 4096 else ""
        if revisions or not text.startswith("ref: refs/heads/"):
            return None
        listing = Process(self, "for-each-ref", "--format=%(refname:short)", "--count=50", "refs/heads", "refs/remotes").all()
        branches = listing.decode("utf-8", "replace")
        named, others = text.removeprefix("ref: refs/heads/"), [name for name in branches.split() if not name.endswith("/HEAD")]
        if named in others or not others or not all("refs/" not in name for name in others):
            return None
        return msg(
            "The branch {name!r}, which is checked out, has no commit yet. Name one of those that have as the range: {others:commas}.",
            name=named[:80],
            others=[name[:80] for name in others[:12]],
        )

    @property
    def name(self) -> str:
        """What people call it: the last part of where it came from, else of its folder."""
        url = Process(self, "config", "--local", "--get", "remote.origin.url").all().decode("utf-8", "replace").strip()
        for path in (url, str(self.folder), str(self.folder.parent)):
            name = re.split(r"[/:\\]", path.rstrip("/"))[-1].removesuffix(".git")
            if name and name.lower() not in _GENERIC:
                return name[:60]
        return "commits"

    @property
    def _common(self) -> Path:
        link = self.git_dir / "commondir"
        return self.git_dir / link.read_text(encoding="utf-8", errors="replace").strip() if link.is_file() else self.git_dir

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


class Process:
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

    def tell(self, text: bytes) -> None:
        """Writes all that it is to read, and closes; for a program that reads it all before it answers."""
        if self.popen.stdin:
            with contextlib.suppress(OSError):
                self.popen.stdin.write(text)
                self.popen.stdin.close()

    def all(self) -> bytes:
        """All that it says, up to a limit; empty where it fails."""
        output = self.popen.stdout.read(MAX_LISTING) if self.popen.stdout else b""
        return output if self.end() == 0 else b""

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


def selection(revisions: Sequence[str], authors: Sequence[str], paths: Sequence[str]) -> list[str]:
    """The arguments that choose commits."""
    chosen = ["--fixed-strings", "--regexp-ignore-case", *(f"--author={author}" for author in authors)]
    return [*chosen, "--end-of-options", *(revisions or ["HEAD"]), "--", *paths]


def first_line(complaint: str) -> str:
    """The first line of what git complains about, without the paths of this machine."""
    line = next((line for line in complaint.splitlines() if line.strip()), "no reason given")
    return re.sub(r"/[^\s':]+", "…", re.sub(r"^(?:fatal|error): ", "", line))[:300].rstrip(".") + "."
