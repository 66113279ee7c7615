"""Training commands of the owner, from `recipes.toml` in the data folder: only somebody with the files can write one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from academy.errors import Invalid, NotFound
from academy.files import NAME_PATTERN

_PLACE = re.compile(r"\{([a-z_]+)\}")


class Recipe(BaseModel):
    """One command: an argv list, in an image or not, and where it leaves the adapter (below {output})."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME_PATTERN)
    argv: list[str] = Field(min_length=1)
    image: str | None = Field(None, min_length=1, max_length=300)
    adapter: str = "."
    env: dict[str, str] = {}
    description: str = ""

    @field_validator("adapter")
    @classmethod
    def _below(cls, value: str) -> str:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or "\x00" in value:
            raise ValueError("names a folder below {output}, so it is relative and has no '..'")
        return value

    @field_validator("argv")
    @classmethod
    def _literal(cls, value: list[str]) -> list[str]:
        if any("\x00" in part for part in value) or not value[0].strip():
            raise ValueError("begins with a program, and no part holds a NUL")
        return value


def load(path: Path) -> dict[str, Recipe]:
    """The recipes of the file by name (none where there is no file); raises Invalid that names everything wrong with it."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name} cannot be read: {error}.", hint="Correct the file.") from error
    entries = tables.get("recipe", [])
    if not isinstance(entries, list) or tables.keys() - {"recipe"}:
        raise Invalid(f"{path.name} holds something other than recipes.", hint="Each recipe is a table [[recipe]].")
    found: dict[str, Recipe] = {}
    faults = []
    for number, entry in enumerate(entries, 1):
        try:
            recipe = Recipe.model_validate(entry)
        except ValidationError as error:
            faults += [f"recipe {number}: {'.'.join(map(str, item['loc']))}: {item['msg']}." for item in error.errors()]
            continue
        if recipe.name in found:
            faults.append(f"recipe {number}: there are two named {recipe.name!r}.")
        found[recipe.name] = recipe
        unknown = {name for part in recipe.argv for name in _PLACE.findall(part)} - PLACES
        if unknown:
            faults.append(f"recipe {number}: {{{sorted(unknown)[0]}}} is no placeholder; there are {', '.join(sorted(PLACES))}.")
    if faults:
        raise Invalid(f"{path.name} cannot be used: " + " ".join(faults), hint="Correct the file.")
    return found


def named(path: Path, name: str) -> Recipe:
    """The recipe of that name, or NotFound."""
    recipes = load(path)
    if name not in recipes:
        known = ", ".join(sorted(recipes)) or "none"
        raise NotFound(f"There is no recipe {name[:80]!r} in {path.name}.", hint=f"There are: {known}.")
    return recipes[name]


PLACES = frozenset({"dataset", "eval", "output", "base_model", "base_name", "job", "python", "adapter"}) | {
    "learning_rate",
    "num_epochs",
    "batch_size",
    "gradient_accumulation_steps",
    "max_seq_length",
    "max_steps",
    "lora_rank",
    "lora_alpha",
    "lora_dropout",
    "warmup_steps",
    "weight_decay",
    "lr_scheduler_type",
    "seed",
}
"""What an argv element may name in braces."""


def fill(argv: list[str], values: Mapping[str, Any]) -> list[str]:
    """The argv with each {placeholder} replaced inside its element; a value can never become two elements, nor a placeholder itself."""
    return [_PLACE.sub(lambda match: str(values[match[1]]) if match[1] in values else match[0], part) for part in argv]
