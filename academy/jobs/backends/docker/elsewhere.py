"""An engine that does not see the data folder: a job's files go there, and come back, through the engine itself.

Whether it sees the folder is measured. What a job reads lies there in volumes; what its program writes is left by `leaving.py`.
"""

from __future__ import annotations

import base64
import bisect
import contextlib
import hashlib
import io
import json
import secrets
import socket
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from academy.files import write_atomic
from academy.jobs import folder as job_folder
from academy.jobs.backends.docker import mounts
from academy.jobs.backends.docker.engine import misses_a_path
from academy.jobs.backends.docker.mounts import User
from academy.jobs.backends.protocol import ROOT, WARDEN
from academy.jobs.carrying import chunks
from academy.jobs.carrying.arriving import take_in
from academy.jobs.carrying.chunks import Listed, Lister
from academy.jobs.carrying.depot import chunk_in, note_in
from academy.jobs.carrying.going import inputs_of, own_of, read_to_send, report, sources_of
from academy.jobs.store import Job

VOLUME_LABEL = "academy.holds"
_PLACE = Path("/job/.carried")
_THERE = "there"  # beside the trainer's package: the program that leaves what it writes
_THERE_FILES = ("__init__.py", "chunks.py", "depot.py", "leaving.py")
_BEGIN = (
    "import sys; sys.path.insert(0, '/opt/academy/there'); from academy.jobs.carrying.leaving import main; sys.exit(main(sys.argv[1:]))"
)
_MOST_NOTE = 64 << 20
_PACE = 1.0
CARRY_SECONDS = 60.0  # without a byte, until a transfer counts as broken
_REQUESTS = ("stop", "trials/*/stop", "trials/*/clone.json")  # what the app writes while the program runs

ENTRYPOINT = ["python3", "-I", "-S", "-c", _BEGIN, "/job", str(_PLACE), "/opt/academy/warden.py"]
"""The first process of the container."""


class Interrupted(Exception):
    """A person's wish goes before what is being carried."""


@dataclass(frozen=True)
class Volume:
    """What a container sees at one path; `stays`: the next job finds it there."""

    name: str
    inner: str
    files: Mapping[str, Path]
    listed: Mapping[str, Listed]
    mode: Literal["ro", "rw"] = "ro"
    stays: bool = False


def sees(client: Any, image: str, data_dir: Path) -> bool:
    """Whether the engine finds the data folder and this package under their paths: it is asked for a file that was written just now."""
    from docker.errors import APIError, NotFound
    from docker.types import Mount

    token = data_dir / f".seen-{secrets.token_hex(8)}"
    write_atomic(token, secrets.token_hex(16))
    bound = [Mount("/seen", str(data_dir), type="bind", read_only=True), Mount("/warden.py", str(WARDEN), type="bind", read_only=True)]
    try:
        # It is never started.
        labels = {mounts.DATA_LABEL: mark_of(data_dir)}
        probe = client.containers.create(image, ["true"], entrypoint=[], mounts=bound, network_mode="none", labels=labels)
    except APIError as error:
        if misses_a_path(error):
            return False
        raise
    else:
        try:
            read = [fetched(client, probe.id, path, 1 << 20) for path in (f"/seen/{token.name}", "/warden.py")]
            client.api.inspect_container(probe.id)  # raises if it was removed meanwhile, which says nothing
            return read == [token.read_bytes(), WARDEN.read_bytes()]
        finally:
            with contextlib.suppress(NotFound):
                client.api.remove_container(probe.id, v=True, force=True)
    finally:
        token.unlink(missing_ok=True)


def mark_of(data_dir: Path) -> str:
    """The data folder among those of all machines that share an engine."""
    try:
        machine = Path("/etc/machine-id").read_text().strip()
    except OSError:
        machine = ""
    return hashlib.sha256(f"{machine or socket.gethostname()}\0{data_dir}".encode()).hexdigest()[:16]


