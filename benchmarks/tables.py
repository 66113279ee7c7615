"""Writes the tables of the README and of docs/measured.md from `benchmarks/results/`, between their markers; a second run changes nothing.

    python benchmarks/tables.py

A table stands between `<!-- measured: NAME -->` and `<!-- /measured -->`. What has no result yet says so.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import growth_plot
from common import RESULTS

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/measured.md")
PLOT = "docs/speed.svg"
GROWTH_PLOT = "docs/growth.svg"
_MARKED = re.compile(r"(<!-- measured: ([\w-]+) -->\n).*?(<!-- /measured -->)", re.DOTALL)
Result = dict[str, Any]


def main() -> None:
    """Writes all pages, and the plot."""
    results = read(RESULTS)
    for name in PAGES:
        path = ROOT / name
        path.write_text(written(path.read_text(encoding="utf-8"), results), encoding="utf-8")
    for name, picture in ((PLOT, plot(results)), (GROWTH_PLOT, plot_growth(results))):
        if picture is not None:
            (ROOT / name).write_text(picture, encoding="utf-8")


def read(folder: Path) -> dict[str, Result]:
    """The results by the names of their benchmarks."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def written(text: str, results: dict[str, Result]) -> str:
    """The page with its tables as the results have them."""

    def table(match: re.Match[str]) -> str:
        name = match[2]
        missing = "Not measured yet: no GPU was there (`make gpu`)." if name == "gpu" else f"Not measured yet: `make bench ONLY={name}`."
        lines = TABLES[name](results[name]) if name in results else [missing]
        return match[1] + "".join(f"{line}\n" for line in lines) + match[3]

    return _MARKED.sub(table, text)


def training(result: Result) -> list[str]:
    """Contenders by speed, with spread, memory and share of the limit."""
    figures, lines = result["figures"], []
    academy = next((row for row in figures["rows"] if row["name"] == "academy" and "speed" in row), None)
    for row in figures["rows"]:
        if "speed" not in row:
            lines.append(f"| {row['title']} | {row['why']} | | | | | |")
            continue
        speed, memory = row["speed"], row["memory_mb"]
        compared = ["–", "–"]
        if academy and row is not academy:
            compared = [f"{academy['speed']['median'] / speed['median']:.2f} ×", f"{academy['memory_mb'] / memory:.2f} ×"]
        lines.append(
            f"| {row['title']} | {speed['median']:,.0f} ({speed['least']:,.0f}–{speed['most']:,.0f}) | {compared[0]} "
            f"| {row['step_seconds']:.2f} | {memory:,.0f} | {compared[1]} | {row['of_limit']:.0%} |"
        )
    limits = ", ".join(f"{name} {value:,.0f} GFLOP/s" for name, value in figures["limit_gflops"].items())
    kind = "short facts" if figures["shape"] == "facts" else "chats of mixed lengths"
    return [
        f"{figures['base']}, {figures['parameters'] / 1e6:,.0f} M parameters, {kind} ({figures['mean_tokens']:.0f} tokens on average), "
        f"{figures['batch']} a step, n = {figures['n']}, in turns; limit: {limits}. {_where(result)}",
        "",
        "| | tok/s (least–most) | Academy's speed | step, s | peak MB | Academy's memory | of the limit |",
        "|---|---|---|---|---|---|---|",
        *lines,
    ]


