"""What QUIC does, written as qlog while it happens: packets, data that moved, recovery, the end (draft-ietf-quic-qlog-main-schema).

The library keeps all events in memory; a download has millions, so they go to the file at once. Of HTTP there is nothing in it,
no field and no content; the tokens with which somebody else could end a connection or pass for this client are masked.
"""

from __future__ import annotations

import os

from qh3.quic.logger import QLOG_VERSION, QuicLogger, QuicLoggerTrace

from rrcli.base.errors import ExchangeError
from rrcli.base.fields import MASK
from rrcli.base.jsontext import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SECRETS = ("token", "reset_token", "stateless_reset_token")
END_OF_TRACE, END = "\n]}", "\n]}\n"


class Qlog(QuicLogger):
    """A file of traces, one for each connection. With `more` those that are in it stay: an earlier hop wrote them."""

    def __init__(self, path: str, *, more: bool) -> None:
        """Open the file for its owner alone. Raises `ExchangeError` of layer `local`."""
        super().__init__()
        self.path = path
        self._traced = False  # a trace is in the file
        self._within = False  # and it is not ended
        try:
            number = os.open(path, os.O_RDWR | os.O_CREAT | (0 if more else os.O_TRUNC), 0o600)
            self._file = open(number, "r+", encoding="utf-8", newline="\n")  # noqa: SIM115
            os.fchmod(number, 0o600)
            self._resume()
        except OSError as error:
            raise self._failure(error) from error

    def _resume(self) -> None:
        """Begin the file, or go on behind its last trace."""
        size = os.fstat(self._file.fileno()).st_size
        ending = END_OF_TRACE + END
        if size > len(ending):
            self._file.seek(size - len(ending))
            if self._file.read() == ending:
                self._file.seek(size - len(END))
                self._file.truncate()
                self._traced = True
                return
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f'{{"qlog_format": "JSON", "qlog_version": "{QLOG_VERSION}", "traces": [')

    def start_trace(self, is_client: bool, odcid: bytes) -> QuicLoggerTrace:
        self._end_trace()
        head = dumps({"common_fields": {"ODCID": odcid.hex()}, "vantage_point": {"name": "rrcli", "type": "client"}})
        self.write(f'{"," if self._traced else ""}\n{head[:-1]}, "events": [')
        self._traced = self._within = True
        return _Trace(self, is_client, odcid)

    def end_trace(self, trace: QuicLoggerTrace) -> None:
        """The library does with a connection; what it says of it later belongs to no trace."""

    def _end_trace(self) -> None:
        if self._within:
            self.write(END_OF_TRACE)
        self._within = False

    def write(self, text: str) -> None:
        try:
            self._file.write(text)
        except OSError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """End the file; it is valid JSON from here on."""
        try:
            self._end_trace()
            self._file.write(END)
            self._file.close()
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> ExchangeError:
        return ExchangeError("local", "output", f"--qlog: cannot write {self.path}: {(error.strerror or str(error)).lower()}")


class _Trace(QuicLoggerTrace):
    """The events of one connection, each written as a line."""

    def __init__(self, log: Qlog, is_client: bool, odcid: bytes) -> None:
        super().__init__(is_client=is_client, odcid=odcid)
        self._log = log
        self._separator = "\n"

    def log_event(self, *, category: str, event: str, data: dict[str, Any]) -> None:
        from time import time

        value = {"time": self.encode_time(time()), "name": f"{category}:{event}", "data": _masked(data)}
        self._log.write(self._separator + dumps(value))
        self._separator = ",\n"


def _masked(value: Any) -> Any:
    """An event without its secrets, and with what qlog has no type for as text."""
    if isinstance(value, dict):
        return {str(key): MASK if key in SECRETS and item else _masked(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return value
