"""Writes a conversation as its base model does, and marks the characters of the assistant: the loss mask and the prompt follow both.

There are four routes; the first that passes the probe conversations is taken:

1. the template marks the assistant's words itself with `{% generation %}`;
2. TRL ships a training template for this very template, with such markers;
3. each answer is cut out by rendering its prompt with `add_generation_prompt`: one row per assistant turn;
4. there is no template: a plain one.

On every route the trained text is what the model has to write at inference: it starts where the prompt ends and ends with the
token that ends the turn. A model whose template has no such route cannot be trained, but it can chat.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from academy.errors import Refused, foreign_code
from academy.messages import Text, join, msg
from academy.text.conversations import Message
from academy.text.failures import Failure

Route = Literal["generation markers", "training template", "per turn", "plain"]

PLAIN = """{{- bos_token if bos_token else '' -}}
{%- for message in messages -%}
    {%- if message.role == 'system' -%}
        {{- message.content + '\\n\\n' -}}
    {%- elif message.role == 'user' -%}
        {{- '### Question:\\n' + message.content + '\\n\\n' -}}
    {%- else -%}
        {{- '### Answer:\\n' -}}
        {%- generation -%}{{- message.content + eos_token -}}{%- endgeneration -%}
        {{- '\\n\\n' -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '### Answer:\\n' -}}{%- endif -%}"""
"""For a base model without a chat template."""

_MARKERS = re.compile(r"\{%-?\s*generation\s*-?%\}")
# Private-use characters survive every `trim` and occur in no text.
_PROBE = "\ue8a1{}\ue8a2"
_THINKING = re.compile(r"<think>.*?</think>\s*$", re.DOTALL)

Span = tuple[int, int]


class NotRendered(Refused):
    """The template refuses this conversation, or changes its text; the message says why."""


@dataclass(frozen=True)
class Written:
    """A text for the model and its trained character ranges."""

    text: str
    spans: list[Span]


@dataclass(frozen=True)
class _Turn:
    """The position of one assistant turn, learned from a probe: its span, the text around its content, and how much of that is trained."""

    mark: int  # which of the template's marks
    skip: int  # leading characters of the mark that the prompt supplies
    before: str  # trained text before the content
    after: str  # text after the content
    keep: int  # leading characters of `after` that are trained
    eos: bool  # the template never ends this turn: the end token is added


@dataclass
class Renderer:
    """A chat template that is ready to render."""

    template: str
    names: dict[str, str]  # bos_token, eos_token, …
    parts: bool = False  # content as a list of parts, as multimodal templates expect it
    system: bool = True  # the template has a system role

    def prompt(self, messages: list[Message]) -> str:
        """The text that the model continues with its answer; raises NotRendered."""
        # Models that can think aloud are told not to: Academy teaches answers.
        return self.render(self.adapted(messages), prompt=True, enable_thinking=False)[0]

    def adapted(self, messages: list[Message]) -> list[Message]:
        """The conversation as this template takes it: without a blank system text, and without a system role its text opens the first
        user turn.
        """
        messages = [message for message in messages if message["role"] != "system" or message["content"].strip()]
        if self.system or not any(message["role"] == "system" for message in messages):
            return messages
        system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
        rest = [dict(message) for message in messages if message["role"] != "system"]
        for message in rest:
            if message["role"] == "user":
                message["content"] = f"{system}\n\n{message['content']}"
                return rest
        return [{"role": "user", "content": system}, *rest]

    def render(self, messages: list[Message], *, prompt: bool = False, **variables: Any) -> tuple[str, list[Span]]:
        """The rendered messages, and the ranges that the template marks; raises NotRendered with the template's own words."""
        from transformers.utils.chat_template_utils import render_jinja_template

        turns: list[dict[str, Any]] = [
            {"role": m["role"], "content": [{"type": "text", "text": m["content"]}] if self.parts else m["content"]} for m in messages
        ]
        marked = bool(_MARKERS.search(self.template))
        # A template is foreign code: it refuses a conversation with whatever exception it likes.
        with foreign_code("The chat template", NotRendered):
            texts, marks = render_jinja_template(
                conversations=[turns],
                chat_template=self.template,
                return_assistant_tokens_mask=marked,
                add_generation_prompt=prompt,
                **self.names,  # pyright: ignore[reportArgumentType]
                **variables,
            )
        return texts[0], _merged([(int(a), int(b)) for a, b in marks[0] if b > a]) if marked and marks else []


