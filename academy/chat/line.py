"""The line in front of the chat model: one thread that works off requests, and the replies that wait for it."""

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
from academy.errors import AcademyError, Conflict, Unavailable, foreign_code

log = logging.getLogger(__name__)

_WAITING = 16


class Call:
    """A request to the engine's thread, and the parts of its reply."""

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
    """A reply in line or in progress: pieces, and last the whole. Closing or dropping it ends it."""

    def __init__(self, call: Call, line: Line) -> None:
        self._call = call
        self._line = line
        self._ended = False

    def wait(self) -> Self:
        """Waits for the first piece; raises the error that prevents it, also Conflict where the reply was closed."""
        self._call.begun.wait()
        if self._call.failure is not None:
            raise self._call.failure
        return self

    def __next__(self) -> str | ChatReply:
        if self._ended:
            raise StopIteration
        part = self._call.parts.get()
        self._ended = not isinstance(part, str)
        if isinstance(part, BaseException):
            raise part
        return part

    def whole(self) -> ChatReply:
        """Waits for the end of the reply; the whole of it."""
        *_, last = self
        assert isinstance(last, ChatReply)
        return last

    def close(self) -> None:
        """Ends the reply, or takes the request out of the line; from any thread. `wait` raises Conflict then."""
        self._call.stop.set()
        self._line.withdraw(self._call)
        if not self._call.started:
            self._call.fail(_withdrawn())

    def __del__(self) -> None:
        # No lock can be taken here; a request still in line is skipped at its turn.
        self._call.stop.set()


@dataclass
class _Task:
    work: Callable[[], Any]
    call: Call | None = None
    result: Future[Any] = field(default_factory=Future)


class Line:
    """One thread for all work on the model; `call` comes before the replies in line, after the one in progress."""

    def __init__(self) -> None:
        self._tasks: deque[_Task] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.current: Call | None = None
        self.busy = False

    @property
    def waiting(self) -> int:
        """How many replies wait for their turn."""
        with self._changed:
            return sum(task.call is not None for task in self._tasks)

    def add(self, work: Callable[[], Any], *, call: Call | None = None) -> None:
        with self._changed:
            if sum(task.call is not None for task in self._tasks) >= _WAITING:
                raise Unavailable("The chat is busy: {n} requests are already waiting.", hint="Try again in a moment.", n=_WAITING)
            self._tasks.append(_Task(work, call))
            self._wake()

    def withdraw(self, call: Call) -> None:
        """Takes a request out of the line; one in progress stays."""
        with self._changed:
            self._tasks = deque(task for task in self._tasks if task.call is not call)

    def call(self, work: Callable[[], Any]) -> Any:
        """Does the work after the reply in progress, and returns its result."""
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
                self.current, self.busy = task.call, True
            self._do(task)
            with self._changed:
                self.current, self.busy = None, False
        for task in waiting:
            error = Unavailable("The chat is closed.", hint="The app is shutting down.")
            task.result.set_exception(error)
            if task.call is not None:
                task.call.fail(error)

    def _do(self, task: _Task) -> None:
        call = task.call
        if call is not None and call.stop.is_set():
            call.fail(_withdrawn())
            return
        try:
            # This thread must outlive every request, so the error goes to the caller.
            with foreign_code("The reply", Unavailable, hint="Ask again; the app's own log has the details."):
                task.result.set_result(task.work())
        except AcademyError as error:
            if isinstance(error, Unavailable) and error.__cause__ is not None:
                log.error("The chat's engine failed.", exc_info=error.__cause__)
            task.result.set_exception(error)
            if call is not None:
                call.fail(error)


def _withdrawn() -> AcademyError:
    return Conflict("The request was withdrawn before its turn came.")
