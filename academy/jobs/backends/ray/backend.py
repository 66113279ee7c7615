"""The ray backend: the same warden on a node of a cluster, which is reached through Ray's Jobs API and a depot for files."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from academy.config import Settings
from academy.errors import AcademyError, NoSpace, Unavailable, foreign_code, log_and_go_on
from academy.files import disk_errors, write_atomic
from academy.jobs import folder as job_folder
from academy.jobs.backends.protocol import ROOT, Command, Death, Seen
from academy.jobs.backends.ray.cluster import Cluster
from academy.jobs.backends.ray.places import PACKAGE, PYTHON, place_of
from academy.jobs.carrying import chunks
from academy.jobs.carrying.arriving import take_in
from academy.jobs.carrying.chunks import Lister
from academy.jobs.carrying.going import inputs_of, keep_output, own_of, read_to_send, report, sources_of
from academy.jobs.spec import gpus_of
from academy.jobs.store import Job
from academy.messages import Text, from_json, msg

log = logging.getLogger(__name__)

PACE = 1.0
START_SECONDS = 300.0  # how long a start waits for a cluster that does not answer
UPLOAD_SECONDS = 120.0  # for one chunk
LOOK_SECONDS = 20.0
_OVER = ("SUCCEEDED", "FAILED", "STOPPED")
_LOST = ("node", "died", "unexpected", "actor")  # of Ray's message, where a program did not end by itself


@dataclass
class _Remote:
    """A job on the cluster. Only the watching thread asks the cluster."""

    job: Job
    command: Command | None = None  # to be submitted; None: it was submitted before, if at all
    state: Literal["new", "starting", "running", "ended", "never", "refused"] = "new"
    away: bool = False  # the cluster did not answer the last request
    error: Text = ""
    info: Mapping[str, Any] = field(default_factory=dict)
    death: Death | None = None  # as the job's own program on the head node tells it
    node: str | None = None
    request: Literal["", "cancel", "kill"] = ""
    requested: bool = False
    stopping: bool = False  # whether "stop and keep" was passed on
    sent: frozenset[str] = frozenset()
    seen_out: bytes = b""
    looked: float = 0.0
    clean: bool = False
    created: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        """The submission's id."""
        return submission(self.job)


