"""Lets a model write nothing but `{"question": "…", "answer": "…"}`: at each step only the tokens that go on in this form are possible."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers

OPENING = '{"question": "'
"""Stands at the end of the prompt."""
MOST = (48, 64)
"""Tokens of a question and of an answer."""

_LITERALS = (', "answer": "', "}")
"""What follows the end of the question, and of the answer."""
_STRING = r"(?:[^\"\\\x00-\x1f\x7f]|\\[\"\\/nt])*"
_INSIDE, _ENDS = re.compile(_STRING), re.compile(_STRING + '"(.*)', re.DOTALL)
_ASKED, _GOES_ON = re.compile(r"[?？؟]$"), re.compile(r"[?？؟].")


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
        usual = {token: text for token, text in enumerate(texts) if text and token not in special}
        self.inside = self._mask(
            size, device, (token for token, text in usual.items() if _INSIDE.fullmatch(text) and not _GOES_ON.search(text))
        )
        self.asked = frozenset(token for token, text in usual.items() if _ASKED.search(text))
        self.ends: list[Any] = []
        self.due: list[dict[int, list[int]]] = []
        for literal in _LITERALS:
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
        self.closes = self.ends[0] & self._mask(size, device, (token for token, text in usual.items() if text.startswith('"')))
        self.most_tokens = sum(MOST) + sum(max(map(len, due.values())) for due in self.due) + 4

    @staticmethod
    def _mask(size: int, device: Any, tokens: Iterable[int]) -> Any:
        mask = torch.zeros(size, dtype=torch.bool, device=device)
        mask[[*tokens]] = True
        return mask


@dataclass
class _Position:
    """Where a row stands: in the question (0), in the answer (1), or at the end (2), and the tokens that must follow now."""

    part: int = 0
    used: int = 0
    due: list[int] = field(default_factory=list)
    over: bool = False  # the text can only end


class Grammar(transformers.LogitsProcessor):
    """The rule for one batch; `width` tokens of each row are its prompt. A question ends with its mark, and a complete row can only end."""

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
        elif position.part < 2 and token in self._vocabulary.due[position.part]:
            position.due = [*self._vocabulary.due[position.part][token]]
            position.part, position.used, position.over = position.part + 1, 0, False
        else:
            position.used += 1
            position.over = position.part == 0 and token in self._vocabulary.asked

    def _mark(self, position: _Position, allowed: Any) -> None:
        if position.due:
            allowed[position.due[0]] = True
        elif position.part == 2:
            allowed[self._end] = True
        else:
            # Something has to be said first, and what is said must end.
            if position.used < MOST[position.part] and not position.over:
                allowed |= self._vocabulary.inside
            if position.over:
                allowed |= self._vocabulary.closes
            elif position.used:
                allowed |= self._vocabulary.ends[position.part]
