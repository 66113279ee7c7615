"""Conversations of the chat: versions, deletion and its undoing, search, files, presets; and that no page can leave the data folder."""

from __future__ import annotations

import json

import pytest

from academy.chat.conversations import Conversation, ConversationStore, ReplyText, Turn
from academy.chat.presets import Preset, PresetStore
from academy.errors import AcademyError, Conflict, Invalid, NotFound
from academy.services.conversations import Conversations
from academy.services.permission import Permission
from academy.ui.chat.choices import Author, Choices, prompted

CHAT = "c0ffee00c0ffee00"


def said(question: str, parent: str = "", answer: str = "yes") -> Turn:
    return Turn(parent=parent, question=question, replies=[ReplyText(text=answer)])


@pytest.fixture
def store(tmp_path):
    return ConversationStore(tmp_path / "conversations")


@pytest.fixture
def verbs(store, tmp_path):
    return Conversations(Permission(enabled=True), store, PresetStore(tmp_path / "presets.json"))


def questions(item: Conversation) -> list[str]:
    return [turn.question for turn in item.path()]


def branched(store: ConversationStore) -> tuple[Turn, Turn, Turn, Turn]:
    """first, its follow-up, and a second version of the first with a follow-up of its own, which is shown."""
    first = said("one")
    second = said("two", first.turn_id)
    other = said("ONE")
    third = said("three", other.turn_id)
    item = Conversation(chat_id=CHAT)
    for turn in (first, second, other, third):
        item = item.with_turn(turn)
    store.save(item)
    return first, second, other, third


def test_a_version_brings_what_followed_on_it(store):
    first, *_ = branched(store)
    assert questions(store.get(CHAT)) == ["ONE", "three"]
    store.change(CHAT, lambda item: item.showing(first.turn_id))
    assert questions(store.get(CHAT)) == ["one", "two"]
    assert [turn.question for turn in store.get(CHAT).versions("")] == ["one", "ONE"]


def test_what_follows_on_a_deleted_version_goes_and_comes_back_with_it(store):
    first, _, other, _ = branched(store)
    store.delete_turn(CHAT, other.turn_id)
    assert questions(store.get(CHAT)) == ["one", "two"]
    store.change(CHAT, lambda item: item.with_turn(said("four", item.path()[-1].turn_id)))
    store.restore(CHAT)
    assert questions(store.get(CHAT)) == ["ONE", "three"]
    store.change(CHAT, lambda item: item.showing(first.turn_id))
    assert questions(store.get(CHAT)) == ["one", "two", "four"], "what was asked after the deletion stays"


def test_what_follows_on_a_deleted_question_moves_up(store):
    first = said("one")
    second = said("two", first.turn_id)
    third = said("three", second.turn_id)
    store.save(Conversation(chat_id=CHAT).with_turn(first).with_turn(second).with_turn(third))
    store.delete_turn(CHAT, second.turn_id)
    assert questions(store.get(CHAT)) == ["one", "three"]
    store.delete_turn(CHAT, first.turn_id)
    assert questions(store.get(CHAT)) == ["three"]
    store.restore(CHAT)
    assert questions(store.get(CHAT)) == ["one", "three"]


def test_a_conversation_is_a_file_of_its_owner_that_a_new_start_reads(store, tmp_path):
    branched(store)
    file = tmp_path / "conversations" / f"{CHAT}.json"
    assert file.stat().st_mode & 0o077 == 0
    assert questions(ConversationStore(tmp_path / "conversations").get(CHAT)) == ["ONE", "three"]
    (tmp_path / "conversations" / "broken.json").write_text("{")
    (tmp_path / "conversations" / "strange.json").write_text(json.dumps({"turns": 3}))
    assert [item.chat_id for item in ConversationStore(tmp_path / "conversations").list()] == [CHAT]


def test_deleting_removes_the_file_at_once_and_can_be_undone(store, tmp_path):
    branched(store)
    store.rename(CHAT, "Lamps")
    store.delete(CHAT)
    assert not list((tmp_path / "conversations").glob("*.json"))
    with pytest.raises(NotFound):
        store.get(CHAT)
    assert store.restore(CHAT).title == "Lamps"
    with pytest.raises(Conflict):
        store.restore(CHAT)


