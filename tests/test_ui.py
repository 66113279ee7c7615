"""The page's pure parts: nothing from outside becomes markup, plots stay small, the form gives the spec back."""

import contextvars
import math
import random
import re
import threading
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from pydantic import ValidationError

from academy.adapters.store import AdapterStore
from academy.chat.conversations import ConversationStore
from academy.chat.presets import PresetStore
from academy.chat.request import ChatRequest, Loaded, Outcome
from academy.chat.session import ChatSession
from academy.config import Settings
from academy.curation.datasets import Manifest
from academy.errors import Conflict, NotFound
from academy.jobs.spec import TrainingSpec, resolve
from academy.jobs.store import Job
from academy.rows import conversation
from academy.services.conversations import Conversations
from academy.services.permission import Permission
from academy.ui import answers, live, look, page
from academy.ui.chat import asking, replies
from academy.ui.dataset.opened import dropped, redactions
from academy.ui.html import curves, numbers, prose
from academy.ui.html import elements as pieces
from academy.ui.html import plots as plots_module
from academy.ui.texts import translate as texts
from academy.ui.training import form
from academy.ui.training.words import why_failed
from tests.waiting import wait_until

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'`${alert(3)}{{alert}}\u202egnp.exe\x1b[31m"


class Elements(HTMLParser):
    """The elements and attributes that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


FRAGMENTS = {
    "text": lambda: pieces.esc(HOSTILE),
    "element": lambda: pieces.div(HOSTILE, title=HOSTILE, data_id=HOSTILE),
    "button": lambda: pieces.button(HOSTILE, "job.cancel", confirm=HOSTILE, title=HOSTILE, job=HOSTILE),
    "link": lambda: pieces.go(HOSTILE, tab="training", job=HOSTILE),
    "notice": lambda: pieces.notice(HOSTILE, pieces.remedy(HOSTILE)),
    "command": lambda: pieces.remedy("Run pip install " + HOSTILE),
    "choice": lambda: pieces.select("name", [(HOSTILE, HOSTILE)], HOSTILE),
    "field": lambda: pieces.field("name", HOSTILE, placeholder=HOSTILE),
    "bars": lambda: plots_module.bars([(HOSTILE, 3)]),
    "tokens": lambda: prose.tokens([{"text": HOSTILE, "kind": HOSTILE}]),
    "reply": lambda: prose.prose(
        f"# {HOSTILE}\n\n**{HOSTILE}** `{HOSTILE}`\n\n- {HOSTILE}\n\n```{HOSTILE}\n{HOSTILE}\n```\n![a](http://x/y.png)"
    ),
    "moment": lambda: pieces.when(HOSTILE),
}


@pytest.mark.parametrize("name", FRAGMENTS)
def test_what_comes_from_outside_stays_text(name):
    html = FRAGMENTS[name]()
    seen = Elements(html)
    assert not {"script", "img", "iframe", "svg", "object", "link", "style"} & set(seen.tags)
    assert not [attribute for attribute in seen.attributes if attribute.startswith("on") or attribute in ("src", "srcset")]
    assert "\u202e" not in html
    assert "\x1b" not in html


def test_what_is_edited_comes_back_as_it_was():
    # Signs of direction became replacement characters in the field, and so in the lesson that was saved.
    text = "\n\u05e9\u05dc\u200f <b>\u200b&amp;\ufeff"
    field = pieces.tag("textarea", text, name="action")
    assert unescape(field.removeprefix('<textarea name="action">\n').removesuffix("</textarea>")) == text
    assert "<b>" not in field


def test_a_reply_keeps_code_lists_and_emphasis_and_loses_nothing():
    html = prose.prose("Two **bold** words and `a < b`:\n\n1. one\n2. two\n\n```python\nprint('<hi>')\n```\nEnd *soft* 2*3*4")
    assert "<strong>bold</strong>" in html
    assert "<code>a &lt; b</code>" in html
    assert "<ol><li>one</li><li>two</li></ol>" in html
    assert "<pre><code>print(&#39;&lt;hi&gt;&#39;)</code></pre>" in re.sub("</?span[^>]*>", "", html)
    assert "<em>soft</em> 2*3*4" in html


def test_an_unfinished_code_block_is_shown_as_code_while_it_streams():
    assert "<pre><code>x = 1</code></pre>" in prose.prose("Look:\n```\nx = 1")


def a_curve(count: int) -> list[dict]:
    rng = random.Random(7)
    points = [{"step": step, "loss": 3 * math.exp(-step / count * 4) + rng.random() / 4} for step in range(1, count + 1)]
    for step in range(count // 40, count, max(1, count // 40)):
        points[step]["eval_loss"] = 3 * math.exp(-step / count * 4) + 0.2
    return points


def drawn_path(html: str, kind: str) -> str:
    """What is drawn by the path of a kind; empty where there is none."""
    found = re.search(rf'class="{kind}" d="([^"]*)"', html)
    return found[1] if found else ""


def a_line(points: list[dict], name: str = "x", key: str = "loss") -> curves.Curve:
    """The curve of a job by steps."""
    held_out = [(point["step"], point["eval_loss"]) for point in points if "eval_loss" in point]
    return curves.Curve(name, [(point["step"], point[key]) for point in points if key in point], held_out)


def test_a_plot_of_ten_thousand_points_is_at_most_20_kb():
    points = a_curve(10_000)
    points[4321]["loss"] = 2.9
    html = curves.plot([a_line(points)], curves.Axes(), right=10_000, checkpoints=range(100, 10_000, 100))
    assert len(html.encode()) <= 20_000
    drawn = drawn_path(html, "raw c0")
    assert len(re.findall(r"[ML]", drawn)) <= curves.MAX_POINTS
    assert any(int(x) == 43_220 for x in re.findall(r"[ML](\d+) ", drawn)), "a spike of one step is still to be seen"


def test_a_plot_has_a_gap_where_a_loss_was_no_number():
    losses = [1.0, 0.9, None, 0.8, 0.7]
    html = curves.plot([curves.Curve("x", list(enumerate(losses, 1)))], curves.Axes())
    assert drawn_path(html, "raw c0").count("M") == 2
    assert drawn_path(html, "smooth c0").count("M") == 2


def test_the_best_evaluation_is_marked_rather_than_the_best_step():
    points = [
        {"step": 1, "loss": 2.0},
        {"step": 2, "loss": 0.1},
        {"step": 3, "loss": 1.0, "eval_loss": 1.5},
        {"step": 4, "loss": 1.0, "eval_loss": 1.7},
    ]
    assert "best 1.500 at 3" in curves.plot([a_line(points)], curves.Axes())
    assert "best" not in curves.plot([a_line(points[:2])], curves.Axes()), "the lowest batch is chance"


def test_other_jobs_are_drawn_beside_the_shown_one_on_the_same_axes():
    shown, other = a_line(a_curve(100)), a_line([{"step": 200, "loss": 9.0}, {"step": 400, "loss": 8.0}], "<b>x")
    alone, both = curves.plot([shown], curves.Axes()), curves.plot([shown, other], curves.Axes())
    assert "c1" not in alone
    assert 'data-right="400"' in both
    assert drawn_path(both, "smooth c1").startswith("M50000 ")
    assert "&lt;b&gt;x" in both
    six = [a_line(a_curve(10_000), f"run {n}") for n in range(curves.MOST_CURVES)]
    assert len(curves.plot(six, curves.Axes()).encode()) <= 40_000
    assert "best" not in both


@pytest.mark.parametrize(("log", "value", "digits"), [(False, 1.702, 3), (True, 0.00123, 5)])
def test_the_browser_reads_a_value_back_from_the_line(log, value, digits):
    html = curves.plot([curves.Curve("x", [(0, 6.0), (50, value), (100, 0.001)])], curves.Axes(log=log, smoothing=0.0))
    low, high = (float(re.search(rf'data-{end}="([^"]+)"', html)[1]) for end in ("low", "high"))  # type: ignore[index]
    y = int(re.findall(r"[ML]50000 (\d+)", drawn_path(html, "smooth c0"))[0])
    place = high - y / 100_000 * (high - low)
    assert round(10**place if log else place, digits) == value


def test_on_a_log_axis_what_is_not_positive_is_a_gap():
    html = curves.plot([curves.Curve("x", [(1, 1.0), (2, 0.0), (3, 0.1), (4, 0.01)])], curves.Axes(log=True, smoothing=0.0))
    assert drawn_path(html, "smooth c0").count("M") == 2
    assert curves.plot([curves.Curve("x", [(1, 0.0)])], curves.Axes(log=True)).count(texts.t("plot.waiting")) == 1


def test_smoothing_nought_draws_every_value_as_it_is():
    line = [(n, float(n % 2)) for n in range(20)]
    html = curves.plot([curves.Curve("x", line)], curves.Axes(smoothing=0.0))
    assert drawn_path(html, "raw c0") == ""
    assert drawn_path(html, "smooth c0").count("L") == 19


def test_a_plot_is_told_in_words_and_as_a_table():
    runs = [curves.Curve("one", [(1, 4.0), (10, 0.5)]), curves.Curve("two", [(1, 3.0), (5, 2.0)])]
    html = curves.plot(runs, curves.Axes(smoothing=0.0))
    assert 'aria-label="one: loss from 4.000 to 0.500, lowest 0.500 at step 10. two: loss from 3.000 to 2.000' in html
    rows = re.findall(r"<tr>(.*?)</tr>", curves.table(runs, curves.Axes(smoothing=0.0)))
    assert re.findall(r">([^<]+)</t[hd]>", rows[0]) == ["step", "one", "two"]
    assert re.findall(r">([^<]+)</t[hd]>", rows[-1]) == ["10", "0.500", "–"], "a run that has ended has no value"


def test_time_is_written_as_a_clock_and_a_rate_as_a_power():
    html = curves.plot([curves.Curve("x", [(0.0, 2e-4), (125.0, 1e-4)])], curves.Axes(x="time", y="learning_rate"))
    assert ">2:00</span>" in html
    assert "0.0001</span>" in html


def test_a_plot_without_points_says_what_it_waits_for():
    assert texts.t("plot.waiting") in curves.plot([], curves.Axes())
    assert texts.t("plot.waiting") in curves.plot([curves.Curve("x", [(0, None)])], curves.Axes())


def test_a_histogram_counts_every_row_and_shows_the_limit():
    html = plots_module.histogram([10] * 30 + [500] * 3 + [3000], 2048)
    assert sum(int(n) for n in re.findall(r"tokens: (\d+)", html)) == 34
    assert "limit 2,048" in html
    assert html.count("col over") == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0, "0"),
        (7, "7"),
        (12345, "12,345"),
        (0.2131, "0.213"),
        (1234.5, "1,234"),
        (2.5e-6, "2.5e-06"),
        (math.nan, "not a number"),
        (math.inf, "∞"),
    ],
)
def test_numbers_have_the_digits_that_matter(value, shown):
    assert numbers.number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (0, "0:00"), (42, "0:42"), (372.4, "6:12"), (7509, "2:05:09"), (273_600, "3 d 4 h"), (-5, "0:00"), (math.inf, "–")],
)
def test_durations_read_like_a_clock(seconds, shown):
    assert numbers.duration(seconds) == shown


# ------------------------------------------------------------------ the form


def test_the_form_shows_every_field_of_the_spec_once():
    above = {"name", "dataset_id", "dataset_path", "base_model", "preset"}
    assert sorted(form.FIELDS) == sorted(set(TrainingSpec.model_fields) - above)


def test_an_untouched_form_requests_the_preset_alone():
    planned = form.planned_values(resolve(TrainingSpec(), {"num_epochs": 12, "learning_rate": 3e-3}, _settings()).model_dump())
    values = {name: form.shown(name, planned.get(name)) for name in form.FIELDS}
    asked = form.read(values | {"name": "", "dataset_id": "d1", "base_model": "academy-mini", "preset": "auto"}, planned)
    assert asked == {"dataset_id": "d1", "base_model": "academy-mini", "preset": "auto"}


def test_a_refused_value_is_named_by_its_title_in_a_persons_words():
    values = {"learning_rate": 1, "num_epochs": "x", "max_steps": 10**9, "quantization": "3bit"}
    with pytest.raises(ValidationError) as caught:
        TrainingSpec.model_validate(values)
    assert answers.sentences(caught.value, TrainingSpec) == [
        "Quantization must be 'none', '8bit' or '4bit' ('3bit').",
        "Learning rate must be at most 0.01 (1).",
        "Epochs must be a whole number ('x').",
        "Max steps must be at most 10,000,000 (1000000000).",
    ]
    with pytest.raises(ValidationError) as caught:
        ChatRequest.model_validate({"messages": [{"role": "assistant", "content": "x"}]})
    assert answers.sentences(caught.value, ChatRequest) == ["The last message must be the user's."]


def test_a_form_asks_for_what_was_changed_and_gives_it_back():
    planned = form.planned_values(resolve(TrainingSpec(), {"num_epochs": 12}, _settings()).model_dump())
    values = {name: form.shown(name, planned.get(name)) for name in form.FIELDS}
    values |= {
        "lora_rank": 8,
        "target_modules": "q_proj, v_proj",
        "max_steps": "40",
        "use_dora": True,
        "quantization": "4bit",
        "backend": "docker",
    }
    asked = form.read(values | {"name": " mine ", "dataset_id": "d1", "base_model": "", "preset": "quick"}, planned)
    spec = TrainingSpec.model_validate(asked)
    assert (spec.name, spec.preset, spec.base_model) == ("mine", "quick", None)
    assert (spec.lora_rank, spec.max_steps, spec.use_dora, spec.quantization, spec.backend) == (8, 40, True, "4bit", "docker")
    assert spec.target_modules == ["q_proj", "v_proj"]
    assert "num_epochs" not in asked
    assert all(form.meant(name, form.shown(name, getattr(spec, name))) == getattr(spec, name) for name in form.FIELDS)


def test_every_control_shows_its_default_and_says_its_bounds():
    for name in form.FIELDS:
        control = form.component(name)
        assert control.label == TrainingSpec.model_fields[name].title
        assert form.meant(name, control.value) == TrainingSpec.model_fields[name].default
    assert "4 to 64." in str(form.component("lora_rank").info)


def _settings():
    from academy.config import Settings

    return Settings(_env_file=None)  # type: ignore[call-arg]


# ------------------------------------------------------------------ between page and Academy


@pytest.mark.parametrize(
    "state", [None, [], "x", {"job": 5, "page": "7", "flag": "yes", "big": 10**20, "text": "a" * 9999, "list": [1, "b"]}]
)
def test_a_browser_may_send_anything_as_its_state(state):
    view = look.View(state)
    assert isinstance(view.text("text"), str)
    assert len(view.text("text")) <= 500
    assert view.text("job") == ""
    assert view.number("big") <= 10**9
    assert view.flag("flag", True) is True
    assert view.listed("list") in ([], ["b"])


def test_what_a_handler_raises_becomes_an_answer_that_says_what_to_do():
    def refuses():
        raise Conflict("It runs.", hint="Wait.")

    def breaks():
        raise RuntimeError("/secret/path")

    assert answers.safely(refuses)() == {"toast": {"kind": "bad", "text": "It runs.", "hint": "Wait."}}
    assert "/secret" not in str(answers.safely(breaks)())


class Quiet:
    """An Academy in which nothing runs."""

    class jobs:  # noqa: N801
        @staticmethod
        def busy():
            return None

        @staticmethod
        def unfinished():
            return []


QUIET: Any = Quiet()


def test_a_place_is_sent_only_when_it_changed():
    words = ["one"]
    poll = live.make_live(QUIET, {"place": lambda look: pieces.div(words[0])}, lambda look: "Academy")
    first = poll([{"state": {}, "regions": {"place": ""}}])
    version = first["regions"]["place"]["version"]
    assert poll([{"state": {}, "regions": {"place": version}}])["regions"] == {}
    words[0] = "two"
    assert "two" in poll([{"state": {}, "regions": {"place": version}}])["regions"]["place"]["html"]


def test_a_place_that_cannot_be_drawn_says_so_and_the_others_are_drawn():
    def gone(look):
        raise NotFound("There is no job 'x'.", hint="Choose another.")

    def broken(look):
        raise ZeroDivisionError

    poll = live.make_live(QUIET, {"gone": gone, "broken": broken, "sound": lambda look: pieces.div("here")}, lambda look: "Academy")
    places = poll({"state": {}, "regions": {"gone": "", "broken": "", "sound": "", "unknown": ""}})["regions"]
    assert "There is no job" in places["gone"]["html"]
    assert texts.t("error.part") in places["broken"]["html"]
    assert "here" in places["sound"]["html"]
    assert "unknown" not in places


def test_an_unknown_act_tells_to_load_the_page_again():
    assert live.make_act(QUIET, {})([{"act": "__class__"}])["toast"]["text"] == texts.t("error.unknown_act")


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "B", "input": "", "output": "b", "history": [["A", "a"]], "system": "S"},
        {
            "messages": [
                {"role": "system", "content": "S"},
                {"role": "user", "content": "A"},
                {"role": "assistant", "content": "a"},
                {"role": "user", "content": "B"},
                {"role": "assistant", "content": "b"},
            ]
        },
        {
            "conversations": [
                {"from": "system", "value": "S"},
                {"from": "human", "value": "A"},
                {"from": "gpt", "value": "a"},
                {"from": "human", "value": "B"},
                {"from": "gpt", "value": "b"},
            ]
        },
    ],
)
def test_a_row_reads_the_same_in_all_formats(row):
    turns = [turn[:2] for turn in conversation(row)]
    assert turns == [("system", "S"), ("user", "A"), ("assistant", "a"), ("user", "B"), ("assistant", "b")]


def test_dropped_rows_are_counted_by_rule_and_name_no_lesson_ids():
    rows = [{"key": str(n), "rule": "duplicate", "reason": f"The same as lesson lesson_{n}e0f.", "source": "lessons"} for n in range(3)]
    rows += [{"key": "x", "rule": "too_short", "reason": "Only 2 words.", "source": "lessons", "origin": "lesson_77"}]
    item = Manifest.model_construct(dropped=rows)
    html = dropped(item, look.View({"dropped_reason": "duplicate"}))
    assert "lesson_" not in html
    assert html.count("The same as another lesson.") == 3
    assert "Only 2 words." not in html
    assert re.findall(r"<option[^>]*>([^<]*)", html) == ["All reasons (4)", "Duplicates (3)", "Too short (1)"]


def test_each_redaction_shows_its_kind_and_surroundings_and_can_be_left_out():
    rows = [{"key": "k1", "kind": "github", "source": "git", "origin": "0123456789ab", "before": "the token ", "behind": f" {HOSTILE}"}]
    rows += [{"key": "k2", "kind": "url-password", "source": "lessons", "origin": "lesson_7", "before": "", "behind": "@host"}]
    item = Manifest.model_construct(id="d", redactions=rows)
    html = redactions(item, look.View({"out:k1": True}))
    assert "<mark>[github]</mark>" in html
    assert "01234567<" in html
    assert "Curate again, 1 left out" in html
    assert html.count('data-act="lesson.edit"') == 1
    assert not {"img", "script"} & set(Elements(html).tags)
    assert "url password" not in redactions(item, look.View({"secret_kind": "github"})).split("</select>")[1]


def test_commits_that_became_no_example_are_counted_by_reason():
    sources = {"git": {"commits_read": 100, "commits_left_out": {"by bots": 30, "merges": 12}}}
    html = dropped(Manifest.model_construct(dropped=[], sources=sources), look.View({}))
    assert "Of 100 commits that were read, 58 became examples." in html
    assert "by bots" in html


def test_nothing_dropped_does_not_contradict_what_was_left_out():
    """Under "Left out: 2 lessons that are rated bad" stood "Every example of the sources is in the dataset."."""
    assert "Every example of the sources" in dropped(Manifest.model_construct(dropped=[]), look.View({}))
    noted = dropped(Manifest.model_construct(dropped=[], warnings=["Left out: 2 lessons."]), look.View({}))
    assert "Every example of the sources" not in noted
    assert "noted above" in noted


@pytest.mark.parametrize(
    ("error", "reason", "told"),
    [
        (
            "The model hub cannot be reached. Check the network and try again.",
            "The base model could not be fetched: exit code 1.",
            ("The model hub cannot be reached.", "Check the network and try again."),
        ),
        (
            "Killed by signal 9 at step 3.5. Resume it.",
            "Killed by signal 9 at step 3.5.",
            ("Killed by signal 9 at step 3.5.", "Resume it."),
        ),
        (None, "Exit code 1.", ("Exit code 1.", "")),
        ("one line", None, ("one line", "")),
    ],
)
def test_a_failed_job_says_the_error_rather_than_the_exit_code(error, reason, told):
    assert why_failed(Job("j", "a", "failed", "", "", "", "subprocess", "", error=error, reason=reason)) == told


def test_every_text_that_the_page_asks_for_exists():
    from pathlib import Path

    folder = Path(page.__file__).parent
    english = texts.TEXTS["en"]
    asked = set()
    for file in folder.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        asked |= set(re.findall(r'\bt\(\s*"([^"]+)"', source))
        asked |= {f"{key}.{form_}" for key in re.findall(r'plural\(\s*"([^"]+)"', source) for form_ in ("one", "many")}
    for file in folder.glob("*.js"):
        asked |= {f"js.{name}" for name in re.findall(r"\btexts\.([a-z_]+)", file.read_text(encoding="utf-8"))}
    assert asked <= set(english)


def test_a_second_language_is_one_table_and_english_fills_its_gaps(monkeypatch):
    polish = {"count.lessons.one": "{n} lekcja", "count.lessons.few": "{n} lekcje", "count.lessons.many": "{n} lekcji", "tab.chat": "Czat"}
    monkeypatch.setitem(texts.TEXTS, "pl", polish)

    def drawn(language):
        def words(look):
            return pieces.div(texts.t("tab.chat"), ", ".join(texts.plural("count.lessons", n) for n in (1, 3, 5)), texts.t("save"))

        poll = live.make_live(QUIET, {"words": words}, lambda look: "")
        ask = {"state": {"language": language}, "regions": {"words": ""}}
        return contextvars.copy_context().run(poll, ask)["regions"]["words"]["html"]

    assert drawn("pl") == "<div>Czat1 lekcja, 3 lekcje, 5 lekcjiSave</div>"
    assert drawn("xx") == drawn("en") == "<div>Chat1 lesson, 3 lessons, 5 lessonsSave</div>"


def test_regions_of_one_request_ask_for_a_job_once():
    asked = []

    class Counting:
        class jobs:  # noqa: N801
            busy = staticmethod(lambda: None)
            unfinished = staticmethod(list)
            view = staticmethod(lambda job_id: asked.append(job_id) or {"job_id": job_id})
            get = staticmethod(lambda job_id: job_id)

    region = lambda look: pieces.div(look.job.status["job_id"])  # noqa: E731
    counting: Any = Counting()

    def title(look: Any) -> str:
        return look.job.record

    poll = live.make_live(counting, {"a": region, "b": region, "c": region}, title)
    answer = poll({"state": {"job": "j1"}, "regions": {"a": "", "b": "", "c": ""}})
    assert (answer["title"], [part["html"] for part in answer["regions"].values()]) == ("j1", ["<div>j1</div>"] * 3)
    assert asked == ["j1"]
    poll({"state": {"job": "j1"}, "regions": {"a": ""}})
    assert asked == ["j1", "j1"], "the next request asks again"


# ------------------------------------------------------------------ the chat


class Slow:
    """An Academy whose chat answers slowly: the real session, and an engine that repeats the question until it is stopped."""

    def __init__(self, folder):
        settings = Settings(data_dir=folder, _env_file=None)  # type: ignore[call-arg]
        engine: Any = self
        self.session = ChatSession(settings, AdapterStore(settings.models_dir, settings.training_dir), engine=engine)
        self.chat = self.adapters = self.datasets = self
        self.conversations = Conversations(
            Permission(enabled=True), ConversationStore(folder / "conversations"), PresetStore(folder / "presets.json")
        )
        self.loaded, self.asked, self.ended = None, [], []

    def active(self):
        return None

    def answer_to(self, question, adapter_id):
        return None

    def stream(self, request):
        self.asked.append(request)
        return self.session.stream(request)

    def state(self):
        return self.session.state()

    def prepare(self, base, adapter):
        self.loaded = Loaded(base, "cpu")

    def generate(self, messages, adapter, sampling, stop, say):
        question, n = messages[-1]["content"], 0
        for n in range(1000):
            say(f"{question}{n} ")
            if stop.wait(0.02):
                break
        self.ended.append(question)
        return Outcome(1, n, "stopped")


@pytest.fixture
def slow(tmp_path):
    academy = Slow(tmp_path)
    yield academy
    academy.session.close()


def ask(academy, question, *, seed="") -> tuple[threading.Event, Any]:
    stop = threading.Event()
    asked = asking.Asked.of(question, {"chat": f"conversation-{question}"})
    return stop, asking.answer(academy, stop, asked, "base", False, "", False, "", 0, 1, 256, seed)


def test_stop_ends_the_own_reply_and_drops_the_own_waiting_question_only(slow):
    stop_first, first = ask(slow, "one")
    next(step for step in first if "one3" in str(step))
    stop_second, second = ask(slow, "two")
    assert "before yours" in str([next(second), next(second)])
    stop_second.set()
    last = list(second)[-1]
    assert slow.session.state()["waiting"] == 0, "its place is free again"
    assert last[0] == "two", "the question that was not answered is put back"
    assert "one" not in slow.ended
    next(step for step in first if "one9" in str(step))
    stop_first.set()
    list(first)
    turns = slow.conversations.get("conversation-one").turns
    assert turns[0].replies[0].text.startswith("one0 ")
    assert replies.facts(turns[0].replies[0]) == texts.t("chat.stopped")
    wait_until(lambda: slow.ended == ["one"], "the first reply to end")


def test_a_page_that_goes_away_leaves_the_line(slow):
    _, first = ask(slow, "one")
    next(step for step in first if "one3" in str(step))
    _, second = ask(slow, "two")
    assert "before yours" in str([next(second), next(second)])
    second.close()
    assert slow.session.state()["waiting"] == 0
    first.close()
    wait_until(lambda: slow.ended == ["one"], "the first reply to end")


def test_the_seed_nought_is_a_seed_like_any_other(slow):
    for seed in ("0", ""):
        stop, steps = ask(slow, "x", seed=seed)
        next(step for step in steps if "x1" in str(step))
        stop.set()
        list(steps)
        wait_until(lambda: not slow.session.state()["busy"], "the reply to end")
    assert [request.seed for request in slow.asked] == [0, None]
