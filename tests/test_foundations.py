"""Settings, files and base models: what everything else stands on."""

from __future__ import annotations

import errno
import json
import os
import struct
from pathlib import Path

import pytest

from academy import files
from academy.bases import check_folder, facts, fingerprint, resolve_base
from academy.config import load
from academy.errors import Invalid, NoSpace, NotFound, Refused
from academy.jobs.spec import KNOBS, TrainingSpec, resolve


def test_the_command_line_wins_over_the_environment_and_that_over_the_env_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("ACADEMY_PORT=7001\nACADEMY_BATCH_SIZE=8\nACADEMY_MIN_LESSONS=7\n")
    monkeypatch.setenv("ACADEMY_BATCH_SIZE", "16")
    settings = load(port=7002)
    assert (settings.port, settings.batch_size, settings.min_lessons) == (7002, 16, 7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACADEMY_PORT", "70000"),
        ("ACADEMY_LORA_RANK", "1000000000"),
        ("ACADEMY_LEARNING_RATE", "nan"),
        ("ACADEMY_BACKEND", "kubernetes"),
        ("ENABLE_ACADEMY", "perhaps"),
        ("ACADEMY_BATCH_SIZE", ""),
    ],
)
def test_a_bad_setting_is_named_in_a_sentence(tmp_path, monkeypatch, name, value):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(Invalid) as error:
        load()
    assert name in error.value.detail


def test_every_setting_of_the_contract_takes_effect(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {
        "ENABLE_ACADEMY": "false",
        "ACADEMY_HOST": "0.0.0.0",
        "ACADEMY_DATA_DIR": "elsewhere",
        "ACADEMY_ENABLE_GPU": "false",
        "ACADEMY_MAX_LESSONS": "10",
        "ACADEMY_GIT_REPO": "repo",
        "ACADEMY_DEFAULT_BASE_MODEL": "Qwen/Qwen3-0.6B",
        "ACADEMY_TRAINING_IMAGE": "mine:1",
        "DOCKER_CUDA_IMAGE": "cuda:12",
        "ACADEMY_MAX_UPLOAD_MB": "5",
        "ACADEMY_TOKEN": "secret",
        "ACADEMY_ALLOWED_HOSTS": "a.example,b.example",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load()
    assert not settings.enabled
    assert not settings.is_loopback
    assert settings.data_dir == tmp_path / "elsewhere"
    assert settings.git_repo == tmp_path / "repo"
    assert (settings.max_lessons, settings.max_upload_mb) == (10, 5)
    assert (settings.training_image, settings.docker_cuda_image) == ("mine:1", "cuda:12")


def test_a_value_comes_from_the_request_else_the_preset_else_the_environment_else_the_default(settings):
    ours = settings.model_copy(update={"num_epochs": 9, "batch_size": 2})
    spec = resolve(TrainingSpec(lora_rank=8), {"lora_rank": 32, "num_epochs": 5}, ours)
    assert (spec.lora_rank, spec.num_epochs, spec.batch_size, spec.learning_rate) == (8, 5, 2, 2e-4)
    assert spec.lora_alpha == 16


def test_what_is_rehearsed_comes_from_the_environment_where_the_professor_would_follow_the_drift(settings):
    ours = settings.model_copy(update={"rehearsal": 0.25})
    for asked, chosen, expected in ((None, None, 0.25), (0.5, None, 0.5), (None, 0.0, 0.0)):
        assert resolve(TrainingSpec(rehearsal=asked), {"rehearsal": chosen}, ours).rehearsal == expected
    assert resolve(TrainingSpec(), {"rehearsal": None}, settings).rehearsal is None


def test_every_knob_has_a_title_and_a_help_line():
    for name in KNOBS:
        field = TrainingSpec.model_fields[name]
        assert field.title, name
        assert field.description, name


@pytest.mark.parametrize("name", ["../x", "", ".hidden", "-rf", "a/b", "a\x00b", "x" * 121, "CON", "nul.txt", "ａ", "a\r\nb", "a..b", "x."])
def test_names_that_could_leave_the_folder_are_refused(tmp_path, name):
    with pytest.raises(Invalid):
        files.inside(tmp_path, name)


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(NotFound):
        files.inside(tmp_path, "link")


def test_a_torn_last_line_does_not_swallow_the_next_one(tmp_path):
    path = tmp_path / "journal"
    files.append_line(path, "one")
    with open(path, "ab") as file:
        file.write(b"tor")
    files.append_line(path, "two")
    assert path.read_text() == "one\ntor\ntwo\n"


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "state.json"
    files.write_json(path, {"a": 1})

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(NoSpace):
            files.write_json(path, {"a": 2})
        with pytest.raises(NoSpace):
            files.append_line(path, "more")
    assert json.loads(path.read_text()) == {"a": 1}
    assert [child.name for child in tmp_path.iterdir()] == ["state.json"]


def test_the_bundled_model_is_known_by_its_files():
    base = resolve_base("academy-mini")
    assert base.kind == "bundled"
    assert base.path is not None
    known = facts(base.path)
    assert 1_000_000 < known.parameters < 6_000_000
    assert known.has_chat_template
    assert fingerprint(base.path) == fingerprint(base.path)


def _model(folder: Path, *, extra: dict | None = None) -> Path:
    folder.mkdir()
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 1, "hidden_size": 4} | (extra or {})
    (folder / "config.json").write_text(json.dumps(config))
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    return folder


def test_two_models_of_the_same_shape_have_different_fingerprints(tmp_path):
    first, second = _model(tmp_path / "a"), _model(tmp_path / "b")
    assert fingerprint(first) == fingerprint(second)
    raw = bytearray((second / "model.safetensors").read_bytes())
    raw[-1] = 1
    (second / "model.safetensors").write_bytes(raw)
    assert fingerprint(first) != fingerprint(second)


def test_models_that_bring_code_or_are_cut_short_or_pickled_are_refused(tmp_path):
    with pytest.raises(Refused, match="own code"):
        check_folder(_model(tmp_path / "code", extra={"auto_map": {"AutoModel": "x.y"}}))
    cut = _model(tmp_path / "cut")
    raw = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(raw[:-3])
    with pytest.raises(Refused, match="cut short"):
        check_folder(cut)
    pickled = _model(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(Refused, match="Pickled"):
        check_folder(pickled)


@pytest.mark.parametrize(
    "name", ["/no/such/folder", "nonsense", "a/b/c", "..", "x\x00y", "  ", "-rf/--", "https://huggingface.co/x/y", "$(id)"]
)
def test_a_base_model_that_cannot_be_is_refused(name):
    with pytest.raises((Invalid, NotFound, Refused)):
        resolve_base(name)
