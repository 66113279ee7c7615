"""Documents: their list, the passages of one, the writing of questions on it, and the review of each question beside its passage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from academy.curation.documents.reading import KINDS
from academy.jobs.kinds.question import QuestionRequest
from academy.services.documents import ReviewIn
from academy.text.spans import find_span
from academy.ui.answers import toast
from academy.ui.dataset.writing import writing
from academy.ui.html.elements import (
    Html,
    button,
    card,
    div,
    empty,
    go,
    join,
    labelled,
    live,
    menu,
    notice,
    pager,
    span,
    switch,
    tag,
    when,
)
from academy.ui.html.numbers import number
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t

if TYPE_CHECKING:
    from academy.curation.documents.passages import Passage
    from academy.curation.documents.store import DocumentRecord
    from academy.services.documents import Pair, Progress

_ONLY = ("pdf", "docx", "pptx", "html", "htm", "xhtml")
_PAGE = 5
_MOST = 300


def view() -> Html:
    """The view of the Dataset tab: the list beside the opened document."""
    return div(live("documents"), div(live("doc_review"), live("doc_open"), cls="ac-stack-tight"), cls="ac-side-by-side")


def kinds_for(names: Sequence[str]) -> tuple[str, ...]:
    """What files of these names can become: a document that holds no questions and answers only passages."""
    ends = {name.lower().rsplit(".", 1)[-1] for name in names}
    if ends & set(_ONLY):
        return ("documents",)
    return ("lessons", "sources", "documents") if ends <= KINDS.keys() else ("lessons", "sources")


def count(look: Look) -> int:
    """How many documents there are."""
    return len(look.academy.documents.list())


def chosen_ids(look: Look) -> list[str]:
    """The documents whose passages the next dataset takes as plain text."""
    return [record.id for record in look.academy.documents.list() if look.flag(f"doc:{record.id}")]


def source(look: Look) -> tuple[Html, list[Html], bool] | None:
    """Documents as a source of datasets: the number, their switches, and whether one is on; None without any."""
    records = look.academy.documents.list()
    if not records:
        return None
    rows = [
        div(
            switch(f"doc:{record.id}", look.flag(f"doc:{record.id}"), record.name, written=False),
            div(div(record.name, cls="ac-cut", title=record.name), span(_size(record), cls="ac-soft ac-num"), cls="ac-grow"),
            cls="ac-upload",
        )
        for record in records[:_MOST]
    ]
    show = json.dumps({"dataset_view": "documents"})
    opens = tag("button", t("documents.open"), type="button", cls="ac-btn ac-btn-small", data_set=show)
    on = any(look.flag(f"doc:{record.id}") for record in records)
    return span(number(len(records)), cls="ac-soft ac-num"), [div(*rows, cls="ac-uploads"), div(opens, cls="ac-row")], on


# ------------------------------------------------------------------ the list


def _documents(look: Look) -> Html:
    records = look.academy.documents.list()
    if not records:
        return div(empty(t("documents.none"), t("documents.none_text")), cls="ac-card ac-none")
    chosen = _chosen(look, records)
    rows = [_row(record, chosen is not None and record.id == chosen.id) for record in records[:_MOST]]
    return card(t("source.documents"), div(*rows, cls="ac-list"), aside=span(number(len(records)), cls="ac-soft ac-num"))


def _row(record: DocumentRecord, is_chosen: bool) -> Html:
    facts = join([_size(record), when(record.created_at)], " · ")
    title = join([div(span(record.name, cls="ac-cut ac-strong"), cls="ac-row-line"), div(facts, cls="ac-soft ac-cut ac-num")])
    items = menu(
        t("more"),
        button(t("delete"), "document.delete", kind="item danger", confirm=t("documents.delete_sure", name=record.name), id=record.id),
    )
    main = go(title, cls="ac-list-main", current=is_chosen, tab="dataset", dataset_view="documents", document=record.id, doc_page=0)
    return div(main, div(items, cls="ac-list-side"), cls="ac-list-row" + (" is-chosen" if is_chosen else ""), id=f"row-{record.id}")


def _size(record: DocumentRecord) -> str:
    parts = [plural("documents.pages", record.pages)] if record.pages else []
    parts.append(plural("documents.passages", record.passages))
    parts.append(t("documents.tokens" if record.counted else "documents.about", n=number(record.tokens)))
    return " · ".join(parts)


def _chosen(look: Look, records: Sequence[DocumentRecord]) -> DocumentRecord | None:
    wanted = look.text("document")
    return next((record for record in records if record.id == wanted), records[0] if records else None)


# ------------------------------------------------------------------ one document


def _opened(look: Look) -> Html:
    record = _chosen(look, look.academy.documents.list())
    if record is None:
        return Html("")
    notes = [tag("li", say(note)) for note in record.notes]
    notes += [tag("li", plural("count.secrets", record.redacted_secrets))] if record.redacted_secrets else []
    about = div(
        tag("h2", record.name, cls="ac-cut", title=record.name),
        div(_size(record), cls="ac-soft ac-num"),
        tag("ul", *notes, cls="ac-notes") if notes else "",
        div(switch(f"doc:{record.id}", look.flag(f"doc:{record.id}"), t("documents.as_row")), cls="ac-row"),
        tag("p", t("documents.as_row_help"), cls="ac-help"),
        cls="ac-card",
    )
    return div(about, _questions(look, record), _passages(look, record), cls="ac-stack-tight", id=f"open-{record.id}")


def _questions(look: Look, record: DocumentRecord) -> Html:
    """How far the questions are, and the button that has some written."""
    progress = look.academy.documents.progress(record.id)
    parts: list[Any] = [tag("p", t("documents.write_text"), cls="ac-soft")] if progress.probe is None else [_probed(progress)]
    if progress.asked:
        states = {name: number(progress.states.get(name, 0)) for name in ("waiting", "accepted", "rejected")}
        facts = [t("documents.states", **states), t("documents.asked", asked=number(progress.asked), of=number(record.passages))]
        parts.append(div(" · ".join(facts), cls="ac-num"))
    if progress.thrown:
        lines = [tag("li", span(number(n), cls="ac-num"), " ", t(f"fault.{reason}")) for reason, n in progress.thrown.items()]
        parts.append(
            tag("details", tag("summary", plural("documents.thrown", sum(progress.thrown.values()))), tag("ul", *lines, cls="ac-notes"))
        )
    if progress.job is not None:
        parts.append(writing(look, progress.job, t("documents.failed")))
    if (progress.job is None or progress.job.status == "failed") and progress.asked < record.passages:
        words = t("documents.write_more") if progress.asked else t("documents.write")
        parts.append(div(button(words, "document.write", kind="primary" if progress.probe is None else "", id=record.id), cls="ac-row"))
    return card(t("documents.questions"), *parts, cls="ac-doc-questions")


def _probed(progress: Progress) -> Html:
    probe = progress.probe
    assert probe is not None
    figures = {"base": progress.base_model, "right": number(probe.right), "of": number(probe.of), "needed": number(probe.needed)}
    if probe.is_passed:
        return div(t("documents.probe_passed", **figures), cls="ac-soft")
    return notice(t("documents.probe_failed", **figures), t("documents.probe_failed_hint"), kind="warn")


def _passages(look: Look, record: DocumentRecord) -> Html:
    page = look.number("doc_page")
    listed = look.academy.documents.passages(record.id, page * _PAGE, _PAGE)
    rows = [div(_where(passage), div(passage.text, cls="ac-text"), cls="ac-doc-passage") for passage in listed]
    return card(t("passages.title"), *rows, pager("doc_page", page, _PAGE, record.passages))


def _where(passage: Passage) -> Html:
    """The number of a passage, its page and its heading."""
    parts = [t("review.passage", n=number(passage.number))]
    parts += [t("review.page", page=number(passage.page))] if passage.page else []
    return div(
        span(" · ".join(parts), cls="ac-num"), span(passage.heading, cls="ac-strong") if passage.heading else "", cls="ac-soft ac-doc-where"
    )


# ------------------------------------------------------------------ review


def _review(look: Look) -> Html:
    """The first question that waits, beside its passage; focus inside it gives the keys their meaning."""
    record = _chosen(look, look.academy.documents.list())
    pairs = look.academy.documents.pairs(record.id) if record else []
    if record is None or not pairs:
        return Html("")
    waiting = [pair for pair in pairs if pair.state == "waiting"]
    last = next((pair for pair in pairs if pair.id == look.text("doc_last") and pair.state != "waiting"), None)
    undo = button(t("review.undo"), "pair.undo", kind="small", id=record.id, pair=last.id, key="u") if last else ""
    left = span(plural("review.left", len(waiting)) if waiting else t("review.done"), cls="ac-soft ac-num")
    head = div(tag("h3", t("review.title")), left, undo, cls="ac-row ac-baseline")
    body = _pair(record, waiting[0], look.academy.documents.passages(record.id, waiting[0].passage - 1, 1)[0]) if waiting else ""
    return div(head, body, cls="ac-card ac-review", id="doc-review", tabindex="0", role="group", aria_label=t("review.group"))


def _pair(record: DocumentRecord, pair: Pair, passage: Passage) -> Html:
    question = tag("textarea", pair.question, cls="ac-input", name="question", rows="2", required=True, maxlength="8000")
    answer = tag("textarea", pair.answer, cls="ac-input", name="answer", rows="3", required=True, maxlength="8000")
    form = tag(
        "form",
        labelled(t("review.question"), question),
        labelled(t("review.answer"), answer),
        div(
            tag("button", t("review.accept"), type="submit", cls="ac-btn ac-btn-primary", data_key="a"),
            button(t("review.reject"), "pair.reject", id=record.id, pair=pair.id, key="r"),
            tag("button", t("review.edit"), type="button", cls="ac-btn", data_do="pair.edit", data_key="e"),
            cls="ac-row",
        ),
        tag("p", t("review.keys"), cls="ac-help"),
        cls="ac-form",
        data_act="pair.accept",
        data_id=record.id,
        data_pair=pair.id,
        id=f"pair-{pair.id}",
    )
    return div(form, div(_where(passage), _marked(pair, passage), cls="ac-doc-passage"), cls="ac-review-parts")


def _marked(pair: Pair, passage: Passage) -> Html:
    """The passage with the answer marked in it."""
    text, span_ = passage.text, find_span(pair.answer, passage.text)
    if span_ is None:
        return div(div(t("review.not_there"), cls="ac-warn-text"), div(text, cls="ac-text"))
    return div(text[: span_[0]], tag("mark", text[span_[0] : span_[1]]), text[span_[1] :], cls="ac-text")


def _accept(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    texts = {name: str(data.get(name, "")).strip() for name in ("question", "answer")}
    return _decide(look, data, ReviewIn.model_validate({"decision": "accepted", **{name: text for name, text in texts.items() if text}}))


def _reject(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return _decide(look, data, ReviewIn(decision="rejected"))


def _undo(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return _decide(look, data, ReviewIn(decision="waiting"))


def _decide(look: Look, data: dict[str, Any], review: ReviewIn) -> dict[str, Any]:
    document_id, pair_id = str(data.get("id")), str(data.get("pair"))
    look.academy.documents.review(document_id, pair_id, review)
    left = number(len(look.academy.documents.pairs(document_id, "waiting")))
    key = {"accepted": "review.accepted", "rejected": "review.rejected", "waiting": "review.undone"}[review.decision]
    return {"announce": t(key, n=left), "state": {"doc_last": pair_id}, "focus": "#doc-review"}


# ------------------------------------------------------------------ acts


def _taken(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """The records of documents that dataset.js sent."""
    records = [entry for entry in json.loads(str(data.get("files", "[]"))) if isinstance(entry, dict)]
    ready = [entry for entry in records if entry.get("status") == "ready"]
    wrong = [f"{entry.get('name')}: {say(entry.get('error'))}" for entry in records if entry.get("status") != "ready"]
    if not ready:
        return {"toast": toast(say(records[0].get("error")) if records else t("files.nothing"), " ".join(wrong[1:3]), "bad")}
    words = toast(plural("documents.taken", len(ready)), " ".join(wrong[:3]))
    return {"toast": words, "state": {"dataset_view": "documents", "document": str(ready[0].get("id")), "doc_page": 0}}


def _write(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.documents.write_questions(str(data.get("id")), QuestionRequest())
    return {"toast": toast(t("documents.begun", name=job.name))}


def _cancel(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    job = look.academy.jobs.cancel(str(data.get("job")))
    return {"toast": toast(t("training.cancelled", name=job.name))}


def _stop(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    look.academy.jobs.stop(str(data.get("job")))
    return {}


def _delete(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    record = look.academy.documents.get(str(data.get("id")))
    look.academy.documents.delete(record.id)
    return {"toast": toast(t("documents.deleted", name=record.name)), "state": {"document": "", f"doc:{record.id}": False}}


REGIONS = {"documents": _documents, "doc_open": _opened, "doc_review": _review}
ACTS = {
    "documents.taken": _taken,
    "document.write": _write,
    "document.cancel": _cancel,
    "document.stop": _stop,
    "document.delete": _delete,
    "pair.accept": _accept,
    "pair.reject": _reject,
    "pair.undo": _undo,
}
