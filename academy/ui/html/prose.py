"""What a model or a person wrote: a reply with the few marks that help reading, and a row as coloured tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, emphasis
from markdown_it.tree import SyntaxTreeNode

from academy.ui.html.code import block
from academy.ui.html.elements import Html, div, esc, join, span, tag
from academy.ui.html.numbers import number
from academy.ui.texts.translate import t

_ELEMENTS = {"paragraph": "p", "bullet_list": "ul", "ordered_list": "ol", "list_item": "li", "strong": "strong", "em": "em"}


def prose(text: str) -> Html:
    """A reply as text with code, bold, italics, lists and headings. Links, images and HTML stay text: nothing is loaded or followed."""
    return div(_drawn(SyntaxTreeNode(_MARKDOWN.parse(text))), cls="ac-prose")


def tokens(parts: Sequence[dict[str, Any]], limit: int = 4000) -> Html:
    """A row as the model sees it: the trained tokens, those that are only read, and those that are cut off."""
    kinds = {"trained", "context", "cut"}
    shown = [span(_visible(part["text"]), cls=f"tok {part['kind'] if part['kind'] in kinds else 'context'}") for part in parts[:limit]]
    more = [span(t("tokens.more", n=number(len(parts) - limit)), cls="ac-soft")] if len(parts) > limit else []
    return div(*shown, *more, cls="ac-tokens")


def _drawn(node: SyntaxTreeNode) -> Html:
    if node.type in ("text", "html_inline", "html_block"):
        return esc(node.content)
    if node.type in ("softbreak", "hardbreak"):
        return Html("<br>")
    if node.type == "code_inline":
        return tag("code", node.content)
    if node.type == "fence":
        return block(node.content.rstrip("\n"), node.info)
    content = join([_drawn(child) for child in node.children])
    if node.type == "heading":
        return tag("p", tag("strong", content), cls="ac-heading")
    name = _ELEMENTS.get(node.type)
    if name is None or (name == "p" and node.hidden):  # the paragraph of a short list item
        return content
    return tag(name, content, start=node.attrs.get("start"))


def _emphasis(state: StateInline, silent: bool) -> bool:
    """Stars emphasize at the edges of words only, and underscores never: `2*3*4` and `__init__` stay as they are."""
    mark, before, after = state.src[state.pos], state.src[state.pos - 1 : state.pos], state.src[state.pos + 1 : state.pos + 2]
    if mark == "_" or (before.isalnum() and after.isalnum()):
        return False
    return emphasis.tokenize(state, silent)


def _visible(text: str) -> str:
    return text.replace("\n", "↵\n") if text.strip("\n") != text or text == "\n" else text


_MARKDOWN = MarkdownIt("zero", {"html": False}).enable(["fence", "heading", "list", "backticks", "emphasis", "newline"])
_MARKDOWN.inline.ruler.at("emphasis", _emphasis)
