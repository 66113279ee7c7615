"""The page and REST reach the stores, the runner and the chat session only through the verbs of the services."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import academy
from academy.config import Settings
from academy.services.academy import Academy

ROOT = Path(academy.__file__).parent
FILES = sorted(path for room in ("ui", "api") for path in (ROOT / room).rglob("*.py"))
PRIVATE = (
    *("academy.adapters.check", "academy.chat.engine", "academy.chat.session", "academy.curation.curate", "academy.curation.lesson_store"),
    *("academy.habitat", "academy.jobs.folder", "academy.jobs.reading", "academy.jobs.running", "academy.jobs.backends.subprocess"),
    *("academy.jobs.processes", "academy.professor", "academy.trainer"),
)
"""Modules whose work only the services may call."""

OWNED = ("Store", "Session", "Runner", "Habitat", "Backend", "TrainingImage")
"""How the names of the parts end that only the services may hold."""


def reaches(source: str, verbs: dict[str, set[str]]) -> Iterator[str]:
    """Each place of a module that goes past the verbs, as `line: what`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            names += [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            yield from (f"{node.lineno}: imports {name}" for name in names if _is_private(name))
        elif isinstance(node, ast.Attribute):
            if node.attr == "output_dir":
                yield f"{node.lineno}: reads in a job's folder"
            elif _is_academy(node.value) and node.attr not in {*verbs, "settings", "check_enabled", "start", "close"}:
                yield f"{node.lineno}: academy.{node.attr}"
            elif isinstance(node.value, ast.Attribute) and _is_academy(node.value.value):
                stage = node.value.attr
                if stage in verbs and node.attr not in verbs[stage]:
                    yield f"{node.lineno}: academy.{stage}.{node.attr}"


def _is_private(name: str) -> bool:
    return name.startswith("academy.") and (name.endswith(OWNED) or any(f"{name}.".startswith(f"{part}.") for part in PRIVATE))


def _is_academy(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "academy") or (
        isinstance(node, ast.Attribute) and node.attr in ("academy", "_academy")
    )


@pytest.fixture(scope="module")
def verbs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The public methods of each stage."""
    made = Academy(Settings(data_dir=tmp_path_factory.mktemp("reach"), _env_file=None))  # type: ignore[call-arg]
    stages = {name: stage for name, stage in vars(made).items() if not name.startswith("_") and name != "settings"}
    made.close()
    return {
        name: {verb for verb, _ in inspect.getmembers(stage, inspect.ismethod) if not verb.startswith("_")}
        for name, stage in stages.items()
    }


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_the_page_and_rest_go_only_through_verbs(path: Path, verbs: dict[str, set[str]]) -> None:
    assert list(reaches(path.read_text(encoding="utf-8"), verbs)) == []


@pytest.mark.parametrize(
    "source",
    [
        "academy.job_store.counts()",
        "academy.jobs._store.counts()",
        "academy.jobs.no_such_verb()",
        "self._academy.runner.busy()",
        "request.app.state.academy._session.state()",
        "from academy.jobs.running.runner import Runner",
        "from academy.jobs.reading import progress",
        "from academy.jobs.store import JobStore",
        "from academy import habitat",
        "import academy.jobs.folder",
        "os.stat(Path(job.output_dir) / 'train.log')",
    ],
)
def test_a_way_around_the_verbs_is_noticed(source: str, verbs: dict[str, set[str]]) -> None:
    assert list(reaches(source, verbs))


def test_verbs_settings_and_plain_data_pass(verbs: dict[str, set[str]]) -> None:
    source = "from academy.jobs.store import ENDED, Job\nacademy.jobs.cancel('x')\nacademy.settings.host\nacademy.lessons.list().items\n"
    assert list(reaches(source, verbs)) == []
