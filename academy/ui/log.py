"""The log of the shown job, sent to each page in pieces that are bounded and leave no gap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from academy.errors import AcademyError
from academy.ui.html.elements import CONTROLS
from academy.ui.look import Look

LOG_LINES = 500
LOG_BYTES = 64_000
_FEW_LINES = 20
_LINE_CHARS = 2000
_OVERHEAD_BYTES = 45  # a line's number and time


def log_news(look: Look, pane: dict[str, Any]) -> dict[str, Any] | None:
    """The lines that the page does not have yet; None while the file has not grown."""
    job_id = look.job_id
    if job_id is None:
        return {"job": "", "next": -1, "size": -1, "lines": [], "reset": True}
    same, size = pane.get("job") == job_id, _size(look, job_id)
    if same and pane.get("size") == size:
        return None
    after = pane.get("next")
    start = after if same and isinstance(after, int) else -1
    lines = _read(look, job_id, start) if size else []
    following = lines[-1].line + 1 if lines else 0
    reset = not same or start > following  # a new attempt started the log over
    news = lines if reset or start < 0 else [line for line in lines if line.line >= start]
    sent = _bounded(news)
    reset = reset or bool(sent and sent[0][0] > start)  # more than is sent at once: the shown lines follow without a gap
    return {"job": job_id, "next": following, "size": size, "lines": sent, "reset": reset}


def _size(look: Look, job_id: str) -> int:
    try:
        return look.academy.jobs.log_size(look.academy.jobs.get(job_id))
    except AcademyError:
        return 0


def _read(look: Look, job_id: str, start: int) -> Sequence[Any]:
    """The last lines: a few for a page that follows, more where those do not reach back to what it has."""
    if start >= 0:
        lines, first = look.academy.jobs.log_tail(job_id, _FEW_LINES)
        if first <= start <= first + len(lines):
            return lines
    return look.academy.jobs.log_tail(job_id, LOG_LINES)[0]


def _bounded(news: Sequence[Any]) -> list[list[Any]]:
    """The newest lines that fit into one answer, oldest first."""
    sent, room = [], LOG_BYTES
    for line in reversed(news):
        message = CONTROLS.sub("\ufffd", line.message)[:_LINE_CHARS]
        room -= len(orjson.dumps(message)) + _OVERHEAD_BYTES
        if room < 0:
            break
        sent.append([line.line, line.timestamp, message])
    return sent[::-1]
