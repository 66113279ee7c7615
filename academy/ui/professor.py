"""What the Professor proposes and has decided: a card with the reasons and one click to promote, and the record."""

from __future__ import annotations

from typing import Any

from academy.ui.answers import toast
from academy.ui.html.elements import Html, button, div, go, notice, span, tag, when
from academy.ui.look import Look
from academy.ui.texts.translate import say, t

_MARKS = {"proposed": "↑", "refused": "–", "measures": "…", "waits": "…", "curates": "▸", "trains": "▸", "failed": "!"}
_SHOWN = 12


def proposal_card(look: Look) -> Html:
    """The adapter that waits for a decision, with the reasons; empty where there is none."""
    found = look.proposal
    if found is None:
        return Html("")
    instead = t("professor.instead", name=found.against_name) if found.against_name else t("professor.instead_of_base")
    reasons = tag("ul", *[tag("li", say(reason)) for reason in found.reasons], cls="ac-reasons")
    return tag(
        "section",
        div(
            div(t("professor.proposed"), cls="ac-eyebrow"),
            tag("h3", found.name, cls="ac-proposal-name"),
            div(instead, cls="ac-soft"),
            reasons,
        ),
        div(
            button(t("professor.promote"), "proposal.accept", kind="primary", id=found.id),
            button(t("adapters.try"), "adapter.try", id=found.adapter_id, beside=found.against or ""),
            button(t("professor.decline"), "proposal.decline", kind="quiet", id=found.id),
            cls="ac-row",
        ),
        cls="ac-card ac-proposal",
        aria_label=t("professor.proposed"),
    )


def said_of(look: Look, adapter_id: str) -> Html:
    """What the gate has said of the adapter of a training, and the click that follows; empty for the one that answers."""
    if look.active is None or look.active.adapter_id == adapter_id:
        return Html("")
    found = look.proposal
    if found is not None and found.adapter_id == adapter_id:
        why = go(t("worth.proposed.why"), kind="small", tab="adapters", adapters_view="list")
        promote = button(t("professor.promote"), "proposal.accept", kind="small", id=found.id)
        return notice(t("worth.proposed.title", name=found.name), say(found.reasons[0]), promote, why, kind="good")
    last = next((item for item in look.academy.professor.decisions(_SHOWN) if item.about.get("adapter_id") == adapter_id), None)
    if last is None or last.what not in ("measures", "refused", "failed"):
        return Html("")
    first, *others = [say(sentence) for sentence in last.sentences] or [""]
    return notice(first, " ".join(others), kind="info")


def decided(look: Look) -> Html:
    """The record of what was decided and why, the newest first."""
    found = look.academy.professor.decisions(_SHOWN)
    if not found:
        return Html("")
    rows = []
    for decision in found:
        first, *others = [say(sentence) for sentence in decision.sentences] or [""]
        mark = span(_MARKS.get(decision.what, "·"), cls="ac-decision-mark", aria_hidden="true")
        more = div(" ".join(others), cls="ac-soft") if others else ""
        rows.append(tag("li", mark, div(div(first), more, cls="ac-grow"), when(decision.at), cls="ac-decision"))
    summary = tag("summary", tag("b", t("professor.record")), " ", span(t("professor.record_text"), cls="ac-soft"))
    return tag("details", summary, tag("ol", *rows, cls="ac-decisions"), cls="ac-card ac-more ac-record")


def autopilot_line(look: Look) -> Html:
    """What the autopilot waits for, and how to switch it on or off."""
    if not look.academy.settings.enabled:
        return Html("")
    plan = look.academy.professor.autopilot()
    title = div(t("autopilot.title"), cls="ac-eyebrow")
    if plan is None:
        return div(title, div(t("autopilot.off"), cls="ac-soft"), cls="ac-advice")
    advised = look.overview["advice"]["missing"]  # stands above
    words = [word for sentence in plan.sentences if (word := say(sentence)) not in advised]
    waits = "waits_too" if len(words) < len(plan.sentences) else "waits"
    first = t("autopilot.begins") if plan.act == "begins" else t(f"autopilot.{waits}")
    return div(title, div(" ".join([first, *words])), cls="ac-advice is-ready")


def opinion(look: Look, adapter_id: str) -> Html:
    """What the gate says of one adapter, with a button that lets it compare now."""
    found = look.academy.professor.opinion(adapter_id)
    if found is None:
        return Html("")
    proposed = look.proposal is not None and look.proposal.adapter_id == adapter_id
    ask = "" if proposed or found.outcome == "refused" else button(t(f"professor.ask_{found.outcome}"), "proposal.ask", id=adapter_id)
    return tag(
        "section",
        tag("h4", t("professor.proposed" if proposed else f"professor.{found.outcome}_title")),
        tag("ul", *[tag("li", say(reason)) for reason in found.reasons], cls="ac-reasons"),
        ask,
        cls="ac-opinion",
    )


def _accept(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    found = look.academy.professor.accept(str(data.get("id")))
    return {"toast": toast(t("adapters.activated", name=found.name), t("professor.way_back")), "event": "datasets", "dialog": None}


def _decline(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    found = look.academy.professor.decline(str(data.get("id")))
    return {"toast": toast(t("professor.declined", name=found.name)), "dialog": None}


def _ask(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Lets the gate judge an adapter now."""
    found = look.academy.professor.consider(str(data.get("id")))
    told = [say(reason) for reason in found.reasons] if found else [t("professor.nothing")]
    return {"toast": toast(told[0], " ".join(told[1:])), "dialog": None}


def _news(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """What professor.js asks after the end of a job: whether there is a proposal that this browser has not told yet."""
    found = look.proposal
    if found is None or found.id == str(data.get("seen")):
        return {}
    told = {"mark": "↑", "name": found.name, "text": t("professor.news", name=found.name), "hint": say(found.reasons[0])}
    action = {"label": t("worth.proposed.why"), "act": "proposal.show", "data": {}}
    return {"toast": toast(told["text"], told["hint"]) | {"action": action}, "ended": told, "proposal": found.id}


def _show(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Leads to the proposal."""
    return {"state": {"tab": "adapters", "adapters_view": "list"}, "top": True}


ACTS = {"proposal.show": _show, "proposal.accept": _accept, "proposal.decline": _decline, "proposal.ask": _ask, "proposal.news": _news}
