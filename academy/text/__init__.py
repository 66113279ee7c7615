"""A conversation as token ids, once for trainer, preview and chat."""
