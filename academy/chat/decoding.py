"""Follows a generation token by token: chooses tokens, turns them into text, and ends the reply."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal

from academy.chat.request import Sampling, Thought
from academy.errors import Refused
from academy.text.forms import Thoughts

_COLDEST = 1e-4
"""Below this temperature the likeliest token is as good as certain, and the division would leave the range of numbers."""

_WIDEST = 2048
"""Sampling considers this many of the likeliest tokens; sorting the rest costs more than its weight is worth."""

_ENDS = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<turn|>", "<|end|>", "<|endofturn|>", "<|return|>", "</s>")
"""The end of a turn in the usual templates; each counts only if it is one token of the vocabulary and the template contains it."""


class Spelling:
    """Turns tokens into text as they come; an incomplete character is held back."""

    def __init__(self, tokenizer: Any, before: Sequence[int] = (), marks: frozenset[int] = frozenset()) -> None:
        """`before`: the last tokens of a text that is continued, in view for the reason below; `marks`: special tokens to spell too."""
        self._decode = tokenizer.decode
        self._hidden = frozenset(tokenizer.all_special_ids) - marks if marks else None
        self._ids = list(before)
        self._start = 0
        self._done = len(self._ids)
        self._before = self._text() if before else ""

    def feed(self, token: int) -> str:
        """The text that this token completes."""
        self._ids.append(token)
        now = self._text()
        if len(now) <= len(self._before) or now.endswith("\ufffd"):
            return ""
        piece = now[len(self._before) :]
        # The last tokens stay in view: many tokenizers write a token differently at the beginning of a text.
        self._start, self._done = self._done, len(self._ids)
        self._before = self._text()
        return piece

    def rest(self) -> str:
        """The text held back at the end, without an incomplete character."""
        piece = self._text()[len(self._before) :].rstrip("\ufffd")
        self._start = self._done = len(self._ids)
        self._before = ""
        return piece

    def _text(self) -> str:
        ids = self._ids[self._start :]
        if self._hidden is None:
            return self._decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        ids = [token for token in ids if token not in self._hidden]
        return self._decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)


class Apart:
    """Tells the thought from the answer in a text that arrives in pieces."""

    def __init__(self, thoughts: Thoughts | None, *, is_open: bool) -> None:
        """`is_open`: the prompt begins a thought."""
        self._end = thoughts.after.strip() if thoughts else ""
        begin = (thoughts.before.strip() or "<think>") if thoughts else ""
        self._begins = [(mark, part) for mark, part in ((thoughts.plain.strip() if thoughts else "", "answer"), (begin, "thought")) if mark]
        self._part = "begin" if self._begins else "answer"
        if is_open and self._end:
            self._part = "thought"
        self._held = ""
        self._fresh = self._part != "answer"  # nothing but white space came of this part

    def feed(self, piece: str) -> list[str]:
        """What of the text so far is certain: Thought or plain text."""
        self._held += piece
        said: list[str] = []
        if self._part == "begin":
            self._begin()
        if self._part == "thought":
            at = self._held.find(self._end)
            stop = at if at >= 0 else len(self._held) - _overlap(self._held, self._end)
            # White space at the end of a thought belongs to its mark.
            stop = stop if at >= 0 else len(self._held[:stop].rstrip())
            thought = self._held[:stop].rstrip() if at >= 0 else self._held[:stop]
            thought = thought.lstrip() if self._fresh else thought
            if thought:
                said.append(Thought(thought))
                self._fresh = False
            self._held = self._held[stop if at < 0 else at + len(self._end) :]
            if at >= 0:
                self._part, self._fresh = "answer", True
        if self._part == "answer":
            text = self._held.lstrip() if self._fresh else self._held
            self._held = ""
            if text:
                self._fresh = False
                said.append(text)
        return said

    def rest(self) -> list[str]:
        """The text held back at the end."""
        text, self._held = self._held, ""
        if self._part == "thought":
            return [Thought(text.rstrip())] if text.strip() else []
        return [text.lstrip()] if text.strip() else []

    def _begin(self) -> None:
        text = self._held.lstrip()
        for mark, part in self._begins:
            if text.startswith(mark):
                self._held, self._part = text[len(mark) :], part
                return
        if not any(mark.startswith(text) for mark, _ in self._begins):
            self._part, self._fresh = "answer", False


class StopTexts:
    """Passes a stream of text on up to the first of the given texts, which may arrive in pieces."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = [text for text in texts if text]
        self._held = ""
        self.found = False

    def feed(self, piece: str) -> str:
        """The part of the text so far that can be shown."""
        if self.found:
            return ""
        if not self._texts:
            return piece
        self._held += piece
        positions = [position for text in self._texts if (position := self._held.find(text)) >= 0]
        if positions:
            self.found = True
            visible, self._held = self._held[: min(positions)], ""
            return visible
        keep = max(_overlap(self._held, text) for text in self._texts)
        visible, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return visible

    def rest(self) -> str:
        """The text held back at the end."""
        visible, self._held = self._held, ""
        return visible


