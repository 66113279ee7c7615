"""A dataset in the hand: made of chosen lessons, its rows searched, sorted, led back to their lessons, left out; compared and renamed."""

import io
import json
from datetime import timedelta

import pytest

from academy.config import Settings
from academy.curation import dataset_rows
from academy.curation.examples import DatasetRequest
from academy.curation.lessons import LessonIn, LessonPatch
from academy.habitat import Component
from academy.services.academy import Academy
from academy.ui.dataset import held, lessons, opened, sources
from academy.ui.dataset.choosing import filter_of, state_of
from academy.ui.dataset.files import only_tag
from academy.ui.look import Look, View


@pytest.fixture
def academy(tmp_path):
    academy = Academy(Settings(data_dir=tmp_path / "data", _env_file=None))  # type: ignore[call-arg]
    for n in range(6):
        more = {"tags": ["lamps"] if n < 4 else ["shop"], "metadata": {"source": "chat"} if n % 2 else {}}
        academy.lessons.add(LessonIn(situation=f"Where is lamp {n}?", action=f"Lamp {n} hangs in row {n * 7}." + " Look up." * n, **more))
    yield academy
    academy.close()


def made(academy, **request):
    return academy.datasets.create(DatasetRequest.model_validate({"include_git": False} | request))


def test_a_dataset_is_made_of_chosen_lessons_and_named_after_them(academy):
    lamps = made(academy, lesson_filter={"tags": ["lamps"]})
    assert (lamps["statistics"]["total_examples"], lamps["name"]) == (4, "lamps")
    assert made(academy, lesson_filter={"tags": ["lamps"], "sources": ["chat"]})["statistics"]["total_examples"] == 2
    # The choice is in the request of the manifest, so that it is made again in the same way.
    academy.lessons.add(LessonIn(situation="Where is lamp 9?", action="Lamp 9 hangs in row 63.", tags=["lamps"]))
    assert academy.datasets.again(lamps["dataset_id"], {})["statistics"]["total_examples"] == 5


def test_rows_are_searched_and_sorted_and_know_where_they_come_from(academy):
    upload = academy.datasets.upload([("faq.csv", io.BytesIO(b"question,answer\nWhere is the attic of the house?,Above.\n"))])[0].id
    name = made(academy, upload_ids=[upload])["dataset_id"]
    count, rows = academy.datasets.view(name, query="LAMP row 14")
    assert (count, rows[0].origin.source, rows[0].row["output"][:22]) == (1, "lessons", "Lamp 2 hangs in row 14")
    assert academy.lessons.get(rows[0].origin.origin).situation == "Where is lamp 2?"
    _, longest = academy.datasets.view(name, sort="longest", limit=1)
    assert longest[0].row["instruction"] == "Where is lamp 5?"
    count, rows = academy.datasets.view(name, source="uploads")
    assert [(row.origin.origin, row.row["output"]) for row in rows] == [("faq.csv:2", "Above.")]
    assert academy.datasets.view(name, only=[0, 2], offset=1)[0] == 2


def test_any_row_is_left_out_by_its_key(academy):
    name = made(academy)["dataset_id"]
    _, rows = academy.datasets.view(name, limit=2)
    assert rows[0].key in academy.datasets.keys(name)
    again = academy.datasets.again(name, {"leave_out": [rows[0].key]})
    assert again["statistics"]["total_examples"] == 5
    assert rows[0].key not in academy.datasets.keys(again["dataset_id"])
    assert academy.datasets.get(again["dataset_id"]).dropped[0]["rule"] == "unwanted"


def test_held_out_lessons_are_known_and_a_dataset_is_made_again_with_everything(academy):
    name = made(academy, eval_fraction=0.34)["dataset_id"]
    held = academy.datasets.held_out(name)
    assert {academy.lessons.get(lesson).situation for lesson in held} == {
        row["instruction"] for row in academy.datasets.rows(name, part="eval")
    }
    whole = academy.datasets.again(name, {"eval_fraction": 0.0})
    assert whole["statistics"]["train_examples"] == 6
    assert academy.datasets.held_out(whole["dataset_id"]) == frozenset()


