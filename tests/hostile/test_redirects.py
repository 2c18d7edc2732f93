"""`rrcli http -L` led on by servers that never arrive, arrive nowhere, or lead to another hostile server."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from peers.base import free_port
from peers.bounds import as_json
from peers.flood import STEER, answer, forever
from peers.script import Handler, Responder, drip, hear, pause, say, script

ASKED = b"\r\n\r\n"
HARMFUL = STEER.replace(b"\0", b"")


def to(place: bytes, code: bytes = b"302 Found", fields: bytes = b"") -> Handler:
    return answer(ASKED, b"HTTP/1.1 " + code + b"\r\nLocation: " + place + b"\r\n" + fields + b"Content-Length: 0\r\n\r\n")


def growing(connection: socket.socket) -> None:
    """Lead on to a target that is longer each time."""
    target = b""
    while not target.endswith(ASKED):
        target += connection.recv(65536)
    place = b"/" + b"x" * 2 * len(target.split(b" ")[1])
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: " + place + b"\r\nContent-Length: 0\r\n\r\n")
    connection.recv(1)


ENDLESS: dict[str, tuple[Handler, int]] = {
    "to itself": (to(b"/"), 7),
    "to itself, asking": (to(b"?x"), 7),
    "to nothing": (to(b""), 0),
    "307 to itself": (to(b"/", b"307 Temporary Redirect"), 7),
    "longer each time": (growing, 7),
    "with a cookie each time": (to(b"/", fields=b"Set-Cookie: a=" + b"b" * 4000 + b"\r\n"), 7),
    "slowly to itself": (script(hear(ASKED), pause(0.2), say(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")), 6),
    "dripping": (script(hear(ASKED), drip(b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 1000, 0.05)), 6),
    "with a body without end": (forever(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"x" * 65536), 7),
    "with a stalled body": (script(hear(ASKED), say(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 9\r\n\r\n"), pause(20)), 6),
    "with a body cut short": (answer(ASKED, b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 9\r\n\r\nx"), 7),
    "without a place": (answer(ASKED, b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), 0),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_redirects_without_end(name: str, serve, document_or_drawing) -> None:
    handler, code = ENDLESS[name]
    peer = serve(handler)
    document_or_drawing("http", "-L", f"http://{peer.host}:{peer.port}/", code=code)


def test_a_ring_of_two(serve, document_or_drawing) -> None:
    place: list[bytes] = []
    first = serve(lambda connection: to(place[0])(connection))
    second = serve(to(b"http://%b:%d/" % (first.host.encode(), first.port)))
    place.append(b"http://%b:%d/" % (second.host.encode(), second.port))
    document_or_drawing("http", "-L", f"http://{first.host}:{first.port}/", code=7)


NOWHERE: dict[str, tuple[bytes, int]] = {
    "a file": (b"file:///etc/passwd", 7),
    "another protocol": (b"redis://127.0.0.1:6379/", 7),
    "gopher": (b"gopher://127.0.0.1:6379/_FLUSHALL", 7),
    "javascript": (b"javascript:alert(1)", 7),
    "a scheme alone": (b"http:", 7),
    "a scheme and what looks like a port": (b"http:80", 7),
    "no host": (b"http:///x", 7),
    "an open bracket": (b"http://[::1/", 7),
    "a port of nonsense": (b"http://h.test:99999/", 7),
    "what steers a terminal": (b"http://h.test/" + HARMFUL, 7),
    "a host that steers": (b"http://" + HARMFUL + b"/", 7),
    "a scheme that steers": (HARMFUL + b"://h.test/", 7),
    "a name that resolves to nothing": (b"http://nowhere.invalid/", 3),
    "a name longer than names are": (b"http://" + b"a." * 200 + b"test/", 3),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_redirects_to_nowhere(name: str, serve, document_or_drawing) -> None:
    place, code = NOWHERE[name]
    peer = serve(to(place))
    found = document_or_drawing("http", "-L", f"http://{peer.host}:{peer.port}/").code
    assert found == code if code != 3 else found in (3, 6, 7)


TARGETS: dict[str, tuple[Handler, int]] = {
    "silence": (pause(20), 6),
    "a body without end": (forever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), 6),
    "fields without end": (forever(b"HTTP/1.1 200 OK\r\nA: ", b"x"), 7),
    "1xx without end": (forever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), 7),
    "nonsense": (answer(ASKED, HARMFUL + b"\r\n\r\n"), 7),
    "nothing": (answer(ASKED, b""), 4),
}


@pytest.mark.parametrize("name", TARGETS)
def test_redirects_to_a_hostile_server(name: str, serve: Callable[[Handler], Responder], document_or_drawing) -> None:
    handler, code = TARGETS[name]
    target = serve(handler)
    peer = serve(to(f"http://{target.host}:{target.port}/".encode()))
    document_or_drawing("http", "-L", f"http://{peer.host}:{peer.port}/", code=code)


def test_a_redirect_to_a_closed_port(serve, document_or_drawing) -> None:
    peer = serve(to(b"http://127.0.0.1:%d/" % free_port()))
    document_or_drawing("http", "-L", f"http://{peer.host}:{peer.port}/", code=4)


def test_the_credentials_stay_with_the_first_server(serve) -> None:
    heard: list[bytes] = []
    target = serve(script(hear(ASKED, heard), say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")))
    peer = serve(to(b"http://ann:hunter2-other@%b:%d/" % (target.host.encode(), target.port)))
    ended = as_json(
        "http", "-L", "-H", "Authorization: Bearer hunter2-secret", "-b", "sid=hunter2-cookie", f"http://{peer.host}:{peer.port}/"
    )
    assert (ended.code, b"hunter2" in ended.all) == (0, False)
    assert b"hunter2-secret" not in heard[0]
    assert b"hunter2-cookie" not in heard[0]


def test_secrets_are_masked_in_the_history(serve) -> None:
    """Of each hop: what was sent, where it led, and what the server set."""
    place = b"/next?token=hunter2-token"
    peer = serve(to(place, fields=b"Set-Cookie: sid=hunter2-cookie\r\nX-Echo: hunter2-secret\r\n"))
    words = ("http", "-L", "--max-redirects", "3", "-H", "Authorization: Bearer hunter2-secret", f"http://{peer.host}:{peer.port}/")
    for style in ("json", "ndjson", "pretty", "curl"):
        ended = as_json(*words) if style == "json" else _styled(style, words)
        assert (ended.code, b"hunter2" in ended.all) == (7, False), ended.all.decode()


def _styled(style: str, words: tuple[str, ...]):
    from peers.child import piped

    return piped(words[0], "--format", style, "-v", "--wire", "--deadline", "3s", *words[1:])
