"""Fragments of HTML that the page is made of. Every text in them is escaped here; no other module writes HTML around a value."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup as Html
from markupsafe import escape

from academy.ui.html.numbers import ago, number
from academy.ui.texts.translate import t

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def esc(value: Any) -> Html:
    """A value as inert text: markup is escaped, control and direction characters are replaced."""
    if isinstance(value, Html):
        return value
    text = str(value)
    if not text.isprintable():
        text = CONTROLS.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return escape(text)


def join(parts: Iterable[Any], between: str = "") -> Html:
    """Fragments in a row; texts among them are escaped, None and "" are left out."""
    return _html(between.join([esc(part) for part in parts if part is not None and part != ""]))


def tag(element: str, /, *children: Any, cls: str = "", **attributes: Any) -> Html:
    """An element; `data_act` becomes data-act, True a bare attribute, None and False none."""
    written = f' class="{esc(cls)}"' if cls else ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = _attribute(key)
        written += f" {key}" if value is True else f' {key}="{esc(value)}"'
    if element in ("input", "br", "img", "hr"):
        return _html(f"<{element}{written}>")
    if element == "textarea":
        # An edited text must come back unchanged. In a field no sign reverses the text around it; the first line break is HTML's own.
        return Html(f"<textarea{written}>\n{escape(''.join(map(str, children)))}</textarea>")
    return _html(f"<{element}{written}>{join(children)}</{element}>")


def div(*children: Any, cls: str = "", **attributes: Any) -> Html:
    """A div."""
    return tag("div", *children, cls=cls, **attributes)


def span(*children: Any, cls: str = "", **attributes: Any) -> Html:
    """A span."""
    return tag("span", *children, cls=cls, **attributes)


# ------------------------------------------------------------------ building blocks


def live(name: str, content: Any = None, *, cls: str = "", tag_name: str = "div") -> Html:
    """A region that stays current: page.js polls for it while it is visible and fills in the changes."""
    return tag(tag_name, span(cls="ac-wait") if content is None else content, cls=f"ac-live {cls}".strip(), data_live=name)


def button(
    label: Any,
    act: str = "",
    *,
    kind: str = "",
    confirm: str = "",
    yes: str = "",
    title: str = "",
    disabled: bool = False,
    pressed: bool | None = None,
    **data: Any,
) -> Html:
    """A button that calls an act on the server with its data; kind: primary, danger, quiet, small (several with spaces).

    Its words are its name, so that whoever speaks to the page says what is written; `title` explains, and names what is only a sign.
    `pressed`: it is one that stays down, or not.
    """
    classes = " ".join(f"ac-btn-{word}" for word in kind.split())
    attributes = {f"data_{key}": value for key, value in data.items()}
    return tag(
        "button",
        label,
        cls=f"ac-btn {classes}".strip(),
        type="button",
        title=title or None,
        aria_label=None if _has_words(label) else title or None,
        aria_pressed=None if pressed is None else "true" if pressed else "false",
        disabled=disabled,
        data_act=act or None,
        data_confirm=confirm or None,
        data_yes=yes or None,
        **attributes,
    )


def _has_words(label: Any) -> bool:
    return any(char.isalnum() for char in Html(esc(label)).striptags())


def go(label: Any, *, kind: str = "", title: str = "", cls: str = "", current: bool = False, **state: Any) -> Html:
    """A link that changes the state of the page (tab, job, …) without a reload; `current`: to what is shown already."""
    query = "&".join(f"{key}={value}" for key, value in state.items() if key in ("tab", "job", "dataset"))
    classes = "ac-btn " + " ".join(f"ac-btn-{word}" for word in kind.split()) if kind else ""
    shown = json.dumps(state)
    return tag(
        "a",
        label,
        cls=f"{classes} {cls}".strip(),
        href=f"?{query}",
        data_set=shown,
        title=title or None,
        aria_current="true" if current else None,
    )


def pill(status: str, verdict: str | None = None) -> Html:
    """The state of a job as a coloured word, or what it learned, where that is known and not good."""
    if verdict is None:
        return span(t(f"state.{status}"), cls=f"ac-pill ac-{status}")
    word = t(f"state.{status}") if verdict == "ready" else t(f"verdict.{verdict}")
    return span(word, cls=f"ac-pill ac-verdict-{verdict}")


def chip(*children: Any, warn: bool = False, title: str = "", **state: Any) -> Html:
    """A small fact of the top line that leads to its tab."""
    return go(join(children), cls="ac-chip" + (" ac-chip-warn" if warn else ""), title=title, **state)


def bar(fraction: float | None, status: str = "running", verdict: str | None = None, *, label: str = "") -> Html:
    """A progress bar with its name, coloured by the verdict where there is one; None where the progress is unknown."""
    named = {"role": "progressbar", "aria_label": label or t("progress")}
    status = f"verdict-{verdict}" if verdict else status
    if fraction is None:
        return div(span(cls="ac-bar-unknown"), cls=f"ac-bar ac-{status}", **named)
    percent = round(100 * min(1.0, max(0.0, fraction)), 1)
    inner = Html(f'<span style="width:{percent}%"></span>')
    return div(inner, cls=f"ac-bar ac-{status}", **named, aria_valuenow=percent, aria_valuemin=0, aria_valuemax=100)


def tile(value: Any, label: str, unit: Any = "", *, title: str = "") -> Html:
    """A number with its label below."""
    return div(
        div(value, span(unit, cls="ac-unit") if unit else "", cls="ac-value"),
        div(label, cls="ac-label"),
        cls="ac-tile",
        title=title or None,
    )


def card(title: Any, *children: Any, aside: Any = "", cls: str = "") -> Html:
    """A framed part of a tab with a heading."""
    head = div(tag("h3", title), div(aside, cls="ac-card-aside") if aside else "", cls="ac-card-head")
    return tag("section", head, *children, cls=f"ac-card {cls}".strip())


def scrolling(label: str, *children: Any, cls: str = "") -> Html:
    """A part that scrolls by itself; the keyboard reaches it, and its label says what it holds."""
    return div(*children, cls=f"ac-scroll {cls}".strip(), tabindex="0", role="group", aria_label=label)


def empty(title: str, text: str, *actions: Any) -> Html:
    """An empty state: why there is nothing, and the buttons that change that."""
    return div(
        div(title, cls="ac-empty-title"), div(text, cls="ac-empty-text"), div(*actions, cls="ac-row") if actions else "", cls="ac-empty"
    )


def notice(text: Any, hint: Any = "", *actions: Any, kind: str = "bad") -> Html:
    """A framed message (bad, warn, info or good) with a hint and buttons."""
    return div(
        div(text, cls="ac-notice-text"),
        div(hint, cls="ac-notice-hint") if hint else "",
        div(*actions, cls="ac-row") if any(actions) else "",
        cls=f"ac-notice ac-notice-{kind}",
        role="alert" if kind == "bad" else None,
    )


def command(text: str) -> Html:
    """A command to copy."""
    return span(tag("code", text), button(t("copy"), kind="quiet small", copy=text), cls="ac-command")


def remedy(text: str) -> Html:
    """A remedy; a command in it can be copied."""
    match = re.search(r"(pip install [^\n]*|docker (?:build|pull) [^\n]*)$", text)
    if not match:
        return esc(text)
    return join([text[: match.start()], command(re.sub(r"(?<! )\.$", "", match[1]))])


def closer() -> Html:
    """The button that closes a dialog."""
    return div(tag("button", t("js.close"), type="button", cls="ac-btn", data_close=True), cls="ac-row ac-row-end")


def short(text: str, most: int = 600) -> str:
    """The beginning of a text."""
    return text if len(text) <= most else text[:most] + "…"


def thumb(rating: str) -> Html:
    """A thumb up (good) or down (bad)."""
    turned = "" if rating == "good" else ' transform="rotate(180 12 12)"'
    shape = "M7 11v9H4v-9zM7 11l4-8a2.5 2.5 0 0 1 2.5 2.5V9h5a2 2 0 0 1 2 2.4l-1.4 7A2 2 0 0 1 17 20H7"
    return Html(f'<svg class="ac-icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{shape}"{turned}/></svg>')


def clip() -> Html:
    """A paper clip: something is attached."""
    shape = "M8 12.5l6.5-6.5a3 3 0 0 1 4.2 4.2l-8.5 8.5a5 5 0 0 1-7-7l8-8"
    return Html(f'<svg class="ac-icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{shape}"/></svg>')


def menu(label: str, *items: Any) -> Html:
    """A quiet menu for rare actions."""
    return tag("details", tag("summary", Html("⋯"), title=label, aria_label=label), div(*items, cls="ac-menu-items"), cls="ac-menu")


def select(name: str, options: Sequence[tuple[str, str]], value: str = "", *, bind: bool = True, label: str = "") -> Html:
    """A drop-down; with `bind` its choice becomes part of the page's state."""
    choices = [tag("option", text, value=key, selected=key == value) for key, text in options]
    return tag("select", *choices, cls="ac-input", name=name, data_bind=name if bind else None, aria_label=label or None)


