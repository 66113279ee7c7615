"""Settings as the owner gives them: each bad value stops the start with a sentence, each good one takes effect."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import app as start
from academy.config import Settings, load
from academy.curation.examples import DatasetRequest
from academy.jobs.spec import TrainingSpec
from academy.services.academy import Academy

BAD = {
    "ENABLE_ACADEMY": ("perhaps", "2", ""),
    "ACADEMY_HOST": ("", "no host", "http://x", "localhost:80", "::1]x", "-", "a/b"),
    "ACADEMY_PORT": ("x", "-1", "65536", "", "7860.5"),
    "ACADEMY_DATA_DIR": ("", " ", "/dev/null/x"),
    "ACADEMY_ENABLE_GPU": ("x", ""),
    "ACADEMY_BACKEND": ("kubernetes", "", "DOCKER"),
    "ACADEMY_MIN_LESSONS": ("-1", "x", "1.5"),
    "ACADEMY_MAX_LESSONS": ("0", "1000001"),
    "ACADEMY_GIT_REPO": ("/no/such/folder", "\x01"),
    "ACADEMY_GIT_COMMITS_LIMIT": ("-1", "100001"),
    "ACADEMY_TRAINING_INTERVAL_HOURS": ("-1", "nan", "inf"),
    "ACADEMY_DEFAULT_BASE_MODEL": ("", "no-such-model", "/no/such/folder", "./nowhere", "a b", "-rf"),
    "ACADEMY_LORA_RANK": ("3", "65", "16.5", "x"),
    "ACADEMY_LEARNING_RATE": ("0", "0.011", "nan", "inf", "x"),
    "ACADEMY_NUM_EPOCHS": ("0", "21"),
    "ACADEMY_BATCH_SIZE": ("0", "33"),
    "ACADEMY_MAX_SEQ_LENGTH": ("255", "8193"),
    "ACADEMY_REHEARSAL": ("-0.1", "1.1", "nan", "x"),
    "ACADEMY_TRAINING_IMAGE": ("", " ", "an image", "a;b", "-v"),
    "DOCKER_CUDA_IMAGE": ("", "an image"),
    "ACADEMY_MAX_UPLOAD_MB": ("0", "-5", "1.5", "100001"),
    "ACADEMY_TOKEN": ("a\nb", "a\x7f"),
    "ACADEMY_ALLOWED_HOSTS": ("*", "http://x", "a b", "evil.example/", "*.", "x:", "[::1"),
    "ACADEMY_ROOT_PATH": ("x", "/x/", "//", "/a b"),
    "ACADEMY_MCP": ("x",),
    "ACADEMY_JUDGE_URL": ("ftp://x", "judge.example/v1", "http://", "http://x y", "http://x/v1?key=1"),
    "ACADEMY_JUDGE_KEY": ("a\nb", "ä"),
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_value_stops_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert start.main(["--port", "0"] if name != "ACADEMY_PORT" else []) == 1
    told = capsys.readouterr().err
    # A folder that cannot be made is told by its path.
    assert name in told or (value.startswith("/dev") and value in told)
    assert told.strip().endswith(".")
    assert "Traceback" not in told


def test_a_bad_token_is_not_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ACADEMY_TOKEN", "a-secret\nof two lines")
    assert start.main([]) == 1
    assert "a-secret" not in capsys.readouterr().err


def test_all_wrong_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ACADEMY_LORA_RANK", "3")
    monkeypatch.setenv("ACADEMY_BACKEND", "x")
    assert start.main([]) == 1
    told = capsys.readouterr().err
    assert "ACADEMY_LORA_RANK" in told
    assert "ACADEMY_BACKEND" in told


@pytest.mark.parametrize("content", [b"ACADEMY_PORT=\xff\n", b"ACADEMY_PORT=x\n"])
def test_a_bad_env_file_stops_the_start_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    (tmp_path / ".env").write_bytes(content)
    assert start.main([]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_relative_paths_are_relative_to_where_the_app_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / ".env").write_text("ACADEMY_DATA_DIR=here\nACADEMY_GIT_REPO=../repo\nACADEMY_DEFAULT_BASE_MODEL=mine/model\n")
    settings = load()
    # The app leaves this folder as soon as it serves.
    assert settings.data_dir == tmp_path / "here"
    assert settings.git_repo == tmp_path / "../repo"
    assert settings.default_base_model == str(tmp_path / "mine" / "model")
    assert load(data_dir=Path("there")).data_dir == tmp_path / "there"


def test_only_addresses_of_this_machine_alone_need_no_token() -> None:
    alone = ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"]
    assert [host for host in alone if not load(host=host).is_loopback] == []
    others = ["0.0.0.0", "::", "192.168.1.5", "127.evil.example", "localhost.evil.example", "box"]
    assert [host for host in others if load(host=host).is_loopback] == []


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Academy]:
    """An Academy with every setting that a request falls back on set to something else."""
    repository = tmp_path / "repo"
    repository.mkdir()
    author = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "init", "-q"], cwd=repository, check=True)
    for number in range(4):
        (repository / f"part{number}.txt").write_text(f"The pump of part {number} runs at {number * 17 + 300} turns.\n")
        subprocess.run(["git", "add", "."], cwd=repository, check=True)
        words = ["Tell how fast the pump turns", "Add the second pump", "Describe pump three", "Write the last pump down"]
        subprocess.run(["git", *author, "commit", "-qm", words[number]], cwd=repository, check=True)
    for name, value in {
        "ACADEMY_DATA_DIR": "data",
        "ACADEMY_MIN_LESSONS": "7",
        "ACADEMY_TRAINING_INTERVAL_HOURS": "48",
        "ACADEMY_MAX_LESSONS": "3",
        "ACADEMY_GIT_REPO": "repo",
        "ACADEMY_GIT_COMMITS_LIMIT": "2",
        "ACADEMY_LORA_RANK": "8",
        "ACADEMY_LEARNING_RATE": "1e-3",
        "ACADEMY_NUM_EPOCHS": "5",
        "ACADEMY_BATCH_SIZE": "2",
        "ACADEMY_MAX_SEQ_LENGTH": "512",
        "ACADEMY_MAX_UPLOAD_MB": "1",
        "ACADEMY_ENABLE_GPU": "false",
    }.items():
        monkeypatch.setenv(name, value)
    academy = Academy(load())
    yield academy
    academy.close()


def test_what_a_request_leaves_open_comes_from_the_settings(changed: Academy) -> None:
    config = changed.machine.status()["config"]
    assert (config["min_lessons"], config["training_interval_hours"]) == (7, 48)
    assert changed.machine.status()["gpu"]["enabled"] is False
    rows = [{"instruction": f"Who keeps the key of room {n}?", "output": f"Caretaker {n * 31 + 100} keeps it."} for n in range(6)]
    text = "\n".join(json.dumps(row) for row in rows).encode()
    changed.lessons.import_files([("rows.jsonl", io.BytesIO(text))])
    made = changed.datasets.create(DatasetRequest())
    assert made["statistics"]["lessons_collected"] == 3
    assert made["statistics"]["git_commits_collected"] == 2
    too_large = changed.datasets.upload([("large.txt", io.BytesIO(b"x" * ((1 << 20) + 1)))])
    assert too_large[0].status == "failed"


def test_a_training_without_a_preset_takes_its_values_from_the_settings(changed: Academy) -> None:
    rows = [{"instruction": f"Who keeps the key of room {n}?", "output": f"Caretaker {n * 31 + 100} keeps it."} for n in range(6)]
    changed.lessons.import_files([("rows.jsonl", io.BytesIO("\n".join(json.dumps(row) for row in rows).encode()))])
    changed.datasets.create(DatasetRequest())
    spec, _ = changed.training._plan(TrainingSpec(num_epochs=1))
    assert (spec.lora_rank, spec.learning_rate, spec.num_epochs, spec.batch_size, spec.max_seq_length) == (8, 1e-3, 1, 2, 512)


def test_the_address_that_is_printed_works_here_and_from_other_machines(tmp_path: Path) -> None:
    codes = iter("abc")
    with start._listen(Settings(data_dir=tmp_path, port=0, host="0.0.0.0", _env_file=None)) as listener:  # type: ignore[call-arg]
        port = listener.getsockname()[1]
        everywhere = start._addresses(Settings(data_dir=tmp_path, host="0.0.0.0", _env_file=None), listener, lambda: f"/{next(codes)}")  # type: ignore[call-arg]
        here = start._addresses(Settings(data_dir=tmp_path, _env_file=None), listener, lambda: "")  # type: ignore[call-arg]
    assert here == f"http://127.0.0.1:{port}"
    assert everywhere.startswith(f"http://127.0.0.1:{port}/a")
    outer = start._own_address()
    if outer:
        assert everywhere.endswith(f"http://{outer}:{port}/b")


def test_answers_do_not_wait_for_the_other_sides_acknowledgement(tmp_path: Path) -> None:
    async def accepted(listener: socket.socket) -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def come(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(come, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            option = await found
            writer.close()
            await writer.wait_closed()
            return option

    with start._listen(Settings(data_dir=tmp_path, port=0, _env_file=None)) as listener:  # type: ignore[call-arg]
        assert asyncio.run(accepted(listener)) == 1
