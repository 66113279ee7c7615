"""The REST interface on a real data folder: what comes back, and what is said when something is wrong."""

from __future__ import annotations

import errno
import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
from serving import serving
from starlette.testclient import TestClient

from academy.access.guard import Guard
from academy.adapters.store import Adapter
from academy.api.routes import create_api
from academy.api.wire import Json
from academy.bases import Base
from academy.chat.conversations import ReplyText, Turn
from academy.chat.request import Effect, Loaded, Outcome, Sampling
from academy.config import Settings
from academy.habitat import Component
from academy.services.academy import Academy

API = "/api/v1/academy"
JSON = {"Content-Type": "application/json"}


class EchoEngine:
    """Answers with the question, word by word; stands for a model."""

    loaded: Loaded | None = None

    def on_gpu(self) -> bool:
        return False

    def prepare(self, base: Base, adapter: Adapter | None) -> None:
        self.loaded = Loaded(base, "cpu", adapter.adapter_id if adapter else None)

    def generate(
        self,
        messages: list[dict[str, str]],
        adapter: Adapter | None,
        sampling: Sampling,
        stop: threading.Event,
        say: Callable[[str], None],
    ) -> Outcome:
        words = messages[-1]["content"].split()
        for word in words:
            if stop.is_set():
                return Outcome(3, 1, "stopped")
            say(word + " ")
        return Outcome(3, len(words), "end")

    def effect(self, questions: Sequence[str], adapter: Adapter) -> Effect:
        return Effect(0.0, questions[0], 0, len(questions))

    def unload(self) -> None:
        self.loaded = None


@pytest.fixture
def academy(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Academy]:
    """An Academy whose jobs only wait and whose model echoes."""
    made = Academy(settings, engine=EchoEngine())
    monkeypatch.setattr(made._habitat, "training", lambda: Component("training", True, "assumed"))
    yield made
    made.close()


@pytest.fixture
def client(academy: Academy) -> Iterator[TestClient]:
    with TestClient(create_api(academy), base_url="http://localhost:7860") as made:
        yield made


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """An Academy for all the requests that change nothing, because they are refused."""
    made = Academy(Settings(data_dir=tmp_path_factory.mktemp("quiet"), _env_file=None), engine=EchoEngine())  # type: ignore[call-arg]
    yield made
    made.close()


@pytest.fixture(scope="module")
def refusing(quiet: Academy) -> Iterator[TestClient]:
    with TestClient(create_api(quiet), base_url="http://localhost:7860") as made:
        yield made


@pytest.fixture
def taught(client: TestClient) -> TestClient:
    """With twelve lessons and a dataset."""
    for number in range(12):
        lesson = {
            "situation": f"What is the name of robot number {number * 37}?",
            "action": f"It is called Zorb{number * 91}.",
            "rating": "good",
        }
        assert client.post(f"{API}/lessons", json=lesson).status_code == 200
    assert client.post(f"{API}/dataset", json={"include_git": False}).status_code == 200
    return client


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    detail = answer.json()["detail"]
    assert detail
    return detail if isinstance(detail, str) else json.dumps(detail)


# ------------------------------------------------------------------------------------------------------------ contract


def test_health_and_status_say_what_is_there(client: TestClient) -> None:
    assert good(client.get(f"{API}/health"))["ok"] is True
    status = good(client.get(f"{API}/status"))
    assert set(status) >= {"enabled", "version", "components", "gpu", "lessons", "jobs", "config"}
    assert set(status["components"]) >= {"professor", "dataset_curator", "gpu_habitat", "lessons_store", "model_manager"}
    assert status["jobs"] == dict.fromkeys(("total", "queued", "preparing", "running", "finished", "failed", "cancelled"), 0)


def test_when_disabled_only_health_and_status_answer(settings: Settings) -> None:
    academy = Academy(settings.model_copy(update={"enabled": False}))
    with TestClient(create_api(academy)) as client:
        assert good(client.get(f"{API}/health"))
        assert good(client.get(f"{API}/status"))["enabled"] is False
        paths = client.get("/openapi.json").json()["paths"]
        for path, methods in paths.items():
            if (path.startswith(API) and not path.endswith(("/health", "/status"))) or "{" in path:
                for method in methods:
                    answer = client.request(method, path.replace("{", "").replace("}", ""))
                    assert answer.status_code in (503, 422), (method, path)
    academy.close()