class Elsewhere:
    """One job on such an engine."""

    def __init__(
        self, job: Job, container: str, mark: str, engine: str, *, interrupted: Callable[[], bool], heard: Callable[[], None]
    ) -> None:
        self.container, self.mark, self.engine = container, mark, engine
        self._job = job
        self._interrupted, self._heard = interrupted, heard
        self._seen_out = b""
        self._passed: set[str] = set()

    @classmethod
    def found(cls, job: Job, **callbacks: Any) -> Elsewhere | None:
        """The one that an earlier start of the app has begun, if any."""
        known = job_folder.read_small(job.folder.engine) or {}
        named = [known.get(name) for name in ("container", "mark", "engine")]
        return cls(job, *named, **callbacks) if all(isinstance(name, str) for name in named) else None  # type: ignore[arg-type]

    def remember(self) -> None:
        """Writes down where the job is, for the next start of the app."""
        known = {"container": self.container, "mark": self.mark, "engine": self.engine}
        write_atomic(self._job.folder.engine, job_folder.dumps(known))

    # There

    def send(self, client: Any, image: str, root: Path, user: User, lister: Lister) -> list[Any]:
        """Lays out in volumes what the container needs, as far as it is not there; returns its mounts."""
        volumes = self._inputs(lister, root)
        helper = f"{self.container}-carrier"
        own = Volume(f"{self.container}-{self._job.attempt}", "/job", {}, {}, "rw")
        _remove(client.api.remove_container, helper, v=True, force=True)
        _remove(client.api.remove_volume, own.name)
        for volume in (*volumes, own):
            client.api.create_volume(volume.name, labels=self._labels(volume))
        # It is never started: only through a container can a volume be written.
        writable = [_mount(volume, read_only=False) for volume in (*volumes, own)]
        labels = {mounts.JOB_LABEL: self._job.job_id, mounts.DATA_LABEL: self.mark}
        client.containers.create(image, ["true"], entrypoint=[], name=helper, mounts=writable, network_mode="none", labels=labels)
        try:
            missing = {volume.name: self._missing(client, helper, volume) for volume in volumes}
            told = _Told(self._job, sum(volume.listed[name].size for volume in volumes for name in missing[volume.name]), self._heard)
            for volume in volumes:
                if missing[volume.name]:
                    self._put(client, helper, volume, packed(volume, missing[volume.name], self._read(lister, told), user))
            # At the end, so that it has the events of what was sent.
            places = own_of(self._job)
            own = Volume(own.name, own.inner, places, lister.files(places), "rw")
            self._put(client, helper, own, packed(own, own.listed, self._read(lister, None), user))
        finally:
            _remove(client.api.remove_container, helper, v=True, force=True)
        return [_mount(volume, read_only=volume.mode == "ro") for volume in (*volumes, own)]

    def _inputs(self, lister: Lister, root: Path) -> list[Volume]:
        """The volumes that the container only reads."""
        places: dict[str, dict[str, Path]] = {"/data": {}, "/opt/academy": _program(root)}
        places |= {f"/{name}": {} for name, path in sources_of(self._job).items() if path.is_dir()}
        seen = mounts.seen_by(self._job)
        for name, path in inputs_of(self._job).items():
            top, _, rest = name.partition("/")
            if not rest:
                places["/data"][name] = path
            elif top == "base" and seen.base:
                places.setdefault("/base", {})[str(PurePosixPath(seen.base.relative_to("/base"), rest))] = path
            else:
                places.setdefault(f"/{top}", {})[rest] = path
        return [self._volume(inner, files, lister) for inner, files in places.items()]

    def _volume(self, inner: str, files: dict[str, Path], lister: Lister) -> Volume:
        listed = lister.files(files)
        digest = hashlib.sha256(json.dumps(chunks.listing_json(listed), sort_keys=True).encode()).hexdigest()[:16]
        stays = inner in ("/base", "/opt/academy")
        name = f"academy-{self.mark[:8]}-{digest}" if stays else f"{self.container}-{inner.rpartition('/')[2]}-{digest[:8]}"
        return Volume(name, inner, files, listed, stays=stays)

    def _labels(self, volume: Volume) -> dict[str, str]:
        own = {} if volume.stays else {mounts.JOB_LABEL: self._job.job_id}
        return {mounts.DATA_LABEL: self.mark, VOLUME_LABEL: volume.inner, **own}

    def _missing(self, client: Any, helper: str, volume: Volume) -> list[str]:
        """The files that are not there: they are sent in order, so that those from the first one on are missing that is not whole."""
        names = list(volume.listed)

        def is_there(number: int) -> bool:
            return _size_of(client, helper, f"{volume.inner}/{names[number]}") == volume.listed[names[number]].size

        if not names or is_there(len(names) - 1):
            return []
        return names[bisect.bisect(range(len(names) - 1), False, key=lambda number: not is_there(number)) :]

    def _put(self, client: Any, helper: str, volume: Volume, packed_files: Iterator[bytes]) -> None:
        self._check()
        try:
            _put_archive(client, helper, "/", packed_files)
        finally:
            packed_files.close()  # type: ignore[attr-defined]

    def _read(self, lister: Lister, told: _Told | None) -> Callable[[str], bytes]:
        def read(chunk: str) -> bytes:
            self._check()
            data = read_to_send(lister, chunk)
            if told is not None:
                told.sent(len(data))
            return data

        return read

    def _check(self) -> None:
        if self._interrupted():
            raise Interrupted

    # And back

    def take_in(self, client: Any) -> bool:
        """Brings the job's folder up to the newest listing; whether it is the last one, and all of it is here."""
        raw = fetched(client, self.container, str(note_in(_PLACE, "/out")), _MOST_NOTE)
        if raw is None:
            return False
        listing = json.loads(raw)
        if raw != self._seen_out:
            try:
                take_in(self._job.folder, chunks.listing_of(listing["files"]), lambda chunk: self._get(client, chunk))
            except KeyError:
                return False  # a newer listing has been left meanwhile
            self._seen_out = raw
        return bool(listing["over"])

    def _get(self, client: Any, chunk: str) -> bytes:
        self._check()
        data = fetched(client, self.container, str(chunk_in(_PLACE, chunk)), chunks.CHUNK)
        if data is None:
            raise KeyError(chunk)
        self._heard()
        return data

    def pass_on(self, client: Any, user: User) -> None:
        """Hands over what the app wrote for the program since its start."""
        root = self._job.folder.path
        for path in (path for pattern in _REQUESTS for path in root.glob(pattern) if path.is_file() and not path.is_symlink()):
            name = str(path.relative_to(root))
            if name in self._passed:
                continue
            _put_archive(client, self.container, "/job", b"".join([*_entry(name, path.read_bytes(), user), _END]))
            if name == "stop":
                self._passed.add(name)
            else:
                path.unlink()  # a race's program takes it away once it has read it

    def forget(self, client: Any) -> None:
        """Removes the job's volumes; base models and the program stay for the next job."""
        _remove(client.api.remove_container, f"{self.container}-carrier", v=True, force=True)
        remove_volumes(client, f"{mounts.JOB_LABEL}={self._job.job_id}", lambda labels: labels.get(mounts.DATA_LABEL) == self.mark)


