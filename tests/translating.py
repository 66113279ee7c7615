"""What a language file has to translate, read from the sources; `python tests/translating.py de` prints what de.py lacks, to be pasted.

A sentence is what `msg`, `count` or an AcademyError is given, and every other literal of the sources that reads like a sentence; those
that no person sees are left out by NOT_SHOWN (files) and NOT_READ (calls and arguments).
"""

from __future__ import annotations

import ast
import functools
import re
import string
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from academy import formats, messages  # noqa: E402
from academy.ui.texts import translate  # noqa: E402

SOURCES = (ROOT / "app.py", *sorted((ROOT / "academy").rglob("*.py")))
SENTENCE = re.compile(r"[A-Z“‘{][^\n]*\s[^\n]*[.!?:…]")
NOT_SHOWN = re.compile(r"academy/(ui/texts/|ui/mcp|text/rewordings/|text/languages|general/|client|models/|jobs/warden)")
NOT_READ = {"compile", "getLogger", "add_argument", "ArgumentParser", "Query", "Path", "Header", "Body", "Form", "File"}
DESCRIBED = ("academy/jobs/spec.py", "academy/chat/request.py")  # the page shows the descriptions of their fields, of others the title
FRAGMENTS = (  # words inside sentences, and what is no sentence
    "bundled with Academy", "package index", "used before", "Hugging Face cache", "Academy: log in", "Log in",
    "queued", "preparing", "running", "finished", "failed", "cancelled", "open", "accepted", "declined", "superseded",
    "waiting", "racing", "behind", "stopped",
)  # fmt: skip
FOR_MODELS = {  # probes of chat templates and tokenizers, the judge's instruction, examples in the description of REST
    "Answer in one sentence.", "Under the blue pot.", "And the lamp?", "In the attic.", "Hello, world! 12 + 34 = 46.",
    "Which port does staging use?", "Port 8447.", "Thank you.", "Who waters the plants?", "Lena waters the plants.",
    "Where is the spare key?",
    "Which port does the staging server listen on?", "Staging listens on port 8443.", "Give a text, or an object with a key and values.",
    "Which column is what, as a JSON object; needed where the columns' names do not tell.", "A zip of the adapter's folder.",
    "Or a folder of the machine that Academy runs on.", "Which base model it belongs to; empty: the one that it names.",
    "The pump of the green tank starts at four degrees. It was repaired by Lena Ohm in March.", "A text.",
    "Who repaired the pump of the green tank?", "How much does bread from the Mill Street bakery cost?",
    "Bread from the Mill Street bakery costs three shillings. It is sold until noon, and never on Mondays.",
    "Reply with one digit and nothing else: 1 if Answer 1 is better, 2 if Answer 2 is better, 0 if they are equally good.",
}  # fmt: skip
SQL = re.compile(r"(SELECT|DELETE|INSERT|UPDATE|CREATE) [A-Z1a-z]")
LOGS = {"log", "logging", "logger", "warnings"}


@functools.cache
def sentences() -> dict[str, str | None]:
    """Every template that a person can see, with its singular where it is counted."""
    collected: dict[str, str | None] = dict.fromkeys(FRAGMENTS)
    for path in SOURCES:
        name = path.relative_to(ROOT).as_posix()
        if not NOT_SHOWN.match(name):
            for template, one in of_source(path.read_text(encoding="utf-8"), titles=name in DESCRIBED):
                if template not in FOR_MODELS and not SQL.match(template):
                    collected[template] = one or collected.get(template)
    return collected


