"""Tensors: model, attention, batches, loop."""
