"""The language of a request: what its reader chose on the page, else the setting, else what its program asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from academy import messages

COOKIE = "academy_language"


def language_of(scope: Scope, setting: str) -> str:
    """The code of a language that has texts."""
    headers = Headers(scope=scope)
    chosen = cookie_parser("; ".join(headers.getlist("cookie"))).get(COOKIE, "")
    return best([chosen, setting, *accepted(headers.get("accept-language", ""))])


def language_here(environment: Mapping[str, str], setting: str = "") -> str:
    """The language of a terminal, by the setting and the variables of the locale."""
    return best([setting, *(environment.get(name, "") for name in ("ACADEMY_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))])


def best(wanted: Iterable[str]) -> str:
    """The first language of those wanted that has texts, else English."""
    codes = (re.split(r"[-_.]", name)[0].lower() for name in wanted)
    return next((code for code in codes if code in messages.CATALOGUES), "en")


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first."""
    weighted = []
    for part in header.split(",")[:20]:
        name, _, weight = part.partition(";")
        found = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", weight) if weight else None
        weighted.append((0.0 if weight and not found else float(found[1]) if found else 1.0, name.strip()))
    return [name for weight, name in sorted(weighted, key=lambda item: -item[0]) if weight > 0]
