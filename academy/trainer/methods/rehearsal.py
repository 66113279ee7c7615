"""Rehearsal against forgetting: the adapted model keeps the base's own predictions on general prompts.

The base answers each prompt once; its largest logits at each token of the answer are the target of a Kullback-Leibler loss, as in
Learning without Forgetting (Li & Hoiem, 2016), so no text of others is trained and the loss is 0 where nothing is forgotten.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from academy.general import prompts
from academy.text.conversations import Message, read_conversations
from academy.text.languages import asked_in
from academy.text.tokens import Tokens, tokenize
from academy.trainer.compute.batches import order
from academy.trainer.compute.loop import Method
from academy.trainer.compute.model import Adapted
from academy.trainer.compute.team import ALONE, Team
from academy.trainer.dataset import Dataset
from academy.trainer.exam.examinee import Examinee, Likeliest, divergence
from academy.trainer.exam.sampling import spread
from academy.trainer.preferences import asked_by
from academy.trainer.report import Report
from academy.trainer.spec import Spec

_ANSWER_TOKENS = 12  # at most, of the base's answer to a prompt
_ENOUGH = 64  # answers for the cache, where the base is too slow for all
_LESSONS = 200  # rows of earlier datasets at most
_SECONDS = 90.0  # at most, to ask the base; what it has answered by then is rehearsed
_AIM = 0.03  # nats a token: the drift at which a quarter of a lesson's tokens are rehearsed; a choice, not a measurement
_LEAST, _MOST = 0.05, 0.75  # rehearsed tokens for each token of a lesson
_SMALL_STEP = 120  # tokens of lessons; smaller steps move the weights as far, and are rehearsed like this one
_LAST = 1.5  # times as many in the last looks
_WEIGHT = 2.0  # of what is rehearsed, beside the lessons
_MEMORY = 0.9  # of the drift so far that the running mean keeps a step


@dataclass(frozen=True)
class Memory:
    """The base's own answers as rows, and what it thinks likeliest at each trained token."""

    rows: Sequence[Tokens]
    tops: list[Likeliest]

    def save(self, path: Path) -> None:
        """Writes it as safetensors, aside and then renamed."""
        tensors: dict[str, torch.Tensor] = {}
        for number, (row, top) in enumerate(zip(self.rows, self.tops, strict=True)):
            tensors |= {f"{number}.ids": torch.tensor(row.ids), f"{number}.trained": torch.tensor(row.trained)}
            tensors |= {f"{number}.tokens": top.tokens, f"{number}.logarithms": top.logarithms}
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        save_file(tensors, aside)
        os.replace(aside, path)

    @classmethod
    def load(cls, path: Path) -> Memory:
        """Reads what `save` wrote."""
        tensors = load_file(path)
        rows, tops = [], []
        for number in range(sum(name.endswith(".ids") for name in tensors)):
            ids = tensors[f"{number}.ids"].tolist()
            rows.append(Tokens(number, ids, tensors[f"{number}.trained"].tolist(), len(ids)))
            tops.append(Likeliest(tensors[f"{number}.tokens"], tensors[f"{number}.logarithms"]))
        return cls(rows, tops)


def make_rehearsal(
    spec: Spec,
    report: Report,
    dataset: Dataset,
    adapted: Adapted,
    method: Method,
    compared: frozenset[str] | None = None,
    team: Team = ALONE,
) -> Rehearsal | None:
    """The rehearsal of a training: the base's answers from the cache, or asked now; None where none is wanted.

    A training that continues an adapter also rehearses the lessons that the adapter was taught before. Where preferences are learned,
    the dataset's own rows are among these, apart from those with a question to which answers are `compared`.
    """
    share = spec.parameters.get("rehearsal", 0.0)  # None: as much as is being forgotten; an older spec has none
    if share == 0:
        return None
    examinee = Examinee(adapted, method, dataset.tokenizer, dataset.form)

    def ask() -> list[Memory]:
        memories = [_general(spec, report, dataset, examinee)]
        if spec.continue_from:
            memories.append(_lessons(spec, dataset, examinee, compared))
        return [memory for memory in memories if memory.rows]

    # Asked by one process, since how much is asked depends on the time.
    memories = team.once(ask)
    return Rehearsal(memories, spec.knob("seed"), share) if memories else None


def _general(spec: Spec, report: Report, dataset: Dataset, examinee: Examinee) -> Memory:
    """The base's answers to general prompts, in English and the language of the dataset."""
    spoken = asked_in(turn["content"] for _, turns in dataset.conversations for turn in turns if turn["role"] in ("user", "text"))
    chosen = [prompt for prompt in prompts() if prompt.language in ("en", spoken)]
    conversations = spread([[{"role": turn.role, "content": turn.content} for turn in prompt.messages] for prompt in chosen])
    name = sha256(json.dumps([spec.base_fingerprint, dataset.form.template, conversations, _ANSWER_TOKENS]).encode()).hexdigest()[:32]
    path = spec.cache / f"rehearsal-{name}.safetensors" if spec.cache else None
    if path and path.is_file():
        with contextlib.suppress(OSError, SafetensorError):  # a damaged cache is made again
            return Memory.load(path)
    report.preparing("rehearse", "Asking the base model general questions, so that it keeps the answers.")
    memory = _ask(examinee, conversations)
    if path and len(memory.rows) >= min(_ENOUGH, len(conversations)):
        memory.save(path)
    return memory