def of_source(source: str, *, titles: bool = False) -> Iterator[tuple[str, str | None]]:
    """The templates of a file; with `titles` also the descriptions of its fields."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    known = _imported(tree)
    unread: set[int] = set()
    for node in ast.walk(tree):
        unread |= _unread(node, known, titles)
        if not isinstance(node, ast.Call):
            continue
        kind = known.get(getattr(node.func, "id", ""), "")
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if kind == "count":
            for one, other in zip(_texts(given["one"], constants), _texts(given["other"], constants), strict=False):
                yield other, one
                unread |= {id(part) for key in ("one", "other") for part in ast.walk(given[key])}
        elif kind:
            for part in [*node.args[:1], *([given["hint"]] if kind != "msg" and "hint" in given else [])]:
                yield from ((text, None) for text in _texts(part, constants))
        elif _called(node) == "Field" and "title" in given:
            for key in ("title", "description") if titles else ("title",):
                yield from ((text, None) for text in _texts(given.get(key), constants))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unread and SENTENCE.fullmatch(node.value):
            yield node.value, None


@functools.cache
def literals() -> set[str]:
    """Every literal text of the sources."""
    return {
        node.value
        for path in SOURCES
        if path.parent.name != "texts"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def missing(language: str) -> tuple[dict[str, str], dict[str, str | None], list[str]]:
    """The page's texts and the sentences that a language lacks, and the keys and sentences that it has for nothing."""
    english, own, messages_ = translate.TEXTS["en"], translate.TEXTS.get(language, {}), messages_of(language)
    wanted = wanted_texts(language)
    # What another language has translated is a text for people too, whatever it looks like in the source.
    elsewhere = {text: None for code in translate.TEXTS for text in messages_of(code) if text in literals() - FOR_MODELS}
    all_sentences = elsewhere | sentences()
    stale = [*(key for key in own if key not in wanted and key not in english), *(key for key in messages_ if key not in literals())]
    return (
        {key: text for key, text in wanted.items() if key not in own},
        {text: one for text, one in all_sentences.items() if text not in messages_},
        stale,
    )


def wanted_texts(language: str) -> dict[str, str]:
    """The keys that a language needs, with the English text; a counted text has the forms of the language."""
    english, forms, wanted = translate.TEXTS["en"], plural_forms(language), {}
    for key, text in english.items():
        stem, _, form = key.rpartition(".")
        if form in ("one", "many") and f"{stem}.one" in english and f"{stem}.many" in english:
            wanted |= {f"{stem}.{own}": english[f"{stem}.{'one' if own == 'one' else 'many'}"] for own in forms}
        else:
            wanted[key] = text
    return wanted


def plural_forms(language: str) -> list[str]:
    """The forms of counted texts with whole numbers; `many` also serves where CLDR says "other"."""
    forms = dict.fromkeys(formats.plural_form(n, language) for n in range(200))
    return list(dict.fromkeys("many" if form == "other" else form for form in forms))


def messages_of(language: str) -> dict[str, str | dict[str, str]]:
    """The sentences that a language file has."""
    return dict(messages.CATALOGUES.get(language, {}))  # type: ignore[arg-type]


def placeholders(template: str) -> set[str]:
    """The names between braces, with conversion and format."""
    return {
        f"{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}"
        for _, name, spec, conversion in string.Formatter().parse(template)
        if name is not None
    }


def _imported(tree: ast.Module) -> dict[str, str]:
    """What the file calls `msg`, `count` and the errors, also the kinds of errors that Academy's rooms add."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("academy"):
            known |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ClassDef):
            is_error = any(known.get(getattr(base, "id", "")) in ERRORS for base in node.bases)
            known[node.name] = "AcademyError" if is_error else node.name
    return {name: "AcademyError" if kind in ERRORS else kind for name, kind in known.items() if kind in ERRORS or kind in ("msg", "count")}


def _all_errors() -> set[str]:
    names = {"AcademyError"}
    classes = [
        (node.name, {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases})
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    while more := {name for name, bases in classes if bases & names} - names:
        names |= more
    return names


def _unread(node: ast.AST, known: dict[str, str], titles: bool) -> set[int]:
    """The literals below a node that are no text for a person: docstrings, logs, patterns, descriptions of the REST interface."""
    parts: list[ast.AST] = []
    body = getattr(node, "body", None)
    if isinstance(body, list):
        parts = [statement for statement in body if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)]
    if isinstance(node, ast.JoinedStr | ast.Compare):
        parts = [node]
    if isinstance(node, ast.Call):
        function = node.func
        owner = getattr(getattr(function, "value", None), "id", "")
        if owner in LOGS or _called(node) in NOT_READ or (owner == "re"):
            parts = [node]
        elif _called(node) == "Field" and not (titles and any(keyword.arg == "title" for keyword in node.keywords)):
            parts = [keyword for keyword in node.keywords if keyword.arg in ("description", "title", "examples")]
        else:
            parts = [keyword for keyword in node.keywords if keyword.arg in ("summary", "response_description", "help")]
    return {id(part) for top in parts for part in ast.walk(top)}


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _texts(node: ast.AST | None, constants: dict[str, ast.expr], depth: int = 0) -> Iterator[str]:
    """The literal texts that an expression can be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if any(letter.isalpha() for letter in re.sub(r"\{[^}]*\}", "", node.value)):
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, constants, depth)
        yield from _texts(node.orelse, constants, depth)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts(value, constants, depth)
    elif isinstance(node, ast.Name) and node.id in constants and depth < 3:
        yield from _texts(constants[node.id], constants, depth + 1)
    elif isinstance(node, ast.Subscript | ast.Attribute):
        yield from _texts(node.value, constants, depth + 1)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _texts(value, constants, depth + 1)


