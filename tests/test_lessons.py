"""Lessons: kept, found, rated, redacted and given to the trainer; through full disks and damaged files."""

import sqlite3
import threading

import pytest
from pydantic import ValidationError

from academy.curation.lesson_store import LessonStore
from academy.curation.lessons import LessonIn, LessonPatch
from academy.curation.outcome import outcome
from academy.errors import Conflict, Invalid, NoSpace, NotFound, Unavailable

KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture
def store(tmp_path):
    store = LessonStore(tmp_path / "lessons.db")
    yield store
    store.close()


def lesson(situation="How do I reset it?", action="Hold the button.", **more):
    return LessonIn(situation=situation, action=action, **more)


def test_a_lesson_comes_back_as_it_was_given(store):
    given = lesson(
        " a\x00b\u2028 ",
        "<script>\r\n\t\U0001f600 ",
        tags=["x", " x ", ""],
        metadata={"k": [1, None, {"ż": 2.5}]},
        rating="good",
        rejected="old",
    )
    kept = store.add(given)
    assert store.get(kept.lesson_id) == kept
    assert (kept.situation, kept.action, kept.tags) == (given.situation, given.action, ["x"])
    assert (kept.metadata, kept.rating, kept.rejected) == (given.metadata, "good", "old")
    assert kept.timestamp.endswith("Z")


@pytest.mark.parametrize(
    "bad",
    [
        {"situation": ""},
        {"action": " \n"},
        {"situation": "\ud800"},
        {"tags": ["\udfff"]},
        {"metadata": {"a": "\ud800"}},
        {"metadata": {"a": float("nan")}},
        {"rating": "great"},
        {"timestamp": "yesterday"},
        {"lesson_id": "../x"},
        {"unknown": 1},
        {"situation": "x" * 1_000_001},
    ],
)
def test_a_bad_value_is_refused_at_the_border(bad):
    with pytest.raises(ValidationError):
        LessonIn.model_validate({"situation": "s", "action": "a"} | bad)


def test_deep_metadata_is_refused():
    deep: dict = {}
    for _ in range(60):
        deep = {"a": deep}
    with pytest.raises(ValidationError, match="deeper"):
        lesson(metadata=deep)


def test_times_are_kept_in_utc():
    assert lesson(timestamp="2024-05-01T12:00:00+02:00").timestamp == "2024-05-01T10:00:00.000Z"
    assert lesson(timestamp="2024-05-01").timestamp == "2024-05-01T00:00:00.000Z"


def test_secrets_never_reach_the_file(store):
    store.add(lesson(f"s {KEY}", f"a {KEY}", feedback=KEY, tags=[KEY], rejected=KEY, metadata={"history": [["q", KEY]], "k": {"x": KEY}}))
    added = store.add(lesson("x"))
    store.update(added.lesson_id, LessonPatch(action=f"now {KEY}"))
    store.add_many([lesson(f"many {KEY}")])
    store.close()
    assert KEY.encode() not in store.path.read_bytes()


def test_a_patch_changes_what_it_names_and_nothing_else(store):
    kept = store.add(lesson(tags=["t"], rating="bad", feedback="f"))
    changed = store.update(kept.lesson_id, LessonPatch(action="Press it", rating=None))
    assert changed == kept.model_copy(update={"action": "Press it", "rating": None})
    assert store.search("press").count == 1
    assert store.search("hold").count == 0
    with pytest.raises(ValidationError):
        LessonPatch(situation=None)
    with pytest.raises(ValidationError):
        LessonPatch.model_validate({"lesson_id": "x"})


def test_what_is_not_there_is_not_found(store):
    kept = store.add(lesson(lesson_id="mine"))
    with pytest.raises(Conflict):
        store.add(lesson(lesson_id="mine"))
    store.delete(kept.lesson_id)
    for call in (store.get, store.delete, lambda key: store.update(key, LessonPatch(result="x"))):
        for key in ("mine", "'; DROP TABLE lessons; --", "\ud800", "\x00", "x" * 10_000):
            with pytest.raises(NotFound):
                call(key)


def test_search_finds_words_wherever_they_stand(store):
    store.add(lesson("Zażółć gęślą jaźń", "first", tags=["Ogród"]))
    store.add(lesson("second", "naïve café", feedback="needs work"))
    store.add(lesson("怎么重置密码？", "長押し", tags=["数码"]))
    store.add(lesson("done ✅ 100%", "C++ foo_bar-baz"))
    for query, count in {
        "": 4, "zazolc": 0, "zażółć": 1, "GĘŚLĄ": 1, "gesla": 1, "ogr": 1, "naive CAFE": 1, "work": 1,
        "first second": 0,
        "密码": 1, "重置密码": 1, "码密": 0, "押": 1,
        "✅": 1, "%": 1, "100%": 1, "c++": 1, "foo_bar-baz": 1, "foo": 1, "fo": 1, "second na": 1,
    }.items():  # fmt: skip
        assert store.search(query).count == count, query


