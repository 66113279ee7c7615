"""Datasets and files that lie outside this machine: named by a person, read by a child process that reaches public addresses only."""
