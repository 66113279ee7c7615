"""What a job's warden is told: the spec that the trainer reads, its command and its environment."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from academy.config import Settings
from academy.errors import Refused
from academy.files import disk_errors, now, write_atomic
from academy.jobs import folder as job_folder
from academy.jobs import recipes
from academy.jobs.backends import Command, Seen
from academy.jobs.backends.docker.backend import DockerBackend
from academy.jobs.backends.subprocess import ROOT, SubprocessBackend
from academy.jobs.processes import MARK, mark_of
from academy.jobs.reading.events import Events
from academy.jobs.reading.view import log_tail
from academy.jobs.recipes import Recipe
from academy.jobs.spec import KNOBS, TrainingSpec
from academy.jobs.store import Job

GRACE_SECONDS = 5.0
DRY_RUN_SECONDS = 300.0

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
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)
_FROM_IMAGE = ("PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES", "VIRTUAL_ENV", "CONDA_PREFIX")
# One arena that is never given back to the system: 1.2 times the steps a second on a CPU.
_MALLOC = "glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184"


def spec_json(job: Job, seen: Seen) -> dict[str, Any]:
    """`spec.json`: all that the trainer is told, with paths as it sees them."""
    return {
        "job_id": job.job_id,
        "name": job.name,
        "created_at": job.created_at,
        "base_model": job.base_model,
        "base_path": str(seen.base) if seen.base else None,
        "base_fingerprint": job.base_fingerprint,
        "base_revision": job.base_revision,
        "dataset_path": str(seen.dataset),
        "eval_path": str(seen.evaluation) if seen.evaluation else None,
        "dataset_id": job.dataset_id,
        "continue_from_path": str(seen.continue_from) if seen.continue_from else None,
        "continue_from": job.continue_from,
        "parameters": job.parameters,
        "dry_run": job.dry_run,
        "device": job.device,
        # Where the dataset lies for people: the model card and metadata.json name it, whatever a container calls it.
        "dataset_shown": job.dataset_path,
    }


def fetch_command(job: Job, seen: Seen, folder: Path, outside: Mapping[str, str] = os.environ) -> Command:
    """Fetches the base model: the only program of a job that may use the network and the hub's token."""
    env = {name: outside[name] for name in (*_PASSED, *_PASSED_TO_FETCH) if name in outside} | _locale(outside)
    env |= {
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",
        MARK: mark_of(folder),
    }
    return Command([seen.python, "-m", "academy.jobs.fetch", str(folder)], env, str(folder), grace_seconds=2.0)


def train_command(
    job: Job, seen: Seen, settings: Settings, recipe: Recipe | None, folder: Path, outside: Mapping[str, str] = os.environ
) -> Command:
    """The trainer, or the owner's recipe."""
    env = {name: outside[name] for name in _PASSED if name in outside} | _locale(outside)
    inherit: tuple[str, ...] = ()
    if job.backend == "docker":
        # Nothing of this machine's paths means anything in there; the image knows its own.
        kept = ("LANG", "TZ", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF")
        env = {name: value for name, value in env.items() if name in kept}
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
        MARK: mark_of(folder),
    }
    if not settings.enable_gpu:
        env |= {"CUDA_VISIBLE_DEVICES": "", "HIP_VISIBLE_DEVICES": ""}
    if recipe is None:
        env |= {"PYTHONPATH": str(seen.root), "PYTHONSAFEPATH": "1"}
        return Command([seen.python, "-m", "academy.trainer", str(seen.folder)], env, str(seen.folder), GRACE_SECONDS, None, inherit)
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
    return Command(
        recipes.fill(recipe.argv, values), env | recipe.env, str(seen.folder), GRACE_SECONDS, recipe.image, inherit, keep_bars=True
    )


def dry_run(settings: Settings, spec: TrainingSpec, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Two steps on the longest rows, at once and outside the queue: what it takes, and whether that is there."""
    if not fields.get("base_path"):
        raise Refused(f"{fields.get('base_model')} has not been fetched yet.", hint="Start a training with it, which fetches it.")
    backend = DockerBackend(settings, sweeps=False) if spec.backend == "docker" else SubprocessBackend(settings)
    backend.check(None)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with disk_errors("the dry run's folder"), tempfile.TemporaryDirectory(prefix="dry_run_", dir=settings.data_dir) as name:
        folder = Path(name)
        known = {item.name for item in dataclasses.fields(Job)}
        given: dict[str, Any] = {"name": "dry run"}
        given |= {key: value for key, value in fields.items() if key in known and value is not None}
        given |= {"job_id": folder.name, "status": "preparing", "created_at": now(), "backend": backend.name, "output_dir": name}
        given |= {"parameters": {knob: getattr(spec, knob) for knob in KNOBS}, "dry_run": True, "attempt": 1}
        job = Job(**given)
        seen = backend.seen(job)
        write_atomic(folder / "spec.json", job_folder.dumps(spec_json(job, seen)))
        backend.start(job, folder, train_command(job, seen, settings, None, folder))
        until = time.monotonic() + DRY_RUN_SECONDS
        while (alive := backend.alive(job)) is not False and time.monotonic() < until:
            time.sleep(0.05)
        if alive is not False:
            while backend.alive(job) is not False and time.monotonic() < until + 30:
                backend.terminate(job, force=time.monotonic() > until + GRACE_SECONDS)
                time.sleep(0.5)
        said = Events(job).read()
        record = job_folder.read_small(job.folder.record) or {}
        tail = log_tail(job, 2000)
        backend.clean(job)
    last = said[-1] if said else {}
    if alive is not False:
        return {"fits": False, "cause": "timeout", "reason": f"Two steps took longer than {DRY_RUN_SECONDS:.0f} seconds.", "logs": tail}
    if last.get("type") != "finished":
        reason = last.get("reason") if last.get("type") == "failed" else None
        if record.get("oom"):
            reason = "It was killed because the memory ran out."
        cause = "out_of_memory" if record.get("oom") else last.get("cause") or "unknown"
        how = record.get("signal") or f"exit code {record.get('exit_code')}"
        return {"fits": False, "cause": cause, "reason": reason or f"The try ended with {how}.", "logs": tail}
    facts = dict(last.get("extra") or {})
    free = shutil.disk_usage(settings.data_dir).free >> 20
    needed = facts.get("disk_needed_mb") or 0
    roomy = needed < free
    reason = "" if roomy else f"It needs about {needed:.0f} MB on the disk, and {free} MB are free."
    return {"fits": roomy, "cause": None if roomy else "disk_full", "reason": reason, "disk_free_mb": free, **facts}


def _locale(outside: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in outside.items() if name.startswith("LC_")}
