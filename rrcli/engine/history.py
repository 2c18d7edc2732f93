"""The earlier hops, attempts and polls of an exchange: the first ones and the last ones, whatever their number and size."""

from __future__ import annotations

from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Exchange

ENDS = 50  # kept of the first ones, and of the last
ROOM = 16 << 20  # bytes that together may take beyond the two latest
LARGEST = 1 << 20  # bytes kept of the content of each


class History:
    """Files exchanges in their order; what there is no room for is left out of the middle, and counted."""

    def __init__(self) -> None:
        self._kept: list[Exchange] = []
        self._sizes: list[int] = []
        self._left_out = 0

    def add(self, exchange: Exchange, why: str | None) -> None:
        """File an exchange, its own history before it; `why` is the word for what followed it."""
        for earlier in exchange.history:
            self._file(earlier)
        self._file(exchange.replace(history=(), why=why))

    def _file(self, exchange: Exchange) -> None:
        exchange = _abridged(exchange)
        self._kept.append(exchange)
        self._sizes.append(_size(exchange))
        while len(self._kept) > 2 * ENDS or (len(self._kept) > 2 and sum(self._sizes) > ROOM):
            at = min(ENDS, len(self._kept) // 2)
            del self._kept[at], self._sizes[at]
            self._left_out += 1

    def of(self, exchange: Exchange) -> Exchange:
        """The last exchange, with all that came before."""
        for earlier in exchange.history:
            self._file(earlier)
        notes = exchange.notes
        if self._left_out:
            notes = (*notes, Note(code="history-left-out", message=f"{self._left_out} earlier exchanges are left out of the history"))
        return exchange.replace(history=tuple(self._kept), notes=notes)


def _abridged(exchange: Exchange) -> Exchange:
    """The exchange with no more of its content than is worth keeping of an earlier one."""
    answer = exchange.response
    if answer is None or answer.body is None or len(answer.body.data) <= LARGEST:
        return exchange
    return exchange.replace(response=answer.replace(body=answer.body.replace(data=answer.body.data[:LARGEST], truncated=True)))


def _size(exchange: Exchange) -> int:
    """About what an exchange takes: its bytes, its decoded content, its transcript."""
    body = exchange.response.body if exchange.response else None
    transcript = sum(len(entry.data) for entry in exchange.transcript or ())
    return min(exchange.connection.bytes_received, LARGEST) + exchange.connection.bytes_sent + (len(body.data) if body else 0) + transcript
