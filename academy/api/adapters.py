"""Routes of adapters."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body
from pydantic import Field

from academy.adapters.store import Adapter
from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Asked, Done, Reply
from academy.api.wire import Id
from academy.messages import Text, msg

api = router(tags=["adapters"])


class AdapterReply(Reply):
    adapter_id: str
    adapter_path: str
    name: str
    base_model: str
    created_at: str
    training_params: dict[str, Any]
    is_active: bool
    dataset_id: str | None
    train_loss: float | None
    eval_loss: float | None
    baseline_eval_loss: float | None
    trainable_parameters: int | None
    size_bytes: int
    source: str
    report_id: str | None
    known: dict[str, int] | None
    verdict: str | None
    note: str

    @classmethod
    def of(cls, adapter: Adapter, report: dict[str, Any]) -> AdapterReply:
        """The adapter under the contract's names, with what its report says."""
        return cls(
            **report,
            adapter_id=adapter.adapter_id,
            adapter_path=str(adapter.path),
            name=adapter.name,
            base_model=adapter.base_model,
            created_at=adapter.created_at,
            training_params=adapter.parameters,
            is_active=adapter.is_active,
            dataset_id=adapter.dataset_id,
            train_loss=adapter.train_loss,
            eval_loss=adapter.eval_loss,
            baseline_eval_loss=adapter.baseline_eval_loss,
            trainable_parameters=adapter.trainable_parameters,
            size_bytes=adapter.size_bytes,
            source=adapter.source,
            note=adapter.note,
        )


class AdapterChange(Asked):
    """What is to change of an adapter; what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    note: str | None = Field(default=None, max_length=2000)


_CHANGES = [{"name": "handbook, second try"}, {"note": "twice the epochs"}]


class Activation(Asked):
    """The adapter that is to answer; `adapter_path` is accepted and ignored."""

    adapter_id: Id
    adapter_path: str | None = Field(default=None, max_length=4000)


class ActivationReply(Reply):
    success: bool = True
    message: Text
    adapter_id: str
    adapter_path: str

    @classmethod
    def of(cls, adapter: Adapter) -> ActivationReply:
        """The adapter that answers now."""
        return cls(
            message=msg("{adapter} answers now.", adapter=adapter.name), adapter_id=adapter.adapter_id, adapter_path=str(adapter.path)
        )


@api.get("/adapters")
def list_adapters(academy: TheAcademy) -> list[AdapterReply]:
    """All complete adapters, newest first."""
    return [AdapterReply.of(adapter, academy.evaluations.of_adapter(adapter.adapter_id)) for adapter in academy.adapters.list()]


@api.post("/adapters/activate")
async def activate(academy: TheAcademy, slow: Slow, request: Activation) -> ActivationReply:
    """Lets an adapter answer in the chat; a broken one is refused and the one before stays."""
    return ActivationReply.of(await slow.run(academy.adapters.activate, request.adapter_id))


@api.post("/adapters/deactivate")
async def deactivate(academy: TheAcademy, slow: Slow) -> Done:
    """Lets the base model answer."""
    before = await slow.run(academy.adapters.deactivate)
    if before is None:
        return Done(success=False, message="No adapter was active; the base model answers.")
    return Done(message=msg("{adapter} no longer answers; its base model does.", adapter=before.name))


@api.post("/adapters/rollback")
async def roll_back(academy: TheAcademy, slow: Slow) -> ActivationReply:
    """Activates the adapter that was active before this one; each call goes one step further back."""
    return ActivationReply.of(await slow.run(academy.adapters.roll_back))


@api.patch("/adapters/{adapter_id}")
def change_adapter(academy: TheAcademy, adapter_id: Id, request: Annotated[AdapterChange, Body(examples=_CHANGES)]) -> AdapterReply:
    """Gives an adapter another name, a note, or both; its id stays."""
    if request.name is not None:
        academy.adapters.rename(adapter_id, request.name)
    if request.note is not None:
        academy.adapters.annotate(adapter_id, request.note)
    return AdapterReply.of(academy.adapters.get(adapter_id), academy.evaluations.of_adapter(adapter_id))


@api.delete("/adapters/{adapter_id}")
def delete_adapter(academy: TheAcademy, adapter_id: Id) -> Done:
    """Deletes an adapter that is not active; its job's record, log and metrics stay."""
    academy.adapters.delete(adapter_id)
    return Done(message="The adapter is deleted.")