def _ask(examinee: Examinee, conversations: list[list[Message]]) -> Memory:
    """The base's greedy answers, as many as the time allows."""
    asked = [ids for messages in conversations if (ids := examinee.prompt(messages))]
    with examinee.seated():
        answers = examinee.answers(asked, [_ANSWER_TOKENS] * len(asked), base=True, until=time.monotonic() + _SECONDS)
        rows = [
            Tokens(number, [*ids, *answer], [False] * len(ids) + [True] * len(answer), len(ids) + len(answer))
            for number, (ids, answer) in enumerate(zip(asked, answers, strict=True))
            if answer
        ]
        tops = examinee.likeliest(rows, base=True)
    return Memory(rows, [top for top in tops if top is not None])


def _lessons(spec: Spec, dataset: Dataset, examinee: Examinee, compared: frozenset[str] | None) -> Memory:
    """Rows of earlier datasets, and what the adapter to continue thinks of them."""
    datasets = [[turns for _, turns in spread(read_conversations(path), _LESSONS)] for _, path in spec.earlier if path.is_file()]
    # In turns, so that each dataset has its share.
    conversations = [turns for together in zip_longest(*datasets) for turns in together if turns is not None]
    if compared is None:
        known = {json.dumps(turns) for turns in conversations}
        again = {text for _, turns in dataset.conversations if (text := json.dumps(turns)) in known}
        earlier = [turns for turns in conversations if json.dumps(turns) not in again][:_LESSONS]
    else:
        own = [turns for _, turns in spread(dataset.conversations, _LESSONS)]
        earlier = [turns for turns in [*own, *conversations] if asked_by(turns[:-1]) not in compared][:_LESSONS]
    rows = tokenize(dataset.tokenizer, dataset.form, list(enumerate(earlier, 1)), dataset.limit).rows
    with examinee.seated():
        tops = examinee.likeliest(rows, base=False)
    return Memory(rows, [top for top in tops if top is not None])


class Rehearsal:
    """Which remembered rows a step rehearses, and their loss."""

    def __init__(self, memories: Sequence[Memory], seed: int, share: float | None) -> None:
        self._memories, self._seed = memories, seed
        self._rows = [row for memory in memories for row in memory.rows]
        self._tops = [top for memory in memories for top in memory.tops]
        self._turns = _turns([len(memory.rows) for memory in memories])
        self._kinds = len(memories)
        self._fixed = share
        self._share = _LEAST * 2 if share is None else share
        self._debt = 0.0
        self._done = 0  # rows rehearsed so far
        self._due: list[int] = []
        self.drift: float | None = None  # nats a token: the running mean of the loss

    def afresh(self, seed: int, share: float | None) -> Rehearsal:
        """Another rehearsal of the same memories, at its start."""
        return Rehearsal(self._memories, seed, share)

    def due(self, lesson_tokens: int, *, last: bool = False) -> list[Tokens]:
        """The rows to rehearse with so many tokens of lessons.

        The last looks, in which the rate falls, rehearse most: what was forgotten comes back there, and little of it goes again.
        """
        if self._fixed is None:
            lesson_tokens = max(lesson_tokens, _SMALL_STEP)
        self._debt += (_LAST * self._share if last else self._share) * lesson_tokens
        self._due = []
        while self._debt > 0:
            self._due.append(self._next())
            self._debt -= len(self._rows[self._due[-1]].ids)
        return [self._rows[index] for index in self._due]

    def loss(self, logits: torch.Tensor, places: Sequence[int] | None = None) -> torch.Tensor:
        """What these of the rows last due (None: all) add to the mean divergence from the base, from the logits of their targets."""
        own = self._due if places is None else [self._due[place] for place in places]
        tokens = torch.cat([self._tops[index].tokens for index in own]).to(logits.device)
        before = torch.cat([self._tops[index].logarithms for index in own]).to(logits.device)
        count = sum(len(self._tops[index].tokens) for index in self._due)
        return _WEIGHT * divergence(before, logits.float().log_softmax(-1).gather(1, tokens.long())).sum() / count

    def _next(self) -> int:
        epoch, at = divmod(self._done, len(self._turns))
        self._done += 1
        return self._turns[order([1] * len(self._turns), self._seed + epoch, None)[at]]

    def follow(self, loss: float) -> None:
        """Takes in the whole loss of a step: more rehearsal where more is forgotten, since it costs time only there."""
        drift = loss / _WEIGHT
        self.drift = drift if self.drift is None else _MEMORY * self.drift + (1 - _MEMORY) * drift
        if self._fixed is None:
            self._share = self._kinds * min(_MOST, max(_LEAST, 0.25 * self.drift / _AIM))  # each kind needs its own

    def facts(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {"share": self._share, "debt": self._debt, "done": self._done, "drift": self.drift}

    def restore(self, facts: dict[str, Any]) -> None:
        """Goes on from a checkpoint."""
        self._share, self._debt, self._done, self.drift = facts["share"], facts["debt"], facts["done"], facts["drift"]


def _turns(sizes: Sequence[int]) -> list[int]:
    """The rows of all memories by number; those of a smaller memory come several times, so that each memory has about as many turns."""
    turns: list[int] = []
    start = 0
    for size in sizes:
        turns += list(range(start, start + size)) * max(1, round(max(sizes) / size))
        start += size
    return turns
