"""The one owner of the chat model: requests wait in line, swaps come between replies, each reply is one adapter's."""

from __future__ import annotations

import importlib.util
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Self

from academy.adapters.check import check_adapter, find_base
from academy.adapters.store import Adapter, AdapterStore
from academy.bases import Base
from academy.chat.request import BASE, ChatReply, ChatRequest, Engine, Sampling
from academy.config import Settings
from academy.errors import AcademyError, Conflict, Refused, Unavailable
from academy.files import check_name

log = logging.getLogger(__name__)

_WAITING = 16
_LIBRARIES = ("torch", "transformers", "peft")


class ChatSession:
    """Answers chat requests one after another, in a thread of its own that is the only one to touch the engine."""

    def __init__(self, settings: Settings, adapters: AdapterStore, *, engine: Engine | None = None) -> None:
        self._settings = settings
        self._adapters = adapters
        self._engine = engine
        self._given = engine is not None
        self._line = _Line()
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
        asked = _Asked(request)
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

    def _answer(self, asked: _Asked) -> None:
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


class StopTexts:
    """Lets a stream of text through up to the first of the given texts, which may arrive in pieces."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = [text for text in texts if text]
        self._held = ""
        self.found = False

    def feed(self, piece: str) -> str:
        """What of the text so far can be shown."""
        if self.found:
            return ""
        if not self._texts:
            return piece
        self._held += piece
        places = [place for text in self._texts if (place := self._held.find(text)) >= 0]
        if places:
            self.found = True
            shown, self._held = self._held[: min(places)], ""
            return shown
        keep = max(_overlap(self._held, text) for text in self._texts)
        shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return shown

    def rest(self) -> str:
        """What was held back, at the end."""
        shown, self._held = self._held, ""
        return shown


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` may be the beginning of `stop`."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)


def _is_new(engine: Engine, adapter: Adapter) -> bool:
    return engine.loaded is None or engine.loaded.adapter_id != adapter.adapter_id


class _Asked:
    """A request on its way to the engine's thread, and what comes back from there."""

    def __init__(self, request: ChatRequest) -> None:
        self.request = request
        self.stop = threading.Event()
        self.started = False
        self.begun = threading.Event()
        self.failure: BaseException | None = None
        self.parts: queue.SimpleQueue[str | ChatReply | BaseException] = queue.SimpleQueue()

    def start(self) -> None:
        self.started = True
        self.begun.set()

    def fail(self, error: BaseException) -> None:
        if not self.started:
            self.failure = error
        self.parts.put(error)
        self.begun.set()


class Reply(Iterator["str | ChatReply"]):
    """A reply that waits for its turn or is being given: pieces, and last the whole. Closed or dropped, it ends."""

    def __init__(self, asked: _Asked, line: _Line) -> None:
        self._asked = asked
        self._line = line
        self._ended = False

    def wait(self) -> Self:
        """Waits for the first piece; raises what stands against the reply, also that it was closed meanwhile."""
        self._asked.begun.wait()
        if self._asked.failure is not None:
            raise self._asked.failure
        return self

    def __next__(self) -> str | ChatReply:
        if self._ended:
            raise StopIteration
        part = self._asked.parts.get()
        self._ended = not isinstance(part, str)
        if isinstance(part, BaseException):
            raise part
        return part

    def whole(self) -> ChatReply:
        """The whole reply, when it has ended."""
        *_, last = self
        assert isinstance(last, ChatReply)
        return last

    def close(self) -> None:
        """Ends the reply, or takes the request out of the line; from any thread, and whoever waits for it is told."""
        self._asked.stop.set()
        self._line.withdraw(self._asked)
        if not self._asked.started:
            self._asked.fail(_withdrawn())

    def __del__(self) -> None:
        # No lock can be taken here; what waits in line is passed over when its turn comes.
        self._asked.stop.set()


@dataclass
class _Task:
    work: Callable[[], Any]
    asked: _Asked | None = None
    result: Future[Any] = field(default_factory=Future)


class _Line:
    """One thread that does one thing after another; calls go before the replies that wait, after the one in progress."""

    def __init__(self) -> None:
        self._tasks: deque[_Task] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.current: _Asked | None = None
        self.busy = False

    @property
    def waiting(self) -> int:
        """Replies that wait for their turn."""
        with self._changed:
            return sum(task.asked is not None for task in self._tasks)

    def add(self, work: Callable[[], Any], *, asked: _Asked | None = None) -> None:
        with self._changed:
            if sum(task.asked is not None for task in self._tasks) >= _WAITING:
                raise Unavailable(f"The chat is busy: {_WAITING} requests wait already.", hint="Try again in a moment.")
            self._tasks.append(_Task(work, asked))
            self._wake()

    def withdraw(self, asked: _Asked) -> None:
        """Takes a request out that is not wanted any more; one in progress stays."""
        with self._changed:
            self._tasks = deque(task for task in self._tasks if task.asked is not asked)

    def call(self, work: Callable[[], Any]) -> Any:
        """Does it as soon as the reply in progress has ended, and returns its result."""
        task = _Task(work)
        with self._changed:
            self._tasks.appendleft(task)
            self._wake()
        return task.result.result()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(10)

    def _wake(self) -> None:
        if self._closed:
            raise Unavailable("The chat is closed.", hint="The app is shutting down.")
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="chat", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._tasks and not self._closed:
                    self._changed.wait()
                if self._closed:
                    waiting, self._tasks = list(self._tasks), deque()
                    break
                task = self._tasks.popleft()
                self.current, self.busy = task.asked, True
            self._do(task)
            with self._changed:
                self.current, self.busy = None, False
        for task in waiting:
            error = Unavailable("The chat is closed.", hint="The app is shutting down.")
            task.result.set_exception(error)
            if task.asked is not None:
                task.asked.fail(error)

    def _do(self, task: _Task) -> None:
        asked = task.asked
        if asked is not None and asked.stop.is_set():
            asked.fail(_withdrawn())
            return
        try:
            task.result.set_result(task.work())
        except Exception as error:
            # This thread must outlive every request: the error goes to whoever asked.
            told = _explained(error)
            task.result.set_exception(told)
            if asked is not None:
                asked.fail(told)


def _withdrawn() -> AcademyError:
    return Conflict("The request was withdrawn before its turn came.")


def _explained(error: Exception) -> AcademyError:
    if isinstance(error, AcademyError):
        return error
    log.error("The chat's engine failed.", exc_info=error)
    told = Unavailable(f"The reply could not be made ({type(error).__name__}).", hint="Ask again; the app's own log has the details.")
    told.__cause__ = error
    return told
