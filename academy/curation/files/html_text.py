"""The text of a piece of HTML as Markdown: paragraphs, lists, emphasis, code; what is not text goes."""

from __future__ import annotations

import re
from collections.abc import Collection
from html.parser import HTMLParser


def text_of_html(page: str, *, without: Collection[str] = ()) -> str:
    """The text that a reader sees, with the marks of Markdown; `without`: elements that are left out with all they hold."""
    parser = _Text(without)
    parser.feed(page)
    parser.close()
    text = "".join(parser.out)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip()


_APART = {"p", "div", "section", "article", "blockquote", "table", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
_UNSEEN = {"script", "style", "head", "template"}
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*"}


class _Text(HTMLParser):
    def __init__(self, without: Collection[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._left_out = _UNSEEN.union(without)
        self.out: list[str] = []
        self._lists: list[int] = []  # of each open list: the number of its next item, 0 without numbers
        self._unseen = self._pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._left_out:
            self._unseen += 1
        elif tag == "br":
            self.out.append("\n")
        elif tag in ("ul", "ol"):
            self.out.append("\n" if self._lists else "\n\n")
            self._lists.append(int(tag == "ol"))
        elif tag == "li":
            number = self._lists[-1] if self._lists else 0
            mark = f"{number}. " if number else "- "
            self.out.append("\n" + "  " * max(0, len(self._lists) - 1) + mark)
            if number:
                self._lists[-1] += 1
        elif tag in _APART:
            inside = self._lists and tag in ("p", "div")  # a paragraph in a list's item
            self.out += [] if inside else ["\n\n"]
            if tag == "pre":
                self._pre += 1
                self.out.append("```\n")
            elif tag[0] == "h" and tag[1:].isdigit():
                self.out.append("#" * int(tag[1]) + " ")
        elif tag == "tr":
            self.out.append("\n")
        elif tag in ("td", "th"):
            self.out.append("| ")
        elif tag in _MARKS or (tag == "code" and not self._pre):
            self.out.append(_MARKS.get(tag, "`"))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._left_out:
            self._unseen = max(0, self._unseen - 1)
        elif tag in ("ul", "ol"):
            if self._lists:
                self._lists.pop()
            self.out += [] if self._lists else ["\n\n"]
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
            self.out.append("\n```\n\n")
        elif tag in _APART:
            self.out += [] if self._lists else ["\n\n"]
        elif tag in _MARKS or (tag == "code" and not self._pre):
            self.out.append(_MARKS.get(tag, "`"))

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._pre:
            self.out.append(data)
            return
        text = re.sub(r"\s+", " ", data)
        begins = not self.out or self.out[-1].endswith(("\n", " "))
        self.out.append(text.lstrip() if begins else text)
