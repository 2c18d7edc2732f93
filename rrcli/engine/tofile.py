"""The answer's content alone, written to a file as it comes."""

from __future__ import annotations

from rrcli.engine.events import Observer
from rrcli.engine.hooks import DEFAULT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.model.values import Response

    RawEvent = Callable[[dict[str, Any], bytes], bytes]


class ToFile(Observer):
    """Writes content to a file, opened when the answer's status is known, so that a failure before leaves none.

    `open_file` may say `None`: this answer's content is none to save.
    """

    def __init__(
        self, open_file: Callable[[Response], Callable[[bytes], None] | None], *, keep: bool, raw_event: RawEvent = DEFAULT.raw_event
    ) -> None:
        self._open = open_file
        self._raw_event = raw_event
        self._write: Callable[[bytes], None] | None = None
        self.keeps_content = keep

    def received(self, answer: Response) -> None:
        self._write = self._write or self._open(answer)

    def content(self, data: bytes) -> None:
        if self._write:
            self._write(data)

    def item(self, value: dict[str, Any], text: bytes, secrets: tuple[str, ...]) -> None:  # noqa: ARG002  # exact, never masked
        if self._write and (raw := self._raw_event(value, text)):
            self._write(raw)

    def prints(self, value: dict[str, Any], text: bytes) -> bool:
        return bool(self._raw_event(value, text))
