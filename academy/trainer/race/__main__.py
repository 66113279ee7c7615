"""`python -m academy.trainer.race <job folder>`: races the trials of its spec.json; 0 after `finished`, 1 after `failed`."""

from __future__ import annotations

from academy.trainer.__main__ import start

if __name__ == "__main__":
    raise SystemExit(start("academy.trainer.race", "academy.trainer.race.run"))
