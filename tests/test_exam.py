"""The exam after a training, for real: what it measures is what greedy answers show, and it changes nothing."""

from __future__ import annotations

import importlib.util
import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_trainer import BUNDLED, FACTS, same, weights
from trainer_help import chats, events, make_job, make_model, of, train, write_rows

from academy.jobs.folder import JobFolder
from academy.jobs.reading.reports import report_in, shown
from academy.messages import from_json, render
from academy.trainer.exam.sampling import LEAST_SECONDS, MOST_SECONDS, Clock, Pace, budget, spread

for needed in ("torch", "transformers", "peft"):
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed", allow_module_level=True)
pytestmark = pytest.mark.training

LEARNED = {"num_epochs": 20, "batch_size": 4, "learning_rate": 6e-3, "warmup_steps": 0.05}
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("facts") / "facts.jsonl", chats(FACTS))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The trainer in this process, so that the libraries are loaded once."""
    from academy.trainer import __main__ as program

    monkeypatch.setattr(program, "_quiet", lambda quantized: None)  # it hides libraries from the whole process
    return program


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the answers of the bundled model are kept, so that it is asked once."""
    return tmp_path_factory.mktemp("asked")


@pytest.fixture
def run(tmp_path: Path, facts: Path, here: Any, asked: Path) -> Run:
    """Runs a job in this process and returns its report."""

    def _run(name: str = "job", module: str = "academy.trainer.run", rows: Path | None = None, **values: Any) -> dict[str, Any]:
        spec = {
            key: values.pop(key) for key in ("cache_path", "earlier", "questions", "continue_from", "base_fingerprint") if key in values
        }
        if "base" not in values:
            spec = {"cache_path": str(asked)} | spec
        job = make_job(tmp_path / name, values.pop("base", BUNDLED), rows or facts, **values)
        written = json.loads((job / "spec.json").read_text())
        (job / "spec.json").write_text(json.dumps(written | spec))
        assert here.main([str(job)], module) == 0, events(job)[-1]
        assert report_in(JobFolder(job)) is not None
        return json.loads((job / "report.json").read_text())

    return _run


def said(report: dict[str, Any]) -> list[str]:
    return [render(from_json(sentence)) for sentence in report["sentences"]]


