"""The page: five tabs over one Academy; `build` makes it, `mount_options` says how it is to be mounted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from academy.ui import adapters, chat, live, overview
from academy.ui import mcp as tools
from academy.ui.dataset import sources
from academy.ui.html.elements import Html, chip, div, join, notice, span, tag
from academy.ui.html.numbers import gigabytes, number
from academy.ui.live import View
from academy.ui.style import theme
from academy.ui.texts.translate import for_page, t
from academy.ui.training import tab

if TYPE_CHECKING:
    from academy.config import Settings
    from academy.services.academy import Academy

_HERE = Path(__file__).parent
_TABS: dict[str, Any] = {"overview": overview, "dataset": sources, "training": tab, "adapters": adapters, "chat": chat}

# The hidden component through which Gradio's handlers and the row buttons of page.js talk to one another.
_OUT = "watch('value', () => window.academy.result(props.value));"
_TOP = "window.academy.attach(server);"
_BUS = "window.academy.trigger = trigger; /* its events: 'datasets' 'rate' 'mark' 'correct' 'try' 'continue' */"


def build(academy: Academy) -> gr.Blocks:
    """The page over one Academy; it holds nothing of its own, so any number of viewers can look at it."""
    regions: dict[str, live.Region] = {"chips": _chips}
    acts: dict[str, live.Act] = {}
    for part in _TABS.values():
        regions |= part.REGIONS
        acts |= part.ACTS
    served = [live.make_live(academy, regions, _title), live.make_act(academy, acts)]
    with gr.Blocks(title=t("app.title"), analytics_enabled=False, fill_width=True) as page:
        gr.HTML(_header(academy.settings), elem_id="ac-top", apply_default_css=False, js_on_load=_TOP, server_functions=served)
        out = gr.HTML({}, html_template="", elem_id="ac-out", apply_default_css=False, js_on_load=_OUT, visible="hidden")
        bus = gr.HTML({}, html_template="", elem_id="ac-bus", apply_default_css=False, js_on_load=_BUS, visible="hidden")
        with gr.Tabs(elem_id="ac-tabs", overflow_behavior="wrap"):
            for name, part in _TABS.items():
                with gr.Tab(t(f"tab.{name}"), id=name, elem_id=f"tab-{name}", render_children=True):
                    part.build(academy, page, bus, out)
        if academy.settings.mcp:
            tools.add_tools(academy)
    return page


def mount_options() -> dict[str, Any]:
    """What `gr.mount_gradio_app` is to be given besides the page: theme, style and script, all from here."""
    script = (_HERE / "page.js").read_text(encoding="utf-8").replace("__TEXTS__", json.dumps(for_page()).replace("</", "<\\/"))
    return {
        "theme": theme(),
        "css": (_HERE / "style.css").read_text(encoding="utf-8"),
        "head": f'<meta name="referrer" content="no-referrer"><script>{script}</script>',
    }


def _header(settings: Settings) -> Html:
    header = div(
        div(tag("h1", t("app.title")), span(t("app.motto"), cls="ac-soft ac-motto"), cls="ac-brand"),
        div(
            span(t("app.offline"), cls="ac-chip ac-chip-warn ac-offline-chip", role="status"),
            span(cls="ac-chips", data_live="chips"),
            tag(
                "button",
                Html("◐"),
                cls="ac-btn ac-btn-quiet ac-theme",
                type="button",
                data_do="theme",
                title=t("app.theme"),
                aria_label=t("app.theme"),
            ),
            tag("a", t("app.logout"), cls="ac-btn ac-btn-quiet", href="logout") if settings.needs_token else None,
            cls="ac-top-right",
        ),
        cls="ac-header",
    )
    told = div(notice(t("app.only_shows"), t("app.only_shows_hint"), kind="info"), cls="ac-only-shows")
    return join([header, told]) if settings.only_shows else header


def _chips(academy: Academy, view: View) -> Html:
    counts = academy.jobs.counts()
    active = academy.adapters.active()
    running, queued = counts.get("running", 0) + counts.get("preparing", 0), counts.get("queued", 0)
    parts = []
    if running or queued:
        words = [t("chip.running", n=running)] if running else []
        words += [t("chip.queued", n=queued)] if queued else []
        parts.append(chip(span(cls="ac-dot ac-dot-live") if running else span(cls="ac-dot"), " · ".join(words), tab="training"))
    else:
        parts.append(chip(span(cls="ac-dot"), t("chip.idle"), tab="training"))
    gpus = academy.machine.gpus()
    memory = academy.machine.memory()
    if gpus:
        words = t("chip.gpu", used=gigabytes(gpus[0].memory_used_mb), total=gigabytes(gpus[0].memory_total_mb))
        name = gpus[0].name.removeprefix("NVIDIA ").removeprefix("GeForce ") + (f" +{len(gpus) - 1}" if len(gpus) > 1 else "")
        parts.append(chip(tag("b", name), span(words, cls="ac-num"), tab="overview", title=t("chip.gpu_title")))
    else:
        used = memory["total_mb"] - memory["available_mb"]
        words = t("chip.memory", used=gigabytes(used), total=gigabytes(memory["total_mb"]))
        parts.append(chip(tag("b", t("chip.cpu")), span(words, cls="ac-num"), tab="overview", title=t("chip.memory_title")))
    disk = academy.machine.space()
    if disk["free_mb"] < 2048:
        parts.append(chip(t("chip.disk", free=number(disk["free_mb"])), warn=True, tab="overview"))
    name = active.name if active else t("chip.base")
    parts.append(chip(t("chip.adapter"), tag("b", name), tab="adapters", title=name))
    return Html("".join(parts))


def _title(academy: Academy) -> str:
    busy = academy.jobs.busy()
    if busy is None:
        return t("app.title")
    if busy.step and busy.total_steps:
        return t("app.title_percent", percent=100 * busy.step // busy.total_steps, name=busy.name[:60])
    return t("app.title_busy", name=busy.name[:60])
