"""Fragments of HTML that the page is made of: every text in them is escaped here, and nowhere else is HTML written around a value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from typing import Any

from academy.ui.texts import t

MAX_POINTS = 500
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


class Html(str):
    """Text that is HTML already; everything else is escaped on its way into a fragment."""

    __slots__ = ()


def esc(value: Any) -> Html:
    """A value as inert text: markup escaped, control and direction characters made visible."""
    if isinstance(value, Html):
        return value
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    return Html(escape(_CONTROLS.sub("\ufffd", text), quote=True))


def join(parts: Iterable[Any], between: str = "") -> Html:
    """Fragments one after another; texts among them are escaped, None is left out."""
    return Html(between.join(esc(part) for part in parts if part is not None and part != ""))


def tag(element: str, /, *children: Any, cls: str = "", **attributes: Any) -> Html:
    """An element; `data_act` becomes data-act, True a bare attribute, None and False none."""
    written = f' class="{esc(cls)}"' if cls else ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        written += f" {key}" if value is True else f' {key}="{esc(value)}"'
    if element in ("input", "br", "img", "hr"):
        return Html(f"<{element}{written}>")
    if element == "textarea":
        # What is edited has to come back as it was. Inside a field no sign turns what stands beside it; the first line break is HTML's own.
        return Html(f"<textarea{written}>\n{escape(''.join(map(str, children)), quote=True)}</textarea>")
    return Html(f"<{element}{written}>{join(children)}</{element}>")


def div(*children: Any, cls: str = "", **attributes: Any) -> Html:
    """A div."""
    return tag("div", *children, cls=cls, **attributes)


def span(*children: Any, cls: str = "", **attributes: Any) -> Html:
    """A span."""
    return tag("span", *children, cls=cls, **attributes)


# ------------------------------------------------------------------ building blocks


def live(name: str, content: Any = None, *, cls: str = "", tag_name: str = "div") -> Html:
    """A place that the page keeps up to date: page.js asks for it while it is visible and fills in what changed."""
    return tag(tag_name, span(cls="ac-wait") if content is None else content, cls=f"ac-live {cls}".strip(), data_live=name)


def button(
    label: Any, act: str = "", *, kind: str = "", confirm: str = "", yes: str = "", title: str = "", disabled: bool = False, **data: Any
) -> Html:
    """A button that calls an act on the server with its data; kind: primary, danger, quiet, small (several with spaces)."""
    classes = " ".join(f"ac-btn-{word}" for word in kind.split())
    attributes = {f"data_{key}": value for key, value in data.items()}
    return tag(
        "button",
        label,
        cls=f"ac-btn {classes}".strip(),
        type="button",
        title=title or None,
        aria_label=title or None,
        disabled=disabled,
        data_act=act or None,
        data_confirm=confirm or None,
        data_yes=yes or None,
        **attributes,
    )


def go(label: Any, *, kind: str = "", title: str = "", cls: str = "", **state: Any) -> Html:
    """A link that changes what the page shows (tab, job, …) without loading it anew."""
    query = "&".join(f"{key}={value}" for key, value in state.items() if key in ("tab", "job", "dataset"))
    classes = "ac-btn " + " ".join(f"ac-btn-{word}" for word in kind.split()) if kind else ""
    shown = json.dumps(state)
    return tag("a", label, cls=f"{classes} {cls}".strip(), href=f"?{query}", data_set=shown, title=title or None)


def pill(status: str) -> Html:
    """The state of a job as a coloured word."""
    return span(t(f"state.{status}"), cls=f"ac-pill ac-{status}")


def chip(*children: Any, warn: bool = False, title: str = "", **state: Any) -> Html:
    """A small fact of the top line that leads to its tab."""
    return go(join(children), cls="ac-chip" + (" ac-chip-warn" if warn else ""), title=title, **state)


def bar(fraction: float | None, status: str = "running") -> Html:
    """A progress bar; None: it is not known how far."""
    if fraction is None:
        return div(span(cls="ac-bar-unknown"), cls=f"ac-bar ac-{status}", role="progressbar")
    percent = round(100 * min(1.0, max(0.0, fraction)), 1)
    inner = Html(f'<span style="width:{percent}%"></span>')
    return div(inner, cls=f"ac-bar ac-{status}", role="progressbar", aria_valuenow=percent, aria_valuemin=0, aria_valuemax=100)


def tile(value: Any, label: str, unit: Any = "", *, title: str = "") -> Html:
    """A number with what it is below."""
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


def empty(title: str, text: str, *actions: Any) -> Html:
    """What a place says while there is nothing in it, with the button that changes that."""
    return div(
        div(title, cls="ac-empty-title"), div(text, cls="ac-empty-text"), div(*actions, cls="ac-row") if actions else "", cls="ac-empty"
    )


def notice(text: Any, hint: Any = "", *actions: Any, kind: str = "bad") -> Html:
    """What went wrong (bad), is missing (warn) or is worth knowing (info), with what to do about it."""
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
    """A remedy: a command is shown to be copied, a sentence as it is."""
    found = re.search(r"(pip install [^\n]*|docker (?:build|pull) [^\n]*)$", text)
    if not found:
        return esc(text)
    return join([text[: found.start()], command(re.sub(r"(?<! )\.$", "", found[1]))])


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


def menu(label: str, *items: Any) -> Html:
    """A quiet menu for what is rarely done."""
    return tag("details", tag("summary", Html("⋯"), title=label, aria_label=label), div(*items, cls="ac-menu-items"), cls="ac-menu")


def select(name: str, options: Sequence[tuple[str, str]], value: str = "", *, bind: bool = True, label: str = "") -> Html:
    """A drop-down; with `bind` its choice becomes part of what the page asks for."""
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


def switch(name: str, on: bool, label: Any, *, disabled: bool = False) -> Html:
    """A switch with its label."""
    box = tag("input", type="checkbox", role="switch", name=name, data_bind=name, checked=on, disabled=disabled)
    return tag("label", box, span(cls="ac-switch-track"), span(label), cls="ac-switch")


def labelled(label: str, control: Any, help_: str = "") -> Html:
    """A control with its label above and one line of help."""
    return tag("label", span(label, cls="ac-field-label"), control, span(help_, cls="ac-help") if help_ else "", cls="ac-field")


def pager(name: str, page: int, size: int, count: int) -> Html:
    """Earlier and later, with where one is."""
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
            data_set=json.dumps({name: page - 1}),
        ),
        tag(
            "button",
            Html("›"),
            cls="ac-btn ac-btn-small",
            type="button",
            disabled=page == last,
            title=t("pager.on"),
            data_set=json.dumps({name: page + 1}),
        ),
        cls="ac-pager",
    )


# ------------------------------------------------------------------ numbers


def number(value: float | None, digits: int | None = None) -> str:
    """A number with the digits that matter, thousands separated; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, float) and not math.isfinite(value):
        return "∞" if value > 0 else "–∞" if value < 0 else t("number.nan")
    if digits is not None:
        return f"{value:,.{digits}f}"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) >= 10):
        return f"{int(value):,}"
    if value == 0:
        return "0"
    return (
        f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
        if 1e-3 <= abs(value) < 1000
        else f"{value:,.0f}"
        if abs(value) >= 1000
        else f"{value:.1e}"
    )


