"""What a job wrote: how the model did on the probe, the pairs on a document or the wordings of lessons, and what was thrown away."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from academy.jobs import folder as job_folder
from academy.jobs.folder import JobFolder

MOST_BYTES = 16 << 20


class Probe(BaseModel):
    """How a model did on passages with known answers: it writes questions only where `right` is at least `needed`."""

    model_config = ConfigDict(extra="ignore")

    right: int = Field(ge=0)
    of: int = Field(ge=0)
    needed: int = Field(ge=0)

    @property
    def is_passed(self) -> bool:
        """Whether the model can write questions."""
        return self.right >= self.needed


class WrittenPair(BaseModel):
    """A question and its answer as the model wrote them; the answer stands in the passage from `start` to `end`."""

    model_config = ConfigDict(extra="ignore")

    passage: int
    question: str
    answer: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class WrittenWording(BaseModel):
    """Another wording of a lesson's question."""

    model_config = ConfigDict(extra="ignore")

    lesson: str
    text: str


class Written(BaseModel):
    """What one job wrote; `thrown` counts by their reason the pairs or wordings that are of no use."""

    model_config = ConfigDict(extra="ignore")

    probe: Probe
    asked: list[int] = []  # the numbers of the passages
    pairs: list[WrittenPair] = []
    lessons: list[str] = []  # the ids of the lessons that were rephrased
    wordings: list[WrittenWording] = []
    thrown: dict[str, int] = {}


def written_in(folder: JobFolder) -> Written | None:
    """What a job wrote; None where there is nothing that can be used."""
    raw = job_folder.read_plain(folder.written, MOST_BYTES)
    try:
        return None if raw is None else Written.model_validate_json(raw)
    except ValidationError:
        return None
