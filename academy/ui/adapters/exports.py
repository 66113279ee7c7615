"""Exports: a dialog that makes one of an adapter, follows it, and lists those that are there with their figures and commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from academy.jobs.kinds.export import ExportRequest
from academy.ui.adapters import pushes
from academy.ui.answers import toast
from academy.ui.html.elements import Html, bar, button, closer, command, div, go, join, live, notice, remedy, short, span, tag, when
from academy.ui.html.numbers import number, size
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t
from academy.ui.training.words import why_failed

if TYPE_CHECKING:
    from academy.jobs.store import Job
    from academy.services.exports import Exported, Form

_SHOWN = 500  # characters of an answer


def _ask(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog: what to export as, and what there is."""
    item = look.academy.adapters.get(str(data.get("id")))
    forms = look.academy.exports.forms(item.adapter_id)
    first = next((form.key for form in forms if form.missing is None), "")
    strength = t("exports.strength", percent=number(round(100 * item.strength)))
    form = tag(
        "form",
        tag("fieldset", tag("legend", t("exports.what"), cls="ac-hidden"), *[_choice(form, form.key == first) for form in forms]),
        tag("p", strength, cls="ac-soft") if item.strength != 1 else "",
        div(tag("button", t("exports.go"), type="submit", cls="ac-btn ac-btn-primary", disabled=not first), cls="ac-row"),
        cls="ac-form ac-export-form",
        data_act="export.begin",
        data_id=item.adapter_id,
    )
    made = div(tag("h4", t("exports.made")), live("exports"), cls="ac-exports")
    return {"dialog": join([tag("h3", t("exports.title", name=item.name)), form, made, closer()]), "state": {"exports_of": item.adapter_id}}


def _choice(form: Form, checked: bool) -> Html:
    """One form as a line to choose: its name, what it is for, its size, and why it cannot be made here."""
    mark = tag("input", type="radio", name="form", value=form.key, checked=checked, disabled=form.missing is not None, autofocus=checked)
    about = span(t("exports.about", size=size(form.size_bytes)), cls="ac-soft ac-num") if form.size_bytes else ""
    words = div(span(t(f"exports.form.{form.key}"), cls="ac-strong"), about, cls="ac-export-name")
    reason = div(remedy(say(form.missing)), cls="ac-export-why") if form.missing is not None else ""
    label = tag("label", mark, div(words, div(t(f"exports.for.{form.key}"), cls="ac-soft")), cls="ac-export-choice")
    return div(label, reason, cls="is-off" if form.missing is not None else "")


