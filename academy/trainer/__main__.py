"""`python -m academy.trainer <job folder>`: trains what the folder's spec.json says; 0 after `finished`, 1 after `failed`."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import traceback
from pathlib import Path

from academy.messages import msg
from academy.text.failures import Failure, explain
from academy.trainer.launch import LOST, launch
from academy.trainer.report import Report, Silent

# OMP: threads spin a while before they sleep, and `compute/cores.py` sees to it that no other program has their cores; where that cannot be
# seen they sleep at once, since on a busy machine spinning took ten times as long.
# glibc: freed memory stays in the process for the next step, a fifth faster on a CPU.
_TUNABLES = "glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184"
_SPINS = "20000"
_TRAINING = "academy.trainer.run"


def main(arguments: list[str], module: str = _TRAINING) -> int:
    """Runs one job (the module's `run`) and reports how it ends, whatever happens."""
    folder = Path(arguments[0]).absolute()
    rank = int(os.environ.get("RANK", "0"))
    report = Silent() if rank else Report(folder)
    try:
        from academy.trainer.spec import read_spec

        spec = read_spec(folder)
        if module == _TRAINING and spec.processes > 1 and "RANK" not in os.environ:
            return launch("academy.trainer", folder, report, spec.processes)
        report.preparing("load", msg("Loading the libraries for {name!r} on {base}.", name=spec.name, base=spec.base_model))
        _quiet(spec.is_quantized)
        importlib.import_module(module).run(spec, report)  # loads torch, which takes seconds
    except Exception as error:  # noqa: BLE001  the top of a program
        failure = explain(error)
        if "RANK" in os.environ:
            if _is_lost(error):
                return LOST
            if rank:
                if isinstance(error, Failure):
                    return LOST  # the first process meets it too
                report = Report(folder, label=f"process {rank + 1}: ")
        lines = "".join(traceback.format_exception(error))
        report.say(lines.rstrip())
        report.say(f"failed: {failure.reason}")
        cause = error.__cause__ or error
        with contextlib.suppress(OSError):  # the disk may be full; the exit code and the log still report it
            report.event(
                "failed",
                reason=failure.text,
                cause=failure.cause,
                error_type=type(cause).__name__,
                traceback=lines[-4000:],
                **_fields(failure.fields),
            )
            report.sync()
        return 1
    return 0


def _is_lost(error: BaseException) -> bool:
    """Whether it is the connection to another process that broke."""
    text = str(error).lower()
    return type(error).__name__.startswith("Dist") or any(
        sign in text for sign in ("connection closed by peer", "connection reset", "gloo")
    )


def _fields(fields: dict[str, object]) -> dict[str, object]:
    own = {name: value for name, value in fields.items() if name in ("row", "step", "epoch")}
    extra = {name: value for name, value in fields.items() if name not in own}
    return {**own, "extra": extra} if extra else own


def _quiet(quantized: bool) -> None:
    """No network, no telemetry, no progress bars, and no library loaded that this training does not use."""
    os.environ.update(
        HF_HUB_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
        TRANSFORMERS_VERBOSITY="error",
        TRANSFORMERS_NO_ADVISORY_WARNINGS="1",
        TOKENIZERS_PARALLELISM="true",
        WANDB_DISABLED="true",
        PYTORCH_ENABLE_MPS_FALLBACK="1",
    )
    # A process uses one GPU; the others stay free of its context.
    place, size = int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    cards = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(size)))).split(",")
    if cards[0] and place >= len(cards):
        raise RuntimeError(f"{size} processes have only {len(cards)} GPUs")
    os.environ["CUDA_VISIBLE_DEVICES"] = cards[place] if cards[0] else ""
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    import warnings

    warnings.filterwarnings("ignore")
    unused = ["wandb", "tensorboard", "comet_ml", "mlflow", "trackio", "deepspeed", "tensorflow", "jax", "flax", "sklearn"]
    if not quantized:
        unused.append("bitsandbytes")
    for name in unused:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def restart(program: str, arguments: list[str]) -> None:
    """Restarts the program with settings that are read only at the start of a process, unless it has them; sets its output to UTF-8."""
    wanted = {"GOMP_SPINCOUNT": _SPINS, "GLIBC_TUNABLES": _TUNABLES} if sys.platform == "linux" else {"OMP_WAIT_POLICY": "PASSIVE"}
    if any(name not in os.environ for name in wanted):
        os.environ.update({name: value for name, value in wanted.items() if name not in os.environ})
        os.execv(sys.executable, [sys.executable, "-m", program, *arguments])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]


def start(program: str, module: str = _TRAINING) -> int:
    """The whole program: restarts itself with settings that are read only at the start of a process, then runs its job."""
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: python -m {program} <job folder>")
    restart(program, sys.argv[1:])
    return main(sys.argv[1:], module)


if __name__ == "__main__":
    raise SystemExit(start("academy.trainer"))
