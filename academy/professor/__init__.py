"""The Professor: when to train, which adapter to propose, and what was decided and why."""
