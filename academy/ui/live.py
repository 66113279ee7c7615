"""The line between the page and Academy: what keeps places current (`live`) and what buttons do (`act`).

Both are answered statelessly: what a viewer looks at comes with every request, so any number of pages can look at once, and a
page that is reloaded or hidden costs nothing. An answer holds only what changed.
"""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from academy.errors import AcademyError
from academy.ui.html import elements as pieces
from academy.ui.html.elements import Html
from academy.ui.texts.translate import has, t

if TYPE_CHECKING:
    from academy.services.academy import Academy

log = logging.getLogger("academy.ui")

LOG_LINES = 500
LOG_BYTES = 64_000
_FEW_LINES = 20

Region = Callable[["Academy", "View"], Html]
Act = Callable[["Academy", dict[str, Any], "View"], "dict[str, Any] | None"]


class View:
    """What a viewer looks at: a few short texts and numbers, whatever a browser may send."""

    def __init__(self, state: Any) -> None:
        self._state = state if isinstance(state, dict) else {}

    def text(self, key: str, default: str = "") -> str:
        """A text of at most 500 characters."""
        value = self._state.get(key)
        return value[:500] if isinstance(value, str) else default

    def number(self, key: str, default: int = 0) -> int:
        """A number from 0 to a thousand million."""
        value = self._state.get(key)
        if isinstance(value, str) and value.isdecimal() and len(value) < 10:
            value = int(value)
        return min(max(value, 0), 10**9) if isinstance(value, int) and not isinstance(value, bool) else default

    def flag(self, key: str, default: bool = False) -> bool:
        """Whether something is switched on."""
        value = self._state.get(key)
        return value if isinstance(value, bool) else default

    def listed(self, key: str) -> list[str]:
        """Short texts, at most a thousand."""
        value = self._state.get(key)
        return [item[:200] for item in value[:1000] if isinstance(item, str)] if isinstance(value, list) else []


def toast(text: str, hint: str = "", kind: str = "good") -> dict[str, str]:
    """What was done, or why not, in the corner of the page (set as plain text there)."""
    return {"kind": kind, "text": text, "hint": hint}


def told(error: AcademyError) -> dict[str, Any]:
    """An error as the page's answer."""
    return {"toast": toast(error.message, error.hint, "bad")}


def sentences(error: ValidationError, model: Any) -> list[str]:
    """What is wrong with each field, by the title that the form shows."""
    found = []
    for item in error.errors():
        if not item["loc"]:  # two values that do not go together
            found.append(_plain(item["msg"]).capitalize() + ".")
            continue
        name = str(item["loc"][0])
        known = model.model_fields.get(name)
        found.append(f"{known.title or name if known else name.replace('_', ' ')} {wrong(item)} ({item['input']!r:.60}).")
    return found


def wrong(item: ErrorDetails) -> str:
    """What is wrong with a value, as it follows the name of its field: "must be at most 0.01"."""
    limits = {
        key: f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else value
        for key, value in item.get("ctx", {}).items()
    }
    key = f"wrong.{item['type']}"
    try:
        if has(key):
            return t(key, **limits) if limits else t(key)
    except KeyError:
        log.warning("The text %s names a value that %s does not have.", key, item["type"])
    return t("wrong.other", why=_plain(item["msg"]))


def _plain(message: str) -> str:
    return _lower(message.removeprefix("Value error, "))


def _named(item: ErrorDetails) -> str:
    return str(item["loc"][-1]).replace("_", " ").capitalize() if item["loc"] else ""