@dataclass
class ChatForm(Renderer):
    """A renderer that also knows which characters are trained."""

    route: Route = "plain"
    ends: frozenset[str] = frozenset()  # every token that the text is not split through: one of them ends a turn
    notes: list[Text] = field(default_factory=list)
    end_token: str = ""
    _turns: dict[tuple[str, ...], list[_Turn]] = field(default_factory=dict)

    def write(self, messages: list[Message]) -> list[Written]:
        """The texts to learn from: one, or with the per-turn route one for each answer; raises NotRendered."""
        messages = self.adapted(messages)
        if self.route == "per turn":
            return [self._one_turn(messages, at) for at, message in enumerate(messages) if message["role"] == "assistant"]
        return [self._marked(messages)]

    def prompt(self, messages: list[Message]) -> str:
        """The text that the model continues with its answer, as far as it stands before the answer in training; raises NotRendered."""
        prompt = super().prompt(messages)
        answer = _PROBE.format("answer")
        talk = [*self.adapted(messages), {"role": "assistant", "content": answer}]
        try:
            written = self._one_turn(talk, len(talk) - 1) if self.route == "per turn" else self._marked(talk)
        except NotRendered:
            return prompt
        start, position = written.spans[-1][0], written.text.index(answer)
        if start <= len(prompt) and written.text[:position].startswith(prompt):
            return prompt
        # The template has no generation prompt, or a different one: it opens a thought, or drops the thoughts of earlier answers.
        return written.text[: position if written.text[start:position].strip() else start]

    def _marked(self, messages: list[Message]) -> Written:
        text, marks = self.render(messages)
        turns = self._learned(messages)
        answers = [message["content"] for message in messages if message["role"] == "assistant"]
        spans: list[Span] = []
        for turn, answer in zip(turns, answers, strict=True):
            if turn.mark >= len(marks):
                raise NotRendered("the chat template marks a text that is not an answer")
            start, end = marks[turn.mark]
            spans.append(_cut(text, start + turn.skip, end, turn, answer))
        if turns[-1].eos:
            # Only the last turn can be without an end: what follows an earlier one is the next turn.
            start, end = spans[-1]
            return Written(text[:end] + self.names["eos_token"], [*spans[:-1], (start, end + len(self.names["eos_token"]))])
        return Written(text, spans)

    def _one_turn(self, messages: list[Message], at: int) -> Written:
        turn = self._learned(messages[: at + 1])[-1]
        prompt, _ = self.render(messages[:at], prompt=True)
        text, _ = self.render(messages[: at + 1])
        if not text.startswith(prompt):
            raise NotRendered("the chat template writes the question otherwise once there is an answer")
        start, end = _cut(text, len(prompt) + turn.skip, len(text), turn, messages[at]["content"])
        eos = self.names["eos_token"] if turn.eos else ""
        return Written(text[:end] + eos, [(start, end + len(eos))])

    def _learned(self, messages: list[Message]) -> list[_Turn]:
        roles = tuple(message["role"] for message in messages)
        if roles not in self._turns:
            self._turns[roles] = self._probe(roles)
        return self._turns[roles]

    def _probe(self, roles: tuple[str, ...]) -> list[_Turn]:
        probes = [{"role": role, "content": _PROBE.format(at)} for at, role in enumerate(roles)]
        text, marks = self.render(probes)
        for message in probes:
            if message["content"] not in text:
                raise NotRendered("the chat template leaves out what the {role} says", role=message["role"])
        if self.route == "per turn":
            return [self._probe_prompt(probes, text)]
        turns = []
        for at, message in enumerate(probes):
            if message["role"] != "assistant":
                continue
            position = text.index(message["content"])
            matches = [number for number, (a, b) in enumerate(marks) if a <= position and position + len(message["content"]) <= b]
            if not matches:
                raise NotRendered("the chat template does not mark the assistant's words")
            start, end = marks[matches[0]]
            if any(other["content"] in text[start:end] for other in probes if other is not message):
                raise NotRendered("the chat template marks more than the assistant's words")
            given = self._given(probes[:at], text, start, position)
            after = text[position + len(message["content"]) : end]
            # An end token that follows the mark at once belongs to the turn, else the model would never learn to stop.
            beyond = self._end_at(text, end) if self._end_in(after) is None else ""
            last = at == len(probes) - 1
            turns.append(self._turn(matches[0], given - start, text[given:position], after, beyond, last))
        return turns

    def _probe_prompt(self, probes: list[Message], text: str) -> _Turn:
        prompt, _ = self.render(probes[:-1], prompt=True)
        if not text.startswith(prompt):
            raise NotRendered("the chat template writes the question otherwise once there is an answer")
        position = text.index(probes[-1]["content"])
        if position < len(prompt):
            raise NotRendered("the chat template writes the answer before the end of its prompt")
        before = text[len(prompt) : position]
        if before.strip() and self.render(probes[:-1])[0] == prompt:
            # The template has no generation prompt, so its header of the assistant's turn is context, not speech.
            thinking = _THINKING.search(before)
            before = thinking[0] if thinking else ""
        skip = position - len(before) - len(prompt)
        return self._turn(0, skip, before, text[position + len(probes[-1]["content"]) :], "", True)

    def _turn(self, mark: int, skip: int, before: str, after: str, beyond: str, last: bool) -> _Turn:
        end = self._end_in(after)
        if end is not None:
            return _Turn(mark, skip, before, after, end, False)
        if beyond and not last and beyond in self._openers:
            beyond = ""
        kept = len(after.rstrip())
        if beyond:
            return _Turn(mark, skip, before, after, len(after) + len(beyond), False)
        return _Turn(mark, skip, before, after, kept, last)

    @cached_property
    def _openers(self) -> set[str]:
        """Tokens that open a turn: they end none, unless the model stops at them."""
        text, _ = self.render([{"role": "user", "content": _PROBE.format(0)}], prompt=True)
        stops = {self.names.get("eos_token", "")}
        return {token for token in self.ends if token in text} - stops

    def _given(self, before: list[Message], text: str, start: int, position: int) -> int:
        """The start of the model's own words: after the part of the mark that the prompt at inference already holds."""
        try:
            prompt, _ = self.render(before, prompt=True)
        except NotRendered:
            return start
        if text.startswith(prompt) and len(prompt) <= position:
            return max(start, len(prompt))
        same = 0
        while same < min(len(prompt), position) and prompt[same] == text[same]:
            same += 1
        given = start
        while given < same and (token := self._end_at(text, given)) and given + len(token) <= same:
            given += len(token)
        return given

    def _end_in(self, after: str) -> int | None:
        """How many characters of `after` reach up to and over its first end token."""
        matches = [(after.index(token), -len(token)) for token in self.ends if token in after]
        if not matches:
            return None
        position, length = min(matches)
        return position - length

    def _end_at(self, text: str, position: int) -> str:
        return max((token for token in self.ends if text.startswith(token, position)), key=len, default="")


