"""An adapter opened: where it comes from as a picture, what the gate says of it, its report, its settings, and the proof that it acts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from academy.jobs.spec import TrainingSpec
from academy.ui.html.elements import Html, button, div, go, join, scrolling, short, span, tag, when
from academy.ui.html.numbers import loss, number, rate, size
from academy.ui.look import Look
from academy.ui.professor import opinion
from academy.ui.report import grade, known_words, report, verdict_pill
from academy.ui.texts.translate import has, plural, say, t
from academy.ui.training.job import is_by_heart

if TYPE_CHECKING:
    from academy.adapters.store import Adapter
    from academy.services.lineage import Lineage

_NO_SETTINGS = ("name", "dataset_id", "dataset_path", "base_model", "continue_from")


def show(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog of an adapter."""
    item = look.academy.adapters.get(str(data.get("id")))
    measured = look.academy.evaluations.by_adapter().get(item.adapter_id)
    told = ""
    if measured is not None:
        told = report(look.academy.evaluations.get(measured["report_id"]), {manifest.id: manifest.name for manifest in look.datasets})
    close = tag("button", t("js.close"), type="button", cls="ac-btn", data_close=True)
    buttons = div(measure_button(item, measured is not None), close, cls="ac-row ac-row-end")
    note = tag("p", item.note, cls="ac-text ac-soft") if item.note else ""
    votes = {found["adapter_id"]: found["duels"] for found in look.academy.arena.ranking()["items"]}
    line = replace(look.academy.adapters.lineage(item), votes=votes.get(item.adapter_id))
    parts = (_picture(look, line), note, opinion(look, item.adapter_id), _proof(item), told)
    return {"dialog": join([tag("h3", item.name), scrolling(t("adapters.details"), *parts, _facts(item, measured is None)), buttons])}


def measure_button(item: Adapter, is_measured: bool, kind: str = "") -> Html:
    """The button that examines an adapter."""
    label = span(t("report.again" if is_measured else "report.measure"))
    return button(label, "report.measure", kind=kind, title=t("report.measure_title"), id=item.adapter_id)


# ------------------------------------------------------------------ where it comes from


def _picture(look: Look, line: Lineage) -> Html:
    """The stations in a row with arrows between; it is a list of texts, so it needs no other form for those who listen."""
    stations = [
        _station("lessons", plural("count.lessons", line.lessons) if line.lessons is not None else None),
        _station("dataset", _dataset(line)),
        _station("continued", _continued(look, line.continued_from)) if line.continued_from else "",
        _station("job", go(line.job_name, tab="training", job=line.job_id) if line.job_id else None),
        _station("checkpoint", t("lineage.step", n=number(line.step)) if line.step else None),
        _station("report", _report(line)),
        _station("votes", plural("lineage.votes", line.votes) if line.votes is not None else None),
    ]
    return tag("ol", *stations, cls="ac-lineage", aria_label=t("lineage.title"))


def _station(key: str, content: Any) -> Html:
    shown = content or span(t(f"lineage.no_{key}"), cls="ac-soft")
    return tag("li", span(t(f"lineage.{key}"), cls="ac-eyebrow"), div(shown), cls="" if content else "is-missing")


def _dataset(line: Lineage) -> Html | str | None:
    rows = span(plural("count.examples", line.rows), cls="ac-soft") if line.rows else ""
    if line.dataset_name and line.dataset_id:
        return join([go(line.dataset_name, tab="dataset", dataset=line.dataset_id, dataset_view="make"), rows], " ")
    return rows or None


def _continued(look: Look, adapter_id: str) -> str:
    return next((item.name for item in look.adapters if item.adapter_id == adapter_id), adapter_id)


def _report(line: Lineage) -> Html | None:
    if not line.verdict or not line.known:
        return None
    return join(
        [verdict_pill(grade(line.verdict, line.missing) or ""), *[span(word, cls="ac-soft") for word in known_words(line.known, None)]], " "
    )


# ------------------------------------------------------------------ whether it acts


def _proof(item: Adapter) -> Html:
    """The place of the proof, and the button that computes it."""
    ask = button(t("effect.ask"), "adapter.effect", kind="small", title=t("effect.ask_title"), id=item.adapter_id)
    return div(ask, div(id="adapter-effect", role="status"), cls="ac-effect")


def effect(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Computes the largest difference of a logit, and says what it means."""
    item = look.academy.adapters.get(str(data.get("id")))
    found = look.academy.adapters.effect(item.adapter_id)
    meaning = t("effect.none") if found.largest == 0 else t("effect.some", changed=number(found.changed), of=number(found.of))
    where = t("effect.where", question=short(found.question, 120)) if found.largest else ""
    at = t("effect.strength", percent=number(round(100 * item.strength))) if item.strength != 1 else ""
    largest = div(t("effect.largest", n=number(found.largest, 2)), cls="ac-strong")
    return {"fill": {"adapter-effect": join([largest, div(" ".join(text for text in (meaning, where, at) if text), cls="ac-soft")])}}


# ------------------------------------------------------------------ settings and figures


def _facts(item: Adapter, is_open: bool) -> Html:
    held_out = [] if is_by_heart(item.parameters) else [("adapters.before", item.baseline_eval_loss), ("adapters.after", item.eval_loss)]
    facts = [
        (t("adapters.base_model"), item.base_model),
        (t("adapters.steps"), number(item.steps)),
        (t("adapters.examples"), number(item.train_rows)),
        (t("adapters.train_loss_title"), loss(item.train_loss)),
        *[(t(key), loss(value)) for key, value in held_out if value is not None],
        (t("adapters.parameters"), number(item.trainable_parameters)),
        (t("adapters.size"), size(item.size_bytes)),
        (t("adapters.when"), when(item.created_at)),
        *[_setting(key, value) for key, value in item.parameters.items() if value not in (None, "") and key not in _NO_SETTINGS],
        (t("adapters.folder"), tag("code", item.path)),
    ]
    table = tag("table", tag("tbody", *[tag("tr", tag("th", name), tag("td", value)) for name, value in facts]), cls="ac-facts")
    return tag("details", tag("summary", t("adapters.facts")), table, open=is_open)


def _setting(key: str, value: Any) -> tuple[str, Any]:
    """A setting of its training as the form names and words it."""
    known = TrainingSpec.model_fields.get(key)
    title = say(known.title if known else None) or key.replace("_", " ")
    if isinstance(value, bool):
        return title, t("choice.on" if value else "choice.off")
    if isinstance(value, list):
        return title, ", ".join(map(str, value))
    if isinstance(value, str) and has(f"choice.{value}"):
        return title, t(f"choice.{value}")
    if isinstance(value, str) and has(f"effort.{value}"):
        return title, t(f"effort.{value}")
    if isinstance(value, float):
        return title, rate(value) if key == "learning_rate" else number(value)
    return title, number(value) if isinstance(value, int) else value
