"""Commits worth learning from: what they teach, what is left out and why, and the forms of repositories that people have."""

# The messages stand here as they were written.
# ruff: noqa: E501

import itertools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from academy.curation.commits.changes import parse_diff, summary_of
from academy.curation.commits.commits import LABELS, PATCHES, read_commits, spread_order, teaches
from academy.curation.commits.git import MAX_CHARS
from academy.curation.commits.looking import glance, name_of
from academy.curation.commits.wording import is_chore, without_references
from academy.curation.examples import DatasetRequest
from tests.test_commits import Repo

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


@pytest.mark.parametrize(
    ("message", "without"),
    [
        ("Count the lamps twice, refs #41", "Count the lamps twice"),
        ("Count the lamps twice, closes #41, #42 and #43", "Count the lamps twice"),
        ("Count the lamps twice - refs #41", "Count the lamps twice"),
        ("Count the lamps twice (refs #41, see https://example.org/a)", "Count the lamps twice"),
        ("LAMP-41: Count the lamps twice", "Count the lamps twice"),
        ("Count the lamps twice [skip ci]", "Count the lamps twice"),
        ("Support GPT-5 and SHA-256 names", "Support GPT-5 and SHA-256 names"),
        ("Refs #41, #42", ""),
        ("Changes for #41", ""),
        ("Undo what I broke in #41", ""),
        ("Follow the review comments", ""),
        ("Say it as discussed", ""),
        ("Count twice\n\nThe hall has two rows. See #41 for the plan. Each is counted.", "Count twice\n\nThe hall has two rows. Each is counted."),
        ("Count twice\n\n* Count twice\n* Applied Black\n* Show both rows\n\n---------", "Count twice\n\n* Show both rows"),
        ("Count twice\n\nFound while working on https://example.org/7", "Count twice"),
        ("Count the lamps twice\n\nPR #41", "Count the lamps twice"),
        ("Count the lamps twice, tests pass again", "Count the lamps twice"),
        ("Phase 3b follow-up: Count twice\n\nPhase 4 lights them. Each is counted. All 600 tests pass.", "Count twice\n\nEach is counted."),
        ("Light phase 2 of the moon lamp\n\nPhase 3 stays dark.", "Light phase 2 of the moon lamp\n\nPhase 3 stays dark."),
    ],
)  # fmt: skip
def test_what_a_change_does_not_show_goes_from_its_message(message, without):
    assert without_references(message) == without


@pytest.mark.parametrize(
    "message",
    [
        *("Release 2.4", "Dates for 1.2rc1 and 1.2rc2", "Changelog for the new lamps", "Bump left-pad from 1.0.0 to 1.0.1", "Ran cog"),
        *("Fix for ruff", "Run latest black", "chore: tidy", "build(deps): raise lamp to 2", "Fixed broken link", "Fix some test warnings"),
        *("Update dependencies", "Removed unused fixture", "Fixed a typo", "Cog for README", "Upgrade to mypy 1.9"),
        *("Tweaked some boastful wording", "Add the lamps to gitignore"),
    ],
)
def test_housekeeping_is_a_chore(message):
    assert is_chore(message)


@pytest.mark.parametrize(
    "message",
    [
        "Update the lamp when the door opens",
        "Release the lock before calling back",
        "Fix the order of the rows",
        "Use two rows for long names",
    ],
)
def test_work_is_no_chore(message):
    assert not is_chore(message)


def test_examples_lie_over_the_whole_history(repo):
    for number in range(40):
        repo.commit(f"Light the lamp number {number} of the hall", {"lamps.py": f"lamp = {number}\n"})
    report = read_commits(repo.write(), limit=4, spread=True)
    lamps = [int(example.answer.split()[4]) for example in report.examples]
    assert lamps == sorted(lamps, reverse=True)
    assert max(lamps) - min(lamps) >= 20
    assert report.total == 40


def test_however_many_are_taken_they_are_spread():
    assert sorted(spread_order(11)) == list(range(11))
    for taken in (2, 4, 8):
        places = sorted(spread_order(1000)[:taken])
        assert max(after - before for before, after in itertools.pairwise(places)) <= 2 * 1000 // taken


