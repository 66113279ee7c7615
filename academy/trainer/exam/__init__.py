"""The exam after a training: what the adapter knows, what its base knew, and what was forgotten; ends in a report with a verdict."""
