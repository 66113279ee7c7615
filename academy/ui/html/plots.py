"""Plots as HTML and SVG: the loss over the steps, token lengths, counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from academy.ui.html.elements import Html, div, esc, join, span
from academy.ui.html.numbers import loss, number
from academy.ui.texts.translate import t

MAX_POINTS = 500


def plot(
    points: Sequence[dict[str, Any]],
    *,
    total_steps: int | None = None,
    checkpoints: Sequence[int] = (),
    other: Sequence[dict[str, Any]] = (),
    other_name: str = "",
) -> Html:
    """The loss over the steps: raw faint, smoothed strong, evaluations as points with the best one marked, checkpoints as ticks, and
    another job's curves.

    The lines are one stretched SVG and the labels HTML above it, so that they keep their size at any width; at most 20 kB.
    page.js reads the points back from the lines to show the step under the pointer.
    """
    train, evals = _series(points, "loss"), _series(points, "eval_loss")
    weight = 1 - 1 / min(200, max(2.5, len(train) / 30))  # the same for both curves, so that both lag alike
    others, other_evals = _smooth(_series(other, "loss"), weight), _series(other, "eval_loss")
    values = [value for _, value in train + evals + others + other_evals if value is not None]
    if not values:
        return div(div(t("plot.waiting"), cls="ac-plot-empty"), cls="ac-plot")
    last = max((step for step, _ in train + evals), default=0)
    right = max([total_steps or 0, last, 1, *(step for step, _ in others + other_evals)])
    scale = _Scale(right, *_axis(values))
    best = min(((value, step) for step, value in evals if value is not None), default=None)  # the best training batch is chance
    shown = _sample(evals, 100)
    lines = [
        *[Html(f'<path class="grid" d="M0 {scale.y(mark)}H10000"/>') for mark in scale.ticks],
        *[Html(f'<path class="tick" d="M{scale.x(step)} 10000V9600"/>') for step in list(checkpoints)[-60:] if 0 < step <= right],
        *([_line("other", _sample(others, 120), scale)] if others else []),
        *_dots("other-dot", _sample(other_evals, 40), scale),
        _line("raw", _thin(train, MAX_POINTS // 2), scale),
        _line("smooth", _sample(_smooth(train, weight), MAX_POINTS // 2), scale),
        *([_line("eval", shown, scale)] if len(shown) > 1 else []),
        *_dots("dot", shown, scale),
        *(_dots("best", [(best[1], best[0])], scale) if best else []),
    ]
    picture = Html(f'<svg viewBox="0 0 10000 10000" preserveAspectRatio="none" aria-hidden="true">{join(lines)}</svg>')
    legend = [span(t("plot.train"), cls="key-train")]
    legend += [span(t("plot.eval"), cls="key-eval")] if shown else []
    legend += [span(t("plot.best", loss=loss(best[0]), step=number(best[1])), cls="key-best")] if best else []
    legend += [span(t("plot.checkpoint"), cls="key-tick")] if checkpoints else []
    legend += [span(other_name, cls="key-other")] if others or other_evals else []
    area = div(picture, *_marks(scale), span(cls="cross"), span(cls="tip"), cls="ac-plot-area", **scale.data())
    newest = next((value for _, value in reversed(train) if value is not None), None)
    label = t("plot.label", loss=loss(newest), step=number(last))
    return div(div(*legend, cls="ac-legend"), area, cls="ac-plot", role="img", aria_label=label)


def histogram(lengths: Sequence[int], limit: int, *, columns: int = 40) -> Html:
    """The token lengths of the rows, with a line where they are cut off."""
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
        style = f"left:{100 * index / len(counts):.2f}%;width:{92 / len(counts):.2f}%;height:{tall:.1f}%"
        bars.append(Html(f'<i class="col{over}" style="{style}" title="{esc(title)}"></i>'))
    marks = [Html(f'<span class="x" style="left:{100 * mark / span_:.2f}%">{number(mark)}</span>') for mark in _step_marks(span_)]
    line = (
        [Html(f'<b class="limit" style="left:{100 * limit / span_:.2f}%"><em>{esc(t("plot.limit", n=number(limit)))}</em></b>')]
        if limit <= span_
        else []
    )
    label = t("plot.lengths_label", n=number(len(lengths)), longest=number(max(lengths)))
    return div(div(*bars, *line, *marks, cls="ac-plot-area"), cls="ac-plot ac-plot-small", role="img", aria_label=label)


def bars(counts: Sequence[tuple[Any, int]], *, kind: str = "") -> Html:
    """Counts as horizontal bars."""
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


class _Scale(NamedTuple):
    """From steps and losses to the SVG's coordinates, 0 to 10,000."""

    right: int
    low: float
    high: float
    ticks: list[float]

    def x(self, step: int) -> int:
        return round(step / self.right * 10_000)

    def y(self, value: float) -> int:
        return round((self.high - min(value, self.high)) / (self.high - self.low) * 10_000)

    def data(self) -> dict[str, float]:
        """What page.js needs to read the points back."""
        return {"data_right": self.right, "data_low": self.low, "data_high": self.high}


def _line(kind: str, points: Sequence[tuple[int, float | None]], scale: _Scale) -> Html:
    return Html(f'<path class="{kind}" d="{_path(points, scale)}"/>')


def _dots(kind: str, points: Sequence[tuple[int, float | None]], scale: _Scale) -> list[Html]:
    return [Html(f'<path class="{kind}" d="M{scale.x(step)} {scale.y(value)}h.01"/>') for step, value in points if value is not None]


def _marks(scale: _Scale) -> list[Html]:
    """The labels of both axes."""
    digits = _decimals(scale.ticks)
    losses = [Html(f'<span class="y" style="top:{scale.y(mark) / 100:.2f}%">{number(mark, digits)}</span>') for mark in scale.ticks]
    steps = [Html(f'<span class="x" style="left:{scale.x(step) / 100:.2f}%">{number(step)}</span>') for step in _step_marks(scale.right)]
    return losses + steps


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
    """An exponential mean with bias correction; a missing value leaves a gap."""
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
        finite = [point for point in part if point[1] is not None]
        if not finite:
            done.append((part[0][0], None))
            continue
        ends = {min(finite, key=lambda point: point[1]), max(finite, key=lambda point: point[1])}  # type: ignore[arg-type, return-value]
        done += sorted(ends)  # type: ignore[type-var]
    return done


def _sample(points: Sequence[tuple[int, float | None]], most: int) -> list[tuple[int, float | None]]:
    if len(points) <= most:
        return list(points)
    return [points[round(index * (len(points) - 1) / (most - 1))] for index in range(most)]


def _path(points: Sequence[tuple[int, float | None]], scale: _Scale) -> str:
    written, pen = [], "M"
    for step, value in points:
        if value is None:
            pen = "M"
            continue
        written.append(f"{pen}{scale.x(step)} {scale.y(value)}")
        pen = "L"
    return "".join(written)