def test_chores_and_documentation_are_taken_where_they_are_asked_for(repo):
    repo.commit("Light the lamp of the hall", {"lamp.py": "x = 1\n"})
    repo.commit("Tell how the lamp is lit in the hall", {"docs/lamp.md": "Press.\n"})
    repo.commit("Explain the lamp to guests of the hall", {"README.md": "Lamp\n"})
    repo.commit("Write down the change of the lamp", {"CHANGELOG.md": "1\n"})
    repo.commit("chore: polish the lamp of the hall", {"lamp.py": "x = 2\n"})
    folder = repo.write()
    report = read_commits(folder, limit=9, chores=False, docs=False)
    assert [example.answer for example in report.examples] == ["Light the lamp of the hall"]
    assert report.counts == {"docs": 2, "chore": 2}
    assert len(read_commits(folder, limit=9).examples) == 5


def test_what_is_only_laid_out_otherwise_is_a_chore_and_what_may_mean_something_is_not(repo):
    before = "def light(lamp):\n    if lamp:\n        glow(\n            lamp, 'red',\n        )\n    return lamp\n"
    files: dict[str, str | bytes | None] = {f"{name}.py": before for name in ("laid", "bracket", "dented", "called")}
    repo.commit("Light the lamps of the hall", files)
    repo.commit("Lay the red lamp out on one line", {"laid.py": before.replace("(\n            lamp, 'red',\n        )", '(lamp, "red")')})
    repo.commit("Format the lamp of the hall", {"bracket.py": before.replace("return lamp", "return (\n        lamp\n    )")})
    repo.commit("Light the red lamp in any case", {"dented.py": before.replace("        glow", "    glow")})
    repo.commit("Ask the lamp what it is", {"called.py": before.replace("return lamp", "return lamp()")})
    repo.commit("Say which lamp is looked at", {"Justfile": "lint:\n  echo lamp\n"})
    report = read_commits(repo.write(), limit=9, chores=False)
    taken = ["Ask the lamp what it is", "Light the red lamp in any case", "Light the lamps of the hall"]
    assert ([example.answer for example in report.examples], report.counts) == (taken, {"chore": 3})


def test_a_message_about_the_documentation_is_documentation_where_most_of_the_change_is(repo):
    code, long = {"lamp.py": "x = 1\n"}, {"docs/lamp.md": "Press.\n" * 9}
    repo.commit("Docs for the lamp of the hall", code | long)
    repo.commit("Dim the lamp of the hall, plus documentation", {"lamp.py": "x = 2\n", "docs/lamp.md": "Turn.\n" * 9})
    repo.commit("Tell the document lamp from others", {"lamp.py": "x = 3\n"})
    repo.commit("Finishing touches of the lamp", {"lamp.py": "x = 4\n"})
    report = read_commits(repo.write(), limit=9, docs=False)
    taken = ["Tell the document lamp from others", "Dim the lamp of the hall, plus documentation"]
    assert ([example.answer for example in report.examples], report.counts) == (taken, {"docs": 1, "meaningless_message": 1})


def test_a_large_change_is_shown_in_its_telling_parts(repo):
    long = "\n".join(f"value_{number} = {number} * {number}" for number in range(600))
    code = f"def light(lamp):\n    return lamp.on()\n\n\n{long}\n"
    files: dict[str, str | bytes | None] = {"lamp.py": code, "docs/lamp.md": "Lamp\n" * 400, "tests/test_lamp.py": "assert True\n" * 300}
    repo.commit("Light every lamp of the hall at dusk", files)
    folder = repo.write()
    assert read_commits(folder, limit=9).counts == {"too_large": 1}
    (example,) = read_commits(folder, limit=9, summarise=True).examples
    assert "lamp.py | +604 -0" in example.question
    assert "+def light(lamp):" in example.question
    assert len(example.question) < MAX_CHARS + 500
    assert example.answer == "Light every lamp of the hall at dusk"


