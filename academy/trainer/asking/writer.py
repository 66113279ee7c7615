"""The model with its grammar: writes the texts of a form on whatever it is given, after two shown replies."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from academy.bases import template_of
from academy.messages import msg
from academy.text.failures import Failure
from academy.text.templates import choose
from academy.text.tokens import Tokens, load_tokenizer, longest_of, prompt_ids
from academy.trainer.asking.grammar import Form, Grammar, Vocabulary, read_texts
from academy.trainer.compute.model import load_adapted
from academy.trainer.exam.examinee import Examinee
from academy.trainer.methods.sft import SupervisedFineTuning
from academy.trainer.report import Report
from academy.trainer.spec import Spec


class Task(NamedTuple):
    """What the model is asked, with `{text}` for what it is given, and what it replies to two of these."""

    asked: str
    shown: tuple[tuple[str, tuple[str, ...]], ...]
    form: Form


class Writer:
    """The model, which writes nothing but replies of the task's form."""

    def __init__(self, spec: Spec, report: Report, task: Task) -> None:
        self.spec, self.report = spec, report
        self._task = task
        if not spec.base_path.is_dir():
            raise Failure(msg("The base model {base!r} no longer exists.", base=spec.base_model), "missing_base")
        self._tokenizer = load_tokenizer(spec.base_path)
        self._form = choose(self._tokenizer, template_of(spec.continue_from) if spec.continue_from else "")
        ids = self._prompt("A text.")
        adapted = load_adapted(spec, report, [Tokens(0, ids, [False] * len(ids), len(ids))])
        self._limit = longest_of(spec.base_path, 8192)
        head = adapted.model.get_base_model().get_output_embeddings()
        self._vocabulary = Vocabulary(self._tokenizer, head.weight.shape[0], adapted.placement.device, task.form)
        self._examinee = Examinee(adapted, SupervisedFineTuning(adapted, self._tokenizer), self._tokenizer, self._form)

    def write(self, texts: Sequence[str]) -> list[tuple[str, ...] | None]:
        """A reply to each text; None where there is none that can be read, or no room for one."""
        room = self._limit - self._vocabulary.most_tokens
        prompts = [self._prompt(text) for text in texts]
        fit = [at for at, ids in enumerate(prompts) if len(ids) <= room]
        found: list[tuple[str, ...] | None] = [None] * len(texts)
        with self._examinee.seated():
            most = [self._vocabulary.most_tokens] * len(fit)
            grammar = functools.partial(Grammar, self._vocabulary)
            for at, reply in zip(fit, self._examinee.answers([prompts[at] for at in fit], most, rule=grammar), strict=True):
                found[at] = read_texts(self._tokenizer.decode(reply or [], skip_special_tokens=True), self._task.form)
        return found

    def _prompt(self, text: str) -> list[int]:
        """The text after the shown ones; a template that takes one turn alone gets them in one."""
        turns: list[dict[str, Any]] = []
        for shown, texts in self._task.shown:
            reply = json.dumps(dict(zip(self._task.form.names, texts, strict=True)), ensure_ascii=False)
            turns += [{"role": "user", "content": self._task.asked.format(text=shown)}, {"role": "assistant", "content": reply}]
        turns.append({"role": "user", "content": self._task.asked.format(text=text)})
        return prompt_ids(self._tokenizer, self._form, turns, self._task.form.opening)
