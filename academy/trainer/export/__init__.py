"""Exports an adapter: a zip in PEFT's form, one merged model, a GGUF file, or a bundle that repeats its training."""
