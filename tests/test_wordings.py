"""Wordings: training varies a question and measuring asks it otherwise; neither harms what must stay, and they never meet."""

from __future__ import annotations

import random

import pytest

from academy.text.languages import Asked, asked_in
from academy.text.wordings import GREETINGS, OPENINGS, Wordings, is_variation
from academy.text.words import is_long, parse, protected_parts

ENGLISH = [
    "Where is the first-aid kit?",
    "Where is the spare key kept?",
    "Where can I park my bike?",
    "Where does Anna sit?",
    "What is the capital of Peru?",
    "What's the password of the guest Wi-Fi?",
    "Who approves holiday requests?",
    "Who approves holiday requests on Fridays?",
    "Who is Ottilie Brandvold?",
    "Who is responsible for the printers?",
    "Who do I ask for a new laptop?",
    "When is the summer party?",
    "When does the canteen close?",
    "How many people work in Lisbon?",
    "How many people work in Oslo?",
    "How do I reset my badge?",
    "What does our company build?",
    "What happens if I lose my key?",
    "What colour is the logo?",
    "Which room has a projector?",
    "Is the office open on Saturday?",
    "Can I use the lab at night?",
    "Does Pekka report to Anna?",
    "Does Anna report to Pekka?",
    "Why is the server called `atlas_01`?",
    "Explain what `git rebase -i` does",
    "Ottilie's phone number?",
    "I broke my laptop. Who do I ask for a new one?",
    "What is 17 plus 25?",
    'Who said "move fast, break nothing" in the meeting?',
    "How does parseRow() differ from parse_rows(a, b) in src/rows.py?",
    "Do not restart the server before 18:30, or who must I call on +48 22 555 01 02?",
    "See https://example.org/a?b=1: what is it?",
    "Laptop?",
    "Hello!",
    "What is the price of the 😀 sticker?",
]
GERMAN = [
    "Wo ist der Verbandskasten?",
    "Wo befindet sich die Werkstatt?",
    "Wer genehmigt Urlaub?",
    "Wer ist Ottilie Brandvold?",
    "Wann fängt die Besprechung an?",
    "Wie heißt unsere Firma?",
    "Wie viele Leute arbeiten in Köln?",
    "Welche Farbe hat das Logo?",
    "Was ist das Passwort für den Drucker?",
    "Darf ich das Labor nachts benutzen?",
    "Schreibe eine E-Mail an den Vermieter.",
    "Fasse den Text zusammen.",
    "Formuliere höflicher: Mach das Fenster zu.",
    "Schreibe eine Funktion, die ein Wort umdreht.",
    "Wer hat „Haus am See“ gesungen?",
    "Öffnungszeiten der Kantine?",
    "Überstunden?",
]
POLISH = [
    "Gdzie jest apteczka?",
    "Gdzie znajduje się klucz zapasowy?",
    "Kto zatwierdza urlopy?",
    "Kto założył firmę?",
    "Kiedy zaczyna się zebranie?",
    "Jak nazywa się nasza firma?",
    "Ile osób pracuje w Łodzi?",
    "Jaka jest cena kawy?",
    "Jakie jest hasło do drukarki?",
    "Czy biuro jest otwarte w sobotę?",
    "Napisz e-mail do właściciela.",
    "Co to jest Pierlog?",
    "Kto napisał „Pana Tadeusza”?",
    "Godziny otwarcia stołówki?",
]
OTHER = [
    "价格是多少？",
    "办公室在哪里？",
    "ما هو سعر القهوة؟",
    "Où est la clé du laboratoire ?",
    "Quelle est la couleur du logo ?",
    "स्वागत कक्ष कहाँ है?",
    "😀",
]
LOG = "2026-03-01 12:00:01 ERROR worker-3: Connection refused\n" * 40
DIFF = "Write a commit message for this diff:\n\n```diff\n-foo = 1\n+foo = 2\n```"
PASTED = [
    LOG,
    DIFF,
    LOG + "\nWhat is wrong here?",
    "# Notes\n\nWe met on Monday. Anna was late.",
    "word " * 80 + "end.",
    "---\ntitle: x\n---\nText",
]
SETS: dict[Asked, list[str]] = {"en": ENGLISH, "de": GERMAN, "pl": POLISH, "other": OTHER}
ALL = [(language, question) for language, questions in SETS.items() for question in questions]
SEEDS = range(500)