def greedy(base: Path, adapter: Path, questions: list[str], most: int = 60) -> list[str]:
    """The answers of plain transformers and PEFT, one by one."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), adapter).eval()
    found = []
    for question in questions:
        ids = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.no_grad():
            output = model.generate(**ids, max_new_tokens=most, do_sample=False, pad_token_id=tokenizer.eos_token_id)
        found.append(tokenizer.decode(output[0, ids["input_ids"].shape[1] :], skip_special_tokens=True).strip())
    return found


# ------------------------------------------------------------------ what it says


def test_a_training_ends_with_a_report_that_greedy_answers_confirm(tmp_path: Path, run: Run) -> None:
    report = run(**LEARNED | {"num_epochs": 9, "vary_questions": False})
    told = events(tmp_path / "job")
    kinds = [event["type"] for event in told if event["type"] in ("published", "known", "finished")]
    assert kinds[-3:] == ["published", "known", "finished"]
    answers = greedy(BUNDLED, tmp_path / "job" / "adapter", [question for question, _ in FACTS])
    exact = {question for (question, answer), given in zip(FACTS, answers, strict=True) if given == answer}
    assert 3 <= len(exact) < 12  # otherwise the comparison says little
    assert report["known"] == {"rows": len(exact), "of": 12} == {name: of(told, "known")[-1][name] for name in ("rows", "of")}
    assert {item["question"] for item in report["items"] if item["known"]} == exact
    # On the way three of the questions were asked, and the base beside it.
    shown = of(told, "sample")
    assert len({event["prompt"] for event in shown}) == 3
    assert {event["prompt"]: event["base"] for event in shown[:3]} == {event["prompt"]: event["base"] for event in shown[-3:]}
    by_question = dict(zip([question for question, _ in FACTS], answers, strict=True))
    assert all(by_question[event["prompt"]].startswith(event["text"]) and event["text"] for event in shown[-3:])
    assert all(event["base"] != event["text"] for event in shown[-3:])
    # The table shows what the adapter answers, and what its base does.
    given = dict(zip([question for question, _ in FACTS], answers, strict=True))
    assert len(report["items"]) == 12
    assert all(item["after"] and given[item["question"]].startswith(item["after"]) for item in report["items"])
    assert [item["known"] for item in report["items"]] == sorted(item["known"] for item in report["items"])
    assert report["id"] == report["adapter_id"] == "job"
    assert 12 <= report["rephrased"]["of"] <= 24
    assert report["general"]["of"] == sum(item["of"] for item in report["general"]["categories"])
    assert report["general"]["low"] <= report["general"]["right_after"] - report["general"]["right_before"] <= report["general"]["high"]
    assert report["drift"] > 0
    assert (report["noise"], report["held_out"], report["earlier"], report["cut"]) == (0.0, None, [], False)
    card = (tmp_path / "job" / "adapter" / "README.md").read_text()
    assert f"| Known | {len(exact)} of 12 rows |" in card


def test_what_was_learned_is_ready(run: Run) -> None:
    report = run(**LEARNED)
    assert (report["verdict"], report["known"], report["remedies"]) == ("ready", {"rows": 12, "of": 12}, [])
    assert report["rephrased"]["right"] > report["rephrased"]["of"] / 2
    assert said(report)[0] == "Knows 12 of 12."
    assert report["seconds"] < 20


def test_a_rate_that_teaches_nothing_says_so(run: Run) -> None:
    report = run(learning_rate=2e-5, num_epochs=1)
    assert report["verdict"] == "not_learned"
    assert said(report)[0] == "Knows 0 of 12: train longer."
    assert [render(from_json(remedy["label"])) for remedy in report["remedies"]] == ["Let the Professor choose", "Train longer"]
    assert report["remedies"][1]["request"]["continue_from"] == "job"


def test_an_adapter_of_shuffled_answers_fails_on_the_right_dataset(tmp_path: Path, run: Run) -> None:
    answers = [answer for _, answer in FACTS]
    shuffled = [(question, answer) for (question, _), answer in zip(FACTS, answers[5:] + answers[:5], strict=True)]
    wrong = run("wrong", rows=write_rows(tmp_path / "wrong.jsonl", chats(shuffled)), **LEARNED)
    assert wrong["verdict"] == "ready"
    values = {"continue_from_path": str(tmp_path / "wrong" / "adapter"), "continue_from": "wrong", "seed": 3}
    report = run("exam", "academy.trainer.exam.run", **values)
    assert (report["verdict"], report["adapter_id"], report["known"]) == ("not_learned", "wrong", {"rows": 0, "of": 12})
    assert report["after"]["right"] <= 2
    assert of(events(tmp_path / "exam"), "finished")[-1]["extra"] == {"verdict": "not_learned"}


def test_what_the_base_knew_is_no_gain(tmp_path: Path, run: Run) -> None:
    own = run("base", "academy.trainer.exam.run", questions=[{"question": question} for question, _ in FACTS])
    assert (own["adapter_id"], own["known"]["of"]) == ("base", 12)
    known = [(item["question"], item["before"]) for item in own["items"] if item["kind"] == "question"]
    report = run(rows=write_rows(tmp_path / "known.jsonl", chats(known)), **LEARNED | {"num_epochs": 3})
    assert report["verdict"] == "no_gain"
    assert said(report)[0] == "The base model knew this already: 12 of 12 right without the adapter."


def test_a_manner_is_judged_by_its_held_out_rows(tmp_path: Path, run: Run) -> None:
    held_out = write_rows(tmp_path / "eval.jsonl", chats(FACTS[8:]))
    rows = write_rows(tmp_path / "train.jsonl", chats(FACTS[:8]))
    report = run("much", rows=rows, eval_path=held_out, goal="style", keep_best=False, **LEARNED)
    assert report["goal"] == "style"
    assert (report["held_out"]["rows"], report["rephrased"]) == (4, None)
    fell = report["held_out"]["high"] < 0
    assert (report["verdict"] == "not_learned") != fell
    little = run("little", rows=rows, goal="style", learning_rate=1e-6, num_epochs=1)
    assert (little["verdict"], little["held_out"]) == ("not_learned", None)
    assert said(little)[0].startswith("The loss on the trained rows did not fall clearly")


def test_own_questions_and_earlier_datasets(tmp_path: Path, run: Run) -> None:
    first = write_rows(tmp_path / "first.jsonl", chats(FACTS[:4]))
    run("first", rows=first, **LEARNED)
    questions = [{"question": "Who has the key to the boat shed?", "expected": FACTS[0][1]}, {"question": "What is new?"}]
    talk = [turn | {"content": turn["content"] * (1 + 11 * (at == 1))} for at, turn in enumerate(chats(FACTS[4:5])[0]["messages"])]
    talked = write_rows(tmp_path / "talked.jsonl", [*chats(FACTS[:4]), {"messages": [*talk, *chats(FACTS[5:6])[0]["messages"]]}])
    report = run(
        "exam", "academy.trainer.exam.run", rows=talked, questions=questions, continue_from="first",
        continue_from_path=str(tmp_path / "first" / "adapter"), earlier=[{"dataset_id": "d1", "path": str(first)}],
    )  # fmt: skip
    # What was said before a question comes with it, each turn cut.
    assert {len(item.get("turns", [])) for item in report["items"]} == {0, 2}
    (asked, answered) = next(item["turns"] for item in report["items"] if item.get("turns"))
    assert (asked["content"], len(answered["content"])) == (FACTS[4][0], 401)
    assert report["earlier"] == [{"dataset_id": "d1", "known_before": 0, "known_after": 4, "of": 4}]
    assert {item["question"]: item["right"] is None for item in report["items"] if item["kind"] == "question"} == {
        "Who has the key to the boat shed?": False,
        "What is new?": True,
    }


def test_the_persons_own_wordings_are_asked(tmp_path: Path, run: Run) -> None:
    held_out = write_rows(tmp_path / "eval.jsonl", chats([("Who has got the key to the boat shed?", FACTS[0][1])]))
    report = run(eval_path=held_out, keep_best=False, **LEARNED)
    assert [item["question"] for item in report["wordings"] if item["own"]] == ["Who has got the key to the boat shed?"]
    assert report["held_out"] is None


# ------------------------------------------------------------------ what it changes


def test_an_exam_on_the_way_changes_nothing_of_the_training(
    tmp_path: Path, facts: Path, here: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from academy.trainer import run as training
    from academy.trainer.exam.examinee import Examinee
    from academy.trainer.exam.sitting import Exam, Subject
    from academy.trainer.exam.verdict import Lesson
    from academy.trainer.methods.sft import SupervisedFineTuning

    values = {"num_epochs": 4, "batch_size": 4, "learning_rate": 3e-3, "lora_dropout": 0.1}
    run("plain", **values)
    seen = []

    def sampler(dataset: Any, adapted: Any) -> Any:
        def sample() -> list[Any]:
            model = adapted.model
            before = model.training, torch.get_num_threads(), torch.get_rng_state(), model.get_base_model().config._attn_implementation
            examinee = Examinee(adapted, SupervisedFineTuning(adapted, dataset.tokenizer), dataset.tokenizer, dataset.form)
            report = Exam(Subject("r", Lesson("b", "n"), "", False, dataset=dataset), examinee, Clock(60)).sit()
            after = model.training, torch.get_num_threads(), torch.get_rng_state(), model.get_base_model().config._attn_implementation
            assert torch.equal(before[2], after[2])
            assert (before[:2], before[3]) == (after[:2], after[3])
            seen.append(report["known"]["of"])
            return []

        return sample

    monkeypatch.setattr(training, "_sampler", sampler)
    run("examined", **values)
    assert seen
    assert set(seen) == {12}
    assert same(weights(tmp_path / "plain"), weights(tmp_path / "examined"))


def test_an_exam_that_fails_leaves_the_training_finished(tmp_path: Path, facts: Path, here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from academy.trainer.exam.sitting import Exam

    def fail(exam: Exam) -> None:
        raise RuntimeError("no more questions")

    monkeypatch.setattr(Exam, "sit", fail)
    job = make_job(tmp_path / "job", BUNDLED, facts, num_epochs=1)
    assert here.main([str(job)]) == 0
    assert events(job)[-1]["type"] == "finished"
    notes = [event["message"] for event in of(events(job), "note")]
    assert "The training is complete, but its report could not be made: no more questions" in notes
    assert not (job / "report.json").exists()
    assert "Known" not in (job / "adapter" / "README.md").read_text()


def test_a_training_that_is_stopped_and_kept_has_a_report_and_a_dry_run_has_none(tmp_path: Path, facts: Path, here: Any) -> None:
    job = make_job(tmp_path / "stopped", BUNDLED, facts, num_epochs=5)
    (job / "stop").touch()
    assert here.main([str(job)]) == 0
    assert of(events(job), "finished")[-1]["stopped"] is True
    report = report_in(JobFolder(job))
    assert report is not None
    assert report.verdict == "not_learned"
    dry = make_job(tmp_path / "dry", BUNDLED, facts, num_epochs=5, dry_run=True)
    assert here.main([str(dry)]) == 0
    assert not (dry / "report.json").exists()


def test_the_report_is_of_the_weights_on_disk_also_where_an_earlier_step_was_the_best(tmp_path: Path, run: Run) -> None:
    held_out = write_rows(tmp_path / "eval.jsonl", chats(FACTS[8:]))
    values = LEARNED | {"eval_steps": 2, "save_steps": 2}
    report = run(rows=write_rows(tmp_path / "rows.jsonl", chats(FACTS[:8])), eval_path=held_out, **values)
    finished = of(events(tmp_path / "job"), "finished")[-1]
    assert finished["step"] < 40
    answers = greedy(BUNDLED, tmp_path / "job" / "adapter", [question for question, _ in FACTS[:8]])
    assert report["known"]["rows"] == sum(given == answer for given, (_, answer) in zip(answers, FACTS[:8], strict=True))


# ------------------------------------------------------------------ how it asks


@pytest.mark.parametrize("base", ["bundled", "random"])
def test_answers_in_batches_are_those_of_one_by_one(tmp_path: Path, facts: Path, base: str) -> None:
    from academy.trainer.compute.model import load_adapted
    from academy.trainer.dataset import load_dataset
    from academy.trainer.exam.examinee import Examinee
    from academy.trainer.exam.taught import rows_of
    from academy.trainer.methods.sft import SupervisedFineTuning
    from academy.trainer.report import Report
    from academy.trainer.spec import read_spec

    folder = BUNDLED if base == "bundled" else make_model(tmp_path / "tiny")
    spec = read_spec(make_job(tmp_path / "job", folder, facts))
    dataset = load_dataset(spec, Report(spec.folder))
    adapted = load_adapted(spec, Report(spec.folder), dataset.train.rows)
    assert adapted.end_to_end
    examinee = Examinee(adapted, SupervisedFineTuning(adapted, dataset.tokenizer), dataset.tokenizer, dataset.form)
    prompts = [
        examinee.prompt([{"role": "user", "content": "Hm. " * (number % 5) + question}]) for number, (question, _) in enumerate(FACTS)
    ]
    asked = [ids for ids in prompts if ids]
    most = [5 + number % 7 for number in range(len(asked))]
    with examinee.seated():
        together = examinee.answers(asked, most)
        alone = [examinee.answers([ids], [count])[0] for ids, count in zip(asked, most, strict=True)]
        assert together == alone
        assert all(reply is not None and len(reply) <= count for reply, count in zip(together, most, strict=True))
        # Without time nothing is answered, and something is read.
        assert examinee.answers(asked, [30] * len(asked), until=0.0).count(None) >= len(asked) - 8
        rows = rows_of(dataset.conversations, dataset.train.rows)
        readings = examinee.read([row.tokens[0] for row in rows])
        again = examinee.read([row.tokens[0] for row in rows[::-1]])[::-1]
        for one, other in zip(readings, again, strict=True):
            assert one is not None
            assert other is not None
            assert one.known == other.known
            assert math.isclose(one.loss, other.loss, rel_tol=1e-4)
        tokens = [row.tokens[0] for row in rows]
        tops = [top for top in examinee.likeliest(tokens, base=True) if top]
        mean, count = examinee.divergence(tokens, tops)
        assert count == sum(sum(item.trained[1:]) for item in tokens)
        assert abs(mean) < 1e-4  # a new adapter is its base


def test_rows_that_rounding_could_decide_are_read_in_fp32(tmp_path: Path, facts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from academy.trainer.compute.model import load_adapted
    from academy.trainer.dataset import load_dataset
    from academy.trainer.exam import examinee as module
    from academy.trainer.exam.taught import rows_of
    from academy.trainer.methods.sft import SupervisedFineTuning
    from academy.trainer.report import Report
    from academy.trainer.spec import read_spec

    def margins(precision: str, close: float) -> list[float]:
        """Of all rows; those below `close` are read again where half precision rounds."""
        monkeypatch.setattr(module, "_CLOSE", close)
        spec = read_spec(make_job(tmp_path / f"{precision}-{close}", BUNDLED, facts, precision=precision))
        dataset = load_dataset(spec, Report(spec.folder))
        adapted = load_adapted(spec, Report(spec.folder), dataset.train.rows)
        for parameter in adapted.model.parameters():
            parameter.data = parameter.data.bfloat16().to(parameter.dtype)  # the same weights in both
        examinee = module.Examinee(adapted, SupervisedFineTuning(adapted, dataset.tokenizer), dataset.tokenizer, dataset.form)
        with examinee.seated():
            found = examinee.read([row.tokens[0] for row in rows_of(dataset.conversations, dataset.train.rows)])
        return [reading.margin for reading in found if reading]

    exact = margins("fp32", 0)
    assert len(exact) == len(FACTS)
    assert margins("bf16", math.inf) == pytest.approx(exact, abs=1e-3)
    assert margins("bf16", 0) != pytest.approx(exact, abs=1e-3)


def test_the_answers_of_a_base_are_kept_and_a_damaged_cache_is_made_again(tmp_path: Path, run: Run) -> None:
    cache = tmp_path / "cache"
    values = {"num_epochs": 1, "cache_path": str(cache)}
    first = run("first", **values)
    (kept,) = cache.iterdir()
    stamp = kept.stat().st_mtime_ns
    again = run("again", **values)
    assert kept.stat().st_mtime_ns == stamp
    assert (first["general"], first["drift"]) == (again["general"], again["drift"])
    kept.write_bytes(b"damaged")
    repaired = run("repaired", **values)
    assert (repaired["general"], repaired["drift"]) == (first["general"], first["drift"])
    assert kept.stat().st_size > 1000


def test_without_time_the_few_rows_that_decide_are_read(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of four held-out rows of 900 tokens one was read on a busy machine, and a set that had been learned was called not learned.
    from academy.trainer.exam import run as exam
    from academy.trainer.exam import sampling

    monkeypatch.setattr(exam, "budget", lambda seconds: 0.0)
    monkeypatch.setattr(sampling, "_FIRST", 1)
    held_out = write_rows(tmp_path / "eval.jsonl", chats(FACTS[8:]))
    rows = write_rows(tmp_path / "rows.jsonl", chats(FACTS[:8]))
    report = run(rows=rows, eval_path=held_out, goal="style", num_epochs=1)
    assert (report["cut"], report["held_out"]["rows"]) == (True, 4)


def test_without_time_there_is_a_report_all_the_same(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from academy.trainer.exam import run as exam

    monkeypatch.setattr(exam, "budget", lambda seconds: 0.0)
    report = run(num_epochs=1, cache_path=None)
    assert report["cut"]
    assert report["known"]["of"] > 0
    assert report["general_asked"] <= 8
    assert any("general questions" in sentence.lower() for sentence in said(report))
    assert said(report)[-1].endswith("where a part of the questions was left out to save time.")


def test_the_program_of_its_own_runs_as_the_runner_starts_it(tmp_path: Path, facts: Path) -> None:
    job = make_job(tmp_path / "job", BUNDLED, facts, num_epochs=1)
    train(job)
    assert shown(report_in(JobFolder(job)) or pytest.fail("no report"))["verdict"] == "not_learned"


# ------------------------------------------------------------------ pure


@pytest.mark.parametrize("size", [0, 1, 2, 7, 64, 1000])
def test_a_sample_is_even_wherever_it_ends(size: int) -> None:
    items = list(range(size))
    for seed in (0, 42):
        order = spread(items, seed=seed)
        assert sorted(order) == items
        for count in (10, 50, 200):
            part = sorted(order[:count])
            if count < size:
                gaps = [later - earlier for earlier, later in itertools.pairwise(part)]
                assert max(gaps) <= 2.2 * size / count + 1
    assert spread(items, 5) == spread(items)[:5]
    assert spread(list(range(1000)), 3, seed=1) != spread(list(range(1000)), 3)


def test_an_exam_takes_a_share_of_the_training_within_bounds() -> None:
    assert [budget(seconds) for seconds in (None, 1, 100, 200, 10_000)] == [MOST_SECONDS, LEAST_SECONDS, LEAST_SECONDS, 60.0, MOST_SECONDS]


def test_a_small_batch_comes_first_and_the_time_decides_about_the_next() -> None:
    endless, late = Pace(math.inf), Pace(0.0)
    assert (endless.size(), late.size()) == (8, 8)
    endless.count(8)
    late.count(8)
    assert (endless.size(), late.size()) == (32, 0)
    assert endless.patience() == math.inf
    assert late.patience() == 10.0


def test_what_is_kept_for_the_next_exam_has_its_own_time() -> None:
    clock = Clock(60.0)
    before = clock.until(1.0)
    with clock.once() as until:
        assert until >= before
        sum(range(100_000))
    assert clock.seconds > 60.0
    assert clock.until(1.0) > before