def test_a_lesson_is_added_changed_found_and_deleted(client: TestClient) -> None:
    lesson = good(client.post(f"{API}/lessons", json={"situation": "Where is the key?", "action": "Under the pot.", "tags": ["house"]}))
    path = f"{API}/lessons/{lesson['lesson_id']}"
    assert good(client.patch(path, json={"rating": "good"}))["rating"] == "good"
    found = good(client.get(f"{API}/lessons", params={"query": "key", "tag": "house", "rating": "good", "limit": 5}))
    assert (found["count"], found["items"][0]["action"]) == (1, "Under the pot.")
    assert good(client.get(path))["situation"] == "Where is the key?"
    assert good(client.delete(path))["success"]
    refused(client.get(path), 404)


def test_lessons_are_imported_with_a_row_exact_report(client: TestClient) -> None:
    rows = [{"messages": [{"role": "user", "content": "Ask?"}, {"role": "assistant", "content": "Answer."}]}, {"nothing": 1}]
    text = "\n".join(json.dumps(row) for row in rows).encode()
    report = good(client.post(f"{API}/lessons/import", files=[("files", ("chat.jsonl", text))]))
    assert (report["read"], report["kept"], report["refused"]) == (2, 1, 1)
    assert report["refusals"][0]["row"] == 2
    assert report["refusals"][0]["reason"]
    assert report["files"][0]["name"] == "chat.jsonl"


def test_lessons_are_chosen_sorted_and_changed_in_bulk_and_an_import_is_undone(client: TestClient) -> None:
    table = b"question,answer,tags\nWhere is the tea?,In the kitchen of the house.,house\nWho waters?,Ann.,garden\n"
    report = good(client.post(f"{API}/lessons/import", files=[("files", ("faq.csv", table))]))
    assert (report["kept"], report["new"], report["already_there"]) == (2, 2, 0)
    asked = {"source": "faq.csv", "sort": "longest"}
    assert [item["tags"] for item in good(client.get(f"{API}/lessons", params=asked))["items"]] == [["house"], ["garden"]]
    assert good(client.get(f"{API}/lessons", params={"since": "2999-01-01"}))["count"] == 0
    assert "2026-01-31" in refused(client.get(f"{API}/lessons", params={"until": "soon"}), 422)
    change = {"action": "rate", "rating": "good", "filter": {"tags": ["house"]}}
    assert good(client.post(f"{API}/lessons/bulk", json=change))["changed"] == 1
    refused(client.post(f"{API}/lessons/bulk", json={"action": "delete"}), 422)
    (undone,) = good(client.get(f"{API}/lessons/imports"))["items"]
    assert (undone["name"], undone["added"]) == ("faq.csv", 2)
    assert good(client.delete(f"{API}/lessons/imports/{undone['import_id']}"))["changed"] == 2
    refused(client.delete(f"{API}/lessons/imports/{undone['import_id']}"), 404)
    deleted = good(client.get(f"{API}/lessons/deleted"))
    assert deleted["count"] == 2
    ids = [item["lesson_id"] for item in deleted["items"]]
    assert good(client.post(f"{API}/lessons/bulk", json={"action": "restore", "lesson_ids": ids[:1]}))["changed"] == 1
    assert good(client.delete(f"{API}/lessons/deleted"))["changed"] == 1


def test_a_dataset_of_chosen_lessons_is_renamed_and_its_rows_say_where_they_come_from(taught: TestClient) -> None:
    asked = {"include_git": False, "lesson_filter": {"query": "37"}}
    made = good(taught.post(f"{API}/dataset", json=asked))
    path = f"{API}/datasets/{made['dataset_id']}"
    assert good(taught.patch(path, json={"name": "Robots"}))["name"] == "Robots"
    refused(taught.patch(path, json={"name": ""}), 422)
    rows = good(taught.get(f"{path}/rows", params={"query": "zorb91.", "sort": "longest"}))
    assert (rows["count"], len(rows["items"])) == (1, 1)
    lesson = good(taught.get(f"{API}/lessons/{rows['facts'][0]['origin']}"))
    assert lesson["action"] == rows["items"][0]["output"]
    again = good(taught.post(f"{API}/dataset", json={"include_git": False, "leave_out": [rows["facts"][0]["key"]]}))
    assert again["statistics"]["total_examples"] == 11
    refused(taught.post(f"{API}/dataset", json={"lesson_filter": {"tag": "x"}}), 422)


