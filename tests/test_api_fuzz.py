"""What a machine makes up from the API's own description: no answer is a 5xx that is not meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig
from test_api import API, EchoEngine

from academy.api.routes import create_api
from academy.config import Settings
from academy.habitat import Component
from academy.services.academy import Academy

_QUIET = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],  # type: ignore[arg-type]
    phases=[Phase.generate],
    report_multiple_bugs=True,
)
_MEANT = {503, 507}
"""Missing or full, and said so."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The description of an application with some lessons, a dataset and a waiting job."""
    # An image that cannot be had: asking for it must begin no build.
    folder = tmp_path_factory.mktemp("fuzz")
    settings = Settings(data_dir=folder, training_image="127.0.0.1:9/none", _env_file=None)  # type: ignore[call-arg]
    academy = Academy(settings, engine=EchoEngine())
    academy._habitat.training = lambda: Component("training", True, "assumed")  # type: ignore[method-assign]
    academy.lessons.load_samples()
    app = create_api(academy)
    # Trainings would be queued by the hundred, tries and token counts start processes: those have tests of their own.
    yield schemathesis.openapi.from_asgi("/openapi.json", app, config=SchemathesisConfig()).exclude(path_regex="dry-run|/tokens")
    academy.close()


def fuzz(described: Any, examples: int) -> int:
    """Asks every operation so many made-up questions and returns how many were asked."""
    asked = 0
    for result in described.get_all_operations():
        operation = result.ok()

        @settings(_QUIET, max_examples=examples)
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            answer = case.call()
            assert answer.status_code < 500 or answer.status_code in _MEANT, (case.as_curl_command(), answer.text[:300])

        ask()
    return asked


def test_no_made_up_request_is_answered_with_a_server_error(described: Any) -> None:
    assert fuzz(described, 6) > 200


@pytest.mark.torture
def test_no_made_up_request_of_many_is_answered_with_a_server_error(described: Any) -> None:
    assert fuzz(described, 200) > 5_000


def test_the_description_covers_the_contract(described: Any) -> None:
    described_paths = set(described.raw_schema["paths"])
    contract = (
        *("/health", "/status", "/dataset", "/dataset/preview", "/datasets", "/datasets/{dataset_id}", "/dataset/upload"),
        *("/dataset/uploads", "/dataset/uploads/{upload_id}", "/lessons", "/lessons/{lesson_id}", "/lessons/import", "/train"),
        *("/train/{job_id}/status", "/train/{job_id}/logs/stream", "/train/{job_id}/metrics", "/train/{job_id}", "/train/{job_id}/stop"),
        *("/train/{job_id}/resume", "/jobs", "/adapters", "/adapters/activate", "/adapters/deactivate", "/adapters/{adapter_id}", "/chat"),
    )
    assert {f"{API}{path}" for path in contract} <= described_paths
