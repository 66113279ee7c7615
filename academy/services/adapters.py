"""The verbs of adapters: list, activate, roll back, rename, annotate, delete."""

from __future__ import annotations

from collections.abc import Sequence

from academy.adapters.store import Adapter, AdapterStore
from academy.chat.session import ChatSession
from academy.errors import Conflict
from academy.services.permission import Permission, changing, reading


class Adapters:
    """Everything that can be done with trained adapters."""

    def __init__(self, permission: Permission, store: AdapterStore, session: ChatSession) -> None:
        self._permission = permission
        self._store = store
        self._session = session

    def active(self) -> Adapter | None:
        """The adapter that answers in the chat, if any; answers also where Academy is disabled."""
        return self._store.active()

    @reading
    def list(self) -> Sequence[Adapter]:
        """All complete adapters, newest first."""
        return self._store.list()

    @reading
    def get(self, adapter_id: str) -> Adapter:
        """One adapter; raises NotFound."""
        return self._store.get(adapter_id)

    @reading
    def previous(self) -> Adapter | None:
        """The adapter that was active before this one, if it still exists."""
        return self._store.previous()

    @changing
    def activate(self, adapter_id: str) -> Adapter:
        """Lets an adapter answer in the chat; a broken one is refused and the old one stays."""
        return self._session.activate(adapter_id)

    @changing
    def deactivate(self) -> Adapter | None:
        """Lets the base model answer; returns the adapter that answered before."""
        return self._session.deactivate()

    @changing
    def roll_back(self) -> Adapter:
        """Activates the adapter that was active before this one; each time one step further back."""
        previous = self._store.previous()
        if previous is None:
            raise Conflict("There is no earlier adapter to go back to.", hint="Activate one from the list.")
        return self._session.activate(previous.adapter_id, back=True)

    @changing
    def rename(self, adapter_id: str, name: str) -> Adapter:
        """Gives an adapter another name; its id stays."""
        return self._store.rename(adapter_id, name)

    @changing
    def annotate(self, adapter_id: str, note: str) -> Adapter:
        """Puts a note beside an adapter; an empty one removes it."""
        return self._store.annotate(adapter_id, note)

    @changing
    def delete(self, adapter_id: str) -> None:
        """Deletes an adapter that is not active; the job's record, log and metrics stay."""
        self._store.delete(adapter_id)
