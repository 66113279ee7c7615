"""What to say to a client that calls an address where OpenAI's API is not. Pure."""

from __future__ import annotations

from academy.messages import Message, msg

KNOWN = "/v1/chat/completions, /v1/models"
MISPLACED = ("/models", "/chat/completions", "/completions", "/embeddings", "/responses", "/messages")
"""Addresses that a client calls whose base URL lacks the /v1."""


def hint_for(path: str) -> Message | None:
    """What is wrong with an address; None for one that has nothing to do with OpenAI's API."""
    path = path.rstrip("/") or "/"
    if path.startswith("/v1/v1"):
        return msg("The base URL of the client has /v1 twice: it ends in /v1 once, and the client adds the rest.")
    if path in MISPLACED or path.startswith("/models/"):
        return msg("This is not the address of the OpenAI-compatible API: the base URL of the client must end in /v1.")
    if path == "/v1":
        return msg("Here begins the OpenAI-compatible API: {known}.", known=KNOWN)
    if path.startswith(
        ("/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages", "/v1/assistants", "/v1/threads", "/v1/audio", "/v1/images")
    ):
        return msg("Academy does not have this part of the API; it has {known}.", known=KNOWN)
    if path in ("/api/chat", "/api/tags", "/api/generate", "/api/show", "/api/version"):
        return msg(
            "This is an address of Ollama's API. Academy speaks OpenAI's: choose that in the client, with a base URL that ends in /v1."
        )
    return None
