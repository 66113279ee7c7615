"""TODO: academy/ui/html/numbers.py."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from academy.ui.texts.translate import t


def number(value: float | None, digits: int | None = None) -> str:
    """A number with the digits that matter, thousands separated; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, float) and not math.isfinite(value):
        return "∞" if value > 0 else "–∞" if value < 0 else t("number.nan")
    if digits is not None:
        return f"{value:,.{digits}f}"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) >= 10):
        return f"{int(value):,}"
    if value == 0:
        return "0"
    return (
        f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
        if 1e-3 <= abs(value) < 1000
        else f"{value:,.0f}"
        if abs(value) >= 1000
        else f"{value:.1e}"
    )


def loss(value: float | None) -> str:
    """A loss with three decimals."""
    if value is None:
        return "–"
    return number(value) if not math.isfinite(value) else f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def rate(value: float | None) -> str:
    """A learning rate as people write it."""
    return "–" if value is None else f"{value:.1e}".replace("e-0", "e-") if 0 < abs(value) < 0.01 else number(value)


def size(count: float | None) -> str:
    """Bytes in the unit that fits."""
    if count is None:
        return "–"
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit in ("B", "kB") or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def gigabytes(mebibytes: float | None) -> str:
    """MiB as GB with one decimal."""
    return "–" if mebibytes is None else f"{mebibytes / 1024:.1f}" if mebibytes < 102_400 else f"{mebibytes / 1024:,.0f}"


def duration(seconds: float | None) -> str:
    """A time span as on a clock: 0:42, 6:12, 2:05:09, 3 d 4 h."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = max(0, round(seconds))
    if whole >= 86_400:
        return t("time.days", days=whole // 86_400, hours=whole % 86_400 // 3600)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def parse_time(text: str | None) -> datetime | None:
    """A moment as the stores write it."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def ago(text: str | None, now: datetime | None = None) -> str:
    """How long ago something was, roughly, as one says it."""
    moment = parse_time(text)
    if moment is None:
        return "–"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 60:
        return t("time.now")
    if seconds < 3600:
        return t("time.minutes_ago", n=int(seconds // 60))
    if seconds < 86_400:
        return t("time.hours_ago", n=int(seconds // 3600))
    if seconds < 86_400 * 14:
        days = int(seconds // 86_400)
        return t("time.day_ago") if days == 1 else t("time.days_ago", n=days)
    return moment.strftime("%Y-%m-%d")


def plural(key: str, n: int) -> str:
    """A counted thing: the text `key.one` or `key.many`."""
    return t(f"{key}.one" if n == 1 else f"{key}.many", n=number(n))
