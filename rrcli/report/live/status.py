"""The events of a stream, each printed the moment it comes: a line of JSON, or drawn with its offset."""

from __future__ import annotations

from rrcli.base.jsontext import dumps
from rrcli.base.units import offset, size
from rrcli.base.visible import visible
from rrcli.engine.events import Observer
from rrcli.policy.mask import Mask
from rrcli.report.terminal.paint import cells, crop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.engine.events import Hop
    from rrcli.model.values import Response

SCHEMA = "rrcli.event/1"


class Live(Observer):
    """Prints every event through `write`, secrets masked unless they are to be shown; a drawn one within `width` columns.

    `words_of` gives what is drawn of an event before its content (`Hooks.event_words`).
    """

    shows_events = True

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        drawn: bool,
        show_secrets: bool,
        width: int | None = None,
        words_of: Callable[[dict[str, Any]], list[str]] = lambda _: [],
    ) -> None:
        self._write = write
        self._drawn = drawn
        self._show_secrets = show_secrets
        self._width = width
        self._words_of = words_of
        self._told_cut = False
        self._printed = False
        self._hop: Hop | None = None

    @property
    def is_visible(self) -> bool:
        return self._printed

    def prints(self, value: dict[str, Any], text: bytes) -> bool:  # noqa: ARG002  # it prints every event
        return True

    def attach(self, hop: Hop) -> None:
        self._hop = hop

    def received(self, answer: Response) -> None:
        """The stream is open: it may be long until its first event."""
        if self._drawn and "events" in answer.data and answer.status.ok:
            known = () if self._show_secrets or self._hop is None else tuple(self._hop.secrets())
            self._printed = True
            self._write(f"← {visible(Mask(known).text(answer.summary))}")

    def item(self, value: dict[str, Any], text: bytes, secrets: tuple[str, ...]) -> None:
        self._printed = True
        mask = Mask(() if self._show_secrets else tuple(secrets))
        if not self._drawn:
            self._write(dumps({"schema": SCHEMA, **mask.item(value)}))
            return
        content = text.decode("utf-8", "backslashreplace") if text or not isinstance(value["data"], str) else value["data"]
        if "\n" in content and "json" in value:
            content = dumps(value["json"])
        shown = visible(mask.text(content).replace("\n", " "))
        kind = "" if shown.startswith(value["type"]) else f"{visible(mask.text(value['type']))}  "  # the text may say it itself
        number = f"#{visible(mask.text(value['id']))}  " if value.get("id") else ""
        self._draw(f"{offset(int(value['at_ms'] * 1e6), 12)}  {kind}{number}{self._about(value, len(text))}{shown}")

    def _about(self, value: dict[str, Any], length: int) -> str:
        """What the protocol says of an event, and its size, where it says anything."""
        words = self._words_of(value)
        if words and length:
            words = [*words, size(length)]
        return f"{' · '.join(words)}  " if words else ""

    def _draw(self, line: str) -> None:
        """A line within the width; once, how to see one whole."""
        if self._width is None or cells(line) <= self._width:
            self._write(line)
            return
        self._write(f"{crop(line, self._width - 1)}…")
        if not self._told_cut:
            self._told_cut = True
            self._write(f"{'':>17}(cut to {self._width} columns: --format raw shows all)")
