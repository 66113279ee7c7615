"""A whole conversation in one text, marked as models are prompted: ChatML, `[INST]`, `### Human:`, `USER:` and their relatives."""

from __future__ import annotations

import re
from dataclasses import dataclass

from academy.curation.examples import Role
from academy.curation.files.values import RowError


@dataclass(frozen=True)
class _Style:
    """`mark` announces a turn and names its role; `ends` close one; `framed`: one line end or blank before the next mark is the frame's."""

    mark: re.Pattern[str]
    ends: tuple[str, ...] = ()
    framed: bool = True
    preface: bool = False  # what stands before the first mark is the system's


_STYLES = (
    _Style(re.compile(r"<\|im_start\|>[ ]?(?P<role>\w+)\r?\n"), ("<|im_end|>",), framed=False),
    _Style(re.compile(r"<\|start_header_id\|>[ ]?(?P<role>\w+)[ ]?<\|end_header_id\|>(?:\r?\n){0,2}"), ("<|eot_id|>",), framed=False),
    _Style(re.compile(r"<start_of_turn>[ ]?(?P<role>\w+)\r?\n"), ("<end_of_turn>",), framed=False),
    _Style(re.compile(r"<\|(?P<role>system|user|assistant)\|>[ ]?(?:\r?\n)?"), ("</s>", "<|end|>", "<|endoftext|>", "<|eot_id|>")),
    _Style(
        re.compile(
            r"(?:^|\n|(?<=[^#]))###[ ]?(?P<role>Human|User|Instruction|Input|Question|Assistant|Response|Output|Answer|System|GPT)"
            r"[ ]?:[ ]?\n?"
        ),
        ("</s>", "<|endoftext|>"),
    ),
    _Style(re.compile(r"(?:^|\n\n)(?P<role>Human|User|Assistant|System): ?"), framed=False),
    _Style(re.compile(r"(?:^|\n)(?P<role>Human|User|Assistant|System|Bot|AI|Question|Answer|Q|A): ?")),
    _Style(re.compile(r"(?:^|(?<=\s)|(?<=</s>))(?P<role>USER|ASSISTANT|SYSTEM): ?"), ("</s>",), preface=True),
)
_ROLES: dict[str, Role] = {
    "system": "system",
    **dict.fromkeys(("human", "user", "instruction", "input", "question", "q"), "user"),
    **dict.fromkeys(("assistant", "response", "output", "answer", "gpt", "model", "bot", "ai", "a"), "assistant"),
}
_EDGE = re.compile(r"(?:\s|<s>|</s>|<bos>|<eos>|<\|begin_of_text\|>|<\|end_of_text\|>|<\|endoftext\|>)*")
# The sentence of Alpaca's template before each instruction: no side said it.
_ALPACA = re.compile(r"Below is an instruction that describes a task[^\n]*\s*")
_NO_SPEAKER = "has no answer among its keys, and its text does not say who speaks"


def is_spelled(text: str) -> bool:
    """Whether the text marks who speaks."""
    return "[/INST]" in text or any(style.mark.search(text) for style in _STYLES)


def spelled_turns(text: str) -> list[tuple[Role, str]]:
    """The turns of a text without its marks; raises RowError where it does not say who speaks."""
    begun = _without_edge(text)
    if begun.startswith(("[INST]", "<<SYS>>")):
        return _inst(begun)
    style, marks = _style_of(text)
    if style is None:
        raise RowError(_NO_SPEAKER)
    before = _without_edge(text[: marks[0].start()])
    turns: list[tuple[Role, str]] = []
    if before.strip() and style.preface:
        turns.append(("system", before.rstrip()))
    elif before.strip() and not _ALPACA.fullmatch(before):
        raise RowError("has no answer among its keys, and its text does not say who speaks at its beginning")
    for number, (mark, following) in enumerate(zip(marks, [*marks[1:], None], strict=True), 1):
        named = mark["role"].lower()
        role = _ROLES.get(named)
        if role is None:
            raise RowError("turn {number} has the role {role!r}; known are system, user and assistant", number=number, role=named[:40])
        said = _said(text[mark.end() : following.start() if following else len(text)], style, number)
        if named == "input" and turns and turns[-1][0] == "user":
            turns[-1] = ("user", f"{turns[-1][1]}\n\n{said}" if said.strip() else turns[-1][1])
        else:
            turns.append((role, said))
    return turns


def _style_of(text: str) -> tuple[_Style | None, list[re.Match[str]]]:
    """The kind of mark that comes first: another one may be part of a turn's text."""
    found = [(match.start(), position) for position, style in enumerate(_STYLES) if (match := style.mark.search(text))]
    for _, position in sorted(found):
        marks = list(_STYLES[position].mark.finditer(text))
        if len(marks) > 1:
            return _STYLES[position], marks
    return None, []


def _said(piece: str, style: _Style, number: int) -> str:
    closed = [(at, end) for end in style.ends if (at := piece.find(end)) >= 0]
    if closed:
        at, end = min(closed)
        if not _EDGE.fullmatch(piece, at + len(end)):
            raise RowError("turn {number} goes on after its end ({end})", number=number, end=end)
        piece = piece[:at]
        return piece.removesuffix("\n") if style.framed else piece
    return re.sub(r"(?:\r?\n| )\Z", "", piece, count=1) if style.framed else piece


def _inst(text: str) -> list[tuple[Role, str]]:
    """Llama 2 and Mistral: `[INST] <<SYS>> … <</SYS>> question [/INST] answer </s>`, any number of times."""
    pieces = re.split(r"(\[/?INST\])", text)
    marks = pieces[1::2]
    if marks != ["[INST]", "[/INST]"] * (len(marks) // 2) or not marks:
        raise RowError("has a question without an answer" if marks == ["[INST]"] else "has [INST] and [/INST] that do not alternate")
    turns: list[tuple[Role, str]] = []
    first = _without_edge(pieces[0])
    for number, (asked, answered) in enumerate(zip(pieces[2::4], pieces[4::4], strict=True)):
        if number == 0:
            system, asked = _system(first + asked)
            if system.strip():
                turns.append(("system", system))
        turns.append(("user", _unframed(asked)))
        turns.append(("assistant", _unframed(_without_end(answered))))
    if not turns[-1][1].strip():
        raise RowError("ends with a question that has no answer" if len(turns) > 2 else "has a question and no answer")
    return turns


def _system(text: str) -> tuple[str, str]:
    begun = text.lstrip()
    end = begun.find("<</SYS>>")
    if not begun.startswith("<<SYS>>") or end < 0:
        return "", text
    return _unframed(begun[len("<<SYS>>") : end]), begun[end + len("<</SYS>>") :].removeprefix("\n").removeprefix("\n")


def _without_edge(text: str) -> str:
    match = _EDGE.match(text)
    return text[match.end() :] if match else text


def _without_end(text: str) -> str:
    while (bare := text.rstrip()).endswith(("</s>", "<s>")):
        text = bare.removesuffix("<s>").removesuffix("</s>")
    return text


def _unframed(text: str) -> str:
    """Without the one blank or line end that the template puts before and after."""
    return re.sub(r"\A[ \n]|[ \n]\Z", "", text)
