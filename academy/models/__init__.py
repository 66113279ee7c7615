"""The bundled base model and where it lies."""

from pathlib import Path

DEFAULT = "academy-mini"
BUNDLED: dict[str, Path] = {DEFAULT: Path(__file__).parent / DEFAULT}
