"""The verbs of the Professor: advice, proposals, what was decided and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from academy.adapters.store import AdapterStore
from academy.chat.session import ChatSession
from academy.config import Settings
from academy.errors import Conflict
from academy.messages import msg, render
from academy.professor.advice import Advice
from academy.professor.autopilot import Plan
from academy.professor.gate import Judgement
from academy.professor.proposals import Decision, Decisions, Proposal, ProposalStore, State
from academy.services.permission import Permission, changing, reading
from academy.services.promotion import Promotion

__all__ = ["Decision", "Professor", "Proposal", "State"]


class Professor:
    """Everything that the Professor says, and what a person answers."""

    def __init__(
        self,
        permission: Permission,
        settings: Settings,
        advice: Callable[[], Advice],
        plan: Callable[[], Plan],
        adapters: AdapterStore,
        session: ChatSession,
        promotion: Promotion,
        proposals: ProposalStore,
        decisions: Decisions,
    ) -> None:
        self._permission = permission
        self._settings = settings
        self._advice = advice
        self._plan = plan
        self._adapters = adapters
        self._session = session
        self._promotion = promotion
        self._proposals = proposals
        self._decisions = decisions

    @reading
    def state(self) -> dict[str, Any]:
        """Contract, section 7, row 23: whether it is time to train and what is missing, the open proposal, the last decisions."""
        advice, proposed, plan = self._advice(), self.proposed(), self._plan()
        return {
            "ready": advice.ready,
            "sentence": render(advice.sentence),
            "missing": [render(text) for text in advice.missing],
            "new_lessons": advice.new_lessons,
            "autopilot": self._settings.autopilot,
            "autopilot_waits": [render(text) for text in plan.sentences] if plan.act == "waits" else [],
            "autopilot_hours": self._settings.autopilot_hours,
            "proposal": proposed.as_dict() if proposed else None,
            "decisions": [decision.as_dict() for decision in self._decisions.last(20)],
        }

    @reading
    def proposals(self) -> Sequence[Proposal]:
        """All proposals, the newest first; an open one whose adapter is gone is superseded."""
        there = {adapter.adapter_id for adapter in self._adapters.list()}
        return [replace(item, state="superseded") if item.state == "open" and item.adapter_id not in there else item
                for item in self._proposals.list()]  # fmt: skip

    @reading
    def proposed(self) -> Proposal | None:
        """The proposal that waits for a decision."""
        return next((item for item in self.proposals() if item.state == "open"), None)

    @reading
    def opinion(self, adapter_id: str) -> Judgement | None:
        """Whether the gate would propose an adapter, with its reasons; None for the active one, and where nothing was measured."""
        return self._promotion.opinion(self._adapters.get(adapter_id))

    @reading
    def autopilot(self) -> Plan | None:
        """What the autopilot would do now, and why; None where it is off."""
        return self._plan() if self._settings.autopilot else None

    @reading
    def decisions(self, limit: int = 20) -> Sequence[Decision]:
        """The last decisions of the gate and of the autopilot, the newest first."""
        return self._decisions.last(limit)

    @changing
    def consider(self, adapter_id: str) -> Judgement | None:
        """Lets the gate judge an adapter now; where the active one has to be measured first, that is queued."""
        return self._promotion.consider(self._adapters.get(adapter_id))

    @changing
    def accept(self, proposal_id: str) -> Proposal:
        """Lets the proposed adapter answer; the one before stays on the stack to go back to."""
        found = self._proposals.get(proposal_id)
        if found.state != "open":
            raise Conflict("This proposal is {state}.", hint="Only an open one can be decided.", state=msg(found.state))
        self._session.activate(found.adapter_id)  # settles the proposal
        return self._proposals.get(proposal_id)

    @changing
    def decline(self, proposal_id: str) -> Proposal:
        """Keeps the adapter that answers; the proposed one stays in the list."""
        return self._proposals.decide(proposal_id, "declined")