def test_uploads_succeed_file_by_file(client: TestClient) -> None:
    chat = json.dumps({"messages": [{"role": "user", "content": "Ask?"}, {"role": "assistant", "content": "Answer."}]}).encode()
    files = [("files", ("good.jsonl", chat)), ("files", ("bad.jsonl", b"\x00\x01\x02"))]
    reply = good(client.post(f"{API}/dataset/upload", files=files))
    assert reply["success"] is True
    assert [item["status"] for item in reply["files"]] == ["ready", "failed"]
    assert reply["files"][1]["error"]
    listed = good(client.get(f"{API}/dataset/uploads"))
    assert "good.jsonl" in [item["name"] for item in listed["items"]]
    assert good(client.delete(f"{API}/dataset/uploads/{reply['files'][0]['id']}"))["success"]


def test_a_dataset_is_previewed_made_looked_at_and_deleted(taught: TestClient) -> None:
    preview = good(taught.post(f"{API}/dataset/preview", json={"include_git": False}))
    assert (preview["total_examples"], len(preview["samples"])) == (12, 5)
    listed = good(taught.get(f"{API}/datasets"))
    assert listed["count"] == 1
    manifest = listed["items"][0]
    path = f"{API}/datasets/{manifest['id']}"
    assert set(good(taught.get(path))) >= {"id", "path", "sha256", "created_at", "statistics", "sources"}
    assert len(good(taught.get(f"{path}/rows", params={"limit": 3}))["items"]) == 3
    assert taught.get(f"{path}/file").text.count("\n") == 12
    second = good(taught.post(f"{API}/dataset", json={"include_git": False, "format": "messages"}))
    assert good(taught.get(f"{path}/diff/{second['dataset_id']}"))
    assert good(taught.delete(path))["success"]
    refused(taught.get(path), 404)


def test_an_empty_dataset_is_422_and_training_without_one_is_400(client: TestClient) -> None:
    refused(client.post(f"{API}/dataset", json={"include_git": False}), 422)
    refused(client.post(f"{API}/train", json={}), 400)


def test_a_training_is_queued_with_all_its_values_and_cancelled_twice(taught: TestClient, academy: Academy) -> None:
    reply = good(taught.post(f"{API}/train", json={"lora_rank": 8}))
    job = f"{API}/train/{reply['job_id']}"
    assert reply["success"] is True
    assert reply["parameters"]["lora_rank"] == 8
    assert reply["parameters"]["learning_rate"] == 2e-4
    view = good(taught.get(f"{job}/status"))
    assert (view["status"], view["step"], view["logs"]) == ("queued", None, "")
    assert good(taught.get(f"{job}/metrics")) == {"points": []}
    assert good(taught.get(f"{job}/logs"))["lines"] == []
    refused(taught.get(f"{job}/log"), 404)
    (Path(academy.settings.models_dir) / job.rsplit("/", 1)[-1] / "train.log").write_text("2026-11-22T12:00:00.000Z hello\n")
    assert taught.get(f"{job}/log").text.endswith("hello\n")
    assert good(taught.delete(job))["success"]
    assert good(taught.delete(job))["status"] == "cancelled"
    jobs = good(taught.get(f"{API}/jobs", params={"status": "cancelled"}))
    assert (jobs["count"], jobs["jobs"][0]["job_id"]) == (1, reply["job_id"])


def test_the_same_key_gives_the_same_job(taught: TestClient) -> None:
    answers = [good(taught.post(f"{API}/train", json={}, headers={"Idempotency-Key": "once"}))["job_id"] for _ in range(3)]
    assert len(set(answers)) == 1
    assert good(taught.post(f"{API}/train", json={}))["job_id"] not in answers


def test_many_submits_at_once_give_one_job_a_key(taught: TestClient) -> None:
    def submit(number: int) -> str:
        headers = {"Idempotency-Key": "double click"} if number % 2 else {}
        return good(taught.post(f"{API}/train", json={}, headers=headers))["job_id"]

    with ThreadPoolExecutor(20) as pool:
        jobs = list(pool.map(submit, range(30)))
    assert len(set(jobs[1::2])) == 1
    assert len(set(jobs[::2])) == 15
    listed = [job["job_id"] for job in good(taught.get(f"{API}/jobs"))["jobs"]]
    assert sorted(listed) == sorted(set(jobs))


