"""Jobs: a folder each, a warden each, one runner for all."""
