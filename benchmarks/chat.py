"""Measures Academy's chat against transformers' plain `generate`, in turns, on the same model and questions.

    python benchmarks/chat.py --base /models/smol                     # five rounds, base model alone
    python benchmarks/chat.py --base /models/smol --adapter A         # with an adapter, unmerged in `generate` too
    python benchmarks/chat.py --base /models/smol --adapter A --same questions.jsonl   # are the greedy answers the same?
    python benchmarks/chat.py --base /models/smol --cold              # a new process: start to first word, Academy's and plain

`generate` runs with the types of the weights on the disk and, where the processor has it, in bf16. Speed is tokens after the first
over the seconds after the first; the first token's time includes the prompt. Replies are greedy and end after --tokens. With --json one
line of JSON. On a busy machine compare the ratios, and the processor seconds for each token.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for all, as the chat sets it; ACTIVE measures the other way
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

QUESTIONS = (
    "Tell me a long story about a lighthouse keeper and his dog.",
    "Explain step by step how bread is baked, from flour to loaf.",
    "Describe a harbour town in winter in many sentences.",
    "Why do leaves change their colour in autumn? Explain in detail.",
    "Write a long letter to a friend about a journey by train.",
)


def main() -> None:
    """Runs what is asked for and prints it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, type=Path)
    parser.add_argument("--adapter", type=Path, help="a folder with an adapter in PEFT's form")
    parser.add_argument("-n", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--same", type=Path, help="JSON lines with a question each, or a dataset of Academy")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--once", choices=("academy", "plain"), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.once:
        _once(arguments)
        return
    found = _cold(arguments) if arguments.cold else _same(arguments) if arguments.same else _speed(arguments)
    found |= {"base": arguments.base.name, "n": arguments.n, "cores": os.cpu_count(), "python": platform.python_version()}
    found |= {name: version(name) for name in ("torch", "transformers", "peft")}
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name}: {value}")


class Academy:
    """The chat's engine, as the app uses it."""

    def __init__(self, base: Path, adapter: Path | None) -> None:
        from academy.adapters.store import Adapter
        from academy.bases import Base
        from academy.chat.engine import TransformersEngine

        self._adapter = Adapter("a", "a", adapter, str(base)) if adapter else None
        self._engine = TransformersEngine(use_gpu=False)
        self._engine.prepare(Base(str(base), "folder", base), self._adapter)

    def ask(self, question: str, tokens: int) -> tuple[str, int, float, float]:
        """The reply, its tokens, and the seconds to the first piece and in all."""
        from academy.chat.request import Sampling

        pieces: list[str] = []
        began, first = time.perf_counter(), [0.0]

        def say(piece: str) -> None:
            first[0] = first[0] or time.perf_counter() - began
            pieces.append(piece)

        messages = [{"role": "user", "content": question}]
        outcome = self._engine.generate(messages, self._adapter, Sampling(max_new_tokens=tokens), threading.Event(), say)
        return "".join(pieces), outcome.completion_tokens, first[0], time.perf_counter() - began


class Plain:
    """A model as a script has it: `from_pretrained`, an adapter on it, `generate`."""

    def __init__(self, base: Path, adapter: Path | None, dtype: Any = "auto") -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._tokenizer: Any = AutoTokenizer.from_pretrained(base)
        model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
        if adapter:
            import peft

            model = peft.PeftModel.from_pretrained(model, adapter)
        self._model = model.eval()

    def ask(self, question: str, tokens: int) -> tuple[str, int, float, float]:
        """The reply, its tokens, and the seconds to the first token and in all."""
        import torch

        began, first = time.perf_counter(), [0.0]

        def note(ids: Any, scores: Any, **_: Any) -> Any:
            first[0] = first[0] or time.perf_counter() - began
            return torch.zeros(1, dtype=torch.bool)

        messages = [{"role": "user", "content": question}]
        ids = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with torch.inference_mode():
            out = self._model.generate(**ids, max_new_tokens=tokens, do_sample=False, stopping_criteria=[note])
        own = out[0, ids["input_ids"].shape[1] :]
        return self._tokenizer.decode(own, skip_special_tokens=True), len(own), first[0], time.perf_counter() - began


def _contenders(base: Path, adapter: Path | None) -> dict[str, Any]:
    import torch

    made: dict[str, Any] = {"generate": Plain(base, adapter)}
    if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported():
        made["generate, bf16"] = Plain(base, adapter, torch.bfloat16)
    return made | {"academy": Academy(base, adapter)}


def _speed(arguments: argparse.Namespace) -> dict[str, Any]:
    contenders = _contenders(arguments.base, arguments.adapter)
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    firsts: dict[str, list[float]] = {name: [] for name in contenders}
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in contenders.values():
        contender.ask("Hello.", 4)
    for turn in range(arguments.n):
        for name, contender in contenders.items():
            used = time.process_time()
            _, tokens, first, seconds = contender.ask(QUESTIONS[turn % len(QUESTIONS)], arguments.tokens)
            spent[name].append((time.process_time() - used) / tokens)
            speeds[name].append((tokens - 1) / (seconds - first))
            firsts[name].append(first)
    found: dict[str, Any] = {}
    for name in contenders:
        ratios = [own / other for own, other in zip(speeds["academy"], speeds[name], strict=True)]
        found[name] = {
            "tokens_per_second": [round(value, 1) for value in speeds[name]],
            "median": round(statistics.median(speeds[name]), 1),
            "academy_is_times_as_fast": [round(value, 2) for value in ratios],
            "seconds_to_first_token": round(statistics.median(firsts[name]), 3),
            "cpu_ms_per_token": round(1000 * statistics.median(spent[name]), 1),
        }
    return found


def _same(arguments: argparse.Namespace) -> dict[str, Any]:
    """How many greedy answers are those of `generate` in fp32."""
    import torch

    plain, academy = Plain(arguments.base, arguments.adapter, torch.float32), Academy(arguments.base, arguments.adapter)
    questions = [_question(json.loads(line)) for line in arguments.same.read_text(encoding="utf-8").splitlines()]
    pairs = [(plain.ask(question, arguments.tokens)[0], academy.ask(question, arguments.tokens)[0]) for question in questions]
    differ = [{"plain": a, "academy": b} for a, b in pairs if a.strip() != b.strip()]
    return {"questions": len(pairs), "same": len(pairs) - len(differ), "differ": differ}


def _question(row: dict[str, Any]) -> str:
    if "messages" in row:
        return next(turn["content"] for turn in row["messages"] if turn["role"] == "user")
    return str(row.get("question") or row.get("instruction") or row.get("prompt"))


def _cold(arguments: argparse.Namespace) -> dict[str, Any]:
    """Processes one after another: from their start to the first word of a reply."""
    found: dict[str, list[float]] = {"academy": [], "plain": []}
    for _ in range(arguments.n):
        for name, times in found.items():
            command = [sys.executable, __file__, "--base", str(arguments.base), "--once", name]
            command += ["--adapter", str(arguments.adapter)] if arguments.adapter else []
            began = time.monotonic()
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                if process.stdout.readline() != b"first\n":
                    raise SystemExit(f"{name} failed")
                times.append(round(time.monotonic() - began, 2))
    return {f"seconds_to_first_word_{name}": times for name, times in found.items()}


def _once(arguments: argparse.Namespace) -> None:
    contender = (Academy if arguments.once == "academy" else Plain)(arguments.base, arguments.adapter)
    contender.ask("Hello.", 1)
    print("first", flush=True)


if __name__ == "__main__":
    main()
