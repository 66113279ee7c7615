"""English that every Python installation ships: the docstrings of the standard library."""

# ruff: noqa: SIM905 (a long list of words reads better as a text)

from __future__ import annotations

import builtins
import importlib
import inspect
import pkgutil
import re
import sys
from functools import cache


@cache
def prose() -> list[str]:
    """Docstrings of the standard library that read like English."""
    texts: set[str] = set()
    skipped = ("test", "idlelib", "lib2to3", "turtledemo", "antigravity", "this", "ensurepip", "__")
    for module_info in pkgutil.iter_modules([p for p in sys.path if p.endswith(f"python{sys.version_info[0]}.{sys.version_info[1]}")]):
        if module_info.name.startswith(skipped) or module_info.name not in sys.stdlib_module_names:
            continue
        try:
            module = importlib.import_module(module_info.name)
        except ImportError:  # a module of another platform
            continue
        texts.add(inspect.getdoc(module) or "")
        for item in vars(module).values():
            if getattr(item, "__module__", None) != module.__name__:
                continue
            texts.add(inspect.getdoc(item) or "")
            for member in vars(item).values() if inspect.isclass(item) else ():
                texts.add(inspect.getdoc(member) or "" if callable(member) else "")
    topics = importlib.import_module("pydoc_data.topics").topics
    for topic in topics.values():
        texts.update(part for part in re.split(r"\n(?=\n)", topic) if len(part) > 200)
    return sorted(t for t in texts if len(t) > 60 and sum(c.isalpha() or c == " " for c in t) > 0.8 * len(t))


@cache
def vocabulary() -> list[str]:
    """The words that docstrings use more than once."""
    counts: dict[str, int] = {}
    for text in prose():
        for word in re.findall(r"(?<![\w.])[a-z]{4,12}(?![\w(])", text):
            counts[word] = counts.get(word, 0) + 1
    return sorted(word for word, count in counts.items() if count > 1)


@cache
def summaries() -> list[tuple[str, str]]:
    """The first sentence of the docstrings of well-known modules and built-in functions."""
    found = []
    for name in _MODULES:
        found.append((name, inspect.getdoc(importlib.import_module(name)) or ""))
    for name in _FUNCTIONS:
        found.append((name, inspect.getdoc(getattr(builtins, name)) or ""))
    firsts = [(name, re.split(r"(?<=\.)\s|\n\n", doc)[0].replace("\n", " ").strip()) for name, doc in found]
    return [(name, first) for name, first in firsts if 12 < len(first) < 120 and "->" not in first]


_MODULES = """
abc argparse array ast asyncio base64 bisect calendar cmd collections configparser copy csv dataclasses
datetime decimal difflib email enum fractions functools gc getpass glob gzip hashlib heapq html http imaplib
inspect io ipaddress itertools json keyword locale logging math mimetypes os pathlib pickle platform pprint
queue random re secrets shlex shutil signal smtplib socket sqlite3 statistics string struct subprocess sys
tarfile tempfile textwrap threading time timeit tokenize traceback types typing unittest urllib uuid venv
warnings wave weakref webbrowser zipfile zlib
""".split()

_FUNCTIONS = """
abs all any bin bool chr dict dir divmod enumerate filter format getattr hash hex id input int isinstance iter
len list map max min next oct open ord pow print range repr reversed round set sorted str sum tuple type zip
""".split()
