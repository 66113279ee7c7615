"""The texts in English of other wordings of lessons: by hand, written by a model, reviewed."""

from __future__ import annotations

TEXTS: dict[str, str | dict[str, str]] = {
    "wordings.title": "Other wordings",
    "wordings.have": "Have other wordings written",
    "wordings.bulk": "Other wordings",
    "wordings.bulk_title": "A model writes other wordings of the chosen lessons' questions, which you review",
    "wordings.begun": "Other wordings are being written.",
    "wordings.of_lessons": "writes other wordings of lessons",
    "wordings.probe_failed": "{base} cannot rephrase questions: of {of} wordings of questions with known answers {right} are usable, "
    "and {needed} are needed.",
    "wordings.probe_failed_hint": "Chat with a larger model and try again, or write other wordings by hand: open a lesson.",
    "wordings.probe_passed": "{base}: {right} of {of} wordings of questions with known answers are usable.",
    "wordings.thrown": {"one": "{n} wording thrown away", "many": "{n} wordings thrown away"},
    "wordings.failed": "No wording was written.",
    "wordings.accept_all": "Accept all {n} shown",
    "wordings.reject_all": "Reject all {n} shown",
    "wordings.text": "Another wording of: {question}",
    "wordings.accepted": {"one": "{n} wording accepted.", "many": "{n} wordings accepted."},
    "wordings.rejected": {"one": "{n} wording rejected.", "many": "{n} wordings rejected."},
    "wordings.undone": "Taken back.",
    "wordings.group": "Review of other wordings",
    "wordings.count": {"one": "{n} other wording", "many": "{n} other wordings"},
    "wordings.field": "Other ways to ask",
    "wordings.help": "One a line. A training asks in these words too, from the second look on; the exam never does.",
    "wordings.row": "Also asked as:",
    "fault.same": "nothing new",
    "fault.language": "in another language",
    "fault.loses": "a name, a number or a quote is missing",
    "fault.adds": "a name or a number was added",
    "fault.other_lesson": "asks what another lesson asks",
    "fault.exam": "asked in the exam",
}
