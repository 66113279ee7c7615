"""Trains one adapter: reads the dataset, loads the base, runs the loop, publishes the result."""

from __future__ import annotations

import heapq
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from academy.messages import msg
from academy.text.failures import Failure
from academy.text.token_rows import Tokens, lengths_of
from academy.text.tokens import prompt_ids
from academy.trainer import checkpoints
from academy.trainer.dataset import Dataset, load_dataset
from academy.trainer.exam.sampling import spread
from academy.trainer.preferences import load_compared
from academy.trainer.report import Report, now
from academy.trainer.spec import Spec

if TYPE_CHECKING:
    from academy.trainer.compute.loop import Loop, Sample
    from academy.trainer.compute.model import Adapted
    from academy.trainer.compute.schedule import Plan
    from academy.trainer.compute.team import Team
    from academy.trainer.learning import Learning

_RATE = "rate.json"  # the learning rate that was measured
_SAMPLED_TOKENS = 40
_LONGEST_PROMPT = 400  # tokens
_SAMPLES, _MOST_TRIED = 3, 12  # questions, and rows that are looked at for them
_QUICK = 500_000_000  # parameters that a processor answers quickly with


def run(spec: Spec, report: Report) -> None:
    """The whole training, up to the `finished` event."""
    started, clock = now(), time.monotonic()
    if not spec.base_path.is_dir():
        raise Failure(msg("The base model {base!r} no longer exists.", base=spec.base_model), "missing_base")
    dataset = load_dataset(spec, report)
    compared = load_compared(spec, report, dataset)

    # These load torch, which takes seconds.
    from academy.trainer.compute.loop import Loop
    from academy.trainer.compute.model import load_adapted
    from academy.trainer.compute.parity import check_device
    from academy.trainer.compute.schedule import make_plan
    from academy.trainer.compute.team import join
    from academy.trainer.exam.run import examine
    from academy.trainer.learning import make_learning
    from academy.trainer.methods.rehearsal import make_rehearsal
    from academy.trainer.publish import finish, publish

    _quiet_libraries()
    team = join(spec.folder)
    adapted = load_adapted(spec, report, compared.answers if compared else (), dataset.train.rows, dataset.held_out.rows, team=team)
    if team.is_first and team.shards is None:
        check_device(spec, report, adapted, dataset.train.rows)
    learning = make_learning(spec, report, dataset, adapted, compared)
    method, rows, held_out = learning.method, learning.rows, learning.held_out
    sampler = _sampler(dataset, adapted) if team.is_first and team.shards is None and _answers_quickly(spec, adapted) else None
    plan = make_plan(spec, len(rows), evaluates=bool(held_out), samples=sampler is not None, batch_size=learning.batch_size)
    if spec.dry_run:
        trial = plan.trial()
        _started(report, dataset, adapted, plan, learning, None)
        longest = _longest(rows, trial.rows)
        learning.begin(longest)
        _dry_run(spec, report, Loop(spec, report, adapted, method, trial, lambda look: longest, team=team), plan, rows)
        return
    learning.begin(rows)
    spec = _with_measured_rate(spec, report, adapted, learning, team)
    rehearsal = make_rehearsal(spec, report, dataset, adapted, learning.reader, compared.asked if compared else None, team)
    loop = Loop(spec, report, adapted, method, plan, learning.looks, held_out, sampler, rehearsal, team)
    checkpoint = team.once(lambda: _newest(spec.folder / "checkpoints"))
    if checkpoint:  # the first process may be on another machine
        checkpoint = replace(checkpoint, path=spec.folder / "checkpoints" / checkpoint.path.name)
    _started(report, dataset, adapted, plan, learning, checkpoint)
    report.say(f"{spec.name!r} begins to train after {time.monotonic() - clock:.1f} s.")
    if checkpoint:
        report.say(f"Resuming from the checkpoint of step {checkpoint.step}.")
        loop.resume(checkpoint)
    trained = time.monotonic()
    loop.train()

    def end() -> None:
        metadata = publish(spec, report, loop, dataset.form, learning.counts[0], started, thinks=dataset.thinks)
        examine(spec, report, loop, learning, dataset, metadata, time.monotonic() - trained)
        finish(report, loop, metadata)

    team.alone(end)


def _with_measured_rate(spec: Spec, report: Report, adapted: Adapted, learning: Learning, team: Team) -> Spec:
    """The spec with the rate that a range test chose, where one is requested."""
    from academy.trainer.checkpoints import replace_file
    from academy.trainer.compute.range_test import measure_rate

    if not spec.knob("measure_rate"):
        return spec
    path, near = spec.folder / _RATE, spec.knob("learning_rate")
    if earlier := team.once(lambda: path.read_text(encoding="utf-8") if path.is_file() else ""):
        return replace(spec, parameters=spec.parameters | json.loads(earlier))  # its checkpoints go on with it
    report.preparing("range_test", "Measuring the learning rate.")

    found = None
    if team.is_first or team.shards:  # shards are gathered by all
        found = measure_rate(adapted, learning.method, learning.rows, near=near, batch_size=learning.batch_size, seed=spec.knob("seed"))
    rate = team.once(lambda: found)
    learning.method.measured()  # what the test measured is no part of the training
    if rate is None:
        report.note(msg("No learning rate lowered the loss within a few steps, so {rate:g} is used.", rate=near))
        return spec
    report.note(msg("The learning rate was measured: {rate:g}.", rate=rate))
    if team.is_first:
        replace_file(path, json.dumps({"learning_rate": rate}))
    return replace(spec, parameters=spec.parameters | {"learning_rate": rate})


