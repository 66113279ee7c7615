"""Curation from end to end: what comes in, what goes out, what is said about it."""

import os
import random
import shutil
import string
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from academy.curation.curate import Curated, Sources, curate
from academy.curation.examples import DatasetRequest, Example, Turn
from academy.errors import Invalid, NotFound, Refused
from academy.messages import Text

CONTRACT = {"total_examples", "sources", "lessons_collected", "git_commits_collected", "uploads_collected", "redacted_secrets"}
CONTRACT |= {"removed_low_quality", "removed_duplicates", "avg_input_length", "avg_output_length", "train_examples", "eval_examples"}


def lesson(number: int, answer: str = "", **meta: object) -> Example:
    turns = (
        Turn("user", f"What is the port of service {number}?"),
        Turn("assistant", answer or f"The port of service {number} is {8000 + number}."),
    )
    return Example(turns, "lessons", f"l{number}", f"2026-01-01T00:{number // 60 % 60:02d}:{number % 60:02d}Z", meta)


def lessons(count: int) -> list[Example]:
    return [lesson(number) for number in range(count)]


def sources(rows: list[Example], uploads: dict[str, list[Example]] | None = None) -> Sources:
    def read(ids: list[str]) -> tuple[Iterator[Example], list[Text]]:
        warnings: list[Text] = []

        def each() -> Iterator[Example]:
            for name in ids:
                if name in (uploads or {}):
                    yield from (uploads or {})[name]
                else:
                    warnings.append(f"There is no upload {name!r}.")

        return each(), warnings

    return Sources(lambda limit: iter(rows[:limit]), read)


def run(rows: list[Example], uploads: dict[str, list[Example]] | None = None, repo: Path | None = None, **request: object) -> Curated:
    wish = DatasetRequest(**request)  # type: ignore[arg-type]
    return curate(wish, sources(rows, uploads), default_repo=repo, lessons_limit=5000, commits_limit=100)


def secret() -> str:
    return "gh" + "p_" + "".join(random.Random(8).choices(string.ascii_letters + string.digits, k=36))


def test_lessons_become_a_dataset_with_the_statistics_of_the_contract() -> None:
    rows = [*lessons(20), lesson(3), lesson(50, "ok"), lesson(51, f"The token is {secret()}, keep it.")]
    curated = run(rows)
    statistics = curated.statistics
    assert set(statistics) >= CONTRACT
    assert (statistics["total_examples"], statistics["train_examples"], statistics["eval_examples"]) == (21, 21, 0)
    assert statistics["sources"] == curated.by_source == {"lessons": 21}
    assert (statistics["lessons_collected"], statistics["git_commits_collected"], statistics["uploads_collected"]) == (23, 0, 0)
    assert (statistics["removed_low_quality"], statistics["removed_duplicates"], statistics["redacted_secrets"]) == (1, 1, 1)
    assert statistics["redacted_by_kind"] == {"github": 1}
    assert 25 < statistics["avg_input_length"] < 35
    assert sum(bucket["count"] for bucket in statistics["lengths"]) == 21
    assert secret() not in repr(curated)
    assert str(curated.sentence) == "21 examples: 21 lessons; 2 dropped: 1 duplicate, 1 too short; 1 secret taken out."
    assert "No git repository is set" in str(curated.warnings[0])


def test_secrets_that_were_taken_out_before_count_too() -> None:
    curated = run([*lessons(2), lesson(5, "Ask for [redacted:stripe] at the desk."), lesson(6, secret())])
    assert curated.statistics["redacted_by_kind"] == {"stripe": 1, "github": 1}
    assert [item.rule for item in curated.dropped] == ["secret"]


def test_answers_that_hold_a_mark_are_left_out_where_that_is_requested() -> None:
    rows = [*lessons(2), lesson(5, "Ask for [redacted:stripe] at the desk."), lesson(6, f"It is {secret()}, I think.")]
    assert run(rows).statistics["redacted_answers"] == 2
    curated = run(rows, leave_out_marks=True)
    assert [(item.rule, item.example.origin) for item in curated.dropped] == [("secret", "l5"), ("secret", "l6")]
    assert (len(curated.examples), curated.statistics["redacted_answers"]) == (2, 0)
    assert "2 dropped: 2 with a redacted secret" in str(curated.sentence)
    kept = run(rows, leave_out_marks=True, keep_anyway=[curated.dropped[0].key])
    assert [example.origin for example in kept.examples][-1] == "l5"


def test_small_sets_are_trained_whole_and_large_ones_hold_a_tenth_out() -> None:
    assert len(run(lessons(99)).eval) == 0
    assert len(run(lessons(100)).eval) == 10
    assert len(run(lessons(100), eval_fraction=0).eval) == 0
    assert len(run(lessons(10), eval_fraction=0.5).eval) == 5
    newest = {row.origin for row in run(lessons(10), eval_fraction=0.2, split="time").eval}
    assert newest == {"l8", "l9"}


def test_uploads_are_read_and_their_warnings_are_told() -> None:
    uploads = {"u1": [Example((Turn("user", "What is tea?"), Turn("assistant", "A drink.")), "uploads", "a.csv:1")]}
    curated = run(lessons(2), uploads, upload_ids=["u1", "u2"], include_git=False)
    assert curated.by_source == {"lessons": 2, "uploads": 1}
    assert curated.warnings == ["There is no upload 'u2'."]
    assert curated.sources["uploads"] == {"ids": ["u1", "u2"], "collected": 1}
    assert str(curated.sentence) == "3 examples: 2 lessons, 1 row of files."


def test_the_limit_of_the_request_comes_before_that_of_the_settings() -> None:
    wish = DatasetRequest(include_git=False)
    assert len(curate(wish, sources(lessons(30)), default_repo=None, lessons_limit=7, commits_limit=0).train) == 7
    assert len(run(lessons(30), lessons_limit=9).train) == 9


