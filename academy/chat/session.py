"""The only owner of the chat model: requests wait in line, swaps come between replies, each reply is by one adapter."""

from __future__ import annotations

import importlib.util
import json
import logging
import time
from collections.abc import Sequence
from typing import Any

from academy.adapters.check import check_adapter
from academy.adapters.store import Adapter, AdapterStore
from academy.bases import Base, Places, find_base, thinks
from academy.chat.decoding import StopTexts
from academy.chat.line import Call, Line, Reply
from academy.chat.memory import free_memory
from academy.chat.request import BASE, ChatReply, ChatRequest, Effect, Engine, Outcome, Sampling, Thought
from academy.config import Settings
from academy.errors import AcademyError, Refused, Unavailable
from academy.files import check_name
from academy.messages import Text, msg, render

log = logging.getLogger(__name__)

_LIBRARIES = ("torch", "transformers", "peft")
_SPARE = 2 << 30  # bytes that must be free before libraries of 400 MB are imported ahead


class ChatSession:
    """Answers chat requests one after another, in a thread of its own; no other thread touches the engine."""

    def __init__(self, settings: Settings, adapters: AdapterStore, *, engine: Engine | None = None) -> None:
        self._settings = settings
        self._adapters = adapters
        self._places = Places.of(settings)
        self._engine = engine
        self._given = engine is not None
        self._line = Line()
        self._aside: Text = ""

    def available(self) -> tuple[bool, Text]:
        """Whether the libraries are installed, without importing them; else the missing ones and the command that adds them."""
        missing = [] if self._given else [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
        if not missing:
            return True, ""
        return False, msg("The chat needs {names:commas}. Add it with: pip install -r requirements-academy.txt", names=missing)

    def stream(self, request: ChatRequest) -> Reply:
        """The reply piece by piece, and last the whole; returns at once with the request in line."""
        self._raise_unless_available()
        if request.adapter_id not in (None, BASE):
            # An unknown adapter is an error at once, not only when the request's turn comes.
            self._adapters.get(request.adapter_id)
        call = Call(request)
        self._line.add(lambda: self._answer(call), call=call)
        return Reply(call, self._line)

    def reply(self, request: ChatRequest) -> ChatReply:
        """The whole reply."""
        return self.stream(request).whole()

    def stop(self) -> bool:
        """Ends the reply in progress and keeps its text; False where there is none."""
        call = self._line.current
        if call is None:
            return False
        call.stop.set()
        return True

    def activate(self, adapter_id: str, *, back: bool = False) -> Adapter:
        """Makes an adapter the one that answers (`back`: again, from the stack); raises where it is broken, and the one before stays."""
        check_name(adapter_id, "adapter id")
        adapter = self._adapters.get(adapter_id)
        self._adapters.check(adapter)
        engine = self._engine
        loaded = engine.loaded if engine is not None else None
        base = find_base(adapter.base_model, self._places)
        if engine is None or loaded is None or loaded.base.path != base.path or self._aside:
            # Nothing to swap: the first question puts it in place.
            return self._adapters.set_active(adapter_id, back=back) or adapter

        def swap() -> Adapter:
            engine.prepare(base, adapter)
            return self._adapters.set_active(adapter_id, back=back) or adapter

        return self._line.call(swap)

    def deactivate(self) -> Adapter | None:
        """Lets the base model answer alone and stay loaded; returns the adapter that answered before."""
        before = self._adapters.active()
        self._adapters.set_active(None)
        return before

    def effect(self, adapter_id: str, questions: Sequence[str]) -> Effect:
        """How far an adapter moves its base on some questions, measured after the reply in progress."""
        self._raise_unless_available()
        self._adapters.get(adapter_id)

        def measure() -> Effect:
            engine = self._get_engine()
            self._raise_if_aside(engine)
            base, adapter = self._choose(adapter_id, None)
            assert adapter is not None
            check_adapter(adapter.path, adapter.base_model, adapter.base_fingerprint, self._places)
            engine.prepare(base, adapter)
            return engine.effect(questions, adapter)

        return self._line.call(measure)

    def step_aside(self, reason: Text) -> None:
        """Frees the GPU for a training; until `come_back` the chat refuses with the reason. On a CPU nothing changes."""
        self._aside = reason
        engine = self._engine
        # Busy without a model: it is being loaded.
        if engine is None or not (engine.loaded or self._line.busy) or not engine.on_gpu():
            return
        self.stop()
        self._line.call(engine.unload)

    def come_back(self) -> None:
        """Ends the pause; the next question loads the model."""
        self._aside = ""

    def warm(self) -> None:
        """Starts to load the model for the next question and returns at once; for when the chat is opened."""
        if self.available()[0] and (self._engine is None or self._engine.loaded is None):
            self._line.add(self._warm)

    def expect(self) -> None:
        """Imports the libraries ahead where memory is free, so that the first answer waits for the model only; returns at once."""
        free = free_memory()
        if self.available()[0] and self._engine is None and (free is None or free > _SPARE):
            self._line.add(_import)

    def thinks(self, adapter_id: str | None) -> bool:
        """Whether the base that would answer has a form for thoughts; False where it cannot be found."""
        try:
            base, _ = self._choose(adapter_id, None)
        except AcademyError:
            return False
        return base.path is not None and thinks(base.path)

    def state(self) -> dict[str, Any]:
        """The loaded model, the active adapter, and whether the chat is busy or paused."""
        loaded = self._engine.loaded if self._engine is not None else None
        active = self._adapters.active()
        ok, reason = self.available()
        return {
            "available": ok,
            "reason": render(reason),
            "base_model": loaded.base.name if loaded else None,
            "device": loaded.device if loaded else None,
            "adapter_id": loaded.adapter_id if loaded else None,
            "active_adapter_id": active.adapter_id if active else None,
            "busy": self._line.current is not None,
            "waiting": self._line.waiting,
            "aside": render(self._aside) or None,
        }

    def close(self) -> None:
        """Ends the reply in progress and the thread, and frees the model."""
        self.stop()
        self._line.close()

    def _raise_unless_available(self) -> None:
        ok, reason = self.available()
        if not ok:
            raise Unavailable(reason)

    def _raise_if_aside(self, engine: Engine) -> None:
        if self._aside and engine.on_gpu():
            raise Unavailable(
                "The chat is paused while a training runs: {reason}", hint="It answers again when the GPU is free.", reason=self._aside
            )

    def _get_engine(self) -> Engine:
        if self._engine is None:
            from academy.chat.engine import TransformersEngine  # torch comes with the first question, not with the app

            self._engine = TransformersEngine(use_gpu=self._settings.enable_gpu)
        return self._engine

    def _choose(self, adapter_id: str | None, base_model: str | None) -> tuple[Base, Adapter | None]:
        """The base and adapter that answer, looked up at the request's turn, so that the adapter is the one active then."""
        if adapter_id == BASE or (adapter_id is None and base_model):
            return find_base(base_model or self._default_base(), self._places), None
        adapter = self._adapters.active() if adapter_id is None else self._adapters.get(adapter_id)
        if adapter is None:
            return find_base(self._default_base(), self._places), None
        if base_model and base_model != adapter.base_model:
            raise Refused(
                "The adapter {name!r} belongs to {own!r}, not to {base!r}.",
                hint='Leave base_model out, or ask for adapter_id "base".',
                name=adapter.name,
                own=adapter.base_model,
                base=base_model,
            )
        return find_base(adapter.base_model, self._places), adapter

    def _default_base(self) -> str:
        active = self._adapters.active()
        loaded = self._engine.loaded if self._engine is not None else None
        if active is not None:
            return active.base_model
        return loaded.base.name if loaded else self._adapters.last_base() or self._settings.default_base_model

    def _warm(self) -> None:
        engine = self._get_engine()
        # A question may have come before.
        if engine.loaded is None and not (self._aside and engine.on_gpu()):
            base, adapter = self._choose(None, None)
            engine.prepare(base, adapter)

    def _answer(self, call: Call) -> None:
        telling = _Telling(call)
        request, engine = call.request, self._get_engine()
        self._raise_if_aside(engine)
        base, adapter = self._choose(request.adapter_id, request.base_model)
        if adapter is not None and _is_new(engine, adapter):
            check_adapter(adapter.path, adapter.base_model, adapter.base_fingerprint, self._places)
        engine.prepare(base, adapter)
        tools = [{"role": "tools", "content": json.dumps(request.tools)}] if request.tools else []
        messages = [*tools, *(message.as_turn() for message in request.messages)]
        messages += [{"role": "assistant", "content": request.prefix}] if request.prefix else []
        # What continues a reply comes after its thought.
        wanted = adapter is not None and adapter.thinks if request.thinking is None else request.thinking
        thinking = wanted and not request.prefix
        sampling = Sampling(request.max_new_tokens, request.temperature, request.top_p, request.seed, thinking)
        telling.end(engine.generate(messages, adapter, sampling, call.stop, telling.say), base, adapter)


class _Telling:
    """Passes a reply on as the engine says it, up to a stop text, and keeps its times."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._cutter = StopTexts(call.request.stop)
        self._pieces: list[str] = []
        self._thoughts: list[str] = []
        self._began = time.monotonic()
        self._first = 0.0  # seconds until the first piece

    def say(self, piece: str) -> None:
        visible = self._cutter.feed(piece)
        if self._cutter.found:
            self._call.stop.set()
        self._tell(visible)

    def end(self, outcome: Outcome, base: Base, adapter: Adapter | None) -> None:
        self._tell(self._cutter.rest())
        cut = self._cutter.found
        took = max(1e-6, time.monotonic() - self._began - self._first)
        self._call.parts.put(
            ChatReply(
                text="".join(self._pieces),
                adapter_id=adapter.adapter_id if adapter else None,
                adapter_name=adapter.name if adapter else "",
                base_model=base.name,
                prompt_tokens=outcome.prompt_tokens,
                completion_tokens=outcome.completion_tokens,
                finish="end" if cut else outcome.finish,
                stopped=outcome.finish == "stopped" and not cut,
                notes=tuple(render(note) for note in outcome.notes),
                seconds_to_first_token=round(self._first, 4),
                tokens_per_second=round(max(0, outcome.completion_tokens - 1) / took, 1),
                thinking="".join(self._thoughts),
            )
        )

    def _tell(self, text: str) -> None:
        if not self._call.started:
            self._first = time.monotonic() - self._began
            self._call.start()
        if text:
            (self._thoughts if isinstance(text, Thought) else self._pieces).append(text)
            self._call.parts.put(text)


def _import() -> None:
    from academy.chat.engine import import_libraries

    import_libraries()


def _is_new(engine: Engine, adapter: Adapter) -> bool:
    return engine.loaded is None or engine.loaded.adapter_id != adapter.adapter_id
