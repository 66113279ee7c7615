"""Training methods: what a batch is and what its loss is."""
