"""Threads that go on with exchanges which wait by themselves, so that whoever steps the others need not."""

from __future__ import annotations

import os
from _queue import SimpleQueue
from _thread import allocate_lock
from threading import Thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange

    Course = Generator[Event, None, Exchange]
    Lane = Any  # whose course it is


class Helpers:
    """As many threads as there is work at the same time. Nobody waits for them when the program is told to end."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._work: SimpleQueue[tuple[Lane, Course] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Lane, Exchange | BaseException]] = SimpleQueue()
        self._threads = 0
        self._busy = 0
        self._lock = allocate_lock()
        self._is_closed = False

    def fileno(self) -> int:
        """Can be read from once there is something done."""
        return self._reading

    def take(self, lane: Lane, course: Course) -> None:
        """Go on with a course to its end."""
        self._busy += 1
        self._work.put((lane, course))
        if self._busy > self._threads:
            self._threads += 1
            Thread(target=self._run, daemon=True).start()

    def done(self) -> Iterator[tuple[Lane, Exchange | BaseException]]:
        """What has come to its end: the exchange, or what was raised."""
        os.read(self._reading, 4096)
        while not self._done.empty():
            self._busy -= 1
            yield self._done.get()

    def close(self) -> None:
        """Have the threads end once they are through with what they do; nothing of it is taken any more."""
        for _ in range(self._threads):
            self._work.put(None)
        with self._lock:
            self._is_closed = True
            os.close(self._reading)
            os.close(self._writing)

    def _run(self) -> None:
        from rrcli.engine.send import finish

        while work := self._work.get():
            lane, course = work
            try:
                result: Exchange | BaseException = finish(course)
            except BaseException as error:  # noqa: BLE001  # raised again where somebody can catch it
                result = error
            self._done.put((lane, result))
            with self._lock:
                if self._is_closed:
                    return
                try:
                    os.write(self._writing, b"\0")
                except BlockingIOError:
                    pass  # it is full: there is something to be read
