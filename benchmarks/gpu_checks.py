"""The checks of `gpu.py`: each returns its figures, or raises Skip or Wrong."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import math
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common import matrix_limit

ROOT = Path(__file__).parent.parent
MINI = ROOT / "academy/models/academy-mini"
_SHAPES: dict[str, dict[str, Any]] = {
    "Qwen3-0.6B": {"model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "vocab_size": 151_936},
    "Qwen3-1.7B": {"model_type": "qwen3", "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "vocab_size": 151_936},
    "Llama-3.1-8B": {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14_336,
        "num_hidden_layers": 32,
        "vocab_size": 128_256,
    },
}
_QWEN = {"num_hidden_layers": 28, "vocab_size": 151_936, "num_attention_heads": 16, "tie_word_embeddings": True}
_LLAMA = {"num_hidden_layers": 32, "vocab_size": 128_256, "num_attention_heads": 32, "tie_word_embeddings": False}
_BOTH = {"num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 4096}
_TINY = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
_TINY |= {"head_dim": 16, "vocab_size": 4096}


class Skip(Exception):
    """A check that cannot run here: why."""


class Wrong(Exception):
    """A check that found something wrong: what, with the figures so far."""

    def __init__(self, reason: str, figures: dict[str, Any]) -> None:
        super().__init__(reason)
        self.figures = figures


@dataclass(frozen=True)
class Place:
    """Where a check works, and in which size."""

    folder: Path  # of this check
    models: Path  # of all
    shrink: bool
    rounds: int = 1

    @property
    def gpu(self) -> bool:
        """Whether a GPU computes."""
        return not self.shrink


@dataclass(frozen=True)
class Check:
    """One check; `least` are the seconds below which it is not begun, `needs_gpu` says why it cannot run without."""

    run: Callable[[Place], dict[str, Any]]
    limit: float
    least: float = 12.0
    needs_gpu: str = ""


def nvml(place: Place) -> dict[str, Any]:
    """What the app tells of the GPU, against what torch sees."""
    from academy.config import Settings
    from academy.habitat import Habitat

    habitat = Habitat(Settings(data_dir=place.folder, _env_file=None))  # type: ignore[call-arg]
    if not place.gpu:
        return {"gpus": len(habitat.gpus()), "message": str(habitat.gpu_message()), "memory": habitat.memory()}
    import torch

    gpu = habitat.gpus()[0]
    figures = {name: getattr(gpu, name) for name in gpu.__dataclass_fields__}
    total = torch.cuda.mem_get_info()[1] >> 20
    _expect(gpu.name == torch.cuda.get_device_name(0), "NVML and torch name different GPUs", figures)
    _expect(abs(gpu.memory_total_mb - total) < 0.05 * total, f"torch sees {total} MB", figures)
    _expect(gpu.memory_used_mb + gpu.memory_free_mb <= gpu.memory_total_mb, "used and free memory are more than all", figures)
    return figures


def bf16_lora(place: Place) -> dict[str, Any]:
    """LoRA in bf16 beside the same in fp32."""
    half, full = (_trained(place, precision=precision) for precision in ("bf16", "fp32"))
    apart = max(abs(a - b) / b for a, b in zip(half["losses"], full["losses"], strict=True))
    figures = half | {"fp32_losses": full["losses"], "fp32_speed": full["speed"], "apart": round(apart, 5)}
    _expect(half["precision"] == "bf16", "it did not train in bf16", figures)
    _on_its_device(place, figures)
    _expect(apart < 0.02, "the losses of bf16 and fp32 differ by more than 2 %", figures)
    return figures


def quantized(kind: str) -> Callable[[Place], dict[str, Any]]:
    """QLoRA with weights in 8 or 4 bits."""

    def run(place: Place) -> dict[str, Any]:
        if importlib.util.find_spec("bitsandbytes") is None:
            raise Skip("bitsandbytes is not installed")
        packed, full = _trained(place, quantization=kind), _trained(place, steps=1)
        apart = abs(packed["losses"][0] - full["losses"][0]) / full["losses"][0]
        figures = packed | {"first_loss_unquantized": full["losses"][0], "apart": round(apart, 5)}
        _on_its_device(place, figures)
        _expect(apart < 0.15, "the first loss is not that of the base model", figures)
        return figures

    return run


def attention(place: Place) -> dict[str, Any]:
    """The kernel that computes the attention of each kind of batch, and its time."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    from academy.trainer.compute.attention import DOCUMENTS, attend

    device, dtype = ("cuda", torch.bfloat16) if place.gpu else ("cpu", torch.float32)
    heads, width = (16, 128) if place.gpu else (4, 16)
    batches = {"long rows": ([0, 700, 1500], 0), "short rows": ([0, 40, 90, 150], 0), "a common beginning": ([0, 200, 700, 1300], 200)}
    figures: dict[str, Any] = {"flash_attn": importlib.util.find_spec("flash_attn") is not None}
    for name, (bounds, prefix) in batches.items():
        tokens = [torch.randn(1, heads, bounds[-1], width, device=device, dtype=dtype, requires_grad=True) for _ in range(3)]
        DOCUMENTS.lay(bounds, prefix)

        def both(tokens: list[Any] = tokens) -> None:
            query, key, value = tokens
            attend(torch.nn.Module(), query, key, value, None)[0].sum().backward()

        both()
        with profile(activities=[ProfilerActivity.CPU]) as profiled:
            both()
        began = time.perf_counter()
        for _ in range(10):
            both()
        if place.gpu:
            torch.cuda.synchronize()
        prefixes = "aten::_scaled_dot_product_", "aten::_scaled_dot_product_fused_"
        kernels = {event.key for event in profiled.key_averages() if event.key.startswith(prefixes) and "backward" not in event.key}
        figures[name] = {
            "kernels": sorted(kernel.removeprefix(prefixes[0]) for kernel in kernels),
            "milliseconds": round((time.perf_counter() - began) * 100, 3),
        }
    DOCUMENTS.lay(None)
    _expect(all(figures[name]["kernels"] for name in batches), "no kernel has a name", figures)
    chosen = figures["long rows"]["kernels"]
    _expect(not place.gpu or any("flash" in kernel or "cudnn" in kernel for kernel in chosen), "long rows get no flash kernel", figures)
    return figures


