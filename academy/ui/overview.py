"""The Overview tab: the first three steps, then what is worth doing next; where things stand, and what works on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.curation.examples import DatasetRequest
from academy.jobs.backends.docker.engine import IMAGE_MISSING
from academy.jobs.spec import TrainingSpec
from academy.messages import Text
from academy.models import BUNDLED
from academy.ui import worth
from academy.ui.answers import queued_words, toast
from academy.ui.dataset.files import only_tag
from academy.ui.html.elements import Html, bar, button, card, div, esc, go, join, live, notice, pill, remedy, span, tag, tile
from academy.ui.html.numbers import gigabytes, number, size
from academy.ui.look import Look
from academy.ui.professor import autopilot_line
from academy.ui.texts.translate import plural, say, t

if TYPE_CHECKING:
    from academy.adapters.store import Adapter
    from academy.jobs.store import Job
    from academy.services.academy import Academy

_TAGS = 8
_ALSO = 2
REAL = "smollm2-135m"
"""The base model that the tour leads to."""


def build(academy: Academy, page: gr.Blocks, bus: gr.HTML, out: gr.HTML) -> None:
    """The tab is drawn by its regions alone."""
    title = tag("h2", t("tab.overview"), cls="ac-hidden")
    parts = div(title, live("first"), div(live("now"), live("machine"), cls="ac-columns"), live("parts"), cls="ac-stack")
    gr.HTML(parts, apply_default_css=False)


# ------------------------------------------------------------------ the three steps


def _first(look: Look) -> Html:
    facts = look.overview
    warnings = [notice(say(text), kind="warn") for text in facts["damaged"]]
    if not facts["enabled"]:
        return notice(t("overview.disabled"), t("overview.disabled_hint"), kind="warn")
    adapters = len(look.adapters)
    at = 1 if not look.datasets else 2 if not adapters else 3
    if adapters and (look.active or adapters > 1 or look.academy.adapters.previous()):
        return join([*warnings, _worth_doing(worth.steps(_situation(look)))])
    if at == 2:
        look.academy.training.warm()
    steps = div(_samples_step(at, look), _train_step(at, look.busy), _chat_step(at), cls="ac-steps")
    bring = go(t("first.bring"), kind="small", tab="dataset")
    own = div(span(t("first.bring_text"), cls="ac-soft"), bring, cls="ac-row ac-bring") if at == 1 else ""
    return join([*warnings, div(tag("h2", t("first.title")), tag("p", t("first.text"), cls="ac-soft"), steps, own, cls="ac-hero")])


def _samples_step(at: int, look: Look) -> Html:
    lessons = look.overview["lessons"]["total_lessons"]
    if at > 1:
        text = t("first.samples_done", lessons=plural("count.lessons", lessons), datasets=plural("count.datasets", len(look.datasets)))
    else:
        text = t("first.own" if lessons else "first.samples_text")
    action = button(t("first.make" if lessons else "first.samples"), "first.samples", kind="primary" if at == 1 else "")
    return _step(1, at, t("first.samples"), text, action)


def _train_step(at: int, running: Job | None) -> Html:
    if running:
        text = t("first.training", name=running.name)
        action = go(t("first.watch"), kind="primary", tab="training", job=running.job_id)
    else:
        text = t("first.train_done" if at > 2 else "first.train_text")
        action = button(t("first.train_button"), "first.train", kind="primary" if at == 2 else "", disabled=at < 2)
    return _step(2, at, t("first.train"), text, action)


def _chat_step(at: int) -> Html:
    action = button(t("first.chat_button"), "first.chat", kind="primary" if at == 3 else "", disabled=at < 3)
    return _step(3, at, t("first.chat"), t("first.chat_text"), action)


def _situation(look: Look) -> worth.Situation:
    jobs = look.academy.jobs.list(limit=1)
    newest, dataset = next(iter(look.adapters), None), next(iter(look.datasets), None)
    measured = look.academy.evaluations.by_adapter()
    learned = {adapter.dataset_id for adapter in look.adapters} | {job.dataset_id for job in look.academy.jobs.list(limit=100)}
    return worth.Situation(
        running=(look.busy.job_id, look.busy.name) if look.busy else None,
        failed=next(((job.job_id, job.name) for job in jobs if job.status == "failed"), None),
        newest=(newest.adapter_id, newest.name) if newest else None,
        verdict=str(measured[newest.adapter_id]["verdict"]) if newest and newest.adapter_id in measured else "",
        active=(look.active.adapter_id, look.active.name) if look.active else None,
        proposed=(look.proposal.id, look.proposal.name, look.proposal.reasons[0]) if look.proposal else None,
        refused=_refusal(look, newest.adapter_id) if newest else "",
        untrained=(dataset.id, dataset.name) if dataset and dataset.id not in learned else None,
        new_lessons=look.overview["advice"]["new_lessons"],
        only_bundled=all(adapter.base_model in BUNDLED for adapter in look.adapters),
    )


def _refusal(look: Look, adapter_id: str) -> Text:
    """Why the gate does not propose an adapter instead of the one that answers; empty where it has not said so."""
    if look.active is None or look.active.adapter_id == adapter_id:
        return ""
    about = {"adapter_id": adapter_id, "against": look.active.adapter_id}
    last = next((item for item in look.academy.professor.decisions() if about.items() <= item.about.items()), None)
    return last.sentences[-1] if last and last.what == "refused" and last.sentences else ""


def _worth_doing(steps: list[worth.Step]) -> Html:
    """The most useful thing to do with the one primary button, and the next ones in a line each."""
    first, *others = steps
    also = [div(span(_worth_title(step)), _worth_button(step, "small"), cls="ac-worth-other") for step in others[:_ALSO]]
    return div(
        div(
            div(div(t("worth.title"), cls="ac-eyebrow"), tag("h2", _worth_title(first)), tag("p", _worth_text(first), cls="ac-soft")),
            _worth_button(first, "primary large"),
            cls="ac-worth-first",
        ),
        div(div(t("worth.also"), cls="ac-eyebrow"), *also, cls="ac-worth-others") if also else "",
        cls="ac-hero ac-worth",
    )


def _worth_key(step: worth.Step) -> str:
    return f"worth.verdict_{step.values['verdict']}" if step.key == "verdict" else f"worth.{step.key}"


def _worth_title(step: worth.Step) -> str:
    if step.key == "lessons":
        return plural("worth.lessons", step.values["n"])
    title = f"{_worth_key(step)}.title"
    return t(title, name=step.values["name"]) if "name" in step.values else t(title)


def _worth_text(step: worth.Step) -> str:
    return say(step.values["reason"]) if "reason" in step.values else t(f"{_worth_key(step)}.text")


def _worth_button(step: worth.Step, kind: str) -> Html:
    label = t(f"worth.{step.key}.button")
    match step.key:
        case "watch" | "failed" | "verdict":
            return go(label, kind=kind, tab="training", job=step.item)
        case "train":
            return go(label, kind=kind, tab="training")
        case "lessons":
            return go(label, kind=kind, tab="dataset")
        case "chat":
            return go(label, kind=kind, tab="chat")
        case "proposed":
            why = go(t("worth.proposed.why"), kind="quiet" if "primary" in kind else kind, tab="adapters", adapters_view="list")
            return div(button(label, "proposal.accept", kind=kind, id=step.item), why, cls="ac-row")
        case "refused":
            return button(label, "adapter.show", kind=kind, id=step.item)
        case "activate":
            return button(label, "first.chat", kind=kind, id=step.item)
        case "measure":
            return button(label, "report.measure", kind=kind, id=step.item)
        case "real":
            return button(label, "base.choose", kind=kind, name=REAL)


def _step(number_: int, at: int, title: str, text: str, action: Html) -> Html:
    state = "done" if number_ < at else "now" if number_ == at else "later"
    mark = Html("✓") if state == "done" else str(number_)
    return div(
        div(mark, cls="ac-step-mark"),
        div(div(title, cls="ac-step-title"), div(text, cls="ac-step-text"), cls="ac-step-body"),
        action if state != "done" else "",
        cls=f"ac-step ac-step-{state}",
    )


def _load_samples(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    academy = look.academy
    if not look.lessons["total_lessons"]:
        academy.lessons.load_samples()
    if look.datasets:
        return {"toast": toast(t("first.samples_toast")), "event": "datasets"}
    made = academy.datasets.create(DatasetRequest.model_validate({"include_git": False}))
    return {"toast": toast(say(made["message"])), "event": "datasets", "data": {"dataset": made["dataset_id"]}}


def _train(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.training.train(TrainingSpec.model_validate({"preset": "auto"}))
    return {"toast": toast(queued_words(look.academy, job)), "state": {"tab": "training", "job": job.job_id}, "top": True}


def _chat(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    chosen = str(data.get("id") or "")
    if look.active is not None and chosen in ("", look.active.adapter_id):
        return {"state": {"tab": "chat"}}
    answers = look.academy.adapters.activate(chosen or look.adapters[0].adapter_id)
    return {"toast": toast(t("adapters.activated", name=answers.name)), "state": {"tab": "chat"}, "event": "datasets"}


# ------------------------------------------------------------------ where things stand


def _now(look: Look) -> Html:
    facts = look.overview
    lessons = facts["lessons"]
    total, trainable = lessons["total_lessons"], lessons["trainable_lessons"]
    words = plural("overview.lessons", total) if total == trainable else t("overview.trainable", n=number(trainable))
    tiles = [go(tile(number(total), words), cls="ac-tile-link", tab="dataset", dataset_view="lessons")]
    others: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("datasets", len(look.datasets), {"tab": "dataset", "dataset_view": "make"}),
        ("finished", look.counts.get("finished", 0), {"tab": "training"}),
        ("adapters", len(look.adapters), {"tab": "adapters"}),
    )
    tiles += [go(tile(number(n), plural(f"overview.{name}", n)), cls="ac-tile-link", **state) for name, n, state in others]
    return card(
        t("overview.now"),
        div(*tiles, cls="ac-tiles ac-tiles-4"),
        _running(look),
        _answering(look.active),
        _tags(lessons.get("tag_distribution", {})),
        # Beside the three steps, one of which is to train, the advice to wait would contradict them.
        _advice(facts["advice"], bool(look.datasets)) if look.adapters or facts["advice"]["ready"] else "",
        autopilot_line(look),
    )


def _running(look: Look) -> Html | str:
    if (job := look.busy) is None:
        return ""
    percent = look.percent(job)
    head = div(tag("b", job.name), pill(job.status), go(t("first.watch"), tab="training", job=job.job_id), cls="ac-row")
    return div(head, bar(None if percent is None else percent / 100), cls="ac-run-now")


def _answering(adapter: Adapter | None) -> Html | str:
    if adapter is None:
        return ""
    base = span(t("overview.on", base=Path(adapter.base_model).name), cls="ac-soft", title=adapter.base_model)
    return div(span(t("overview.active"), cls="ac-soft"), tag("b", adapter.name), base, cls="ac-row ac-line")


def _tags(counts: dict[str, int]) -> Html | str:
    most = sorted(counts.items(), key=lambda item: -item[1])[:_TAGS]
    links = [
        go(join([esc(name), span(number(count), cls="ac-num")]), cls="ac-tag", tab="dataset", **only_tag(name)) for name, count in most
    ]
    return div(*links, cls="ac-tags") if links else ""


def _advice(advice: dict[str, Any], has_dataset: bool) -> Html:
    return div(
        div(t("overview.professor"), cls="ac-eyebrow"),
        div(say(advice["sentence"])),
        go(t("overview.to_training"), kind="small", tab="training") if advice["ready"] and has_dataset else "",
        cls="ac-advice" + (" is-ready" if advice["ready"] else ""),
    )


# ------------------------------------------------------------------ the machine


def _machine(look: Look) -> Html:
    report = look.machine
    rows = [_gpu(gpu) for gpu in report["gpus"]]
    if not rows:
        rows.append(div(span(t("machine.gpu")), span(say(report["gpu_message"]), cls="ac-soft"), cls="ac-meter-head"))
    memory, disk = report["memory"], report["disk"]
    cores, free = t("machine.cores", n=report["cpu"]["cores"]), t("machine.free", free=gigabytes(disk["free_mb"]))
    rows.append(_meter(t("machine.memory"), memory["total_mb"] - memory["available_mb"], memory["total_mb"], cores))
    rows.append(_meter(t("machine.disk"), disk["used_mb"], disk["used_mb"] + disk["free_mb"], free))
    return card(t("overview.machine"), div(*rows, cls="ac-meters"))


def _gpu(gpu: dict[str, Any]) -> Html:
    extra = [t("machine.busy", n=gpu["utilization_percent"])] if gpu["utilization_percent"] is not None else []
    extra += [f"{gpu['temperature_c']} °C"] if gpu["temperature_c"] is not None else []
    extra += [f"{gpu['power_w']:.0f} W"] if gpu["power_w"] is not None else []
    return _meter(gpu["name"], gpu["memory_used_mb"], gpu["memory_total_mb"], " · ".join(extra))


def _meter(name: str, used: float, total: float, extra: str) -> Html:
    share = used / total if total else 0
    level = "failed" if share > 0.95 else "queued" if share > 0.85 else "running"
    amount = span(t("machine.of", used=gigabytes(used), total=gigabytes(total)), cls="ac-num")
    return div(
        div(span(name, cls="ac-cut"), amount, cls="ac-meter-head"),
        bar(share, level, label=name),
        div(extra or Html("&nbsp;"), cls="ac-help ac-num"),
        cls="ac-meter",
    )


def _parts(look: Look) -> Html:
    """What works here: one line while all that is used is there, else open."""
    parts = look.machine["components"]
    missing = [part for part in parts if not part["ok"] and _is_wanted(part["name"], look)]
    head = plural("overview.parts_missing", len(missing)) if missing else t("overview.parts_ok")
    return tag(
        "details",
        tag("summary", tag("b", t("overview.parts")), " ", span(head, cls="ac-soft")),
        div(*[_part(part, look) for part in parts], cls="ac-parts"),
        cls="ac-card ac-more",
        open=bool(missing),
    )


def _is_wanted(name: str, look: Look) -> bool:
    """Whether a person has to do with a part that is missing: nobody needs a GPU, and containers only who chose them."""
    return name in ("training", "git") or (name == "docker" and look.academy.settings.backend == "docker")


def _part(part: dict[str, Any], look: Look) -> Html:
    return div(
        span(Html("✓") if part["ok"] else Html("–"), cls="ac-mark " + ("is-ok" if part["ok"] else "is-off")),
        div(
            div(t(f"part.{part['name']}"), cls="ac-strong"),
            div(say(part["reason"]), cls="ac-soft"),
            div(remedy(say(part["remedy"])), cls="ac-remedy") if part["remedy"] and not part["ok"] else "",
            _image(look) if part["code"] == IMAGE_MISSING else "",
        ),
        cls="ac-part",
    )


def _image(look: Look) -> Html:
    """How to get the missing image of the containers: a button, or the progress."""
    if not look.academy.settings.enabled:
        return Html("")
    state = look.academy.machine.image()
    if state.status in ("ready", "unavailable"):
        return Html("")
    if state.status == "getting":
        done = f" {size(state.bytes_done)} / {size(state.bytes_total)}" if state.bytes_done and state.bytes_total else ""
        words = span(f"{say(state.message)}{done}", cls="ac-soft ac-num")
        return div(bar(state.fraction, "preparing"), div(words, button(t("image.cancel"), "image.cancel", kind="small"), cls="ac-row"))
    label = t("image.build") if state.way == "build" else t("image.pull")
    return join([notice(say(state.error)) if state.error else "", div(button(label, "image.get", kind="small"), cls="ac-row")])


def _get_image(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(t("image.begun", image=look.academy.machine.get_image().image))}


def _cancel_image(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(say(look.academy.machine.cancel_image().message))}


REGIONS = {"first": _first, "now": _now, "machine": _machine, "parts": _parts}
ACTS = {"first.samples": _load_samples, "first.train": _train, "first.chat": _chat, "image.get": _get_image, "image.cancel": _cancel_image}
