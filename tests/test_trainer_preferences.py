"""Learning from preferences, for real: losses against TRL's, margins, the reference, resume, and what the exam reports."""

from __future__ import annotations

import importlib.util
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from trainer_help import events, make_job, make_model, of, start, train_here, write_rows
from waiting import wait_until

from academy.preferences import Preference, row_of
from academy.rows import Turn

pytestmark = pytest.mark.training
for needed in ("torch", "transformers", "trl", "peft"):
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed", allow_module_level=True)

BUNDLED = Path(__file__).parent.parent / "academy" / "models" / "academy-mini"
THINGS = ["kettle", "ladder", "printer", "bicycle", "projector", "toolbox", "umbrella", "scanner", "heater", "trolley"]
ROOMS = ["cellar", "attic", "hall", "yard", "office"]
FILLER = "Well, thank you for asking, I am happy to help: "


def ask(at: int) -> tuple[Turn, ...]:
    return (Turn("user", f"Where is the {THINGS[at % 10]} of house {at // 10 + 1}?"),)


def short(at: int) -> str:
    return f"In the {ROOMS[at % 5]}."


def long(at: int) -> str:
    return f"{FILLER}it is in the {ROOMS[at % 5]}."


def pairs(count: int, held_out: int = 0) -> list[Preference]:
    """The short answer is better, whatever it says; the last ones are held out."""
    return [Preference(ask(at), short(at), long(at), at >= count) for at in range(count + held_out)]


def thumbs(count: int) -> list[Preference]:
    """Every other answer is good, since it is short."""
    return [Preference(ask(at), None if at % 2 else short(at), long(at) if at % 2 else None) for at in range(count)]


def job_of(folder: Path, base: Path, preferences: list[Preference], **values: Any) -> Path:
    """A job folder that learns from preferences."""
    rows = [
        {"messages": [*(turn._asdict() for turn in item.prompt), {"role": "assistant", "content": item.better or item.worse}]}
        for item in preferences
    ]
    folder.mkdir(parents=True)
    values = {"method": "preference", "num_epochs": 2, "batch_size": 4, "learning_rate": 2e-3, "precision": "fp32"} | values
    job = make_job(folder, base, write_rows(folder / "rows.jsonl", rows), **values)
    spec = json.loads((job / "spec.json").read_bytes())
    spec["preferences_path"] = str(write_rows(folder / "rows.preferences.jsonl", map(row_of, preferences)))
    (job / "spec.json").write_text(json.dumps(spec))
    return job


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("base") / "tiny")


def loaded(job: Path) -> tuple[Any, Any]:
    """The method of a job with its model, ready to train."""
    from academy.trainer.compute.model import load_adapted
    from academy.trainer.dataset import load_dataset
    from academy.trainer.methods.preference import PreferenceLearning
    from academy.trainer.methods.sft import SupervisedFineTuning
    from academy.trainer.preferences import load_preferences
    from academy.trainer.report import Report
    from academy.trainer.spec import read_spec

    spec, report = read_spec(job), Report(job)
    dataset = load_dataset(spec, report)
    preferences = load_preferences(spec, report, dataset)
    adapted = load_adapted(spec, report, preferences.answers)
    return PreferenceLearning(adapted, SupervisedFineTuning(adapted, dataset.tokenizer), preferences), preferences


def moved(model: Any) -> None:
    """Another model than the reference: every weight of the adapter is changed a little."""
    import torch

    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn_like(parameter))


def likelier(method: Any, rows: Any) -> None:
    """A model to which these rows are likelier: two steps uphill."""
    import torch

    parameters = [parameter for parameter in method.model.parameters() if parameter.requires_grad]
    for _ in range(2):
        gained = method._reader.logps(method._reader.collate(rows)).mean()
        for parameter, gradient in zip(parameters, torch.autograd.grad(gained, parameters), strict=True):
            parameter.data += gradient


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", ["pairs", "thumbs"])
def test_before_the_first_step_the_margin_is_exactly_zero(tmp_path: Path, base: Path, kind: str, precision: str) -> None:
    method, preferences = loaded(job_of(tmp_path / "job", base, pairs(10, 3) if kind == "pairs" else thumbs(10), precision=precision))
    method.refer(preferences.train, trained=True)
    method.refer(preferences.held_out, trained=False)
    for group in preferences.train:
        method.loss(method.collate([group]))
    measured = method.measured()
    assert (measured["margin"], measured["accuracy"]) == (0.0, 0.5)
    for groups in (preferences.train, preferences.held_out):
        found = method.compare(groups)
        assert found is None or (found["margin"] == pytest.approx(0.0, abs=1e-3) and found["before"] == found["after"])


