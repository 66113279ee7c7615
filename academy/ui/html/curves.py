"""Curves of one or several trainings as HTML and SVG: raw faint, smoothed strong, measurements as dots, the best one marked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from academy.ui.html.elements import Html, div, join, span, tag
from academy.ui.html.numbers import duration, loss, number, rate
from academy.ui.html.plots import step_marks
from academy.ui.texts.translate import t

XAxis = Literal["step", "time", "tokens"]

MOST_CURVES = 6
NOISY = ("loss", "grad_norm", "tokens_per_second")  # what is drawn smoothed over its raw values
MAX_POINTS = 500
_OF_SEVERAL = 240  # points of each of several curves
_FULL = 100_000  # the coordinates of the SVG reach from 0 to here, fine enough to read a value with three decimals back
_TICKS = 60
_ROWS = 10
_TIMES = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800, 604_800)

Pair = tuple[float, float | None]


@dataclass(frozen=True)
class Curve:
    """One training: its line, and what was measured now and then; a value of None leaves a gap."""

    name: str
    line: Sequence[Pair] = ()
    dots: Sequence[Pair] = ()


@dataclass(frozen=True)
class Axes:
    """What is drawn over what: `y` is the name of a text under `plot.y`; `smoothing` from 0 to 0.99, None for the usual."""

    x: XAxis = "step"
    y: str = "loss"
    log: bool = False
    smoothing: float | None = None


def plot(curves: Sequence[Curve], axes: Axes, *, right: float | None = None, checkpoints: Sequence[float] = (), best: bool = True) -> Html:
    """The curves on common axes, at most 20 kB for one of them.

    The lines are one stretched SVG and the labels HTML above it, so that they keep their size at any width. page.js reads the values
    back from the lines to show those under the pointer, and draws the picture from them.
    """
    few = MAX_POINTS // 2 if len(curves) == 1 else _OF_SEVERAL // 2
    # One weight for all curves, so that they lag alike.
    weight = _weight(curves, axes)
    smooth = [_smooth(curve.line, weight) for curve in curves]
    drawable = [value for curve in curves for _, value in (*curve.line, *curve.dots) if value is not None and (not axes.log or value > 0)]
    if not drawable:
        return div(div(t("plot.waiting"), cls="ac-plot-empty"), cls="ac-plot")
    reach = max((x for curve in curves for x, _ in (*curve.line, *curve.dots)), default=0)
    scale = _scale(drawable, max(right or 0, reach, 1e-9), axes)
    found = _best(curves[0]) if best and len(curves) == 1 else None
    drawn = [
        _path("grid", "".join(f"M0 {scale.y(mark)}H{_FULL}" for mark in scale.ticks)),
        _path("tick", "".join(f"M{scale.x(x)} {_FULL}V96000" for x in list(checkpoints)[-_TICKS:] if 0 < x <= scale.right)),
    ]
    for index, curve in enumerate(curves):
        if weight > 0:
            drawn.append(_path(f"raw c{index}", _line(_thin(curve.line, few), scale)))
        strong = _sample(smooth[index], few) if weight > 0 else _thin(curve.line, few)
        drawn.append(_path(f"smooth c{index}", _line(strong, scale)))
        shown = _sample(curve.dots, 100 if len(curves) == 1 else 30)
        drawn += [_path(f"eval c{index}", _line(shown, scale)), _path(f"dot c{index}", _points(shown, scale))]
    drawn.append(_path("best", _points([found], scale)) if found else Html(""))
    picture = Html(f'<svg viewBox="0 0 {_FULL} {_FULL}" preserveAspectRatio="none" aria-hidden="true">{join(drawn)}</svg>')
    area = div(picture, *_marks(scale, axes), span(cls="cross"), div(cls="tip"), cls="ac-plot-area", **scale.data(axes))
    label = " ".join(_told(curve, axes) for curve in curves if curve.line or curve.dots)
    legend = div(*_legend(curves, found, bool(checkpoints), axes), cls="ac-legend")
    return div(legend, div(area, cls="ac-plot-frame", role="img", aria_label=label), cls="ac-plot")


def table(curves: Sequence[Curve], axes: Axes) -> Html:
    """The same curves as a table: their smoothed values at some positions."""
    smooth = [_smooth(curve.line, _weight(curves, axes)) for curve in curves]
    reach = max((x for curve in curves for x, _ in curve.line or curve.dots), default=0)
    if not reach:
        return Html("")
    spots = sorted({reach * place / _ROWS for place in range(1, _ROWS + 1)})
    heads = [t(f"plot.x.{axes.x}"), *(curve.name for curve in curves)]
    rows = []
    for spot in spots:
        cells = [y_words(_at(line or curve.dots, spot), axes.y) for curve, line in zip(curves, smooth, strict=True)]
        rows.append(tag("tr", tag("th", x_words(spot, axes.x), scope="row"), *[tag("td", cell) for cell in cells]))
    figures = tag(
        "table",
        tag("caption", t("plot.table_of", y=t(f"plot.y.{axes.y}")), cls="ac-hidden"),
        tag("thead", tag("tr", *[tag("th", head, scope="col") for head in heads])),
        tag("tbody", *rows),
        cls="ac-facts ac-num",
    )
    return tag("details", tag("summary", t("plot.table")), div(figures, cls="ac-scroll-x", tabindex="0"), cls="ac-plot-table")


def usual_smoothing(points: int) -> float:
    """The weight of the past that shows the course of a curve of so many points."""
    return 1 - 1 / min(200, max(2.5, points / 30))


def x_words(value: float, axis: XAxis) -> str:
    """A position on the x axis: "120", "2:05", "31,000"."""
    return duration(value) if axis == "time" else number(round(value))


def y_words(value: float | None, name: str) -> str:
    """A value of the y axis with the digits that matter."""
    if value is None:
        return "–"
    if name in ("loss", "eval_loss"):
        return loss(value)
    return rate(value) if name == "learning_rate" else number(value) if abs(value) < 100 else number(round(value))


def _weight(curves: Sequence[Curve], axes: Axes) -> float:
    if axes.y not in NOISY:
        return 0.0
    if axes.smoothing is not None:
        return axes.smoothing
    return usual_smoothing(max((len(curve.line) for curve in curves), default=0))


class _Scale(NamedTuple):
    """From values to the SVG's coordinates."""

    right: float
    low: float
    high: float
    ticks: list[float]
    log: bool

    def x(self, x: float) -> int:
        return round(x / self.right * _FULL)

    def y(self, value: float) -> int:
        place = math.log10(value) if self.log else value
        return round((self.high - min(max(place, self.low), self.high)) / (self.high - self.low) * _FULL)

    def data(self, axes: Axes) -> dict[str, Any]:
        """What page.js needs to read the values back."""
        return {
            "data_right": f"{self.right:.10g}",
            "data_low": f"{self.low:.10g}",
            "data_high": f"{self.high:.10g}",
            "data_scale": "log" if self.log else "linear",
            "data_x": axes.x,
            "data_y": axes.y,
            "data_label": t(f"plot.y.{axes.y}"),
        }


