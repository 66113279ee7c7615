"""Commands of jobs, and what of this machine's environment each may see."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from academy.config import BackendName, Settings
from academy.jobs import recipes
from academy.jobs.backends import BACKENDS, GRACE_SECONDS, Command, Seen
from academy.jobs.backends.protocol import ROOT
from academy.jobs.processes import MARK, mark_of
from academy.jobs.recipes import Recipe
from academy.jobs.store import Job

_PASSED = (
    "PATH",
    "HOME",
    "LANG",
    "LANGUAGE",
    "TMPDIR",
    "TZ",
    "USER",
    "LOGNAME",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "XDG_CACHE_HOME",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "CUDA_HOME",
    "LD_LIBRARY_PATH",
    "NVIDIA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "PYTORCH_CUDA_ALLOC_CONF",
    "PYTORCH_ALLOC_CONF",
)
_PASSED_TO_FETCH = (
    "HF_ENDPOINT",
    "HF_TOKEN",
    "HF_TOKEN_PATH",
    "HF_HUB_OFFLINE",
    "HUGGING_FACE_HUB_TOKEN",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "NETRC",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)
_FROM_IMAGE = (
    "PATH",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "CUDA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
)
# One arena that is never returned to the system: 1.2 times the steps a second on a CPU.
_MALLOC = "glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184"


def fetch_command(job: Job, seen: Seen, outside: Mapping[str, str] = os.environ) -> Command:
    """Fetches the base model: the only program of a job that may use the network, the hub's token and pip's settings."""
    env = {name: outside[name] for name in (*_PASSED, *_PASSED_TO_FETCH) if name in outside} | _locale(outside)
    env |= {name: value for name, value in outside.items() if name.startswith("PIP_")}
    env |= {
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",
        MARK: mark_of(job.folder.path),
    }
    folder = str(job.folder.path)
    return Command([seen.python, "-m", "academy.jobs.fetch", folder], env, folder, grace_seconds=2.0)


def convert_command(job: Job, seen: Seen, settings: Settings, outside: Mapping[str, str] = os.environ) -> Command:
    """Converts the base model from its GGUF file, as a process of this machine and without network, whatever the job is."""
    env, _ = _offline(dataclasses.replace(job, backend="subprocess"), settings, outside)
    env |= {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "CUDA_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": ""}
    argv = [seen.python, "-m", "academy.trainer.convert", str(job.folder.path), str(settings.bases_dir), job.base_source or ""]
    return Command(argv, env, str(job.folder.path), GRACE_SECONDS)


def export_command(job: Job, seen: Seen, settings: Settings, outside: Mapping[str, str] = os.environ) -> Command:
    """Exports an adapter, as a process of this machine without network and without its GPU, beside what runs there."""
    return _hidden_gpu(program_command("academy.trainer.export", job, seen, settings, outside))


def program_command(module: str, job: Job, seen: Seen, settings: Settings, outside: Mapping[str, str] = os.environ) -> Command:
    """One of Academy's own programs: it reads the job's folder and has no network."""
    env, inherit = _offline(job, settings, outside)
    env |= {"PYTHONPATH": str(seen.root), "PYTHONSAFEPATH": "1"}
    return Command([seen.python, "-m", module, str(seen.folder)], env, str(seen.folder), GRACE_SECONDS, None, inherit)


def warm_command(settings: Settings, python: str, root: Path, outside: Mapping[str, str] = os.environ) -> Command:
    """A trainer of this machine that gets its job later: one of Academy's own programs, with any mark."""
    env, _ = _environment("subprocess", mark_of(root), settings, outside)
    env |= {"PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"}
    return Command([python, "-m", "academy.trainer"], env, str(root), GRACE_SECONDS)


def recipe_command(recipe: Recipe, job: Job, seen: Seen, settings: Settings, outside: Mapping[str, str] = os.environ) -> Command:
    """The owner's recipe with the job's values."""
    env, inherit = _offline(job, settings, outside)
    values = {name: value for name, value in job.parameters.items() if name in recipes.PLACES and value is not None}
    values |= {
        "dataset": seen.dataset,
        "eval": seen.evaluation or "",
        "output": seen.folder / "output",
        "adapter": seen.folder / "output" / recipe.adapter,
        "base_model": seen.base or job.base_model,
        "base_name": job.base_model,
        "job": job.job_id,
        "python": seen.python,
    }
    argv = recipes.fill(recipe.argv, values)
    return Command(argv, env | recipe.env, str(seen.folder), GRACE_SECONDS, recipe.image, inherit, keep_bars=True)


def _hidden_gpu(command: Command) -> Command:
    return dataclasses.replace(command, env=command.env | {"CUDA_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": ""})


def _offline(job: Job, settings: Settings, outside: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The environment of a job's program without network, and the names that it inherits from a container's image."""
    return _environment(job.backend, mark_of(job.folder.path), settings, outside, job.devices)


def _environment(
    backend: BackendName, mark: str, settings: Settings, outside: Mapping[str, str], devices: Sequence[int] = ()
) -> tuple[dict[str, str], tuple[str, ...]]:
    env = {name: outside[name] for name in _PASSED if name in outside} | _locale(outside)
    inherit: tuple[str, ...] = ()
    if BACKENDS[backend].in_image:
        # This machine's paths mean nothing in a container; the image knows its own.
        portable = ("LANG", "TZ", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF")
        env = {name: value for name, value in env.items() if name in portable}
        env |= {"HOME": "/tmp", "HF_HOME": "/tmp/huggingface", "TRITON_CACHE_DIR": "/tmp/triton"}
        inherit = _FROM_IMAGE
    env |= {
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "WANDB_MODE": "disabled",
        "MPLBACKEND": "Agg",
        "GLIBC_TUNABLES": _MALLOC,
        MARK: mark,
    }
    if devices and not BACKENDS[backend].in_image:
        granted = outside.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(max(devices) + 1)))).split(",")
        env["CUDA_VISIBLE_DEVICES"] = ",".join(granted[number] for number in devices if number < len(granted))
    if not settings.enable_gpu:
        env |= {"CUDA_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": ""}
    return env, inherit


def _locale(outside: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in outside.items() if name.startswith("LC_")}