def test_definitions_come_before_other_lines_of_a_large_change():
    body = b"".join(b"+line %d\n" % number for number in range(900))
    diff = b"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,1 +1,900 @@\n" + body + b"@@ -2000,1 +2900,2 @@\n x\n+def found():\n"
    assert "+def found():" in summary_of(parse_diff(diff), "```")


def test_a_patch_is_learned_from_a_long_file_and_the_reasons_against_are_counted(repo):
    lines = [f"row_{number} = {number}" for number in range(2000)]
    repo.commit("Write the rows of the hall", {"rows.py": "\n".join(lines) + "\n"})
    repo.commit("Open the gate of the hall", {"gate.py": "open = 1\n", "door.py": "open = 1\n"})
    lines[1000] = "row_1000 = 'VIP'"
    repo.commit("Keep row 1000 for guests of honour", {"rows.py": "\n".join(lines) + "\n"})
    report = read_commits(repo.write(), limit=9, tasks=("message", "patch"), summarise=True)
    (patch,) = [example for example in report.examples if example.meta["task"] == "patch"]
    assert "The file now, from line 9" in patch.question
    assert "+row_1000 = 'VIP'" in patch.answer
    assert report.patches == {"several_files": 1, "large_change": 1}
    assert "teach a patch" in str(report.warnings[0])
    assert set(report.patches) <= set(PATCHES)


def test_it_says_what_is_taught_and_who_wrote_it(repo):
    repo.commit("Light the lamp of the hall").commit("Put the lamp out at ten", author="Ben <ben@example.com>")
    repo.commit("wip")
    folder = repo.write()
    seen = glance(folder, DatasetRequest(git_tasks=["message"]), 100)
    assert str(seen.teaches) == str(teaches(["message"])) == "writing our commit messages"
    assert {(author.name, author.commits) for author in seen.authors} == {("Ada", 2), ("Ben", 1)}
    assert (seen.commits, seen.messages, seen.left_out) == (3, 2, {LABELS["unfinished"]: 1})
    assert seen.tokens > 10


def test_a_repository_is_called_after_where_it_came_from(repo, tmp_path):
    folder = repo.commit("Light the lamp of the hall").write()
    assert name_of(folder) == tmp_path.name[:60]  # "repo" says nothing
    repo.git("remote", "add", "origin", "git@example.org:team/lamps.git")
    assert name_of(folder) == "lamps"


def test_pointers_of_lfs_are_binary_and_counted(repo):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 7\n"
    repo.commit("Add the picture of the hall to the page", {"hall.psd": pointer})
    assert read_commits(repo.write(), limit=9).counts == {"binary": 1}


def test_a_head_without_a_commit_names_the_branches_that_have_some(repo):
    folder = repo.commit("Light the lamp of the hall").write()
    repo.git("symbolic-ref", "HEAD", "refs/heads/nothing")
    report = read_commits(folder, limit=9)
    assert report.examples == []
    assert "'nothing'" in str(report.warnings[0])
    assert "main" in str(report.warnings[0])
    assert read_commits(folder, limit=9, revision_range="main").examples


def test_of_a_partial_clone_what_is_there_is_read(repo, tmp_path):
    repo.commit("Light the first lamp of the hall", {"a.py": "a = 1\n"}).commit("Light the second lamp of the hall", {"b.py": "b = 1\n"})
    repo.git("config", "uploadpack.allowFilter", "true", at=repo.write())
    partial = tmp_path / "partial"
    repo.git("clone", "-q", "--no-checkout", "--filter=blob:none", repo.folder.as_uri(), str(partial))
    report = read_commits(partial, limit=9)
    assert (report.examples, report.counts) == ([], {"partial": 2})
    assert "partial clone" in str(report.warnings[0])
    environment = {"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "show", "HEAD:b.py"], cwd=partial, env=environment, check=True, capture_output=True)  # fetches this file
    assert [example.answer for example in read_commits(partial, limit=9).examples] == ["Light the second lamp of the hall"]