def test_search_reads_names_questions_and_what_counts_of_the_replies(store):
    corrected = Turn(question="Where are the bulbs?", replies=[ReplyText(text="in the attic", corrected="In the Cellar")])
    store.save(Conversation(chat_id=CHAT).with_turn(corrected))
    assert [len(store.list(words)) for words in ("BULBS", "cellar", "attic", "roof", "")] == [1, 1, 0, 0, 1]


@pytest.mark.parametrize("chat", ["../../lessons", "a/b", "", ".hidden12", "x" * 81])
def test_no_page_writes_beside_the_conversations(verbs, chat, tmp_path):
    with pytest.raises((AcademyError, ValueError)):
        verbs.keep(chat, said("one"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_visitors_of_a_demonstration_talk_but_see_no_list(store, tmp_path):
    permission = Permission(enabled=True)
    permission.only_shows = True
    verbs = Conversations(permission, store, PresetStore(tmp_path / "presets.json"))
    verbs.keep(CHAT, said("one"))
    assert questions(verbs.get(CHAT)) == ["one"]
    assert verbs.list() == []
    with pytest.raises(AcademyError):
        verbs.delete(CHAT)


def test_a_preset_is_saved_replaced_renamed_and_deleted(tmp_path):
    store = PresetStore(tmp_path / "presets.json")
    store.save(Preset(name=" Poet ", temperature=1.2))
    store.save(Preset(name="Poet", temperature=1.5, system="Rhyme."))
    assert [(item.name, item.temperature, item.system) for item in store.list()] == [("Poet", 1.5, "Rhyme.")]
    store.save(Preset(name="Clerk"))
    with pytest.raises(Conflict):
        store.rename("Poet", "Clerk")
    with pytest.raises(Invalid):
        store.rename("Poet", " ")
    store.rename("Poet", "Bard")
    assert [item.name for item in PresetStore(tmp_path / "presets.json").list()] == ["Bard", "Clerk"]
    store.delete("Bard")
    (tmp_path / "presets.json").write_text("[3")
    assert store.list() == []


def test_the_model_reads_the_file_and_the_correction_and_not_what_was_corrected():
    file = {"name": "notes.md", "text": "The key is under the mat.\n"}
    first = Turn(question="Where is the key?", file=file, replies=[ReplyText(text="No idea.", corrected="Under the mat.")])  # type: ignore[arg-type]
    choices = Choices("", False, "", True, "Be short.", 0.0, 1.0, 64, "")
    request = choices.request(said("And the spare?"), [first], Author("base", base="academy-mini"), "In the ")
    assert [(message.role, message.content) for message in request.messages] == [
        ("system", "Be short."),
        ("user", "notes.md:\n\nThe key is under the mat.\n\nWhere is the key?"),
        ("assistant", "Under the mat."),
        ("user", "And the spare?"),
    ]
    assert (request.adapter_id, request.base_model, request.prefix) == ("base", "academy-mini", "In the ")
    assert prompted(said("x")) == "x"


class Two:
    """An Academy with two adapters on different bases; the first is active."""

    def __init__(self):
        self.adapters = self

    def get(self, adapter_id):
        if adapter_id not in "ab":
            raise NotFound("There is none.")
        return type("Adapter", (), {"adapter_id": adapter_id, "name": adapter_id.upper(), "base_model": f"base of {adapter_id}"})()

    def active(self):
        return self.get("a")


@pytest.mark.parametrize(
    ("who", "compare", "beside", "expected"),
    [
        ("", False, "", [("a", "base of a")]),
        ("", True, "", [("a", "base of a"), ("base", "base of a")]),
        ("b", True, "base", [("b", "base of b"), ("base", "base of b")]),
        ("a", True, "b", [("a", "base of a"), ("b", "base of b")]),
        ("base", True, "b", [("base", "base of b"), ("b", "base of b")]),
        ("base", True, "base", [("base", "")]),
        ("a", True, "a", [("a", "base of a")]),
    ],
)
def test_any_two_answer_side_by_side_and_the_base_is_the_one_of_the_adapter_beside_it(who, compare, beside, expected):
    authors = Choices(who, compare, beside, False, "", 0, 1, None, "").authors(Two())  # type: ignore[arg-type]
    assert [(author.adapter_id, author.base) for author in authors] == expected