def fused(place: Place) -> dict[str, Any]:
    """Losses and speed with Liger's kernels and without."""
    if importlib.util.find_spec("liger_kernel") is None:
        more = "; the package kernels is, but it fetches its kernels from the network" if importlib.util.find_spec("kernels") else ""
        raise Skip(f"liger-kernel is not installed{more}")
    import torch
    from contenders import Watch, academy_job
    from liger_kernel.transformers import _apply_liger_kernel_to_instance  # type: ignore[import-not-found]

    from academy.trainer.compute.model import load_adapted
    from academy.trainer.dataset import load_dataset
    from academy.trainer.methods.sft import SupervisedFineTuning
    from academy.trainer.spec import read_spec

    found: dict[str, Any] = {}
    for name in ("off", "on"):
        spec, report = read_spec(academy_job(_task(place, precision="fp32"))), Watch(1)
        dataset = load_dataset(spec, report)
        adapted = load_adapted(spec, report, dataset.train.rows)
        if name == "on":
            whole: dict[str, Any] = {"cross_entropy": False, "fused_linear_cross_entropy": False}
            _apply_liger_kernel_to_instance(model=adapted.model.get_base_model(), **whole)
        method = SupervisedFineTuning(adapted, dataset.tokenizer)
        batch = method.collate(dataset.train.rows[:16])
        optimizer = torch.optim.AdamW([item for item in adapted.model.parameters() if item.requires_grad], lr=2e-4)
        losses, times = [], []
        for _ in range(20):
            began = time.perf_counter()
            loss = method.loss(batch)[0] / batch.counted
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            times.append(time.perf_counter() - began)
        found[name] = {"losses": [round(value, 5) for value in losses], "step_seconds": round(statistics.median(times), 5)}
    apart = max(abs(a - b) / b for a, b in zip(found["on"]["losses"], found["off"]["losses"], strict=True))
    figures = found | {"apart": round(apart, 6), "kernels": "liger"}
    _expect(apart < 1e-3, "the losses with fused kernels differ by more than 0.1 %", figures)
    return figures