def gpu(result: Result) -> list[str]:
    """The checks in one line each, and the speeds."""
    checks = {line["check"]: line for line in result["figures"]}
    lines = [f"{_where(result)}", "", "| check | | seconds | |", "|---|---|---|---|"]
    for name, line in checks.items():
        if not name.startswith("speed "):
            word = {True: "ok", False: "**failed**", None: "–"}[line["ok"]]
            lines.append(f"| {name} | {word} | {line['seconds']:.0f} | {line.get('reason', '')} |")
    lines += ["", "| speed, tok/s (of the limit; peak MB) | Academy | TRL defaults | TRL's best options | Trainer | × | × best |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for name, line in checks.items():
        if not name.startswith("speed "):
            continue
        figures = line.get("figures") or {}
        best = max((figures.get(key, {}) for key in ("trl-grouped", "trl-packed")), key=lambda item: item.get("speed", 0.0))
        each = [figures.get("academy", {}), figures.get("trl", {}), best, figures.get("trainer", {})]
        if "speed" not in each[0]:
            lines.append(f"| {name.removeprefix('speed ')} | {line.get('reason', '')} | | | | | |")
            continue
        cells = [_cell(item) for item in each]
        times = [f"{each[0]['speed'] / item['speed']:.2f}" if "speed" in item else "–" for item in each[1:3]]
        lines.append(f"| {name.removeprefix('speed ')} | {' | '.join([*cells, *times])} |")
    return lines


def warm(result: Result) -> list[str]:
    """Seconds from Train to the first step."""
    figures = result["figures"]
    lines = [f"{figures['base']}, {figures['rows']} rows, n = {figures['n']}, in turns. {_where(result)}", ""]
    lines += ["| from Train to the first step | median, s | least–most |", "|---|---|---|"]
    for name in ("cold", "warm"):
        times = figures[name]["seconds"]
        lines.append(f"| {name} | {statistics.median(times):.2f} | {min(times):.2f}–{max(times):.2f} |")
    return lines


def chat(result: Result) -> list[str]:
    """Tokens a second of the chat and of `generate`."""
    figures = result["figures"]
    lines = [f"{figures['base']}, greedy, n = {figures['n']}, in turns. {_where(result)}", ""]
    lines += ["| | tok/s (least–most) | Academy is × as fast | first token, s | processor, ms a token |", "|---|---|---|---|---|"]
    for name, row in figures.items():
        if isinstance(row, dict):
            times, speeds = statistics.median(row["academy_is_times_as_fast"]), row["tokens_per_second"]
            lines.append(
                f"| {name} | {row['median']:.1f} ({min(speeds):.1f}–{max(speeds):.1f}) | {times:.2f} "
                f"| {row['seconds_to_first_token']:.2f} | {row['cpu_ms_per_token']:.1f} |"
            )
    return lines


def page(result: Result) -> list[str]:
    """What a person waits for in the browser."""
    figures = result["figures"]
    lines = [f"Median of {figures['loads']} loads, {figures['polls']} polls of each tab. {_where(result)}", ""]
    lines += ["| ms | first paint | contentful | usable |", "|---|---|---|---|"]
    lines += [f"| {name} | {row['first_paint']} | {row['contentful']} | {row['usable']} |" for name, row in figures["milliseconds"].items()]
    lines += ["", "| tab | shift | poll, CPU ms | poll, wall ms | bytes |", "|---|---|---|---|---|"]
    for name, row in figures["tabs"].items():
        lines.append(f"| {name} | {row['shift']:.3f} | {row['poll_cpu_ms']:.1f} | {row['poll_wall_ms']:.1f} | {row['answer_bytes']} |")
    return lines


def data(result: Result) -> list[str]:
    """Import, search, curation and logs."""
    figures = result["figures"]
    lines = [f"{figures['lessons']:,} lessons, {figures['lines']:,} lines of log of each kind. {_where(result)}", ""]
    lines += ["| | s | processor, s | more memory, MB |", "|---|---|---|---|"]
    for row in figures["parts"]:
        lines.append(f"| {row['part']} | {row['seconds']:.2f} | {row['cpu_seconds']:.2f} | {row['memory_mb']} |")
    return lines


def race(result: Result) -> list[str]:
    """A race against the same trainings one after another."""
    figures = result["figures"]
    alone, raced = figures["alone"], figures["race"]
    total = {name: sum(cost[name] for cost in alone) for name in ("wall", "processor")} | {
        "memory_mb": max(cost["memory_mb"] for cost in alone)
    }
    lines = [f"{figures['base']}, {figures['trials']} trials of *{figures['set']}*. {_where(result)}", ""]
    lines += ["| | s | processor, s | peak MB |", "|---|---|---|---|"]
    for name, cost in (("one after another", total), ("race", raced)):
        lines.append(f"| {name} | {cost['wall']:.0f} | {cost['processor']:.0f} | {cost['memory_mb']:,.0f} |")
    return lines


def growth(result: Result) -> list[str]:
    """What each step takes at each size."""
    return [_where(result), "", f"![Growth]({Path(GROWTH_PLOT).name})", "", *growth_plot.table(result["figures"]["steps"])]


def plot_growth(results: dict[str, Result]) -> str | None:
    """The plot of the growth to all sizes; None where it was not measured."""
    found = results.get("growth-full")
    return growth_plot.plot(found["figures"]["steps"]) if found else None


TABLES: dict[str, Callable[[Result], list[str]]] = {
    "training": training,
    "training-smol": training,
    "training-smol-facts": training,
    "gpu": gpu,
    "warm": warm,
    "chat": chat,
    "page": page,
    "data": data,
    "race": race,
    "growth-full": growth,
}


def plot(results: dict[str, Result]) -> str | None:
    """Bars of the tokens a second of each measured set, as an SVG; None without a result."""
    sets = [(name, results[name]["figures"]) for name in ("training", "training-smol", "training-smol-facts") if name in results]
    if not sets:
        return None
    parts: list[str] = []
    top = 12
    for _, figures in sets:
        rows = [row for row in figures["rows"] if "speed" in row]
        most = max(row["speed"]["most"] for row in rows)
        parts.append(f'<text x="8" y="{top + 12}" font-weight="600">{escape(figures["base"])}, {figures["shape"]}: tokens/s</text>')
        top += 22
        for row in rows:
            speed, scale = row["speed"], 360 / most
            color = "#1a7f5a" if row["name"].startswith("academy") else "#8a8f98"
            middle, low, high = (230 + speed[key] * scale for key in ("median", "least", "most"))
            parts.append(f'<text x="222" y="{top + 12}" text-anchor="end">{escape(row["title"])}</text>')
            parts.append(f'<rect x="230" y="{top + 1}" width="{middle - 230:.1f}" height="14" rx="2" fill="{color}"/>')
            parts.append(f'<path d="M{low:.1f} {top + 8}H{high:.1f}" stroke="#c0392b" stroke-width="2"/>')
            parts.append(f'<text x="{high + 6:.1f}" y="{top + 12}">{speed["median"]:,.0f}</text>')
            top += 20
        top += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 {top}" font-family="sans-serif" font-size="12" fill="#6b7280">'
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def _where(result: Result) -> str:
    """Machine, versions and day."""
    machine, versions = result["machine"], result["versions"]
    cards = ", ".join(f"{card['name']} ({card['memory_mb'] / 1024:.0f} GB, driver {card['driver']})" for card in machine["gpus"])
    names = ", ".join(f"{name} {versions[name]}" for name in ("torch", "transformers", "trl", "peft", "bitsandbytes") if name in versions)
    return f"{cards + ', ' if cards else ''}{machine['cpu']}, {machine['cores']} cores; {names}; {result['at'][:10]}."


def _cell(item: dict[str, Any]) -> str:
    if "speed" not in item:
        return item.get("why", "–")[:60].replace("|", "/")
    return f"{item['speed']:,.0f} ({item['of_limit']:.0%}; {item['memory_mb']:,.0f})"


if __name__ == "__main__":
    main()
