"""Secrets are found and replaced before anything is written."""