def alike(method: Any, base: Path) -> Any:
    """The same model and adapter by stock libraries, at the reference."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    stock = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    return get_peft_model(stock, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))


def followed(stock: Any, method: Any) -> Any:
    """The stock model with the adapter's weights as ours has them now."""
    import peft

    peft.set_peft_model_state_dict(stock, peft.get_peft_model_state_dict(method.model))
    return stock


def parts_of(row: Any) -> tuple[list[int], list[int]]:
    """The prompt and the answer of a row, without what the template writes behind."""
    start = row.trained.index(True)
    return row.ids[:start], [token for token, trained in zip(row.ids, row.trained, strict=True) if trained]


def trl_arguments(folder: Path) -> dict[str, Any]:
    return {"output_dir": str(folder), "bf16": False, "use_cpu": True, "report_to": [], "max_length": None, "gradient_checkpointing": False}


def test_the_loss_of_pairs_is_that_of_trl(tmp_path: Path, base: Path) -> None:
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import DPOConfig, DPOTrainer

    from academy.trainer.methods.preference import BETA, LIKELIHOOD

    method, preferences = loaded(job_of(tmp_path / "job", base, pairs(4)))
    (group,) = preferences.train
    method.refer([group], trained=True)
    stock = alike(method, base)
    trainer = DPOTrainer(
        model=stock,  # it clones the adapter as its reference now
        args=DPOConfig(beta=BETA, loss_type=["sigmoid", "sft"], loss_weights=[1.0, LIKELIHOOD], **trl_arguments(tmp_path / "trl")),
        train_dataset=Dataset.from_list([row_of(item) for item in pairs(4)]),
        processing_class=AutoTokenizer.from_pretrained(base),
    )
    moved(method.model)
    batch = method.collate([group])
    ours = float(method.loss(batch)[0].detach()) / batch.counted
    rows = [
        {"prompt_ids": parts_of(one)[0], "chosen_ids": parts_of(one)[1], "rejected_ids": parts_of(other)[1]}
        for one, other in zip(group.answers[:4], group.answers[4:], strict=True)
    ]
    theirs = trainer.compute_loss(followed(trainer.model, method), trainer.data_collator(rows))
    assert ours == pytest.approx(float(theirs.detach()), abs=1e-5)
    logged = {name: values[-1] for name, values in trainer._metrics["train"].items()}
    assert method.measured() == pytest.approx(
        {
            "chosen": logged["logps/chosen"],
            "rejected": logged["logps/rejected"],
            "margin": logged["rewards/margins"],
            "accuracy": logged["rewards/accuracies"],
        },
        abs=1e-3,
    )


