"""What the machine offers, with reasons."""

from __future__ import annotations

from academy.errors import Unavailable
from academy.habitat import Habitat


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
    assert "ACADEMY_ENABLE_GPU" in habitat.gpu_message()


def test_memory_and_disk_are_positive(settings):
    habitat = Habitat(settings)
    assert 0 < habitat.memory()["available_mb"] <= habitat.memory()["total_mb"]
    assert 0 < habitat.disk()["free_mb"] <= habitat.disk()["total_mb"]


def test_a_missing_library_names_the_command_that_adds_it(settings):
    component = Habitat(settings).library("no_such_library")
    assert not component.ok
    assert "requirements-academy.txt" in component.remedy
