"""Languages: which one a request gets, and that each language file has every text and sentence, with the same placeholders."""

from __future__ import annotations

import contextlib
import re

import pytest
import translating

from academy import formats, messages
from academy.access.languages import accepted, best, language_here, language_of
from academy.messages import render
from academy.ui.texts import translate

LANGUAGES = [name for name in translate.TEXTS if name != "en"]


# ------------------------------------------------------------------ the language of a request


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", ["de-AT", "de", "en"]), ("en;q=0.5, pl", ["pl", "en"]), ("", []), ("*", ["*"]), ("de;q=0", []),
        ("de;q=x,pl;q=0.1,=;;", ["pl"]), (";;,,", []), ("x" * 9000, ["x" * 9000]),
    ],
)  # fmt: skip
def test_the_header_of_a_browser_is_read_by_weight(header, wanted):
    assert [name for name in accepted(header) if name] == wanted


def _scope(**headers):
    return {"type": "http", "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]}


@pytest.mark.parametrize(
    ("headers", "setting", "language"),
    [
        ({}, "", "en"),
        ({"accept_language": "de-CH,en;q=0.5"}, "", "de"),
        ({"accept_language": "fr,xx,en;q=0.5,de;q=0.1"}, "", "en"),
        ({"accept_language": "en"}, "de", "de"),
        ({"accept_language": "en", "cookie": "academy_language=de"}, "", "de"),
        ({"cookie": "academy_language=en"}, "de", "en"),
        ({"cookie": "academy_language=../../x"}, "", "en"),
    ],
)
def test_the_page_decides_then_the_setting_then_the_browser(headers, setting, language, monkeypatch):
    monkeypatch.setattr(messages, "CATALOGUES", {"en": {}, "de": {}})
    assert language_of(_scope(**headers), setting) == language


def test_a_terminal_speaks_the_language_of_its_locale(monkeypatch):
    monkeypatch.setattr(messages, "CATALOGUES", {"en": {}, "de": {}})
    assert language_here({"LANG": "de_DE.UTF-8"}) == "de"
    assert language_here({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}) == "de"
    assert language_here({"LANG": "de_DE.UTF-8"}, "en") == "en"
    assert language_here({"LANG": "C"}) == best([]) == "en"


def test_a_language_is_called_by_its_own_name():
    assert [formats.language_name(code) for code in ("en", "de", "pl")] == ["English", "Deutsch", "Polski"]


def test_steps_are_made_in_the_language_of_their_reader(monkeypatch):
    monkeypatch.setitem(translate.TEXTS, "xx", {"save": "Sichern"})
    ended = []

    def steps():
        with contextlib.ExitStack() as closing:
            closing.callback(ended.append, True)
            for _ in range(3):
                yield translate.t("save")

    assert list(translate.spoken("xx", steps())) == ["Sichern"] * 3
    assert translate.t("save") == "Save"
    begun = translate.spoken("xx", steps())
    next(begun)
    ended.clear()
    begun.close()
    assert ended == [True], "who stops listening ends the steps too"


# ------------------------------------------------------------------ the files


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_text_and_none_that_is_gone(language):
    texts, sentences, stale = translating.missing(language)
    assert not texts, f"{len(texts)} texts are missing; python tests/translating.py {language} prints them"
    assert not sentences, f"{len(sentences)} sentences are missing; python tests/translating.py {language} prints them"
    assert not stale, "these stand for nothing in English any more"


def test_words_inside_a_sentence_are_not_taken_for_a_name():
    """The end of a job was told in German up to the words "It gave up" in it."""
    assert not translating.taken_for_names("de"), "each of these needs msg() around it"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_has_the_placeholders_of_its_english_form(language):
    english, own = translating.wanted_texts(language), translate.TEXTS[language]
    wrong = {
        key: text for key, text in own.items() if key in english and not _fits(text, english[key], counted=key.endswith((".one", ".many")))
    }
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_has_the_placeholders_of_its_english_form(language):
    wrong = {}
    for template, entry in translating.messages_of(language).items():
        forms = {"": entry} if isinstance(entry, str) else entry
        wrong |= {(template, form): text for form, text in forms.items() if not _fits(text, template, counted=bool(form))}
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_counted_sentence_has_every_form_of_the_language(language):
    counted = {template for template, one in translating.sentences().items() if one}
    entries = translating.messages_of(language)
    forms = {"other" if form == "many" and language == "de" else form for form in translating.plural_forms(language)}
    lacking = {
        template for template in counted & set(entries) if not (isinstance(entries[template], dict) and forms <= set(entries[template]))
    }
    assert not lacking


def _fits(text: str, english: str, *, counted: bool) -> bool:
    mine, theirs = translating.placeholders(text), translating.placeholders(english)
    return mine == theirs or (counted and mine | {"n"} == theirs | {"n"})


# ------------------------------------------------------------------ the collector

SOURCE = '''"""A file."""
from academy.errors import NotFound, Invalid as Bad
from academy.messages import count, msg
_GONE = "It is gone."
LOOSE = {"a": ("Look there.", 1)}
class Own(NotFound):
    """An error."""
def f(x, log):
    """What it does, in a sentence."""
    log.info("It was logged, all of it.")
    if x == "This is compared.":
        raise Own("no {x}" if x else "none at all", hint=_GONE, x=x)
    raise Bad(msg("{n} of it", n=1), hint="Do this.", code="a_code")
    count(2, one="{n} thing", other="{n} things")
'''


def test_the_collector_sees_every_way_to_say_something():
    assert dict(translating.of_source(SOURCE)) == {
        "no {x}": None, "none at all": None, "It is gone.": None, "{n} of it": None, "Do this.": None, "{n} things": "{n} thing",
        "Look there.": None,
    }  # fmt: skip


def test_the_collector_reads_the_whole_program():
    sentences = translating.sentences()
    assert len(sentences) > 1000
    assert sentences["{n} examples"] == "{n} example"
    assert {"LoRA rank", "Higher learns more and needs more memory."} <= set(sentences)
    assert not [text for text in sentences if re.match("SELECT|DELETE", text)]
    assert render("LoRA rank", "en") == "LoRA rank"
