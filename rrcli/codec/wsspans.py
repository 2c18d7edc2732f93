"""Where the messages lie in the recorded bytes of a WebSocket, so that a secret is found that frames cut or deflate hides."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.contentspans import after_connect, after_head, after_heads
from rrcli.codec.http.contentspans import content_spans as spans_of_http
from rrcli.codec.wsframes import CONTINUATION, RSV1, read_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.http.contentspans import ContentSpan, Span
    from rrcli.codec.wsdeflate import Inflater

LARGEST = 16 << 20  # bytes that a message is inflated to


def content_spans(sent: bytes, received: bytes) -> tuple[list[ContentSpan], list[ContentSpan]]:
    """The payloads of each message in both directions; of an upgrade that was refused the content, as of any answer of HTTP.

    What is sent is recorded under a masking key of zeros.
    """
    begin = after_heads(received)
    head = received[:begin].rpartition(b"HTTP/1.1 101")[2]
    start = after_head(sent, after_connect(sent))
    if not head or len(head) == begin or start is None:
        return spans_of_http(sent, received)
    ours, theirs = _inflaters(head)
    return _messages(sent, start, ours), _messages(received, begin, theirs)


def _inflaters(head: bytes) -> tuple[Inflater | None, Inflater | None]:
    """What inflates the client's messages and the server's, where the 101 agrees to that."""
    if b"permessage-deflate" not in head.lower():
        return None, None
    from rrcli.codec.wsdeflate import Deflate, Inflater, agreed

    lines = [line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:]]
    try:
        deflate = agreed(Deflate(), tuple((name.strip(), value.strip()) for name, _, value in lines))
    except ExchangeError:
        return None, None
    return (Inflater(deflate, server=False), Inflater(deflate, server=True)) if deflate else (None, None)


class DeflatedSpan(list["Span"]):
    """The spans of a deflated message, and what it says; `None` where that cannot be known."""

    plain: bytes | None = None


def _messages(data: bytes, at: int, inflater: Inflater | None) -> list[ContentSpan]:
    """The payloads of the frames behind `at`, those of one message together; a control frame is by itself."""
    found: list[ContentSpan] = []
    message: ContentSpan | None = None
    while head := read_head(data, at):
        opcode, first, begin, end = head
        at, end = end, min(end, len(data))
        if opcode & 8:
            found.append([(begin, end)])
            continue
        if message is None or opcode != CONTINUATION:
            message = DeflatedSpan() if first & RSV1 and inflater else []
            found.append(message)
        message.append((begin, end))
        if first & 0x80 and isinstance(message, DeflatedSpan) and inflater:
            message.plain = _inflated(inflater, b"".join([data[start:stop] for start, stop in message]), whole=at <= len(data))
    return found


def _inflated(inflater: Inflater, data: bytes, *, whole: bool) -> bytes | None:
    """What a message says, as far as it was recorded."""
    try:
        plain = inflater.feed(data, LARGEST)
        return plain + inflater.end(LARGEST - len(plain)) if whole else plain
    except ExchangeError:
        return None