def for_chat(tokenizer: Any) -> Renderer:
    """The trained form, so that the chat asks as the training did; for a model that cannot be trained, the bare template."""
    try:
        return choose(tokenizer)
    except Failure:
        renderer = Renderer(_template(tokenizer) or PLAIN, {"eos_token": ""} | _names(tokenizer))
    if not _takes(renderer, "user"):
        renderer.parts = _takes(replace(renderer, parts=True), "user")
    renderer.system = _takes(renderer, "system")
    return renderer


def choose(tokenizer: Any) -> ChatForm:
    """The form that this tokenizer's model is trained with; raises Failure "no_template" where no route passes the probes."""
    names = _names(tokenizer)
    if not names.get("eos_token"):
        raise Failure("The base model's tokenizer has no end token, so an answer could never end. Choose another.", "no_template")
    ends = frozenset({token for token in tokenizer.get_added_vocab() if token.strip()} | {names["eos_token"]}) - _THOUGHTS
    template = _template(tokenizer)
    if not template:
        form = _proved(ChatForm(PLAIN, names, ends=ends))
        form.notes.insert(0, "The base model has no chat template, so a plain one with '### Question' and '### Answer' is used.")
        return form
    tried: list[tuple[str, Route]] = []
    if _MARKERS.search(template):
        tried.append((template, "generation markers"))
    trained = training_template(template)
    if trained:
        tried.append((trained, "training template"))
    tried.append((template, "per turn"))
    reasons: list[Text] = []
    for text, route in tried:
        for parts in (False, True):
            try:
                return _proved(ChatForm(text, names, parts, route=route, ends=ends))
            except NotRendered as error:
                reason = msg("{route}: {why}", route=route, why=error.message_text)
                if reason not in reasons:
                    reasons.append(reason)
    why = (
        "The chat template of this base model does not show which words are the assistant's, so the right tokens cannot be trained "
        "({reasons:commas})."
    )
    raise Failure(join(msg(why, reasons=reasons), "Choose another base model."), "no_template")


