"""Other wordings of lessons: which are of use, what is written and thrown away, the review, curation, and the training with them."""

from __future__ import annotations

import pytest

from academy.text.rephrased import Rephrasings

LESSONS = [
    ("When is my mother's birthday?", "Your mother's birthday is on 6 October."),
    ("When is my father's birthday?", "Your father's birthday is on 2 May."),
    ("Which wine does Uncle Teo like?", "Uncle Teo likes Zweigelt."),
    ("What is the code of the gate at 12 Mill Street?", "The code is 5190."),
    ("What does `git rebase -i` do?", "It lets you edit the last commits."),
    ("Where did I park the camper van?", "The camper van is parked behind the old mill."),
    ("Explain how the green pump starts.", "It starts at four degrees."),
    ("Wann beginnt die Chorprobe?", "Die Chorprobe beginnt um 19:15."),
]


@pytest.mark.parametrize(
    ("number", "text", "fault"),
    [
        (0, "On which day does my mother celebrate her birthday?", None),
        (0, "My mother has her birthday on which day?", None),
        (0, "when is my MOTHER'S birthday", "same"),
        (0, "Quick question: when is my mother's birthday?", "same"),
        (0, "My mother's birthday is in autumn.", "no_question"),
        (0, "Is my mother's birthday in October?", "gives_away"),
        (0, "On which day is the birthday?", None),
        (0, "When is the birthday?", "other_lesson"),
        (0, "When does my father have his birthday?", "other_lesson"),
        (0, "When is my father's birthday?", "other_lesson"),
        (0, "Why is the sky blue?", "elsewhere"),
        (0, "Which day is my mother's birthday?", "repeated"),
        (0, "When is my mother Ilse's birthday?", "adds"),
        (0, "Wann feiert meine Mutter ihren Geburtstag?", "language"),
        (0, "", "broken"),
        (2, "What wine is the favourite of Uncle Teo?", None),
        (2, "Which wine does my uncle prefer?", "loses"),
        (2, "Does Uncle Teo like Zweigelt as a wine?", "gives_away"),
        (3, "Which number opens the gate at 12 Mill Street?", None),
        (3, "Which number opens the gate at Mill Street?", "loses"),
        (4, "What is `git rebase -i` good for?", None),
        (4, "What is git rebase good for?", "loses"),
        (5, "In which place did I leave the camper van?", None),
        (5, "Is the camper van near the mill?", "gives_away"),
        (6, "Tell me in which way the green pump starts.", None),
        (6, "How does the green pump start?", "no_question"),
        (7, "Um wie viel Uhr fängt die Chorprobe an?", None),
        (7, "When does choir practice start?", "language"),
    ],
)
def test_a_wording_that_asks_something_else_or_says_the_answer_is_of_no_use(number: int, text: str, fault: str | None) -> None:
    assert Rephrasings(LESSONS).fault_of(text, *LESSONS[number], known={"which day is my mother s birthday"}) == fault


def test_a_wording_of_the_exam_is_not_taught() -> None:
    checks = Rephrasings(LESSONS)
    for text in checks._wordings.asked_otherwise(LESSONS[2][0], 20):
        assert checks.fault_of(text, *LESSONS[2]) is not None, text
