"""Lets a model write nothing but an object such as `{"question": "…", "answer": "…"}`: at each step only what goes on in its form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers


@dataclass(frozen=True)
class Form:
    """The texts of the object that is written, by their names; the first `asking` of them end with their question mark."""

    names: tuple[str, ...]
    most: tuple[int, ...]  # tokens of each
    asking: int

    @property
    def opening(self) -> str:
        """Stands at the end of the prompt."""
        return f'{{"{self.names[0]}": "'

    @property
    def literals(self) -> tuple[str, ...]:
        """What follows the end of each text."""
        return (*(f', "{name}": "' for name in self.names[1:]), "}")


PAIR = Form(("question", "answer"), (48, 64), asking=1)

_STRING = r"(?:[^\"\\\x00-\x1f\x7f]|\\[\"\\/nt])*"
_INSIDE, _ENDS = re.compile(_STRING), re.compile(_STRING + '"(.*)', re.DOTALL)
_ASKED, _GOES_ON = re.compile(r"[?？؟]$"), re.compile(r"[?？؟].")


def read_texts(text: str, form: Form = PAIR) -> tuple[str, ...] | None:
    """The texts of what the model wrote after the opening; None where they cannot be read."""
    try:
        value = json.loads(form.opening + text)
    except ValueError:
        return None
    texts = [value.get(name) for name in form.names]
    return tuple(text.strip() for text in texts) if all(isinstance(text, str) for text in texts) else None


class Vocabulary:
    """Which tokens can stand inside a JSON string, and which end it; masks of (vocabulary)."""

    def __init__(self, tokenizer: Any, size: int, device: Any = None, form: Form = PAIR) -> None:
        self.form = form
        known = min(size, len(tokenizer))
        texts = tokenizer.batch_decode([[token] for token in range(known)], skip_special_tokens=False)
        special = {*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()}
        usual = {token: text for token, text in enumerate(texts) if text and token not in special}
        self.inside = self._mask(
            size, device, (token for token, text in usual.items() if _INSIDE.fullmatch(text) and not _GOES_ON.search(text))
        )
        self.asked = frozenset(token for token, text in usual.items() if _ASKED.search(text))
        self.ends: list[Any] = []
        self.due: list[dict[int, list[int]]] = []
        for literal in form.literals:
            # A token that ends the text may hold the first signs of what must follow.
            begun = {
                token: match[1]
                for token, text in usual.items()
                if (match := _ENDS.fullmatch(text)) and literal.startswith(match[1]) and not _GOES_ON.search(text.partition('"')[0])
            }
            rests = {rest: tokenizer(literal[len(rest) :], add_special_tokens=False, verbose=False)["input_ids"] for rest in begun.values()}
            self.ends.append(self._mask(size, device, begun))
            self.due.append({token: rests[rest] for token, rest in begun.items()})
        # These end a question and add nothing to it.
        closing = self._mask(size, device, (token for token, text in usual.items() if text.startswith('"')))
        self.closes = [ends & closing for ends in self.ends]
        self.most_tokens = sum(form.most) + sum(max(map(len, due.values())) for due in self.due) + 4

    @staticmethod
    def _mask(size: int, device: Any, tokens: Iterable[int]) -> Any:
        mask = torch.zeros(size, dtype=torch.bool, device=device)
        mask[[*tokens]] = True
        return mask


@dataclass
class _Position:
    """Where a row stands: in which text, or after the last one, and the tokens that must follow now."""

    part: int = 0
    used: int = 0
    due: list[int] = field(default_factory=list)
    over: bool = False  # the text can only end


class Grammar(transformers.LogitsProcessor):
    """The rule for one batch; `width` tokens of each row are its prompt. A question ends with its mark, and a complete row can only end."""

    def __init__(self, vocabulary: Vocabulary, rows: int, width: int, end: int) -> None:
        self._vocabulary = vocabulary
        self._form = vocabulary.form
        self._width = width
        self._end = end
        self._positions = [_Position() for _ in range(rows)]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """The scores of (rows, vocabulary) with those of impossible tokens at minus infinity."""
        allowed = torch.zeros_like(scores, dtype=torch.bool)
        for row, position in enumerate(self._positions):
            if input_ids.shape[1] > self._width:
                self._advance(position, int(input_ids[row, -1]))
            self._mark(position, allowed[row])
        return scores.masked_fill(~allowed, -torch.inf)

    def _advance(self, position: _Position, token: int) -> None:
        if position.due:
            position.due.pop(0)
        elif position.part < len(self._form.names) and token in self._vocabulary.due[position.part]:
            position.due = [*self._vocabulary.due[position.part][token]]
            position.part, position.used, position.over = position.part + 1, 0, False
        else:
            position.used += 1
            position.over = position.part < self._form.asking and token in self._vocabulary.asked

    def _mark(self, position: _Position, allowed: Any) -> None:
        if position.due:
            allowed[position.due[0]] = True
        elif position.part == len(self._form.names):
            allowed[self._end] = True
        else:
            # Something has to be said first, and what is said must end.
            if position.used < self._form.most[position.part] and not position.over:
                allowed |= self._vocabulary.inside
            if position.over:
                allowed |= self._vocabulary.closes[position.part]
            elif position.used:
                allowed |= self._vocabulary.ends[position.part]
