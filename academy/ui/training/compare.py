"""The curves of the shown job and of those that a person compares it with: what is drawn, the choices, and the table of differences."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from typing import Any

from academy.jobs.spec import KNOBS, TrainingSpec
from academy.jobs.store import Job
from academy.ui.html import curves
from academy.ui.html.curves import Axes, Curve
from academy.ui.html.drawings import Drawings
from academy.ui.html.elements import Html, card, div, join, select, span, switch, tag
from academy.ui.html.numbers import duration, gigabytes, loss, number
from academy.ui.look import Look
from academy.ui.report import grade, known_words
from academy.ui.texts.translate import say, t
from academy.ui.training.words import effort_words, is_by_heart, learned, setting_words

_OFFERED = 40
_X = {"step": "step", "time": "seconds", "tokens": "tokens_seen"}
_Y = (
    "loss",
    "eval_loss",
    "learning_rate",
    "grad_norm",
    "tokens_per_second",
    "memory_mb",
    "known",
    "chosen",
    "rejected",
    "margin",
    "accuracy",
)
_MOST_NAME = 40


def region(look: Look) -> Html:
    """The plot of the shown job, with those that were chosen to be compared."""
    if look.job is None:
        return card(t("plot.title"), curves.plot([], Axes()), cls="ac-plot-card")
    job = look.job.record
    if job.kind != "train":
        return Html("")
    offered = [other for other in look.academy.jobs.list(limit=_OFFERED, kind="train") if other.job_id != job.job_id and other.step]
    runs = [job, *chosen(look, offered)]
    over = axes(look)
    drawn, figures = _drawn(look, runs, over)
    parts = [drawn, _tools(look, runs, over), _differences(look, runs) if len(runs) > 1 else "", figures]
    return card(t("plot.title"), *parts, aside=join([_chooser(look, job, runs, offered)]), cls="ac-plot-card")


def chosen(look: Look, offered: Sequence[Job]) -> list[Job]:
    """The other jobs to draw: those chosen for this very job, or pinned; what is drawn beside a job was chosen for it."""
    if look.job_id is None or not (look.flag("versus_pin") or look.text("versus_of") == look.job_id):
        return []
    known = {job.job_id: job for job in offered}
    return [known[job_id] for job_id in look.listed("versus") if job_id in known][: curves.MOST_CURVES - 1]


# ------------------------------------------------------------------ the curves


def axes(look: Look) -> Axes:
    """What the viewer chose to see over what."""
    x, y, smooth = look.text("plot_x"), look.text("plot_y"), look.number("plot_smooth", -1)
    # By the steps to come, so that it stays as it is while the curve grows.
    total = look.job.status.get("total_steps") if look.job else None
    usual = curves.usual_smoothing(total) if total else None
    return Axes(
        x=x if x in ("step", "time", "tokens") else "step",
        y=y if y in _Y else "loss",
        log=look.flag("plot_log"),
        smoothing=min(smooth, 99) / 100 if smooth >= 0 else usual,
    )


_drawings: Drawings[tuple[Html, Html]] = Drawings(32)


def _drawn(look: Look, runs: Sequence[Job], axes: Axes) -> tuple[Html, Html]:
    """The picture and its figures, drawn again only where a point, a name or a choice is another."""
    alone = len(runs) == 1
    total = look.job.status.get("total_steps") if look.job and axes.x == "step" else None
    checkpoints = tuple(look.checkpoints) if alone and axes.x == "step" else ()
    states = tuple((run.job_id, run.name, *_state(look.academy.jobs.points(run.job_id))) for run in runs)

    def draw() -> tuple[Html, Html]:
        lines = [_curve(run, look.academy.jobs.series(run.job_id), axes) for run in runs]
        picture = curves.plot(lines, axes, right=total, checkpoints=checkpoints, best=alone and axes.y == "loss")
        return picture, curves.table(lines, axes)

    return _drawings.get(look.academy, (axes, states, total, checkpoints), draw)


def _state(points: Sequence[Any]) -> tuple[int, str]:
    """What changes with every new point."""
    return len(points), str(points[-1]) if points else ""


def _curve(job: Job, points: Sequence[Any], axes: Axes) -> Curve:
    place = _X[axes.x]

    def values(name: str) -> list[tuple[float, float | None]]:
        return [(point[place], point[name]) for point in points if name in point and point.get(place) is not None]

    # The loss on held-out rows says nothing where facts are taught.
    held_out = [] if is_by_heart(job.parameters) else values("eval_loss")
    name = job.name if len(job.name) <= _MOST_NAME else job.name[: _MOST_NAME - 1] + "…"
    if axes.y == "loss":
        return Curve(name, values("loss"), held_out)
    return Curve(name, held_out) if axes.y == "eval_loss" else Curve(name, values(axes.y), values(f"eval_{axes.y}"))


# ------------------------------------------------------------------ choices


def _chooser(look: Look, job: Job, runs: Sequence[Job], offered: Sequence[Job]) -> Html | str:
    """The list of other trainings, those on the same dataset and base first."""
    if not offered:
        return ""
    drawn = tuple(run.job_id for run in runs)
    key = (job.job_id, look.flag("versus_pin"), drawn, tuple((item.job_id, item.sequence) for item in offered))
    return _choosers.get(look.academy, key, lambda: _choices(look, job, runs, offered))


_choosers: Drawings[Html] = Drawings(32)


def _choices(look: Look, job: Job, runs: Sequence[Job], offered: Sequence[Job]) -> Html:
    drawn = [run.job_id for run in runs[1:]]
    alike = sorted(offered, key=lambda other: (other.dataset_id, other.base_model) != (job.dataset_id, job.base_model))
    full = len(runs) >= curves.MOST_CURVES
    rows = [_choice(look, job, other, drawn, full=full) for other in alike]
    count = f" ({len(drawn)})" if drawn else ""
    clear = _set(t("plot.clear"), {"versus": [], "versus_pin": False}, cls="ac-btn ac-btn-quiet ac-btn-small") if drawn else ""
    pin = div(switch("versus_pin", look.flag("versus_pin"), t("plot.pin")), clear, cls="ac-row ac-picker-end")
    return tag(
        "details",
        tag("summary", t("plot.versus") + count, cls="ac-btn ac-btn-small"),
        div(
            div(t("plot.most", n=curves.MOST_CURVES - 1), cls="ac-help"),
            div(*rows, cls="ac-picker-list", role="group", aria_label=t("plot.versus")),
            pin,
            cls="ac-picker-items",
        ),
        cls="ac-picker",
        id="plot-versus",
    )


def _choice(look: Look, job: Job, other: Job, drawn: Sequence[str], *, full: bool) -> Html:
    on = other.job_id in drawn
    of = {"versus_of": job.job_id}
    apart = [] if (other.dataset_id, other.base_model) == (job.dataset_id, job.base_model) else [t("plot.other_data")]
    words = " · ".join([*effort_words(other), *apart])
    return _set(
        join([span(other.name, cls="ac-cut ac-strong"), span(words, cls="ac-soft ac-cut")]),
        of,
        data_toggle=json.dumps({"list": "versus", "item": other.job_id, "of": of, "pin": "versus_pin"}),
        cls="ac-picker-row" + (" is-on" if on else ""),
        disabled=full and not on,
        aria_pressed="true" if on else "false",
    )


def _set(label: Any, state: dict[str, Any], **attributes: Any) -> Html:
    return tag("button", label, type="button", data_set=json.dumps(state), **attributes)


def _tools(look: Look, runs: Sequence[Job], axes: Axes) -> Html:
    """What is drawn over what, how smooth, and the ways to take it along."""
    points = [look.academy.jobs.points(run.job_id) for run in runs]
    newest = [each[-1] if each else {} for each in points]
    measured = {name for each in points for point in (each[0], *each[-3:]) for name in point} if all(points) else set()
    offered = [name for name in _Y if name == axes.y or name in measured or name == "loss"]
    usual = curves.usual_smoothing(max(map(len, points), default=0))
    smooth = round(100 * (usual if axes.smoothing is None else axes.smoothing))
    slider = tag(
        "input", type="range", min=0, max=99, step=1, value=smooth, name="plot_smooth", data_bind="plot_smooth", aria_label=t("plot.smooth")
    )
    file = t("plot.file", name=runs[0].name)
    query = "&".join(f"job={run.job_id}" for run in runs)
    csv_link = tag("a", "CSV", cls="ac-btn ac-btn-small", href=f"api/v1/academy/jobs/figures.csv?{query}", download=f"{file}.csv")
    png = tag("button", "PNG", type="button", cls="ac-btn ac-btn-small", data_do="png", data_name=file, title=t("plot.png"))
    return div(
        select("plot_y", [(name, t(f"plot.y.{name}")) for name in offered], axes.y, label=t("plot.y_label")),
        select("plot_x", [(name, t("plot.over", x=t(f"plot.x.{name}"))) for name in _X], axes.x, label=t("plot.x_label")),
        switch("plot_log", axes.log, t("plot.log")),
        tag("label", span(t("plot.smooth")), slider, cls="ac-plot-smooth") if axes.y in curves.NOISY else "",
        span(csv_link, png, cls="ac-plot-take") if any(newest) else "",
        cls="ac-plot-tools",
    )


# ------------------------------------------------------------------ the table


def _differences(look: Look, runs: Sequence[Job]) -> Html:
    """The settings in which the runs differ, and what came of each."""
    rows = [(name, cells) for name, cells in _settings(look, runs) if len(set(cells)) > 1]
    results = [(name, cells) for name, cells in _results(look, runs) if set(cells) != {"–"}]
    heads = [tag("th", span(run.name, cls="ac-clamp"), scope="col", cls=f"key c{index}") for index, run in enumerate(runs)]
    span_of = str(len(runs) + 1)

    def group(title: str, entries: Sequence[tuple[str, Sequence[str]]]) -> list[Html]:
        lines = [tag("tr", tag("th", name, scope="row"), *[tag("td", cell) for cell in cells]) for name, cells in entries]
        return [tag("tr", tag("th", title, colspan=span_of, scope="colgroup", cls="ac-eyebrow")), *lines]

    table = tag(
        "table",
        tag("caption", t("compare.title"), cls="ac-hidden"),
        tag("thead", tag("tr", tag("td", ""), *heads)),
        tag("tbody", *group(t("compare.settings"), rows or [(t("compare.same"), [""] * len(runs))])),
        tag("tbody", *group(t("compare.results"), results)),
        cls="ac-facts ac-num ac-compare",
    )
    return div(table, cls="ac-scroll-x", tabindex="0", role="region", aria_label=t("compare.title"))


def _settings(look: Look, runs: Sequence[Job]) -> list[tuple[str, list[str]]]:
    names, fields = {item.id: item.name for item in look.datasets}, TrainingSpec.model_fields
    adapters = {item.adapter_id: item.name for item in look.adapters}
    first = [
        (t("compare.dataset"), [names.get(run.dataset_id or "", "–") for run in runs]),
        (t("compare.base"), [run.base_model for run in runs]),
        (t("compare.effort"), [t(f"effort.{run.effort}") if run.effort else "–" for run in runs]),
        (say(fields["recipe"].title), [run.recipe or "–" for run in runs]),
        (
            say(fields["continue_from"].title),
            [adapters.get(name, t("compare.gone")) if (name := run.continue_from) else "–" for run in runs],
        ),
    ]
    return first + [(say(fields[name].title or name), [setting_words(name, run.parameters.get(name)) for run in runs]) for name in KNOBS]


def _results(look: Look, runs: Sequence[Job]) -> list[tuple[str, list[str]]]:
    jobs = look.academy.jobs
    briefs, results = [jobs.brief(run) for run in runs], [jobs.result(run) for run in runs]
    paces = [_pace(look, run, jobs.points(run.job_id)) for run in runs]
    verdicts = [learned(run, brief and grade(brief.verdict, brief.missing)) for run, brief in zip(runs, briefs, strict=True)]
    knows = [" · ".join(known_words(brief.known, brief.rephrased)) if brief else "–" for brief in briefs]
    ended = zip(runs, verdicts, strict=True)
    held_out = [None if is_by_heart(run.parameters) else item.eval_loss for run, item in zip(runs, results, strict=True)]
    return [
        (t("compare.result"), [t(f"verdict.{verdict}") if verdict else t(f"state.{run.status}") for run, verdict in ended]),
        (t("compare.knows"), [words or "–" for words in knows]),
        (t("adapters.train_loss_title"), [loss(result.train_loss) for result in results]),
        (
            t("compare.held_out"),
            [loss(value) for value in held_out],
        ),
        (t("compare.steps"), [number(run.step) for run in runs]),
        (t("compare.epochs"), [number(result.epochs, 1) for result in results]),
        (t("compare.time"), [duration(jobs.duration(run)) for run in runs]),
        (t("compare.tokens"), [number(pace) for pace, _ in paces]),
        (t("compare.memory"), [gigabytes(memory) for _, memory in paces]),
        (t("compare.why"), [say(run.error or run.reason) or "–" if run.status == "failed" else "–" for run in runs]),
        (t("jobs.note"), [run.note or "–" for run in runs]),
    ]


_paces: Drawings[tuple[float | None, float | None]] = Drawings(64)


def _pace(look: Look, job: Job, points: Sequence[Any]) -> tuple[float | None, float | None]:
    """The median of its tokens a second, and the most memory that it took, in MiB."""

    def measure() -> tuple[float | None, float | None]:
        paces, memory = ([point[name] for point in points if point.get(name)] for name in ("tokens_per_second", "memory_mb"))
        return round(statistics.median(paces)) if paces else None, max(memory, default=None)

    return _paces.get(look.academy, (job.job_id, *_state(points)), measure)


REGIONS = {"job_plot": region}
