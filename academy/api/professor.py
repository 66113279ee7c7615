"""Routes of the Professor: advice, and the adapters that are proposed."""

from __future__ import annotations

from typing import Any

from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Reply
from academy.api.wire import Id
from academy.services.professor import Proposal, State

api = router(tags=["professor"])


class ProposalReply(Reply):
    id: str
    adapter_id: str
    name: str
    reasons: list[str]
    report_id: str
    created_at: str
    against: str | None
    against_name: str
    state: State
    decided_at: str | None

    @classmethod
    def of(cls, proposal: Proposal) -> ProposalReply:
        """The proposal with its reasons as sentences."""
        return cls(**proposal.as_dict())


class ProposalsReply(Reply):
    count: int
    items: list[ProposalReply]


class DecisionReply(Reply):
    what: str
    at: str
    sentences: list[str]
    about: dict[str, Any]


class ProfessorReply(Reply):
    ready: bool
    sentence: str
    missing: list[str]
    new_lessons: int
    autopilot: bool
    autopilot_hours: str
    autopilot_waits: list[str]
    proposal: ProposalReply | None
    decisions: list[DecisionReply]


@api.get("/professor")
def professor(academy: TheAcademy) -> ProfessorReply:
    """Whether it is time to train and what is missing, the open proposal, and the last decisions with their reasons."""
    return ProfessorReply.model_validate(academy.professor.state())


@api.get("/professor/proposals")
def list_proposals(academy: TheAcademy) -> ProposalsReply:
    """The adapters that were proposed, the newest first; at most one is open."""
    found = academy.professor.proposals()
    return ProposalsReply(count=len(found), items=[ProposalReply.of(item) for item in found])


@api.post("/professor/proposals/{proposal_id}/accept")
async def accept(academy: TheAcademy, slow: Slow, proposal_id: Id) -> ProposalReply:
    """Lets the proposed adapter answer in the chat; POST /adapters/rollback goes back."""
    return ProposalReply.of(await slow.run(academy.professor.accept, proposal_id))


@api.post("/professor/proposals/{proposal_id}/decline")
async def decline(academy: TheAcademy, slow: Slow, proposal_id: Id) -> ProposalReply:
    """Keeps the adapter that answers; the proposed one stays in the list."""
    return ProposalReply.of(await slow.run(academy.professor.decline, proposal_id))
