"""Settings: command line over environment over `.env` over default, read once at start."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from academy.errors import Invalid
from academy.models import BUNDLED, DEFAULT

BackendName = Literal["subprocess", "docker", "ray"]
"""Where a job runs; jobs/backends registers each name once."""

HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?))(?::(?P<port>\d{1,5}))?")
"""A host as a browser sends it: a name or an address, with an optional port."""

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}")


class Settings(BaseSettings):
    """Every setting; each field gives its variable, default and bounds."""

    model_config = SettingsConfigDict(
        env_prefix="ACADEMY_", env_file=".env", env_file_encoding="utf-8", extra="ignore", populate_by_name=True, frozen=True
    )

    enabled: bool = Field(default=True, validation_alias=AliasChoices("enabled", "ENABLE_ACADEMY"))
    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=0, le=65535)
    data_dir: Path = Path("data")
    enable_gpu: bool = True
    cpu_processes: int = Field(default=1, ge=1, le=64)
    backend: BackendName = "subprocess"
    warm_trainer: bool = True
    min_lessons: int = Field(default=100, ge=0)
    max_lessons: int = Field(default=5000, ge=1, le=1_000_000)
    git_repo: Path | None = None
    git_commits_limit: int = Field(default=100, ge=0, le=100_000)
    training_interval_hours: float = Field(default=24, ge=0, allow_inf_nan=False)
    default_base_model: str = DEFAULT
    lora_rank: int = Field(default=16, ge=4, le=64)
    learning_rate: float = Field(default=2e-4, gt=0, le=1e-2, allow_inf_nan=False)
    num_epochs: int = Field(default=3, ge=1, le=20)
    batch_size: int = Field(default=4, ge=1, le=32)
    max_seq_length: int = Field(default=2048, ge=256, le=8192)
    rehearsal: float | None = Field(default=None, ge=0, le=1)
    training_image: str = "academy-trainer:latest"
    docker_cuda_image: str = Field(default="python:3.11-slim", validation_alias=AliasChoices("docker_cuda_image", "DOCKER_CUDA_IMAGE"))
    ray_address: str = Field(default="", validation_alias=AliasChoices("ray_address", "RAY_ADDRESS"))
    ray_client: str = ""
    ray_store: str = ""
    ollama_models: Path | None = Field(default=None, validation_alias=AliasChoices("ollama_models", "OLLAMA_MODELS"))
    model_folders: str = "~/.lmstudio/models,~/.cache/lm-studio/models"
    remote_data: bool = False
    remote_hosts: str = ""
    session_folders: str = "~"
    max_upload_mb: int = Field(default=500, ge=1, le=100_000)
    token: str = ""
    allowed_hosts: str = ""
    cors_origins: str = ""
    mcp: bool = False
    autopilot: bool = False
    judge_url: str = ""
    judge_model: str = ""
    judge_key: str = ""
    autopilot_hours: str = "1-6"
    notify_url: str = ""
    language: str = ""
    root_path: str = ""
    space_id: str = Field(default="", validation_alias=AliasChoices("space_id", "SPACE_ID"))
    space_host: str = Field(default="", validation_alias=AliasChoices("space_host", "SPACE_HOST"))

    @field_validator("git_repo", "ollama_models", mode="before")
    @classmethod
    def _empty_means_none(cls, value: Any) -> Any:
        return value or None

    @field_validator("data_dir", mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        if not str(value).strip() or "\x00" in str(value):
            raise ValueError("name a folder")
        return value

    @field_validator("data_dir", "git_repo", "ollama_models")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        # Made absolute at once: the app later changes its working directory.
        return value.expanduser().absolute() if value else value

    @field_validator("default_base_model")
    @classmethod
    def _absolute_folder(cls, value: str) -> str:
        if value in BUNDLED or value.startswith("ollama:"):
            return value
        is_path = value.startswith((".", "~")) or value.count("/") > 1 or value.endswith(".gguf") or os.path.isdir(value)
        return str(Path(value).expanduser().absolute()) if is_path else value

    @field_validator("host")
    @classmethod
    def _host(cls, value: str) -> str:
        bare = value.strip("[]")
        if not HOST.fullmatch(f"[{bare}]" if ":" in bare else bare):
            raise ValueError("name one address of this machine, such as 127.0.0.1, or 0.0.0.0 for all; the port has a setting of its own")
        return bare

    @field_validator("remote_hosts")
    @classmethod
    def _remote_hosts(cls, value: str) -> str:
        names = [part.strip().lower() for part in value.split(",") if part.strip()]
        if wrong := [name for name in names if not HOST.fullmatch(name)]:
            raise ValueError(f"{wrong[0]!r} is not a host; write names such as minio.lan:9000 or 192.168.1.5, separated by commas")
        return ",".join(names)

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, value: str) -> str:
        names = [part.strip().lower() for part in value.split(",") if part.strip()]
        if wrong := [name for name in names if not HOST.fullmatch(name.removeprefix("*."))]:
            raise ValueError(f"{wrong[0]!r} is not a host; write names such as academy.example, *.lan or box:8080, separated by commas")
        return ",".join(names)

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        origins = [part.strip().lower().rstrip("/") for part in value.split(",") if part.strip()]
        if wrong := [
            origin for origin in origins if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s/*]+|(?!https?:)[a-z][a-z0-9+.-]*://\*|null", origin)
        ]:
            raise ValueError(
                f"{wrong[0]!r} is not an origin; write those such as http://localhost:3000, app://obsidian.md or vscode-webview://*, "
                "separated by commas"
            )
        return ",".join(origins)

    @field_validator("token")
    @classmethod
    def _token(cls, value: str) -> str:
        if not value.strip().isprintable():
            raise ValueError("it contains a line break or another character that cannot be sent")
        return value.strip()

    @field_validator("judge_url")
    @classmethod
    def _judge_url(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
            raise ValueError("write the address of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1")
        return value

    @field_validator("judge_key")
    @classmethod
    def _judge_key(cls, value: str) -> str:
        if not value.strip().isascii() or not value.strip().isprintable():
            raise ValueError("it contains a line break or another character that cannot be sent")
        return value.strip()

    @field_validator("autopilot_hours")
    @classmethod
    def _window(cls, value: str) -> str:
        value = value.replace(" ", "")
        found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", value)
        if value and (not found or found[1] == found[2] or any(int(hour) > 24 for hour in found.groups())):
            raise ValueError("write the hours between which it may work, such as 1-6, or nothing for any time")
        return value

    @field_validator("notify_url")
    @classmethod
    def _notify_url(cls, value: str) -> str:
        if value.strip() and not re.fullmatch(r"(https?|ntfy|ntfy\+https?)://[^\s/?#]+\S*", value.strip()):
            raise ValueError("write an address such as https://example.org/hook or https://ntfy.sh/topic")
        return value.strip()

    @field_validator("ray_address")
    @classmethod
    def _ray_address(cls, value: str) -> str:
        if value.strip() and not re.fullmatch(r"((https?|ray)://)?[^\s/?#]+/?", value.strip()):
            raise ValueError("write the address of the cluster's dashboard, such as http://head:8265")
        return value.strip().rstrip("/")

    @field_validator("ray_client")
    @classmethod
    def _ray_client(cls, value: str) -> str:
        if value.strip() and not re.fullmatch(r"ray://[^\s/?#]+", value.strip()):
            raise ValueError("write the address that the head serves Ray's clients on, such as ray://head:10001")
        return value.strip()

    @field_validator("ray_store")
    @classmethod
    def _ray_store(cls, value: str) -> str:
        if value.strip() and not re.fullmatch(r"[a-z0-9+:]+://[^\s?#]+", value.strip()):
            raise ValueError("write a place that fsspec reaches, such as s3://bucket/academy")
        return value.strip()

    @field_validator("root_path")
    @classmethod
    def _root_path(cls, value: str) -> str:
        if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", value):
            raise ValueError("write a path such as /academy, without a slash at its end")
        return value

    @field_validator("training_image", "docker_cuda_image")
    @classmethod
    def _image(cls, value: str) -> str:
        if not _IMAGE.fullmatch(value):
            raise ValueError("name an image such as academy-trainer:latest")
        return value

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def needs_token(self) -> bool:
        """Whether requests need a token: always if other machines can reach the server, except in a demonstration."""
        return bool(self.token) or not (self.is_loopback or self.space_id)

    @property
    def only_shows(self) -> bool:
        """Whether this is a Space without a token: a demonstration that allows no changes."""
        return bool(self.space_id) and not self.token

    @property
    def training_dir(self) -> Path:
        """Datasets, the journal of jobs and the active adapter."""
        return self.data_dir / "training"

    @property
    def models_dir(self) -> Path:
        """One folder per job, named by its id."""
        return self.data_dir / "models"

    @property
    def bases_dir(self) -> Path:
        """Base models that Academy made of GGUF files."""
        return self.data_dir / "bases"

    @property
    def ollama_folders(self) -> tuple[Path, ...]:
        """Where Ollama keeps its models: for the user, and as a service of a Linux machine."""
        if self.ollama_models:
            return (self.ollama_models,)
        return (Path("~/.ollama/models").expanduser(), Path("/usr/share/ollama/.ollama/models"))

    @property
    def gguf_folders(self) -> tuple[Path, ...]:
        """Folders whose GGUF files are offered as base models."""
        return tuple(Path(part.strip()).expanduser().absolute() for part in self.model_folders.split(",") if part.strip())

    @property
    def session_homes(self) -> tuple[Path, ...]:
        """Folders below which sessions of coding agents are looked for; where others can log in, only those that the owner names."""
        if "session_folders" not in self.model_fields_set and (self.needs_token or self.space_id):
            return ()
        return tuple(Path(part.strip()).expanduser().absolute() for part in self.session_folders.split(",") if part.strip())

    @property
    def chat_dir(self) -> Path:
        """Conversations and presets of the chat."""
        return self.data_dir / "chat"

    @property
    def arena_dir(self) -> Path:
        """Golden questions, and the journal of duels and votes."""
        return self.data_dir / "arena"

    @property
    def uploads_dir(self) -> Path:
        """Uploaded files and their records."""
        return self.data_dir / "uploads"

    @property
    def documents_dir(self) -> Path:
        """Documents as passages, and what was decided on the questions about them."""
        return self.data_dir / "documents"

    @property
    def wordings_dir(self) -> Path:
        """Lists of the lessons whose questions a model rephrases, and what was decided on the wordings."""
        return self.data_dir / "wordings"

    @property
    def import_reports_dir(self) -> Path:
        """What became of each row of the latest imports."""
        return self.data_dir / "import_reports"

    @property
    def incoming_dir(self) -> Path:
        """Files of a request while they are read; emptied at every start."""
        return self.data_dir / "incoming"


def load(**overrides: Any) -> Settings:
    """The settings, with command-line values over the environment; raises Invalid with a sentence for each bad value."""
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        sentences = [f"{(name := _variable(item['loc']))}: {_why(item)}{_shown(name, item['input'])}." for item in error.errors()]
        raise Invalid("A setting cannot be used. {reasons}", hint="Correct it and start again.", reasons=" ".join(sentences)) from error
    except (UnicodeDecodeError, OSError) as error:
        raise Invalid("The file .env in this folder cannot be read.", hint="Write it as text in UTF-8, or delete it.") from error


def _why(item: Any) -> str:
    return item["msg"].removeprefix("Value error, ").replace("Input should be", "it must be")


def _shown(name: str, value: Any) -> str:
    return "" if name in ("ACADEMY_TOKEN", "ACADEMY_JUDGE_KEY", "ACADEMY_NOTIFY_URL") else f" (got {str(value)!r})"


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "settings"
    alias = Settings.model_fields[name].validation_alias if name in Settings.model_fields else None
    if isinstance(alias, AliasChoices):
        return str(alias.choices[-1])
    return name if name.isupper() else f"ACADEMY_{name.upper()}"
