"""COPY: data from the server, passed on as it is, and data to it from standard input.

Specification: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.codec.pg import frontend
from rrcli.codec.pg.copytext import Lines, csv_values, text_values
from rrcli.codec.pg.values import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.pg.results import Results
    from rrcli.adapters.pg.session import PgSession

PIECE = 1 << 20  # bytes that are sent before looking whether the server has an objection


class CopyOut:
    """The data of COPY … TO STDOUT: its bytes are the content, the values of its lines the rows, each an array."""

    def __init__(self, results: Results, sql: str, *, is_text: bool) -> None:
        self._results = results
        self._csv = "csv" in sql.lower()
        self._lines = Lines(csv=self._csv) if is_text else None

    def feed(self, data: bytes) -> bytes:
        """Take some data; the content that it is."""
        copy = self._results.current.copy
        if copy is not None:
            copy["bytes"] += len(data)
        if self._lines:
            self._keep(self._lines.feed(data))
        return data

    def end(self) -> list[bytes]:
        """The data is over; nothing of it is content still to come."""
        if self._lines:
            self._keep(self._lines.end())
        return []

    def _keep(self, lines: list[bytes]) -> None:
        for line in lines:
            self._results.keep_copied(self._values(line), len(line))

    def _values(self, line: bytes) -> list[Any]:
        try:
            values = csv_values(line.removesuffix(b"\r")) if self._csv else text_values(line)
        except ExchangeError:  # another quote or delimiter was asked for
            values = [line]
        return [None if value is None else text(value) for value in values]


def send_data(session: PgSession, data: bytes | None) -> None:
    """Answer CopyInResponse: the data of --stdin, or that there is none. An error that comes meanwhile ends the sending."""
    if data is None:
        session.send(frontend.copy_fail("the client has no data: rrcli pg --stdin sends standard input"), "CopyFail")
        return
    for at in range(0, len(data), PIECE):
        session.send(frontend.copy_data(data[at : at + PIECE]), "CopyData")
        if session.stream.buffered:  # the server has an objection
            break
    else:
        session.send(frontend.copy_done(), "CopyDone")
        return
    session.send(frontend.copy_fail("the server answered before the end of the data"), "CopyFail")
