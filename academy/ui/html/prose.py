"""TODO: academy/ui/html/prose.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from academy.ui.html.elements import Html, div, esc, join, span, tag
from academy.ui.html.numbers import number
from academy.ui.texts.translate import t


def tokens(parts: Sequence[dict[str, Any]], limit: int = 4000) -> Html:
    """A row as the model sees it: what is trained, what is only read, what is cut off."""
    names = {"trained", "context", "cut"}
    shown = [span(_visible(part["text"]), cls=f"tok {part['kind'] if part['kind'] in names else 'context'}") for part in parts[:limit]]
    more = [span(t("tokens.more", n=number(len(parts) - limit)), cls="ac-soft")] if len(parts) > limit else []
    return div(*shown, *more, cls="ac-tokens")


def _visible(text: str) -> str:
    return text.replace("\n", "↵\n") if text.strip("\n") != text or text == "\n" else text


def prose(text: str) -> Html:
    """A reply as text with the few marks that help reading: code, bold, italics, lists, headings. Links and images stay text."""
    parts: list[Any] = []
    for index, piece in enumerate(re.split(r"^```[^\n]*\n?(.*?)(?:^```[ \t]*$|\Z)", text, flags=re.MULTILINE | re.DOTALL)):
        if index % 2:
            parts.append(tag("pre", tag("code", piece.rstrip("\n"))))
        else:
            parts += [_paragraph(block) for block in re.split(r"\n[ \t]*\n", piece) if block.strip()]
    return div(*parts, cls="ac-prose")


def _paragraph(block: str) -> Html:
    lines = block.strip("\n").split("\n")
    if re.match(r"^#{1,6} ", lines[0]):
        rest = "\n".join(lines[1:])
        return join([tag("p", tag("strong", _inline(lines[0].lstrip("# "))), cls="ac-heading"), _paragraph(rest) if rest.strip() else ""])
    for pattern, name in ((r"^\s*[-*•] +", "ul"), (r"^\s*\d{1,3}[.)] +", "ol")):
        if all(re.match(pattern, line) for line in lines):
            return tag(name, *[tag("li", _inline(re.sub(pattern, "", line))) for line in lines])
    return tag("p", join([_inline(line) for line in lines], "<br>"))


def _inline(text: str) -> Html:
    done = str(esc(text))
    done = re.sub(r"`([^`]+)`", r"<code>\1</code>", done)
    pieces = re.split(r"(<code>.*?</code>)", done)
    for index in range(0, len(pieces), 2):
        pieces[index] = re.sub(r"\*\*(\S(?:.*?\S)?)\*\*", r"<strong>\1</strong>", pieces[index])
        pieces[index] = re.sub(r"(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])", r"<em>\1</em>", pieces[index])
    return Html("".join(pieces))