def remove_volumes(client: Any, label: str, chosen: Callable[[Mapping[str, str]], bool]) -> None:
    """Removes those of the volumes with this label; one that a container uses stays."""
    for volume in client.api.volumes(filters={"label": label}).get("Volumes") or []:
        if chosen(volume.get("Labels") or {}):
            _remove(client.api.remove_volume, volume["Name"])


def fetched(client: Any, container: str, path: str, limit: int) -> bytes | None:
    """The content of one file in a container, running or not; None where there is none. Raises ValueError for more than the limit."""
    content = None
    for entry, file in _archive(client, container, path):
        if file is None or entry.size > limit:
            raise ValueError(f"{path} is no plain file, or too large")
        content = file.read()
    return content


def packed(volume: Volume, names: Iterable[str], read: Callable[[str], bytes], user: User) -> Iterator[bytes]:
    """An archive of files of a volume, for the root of a container: the volume's own folder then gets its owner too."""
    top = PurePosixPath(volume.inner.strip("/"))
    made = {PurePosixPath(".")}
    yield from _folders(top, made, user)
    for name in names:
        listed = volume.listed[name]
        yield from _folders(PurePosixPath(top, name).parent, made, user)
        yield _header(str(top / name), listed.size, user)
        for chunk in listed.chunks:
            yield read(chunk)
        yield b"\0" * (-listed.size % 512)
    yield _END


