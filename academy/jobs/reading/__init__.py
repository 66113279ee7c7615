"""What a running job says: events, log, progress."""
