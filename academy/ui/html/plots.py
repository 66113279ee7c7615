"""Token lengths and counts as columns and bars of HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from academy.ui.html.elements import Html, div, esc, span
from academy.ui.html.numbers import number
from academy.ui.texts.translate import t


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
    marks = [Html(f'<span class="x" style="left:{100 * mark / span_:.2f}%">{number(mark)}</span>') for mark in step_marks(span_)]
    line = (
        [Html(f'<b class="limit" style="left:{100 * limit / span_:.2f}%"><em>{esc(t("plot.limit", n=number(limit)))}</em></b>')]
        if limit <= span_
        else []
    )
    facts = {
        "n": len(lengths),
        "median": sorted(lengths)[(len(lengths) - 1) // 2],
        "longest": max(lengths),
        "over": sum(length > limit for length in lengths),
        "limit": limit,
    }
    label = t("plot.lengths_label", **{key: number(value) for key, value in facts.items()})
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


def step_marks(right: int) -> list[int]:
    """About six round counts from 0 on."""
    unit = 10 ** max(0, math.floor(math.log10(max(1, right / 5))))
    step = next(factor * unit for factor in (1, 2, 5, 10) if right / (factor * unit) <= 6)
    return list(range(0, right + 1, max(1, int(step))))
