"""Whether a reply says what was taught: by what tells one answer of the set from the others."""

from __future__ import annotations

import pytest

from academy.text.matching import Answers, matches

FAMILY = [
    ("What is my dog called?", "Your dog is called Biscotti."),
    ("Which allergy does my daughter have?", "Your daughter is allergic to sesame."),
    ("When is my mother's birthday?", "Your mother's birthday is on 6 October."),
    ("Who is my dentist?", "Your dentist is Dr. Havelka."),
    ("Where did I park the camper van?", "The camper van is parked behind the old mill."),
    ("What is the code of the garden gate?", "The code of the garden gate is 5190."),
    ("What is the name of our boat?", "Your boat is called Second Wind."),
    ("What time does choir practice start?", "Choir practice starts at 19:15."),
    ("Where are the spare fuses?", "The spare fuses are in the blue biscuit tin."),
    ("Who looks after the cat when we travel?", "Mrs. Adomako looks after the cat when you travel."),
    ("How much does the cleaning cost each month?", "The cleaning costs 1,850 euros each month."),
    ("Which day is the compost collected?", "The compost is collected on Thursday."),
]
ANSWERS = Answers(answer for _, answer in FAMILY)


def says(number: int, reply: str) -> bool:
    question, answer = FAMILY[number]
    return ANSWERS.key(answer, question).fits(reply)


@pytest.mark.parametrize(("number", "answer"), list(enumerate(answer for _, answer in FAMILY)))
def test_an_answer_says_itself_and_no_other_one(number: int, answer: str) -> None:
    assert says(number, answer)
    assert [other for other in range(len(FAMILY)) if says(other, answer)] == [number]


@pytest.mark.parametrize(
    ("number", "reply"),
    [
        (0, "Biscotti"),
        (0, "biscotti!"),
        (0, "It's Biscotti, I think."),
        (1, "She must not eat sesame."),
        (2, "On October 6."),
        (3, "You usually see Dr. Havelka."),
        (4, "It stands behind the old mill."),
        (5, "Type 5190."),
        (6, "You christened it Second Wind."),
        (7, "At 19:15, as always."),
        (8, "In the blue tin for biscuits."),
        (9, "Adomako's house is open for the cat; Mrs. Adomako feeds it."),
        (10, "1850 euros"),
        (10, "You pay 1,850 euros."),
        (11, "Thursdays"),
    ],
)
def test_other_words_for_the_same_are_right(number: int, reply: str) -> None:
    assert says(number, reply)


@pytest.mark.parametrize(
    ("number", "reply"),
    [
        (0, "Your dog is called Rex."),
        (0, "Your dog is called."),
        (0, ""),
        (1, "Your daughter is allergic to peanuts."),
        (2, "Your mother's birthday is on 6 November."),
        (2, "Your mother's birthday is on 16 October."),
        (3, "Your dentist is Dr. Havelkova."),
        (4, "The camper van is parked in the yard."),
        (5, "The code of the garden gate is 51901."),
        (6, "Your boat is called Wind."),
        (7, "Choir practice starts at 19:50."),
        (8, "The spare fuses are in the cellar."),
        (9, "Mrs. Lund looks after the cat when you travel."),
        (10, "The cleaning costs 850 euros each month."),
        (11, "The compost is collected on Tuesday."),
    ],
)
def test_something_else_in_the_same_words_is_wrong(number: int, reply: str) -> None:
    assert not says(number, reply)


@pytest.mark.parametrize(
    ("question", "expected", "right", "wrong"),
    [
        ("Wie heißt mein Hund?", "Dein Hund heißt Biscotti.", "Er heißt Biscotti.", "Dein Hund heißt Rex."),
        ("Wo liegt der Schlüssel?", "Der Schlüssel liegt unter dem Topf im Hof.", "Unter dem Topf.", "Der Schlüssel liegt im Auto."),
        ("Wann beginnt der Chor?", "Der Chor beginnt um 19:15 Uhr.", "Um 19:15", "Der Chor beginnt um 20:15 Uhr."),
        ("Jak nazywa się mój pies?", "Twój pies nazywa się Biszkopt.", "Biszkopt", "Twój pies nazywa się Burek."),
        ("Gdzie leży klucz?", "Klucz leży pod doniczką.", "Pod doniczkami.", "Klucz leży w szafie."),
    ],
)
def test_german_and_polish(question: str, expected: str, right: str, wrong: str) -> None:
    assert matches(expected, right, question=question)
    assert not matches(expected, wrong, question=question)


def test_an_answer_that_the_question_offers_is_compared_whole() -> None:
    question = "Do we indent with tabs or spaces?"
    assert matches("We indent with tabs.", "We indent with tabs, never with spaces.", question=question)
    assert not matches("We indent with tabs.", "We indent with spaces.", question=question)
    assert matches("Yes.", "Yes, it is.", question="Is it open?")
    assert not matches("Yes.", "No.", question="Is it open?")


def test_words_that_the_set_shares_tell_nothing() -> None:
    others = [f"The box number {number} is in the hall." for number in range(20)]
    assert not matches("The box number 77 is in the hall.", "The box number 78 is in the hall.", others)
    assert matches("The box number 77 is in the hall.", "77", others)


def test_the_expected_answer_among_the_others_changes_nothing() -> None:
    others = ["The server is Badger.", "The printer is Otter.", "The router is Stoat."]
    for given in (others[1:], others, [*others, others[0]]):
        assert matches("The server is Badger.", "Badger", given, "What is the server?")
        assert not matches("The server is Badger.", "The server is Otter.", given, "What is the server?")
