"""Which lessons are meant: by words, tags, source, rating, date or import; a list, a bulk change and a dataset choose in the same way."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Sort = Literal["newest", "oldest", "added", "rating", "source", "longest", "shortest"]
_Label = Annotated[str, Field(max_length=200)]


class LessonFilter(BaseModel):
    """The lessons that match all that is given; without anything, all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str = Field(default="", max_length=1000, description="Words that the lesson contains.")
    tags: list[_Label] = Field(default=[], max_length=100, description="Lessons with at least one of these tags.")
    sources: list[_Label] = Field(
        default=[], max_length=100, description="From one of these: `sample`, `chat`, the name of a file; an empty one: added by hand."
    )
    rating: Literal["good", "bad", "none", "corrected", "never"] | None = Field(
        default=None,
        description="'none' finds lessons without a rating, 'corrected' those that replaced an answer, 'never' those never trained.",
    )
    since: str | None = Field(default=None, max_length=64, description="From this day or moment on (ISO 8601).")
    until: str | None = Field(default=None, max_length=64, description="Up to this moment, or to the end of this day.")
    imports: list[_Label] = Field(default=[], max_length=100, description="Lessons that one of these imports added.")

    @field_validator("since", "until")
    @classmethod
    def _utc(cls, value: str | None, info: Any) -> str | None:
        if value is None or not value.strip():
            return None
        is_day = re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip())
        return normal_time(f"{value.strip()}T23:59:59.999" if is_day and info.field_name == "until" else value)

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == LessonFilter()


def normal_time(text: str) -> str:
    """A time in ISO 8601 as UTC with milliseconds and `Z` (without a zone it counts as UTC); raises ValueError."""
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("is no time in ISO 8601, such as 2026-01-31T12:00:00Z") from error
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
