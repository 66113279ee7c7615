"""The Chat tab: the conversations, the open one in the middle, who answers and how at the side."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.chat.request import BASE, ChatRequest
from academy.curation.lessons import exchange_of
from academy.errors import NotFound
from academy.rows import is_text, turns_of
from academy.ui.answers import log
from academy.ui.chat import asking, blind, correcting, presets, talks, teaching, who
from academy.ui.chat.choices import LONGEST_REPLY
from academy.ui.html.elements import Html, clip, div, field, go, join, live, notice, remedy, span, switch, tag
from academy.ui.look import Look
from academy.ui.texts.translate import reader, say, spoken, t

if TYPE_CHECKING:
    from academy.services.academy import Academy

_HOW = ("memory", "system", "temperature", "top_p", "longest", "seed")
"""The fields that the browser keeps over a reload, in the order of the handlers' inputs."""

_KEPT_KINDS: tuple[tuple[Any, Any, Any], ...] = (
    (bool, None, None),
    (str, None, None),
    (int | float, 0, 2),
    (int | float, 0.05, 1),
    (int, 1, 8192),
    (str, None, None),
)
"""The kind and the range of each of them."""

_SUGGESTIONS = 3
_SUGGESTION_CHARS = 90
_FILES = "text/*,.md,.txt,.csv,.json,.jsonl,.log,.py,.js,.ts,.html,.css,.xml,.yaml,.yml,.toml,.ini,.sql,.sh,.c,.cpp,.h,.java,.go,.rs"

_KEEP = "(value) => {{ window.academy.chat.keep({at}, value); }}"
_CHOSEN = "(value) => {{ window.academy.chat.choose({{ {name}: value }}); }}"
_PRESET = "(name) => { window.academy.chat.preset(name); }"
_KEPT = "() => window.academy.chat.kept()"
_SEND = "() => { window.academy.chat.send(); }"


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """Conversations, question, choices."""
    parts: dict[str, Any] = {}
    with gr.Row(elem_id="chat-grid"):
        with gr.Column(elem_id="chat-list", min_width=0):
            gr.HTML(_list(), apply_default_css=False)
        with gr.Column(elem_id="chat-main", min_width=0):
            parts |= _conversation()
        with gr.Column(elem_id="chat-side", min_width=0, elem_classes="ac-panel"):
            parts |= _choices()
    _connect(academy, page, bus, out, parts)


def _new(cls: str = "") -> Html:
    return tag("button", t("chat.clear"), type="button", cls=f"ac-btn {cls}".strip(), data_set=json.dumps({"chat": ""}))


def _list() -> Html:
    search = field("chat_query", kind="search", placeholder=t("chats.search"))
    rows = live("chat_list", cls="ac-chat-rows")
    return div(_new("ac-chats-new"), search, rows, cls="ac-chats", role="navigation", aria_label=t("chats.title"))


def _conversation() -> dict[str, Any]:
    toggle = tag(
        "button", t("chats.title"), type="button", cls="ac-btn ac-btn-small ac-chats-toggle", data_do="chats", aria_expanded="false"
    )
    gr.HTML(div(toggle, live("chat_pin", Html("")), cls="ac-chat-head"), apply_default_css=False)
    gr.HTML(live("chat_state", Html("")), apply_default_css=False, elem_classes="ac-bare")
    with gr.Column(elem_id="chat-log", min_width=0):
        gr.HTML(live("chat_turns"), elem_id="chat-past", apply_default_css=False)
        gr.HTML(div(id="chat-stream"), elem_id="chat-now", apply_default_css=False)
    jump = tag("button", t("chat.jump"), type="button", cls="ac-btn ac-btn-small", data_do="chat_end", id="chat-jump", hidden=True)
    gr.HTML(join([jump, div(id="chat-file"), live("chat_new", Html(""))]), apply_default_css=False, elem_id="chat-above")
    with gr.Row(elem_id="chat-ask"):
        gr.HTML(_attach(), apply_default_css=False, elem_id="chat-attach")
        question = gr.Textbox(
            show_label=False,
            label=t("chat.question"),
            placeholder=t("chat.placeholder"),
            lines=1,
            max_lines=8,
            elem_id="chat-question",
            scale=1,
            min_width=0,
        )
        send = gr.Button(t("chat.send"), variant="primary", elem_id="chat-send", scale=0, min_width=88)
        stop = gr.Button(t("chat.stop"), elem_id="chat-stop", scale=0, min_width=88, visible="hidden")
    return {"question": question, "send": send, "stop": stop}


