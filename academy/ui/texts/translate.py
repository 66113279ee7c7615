"""All texts of the page, by key and language; English is complete, a key that another language lacks is shown in English."""

from __future__ import annotations

from typing import Any

from academy.messages import language
from academy.ui.texts.en import TEXTS


def t(key: str, **values: Any) -> str:
    """The text under a key in the language of the viewer, with its values put in."""
    text = TEXTS.get(language.get(), {}).get(key) or TEXTS["en"][key]
    return text.format(**values) if values else text


def has(key: str) -> bool:
    """Whether there is a text under a key."""
    return key in TEXTS["en"]


def for_page() -> dict[str, str]:
    """The texts that page.js says itself."""
    return {key.removeprefix("js."): t(key) for key in TEXTS["en"] if key.startswith("js.")}