def test_no_query_ever_raises(store):
    store.add(lesson())
    awkward = [
        '"',
        '"""',
        "*",
        "a*",
        "(",
        "NEAR(",
        "AND",
        "OR NOT",
        "a AND",
        "situation:",
        "^a",
        "-a",
        "{a}",
        "\x00",
        "\ud800",
        "'",
        "\\",
        "%",
        "_",
    ]
    for query in [*awkward, "x" * 100_000, " ".join("ab" for _ in range(5000)), "a\nb", "\u202e", "🏳️‍🌈", "١٢"]:
        assert store.search(query).count >= 0
        assert store.search(query, tag=query, rating="none").count == 0


def test_pages_are_newest_first_and_count_everything(store):
    for day in (3, 1, 2):
        store.add(lesson(f"day {day}", timestamp=f"2024-01-0{day}", tags=["all"], rating="good" if day == 1 else None))
    page = store.search("day", limit=2)
    assert (page.count, [item.situation for item in page.items]) == (3, ["day 3", "day 2"])
    assert [item.situation for item in store.search(offset=2).items] == ["day 1"]
    assert store.search(tag="all", rating="good").count == 1
    assert store.search("day", tag="all", rating="none").count == 2
    assert store.search(tag="al").count == 0
    for bad in ({"rating": "great"}, {"limit": -1}, {"limit": 10**9}, {"offset": -1}):
        with pytest.raises(Invalid):
            store.search(**bad)


def test_an_import_adds_each_lesson_once(store):
    store.add(lesson("a", "b"))
    history = {"history": [["x", "y"]]}
    many = [lesson("a", "b"), lesson("a", "c"), lesson("a", "c"), lesson("a", "b", metadata=history), lesson("n", "n", tags=["t", "u"])]
    assert store.add_many(many) == (3, 2)
    assert store.add_many(many) == (0, 5)
    assert store.search(tag="u").count == 1
    assert store.add_many(lesson("a", str(number), lesson_id="same") for number in range(3)) == (3, 0)


def test_an_import_that_fails_leaves_nothing(store):
    def rows():
        yield from (lesson(str(number)) for number in range(1500))
        raise Invalid("broken")

    with pytest.raises(Invalid):
        store.add_many(rows())
    assert store.search().count == 0
    assert store.add_many([lesson()]) == (1, 0)


def test_samples_are_taken_out_again(store):
    store.add_many([lesson("s1", metadata={"source": "sample"}), lesson("s2", metadata={"source": "sample"}, tags=["t"]), lesson("mine")])
    assert store.count_where("sample") == 2
    assert store.remove_where("sample") == 2
    assert [item.situation for item in store.search().items] == ["mine"]
    assert store.search("s2").count == store.search(tag="t").count == store.remove_where("") == 0


@pytest.mark.parametrize(
    ("fields", "trained"),
    [
        ({}, True),
        ({"rating": "good"}, True),
        ({"rating": "good", "result": "failed"}, True),
        ({"rating": "bad"}, False),
        ({"rating": "bad", "result": "success"}, False),
        ({"rating": "bad", "rejected": "old answer"}, True),
        ({"rating": "bad", "rejected": "Hold the button."}, False),
        ({"rating": "bad", "rejected": "  "}, False),
        ({"result": "✅"}, True),
        ({"result": "failed"}, False),
        ({"result": "failed", "rejected": "old answer"}, True),
        ({"result": "42 lines changed"}, True),
    ],
)
def test_only_good_corrected_and_untold_lessons_are_trained(store, fields, trained):
    store.add(lesson(**fields))
    assert len(list(store.trainable(10))) == trained


def test_the_newest_lessons_are_trained_with_their_earlier_turns(store):
    store.add(lesson("old", timestamp="2020-01-01"))
    store.add(lesson("c", "d", rejected="x", metadata={"history": [["a", "b"]], "system": "S"}, lesson_id="l1"))
    store.add(lesson("e", "f", metadata={"history": "no list"}, timestamp="2021-01-01"))
    first, second = store.trainable(2)
    assert [(turn.role, turn.content) for turn in first.turns] == [
        ("system", "S"), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"),
    ]  # fmt: skip
    assert (first.source, first.origin, first.meta) == ("lessons", "l1", {"rejected": "x"})
    assert second.question == "e"
    assert list(store.trainable(0)) == []


def test_all_are_trained_however_many_share_a_moment(store):
    store.add_many(lesson(str(number), timestamp="2024-01-01") for number in range(2500))
    assert len({example.question for example in store.trainable(5000)}) == 2500
    assert len(list(store.trainable(1700))) == 1700


