"""Known rows, varied looks, and rehearsal, without a training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from trainer_help import CHATML, chats, make_job, make_tokenizer, write_rows

from academy.models import BUNDLED
from academy.text.templates import choose
from academy.text.tokens import Tokenized, Tokens, tokenize
from academy.trainer.dataset import Dataset
from academy.trainer.known import Known
from academy.trainer.looks import Looks


def rows(*owners: int) -> list[Tokens]:
    return [Tokens(owner, [1, 2], [False, True], 2) for owner in owners]


def test_a_row_is_known_when_all_its_parts_were_right_at_the_last_look() -> None:
    known = Known(rows(1, 2, 2, 3))
    assert (known.rows, known.of) == (0, 3)
    known.look([0, 1, 2], [True, True, False])
    assert known.rows == 1
    known.look([2, 3], [True, True])
    assert known.rows == 3
    known.look([0], [False])
    assert known.rows == 2
    again = Known(rows(1, 2, 2, 3))
    again.restore(known.facts())
    assert (again.rows, again.facts()) == (2, [1, 2, 3])


@pytest.fixture
def dataset() -> Dataset:
    pytest.importorskip("transformers")
    tokenizer = make_tokenizer(CHATML)
    form = choose(tokenizer)
    asked = [
        ("Where does the spare key of the boathouse lie?", "Under the blue pot."),
        ("Who waters the plants of the office on Mondays?", "Ines."),
    ]
    conversations = [
        (number, [{"role": "user", "content": question}, {"role": "assistant", "content": answer}])
        for number, (question, answer) in enumerate(asked, start=1)
    ]
    return Dataset(tokenizer, form, conversations, tokenize(tokenizer, form, conversations, 512), Tokenized(), 512)


def test_looks_vary_the_questions_and_never_the_answers(dataset: Dataset) -> None:
    looks = Looks(dataset, 42, varies=True)
    assert looks.rows(0) == dataset.train.rows
    texts = set()
    for look in range(1, 12):
        varied = looks.rows(look)
        assert varied == looks.rows(look) == Looks(dataset, 42, varies=True).rows(look)
        for plain, row in zip(dataset.train.rows, varied, strict=True):
            assert row.row == plain.row
            assert trained(row) == trained(plain)
        texts.add(dataset.tokenizer.decode(varied[0].ids))
    assert len(texts) > 5
    assert Looks(dataset, 7, varies=True).rows(1) != looks.rows(1)
    assert Looks(dataset, 42, varies=False).rows(5) == dataset.train.rows


def test_a_row_that_a_variation_would_cut_stays_as_it_is(dataset: Dataset) -> None:
    longest = max(len(row.ids) for row in dataset.train.rows)
    conversations = dataset.conversations
    cut = tokenize(dataset.tokenizer, dataset.form, conversations, longest)
    tight = Dataset(dataset.tokenizer, dataset.form, conversations, cut, Tokenized(), longest)
    for look in range(20):
        assert [row.row for row in Looks(tight, 1, varies=True).rows(look)] == [1, 2]


@pytest.mark.parametrize("padded", [False, True])
def test_a_row_of_a_batch_is_right_where_every_token_of_it_is(padded: bool) -> None:
    torch = pytest.importorskip("torch")
    from academy.trainer.compute.batches import lay_end_to_end, pad

    parts = [Tokens(n, [*range(size)], [False] * 2 + [True] * (size - 2), size) for n, size in enumerate((4, 6, 3))]
    batch = pad(parts, 0) if padded else lay_end_to_end(parts)
    assert batch.owners.tolist() == [0, 0, 1, 1, 1, 1, 2]
    for wrong in ([], [0], [2], [5], [1, 6], range(7)):
        right = torch.ones(7, dtype=torch.bool)
        right[list(wrong)] = False
        hit = {int(batch.owners[at]) for at in wrong}
        assert batch.wholly(right) == [row not in hit for row in range(3)]


def trained(row: Tokens) -> list[int]:
    return [token for token, flag in zip(row.ids, row.trained, strict=True) if flag]


def test_the_divergence_of_equal_distributions_is_zero_and_grows_with_their_distance() -> None:
    torch = pytest.importorskip("torch")
    from academy.trainer.exam.examinee import divergence

    torch.manual_seed(0)
    logits = torch.randn(5, 50)
    top = logits.log_softmax(-1).topk(10)
    assert divergence(top.values, top.values).abs().max() < 1e-6
    distances = []
    for shift in (0.1, 0.5, 2.0):
        after = (logits + shift * torch.randn(5, 50, generator=torch.Generator().manual_seed(1))).log_softmax(-1)
        distances.append(float(divergence(top.values, after.gather(1, top.indices)).mean()))
    assert 0 < distances[0] < distances[1] < distances[2]


@pytest.mark.training
def test_rehearsal_starts_at_no_drift_is_cached_and_goes_on_from_a_checkpoint(tmp_path: Path) -> None:

    import torch

    from academy.trainer.compute.model import load_adapted
    from academy.trainer.dataset import load_dataset
    from academy.trainer.methods.rehearsal import make_rehearsal
    from academy.trainer.methods.sft import SupervisedFineTuning
    from academy.trainer.report import Report
    from academy.trainer.spec import read_spec

    data = write_rows(tmp_path / "rows.jsonl", chats([("Where is the key?", "Under the blue pot."), ("Who waters the plants?", "Ines.")]))
    spec = replace(read_spec(make_job(tmp_path / "job", BUNDLED["academy-mini"], data, rehearsal=None)), cache=tmp_path / "cache")
    report = Report(spec.folder)
    loaded = load_dataset(spec, report)
    adapted = load_adapted(spec, report, loaded.train.rows)
    method = SupervisedFineTuning(adapted, loaded.tokenizer)
    rehearsal = make_rehearsal(spec, report, loaded, adapted, method)
    assert rehearsal is not None
    [cached] = (tmp_path / "cache").iterdir()
    written = cached.stat().st_mtime_ns
    due = rehearsal.due(1000)
    assert 0 < sum(len(row.ids) for row in due) < 1000
    lessons = loaded.train.rows
    batch = method.collate(lessons, due)
    assert batch.trained == sum(sum(row.trained[1:]) for row in lessons)
    total, right, logits = method.loss(batch)
    plain, right_alone, nothing = method.loss(method.collate(lessons))
    assert float(total.detach()) == pytest.approx(float(plain.detach()), abs=1e-3)
    assert right.tolist() == right_alone.tolist()
    assert len(nothing) == 0
    assert batch.wholly(right) == method.collate(lessons).wholly(right_alone)
    # An adapter that has not learned yet is the base.
    assert float(rehearsal.loss(logits).detach()) == pytest.approx(0.0, abs=1e-5)
    again = make_rehearsal(spec, report, loaded, adapted, method)
    assert again is not None
    assert cached.stat().st_mtime_ns == written
    again.restore(rehearsal.facts())
    for parameter in adapted.model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.3)
    drifted = [
        float(instance.loss(method.loss(method.collate(lessons, instance.due(2000)))[2]).detach()) for instance in (rehearsal, again)
    ]
    assert drifted[0] == drifted[1] > 0.01
    assert rehearsal.facts() == again.facts()
    assert make_rehearsal(replace(spec, parameters={"rehearsal": 0.0}), report, loaded, adapted, method) is None


@pytest.mark.training
def test_a_continued_adapter_rehearses_its_earlier_lessons_as_it_knows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from academy.trainer.compute.model import load_adapted
    from academy.trainer.dataset import load_dataset
    from academy.trainer.methods import rehearsal as module
    from academy.trainer.methods.sft import SupervisedFineTuning
    from academy.trainer.report import Report
    from academy.trainer.spec import read_spec

    new = write_rows(tmp_path / "new.jsonl", chats([("Who waters the plants?", "Ines."), ("Where is the key?", "Under the pot.")]))
    old = write_rows(tmp_path / "old.jsonl", chats([("Where is the key?", "Under the pot."), ("When do we eat?", "At seven.")]))
    spec = read_spec(make_job(tmp_path / "job", BUNDLED["academy-mini"], new, rehearsal=None))
    report, loaded = Report(spec.folder), load_dataset(spec, Report(spec.folder))
    adapted = load_adapted(spec, report, loaded.train.rows)
    method = SupervisedFineTuning(adapted, loaded.tokenizer)
    for parameter in adapted.model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.3)
    monkeypatch.setattr(module, "prompts", list)  # the base's answers would hide the lessons
    continued = replace(spec, continue_from=tmp_path, earlier=(("old", old), ("gone", tmp_path / "gone.jsonl")))
    rehearsal = module.make_rehearsal(continued, report, loaded, adapted, method)
    assert rehearsal is not None
    due = rehearsal.due(1)
    texts = {loaded.tokenizer.decode(row.ids) for row in due}
    assert len(texts) == 1
    assert "When do we eat?" in texts.pop()  # the other row is in the new dataset
    # The adapter, not the base, is what is kept.
    assert float(rehearsal.loss(method.loss(method.collate(loaded.train.rows, due))[2]).detach()) == pytest.approx(0.0, abs=1e-4)
    assert module.make_rehearsal(replace(continued, continue_from=None), report, loaded, adapted, method) is None


@pytest.mark.parametrize(
    ("sizes", "counts"), [([3], [1, 1, 1]), ([6, 2], [1] * 6 + [3, 3]), ([2, 5], [2, 2, 1, 1, 1, 1, 1]), ([3, 2], [1, 1, 1, 2, 2])]
)
def test_each_memory_has_about_as_many_turns(sizes: list[int], counts: list[int]) -> None:
    pytest.importorskip("torch")
    from academy.trainer.methods.rehearsal import _turns

    assert [_turns(sizes).count(row) for row in range(sum(sizes))] == counts
