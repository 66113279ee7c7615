"""The verdict on an adapter and the intervals behind it: pure, by table."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from academy.jobs.spec import KNOBS, TrainingSpec
from academy.trainer.exam.intervals import difference_of_counts, mean_of
from academy.trainer.exam.verdict import Count, Fall, Findings, General, Judged, Lesson, Preferred, judge

LESSON = Lesson("academy-mini", "handbook-1", "training_1", "dataset_1", None, {"num_epochs": 10, "learning_rate": 1e-3, "lora_rank": 16})
GOOD = Findings(False, Count(24, 24), Count(0, 24), Count(24, 24), general=General(11, 11, 40, 0.0, 0.0))


def judged(lesson: Lesson = LESSON, **changes: Any) -> Judged:
    return judge(replace(GOOD, **changes), lesson)


@pytest.mark.parametrize(
    ("changes", "verdict", "sentence"),
    [
        ({}, "ready", "Knows 24 of 24."),
        ({"known": Count(195, 200)}, "ready", "Knows 195 of 200."),
        ({"known": Count(20, 24), "after": Count(21, 24)}, "ready", "Knows 20 of 24; 4 are missing."),
        ({"known": Count(8, 9)}, "ready", "Knows 8 of 9; 1 is missing."),
        ({"known": Count(19, 24), "after": Count(21, 24)}, "not_learned", "Knows 19 of 24: train longer."),
        ({"known": Count(58, 88)}, "not_learned", "Knows 58 of 88: train longer."),
        ({"known": Count(2, 24), "after": Count(2, 24)}, "not_learned", "Knows 2 of 24: train longer."),
        ({"known": Count(0, 24), "after": Count(0, 24)}, "not_learned", "Knows 0 of 24: train longer."),
        ({"before": Count(22, 24)}, "no_gain", "The base model knew this already: 22 of 24 right without the adapter."),
        ({"before": Count(21, 24)}, "ready", "Knows 24 of 24."),
        # It answers right in other words, as its base did: nothing was gained, though nothing is known word for word.
        ({"known": Count(0, 24), "before": Count(20, 24), "after": Count(20, 24)}, "no_gain", "The base model knew this already: 20 of"),
        # A base that knows as little as the adapter has gained nothing either, but the reason is that nothing was learned.
        ({"known": Count(1, 24), "before": Count(1, 24), "after": Count(1, 24)}, "not_learned", "Knows 1 of 24"),
        (
            {"general": General(11, 6, 40, -7.0, 1.0)},
            "forgot",
            "Of 40 general questions it answers 6, 11 before: more rehearsal keeps them.",
        ),
        ({"general": General(11, 9, 40, -4.0, 2.0)}, "ready", "Knows 24 of 24."),
        ({"general": General(30, 26, 40, -8.0, 0.5)}, "ready", "Knows 24 of 24."),
        ({"general": General(30, 25, 40, -9.0, 0.5)}, "forgot", "Of 40 general questions it answers 25, 30 before"),
        ({"general": General(7, 4, 40, -5.0, 1.0)}, "ready", "Knows"),
        ({"general": General(7, 1, 20, -6.0, -0.5)}, "forgot", "Of 20 general questions it answers 1, 7 before"),
        ({"general": General(7, 0, 40, -9.0, -3.0)}, "ready", "Knows 24 of 24."),  # a tiny base, whose few right answers tell nothing
        ({"general": General(40, 34, 64, -6.0, -0.5)}, "forgot", "Of 64 general questions it answers 34, 40 before"),
        ({"general": None}, "ready", "Knows 24 of 24."),
        ({"known": Count(0, 0), "before": Count(0, 0), "after": Count(0, 0)}, "ready", "General: 11 of 40, before 11."),
        (
            {"known": Count(0, 0), "before": Count(0, 0), "after": Count(0, 0), "general": General(7, 0, 40, -9.0, -3.0)},
            "ready",
            "The base model itself answers only 7 of 40 general questions, with the adapter 0: too few to tell what was forgotten.",
        ),
        ({"has_adapter": False, "before": Count(24, 24)}, "no_gain", "The base model knows this already: 24 of 24 right."),
    ],
)
def test_the_verdict_on_facts(changes: dict[str, Any], verdict: str, sentence: str) -> None:
    found = judged(**changes)
    assert found.verdict == verdict
    assert str(found.sentences[0]).startswith(sentence)


@pytest.mark.parametrize(
    ("loss", "held_out", "verdict", "sentence"),
    [
        (Fall(3.0, 2.5, -0.6, -0.4), True, "ready", "The loss on the held-out rows fell from 3.00 to 2.50."),
        (Fall(3.0, 2.9, -0.3, 0.1), True, "not_learned", "The loss on the held-out rows did not fall clearly (3.00 → 2.90): train longer."),
        (Fall(3.0, 3.4, 0.2, 0.6), True, "not_learned", "The loss on the held-out rows did not fall clearly (3.00 → 3.40)"),
        (Fall(3.0, 2.99, -0.011, -0.009), False, "not_learned", "The loss on the trained rows did not fall clearly (3.00 → 2.99)"),
        (Fall(3.0, 1.0, None, None), False, "not_learned", "The loss on the trained rows did not fall clearly"),
        (Fall(3.0, 1.0, -2.2, -1.8), False, "ready", "The loss on the trained rows fell from 3.00 to 1.00."),
    ],
)
def test_a_manner_is_judged_by_its_loss(loss: Fall, held_out: bool, verdict: str, sentence: str) -> None:
    found = judged(style=True, known=Count(0, 60), before=Count(0, 24), after=Count(0, 24), loss=loss, held_out=held_out)
    assert found.verdict == verdict
    assert str(found.sentences[0]).startswith(sentence)


def test_of_several_the_worst_heads_and_the_others_follow() -> None:
    found = judged(known=Count(8, 24), after=Count(8, 24), general=General(11, 7, 40, -7.0, 0.5))
    assert found.verdict == "not_learned"
    assert [str(sentence) for sentence in found.sentences[:2]] == [
        "Knows 8 of 24: train longer.",
        "Of 40 general questions it answers 7, 11 before: more rehearsal keeps them.",
    ]
    found = judged(before=Count(24, 24), general=General(11, 4, 40, -9.0, -1.0))
    assert (found.verdict, len(found.sentences)) == ("forgot", 3)
    assert str(found.sentences[2]) == "Knows 24 of 24."


PREFERRED = Preferred("pairs", 0.95, 30, (0.8, 10), Count(24, 36), Count(24, 36))


@pytest.mark.parametrize(
    ("changes", "verdict", "sentence"),
    [
        ({}, "ready", "Prefers the better answers more than before: 95% of 30 pairs."),
        ({"kind": "thumbs", "of": 40}, "ready", "Prefers the better answers more than before: 95% of 40 rated answers."),
        ({"kind": "corrections", "before_share": 0.1}, "ready", "Answers 95% of 30 questions as corrected, 10% before."),
        ({"kind": "corrections", "moved": 0.7}, "not_learned", "Answers only 70% of 30 questions as corrected, 50% before: train longer."),
        ({"moved": 0.6}, "not_learned", "Only 60% of 30 pairs moved the right way: train longer."),
        ({"after": Count(23, 36)}, "ready", "Prefers"),
        ({"after": Count(20, 36)}, "forgot", "Knows 20 of 36 lessons, 24 before: more rehearsal."),
    ],
)
def test_preferences_are_judged_by_what_moved_and_what_is_still_known(changes: dict[str, Any], verdict: str, sentence: str) -> None:
    lesson = replace(LESSON, parameters=LESSON.parameters | {"method": "preference"}, continued="training_0")
    found = judged(lesson, preferred=replace(PREFERRED, **changes), known=Count(0, 36), after=Count(0, 36))
    assert (found.verdict, str(found.sentences[0])[: len(sentence)]) == (verdict, sentence)
    assert bool(found.remedies) == (verdict != "ready")
    for remedy in found.remedies:
        assert TrainingSpec.model_validate(remedy["request"]).method == "preference"
        assert remedy["request"]["continue_from"] in ("training_0", "training_1")


def test_preferences_that_cost_general_knowledge_are_forgetting() -> None:
    found = judged(preferred=PREFERRED, general=General(11, 6, 40, -7.0, 1.0))
    assert (found.verdict, str(found.sentences[0])) == (
        "forgot",
        "Of 40 general questions it answers 6, 11 before: more rehearsal keeps them.",
    )


def test_a_rate_that_breaks_the_base_is_named() -> None:
    found = judged(known=Count(0, 24), after=Count(0, 24), general=General(11, 0, 40, -11.0, -5.0))
    assert found.verdict == "not_learned"
    assert [str(sentence) for sentence in found.sentences] == [
        "Knows 0 of 24: the learning rate was too high.",
        "Of 40 general questions it answers 0, 11 before.",
    ]
    assert [(str(item["label"]), item["request"]["learning_rate"]) for item in found.remedies] == [
        ("Train again with a quarter of the learning rate", 2.5e-4)
    ]


def test_the_remedies_are_requests_that_post_train_takes() -> None:
    more = judged(known=Count(2, 24), after=Count(2, 24)).remedies
    assert [str(item["label"]) for item in more] == ["Let the Professor choose", "Train longer"]
    assert more[1]["request"] == {
        "dataset_id": "dataset_1", "base_model": "academy-mini", "name": "handbook-1 again", "continue_from": "training_1",
        "learning_rate": 1e-3, "lora_rank": 16, "num_epochs": 20,
    }  # fmt: skip
    # What the Professor chose it would choose again.
    auto = judged(replace(LESSON, auto=True), known=Count(2, 24), after=Count(2, 24)).remedies
    assert [str(item["label"]) for item in auto] == ["Train longer"]
    rehearsed = judged(general=General(11, 6, 40, -7.0, 1.0)).remedies
    assert [(str(item["label"]), item["request"]["rehearsal"]) for item in rehearsed] == [("Train again with more rehearsal", 0.25)]
    for before, after in ((0.7, 1.0), (0.2, 0.4), (None, 1.0)):
        again = judged(replace(LESSON, parameters={"rehearsal": before}), general=General(11, 6, 40, -7.0, 1.0)).remedies
        assert again[0]["request"]["rehearsal"] == after
    for item in (*more, *rehearsed):
        TrainingSpec.model_validate(item["request"])


def test_a_remedy_changes_nothing_but_what_it_says() -> None:
    every = TrainingSpec(
        max_seq_length=256,
        warmup_steps=0.05,
        keep_best=False,
        lora_alpha=64,
        use_rslora=True,
        budget_seconds=180,
        num_epochs=4,
        goal="facts",
    )
    parameters = every.model_dump(include={*KNOBS})
    lesson = replace(LESSON, parameters=parameters)
    for found, changed in (
        (judged(lesson, known=Count(2, 24), after=Count(2, 24)).remedies[1], {"num_epochs"}),
        (judged(lesson, general=General(11, 6, 40, -7.0, 1.0)).remedies[0], {"rehearsal"}),
    ):
        again = TrainingSpec.model_validate(found["request"]).model_dump(include={*KNOBS})
        assert {name for name in KNOBS if again[name] != parameters[name]} == changed | {"budget_seconds"}


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"known": Count(24, 24)}, 0),
        ({"known": Count(195, 200)}, 0),
        ({"known": Count(70, 80)}, 10),
        ({"known": Count(8, 9)}, 1),
        ({"known": Count(2, 24)}, 0),  # not ready, which says it all
        ({"known": Count(20, 24), "general": General(11, 6, 40, -7.0, 1.0)}, 0),
        ({"known": Count(20, 24), "style": True, "loss": Fall(3.0, 2.5, -0.6, -0.4)}, 0),  # a manner is not known word for word
        ({"preferred": replace(PREFERRED, kind="corrections", moved=0.9)}, 3),
        ({"preferred": replace(PREFERRED, moved=0.9)}, 0),
    ],
)
def test_what_is_ready_tells_how_much_of_it_is_missing_and_offers_to_train_longer(changes: dict[str, Any], missing: int) -> None:
    found = judged(replace(LESSON, auto=True), **changes)
    assert found.missing == missing
    if missing:
        assert (found.verdict, [str(remedy["label"]) for remedy in found.remedies]) == ("ready", ["Train longer"])


def test_a_name_stays_short_enough_and_does_not_grow() -> None:
    long = Lesson("b", "n" * 80)
    assert len(long.request()["name"]) == 80
    assert Lesson("b", "facts again").request()["name"] == "facts again"
    assert Lesson("b", "n", dataset_path="d.jsonl").request()["dataset_path"] == "d.jsonl"


def test_a_base_and_plain_questions_have_no_remedy() -> None:
    assert not judged(has_adapter=False, known=Count(0, 24), after=Count(0, 24)).remedies
    assert not judged(known=Count(0, 0), before=Count(0, 0), after=Count(0, 0), general=General(11, 3, 40, -9.0, -2.0)).remedies


# ------------------------------------------------------------------ intervals


@pytest.mark.parametrize(("lost", "gained"), [(5, 0), (7, 1), (3, 3), (1, 0), (10, 3)])
def test_an_insignificant_change_of_counts_includes_zero(lost: int, gained: int) -> None:
    low, high = difference_of_counts(lost, gained)
    assert low <= gained - lost <= high
    assert low <= 0 <= high


@pytest.mark.parametrize(("lost", "gained"), [(6, 0), (8, 1), (10, 2), (20, 6)])
def test_a_significant_one_does_not_and_is_symmetric(lost: int, gained: int) -> None:
    low, high = difference_of_counts(lost, gained)
    assert high < 0
    assert difference_of_counts(gained, lost) == pytest.approx((-high, -low))


def test_no_change_has_no_width() -> None:
    assert difference_of_counts(0, 0) == (0.0, 0.0)


def test_the_interval_of_counts_covers_the_truth() -> None:
    draw = random.Random(1)
    covered = 0
    for _ in range(300):
        gained = sum(draw.random() < 0.3 for _ in range(12))
        low, high = difference_of_counts(12 - gained, gained)
        covered += low <= 12 * (2 * 0.3 - 1) <= high
    assert covered >= 0.95 * 300


def test_the_interval_of_a_mean_covers_it_about_as_often_as_it_says() -> None:
    draw = random.Random(2)
    covered = 0
    for _ in range(500):
        bounds = mean_of([draw.gauss(-0.5, 1) for _ in range(6)])
        assert bounds is not None
        covered += bounds[0] <= -0.5 <= bounds[1]
    assert 0.93 <= covered / 500 <= 0.97


def test_too_few_rows_have_no_interval_and_the_same_rows_the_same() -> None:
    assert mean_of([1.0, 2.0]) is None
    values = [0.3, -0.2, 0.5, 0.1]
    assert mean_of(values) == mean_of(values)
    assert mean_of([1.0, 1.0, 1.0]) == (1.0, 1.0)
