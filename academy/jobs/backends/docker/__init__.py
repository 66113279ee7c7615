"""Trainings in containers."""
