"""Numbers, sizes and times as the viewer's language writes them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from babel.dates import format_datetime

from academy import formats
from academy.messages import language


def number(value: float | None, digits: int | None = None) -> str:
    """A number with the digits that matter, thousands separated; a dash for None."""
    return formats.number(value, language.get(), digits)


def loss(value: float | None) -> str:
    """A loss with three decimals; one that would be written as nought, with the digits that matter."""
    if value is None or not math.isfinite(value) or 0 < abs(value) < 0.001:
        return number(value)
    return number(value, 3 if abs(value) < 100 else 0)


def exact(value: float) -> str:
    """A number with all its digits: 0.01, 1,000."""
    return formats.signs(f"{value:,}" if isinstance(value, int) else f"{value:g}", language.get())


def rate(value: float | None) -> str:
    """A learning rate as the Professor's reasons write it: 0.0002, 5e-5."""
    return formats.signs(f"{value:.2g}".replace("e-0", "e-"), language.get()) if value and abs(value) < 0.01 else number(value)


def percent(value: float | None) -> str:
    """A fraction of one as a whole percentage."""
    return formats.percent(value, language.get())


def size(count: float | None) -> str:
    """Bytes in the unit that fits."""
    return formats.size(count, language.get())


def gigabytes(mebibytes: float | None) -> str:
    """MiB as GB with one decimal."""
    return number(None) if mebibytes is None else number(mebibytes / 1024, 1 if mebibytes < 102_400 else 0)


def duration(seconds: float | None) -> str:
    """A time span as on a clock: 0:42, 6:12, 2:05:09, 3 d 4 h."""
    return formats.duration(seconds, language.get())


def ago(text: str | None) -> str:
    """The rough age of a moment."""
    return formats.ago(text, language.get())


def moment(text: str | None) -> str:
    """Date and time of a moment, without the year for the last half year."""
    try:
        when = datetime.fromisoformat(text or "")
    except ValueError:
        return "–"
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    pattern = "dd MMM HH:mm" if (datetime.now(UTC) - when).days < 180 else "yyyy-MM-dd"
    return format_datetime(when.astimezone(), pattern, locale=language.get())
