"""Routes of adapters."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Request
from pydantic import Field

from academy.adapters.store import Adapter
from academy.api.multipart import ADAPTER_FORM, received_one
from academy.api.parts import Slow, TheAcademy, router
from academy.api.replies import Asked, Done, Reply
from academy.api.wire import Id
from academy.errors import Invalid
from academy.messages import Text, msg
from academy.services.academy import Academy
from academy.services.lineage import Lineage

api = router(tags=["adapters"])


class LineageReply(Reply):
    dataset_id: str | None
    job_id: str | None
    report_id: str | None
    continued_from: str | None


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
    tags: list[str]
    strength: float
    lineage: LineageReply

    @classmethod
    def of(cls, adapter: Adapter, lineage: Lineage) -> AdapterReply:
        """The adapter under the contract's names, with where it comes from and what its report says."""
        return cls(
            report_id=lineage.report_id,
            known=lineage.known,
            verdict=lineage.verdict,
            lineage=LineageReply.model_validate(vars(lineage)),
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
            tags=[*adapter.tags],
            strength=adapter.strength,
        )


class EffectReply(Reply):
    largest: float
    question: str
    changed: int
    of: int


class AdapterChange(Asked):
    """What is to change of an adapter; what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    note: str | None = Field(default=None, max_length=2000)
    tags: list[str] | None = Field(default=None, max_length=20)
    strength: float | None = Field(default=None, ge=0, le=1.5, description="How strongly it acts: 1 as trained, 0 not at all.")


_CHANGES = [{"name": "handbook, second try"}, {"note": "twice the epochs"}, {"tags": ["handbook"], "strength": 0.8}]


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
    return [AdapterReply.of(adapter, academy.adapters.lineage(adapter)) for adapter in academy.adapters.list()]


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


@api.post("/adapters/import", openapi_extra=ADAPTER_FORM)
async def import_adapter(request: Request, academy: TheAcademy, slow: Slow) -> AdapterReply:
    """Takes an adapter in PEFT's form, from a zip in the field `file` or from a folder of this machine in `path`.

    Only adapter_config.json and adapter_model.safetensors are taken; pickled weights, another base model, and weights without a
    counterpart in the base model are refused.
    """
    async with received_one(request, academy.settings) as (file, texts):
        if unknown := sorted(texts.keys() - {"path", "base_model"}):
            raise Invalid("The field {name!r} is not known here.", hint="Send file or path, and base_model.", name=unknown[0][:80])
        path, base_model = texts.get("path", ""), texts.get("base_model") or None
        if (file is None) == (not path):
            raise Invalid("Send a zip in the field 'file', or a folder's path in the field 'path'.")
        if file is not None:
            made = await slow.run(academy.adapters.import_zip, file[1], file[0], base_model)
        else:
            made = await slow.run(academy.adapters.import_folder, path, base_model)
        return _shown(academy, made)


@api.post("/adapters/{adapter_id}/effect")
async def effect(academy: TheAcademy, slow: Slow, adapter_id: Id) -> EffectReply:
    """Proof that an adapter acts: the largest difference of a logit between it and its base, on general questions and its own lessons."""
    return EffectReply(**vars(await slow.run(academy.adapters.effect, adapter_id)))


@api.patch("/adapters/{adapter_id}")
def change_adapter(academy: TheAcademy, adapter_id: Id, request: Annotated[AdapterChange, Body(examples=_CHANGES)]) -> AdapterReply:
    """Changes what is given of name, note, tags and strength; the id stays. A strength applies from the next reply on."""
    if request.strength is not None:
        academy.adapters.scale(adapter_id, request.strength)
    if request.tags is not None:
        academy.adapters.tag(adapter_id, request.tags)
    if request.name is not None:
        academy.adapters.rename(adapter_id, request.name)
    if request.note is not None:
        academy.adapters.annotate(adapter_id, request.note)
    return _shown(academy, academy.adapters.get(adapter_id))


@api.delete("/adapters/{adapter_id}")
def delete_adapter(academy: TheAcademy, adapter_id: Id) -> Done:
    """Deletes an adapter that is not active; its job's record, log and metrics stay."""
    academy.adapters.delete(adapter_id)
    return Done(message="The adapter is deleted.")


def _shown(academy: Academy, adapter: Adapter) -> AdapterReply:
    return AdapterReply.of(adapter, academy.adapters.lineage(adapter))
