"""Settings: command line over environment over `.env` over default, read once at start."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from academy.errors import Invalid
from academy.models import DEFAULT

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Settings(BaseSettings):
    """All that can be set from outside; each field names its variable, default and bounds."""

    model_config = SettingsConfigDict(
        env_prefix="ACADEMY_", env_file=".env", env_file_encoding="utf-8", extra="ignore", populate_by_name=True, frozen=True
    )

    enabled: bool = Field(True, validation_alias=AliasChoices("enabled", "ENABLE_ACADEMY"))
    host: str = "127.0.0.1"
    port: int = Field(7860, ge=0, le=65535)
    data_dir: Path = Path("data")
    enable_gpu: bool = True
    backend: Literal["subprocess", "docker"] = "subprocess"
    min_lessons: int = Field(100, ge=0)
    max_lessons: int = Field(5000, ge=1, le=1_000_000)
    git_repo: Path | None = None
    git_commits_limit: int = Field(100, ge=0, le=100_000)
    training_interval_hours: float = Field(24, ge=0, allow_inf_nan=False)
    default_base_model: str = DEFAULT
    lora_rank: int = Field(16, ge=4, le=64)
    learning_rate: float = Field(2e-4, gt=0, le=1e-2, allow_inf_nan=False)
    num_epochs: int = Field(3, ge=1, le=20)
    batch_size: int = Field(4, ge=1, le=32)
    max_seq_length: int = Field(2048, ge=256, le=8192)
    training_image: str = "academy-trainer:latest"
    docker_cuda_image: str = Field("python:3.11-slim", validation_alias=AliasChoices("docker_cuda_image", "DOCKER_CUDA_IMAGE"))
    max_upload_mb: int = Field(500, ge=1, le=100_000)
    token: str = ""
    allowed_hosts: str = ""
    mcp: bool = False
    root_path: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    space_id: str = Field("", validation_alias=AliasChoices("space_id", "SPACE_ID"))

    @field_validator("git_repo", mode="before")
    @classmethod
    def _empty_means_none(cls, value: Any) -> Any:
        return value or None

    @field_validator("data_dir", "git_repo")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        # Made absolute at once: the app later leaves the folder it was started in.
        return value.expanduser().absolute() if value else value

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK or self.host.startswith("127.")

    @property
    def training_dir(self) -> Path:
        """Datasets, the journal of jobs and the active adapter."""
        return self.data_dir / "training"

    @property
    def models_dir(self) -> Path:
        """A folder for each job, named by its id."""
        return self.data_dir / "models"

    @property
    def uploads_dir(self) -> Path:
        """Uploaded files and their records."""
        return self.data_dir / "uploads"


def load(**overrides: Any) -> Settings:
    """The settings, with command-line values over the environment; raises Invalid with one sentence for each bad value."""
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        sentences = [f"{_variable(item['loc'])}: {item['msg']} (got {item['input']!r})." for item in error.errors()]
        raise Invalid("A setting cannot be used. " + " ".join(sentences), hint="Correct it and start again.") from error


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "settings"
    alias = Settings.model_fields[name].validation_alias if name in Settings.model_fields else None
    if isinstance(alias, AliasChoices):
        return str(alias.choices[-1])
    return name if name.isupper() else f"ACADEMY_{name.upper()}"
