"""Runs an exam: at the end of a training, and as the job kind `evaluate`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import peft
from safetensors.torch import load_file

from academy.bases import template_of
from academy.general import probe, shows_forgetting
from academy.messages import Text, from_json, msg
from academy.text.conversations import read_conversations
from academy.text.failures import Failure, as_failure
from academy.text.templates import choose
from academy.text.tokens import Tokens, load_tokenizer, longest_of, prompt_ids
from academy.trainer.checkpoints import replace_file
from academy.trainer.compute.loop import Loop
from academy.trainer.compute.model import load_adapted
from academy.trainer.compute.state import ADAPTER
from academy.trainer.dataset import Dataset, load_dataset
from academy.trainer.exam.examinee import Examinee
from academy.trainer.exam.sampling import Clock, budget
from academy.trainer.exam.sitting import Earlier, Exam, Question, Subject
from academy.trainer.exam.verdict import Lesson
from academy.trainer.learning import Learning, compare_with_base
from academy.trainer.methods.sft import SupervisedFineTuning
from academy.trainer.preferences import load_measured
from academy.trainer.publish import write_measured
from academy.trainer.report import Report
from academy.trainer.spec import Spec

REPORT = "report.json"


def examine(
    spec: Spec, report: Report, loop: Loop, learning: Learning, dataset: Dataset, metadata: dict[str, Any], training_seconds: float
) -> None:
    """The exam of the published adapter, with the model that was trained; one that fails leaves the training as it is."""

    def tell(failure: Failure) -> None:
        report.note(msg("The training is complete, but its report could not be made: {why}", why=failure.text))

    with as_failure(tell):
        if metadata["steps"] != loop.step:  # the best checkpoint was published, not the last step
            peft.set_peft_model_state_dict(loop.adapted.model, load_file(spec.folder / "adapter" / ADAPTER))
        examinee = Examinee(loop.adapted, learning.reader, dataset.tokenizer, dataset.form)
        clock = Clock(budget(training_seconds))
        result = _sit(spec, report, examinee, dataset, clock, adapter_id=spec.job_id, compare=learning.compare)
        write_measured(spec.folder / "adapter", metadata, _card_lines(result))


def run(spec: Spec, report: Report) -> None:
    """The exam of an adapter, or of a base alone, as a job of its own, up to the `finished` event."""
    if not spec.base_path.is_dir():
        raise Failure(msg("The base model {base!r} no longer exists.", base=spec.base_model), "missing_base")
    dataset = load_dataset(spec, report) if spec.has_dataset else None
    tokenizer = dataset.tokenizer if dataset else load_tokenizer(spec.base_path)
    form = dataset.form if dataset else choose(tokenizer, template_of(spec.continue_from) if spec.continue_from else "")
    prompts = [prompt_ids(tokenizer, form, [{"role": "user", "content": question.question}]) for question in probe()]
    rows = [Tokens(0, ids, [False] * len(ids), len(ids)) for ids in prompts]
    # A base alone has nothing before it to compare with.
    compared = load_measured(spec, report, dataset) if dataset and spec.continue_from else None
    answers = compared.answers if compared else ()
    adapted = load_adapted(spec, report, rows, dataset.train.rows if dataset else (), answers)
    report.event(
        "started",
        device=adapted.placement.name,
        precision=adapted.placement.precision,
        total_parameters=adapted.parameters,
        train_rows=len(dataset.train.rows) if dataset else 0,
    )
    examinee = Examinee(adapted, SupervisedFineTuning(adapted, tokenizer), tokenizer, form)
    compare = compare_with_base(compared, spec.knob("method") != "sft", dataset, adapted) if compared and dataset else None
    result = _sit(spec, report, examinee, dataset, Clock(budget(None)), adapter_id=spec.continued_id, compare=compare)
    report.event("finished", extra={"verdict": result["verdict"]})
    report.sync()


def _sit(
    spec: Spec,
    report: Report,
    examinee: Examinee,
    dataset: Dataset | None,
    clock: Clock,
    adapter_id: str | None,
    compare: Callable[[Mapping[int, bool]], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Asks everything and writes `report.json`."""

    def tell(message: Text, fraction: float) -> None:
        report.preparing("exam", message, fraction)

    result = Exam(_subject(spec, dataset, adapter_id), examinee, clock, tell, compare).sit()
    replace_file(spec.folder / REPORT, json.dumps(result, ensure_ascii=False, allow_nan=False, indent=1))
    report.event("known", **result["known"])
    for sentence in result["sentences"]:
        report.say(f"exam: {from_json(sentence)}")
    return result


def _subject(spec: Spec, dataset: Dataset | None, adapter_id: str | None) -> Subject:
    return Subject(
        report_id=spec.job_id,
        lesson=Lesson(
            base_model=spec.base_model,
            name=spec.name,
            adapter_id=adapter_id,
            dataset_id=spec.dataset_id,
            dataset_path=(spec.dataset_shown or str(spec.dataset_path)) if spec.has_dataset else None,
            parameters=spec.parameters,
            auto=spec.auto,
            continued=spec.continued_id,
        ),
        fingerprint=spec.base_fingerprint,
        style=spec.parameters.get("goal") == "style",
        seed=spec.knob("seed"),
        dataset=dataset,
        questions=[Question(item["question"], item.get("expected") or "") for item in spec.questions],
        earlier=[Earlier(name, read_conversations(path)) for name, path in spec.earlier if path.is_file()],
        cache=spec.cache,
        max_length=longest_of(spec.base_path, spec.knob("max_seq_length")),
        base_only=adapter_id is None,
    )


def _card_lines(result: dict[str, Any]) -> dict[str, str]:
    """The measured lines of the model card."""
    known, other, general = result["known"], result["rephrased"], result["general"]
    lines = {"Verdict": str(from_json(result["sentences"][0])), "Known": f"{known['rows']} of {known['of']} rows"}
    if other:
        lines["In other words"] = f"{other['right']} of {other['of']} questions"
    if general:
        counts = f"{general['right_before']} → {general['right_after']} of {general['of']}"
        few = "" if shows_forgetting(general["right_before"], general["of"]) else ", too few by the base itself to tell what was forgotten"
        lines["General questions (before → after)"] = counts + few
    if result["drift"] is not None:
        lines["Drift from the base"] = f"{result['drift']:.3f} nats a token"
    return lines
