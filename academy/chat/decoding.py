"""TODO: academy/chat/decoding.py."""

from __future__ import annotations

from typing import Any

from academy.chat.request import Sampling

_ENDS = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<turn|>", "<|end|>", "<|endofturn|>", "<|return|>", "</s>")
"""How turns end in the usual templates; each counts only where it is one token of the vocabulary and the template names it."""


_WIDEST = 2048
"""Sampling looks at so many of the likeliest tokens; what lies beyond has no weight worth the sorting."""


COLDEST = 1e-4
"""Below this temperature the likeliest token is as good as certain, and dividing by it would leave the range of numbers."""


class Spelling:
    """Turns tokens into text as they come; a character that is not whole yet is held back."""

    def __init__(self, tokenizer: Any) -> None:
        self._decode = tokenizer.decode
        self._ids: list[int] = []
        self._start = 0
        self._done = 0

    def feed(self, token: int) -> str:
        """The text that this token completes."""
        self._ids.append(token)
        before, now = self._text(self._done), self._text(len(self._ids))
        if len(now) <= len(before) or now.endswith("\ufffd"):
            return ""
        # The last tokens stay in view: many tokenizers write a token differently at the beginning of a text.
        self._start, self._done = self._done, len(self._ids)
        return now[len(before) :]

    def rest(self) -> str:
        """What was held back, without half a character at its end."""
        before, now = self._text(self._done), self._text(len(self._ids))
        self._done = len(self._ids)
        return now[len(before) :].rstrip("\ufffd")

    def _text(self, end: int) -> str:
        return self._decode(self._ids[self._start : end], skip_special_tokens=True, clean_up_tokenization_spaces=False)


def end_tokens(tokenizer: Any, model: Any) -> frozenset[int]:
    ends = {tokenizer.eos_token_id, model.config.get_text_config().eos_token_id if hasattr(model.config, "get_text_config") else None}
    given = model.generation_config.eos_token_id
    ends |= set(given) if isinstance(given, list | tuple) else {given}
    template = tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else ""
    vocabulary = tokenizer.get_added_vocab()
    ends |= {vocabulary[text] for text in _ENDS if text in vocabulary and text in template}
    return frozenset(end for end in ends if isinstance(end, int))


def takes_keep(kind: type) -> bool:
    import inspect

    return "logits_to_keep" in inspect.signature(kind.forward).parameters


def draw(torch: Any, logits: Any, sampling: Sampling, top_k: int, generator: Any) -> int:
    """One token, drawn by its likelihood from the likeliest."""
    logits = logits / sampling.temperature
    widest = min(top_k or _WIDEST, _WIDEST, logits.shape[-1])
    if sampling.top_p >= 1 and not top_k:
        widest = logits.shape[-1]
    values, places = logits.topk(widest)
    likely = (values - logits.logsumexp(-1)).exp()
    if sampling.top_p < 1:
        # A token stays while those before it do not reach top_p; the first one always stays.
        likely[1:][likely.cumsum(-1)[:-1] >= sampling.top_p] = 0
    return int(places[torch.multinomial(likely, 1, generator=generator)])


class StopTexts:
    """Lets a stream of text through up to the first of the given texts, which may arrive in pieces."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = [text for text in texts if text]
        self._held = ""
        self.found = False

    def feed(self, piece: str) -> str:
        """What of the text so far can be shown."""
        if self.found:
            return ""
        if not self._texts:
            return piece
        self._held += piece
        places = [place for text in self._texts if (place := self._held.find(text)) >= 0]
        if places:
            self.found = True
            shown, self._held = self._held[: min(places)], ""
            return shown
        keep = max(_overlap(self._held, text) for text in self._texts)
        shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return shown

    def rest(self) -> str:
        """What was held back, at the end."""
        shown, self._held = self._held, ""
        return shown


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` may be the beginning of `stop`."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