def test_an_edited_lesson_is_changed_and_not_new_and_gone(academy):
    before = made(academy)["dataset_id"]
    lessons = academy.lessons.list().items
    academy.lessons.update(lessons[0].lesson_id, LessonPatch(action="It was sold."))
    academy.lessons.update(lessons[1].lesson_id, LessonPatch(situation="Which row has lamp 4?"))
    academy.lessons.delete(lessons[2].lesson_id)
    after = made(academy)["dataset_id"]
    result = academy.datasets.diff(before, after)
    assert (result["new"], result["gone"], result["same"], result["changed"]) == (2, 3, 3, 2)
    assert {pair["after"]["output"][:12] for pair in result["changed_samples"]} == {"It was sold.", "Lamp 4 hangs"}


def test_a_dataset_gets_another_name_and_keeps_its_id(academy):
    name = made(academy)["dataset_id"]
    assert academy.datasets.rename(name, "Lamps of the shop").name == "Lamps of the shop"
    assert academy.datasets.list()[0].name == "Lamps of the shop"


def test_a_preview_shows_some_of_every_source(academy):
    rows = b"question,answer\n" + b"".join(b"Where is room %d of the house?,On floor %d.\n" % (n, n) for n in range(40))
    uploads = [academy.datasets.upload([(name, io.BytesIO(rows.replace(b"room", name[:1].encode())))])[0].id for name in ("a.csv", "b.csv")]
    preview = academy.datasets.preview(DatasetRequest(include_git=False, upload_ids=uploads))
    files = [sample["origin"].split(":")[0] for sample in preview["samples"]]
    assert len(files) == 5
    assert {"a.csv", "b.csv"} <= set(files)
    assert "lessons" in {sample["source"] for sample in preview["samples"]}


def test_answers_that_hold_the_mark_of_a_secret_are_counted(academy):
    academy.lessons.add(LessonIn(situation="What is her key?", action="Her key is " + "AKIA" + "IOSFODNN7EXAMPLE"))
    assert made(academy)["statistics"]["redacted_answers"] == 1


@pytest.mark.parametrize("block", [1, 2, 3, 100])
@pytest.mark.parametrize("content", [b"", b"\n", b"a", b"a\n", b"a\nb", b"a\n\nbc\n"])
def test_lines_are_found_wherever_a_block_ends(tmp_path, monkeypatch, content, block):
    monkeypatch.setattr(dataset_rows, "_BLOCK", block)
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    begins = [at for at in range(len(content)) if at == 0 or content[at - 1 : at] == b"\n"]
    assert list(dataset_rows._offsets(path, 0)) == begins


def test_facts_that_the_default_holds_out_are_taught_too_and_those_of_a_person_are_not(academy, monkeypatch):
    monkeypatch.setattr(academy._habitat, "training", lambda: Component("training", True, "assumed"))
    for n in range(100):
        academy.lessons.add(LessonIn(situation=f"What is the code of door {n}?", action=f"It is {n * 7919 % 10007}."))
    academy.lessons.add(LessonIn(situation="Who measures?", action="This one does.", tags=["golden"]))
    by_default, by_hand = (made(academy, **request)["dataset_id"] for request in ({}, {"eval_fraction": 0.1}))
    for name, taught in ((by_default, True), (by_hand, False)):
        look = Look(academy, {"dataset": name})
        item = academy.datasets.get(name)
        assert item.statistics["eval_examples"] > item.statistics["golden_examples"] == 1
        assert held.is_taught(look, item) is taught
        assert ("dataset.whole" in held.held_notice(look, item)) is not taught
        others = item.statistics["eval_examples"] - 1
        what = f"{others} of them measure too" if taught else f"{others} only to measure, never trained"
        assert held.held_words(look, item) == [what, "1 golden question, never trained"]
        assert ("Measured too" in opened.REGIONS["ds_open"](look)) is taught
        shown = held.held_lessons(look)
        assert len(shown.lessons) == item.statistics["eval_examples"]
        assert shown.mark[0] == ("held out to measure, taught too" if taught else "held out, never trained")
    assert not held.held_lessons(Look(academy, {"dataset": "dataset_alpaca_20200101_000000"})).lessons


@pytest.mark.parametrize("state", [{}, {"lesson_since": "soon", "lesson_tags": 5, "lesson_rating": "x", "lesson_query": ["a"]}])
def test_a_filter_that_makes_no_sense_leaves_nothing_out(state):
    assert filter_of(View(state), "lesson").is_all


