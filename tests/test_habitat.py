"""What the machine offers, with reasons."""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

import pytest

from academy.errors import Unavailable
from academy.habitat import Habitat
from academy.jobs.backends.docker.backend import DockerBackend
from academy.jobs.backends.docker.engine import explain, offers_gpus


def test_every_component_that_does_not_work_says_why(settings):
    def away(gpus: bool) -> str:
        raise Unavailable("The Docker Engine does not answer.", hint="Start it.")

    habitat = Habitat(settings, away)
    for component in habitat.components():
        assert component.reason
    assert (habitat.docker().ok, habitat.docker().reason, habitat.docker().remedy) == (
        False,
        "The Docker Engine does not answer.",
        "Start it.",
    )


def test_gpus_that_are_switched_off_are_not_asked_for(settings):
    habitat = Habitat(settings.model_copy(update={"enable_gpu": False}))
    assert habitat.gpus() == []
    assert "ACADEMY_ENABLE_GPU" in str(habitat.gpu_message())


def test_memory_and_disk_are_positive(settings):
    habitat = Habitat(settings)
    assert 0 < habitat.memory()["available_mb"] <= habitat.memory()["total_mb"]
    assert 0 < habitat.disk()["free_mb"] <= habitat.disk()["total_mb"]


def test_a_missing_library_names_the_command_that_adds_it(settings):
    component = Habitat(settings).library("no_such_library")
    assert not component.ok
    assert "requirements-academy.txt" in str(component.remedy)


def answering_with_errors(path: Path) -> socket.socket:
    """A Docker Engine that is ill."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def answer() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.recv(65536)
                client.sendall(b'HTTP/1.1 500 Oh\r\nContent-Length: 21\r\nConnection: close\r\n\r\n{"message": "no disk"}')

    threading.Thread(target=answer, daemon=True).start()
    return listener


def test_each_reason_why_docker_cannot_be_used_says_what_to_do(settings, tmp_path, monkeypatch):
    look = DockerBackend(settings).look
    gone, deaf, ill = (tmp_path / name for name in ("gone", "deaf", "ill"))
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(deaf))
    told = {}
    with answering_with_errors(ill) as listener:
        for host in (f"unix://{gone}", f"unix://{deaf}", f"unix://{ill}", "nonsense", "tcp://127.0.0.1:1"):
            monkeypatch.setenv("DOCKER_HOST", host)
            component = Habitat(settings, look).docker()
            assert not component.ok
            assert component.remedy
            assert str(tmp_path) not in str(component.reason)
            told[host.rpartition("/")[2]] = component.reason
        listener.shutdown(socket.SHUT_RDWR)
    assert "socket does not exist" in told["gone"]
    assert "does not answer" in told["deaf"]
    assert "no disk" in told["ill"]
    assert "cannot be used" in told["nonsense"]
    assert "does not answer" in told["127.0.0.1:1"]
    monkeypatch.setitem(sys.modules, "docker", None)
    assert "pip install" in str(Habitat(settings, look).docker().remedy)


def test_a_socket_that_may_not_be_opened_names_the_group(monkeypatch):
    from docker.errors import DockerException

    monkeypatch.delenv("DOCKER_HOST", raising=False)
    try:
        try:
            raise PermissionError(13, "Permission denied")
        except PermissionError as error:
            raise DockerException("Error while fetching server API version") from error
    except DockerException as error:
        found = explain(error)
    assert "usermod -aG docker" in found.hint


@pytest.mark.parametrize(
    ("info", "offered"), [({"Runtimes": {"runc": {}, "nvidia": {}}}, True), ({"Runtimes": {"runc": {}}}, False), ({}, False)]
)
def test_gpus_are_offered_by_the_runtime_or_its_hook(info, offered, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert offers_gpus(info) is offered
    (tmp_path / "nvidia-container-runtime-hook").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-container-runtime-hook").chmod(0o755)
    assert offers_gpus(info)