def safely(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what a handler raises into the page's answer: an AcademyError with its hint, anything else as a sentence and into the log."""

    @functools.wraps(handler)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        try:
            return handler(*arguments, **named)
        except AcademyError as error:
            return told(error)
        except ValidationError as error:
            return {
                "toast": toast(
                    t("error.values"),
                    " ".join(f"{_named(item)} {wrong(item)}.".strip() for item in error.errors()[:5]),
                    "bad",
                )
            }
        except Exception:
            log.exception("A handler of the page failed.")
            return {"toast": toast(t("error.unexpected"), t("error.unexpected_hint"), "bad")}

    return wrapped


def make_live(academy: Academy, regions: dict[str, Region], title: Callable[[Academy], str]) -> Callable[[Any], dict[str, Any]]:
    """The function behind every look at the page."""

    def live(asked: Any) -> dict[str, Any]:
        asked = asked[0] if isinstance(asked, list) and asked else asked
        asked = asked if isinstance(asked, dict) else {}
        view = View(asked.get("state"))
        known = asked.get("regions")
        answer: dict[str, Any] = {"regions": {}, "busy": academy.jobs.busy() is not None}
        for name, version in list(known.items())[:60] if isinstance(known, dict) else []:
            if name in regions:
                html = _shown(regions[name], academy, view)
                fresh = hashlib.blake2b(html.encode(), digest_size=9).hexdigest()
                if fresh != version:
                    answer["regions"][name] = {"html": html, "version": fresh}
        if known:
            answer["title"] = title(academy)
        if isinstance(asked.get("log"), dict):
            answer["log"] = _log(academy, view, asked["log"])
        return answer

    return live


def make_act(academy: Academy, acts: dict[str, Act]) -> Callable[[Any], dict[str, Any]]:
    """The function behind every button that is not Gradio's own."""

    @safely
    def answered(asked: Any) -> dict[str, Any]:
        asked = asked[0] if isinstance(asked, list) and asked else asked
        asked = asked if isinstance(asked, dict) else {}
        handler = acts.get(str(asked.get("act")))
        if handler is None:
            return {"toast": toast(t("error.unknown_act"), "", "bad")}
        data = asked.get("data")
        return handler(academy, data if isinstance(data, dict) else {}, View(asked.get("state"))) or {}

    def act(asked: Any) -> dict[str, Any]:
        return answered(asked)

    return act


def _shown(region: Region, academy: Academy, view: View) -> Html:
    try:
        return region(academy, view)
    except AcademyError as error:
        return pieces.notice(error.message, pieces.remedy(error.hint))
    except Exception:
        log.exception("A part of the page could not be drawn.")
        return pieces.notice(t("error.part"), t("error.unexpected_hint"))


def _log(academy: Academy, view: View, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The lines of the shown job's log that the page does not have yet; nothing while the file has not grown."""
    job_id = shown_job(academy, view)
    if job_id is None:
        return {"job": "", "next": -1, "size": -1, "lines": [], "reset": True}
    same = asked.get("job") == job_id
    try:
        size = academy.jobs.log_size(academy.jobs.get(job_id))
    except AcademyError:
        size = 0
    if same and asked.get("size") == size:
        return None
    wanted = asked.get("next")
    start = wanted if same and isinstance(wanted, int) else -1
    # A page that follows lacks a few lines; all are read only where those do not reach back to what it has.
    lines, first = academy.jobs.log_tail(job_id, _FEW_LINES) if size and start >= 0 else ([], 0)
    if size and not first <= start <= first + len(lines):
        lines, first = academy.jobs.log_tail(job_id, LOG_LINES)
    following = lines[-1].line + 1 if lines else 0
    reset = not same or start > following  # a new attempt began the log anew
    news = lines if reset or start < 0 else [line for line in lines if line.line >= start]
    kept, room = [], LOG_BYTES
    for line in reversed(news):
        message = pieces._CONTROLS.sub("\ufffd", line.message)[:2000]
        room -= len(orjson.dumps(message)) + 45  # with its number and time
        if room < 0:
            break
        kept.append([line.line, line.timestamp, message])
    reset = reset or bool(kept and kept[-1][0] > start)  # more came than is sent at once: what is shown follows without a gap
    return {"job": job_id, "next": following, "size": size, "lines": kept[::-1], "reset": reset}


def shown_job(academy: Academy, view: View) -> str | None:
    """The job that the Training tab shows: the chosen one, else the running one, else the newest."""
    chosen = view.text("job")
    if chosen:
        return chosen
    if busy := academy.jobs.busy():
        return busy.job_id
    newest = academy.jobs.list(limit=1)
    return newest[0].job_id if newest else None


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