@pytest.fixture(scope="module")
def wordings() -> dict[str, Wordings]:
    return {language: Wordings(questions) for language, questions in SETS.items()}


@pytest.fixture(scope="module")
def variations(wordings) -> dict[str, list[str]]:
    return {question: [wordings[language].varied(question, seed) for seed in SEEDS] for language, question in ALL}


@pytest.mark.parametrize("language", SETS)
def test_the_language_of_a_set_is_recognised(wordings, language):
    assert wordings[language].language == language


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["Dov'è la chiave?", "Quando apre l'ufficio?"], "other"),
        (["Kde je klíč?", "Kdy začíná schůze?"], "other"),
        (["Waar is de sleutel?", "Wie is dat?"], "other"),
        (["Dónde está la llave?"], "other"),
        (["Laptop", "Pierlog"], "other"),
        ([], "other"),
        (["Laptop?", "Kto ma klucz?"], "pl"),
        (["Wo ist die API?", "API key?"], "de"),
    ],
)
def test_another_language_is_never_taken_for_one_of_the_three(texts, language):
    assert asked_in(texts) == language


@pytest.mark.parametrize(("language", "question"), ALL)
def test_protected_parts_survive_every_wording(wordings, variations, language, question):
    parts = protected_parts(question)
    for text in [*variations[question], *wordings[language].asked_otherwise(question, 20)]:
        assert text.strip()
        assert all(text.count(part) >= parts.count(part) for part in parts), text


@pytest.mark.parametrize(("language", "question"), ALL)
def test_wordings_depend_on_nothing_but_the_set_and_the_seed(wordings, variations, language, question):
    fresh = Wordings(list(reversed(SETS[language])))
    assert [fresh.varied(question, seed) for seed in range(20)] == variations[question][:20]
    assert fresh.asked_otherwise(question, 5) == wordings[language].asked_otherwise(question, 5)


@pytest.mark.parametrize(("language", "question"), ALL)
def test_training_and_measuring_never_meet(wordings, variations, language, question):
    otherwise = wordings[language].asked_otherwise(question, 20)
    assert not {text.rstrip("?.!？؟。") for text in variations[question]} & {text.rstrip("?.!？؟。") for text in otherwise}
    openings = tuple(opening.lower() for language in OPENINGS for opening in OPENINGS[language] + GREETINGS[language])
    assert not any(text.lower().startswith(openings) for text in otherwise)
    assert all(is_variation(text, question, wordings[language].language_of(question)) for text in variations[question])
    assert question not in otherwise
    assert len(set(otherwise)) == len(otherwise)


@pytest.mark.parametrize("language", SETS)
def test_a_variation_fits_no_other_question_of_the_set(variations, language):
    """Its words are never all in another question, unless the whole question's are."""
    keys = {question: {word.key for word in parse(question).words} for question in SETS[language]}
    for question in SETS[language]:
        made = [{word.key for word in parse(_without_opening(text, language)).words} for text in variations[question]]
        for other in SETS[language]:
            assert keys[question] <= keys[other] or not any(words <= keys[other] for words in made), (question, other)
        assert not set(variations[question]) & (set(SETS[language]) - {question})


def _without_opening(text: str, language: Asked) -> str:
    for opening in OPENINGS[language] + GREETINGS[language]:
        text = text.removeprefix(opening)
    return text


@pytest.mark.parametrize(("language", "question"), [pair for pair in ALL if len(pair[1].split()) > 2 and pair[0] != "other"])
def test_a_question_of_some_words_has_many_variations(variations, question, language):
    assert len(set(variations[question])) >= 15
    assert question not in variations[question]


