"""The base model on the Training tab: what there is to choose, a line of facts about the chosen one, and the button that gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from academy.ui.answers import Problem, toast
from academy.ui.html.elements import Html, bar, button, div, go, join, notice, span
from academy.ui.html.numbers import number, size
from academy.ui.look import Look
from academy.ui.texts.translate import say, t
from academy.ui.training.words import why_failed

if TYPE_CHECKING:
    from academy.services.academy import Academy
    from academy.services.bases import BaseItem


_ATTEMPTS = 50


def choices(academy: Academy) -> list[tuple[str, str]]:
    """Label and name of each base model to choose; those that cannot be used come last."""
    items = academy.bases.list()
    return [(_label(item), item.name) for item in sorted(items, key=lambda item: item.problem is not None)]


def usual(academy: Academy) -> str:
    """The base model where a person has chosen none: that of the active adapter, which can be continued, else the default."""
    active = academy.adapters.active()
    if active is not None and academy.bases.look(active.base_model).problem is None:
        return active.base_model
    return academy.settings.default_base_model


def _label(item: BaseItem) -> str:
    """Its name and where it comes from. Not whether it is ready: a choice is drawn once, and the line below stays current."""
    return f"{short_name(item)} · {t('base.problem') if item.problem is not None else say(item.source)}"


def short_name(item: BaseItem) -> str:
    """What people call it: its title where Academy knows it, the name in Ollama or on the hub, of a file the file's name."""
    if item.facts and item.facts.title and item.kind in ("package", "hub"):
        return item.facts.title
    return item.name.rsplit("/", 1)[-1] if item.name.startswith("/") else item.name.removeprefix("ollama:")


def line(item: BaseItem) -> str:
    """What is known of a base model, and nothing else."""
    facts, words = item.facts, [short_name(item)]
    if facts is not None:
        words.append(facts.architecture.removesuffix("ForCausalLM").removesuffix("LMHeadModel").capitalize())
        words += [t("base.has.context", n=number(round(facts.max_length / 1024)))] if facts.max_length >= 1024 else []
        words.append(t("base.has.template" if facts.has_chat_template else "base.has.no_template"))
        words += [facts.license] if facts.license else []
    if item.memory_bytes:
        words.append(t("base.fits.yes" if item.fits else "base.fits.no", size=size(item.memory_bytes)))
    return " · ".join(words)


def _base(look: Look) -> Html:
    item = look.academy.bases.look(look.text("base") or usual(look.academy))
    if item.problem is not None:
        # With a dataset the plan below says the same.
        return notice(say(item.problem), kind="warn") if look.academy.datasets.newest() is None else Html("")
    facts = div(line(item), cls="ac-help ac-base-line")
    if item.job_id:
        return join([facts, _getting(look, item.job_id)])
    if item.ready:
        return join([facts, _remover(item)]) if item.removable else facts
    words = span(t(f"base.how.{item.kind}"), cls="ac-help")
    amount = size(item.size_bytes) if item.size_bytes and item.kind != "gguf" else ""
    label = t("base.get_size", size=amount) if amount else t("base.get")
    return join([facts, div(button(label, "base.get", kind="small", name=item.name), words, cls="ac-row"), _failed(look, item)])


def _failed(look: Look, item: BaseItem) -> Html | str:
    """Why the last attempt to make it ready failed: the toast that said so is gone."""
    attempts = look.academy.jobs.list(limit=_ATTEMPTS, kind="convert")
    last = next((job for job in attempts if job.base_model == item.name), None)
    if last is None or last.status != "failed":
        return ""
    watch = go(t("worth.failed.button"), kind="small", tab="training", job=last.job_id)
    return notice(t("base.failed", name=short_name(item)), " ".join(why_failed(last)), watch, kind="warn")


def _remover(item: BaseItem) -> Html:
    sure = t("base.do.delete_sure", name=short_name(item), size=size(item.size_bytes or 0))
    return button(t("delete"), "base.remove", kind="quiet small", confirm=sure, yes=t("delete"), name=item.name)


def _getting(look: Look, job_id: str) -> Html:
    """The progress of the job that makes it ready."""
    status = look.academy.jobs.view(job_id)
    state = status.get("preparing") or {}
    words = say(state.get("message")) or t("base.says.getting", name=status["base_model"].rsplit("/", 1)[-1])
    if state.get("bytes_total"):
        words += f" {size(state.get('bytes_done') or 0)} / {size(state['bytes_total'])}"
    watch = go(t("first.watch"), kind="small", tab="training", job=job_id)
    return join([bar(state.get("fraction"), "preparing"), div(span(words, cls="ac-soft ac-num"), watch, cls="ac-row")])


def get(look: Look, name: str) -> str:
    """Begins to make a base model ready; returns the words for it. One that is ready, or under way, stays as it is."""
    item = look.academy.bases.look(name)
    if item.ready or item.job_id:
        return t("base.says.chosen", name=short_name(item))
    look.academy.bases.get(name)
    return t("base.says.getting", name=short_name(item))


def _get(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(get(look, str(data.get("name", ""))))}


def _remove(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    return {"toast": toast(t("jobs.cleaned", size=size(look.academy.bases.remove(str(data.get("name", ""))))))}


def _choose(look: Look, data: dict[str, Any]) -> dict[str, Any]:
    """Chooses a base model on the Training tab, and makes it ready where it is not."""
    name = str(data.get("name", ""))
    answer = {"state": {"tab": "training", "base": name, "job": None}, "event": "base", "data": {"base": name}, "top": True}
    with Problem() as problem:
        return answer | {"toast": toast(get(look, name))}
    # It is chosen all the same: the tab says what is wrong.
    return answer | problem.toast()


REGIONS = {"base": _base}
ACTS = {"base.get": _get, "base.choose": _choose, "base.remove": _remove}
