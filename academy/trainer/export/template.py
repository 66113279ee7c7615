"""The chat template as other programs need it: the trained form in Jinja, and the same in the language of Ollama. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from academy.text.conversations import Message

_MARK = "\ue8a3{}\ue8a4"  # private-use characters occur in no template
_NO_THOUGHTS = "{%- if enable_thinking is not defined -%}{%- set enable_thinking = false -%}{%- endif -%}"

Render = Callable[[list[Message]], str]
"""Writes a conversation with the prompt for an answer; raises where it cannot."""


def portable(template: str, *, thoughts: bool = False) -> str:
    """A template that every program renders: without the marks of a training, and without thoughts unless they were taught."""
    template = re.sub(r"\{%(-?)\s*generation\s*(-?)%\}", r"{%\1 if true \2%}", template)
    template = re.sub(r"\{%(-?)\s*endgeneration\s*(-?)%\}", r"{%\1 endif \2%}", template)
    # Academy teaches answers without thoughts, and other programs would ask for them.
    switched = "enable_thinking" in template and not thoughts and not template.startswith(_NO_THOUGHTS)
    return _NO_THOUGHTS + template if switched else template


@dataclass(frozen=True)
class Turns:
    """The texts around what each role says; `bare` replaces the system text where there is none."""

    system: tuple[str, str] | None
    bare: str
    user: tuple[str, str]
    assistant: tuple[str, str]
    prompt: str

    def write(self, messages: list[Message]) -> str:
        """A conversation with the prompt for an answer, as Ollama writes it from `go_template`."""
        system = next((item["content"] for item in messages if item["role"] == "system"), None)
        begin = self.bare if system is None or self.system is None else self.system[0] + system + self.system[1]
        around = {"user": self.user, "assistant": self.assistant}
        said = [around[item["role"]] for item in messages if item["role"] in around]
        texts = [item["content"] for item in messages if item["role"] in around]
        return begin + "".join(before + text + after for (before, after), text in zip(said, texts, strict=True)) + self.prompt


def turns(render: Render, bos: str = "") -> Turns | None:
    """The texts around each role, learned from probes; None for a template that writes a turn differently in different positions.

    `bos`: the token that the program itself puts first.
    """
    system, user, assistant, second = (_MARK.format(at) for at in range(4))
    talk: list[Message] = [
        {"role": "user", "content": user},
        {"role": "assistant", "content": assistant},
        {"role": "user", "content": second},
    ]
    first: Message = {"role": "system", "content": system}
    alone, three = render(talk[:1]).removeprefix(bos), render(talk).removeprefix(bos)
    with_system = _rendered(render, [first, *talk], bos)
    if not all(mark in three for mark in (user, assistant, second)) or user not in alone:
        return None
    between = three[three.index(user) + len(user) : three.index(assistant)]
    again = three[three.index(assistant) + len(assistant) : three.index(second)]
    end = three[three.index(second) + len(second) :]
    user_after = _common_prefix(between, end)
    before = [alone[: alone.index(user)], again]
    has_system = with_system is not None and with_system.find(system) < with_system.find(user) and system in with_system
    if with_system is not None and has_system:
        before.append(with_system[with_system.index(system) + len(system) : with_system.index(user)])
    user_before = _common_suffix(before)
    found = Turns(
        system=None
        if with_system is None or not has_system
        else (with_system[: with_system.index(system)], before[2].removesuffix(user_before)),
        bare=before[0].removesuffix(user_before),
        user=(user_before, user_after),
        assistant=(between.removeprefix(user_after), again.removesuffix(user_before)),
        prompt=end.removeprefix(user_after),
    )
    proofs = [(talk[:1], alone), (talk, three)]
    if with_system is not None and has_system:
        proofs.append(([first, *talk], with_system))
    return found if all(found.write(messages) == text for messages, text in proofs) else None


def go_template(form: Turns) -> str | None:
    """The same as a template of Ollama; None where its text would be read as commands."""
    pieces = [*(form.system or ()), form.bare, *form.user, *form.assistant, form.prompt]
    if any("{{" in piece or "}}" in piece or '"""' in piece for piece in pieces):
        return None
    begin = form.bare
    if form.system is not None:
        otherwise = f"{{{{ else }}}}{form.bare}" if form.bare else ""
        begin = f"{{{{ if .System }}}}{form.system[0]}{{{{ .System }}}}{form.system[1]}{otherwise}{{{{ end }}}}"
    user = f'{{{{ if eq .Role "user" }}}}{form.user[0]}{{{{ .Content }}}}{form.user[1]}'
    assistant = f'{{{{ else if eq .Role "assistant" }}}}{form.assistant[0]}{{{{ .Content }}}}{form.assistant[1]}{{{{ end }}}}'
    return f"{begin}{{{{ range .Messages }}}}{user}{assistant}{{{{ end }}}}{form.prompt}"


def _rendered(render: Render, messages: list[Message], bos: str) -> str | None:
    from academy.errors import AcademyError

    try:
        return render(messages).removeprefix(bos)
    except AcademyError:
        return None  # a template without a system role


def _common_prefix(first: str, second: str) -> str:
    size = 0
    while size < min(len(first), len(second)) and first[size] == second[size]:
        size += 1
    return first[:size]


def _common_suffix(texts: list[str]) -> str:
    shortest = min(texts, key=len)
    for start in range(len(shortest) + 1):
        if all(text.endswith(shortest[start:]) for text in texts):
            return shortest[start:]
    return ""