def _folders(folder: PurePosixPath, made: set[PurePosixPath], user: User) -> Iterator[bytes]:
    """A folder and those above it, as far as the archive does not have them."""
    for path in reversed([folder, *folder.parents]):
        if path not in made:
            made.add(path)
            yield _tar_info(str(path), user, type=tarfile.DIRTYPE, mode=0o755).tobuf(tarfile.PAX_FORMAT)


_END = b"\0" * 1024


def _entry(name: str, data: bytes, user: User) -> Iterator[bytes]:
    yield _header(name, len(data), user)
    yield data + b"\0" * (-len(data) % 512)


def _header(name: str, size: int, user: User) -> bytes:
    return _tar_info(name, user, size=size, mode=0o644).tobuf(tarfile.PAX_FORMAT)


def _tar_info(name: str, user: User, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in {"uid": user.uid, "gid": user.gid, "mtime": int(time.time()), **fields}.items():
        setattr(info, field, value)
    return info


def _mount(volume: Volume, *, read_only: bool) -> Any:
    from docker.types import Mount

    return Mount(volume.inner, volume.name, type="volume", read_only=read_only, no_copy=True)


def _program(root: Path) -> dict[str, Path]:
    """The trainer's package, the warden, and what the first process needs."""
    package = chunks.below(root / "academy", "academy")
    files = {name: path for name, path in package.items() if "__pycache__" not in name and path.suffix != ".safetensors"}
    carrying = ROOT / "academy" / "jobs" / "carrying"
    return files | {"warden.py": WARDEN} | {f"{_THERE}/academy/jobs/carrying/{name}": carrying / name for name in _THERE_FILES}


def _remove(call: Callable[..., Any], name: str, **options: Any) -> None:
    """Removes what may be gone already, or still be in use."""
    from docker.errors import APIError

    try:
        call(name, **options)
    except APIError as error:
        if error.status_code not in (404, 409):
            raise


def _size_of(client: Any, container: str, path: str) -> int | None:
    answer = client.api.head(_address(client, container), params={"path": path}, timeout=CARRY_SECONDS)
    if answer.status_code == 404:
        return None
    _check_answer(answer)
    return json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))["size"]


def _archive(client: Any, container: str, path: str) -> Iterator[tuple[tarfile.TarInfo, Any]]:
    """The entries of the archive of a path; none where there is no such path."""
    # The SDK's own get_archive takes the time limit off the connection.
    with client.api.get(_address(client, container), params={"path": path}, stream=True, timeout=CARRY_SECONDS) as answer:
        if answer.status_code == 404:
            return
        _check_answer(answer)
        source = io.BufferedReader(_Pieces(answer.iter_content(1 << 16)))
        try:
            with tarfile.open(fileobj=source, mode="r|") as archive:
                for entry in archive:
                    yield entry, archive.extractfile(entry) if entry.isreg() else None
            while source.read(1 << 16):  # to its end, so that the connection serves the next request too
                pass
        except tarfile.TarError as error:
            raise ValueError(f"the archive of {path} is damaged") from error


def _put_archive(client: Any, container: str, folder: str, archive: bytes | Iterator[bytes]) -> None:
    _check_answer(client.api.put(_address(client, container), params={"path": folder}, data=archive, timeout=CARRY_SECONDS))


def _check_answer(answer: Any) -> None:
    """Raises the SDK's own error, which has what the engine said."""
    from docker.errors import create_api_error_from_http_exception
    from requests import HTTPError

    try:
        answer.raise_for_status()
    except HTTPError as error:
        create_api_error_from_http_exception(error)


def _address(client: Any, container: str) -> str:
    return f"{client.api.base_url}/v{client.api.api_version}/containers/{container}/archive"


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._pieces, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


class _Told:
    """Reports how much was sent, at most once a second."""

    def __init__(self, job: Job, total: int, heard: Callable[[], None]) -> None:
        self._job, self._total, self._heard = job, total, heard
        self._done, self._at = 0, 0.0

    def sent(self, size: int) -> None:
        """Adds bytes."""
        self._done += size
        self._heard()
        if time.monotonic() - self._at > _PACE:
            self._at = time.monotonic()
            numbers = {"bytes_done": self._done, "bytes_total": self._total, "fraction": round(self._done / self._total, 3)}
            report(self._job, "preparing", "Sending the training to the other machine.", phase="upload", **numbers)
