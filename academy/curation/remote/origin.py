"""Where an imported file came from, as its record and the datasets made of it keep it."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Origin(BaseModel):
    """A remote source without its credentials."""

    address: str = Field(description="The dataset's name, or the address without user, password and query.")
    revision: str = Field(default="", description="The commit of the dataset that was read.")
    config: str = ""
    split: str = ""
    license: str = Field(default="", description="As the dataset's card names it; empty: it names none.")
