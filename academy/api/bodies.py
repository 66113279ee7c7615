"""The JSON bodies that ask for something: what the parts take, read to the letter."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from academy.chat.request import ChatRequest
from academy.curation.examples import DatasetRequest
from academy.jobs.spec import TrainingSpec


class Exact(BaseModel):
    """A JSON body: a number is neither a text nor true, and true is neither 1 nor "yes". (The page's forms may send texts.)"""

    @field_validator("*", mode="before")
    @classmethod
    def _as_described(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[info.field_name or ""].annotation
        kinds = {annotation, *get_args(annotation)}
        if bool in kinds and value is not None and not isinstance(value, bool):
            raise PydanticKnownError("bool_type")
        if kinds & {int, float} and isinstance(value, bool | str):
            raise PydanticKnownError("int_type" if int in kinds else "float_type")
        return value


class TrainIn(Exact, TrainingSpec):
    """What to train; what is left out comes from the preset, else from the settings, else from the defaults below."""


class DatasetIn(Exact, DatasetRequest):
    """What to curate a dataset from, and how; what is left out comes from the settings."""


class ChatIn(Exact, ChatRequest):
    """A question with all that was said before it."""
