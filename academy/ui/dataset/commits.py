"""The commits of a repository as a source of a dataset: what they teach, which are taken, and who wrote them."""

from __future__ import annotations

from typing import Any

from academy.curation.commits.looking import Glance
from academy.curation.examples import DatasetRequest
from academy.messages import msg
from academy.ui.answers import Problem
from academy.ui.dataset.editor import words
from academy.ui.html.elements import Html, button, div, field, labelled, span, switch, tag
from academy.ui.html.numbers import number
from academy.ui.look import Look
from academy.ui.texts.translate import plural, say, t

_MOST_LOOKED_AT = 200
_MOST_AUTHORS = 30
_looked: dict[str, tuple[str, Glance]] = {}
"""What a viewer looked at last, with the repository's folder; by the viewer's own random name."""


def source(look: Look) -> tuple[Html, list[Any], bool]:
    """The switch of the source, what stands below its title, and whether it is on."""
    settings = look.academy.settings
    repository = _repository(look)
    on = look.flag("src_git", bool(repository))
    glance = _glance(look)

    def line(key: str, label: str, help_: str = "", placeholder: str = "") -> Html:
        return labelled(label, field(key, look.text(key), placeholder=placeholder, label=label), help_)

    example = t("sources.repository_example")
    named = field("git_repo", repository, placeholder=example, label=t("sources.repository"))
    most = field(
        "git_limit", look.number("git_limit", settings.git_commits_limit), kind="number", min=0, max=100_000, label=t("sources.limit")
    )
    told = t("sources.teaches_patches") if look.flag("git_patch") else t("sources.teaches")
    content = [
        div(told, cls="ac-teaches"),
        labelled(t("sources.repository"), named),
        div(
            line("git_range", t("sources.range"), placeholder=t("sources.range_example")), labelled(t("sources.limit"), most), cls="ac-pair"
        ),
        div(button(t("sources.look"), "commits.look", kind="small"), cls="ac-row"),
        div("", id="git-answer"),
        _told(glance) if glance else "",
        tag(
            "details",
            tag("summary", t("sources.more")),
            div(
                switch("git_spread", look.flag("git_spread", True), t("sources.spread")),
                switch("git_summaries", look.flag("git_summaries", True), t("sources.summaries")),
                switch("git_docs", look.flag("git_docs"), t("sources.docs")),
                switch("git_chores", look.flag("git_chores"), t("sources.chores")),
                switch("git_patch", look.flag("git_patch"), t("sources.patch")),
                cls="ac-switches",
            ),
            _authors(look, glance) if glance else line("git_authors", t("sources.authors"), t("sources.authors_help")),
            line("git_paths", t("sources.paths"), t("sources.paths_help")),
            id="git-more",
        ),
    ]
    return switch("src_git", on, t("source.git"), written=False), content, on


def request_values(look: Look) -> dict[str, Any]:
    """What the form says of commits, as fields of a request."""
    repository, glance = _repository(look), _glance(look)
    ticked = [author.address for author in glance.authors if look.flag(f"author:{author.address}", True)] if glance else []
    authors = words(look.text("git_authors")) if glance is None else ticked if len(ticked) < len(glance.authors) else []
    return {
        "include_git": look.flag("src_git", bool(repository)),  # a path that was typed is meant
        "git_repo_path": repository or None,
        "git_range": look.text("git_range").strip() or None,
        "git_commits_limit": look.number("git_limit", look.academy.settings.git_commits_limit),
        "git_authors": authors[:50],
        "git_paths": words(look.text("git_paths")),
        "git_tasks": ["message", "patch"] if look.flag("git_patch") else ["message"],
        "git_spread": look.flag("git_spread", True),
        "git_chores": look.flag("git_chores"),
        "git_docs": look.flag("git_docs"),
        "git_summaries": look.flag("git_summaries", True),
    }


def _repository(look: Look) -> str:
    return look.text("git_repo", str(look.academy.settings.git_repo or "")).strip()


def _glance(look: Look) -> Glance | None:
    folder, glance = _looked.get(look.text("viewer"), ("", None))
    return glance if folder == _repository(look) else None


def _told(glance: Glance) -> Html:
    """What the commits would give, and why the others are left out."""
    facts = t("sources.gives", taken=number(glance.messages or glance.patches), read=number(glance.read), all=number(glance.commits))
    if glance.tokens:
        facts += " " + t("sources.tokens", n=number(glance.tokens))
    reasons = [tag("li", tag("b", number(count), cls="ac-num"), " ", say(msg(label))) for label, count in glance.left_out.items()]
    patches = [tag("li", tag("b", number(count), cls="ac-num"), " ", say(msg(label))) for label, count in glance.no_patch.items()]
    notes = [tag("li", say(text)) for text in glance.warnings]
    return div(
        tag("p", facts),
        _folded(t("sources.left_out", n=number(sum(glance.left_out.values()))), reasons) if reasons else "",
        _folded(t("sources.no_patch", made=number(glance.patches), n=number(sum(glance.no_patch.values()))), patches) if patches else "",
        tag("ul", *notes, cls="ac-notes") if notes else "",
        cls="ac-glance",
    )


def _folded(title: str, items: list[Html]) -> Html:
    return tag("details", tag("summary", title), tag("ul", *items, cls="ac-counts"), cls="ac-folded")


def _authors(look: Look, glance: Glance) -> Html:
    shown = glance.authors[:_MOST_AUTHORS]
    rows = [
        switch(
            f"author:{author.address}",
            look.flag(f"author:{author.address}", True),
            span(author.name or author.address, " ", span(number(author.commits), cls="ac-soft ac-num")),
        )
        for author in shown
    ]
    rest = len(glance.authors) - len(shown)
    return div(
        div(t("sources.authors"), cls="ac-field-label"),
        div(*rows, cls="ac-switches ac-authors", tabindex="0", role="group", aria_label=t("sources.authors")),
        div(plural("sources.authors_more", rest), cls="ac-help") if rest > 0 else "",
    )


def _look_into(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    viewer = look.text("viewer")[:64]
    with Problem(model=DatasetRequest, refused="dataset.refused") as problem:
        # The authors that are ticked are for the dataset; the list shows all of them.
        request = DatasetRequest.model_validate({**request_values(look), "include_git": True})
        glance = look.academy.datasets.look_at_commits(request)
        if viewer:
            if len(_looked) >= _MOST_LOOKED_AT:
                _looked.pop(next(iter(_looked)))
            _looked[viewer] = (_repository(look), glance)
        return {"fill": {"git-answer": ""}, "announce": say(glance.teaches)}
    return {"fill": {"git-answer": problem.notice()}}


ACTS = {"commits.look": _look_into}