def loss(value: float | None) -> str:
    """A loss with three decimals."""
    if value is None:
        return "–"
    return number(value) if not math.isfinite(value) else f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def rate(value: float | None) -> str:
    """A learning rate as people write it."""
    return "–" if value is None else f"{value:.1e}".replace("e-0", "e-") if 0 < abs(value) < 0.01 else number(value)


def size(count: float | None) -> str:
    """Bytes in the unit that fits."""
    if count is None:
        return "–"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit in ("B", "kB") or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def gigabytes(mebibytes: float | None) -> str:
    """MiB as GB with one decimal."""
    return "–" if mebibytes is None else f"{mebibytes / 1024:.1f}" if mebibytes < 102_400 else f"{mebibytes / 1024:,.0f}"


def duration(seconds: float | None) -> str:
    """A time span as on a clock: 0:42, 6:12, 2:05:09, 3 d 4 h."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = max(0, round(seconds))
    if whole >= 86_400:
        return t("time.days", days=whole // 86_400, hours=whole % 86_400 // 3600)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def parse_time(text: str | None) -> datetime | None:
    """A moment as the stores write it."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def ago(text: str | None, now: datetime | None = None) -> str:
    """How long ago something was, roughly, as one says it."""
    moment = parse_time(text)
    if moment is None:
        return "–"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 60:
        return t("time.now")
    if seconds < 3600:
        return t("time.minutes_ago", n=int(seconds // 60))
    if seconds < 86_400:
        return t("time.hours_ago", n=int(seconds // 3600))
    if seconds < 86_400 * 14:
        days = int(seconds // 86_400)
        return t("time.day_ago") if days == 1 else t("time.days_ago", n=days)
    return moment.strftime("%Y-%m-%d")


def when(text: str | None) -> Html:
    """A moment as one says it, the exact one on hovering (page.js writes it in the reader's time zone)."""
    return tag("time", ago(text), datetime=text or None, title=text or None)


def plural(key: str, n: int) -> str:
    """A counted thing: the text `key.one` or `key.many`."""
    return t(f"{key}.one" if n == 1 else f"{key}.many", n=number(n))


# ------------------------------------------------------------------ plots


def plot(
    points: Sequence[dict[str, Any]],
    *,
    total_steps: int | None = None,
    checkpoints: Sequence[int] = (),
    other: Sequence[dict[str, Any]] = (),
    other_name: str = "",
) -> Html:
    """The loss over the steps: raw faint, smoothed strong, evaluations as points, the best of them marked, checkpoints as ticks; another
    job's curves beside it.

    The lines are one stretched SVG, the labels HTML over it, so that they keep their size at any width; at most 20 kB.
    page.js reads the points back from the lines to show the step under the pointer.
    """
    train, evals = _series(points, "loss"), _series(points, "eval_loss")
    weight = 1 - 1 / min(200, max(2.5, len(train) / 30))  # the same for both curves, so that both lag alike
    smooth, others, other_evals = _smooth(train, weight), _smooth(_series(other, "loss"), weight), _series(other, "eval_loss")
    seen = [value for _, value in train + evals + others + other_evals if value is not None]
    if not seen:
        return div(div(t("plot.waiting"), cls="ac-plot-empty"), cls="ac-plot")
    last = max((step for step, _ in train + evals), default=0)
    right = max([total_steps or 0, last, 1, *(step for step, _ in others + other_evals)])
    low, high, ticks = _axis(seen)
    x = lambda step: round(step / right * 10_000)  # noqa: E731
    y = lambda value: round((high - min(value, high)) / (high - low) * 10_000)  # noqa: E731
    lines = [Html(f'<path class="grid" d="M0 {y(mark)}H10000"/>') for mark in ticks]
    lines += [Html(f'<path class="tick" d="M{x(step)} 10000V9600"/>') for step in list(checkpoints)[-60:] if 0 < step <= right]
    lines += [Html(f'<path class="other" d="{_path(_sample(others, 120), x, y)}"/>')] if others else []
    lines += [
        Html(f'<path class="other-dot" d="M{x(step)} {y(value)}h.01"/>') for step, value in _sample(other_evals, 40) if value is not None
    ]
    lines.append(Html(f'<path class="raw" d="{_path(_thin(train, MAX_POINTS // 2), x, y)}"/>'))
    lines.append(Html(f'<path class="smooth" d="{_path(_sample(smooth, MAX_POINTS // 2), x, y)}"/>'))
    shown = _sample(evals, 100)
    if len(shown) > 1:
        lines.append(Html(f'<path class="eval" d="{_path(shown, x, y)}"/>'))
    lines += [Html(f'<path class="dot" d="M{x(step)} {y(value)}h.01"/>') for step, value in shown if value is not None]
    best = min(((value, step) for step, value in evals if value is not None), default=None)  # the best batch would be chance
    if best:
        lines.append(Html(f'<path class="best" d="M{x(best[1])} {y(best[0])}h.01"/>'))
    picture = Html(f'<svg viewBox="0 0 10000 10000" preserveAspectRatio="none" aria-hidden="true">{join(lines)}</svg>')
    marks = [Html(f'<span class="y" style="top:{y(mark) / 100:.2f}%">{number(mark, _decimals(ticks))}</span>') for mark in ticks]
    marks += [Html(f'<span class="x" style="left:{x(step) / 100:.2f}%">{number(step)}</span>') for step in _step_marks(right)]
    legend = [span(t("plot.train"), cls="key-train")]
    legend += [span(t("plot.eval"), cls="key-eval")] if shown else []
    legend += [span(t("plot.best", loss=loss(best[0]), step=number(best[1])), cls="key-best")] if best else []
    legend += [span(t("plot.checkpoint"), cls="key-tick")] if checkpoints else []
    legend += [span(other_name, cls="key-other")] if others or other_evals else []
    return div(
        div(*legend, cls="ac-legend"),
        div(picture, *marks, span(cls="cross"), span(cls="tip"), cls="ac-plot-area", data_right=right, data_low=low, data_high=high),
        cls="ac-plot",
        role="img",
        aria_label=t("plot.label", loss=loss(next((value for _, value in reversed(train) if value is not None), None)), step=number(last)),
    )


def histogram(lengths: Sequence[int], limit: int, *, columns: int = 40) -> Html:
    """How many tokens the rows have, with a line where they are cut off."""
    if not lengths:
        return div(div(t("plot.no_rows"), cls="ac-plot-empty"), cls="ac-plot ac-plot-small")
    right = max(max(lengths), limit if limit <= 3 * max(lengths) else 0, 10)
    width = max(1, math.ceil(right / columns))
    counts = [0] * (right // width + 1)
    for length in lengths:
        counts[min(len(counts) - 1, length // width)] += 1
    top = max(counts)
    span_ = len(counts) * width
    bars = []
    for index, count in enumerate(counts):
        if not count:
            continue
        tall = max(1.5, 100 * count / top)
        over = " over" if index * width >= limit else ""
        title = t("plot.bucket", first=number(index * width), last=number(index * width + width - 1), n=number(count))
        place = f"left:{100 * index / len(counts):.2f}%;width:{92 / len(counts):.2f}%;height:{tall:.1f}%"
        bars.append(Html(f'<i class="col{over}" style="{place}" title="{esc(title)}"></i>'))
    marks = [Html(f'<span class="x" style="left:{100 * mark / span_:.2f}%">{number(mark)}</span>') for mark in _step_marks(span_)]
    line = (
        [Html(f'<b class="limit" style="left:{100 * limit / span_:.2f}%"><em>{esc(t("plot.limit", n=number(limit)))}</em></b>')]
        if limit <= span_
        else []
    )
    label = t("plot.lengths_label", n=number(len(lengths)), longest=number(max(lengths)))
    return div(div(*bars, *line, *marks, cls="ac-plot-area"), cls="ac-plot ac-plot-small", role="img", aria_label=label)


def bars(counts: Sequence[tuple[Any, int]], *, kind: str = "") -> Html:
    """Counted things as horizontal bars."""
    top = max((count for _, count in counts), default=0) or 1
    rows = [
        div(
            span(label, cls="ac-bars-label"),
            Html(f'<span class="ac-bars-track"><i style="width:{100 * count / top:.1f}%"></i></span>'),
            span(number(count), cls="ac-num"),
            cls="ac-bars-row",
        )
        for label, count in counts
    ]
    return div(*rows, cls=f"ac-bars {kind}".strip())


def tokens(parts: Sequence[dict[str, Any]], limit: int = 4000) -> Html:
    """A row as the model sees it: what is trained, what is only read, what is cut off."""
    names = {"trained", "context", "cut"}
    shown = [span(_visible(part["text"]), cls=f"tok {part['kind'] if part['kind'] in names else 'context'}") for part in parts[:limit]]
    more = [span(t("tokens.more", n=number(len(parts) - limit)), cls="ac-soft")] if len(parts) > limit else []
    return div(*shown, *more, cls="ac-tokens")


def _visible(text: str) -> str:
    return text.replace("\n", "↵\n") if text.strip("\n") != text or text == "\n" else text


# ------------------------------------------------------------------ what a model or a person wrote


def prose(text: str) -> Html:
    """A reply as text with the few marks that help reading: code, bold, italics, lists, headings. Links and images stay text."""
    parts: list[Any] = []
    for index, piece in enumerate(re.split(r"^```[^\n]*\n?(.*?)(?:^```[ \t]*$|\Z)", text, flags=re.MULTILINE | re.DOTALL)):
        if index % 2:
            parts.append(tag("pre", tag("code", piece.rstrip("\n"))))
        else:
            parts += [_paragraph(block) for block in re.split(r"\n[ \t]*\n", piece) if block.strip()]
    return div(*parts, cls="ac-prose")


def _paragraph(block: str) -> Html:
    lines = block.strip("\n").split("\n")
    if re.match(r"^#{1,6} ", lines[0]):
        rest = "\n".join(lines[1:])
        return join([tag("p", tag("strong", _inline(lines[0].lstrip("# "))), cls="ac-heading"), _paragraph(rest) if rest.strip() else ""])
    for pattern, name in ((r"^\s*[-*•] +", "ul"), (r"^\s*\d{1,3}[.)] +", "ol")):
        if all(re.match(pattern, line) for line in lines):
            return tag(name, *[tag("li", _inline(re.sub(pattern, "", line))) for line in lines])
    return tag("p", join([_inline(line) for line in lines], "<br>"))


def _inline(text: str) -> Html:
    done = str(esc(text))
    done = re.sub(r"`([^`]+)`", r"<code>\1</code>", done)
    pieces = re.split(r"(<code>.*?</code>)", done)
    for index in range(0, len(pieces), 2):
        pieces[index] = re.sub(r"\*\*(\S(?:.*?\S)?)\*\*", r"<strong>\1</strong>", pieces[index])
        pieces[index] = re.sub(r"(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])", r"<em>\1</em>", pieces[index])
    return Html("".join(pieces))


# ------------------------------------------------------------------ how the plots think


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _axis(values: Sequence[float]) -> tuple[float, float, list[float]]:
    """Low end, high end and about four marks between; the highest hundredth may lie above, so that a spike does not flatten the rest."""
    ordered = sorted(values)
    top = ordered[-1] if len(ordered) < 100 else max(ordered[int(len(ordered) * 0.99)] * 1.15, ordered[len(ordered) // 2])
    low, high = min(0.0, ordered[0]), max(top, ordered[0] + 1e-9) * (1.04 if top > 0 else 1)
    if high <= low:
        high = low + 1
    rough = (high - low) / 4
    unit = 10 ** math.floor(math.log10(rough))
    unit *= next(factor for factor in (1, 2, 2.5, 5, 10) if rough <= factor * unit * 1.0001)
    first = math.ceil(low / unit)
    return low, high, [mark * unit for mark in range(first, int(high / unit) + 1)]


def _decimals(ticks: Sequence[float]) -> int:
    step = min((abs(b - a) for a, b in pairwise(ticks)), default=1.0)
    return max(0, min(6, -math.floor(math.log10(step) + 1e-9))) + (
        1 if step and round(step * 10 ** -math.floor(math.log10(step)), 3) == 2.5 else 0
    )


def _step_marks(right: int) -> list[int]:
    unit = 10 ** max(0, math.floor(math.log10(max(1, right / 5))))
    step = next(factor * unit for factor in (1, 2, 5, 10) if right / (factor * unit) <= 6)
    return list(range(0, right + 1, max(1, int(step))))


def _series(points: Sequence[dict[str, Any]], key: str) -> list[tuple[int, float | None]]:
    return [(int(p["step"]), _finite(p[key])) for p in points if key in p and p.get("step") is not None]


def _smooth(points: Sequence[tuple[int, float | None]], weight: float) -> list[tuple[int, float | None]]:
    """An exponential mean without the usual start at zero; a missing value leaves a gap."""
    mean, mass, done = 0.0, 0.0, []
    for step, value in points:
        if value is None:
            done.append((step, None))
            continue
        mean, mass = weight * mean + (1 - weight) * value, weight * mass + (1 - weight)
        done.append((step, mean / mass))
    return done


def _thin(points: Sequence[tuple[int, float | None]], most: int) -> list[tuple[int, float | None]]:
    """At most `most` points: the lowest and the highest of each bucket, so that no spike is lost; gaps stay."""
    if len(points) <= most:
        return list(points)
    buckets, done = max(1, most // 2), []
    for index in range(buckets):
        part = points[index * len(points) // buckets : (index + 1) * len(points) // buckets]
        known = [point for point in part if point[1] is not None]
        if not known:
            done.append((part[0][0], None))
            continue
        ends = {min(known, key=lambda point: point[1]), max(known, key=lambda point: point[1])}  # type: ignore[arg-type, return-value]
        done += sorted(ends)  # type: ignore[type-var]
    return done


def _sample(points: Sequence[tuple[int, float | None]], most: int) -> list[tuple[int, float | None]]:
    if len(points) <= most:
        return list(points)
    return [points[round(index * (len(points) - 1) / (most - 1))] for index in range(most)]


def _path(points: Sequence[tuple[int, float | None]], x: Any, y: Any) -> str:
    written, pen = [], "M"
    for step, value in points:
        if value is None:
            pen = "M"
            continue
        written.append(f"{pen}{x(step)} {y(value)}")
        pen = "L"
    return "".join(written)