def test_statistics_tell_what_is_there(store):
    assert store.statistics()["oldest_lesson"] is None
    store.add_many([lesson("1", tags=["a", "b"], timestamp="2024-01-01", rating="good"), lesson("2", tags=["a"], rating="bad")])
    seen = store.statistics()
    assert (seen["total_lessons"], seen["unique_tags"], seen["tag_distribution"]) == (2, 2, {"a": 2, "b": 1})
    assert (seen["oldest_lesson"], seen["trainable_lessons"], seen["damaged"]) == ("2024-01-01T00:00:00.000Z", 1, "")


def test_lessons_survive_a_restart(tmp_path):
    store = LessonStore(tmp_path / "lessons.db")
    kept = store.add(lesson())
    store.close()
    with pytest.raises(Unavailable):
        store.search()
    again = LessonStore(tmp_path / "lessons.db")
    assert again.get(kept.lesson_id) == kept
    again.close()


def test_a_full_disk_is_said_and_passes(store):
    store.add(lesson("before"))
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(NoSpace):
        store.add(lesson("x" * 100_000))
    with pytest.raises(NoSpace):
        store.add_many(lesson(f"{number} " * 100) for number in range(2000))
    assert store.search().count == 1
    store._connection.execute("PRAGMA max_page_count=1000000")
    assert store.add_many(lesson(f"{number} " * 100) for number in range(100)) == (100, 0)
    assert store.search("before").count == 1


def test_a_file_that_is_no_database_is_set_aside(tmp_path):
    path = tmp_path / "lessons.db"
    path.write_bytes(b"not a database" * 1000)
    store = LessonStore(path)
    assert "set aside" in str(store.damaged)
    assert store.statistics()["damaged"] == str(store.damaged)
    (aside,) = tmp_path.glob("lessons.damaged-*.db")
    assert aside.read_bytes().startswith(b"not a database")
    store.add(lesson())
    store.close()
    assert LessonStore(path).damaged == ""


def test_lessons_are_saved_out_of_a_damaged_file(tmp_path):
    path = tmp_path / "lessons.db"
    store = LessonStore(path)
    store.add_many(lesson(f"lesson {number}", "answer " * 100, lesson_id=f"l{number}", tags=["t"]) for number in range(500))
    store.close()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(data)
    again = LessonStore(path)
    saved = again.search().count
    assert 300 < saved < 500 or (saved == 500)
    assert f"{saved} lessons" in str(again.damaged)
    assert again.search("lesson 0", tag="t").count >= 1
    again.close()


def test_a_damaged_index_of_words_is_made_anew(store):
    store.add_many(lesson(f"word{number}") for number in range(100))
    store._connection.execute("DELETE FROM words_data WHERE id > 10")
    assert store.search("word7").count in (1, 11)
    assert store.search("word77").count == 1


def test_threads_share_the_store(store):
    faults = []

    def work(name):
        try:
            for number in range(15):
                kept = store.add(lesson(f"{name} {number}"))
                store.update(kept.lesson_id, LessonPatch(result="ok"))
                store.search(name)
            store.add_many(lesson(f"many {name} {number}") for number in range(50))
        except Exception as error:  # noqa: BLE001  any fault of a thread fails the test
            faults.append(error)

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert store.search().count == 4 * 65
    assert sqlite3.connect(store.path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


OUTCOMES = {
    "success": [
        "success", "Sukces!", "✅", "ok", "OK.", "12 passed in 0.3s", "Erfolgreich", "réussi", "éxito", "Fixed the failing test",
        "no errors",
        "0 failed, 5 passed", "bez błędów", "ohne Fehler", "true", "tak", "успешно", "成功", "Udało się", "exit code 0", "errors: 0",
        "no issues", "error fixed", "Fehler behoben", "never failed", "failed at first, but now it works", "0% errors", "powiodło się",
    ],
    "failure": [
        "failed", "Error: x", "błąd", "❌", "porażka", "not ok", "unsuccessful", "nicht erfolgreich", "nie działa", "sin éxito",
        "It didn't work",
        "2 passed, 1 failed", "no", "false", "fehlgeschlagen", "exit code 1", "失败", "incorrect", "Nie udało się",
        "success: false", "ok=0", "sukces: nie", "looks ok but the tests failed", "cannot be solved", "almost passed", "0% success",
        "✅ build, ❌ tests", "nie powiodło się", "n'a pas marché", "niezaliczone",
    ],
    "": ["", "  ", "42 lines changed", "token", "nonesuch", "noted"],
}  # fmt: skip


@pytest.mark.parametrize(("told", "text"), [(told, text) for told, texts in OUTCOMES.items() for text in texts])
def test_a_result_tells_success_failure_or_nothing(told, text):
    assert outcome(text) == told