def test_the_loss_of_thumbs_is_that_of_trl(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import KTOConfig, KTOTrainer

    from academy.trainer.methods import preference

    monkeypatch.setattr(preference, "LIKELIHOOD", 0.0)  # which TRL does not add to KTO
    some = [*thumbs(5), Preference(ask(7), None, long(7))]
    method, preferences = loaded(job_of(tmp_path / "job", base, some, batch_size=6))
    (group,) = preferences.train
    method.refer([group], trained=True)
    weights = dict(zip(("desirable_weight", "undesirable_weight"), method._weights, strict=True))
    trainer = KTOTrainer(
        model=alike(method, base),
        args=KTOConfig(beta=preference.BETA, per_device_train_batch_size=6, **weights, **trl_arguments(tmp_path / "trl")),
        train_dataset=Dataset.from_list([row_of(item) for item in some]),
        processing_class=AutoTokenizer.from_pretrained(base),
    )
    moved(method.model)
    likelier(method, group.swapped)  # else the mean gain of answers to other prompts is below 0, and counts as 0
    batch = method.collate([group])
    ours = float(method.loss(batch)[0].detach()) / batch.counted
    rows = [
        {
            "prompt_ids": parts_of(row)[0],
            "completion_ids": parts_of(row)[1],
            "KL_completion_ids": parts_of(swapped)[1],
            "label": good,
        }
        for row, swapped, good in zip(group.answers, group.swapped, group.good, strict=True)
    ]
    theirs = trainer.compute_loss(followed(trainer.model, method), trainer.data_collator(rows))
    assert ours == pytest.approx(float(theirs.detach()), abs=1e-5)
    assert trainer._metrics["train"]["kl"][-1] > 0.1
    assert method.measured()["margin"] == pytest.approx(trainer._metrics["train"]["rewards/margins"][-1], abs=1e-4)


def test_a_training_from_pairs_learns_them_and_reports_what_became_of_them(tmp_path: Path) -> None:
    """On the bundled model: the margin starts at exactly 0, better answers win, held-out ones too, and a killed run resumes as it was."""
    values: dict[str, Any] = {"num_epochs": 6, "batch_size": 4, "learning_rate": 1e-3, "save_steps": 1, "goal": "facts"}
    told = train_here(job_of(tmp_path / "whole", BUNDLED, pairs(16, 6), **values))
    points = of(told, "progress")
    assert (points[0]["margin"], points[0]["accuracy"]) == (0.0, 0.5)
    assert of(told, "eval")[0]["eval_margin"] == 0.0
    assert points[-1]["margin"] > 0.1
    assert all("known" not in point and point["chosen"] < 0 and point["rejected"] < 0 for point in points)
    report = json.loads((tmp_path / "whole" / "report.json").read_bytes())
    learned = report["preferences"]
    assert learned["train"]["moved"] >= 0.9
    assert learned["held_out"]["moved"] >= 0.7
    assert (learned["train"]["of"], learned["held_out"]["of"], learned["known_of"]) == (16, 6, 22)
    assert learned["train"]["after"] >= learned["train"]["before"]

    job = job_of(tmp_path / "killed", BUNDLED, pairs(16, 6), **values)
    process = start(job)
    try:
        wait_until(lambda: len(of(events(job), "checkpoint")) >= 4, "four checkpoints", 300)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    again = train_here(job, exam=False)
    assert of(again, "started")[-1]["resumed_from_step"] > 0
    last = {point["step"]: point["loss"] for point in of(again, "progress")}
    assert [last[point["step"]] for point in points] == [point["loss"] for point in points]


def test_an_exam_of_an_adapter_compares_the_answers_with_its_base(tmp_path: Path, base: Path) -> None:
    job = job_of(tmp_path / "job", base, pairs(8, 3), num_epochs=3)
    train_here(job)
    own = json.loads((job / "report.json").read_bytes())

    def exam(name: str, **parameters: Any) -> dict[str, Any]:
        folder = tmp_path / name
        folder.mkdir()
        spec = json.loads((job / "spec.json").read_bytes())
        spec |= {"job_id": name, "continue_from": "job", "continue_from_path": str(job / "adapter")}
        spec["parameters"] |= parameters
        (folder / "spec.json").write_text(json.dumps(spec))
        train_here(folder, module="academy.trainer.exam.run")
        return json.loads((folder / "report.json").read_bytes())

    again = exam("again")
    found, learned = again["preferences"], own["preferences"]
    assert (found["kind"], found["reference"], found["known_of"]) == ("pairs", "base", learned["known_of"])
    for part in ("train", "held_out"):
        assert found[part] == pytest.approx(learned[part], abs=2e-3)
    assert (again["verdict"], again["sentences"][0]) == (own["verdict"], own["sentences"][0])
    # An adapter that learned rows is judged by them; what became of the pairs is told beside it.
    rows = exam("rows", method="sft", goal="facts")
    assert rows["preferences"]["held_out"]["of"] == 3
    assert rows["preferences"]["known_of"] == 0
    assert "Knows" in str(rows["sentences"][0])


def test_a_training_that_continues_an_adapter_is_compared_with_that_adapter(tmp_path: Path, base: Path) -> None:
    first = job_of(tmp_path / "first", base, pairs(8), num_epochs=3)
    train_here(first, exam=False)
    second = job_of(tmp_path / "second", base, pairs(8), continue_from_path=str(first / "adapter"))
    points = of(train_here(second, exam=False), "progress")
    assert (points[0]["margin"], points[0]["accuracy"]) == (0.0, 0.5)
    before = of(events(first), "progress")
    assert points[0]["rejected"] < before[0]["rejected"]  # the reference is not the base


def test_a_training_from_thumbs_moves_good_and_bad_answers_apart(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", BUNDLED, thumbs(16), num_epochs=6, batch_size=8, learning_rate=1e-3)
    points = of(train_here(job), "progress")
    assert (points[0]["margin"], points[0]["accuracy"]) == (0.0, 0.5)
    assert points[-1]["margin"] > 0.1
    learned = json.loads((job / "report.json").read_bytes())["preferences"]
    assert (learned["kind"], learned["train"]["of"]) == ("thumbs", 16)
    assert learned["train"]["moved"] >= 0.75


def test_thumbs_beside_pairs_are_left_out_and_said_so(tmp_path: Path, base: Path) -> None:
    some = [*pairs(6), *[item._replace(prompt=(Turn("user", f"And {item.prompt[0].content}"),)) for item in thumbs(4)]]
    told = train_here(job_of(tmp_path / "job", base, some), exam=False)
    assert any("4 answers with a thumb are left out" in event["message"] for event in of(told, "note"))
    assert of(told, "started")[0]["train_rows"] == 6


def test_a_stopped_training_keeps_what_it_prefers_by_then(tmp_path: Path, base: Path) -> None:
    job = job_of(tmp_path / "job", base, pairs(8))
    (job / "stop").touch()
    told = train_here(job)
    assert (told[-1]["type"], told[-1]["stopped"], told[-1]["step"]) == ("finished", True, 1)
    assert json.loads((job / "report.json").read_bytes())["preferences"]["train"]["of"] == 8


def test_a_dry_run_reads_the_longest_pairs(tmp_path: Path, base: Path) -> None:
    told = train_here(job_of(tmp_path / "job", base, pairs(6), dry_run=True))
    assert told[-1]["extra"]["seconds_per_step"] > 0
    assert not (tmp_path / "job" / "adapter").exists()


def corrections(count: int, held_out: int = 0) -> list[Preference]:
    """The better answer says something else than the worse one."""
    worse = [f"It is in the {ROOMS[(at + 2) % 5]}." for at in range(count + held_out)]
    return [
        Preference(ask(at), f"The {THINGS[at % 10]} is in the {ROOMS[at % 5]}.", worse[at], at >= count) for at in range(count + held_out)
    ]


def test_a_model_that_cannot_use_a_correction_learns_it_as_an_answer_and_says_so(tmp_path: Path, base: Path) -> None:
    told = train_here(job_of(tmp_path / "job", base, corrections(6, 2), method="correction"))
    (note,) = [event["message"] for event in of(told, "note") if "With the correction in its prompt" in event["message"]]
    assert note.endswith("corrections are learned as answers.")
    learned = json.loads((tmp_path / "job" / "report.json").read_bytes())["preferences"]
    assert (learned["kind"], learned["distilled"], learned["train"]["of"], learned["held_out"]["of"]) == ("corrections", False, 6, 2)
    assert of(told, "known")


def test_a_model_that_can_use_a_correction_learns_from_itself_and_resumes(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the hint helps is another matter here: a random model's is assumed, so that the steps themselves are tried."""
    from academy.trainer import checkpoints
    from academy.trainer.methods import correction

    monkeypatch.setattr(correction, "_ENOUGH", 0.0)
    monkeypatch.setattr(correction, "_GAIN", -1.0)
    values: dict[str, Any] = {"method": "correction", "num_epochs": 3, "save_steps": 1}
    whole = job_of(tmp_path / "whole", base, corrections(6), **values)
    points = of(train_here(whole, exam=False), "progress")
    assert len(points) == 6
    assert all(point["loss"] > 0 and "known" not in point and 0 <= point["accuracy"] <= 1 for point in points)
    # Killed after step 3: the same answers are sampled again, with the same losses.
    for checkpoint in checkpoints.complete(whole / "checkpoints"):
        assert checkpoint.step >= 5
    cut = job_of(tmp_path / "cut", base, corrections(6), **values | {"max_steps": 6})
    (cut / "stop").touch()
    train_here(cut, exam=False)
    (cut / "stop").unlink()
    last = {point["step"]: point["loss"] for point in of(train_here(cut, exam=False), "progress")}
    assert [last[point["step"]] for point in points] == [point["loss"] for point in points]


def test_the_teacher_pulls_the_model_towards_the_correction(tmp_path: Path, base: Path) -> None:
    """The loss is the divergence from what the model thinks with the hint: 0 where the hint changes nothing."""
    import torch

    from academy.trainer.compute.model import load_adapted
    from academy.trainer.dataset import load_dataset
    from academy.trainer.exam.examinee import Examinee
    from academy.trainer.methods import correction
    from academy.trainer.methods.sft import SupervisedFineTuning
    from academy.trainer.preferences import load_corrections
    from academy.trainer.report import Report
    from academy.trainer.spec import read_spec

    job = job_of(tmp_path / "job", base, corrections(4), method="correction")
    spec, report = read_spec(job), Report(job)
    dataset = load_dataset(spec, report)
    items = load_corrections(spec, dataset)
    adapted = load_adapted(spec, report, items.answers)
    reader = SupervisedFineTuning(adapted, dataset.tokenizer)
    method = correction.SelfDistillation(Examinee(adapted, reader, dataset.tokenizer, dataset.form), reader, items.train)
    torch.manual_seed(0)
    batch = method.collate(items.answers)
    assert float(method.loss(batch)[0].detach()) / batch.counted > 0
    unhinted = pytest.MonkeyPatch()
    with unhinted.context() as patch:
        patch.setattr(correction, "_HINT", "{question}")
        same = method.collate(items.answers)
    assert float(method.loss(same)[0].detach()) / same.counted == pytest.approx(0.0, abs=1e-5)
