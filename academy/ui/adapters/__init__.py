"""The Adapters tab."""
