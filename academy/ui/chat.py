"""The Chat tab: ask, see who answered, rate or correct the reply (which becomes a lesson), compare with the base model."""

from __future__ import annotations

import functools
import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr
from pydantic import ValidationError

from academy.chat.request import BASE, ChatReply, ChatRequest
from academy.errors import AcademyError, NotFound
from academy.models import BUNDLED
from academy.rows import turns_of
from academy.ui.html.elements import Html, div, esc, go, join, live, notice, remedy, span, tag, thumb
from academy.ui.html.numbers import number, plural
from academy.ui.html.prose import prose
from academy.ui.live import View, log, safely, sentences, toast
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.services.academy import Academy

_EVERY = 0.06
_PULSE = 0.25
_TURNS = 40


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """Conversation in the middle, who answers and how at the side."""
    known = ChatRequest.model_fields
    history = gr.BrowserState([], storage_key="academy.chat", secret="academy")
    with gr.Row(elem_id="chat-grid"):
        with gr.Column(elem_id="chat-main", min_width=0):
            gr.HTML(live("chat_state", Html("")), apply_default_css=False, elem_classes="ac-bare")
            with gr.Column(elem_id="chat-log", min_width=0):
                past = gr.HTML(
                    _empty(),
                    apply_default_css=False,
                    elem_id="chat-past",
                    js_on_load="watch('value', () => window.academy.chatScroll());",
                )
                now = gr.HTML(
                    "", apply_default_css=False, elem_id="chat-now", js_on_load="watch('value', () => window.academy.chatScroll());"
                )
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
        with gr.Column(elem_id="chat-side", min_width=0, elem_classes="ac-panel"):
            who = gr.Dropdown([(t("chat.active"), "")], value="", label=t("chat.who"), info=t("chat.who_info"), elem_id="chat-who")
            compare = gr.Checkbox(False, label=t("chat.compare"), info=t("chat.compare_info"), elem_id="chat-compare")
            memory = gr.Checkbox(True, label=t("chat.memory"), info=t("chat.memory_info"), elem_id="chat-memory")
            system = gr.Textbox(label=t("chat.system"), info=t("chat.system_info"), lines=2, max_lines=6, elem_id="chat-system")
            with gr.Accordion(t("chat.sampling"), open=False):
                temperature = gr.Slider(0, 2, 0, step=0.05, label=known["temperature"].title, info=known["temperature"].description)
                top_p = gr.Slider(0.05, 1, 1, step=0.05, label=known["top_p"].title, info=known["top_p"].description)
                longest = gr.Number(256, precision=0, label=known["max_new_tokens"].title, info=known["max_new_tokens"].description)
                seed = gr.Textbox(label=known["seed"].title, info=known["seed"].description, max_lines=1, placeholder=t("chat.no_seed"))
            clear = gr.Button(t("chat.clear"), size="sm", elem_id="chat-clear")

    # A real function: Gradio does not see the event among a partial's arguments.
    def rate(turns: list[dict[str, Any]] | None, event: gr.EventData) -> list[Any]:
        return _rate(academy, turns, event)

    # What each tab has asked and is not answered yet, by Gradio's name for the tab, so that Stop ends this tab's reply and no other's.
    open_questions: dict[str, set[threading.Event]] = {}

    def answer(request: gr.Request, *values: Any) -> Iterator[list[Any]]:
        stop, mine = threading.Event(), open_questions.setdefault(request.session_hash or "", set())
        mine.add(stop)
        try:
            yield from _answer(academy, stop, *values)
        finally:
            stop.set()
            mine.discard(stop)
            if not mine:
                open_questions.pop(request.session_hash or "", None)

    def end(request: gr.Request) -> None:
        for stop in list(open_questions.get(request.session_hash or "", ())):
            stop.set()

    quick: dict[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
    asking: dict[str, Any] = {
        "inputs": [question, history, who, compare, memory, system, temperature, top_p, longest, seed],
        "outputs": [question, past, now, history, send, stop, out],
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_limit": 16,
        "concurrency_id": "chat",
    }
    question.submit(answer, **asking)
    send.click(answer, **asking)
    stop.click(end, **quick)
    clear.click(lambda: [_empty(), "", []], outputs=[past, now, history], **quick)
    for event in (page.load, bus.datasets):
        event(functools.partial(_choices, academy), inputs=[who], outputs=[who, memory], **quick)
    # The browser reads what it kept in its own time, after or before the page's load event: only this event knows when.
    history.change(lambda turns: _log(turns) if turns else gr.skip(), inputs=[history], outputs=[past], **quick)
    bus.rate(rate, inputs=[history], outputs=[history, past, out], **quick)
    bus.mark(_mark, inputs=[history], outputs=[history, past], **quick)
    bus.correct(_correction, inputs=[history], outputs=[out], **quick)
    getattr(bus, "try")(_try, outputs=[who, compare], **quick)


# ------------------------------------------------------------------ asking


def _answer(
    academy: Academy,
    stop: threading.Event,
    question: str,
    history: list[dict[str, Any]] | None,
    who: str,
    compare: bool,
    memory: bool,
    system: str,
    temperature: float,
    top_p: float,
    longest: float | None,
    seed: str,
) -> Iterator[list[Any]]:
    """Streams the reply, and with "compare" the base model's after it, until `stop` is set."""
    turns = list(history or [])[-_TURNS:]
    question = (question or "").strip()
    if not question:
        yield [gr.skip()] * 7
        return
    messages = [{"role": "system", "content": system.strip()}] if system and system.strip() else []
    for turn in turns if memory else []:
        first = turn["replies"][0] if turn["replies"] else None
        if first and first.get("text"):
            messages += [{"role": "user", "content": turn["question"]}, {"role": "assistant", "content": first["text"]}]
    messages.append({"role": "user", "content": question})
    turn: dict[str, Any] = {"question": question, "replies": []}
    asked: list[str | None] = [who or None] + ([BASE] if compare and who != BASE else [])
    yield ["", gr.skip(), _turn(turn, -1, waiting=True), gr.skip(), gr.update(visible="hidden"), gr.update(visible=True), gr.skip()]
    problem = None
    for adapter_id in asked:
        reply: dict[str, Any] = {"text": "", "name": "", "base": "", "facts": ""}
        turn["replies"].append(reply)
        try:
            values = {
                "messages": messages,
                "adapter_id": adapter_id,
                "temperature": temperature,
                "top_p": top_p,
                "max_new_tokens": int(longest or 256),
            }
            request = ChatRequest.model_validate(values | ({"seed": seed.strip()} if seed and seed.strip() else {}))
            last, ahead = 0.0, _ahead(academy)
            for piece in _Reading(academy, request, stop):
                if isinstance(piece, ChatReply):
                    _finish(reply, piece)
                    continue
                if piece and not reply["base"]:
                    _sign(academy, reply, adapter_id)
                reply["text"] += piece
                ahead = 0 if reply["text"] else min(ahead, max(0, _ahead(academy) - 1))
                if not piece or time.monotonic() - last > _EVERY:
                    last, reply["waits"] = time.monotonic(), ahead
                    yield [gr.skip(), gr.skip(), _turn(turn, -1, waiting=True), gr.skip(), gr.skip(), gr.skip(), gr.skip()]
        except AcademyError as error:
            problem = notice(error.message, remedy(error.hint))
        except ValidationError as error:
            problem = notice(t("error.values"), join([tag("p", text) for text in sentences(error, ChatRequest)[:5]]))
        except Exception:
            log.exception("The chat failed.")
            problem = notice(t("error.unexpected"), t("error.unexpected_hint"))
        reply.pop("waits", None)
        if stop.is_set() and not reply["facts"]:
            reply["facts"] = t("chat.stopped")
        if problem is not None or stop.is_set():
            turn["replies"] = [known for known in turn["replies"] if known["text"]]
            break
    if turn["replies"]:
        turns.append(turn)
    left = gr.skip() if turn["replies"] else question
    yield [left, _log(turns), problem or "", turns, gr.update(visible=True), gr.update(visible="hidden"), gr.skip()]


def _ahead(academy: Academy) -> int:
    """The replies that a question asked now has to wait for."""
    state = academy.chat.state()
    return int(state["waiting"]) + int(state["busy"])


class _Reading:
    """A reply piece by piece, "" while nothing comes; when `stop` is set or nobody reads on, the reply ends or leaves the line at once."""

    def __init__(self, academy: Academy, request: ChatRequest, stop: threading.Event) -> None:
        self._stop = stop
        self._reply = academy.chat.stream(request)
        self._pieces: queue.SimpleQueue[str | ChatReply | BaseException | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="chat-listener", daemon=True).start()

    def __iter__(self) -> Iterator[str | ChatReply]:
        try:
            while not self._stop.is_set():
                try:
                    piece = self._pieces.get(timeout=_PULSE)
                except queue.Empty:
                    yield ""
                    continue
                if isinstance(piece, BaseException):
                    raise piece
                if piece is None:
                    return
                yield piece
        finally:
            self._reply.close()

    def _read(self) -> None:
        try:
            for piece in self._reply:
                self._pieces.put(piece)
            self._pieces.put(None)
        except Exception as error:
            # Told to whoever asked, as if it had been raised there.
            self._pieces.put(error)


def _sign(academy: Academy, reply: dict[str, Any], asked: str | None) -> None:
    """Who answers, as far as it is known before the reply has ended: what is loaded while its first words come."""
    state = academy.chat.state()
    found = asked or state["adapter_id"]
    reply |= {"adapter_id": None if found == BASE else found, "base": state["base_model"] or ""}
    try:
        reply["name"] = academy.adapters.get(found).name if reply["adapter_id"] else ""
    except AcademyError:
        reply["name"] = found


def _finish(reply: dict[str, Any], done: ChatReply) -> None:
    facts = [plural("count.tokens", done.completion_tokens)]
    facts += [t("chat.speed", n=number(round(done.tokens_per_second)))] if done.tokens_per_second else []
    facts += [t("chat.cut")] if done.finish == "length" else [t("chat.stopped")] if done.stopped else []
    reply |= {
        "text": done.text,
        "adapter_id": done.adapter_id,
        "name": done.adapter_name or (done.adapter_id or ""),
        "base": done.base_model,
        "facts": " · ".join(facts),
        "notes": list(done.notes),
    }


# ------------------------------------------------------------------ drawing


def _log(turns: list[dict[str, Any]]) -> Html:
    return div(*[_turn(turn, index) for index, turn in enumerate(turns)], cls="ac-turns")


def _turn(turn: dict[str, Any], index: int, waiting: bool = False) -> Html:
    replies = [_reply(reply, index, place, waiting and place == len(turn["replies"]) - 1) for place, reply in enumerate(turn["replies"])]
    if waiting and not replies:
        replies = [div(div(span(cls="ac-spin"), span(t("chat.loading"), cls="ac-soft"), cls="ac-row"), cls="ac-reply")]
    return div(
        div(div(esc(turn["question"]), cls="ac-said"), cls="ac-question"),
        div(*replies, cls="ac-replies" + (" is-compared" if len(replies) > 1 else "")),
        cls="ac-turn",
    )


def _reply(reply: dict[str, Any], index: int, place: int, waiting: bool) -> Html:
    name, mark = reply.get("name"), reply.get("mark")
    who = (
        span(name, cls="ac-badge ac-badge-on ac-cut", title=t("chat.badge", name=name, base=reply.get("base")))
        if name
        else span(t("chat.base"), cls="ac-badge", title=reply.get("base") or None)
    )
    head = div(
        who if reply.get("base") else span(cls="ac-spin"), span(reply.get("facts", ""), cls="ac-soft ac-num"), cls="ac-row ac-reply-head"
    )
    silent = plural("chat.waiting", reply["waits"]) if reply.get("waits") else t("chat.loading")
    words = prose(reply["text"]) if reply["text"] else div(silent if waiting else t("chat.silent"), cls="ac-soft")
    notes = [div(text, cls="ac-help") for text in reply.get("notes", [])]
    tools: Any = ""
    if not waiting and index >= 0:
        tools = div(
            _thumb("good", t("chat.good"), index, place, mark),
            _thumb("bad", t("chat.bad"), index, place, mark),
            tag(
                "button",
                t("chat.correct"),
                type="button",
                cls="ac-btn ac-btn-quiet ac-btn-small",
                data_event="correct",
                data_turn=index,
                data_reply=place,
            ),
            tag("button", t("copy"), type="button", cls="ac-btn ac-btn-quiet ac-btn-small", data_copy=reply["text"]),
            span(t(f"chat.mark_{mark}"), cls="ac-soft") if mark in ("good", "bad", "corrected") else "",
            cls="ac-row ac-reply-tools",
        )
    return div(head, words, *notes, tools, cls="ac-reply")


def _thumb(rating: str, title: str, index: int, place: int, mark: str | None) -> Html:
    chosen = " is-chosen" if mark == rating else ""
    return tag(
        "button",
        thumb(rating),
        type="button",
        cls=f"ac-btn ac-btn-quiet ac-btn-small ac-thumb{chosen}",
        title=title,
        aria_label=title,
        aria_pressed="true" if mark == rating else "false",
        data_event="rate",
        data_rating=rating,
        data_turn=index,
        data_reply=place,
    )


def _empty() -> Html:
    return div(
        div(t("chat.empty"), cls="ac-empty-title"),
        div(t("chat.empty_text"), cls="ac-empty-text"),
        live("chat_suggestions", Html("")),
        cls="ac-empty ac-chat-empty",
    )


def _chat_suggestions(academy: Academy, view: View) -> Html:
    return div(
        *[
            tag("button", text, type="button", cls="ac-suggestion", data_do="put", data_target="chat-question", data_text=text)
            for text in [text for text in _learned(academy) if len(text) < 90][:3]
        ],
        cls="ac-suggestions",
    )


def _learned(academy: Academy) -> list[str]:
    """Questions that the active adapter was taught; without one, of the newest lessons."""
    active = academy.adapters.active()
    if active is not None and active.dataset_id:
        try:
            return [turns_of(row)[-2][1] for row in academy.datasets.rows(active.dataset_id, 0, 12)]
        except NotFound:
            log.info("The dataset of %s is gone; the newest lessons are suggested instead.", active.adapter_id)
    return [lesson.situation for lesson in academy.lessons.list(limit=12).items]


def _choices(academy: Academy, who: str) -> list[Any]:
    try:
        found, active = academy.adapters.list(), academy.adapters.active()
    except AcademyError:
        found, active = [], None
    choices = [(t("chat.active_named", name=active.name) if active else t("chat.active"), ""), (t("chat.base"), BASE)]
    choices += [(item.name, item.adapter_id) for item in found[:200]]
    base = active.base_model if active else academy.settings.default_base_model
    keep = who if any(who == value for _, value in choices) else ""
    return [gr.update(choices=choices, value=keep), base not in BUNDLED]


def _chat_state(academy: Academy, view: View) -> Html:
    academy.chat.warm()
    state = academy.chat.state()
    if not state["available"]:
        missing = academy.machine.libraries()
        return notice(state["reason"] or missing.reason, remedy(missing.remedy), kind="warn")
    if state["aside"]:
        return notice(t("chat.aside"), state["aside"], go(t("first.watch"), kind="small", tab="training"), kind="info")
    return Html("")


# ------------------------------------------------------------------ rating and correcting


def _found(history: list[dict[str, Any]] | None, event: gr.EventData) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    data = event._data or {}
    turns = [dict(turn, replies=[dict(reply) for reply in turn["replies"]]) for turn in history or []]
    try:
        turn = turns[int(data["turn"])]
        return turns, turn, turn["replies"][int(data["reply"])]
    except (KeyError, ValueError, IndexError, TypeError):
        return turns, {}, {}


def _before(turns: list[dict[str, Any]], turn: dict[str, Any]) -> list[list[str]]:
    return [[known["question"], known["replies"][0]["text"]] for known in turns[: turns.index(turn)] if known["replies"]][-6:]


def _rate(academy: Academy, history: list[dict[str, Any]] | None, event: gr.EventData) -> list[Any]:
    turns, turn, reply = _found(history, event)
    rating = (event._data or {}).get("rating")
    if not reply or rating not in ("good", "bad") or reply.get("mark") == rating:
        return [gr.skip(), gr.skip(), gr.skip()]
    kept = functools.partial(
        academy.lessons.correct_reply,
        turn["question"],
        reply["text"],
        rating=rating,
        history=_before(turns, turn),
        adapter_id=reply.get("adapter_id"),
    )
    told = safely(lambda: {"toast": toast(t("chat.kept") if kept() else "")})()
    if told["toast"]["kind"] == "good":
        reply["mark"] = rating
    return [turns, _log(turns), told | {"nonce": time.monotonic()}]


def _correction(history: list[dict[str, Any]] | None, event: gr.EventData) -> dict[str, Any]:
    turns, turn, reply = _found(history, event)
    if not reply:
        return gr.skip()
    data = event._data or {}
    hidden = {
        "question": turn["question"],
        "answer": reply["text"],
        "history": json.dumps(_before(turns, turn)),
        "adapter": reply.get("adapter_id") or "",
    }
    return {
        "dialog": tag(
            "form",
            tag("h3", t("chat.correct_title")),
            tag("p", turn["question"], cls="ac-said"),
            tag("textarea", reply["text"], name="corrected", cls="ac-input", rows=7, autofocus=True, aria_label=t("chat.correct_title")),
            tag("p", t("chat.correct_help"), cls="ac-help"),
            *[tag("input", type="hidden", name=key, value=value) for key, value in hidden.items()],
            div(
                tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
                tag("button", t("chat.correct_save"), type="submit", cls="ac-btn ac-btn-primary"),
                cls="ac-row ac-row-end",
            ),
            cls="ac-form",
            data_act="chat.correct",
            data_turn=data.get("turn"),
            data_reply=data.get("reply"),
        ),
        "nonce": time.monotonic(),
    }


def _correct(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    before = json.loads(str(data.get("history") or "[]"))
    academy.lessons.correct_reply(
        str(data.get("question", "")),
        str(data.get("answer", "")),
        corrected=str(data.get("corrected", "")),
        history=before or None,
        adapter_id=str(data.get("adapter") or "") or None,
    )
    return {
        "toast": toast(t("chat.corrected")),
        "dialog": None,
        "event": "mark",
        "data": {"turn": data.get("turn"), "reply": data.get("reply")},
    }


def _mark(history: list[dict[str, Any]] | None, event: gr.EventData) -> list[Any]:
    turns, _, reply = _found(history, event)
    if reply:
        reply["mark"] = "corrected"
    return [turns, _log(turns)]


def _try(event: gr.EventData) -> list[Any]:
    return [gr.update(value=str((event._data or {}).get("adapter", ""))), gr.update(value=True)]


REGIONS = {"chat_state": _chat_state, "chat_suggestions": _chat_suggestions}
ACTS = {"chat.correct": _correct}
