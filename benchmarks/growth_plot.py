"""The table and the plot of `growth.py`: what each step takes at each size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

Step = dict[str, Any]

_WIDTH, _HEIGHT, _GAP = 330, 250, 20
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 112, 34, 34
_COLORS = ("#1a7f5a", "#2563eb", "#c2410c", "#7c3aed", "#64748b", "#be185d")
_PER = {"rows": "rows", "jobs": "jobs", "adapters": "adapters"}

# Of each panel: its title, the figure, a line that no value should pass, and by its words the part and step of each curve.
_PANELS: tuple[tuple[str, str, float | None, dict[str, tuple[str, str]]], ...] = (
    (
        "Rows: processor, s",
        "cpu_seconds",
        None,
        {
            "import": ("rows", "import"),
            "curate": ("rows", "curate"),
            "tokenize": ("rows", "tokenize"),
            "one look at all": ("rows", "one look at all rows"),
            "search a dataset": ("rows", "search in a dataset"),
        },
    ),
    (
        "Rows: peak memory, MB",
        "peak_mb",
        None,
        {
            "curate": ("rows", "curate"),
            "import": ("rows", "import"),
            "tokenize": ("rows", "tokenize"),
            "one look at all": ("rows", "one look at all rows"),
        },
    ),
    (
        "A poll of the page: processor, ms",
        "cpu_seconds",
        0.2,
        {
            "Overview / lessons": ("rows", "poll overview"),
            "Lessons / lessons": ("rows", "poll dataset, lessons"),
            "Training / jobs": ("jobs", "poll training"),
            "Overview / jobs": ("jobs", "poll overview"),
            "Adapters / adapters": ("adapters", "poll adapters"),
            "Chat / adapters": ("adapters", "poll chat"),
        },
    ),
    (
        "One request: processor, ms",
        "cpu_seconds",
        None,
        {
            "add a lesson": ("rows", "add a lesson"),
            "search lessons": ("rows", "search a word"),
            "start / jobs": ("jobs", "start with so many jobs"),
            "GET /jobs": ("jobs", "GET /jobs, the newest 50"),
            "GET /adapters": ("adapters", "GET /adapters with lineage"),
            "activate": ("adapters", "activate"),
        },
    ),
)


def table(steps: Sequence[Step]) -> list[str]:
    """A table for each part: processor time and peak memory of each step at each size, and how it grew over the last ten times."""
    lines: list[str] = []
    for part in dict.fromkeys(step["part"] for step in steps):
        own = [step for step in steps if step["part"] == part]
        sizes = sorted({step["size"] for step in own})
        found = {(step["step"], step["size"]): step for step in own}
        lines += ["", f"| processor (peak MB) | {' | '.join(f'{size:,} {part}' for size in sizes)} | last ten times |"]
        lines.append("|---|" + "---|" * (len(sizes) + 1))
        for name in dict.fromkeys(step["step"] for step in own):
            cells = [_cell(found.get((name, size))) for size in sizes]
            lines.append(f"| {name} | {' | '.join(cells)} | {_grown([found.get((name, size)) for size in sizes[-2:]])} |")
    return lines[1:]


def plot(steps: Sequence[Step]) -> str:
    """Four panels with logarithmic axes; grey is linear growth."""
    rows = (len(_PANELS) + 1) // 2
    width, height = 2 * _WIDTH + _GAP, rows * (_HEIGHT + _GAP) - _GAP
    parts = [
        f'<g transform="translate({(at % 2) * (_WIDTH + _GAP)} {(at // 2) * (_HEIGHT + _GAP)})">{_panel(steps, *panel)}</g>'
        for at, panel in enumerate(_PANELS)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="#6b7280">'
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def _panel(steps: Sequence[Step], title: str, figure: str, most: float | None, curves: dict[str, tuple[str, str]]) -> str:
    scale = 1000 if title.endswith("ms") else 1
    least = 0.1 if scale == 1000 else 0.001 if figure == "cpu_seconds" else 1
    lines = {
        words: [(step["size"], max(scale * step[figure], least)) for step in steps if (step["part"], step["step"]) == curve]
        for words, curve in curves.items()
    }
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    (left, right), (low, high) = ((_down(min(values)), _up(max(values))) for values in zip(*points, strict=True))
    high = max(high, _up(scale * most)) if most else high

    def x(value: float) -> float:
        return _LEFT + (math.log10(value) - left) / max(1, right - left) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (math.log10(value) - low) / max(1, high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text x="4" y="16" font-weight="600">{escape(title)}</text>', *_axes(x, y, left, right, low, high)]
    if most:
        at = y(scale * most)
        parts.append(f'<path d="M{_LEFT} {at:.1f}H{_WIDTH - _RIGHT}" stroke="#c0392b" stroke-dasharray="2 3"/>')
        parts.append(f'<text x="{_LEFT + 4}" y="{at - 4:.1f}" fill="#c0392b">{scale * most:g}</text>')
    ends = sorted((y(line[-1][1]), words) for words, line in lines.items() if line)
    labels = dict(zip((words for _, words in ends), _apart([end for end, _ in ends]), strict=True))
    for (words, line), color in zip(lines.items(), _COLORS, strict=False):
        if line:
            path = "M" + "L".join(f"{x(size):.1f} {y(value):.1f}" for size, value in line)
            parts.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
            parts += [f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="2.5" fill="{color}"/>' for size, value in line]
            at = x(line[-1][0]) + 7
            parts.append(f'<text x="{at:.1f}" y="{labels[words] + 4:.1f}" fill="{color}">{escape(words)}</text>')
    return "".join(parts)


def _axes(x: Callable[[float], float], y: Callable[[float], float], left: int, right: int, low: int, high: int) -> list[str]:
    parts = []
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<path d="M{_LEFT} {at:.1f}H{_WIDTH - _RIGHT}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:,g}</text>')
    for power in range(left, right + 1):
        words = {3: "1 k", 4: "10 k", 5: "100 k", 6: "1 M"}.get(power, f"{10**power}")
        parts.append(f'<text x="{x(10.0**power):.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{words}</text>')
    # Linear growth, from the lower left corner as far as it fits.
    length = min(right - left, high - low)
    path = f"M{x(10.0**left):.1f} {y(10.0**low):.1f}L{x(10.0 ** (left + length)):.1f} {y(10.0 ** (low + length)):.1f}"
    return [*parts, f'<path d="{path}" stroke="#9ca3af" stroke-dasharray="5 4"/>']


def _apart(places: Sequence[float], least: float = 13) -> list[float]:
    """Heights of labels in ascending order, moved so that none covers another."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + least) if moved else place)
    return moved


def _down(value: float) -> int:
    return math.floor(math.log10(value) + 1e-9)


def _up(value: float) -> int:
    return math.ceil(math.log10(value) - 1e-9)


def _cell(step: Step | None) -> str:
    if step is None:
        return "–"
    seconds = step["cpu_seconds"]
    shown = f"{seconds:,.0f} s" if seconds >= 100 else f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.2g} ms"
    shown = f"{1000 * seconds:.0f} ms" if 0.1 <= seconds < 1 else shown
    return f"{shown} ({step['peak_mb']:,})"


def _grown(two: Sequence[Step | None]) -> str:
    if len(two) < 2 or two[0] is None or two[1] is None:
        return "–"
    return f"{two[1]['cpu_seconds'] / max(two[0]['cpu_seconds'], 1e-6):.1f} ×"
