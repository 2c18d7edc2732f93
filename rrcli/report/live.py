"""The events of a stream, each printed the moment it comes: a line of JSON, or drawn with its offset."""

from __future__ import annotations

from rrcli.jsontext import dumps
from rrcli.policy.redact import Mask
from rrcli.report.visible import visible
from rrcli.runner import Observer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SCHEMA = "rrcli.event/1"


class Live(Observer):
    """Prints every event through `write`, secrets masked unless they are to be shown."""

    def __init__(self, write: Callable[[str], None], *, drawn: bool, show_secrets: bool) -> None:
        self._write = write
        self._drawn = drawn
        self._show_secrets = show_secrets

    def item(self, value: dict[str, Any], text: bytes, secrets: list[str]) -> None:
        mask = Mask(() if self._show_secrets else tuple(secrets))
        if not self._drawn:
            self._write(dumps({"schema": SCHEMA, **mask.value(value)}))
            return
        shown = visible(mask.text(text.decode("utf-8", "backslashreplace")).replace("\n", " "))
        kind = "" if shown.startswith(value["type"]) else f"{value['type']}  "  # the text may say it itself
        self._write(f"{value['at_ms']:>12.1f} ms  {kind}{shown}")
