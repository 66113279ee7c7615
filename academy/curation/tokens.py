"""What the model will see of a dataset: asks the trainer's own tokenizing function, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from academy.errors import Refused, Unavailable

_ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_SECONDS = 300


def inspect_tokens(base_path: Path, dataset_path: Path, max_seq_length: int, rows: Sequence[int]) -> dict[str, Any]:
    """Lengths of all rows, and the tokens of the named ones as trained, context or cut off; raises Refused with the trainer's reason."""
    stamp = dataset_path.stat().st_mtime_ns
    return json.loads(_ask(str(base_path), str(dataset_path), max_seq_length, tuple(rows), stamp))


@lru_cache(maxsize=32)
def _ask(base_path: str, dataset_path: str, max_seq_length: int, rows: tuple[int, ...], _stamp: int) -> str:
    request = {"base_path": base_path, "dataset_path": dataset_path, "max_seq_length": max_seq_length, "rows": rows, "text_limit": 20_000}
    environment = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT or name.startswith("LC_")}
    environment |= {"PYTHONPATH": str(_ROOT), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    with tempfile.TemporaryDirectory(prefix="academy-tokens-") as folder:
        file = Path(folder) / "request.json"
        file.write_text(json.dumps(request), encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "academy.text.tokens", str(file)],
                capture_output=True,
                env=environment,
                cwd=folder,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable("Counting the tokens took more than five minutes.", hint="Try a smaller dataset.") from error
    if done.returncode:
        raise Refused(_reason(done.stdout, done.stderr), hint="Check the base model and the dataset.")
    return done.stdout.decode()


_ENVIRONMENT = ("PATH", "HOME", "LANG", "TMPDIR", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "LD_LIBRARY_PATH", "SYSTEMROOT")


def _reason(said: bytes, complained: bytes) -> str:
    """What the program says about its failure; where it said nothing, the last line of its complaints."""
    try:
        return str(json.loads(said)["error"])
    except (ValueError, KeyError, TypeError):
        lines = [line.strip() for line in complained.decode("utf-8", "replace").split("\n") if line.strip()]
        return lines[-1][:500] if lines else "The tokens could not be counted."
