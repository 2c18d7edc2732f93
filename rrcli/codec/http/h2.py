"""HTTP/2 as a client writes and reads it: requests to frames, frames to the events of `codec/h1.py` (RFC 9113).

    client = Http2Client()
    client.request("GET", "https", "example.com", "/", fields, end=True)
    ... send client.to_send() ...
    for event in client.feed(received): ...    # then send client.to_send() again: acknowledgements, windows
    for event in client.eof(): ...             # when the peer closes before `End` came

One client is one connection. Several requests may be under way on it: `take` tells each event's stream, `feed` is for one alone.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, truncated
from rrcli.codec.http.h1 import End
from rrcli.codec.http.h2fields import fields_of
from rrcli.codec.http.h2receiver import Connection
from rrcli.codec.http.h2stream import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.http.h1 import Event
    from rrcli.model.values import Fields, Note

__all__ = ["VERSION", "Http2Client", "fields_of"]


class Http2Client(Connection):
    """One connection to a server, and what codecs have in common of its latest request.

    Of that `notes` are what was accepted though suspicious, and `framing` is what tells where its answer ends: end-stream, or none
    where there can be no content. `received` counts its bytes.

    An error leaves the client useless, but for what `to_send` still holds for the peer; `salvaged` then holds the events that the failed
    `feed` had read before it.
    """

    transfer_codings = ()  # which HTTP/1 alone has

    def __init__(self, window: int = Connection.WINDOW) -> None:
        super().__init__(window)
        self.notes: list[Note] = []
        self.salvaged: list[Event] = []
        self._latest = 0

    def request(self, method: str, scheme: str, authority: str, path: str, fields: Fields, *, end: bool) -> int:
        """As `Connection.request`; it is the latest one from now on."""
        self._latest = super().request(method, scheme, authority, path, fields, end=end)
        self.notes = self._streams[self._latest].notes
        return self._latest

    def send(self, data: bytes, *, stream: int = 0, end: bool = False) -> int:
        """As `Connection.send`, of the latest request unless told."""
        return super().send(data, stream=stream or self._latest, end=end)

    def cancel(self, stream: int = 0) -> None:
        """As `Connection.cancel`, of the latest request unless told."""
        super().cancel(stream or self._latest)

    @property
    def unsent(self) -> int:
        """Bytes of content that wait for room in the peer's windows, of all requests."""
        return sum(len(stream.unsent) for stream in self._streams.values())

    @property
    def stopped(self) -> bool:
        """Whether the latest request ended before all of its content had left: the peer reset it, or we did."""
        return bool(self._latest) and self._streams[self._latest].stopped

    @property
    def framing(self) -> str | None:
        return self._streams[self._latest].framing if self._latest else None

    @property
    def received(self) -> int:
        return self._streams[self._latest].received if self._latest else 0

    def feed(self, data: bytes) -> list[Event]:
        """The events of the latest request that `data` completes.

        Raises `ExchangeError`: protocol, malformed, too_large, wrong_protocol; transport, reset or refused, with the peer's reason.
        """
        events: list[Event] = []
        for number, event in self.take(data):
            if number not in (0, self._latest):
                continue
            if isinstance(event, ExchangeError):
                latest = self._streams.get(self._latest)
                if number == 0 and latest and latest.over:
                    latest.note("bytes-after-end", f"after the end of the answer came what breaks the connection: {event.message}")
                    break
                self.salvaged = events
                raise event
            events.append(event)
        return events

    def eof(self, number: int = 0) -> list[Event]:
        """The peer will send no more; what that is for a request, the latest unless told.

        Raises `closed` without a head, `truncated` without a whole answer; else nothing is missing.
        """
        stream = self._streams.get(number or self._latest)
        if stream is None or stream.over:
            return []
        if stream.framing == "none" or stream.received == stream.expected:
            stream.note("no-end-stream", "the peer closed before it ended the stream; the answer has all the content that there is to be")
            stream.over = True
            return [End(framing=stream.framing or "", leftover=b"")]
        why = f"; it had said {self.goaway}" if self.goaway else ""
        if not self._start:
            raise ExchangeError("transport", "closed", "the peer closed without an answer", hint="it may not speak HTTP/2: try --http1.1")
        if stream.framing is None:
            raise ExchangeError("transport", "closed", f"the peer closed before its answer{why}", hint=self.wants_http1)
        promised = "" if stream.expected is None else f" of {stream.expected}"
        raise truncated(f"the peer closed after {stream.received}{promised} bytes of the body, before END_STREAM{why}")