def test_a_cancelled_jobs_stream_ends_with_its_status_and_then_with_204(taught: TestClient) -> None:
    job = f"{API}/train/{good(taught.post(f'{API}/train'))['job_id']}"
    taught.delete(job)
    text = taught.get(f"{job}/logs/stream").text
    assert '"status":"cancelled"' in text
    last = [line[4:] for line in text.splitlines() if line.startswith("id: ")][-1]
    assert taught.get(f"{job}/logs/stream", headers={"Last-Event-ID": last}).status_code == 204
    refused(taught.get(f"{job}/logs/stream", headers={"Last-Event-ID": "nonsense"}), 422)


def test_adapters_are_a_bare_list_and_nothing_active_is_no_error(client: TestClient) -> None:
    assert good(client.get(f"{API}/adapters")) == []
    assert good(client.post(f"{API}/adapters/deactivate"))["success"] is False
    refused(client.post(f"{API}/adapters/activate", json={"adapter_id": "none", "adapter_path": "/ignored"}), 404)
    refused(client.delete(f"{API}/adapters/none"), 404)
    refused(client.post(f"{API}/adapters/rollback"), 409)


def test_a_question_is_answered_whole_and_piece_by_piece(client: TestClient) -> None:
    asked = {"messages": [{"role": "user", "content": "one two three"}], "adapter_id": "base"}
    whole = good(client.post(f"{API}/chat", json=asked))
    assert whole["text"].split() == ["one", "two", "three"]
    assert (whole["adapter_id"], whole["prompt_tokens"], whole["completion_tokens"]) == (None, 3, 3)
    answer = client.post(f"{API}/chat", json=asked | {"stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    frames = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert "".join(frame["delta"] for frame in frames[:-1]) == whole["text"]
    assert frames[-1]["done"] is True
    assert frames[-1]["text"] == whole["text"]
    refused(client.post(f"{API}/chat", json=asked | {"adapter_id": "unknown"}), 404)
    refused(client.post(f"{API}/chat", json=asked | {"adapter_id": "unknown", "stream": True}), 404)


def test_a_corrected_reply_becomes_a_lesson(client: TestClient) -> None:
    lesson = good(client.post(f"{API}/chat/feedback", json={"question": "Where?", "answer": "There.", "corrected": "Here."}))
    assert (lesson["action"], lesson["rejected"], lesson["rating"]) == ("Here.", "There.", "good")


def test_a_client_for_openais_api_talks_to_it(academy: Academy) -> None:
    with (
        serving(Guard(create_api(academy), academy.settings)) as port,
        openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0) as client,
    ):
        assert "academy" in [model.id for model in client.models.list()]
        assert client.models.retrieve("academy").id == "academy"
        question: Any = [{"role": "user", "content": "one two three"}]
        whole = client.chat.completions.create(model="base", messages=question, temperature=0, logit_bias={"1": 1})
        assert (whole.choices[0].message.content or "").split() == ["one", "two", "three"]
        assert whole.choices[0].finish_reason == "stop"
        assert whole.usage is not None
        assert whole.usage.total_tokens == 6
        stream = client.chat.completions.create(model="base", messages=question, stream=True, stream_options={"include_usage": True})
        pieces = list(stream)
        assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices).split() == ["one", "two", "three"]
        assert pieces[-1].usage is not None
        with pytest.raises(openai.NotFoundError, match="There is no model"):
            client.chat.completions.create(model="unknown", messages=question)
        with pytest.raises(openai.UnprocessableEntityError):
            client.chat.completions.create(model="base", messages=[])


# ------------------------------------------------------------------------------------------------------------ bad input


