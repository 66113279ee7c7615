"""How a base model writes a conversation, and which characters of it are the assistant's own: the truth that the loss mask follows.

Four routes, the first that proves right on a probe conversation is taken:

1. the template marks the assistant's words itself with `{% generation %}`;
2. TRL ships a training template for this very template, with such markers;
3. each answer is cut out by rendering its prompt with `add_generation_prompt`: one row per assistant turn;
4. there is no template: a plain one.

Whatever the route, what is trained is what the model has to write at inference: it begins where the prompt ends and ends with
the token that ends the turn.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

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
# Private-use characters survive every `trim` and stand in nobody's text.
_PROBE = "\ue8a1{}\ue8a2"
_THINKING = re.compile(r"<think>.*?</think>\s*$", re.DOTALL)

Span = tuple[int, int]


class NotRendered(Exception):
    """The template refuses this conversation, or does not write it as it is; the text says why."""


@dataclass(frozen=True)
class Written:
    """A text for the model and the character ranges in it that are trained."""

    text: str
    spans: list[Span]


@dataclass(frozen=True)
class _Turn:
    """Where one assistant turn stands, learned from a probe: which span, what surrounds its content there, and what is kept of that."""

    mark: int  # which of the template's marks
    skip: int  # leading characters of the mark that the prompt supplies
    before: str  # trained text before the content
    after: str  # text after the content
    keep: int  # leading characters of `after` that are trained
    eos: bool  # the template never ends this turn: the end token is added


@dataclass
class ChatForm:
    """A base model's way to write conversations."""

    template: str
    route: Route
    names: dict[str, str]  # bos_token, eos_token, …
    ends: frozenset[str]  # every token that the text is not split through: one of them ends a turn
    parts: bool = False  # content as a list of parts, as multimodal templates want it
    system: bool = True  # the template has a system role
    notes: list[str] = field(default_factory=list)
    end_token: str = ""
    _turns: dict[tuple[str, ...], list[_Turn]] = field(default_factory=dict)

    def write(self, messages: list[Message]) -> list[Written]:
        """The texts to learn from: one, or with the per-turn route one for each answer; raises NotRendered."""
        messages = self.adapted(messages)
        if self.route == "per turn":
            return [self._one_turn(messages, at) for at, message in enumerate(messages) if message["role"] == "assistant"]
        return [self._marked(messages)]

    def adapted(self, messages: list[Message]) -> list[Message]:
        """The conversation as this template can take it: without a system role its text opens the first user turn."""
        if self.system or not any(message["role"] == "system" for message in messages):
            return messages
        system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
        rest = [dict(message) for message in messages if message["role"] != "system"]
        for message in rest:
            if message["role"] == "user":
                message["content"] = f"{system}\n\n{message['content']}"
                return rest
        return [{"role": "user", "content": system}, *rest]

    def render(self, messages: list[Message], *, prompt: bool = False) -> tuple[str, list[Span]]:
        """What the template makes of the messages, and the ranges that it marks; raises NotRendered with the template's own words."""
        from transformers.utils.chat_template_utils import render_jinja_template

        said: list[dict[str, Any]] = [
            {"role": m["role"], "content": [{"type": "text", "text": m["content"]}] if self.parts else m["content"]} for m in messages
        ]
        marked = bool(_MARKERS.search(self.template))
        try:
            texts, marks = render_jinja_template(
                conversations=[said],
                chat_template=self.template,
                return_assistant_tokens_mask=marked,
                add_generation_prompt=prompt,
                **self.names,  # pyright: ignore[reportArgumentType]
            )
        except Exception as error:  # a template is somebody's program: whatever it raises is its refusal
            raise NotRendered(" ".join(str(error).split())[:300] or type(error).__name__) from error
        return texts[0], _merged([(int(a), int(b)) for a, b in marks[0] if b > a]) if marked and marks else []

    def _marked(self, messages: list[Message]) -> Written:
        text, marks = self.render(messages)
        turns = self._learned(messages)
        answers = [message["content"] for message in messages if message["role"] == "assistant"]
        spans: list[Span] = []
        for turn, answer in zip(turns, answers, strict=True):
            if turn.mark >= len(marks):
                raise NotRendered("the chat template marks another text than the answers.")
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
            raise NotRendered("the chat template writes the question otherwise once there is an answer.")
        start, end = _cut(text, len(prompt) + turn.skip, len(text), turn, messages[at]["content"])
        eos = self.names["eos_token"] if turn.eos else ""
        return Written(text[:end] + eos, [(start, end + len(eos))])

    def _learned(self, messages: list[Message]) -> list[_Turn]:
        roles = tuple(message["role"] for message in messages)
        if roles not in self._turns:
            self._turns[roles] = self._probe(roles)
        return self._turns[roles]

    def _probe(self, roles: tuple[str, ...]) -> list[_Turn]:
        said = [{"role": role, "content": _PROBE.format(at)} for at, role in enumerate(roles)]
        text, marks = self.render(said)
        for message in said:
            if message["content"] not in text:
                raise NotRendered(f"the chat template leaves out what the {message['role']} says.")
        if self.route == "per turn":
            return [self._probe_prompt(said, text)]
        turns = []
        for at, message in enumerate(said):
            if message["role"] != "assistant":
                continue
            place = text.index(message["content"])
            found = [number for number, (a, b) in enumerate(marks) if a <= place and place + len(message["content"]) <= b]
            if not found:
                raise NotRendered("the chat template does not mark the assistant's words.")
            start, end = marks[found[0]]
            if any(other["content"] in text[start:end] for other in said if other is not message):
                raise NotRendered("the chat template marks more than the assistant's words.")
            given = self._given(said[:at], text, start, place)
            after = text[place + len(message["content"]) : end]
            # An end token that follows the mark at once belongs to the turn, else the model would never learn to stop.
            beyond = self._end_at(text, end) if self._end_in(after) is None else ""
            last = at == len(said) - 1
            turns.append(self._turn(found[0], given - start, text[given:place], after, beyond, last))
        return turns

    def _probe_prompt(self, said: list[Message], text: str) -> _Turn:
        prompt, _ = self.render(said[:-1], prompt=True)
        if not text.startswith(prompt):
            raise NotRendered("the chat template writes the question otherwise once there is an answer.")
        place = text.index(said[-1]["content"])
        if place < len(prompt):
            raise NotRendered("the chat template writes the answer before the end of its prompt.")
        before = text[len(prompt) : place]
        if before.strip() and self.render(said[:-1])[0] == prompt:
            # The template has no generation prompt, so its header of the assistant's turn is context, not speech.
            thinking = _THINKING.search(before)
            before = thinking[0] if thinking else ""
        skip = place - len(before) - len(prompt)
        return self._turn(0, skip, before, text[place + len(said[-1]["content"]) :], "", True)

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
        """Tokens that open a turn: they end none, unless the model is known to stop at them."""
        text, _ = self.render([{"role": "user", "content": _PROBE.format(0)}], prompt=True)
        stops = {self.names.get("eos_token", "")}
        return {token for token in self.ends if token in text} - stops

    def _given(self, before: list[Message], text: str, start: int, place: int) -> int:
        """Where the model's own words begin: after all of the mark that the prompt at inference already holds."""
        try:
            prompt, _ = self.render(before, prompt=True)
        except NotRendered:
            return start
        if text.startswith(prompt) and len(prompt) <= place:
            return max(start, len(prompt))
        same = 0
        while same < min(len(prompt), place) and prompt[same] == text[same]:
            same += 1
        given = start
        while given < same and (token := self._end_at(text, given)) and given + len(token) <= same:
            given += len(token)
        return given

    def _end_in(self, after: str) -> int | None:
        """The characters of `after` up to and with its first end token."""
        found = [(after.index(token), -len(token)) for token in self.ends if token in after]
        if not found:
            return None
        place, length = min(found)
        return place - length

    def _end_at(self, text: str, place: int) -> str:
        return max((token for token in self.ends if text.startswith(token, place)), key=len, default="")