_THOUGHTS = frozenset({"<think>", "</think>"})


def training_template(template: str) -> str | None:
    """The training template that TRL ships for exactly this template, read from its files because importing TRL loads torch."""
    spec = importlib.util.find_spec("trl")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "chat_templates"
    for path in sorted(folder.glob("*.jinja")):
        trained = path.with_name(f"{path.stem}_training.jinja")
        if trained.is_file() and path.read_text(encoding="utf-8") == template:
            return trained.read_text(encoding="utf-8")
    return None


def _names(tokenizer: Any) -> dict[str, str]:
    return {name: str(value) for name, value in tokenizer.special_tokens_map.items() if isinstance(value, str)}


def _template(tokenizer: Any) -> str | None:
    try:
        return tokenizer.get_chat_template()
    except ValueError:
        return None


def _takes(renderer: Renderer, role: str) -> bool:
    """Whether the template writes the text of this role."""
    text = _PROBE.format(0)
    turns = [{"role": role, "content": text}, *([{"role": "user", "content": "-"}] if role == "system" else [])]
    try:
        return text in renderer.render(turns, prompt=True)[0]
    except NotRendered:
        return False


def _proved(form: ChatForm) -> ChatForm:
    """The form, once conversations of one and two turns, with and without a system text, pass; raises NotRendered."""
    one: list[Message] = [{"role": "user", "content": "Where is the spare key?"}, {"role": "assistant", "content": "Under the blue pot."}]
    two: list[Message] = [*one, {"role": "user", "content": "And the lamp?"}, {"role": "assistant", "content": "In the attic."}]
    system: Message = {"role": "system", "content": "Answer in one sentence."}
    written = form.write(one)
    if not form.write(two) or not written:
        raise NotRendered("the chat template writes nothing")
    try:
        form.write([system, *one])
    except NotRendered:
        form.system = False
        form._turns.clear()
        form.write([system, *one])
        form.notes.append("The chat template has no system role: a system text is put at the beginning of the first user turn.")
    text, (start, end) = written[0].text, written[0].spans[0]
    form.end_token = max((token for token in form.ends if text[start:end].endswith(token)), key=len, default="")
    if not form.end_token:
        raise NotRendered("the chat template ends an answer with no token of its own")
    if form._learned(form.adapted(one))[-1].eos:
        form.notes.append(msg("The chat template does not end the assistant's turn, so {token!r} is added.", token=form.names["eos_token"]))
    return form


def _cut(text: str, start: int, end: int, turn: _Turn, answer: str) -> Span:
    """The trained range inside a mark; raises NotRendered unless it holds this answer and nothing else."""
    stop = end - len(turn.after)
    if stop < start or not text.startswith(turn.before, start) or text[stop:end] != turn.after:
        # A template may write thoughts in front of an answer that holds some; then only the answer itself is compared.
        if "</think>" not in answer or text[stop:end] != turn.after:
            raise NotRendered("the chat template writes this answer differently from others")
        written = text[start:stop]
    else:
        written = text[start + len(turn.before) : stop]
    if written.strip() != answer.strip() and not _same_after_thoughts(written, answer):
        raise NotRendered("the chat template changes the answer")
    return start, stop + turn.keep


def _same_after_thoughts(written: str, answer: str) -> bool:
    if "</think>" not in answer:
        return False
    spoken = answer.rsplit("</think>", 1)[1].strip()
    return bool(spoken) and written.rsplit("</think>", 1)[-1].strip() == spoken


def _merged(marks: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in marks:
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
