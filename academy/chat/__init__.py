"""Chat with the base model and its adapters, in this process."""
