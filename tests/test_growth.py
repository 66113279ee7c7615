"""What must not grow with the data: what is read, asked and kept for a million rows, lessons and jobs."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from academy.adapters import store as adapters
from academy.adapters.store import AdapterStore
from academy.config import Settings
from academy.curation import dataset_rows, near
from academy.curation.examples import DatasetRequest, Example
from academy.curation.lesson_filter import LessonFilter
from academy.curation.lessons import LessonIn
from academy.curation.preferences import preferences_of
from academy.jobs.store import Job, JobStore
from academy.rows import Turn
from academy.services import lengths
from academy.services.academy import Academy
from academy.text import token_rows, tokens
from academy.text.conversations import read_conversations
from academy.text.token_rows import TokenRows, Tokens
from academy.trainer.exam import taught
from academy.trainer.exam.sampling import spread

WORDS = "harbour lantern ferry copper meadow violin granite orchard pilot saddle timber anchor".split()  # noqa: SIM905


def text(number: int, words: int) -> str:
    return " ".join(WORDS[(number // 12**at + at) % 12] + str(number * at % 97) for at in range(words))


def write(path: Path, rows: int) -> Path:
    lines = [json.dumps({"instruction": f"What is {text(number, 8)}?", "output": text(number, 30)}) for number in range(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def peak(act: Callable[[], object]) -> int:
    """The most bytes that are allocated during an act, with what it returns still alive."""
    tracemalloc.start()
    kept = act()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return most


def grown(act: Callable[[int], object], few: int, many: int) -> float:
    """The bytes that an act on many needs beyond those on few, for each one more.

    The least of three counts: a thread that an earlier test left in this process allocates too.
    """
    act(few)  # what is loaded once
    most = min(peak(lambda: act(many)) for _ in range(3))
    least = min(peak(lambda: act(few)) for _ in range(3))
    return (most - least) / (many - few)


class Counted(Sequence[int]):
    """A sequence that counts what is read of it."""

    def __init__(self, length: int) -> None:
        self.length, self.read = length, 0

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, at: Any) -> Any:
        self.read += 1
        return range(self.length)[at]


# ------------------------------------------------------------------ a training


def test_a_training_keeps_neither_conversations_nor_tokens_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    from trainer_help import CHATML, make_tokenizer

    from academy.text.templates import choose

    monkeypatch.setattr(token_rows, "_BLOCK", 2_000)
    monkeypatch.setattr(tokens, "_CHUNK", 20)
    tokenizer = make_tokenizer(CHATML)
    form = choose(tokenizer)
    files = {count: write(tmp_path / f"{count}.jsonl", count) for count in (100, 300)}

    def load(count: int) -> object:
        conversations = read_conversations(files[count])
        return conversations, tokens.tokenize(tokenizer, form, conversations, 512, folder=tmp_path)

    assert grown(load, 100, 300) < 1000  # about 10,000 where they are kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["100.jsonl", "300.jsonl"]


def test_rows_of_tokens_are_the_same_from_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_rows, "_BLOCK", 7)
    rows = [
        Tokens(1, [5, 0, 2**31 - 1], [False, True, True], 3),
        Tokens(1, [], [], 9),
        Tokens(4, [*range(9)], [True] * 9, 20),
        Tokens(5, [7], [False], 1),
    ]
    stored = TokenRows(tmp_path)
    for row in rows:
        stored.append(row)
    assert stored == rows
    assert stored[-1] == rows[-1]
    assert stored[1:3] == rows[1:3]
    assert stored != rows[:-1]
    assert stored != [*rows[:-1], Tokens(5, [7], [True], 1)]
    assert (list(stored.lengths), list(stored.numbers), stored.highest) == ([3, 0, 9, 1], [1, 1, 4, 5], 2**31 - 1)


def test_conversations_are_read_where_they_are_and_outlive_their_file(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.jsonl", 5), write(tmp_path / "b.jsonl", 3)
    first.write_bytes(b"\xef\xbb\xbf" + first.read_bytes().replace(b"\n", b"\n\n", 1))
    read, others = read_conversations(first), read_conversations(second)
    numbers = [number for number, _ in read]
    assert numbers == [1, 3, 4, 5, 6]
    both = read.followed_by(others[1:])
    first.unlink()
    assert [number for number, _ in both] == [*numbers, 6 + 2, 6 + 3]
    assert [turns for _, turns in both] == [turns for _, turns in [*read, *others[1:]]]
    assert both.only([6, 0]) == [both[6], both[0]]


def test_a_sample_reads_only_what_it_takes() -> None:
    items = Counted(100_000)
    assert spread(items, 5, seed=3) == spread(range(100_000), 5, seed=3)
    assert items.read == 5


def test_an_exam_of_a_large_set_reads_an_even_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taught, "_MOST_READ", 10)
    conversations = read_conversations(write(tmp_path / "rows.jsonl", 40))
    stored = TokenRows()
    for number in range(1, 41):
        stored.append(Tokens(number, [1, 2], [False, True], 2))
    rows, of = taught.sampled_rows(conversations, stored)
    assert (len(rows), of) == (10, 40)
    assert max(later.number - row.number for row, later in itertools.pairwise(rows)) <= 8


def test_the_lengths_of_a_dataset_need_no_more_memory_than_its_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lengths, "_COUNTED_ROWS", 20)
    monkeypatch.setattr(lengths, "_LONGEST_ROWS", 5)
    files = {count: write(tmp_path / f"{count}.jsonl", count) for count in (400, 800)}
    bases = (tmp_path / f"none{number}" for number in itertools.count())  # what is known of a file is known for a base
    assert grown(lambda count: lengths.lengths_of(files[count], next(bases)), 400, 800) < 500  # about 1,500 with every text


# ------------------------------------------------------------------ curation


def test_likeness_needs_little_memory_for_each_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "_CHUNK", 100)
    examples = [Example((Turn("user", f"What is {text(n, 8)}?"), Turn("assistant", text(n, 30))), "lessons") for n in range(900)]
    likeness = {count: near.Likeness(examples[:count]) for count in (300, 900)}
    assert grown(lambda count: likeness[count]._candidates(range(count)), 300, 900) < 800  # about 3,000 with a list for each bucket


def test_preferences_compare_no_example_with_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(Example, "__eq__", lambda one, other: compared.append(1) or one is other)
    examples = [
        Example((Turn("user", f"q{n}"), Turn("assistant", f"a{n}")), "lessons", meta={"rejected": "x"} if n % 2 else {"rating": "bad"})
        for n in range(200)
    ]
    found = preferences_of([], [], examples, 0.1, 1)
    assert sum(item.is_pair for item in found) == 100
    assert len(found) == 200
    assert len(compared) < 400


# ------------------------------------------------------------------ the page and REST


@pytest.fixture
def academy(settings: Settings) -> Iterator[Academy]:
    made = Academy(settings)
    yield made
    made.close()


def add(academy: Academy, count: int, first: int = 0) -> None:
    academy._lesson_store.add_many(LessonIn(situation=f"What is {text(n, 8)}?", action=text(n, 12)) for n in range(first, first + count))


def test_lessons_are_counted_once_for_each_of_their_states(academy: Academy) -> None:
    add(academy, 20)
    statements: list[str] = []
    academy._lesson_store._connection.set_trace_callback(statements.append)
    before = academy.lessons.statistics()
    assert statements
    statements.clear()
    assert academy.lessons.statistics() == before
    assert statements == []
    chosen = LessonFilter(rating="none")
    assert (academy.lessons.counts(chosen), academy.lessons.find(chosen).count) == ((20, 0), 20)
    statements.clear()
    assert (academy.lessons.counts(chosen), academy.lessons.find(chosen, limit=0).count) == ((20, 0), 20)
    assert statements == []
    academy.lessons.add(LessonIn(situation="What is new?", action="This."))
    assert academy.lessons.statistics()["total_lessons"] == 21


def test_a_new_lesson_is_counted_as_new_without_reading_the_others(academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    add(academy, 20)
    dataset = academy.datasets.create(DatasetRequest(include_git=False))["dataset_id"]
    academy._job_store.add(_job(1, dataset_id=dataset, status="queued"))
    assert academy.datasets.new_lessons() == 0
    read: list[int] = []
    trained = academy._lesson_store.trained_ids
    monkeypatch.setattr(academy._lesson_store, "trained_ids", lambda: read.append(1) or trained())
    added = academy.lessons.add(LessonIn(situation="What is new in the harbour?", action="A ferry."))
    assert academy.datasets.new_lessons() == 1
    assert read == []
    old = next(item for item in academy.lessons.list(limit=50).items if item.lesson_id != added.lesson_id)
    academy.lessons.delete(old.lesson_id)
    assert academy.datasets.new_lessons() == 1  # a lesson that was taught is gone
    assert read == [1]


def test_a_page_of_a_dataset_reads_its_own_rows(academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_rows, "_BLOCK", 1 << 14)
    add(academy, 1_000)
    dataset = academy.datasets.create(DatasetRequest(include_git=False, quality_profile="lenient", lessons_limit=5_000))["dataset_id"]
    academy.datasets.view(dataset, offset=10)
    for path in (academy.settings.training_dir / f"{dataset}.origins", academy.settings.training_dir / f"{dataset}.jsonl"):
        path.touch()  # so that what is known of the files is read again
    assert peak(lambda: academy.datasets.view(dataset, offset=900)) < 100_000  # the origins of all rows are 250,000
    last = academy.datasets.rows(dataset, 990, 5)
    assert last == academy.datasets.rows(dataset, 980, 15)[10:]


def _job(number: int, **fields: Any) -> Job:
    values: dict[str, Any] = {
        "name": f"try {number}",
        "status": "finished",
        "created_at": "2026-01-01T00:00:00.000Z",
        "dataset_path": "d.jsonl",
    }
    values |= {"base_model": "academy-mini", "backend": "subprocess", "output_dir": f"models/job_{number}"}
    return Job(f"job_{number}", **values | fields)


def test_a_deleted_job_does_not_copy_the_keys_of_all_others(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    for number in range(3):
        store.add(_job(number, idempotency_key=f"key {number}"))
    keys = store._keys
    store.remove("job_1")
    assert store._keys is keys
    assert store.by_key("key 1") is None
    again = JobStore(tmp_path)
    assert again._keys == keys == {"key 0": "job_0", "key 2": "job_2"}


class _Watched(dict[str, Any]):
    walked = 0

    def __reversed__(self) -> Iterator[str]:  # type: ignore[override]
        for key in super().__reversed__():
            self.walked += 1
            yield key


def test_a_list_of_jobs_ends_with_the_last_that_fits(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    for number in range(20):
        store.add(_job(number, kind="export" if number == 17 else "train"))
    lines = store._lines = _Watched(store._lines)
    assert [job.job_id for job in store.list(50, "finished", "export")] == ["job_17"]
    assert store.list(50, "failed") == store.list(50, kind="sweep") == []
    assert lines.walked <= 6  # one beyond each end
    assert store.counts()["finished"] == len(store.list()) == 20


def test_deleting_a_dataset_reads_no_history(academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    add(academy, 20)
    for number in range(5):
        academy._job_store.add(_job(number))
    dataset = academy.datasets.create(DatasetRequest(include_git=False))["dataset_id"]
    academy._job_store._recent.clear()
    monkeypatch.setattr(JobStore, "_read", None)
    academy.datasets.delete(dataset)
    assert academy.datasets.list() == []


def test_jobs_that_ended_without_an_adapter_are_not_looked_into_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from adapters_help import make_mini_adapter

    models = tmp_path / "models"
    for number in range(30):
        (models / f"job_{number}").mkdir(parents=True)
        (models / f"job_{number}" / "spec.json").write_text("{}")
    make_mini_adapter(models / "job_7" / "adapter")
    make_mini_adapter(models / "copied")
    (models / "empty").mkdir()
    running = {"job_3"}
    store = AdapterStore(models, tmp_path / "training", is_open=running.__contains__)
    looked: list[str] = []
    folder_of = adapters._adapter_folder
    monkeypatch.setattr(adapters, "_adapter_folder", lambda folder, name: looked.append(name) or folder_of(folder, name))
    assert {item.adapter_id for item in store.list()} == {"job_7", "copied"}
    assert sorted(looked) == ["copied", "empty", "job_3", "job_7"]  # of a person's own folder the files may still come
    looked.clear()
    store.list()
    assert sorted(looked) == ["empty", "job_3"]  # adapters that have not changed are known by their stamps
    # A running job ends with an adapter, and one that failed is resumed and then has one.
    make_mini_adapter(models / "job_3" / "adapter")
    running.clear()
    store.look_again("job_3")
    make_mini_adapter(models / "job_9" / "adapter")
    assert "job_9" not in {item.adapter_id for item in store.list()}
    store.look_again("job_9")
    assert {item.adapter_id for item in store.list()} == {"job_3", "job_7", "job_9", "copied"}
    make_mini_adapter(models / "job_40" / "adapter")
    assert "job_40" in {item.adapter_id for item in store.list()}
    assert store.unlisted() == {}
