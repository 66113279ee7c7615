"""Ways to train."""
