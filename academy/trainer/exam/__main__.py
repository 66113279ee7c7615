"""`python -m academy.trainer.exam <job folder>`: examines what the folder's spec.json says; 0 after `finished`, 1 after `failed`."""

from __future__ import annotations

from academy.trainer.__main__ import start

if __name__ == "__main__":
    raise SystemExit(start("academy.trainer.exam", "academy.trainer.exam.run"))
