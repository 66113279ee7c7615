"""A block of code: its language, a button that copies it, and its words coloured by what they are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, String, Token
from pygments.util import ClassNotFound

from academy.ui.html.elements import Html, button, div, join, span, tag
from academy.ui.texts.translate import t

_LONGEST = 20_000
"""Characters of a block beyond which colours cost more than they help."""

_KINDS = (
    (Comment, "comment"),
    (String, "string"),
    (Number, "number"),
    (Literal, "string"),
    (Keyword, "keyword"),
    (Operator.Word, "keyword"),
    (Name.Function, "name"),
    (Name.Class, "name"),
    (Name.Tag, "keyword"),
    (Name.Attribute, "name"),
    (Name.Builtin, "builtin"),
    (Name.Decorator, "builtin"),
    (Token.Generic.Inserted, "inserted"),
    (Token.Generic.Deleted, "deleted"),
)


def block(text: str, language: str = "") -> Html:
    """A block of code; without a known language, or a very long one, in one colour."""
    lexer = _lexer(language.strip().split()[0].lower()) if language.strip() and len(text) <= _LONGEST else None
    name = lexer.name if lexer else language.strip()[:20]
    head = div(span(name, cls="ac-cut"), button(t("copy"), kind="quiet small", copy=text), cls="ac-code-head")
    return div(head, tag("pre", tag("code", _coloured(text, lexer) if lexer else text)), cls="ac-code")


def _coloured(text: str, lexer: Lexer) -> Html:
    parts = [span(value, cls=f"ac-code-{kind}") if (kind := _kind(token)) else value for token, value in lexer.get_tokens(text)]
    return join(parts)


def _kind(token: Any) -> str:
    return next((name for group, name in _KINDS if token in group), "")


@lru_cache(maxsize=32)
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
