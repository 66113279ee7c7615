"""What is asked of a remote source, and what is known of it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from academy.curation.files.imports import Detected
from academy.curation.remote.origin import Origin
from academy.messages import Text


class RemoteRequest(BaseModel):
    """A dataset of the Hugging Face hub, or a file, and which part of it."""

    address: str = Field(
        min_length=1,
        max_length=4000,
        title="Dataset or address",
        description="A dataset's name such as `tatsu-lab/alpaca`, or `https://…`, `s3://…`, `gs://…`, `hf://…` of one file.",
    )
    config: str = Field(default="", max_length=200, title="Configuration", description="Of a dataset; empty: its default.")
    split: str = Field(default="", max_length=200, title="Split", description="Of a dataset; empty: `train`, else its first.")
    revision: str = Field(
        default="", max_length=200, title="Revision", description="Of a dataset: a commit, tag or branch; the commit is recorded."
    )
    rows: int = Field(default=1000, ge=1, le=1_000_000, title="Rows", description="Of a dataset: how many to take, from the beginning.")
    sample: int = Field(default=20, ge=1, le=50, title="Sample", description="Of a dataset: how many rows to look at.")
    mapping: dict[str, str] | None = Field(default=None, description="Which column is what, as for uploads.")


class Found(BaseModel):
    """What a look at a remote source tells; nothing of it is kept."""

    origin: Origin
    gated: bool = False
    configs: list[str] = []
    splits: list[str] = []
    rows_total: int | None = Field(default=None, description="Of the split, where the dataset says so.")
    size_bytes: int | None = Field(default=None, description="Of a file, where the server says so.")
    detected: Detected | None = Field(default=None, description="Kind and columns; none of a file that cannot be read from its beginning.")
    needs_mapping: bool = Field(default=False, description="Whether the import needs `mapping`.")
    samples: list[dict[str, str]] = Field(default=[], description="The first rows, cut short.")
    notes: list[Text] = []
