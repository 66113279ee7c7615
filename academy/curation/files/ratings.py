"""What a rating means: words and signs, stars, numbers by the range of their column, and the objects that programs write."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from academy.curation.files.columns import plain_name
from academy.curation.lessons import Rating


@dataclass(frozen=True, slots=True)
class Scale:
    """The lowest and the highest number among the ratings of a file."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[Any]) -> Scale | None:
        """The range of the numbers among the values; None where there is none."""
        low, high = math.inf, -math.inf
        for value in values:
            if isinstance(value, dict):
                value = next((value[key] for key in _KEYS if key in value), None)
            if (number := _number(value)) is not None:
                low, high = min(low, number), max(high, number)
        return cls(low, high) if low <= high else None

    def rating(self, number: float) -> Rating | None:
        """Good in the upper quarter of the range that such numbers usually have, bad in the lower half; None between."""
        if self.low < 0:
            return "good" if number > 0 else "bad" if number < 0 else None
        if self.high <= 1:
            # Of a column of nothing but zeros each can be a default.
            return "good" if number >= 0.75 else "bad" if number <= 0.25 and self.high > 0 else None
        top = next((top for top in (2, 3, 4, 5, 10, 100) if self.high <= top), self.high)
        share = number / top
        return "good" if share >= 0.75 else "bad" if share < 0.5 else None


_ALONE = Scale(-1, 1)  # for a number without a column


def rating_of(value: Any, scale: Scale | None = None) -> Rating | None:
    """Good, bad, or neither; a number is judged by the range of its column."""
    if isinstance(value, bool):
        return "good" if value else "bad"
    if (number := _number(value)) is not None:
        return (scale or _ALONE).rating(number) if scale or abs(number) <= 1 else None
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, dict):
        return _object(value, scale)
    if isinstance(value, list) and len(value) == 1:
        return rating_of(value[0], scale)
    return None


def is_unrated(value: Any) -> bool:
    """Whether a value says that there is no rating, as programs write it for each message."""
    return value is None or (isinstance(value, str) and plain_name(value) in _UNRATED)


_UNRATED = {"", "none", "null", "nan", "na", "neutral", "unrated", "norating", "notrated", "nofeedback", "unknown"}
_GOOD = set(
    """
    good positive pos up thumbsup thumbup thumbsupresponse like liked likes love loved yes true upvote upvoted voteup correct right accurate
    excellent great perfect helpful useful accept accepted approve approved pass passed satisfied best chosen preferred plus win success
    gut richtig hilfreich super dobra dobry dobrze poprawna poprawny poprawnie swietnie bien bueno bon bonne corretto correcto juste goed
    """.split()  # noqa: SIM905
)
_BAD = set(
    """
    bad negative neg down thumbsdown thumbdown thumbsdownresponse dislike disliked dislikes hate hated no false downvote downvoted votedown
    incorrect wrong inaccurate poor terrible awful horrible worst unhelpful nothelpful useless reject rejected disapprove disapproved
    fail failed unsatisfied dissatisfied notgood notcorrect minus loss error harmful
    schlecht falsch unbrauchbar zla zly zle niepoprawna niepoprawny niepoprawnie mal malo mauvais mauvaise sbagliato incorrecto faux fout
    """.split()  # noqa: SIM905
)
_KEYS = ("value", "rating", "score", "thumbs", "thumb", "vote", "feedback", "reaction", "sentiment", "label", "stars", "type", "tag")
_OF = re.compile(r"\s*([-+]?\d+(?:[.,]\d+)?)\s*(?:/|of|out of|von|z|sur|de)\s*(\d+)\s*(?:stars?|sterne|gwiazdek)?\s*", re.IGNORECASE)
_STARS = re.compile(r"\s*(\d(?:[.,]\d)?)\s*-?(?:stars?|sterne?|gwiazdk\w|gwiazdek|★|⭐)\s*", re.IGNORECASE)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not re.fullmatch(r"\s*[-+]?\d{1,4}(?:[.,]\d{1,6})?\s*", value):
            return None
        value = float(value.replace(",", "."))
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _word(text: str) -> Rating | None:
    if match := _OF.fullmatch(text):
        number, top = float(match[1].replace(",", ".")), float(match[2])
        return Scale(0, top).rating(number) if top else None
    if match := _STARS.fullmatch(text):
        return Scale(0, 5).rating(float(match[1].replace(",", ".")))
    full, empty = sum(text.count(sign) for sign in "★⭐🌟"), text.count("☆")
    if full or empty:
        return Scale(0, max(5, full + empty)).rating(full)
    if re.search(r"[👎❌✗✘☹😞😠🙁😡💔]|^\s*-\s*$", text):
        return "bad"
    if re.search(r"[👍✅✔❤♥😀😊🙂😍🎉💯]|^\s*\+\s*$", text):
        return "good"
    plain = plain_name(text)
    return "good" if plain in _GOOD else "bad" if plain in _BAD else None


def _object(value: dict[str, Any], scale: Scale | None) -> Rating | None:
    """`{"thumbs": "up"}`, `{"thumbsUp": false, "thumbsDown": true}`, `{"rating": {"value": 1}}`."""
    by_name = {plain_name(key): inner for key, inner in value.items() if isinstance(key, str)}
    said: list[Rating] = [rating for name, inner in by_name.items() if inner in (True, 1) and (rating := _word(name))]
    if len(set(said)) == 1:
        return said[0]
    flags = [name for name, inner in by_name.items() if isinstance(inner, bool) and _word(name)]
    if len(flags) == 1:  # one switch alone: {"thumbsUp": false}
        return "bad" if _word(flags[0]) == "good" else None
    found: list[Rating | None] = [rating_of(by_name[key], scale) for key in _KEYS if key in by_name]
    return next((rating for rating in found if rating), None)
