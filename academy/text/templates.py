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

from academy.messages import Text, join, msg
from academy.text import forms
from academy.text.conversations import Message, calls_of, is_trained
from academy.text.failures import Failure
from academy.text.rendering import MARKERS, NotRendered, Renderer, Span

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

# Private-use characters survive every `trim` and occur in no text.
_PROBE = "\ue8a1{}\ue8a2"
_THINKING = re.compile(r"<think>.*?</think>\s*$", re.DOTALL)


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
    composed: bool = False  # the text is the prompt and the answer: the template writes the question otherwise once there is an answer


@dataclass
class ChatForm(Renderer):
    """A renderer that also knows which characters are trained."""

    route: Route = "plain"
    ends: frozenset[str] = frozenset()  # every token that the text is not split through: one of them ends a turn
    notes: list[Text] = field(default_factory=list)
    end_token: str = ""
    own: bool = False  # of an adapter
    begins: str = ""  # the token that the tokenizer puts before a text
    _turns: dict[tuple[str, ...], list[_Turn]] = field(default_factory=dict)

    def write(self, messages: list[Message]) -> list[Written]:
        """The texts to learn from: one, or with the per-turn route one for each answer; plain text as it is. Raises NotRendered.

        An answer is left out where it is masked, or where no question stands before it. A first word of the assistant's that the
        template refuses is left out of the text too.
        """
        if messages[0]["role"] == "text":
            # A passage is a piece of a longer text, so no end token follows.
            text = self.begins + messages[0]["content"]
            return [Written(text, [(len(self.begins), len(text))])]
        messages = self.adapted(messages)
        first = next((at for at, message in enumerate(messages) if message["role"] == "user"), len(messages))
        learned = [at for at, message in enumerate(messages) if at > first and is_trained(message)]
        if not learned:
            raise NotRendered("none of its answers is to be learned")
        messages = messages[: learned[-1] + 1]
        try:
            return self._written(messages, learned)
        except NotRendered:
            greetings = sum(message["role"] == "assistant" for message in messages[:first])
            if not greetings:
                raise
            rest = [message for at, message in enumerate(messages) if at >= first or message["role"] != "assistant"]
            return self._written(rest, [at - greetings for at in learned])

    def _written(self, messages: list[Message], learned: list[int]) -> list[Written]:
        if not forms.is_plain(messages):
            return [self._whole(messages, at) for at in learned]
        if self.route == "per turn":
            return [self._one_turn(messages, at) for at in learned]
        written = self._marked(messages)
        answers = [at for at, message in enumerate(messages) if message["role"] == "assistant"]
        return [Written(written.text, [span for at, span in zip(answers, written.spans, strict=True) if at in learned])]

    def prompt(self, messages: list[Message], *, thinking: bool = False) -> str:
        """The text that the model continues with its answer, as far as it stands before the answer in training; raises NotRendered."""
        prompt = super().prompt(messages, thinking=thinking)
        if thinking or not forms.is_plain(messages):
            return prompt
        answer = _PROBE.format("answer")
        talk = [*self.adapted(messages), {"role": "assistant", "content": answer}]
        try:
            written = self._one_turn(talk, len(talk) - 1) if self.route == "per turn" else self._marked(talk)
        except NotRendered:
            return prompt
        start, position = written.spans[-1][0], written.text.index(answer)
        if start <= len(prompt) and written.text[:position].startswith(prompt):
            if self.thoughts and written.text[len(prompt) : position].strip():
                return written.text[:position]  # what opens an answer without a thought
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
        eos = self.names["eos_token"] if turn.eos else ""
        if turn.composed:
            prompt = self.render(messages[:at], prompt=True)[0]
            text = prompt + turn.before + messages[at]["content"] + turn.after[: turn.keep] + eos
            return Written(text, [(len(prompt), len(text))])
        prompt, text = self._prompt_and_text(messages, at)
        start, end = _cut(text, len(prompt) + turn.skip, len(text), turn, messages[at]["content"])
        return Written(text[:end] + eos, [(start, end + len(eos))])

    def _prompt_and_text(self, messages: list[Message], at: int) -> tuple[str, str]:
        """The prompt, as far as the model does not write it itself, and the conversation up to the answer; raises NotRendered."""
        text, _ = self.render(messages[: at + 1])
        prompt, _ = self.render(messages[:at], prompt=True, thinking=None)
        if text.startswith(prompt):
            return prompt, text
        prompt = forms.without_empty(self.render(messages[:at], prompt=True)[0], prompt)
        if not text.startswith(prompt):
            raise NotRendered("the chat template writes the question otherwise once there is an answer")
        return prompt, text

    def _whole(self, messages: list[Message], at: int) -> Written:
        """One answer with its thought and its calls, in a conversation that has such: all that the model writes after the prompt."""
        message = messages[at]
        thought, answer = message.get("thinking", "") if self.thoughts else "", message["content"]
        thinks = bool(thought)
        prompt, _ = self.render(messages[:at], prompt=True, thinking=thinks)
        text, _ = self.render(messages[: at + 1], thinking=thinks)
        header = forms.without_open(prompt)
        if header != prompt and text.startswith(header) and not text.startswith(prompt):
            # The prompt leaves a thought open, which the template drops once there is an answer.
            closed = self.thoughts.after if self.thoughts else forms.closing(prompt)
            own = (thought + closed if thinks else forms.closing(prompt)) + text[len(header) :]
        elif text.startswith(prompt):
            prompt, text = (prompt, text) if thinks else self._prompt_and_text(messages, at)
            own = text[len(prompt) :]
        else:
            # The template moves something before the last turn once there is an answer: the model's own words follow that turn.
            asked = messages[at - 1]["content"].strip()
            _, found, own = text.rpartition(asked + prompt.rpartition(asked)[2])
            if not asked or not found or asked not in prompt:
                raise NotRendered("the chat template writes the question otherwise once there is an answer")
        for part in (thought, answer, *(call["name"] for call in calls_of(message))):
            if part.strip() not in own:
                raise NotRendered("the chat template leaves out a part of this answer")
        end = self._end_of_all(own, answer)
        start = 0 if message.get("thinking_trained", True) or not thinks else own.rindex(answer.strip() or own[:end])
        eos = "" if self._ends_itself(own[:end]) else self.names["eos_token"]
        return Written(prompt + own[:end] + eos, [(len(prompt) + start, len(prompt) + end + len(eos))])

    def _ends_itself(self, own: str) -> bool:
        return any(own.endswith(token) for token in self.ends)

    def _end_of_all(self, own: str, answer: str) -> int:
        """How many characters of the model's own text reach up to and over the token that ends the turn."""
        last = len(own.rstrip())
        run = []
        while token := max((token for token in self.ends if own[:last].endswith(token)), key=len, default=""):
            run.append((token, last))
            last = len(own[: last - len(token)].rstrip())
        usual = [end for token, end in run if token == self.end_token]
        return usual[-1] if usual else run[0][1] if run else len(own.rstrip())

    def _learned(self, messages: list[Message]) -> list[_Turn]:
        roles = tuple(message["role"] for message in messages)
        if roles not in self._turns:
            self._turns[roles] = self._probe(roles)
        return self._turns[roles]

    def _probe(self, roles: tuple[str, ...]) -> list[_Turn]:
        probes = [{"role": role, "content": _PROBE.format(at)} for at, role in enumerate(roles)]
        text, marks = self.render(probes)
        if self.route == "per turn":
            text_before = self.render(probes[:-1], prompt=True)[0] if len(probes) > 1 else ""
            self._check_all_said(probes, text if text_before in text else text_before + probes[-1]["content"])
            return [self._probe_prompt(probes, text)]
        self._check_all_said(probes, text)
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

    def _check_all_said(self, probes: list[Message], text: str) -> None:
        for message in probes:
            if message["content"] not in text:
                raise NotRendered("the chat template leaves out what the {role} says", role=message["role"])

    def _composed(self, probes: list[Message], text: str) -> _Turn:
        """The answer's position where the template changes the conversation before it; raises NotRendered where it cannot be told."""
        question: Message = {"role": "user", "content": _PROBE.format("question")}
        answer = probes[-1]
        prompt = self.render([question], prompt=True)[0]
        if len(probes) > 2:
            turn = self._learned([question, answer])[-1]
            given = self.render(probes[:-1], prompt=True)[0]
            after = [whole.rpartition(asked["content"])[2] for whole, asked in ((prompt, question), (given, probes[-2]))]
            if turn.skip or after[0] != after[1]:
                raise NotRendered("the chat template writes the question otherwise once there is an answer")
            return replace(turn, composed=True)
        header, given = forms.without_open(prompt), self.render([question, answer])[0]
        if header == prompt or not given.startswith(header):
            raise NotRendered("the chat template writes the question otherwise once there is an answer")
        position = given.index(answer["content"])
        before = forms.closing(prompt) + given[len(header) : position]
        return replace(self._turn(0, 0, before, given[position + len(answer["content"]) :], "", True), composed=True)

    def _probe_prompt(self, probes: list[Message], text: str) -> _Turn:
        try:
            prompt, _ = self._prompt_and_text(probes, len(probes) - 1)
        except NotRendered:
            return self._composed(probes, text)
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
        text, _ = self.render([{"role": "user", "content": _PROBE.format(0)}], prompt=True, thinking=None)
        stops = {self.names.get("eos_token", "")}
        return {token for token in self.ends if token in text} - stops

    def _given(self, before: list[Message], text: str, start: int, position: int) -> int:
        """The start of the model's own words: after the part of the mark that the prompt at inference already holds."""
        try:
            prompt, _ = self.render(before, prompt=True, thinking=None)
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