def _scale(values: Sequence[float], right: float, axes: Axes) -> _Scale:
    if axes.log:
        low, high = math.log10(min(values)), math.log10(max(values))
        low, high = (low - 0.05, high + 0.05) if high - low > 0.2 else (low - 0.2, high + 0.2)
        factors = (1,) if high - low > 2.5 else (1, 2, 5)
        powers = range(math.floor(low), math.ceil(high) + 1)
        step = max(1, len(powers) // 6)
        marks = [factor * 10.0**power for power in powers[::step] for factor in factors]
        return _Scale(right, low, high, [mark for mark in marks if low <= math.log10(mark) <= high], log=True)
    low, high, ticks = _axis(values)
    return _Scale(right, low, high, ticks, log=False)


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


def _path(kind: str, drawn: str) -> Html:
    return Html(f'<path class="{kind}" d="{drawn}"/>') if drawn else Html("")


def _line(points: Sequence[Pair], scale: _Scale) -> str:
    written, pen = [], "M"
    for x, value in points:
        if value is None or (scale.log and value <= 0):
            pen = "M"
            continue
        written.append(f"{pen}{scale.x(x)} {scale.y(value)}")
        pen = "L"
    return "".join(written)


def _points(points: Iterable[Pair], scale: _Scale) -> str:
    return "".join(f"M{scale.x(x)} {scale.y(value)}h.1" for x, value in points if value is not None and (not scale.log or value > 0))


def _marks(scale: _Scale, axes: Axes) -> list[Html]:
    """The labels of both axes."""
    digits, positions = _decimals(scale.ticks), _time_marks(scale.right) if axes.x == "time" else step_marks(math.floor(scale.right))
    is_rate = axes.y == "learning_rate"
    ys = [(mark, rate(mark) if is_rate else number(mark, None if scale.log else digits)) for mark in scale.ticks]
    return [
        *[Html(f'<span class="y" style="top:{100 * scale.y(mark) / _FULL:.2f}%">{words}</span>') for mark, words in ys],
        *[Html(f'<span class="x" style="left:{100 * scale.x(x) / _FULL:.2f}%">{x_words(x, axes.x)}</span>') for x in positions],
    ]


def _time_marks(right: float) -> list[int]:
    unit = next((step for step in _TIMES if right / step <= 6), _TIMES[-1])
    return list(range(0, math.floor(right) + 1, unit))


def _decimals(ticks: Sequence[float]) -> int:
    step = min((abs(b - a) for a, b in pairwise(ticks)), default=1.0)
    return max(0, min(6, -math.floor(math.log10(step) + 1e-9))) + (
        1 if step and round(step * 10 ** -math.floor(math.log10(step)), 3) == 2.5 else 0
    )


def _best(curve: Curve) -> tuple[float, float] | None:
    """The lowest measurement; the lowest batch is chance."""
    found = min(((value, x) for x, value in curve.dots if value is not None), default=None)
    return (found[1], found[0]) if found else None


def _legend(curves: Sequence[Curve], best: tuple[float, float] | None, has_ticks: bool, axes: Axes) -> list[Html]:
    several, held_out = len(curves) > 1, any(curve.dots for curve in curves)
    keys = [span(span(curve.name, cls="ac-cut"), cls=f"key c{index}") for index, curve in enumerate(curves)] if several else []
    keys += [span(t("plot.train"), cls="key c0")] if not several and axes.y == "loss" else []
    keys += [span(t("plot.eval"), cls="key-eval" + (" key-any" if several else ""))] if held_out and axes.y == "loss" else []
    keys += [span(t("plot.best", loss=loss(best[1]), step=x_words(best[0], axes.x)), cls="key-best")] if best else []
    return keys + ([span(t("plot.checkpoint"), cls="key-tick")] if has_ticks else [])


def _told(curve: Curve, axes: Axes) -> str:
    """A curve in a sentence, for those who do not see it."""
    values = [(x, value) for x, value in curve.line or curve.dots if value is not None]
    if not values:
        return ""
    least = min(values, key=lambda pair: pair[1])
    first, last, lowest = (y_words(value, axes.y) for value in (values[0][1], values[-1][1], least[1]))
    words = {"x": t(f"plot.x.{axes.x}"), "y": t(f"plot.y.{axes.y}"), "where": x_words(least[0], axes.x)}
    return t("plot.told", name=curve.name, first=first, last=last, least=lowest, **words)


def _at(points: Sequence[Pair], spot: float) -> float | None:
    """The last value up to a position; None before the first and after the last one."""
    if not points or spot > points[-1][0] * 1.0001:
        return None
    before = [value for x, value in points if x <= spot * 1.0001 and value is not None]
    return before[-1] if before else None


def _smooth(points: Sequence[Pair], weight: float) -> list[Pair]:
    """An exponential mean with bias correction; a missing value leaves a gap."""
    mean, mass, done = 0.0, 0.0, []
    for x, value in points:
        if value is None:
            done.append((x, None))
            continue
        mean, mass = weight * mean + (1 - weight) * value, weight * mass + (1 - weight)
        done.append((x, mean / mass))
    return done


def _thin(points: Sequence[Pair], most: int) -> list[Pair]:
    """At most `most` points: the lowest and the highest of each bucket, so that no spike is lost; gaps stay."""
    if len(points) <= most:
        return list(points)
    buckets, done = max(1, most // 2), []
    for index in range(buckets):
        part = points[index * len(points) // buckets : (index + 1) * len(points) // buckets]
        finite = [point for point in part if point[1] is not None]
        if not finite:
            done.append((part[0][0], None))
            continue
        ends = {min(finite, key=lambda point: point[1]), max(finite, key=lambda point: point[1])}  # type: ignore[arg-type, return-value]
        done += sorted(ends)  # type: ignore[type-var]
    return done


def _sample(points: Sequence[Pair], most: int) -> list[Pair]:
    if len(points) <= most:
        return list(points)
    return [points[round(index * (len(points) - 1) / (most - 1))] for index in range(most)]