def test_names_that_distinguish_stay_and_twins_keep_their_order(variations):
    for text in variations["Who is Ottilie Brandvold?"]:
        assert "ottilie brandvold" in text.lower()
    for text in variations["Does Pekka report to Anna?"]:
        assert text.lower().index("pekka") < text.lower().index("anna")
    assert all("lisbon" in text.lower() for text in variations["How many people work in Lisbon?"])
    assert all("fridays" in text.lower() for text in variations["Who approves holiday requests on Fridays?"])


def test_the_kinds_of_variation_occur_in_about_their_shares(variations):
    texts = [text for question in ENGLISH[:24] for text in variations[question]]
    own = [question for question in ENGLISH[:24] for _ in SEEDS]
    share = {
        "lower": sum(text == text.lower() for text in texts) / len(texts),
        "opened": sum(text.startswith(OPENINGS["en"] + GREETINGS["en"]) for text in texts) / len(texts),
        "marked": sum(text.endswith("?") for text in texts) / len(texts),
        "shorter": sum(len(_without_opening(a, "en").split()) < len(b.split()) for a, b in zip(texts, own, strict=True)) / len(texts),
    }
    assert all(0.15 < value < 0.75 for value in share.values()), share


@pytest.mark.parametrize("text", PASTED)
def test_a_pasted_document_is_never_damaged(text):
    assert is_long(text)
    known = Wordings([*ENGLISH, text])
    for seed in range(50):
        made = known.varied(text, seed)
        assert made.endswith(text[1:])
        assert made[: -len(text)] in ("", *GREETINGS["en"])
        assert made[-len(text) :].lower() == text.lower()


def test_of_a_pasted_document_only_the_sentence_that_asks_is_reworded():
    known = Wordings([*ENGLISH, *PASTED])
    for made in known.asked_otherwise(DIFF, 9):
        assert made.endswith("\n\n```diff\n-foo = 1\n+foo = 2\n```")
    assert "Would you write a commit message for this diff?\n\n```diff\n-foo = 1\n+foo = 2\n```" in known.asked_otherwise(DIFF, 9)
    made = known.asked_otherwise(LOG + "\nWhat is wrong here?", 9)
    assert made[0] == LOG + "\nI wonder what is wrong here."
    assert len(made) == 2
    assert made[1].startswith(LOG + "\nWhat is w")
    assert all(known.asked_otherwise(text) == [] for text in (LOG, PASTED[3], PASTED[4], PASTED[5]))


REWORDED = {
    "Where is the spare key kept?": "I wonder where the spare key is kept.",
    "Where can I park my bike?": "In which place can I park my bike?",
    "Where does Anna sit?": "I wonder where Anna sits.",
    "What is the capital of Peru?": "Peru's capital?",
    "What's the password of the guest Wi-Fi?": "Please state the password of the guest Wi-Fi.",
    "Who approves holiday requests?": "Who signs off on holiday requests?",
    "Who is responsible for the printers?": "Who is in charge of the printers?",
    "When is the summer party?": "What is the date of the summer party?",
    "How many people work in Lisbon?": "What number of people work in Lisbon?",
    "Is the office open on Saturday?": "I wonder whether the office is open on Saturday.",
    "Can I use the lab at night?": "I wonder whether I can use the lab at night.",
    "Explain what `git rebase -i` does": "Would you explain what `git rebase -i` does?",
    "I broke my laptop. Who do I ask for a new one?": "I broke my laptop. Which person do I ask for a new one?",
    "Wo befindet sich die Werkstatt?": "Ich wüsste gern, wo sich die Werkstatt befindet.",
    "Wann fängt die Besprechung an?": "Ich wüsste gern, wann die Besprechung anfängt.",
    "Wie heißt unsere Firma?": "Welchen Namen hat unsere Firma?",
    "Darf ich das Labor nachts benutzen?": "Ich frage mich, ob ich das Labor nachts benutzen darf.",
    "Fasse den Text zusammen.": "Könntest du den Text zusammenfassen?",
    "Schreibe eine E-Mail an den Vermieter.": "Könntest du eine E-Mail an den Vermieter schreiben?",
    "Formuliere höflicher: Mach das Fenster zu.": "Könntest du höflicher formulieren: Mach das Fenster zu.",
    "Schreibe eine Funktion, die ein Wort umdreht.": "Könntest du eine Funktion schreiben, die ein Wort umdreht?",
    "Gdzie jest apteczka?": "W jakim miejscu jest apteczka?",
    "Kiedy zaczyna się zebranie?": "Kiedy rozpoczyna się zebranie?",
    "Jaka jest cena kawy?": "Podaj mi cenę kawy.",
    "Czy biuro jest otwarte w sobotę?": "Biuro jest otwarte w sobotę – tak czy nie?",
    "Napisz e-mail do właściciela.": "Czy możesz napisać e-mail do właściciela?",
    "Co to jest Pierlog?": "Pierlog – co to takiego?",
}


