"""Adapters: what trainings leave."""
