"""Numbers, sizes, times, lists and plurals as a language writes them.

English is written here in plain Python and needs no Babel, because the trainer runs in containers without it; every other language is
written by Babel. A language that Babel does not know is written as English.
"""

from __future__ import annotations

import copy
import functools
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from babel import Locale

MISSING = "–"
SIZES = (("B", "digital-byte"), ("kB", "digital-kilobyte"), ("MB", "digital-megabyte"), ("GB", "digital-gigabyte"))
AGES: tuple[tuple[int, Literal["minute", "hour", "day"], str], ...] = (
    (60, "minute", "{} min ago"),
    (3600, "hour", "{} h ago"),
    (86_400, "day", "{} days ago"),
)
LISTS = {"list": "standard", "or": "or", "commas": None}  # Babel's name of the style; it lacks one for plain commas in many languages


def number(value: Any, language: str = "en", digits: int | None = None) -> str:
    """A number with the digits that matter, or with so many decimals; thousands grouped, a dash for None."""
    if value is None:
        return MISSING
    value = real(value)
    if not math.isfinite(value):
        return "∞" if value > 0 else "–∞" if value < 0 else "not a number"
    if digits is None:
        digits = _digits(value)
    if digits is None:
        return f"{value:.1e}"
    text = f"{value:,d}" if isinstance(value, int) and not digits else f"{value:,.{digits}f}"
    locale = _locale(language)
    return text if locale is None else _pattern(locale, digits).apply(Decimal(text.replace(",", "")), locale)


def signs(text: str, language: str = "en") -> str:
    """A number as Python writes it, with the decimal point and the grouping of a language."""
    locale = _locale(language)
    if locale is None:
        return text
    from babel.numbers import get_decimal_symbol, get_group_symbol

    return text.translate({ord("."): get_decimal_symbol(locale), ord(","): get_group_symbol(locale)})


def percent(value: Any, language: str = "en") -> str:
    """A fraction of one as a whole percentage."""
    if value is None:
        return MISSING
    locale = _locale(language)
    if locale is None:
        return f"{real(value):,.0%}"
    from babel.numbers import format_percent

    return format_percent(real(value), locale=locale)


def size(value: Any, language: str = "en") -> str:
    """Bytes in the decimal unit that fits: 512 B, 12 kB, 1.5 GB."""
    if value is None:
        return MISSING
    amount, step = real(value), 0
    while abs(amount) >= 1000 and step < len(SIZES) - 1:
        amount, step = amount / 1000, step + 1
    digits = 0 if step < 2 or abs(amount) >= 100 else 1
    unit, name = SIZES[step]
    return _unit(amount, unit, name, language, digits)


def duration(value: Any, language: str = "en") -> str:
    """Seconds as on a clock: 0:42, 6:12, 2:05:09, 3 d 4 h."""
    if value is None or not math.isfinite(real(value)):
        return MISSING
    whole = max(0, round(real(value)))
    days, hours, minutes, seconds = whole // 86_400, whole % 86_400 // 3600, whole % 3600 // 60, whole % 60
    if days:
        return f"{_unit(days, 'd', 'duration-day', language)} {_unit(hours, 'h', 'duration-hour', language)}"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def ago(value: Any, language: str = "en", now: datetime | None = None) -> str:
    """The rough age of a moment (ISO 8601, UTC unless it says otherwise); after two weeks its date, a dash for what is no moment."""
    moment = _moment(value)
    if moment is None:
        return MISSING
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds >= 86_400 * 14:
        return moment.strftime("%Y-%m-%d")
    length, unit, text = next((age for age in reversed(AGES) if seconds >= age[0]), AGES[0])
    whole = int(seconds // length)
    locale = _locale(language)
    if locale is not None:
        from babel.dates import format_timedelta

        since = -max(1, whole) * length
        # The threshold keeps Babel at this unit: it would make a week of nine days.
        return format_timedelta(since, granularity=unit, threshold=length, add_direction=True, format="short", locale=locale)
    return "just now" if seconds < 60 else "yesterday" if unit == "day" and whole == 1 else text.format(whole)


def listed(items: Sequence[Any], language: str = "en", style: str = "list") -> str:
    """Things in a row: `list` (a, b, and c), `or` (a, b, or c), `commas` (a, b, c)."""
    texts = [str(item) for item in items]
    locale = _locale(language)
    if style == "commas" or len(texts) < 2:
        return ", ".join(texts)
    if locale is not None:
        from babel.lists import format_list

        return format_list(texts, style=LISTS[style], locale=locale)
    word = "or" if style == "or" else "and"
    return f"{', '.join(texts[:-1])}{',' if len(texts) > 2 else ''} {word} {texts[-1]}"


def language_name(language: str) -> str:
    """The name of a language in itself: English, Deutsch, Polski."""
    locale = _locale(language)
    name = "English" if locale is None else locale.get_language_name() or language
    return name[:1].upper() + name[1:]


def plural_form(value: Any, language: str = "en") -> str:
    """The CLDR plural category of a number: zero, one, two, few, many or other."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "other"
    locale = _locale(language)
    if locale is None:
        return "one" if value == 1 else "other"
    return locale.plural_form(value)


def real(value: Any) -> int | float:
    """A number, also from its text: stored values keep `nan`, `inf` and very large integers as text."""
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?\d+", value) else float(value)
    raise TypeError(f"{type(value).__name__} is not a number")


SPECS: dict[str, Callable[[Any, str], str]] = {"number": number, "percent": percent, "size": size, "duration": duration, "ago": ago}


@functools.lru_cache(maxsize=64)
def _locale(language: str) -> Locale | None:
    """Babel's locale, or None for English."""
    tag = language.replace("-", "_")
    if tag.split("_")[0].lower() == "en":
        return None
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(tag)
    except (UnknownLocaleError, ValueError):
        return None


def _digits(value: int | float) -> int | None:
    """How many decimals matter; None where only powers of ten show the value."""
    if isinstance(value, int) or value == 0 or abs(value) >= 1000 or (value.is_integer() and abs(value) >= 10):
        return 0
    return max(0, 2 - math.floor(math.log10(abs(value)))) if abs(value) >= 1e-3 else None


def _pattern(locale: Locale, digits: int) -> Any:
    pattern = copy.copy(locale.decimal_formats[None])
    pattern.frac_prec = (digits, digits)
    return pattern


def _unit(amount: int | float, symbol: str, name: str, language: str, digits: int = 0) -> str:
    locale = _locale(language)
    if locale is None:
        return f"{number(amount, digits=digits)} {symbol}"
    from babel.units import format_unit

    return format_unit(Decimal(f"{amount:.{digits}f}"), name, length="short", format=_pattern(locale, digits), locale=locale)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