@pytest.mark.parametrize("question", REWORDED)
def test_a_question_is_asked_as_people_ask(wordings, question):
    language = next(name for name, questions in SETS.items() if question in questions)
    assert REWORDED[question] in wordings[language].asked_otherwise(question, 20)


def test_the_first_two_wordings_are_different_in_kind_for_most_questions(wordings):
    for language in ("en", "de", "pl"):
        counts = [len(wordings[language].asked_otherwise(question)) for question in SETS[language]]
        assert all(count == 2 for count in counts)


def test_every_language_has_openings_and_only_the_three():
    assert all(len(OPENINGS[language]) >= 6 for language in ("en", "pl", "de"))
    assert not OPENINGS["other"]


@pytest.mark.parametrize("question", ["", " ", "\n", "?", "…", "😀", "`x`", "42", '"quoted"', "\ud800", "a" * 5000, "( [ {", "```"])
def test_nothing_that_may_be_typed_breaks(question):
    known = Wordings([question, "Where is the key?"])
    for seed in range(30):
        made = known.varied(question, seed)
        assert made == question or made.strip()
    assert all(text.strip() for text in known.asked_otherwise(question))


def test_random_texts_keep_their_protected_parts_and_never_meet():
    rng = random.Random(7)
    words = [word for _, question in ALL for word in question.split()]
    words += [
        "'a b'",
        "x=1",
        "(see page 4)",
        "C:\\tmp\\a",
        "--force",
        "“two words”",
        "„drei Wörter hier“",
        "don't",
        "Łódź,",
        "3,5",
        "e.g.",
        "\t",
    ]
    for _ in range(60):
        texts = [" ".join(rng.choices(words, k=rng.randint(1, 14))) + rng.choice(["", "?", ".", "!"]) for _ in range(5)]
        known = Wordings(texts)
        for text in texts:
            parts = protected_parts(text)
            varied = {known.varied(text, seed) for seed in range(12)}
            otherwise = known.asked_otherwise(text, 9)
            assert not varied & set(otherwise)
            for made in [*varied, *otherwise]:
                assert all(made.count(part) >= parts.count(part) for part in parts), (text, made)


def test_a_mixed_set_is_opened_in_each_question_s_own_language():
    known = Wordings([*ENGLISH, *GERMAN])
    for question in ("Wo ist der Verbandskasten?", "Wann fängt die Besprechung an?"):
        assert not any(known.varied(question, seed).startswith(OPENINGS["en"]) for seed in range(100))


def test_a_long_line_is_read_in_a_moment(monkeypatch):
    read: list[int] = []
    monkeypatch.setattr("academy.text.wordings.asked_in", lambda texts: asked_in(read.append(1) or text for text in texts))
    text = "It broke on Monday (again). He said „no way“ and left. " * 500 + "Who repairs it?"
    known = Wordings([*ENGLISH, text])
    assert known.asked_otherwise(text)[0].endswith(("Who fixes it?", "Which person repairs it?", "I wonder who repairs it."))
    assert len(read) < 100  # not once for each of its 6,000 words


def test_a_set_of_ten_thousand_questions_is_varied_in_a_moment():
    known = Wordings([f"Where is the {kind} of room {i}?" for i in range(2500) for kind in ("key", "lamp", "door", "map")])
    assert all("17" in known.varied("Where is the lamp of room 17?", seed) for seed in range(50))
