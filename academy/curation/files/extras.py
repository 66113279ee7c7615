"""What a record holds beside its turns: rating, tags, time, result, feedback and metadata."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from academy.curation.files.ratings import Scale, is_unrated, rating_of
from academy.curation.files.values import list_of, shown, value_of
from academy.curation.lesson_filter import normal_time
from academy.errors import Invalid
from academy.files import check_name
from academy.messages import Message, msg
from academy.rows import WORDINGS, wordings_of


def extras_of(record: dict[str, Any], parts: dict[str, str], scale: Scale | None = None) -> dict[str, Any]:
    """The arguments of `keep` beside the turns, with notes on the values that were left out; `scale` is the range of the file's ratings."""
    notes: list[Message] = []

    def text_of(part: str) -> str:
        value = value_of(record, parts, part)
        if value is None or value == "":
            return ""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    extras: dict[str, Any] = {"result": text_of("result"), "feedback": text_of("feedback"), "notes": notes}
    rejected = value_of(record, parts, "rejected")
    if isinstance(rejected, str) and rejected.strip():
        extras["rejected"] = rejected
    elif rejected not in (None, ""):
        notes.append(msg("rejected is no text and was left out"))
    rating = value_of(record, parts, "rating")
    if not is_unrated(rating):
        extras["rating"] = rating_of(rating, scale)
        if extras["rating"] is None:
            notes.append(msg("the rating {rating} means neither good nor bad and was left out", rating=shown(str(rating))))
    tags = value_of(record, parts, "tags")
    if isinstance(tags, bool):  # whether the completion is a good one (KTO)
        extras["rating"] = extras.get("rating") or rating_of(tags)
        tags = None
    extras["tags"] = _tags(tags, notes)
    moment = value_of(record, parts, "timestamp")
    if moment not in (None, ""):
        extras["time"] = read_time(moment)
        if extras["time"] is None:
            notes.append(msg("the time is not understood and was left out"))
    name = value_of(record, parts, "lesson_id")
    if isinstance(name, str) and name:
        try:
            extras["lesson_id"] = check_name(name)
        except Invalid:
            notes.append(msg("the lesson_id cannot be an id here; a new one was made"))
    metadata = record.get("metadata")
    wordings = wordings_of(record)  # of a row that a dataset of Academy has
    if isinstance(metadata, dict) or wordings:
        extras["metadata"] = (metadata if isinstance(metadata, dict) else {}) | ({WORDINGS: wordings} if wordings else {})
    return extras


def _tags(value: Any, notes: list[Message]) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        listed = list_of(value)
        value = listed if listed is not None else re.split(r"[,;|]", value)
    if not isinstance(value, list) or any(isinstance(tag, dict | list) for tag in value):
        notes.append(msg("the tags are not understood and were left out"))
        return []
    tags = [str(tag).strip() for tag in value if tag is not None and str(tag).strip()]
    short = [tag for tag in dict.fromkeys(tags) if len(tag) <= 200][:100]
    if len(short) < len(dict.fromkeys(tags)):
        notes.append(msg("tags longer than 200 characters, or beyond the first 100, were left out"))
    return short


def read_time(value: Any) -> str | None:
    """A time as seconds, milliseconds or text; None where it is not understood."""
    if isinstance(value, bool):
        return None
    if isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, str):
        try:
            return normal_time(value)
        except ValueError:
            if not re.fullmatch(r"\d{9,13}(\.\d+)?", value.strip()):
                return None
            value = float(value)
    if isinstance(value, int | float) and math.isfinite(value):
        seconds = value / 1000 if abs(value) > 1e11 else value
        try:
            return normal_time(datetime.fromtimestamp(seconds, UTC).isoformat())
        except (ValueError, OverflowError, OSError):
            return None
    return None