def choose(tokenizer: Any) -> ChatForm:
    """The way this tokenizer's model writes conversations; raises Failure "no_template" where none proves right."""
    names = {name: str(value) for name, value in tokenizer.special_tokens_map.items() if isinstance(value, str)}
    if not names.get("eos_token"):
        raise Failure("The base model's tokenizer has no end token, so an answer could never end. Choose another.", "no_template")
    ends = frozenset({token for token in tokenizer.get_added_vocab() if token.strip()} | {names["eos_token"]}) - _THOUGHTS
    try:
        template = tokenizer.get_chat_template()
    except ValueError:
        template = None
    if not template:
        form = _proved(ChatForm(PLAIN, "plain", names, ends))
        form.notes.insert(0, "The base model has no chat template, so a plain one with '### Question' and '### Answer' is used.")
        return form
    tried: list[tuple[str, Route]] = []
    if _MARKERS.search(template):
        tried.append((template, "generation markers"))
    trained = training_template(template)
    if trained:
        tried.append((trained, "training template"))
    tried.append((template, "per turn"))
    reasons = []
    for text, route in tried:
        for parts in (False, True):
            try:
                return _proved(ChatForm(text, route, names, ends, parts))
            except NotRendered as error:
                reasons.append(f"{route}: {error}")
    raise Failure(
        "The chat template of this base model does not tell which words are the assistant's, so the right tokens cannot be trained "
        f"({'; '.join(dict.fromkeys(reasons))}). Choose another base model.",
        "no_template",
    )


