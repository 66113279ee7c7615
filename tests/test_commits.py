"""Commits: good ones become examples, the rest is counted by reason, and no code of a repository is ever run."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from waiting import wait_until

from academy.curation.commits import commits, git
from academy.curation.commits.commits import clean_message, parse_diff, read_commits
from academy.errors import Invalid, NotFound, Refused

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C.UTF-8"}


class Repo:
    """A repository that is written in one go by `git fast-import`: quick, and any bytes can stand in it."""

    def __init__(self, folder: Path, *, bare: bool = False) -> None:
        self.folder = folder
        self.stream: list[bytes] = []
        self.count = 0
        self.git("init", "-q", "-b", "main", *(["--bare"] if bare else []), str(folder), at=folder.parent)

    def git(self, *arguments: str, at: Path | None = None, env: dict[str, str] | None = None, data: bytes | None = None) -> bytes:
        return subprocess.run(
            ["git", *arguments], cwd=at or self.folder, env=ENVIRONMENT | (env or {}), input=data, check=True, capture_output=True
        ).stdout

    def commit(
        self,
        message: str | bytes,
        files: dict[str, str | bytes | None] | None = None,
        *,
        author: str = "Ada <ada@example.com>",
        encoding: str = "",
        merge: str = "",
        branch: str = "main",
    ) -> "Repo":
        self.count += 1
        time = f"{1_700_000_000 + 60 * self.count} +0000"
        text = message if isinstance(message, bytes) else message.encode(encoding or "utf-8")
        lines = [
            f"commit refs/heads/{branch}",
            f"author {author} {time}",
            f"committer {author} {time}",
            *([f"encoding {encoding}"] if encoding else []),
        ]
        self.stream.append("\n".join(lines).encode() + b"\ndata %d\n%s\n" % (len(text), text))
        if merge:
            self.stream.append(f"merge refs/heads/{merge}\n".encode())
        if files is None:
            files = {"code.py": f"def step():\n    return {self.count}\n"}
        for path, content in files.items():
            name = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
            if content is None:
                self.stream.append(f"D {name}\n".encode())
            else:
                raw = content if isinstance(content, bytes) else content.encode()
                self.stream.append(f"M 100644 inline {name}\ndata {len(raw)}\n".encode() + raw + b"\n")
        return self

    def write(self) -> Path:
        self.git("fast-import", "--quiet", "--force", data=b"".join(self.stream))
        self.stream = []
        return self.folder


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def answers(folder: Path, **options: object) -> list[str]:
    return [example.answer for example in read_commits(folder, limit=100, **options).examples]  # type: ignore[arg-type]


def test_a_change_and_its_message_become_an_example(repo: Repo) -> None:
    repo.commit("Count the steps of a run", {"code.py": "def step():\n    return 1\n"})
    repo.commit(
        "Return two steps at once\n\nOne was too slow.\n\nSigned-off-by: Ada <ada@example.com>", {"code.py": "def step():\n    return 2\n"}
    )
    report = read_commits(repo.write(), limit=10)
    assert report.read == 2
    assert report.counts == {}
    newest = report.examples[0]
    assert newest.answer == "Return two steps at once\n\nOne was too slow."
    assert newest.question.startswith(
        "Write a commit message for this change.\n\n```diff\ndiff --git a/code.py b/code.py\n--- a/code.py\n+++ b/code.py\n@@"
    )
    assert "-    return 1\n+    return 2\n```" in newest.question
    assert (newest.source, newest.time, len(newest.origin)) == ("git", "2023-11-14T22:15:20Z", 40)


def test_the_message_and_the_file_before_lead_to_the_patch(repo: Repo) -> None:
    repo.commit("Add the first step of a run", {"code.py": "def step():\n    return 1\n"})
    repo.commit("Return two steps at once", {"code.py": "def step():\n    return 2\n"})
    repo.commit("Change two files in one go", {"code.py": "def step():\n    return 3\n", "b.py": "x = 1\n"})
    examples = read_commits(repo.write(), limit=10, tasks=("patch",)).examples
    assert [example.meta["task"] for example in examples] == ["patch"]
    assert "Change the file `code.py`:\nReturn two steps at once" in examples[0].question
    assert "```\ndef step():\n    return 1\n```" in examples[0].question
    assert examples[0].answer.endswith("-    return 1\n+    return 2\n```")
    assert read_commits(repo.folder, limit=10, tasks=("patch",)).counts == {"no_single_file": 2}


LEFT_OUT = {
    "merge": ("Merge branch 'topic'", {}),
    "merge of a pull request": ("Merge pull request #12 from a/topic\n\nAdd a thing", {}),
    "bot": ("Bump lodash from 1.2 to 1.3 in /web", {"author": "dependabot[bot] <49699333+dependabot[bot]@users.noreply.example>"}),
    "bot by its address": ("Update the translations of the page", {"author": "Translations <weblate@example.com>"}),
    "revert": ('Revert "Return two steps at once"', {}),
    "revert by its body": ("Take the steps back again\n\nThis reverts commit 0123456789012345678901234567890123456789.", {}),
    "unfinished": ("WIP: try something with the steps", {}),
    "unfinished fixup": ("fixup! Return two steps at once", {}),
    "unfinished squash": ("squash! Return two steps at once", {}),
    "short_message": ("Speed-ups!!", {}),
    "meaningless_message": ("Update README.md", {}),
    "meaningless_message two": ("minor fixes", {}),
    "meaningless_message version": ("Release 1.2.3", {}),
    "long_message": ("Explain the steps\n\n" + "It is a long story. " * 400, {}),
    "empty": ("Say something without a change", {"files": {}}),
    "binary": ("Add the picture of the team", {"files": {"a.png": b"\x89PNG\r\n\x00\x00" + bytes(range(256))}}),
    "generated lock": ("Lock the packages of the page", {"files": {"web/package-lock.json": '{"a": 1}\n'}}),
    "generated minified": ("Add the library for charts", {"files": {"static/chart.js": "var a=1;" * 400 + "\n"}}),
    "generated vendored": ("Take in the library for colours", {"files": {"vendor/colours/a.go": "package a\n"}}),
    "generated by its mark": ("Generate the client of the server", {"files": {"a.go": "// Generated by x. DO NOT EDIT.\npackage a\n"}}),
    "too_large": ("Add a whole lot of lines at once", {"files": {"a.txt": "".join(f"line {n}\n" for n in range(2000))}}),
}  # fmt: skip


def test_what_teaches_nothing_is_left_out_and_counted_by_reason(repo: Repo) -> None:
    repo.commit("Add the first step of a run")
    for message, options in LEFT_OUT.values():
        repo.commit(message, **options)  # type: ignore[arg-type]
    report = read_commits(repo.write(), limit=100)
    expected: dict[str, int] = {}
    for name in LEFT_OUT:
        expected[name.split()[0]] = expected.get(name.split()[0], 0) + 1
    assert report.counts == expected
    assert set(report.counts) <= set(commits.LABELS)
    assert [example.answer for example in report.examples] == ["Add the first step of a run"]


def test_a_true_merge_is_left_out(repo: Repo) -> None:
    repo.commit("Add the first step of a run").commit("Add a page of the manual", {"page.md": "Hello\n"}, branch="topic")
    repo.commit("Bring the manual into the tool", {}, merge="topic")
    report = read_commits(repo.write(), limit=10)
    assert report.counts == {"merge": 1}
    assert len(report.examples) == 2


def test_generated_parts_of_a_change_are_left_out_of_it(repo: Repo) -> None:
    repo.commit("Add colours to the page", {"web/package-lock.json": '{"a": 2}\n', "web/page.js": "paint()\n", "logo.png": b"\x00\x01"})
    (example,) = read_commits(repo.write(), limit=10).examples
    assert "page.js" in example.question
    assert "package-lock" not in example.question
    assert "logo" not in example.question


def test_texts_in_other_encodings_survive(repo: Repo) -> None:
    repo.commit("Grüße an die Straße hinzufügen", {"a.txt": "Straße\n".encode("latin-1")}, encoding="ISO-8859-1")
    repo.commit("Dodaj zażółć gęślą jaźń 👍", {"b.txt": "zażółć 👍\n"})
    repo.commit("修复登录页面的错误", {"c.txt": "登录\n"})
    repo.commit("Größe ohne Angabe".encode("latin-1"), {"d.txt": "Zeile\r\nzwei\r\n"})
    examples = read_commits(repo.write(), limit=10).examples
    assert [example.answer for example in examples] == [
        "Größe ohne Angabe", "修复登录页面的错误", "Dodaj zażółć gęślą jaźń 👍", "Grüße an die Straße hinzufügen"]  # fmt: skip
    assert "+Zeile\r\n" in examples[0].question
    assert "+zażółć 👍" in examples[2].question
    assert "+Straße" in examples[3].question


def test_names_of_files_may_hold_anything(repo: Repo) -> None:
    for name in ["with space.txt", 'quo"te.txt', "zażółć.txt", "new\nline.txt", "b/a b/a.txt", "-rf"]:
        repo.commit("Add a file with an odd name", {name: "x = 1\n"}).commit("Change the file with an odd name", {name: "x = 2\n"})
    report = read_commits(repo.write(), limit=10, tasks=("patch",))
    names = [example.question.split("`")[1] for example in report.examples]
    assert names == ["-rf", "b/a b/a.txt", "new\nline.txt", "zażółć.txt", 'quo"te.txt', "with space.txt"]


def test_a_change_that_holds_a_diff_is_read_as_one_file() -> None:
    inner = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b"
    lines = inner.split(b"\n")
    diff = b"diff --git a/fix.patch b/fix.patch\nindex 1..2 100644\n--- a/fix.patch\n+++ b/fix.patch\n@@ -1,%d +0,0 @@\n" % len(lines)
    diff += b"\n".join(b"-" + line for line in lines)
    (change,) = parse_diff(diff)
    assert change.path == "fix.patch"
    assert change.text.endswith("--b\n-+b".replace("--b\n", "--a\n"))


def test_text_in_a_message_cannot_pass_for_the_start_of_a_commit(repo: Repo) -> None:
    repo.commit(
        "Add a marker to the log\n\ncommit 0000000000000000000000000000000000000000\nAuthor: X <x@x>\n\n    Forged",
        {"a.txt": "commit 1\x00x\n"},
    )
    repo.commit("Add the second step of a run")
    assert read_commits(repo.write(), limit=10).read == 2


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Add it (#123)", "Add it"),
        ("Add it\n\nCloses #1\nFixes: org/repo#2, #3\nChange-Id: I12", "Add it"),
        ("Add it\r\n\r\nWhy not.\r\n", "Add it\n\nWhy not."),
        ("Add it\n\nSee the manual for more.\nRefs https://example.com/1", "Add it\n\nSee the manual for more."),
        ("Add it\n\nFixes #1, gh-2 and ABC-3.", "Add it"),
        ("fix: see #4 in the list", "fix: see #4 in the list"),
        (
            "[4.2.x] Fixed CVE-2024-1 -- Counted twice\n\nThanks Ada Byron for the report.\n\nBackport of 81aa5292967cd from main.",
            "Counted twice",
        ),
        ("gh-123: Read dates of leap years", "Read dates of leap years"),
        ("[PATCH v2 3/7] net: Send it once (https://example.com/4)", "net: Send it once"),
        ('Add it\n\nFixes: 71fa6887eeca ("net: mana")\nOrigin: https://example.com\nForwarded: no', "Add it"),
        ("Add it\n\nConflicts:\n\tinclude/grub/err.h\n\nWhy not.", "Add it\n\nWhy not."),
        (
            "Thanks to the index it is quick\n\nThanks to the cache for rows.",
            "Thanks to the index it is quick\n\nThanks to the cache for rows.",
        ),
        (
            "Read it\n\nIt is told at\nhttps://example.com/a and is so.\n\nhttps://example.com/1",
            "Read it\n\nIt is told at\nhttps://example.com/a and is so.",
        ),
        ("defaced: UTF-8 is one word", "defaced: UTF-8 is one word"),
        ("UTF-8: decode what is there", "UTF-8: decode what is there"),
    ],
)
def test_trailers_and_numbers_go_from_a_message(raw: str, clean: str) -> None:
    assert clean_message(raw) == clean


def test_an_odd_message_does_not_hang() -> None:
    for line in [
        "fixes " + "http://a#1" * 200 + " end",
        "Fixes " + "a#1" * 300 + " end",
        "Co-" * 2000,
        "#" * 5000,
        "-" * 5000,
        "[1/2] " * 900,
    ]:
        assert clean_message(f"Add it\n\n{line}").startswith("Add it")
        clean_message(line)


GOOD = [
    "fix(parser): handle an empty input",
    "Save the config before the app ends",
    "Roll back the transaction on failure",
    "Draft of the storage engine",
    "Back out of the menu on Escape",
    "Merge the two caches into one",
    "Rebuild the index when the schema changes",
    "Сделать поиск быстрее",
    "修复登录",
    "Release the lock before calling back",
    "Initial implementation of the scheduler",
    "Update README.md with steps for Windows",
]
POOR = [
    "Pull request: https://example.com/4963",
    "[1/2] CVE-2025-55298",
    "chore: release 1.2.3",
    "v1.2.3",
    "docs: update readme",
    "[release] prepare for next development iteration",
    "temp: something",
    "Draft: a new idea",
    "Rollback commit 0123abc",
    "asdf",
    "...",
    "style: format",
    "Create foo.py",
    "Add files via upload",
    "save work",
    "updated the code",
]


def test_messages_that_say_something_are_told_from_those_that_do_not(repo: Repo) -> None:
    for message in [*GOOD, *POOR]:
        repo.commit(message)
    repo.commit("Answer the bot on the other side", author="Travis Botha <travis@bothouse.example>")
    assert answers(repo.write()) == ["Answer the bot on the other side", *reversed(GOOD)]


def test_range_authors_and_paths_choose_the_commits(repo: Repo) -> None:
    repo.commit("Add the first page of it", {"docs/a.md": "a\n"})
    repo.commit("Add the second page of it", {"docs/b.md": "b\n"}, author="Zoë Müller <zoe@example.org>")
    repo.commit("Add the tool for the pages", {"tool.py": "x = 1\n"}, author="B.b <b.b@example.org>")
    folder = repo.write()
    repo.git("tag", "v1", "main~1")
    assert answers(folder, revision_range="v1..main") == ["Add the tool for the pages"]
    assert answers(folder, revision_range="v1") == ["Add the second page of it", "Add the first page of it"]
    assert answers(folder, revision_range="main ^v1") == ["Add the tool for the pages"]
    assert answers(folder, authors=["zoë"]) == ["Add the second page of it"]
    assert answers(folder, authors=["B.b@", "ada@"]) == ["Add the tool for the pages", "Add the first page of it"]
    assert answers(folder, authors=[".*"]) == []
    assert len(answers(folder, paths=["docs"])) == 2
    assert answers(folder, paths=["*.py"]) == ["Add the tool for the pages"]
    assert answers(folder, paths=["docs"], authors=["zoë"]) == ["Add the second page of it"]


def test_a_commit_that_a_path_chose_is_shown_whole(repo: Repo) -> None:
    # Its message used to stand beside the part of the change that the path chose.
    repo.commit("Add the page and its tool", {"docs/a.md": "a\n", "tool.py": "x = 1\n"})
    (example,) = read_commits(repo.write(), limit=9, paths=["docs"]).examples
    assert "tool.py" in example.question


def test_bad_choices_are_refused_with_a_reason(repo: Repo, tmp_path: Path) -> None:
    folder = repo.commit("Add the first step of a run").write()
    for bad in ["--output=/tmp/x", "main --output=x", "-n1", "main\x00x", "main\nx"]:
        with pytest.raises(Invalid):
            read_commits(folder, limit=1, revision_range=bad)
    with pytest.raises(Invalid, match="does not know"):
        read_commits(folder, limit=1, revision_range="no-such-branch")
    with pytest.raises(Invalid):
        read_commits(folder, limit=1, paths=[""])
    with pytest.raises(Invalid, match="outside"):
        read_commits(folder, limit=1, paths=["../elsewhere"])
    for missing in [tmp_path / "gone", tmp_path / "repo" / ".." / "gone"]:
        with pytest.raises(NotFound):
            read_commits(missing, limit=1)
    (tmp_path / "plain").mkdir()
    with pytest.raises(Refused, match="not a git repository"):
        read_commits(tmp_path / "plain", limit=1)
    with pytest.raises(NotFound):
        read_commits(folder / "code.py", limit=1)


def test_an_option_as_author_or_path_stays_a_text(repo: Repo, tmp_path: Path) -> None:
    folder = repo.commit("Add the first step of a run").write()
    out = tmp_path / "out"
    assert answers(folder, authors=[f"--output={out}"]) == []
    assert answers(folder, paths=[f"--output={out}"]) == []
    assert not out.exists()


def test_bare_repositories_worktrees_submodules_and_subfolders_work(tmp_path: Path) -> None:
    bare = Repo(tmp_path / "bare.git", bare=True).commit("Add the first step of a run", {"sub/code.py": "x = 1\n"}).write()
    clone, tree = tmp_path / "clone", tmp_path / "tree"
    git = Repo(tmp_path / "other")
    git.git("clone", "-q", str(bare), str(clone))
    git.git("worktree", "add", "-q", "-b", "topic", str(tree), at=clone)
    git.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(bare), "part", at=git.folder)
    for folder in (bare, clone, clone / "sub", clone / ".git", tree, tree / "sub", git.folder / "part"):
        assert answers(folder) == ["Add the first step of a run"], folder


def test_a_repository_without_commits_gives_a_warning(repo: Repo) -> None:
    report = read_commits(repo.folder, limit=5)
    assert report.examples == []
    assert "no commits" in str(report.warnings[0])


def test_the_oldest_commit_of_a_shallow_clone_is_no_example(repo: Repo, tmp_path: Path) -> None:
    # It used to be one: a small message for all the files there were.
    for number in range(4):
        repo.commit(f"Write line number {number} of the file")
    repo.write()
    repo.git("clone", "-q", "--depth", "2", f"file://{repo.folder}", str(tmp_path / "shallow"))
    report = read_commits(tmp_path / "shallow", limit=10)
    assert [example.answer for example in report.examples] == ["Write line number 3 of the file"]
    assert report.counts == {"shallow": 1}
    assert "unshallow" in str(report.warnings[0])


def test_a_repository_that_lost_its_objects_is_not_called_empty(repo: Repo) -> None:
    folder = repo.commit("Write the first line of the file").write()
    shutil.rmtree(folder / ".git" / "objects")
    (folder / ".git" / "objects").mkdir()
    with pytest.raises(Refused, match="bad object"):
        read_commits(folder, limit=10)


def test_the_limit_counts_examples_and_reading_stops_there(repo: Repo) -> None:
    for number in range(60):
        repo.commit("wip" if number % 2 else f"Add step number {number} to the run")
    seen: list[tuple[int, int]] = []
    report = read_commits(repo.write(), limit=5, progress=lambda read, taken: seen.append((read, taken)))
    assert len(report.examples) == 5
    assert report.read == 10
    assert seen == [(10, 5)]
    assert read_commits(repo.folder, limit=0).examples == []


def test_no_more_than_twenty_commits_are_read_for_each_that_is_wanted(repo: Repo) -> None:
    repo.commit("Add the first step of a run")
    for _ in range(30):
        repo.commit("wip")
    report = read_commits(repo.write(), limit=1)
    assert report.read == 20
    assert "newest 20 commits only" in str(report.warnings[0])


def test_a_secret_of_the_environment_does_not_lead_git_astray(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repo.commit("Add the first step of a run").write()
    other = Repo(tmp_path / "other").commit("Add something else entirely", {"x.py": "x\n"}).write()
    for name, value in {
        "GIT_DIR": str(other / ".git"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "diff.external",
        "GIT_CONFIG_VALUE_0": "false",
        "GIT_EXTERNAL_DIFF": "false",
        "GIT_TRACE": str(tmp_path / "trace"),
    }.items():
        monkeypatch.setenv(name, value)
    assert answers(folder) == ["Add the first step of a run"]
    assert not (tmp_path / "trace").exists()


# --- hostile repositories -----------------------------------------------------------------------------------------------------


@pytest.fixture
def trap(tmp_path: Path) -> tuple[Path, Path]:
    """A program that leaves a file behind when it is run, and that file."""
    canary = tmp_path / "canary"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch '{canary}'\ncat 2>/dev/null\nexit 0\n")
    script.chmod(0o755)
    return script, canary


MODULES = '[submodule "a"]\n\tpath = a\n\turl = ext::@\n'
ODD_FORMS = {
    "color.ui": "always",
    "diff.noprefix": "true",
    "diff.mnemonicPrefix": "true",
    "log.diffMerges": "on",
    "format.pretty": "oneline",
}
ODD_FORMS |= {"diff.renames": "copies", "log.date": "relative"}
CONFIGS = {
    "diff.external": ({"diff.external": "@"}, {}),
    "textconv": ({"diff.x.textconv": "@", "diff.x.cachetextconv": "true"}, {".gitattributes": "* diff=x\n"}),
    "diff command": ({"diff.x.command": "@"}, {".gitattributes": "* diff=x\n"}),
    "fsmonitor": ({"core.fsmonitor": "@"}, {}),
    "hooksPath": ({"core.hooksPath": "@dir"}, {}),
    "gpg.program": ({"gpg.program": "@", "log.showSignature": "true", "gpg.format": "openpgp", "gpg.ssh.program": "@"}, {}),
    "sshCommand": ({"core.sshCommand": "@", "remote.origin.url": "ssh://example.invalid/x"}, {}),
    "pager": ({"core.pager": "@", "pager.log": "@", "core.editor": "@", "core.askPass": "@"}, {}),
    "filter": ({"filter.x.smudge": "@", "filter.x.clean": "@", "filter.x.process": "@"}, {".gitattributes": "* filter=x\n"}),
    "alias": ({"alias.log": "!@", "alias.cat-file": "!@"}, {}),
    "credential helper": ({"credential.helper": "!@"}, {}),
    "submodule": ({"diff.submodule": "diff", "submodule.recurse": "true", "status.submoduleSummary": "true"}, {".gitmodules": MODULES}),
    "merge driver": ({"merge.x.driver": "@"}, {".gitattributes": "* merge=x\n"}),
    "odd forms": (ODD_FORMS, {}),
}  # fmt: skip


def test_no_program_of_a_repository_is_run(repo: Repo, trap: tuple[Path, Path]) -> None:
    every_file: dict[str, str] = {}
    for _, files in CONFIGS.values():
        for name, text in files.items():
            every_file[name] = every_file.get(name, "") + text
    _spring(repo, trap, {key: value for config, _ in CONFIGS.values() for key, value in config.items()}, every_file)


@pytest.mark.torture
@pytest.mark.parametrize("name", CONFIGS)
def test_no_program_is_run_by_any_one_setting_alone(name: str, repo: Repo, trap: tuple[Path, Path]) -> None:
    _spring(repo, trap, *CONFIGS[name])


def _spring(repo: Repo, trap: tuple[Path, Path], config: dict[str, str], files: dict[str, str]) -> None:
    script, canary = trap
    repo.commit("Add the first step of a run").commit("Set the attributes of the files", dict(files) or None)
    folder = repo.commit("Return a third step of it").write()
    repo.git("reset", "-q", "--hard")
    hooks = folder.parent / "hooks"
    hooks.mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc", "post-rewrite", "fsmonitor-watchman"):
        shutil.copy(script, hooks / hook)
        shutil.copy(script, folder / ".git" / "hooks" / hook)
    canary.unlink(missing_ok=True)
    for key, value in config.items():
        repo.git("config", key, value.replace("@dir", str(hooks)).replace("@", str(script)))
    for file in files:
        attributes = (folder / file).read_text()
        (folder / file).write_text(attributes)
        if file == ".gitattributes":
            (folder / ".git" / "info" / "attributes").write_text(attributes)
    report = read_commits(folder, limit=10, tasks=("message", "patch"))
    assert report.examples[0].answer == "Return a third step of it"
    assert "\x1b" not in report.examples[0].question
    assert "--- a/code.py" in report.examples[0].question
    assert not canary.exists()


def test_the_traps_do_snap_where_git_is_used_carelessly(repo: Repo, trap: tuple[Path, Path]) -> None:
    script, canary = trap
    folder = repo.commit("Add the first step of a run").commit("Return a second step of it").write()
    repo.git("config", "diff.external", str(script))
    repo.git("log", "-p", "--ext-diff")
    assert canary.exists()
    canary.unlink()
    assert len(answers(folder)) == 2
    assert not canary.exists()


def test_an_included_configuration_has_no_effect(repo: Repo, trap: tuple[Path, Path]) -> None:
    script, canary = trap
    folder = repo.commit("Add the first step of a run").commit("Return a second step of it").write()
    (folder / ".git" / "more").write_text(
        f"[diff]\n\texternal = {script}\n[core]\n\tfsmonitor = {script}\n\tpager = {script}\n[protocol]\n\tallow = always\n"
    )
    with open(folder / ".git" / "config", "a") as file:
        file.write('[include]\n\tpath = more\n[includeIf "gitdir:/"]\n\tpath = more\n')
    assert len(answers(folder)) == 2
    assert not canary.exists()
    with open(folder / ".git" / "config", "a") as file:
        file.write("[include]\n\tpath = /etc/passwd\n")
    with pytest.raises(Refused, match="config"):
        read_commits(folder, limit=1)


def test_what_is_missing_in_a_partial_clone_is_not_fetched(repo: Repo, trap: tuple[Path, Path], tmp_path: Path) -> None:
    script, canary = trap
    repo.commit("Add the first step of a run").commit("Return a second step of it")
    folder = repo.write()
    partial = tmp_path / "partial"
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "-q", "--no-checkout", "--filter=blob:none", folder.as_uri(), str(partial))
    for key, value in {
        "remote.origin.uploadpack": str(script),
        "remote.origin.url": f"ext::{script}",
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "protocol.file.allow": "always",
        "core.sshCommand": str(script),
        "remote.origin.vcs": "trap",
    }.items():
        repo.git("config", key, value, at=partial)
    try:
        report = read_commits(partial, limit=10)
        assert report.examples == []
        assert report.warnings
    except Refused:
        pass  # nothing at all could be read
    assert not canary.exists()


def test_a_git_file_that_points_elsewhere_is_refused(repo: Repo, tmp_path: Path) -> None:
    folder = repo.commit("Add the first step of a run").write()
    for name, text in {"file": f"gitdir: {folder / '.git'}\n", "other": "gitdir: /\n", "broken": "hello\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / ".git").write_text(text)
        with pytest.raises(Refused):
            read_commits(tmp_path / name, limit=1)
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / ".git").symlink_to(folder / ".git")
    with pytest.raises(Refused):
        read_commits(tmp_path / "link", limit=1)
    shutil.copytree(folder, tmp_path / "common")
    (tmp_path / "common" / ".git" / "commondir").write_text(str(folder / ".git"))
    with pytest.raises(Refused):
        read_commits(tmp_path / "common", limit=1)


def test_a_repository_that_hangs_is_given_up(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repo.commit("Add the first step of a run").write()
    os.mkfifo(folder / ".git" / "pipe")
    repo.git("config", "include.path", "pipe", env={"GIT_CONFIG": str(folder / ".git" / "config")})
    monkeypatch.setattr(git, "DEADLINE_SECONDS", 0.3)
    report = read_commits(folder, limit=1)
    assert report.examples == []
    assert "stopped" in str(report.warnings[0])


def test_no_process_is_left_behind(repo: Repo) -> None:
    for number in range(30):
        repo.commit(f"Add step number {number} to the run")
    before = threading.active_count()
    read_commits(repo.write(), limit=2, tasks=("message", "patch"))
    wait_until(lambda: threading.active_count() <= before, "the end of the threads")
    with pytest.raises(ZeroDivisionError):
        read_commits(repo.folder, limit=2, progress=lambda read, taken: 1 // 0)  # type: ignore[arg-type, return-value]
    wait_until(lambda: threading.active_count() <= before, "the end of the threads")
