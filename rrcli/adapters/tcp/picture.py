"""A conversation drawn as text: → what went out and ← what came, in turn."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Lines

MOST = 64 << 10  # bytes of a conversation that is drawn; a longer one shows its answer alone
ARROWS = {"sent": "→ ", "received": "← "}


class Talk:
    """What was said so far, in turn, as long as it is little enough to be drawn."""

    def __init__(self) -> None:
        self._turns: list[tuple[str, bytearray]] = []
        self._size = 0

    def say(self, direction: str, data: bytes) -> None:
        """Something was `sent` or `received`."""
        self._size += len(data)
        if self._size > MOST or not data:
            return
        if not self._turns or self._turns[-1][0] != direction:
            self._turns.append((direction, bytearray()))
        self._turns[-1][1].extend(data)

    def drawn(self) -> Lines | None:
        """A line for each line that was said; `None` where nobody answered anybody, and for bytes that are no text."""
        directions = [direction for direction, _ in self._turns]
        if self._size > MOST or directions.count("received") < 2 or "sent" not in directions:
            return None
        lines = []
        for direction, data in self._turns:
            try:
                text = data.decode()
            except UnicodeDecodeError:
                return None
            if "\0" in text:
                return None
            for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n"):
                lines.append(((ARROWS[direction], "strong"), (line, "")))
        return tuple(lines)