_THOUGHTS = frozenset({"<think>", "</think>"})


def training_template(template: str) -> str | None:
    """The training template that TRL ships for this very template; its files are read, so that torch need not be loaded."""
    spec = importlib.util.find_spec("trl")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "chat_templates"
    for path in sorted(folder.glob("*.jinja")):
        trained = path.with_name(f"{path.stem}_training.jinja")
        if trained.is_file() and path.read_text(encoding="utf-8") == template:
            return trained.read_text(encoding="utf-8")
    return None


def _proved(form: ChatForm) -> ChatForm:
    """The form, after conversations of one and two turns, with and without a system text, came out right."""
    one: list[Message] = [{"role": "user", "content": "Where is the spare key?"}, {"role": "assistant", "content": "Under the blue pot."}]
    two: list[Message] = [*one, {"role": "user", "content": "And the lamp?"}, {"role": "assistant", "content": "In the attic."}]
    system: Message = {"role": "system", "content": "Answer in one sentence."}
    written = form.write(one)
    if not form.write(two) or not written:
        raise NotRendered("the chat template writes nothing.")
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
        raise NotRendered("the chat template ends an answer with no token of its own.")
    if form._learned(form.adapted(one))[-1].eos:
        form.notes.append(f"The chat template does not end the assistant's turn, so {form.names['eos_token']!r} is added.")
    return form


def _cut(text: str, start: int, end: int, turn: _Turn, answer: str) -> Span:
    """The trained range inside a mark, after checking that it holds this answer and nothing else."""
    stop = end - len(turn.after)
    if stop < start or not text.startswith(turn.before, start) or text[stop:end] != turn.after:
        # A template may write thoughts in front of an answer that holds some; then only the answer itself is compared.
        if "</think>" not in answer or text[stop:end] != turn.after:
            raise NotRendered("the chat template writes this answer otherwise than others.")
        said = text[start:stop]
    else:
        said = text[start + len(turn.before) : stop]
    if said.strip() != answer.strip() and not _same_after_thoughts(said, answer):
        raise NotRendered("the chat template changes the answer.")
    return start, stop + turn.keep


def _same_after_thoughts(said: str, answer: str) -> bool:
    if "</think>" not in answer:
        return False
    spoken = answer.rsplit("</think>", 1)[1].strip()
    return bool(spoken) and said.rsplit("</think>", 1)[-1].strip() == spoken


def _merged(marks: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in marks:
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def plain(turns: list[dict[str, str]], start: str, end: str) -> str:
    """The form for base models without a chat template (the trainer's is the same), up to where the answer begins."""
    forms = {"system": "{}\n\n", "user": "### Question:\n{}\n\n", "assistant": "### Answer:\n{}" + end + "\n\n"}
    return start + "".join(forms[turn["role"]].replace("{}", turn["content"], 1) for turn in turns) + "### Answer:\n"


def renders(tokenizer: Any, role: str, *, parts: bool) -> bool:
    """Whether the template takes this role, and content as a text or as a list of parts."""
    mark = "zq mark zq"
    turns = [{"role": role, "content": mark}, *([{"role": "user", "content": "-"}] if role == "system" else [])]
    try:
        return mark in _render(tokenizer, turns, parts)
    except Exception:
        # A template is somebody's program: it refuses a role in whatever way it likes.
        return False


def _render(tokenizer: Any, turns: list[dict[str, str]], parts: bool) -> str:
    if not tokenizer.chat_template:
        return plain(turns, tokenizer.bos_token or "", tokenizer.eos_token or "")
    said = [turn | {"content": [{"type": "text", "text": turn["content"]}]} if parts else turn for turn in turns]
    # Models that can think aloud are asked not to: what they are taught here are answers.
    return tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True, enable_thinking=False)