def _newest(folder: Path) -> checkpoints.Checkpoint | None:
    """The newest complete checkpoint, after the incomplete ones are removed."""
    checkpoints.sweep(folder)
    return checkpoints.newest(folder)


def _started(
    report: Report, dataset: Dataset, adapted: Adapted, plan: Plan, learning: Learning, checkpoint: checkpoints.Checkpoint | None
) -> None:
    learned, held_out = learning.counts
    report.event(
        "started",
        total_steps=plan.steps,
        total_epochs=round(plan.steps / plan.steps_per_epoch, 2),
        device=adapted.placement.name,
        precision=adapted.placement.precision,
        trainable_parameters=adapted.trainable,
        total_parameters=adapted.parameters,
        train_rows=learned,
        eval_rows=held_out,
        truncated_rows=len(dataset.train.truncated),
        # Without a checkpoint an earlier attempt's points are void all the same.
        **({"resumed_from_step": checkpoint.step if checkpoint else 0} if checkpoint or report.continued else {}),
        extra={
            "template": dataset.form.route,
            "end_token": dataset.form.end_token,
            "untrained_rows": len(dataset.train.untrained),
            "end_to_end": adapted.end_to_end,
        },
    )
    report.say(
        f"Training {learned:,} {'preferences' if learning.compare else 'rows'} in {plan.steps:,} steps, "
        f"{adapted.trainable:,} of {adapted.parameters:,} parameters, on {adapted.placement.name} in {adapted.placement.precision}."
    )


def _dry_run(spec: Spec, report: Report, loop: Loop, plan: Plan, rows: Sequence[Tokens]) -> None:
    """Two steps on the longest rows, and what the whole training needs by them."""
    loop.train()
    longest = sum(len(row.ids) for row in _longest(rows, loop.plan.rows)) / loop.plan.steps
    mean = sum(lengths_of(rows)) / len(rows) * plan.batch_size * plan.accumulation
    report.event(
        "finished",
        adapter="",
        stopped=False,
        stopped_early=False,
        train_loss=None,
        eval_loss=None,
        baseline_eval_loss=None,
        extra={
            "peak_memory_mb": round(loop.adapted.placement.peak_memory_mb(), 1),
            "seconds_per_step": round(loop.step_seconds, 3),
            "total_seconds": round(loop.step_seconds * min(1.0, mean / max(longest, 1)) * plan.steps, 1),
            # Adapter and two moments of each weight in fp32: two checkpoints and the best, one being written, and the result.
            "disk_needed_mb": round(loop.adapted.trainable * 4 * (3 * 4 + 1) / 2**20 + 1, 1),
            "disk_free_mb": round(shutil.disk_usage(spec.folder).free / 2**20, 1),
        },
    )
    report.say("The dry run fits.")


def _longest(rows: Sequence[Tokens], count: int) -> list[Tokens]:
    """So many rows, the longest ones; where there are fewer, some more than once."""
    lengths = lengths_of(rows)
    longest = [rows[at] for at in heapq.nlargest(count, range(len(rows)), key=lengths.__getitem__)]
    while len(longest) < count:
        longest += longest[: count - len(longest)]
    return longest


def _answers_quickly(spec: Spec, adapted: Adapted) -> bool:
    """Whether answers on the way cost little; generating breaks the training of a quantized model."""
    return not spec.is_quantized and (adapted.placement.device.type == "cuda" or adapted.parameters <= _QUICK)


def _sampler(dataset: Dataset, adapted: Adapted) -> Callable[[], list[Sample]] | None:
    """Lets the model answer some training questions, so that the page shows what it has learned beside what its base says."""
    from academy.trainer.compute.loop import Sample
    from academy.trainer.exam.examinee import Examinee
    from academy.trainer.methods.sft import SupervisedFineTuning

    asked = _asked(dataset)
    if not asked:
        return None
    examinee = Examinee(adapted, SupervisedFineTuning(adapted, dataset.tokenizer), dataset.tokenizer, dataset.form)
    prompts, most, base = [ids for _, ids in asked], [_SAMPLED_TOKENS] * len(asked), []

    def answers(*, base: bool) -> list[str]:
        return [examinee.text(ids or []) for ids in examinee.answers(prompts, most, base=base)]

    def sample() -> list[Sample]:
        with examinee.seated():
            base[:] = base or answers(base=True)
            return [Sample(question, text, other) for (question, _), text, other in zip(asked, answers(base=False), base, strict=True)]

    return sample


def _asked(dataset: Dataset) -> list[tuple[str, list[int]]]:
    """Questions from all over the dataset, each with the tokens that lead to its answer."""
    found: list[tuple[str, list[int]]] = []
    for _, turns in spread(dataset.conversations, _MOST_TRIED):
        answer = next((at for at, turn in enumerate(turns) if at and turn["role"] == "assistant"), 0)
        ids = prompt_ids(dataset.tokenizer, dataset.form, turns[:answer]) if answer else []
        if ids and len(ids) <= _LONGEST_PROMPT and len(found) < _SAMPLES:
            found.append((turns[answer - 1]["content"][:300], ids))
    return found


def _quiet_libraries() -> None:
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