def _attach() -> Html:
    title = t("chat.attach")
    chooser = tag("input", type="file", accept=_FILES, aria_label=title, id="chat-chooser", tabindex="-1")
    button = tag("button", clip(), type="button", cls="ac-btn ac-btn-quiet", title=title, aria_label=title, data_do="attach")
    return join([button, span(chooser, cls="ac-hidden")])


def _choices() -> dict[str, Any]:
    fields = ChatRequest.model_fields

    def named(key: str) -> dict[str, Any]:
        return {"label": say(fields[key].title), "info": say(fields[key].description)}

    base = [(t("chat.base"), BASE)]
    who_ = gr.Dropdown([(t("chat.active"), ""), *base], value="", label=t("chat.who"), info=t("chat.who_info"), elem_id="chat-who")
    compare = gr.Checkbox(False, label=t("chat.compare"), info=t("chat.compare_info"), elem_id="chat-compare")
    beside = gr.Dropdown(base, value=BASE, label=t("chat.beside"), elem_id="chat-beside", elem_classes="ac-only-compared")
    # Beside a comparison only; the browser keeps it and sends it with the question.
    gr.HTML(switch("blind", False, t("chat.blind")), apply_default_css=False, elem_id="chat-blind", elem_classes="ac-only-compared")
    # Where the base has a form for thoughts; the browser keeps it and sends it with the question, as above.
    gr.HTML(live("chat_think", Html("")), apply_default_css=False, elem_id="chat-think")
    memory = gr.Checkbox(True, label=t("chat.memory"), info=t("chat.memory_info"), elem_id="chat-memory")
    with gr.Accordion(t("chat.sampling"), open=False, elem_id="chat-how"):
        preset = gr.Dropdown([(t("preset.none"), "")], value="", label=t("preset.label"), info=t("preset.info"), elem_id="chat-preset")
        gr.HTML(live("chat_preset", Html("")), apply_default_css=False)
        how = {
            "system": gr.Textbox(label=t("chat.system"), info=t("chat.system_info"), lines=2, max_lines=6, elem_id="chat-system"),
            "temperature": gr.Slider(0, 2, 0, step=0.05, elem_id="chat-temperature", **named("temperature")),
            "top_p": gr.Slider(0.05, 1, 1, step=0.05, **named("top_p")),
            "longest": gr.Number(LONGEST_REPLY, precision=0, elem_id="chat-longest", **named("max_new_tokens")),
            "seed": gr.Textbox(max_lines=1, placeholder=t("chat.no_seed"), **named("seed")),
        }
    stored = gr.Textbox(visible=False)
    return {"who": who_, "compare": compare, "beside": beside, "memory": memory, "preset": preset, "stored": stored, **how}


