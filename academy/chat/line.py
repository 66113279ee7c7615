"""TODO: academy/chat/line.py."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Self

from academy.chat.request import ChatReply, ChatRequest
from academy.errors import AcademyError, Conflict, Unavailable

log = logging.getLogger(__name__)

_WAITING = 16


class Asked:
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

    def __init__(self, asked: Asked, line: Line) -> None:
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
    asked: Asked | None = None
    result: Future[Any] = field(default_factory=Future)


class Line:
    """One thread that does one thing after another; calls go before the replies that wait, after the one in progress."""

    def __init__(self) -> None:
        self._tasks: deque[_Task] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.current: Asked | None = None
        self.busy = False

    @property
    def waiting(self) -> int:
        """Replies that wait for their turn."""
        with self._changed:
            return sum(task.asked is not None for task in self._tasks)

    def add(self, work: Callable[[], Any], *, asked: Asked | None = None) -> None:
        with self._changed:
            if sum(task.asked is not None for task in self._tasks) >= _WAITING:
                raise Unavailable(f"The chat is busy: {_WAITING} requests wait already.", hint="Try again in a moment.")
            self._tasks.append(_Task(work, asked))
            self._wake()

    def withdraw(self, asked: Asked) -> None:
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