BAD_BODIES = {
    "NaN": b'{"learning_rate": NaN}',
    "infinity": b'{"learning_rate": Infinity}',
    "infinity as text": b'{"learning_rate": "Infinity"}',
    "overflow": b'{"learning_rate": 1e999}',
    "5,000 digits": b'{"lora_rank": ' + b"9" * 5000 + b"}",
    "a rank of 10^9": b'{"lora_rank": 1000000000}',
    "30 digits": b'{"lora_rank": ' + b"9" * 30 + b"}",
    "deep nesting": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a lone surrogate": b'{"name": "\\ud800"}',
    "not UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "an unknown field": b'{"lora_rnk": 8}',
    "a wrong type": b'{"lora_rank": [8]}',
    "a list": b"[]",
    "a number": b"1",
    "no JSON": b"hello",
    "half": b'{"lora_rank": ',
    "a NUL": b'{"dataset_id": "a\\u0000b"}',
    "a path as id": b'{"dataset_id": "../../etc/passwd"}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_refused_in_valid_json(refusing: TestClient, body: bytes) -> None:
    for path in ("/train", "/train/plan", "/dataset", "/lessons", "/chat", "/adapters/activate"):
        answer = refusing.post(f"{API}{path}", content=body, headers=JSON)
        if path == "/train/plan" and answer.status_code == 200:
            assert answer.json()["problems"]
        else:
            assert answer.status_code in (404, 422), (path, answer.text)
        assert len(answer.content) < 20_000


def test_a_number_is_no_text_and_true_is_no_number(refusing: TestClient) -> None:
    chat = {"messages": [{"role": "user", "content": "x"}]}
    for path, body in (
        ("/train", {"num_epochs": True}),
        ("/train", {"lora_rank": "16"}),
        ("/train", {"learning_rate": "2e-4"}),
        ("/train", {"lora_rank": 16.5}),
        ("/train", {"use_dora": 1}),
        ("/train", {"use_dora": "yes"}),
        ("/train", {"lora_rank": None}),
        ("/dataset", {"lessons_limit": True}),
        ("/dataset/preview", {"lessons_limit": "10"}),
        ("/dataset", {"include_git": "false"}),
        ("/chat", chat | {"max_new_tokens": True}),
        ("/chat", chat | {"stream": 1}),
        ("/chat", chat | {"temperature": "0"}),
    ):
        detail = refused(refusing.post(f"{API}{path}", json=body), 422)
        assert next(reversed(body)) in json.dumps(detail), (path, body)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
def test_a_body_that_is_not_said_to_be_json_is_refused(refusing: TestClient, kind: str) -> None:
    answer = refusing.post(f"{API}/lessons", content=b'{"situation": "\xff"}', headers={"Content-Type": kind})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "limit=" + "9" * 5000, "offset=-1", "offset=1e9", "limt=5", "rating=best", "limit=%ff"]
)
def test_a_bad_query_is_refused(refusing: TestClient, query: str) -> None:
    refused(refusing.get(f"{API}/lessons?{query}"), 422)


@pytest.mark.parametrize(
    "query", ["query=%00", "query=%ff%fe", "query=%22", "query=*", "query=a%20AND", "query=" + "(" * 500, "tag=%00", "query=%ed%a0%80"]
)
def test_an_odd_search_finds_nothing_and_breaks_nothing(refusing: TestClient, query: str) -> None:
    assert refusing.get(f"{API}/lessons?{query}").status_code in (200, 422)


