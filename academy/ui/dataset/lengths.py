"""TODO: academy/ui/dataset/lengths.py."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from academy.errors import AcademyError
from academy.models import BUNDLED
from academy.ui.html.elements import (
    Html,
    button,
    card,
    closer,
    div,
    join,
    labelled,
    notice,
    remedy,
    select,
    span,
    tag,
)
from academy.ui.html.numbers import number, plural
from academy.ui.html.plots import histogram
from academy.ui.html.prose import tokens
from academy.ui.live import View, log
from academy.ui.texts.translate import t

if TYPE_CHECKING:
    from academy.curation.datasets import Manifest
    from academy.services.academy import Academy


_LIMITS = (256, 512, 1024, 2048, 4096, 8192)


class _Counts:
    """Token lengths by dataset, counted aside: a dataset never changes, so each is counted once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Any] = {}

    def get(self, key: str, count: Callable[[], Any]) -> Any:
        """What was counted (or the error); None while it is being counted."""
        with self._lock:
            if key in self._known:
                return self._known[key]
            self._known[key] = None
            while len(self._known) > 50:
                self._known.pop(next(iter(self._known)))

        def run() -> None:
            try:
                found: Any = count()
            except AcademyError as error:
                found = error
            except Exception as error:
                log.exception("Counting tokens failed.")
                found = error
            with self._lock:
                self._known[key] = found

        threading.Thread(target=run, name="count-tokens", daemon=True).start()
        return None

    def forget(self, key: str) -> None:
        """Counts anew at the next look."""
        with self._lock:
            self._known.pop(key, None)


_counts = _Counts()


def _lengths(academy: Academy, item: Manifest, view: View) -> Html:
    base, limit = _measure(academy, view)
    found = _counts.get(_counted(item, base, limit), lambda: academy.datasets.tokens(item.id, base, limit, []))
    bases = [(name, name) for name in _bases(academy)]
    limits = [(str(tokens), plural("count.tokens", tokens)) for tokens in sorted({*_LIMITS, academy.settings.max_seq_length, limit})]
    choices = div(
        labelled(t("lengths.base"), select("count_base", bases, base)),
        labelled(t("lengths.limit"), select("count_limit", limits, str(limit))),
        cls="ac-pair",
    )
    if found is None:
        return card(t("lengths.title"), choices, div(span(cls="ac-spin"), t("lengths.counting"), cls="ac-row ac-soft"))
    if isinstance(found, Exception):
        hint = found.hint if isinstance(found, AcademyError) else t("error.unexpected_hint")
        message = found.message if isinstance(found, AcademyError) else t("error.unexpected")
        again = button(t("again"), "lengths.again", kind="small", id=item.id)
        return card(t("lengths.title"), choices, notice(message, remedy(hint), again, kind="warn"))
    lengths, most = [int(length) for length in found.get("lengths", [])], int(found.get("max_length", limit))
    facts = [t("lengths.facts", n=number(sum(lengths)), longest=number(max(lengths, default=0)))]
    facts += [t("lengths.base_limit", base=base, limit=number(most))] if most < limit else []
    facts.append(
        plural("lengths.truncated", found["truncated"]) if found.get("truncated") else t("lengths.none_truncated", limit=number(most))
    )
    facts += [plural("lengths.untrained", found["untrained"])] if found.get("untrained") else []
    notes = [tag("p", note, cls="ac-help") for note in found.get("notes", [])]
    return card(
        t("lengths.title"),
        choices,
        div(" ".join(facts), cls="ac-soft"),
        histogram(lengths, most),
        tag("p", t("lengths.template", name=found.get("template", "–")), cls="ac-help"),
        *notes,
    )


def _bases(academy: Academy) -> list[str]:
    """The base models that one may mean: the default, the bundled ones, those of earlier trainings."""
    used = [job.base_model for job in academy.jobs.list(limit=200)]
    return list(dict.fromkeys([academy.settings.default_base_model, *BUNDLED, *used]))


def _measure(academy: Academy, view: View) -> tuple[str, int]:
    """The base model whose tokens are counted, and the limit of a row."""
    base, limit = view.text("count_base"), view.number("count_limit")
    default = academy.settings
    return base if base in _bases(academy) else default.default_base_model, limit if 256 <= limit <= 8192 else default.max_seq_length


def _counted(item: Manifest, base: str, limit: int) -> str:
    return f"{item.path}\n{base}\n{limit}"


def _again(academy: Academy, data: dict[str, Any], view: View) -> None:
    _counts.forget(_counted(academy.datasets.get(str(data.get("id"))), *_measure(academy, view)))


def _tokens(academy: Academy, data: dict[str, Any], view: View) -> dict[str, Any]:
    index = int(str(data.get("row", "0")))
    base, limit = _measure(academy, view)
    found = academy.datasets.tokens(str(data.get("id")), base, limit, [index])
    row = found["rows"][0]
    kinds = Counter(part["kind"] for part in row["tokens"])
    legend = [
        span(f"{t(f'tokens.{kind}')} {number(kinds.get(kind, 0))}", cls=f"tok {kind}")
        for kind in ("trained", "context", "cut")
        if kinds.get(kind) or kind != "cut"
    ]
    text = t("tokens.text", base=base, template=found.get("template", "–"), limit=number(found.get("max_length", limit)))
    return {
        "dialog": join(
            [
                tag("h3", t("tokens.title", n=number(index + 1))),
                tag("p", text, cls="ac-soft"),
                div(*legend, cls="ac-row ac-tokens-legend"),
                div(tokens(row["tokens"]), cls="ac-scroll"),
                *[tag("p", note, cls="ac-help") for note in found.get("notes", [])],
                closer(),
            ]
        )
    }
