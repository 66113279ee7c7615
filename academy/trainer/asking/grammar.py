"""Lets a model write nothing but `{"question": "…", "answer": "…"}`: at each step only the tokens that go on in this form are possible."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers

OPENING = '{"question": "'
"""Stands at the end of the prompt."""
MOST = (48, 64)
"""Tokens of a question and of an answer."""

_BETWEEN, _CLOSING = ', "answer": "', "}"
_STRING = r"(?:[^\"\\\x00-\x1f\x7f]|\\[\"\\/nt])*"
_INSIDE, _ENDS = re.compile(_STRING), re.compile(_STRING + '"')


def read_pair(text: str) -> tuple[str, str] | None:
    """Question and answer of what the model wrote after the opening; None where they cannot be read."""
    try:
        value = json.loads(OPENING + text)
    except ValueError:
        return None
    question, answer = value.get("question"), value.get("answer")
    return (question.strip(), answer.strip()) if isinstance(question, str) and isinstance(answer, str) else None


class Vocabulary:
    """Which tokens can stand inside a JSON string, and which end it; masks of (vocabulary)."""

    def __init__(self, tokenizer: Any, size: int, device: Any = None) -> None:
        known = min(size, len(tokenizer))
        texts = tokenizer.batch_decode([[token] for token in range(known)], skip_special_tokens=False)
        special = {*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()}
        inside = [bool(text) and token not in special and _INSIDE.fullmatch(text) is not None for token, text in enumerate(texts)]
        ends = [token not in special and _ENDS.fullmatch(text) is not None for token, text in enumerate(texts)]
        rest = [False] * (size - known)
        self.inside = torch.tensor(inside + rest, device=device)
        self.ends = torch.tensor(ends + rest, device=device)
        self.literals = [tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"] for text in (_BETWEEN, _CLOSING)]
        self.most_tokens = sum(MOST) + sum(map(len, self.literals)) + 4


@dataclass
class _Position:
    """Where a row stands: in the question (0), in the answer (1), or at the end (2), and the tokens that must follow now."""

    part: int = 0
    used: int = 0
    due: list[int] = field(default_factory=list)


class Grammar(transformers.LogitsProcessor):
    """The rule for one batch; `width` tokens of each row are its prompt, and a row that is complete can only end."""

    def __init__(self, vocabulary: Vocabulary, rows: int, width: int, end: int) -> None:
        self._vocabulary = vocabulary
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
        elif position.part < 2 and self._vocabulary.ends[token]:
            position.due = [*self._vocabulary.literals[position.part]]
            position.part, position.used = position.part + 1, 0
        else:
            position.used += 1

    def _mark(self, position: _Position, allowed: Any) -> None:
        vocabulary = self._vocabulary
        if position.due:
            allowed[position.due[0]] = True
        elif position.part == 2:
            allowed[self._end] = True
        else:
            # Something has to be said first, and what is said must end.
            if position.used < MOST[position.part]:
                allowed |= vocabulary.inside
            if position.used:
                allowed |= vocabulary.ends
