"""What an adapter's folder brings beside its weights: a chat template of its own, which is used, and a tokenizer, which must fit."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from academy.adapters.store import Adapter
from academy.bases import template_of
from academy.errors import Refused


def own_template(adapter: Adapter | None) -> str:
    """The chat template in the adapter's folder; empty where it has none."""
    return template_of(adapter.path) if adapter is not None else ""


def check_tokenizer(adapter: Adapter, tokenizer: Any) -> None:
    """Raises Refused where the adapter's own tokenizer has words that the base's has not: their numbers would mean something else."""
    path = adapter.path / "tokenizer.json"
    if not path.is_file():
        return
    vocabulary = tokenizer.get_vocab()
    others = sorted(word for word, number in _words(path, path.stat().st_mtime_ns).items() if vocabulary.get(word) != number)
    if others:
        raise Refused(
            "The adapter {name!r} has a tokenizer of its own with {n:number} words that the base model does not have ({word!r}, …).",
            hint="Use the base model that it was trained on, with that tokenizer.",
            code="ADAPTER_UNUSABLE",
            name=adapter.name,
            n=len(others),
            word=others[0],
        )


@lru_cache(maxsize=8)
def _words(path: Path, stamp: int) -> dict[str, int]:
    """The words of a tokenizer file with their numbers; those of a kind without a list of words are not compared."""
    try:
        found = json.loads(path.read_bytes())
        listed = found["model"].get("vocab")
        words = {str(word): int(number) for word, number in listed.items()} if isinstance(listed, dict) else {}
        return words | {str(item["content"]): int(item["id"]) for item in found.get("added_tokens") or []}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("The tokenizer in the adapter's folder cannot be read.", hint="Remove its tokenizer.json.") from error
