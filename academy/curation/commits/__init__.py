"""A repository as lessons."""