def _connect(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML, parts: dict[str, Any]) -> None:
    # The unanswered questions of each browser tab, by Gradio's name for the tab, so that Stop ends the replies of its own tab only.
    open_questions: dict[str, set[threading.Event]] = {}

    # Real functions: Gradio does not see the request or the event among a partial's arguments.
    def answer(request: gr.Request, event: gr.EventData, question: str, *how: Any) -> Iterator[list[Any]]:
        stop, mine = threading.Event(), open_questions.setdefault(request.session_hash or "", set())
        mine.add(stop)
        data = event._data or {}
        # Who answers comes with the question: a drop-down's value is refused by an app that was started since.
        who_answers = str(data.get("who") or ""), bool(data.get("compare")), str(data.get("beside") or "")
        try:
            replies = asking.answer(academy, stop, asking.Asked.of(question, data), *who_answers, *how)
            yield from spoken(reader(request), replies)
        finally:
            stop.set()
            mine.discard(stop)
            if not mine:
                open_questions.pop(request.session_hash or "", None)

    def end(request: gr.Request) -> None:
        for stop in list(open_questions.get(request.session_hash or "", ())):
            stop.set()

    def choose(event: gr.EventData) -> list[Any]:
        return _chosen(academy, event._data or {})

    def show_presets(event: gr.EventData) -> list[Any]:
        data = event._data or {}
        name = str(data.get("preset") or "")
        values = presets.chosen(academy, name) if data.get("apply") else [gr.skip()] * 5
        return [gr.update(choices=presets.options(academy), value=name), *values]

    def ask_preset(event: gr.EventData, *how: Any) -> dict[str, Any]:
        return presets.ask_name(str((event._data or {}).get("preset") or ""), "", False, "", *how)

    quick: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    how, answering = [parts[name] for name in _HOW], [parts[name] for name in ("who", "beside", "memory", "compare")]
    bus.ask(
        answer,
        inputs=[parts["question"], *how],
        outputs=[parts["question"], parts["send"], parts["stop"], out],
        api_visibility="private",
        show_progress="hidden",
        concurrency_limit=16,
        concurrency_id="chat",
    )
    for event in (parts["question"].submit, parts["send"].click):
        event(None, js=_SEND, **quick)
    parts["stop"].click(end, **quick)
    # Each tells of itself: Gradio reads the fields of two events that come together in any order.
    for at, part in enumerate(how):
        part.change(None, inputs=[part], js=_KEEP.format(at=at), **quick)
    # Only what a person does: several fields that change at once would tell of states in between.
    for name in ("who", "compare", "beside"):
        parts[name].input(None, inputs=[parts[name]], js=_CHOSEN.format(name=name), **quick)
    parts["preset"].input(None, inputs=[parts["preset"]], js=_PRESET, **quick)
    bus.answerers(choose, outputs=[*answering, out], **quick)
    bus.presets(show_presets, outputs=[parts["preset"], *how[1:]], **quick)
    bus.preset(ask_preset, inputs=how, outputs=[out], **quick)
    page.load(_stored(academy), inputs=[parts["stored"]], outputs=[*answering, parts["preset"], *how[1:]], js=_KEPT, **quick)


def _chosen(academy: Academy, data: dict[str, Any]) -> list[Any]:
    """Who can answer, for their fields: who, beside, memory, compare, and the page's answer.

    What a person has chosen since stays, unless the page says `set`, or what it names cannot answer any more.
    """
    who_, beside, memory = who.answerers(academy, str(data.get("who") or ""), str(data.get("beside") or ""))
    if not data.get("set"):
        fields = (("who", who_), ("beside", beside))
        same = {name: update.pop("value") for name, update in fields if update["value"] == str(data.get(name) or "")}
        gone = {name: update["value"] for name, update in fields if name not in same}
        return [who_, beside, memory, gr.skip(), {"state": gone, "nonce": time.monotonic()} if gone else gr.skip()]
    state = {"who": who_["value"], "beside": beside["value"], "compare": bool(data.get("compare"))}
    return [who_, beside, memory, state["compare"], {"state": state, "nonce": time.monotonic()}]


