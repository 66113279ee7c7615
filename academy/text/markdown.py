"""Texts of others inside Markdown."""

from __future__ import annotations


def inert(text: str) -> str:
    """A text for a cell of a Markdown table, in which no sign means anything."""
    return "".join(" " if char in "\r\n" else "\\" + char if char in "<>[]|`*_#\\" else char for char in text)