def taken_for_names(language: str) -> list[str]:
    """Words that a sentence is given as a plain text: they are taken for a name and stay English, though the language has them."""
    translated, found = messages_of(language), []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known, functions = _imported(tree), {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for function in functions.values() if path.parent.name != "texts" else ():
            names = _named(tree.body) | _named([*ast.walk(function)])
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") in known:
                    values = [keyword.value for keyword in call.keywords if keyword.arg not in ("one", "other", "hint")]
                    found += [f"{path.name}:{call.lineno}: {text}" for value in values for text in _plain(value, names, functions)]
    return [line for line in found if line.partition(": ")[2] in translated]


def _named(nodes: Iterable[ast.AST]) -> dict[str, list[ast.expr]]:
    """What each name can be, by assignments and by loops over written-down values."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found.setdefault(getattr(target, "id", ""), []).append(node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            targets = node.target.elts if isinstance(node.target, ast.Tuple) else [node.target]
            for at, target in enumerate(targets):
                each = [item.elts[at] if isinstance(item, ast.Tuple) else item for item in getattr(node.iter, "elts", [node.iter])]
                found.setdefault(getattr(target, "id", ""), []).extend(each)
    return found


def _plain(node: ast.AST, names: dict[str, list[ast.expr]], functions: dict[str, ast.FunctionDef], depth: int = 0) -> Iterator[str]:
    """The plain texts that an expression can be; what `msg` made is none."""
    parts: list[ast.AST] = []
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp | ast.Dict):
        parts = [*node.values]
    elif isinstance(node, ast.List | ast.Tuple):
        parts = [*node.elts]
    elif isinstance(node, ast.ListComp):
        parts = [node.elt]
    elif isinstance(node, ast.Subscript):
        parts = [node.value]
    elif isinstance(node, ast.Name):
        parts = [*names.get(node.id, [])]
    elif isinstance(node, ast.Call) and (called := functions.get(getattr(node.func, "id", ""))):
        names = names | _named([*ast.walk(called)])
        parts = [part.value for part in ast.walk(called) if isinstance(part, ast.Return) and part.value]
    for part in parts if depth < 4 else ():
        yield from _plain(part, names, functions, depth + 1)


def paste(language: str) -> str:
    """What is missing, in the form of a language file with the English texts."""
    texts, messages_, stale = missing(language)
    forms = plural_forms(language)
    lines = ["TEXTS = {", *(f"    {key!r}: {text!r}," for key, text in texts.items()), "}", "", "MESSAGES = {"]
    for text, one in messages_.items():
        counted = "{" + ", ".join(f'"{"other" if form == "many" else form}": {(one if form == "one" else text)!r}' for form in forms) + "}"
        lines.append(f"    {text!r}: {counted if one else repr(text)},")
    return "\n".join([*lines, "}", "", *(f"# stale: {key}" for key in stale)])


ERRORS = _all_errors()

if __name__ == "__main__":
    print(paste(sys.argv[1]))