class RayBackend:
    """Programs on a Ray cluster."""

    name = "ray"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cluster = Cluster(settings)
        self._lister = Lister()
        self._lock = threading.Lock()
        self._remotes: dict[str, _Remote] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    def look(self, gpus: bool) -> Text:
        """What the cluster offers; raises Unavailable where it does not answer."""
        there = self._cluster.ask("resources", seconds=LOOK_SECONDS)
        return msg(
            "Trainings can run on the Ray cluster: {cpus:.0f} CPUs, {gpus:.0f} GPUs.", cpus=there.get("CPU", 0), gpus=there.get("GPU", 0)
        )

    def check(self, image: str | None) -> None:
        """Raises Unavailable without Ray, an address, a cluster that answers, or the right token."""
        self._cluster.check()
        if image:
            raise Unavailable("A recipe with an image cannot run on a Ray cluster.", hint="Choose the backend docker for it.")
        self._cluster.ask("resources", seconds=LOOK_SECONDS)

    def seen(self, job: Job) -> Seen:
        """The paths on the node."""
        place = place_of(submission(job))
        inner = {name: place / "in" / name for name in sources_of(job)}
        return Seen(
            folder=place / "job",
            root=Path(PACKAGE),
            python=PYTHON,
            dataset=place / "in" / "dataset.jsonl",
            evaluation=inner.get("eval.jsonl"),
            base=inner.get("base"),
            continue_from=inner.get("continue"),
            earlier={name: path for name in job.earlier_paths if (path := inner.get(f"earlier/{name}.jsonl"))},
            preferences=inner.get("preferences.jsonl"),
        )

    def start(self, job: Job, command: Command) -> dict[str, Any]:
        """Writes what the warden reads and lets the watching thread submit it."""
        with disk_errors("the job's folder"):
            write_atomic(job.folder.command, job_folder.dumps(command.as_json()), mode=0o600)
        with self._lock:
            self._remotes[job.job_id] = _Remote(job, command, "starting")
        self._run()
        return {"pid": None, "backend": self.name, "container_id": submission(job)}

    def alive(self, job: Job) -> bool | None:
        """From the cluster's last answer; None while it does not answer."""
        remote = self._remote(job)
        if remote.state in ("ended", "never", "refused"):
            return False
        return True if remote.state == "starting" or (remote.state == "running" and not remote.away) else None

    def worker(self, job: Job) -> dict[str, Any] | None:
        """The program's pid on its node, as soon as the warden has reported it."""
        pid = job.folder.read_worker().get("pid")
        return {"pid": pid, "backend": self.name, "container_id": submission(job)} if isinstance(pid, int) else None

    def terminate(self, job: Job, *, force: bool = False) -> None:
        """Leaves a note that the node looks for; with `force` the cluster ends the job."""
        remote = self._remote(job)
        remote.request, remote.requested = "kill" if force else "cancel", True
        self._run()

    def record(self, job: Job) -> dict[str, Any] | None:
        """The warden's record, which arrives last."""
        return job_folder.read_small(job.folder.record)

    def autopsy(self, job: Job) -> Death:
        """What the cluster reports of an end that no warden recorded."""
        remote = self._remote(job)
        if remote.state == "refused":
            return Death(remote.error, refused=True)
        if remote.state == "never":
            return Death(never_began=True)
        return remote.death or death_of(remote.info, requested=remote.requested)

    def rebooted(self, job: Job) -> bool:
        """Never: a node that restarts is reported by the cluster."""
        return False

    def clean(self, job: Job) -> None:
        """Lets the watching thread remove what the job left in the depot."""
        self._remote(job).clean = True
        self._run()

    # The watching thread

    def _remote(self, job: Job) -> _Remote:
        with self._lock:
            remote = self._remotes.get(job.job_id)
            if remote is None or remote.job.attempt != job.attempt:
                remote = self._remotes[job.job_id] = _Remote(job)
        self._run()
        return remote

    def _run(self) -> None:
        self._wake.set()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="ray", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            self._wake.clear()
            with self._lock:
                remotes = list(self._remotes.values())
                if not remotes:
                    self._thread = None
                    break
            with log_and_go_on("The watch over the Ray cluster", log):
                for remote in remotes:
                    self._attend(remote)
            self._wake.wait(PACE)
        self._cluster.close()

    def _attend(self, remote: _Remote) -> None:
        """Does for one job what is due."""
        try:
            with foreign_code("Ray", Unavailable):
                if remote.state == "starting":
                    self._submit(remote)
                elif remote.state in ("new", "running"):
                    self._follow(remote)
                remote.away = False
                if remote.request and remote.state == "running":
                    self._pass_on(remote)
                if remote.clean:
                    self._forget(remote)
        except AcademyError as error:
            remote.away = True
            late = time.monotonic() - remote.created > START_SECONDS
            if remote.state == "starting" and (late or error.code == "RAY_TOKEN" or isinstance(error, NoSpace)):
                remote.state, remote.error = "refused", error.text
            if remote.clean:
                self._drop(remote)  # what is left in the depot stays there
            log.info("%s: %s", remote.job.job_id, error.detail)

    # -- there

    def _submit(self, remote: _Remote) -> None:
        job, command = remote.job, remote.command
        assert command is not None
        options = {
            **_entry(job, self._cluster.ask("nodes"), f"{remote.name} {self._cluster.store or repr('')}"),
            "runtime_env": {"py_modules": [str(ROOT / "academy")], "excludes": ["**/__pycache__/**", "**/*.safetensors"]},
            "metadata": {"academy": job.job_id},
        }
        sent = self._send(remote, {f"in/{name}": path for name, path in inputs_of(job).items()}, reports=True)
        sent |= self._send(remote, {f"job/{name}": path for name, path in own_of(job).items()}, reports=False)
        brief = {"job": f"academy-{job.job_id}", "files": chunks.listing_json(sent)}
        remote.sent = frozenset(chunks.all_chunks([sent]))
        self._cluster.ask("note", f"{remote.name}/in", json.dumps(brief).encode())
        self._cluster.ask("submit", remote.name, options, seconds=UPLOAD_SECONDS)
        remote.state = "running"

    def _send(self, remote: _Remote, places: dict[str, Path], *, reports: bool) -> dict[str, chunks.Listed]:
        """Leaves the files in the depot, as far as they are not there."""
        files = self._lister.files(places)
        missing = self._cluster.ask("missing", list(chunks.all_chunks([files])))
        reported = 0.0
        for number, chunk in enumerate(missing):
            if remote.request:
                break
            self._cluster.ask("put", chunk, read_to_send(self._lister, chunk), seconds=UPLOAD_SECONDS)
            if reports and time.monotonic() - reported > PACE:
                reported = time.monotonic()
                report(
                    remote.job,
                    "preparing",
                    msg("Sending the training to the cluster."),
                    phase="upload",
                    fraction=round(number / len(missing), 3),
                )
        return files

    # -- and back

    def _follow(self, remote: _Remote) -> None:
        """Takes in what has arrived, and asks for the state of the job."""
        remote.looked = time.monotonic()
        info = self._cluster.ask("look", remote.name)
        # After asking for its state, so that all it left before its end is there.
        over = self._take_in(remote)
        if info is None:
            began = remote.state == "running" or remote.seen_out
            remote.info, remote.state = {"status": "GONE"}, "ended" if began else "never"
            return
        remote.info = info
        ended = info["status"] in _OVER and (over or info["status"] != "SUCCEEDED")
        if remote.job.folder.stop.exists() and not remote.stopping:
            self._cluster.ask("note", f"{remote.name}/stop", b"1")
            remote.stopping = True
        if ended and not over and not remote.requested:
            output = self._cluster.ask("log", remote.name)
            remote.death = self._told(remote)
            report(remote.job, "note", (remote.death or death_of(info, requested=False)).said)
            keep_output(remote.job, output, "cluster")
        # Last: whoever sees that it has ended asks why.
        remote.state = "ended" if ended else "running"

    def _told(self, remote: _Remote) -> Death | None:
        """How a training over several nodes ended, as its program on the head node tells it."""
        raw = self._cluster.ask("read", f"{remote.name}/end")
        if raw is None:
            return None
        told = json.loads(raw)
        return Death(from_json(told["said"]) or "", interrupted=told["interrupted"] is True)

    def _take_in(self, remote: _Remote) -> bool:
        """Brings the local folder up to the newest listing; whether it is the last one."""
        raw = self._cluster.ask("read", f"{remote.name}/out")
        if raw is None:
            return False
        listing = json.loads(raw)
        if raw != remote.seen_out:
            take_in(
                remote.job.folder,
                chunks.listing_of(listing["files"]),
                lambda chunk: self._cluster.ask("get", chunk, seconds=UPLOAD_SECONDS),
            )
            remote.seen_out = raw
        return bool(listing["over"])

    def _pass_on(self, remote: _Remote) -> None:
        if remote.request == "kill":
            self._cluster.ask("stop", remote.name)
        self._cluster.ask("note", f"{remote.name}/cancel", b"1")
        remote.request = ""

    def _forget(self, remote: _Remote) -> None:
        """Removes the job's notes and chunks; those of a base model stay for the next job, and those that another job needs."""
        with self._lock:
            held = frozenset[str]().union(*(other.sent for other in self._remotes.values() if other is not remote))
        mine: set[str] = set()
        for note, kept in (("in", "in/base/"), ("out", "")):
            if raw := self._cluster.ask("read", f"{remote.name}/{note}"):
                files = chunks.listing_of(json.loads(raw)["files"])
                mine |= {*chunks.all_chunks([{name: listed for name, listed in files.items() if not kept or not name.startswith(kept)}])}
        self._cluster.ask("drop", f"{remote.name}/", sorted(mine - held))
        self._drop(remote)

    def _drop(self, remote: _Remote) -> None:
        with self._lock:
            if self._remotes.get(remote.job.job_id) is remote:
                del self._remotes[remote.job.job_id]


