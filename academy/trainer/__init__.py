"""The trainer: a program that reads a job folder, needs only the ML libraries, and is imported by nobody."""