def resume(place: Place) -> dict[str, Any]:
    """A training that ends at a checkpoint and goes on, beside one that never ended."""
    from safetensors.torch import load_file

    steps = 4 if place.shrink else 20
    task = _task(place, steps=steps)
    ends: list[tuple[Path, list[float]]] = []
    for stops in ((steps,), (steps // 2, steps)):
        job, losses = None, []
        for stop in stops:
            job, events = _run(task, (stop, "checkpoint"), job=job, save_steps=steps // 2)
            losses += [event["loss"] for event in events if event["type"] == "progress"]
        assert job is not None
        ends.append((job / f"checkpoints/step-{steps:08d}/adapter_model.safetensors", losses))
    (straight, losses), (resumed, resumed_losses) = ends
    first, second = load_file(straight), load_file(resumed)
    apart = max(float((first[name].float() - second[name].float()).abs().max()) for name in first)
    largest = max(float(tensor.float().abs().max()) for tensor in first.values())
    figures = {"steps": steps, "bit_equal": straight.read_bytes() == resumed.read_bytes(), "apart": apart, "largest_weight": largest}
    figures |= {"losses_equal": losses == resumed_losses, "losses": losses}
    _expect(len(resumed_losses) == steps, "it did not go on from the checkpoint", figures)
    # Kernels on a GPU add up in varying order.
    _expect(figures["bit_equal"] or (place.gpu and apart < 0.02 * largest), "the adapters differ", figures)
    return figures


def chat(place: Place) -> dict[str, Any]:
    """A training by the app, replies with swaps, and a second training while the chat answers."""
    from academy.chat.request import ChatRequest
    from academy.config import Settings
    from academy.errors import Unavailable
    from academy.jobs.spec import TrainingSpec
    from academy.jobs.store import ENDED
    from academy.services.academy import Academy

    settings = Settings(data_dir=place.folder / "data", warm_trainer=False, enable_gpu=place.gpu, _env_file=None)  # type: ignore[call-arg]
    settings.data_dir.mkdir()
    spec = TrainingSpec(dataset_path=str(_rows(settings.data_dir)), max_steps=4, num_epochs=1, goal="style", rehearsal=0, name="first")
    academy = Academy(settings)
    academy.start()

    def ask(adapter_id: str, tokens: int = 16) -> Any:
        question = {"messages": [{"role": "user", "content": "Who do I ask for a new laptop?"}], "temperature": 0}
        return ChatRequest.model_validate(question | {"adapter_id": adapter_id, "max_new_tokens": tokens})

    def ended(job_id: str, look: Callable[[], None] = lambda: None) -> Any:
        while (job := academy.jobs.get(job_id)).status not in ENDED:
            look()
            time.sleep(0.01)
        _expect(job.status == "finished", f"the training ended as {job.status}: {job.error}", figures)
        return job

    figures: dict[str, Any] = {}
    try:
        began = time.monotonic()
        first = academy.training.train(spec).job_id
        ended(first)
        figures["training_seconds"] = round(time.monotonic() - began, 2)
        academy.chat.ask(ask("base"))  # loads the model
        figures["device"] = academy.chat.state()["device"]
        _on_its_device(place, figures)
        waits: list[float] = []
        speeds: list[float] = []
        for _ in range(2 if place.shrink else 5):
            for who in (first, "base"):
                reply = academy.chat.ask(ask(who))
                _expect(bool(reply.text) and reply.adapter_id == (None if who == "base" else who), "the wrong one answered", figures)
                waits.append(reply.seconds_to_first_token)
                speeds.append(reply.tokens_per_second)
        figures |= {"swap_to_first_token": round(statistics.median(waits), 4), "tokens_per_second": round(statistics.median(speeds), 1)}
        stream = academy.chat.stream(ask(first, 512))
        next(stream.wait())
        second = academy.training.train(spec.model_copy(update={"name": "second"})).job_id
        refused: list[str] = []
        paused = [0]

        def look() -> None:
            if academy.chat.state()["aside"] and not paused[0]:
                paused[0] = 1
                with contextlib.suppress(Unavailable):
                    academy.chat.ask(ask("base", 2))
                    return
                refused.append("paused")

        ended(second, look)
        figures |= {"paused": bool(paused[0]), "refused_meanwhile": bool(refused), "stream": stream.whole().finish}
        reply = academy.chat.ask(ask(second))
        figures["afterwards"] = academy.chat.state()["device"]
        _expect(reply.adapter_id == second, "the second adapter does not answer", figures)
        _expect(not place.gpu or bool(refused), "the chat kept the GPU while it trained", figures)
        return figures
    finally:
        academy.close()


def estimate(place: Place) -> dict[str, Any]:
    """The peak memory of a dry run, and that of the training."""
    from contenders import academy_apart, academy_job, of_events

    task = _task(place, steps=3 if place.shrink else 8)
    if place.gpu:
        # Rows of one length: the dry run takes the longest.
        task = replace(task, base=_shaped(place, "Qwen3-0.6B"), rows=_mixed(place, 600, 600), batch=8)
    dry = academy_apart(academy_job(task, dry_run=True), 60.0)[-1]["extra"]
    real = of_events(task, academy_apart(academy_job(task), 60.0, task.steps))
    ratio = real["memory_mb"] / dry["peak_memory_mb"]
    figures = {"dry_run_mb": dry["peak_memory_mb"], "training_mb": real["memory_mb"], "ratio": round(ratio, 3)}
    figures |= {"dry_run_step_seconds": dry["seconds_per_step"], "step_seconds": round(real["step_seconds"], 3)}
    _expect(0.5 < ratio < 1.1, "the training needs another amount of memory than the dry run", figures)
    return figures


def memory(place: Place) -> dict[str, Any]:
    """A training that runs out of memory says so, and its smaller retry learns the same."""
    import torch

    from academy.jobs.running.doctor import diagnose
    from academy.text.failures import explain

    task = replace(_task(place, steps=3), base=_shaped(place, "Qwen3-0.6B"), rows=_mixed(place))
    peaks, whole = {}, []
    for batch in (32, 16):
        _freed()
        losses = [event["loss"] for event in _run(replace(task, batch=batch), (3, "progress"))[1] if event["type"] == "progress"]
        whole = whole or losses
        peaks[batch] = torch.cuda.max_memory_allocated()
    total = torch.cuda.mem_get_info()[1]
    figures: dict[str, Any] = {f"batch_{batch}_mb": peak >> 20 for batch, peak in peaks.items()}
    knobs: dict[str, Any] = {"batch_size": 32, "gradient_accumulation_steps": 1}
    tried, retried = [], []
    for _ in range(4):
        _freed()
        torch.cuda.set_per_process_memory_fraction((peaks[16] + peaks[32]) / 2 / total)
        try:
            retried = [event["loss"] for event in _run(task, (3, "progress"), **knobs)[1] if event["type"] == "progress"]
            break
        except (RuntimeError, MemoryError) as error:
            failure = explain(error)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        found = diagnose(event={"cause": failure.cause, "reason": failure.reason}, parameters=knobs)
        tried.append({"knobs": dict(knobs), "cause": found.cause, "sentence": str(found.sentence), "changes": found.changes})
        _expect(found.cause == "out_of_memory" and bool(found.changes), "it is not told as out of memory", figures | {"tried": tried})
        knobs |= found.changes or {}
    figures |= {"limit_mb": (peaks[16] + peaks[32]) >> 21, "tried": tried, "fits": knobs, "losses": retried, "unlimited_losses": whole}
    _expect(bool(tried), "the limit ended nothing", figures)
    _expect(bool(retried), "no smaller retry fits", figures)
    apart = max(abs(a - b) / b for a, b in zip(retried, whole, strict=True))
    figures["apart"] = round(apart, 5)
    _expect(apart < 0.02, "the smaller retry learns something else", figures)
    return figures


def speed(model: str, quantization: str) -> Callable[[Place], dict[str, Any]]:
    """Tokens a second of Academy, of TRL as it comes and with its best stock options, and of the plain Trainer."""

    def run(place: Place) -> dict[str, Any]:
        from contenders import STOCK, Task, needed_flop, train
        from transformers import AutoConfig

        if importlib.util.find_spec("bitsandbytes") is None and quantization != "none":
            raise Skip("bitsandbytes is not installed")
        base, rows = _shaped(place, model), _mixed(place)
        steps, warm = (3, 1) if place.shrink else (11, 3)
        task = Task(base, rows, place.folder, steps, 2 if place.shrink else 8, warm, "bf16" if place.gpu else "fp32", quantization)
        limit = matrix_limit("bfloat16" if place.gpu else "float32", 0.5)
        flop = needed_flop(AutoConfig.from_pretrained(base), 0.5)  # half of a row is its answer
        figures: dict[str, Any] = {"limit_tflops": round(limit / 1e12, 2), "n": place.rounds, "batch": task.batch}
        results: dict[str, list[dict[str, Any]]] = {}
        for name in place.rounds * ("academy", *STOCK):
            if name.startswith("trl") and importlib.util.find_spec("trl") is None:
                figures[name] = {"why": "trl is not installed"}
                continue
            try:
                results[name] = [*results.get(name, ()), train(name, task)]
            except Exception as error:  # noqa: BLE001  foreign trainers; what they say is the result
                figures[name] = {"why": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
            _freed()
            if name in results:
                figures[name] = _middle(results[name]) | {"end_to_end": results[name][0].get("end_to_end")}
                figures[name]["of_limit"] = round(figures[name]["speed"] * flop / limit, 4)
            print(json.dumps({"figures": figures}), flush=True)  # what there is, should the time end
        _expect("academy" in results, "Academy's trainer failed", figures)
        for name in results.keys() - {"academy"}:
            figures[name]["academy_is"] = round(figures["academy"]["speed"] / figures[name]["speed"], 2)
        slower = [name for name in ("trl", "trainer") if name in results and figures[name]["academy_is"] < 1]
        _expect(not place.gpu or not slower, f"slower than {', '.join(slower)}", figures)
        return figures

    return run


def _middle(results: list[dict[str, Any]]) -> dict[str, Any]:
    keys = ("speed", "step_seconds", "memory_mb", "loss")
    return {key: float(f"{statistics.median(result[key] for result in results):.4g}") for key in keys}


def tests(place: Place) -> dict[str, Any]:
    """`pytest -m gpu`."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", str(ROOT / "tests/test_gpu.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    figures = {"output": done.stdout.strip().splitlines()[-8:]}
    _expect(done.returncode == 0, "a test failed", figures)
    return figures


_BEFORE = "differs only in its size from speed Qwen3-0.6B bf16 and speed Llama-3.1-8B 4bit"
CHECKS: dict[str, Check] = {
    "nvml": Check(nvml, 20.0, 5.0),
    "bf16_lora": Check(bf16_lora, 60.0),
    "qlora_4bit": Check(quantized("4bit"), 60.0),
    "qlora_8bit": Check(quantized("8bit"), 60.0),
    "attention": Check(attention, 40.0),
    "fused": Check(fused, 60.0, needs_gpu="fused kernels are written for GPUs"),
    "resume": Check(resume, 60.0),
    "chat": Check(chat, 90.0, 30.0),
    "estimate": Check(estimate, 70.0, 25.0),
    "memory": Check(memory, 80.0, 30.0, "main memory cannot be limited to what a training needs"),
    "speed Qwen3-1.7B bf16": Check(speed("Qwen3-1.7B", "none"), 100.0, 30.0, _BEFORE),
    "speed Llama-3.1-8B bf16": Check(speed("Llama-3.1-8B", "none"), 150.0, 60.0, _BEFORE),
    "speed Llama-3.1-8B 4bit": Check(speed("Llama-3.1-8B", "4bit"), 150.0, 50.0),
    "speed Qwen3-0.6B bf16": Check(speed("Qwen3-0.6B", "none"), 90.0, 25.0),
    "speed Qwen3-1.7B 4bit": Check(speed("Qwen3-1.7B", "4bit"), 100.0, 30.0, _BEFORE),
    "speed Qwen3-0.6B 4bit": Check(speed("Qwen3-0.6B", "4bit"), 90.0, 25.0, _BEFORE),
    "tests": Check(tests, 120.0, 40.0, "pytest -m gpu needs a GPU"),
}


# -- what they share


def _expect(condition: bool, reason: str, figures: dict[str, Any]) -> None:
    if not condition:
        raise Wrong(reason, figures)


def _on_its_device(place: Place, figures: dict[str, Any]) -> None:
    _expect(figures["device"].startswith("cuda" if place.gpu else "cpu"), "another device computed", figures)


def _freed() -> None:
    """Gives the memory of the last training back, and counts the peak from here."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _task(place: Place, *, steps: int = 0, precision: str = "auto", quantization: str = "none") -> Any:
    from contenders import Task

    steps = steps or (4 if place.shrink else 20)
    return Task(MINI, _rows(place.folder), place.folder, steps, 4, precision=precision, quantization=quantization)


def _run(task: Any, until: tuple[int, str], job: Path | None = None, **more: Any) -> tuple[Path, list[dict[str, Any]]]:
    """Academy's trainer in this process up to an event, in a new job folder or where an earlier one ended; the folder and the events."""
    from contenders import Enough, Watch, academy_job

    from academy.trainer.run import run
    from academy.trainer.spec import read_spec

    job, report = job or academy_job(task, **more), Watch(*until)
    with contextlib.suppress(Enough):
        run(read_spec(job), report)
    return job, report.events


def _trained(place: Place, *, steps: int = 0, precision: str = "auto", quantization: str = "none") -> dict[str, Any]:
    """A short training of the bundled model."""
    from contenders import of_events

    _freed()
    task, began = _task(place, steps=steps, precision=precision, quantization=quantization), time.monotonic()
    events = _run(task, (task.steps, "progress"))[1]
    progress = [event for event in events if event["type"] == "progress"]
    started = next(event for event in events if event["type"] == "started")
    losses = [round(event["loss"], 5) for event in progress]
    figures = {"device": started["device"], "precision": started["precision"], "losses": losses}
    figures |= {"end_to_end": started["extra"]["end_to_end"], "to_first_step": round(progress[0]["clock"] - began, 2)}
    figures |= {"memory_mb": progress[-1]["memory_mb"]}
    if len(progress) > 1:
        figures["speed"] = round(of_events(task, events)["speed"], 1)
    _expect(all(math.isfinite(loss) for loss in losses), "a loss is not finite", figures)
    if len(losses) >= 10:
        _expect(sum(losses[-3:]) < sum(losses[:3]), "the loss does not fall", figures)
    return figures


def _rows(folder: Path) -> Path:
    from contenders import write_facts

    return write_facts(folder / "rows.jsonl")


def _mixed(place: Place, shortest: int = 25, longest: int = 955) -> Path:
    from contenders import write_mixed

    longest, count = (60, 24) if place.shrink else (longest, 400)
    return write_mixed(place.folder / "mixed.jsonl", count, shortest, longest, 1.5)


def _shaped(place: Place, name: str) -> Path:
    """A model of random weights in bf16 in the shape of a real one, with the bundled tokenizer; made once for all checks."""
    folder = place.models / name
    if (folder / "done").exists():
        return folder
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    sizes: dict[str, Any] = _SHAPES[name] | _BOTH | (_QWEN if name.startswith("Qwen") else _LLAMA) | (_TINY if place.shrink else {})
    config = AutoConfig.for_model(**sizes, eos_token_id=1, pad_token_id=0, bos_token_id=None)
    torch.manual_seed(0)
    with torch.device("cuda" if place.gpu else "cpu"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    for path in MINI.glob("*"):
        if path.name.startswith("tokenizer") or path.suffix == ".jinja":
            shutil.copy(path, folder)
    (folder / "done").touch()
    del model
    _freed()
    return folder