def for_chat(tokenizer: Any, own: str = "") -> Renderer:
    """The trained form, so that the chat asks as the training did; for a model that cannot be trained, the bare template."""
    try:
        return choose(tokenizer, own)
    except Failure:
        renderer = Renderer(own or _template(tokenizer)[0] or PLAIN, {"eos_token": ""} | _names(tokenizer))
    if not _takes(renderer, "user"):
        renderer.parts = _takes(replace(renderer, parts=True), "user")
    renderer.system = _takes(renderer, "system")
    renderer.learn()
    return renderer


def choose(tokenizer: Any, own: str = "") -> ChatForm:
    """The form that this tokenizer's model is trained with; raises Failure "no_template" where no route passes the probes.

    `own`: the chat template that an adapter brings, which goes before the base's.
    """
    names = _names(tokenizer)
    if not names.get("eos_token"):
        raise Failure("The base model's tokenizer has no end token, so an answer could never end. Choose another.", "no_template")
    ends = frozenset({token for token in tokenizer.get_added_vocab() if token.strip()} | {names["eos_token"]}) - _THOUGHTS
    template, name = _template(tokenizer)
    if own and own not in (template, PLAIN):
        template, name = own, ""
    if not template:
        form = _proved(ChatForm(PLAIN, names, ends=ends, begins=_begin_of(tokenizer)))
        form.notes.insert(0, "The base model has no chat template, so a plain one with '### Question' and '### Answer' is used.")
        return form
    tried: list[tuple[str, Route]] = []
    if MARKERS.search(template):
        tried.append((template, "generation markers"))
    trained = training_template(template)
    if trained:
        tried.append((trained, "training template"))
    tried.append((template, "per turn"))
    reasons: list[Text] = []
    for text, route in tried:
        for parts in (False, True):
            try:
                form = _proved(ChatForm(text, names, parts, route=route, ends=ends, begins=_begin_of(tokenizer)))
                if route == "training template":
                    _check_asks_alike(form, replace(form, template=template))
                form.learn()
                form.own = bool(own) and template == own and own != _template(tokenizer)[0]
                if form.own:
                    form.notes.append("The adapter has a chat template of its own, which is used.")
                if name:
                    form.notes.append(msg("Of the base model's chat templates none is the default; {name!r} is used.", name=name))
                return form
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


