"""The race that the Training tab shows: all curves together, the table of its trials, who is first, and what mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from academy.jobs.kinds.sweep import CloneRequest
from academy.jobs.store import ENDED, Job
from academy.ui.answers import toast
from academy.ui.html import curves
from academy.ui.html.curves import Curve
from academy.ui.html.drawings import Drawings
from academy.ui.html.elements import Html, button, card, div, field, labelled, notice, select, span, switch, tag
from academy.ui.html.numbers import loss, number
from academy.ui.look import Look
from academy.ui.texts.translate import plural, t
from academy.ui.training import compare
from academy.ui.training.words import setting_title, settings_words

_RATE = "learning_rate"
_Y = {"known": ("loss", "known", _RATE), "held_out": ("loss", "eval_loss", _RATE), "loss": ("loss", _RATE)}
"""The curves on offer, by the measure that compares the trials."""

Trial = Mapping[str, Any]


def actions(status: Mapping[str, Any], job: Job) -> list[Html]:
    """The buttons of a race that has ended."""
    if job.status == "finished":
        return [button(t("training.chat"), "job.chat", kind="primary", job=job.job_id)] if status.get("adapter_path") else []
    return [button(t("training.resume"), "job.resume", kind="primary", job=job.job_id)] if status.get("resumable") else []


# ------------------------------------------------------------------ the view


def region(look: Look) -> Html:
    """The shown job, where it is a race."""
    if look.job is None or look.job.record.kind != "sweep":
        return Html("")
    job = look.job.record
    race = look.academy.sweeps.get(job.job_id, points=False)
    axes, offered = compare.axes(look), _Y[race["measure"]]
    shown = replace(axes, x="step", y=axes.y if axes.y in offered else "loss")
    trials = [trial for trial in race["trials"] if trial["repeats"] is None]
    drawn = _placed(trials, race["best"])[: curves.MOST_CURVES]
    drawn.sort(key=lambda trial: trial["n"])
    colours = {trial["n"]: place for place, trial in enumerate(drawn)}
    tools = div(
        select("plot_y", [(name, t(f"plot.y.{name}")) for name in offered], shown.y, label=t("plot.y_label")),
        switch("plot_log", shown.log, t("plot.log")),
        span(t("race.more", n=len(drawn), of=len(trials)), cls="ac-soft") if len(drawn) < len(trials) else "",
        cls="ac-plot-tools",
    )
    return card(
        t("race.title"),
        _result(race, job),
        _picture(look, job, drawn, shown),
        tools,
        _table(race, trials, colours, going=job.status not in ENDED),
        _repeats(race),
        _importance(race["importance"]),
        cls="ac-plot-card ac-race",
    )


def _placed(trials: Sequence[Trial], best: Mapping[str, Any] | None) -> list[Trial]:
    """The trials to draw first: the first one, those that go on or ended well, and among them those that got furthest."""
    ends = ("finished", "racing", "waiting", "stopped", "behind", "failed")
    first = best["n"] if best else None
    return sorted(trials, key=lambda trial: (trial["n"] != first, ends.index(trial["state"]), -trial["step"], trial["n"]))


def _result(race: Mapping[str, Any], job: Job) -> Html:
    if race["sentence"]:
        return notice(race["sentence"], kind="good" if race["best"] and race["best"]["is_better"] else "info")
    return div(t(f"race.phase.{race['phase']}"), cls="ac-help") if job.status not in ENDED else Html("")


_drawings: Drawings[tuple[Html, Html]] = Drawings(16)


def _picture(look: Look, job: Job, trials: Sequence[Trial], axes: curves.Axes) -> Html:
    """The curves, and their figures as a table."""
    points = {trial["n"]: look.academy.sweeps.series(job.job_id, trial["n"]) for trial in trials}
    key = (job.job_id, axes, tuple((n, len(each), str(each[-1]) if each else "") for n, each in points.items()))
    total = max((trial["total_steps"] for trial in trials), default=0) or None

    def draw() -> tuple[Html, Html]:
        lines = [_curve(trial, points[trial["n"]], axes.y) for trial in trials]
        return curves.plot(lines, axes, right=total, best=False), curves.table(lines, axes)

    picture, figures = _drawings.get(look.academy, (*key, total), draw)
    return div(picture, figures)


def _curve(trial: Trial, points: Sequence[Mapping[str, Any]], y: str) -> Curve:
    return Curve(f"{trial['n']}", [(point["step"], point[y]) for point in points if y in point])


def _table(race: Mapping[str, Any], trials: Sequence[Trial], colours: Mapping[int, int], *, going: bool) -> Html:
    first = race["best"]["n"] if race["best"] else None
    heads = [t("race.trial"), t("race.settings"), t("race.step"), t(f"race.{race['measure']}"), t("race.state"), ""]
    rows = [_row(race, trial, colours.get(trial["n"]), is_first=trial["n"] == first, going=going) for trial in trials]
    table = tag(
        "table",
        tag("caption", t("race.title"), cls="ac-hidden"),
        tag("thead", tag("tr", *[tag("th", head, scope="col") if head else tag("td", "") for head in heads])),
        tag("tbody", *rows),
        cls="ac-facts ac-num ac-race-table",
    )
    return div(table, cls="ac-scroll-x", tabindex="0", role="region", aria_label=t("race.title"))


def _row(race: Mapping[str, Any], trial: Trial, colour: int | None, *, is_first: bool, going: bool) -> Html:
    n, sweep = trial["n"], race["id"]
    state = t("race.first") if is_first else t(f"race.is.{trial['state']}")
    more = trial["reason"] or (t("race.clone_of", n=trial["parent"]) if trial["parent"] else "")
    named = tag("th", number(n), scope="row", cls=f"key c{colour}" if colour is not None else "")
    step = f"{number(trial['step'])}/{number(trial['total_steps'])}" if trial["total_steps"] else "–"
    values = {t("race.step"): step, t(f"race.{race['measure']}"): _value(trial)}
    words = [tag("td", settings_words(trial["parameters"])), *[tag("td", text, data_head=head) for head, text in values.items()]]
    alive = going and race["phase"] == "race" and trial["state"] in ("waiting", "racing")
    acts = [button(t("race.use"), "trial.use", kind="quiet small", sweep=sweep, n=n)]
    if alive:
        stop = button(t("race.stop"), "trial.stop", kind="quiet small", title=t("race.stop_title", n=n), sweep=sweep, n=n)
        clone = button(t("race.clone"), "trial.clone_ask", kind="quiet small", sweep=sweep, n=n) if trial["step"] else ""
        acts = [stop, clone, *acts]
    said = tag("td", span(state, cls="ac-strong" if is_first else ""), div(more, cls="ac-soft") if more else "", data_head=t("race.state"))
    return tag("tr", named, *words, said, tag("td", div(*acts, cls="ac-row ac-race-acts")), cls="is-first" if is_first else "")


def _value(trial: Trial) -> str:
    return number(trial["known"]) if trial["known"] is not None else loss(trial["loss"]) if trial["loss"] is not None else "–"


def _repeats(race: Mapping[str, Any]) -> Html:
    """The repeats of the best two, behind a click."""
    repeats = [trial for trial in race["trials"] if trial["repeats"] is not None]
    if not repeats:
        return Html("")
    heads = [t("race.trial"), t("race.seed"), t("race.step"), t(f"race.{race['measure']}"), t("race.state")]
    rows = [
        tag(
            "tr",
            tag("th", number(trial["repeats"]), scope="row"),
            *[tag("td", text) for text in (trial["parameters"].get("seed"), number(trial["step"]), _value(trial))],
            tag("td", t(f"race.is.{trial['state']}")),
        )
        for trial in sorted(repeats, key=lambda trial: (trial["parameters"].get("seed") or 0, trial["repeats"]))
    ]
    table = tag(
        "table", tag("thead", tag("tr", *[tag("th", head, scope="col") for head in heads])), tag("tbody", *rows), cls="ac-facts ac-num"
    )
    summary = tag("summary", plural("race.of_repeats", len(repeats)))
    return tag("details", summary, div(table, cls="ac-scroll-x", tabindex="0"), cls="ac-plot-table")


def _importance(shares: Mapping[str, float]) -> Html:
    if not shares:
        return Html("")
    bars = [
        div(
            span(setting_title(name), cls="ac-bars-label"),
            Html(f'<span class="ac-bars-track"><i style="width:{100 * min(1.0, max(0.0, share)):.0f}%"></i></span>'),
            span(f"{100 * share:.0f} %", cls="ac-num"),
            cls="ac-bars-row",
        )
        for name, share in sorted(shares.items(), key=lambda item: -item[1])
    ]
    return div(
        tag("h4", t("race.importance")), div(*bars, cls="ac-bars"), div(t("race.importance_help"), cls="ac-help"), cls="ac-race-mattered"
    )


# ------------------------------------------------------------------ acts


def _stop(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    look.academy.sweeps.stop(str(data.get("sweep")), _number(data))
    return {"toast": toast(t("race.stopping", n=_number(data)))}


def _ask_clone(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    sweep, n = str(data.get("sweep")), _number(data)
    rate = look.academy.sweeps.trial(sweep, n)["parameters"].get(_RATE) or look.academy.jobs.get(sweep).parameters[_RATE]
    form = tag(
        "form",
        tag("h3", t("race.clone_title", n=n)),
        tag("p", t("race.clone_text")),
        labelled(setting_title(_RATE), field(_RATE, f"{rate / 2:.2g}", bind=False, autofocus=True, required=True, inputmode="decimal")),
        div(
            tag("button", t("js.no"), type="button", cls="ac-btn", data_close=True),
            tag("button", t("race.clone_yes"), type="submit", cls="ac-btn ac-btn-primary"),
            cls="ac-row ac-row-end",
        ),
        cls="ac-form",
        data_act="trial.clone",
        data_id=f"{sweep} {n}",
    )
    return {"dialog": form}


def _clone(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    sweep, _, n = str(data.get("id")).partition(" ")
    request = CloneRequest.model_validate({_RATE: str(data.get(_RATE) or "").strip() or None})
    look.academy.sweeps.clone(sweep, _number({"n": n}), request)
    return {"toast": toast(t("race.cloning", n=n)), "dialog": None}


def _use(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    n = _number(data)
    trial = look.academy.sweeps.trial(str(data.get("sweep")), n)
    settings = {name: value for name, value in trial["parameters"].items() if name != "seed"}
    return {"toast": toast(t("race.used", n=n)), "event": "settings", "data": {"settings": settings}}


def _number(data: Mapping[str, Any]) -> int:
    text = str(data.get("n"))
    return int(text) if text.isdecimal() and len(text) < 5 else 0


REGIONS = {"job_race": region}
ACTS = {"trial.stop": _stop, "trial.clone_ask": _ask_clone, "trial.clone": _clone, "trial.use": _use}
