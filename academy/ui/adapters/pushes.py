"""Pushing an export to the hub: a dialog that asks where to, and on the export how far it is and where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from academy.adapters.pushing import Push, Pushed, PushRequest
from academy.ui.answers import Problem, toast
from academy.ui.html.elements import Html, bar, button, closer, command, div, field, join, labelled, notice, remedy, span, tag, when
from academy.ui.html.numbers import size
from academy.ui.look import Look
from academy.ui.texts.translate import say, t

if TYPE_CHECKING:
    from academy.services.exports import Exported


def way(adapter_id: str, item: Exported) -> Html:
    """The button that asks where to push an export; none for a bundle, which holds the lessons."""
    if item.record.format == "bundle":
        return Html("")
    return button(t("push.button"), "push.ask", kind="small", id=adapter_id, name=item.record.name)


def lines(look: Look, adapter_id: str, item: Exported) -> Html:
    """Where an export lies on the hub, and the push that runs or failed."""
    push, pushed = look.academy.pushing.of(item)
    there = [_there(made) for made in pushed]
    return join([*there, _in_progress(adapter_id, item.record.name, push)] if push else there)


def _there(made: Pushed) -> Html:
    who = t("push.is_private" if made.private else "push.is_public")
    words = join([t("push.there"), who, when(made.created_at)], " · ")
    return div(span(words, cls="ac-soft"), command(made.address), cls="ac-row")


def _in_progress(adapter_id: str, name: str, push: Push) -> Html:
    if push.status == "running":
        cancel = button(t("push.cancel"), "push.cancel", kind="small", id=adapter_id, name=name)
        done = span(size(push.bytes_done), cls="ac-soft ac-num") if push.bytes_done else ""
        head = div(span(t("push.working"), cls="ac-soft"), span(push.repo, cls="ac-cut"), done, cancel, cls="ac-export-head")
        return div(head, bar(push.fraction, label=push.repo))
    if push.status == "finished":
        return Html("")
    dismiss = button(t("push.dismiss"), "push.cancel", kind="small", id=adapter_id, name=name)
    if push.status == "cancelled":
        return notice(t("push.cancelled"), "", dismiss, kind="info")
    return notice(f"{t('push.failed')} {say(push.error)}", "", dismiss, kind="warn")


def _ask(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The dialog: which repository; where it is not possible, what to do about that."""
    adapter_id, name = str(data.get("id")), str(data.get("name"))
    title = tag("h3", t("push.title", name=name))
    with Problem() as problem:
        look.academy.pushing.check_allowed()
    if problem:
        return {"dialog": join([title, notice(problem.text, remedy(problem.hint), kind="info"), closer()])}
    repo = field("repo", bind=False, placeholder=t("push.example"), label=t("push.repo"), maxlength=200, autofocus=True, required=True)
    box = tag("input", type="checkbox", name="private", checked=True, aria_label=t("push.private"))
    close = tag("button", t("js.close"), type="button", cls="ac-btn", data_close=True)
    form = tag(
        "form",
        title,
        tag("p", t("push.text"), cls="ac-soft"),
        labelled(t("push.repo"), repo, t("push.repo_help")),
        labelled(t("push.private"), box, t("push.private_help")),
        div("", id="push-answer"),
        div(close, tag("button", t("push.go"), type="submit", cls="ac-btn ac-btn-primary"), cls="ac-row ac-row-end"),
        cls="ac-form",
        data_act="push.go",
        data_id=adapter_id,
        data_name=name,
    )
    return {"dialog": form}


def go(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Begins the push that the dialog asks for, or says there what is wrong."""
    with Problem(model=PushRequest, refused="push.refused") as problem:
        request = PushRequest(repo=str(data.get("repo", "")), private=data.get("private") is not False)
        item = look.academy.pushing.begin(str(data.get("id")), str(data.get("name")), request)
        return {"toast": toast(t("push.begun", name=item.name))}
    return {"fill": {"push-answer": problem.notice()}}


def _cancel(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    look.academy.pushing.cancel(str(data.get("id")), str(data.get("name")))
    return {}


ACTS = {"push.ask": _ask, "push.cancel": _cancel}
