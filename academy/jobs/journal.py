"""The journal of jobs on the disk: the file, and the values of its lines where the data folder is now."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from academy.messages import from_json
from academy.models import BUNDLED

_PATHS = ("output_dir", "dataset_path", "eval_path", "base_path", "base_source", "adapter_path", "continue_from_path")


def opened(path: Path) -> Any:
    """The journal, opened for reading; an empty one where there is none yet."""
    try:
        return open(path, "rb")
    except FileNotFoundError:
        return _Nothing()


def portable(values: dict[str, Any], root: str) -> dict[str, str]:
    """The paths inside the data folder, relative to it, so that the folder can be moved and copied."""
    inside = f"{root}/"
    return {name: value[len(inside) :] for name in _PATHS if (value := values.get(name)) and value.startswith(inside)}


def located(values: dict[str, Any], root: str) -> dict[str, Any]:
    """The paths inside the data folder, absolute.

    Earlier versions wrote absolute paths. A line of theirs names the data folder of its time, and what was in there is in this one now.
    """
    before = values["output_dir"].removesuffix(f"/models/{values['job_id']}")
    before = before if before != values["output_dir"] and before.startswith("/") else None
    found: dict[str, Any] = {}
    for name in _PATHS:
        value = values.get(name)
        if not isinstance(value, str) or not value:
            continue
        if not value.startswith("/"):
            found[name] = f"{root}/{value}"
        elif before and value.startswith(f"{before}/"):
            found[name] = root + value[len(before) :]
    bundled = BUNDLED.get(values.get("base_model", ""))
    if bundled and str(values.get("base_path")).endswith(f"/academy/models/{bundled.name}"):
        # Academy may have been installed elsewhere when the job was queued; the bundled model comes with it.
        found["base_path"] = str(bundled)
    return found


def texts(values: dict[str, Any]) -> dict[str, Any]:
    """The texts of a line in the form that can be rendered."""
    found: dict[str, Any] = {name: from_json(values[name]) for name in ("error", "reason") if values.get(name) is not None}
    return found | {"reasons": [from_json(reason) or "" for reason in values.get("reasons", [])]}


def line_of(values: dict[str, Any]) -> str:
    """A line of the journal. A lone surrogate cannot be written as UTF-8, and must not keep a job from being stored."""
    return json.dumps(values, ensure_ascii=False, allow_nan=False).encode(errors="replace").decode()


def set_aside(path: Path, bad: list[bytes]) -> Path:
    """Keeps damaged lines in a file beside the journal."""
    stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S_%f")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    with open(aside, "xb") as file:
        file.writelines(bad)
        file.flush()
        os.fsync(file.fileno())
    return aside


class _Nothing:
    """Stands for a journal that does not exist yet."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def seek(self, offset: int) -> int:
        raise FileNotFoundError(offset)

    def read(self, length: int) -> bytes:
        raise FileNotFoundError(length)