def _stored(academy: Academy) -> Callable[[str | None], list[Any]]:
    """The handler that fills the choices when the page is opened, with what the browser kept of them."""

    def fill(stored: str | None) -> list[Any]:
        kept: dict[str, Any] = {}
        with contextlib.suppress(ValueError):
            read = json.loads(stored or "{}")
            kept = read if isinstance(read, dict) else {}
        who_, beside, remembers = who.answerers(academy, str(kept.get("who") or ""), str(kept.get("beside") or ""))
        memory, *how = _checked(kept.get("how"))
        options, name = presets.options(academy), str(kept.get("preset") or "")
        preset = gr.update(choices=options, value=name if any(name == value for _, value in options) else "")
        return [who_, beside, remembers if memory is None else memory, bool(kept.get("compare")), preset, *how]

    return fill


def _checked(values: Any) -> list[Any]:
    """What the browser kept of the fields, as far as it can be used; "leave it" for the others, and None for an unknown memory."""
    values = [*(values if isinstance(values, list) else []), *[None] * len(_HOW)][: len(_HOW)]
    fits = [
        isinstance(value, kind) and (least is None or least <= value <= most)
        for value, (kind, least, most) in zip(values, _KEPT_KINDS, strict=True)
    ]
    memory, *others = [value if fit else gr.skip() for value, fit in zip(values, fits, strict=True)]
    return [memory if fits[0] else None, *others]


def _state(look: Look) -> Html:
    look.academy.chat.warm()
    state = look.academy.chat.state()
    if not state["available"]:
        missing = look.academy.machine.libraries()
        return notice(say(state["reason"] or missing.reason), remedy(say(missing.remedy)), kind="warn")
    if state["aside"]:
        return notice(t("chat.aside"), say(state["aside"]), go(t("first.watch"), kind="small", tab="training"), kind="info")
    return Html("")


def _think(look: Look) -> Html:
    """The switch for thinking, where the model that answers has a form for it."""
    if not look.academy.settings.enabled or not look.academy.chat.thinks(look.text("who") or None):
        return Html("")
    who_answers = next((item for item in look.adapters if item.adapter_id == look.text("who")), None if look.text("who") else look.active)
    taught = who_answers is not None and who_answers.thinks
    info = t("chat.think_taught" if taught else "chat.think_info")
    return div(switch("think", look.flag("think", taught), t("chat.think")), tag("p", info, cls="ac-help"))


def _suggestions(look: Look) -> Html:
    attributes = {"type": "button", "cls": "ac-suggestion", "data_do": "suggested"}
    short = [text for text in _learned(look) if len(text) < _SUGGESTION_CHARS][:_SUGGESTIONS]
    return div(*[tag("button", text, data_text=text, **attributes) for text in short], cls="ac-suggestions")


def _learned(look: Look) -> list[str]:
    """Questions from the data of the active adapter; without one, of the newest lessons."""
    if look.active is not None and look.active.dataset_id:
        try:
            rows = map(turns_of, look.academy.datasets.rows(look.active.dataset_id, 0, 12))
            return [exchange_of(turns)[0] for turns in rows if not is_text(turns)]
        except NotFound:
            log.info("The dataset of %s no longer exists; the newest lessons are suggested instead.", look.active.adapter_id)
    return [lesson.situation for lesson in look.academy.lessons.list(limit=12).items]


REGIONS = {
    "chat_state": _state,
    "chat_pin": who.line,
    "chat_think": _think,
    "chat_new": teaching.line,
    "chat_turns": talks.shown,
    "chat_list": talks.listed,
    "chat_preset": presets.tools,
    "chat_suggestions": _suggestions,
}
ACTS = {
    "chat.pick": blind.pick,
    "chat.rate": correcting.rate,
    "chat.correct": correcting.ask_correction,
    "chat.corrected": correcting.correct,
    "chat.teach": teaching.teach,
    "chat.version": talks.show_version,
    "chat.edit": talks.edit,
    "chat.delete_turn": talks.delete_turn,
    "chat.rename": talks.ask_name,
    "chat.renamed": talks.rename,
    "chat.delete": talks.delete,
    "chat.restore": talks.restore,
    "preset.saved": presets.save,
    "preset.rename": presets.ask_rename,
    "preset.renamed": presets.rename,
    "preset.delete": presets.delete,
}
