"""The preview of a training: the tokens that the model will see of a dataset, by the trainer's own code in a process of its own."""

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
from academy.messages import Text, from_json, render

_ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_SECONDS = 300
_ENVIRONMENT = ("PATH", "HOME", "LANG", "TMPDIR", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "LD_LIBRARY_PATH", "SYSTEMROOT")


def inspect_tokens(base_path: Path, dataset_path: Path, max_seq_length: int, rows: Sequence[int]) -> dict[str, Any]:
    """The lengths of all rows in tokens, and the tokens of the given rows as trained, context or cut; raises Refused with the reason."""
    stamp = dataset_path.stat().st_mtime_ns
    reply = json.loads(_run(str(base_path), str(dataset_path), max_seq_length, tuple(rows), stamp))
    return reply | {"notes": [render(from_json(note)) for note in reply["notes"]]}


@lru_cache(maxsize=32)
def _run(base_path: str, dataset_path: str, max_seq_length: int, rows: tuple[int, ...], _stamp: int) -> str:
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


def _reason(output: bytes, log: bytes) -> Text:
    """The reason that the program gives for its failure; without one, the last line of its log."""
    try:
        return from_json(json.loads(output)["error"]) or ""
    except (ValueError, KeyError, TypeError):
        lines = [line.strip() for line in log.decode("utf-8", "replace").split("\n") if line.strip()]
        return lines[-1][:500] if lines else "The tokens could not be counted."