def submission(job: Job) -> str:
    """The id of an attempt on the cluster."""
    return f"academy-{job.job_id}-{job.attempt}"


def death_of(info: Mapping[str, Any], *, requested: bool) -> Death:
    """How a job ended by the cluster's account; `requested`: a person wanted it."""
    status, message, code = info.get("status"), str(info.get("message") or ""), info.get("exit_code")
    if status == "GONE":
        return Death(msg("The cluster no longer has the job"), interrupted=not requested)
    if status == "STOPPED":
        return Death("The job was stopped on the cluster")
    if isinstance(code, int) and code not in (0, -9, 137):
        return Death(msg("The program on the cluster ended with exit code {code}", code=code), exit_code=code)
    if any(word in message.lower() for word in _LOST) or isinstance(code, int):
        return Death("The cluster lost the node that the training ran on", interrupted=not requested)
    return Death(msg("The cluster ended the job: {message}", message=message[:300].rstrip(".")), interrupted=False)


def _entry(job: Job, nodes: Sequence[Mapping[str, float]], given: str) -> dict[str, Any]:
    """The program of the submission, and what it asks of the cluster: GPUs where it has any, else a CPU for each process."""
    kind = "GPU" if any(node["GPU"] for node in nodes) else "CPU"
    wanted, found = gpus_of(job.parameters), [int(node[kind]) for node in nodes]
    shares = shared(wanted, found)
    if shares is None:
        text = "The cluster has {found:.0f} of the {n} devices that the training needs."
        raise Unavailable(text, hint="Set GPUs to less.", found=sum(found), n=wanted)  # nodes may still be joining
    workers, each = shares
    program = "python -P -m academy.jobs.backends.ray"
    if workers == 1:
        return {"entrypoint": f"{program}.remote {given}", "entrypoint_num_gpus" if kind == "GPU" else "entrypoint_num_cpus": wanted}
    return {"entrypoint": f"{program}.nodes {given} {kind} {workers} {each}"}  # its workers ask for the devices


def shared(wanted: int, found: Sequence[int]) -> tuple[int, int] | None:
    """How many workers share so many devices, and how many each has: as few as the nodes allow; None where there are not enough."""
    for each in range(wanted, 0, -1):
        if wanted % each == 0 and sum(there // each for there in found) >= wanted // each:
            return wanted // each, each
    return None
