"""Filters and the split: each rule by an example that breaks it, likeness by pairs, and nothing alike on both sides."""

import random
from dataclasses import replace

import pytest

from academy.curation.examples import Example, Turn
from academy.curation.filters import DUPLICATES, LABELS, PROFILES, RULES, Filtered, apply, key_of
from academy.curation.split import split


def example(question: str, answer: str, *, time: str = "", source: str = "lessons", origin: str = "", **meta: object) -> Example:
    return Example((Turn("user", question), Turn("assistant", answer)), source, origin, time, meta)


GOOD = [
    example("What is the port of staging?", "The port of staging is 8447."),
    example("What is the port of production?", "The port of production is 8448."),
    example("Who looks after the billing service?", "Marta from the platform team."),
    example("Who looks after the search service?", "Marta from the platform team."),
    example("How do I start the server?", "Run `make start` and wait for the line that says ready."),
    example("How do I stop the server?", "Run `make stop` and wait for the line that says gone."),
    example("Is the cache on?", "Yes."),
    example("Is the mirror on?", "No."),
    example("How many shards are there?", "7"),
    example("日本の首都はどこですか？", "東京です。"),
    example("Write a loop.", "```python\nfor i in range(3):\n    print(i)\n```"),
    example("Übersetze ins Russische: guten Tag, liebe Freunde", "Добрый день, дорогие друзья"),
]


@pytest.mark.parametrize("profile", ["balanced", "lenient"])
def test_short_facts_and_facts_of_one_form_are_all_kept(profile: str) -> None:
    assert apply(GOOD, profile).kept == GOOD  # type: ignore[arg-type]


def rules_of(filtered: Filtered) -> list[str]:
    return [item.rule for item in filtered.dropped]


ENDLESS = " ".join(f"Line {n} is about {n * 7}." for n in range(3000))
HOUSES = " ".join(f"Haus {n} steht in München {n * n}." for n in range(40)) + " "

