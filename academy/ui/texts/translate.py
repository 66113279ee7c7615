"""The page's own texts by key, in the language of the request."""

from __future__ import annotations

import contextvars
import importlib
import pkgutil
from collections.abc import Generator, Iterator, Mapping
from typing import Any, TypeVar, cast

from academy import formats
from academy.messages import Message, add_catalogue, from_json, language, render
from academy.ui import texts

Step = TypeVar("Step")


def t(key: str, **values: Any) -> str:
    """The text under a key with its values."""
    text = TEXTS[language.get()].get(key) or TEXTS["en"][key]
    return text.format(**values) if values else text


def plural(key: str, n: int) -> str:
    """The text under a key in the form that the number needs: `key.one`, `key.few`, …; `key.many` also serves where CLDR says "other"."""
    for name in (language.get(), "en"):
        form = formats.plural_form(n, name)
        if text := TEXTS[name].get(f"{key}.{form}") or TEXTS[name].get(f"{key}.many"):
            return text.format(n=formats.number(n, name))
    raise KeyError(key)


def say(text: Any) -> str:
    """A sentence of an error, a job or a report, unrendered or as it is stored, in the language of the request."""
    return render(text if isinstance(text, Message) else from_json(text))


def has(key: str) -> bool:
    """Whether there is a text under a key."""
    return key in TEXTS["en"]


def speak(name: str) -> None:
    """Chooses the language for the rest of the request; one without texts is English."""
    language.set(name if name in TEXTS else "en")


def reader(request: Any) -> str:
    """The language of a Gradio request, for what Gradio runs from its queue, in a context of its own."""
    return request.request.scope.get("academy.language", "en")


def spoken(name: str, steps: Iterator[Step]) -> Generator[Step, None, None]:
    """The steps in a language; whoever asks for each does so in a context of its own, which forgets the language of the one before."""
    context = contextvars.copy_context()
    context.run(speak, name)
    end = object()
    try:
        while (step := context.run(next, steps, end)) is not end:
            yield cast(Step, step)
    finally:
        if isinstance(steps, Generator):
            steps.close()


def languages() -> dict[str, str]:
    """The name of each language in that language, by its code."""
    return {code: formats.language_name(code) for code in sorted(TEXTS)}


def for_page() -> dict[str, str]:
    """The texts that page.js shows itself."""
    return {key.removeprefix("js."): t(key) for key in TEXTS["en"] if key.startswith("js.")}


def _load() -> dict[str, dict[str, str]]:
    """Every language of the folder, its tables flattened; `en_report` is a part of `en`."""
    loaded: dict[str, dict[str, str]] = {}
    for item in pkgutil.iter_modules(texts.__path__):
        if item.name == "translate":
            continue
        module = importlib.import_module(f"{texts.__name__}.{item.name}")
        code = item.name.partition("_")[0]
        add_catalogue(code, getattr(module, "MESSAGES", {}))
        loaded.setdefault(code, {}).update(_flat(module.TEXTS))
    return loaded


def _flat(entries: Mapping[str, str | Mapping[str, str]]) -> dict[str, str]:
    flat = {}
    for key, entry in entries.items():
        flat |= {key: entry} if isinstance(entry, str) else {f"{key}.{rest}": text for rest, text in entry.items()}
    return flat


TEXTS = _load()
