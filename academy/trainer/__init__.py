"""The trainer: a program that reads a job folder and needs only the ML libraries; no module imports it."""