# A row, and the profiles that drop it.
BROKEN = {
    "no answer": (Example((Turn("user", "Why?"),), "lessons"), "strict balanced lenient", "malformed"),
    "no question": (Example((Turn("assistant", "Because."),), "lessons"), "strict balanced lenient", "malformed"),
    "empty answer": (example("What is it called?", "  \n"), "strict balanced lenient", "malformed"),
    "two users": (
        Example((Turn("user", "One?"), Turn("user", "Two?"), Turn("assistant", "Three.")), "uploads"),
        "strict balanced lenient",
        "malformed",
    ),
    "half a character": (example("What is that sign?", "It is \ud83d and so on."), "strict balanced lenient", "malformed"),
    "a secret": (example("What is the token?", "[redacted:github]."), "strict balanced lenient", "secret"),
    "one word": (example("Is the cache switched on?", "Yes."), "strict", "too_short"),
    "tiny question": (example("hi", "Hello, what can I do for you today?"), "strict balanced", "too_short"),
    "nothing said": (example("What did the board decide?", "ok"), "strict balanced", "too_short"),
    "only dots": (example("What did the board decide?", "....."), "strict balanced lenient", "too_short"),
    "endless": (example("What is in the file?", ENDLESS), "strict balanced", "too_long"),
    "mojibake": (example("Wie heißt der Ort?", "Der Ort heißt MÃ¼nchen, nicht KÃ¶ln."), "strict balanced lenient", "broken"),
    "a little mojibake": (example("Wie heißt der Ort?", HOUSES + "KÃ¶ln."), "strict", "broken"),
    "control characters": (example("What is in the file?", "PK\x03\x04\x00\x08 and much more"), "strict balanced lenient", "broken"),
    "signs": (example("What does the log say?", "#### ---- //// ==== ++++ #### word and so !!!! ???? ||||"), "strict balanced", "garbage"),
    "again and again": (example("Tell me about the team.", "We are a good team. " * 40), "strict balanced lenient", "repetitive"),
    "one letter": (example("What does he shout?", "a" * 300), "strict balanced lenient", "repetitive"),
    "open code block": (example("How do I list files?", "Like this:\n```sh\nls -l"), "strict balanced", "truncated"),
    "last comma": (
        example("How does the release work?", "First the tests run on every machine that we have, then the image is built and tagged,"),
        "strict balanced",
        "truncated",
    ),
    "set phrase": (example("What is the best colour?", "As an AI language model, I have none."), "strict balanced", "refusal"),
    "set phrase in German": (example("Was ist gut?", "Als KI sage ich dazu nichts."), "strict balanced", "refusal"),
    "echo": (example("What is the port of staging?", "what is the port of staging"), "strict balanced", "echo"),
    "other script": (example("What is the name of the town?", "Город называется Новосибирск."), "strict balanced", "language"),
    "other language": (
        example("What is the name of the town that we met in?", "Die Stadt heißt Fulda, und sie ist nicht weit von der Grenze."),
        "strict",
        "language",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_row_is_dropped_by_its_rule_in_the_profiles_that_have_it(name: str) -> None:
    row, profiles, rule = BROKEN[name]
    for profile in PROFILES:
        filtered = apply([row], profile)
        assert rules_of(filtered) == ([rule] if profile in profiles.split() else []), profile
        for item in filtered.dropped:
            assert str(item.reason).endswith(".")
            assert item.example is row


def test_every_rule_has_a_label_and_a_row_that_breaks_it() -> None:
    assert set(RULES) == {rule for _, _, rule in BROKEN.values()}
    assert set(LABELS) == set(RULES) | set(DUPLICATES) | {"contradiction", "unwanted"}


def test_each_profile_keeps_more_than_the_stricter_one() -> None:
    rows = [row for row, _, _ in BROKEN.values()] + GOOD
    kept = {profile: {key_of(row) for row in apply(rows, profile).kept} for profile in PROFILES}
    assert kept["strict"] < kept["balanced"] < kept["lenient"]


STEPS = (
    "Open the settings, choose the account, click on the link below the form, wait for the letter, follow what it says within the hour. "
)
STEPS += "If nothing arrives, look into the folder of unwanted mail, and call the desk downstairs when even that is empty. "
ALIKE = {
    "case and punctuation": (("How do I reset it?", "Click the link."), ("how do i reset it", "Click the link!")),
    "fillers": (("How can I reset the badge?", "You can click the link."), ("Hello, how do I reset the badge please?", "Click the link.")),
    "endings": (("How do I resett badges?", "Click links."), ("How do I reset badges?", "Click link.")),
    "a spare sentence": (("What are the steps of the badge?", STEPS + "Done."), ("What are the steps of the badge?", STEPS)),
}
DIFFERENT = {
    "a number": (("What is the port of staging?", "It is 8447."), ("What is the port of staging 2?", "It is 8447.")),
    "a name": (("Where does Anna sit?", "Upstairs."), ("Where does Ewa sit?", "Upstairs.")),
    "one word": (("What is the colour of the apple?", "Red."), ("What is the colour of the cherry?", "Red.")),
    "a negation": (("Is the mirror on?", STEPS), ("Is the mirror not on?", STEPS)),
    "you and me": (("Who are you?", "A friend of the team."), ("Who am I?", "A friend of the team.")),
    "may and must": (("Should I deploy on a Friday?", "Yes, early."), ("Can I deploy on a Friday?", "Yes, early.")),
    "is and was": (("Who is the head of it?", "Anna Berg."), ("Who was the head of it?", "Anna Berg.")),
    "order": (("Does the dog bite the man?", "Sometimes."), ("Does the man bite the dog?", "Sometimes.")),
    "a name in a long text": (("What are the steps, Ann?", STEPS + "Ask in Platform."), ("What are the steps, Bob?", STEPS + "Ask.")),
    "a service in a long text": (("How to restart nginx?", STEPS + "restart nginx."), ("How to restart redis?", STEPS + "restart redis.")),
    "a sign": (("What is a + b for us?", "A sum."), ("What is a - b for us?", "A sum.")),
    "another character": (("東京の人口は？", "多いです。"), ("大阪の人口は？", "多いです。")),
}  # fmt: skip


@pytest.mark.parametrize("name", ALIKE)
def test_the_same_in_other_clothes_is_a_near_duplicate(name: str) -> None:
    first, second = (example(*pair) for pair in ALIKE[name])
    for profile in ("strict", "balanced"):
        filtered = apply([first, second], profile)  # type: ignore[arg-type]
        if name == "a spare sentence" or profile == "balanced":
            assert rules_of(filtered) == ["near_duplicate"], profile
    assert not apply([first, second], "lenient").dropped


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_in_a_name_a_number_or_a_word_is_no_duplicate(name: str) -> None:
    first, second = (example(*pair) for pair in DIFFERENT[name])
    for profile in PROFILES:
        assert not {"duplicate", "near_duplicate", "contradiction"} & set(rules_of(apply([first, second], profile)))


def test_a_thousand_facts_of_one_form_are_all_kept() -> None:
    towns = [
        f"{a}{b}{c}"
        for a in ("nor", "sud", "ost", "wes")
        for b in ("ber", "lan", "mar", "tel", "vik")
        for c in ("go", "ra", "mo", "ti", "su")
    ]
    rows = [example(f"What is the code of {town}?", f"The code of {town} is {number}.") for number, town in enumerate(towns)]
    rows += [example(f"Who leads the office of {town}?", "The office is led by whoever was there first.") for town in towns]
    assert apply(rows, "balanced").kept == rows


def test_the_same_text_twice_is_dropped_once_and_the_newest_stays() -> None:
    rows = [example("What is it?", "A test of the thing.", time=f"2026-01-0{day}T00:00:00Z", origin=str(day)) for day in (1, 3, 2)]
    for profile in PROFILES:
        filtered = apply([*rows[:2], example("What is it?", "A  test of\nthe thing."), rows[2]], profile)
        assert [row.origin for row in filtered.kept] in (["3"], [])
        assert not filtered.kept or set(rules_of(filtered)) == {"duplicate"}


OLD = example("Where do we meet on Mondays?", "In the large room.", time="2025-01-01T00:00:00Z", origin="old")
NEW = example("where do we meet on mondays", "In the small room.", time="2026-01-01T00:00:00Z", origin="new")


@pytest.mark.parametrize("rows", [[OLD, NEW], [NEW, OLD]])
def test_the_newest_of_two_contradicting_answers_wins_but_lenient_keeps_both_with_a_warning(rows: list[Example]) -> None:
    for profile in ("strict", "balanced"):
        filtered = apply(rows, profile)  # type: ignore[arg-type]
        assert [row.origin for row in filtered.kept] == ["new"]
        assert rules_of(filtered) == ["contradiction"]
        assert "lesson new" in str(filtered.dropped[0].reason)
    filtered = apply(rows, "lenient")
    assert filtered.kept == rows
    assert "more than one answer" in str(filtered.warnings[0])


def test_a_correction_wins_over_a_newer_answer() -> None:
    for meta in ({"corrected": True}, {"rejected": "In the cellar."}):
        corrected = replace(OLD, meta=meta)
        assert apply([corrected, NEW], "balanced").kept == [corrected]


def test_the_system_prompt_and_earlier_turns_belong_to_the_question() -> None:
    first = Example(
        (Turn("system", "You are a pirate."), Turn("user", "Who are you?"), Turn("assistant", "Arr, a pirate of the sea!")), "uploads"
    )
    second = Example((Turn("user", "Who are you?"), Turn("assistant", "An assistant of the team.")), "uploads")
    assert apply([first, second], "balanced").kept == [first, second]


def test_a_dropped_row_is_kept_when_its_key_is_named_unless_it_cannot_be_written() -> None:
    rows = [OLD, NEW, example("hi", "Hello there, how are you?"), example("What is that sign?", "It is \ud83d and so on.")]
    dropped = apply(rows, "balanced").dropped
    assert len({item.key for item in dropped}) == 3
    assert apply(rows, "balanced", [item.key for item in dropped]).kept == rows[:3]


def test_endless_white_space_and_repetition_do_not_hang() -> None:
    for text in ["```" + "\n" * 50_000 + "end", "a " * 20_000, "x" * 50_000, "é" * 50_000, "'" * 50_000, "how do I " * 60]:
        for profile in PROFILES:
            apply([example("What is it like?", text), example("What is it like then?", text + " too")], profile)


def test_keys_are_stable_and_know_the_source() -> None:
    assert key_of(OLD) == key_of(replace(OLD, origin="x", time="", meta={"a": 1}))
    assert key_of(OLD) != key_of(replace(OLD, source="uploads"))


def _rows(count: int) -> list[Example]:
    draw = random.Random(4)
    nouns = ["".join(draw.choice("bdklmnprst") + draw.choice("aeiou") for _ in range(3)) for _ in range(count)]
    return [
        example(f"What is a {noun}?", f"A {noun} is thing number {i}.", time=f"2026-01-01T{i // 60:02d}:{i % 60:02d}:00Z", origin=str(i))
        for i, noun in enumerate(nouns)
    ]


@pytest.mark.parametrize("mode", ["random", "time"])
def test_nothing_alike_stands_on_both_sides_of_the_split(mode: str) -> None:
    rows = _rows(100)
    twins = [example(f"Please, {row.question.lower()}", row.answer.upper(), time=row.time) for row in rows[::2]]
    train, held = split(rows + twins, 0.2, mode=mode, seed=3)  # type: ignore[arg-type]
    assert len(train) + len(held) == 150
    assert 28 <= len(held) <= 30
    numbers = [{row.answer.rsplit(" ", 1)[-1] for row in side} for side in (train, held)]
    assert not numbers[0] & numbers[1]


def test_the_same_seed_gives_the_same_split_whatever_the_order() -> None:
    rows = _rows(60)
    held = {row.origin for row in split(rows, 0.2, seed=5)[1]}
    assert {row.origin for row in split(list(reversed(rows)), 0.2, seed=5)[1]} == held
    assert {row.origin for row in split(rows, 0.2, seed=6)[1]} != held


def test_the_newest_rows_are_held_out_by_time() -> None:
    rows = _rows(50)
    random.Random(1).shuffle(rows)
    train, held = split(rows, 0.1, mode="time")
    assert {row.origin for row in held} == {"45", "46", "47", "48", "49"}
    assert train == [row for row in rows if row.origin not in {"45", "46", "47", "48", "49"}]


def test_no_side_is_empty_where_there_are_two_groups() -> None:
    rows = _rows(2)
    for fraction in (0.01, 0.5):
        assert [len(side) for side in split(rows, fraction)] == [1, 1]
    assert [len(side) for side in split(rows[:1], 0.5)] == [1, 0]
    assert [len(side) for side in split(rows, 0)] == [2, 0]
    same = [example("What is it?", f"It is {number}.") for number in range(5)]
    assert [len(side) for side in split(same, 0.5)] == [5, 0]
    assert [len(side) for side in split([*same, *rows[:1]], 0.1)] == [5, 1]
