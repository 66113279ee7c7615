"""`python -m academy.trainer.asking <job folder>`: writes questions as its spec.json says; 0 after `finished`, 1 after `failed`."""

from __future__ import annotations

from academy.trainer.__main__ import start

if __name__ == "__main__":
    raise SystemExit(start("academy.trainer.asking", "academy.trainer.asking.run"))
