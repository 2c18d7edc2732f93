"""What a peer writes and no text or URL can hold is printed, and ends nothing in a bug."""

from __future__ import annotations

import pytest
from peers.child import piped
from peers.script import hear, responder, say, script

HEAD = b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b"


def asked(answer: bytes, *options: str) -> tuple[int, bytes]:
    with responder(script(hear(b"\r\n\r\n"), say(answer))) as peer:
        ended = piped("http", f"http://{peer.host}:{peer.port}/", *options)
    return ended.code, ended.out


@pytest.mark.parametrize(("text", "printed"), [(rb"\ud83d", rb"\ud83d"), (rb"a\udc80b", b"a\x80b"), (rb"\ud83d\ude00", "😀".encode())])
def test_half_a_surrogate_pair_is_printed(text: bytes, printed: bytes) -> None:
    body = b'{"a": "%b"}' % text
    answer = HEAD % (b"200 OK", b"Content-Type: application/json\r\n", len(body), body)
    assert asked(answer, "--query", "json.a") == (0, printed + b"\n")


@pytest.mark.parametrize("location", ["http://[x]/", "//[z", "http://℀/"])
def test_a_location_that_is_no_url_is_written_as_it_came(location: str) -> None:
    answer = HEAD % (b"302 Found", b"Location: %b\r\n" % location.encode(), 0, b"")
    assert asked(answer, "-w", "%{redirect_url}\n") == (0, location.encode() + b"\n")
