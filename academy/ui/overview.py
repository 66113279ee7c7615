"""The Overview tab: the first three steps, what works on this machine and what does not, and whether it is time to train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.curation.examples import DatasetRequest
from academy.jobs.spec import TrainingSpec
from academy.ui.html.elements import Html, bar, button, card, div, esc, go, join, live, notice, pill, remedy, span, tag, tile
from academy.ui.html.numbers import gigabytes, number, plural, size
from academy.ui.live import View, toast
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.services.academy import Academy


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """The tab is drawn by its regions alone."""
    gr.HTML(
        div(
            live("first"),
            div(live("now"), live("machine"), cls="ac-columns"),
            live("parts"),
            cls="ac-stack",
        ),
        apply_default_css=False,
    )


# ------------------------------------------------------------------ the three steps


def _first(academy: Academy, view: View) -> Html:
    facts = academy.machine.overview()
    warnings = [notice(text, kind="warn") for text in facts["damaged"]]
    if not facts["enabled"]:
        return notice(t("overview.disabled"), t("overview.disabled_hint"), kind="warn")
    lessons, datasets, adapters = facts["lessons"]["total_lessons"], facts["datasets"], facts["adapters"]
    running = facts["running"]
    at = 1 if not datasets else 2 if not adapters else 3 if not facts["active"] else 4
    if at == 4:
        return join(warnings)
    steps = [
        _step(
            1,
            at,
            t("first.samples"),
            t("first.samples_done", lessons=plural("count.lessons", lessons), datasets=plural("count.datasets", datasets))
            if at > 1
            else t("first.own")
            if lessons
            else t("first.samples_text"),
            button(t("first.make") if lessons else t("first.samples_button"), "first.samples", kind="primary" if at == 1 else ""),
        ),
        _step(
            2,
            at,
            t("first.train"),
            t("first.training", name=running["name"]) if running else t("first.train_done") if at > 2 else t("first.train_text"),
            go(t("first.watch"), kind="primary", tab="training", job=running["job_id"])
            if running
            else button(t("first.train_button"), "first.train", kind="primary" if at == 2 else "", disabled=at < 2),
        ),
        _step(
            3,
            at,
            t("first.chat"),
            t("first.chat_text"),
            button(t("first.chat_button"), "first.chat", kind="primary" if at == 3 else "", disabled=at < 3),
        ),
    ]
    return join(
        [*warnings, div(tag("h2", t("first.title")), tag("p", t("first.text"), cls="ac-soft"), div(*steps, cls="ac-steps"), cls="ac-hero")]
    )


def _step(place: int, at: int, title: str, text: str, action: Html) -> Html:
    state = "done" if place < at else "now" if place == at else "later"
    mark = Html("✓") if state == "done" else str(place)
    return div(
        div(mark, cls="ac-step-mark"),
        div(div(title, cls="ac-step-title"), div(text, cls="ac-step-text"), cls="ac-step-body"),
        action if state != "done" else "",
        cls=f"ac-step ac-step-{state}",
    )


def _load_samples(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    if not academy.lessons.statistics()["total_lessons"]:
        academy.lessons.load_samples()
    if academy.datasets.list():
        return {"toast": toast(t("first.samples_toast")), "event": "datasets"}
    made = academy.datasets.create(DatasetRequest.model_validate({"include_git": False}))
    return {"toast": toast(made["message"]), "event": "datasets"}


def _train(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    job = academy.training.train(TrainingSpec.model_validate({"preset": "auto"}))
    return {"toast": toast(t("training.queued", name=job.name)), "state": {"tab": "training", "job": job.job_id}, "top": True}


def _chat(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    if academy.adapters.active() is None:
        newest = academy.adapters.list()[0]
        academy.adapters.activate(newest.adapter_id)
        return {"toast": toast(t("adapters.activated", name=newest.name)), "state": {"tab": "chat"}, "event": "datasets"}
    return {"state": {"tab": "chat"}}


# ------------------------------------------------------------------ what is


def _now(academy: Academy, view: View) -> Html:
    facts = academy.machine.overview()
    jobs, lessons, advice = facts["jobs"], facts["lessons"], facts["advice"]
    running, active = facts["running"], facts["active"]
    tiles = [
        tile(number(lessons["total_lessons"]), t("overview.lessons")),
        tile(number(facts["datasets"]), t("overview.datasets")),
        tile(number(jobs.get("finished", 0)), t("overview.finished"), Html(f"/{number(jobs.get('total', 0))}")),
        tile(number(facts["adapters"]), t("overview.adapters")),
    ]
    lines = []
    if running:
        step, total = running.get("step"), running.get("total_steps")
        lines.append(
            div(
                div(
                    tag("b", running["name"]),
                    pill(running["status"]),
                    go(t("first.watch"), tab="training", job=running["job_id"]),
                    cls="ac-row",
                ),
                bar(step / total if step is not None and total else None),
                cls="ac-run-now",
            )
        )
    if active:
        lines.append(
            div(
                span(t("overview.active"), cls="ac-soft"),
                tag("b", active["name"]),
                span(t("overview.on", base=active["base_model"]), cls="ac-soft"),
                cls="ac-row ac-line",
            )
        )
    if jobs.get("failed"):
        lines.append(
            div(span(plural("count.failed", jobs["failed"]), cls="ac-soft"), go(t("overview.look"), tab="training"), cls="ac-row ac-line")
        )
    spread = sorted(lessons.get("tag_distribution", {}).items(), key=lambda item: -item[1])[:8]
    tags = [
        go(join([esc(name), span(number(count), cls="ac-num")]), cls="ac-tag", tab="dataset", lesson_tag=name) for name, count in spread
    ]
    return card(
        t("overview.now"),
        div(*tiles, cls="ac-tiles ac-tiles-4"),
        *lines,
        div(*tags, cls="ac-tags") if tags else "",
        div(
            div(t("overview.professor"), cls="ac-eyebrow"),
            div(advice["sentence"]),
            go(t("overview.to_training"), kind="small", tab="training") if advice["ready"] and facts["datasets"] else "",
            cls="ac-advice" + (" is-ready" if advice["ready"] else ""),
        ),
    )


def _machine(academy: Academy, view: View) -> Html:
    report = academy.machine.report()
    rows = []
    for gpu in report["gpus"]:
        extra = [t("machine.busy", n=gpu["utilization_percent"])] if gpu["utilization_percent"] is not None else []
        extra += [f"{gpu['temperature_c']} °C"] if gpu["temperature_c"] is not None else []
        extra += [f"{gpu['power_w']:.0f} W"] if gpu["power_w"] is not None else []
        rows.append(_meter(gpu["name"], gpu["memory_used_mb"], gpu["memory_total_mb"], " · ".join(extra)))
    if not report["gpus"]:
        rows.append(div(span(t("machine.gpu")), span(report["gpu_message"], cls="ac-soft"), cls="ac-meter-head"))
    memory, disk = report["memory"], report["disk"]
    rows.append(
        _meter(
            t("machine.memory"),
            memory["total_mb"] - memory["available_mb"],
            memory["total_mb"],
            t("machine.cores", n=report["cpu"]["cores"]),
        )
    )
    rows.append(
        _meter(t("machine.disk"), disk["used_mb"], disk["used_mb"] + disk["free_mb"], t("machine.free", free=gigabytes(disk["free_mb"])))
    )
    return card(t("overview.machine"), div(*rows, cls="ac-meters"))


def _meter(name: str, used: float, total: float, extra: str) -> Html:
    share = used / total if total else 0
    level = "failed" if share > 0.95 else "queued" if share > 0.85 else "running"
    return div(
        div(
            span(name, cls="ac-cut"), span(t("machine.of", used=gigabytes(used), total=gigabytes(total)), cls="ac-num"), cls="ac-meter-head"
        ),
        bar(share, level),
        div(extra or Html("&nbsp;"), cls="ac-help ac-num"),
        cls="ac-meter",
    )


def _parts(academy: Academy, view: View) -> Html:
    rows = [
        div(
            span(Html("✓") if part["ok"] else Html("–"), cls="ac-mark " + ("is-ok" if part["ok"] else "is-off")),
            div(
                div(t(f"part.{part['name']}"), cls="ac-strong"),
                div(part["reason"], cls="ac-soft"),
                div(remedy(part["remedy"]), cls="ac-remedy") if part["remedy"] and not part["ok"] else "",
                _image(academy) if part["name"] == "docker" and not part["ok"] else "",
            ),
            cls="ac-part",
        )
        for part in academy.machine.report()["components"]
    ]
    return card(t("overview.parts"), div(*rows, cls="ac-parts"))


def _image(academy: Academy) -> Html:
    """The way to the missing image of the containers: a button, and how far it is."""
    state = academy.machine.image()
    if state.status in ("ready", "unavailable"):
        return Html("")
    if state.status == "getting":
        done = f" {size(state.bytes_done)} / {size(state.bytes_total)}" if state.bytes_done and state.bytes_total else ""
        return div(
            bar(state.fraction, "preparing"),
            div(
                span(f"{state.message}{done}", cls="ac-soft ac-num"), button(t("image.cancel"), "image.cancel", kind="small"), cls="ac-row"
            ),
        )
    label = t("image.build") if state.way == "build" else t("image.pull")
    return join([notice(state.error) if state.error else "", div(button(label, "image.get", kind="small"), cls="ac-row")])


def _get_image(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    state = academy.machine.get_image()
    return {"toast": toast(t("image.begun", image=state.image))}


def _cancel_image(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    return {"toast": toast(academy.machine.cancel_image().message)}


REGIONS = {"first": _first, "now": _now, "machine": _machine, "parts": _parts}
ACTS = {"first.samples": _load_samples, "first.train": _train, "first.chat": _chat, "image.get": _get_image, "image.cancel": _cancel_image}