FORMS = {
    "no boundary": (b"--x", "multipart/form-data"),
    "nothing inside": (b"", "multipart/form-data; boundary=x"),
    "cut short": (b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nabc', "multipart/form-data; boundary=x"),
    "garbage": (b"\x00\xff" * 100, "multipart/form-data; boundary=x"),
    "JSON": (b"{}", "application/json"),
    "another field": (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc\r\n--x--',
        "multipart/form-data; boundary=x",
    ),
    "a field without a file": (
        b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\nabc\r\n--x--',
        "multipart/form-data; boundary=x",
    ),
    "no name": (b'--x\r\nContent-Disposition: form-data; filename="a"\r\n\r\nabc\r\n--x--', "multipart/form-data; boundary=x"),
    "a strange charset": (b"--x--", "multipart/form-data; boundary=x; charset=\xff"),
}


@pytest.mark.parametrize(("body", "kind"), FORMS.values(), ids=FORMS)
def test_a_bad_form_is_refused_and_leaves_nothing_behind(refusing: TestClient, quiet: Academy, body: bytes, kind: str) -> None:
    for path in ("/dataset/upload", "/lessons/import"):
        refused(refusing.post(f"{API}{path}", content=body, headers={"Content-Type": kind.encode("latin-1")}), 422)  # type: ignore[dict-item]
    assert not list((quiet.settings.data_dir / "incoming").glob("*"))
    assert good(refusing.get(f"{API}/dataset/uploads"))["count"] == 0


def test_more_than_ten_files_are_refused(client: TestClient) -> None:
    refused(client.post(f"{API}/dataset/upload", files=[("files", (f"{number}.txt", b"x")) for number in range(11)]), 422)


def test_files_beyond_the_limit_are_refused_and_the_others_taken(settings: Settings) -> None:
    academy = Academy(settings.model_copy(update={"max_upload_mb": 1}))
    large = ("files", ("large.txt", io.BytesIO(b"x" * ((1 << 20) + 1))))
    small = ("files", ("small.txt", b"# What is it?\n\nA small file with an answer.\n"))
    with TestClient(create_api(academy)) as client:
        refused(client.post(f"{API}/dataset/upload", files=[large]), 413)
        reply = good(client.post(f"{API}/dataset/upload", files=[large, small]))
        assert [item["status"] for item in reply["files"]] == ["failed", "ready"]
        report = good(client.post(f"{API}/lessons/import", files=[large, small]))
        assert report["files"][0]["error"]
    academy.close()


def test_a_full_disk_is_507_and_says_so(client: TestClient, academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(academy.lessons, "add", full)
    assert "Free some space" in refused(client.post(f"{API}/lessons", json={"situation": "a", "action": "b"}), 507)


def test_what_is_nowhere_is_404_and_the_wrong_method_405_both_in_json(client: TestClient) -> None:
    refused(client.get("/api/v1/academy/nowhere"), 404)
    refused(client.get("/api/v2"), 404)
    assert client.get("/academy/", follow_redirects=False).headers["location"] == "/"
    refused(client.put(f"{API}/train"), 405)


def test_numbers_that_json_does_not_have_never_break_an_answer() -> None:
    odd = {"nan": float("nan"), "inf": [float("inf")], "big": 10**30, "text": "\ud800", 1: Path("x")}
    assert json.loads(bytes(Json(odd).body)) == {"nan": None, "inf": [None], "big": 10**30, "text": "?", "1": "x"}


def test_a_conversation_is_found_read_renamed_deleted_and_brought_back(client: TestClient, academy: Academy) -> None:
    first = Turn(question="Who waters the plants?", replies=[ReplyText(text="Jonas does.", adapter_id="a1", name="handbook")])
    blind = Turn(question="And when?", parent=first.turn_id, replies=[ReplyText(text="On Mondays.", name="handbook")] * 2, duel="duel-1")
    for turn in (first, blind):
        academy.conversations.keep("c0ffee00c0ffee00", turn)
    path = f"{API}/conversations/c0ffee00c0ffee00"
    assert good(client.get(f"{API}/conversations"))["count"] == 1
    assert good(client.get(f"{API}/conversations", params={"query": "JONAS"}))["items"][0]["name"] == "Who waters the plants?"
    assert good(client.get(f"{API}/conversations", params={"query": "nothing of it"})) == {"count": 0, "items": []}
    assert good(client.get(f"{API}/conversations", params={"offset": 1})) == {"count": 1, "items": []}
    read = good(client.get(path))
    assert read["shown"] == [first.turn_id, blind.turn_id]
    assert read["turns"][0]["replies"][0]["name"] == "handbook"
    assert not {"name", "adapter_id", "base"} & read["turns"][1]["replies"][0].keys(), "a blind comparison does not say who answered"
    assert good(client.patch(path, json={"name": "Plants"}))["name"] == "Plants"
    refused(client.patch(path, json={"name": "x" * 81}), 422)
    assert good(client.delete(path))["name"] == "Plants"
    refused(client.get(path), 404)
    refused(client.delete(path), 404)
    assert good(client.post(f"{path}/restore"))["questions"] == 2
    assert good(client.get(path))["name"] == "Plants"
    refused(client.post(f"{path}/restore"), 409)


# ------------------------------------------------------------------------------------------------------------ description


def test_every_example_of_the_description_works_as_it_stands(taught: TestClient) -> None:
    ids = {
        "{lesson_id}": good(taught.get(f"{API}/lessons"))["items"][0]["lesson_id"],
        "{dataset_id}": good(taught.get(f"{API}/datasets"))["items"][0]["id"],
        "{job_id}": good(taught.post(f"{API}/train"))["job_id"],
    }
    tried = []
    for path, methods in taught.get("/openapi.json").json()["paths"].items():
        for place, known in ids.items():
            path = path.replace(place, known)
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            # A try and a count of tokens start processes, a waiting job has nothing to resume, there is no adapter, and no network.
            if not content or "{" in path or path.endswith(("/dry-run", "/tokens", "/resume", "/duels", "/remote", "/remote/look")):
                continue
            examples = [item["value"] for item in content.get("examples", {}).values()] + content.get("schema", {}).get("examples", [])
            for example in examples:
                answer = taught.request(method, path, json=example)
                assert answer.status_code == 200, (method, path, example, answer.text)
                tried.append(f"{method} {path.rsplit('/', 1)[-1]}")
    assert len(tried) >= 12
    assert {"post lessons", "post dataset", "post train", "post chat", "post completions", "post retry"} <= set(tried)


def test_every_route_is_described_and_the_docs_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert client.get("/academy", follow_redirects=False).headers["location"] == "/"