def _begin(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    kind, _, quantization = str(data.get("form", "")).partition(":")
    asked = ExportRequest.model_validate({"format": kind} | ({"quantization": quantization} if quantization else {}))
    job = look.academy.exports.export(str(data.get("id")), asked)
    return {"toast": toast(t("exports.begun", name=job.name)), "state": {"exports_of": job.continue_from}}


def _exports(look: Look) -> Html:
    """What is being exported of the adapter, and what has been."""
    adapter_id = look.text("exports_of")
    if not adapter_id:
        return Html("")
    waiting, made = look.academy.exports.unfinished(adapter_id), look.academy.exports.list(adapter_id)
    if not waiting and not made:
        return div(t("exports.none"), cls="ac-soft")
    return join([*[_in_progress(look, job) for job in waiting], *[_made(look, adapter_id, item, at == 0) for at, item in enumerate(made)]])


def _in_progress(look: Look, job: Job) -> Html:
    name, log = job.parameters["stem"], go(t("exports.job"), kind="small", tab="training", job=job.job_id)
    if job.status == "failed":
        text, rest = why_failed(job)
        dismiss = button(t("exports.dismiss"), "export.dismiss", kind="small", job=job.job_id)
        return div(notice(f"{t('exports.failed')} {text}", remedy(rest), dismiss, log, kind="warn"), id=f"export-{job.job_id}")
    state = look.academy.jobs.view(job.job_id).get("preparing") or {}
    words = t("exports.waiting") if job.status == "queued" else say(state.get("message")) or t("exports.working")
    cancel = button(t("exports.cancel"), "export.cancel", kind="small", job=job.job_id)
    row = div(
        span(name, cls="ac-strong ac-cut"), span(words, cls="ac-soft"), div(cancel, log, cls="ac-row ac-row-end"), cls="ac-export-head"
    )
    fraction = 0.0 if job.status == "queued" else state.get("fraction")
    return div(row, bar(fraction, job.status, label=name), cls="ac-export", id=f"export-{job.job_id}")


def _made(look: Look, adapter_id: str, item: Exported, is_newest: bool) -> Html:
    record, main = item.record, item.record.files[0]
    sure = t("exports.delete_sure", name=main.name, size=size(item.size_bytes))
    head = div(
        div(
            span(main.name, cls="ac-strong"),
            join([span(size(main.size_bytes), cls="ac-num"), when(record.created_at)], " · "),
            cls="ac-export-title",
        ),
        div(
            _link(adapter_id, main.name, t("exports.download"), "ac-btn ac-btn-small"),
            pushes.way(adapter_id, item),
            button(
                t("exports.delete"),
                "export.delete",
                kind="small danger",
                confirm=sure,
                yes=t("exports.delete"),
                id=adapter_id,
                name=main.name,
            ),
            cls="ac-row ac-row-end",
        ),
        cls="ac-export-head",
    )
    lines = [div(span(line.label, cls="ac-soft"), command(line.text), cls="ac-export-command") for line in record.commands]
    also = [_link(adapter_id, file.name, file.name) for file in record.files[1:]]
    more = div(span(t("exports.also"), cls="ac-soft"), *also, cls="ac-row ac-export-also") if also else ""
    digest = div(span(t("exports.sum"), cls="ac-soft"), tag("code", main.sha256), cls="ac-export-sum")
    notes = [div(note, cls="ac-soft") for note in record.said]
    use = tag("details", tag("summary", t("exports.use")), *lines, more, digest, open=is_newest)
    return div(head, pushes.lines(look, adapter_id, item), _checked(item), *notes, use, cls="ac-export", id=f"export-{item.job_id}")


def _link(adapter_id: str, name: str, label: str, cls: str = "") -> Html:
    href = f"api/v1/academy/adapters/{quote(adapter_id)}/exports/{quote(name)}"
    return tag("a", label, cls=cls, href=href, download=name)


def _checked(item: Exported) -> Html:
    """How many answers are the adapter's own, by each program that was asked, and those that are not."""
    worst, checks = item.record.checked, item.record.checks
    if worst is None:
        return div(t("exports.unasked"), cls="ac-soft")
    same = span(
        t("exports.same", right=number(worst.right), of=number(worst.of)), cls="ac-export-same" + ("" if worst.different else " is-all")
    )
    engines = [t("exports.engine", engine=check.engine, right=number(check.right), of=number(check.of)) for check in checks]
    line = div(same, span(" · ".join(engines), cls="ac-soft"), cls="ac-row")
    if not worst.different:
        return line
    head = tag("tr", *[tag("th", t(f"exports.{key}"), scope="col") for key in ("question", "by_adapter", "by_export")])
    rows = [
        tag("tr", *[tag("td", short(text, _SHOWN)) for text in (item.question, item.adapter, item.exported)]) for item in worst.different
    ]
    table = div(tag("table", tag("thead", head), tag("tbody", *rows), cls="ac-facts"), cls="ac-scroll-x")
    return join([line, tag("details", tag("summary", plural("exports.different", len(worst.different))), table)])


def _cancel(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.jobs.cancel(str(data.get("job")))
    return {"toast": toast(t("training.cancelled", name=job.name))}


def _dismiss(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    look.academy.jobs.delete(str(data.get("job")))
    return {}


def _delete(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    name = str(data.get("name"))
    freed = look.academy.exports.delete(str(data.get("id")), name)
    return {"toast": toast(t("exports.deleted", name=name, size=size(freed)))}


def _push(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Begins a push and leads back to the exports, which follow it."""
    answer = pushes.go(look, data)
    return answer if "fill" in answer else _ask(look, data) | answer


REGIONS = {"exports": _exports}
ACTS = {
    "adapter.export": _ask,
    "export.begin": _begin,
    "export.cancel": _cancel,
    "export.dismiss": _dismiss,
    "export.delete": _delete,
    "push.go": _push,
    **pushes.ACTS,
}
