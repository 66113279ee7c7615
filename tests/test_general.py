"""General knowledge: the probe is judged mechanically, and the rehearsal never teaches to it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import academy.general as general
from academy.general import CATEGORIES, Question, is_right, probe, prompts

ROOT = Path(__file__).parents[1]


def question(*accepted: tuple[str, ...], refused: tuple[str, ...] = ()) -> Question:
    return Question("en-facts-01", "en", "facts", "?", accepted, refused)


RIGHT = [
    (question(("7",), ("seven",)), "That makes 7.", True),
    (question(("7",), ("seven",)), "SEVEN!", True),
    (question(("7",), ("seven",)), "3 + 4 = **7**", True),
    (question(("7",), ("seven",)), "17", False),
    (question(("7",), ("seven",)), "It is 7.5", False),
    (question(("7",), ("seven",)), "1,7", False),
    (question(("7",), ("seven",)), "7,000", False),
    (question(("7",), ("seven",)), "-7", False),
    (question(("7",), ("seven",)), "The answer is -7.", False),
    (question(("7",), ("seven",)), "5, 6, 7, 8", True),
    (question(("7",), ("seven",)), "seventeen", False),
    (question(("7",), ("seven",)), "", False),
    (question(("Köln",)), "Es ist KÖLN.", True),
    (question(("Köln",)), "Es ist Ko\u0308ln.", True),
    (question(("Köln",)), "Kölner", False),
    (question(("groß",)), "GROSS", True),
    (question(("H2O",)), "The formula is H₂O.", True),
    (question(("can't",)), "I can’t do that.", True),
    (question(("no",)), "I do not know.", False),
    (question(("#",)), "It begins with `#`.", True),
    (question(("print()",)), "Use the print() function.", True),
    (question(("<a",)), '<a href="x">', True),
    (question(("1, 2, 3",)), "1, 2,\n3", True),
    (question(("1, 2, 3",)), "11, 2, 3", False),
    (question(("red", "blue")), "Blue and red.", True),
    (question(("red", "blue")), "Only red.", False),
    (question(("Luna",), refused=("Rex",)), "Luna", True),
    (question(("Luna",), refused=("Rex",)), "Luna or Rex", False),
    (question(("Warszawa",), ("Warszawę",)), "Wybieram Warszawę.", True),
]


@pytest.mark.parametrize(("asked", "reply", "right"), RIGHT)
def test_a_reply_is_right_when_it_has_all_words_of_an_alternative(asked, reply, right):
    assert is_right(asked, reply) is right


def test_the_probe_has_the_promised_questions():
    rows = probe()
    assert Counter(row.language for row in rows) == {"en": 40, "pl": 12, "de": 12}
    english = Counter(row.category for row in rows if row.language == "en")
    assert english == {"facts": 10, "arithmetic": 6, "instructions": 8, "dialogue": 6, "refusal": 4, "code": 6}
    assert len({row.id for row in rows}) == len({row.question for row in rows}) == 64
    assert all(row.id.startswith(f"{row.language}-{row.category}-") for row in rows)


@pytest.mark.parametrize("asked", probe(), ids=lambda row: row.id)
def test_every_question_of_the_probe_can_be_answered_and_not_by_repeating_it(asked):
    assert all(is_right(asked, " ".join(parts)) for parts in asked.accepted)
    assert not is_right(asked, "")
    if asked.category not in ("dialogue", "instructions"):
        assert not is_right(asked, asked.question)
    assert all(len(part) <= 60 for parts in asked.accepted for part in parts)


def test_the_rehearsal_has_all_categories_in_each_language_and_ends_with_the_user():
    rows = prompts()
    assert Counter(row.language for row in rows) == {"en": 187, "pl": 16, "de": 16}
    assert {(row.language, row.category) for row in rows} == {(code, name) for code in ("en", "pl", "de") for name in CATEGORIES}
    assert len({row.id for row in rows}) == len({row.messages for row in rows}) == 219
    for row in rows:
        roles = [turn.role for turn in row.messages if turn.role != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"], row.id
        assert all(turn.content.strip() == turn.content != "" for turn in row.messages)
    assert sum(row.messages[0].role == "system" for row in rows) >= 8
    assert sum(len(row.messages) >= 3 for row in rows) >= 8


COMMON = """
a an and are be by can did do does for from how i in is it me my of on one or that the this to what when where which who why with write
you your give name answer say word words sentence explain python der die das ein eine einen ist in im und wie was wer welche welcher
mit von zu ich du jak jaki jaka ile to jest w i z na się mi co do nie
"""


def content(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower())) - set(COMMON.split())


def test_no_question_of_the_probe_is_rehearsed():
    for asked in probe():
        wanted = content(asked.question)
        for prompt in prompts():
            for turn in prompt.messages:
                shared = wanted & content(turn.content)
                assert len(shared) < 0.5 * len(wanted) or len(wanted) < 2, (asked.id, prompt.id, shared)
                assert asked.question.lower() not in turn.content.lower()


def test_no_rehearsal_prompt_gives_away_an_answer_of_the_probe():
    """Of facts only: a number or a greeting occurs everywhere."""
    texts = " ".join(turn.content for prompt in prompts() for turn in prompt.messages)
    for asked in probe():
        if asked.category == "facts" and not any(part.isdigit() for parts in asked.accepted for part in parts):
            assert not is_right(asked, texts), asked.id


def test_the_files_lie_in_the_package_and_the_image_copies_them():
    folder = Path(general.__file__).parent
    assert {path.name for path in folder.glob("*.json")} == {"questions.json", "rehearsal.json"}
    assert "COPY academy /opt/academy/academy" in (ROOT / "Dockerfile").read_text()
    assert "!academy" in (ROOT / ".dockerignore").read_text().splitlines()
