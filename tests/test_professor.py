"""What the Professor chooses and advises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from academy.bases import BaseFacts
from academy.bases.packages import PACKAGES
from academy.jobs.presets import Facts, choose, learning_rate
from academy.jobs.spec import TrainingSpec
from academy.professor.advice import advise

MINI = BaseFacts("LlamaForCausalLM", 3_000_000, 6_000_000, 6, 192, 2048, True)
SMALL = BaseFacts("Qwen3ForCausalLM", 600_000_000, 1_200_000_000, 28, 1024, 32768, True)
LARGE = BaseFacts("Qwen3ForCausalLM", 8_000_000_000, 16_000_000_000, 36, 4096, 32768, True)


@pytest.mark.parametrize("base", [MINI, SMALL, LARGE, None])
@pytest.mark.parametrize("preset", ["auto", "quick", "balanced", "thorough"])
@pytest.mark.parametrize("rows", [1, 60, 400, 5000, 100_000])
def test_every_choice_is_within_the_bounds_and_has_reasons(preset, rows, base):
    choice = choose(preset, Facts(rows, 80, 300, base, gpu_memory_mb=24_000, has_eval=rows > 100))
    TrainingSpec.model_validate(choice.values)
    assert choice.reasons
    assert all(str(reason).endswith(".") for reason in choice.reasons)


def test_a_large_model_on_a_small_gpu_is_loaded_in_4_bit():
    values = choose("auto", Facts(400, 200, 900, LARGE, gpu_memory_mb=12_000)).values
    assert values["quantization"] == "4bit"
    assert "quantization" not in choose("auto", Facts(400, 200, 900, LARGE, gpu_memory_mb=80_000)).values


def test_several_gpus_hold_a_large_model_together():
    choice = choose("auto", Facts(400, 200, 900, LARGE, gpu_memory_mb=12_000, gpus=2))
    assert "quantization" not in choice.values
    assert "2 GPUs hold a part of it each" in " ".join(map(str, choice.reasons))
    assert choose("auto", Facts(400, 200, 900, LARGE, gpu_memory_mb=4_000, gpus=2)).values["quantization"] == "4bit"


def test_less_memory_means_smaller_batches_with_the_same_effective_size():
    roomy = choose("auto", Facts(400, 800, 2000, SMALL, gpu_memory_mb=80_000)).values
    tight = choose("auto", Facts(400, 800, 2000, SMALL, gpu_memory_mb=6_000)).values
    assert tight["batch_size"] < roomy["batch_size"]
    product = [item["batch_size"] * item["gradient_accumulation_steps"] for item in (roomy, tight)]
    assert product[0] == product[1]


def test_efforts_are_budgets_of_time_and_none_of_them_teaches_less():
    choices = [choose(preset, Facts(200, 50, 100, SMALL, gpu_memory_mb=24_000)).values for preset in ("quick", "balanced", "thorough")]
    budgets = [values.pop("budget_seconds") for values in choices]
    assert budgets == sorted(set(budgets))
    assert choices[0] == choices[1] == choices[2]


@pytest.mark.parametrize(
    ("rows", "answer", "goal"), [(24, 12, "facts"), (200, 30, "facts"), (60, 300, "style"), (5000, 20, "style"), (40, 79, "facts")]
)
def test_short_answers_are_learned_by_heart_and_long_ones_teach_a_manner(rows, answer, goal):
    choice = choose("auto", Facts(rows, answer + 30, answer * 2, SMALL, gpu_memory_mb=24_000, answer_tokens=answer))
    assert choice.values["goal"] == goal
    assert choice.values["vary_questions"] == (goal == "facts")
    assert ("by heart" if goal == "facts" else "manner") in str(choice.reasons[0])


def test_a_person_chooses_the_goal():
    choice = choose("auto", Facts(24, 50, 80, SMALL, gpu_memory_mb=24_000, answer_tokens=12, goal="style"))
    assert choice.values["goal"] == "style"
    assert "as you chose" in str(choice.reasons[0])


def test_the_learning_rate_follows_width_and_family():
    assert learning_rate(BaseFacts("LlamaForCausalLM", 135_000_000, 270_000_000, 30, 576, 8192, True)) == 1.3e-3
    assert learning_rate(LARGE) == pytest.approx(4.7e-4)
    assert learning_rate(None) == 5e-4


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
def test_a_base_that_is_yet_to_be_fetched_or_converted_gets_the_choice_that_it_gets_afterwards(package):
    # A GGUF file calls it "llama"; *Train* may be clicked before it is converted.
    converted = replace(package.facts, architecture="LlamaForCausalLM")
    facts = Facts(81, 60, 120, package.facts)
    assert choose("auto", facts).values == choose("auto", replace(facts, base=converted)).values
    assert "measure_rate" not in choose("auto", facts).values


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_professor_says_what_is_missing():
    advice = advise(lessons=40, new_lessons=40, min_lessons=100, last_training=None, interval_hours=24, now=NOW)
    assert not advice.ready
    assert "40 of 100 lessons" in str(advice.sentence)


def test_it_waits_for_new_lessons_and_the_interval():
    advice = advise(lessons=200, new_lessons=2, min_lessons=100, last_training="2026-11-22T02:00:00.000Z", interval_hours=24, now=NOW)
    assert len(advice.missing) == 2
    ready = advise(lessons=200, new_lessons=50, min_lessons=100, last_training="2026-11-20T02:00:00.000Z", interval_hours=24, now=NOW)
    assert ready.ready


def test_a_clock_that_ran_backwards_gives_no_negative_wait():
    advice = advise(lessons=200, new_lessons=50, min_lessons=100, last_training="2030-01-01T00:00:00Z", interval_hours=24, now=NOW)
    assert "due in 24 h" in str(advice.sentence)


def test_a_tiny_model_learns_by_heart_whatever_the_held_out_rows_say():
    # It used to stop at the first rise of the held-out loss, with an adapter that knew nothing.
    tiny = choose("auto", Facts(200, 50, 100, MINI, has_eval=True)).values
    assert tiny["keep_best"] is False
    assert "early_stopping_patience" not in tiny
    manner = choose("auto", Facts(200, 350, 900, SMALL, gpu_memory_mb=24_000, has_eval=True, answer_tokens=300)).values
    assert manner["early_stopping_patience"] > 0


def test_long_questions_with_short_answers_teach_a_manner():
    # A change with its commit message: what is learned is how to sum it up.
    choice = choose("auto", Facts(40, 800, 2000, SMALL, gpu_memory_mb=24_000, answer_tokens=20, question_tokens=760))
    assert choice.values["goal"] == "style"
    assert "Long questions" in str(choice.reasons[0])


@pytest.mark.parametrize(("rows", "batch"), [(1, 1), (4, 1), (8, 4), (10, 4), (11, 4), (50, 4), (81, 8)])
def test_a_handful_of_rows_gets_enough_steps(rows, batch):
    values = choose("auto", Facts(rows, 50, 80, SMALL, gpu_memory_mb=24_000, answer_tokens=12)).values
    steps = values.get("max_steps") or -(-rows // values["batch_size"]) * values["num_epochs"]
    assert values["batch_size"] == batch
    assert steps >= 48
