"""Many lessons at once: chosen by a filter, changed together, imports undone, deleted ones restored."""

import io

import pytest
from pydantic import ValidationError

from academy.config import Settings
from academy.curation.lesson_filter import LessonFilter
from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import LessonChange, LessonIn, LessonPatch
from academy.errors import NotFound
from academy.services.academy import Academy


@pytest.fixture
def store(tmp_path):
    store = LessonStore(tmp_path / "lessons.db")
    yield store
    store.close()


@pytest.fixture
def academy(tmp_path):
    academy = Academy(Settings(data_dir=tmp_path / "data", _env_file=None))  # type: ignore[call-arg]
    yield academy
    academy.close()


def lesson(situation, action="It is so.", **more):
    return LessonIn(situation=situation, action=action, **more)


def asked(page):
    return [item.situation for item in page.items]


def test_a_filter_chooses_by_tag_source_rating_date_and_words(store):
    store.add(lesson("a", tags=["x"], rating="good", timestamp="2024-01-01"))
    store.add(lesson("b", tags=["x", "y"], metadata={"source": "chat"}, timestamp="2024-01-02T12:00"))
    store.add(lesson("c", tags=["y"], rejected="old", rating="good", timestamp="2024-01-03"))
    store.add(lesson("d", rating="bad", timestamp="2024-01-04"))
    for chosen, found in [
        ({}, "dcba"),
        ({"tags": ["x"]}, "ba"),
        ({"tags": ["x", "y"]}, "cba"),
        ({"sources": ["chat"]}, "b"),
        ({"sources": [""]}, "dca"),
        ({"rating": "none"}, "b"),
        ({"rating": "corrected"}, "c"),
        ({"rating": "never"}, "d"),
        ({"since": "2024-01-02", "until": "2024-01-02"}, "b"),
        ({"query": "so", "tags": ["y"], "rating": "good"}, "c"),
        ({"tags": ["gone"]}, ""),
    ]:
        page = store.find(LessonFilter(**chosen))
        assert ("".join(asked(page)), page.count) == (found, len(found)), chosen
        assert sorted(store.ids(LessonFilter(**chosen))) == sorted(item.lesson_id for item in page.items)
        trained = [example.turns[-2].content for example in store.trainable(9, LessonFilter(**chosen))]
        assert "".join(trained) == found.replace("d", ""), chosen
        assert store.counts(LessonFilter(**chosen)) == (len(trained), len(found) - len(trained))
    with pytest.raises(ValidationError):
        LessonFilter(since="yesterday")


def test_lessons_come_in_every_order(store):
    store.add(lesson("b", "long answer", rating="bad", metadata={"source": "B.csv"}, timestamp="2024-01-02"))
    store.add(lesson("c", "x", metadata={"source": "a.csv"}, timestamp="2024-01-03"))
    store.add(lesson("a", "middle", rating="good", timestamp="2024-01-01"))
    orders = {"newest": "cba", "oldest": "abc", "added": "acb", "rating": "acb", "source": "acb", "longest": "bac", "shortest": "cab"}
    assert {name: "".join(asked(store.find(LessonFilter(), name))) for name in orders} == orders
    assert asked(store.find(LessonFilter(), "longest", limit=1, offset=1)) == ["a"]


def test_an_import_is_shown_alone_and_undone(store):
    store.add(lesson("mine"))
    new, known, first = store.add_import([lesson("one"), lesson("two"), lesson("mine")], name="a.csv")
    _, _, second = store.add_import([lesson("three")], name="b.csv")
    assert (new, known) == (2, 1)
    assert asked(store.find(LessonFilter(imports=[first]), "added")) == ["two", "one"]
    assert store.find(LessonFilter(imports=[first, second])).count == 3
    assert [(item.name, item.added) for item in store.imports()] == [("b.csv", 1), ("a.csv", 2)]
    assert store.add_import([lesson("one")], name="again.csv")[2] == ""
    # After deletions the numbers of rows have gaps: an import was taken for fewer lessons than it had.
    store.delete_many(store.ids(LessonFilter(imports=[second])))
    _, _, second = store.add_import([lesson("three")], name="b.csv")
    assert asked(store.find(LessonFilter(imports=[second]))) == ["three"]
    store.delete_many(store.ids(LessonFilter(imports=[first])))
    assert [item.name for item in store.imports()] == ["b.csv"]
    assert asked(store.find(LessonFilter(), "added")) == ["three", "mine"]