def test_an_import_can_be_undone_for_an_hour_whatever_is_shown(academy, monkeypatch):
    academy.lessons.import_files([("one.csv", io.BytesIO(b"question,answer\nWhere is lamp 1?,It was sold.\n"))])

    def drawn(**state):
        return str(lessons.REGIONS["lessons"](Look(academy, state)))

    (made,) = academy.lessons.imports()
    shown = drawn()
    assert "import.undo" in shown
    assert "Show only these" in shown
    assert "Show only these" not in drawn(lesson_imports=[made.import_id])
    assert "import.undo" not in drawn(lesson_query="lamp")
    monkeypatch.setattr(lessons, "_RECENT", timedelta(0))
    assert "import.undo" not in drawn()


def test_the_report_of_an_import_is_there_after_it_was_closed(academy):
    academy.lessons.import_files([("one.csv", io.BytesIO(b"question,answer,mood\nWhere is lamp 1?,It was sold.,x\nshort\n"))])
    shown = str(lessons.REGIONS["lessons"](Look(academy, {})))
    assert 'data-act="import.report"' in shown
    ids = json.dumps([academy.lessons.imports()[0].import_id])
    dialog = str(sources.ACTS["import.report"](Look(academy, {}), {"ids": ids})["dialog"])
    assert "has 1 column instead of 3" in dialog
    assert 'data-do="retag"' not in dialog
    assert 'data-do="retag"' in str(sources.ACTS["files.imported"](Look(academy, {}), {"files": _stored(academy, ids)})["fill"])


def test_the_report_of_an_import_outlives_the_app_and_not_the_import(settings):
    # It was kept in memory only.
    first = Academy(settings)
    table = b"question,answer,mood\nWhere is lamp 1?,It was sold.,x\nshort\n"
    (made,) = first.lessons.import_files([("one.csv", io.BytesIO(table))])
    first.close()
    again = Academy(settings)
    assert again.lessons.import_report(made.import_id) == made  # its sentences too, which are not rendered yet
    again.lessons.undo_import(made.import_id)
    assert again.lessons.import_report(made.import_id) == made  # the lessons can be restored
    again.lessons.empty_bin()
    assert again.lessons.import_report(made.import_id) is None
    assert not [*settings.import_reports_dir.iterdir()]
    (settings.import_reports_dir / f"{made.import_id}.json").write_text("{")
    assert again.lessons.import_report(made.import_id) is None
    again.close()


def _stored(academy, ids):
    return json.dumps([academy.lessons.import_report(name).model_dump(mode="json") for name in json.loads(ids)])


def test_lessons_that_were_left_out_are_one_click_away(academy):
    for tag in ("lamps", "shop"):
        academy.lessons.add(LessonIn(situation=f"Where is the {tag} key?", action="I do not know.", rating="bad", tags=[tag]))
    dataset = made(academy, lesson_filter={"tags": ["lamps"]})["dataset_id"]
    shown = str(opened.REGIONS["ds_open"](Look(academy, {"dataset": dataset})))
    assert "Left out: 1 lesson that is rated bad" in shown
    assert f'data-act="lessons.never" data-id="{dataset}"' in shown
    state = sources.ACTS["lessons.never"](Look(academy, {}), {"id": dataset})["state"]
    assert [item.situation for item in academy.lessons.find(filter_of(View(state), "lesson")).items] == ["Where is the lamps key?"]
    # From a preview it is the choice for the next dataset.
    preview = sources.ACTS["dataset.preview"](Look(academy, {"src_tags": ["shop"]}), {})["dialog"]
    assert 'data-act="lessons.never"' in preview
    state = sources.ACTS["lessons.never"](Look(academy, {"src_tags": ["shop"]}), {"id": ""})["state"]
    assert [item.situation for item in academy.lessons.find(filter_of(View(state), "lesson")).items] == ["Where is the shop key?"]


def test_a_filter_goes_from_the_list_to_the_next_dataset():
    shown = {"lesson_tags": ["lamps"], "lesson_source": "", "lesson_rating": "none", "lesson_until": "2026-01-31"}
    chosen = filter_of(View(state_of(View(shown), "lesson", "src")), "src")
    assert chosen == filter_of(View(shown), "lesson")
    assert (chosen.tags, chosen.sources, chosen.until) == (["lamps"], [""], "2026-01-31T23:59:59.999Z")
    assert filter_of(View(only_tag("x")), "lesson").tags == ["x"]
