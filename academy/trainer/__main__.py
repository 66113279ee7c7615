"""`python -m academy.trainer <job folder>`: trains what the folder's spec.json says; 0 after `finished`, 1 after `failed`."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from pathlib import Path

from academy.messages import to_json
from academy.text.failures import explain
from academy.trainer.report import Report

# Threads that wait for one another sleep instead of spinning: on a machine that does other things too, spinning took ten times as long.
# Freed memory is kept for the next step instead of being given back and asked for again: a fifth faster on a CPU.
_TUNABLES = "glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184"


def main(arguments: list[str]) -> int:
    """Runs one training and tells how it ended, whatever happens."""
    folder = Path(arguments[0]).absolute()
    report = Report(folder)
    try:
        from academy.trainer.spec import read_spec

        spec = read_spec(folder)
        report.preparing("load", f"Loading the libraries to train {spec.name!r} on {spec.base_model}.")
        _quiet(spec.knob("quantization") != "none")
        from academy.trainer.methods import sft

        sft.run(spec, report)
    except Exception as error:
        failure = explain(error)
        lines = "".join(traceback.format_exception(error))
        report.say(lines.rstrip())
        report.say(f"failed: {failure.reason}")
        cause = error.__cause__ or error
        with contextlib.suppress(OSError):  # the disk may be full: the exit code and the log still tell
            report.event(
                "failed",
                reason=to_json(failure.text),
                cause=failure.cause,
                error_type=type(cause).__name__,
                traceback=lines[-4000:],
                **_fields(failure.fields),
            )
            report.sync()
        return 1
    return 0


def _fields(fields: dict[str, object]) -> dict[str, object]:
    known = {name: value for name, value in fields.items() if name in ("row", "step", "epoch")}
    extra = {name: value for name, value in fields.items() if name not in known}
    return {**known, "extra": extra} if extra else known


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
    # One training, one GPU: with several in sight the Trainer would copy the model to each.
    os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    import warnings

    warnings.filterwarnings("ignore")
    unused = ["wandb", "tensorboard", "comet_ml", "mlflow", "trackio", "deepspeed", "tensorflow", "jax", "flax", "sklearn"]
    if not quantized:
        unused.append("bitsandbytes")
    for name in unused:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def _with_tunables() -> None:
    """Starts itself again with settings that are read only at the start of a process."""
    wanted = {"OMP_WAIT_POLICY": "PASSIVE"}
    if sys.platform == "linux":
        wanted["GLIBC_TUNABLES"] = _TUNABLES
    if any(name not in os.environ for name in wanted):
        os.environ.update({name: value for name, value in wanted.items() if name not in os.environ})
        os.execv(sys.executable, [sys.executable, "-m", "academy.trainer", *sys.argv[1:]])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m academy.trainer <job folder>")
    _with_tunables()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    raise SystemExit(main(sys.argv[1:]))
