"""The texts in English of what the Professor proposes and has decided, and of the lineage of adapters."""

from __future__ import annotations

TEXTS: dict[str, str | dict[str, str]] = {
    "worth.proposed": {"title": "{name} is proposed", "button": "Promote", "why": "See why"},
    "worth.refused": {"title": "{name} is not proposed", "button": "See why"},
    "professor.proposed": "Proposed",
    "professor.instead": "to answer in the chat instead of {name}",
    "professor.instead_of_base": "to answer in the chat instead of the base model",
    "professor.promote": "Promote",
    "professor.decline": "Decline",
    "professor.declined": "{name} stays in the list; nothing changes.",
    "professor.way_back": "One click on the Adapters tab goes back.",
    "professor.news": "{name} is proposed.",
    "professor.record": "What was decided, and why",
    "professor.record_text": "by the gate and the autopilot",
    "professor.proposed_title": "It would be proposed",
    "professor.refused_title": "It is not proposed",
    "professor.unmeasured_title": "It cannot be compared yet",
    "professor.ask_proposed": "Propose it",
    "professor.ask_unmeasured": "Measure and compare",
    "professor.nothing": "There is no report on the dataset that it learned from.",
}
