"""Where the content lies in the recorded bytes of an HTTP connection: what stands between heads, chunk sizes and frames.

A transcript shows the bytes as they were; whoever looks for something within the content, as a secret to be masked,
has to look at it without what cuts it into pieces. A strand is one message's content: its spans in the order of the bytes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Span = tuple[int, int]
    ContentSpan = list[Span]

_HEX = b"0123456789abcdefABCDEF"


def content_spans(sent: bytes, received: bytes) -> tuple[list[ContentSpan], list[ContentSpan]]:
    """The content in both directions of one connection; of bytes that end early what there is."""
    begin = after_connect(sent)
    if sent.startswith(b"PRI * ", begin):
        from rrcli.codec.http.h2frames import PREFACE

        return _of_frames(sent, begin + len(PREFACE)), _of_frames(received, after_heads(received))
    return [_of_message(sent, begin)], [_of_message(received, 0)]


def after_connect(sent: bytes) -> int:
    """Where the request begins: behind the one that a proxy got."""
    return (after_head(sent, 0) or 0) if sent.startswith(b"CONNECT ") else 0


def after_heads(received: bytes) -> int:
    """Behind the heads that other heads or frames follow: interim ones, and a proxy's."""
    at = 0
    while received.startswith(b"HTTP/1", at) and (end := after_head(received, at)):
        at = end
    return at


def after_head(data: bytes, at: int) -> int | None:
    """The end of the empty line that ends a head, however its lines end; `None` where it is not there."""
    ends = [found + len(mark) for mark in (b"\n\r\n", b"\n\n") if (found := data.find(mark, at)) >= 0]
    return min(ends, default=None)


def _of_message(data: bytes, at: int) -> ContentSpan:
    """The content of an HTTP/1 message, in chunks or not (RFC 9112 section 7.1)."""
    begin = at
    while end := after_head(data, at):
        begin, at = at, end
        if not data.startswith(b"HTTP/1", at):
            break
    else:
        return []
    lines = data[begin:at].lower().split(b"\n")
    if not any(line.startswith(b"transfer-encoding") and b"chunked" in line for line in lines):
        return [(at, len(data))] if at < len(data) else []
    spans: ContentSpan = []
    while (line_end := data.find(b"\n", at)) >= 0:
        size = data[at:line_end].strip()
        digits = len(size) - len(size.lstrip(_HEX))
        if not digits or digits > 16:
            return [*spans, (at, len(data))]
        at = line_end + 1
        length = int(size[:digits], 16)
        if not length:
            return spans
        spans.append((at, min(at + length, len(data))))
        at += length
        at += data.startswith(b"\r", at)
        at += data.startswith(b"\n", at)
    return spans


def _of_frames(data: bytes, at: int) -> list[ContentSpan]:
    """What DATA frames bring on each stream of HTTP/2 (RFC 9113 section 6.1)."""
    from rrcli.codec.http.h2frames import DATA, HEADER, PADDED, read_header

    found: dict[int, ContentSpan] = {}
    while len(data) - at >= HEADER:
        length, kind, flags, stream = read_header(data, at)
        begin, at = at + HEADER, at + HEADER + length
        end = min(at, len(data))
        if kind == DATA and begin < end:
            if flags & PADDED:
                begin, end = begin + 1, max(begin + 1, end - data[begin])
            found.setdefault(stream, []).append((begin, end))
    return list(found.values())
