"""What a page needs of Gradio's frontend, named where the page begins: a browser finds it out in five steps otherwise, file by file."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import gradio
from gradio.routes import templates
from jinja2 import ChoiceLoader, DictLoader

_KNOWN = [templates.env.loader] if templates.env.loader else []
_FRONTEND = Path(gradio.__file__).parent / "templates" / "frontend"
_SCRIPT = re.compile(r'<script type="module"[^>]* src="\./assets/([^"]+)"')
_NAMES = re.compile(r"\bm\.f=\[([^\]]*)\]")  # the files that a script loads later, as Vite's loader lists them
_NUMBERS = re.compile(r"__vite__mapDeps\(\[([\d,]*)\]\)")  # those of one part, by their places in the list


def name_ahead(config: Mapping[str, Any]) -> None:
    """Lets the page that Gradio serves name the scripts of this page's components, and hold their styles."""
    kinds = dict.fromkeys(str(component["type"]) for component in config["components"])
    # Gradio's own template: nothing that a page can set comes before its script.
    templates.env.loader = ChoiceLoader([DictLoader({"frontend/index.html": with_files(files_of(kinds))}), *_KNOWN])


def files_of(kinds: Iterable[str]) -> list[str]:
    """The files that components of these kinds need, besides those in the page; none where another Gradio names them otherwise."""
    entry = _SCRIPT.search(_page())
    if not entry:
        return []
    first = _listed(entry[1])
    parts = [rf"[{{,]{kind}:\{{[^}}]*?\bcomponent:" for kind in kinds] + [r"import\(`\./Blocks-"]
    scripts = [name for name in first if name.endswith(".js")]
    needed = [*first, *(name for part in parts for script in scripts for name in _needed(script, part))]
    return [name for name in dict.fromkeys(needed) if f'"./assets/{name}"' not in _page()]


def with_files(names: list[str]) -> str:
    """Gradio's page with these files ahead: scripts are fetched at once, styles are in the page."""
    entry = _SCRIPT.search(_page())
    if not entry or not names:
        return _page()
    first = set(_listed(entry[1]))
    early, late = ([name for name in names if (name in first) is is_first] for is_first in (True, False))
    theme = '<link rel="preload" as="style" href="./theme.css?v={{ config.theme_hash }}">'
    page = _page()[: entry.start()] + "".join([theme, *_scripts(early), *_links(early)]) + _page()[entry.start() :]
    # Where two rules are alike the later one counts: these come after Gradio's own, and page.js moves those of components after ours.
    styles = f"{{% raw %}}<style>{_styles(early)}</style><style data-components>{_styles(late)}</style>{{% endraw %}}"
    return page.replace("</head>", "".join([*_scripts(late, ' fetchpriority="low"'), *_links(late), styles, "</head>"]), 1)


def _scripts(names: list[str], how: str = "") -> list[str]:
    """The links to scripts; those of components must not keep the first ones waiting."""
    return [f'<link rel="modulepreload" crossorigin{how} href="./assets/{name}">' for name in names if name.endswith(".js")]


def _links(names: list[str]) -> list[str]:
    """The links to styles: one that is there keeps the loader from fetching its style, and one that is disabled is not fetched."""
    return [f'<link rel="stylesheet" disabled href="./assets/{name}">' for name in names if name.endswith(".css")]


def _styles(names: list[str]) -> str:
    return "".join(_asset(name) for name in names if name.endswith(".css"))


@functools.cache
def _page() -> str:
    return (_FRONTEND / "index.html").read_text(encoding="utf-8")


def _asset(name: str) -> str:
    return (_FRONTEND / "assets" / name).read_text(encoding="utf-8")


def _listed(script: str) -> list[str]:
    found = _NAMES.search(_asset(script))
    return re.findall(r'"\./([^"]+)"', found[1]) if found else []


def _needed(script: str, part: str) -> list[str]:
    """The files that a script loads for a part of the page, which it names like this."""
    text, listed = _asset(script), _listed(script)
    begin = re.search(part, text)
    numbers = _NUMBERS.search(text, begin.end()) if begin else None
    return [listed[int(number)] for number in numbers[1].split(",") if number] if numbers else []
