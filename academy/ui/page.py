"""The page: five tabs over one Academy; `build` makes it, `mount_options` is the rest that Gradio needs to mount it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.context import Context

from academy.messages import language
from academy.ui import live, overview
from academy.ui import mcp as tools
from academy.ui.adapters import tab as adapters
from academy.ui.chat import tab as chat
from academy.ui.chat import who
from academy.ui.dataset import sources
from academy.ui.html.elements import Html, chip, div, join, notice, span, tag
from academy.ui.html.numbers import gigabytes, number
from academy.ui.look import Look
from academy.ui.style import theme
from academy.ui.texts.translate import for_page, languages, t
from academy.ui.training import form
from academy.ui.training import tab as training

if TYPE_CHECKING:
    from academy.config import Settings
    from academy.services.academy import Academy

_HERE = Path(__file__).parent
_LITTLE_DISK_MB = 2048
_ROOMS = ("training", "dataset/dataset", "dataset/documents", "chat/chat", "adapters/adapters", "arena")
_TABS: dict[str, Any] = {"overview": overview, "dataset": sources, "training": training, "adapters": adapters, "chat": chat}

# The hidden components through which Gradio's handlers and page.js talk to each other.
_OUT = "watch('value', () => window.academy.result(props.value));"
_TOP = "window.academy.attach(server);"
_BUS = """window.academy.trigger = trigger;
/* its events: 'datasets' 'ask' 'answerers' 'preset' 'presets' 'continue' 'base' 'auto' 'settings' */"""


class _Page(gr.Blocks):
    """The page in every language: its `config`, which Gradio sends to the browser, is that of the request's language."""

    _building = threading.RLock()  # Gradio numbers the components of all pages by one counter

    def __init__(self, academy: Academy) -> None:
        self._academy = academy
        self._configs: dict[str, Any] = {}
        super().__init__(title=t("app.title"), analytics_enabled=False, fill_width=True)

    @property
    def config(self) -> Any:
        """What Gradio tells the browser about the page."""
        name = language.get()
        with self._building:
            if name not in self._configs:
                self._configs[name] = self._configs[""] | self._worded()
            return self._configs[name]

    @config.setter
    def config(self, value: Any) -> None:
        self._configs = {"": value, language.get(): value}

    def _worded(self) -> dict[str, Any]:
        """What differs in the current language; the page is built again under the same numbers, so its events still fit."""
        following, Context.id = Context.id, self._id
        try:
            twin = build(self._academy)
        finally:
            Context.id = max(following, Context.id)
        return {"components": twin.config["components"], "title": twin.title, "head": _head()}


def build(academy: Academy) -> gr.Blocks:
    """The page over one Academy; it has no state of its own, so any number of viewers can look at it."""
    regions: dict[str, live.Region] = {"chips": _chips}
    acts: dict[str, live.Act] = {}
    for part in _TABS.values():
        regions |= part.REGIONS
        acts |= part.ACTS
    served = [live.make_live(academy, regions, _title), live.make_act(academy, acts)]
    with _Page(academy) as page:
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
    """The arguments of `gr.mount_gradio_app` besides the page: theme, style and script, all from this folder."""
    styles = [f"{name}.css" for name in ("style", "report", "training/race", *_ROOMS, "adapters/exports", "dataset/agents")]
    return {"theme": theme(), "css": "".join(map(_read, styles)) + form.marks(), "head": _head()}


def _head() -> str:
    """The script of the page, with the texts that it shows itself."""
    given = {"__LANGUAGE__": language.get(), "__TEXTS__": for_page(), "__FIRST__": ["chips", *overview.REGIONS]}
    page = _read("page.js")
    for mark, value in given.items():
        page = page.replace(mark, json.dumps(value).replace("</", "<\\/"))
    script = _read("idiomorph.js") + page + "".join(_read(f"{name}.js") for name in ("access", *_ROOMS))
    return f'<meta name="referrer" content="no-referrer"><script>{script}</script>'


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _header(settings: Settings) -> Html:
    theme_button = tag(
        "button",
        Html("◐"),
        cls="ac-btn ac-btn-quiet ac-theme",
        type="button",
        data_do="theme",
        title=t("app.theme"),
        aria_label=t("app.theme"),
    )
    skip = tag("button", t("app.skip"), type="button", cls="ac-skip")
    header = div(
        div(tag("h1", t("app.title")), span(t("app.motto"), cls="ac-soft ac-motto"), cls="ac-brand"),
        div(
            span(t("app.offline"), cls="ac-chip ac-chip-warn ac-offline-chip"),
            span(cls="ac-chips", data_live="chips"),
            span(
                _languages(),
                theme_button,
                tag("a", t("app.logout"), cls="ac-btn ac-btn-quiet", href="logout") if settings.needs_token else None,
                cls="ac-controls",
            ),
            cls="ac-top-right",
        ),
        cls="ac-header",
    )
    demonstration = div(notice(t("app.only_shows"), t("app.only_shows_hint"), kind="info"), cls="ac-only-shows")
    return join([skip, header, demonstration if settings.only_shows else None])


def _languages() -> Html | None:
    """The choice of language, each by its own name."""
    if len(languages()) < 2:
        return None
    options = [tag("option", name, value=code, lang=code, selected=code == language.get()) for code, name in languages().items()]
    return tag("select", *options, cls="ac-input ac-language", data_language=True, title=t("app.language"), aria_label=t("app.language"))


def _chips(look: Look) -> Html:
    name = look.active.name if look.active else t("chip.base")
    if look.active:
        look.academy.chat.expect()
    adapter = chip(t("chip.adapter"), tag("b", name, **who.marks(look)), tab="adapters", title=name)
    return join([_jobs_chip(look.counts), _machine_chip(look), _disk_chip(look), adapter])


def _jobs_chip(counts: dict[str, int]) -> Html:
    running, queued = counts.get("running", 0) + counts.get("preparing", 0), counts.get("queued", 0)
    words = [t("chip.running", n=running)] if running else []
    words += [t("chip.queued", n=queued)] if queued else []
    return chip(span(cls="ac-dot ac-dot-live" if running else "ac-dot"), " · ".join(words) or t("chip.idle"), tab="training")


def _machine_chip(look: Look) -> Html:
    if gpus := look.academy.machine.gpus():
        used = t("chip.gpu", used=gigabytes(gpus[0].memory_used_mb), total=gigabytes(gpus[0].memory_total_mb))
        name = gpus[0].name.removeprefix("NVIDIA ").removeprefix("GeForce ") + (f" +{len(gpus) - 1}" if len(gpus) > 1 else "")
        return chip(tag("b", name), span(used, cls="ac-num"), tab="overview", title=t("chip.gpu_title"))
    memory = look.academy.machine.memory()
    used = t("chip.memory", used=gigabytes(memory["total_mb"] - memory["available_mb"]), total=gigabytes(memory["total_mb"]))
    return chip(tag("b", t("chip.cpu")), span(used, cls="ac-num"), tab="overview", title=t("chip.memory_title"))


def _disk_chip(look: Look) -> Html | None:
    free = look.academy.machine.space()["free_mb"]
    return chip(t("chip.disk", free=number(free)), warn=True, tab="overview") if free < _LITTLE_DISK_MB else None


def _title(look: Look) -> str:
    busy = look.busy
    if busy is None:
        return t("app.title")
    if percent := look.percent(busy):
        return t("app.title_percent", percent=int(percent), name=busy.name[:60])
    return t("app.title_busy", name=busy.name[:60])
