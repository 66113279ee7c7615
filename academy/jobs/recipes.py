"""The owner's training commands, from `recipes.toml` in the data folder; only a person with access to the files can write one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from academy.errors import Invalid, NotFound
from academy.files import NAME_PATTERN
from academy.messages import Message, join, msg

_PLACE = re.compile(r"\{([a-z_]+)\}")


class Recipe(BaseModel):
    """One command: an argv list, an optional image, and the adapter's folder below {output}."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME_PATTERN)
    argv: list[str] = Field(min_length=1)
    image: str | None = Field(default=None, min_length=1, max_length=300)
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
    """The recipes of the file by name (none without a file); raises Invalid that names every fault in it."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid("{file} cannot be read: {error}.", hint="Correct the file.", file=path.name, error=error) from error
    entries = tables.get("recipe", [])
    if not isinstance(entries, list) or tables.keys() - {"recipe"}:
        raise Invalid("{file} holds something other than recipes.", hint="Each recipe is a table [[recipe]].", file=path.name)
    recipes: dict[str, Recipe] = {}
    faults: list[Message] = []
    for number, entry in enumerate(entries, 1):
        try:
            recipe = Recipe.model_validate(entry)
        except ValidationError as error:
            faults += [
                msg("recipe {number}: {field}: {fault}.", number=number, field=".".join(map(str, item["loc"])), fault=item["msg"])
                for item in error.errors()
            ]
            continue
        if recipe.name in recipes:
            faults.append(msg("recipe {number}: there are two named {name!r}.", number=number, name=recipe.name))
        recipes[recipe.name] = recipe
        unknown = {name for part in recipe.argv for name in _PLACE.findall(part)} - PLACES
        if unknown:
            faults.append(
                msg(
                    "recipe {number}: {{{unknown}}} is not a placeholder; there are {names:commas}.",
                    number=number,
                    unknown=min(unknown),
                    names=sorted(PLACES),
                )
            )
    if faults:
        raise Invalid("{file} cannot be used: {faults}", hint="Correct the file.", file=path.name, faults=join(*faults))
    return recipes


def named(path: Path, name: str) -> Recipe:
    """The recipe of that name, or NotFound."""
    recipes = load(path)
    if name not in recipes:
        raise NotFound(
            "There is no recipe {name!r} in {file}.",
            hint="There are: {names:commas}." if recipes else "The file has no recipes.",
            name=name[:80],
            file=path.name,
            names=sorted(recipes),
        )
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
    "gpus",
}
"""The placeholders of an argv element."""


def fill(argv: list[str], values: Mapping[str, Any]) -> list[str]:
    """The argv with each {placeholder} replaced inside its element; a value stays one element and is never read as a placeholder."""
    return [_PLACE.sub(lambda match: str(values[match[1]]) if match[1] in values else match[0], part) for part in argv]
