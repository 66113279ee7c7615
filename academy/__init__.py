"""Academy: teaches a language model from a person's own work, on one machine."""

__version__ = "0.2.0"