def test_what_was_deleted_comes_back_as_it_was(store):
    kept = store.add(lesson("Where is the key?", "Under the pot.", tags=["x"], metadata={"history": [["q", "a"]]}))
    store.delete(kept.lesson_id)
    assert store.search("pot").count == store.find(LessonFilter(tags=["x"])).count == 0
    count, (gone,) = store.deleted()
    assert (count, gone.situation, gone.deleted_at[-1]) == (1, "Where is the key?", "Z")
    assert store.restore([kept.lesson_id, "unknown"]) == 1
    assert store.get(kept.lesson_id) == kept
    assert store.search("pot").count == store.find(LessonFilter(tags=["x"])).count == 1
    assert store.answer_to("Where is the key?") is None  # it needs its earlier turn


def test_a_deleted_lesson_does_not_return_over_another_with_its_id(store):
    store.add(lesson("old", lesson_id="same"))
    store.delete("same")
    store.add(lesson("new", lesson_id="same"))
    assert store.restore(["same"]) == 0
    assert store.get("same").situation == "new"


def test_the_bin_is_emptied_by_hand_and_after_thirty_days(store):
    kept = [store.add(lesson(name)).lesson_id for name in ("a", "b")]
    store.delete(kept[0])
    with store._writing("the test") as connection:
        connection.execute("UPDATE bin SET deleted_at = '2020-01-01T00:00:00.000Z'")
    store.delete(kept[1])
    store.close()
    again = LessonStore(store.path)
    assert [item.situation for item in again.deleted()[1]] == ["b"]
    assert again.empty_bin() == 1
    assert again.deleted() == (0, [])
    again.close()


def test_many_are_tagged_rated_and_deleted_at_once(academy):
    ids = [academy.lessons.add(lesson(f"q{n}", tags=["old"])).lesson_id for n in range(5)]
    change = academy.lessons.change_many
    assert change(LessonChange(action="tag", lesson_ids=[*ids[:3], "gone"], tags=["new", "old"])) == 3
    assert academy.lessons.get(ids[0]).tags == ["old", "new"]
    assert academy.lessons.find(LessonFilter(tags=["new"])).count == 3
    assert change(LessonChange(action="untag", filter=LessonFilter(tags=["new"]), tags=["old"])) == 3
    assert change(LessonChange(action="rate", filter=LessonFilter(tags=["old"]), rating="bad")) == 2
    assert academy.lessons.counts(LessonFilter()) == (3, 2)
    assert change(LessonChange(action="rate", filter=LessonFilter(rating="bad"))) == 2
    assert change(LessonChange(action="delete", lesson_ids=ids[:2])) == 2
    assert academy.lessons.list().count == 3
    assert change(LessonChange(action="restore", lesson_ids=ids)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "delete"},
        {"action": "tag", "lesson_ids": ["a"]},
        {"action": "delete", "lesson_ids": [], "filter": {}},
        {"action": "restore", "filter": {}},
    ],
)
def test_a_change_of_many_says_of_which(wrong):
    with pytest.raises(ValidationError):
        LessonChange.model_validate(wrong)


def test_an_import_names_its_file_as_the_source_and_is_undone_by_its_id(academy):
    table = b"Frage;Antwort;Thema\nWo ist der Tee?;In der Kueche.;Haus\nWer giesst?;Anna.;Garten\nzu kurz\n"
    (report,) = academy.lessons.import_files([("fragen.csv", io.BytesIO(table))])
    assert (report.new, report.already_there, report.refused, report.unused) == (2, 0, 1, ["Thema"])
    # One number a row, and its text.
    assert [(item.row, str(item.reason), item.text) for item in report.refusals] == [(4, "has 1 column instead of 3", "zu kurz")]
    assert academy.lessons.statistics()["source_distribution"] == {"fragen.csv": 2}
    assert academy.lessons.undo_import(report.import_id) == 2
    with pytest.raises(NotFound):
        academy.lessons.undo_import(report.import_id)
    (again,) = academy.lessons.import_files([("fragen.csv", io.BytesIO(table))], report.mapping | {"tags": "Thema"})
    assert sorted(academy.lessons.statistics()["tag_distribution"]) == ["Garten", "Haus"]
    assert again.new == 2


def test_the_text_of_a_refused_row_has_no_secret_even_where_it_is_cut(academy):
    secret = "AKIA" + "IOSFODNN7EXAMPLE"
    rows = f'{{"prompt": 5, "completion": "{"word " * 29}{secret}"}}\n'
    (report,) = academy.lessons.import_files([("a.jsonl", io.BytesIO(rows.encode()))])
    assert report.refusals[0].text.endswith("…")
    assert "AKIA" not in report.refusals[0].text


def test_an_edited_lesson_stays_in_its_import(store):
    _, _, name = store.add_import([lesson("one")], name="a.csv")
    store.update(store.ids(LessonFilter())[0], LessonPatch(action="Now so."))
    assert store.find(LessonFilter(imports=[name])).count == 1
