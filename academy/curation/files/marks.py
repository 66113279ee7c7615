"""Takes what chat programs write into an answer beside its text out of it: citation marks, thoughts, blocks of tools, dead links."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from academy.messages import Message, msg

CITATIONS = "citation marks, left out of the answers: {n}"
LINKS = "links to files of the chat program, left out of the answers: {n}"
TOOLS = "blocks of tools, left out of the answers: {n}"
NOTICES = "notices of the chat program, left out of the answers: {n}"
THOUGHTS = "answers whose thoughts are kept beside them, for models that think: {n}"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """An answer as a person saw it, the thoughts that stood in it, and how much of each kind was taken out."""

    text: str
    thinking: str = ""
    removed: Counter[str] = field(default_factory=Counter)


def cleaned(text: str) -> Cleaned:
    """The visible text of an assistant's answer."""
    if not _ANY.search(text):
        return Cleaned(text)
    taken = _Taken(text)
    taken.thoughts(_DETAILS, _detail)
    taken.thoughts(_CHANNEL, lambda match: match["said"])
    taken.thoughts(_THINK, lambda match: next(match[name] or "" for name in ("said", "second", "third") if match[name] is not None))
    # A template may write the opening mark into the prompt, so that the answer begins in its thoughts.
    opened, mark, rest = taken.text.partition("</think>")
    if mark and "<think>" not in opened:
        taken.thinking.append(opened.strip())
        taken.text = rest.lstrip()
    taken.without(_FINAL, "")
    taken.without(_NOTICE, NOTICES)
    taken.text = _ARTIFACT.sub(_artifact, taken.text)
    taken.without(_PRIVATE, CITATIONS, _private)
    taken.without(_CITATION, CITATIONS)
    taken.without(_SANDBOX, LINKS)
    if taken.text != text:
        taken.text = taken.text.strip()
    return Cleaned(taken.text, "\n\n".join(said for said in taken.thinking if said), taken.removed)


def notes_of(removed: Counter[str]) -> list[Message]:
    """What was taken out, as notes."""
    return [msg(what, n=number) for what, number in removed.items() if what]


_ANY = re.compile(
    r"[\ue200-\ue20f【]|sandbox:|<details|</?think|\[THINK\]|<thought|<antT|<antA|not supported on your|Viewing artifacts created"
    r"|oai_citation|\[\^\d+\^\]|citeturn\d|<grok:|begin_of_thought|begin_of_solution|<\|channel\|>"
)
_DETAILS = re.compile(
    r"<details\b(?P<about>(?:[^>\"]|\"[^\"]*\")*\btype=\"(?P<type>\w+)\"(?:[^>\"]|\"[^\"]*\")*)>(?P<said>.*?)(?:</details>|\Z)\s*",
    re.DOTALL,
)
_THINK = re.compile(
    r"(?:\A|(?<=\n))[ \t]*(?:<(?P<mark>think|thinking|thought|antThinking)>(?P<said>.*?)(?:</(?P=mark)>|\Z)"
    r"|\[THINK\](?P<second>.*?)(?:\[/THINK\]|\Z)|<\|begin_of_thought\|>(?P<third>.*?)(?:<\|end_of_thought\|>|\Z))\s*",
    re.DOTALL,
)
_CHANNEL = re.compile(
    r"<\|channel\|>(?:analysis|commentary)[^<]*<\|message\|>(?P<said>.*?)(?:<\|(?:end|call|return)\|>(?:<\|start\|>assistant)?|\Z)",
    re.DOTALL,
)
_FINAL = re.compile(r"<\|channel\|>final[^<]*<\|message\|>|<\|(?:return|end)\|>\Z|<\|(?:begin|end)_of_solution\|>", re.DOTALL)
_NOTICE = re.compile(
    r"```[^\n]*\n\s*(?:This block is not supported on your current device yet|Viewing artifacts created via [^\n]*)\.?\s*\n```\s*"
    r"|^This block is not supported on your current device yet\.?\s*",
    re.MULTILINE,
)
_ARTIFACT = re.compile(r"<antArtifact\b(?P<about>[^>]*)>\n?(?P<said>.*?)\n?</antArtifact>", re.DOTALL)
_PRIVATE = re.compile("(?P<before>[ \t]*)(?:\ue200(?P<kind>[a-z_]*)\ue202?(?P<rest>[^\ue200\ue201]*)\ue201|[\ue200-\ue20f])")
_CITATION = re.compile(
    r"(?P<before>[ \t]*)(?:【(?:[^【】]{0,200}†[^【】]{0,300}|\d+:\d+)】|\(?\[oai_citation:[^\]]*\]\([^)\s]*\)\)?|(?:\[\^\d+\^\])+"
    r"|\b(?:file)?cite(?:turn\d+[a-z]+\d+)+(?:L\d+-L\d+)?|<grok:render\b.*?</grok:render>)",
    re.DOTALL,
)
_SANDBOX = re.compile(r"(?P<before>[ \t]*)(?:!?\[[^\]\n]*\]\(\s*sandbox:[^)\n]*\)|\bsandbox:/[^\s)\]]*)")
_CLOSES = (" ", "\t", "\n", "\ue200", "【", ".", ",", ";", ":", "!", "?", ")", "]", "")


def _nothing(match: re.Match[str]) -> str:
    return ""


class _Taken:
    """An answer from which one thing after another is taken."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.thinking: list[str] = []
        self.removed: Counter[str] = Counter()

    def thoughts(self, pattern: re.Pattern[str], said_in: Callable[[re.Match[str]], str | None]) -> None:
        def take(match: re.Match[str]) -> str:
            if match.string.count("```", 0, match.start()) % 2:
                return match[0]  # shown as code
            said = said_in(match)
            if said is None:
                self.removed[TOOLS] += 1
            else:
                self.thinking.append(said.strip())
            return ""

        self.text = pattern.sub(take, self.text)

    def without(self, pattern: re.Pattern[str], what: str, instead: Callable[[re.Match[str]], str] = _nothing) -> None:
        def take(match: re.Match[str]) -> str:
            self.removed[what] += 1
            before = match.groupdict().get("before") or ""
            text = instead(match)
            # A mark between blanks leaves one of them.
            closes = match.string[match.end() : match.end() + 1] in _CLOSES
            return before + text if text or not closes else ""

        self.text = pattern.sub(take, self.text)


def _detail(match: re.Match[str]) -> str | None:
    """The thoughts in such a block; None for one of a tool."""
    if match["type"] != "reasoning":
        return None
    said = html.unescape(re.sub(r"<summary>.*?</summary>", "", match["said"], flags=re.DOTALL)).strip()
    return re.sub(r"^> ?", "", said, flags=re.MULTILINE)


def _artifact(match: re.Match[str]) -> str:
    language = re.search(r'language="([\w+#-]{1,20})"', match["about"])
    return f"```{language[1]}\n{match['said']}\n```" if language else match["said"]


def _private(match: re.Match[str]) -> str:
    """The name in a mark that stands for one (an entity, a link); nothing for a citation."""
    kind, rest = match["kind"] or "", match["rest"] or ""
    if "entity" in kind:
        names = [json.loads(name) for name in re.findall(r'"(?:[^"\\]|\\.)*"', rest)]
        return names[1] if len(names) > 1 else names[0] if names else ""
    first = rest.partition("\ue202")[0].strip()
    return first if kind in ("url", "link", "link_title") and not re.fullmatch(r"(?:turn\d+\w+|https?:\S+)", first) else ""
