"""TODO: academy/ui/html/plots.py."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

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
