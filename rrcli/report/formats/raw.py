"""The answer's content alone, as it comes: the format off a terminal, byte for byte."""

from __future__ import annotations

from rrcli.engine.events import Observer
from rrcli.engine.hooks import DEFAULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.model.values import Response

    RawEvent = Callable[[dict[str, Any], bytes], bytes]


class Raw(Observer):
    """Writes content the moment it arrives, after status and fields with `include`; with `lines` text is ended by a newline.

    `raw_event` gives what is written of a stream's event (`Hooks.raw_event`).
    """

    passes_content = True

    def __init__(
        self, write: Callable[[bytes], None], *, include: bool, lines: bool, keep: bool, raw_event: RawEvent = DEFAULT.raw_event
    ) -> None:
        self._write = write
        self._raw_event = raw_event
        self._include = include
        self._lines = lines
        self._began = False
        self._binary = False
        self._complete = False  # the head was all there is to print
        self.keeps_content = keep

    def received(self, answer: Response) -> None:
        self._binary = answer.body is not None and answer.body.is_binary
        if self._include:
            from rrcli.model.head import head

            self._write(head(answer))
            self._complete = answer.complete_text is not None

    def content(self, data: bytes) -> None:
        if not self._complete:
            self._write(data)
            self._began = True

    def item(self, value: dict[str, Any], text: bytes, secrets: tuple[str, ...]) -> None:  # noqa: ARG002  # exact, never masked
        if raw := self._raw_event(value, text):
            self._write(raw)

    def prints(self, value: dict[str, Any], text: bytes) -> bool:
        return bool(self._raw_event(value, text))

    def finish(self) -> None:
        """The newline behind content that is lines: behind one of its own too, so that it can be told from none."""
        if self._lines and self._began and not self._binary:
            self._write(b"\n")
        self._write(b"")


class RawStream(Raw):
    """The same of an answer that is a stream of events, and nothing of any other: that is laid out when all of it is there."""

    def __init__(self, write: Callable[[bytes], None], *, include: bool, lines: bool) -> None:
        super().__init__(write, include=include, lines=lines, keep=True)
        self.passes_content = False

    def received(self, answer: Response) -> None:
        self.passes_content = "events" in answer.data
        if self.passes_content:
            super().received(answer)

    def content(self, data: bytes) -> None:
        if self.passes_content:
            super().content(data)