class Streamer:
    """A stopping criterion for transformers' `generate` that passes each token on as text; it ends at an end token or on request."""

    def __init__(
        self,
        tokenizer: Any,
        ends: frozenset[int],
        stop: threading.Event,
        say: Callable[[str], None],
        device: Any,
        before: Sequence[int] = (),
        apart: Apart | None = None,
        marks: frozenset[int] = frozenset(),
    ) -> None:
        """`apart` tells thoughts from the answer, for which `marks` are spelled out."""
        import torch

        self.count = 0
        self.finish: Literal["end", "length", "stopped"] = "length"
        self._spelling = Spelling(tokenizer, before, marks)
        self._apart = apart or Apart(None, is_open=False)
        self._ends = ends
        self._stop = stop
        self._say = say
        self._answers = {done: torch.full((1,), done, device=device) for done in (False, True)}

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Whether the generation is done, as a tensor of shape (1,); `input_ids` has shape (1, length)."""
        return self._answers[self.feed(int(input_ids[0, -1]))]

    def feed(self, token: int) -> bool:
        """Passes one token on; whether the reply is done."""
        if self._stop.is_set():
            self.finish = "stopped"
            return True
        self.count += 1
        if token in self._ends:
            self.finish = "end"
        elif piece := self._spelling.feed(token):
            self._tell(self._apart.feed(piece))
        return self.finish == "end"

    def close(self) -> None:
        """Passes on the text held back."""
        if rest := self._spelling.rest():
            self._tell(self._apart.feed(rest))
        self._tell(self._apart.rest())

    def _tell(self, pieces: Sequence[str]) -> None:
        for piece in pieces:
            self._say(piece)


class Chooser:
    """A logits processor for transformers' `generate` with greedy search, which then takes the token that this one draws.

    The generator of its own makes a seed repeatable beside other work in the process.
    """

    def __init__(self, sampling: Sampling, top_k: int) -> None:
        import torch

        self._sampling = sampling
        self._top_k = top_k
        self._generator = torch.Generator("cpu")
        if sampling.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(sampling.seed)
        self._first = True

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """The scores, of shape (1, vocabulary); with a temperature all but one are minus infinity."""
        if self._sampling.temperature < _COLDEST:
            self._check(scores[0])
            return scores
        chosen = scores.new_full(scores.shape, float("-inf"))
        chosen[0, self.choose(scores[0])] = 0
        return chosen

    def choose(self, scores: Any) -> int:
        """The next token by its scores, of shape (vocabulary,)."""
        self._check(scores)
        if self._sampling.temperature < _COLDEST:
            return int(scores.argmax())
        return draw(scores.cpu(), self._sampling, self._top_k, self._generator)

    def _check(self, scores: Any) -> None:
        if self._first:
            self._first = False
            if bool(scores.isnan().any()):
                raise Refused(
                    "The model's numbers are not finite, so it has nothing to say.", hint="Deactivate the adapter, or train it again."
                )


def draw(logits: Any, sampling: Sampling, top_k: int, generator: Any) -> int:
    """One token, drawn by its likelihood from the likeliest; `logits` has shape (vocabulary,)."""
    import torch

    logits = logits / sampling.temperature
    widest = min(top_k or _WIDEST, _WIDEST, logits.shape[-1])
    if sampling.top_p >= 1 and not top_k:
        widest = logits.shape[-1]
    values, tokens = logits.topk(widest)
    likely = (values - logits.logsumexp(-1)).exp()
    if sampling.top_p < 1:
        # A token stays while those before it do not reach top_p; the first always stays.
        likely[1:][likely.cumsum(-1)[:-1] >= sampling.top_p] = 0
    return int(tokens[torch.multinomial(likely, 1, generator=generator)])


def penalized(logits: Any, ids: Sequence[int], penalty: float) -> Any:
    """The logits, of shape (vocabulary,), with those of the tokens so far less likely, as transformers' `repetition_penalty` has it."""
    import torch

    if penalty == 1:
        return logits
    seen = torch.tensor(sorted(set(ids)))
    scores = logits[seen]
    logits[seen] = torch.where(scores < 0, scores * penalty, scores / penalty)
    return logits


def end_tokens(tokenizer: Any, model: Any) -> frozenset[int]:
    """The tokens that end a reply: those of the tokenizer and of the model."""
    ends = {tokenizer.eos_token_id, model.config.get_text_config().eos_token_id}
    given = model.generation_config.eos_token_id
    ends |= set(given) if isinstance(given, list | tuple) else {given}
    return frozenset(end for end in ends if isinstance(end, int))


def turn_ends(tokenizer: Any, template: str) -> frozenset[int]:
    """The ends of a turn that the template uses."""
    vocabulary = tokenizer.get_added_vocab()
    return frozenset(vocabulary[text] for text in _ENDS if text in vocabulary and text in template)


def marks_of(tokenizer: Any, thoughts: Thoughts | None) -> frozenset[int]:
    """The tokens of the vocabulary that mark a thought; none of them ends a reply."""
    written = f"{thoughts.before}{thoughts.after}{thoughts.plain}" if thoughts else ""
    return frozenset(token for text, token in tokenizer.get_added_vocab().items() if text.strip() and text in written)


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` may be the start of `stop`."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