def test_what_was_dropped_comes_back_when_its_key_is_named() -> None:
    rows = [*lessons(3), lesson(7, "ok")]
    (dropped,) = run(rows).dropped
    assert (dropped.rule, dropped.example.origin) == ("too_short", "l7")
    assert len(run(rows, keep_anyway=[dropped.key]).train) == 4


def test_nothing_to_learn_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(Invalid) as nothing:
        run([])
    assert "Add lessons" in nothing.value.hint
    with pytest.raises(Invalid, match="All 2 examples were dropped: 2 too short") as dropped:
        run([lesson(1, "ok"), lesson(2, "tbd")])
    assert "lenient" in dropped.value.hint
    with pytest.raises(Invalid):
        run(lessons(3), include_lessons=False)


def test_golden_questions_are_held_out_and_flagged_where_another_row_teaches_them() -> None:
    rows = [*lessons(3), lesson(4, golden=True)]
    alone = run(rows)
    assert [example.origin for example in alone.eval] == ["l4"]
    assert not any("golden" in str(warning) for warning in alone.warnings)
    copy = Example((Turn("user", "what's the port of service 4"), Turn("assistant", "Ask Ada.")), "uploads", "f:1")
    taught = run(rows, {"u": [copy]}, upload_ids=["u"], quality_profile="lenient")
    assert any(
        warning.startswith("One golden question is among the rows to train on") and "service 4" in warning
        for warning in map(str, taught.warnings)
    )
    with pytest.raises(Invalid, match="golden"):
        run([lesson(1, golden=True)])


def test_each_place_where_a_secret_stood_is_told_without_it_and_its_row_can_be_left_out() -> None:
    rows = [*lessons(3), lesson(5, f"Port 8005, with the token {secret()} in front.")]
    made = run(rows)
    (place,) = made.redactions
    assert (place["kind"], place["source"], place["origin"], place["role"]) == ("github", "lessons", "l5", "assistant")
    assert place["before"].endswith("with the token ")
    assert place["behind"] == " in front."
    assert secret() not in repr(made)
    without = run(rows, leave_out=[place["key"]])
    assert without.redactions == []
    assert [(item.rule, item.example.origin) for item in without.dropped] == [("unwanted", "l5")]
    assert len(run(rows, leave_out=[place["key"]], keep_anyway=[place["key"]]).examples) == 4


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_commits_are_taken_from_the_repository_of_the_request_or_the_settings(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    environment |= {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for arguments in (
        ["init", "-q"],
        ["add", "-A"],
        ["commit", "-q", "-m", "Add the first page of it"],
        ["commit", "-q", "--allow-empty", "-m", "Say a word"],
    ):
        (tmp_path / "page.md").write_text(f"The token is {secret()}.\n")
        subprocess.run(["git", *arguments], cwd=tmp_path, env=environment, check=True)
    for curated in (run(lessons(2), repo=tmp_path), run(lessons(2), git_repo_path=str(tmp_path))):
        assert curated.by_source == {"lessons": 2, "git": 1}
        assert curated.statistics["git_commits_collected"] == 1
        assert curated.statistics["redacted_secrets"] == 1
        assert curated.statistics["commits_left_out"] == {"without a change": 1}
        assert curated.sources["git"]["commits_read"] == 2
        assert "[redacted:github]" in repr(curated.train)
        assert str(curated.sentence) == "3 examples: 2 lessons, 1 commit; 1 commit left out: 1 without a change; 1 secret taken out."
    assert run(lessons(2), repo=tmp_path, git_commits_limit=0).by_source == {"lessons": 2}


def test_a_repository_that_is_named_must_be_there_and_one_of_the_settings_only_warns(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        run(lessons(2), git_repo_path=str(tmp_path / "gone"))
    with pytest.raises(Refused):
        run(lessons(2), git_repo_path=str(tmp_path))
    curated = run(lessons(2), repo=tmp_path / "gone")
    assert len(curated.train) == 2
    assert "Commits are left out" in str(curated.warnings[0])


def test_progress_rises_from_nothing_to_all() -> None:
    told: list[tuple[float, str]] = []
    wish = DatasetRequest(include_git=False)
    curate(
        wish,
        sources(lessons(5)),
        default_repo=None,
        lessons_limit=9,
        commits_limit=0,
        progress=lambda part, text: told.append((part, str(text))),
    )
    assert [part for part, _ in told] == sorted(part for part, _ in told)
    assert told[-1][0] == 1.0


def test_two_curations_at_once_do_not_mix() -> None:
    alone = [run(lessons(150)), run([lesson(number, f"It is {number}.") for number in range(150)])]
    results: dict[int, Curated] = {}

    def work(place: int) -> None:
        rows = lessons(150) if place % 2 == 0 else [lesson(number, f"It is {number}.") for number in range(150)]
        results[place] = run(rows)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for place, result in results.items():
        assert (result.train, result.eval, result.statistics) == (
            alone[place % 2].train,
            alone[place % 2].eval,
            alone[place % 2].statistics,
        )


@pytest.mark.torture
def test_a_hundred_thousand_lessons_of_one_form_are_curated() -> None:
    draw = random.Random(1)
    words = ["".join(draw.choices("abdeiklmnoprstu", k=draw.randint(3, 9))) for _ in range(20_000)]
    rows = []
    for number in range(100_000):
        question = f"What about {' '.join(draw.choices(words, k=12))}?"
        rows.append(Example((Turn("user", question), Turn("assistant", " ".join(draw.choices(words, k=50)) + ".")), "lessons", str(number)))
    assert len(run(rows, lessons_limit=100_000).examples) > 99_000