def _begin_of(tokenizer: Any) -> str:
    """The token that the tokenizer puts before every text by itself; empty where it puts none."""
    begin = tokenizer.bos_token_id
    return str(tokenizer.bos_token) if begin is not None and tokenizer("a", verbose=False)["input_ids"][:1] == [begin] else ""


def _template(tokenizer: Any) -> tuple[str | None, str]:
    """The base's template, and its name where it is one of several without a default."""
    found = tokenizer.chat_template
    if isinstance(found, dict) and found:
        name = "default" if "default" in found else next(iter(found))
        return found[name], "" if name == "default" else name
    return (found, "") if isinstance(found, str) else (None, "")


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


def _check_asks_alike(form: ChatForm, own: Renderer) -> None:
    """Raises NotRendered unless the training template has before each answer what the base's own template asks with."""
    turns = [{"role": ("assistant", "user")[at % 2], "content": _PROBE.format(at)} for at in range(1, 5)]
    turns = [{"role": "user", "content": _PROBE.format(0)}, *turns][:4]
    text, _ = form.render(turns)
    for at in (1, 3):
        asked = forms.without_open(forms.without_empty(own.render(turns[:at], prompt=True)[0], "")).rstrip()
        if not text.startswith(asked):
            raise NotRendered("it asks otherwise than the base model's own template")


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