def field(
    name: str, value: Any = "", *, bind: bool = True, kind: str = "text", placeholder: str = "", label: str = "", **attributes: Any
) -> Html:
    """A line of text to fill in."""
    return tag(
        "input",
        cls="ac-input",
        type=kind,
        name=name,
        value=value,
        placeholder=placeholder or None,
        aria_label=label or placeholder or None,
        data_bind=name if bind else None,
        autocomplete="off",
        spellcheck="false",
        **attributes,
    )


def switch(name: str, on: bool, label: Any, *, disabled: bool = False, written: bool = True) -> Html:
    """A switch with its label; not `written`, only a screen reader speaks it."""
    box = tag("input", type="checkbox", role="switch", name=name, data_bind=name, checked=on, disabled=disabled)
    return tag("label", box, span(cls="ac-switch-track"), span(label, cls="" if written else "ac-hidden"), cls="ac-switch")


def labelled(label: str, control: Any, help_: str = "") -> Html:
    """A control with its label above and one line of help."""
    return tag("label", span(label, cls="ac-field-label"), control, span(help_, cls="ac-help") if help_ else "", cls="ac-field")


def pager(name: str, page: int, size: int, count: int) -> Html:
    """Earlier and later, with the current range."""
    if count <= size:
        return div(t("pager.all", count=number(count)) if count else "", cls="ac-pager")
    last = (count - 1) // size
    page = min(max(0, page), last)
    return div(
        span(t("pager.some", first=number(page * size + 1), last=number(min(count, (page + 1) * size)), count=number(count)), cls="ac-num"),
        tag(
            "button",
            Html("‹"),
            cls="ac-btn ac-btn-small",
            type="button",
            disabled=page == 0,
            title=t("pager.back"),
            aria_label=t("pager.back"),
            data_set=json.dumps({name: page - 1}),
        ),
        tag(
            "button",
            Html("›"),
            cls="ac-btn ac-btn-small",
            type="button",
            disabled=page == last,
            title=t("pager.on"),
            aria_label=t("pager.on"),
            data_set=json.dumps({name: page + 1}),
        ),
        cls="ac-pager",
    )


def when(text: str | None) -> Html:
    """The age of a moment, and on hovering its exact time (page.js writes it in the reader's time zone)."""
    return tag("time", ago(text), datetime=text or None, title=text or None)


def name_form(act: str, item_id: str, name: str) -> Html:
    """A form that asks for another name; on saving, the act gets it with the id."""
    return tag(
        "form",
        tag("h3", t("adapters.rename")),
        field("name", name, bind=False, label=t("adapters.name"), maxlength=80, autofocus=True, required=True),
        div(
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            tag("button", t("save"), type="submit", cls="ac-btn ac-btn-primary"),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_act=act,
        data_id=item_id,
    )


def _html(text: str) -> Html:
    # A poll makes hundreds of elements, and Html(text) would look for markup in each once more.
    return str.__new__(Html, text)


@functools.lru_cache(maxsize=500)
def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
