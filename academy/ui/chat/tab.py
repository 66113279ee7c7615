"""The Chat tab: the conversation in the middle, who answers and how at the side."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.chat.request import BASE, ChatRequest
from academy.errors import NotFound
from academy.models import BUNDLED
from academy.rows import turns_of
from academy.ui.answers import Problem, log
from academy.ui.chat import asking, correcting
from academy.ui.chat.replies import Turn, conversation, no_conversation
from academy.ui.html.elements import Html, div, go, live, notice, remedy, tag
from academy.ui.look import Look
from academy.ui.texts.translate import say, t

if TYPE_CHECKING:
    from academy.services.academy import Academy

_INPUTS = ("question", "history", "who", "compare", "memory", "system", "temperature", "top_p", "longest", "seed")
_OUTPUTS = ("question", "past", "now", "history", "send", "stop")
_MOST_ADAPTERS = 200
_SUGGESTIONS = 3
_SUGGESTION_CHARS = 90


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """Conversation, question, choices."""
    parts: dict[str, Any] = {"history": gr.BrowserState([], storage_key="academy.chat", secret="academy")}
    with gr.Row(elem_id="chat-grid"):
        with gr.Column(elem_id="chat-main", min_width=0):
            parts |= _conversation()
        with gr.Column(elem_id="chat-side", min_width=0, elem_classes="ac-panel"):
            parts |= _choices()
    _connect(academy, page, bus, out, parts)


def _conversation() -> dict[str, Any]:
    gr.HTML(live("chat_state", Html("")), apply_default_css=False, elem_classes="ac-bare")
    scroll: dict[str, Any] = {"apply_default_css": False, "js_on_load": "watch('value', () => window.academy.chatScroll());"}
    with gr.Column(elem_id="chat-log", min_width=0):
        past = gr.HTML(no_conversation(), elem_id="chat-past", **scroll)
        now = gr.HTML("", elem_id="chat-now", **scroll)
    with gr.Row(elem_id="chat-ask"):
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
    return {"past": past, "now": now, "question": question, "send": send, "stop": stop}


def _choices() -> dict[str, Any]:
    fields = ChatRequest.model_fields

    def named(key: str) -> dict[str, Any]:
        return {"label": fields[key].title, "info": fields[key].description}

    who = gr.Dropdown([(t("chat.active"), "")], value="", label=t("chat.who"), info=t("chat.who_info"), elem_id="chat-who")
    compare = gr.Checkbox(False, label=t("chat.compare"), info=t("chat.compare_info"), elem_id="chat-compare")
    memory = gr.Checkbox(True, label=t("chat.memory"), info=t("chat.memory_info"), elem_id="chat-memory")
    system = gr.Textbox(label=t("chat.system"), info=t("chat.system_info"), lines=2, max_lines=6, elem_id="chat-system")
    with gr.Accordion(t("chat.sampling"), open=False):
        sampling = {
            "temperature": gr.Slider(0, 2, 0, step=0.05, **named("temperature")),
            "top_p": gr.Slider(0.05, 1, 1, step=0.05, **named("top_p")),
            "longest": gr.Number(256, precision=0, **named("max_new_tokens")),
            "seed": gr.Textbox(max_lines=1, placeholder=t("chat.no_seed"), **named("seed")),
        }
    clear = gr.Button(t("chat.clear"), size="sm", elem_id="chat-clear")
    return {"who": who, "compare": compare, "memory": memory, "system": system, "clear": clear, **sampling}


def _connect(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML, parts: dict[str, Any]) -> None:
    history, past = parts["history"], parts["past"]
    # The unanswered questions of each browser tab, by Gradio's name for the tab, so that Stop ends the replies of its own tab only.
    open_questions: dict[str, set[threading.Event]] = {}

    # Real functions: Gradio does not see the request or the event among a partial's arguments.
    def answer(request: gr.Request, *values: Any) -> Iterator[list[Any]]:
        stop, mine = threading.Event(), open_questions.setdefault(request.session_hash or "", set())
        mine.add(stop)
        try:
            yield from asking.answer(academy, stop, *values)
        finally:
            stop.set()
            mine.discard(stop)
            if not mine:
                open_questions.pop(request.session_hash or "", None)

    def end(request: gr.Request) -> None:
        for stop in list(open_questions.get(request.session_hash or "", ())):
            stop.set()

    def rate(turns: list[Turn] | None, event: gr.EventData) -> list[Any]:
        return correcting.rate(academy, turns, event)

    quick: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    ask: dict[str, Any] = {
        "inputs": [parts[name] for name in _INPUTS],
        "outputs": [*(parts[name] for name in _OUTPUTS), out],
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_limit": 16,
        "concurrency_id": "chat",
    }
    parts["question"].submit(answer, **ask)
    parts["send"].click(answer, **ask)
    parts["stop"].click(end, **quick)
    parts["clear"].click(lambda: [no_conversation(), "", []], outputs=[past, parts["now"], history], **quick)
    for event in (page.load, bus.datasets):
        event(functools.partial(_answerers, academy), inputs=[parts["who"]], outputs=[parts["who"], parts["memory"]], **quick)
    # The browser reads its storage in its own time, before or after the page's load event: only this event knows when.
    history.change(lambda turns: conversation(turns) if turns else gr.skip(), inputs=[history], outputs=[past], **quick)
    bus.rate(rate, inputs=[history], outputs=[history, past, out], **quick)
    bus.mark(correcting.mark_corrected, inputs=[history], outputs=[history, past], **quick)
    bus.correct(correcting.ask_correction, inputs=[history], outputs=[out], **quick)
    getattr(bus, "try")(_try, outputs=[parts["who"], parts["compare"]], **quick)


def _answerers(academy: Academy, who: str) -> list[Any]:
    """The active adapter, the base model and all adapters to choose from, and whether earlier messages help the base."""
    adapters, active = [], None
    with Problem():  # where Academy is disabled, there is nothing to choose
        adapters, active = academy.adapters.list(), academy.adapters.active()
    choices = [(t("chat.active_named", name=active.name) if active else t("chat.active"), ""), (t("chat.base"), BASE)]
    choices += [(item.name, item.adapter_id) for item in adapters[:_MOST_ADAPTERS]]
    base = active.base_model if active else academy.settings.default_base_model
    kept = who if any(who == value for _, value in choices) else ""
    return [gr.update(choices=choices, value=kept), base not in BUNDLED]


def _try(event: gr.EventData) -> list[Any]:
    return [gr.update(value=str((event._data or {}).get("adapter", ""))), gr.update(value=True)]


def _state(look: Look) -> Html:
    look.academy.chat.warm()
    state = look.academy.chat.state()
    if not state["available"]:
        missing = look.academy.machine.libraries()
        return notice(say(state["reason"] or missing.reason), remedy(say(missing.remedy)), kind="warn")
    if state["aside"]:
        return notice(t("chat.aside"), say(state["aside"]), go(t("first.watch"), kind="small", tab="training"), kind="info")
    return Html("")


def _suggestions(look: Look) -> Html:
    attributes = {"type": "button", "cls": "ac-suggestion", "data_do": "put", "data_target": "chat-question"}
    short = [text for text in _learned(look) if len(text) < _SUGGESTION_CHARS][:_SUGGESTIONS]
    return div(*[tag("button", text, data_text=text, **attributes) for text in short], cls="ac-suggestions")


def _learned(look: Look) -> list[str]:
    """Questions from the data of the active adapter; without one, of the newest lessons."""
    if look.active is not None and look.active.dataset_id:
        try:
            return [turns_of(row)[-2][1] for row in look.academy.datasets.rows(look.active.dataset_id, 0, 12)]
        except NotFound:
            log.info("The dataset of %s no longer exists; the newest lessons are suggested instead.", look.active.adapter_id)
    return [lesson.situation for lesson in look.academy.lessons.list(limit=12).items]


REGIONS = {"chat_state": _state, "chat_suggestions": _suggestions}
ACTS = {"chat.correct": correcting.correct}
