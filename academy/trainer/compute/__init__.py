"""Model, attention, loop."""
