"""The one owner of the chat model: requests wait in line, swaps come between replies, each reply is one adapter's."""

from __future__ import annotations

import importlib.util
import logging
import time
from typing import Any

from academy.adapters.check import check_adapter
from academy.adapters.store import Adapter, AdapterStore
from academy.bases import Base, find_base
from academy.chat.decoding import StopTexts
from academy.chat.line import Asked, Line, Reply
from academy.chat.request import BASE, ChatReply, ChatRequest, Engine, Sampling
from academy.config import Settings
from academy.errors import Refused, Unavailable
from academy.files import check_name

log = logging.getLogger(__name__)

_LIBRARIES = ("torch", "transformers", "peft")


class ChatSession:
    """Answers chat requests one after another, in a thread of its own that is the only one to touch the engine."""

    def __init__(self, settings: Settings, adapters: AdapterStore, *, engine: Engine | None = None) -> None:
        self._settings = settings
        self._adapters = adapters
        self._engine = engine
        self._given = engine is not None
        self._line = Line()
        self._aside = ""

    def available(self) -> tuple[bool, str]:
        """Whether the libraries are there, without importing them; else what is missing and the command that adds it."""
        missing = [] if self._given else [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
        if not missing:
            return True, ""
        return False, f"The chat needs {', '.join(missing)}. Add it with: pip install -r requirements-academy.txt"

    def stream(self, request: ChatRequest) -> Reply:
        """The reply piece by piece, and last the whole; returns at once, with the request in line."""
        self._raise_unless_available()
        if request.adapter_id not in (None, BASE):
            # Said at once and not only when it is its turn.
            self._adapters.get(request.adapter_id)
        asked = Asked(request)
        self._line.add(lambda: self._answer(asked), asked=asked)
        return Reply(asked, self._line)

    def reply(self, request: ChatRequest) -> ChatReply:
        """The whole reply."""
        return self.stream(request).whole()

    def stop(self) -> bool:
        """Ends the reply in progress; what was said of it stays. False where there is none."""
        asked = self._line.current
        if asked is None:
            return False
        asked.stop.set()
        return True

    def activate(self, adapter_id: str) -> Adapter:
        """Makes an adapter the one that answers; where anything is wrong with it, says so and the one before stays."""
        check_name(adapter_id, "adapter id")
        adapter = self._adapters.get(adapter_id)
        self._adapters.check(adapter)
        engine = self._engine
        loaded = engine.loaded if engine is not None else None
        base = find_base(adapter.base_model)
        if engine is None or loaded is None or loaded.base.path != base.path or self._aside:
            # Nothing to swap: it comes into place with the first question.
            return self._adapters.set_active(adapter_id) or adapter

        def swap() -> Adapter:
            engine.prepare(base, adapter)
            return self._adapters.set_active(adapter_id) or adapter

        return self._line.call(swap)

    def deactivate(self) -> Adapter | None:
        """Lets the base model answer alone; returns the adapter that answered before. The base stays loaded."""
        before = self._adapters.active()
        self._adapters.set_active(None)
        return before

    def step_aside(self, reason: str) -> None:
        """Frees the GPU for a training; until `come_back` the chat says why it does not answer. On a CPU nothing changes."""
        self._aside = reason
        engine = self._engine
        # Busy without a model is on its way to have one.
        if engine is None or not (engine.loaded or self._line.busy) or not engine.on_gpu():
            return
        self.stop()
        self._line.call(engine.unload)

    def come_back(self) -> None:
        """The GPU is free again; the model is loaded with the next question."""
        self._aside = ""

    def warm(self) -> None:
        """Begins to load what the next question will need, without waiting for it; for when somebody opens the chat."""
        if self.available()[0] and not self._line.busy and (self._engine is None or self._engine.loaded is None):
            self._line.add(self._warm)

    def state(self) -> dict[str, Any]:
        """What is loaded, who would answer, and whether the chat is busy or aside."""
        loaded = self._engine.loaded if self._engine is not None else None
        active = self._adapters.active()
        ok, reason = self.available()
        return {
            "available": ok,
            "reason": reason,
            "base_model": loaded.base.name if loaded else None,
            "device": loaded.device if loaded else None,
            "adapter_id": loaded.adapter_id if loaded else None,
            "active_adapter_id": active.adapter_id if active else None,
            "busy": self._line.current is not None,
            "waiting": self._line.waiting,
            "aside": self._aside or None,
        }

    def close(self) -> None:
        """Ends the reply in progress and the thread, and frees the model."""
        self.stop()
        self._line.close()

    def _raise_unless_available(self) -> None:
        ok, reason = self.available()
        if not ok:
            raise Unavailable(reason)

    def _get_engine(self) -> Engine:
        if self._engine is None:
            from academy.chat.engine import TransformersEngine  # torch comes with the first question, not with the app

            self._engine = TransformersEngine(use_gpu=self._settings.enable_gpu)
        return self._engine

    def _choose(self, adapter_id: str | None, base_model: str | None) -> tuple[Base, Adapter | None]:
        """Who answers: looked up when it is the request's turn, so that it is whoever is active then."""
        if adapter_id == BASE or (adapter_id is None and base_model):
            return find_base(base_model or self._default_base()), None
        adapter = self._adapters.active() if adapter_id is None else self._adapters.get(adapter_id)
        if adapter is None:
            return find_base(self._default_base()), None
        if base_model and base_model != adapter.base_model:
            raise Refused(
                f"The adapter {adapter.name!r} belongs to {adapter.base_model!r}, not to {base_model!r}.",
                hint='Leave base_model out, or ask for adapter_id "base".',
            )
        return find_base(adapter.base_model), adapter

    def _default_base(self) -> str:
        active = self._adapters.active()
        loaded = self._engine.loaded if self._engine is not None else None
        if active is not None:
            return active.base_model
        return loaded.base.name if loaded else self._adapters.last_base() or self._settings.default_base_model

    def _warm(self) -> None:
        engine = self._get_engine()
        if not (self._aside and engine.on_gpu()):
            base, adapter = self._choose(None, None)
            engine.prepare(base, adapter)

    def _answer(self, asked: Asked) -> None:
        began = time.monotonic()
        request = asked.request
        engine = self._get_engine()
        if self._aside and engine.on_gpu():
            raise Unavailable(f"The chat has stepped aside: {self._aside}", hint="It answers again when the GPU is free.")
        base, adapter = self._choose(request.adapter_id, request.base_model)
        if adapter is not None and _is_new(engine, adapter):
            check_adapter(adapter.path, adapter.base_model, adapter.base_fingerprint)
        engine.prepare(base, adapter)
        messages = [message.model_dump() for message in request.messages]
        sampling = Sampling(request.max_new_tokens, request.temperature, request.top_p, request.seed)
        cutter = StopTexts(request.stop)
        pieces: list[str] = []
        first = 0.0
        cut = False
        for part in engine.generate(messages, adapter, sampling, asked.stop):
            if isinstance(part, str):
                shown = cutter.feed(part)
                cut = cutter.found
                if cut:
                    asked.stop.set()
            else:
                shown = cutter.rest()
            if not asked.started:
                first = time.monotonic() - began
                asked.start()
            if shown:
                pieces.append(shown)
                asked.parts.put(shown)
            if not isinstance(part, str):
                took = max(1e-6, time.monotonic() - began - first)
                asked.parts.put(
                    ChatReply(
                        text="".join(pieces),
                        adapter_id=adapter.adapter_id if adapter else None,
                        adapter_name=adapter.name if adapter else "",
                        base_model=base.name,
                        prompt_tokens=part.prompt_tokens,
                        completion_tokens=part.completion_tokens,
                        finish="end" if cut else part.finish,
                        stopped=part.finish == "stopped" and not cut,
                        notes=part.notes,
                        seconds_to_first_token=round(first, 4),
                        tokens_per_second=round(max(0, part.completion_tokens - 1) / took, 1),
                    )
                )


def _is_new(engine: Engine, adapter: Adapter) -> bool:
    return engine.loaded is None or engine.loaded.adapter_id != adapter.adapter_id
