"""The WebSocket codec over a plain socket: with a server of websockets, as a server for its client, and with Autobahn."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
from peers.base import Peer
from peers.ca import Authority
from peers.websocket import Autobahn
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from rrcli.base.errors import ExchangeError
from rrcli.codec.ws import Closed, Control, Event, Handshake, WebSocket, WsMessage, accept
from rrcli.codec.wsdeflate import Deflate


class Client:
    """As little of a client as shows that the codec is enough for one."""

    def __init__(self, peer: Peer, path: str = "/", *, context: ssl.SSLContext | None = None, handshake: Handshake | None = None) -> None:
        handshake = handshake or Handshake()
        self._sock: socket.socket = socket.create_connection((peer.host, peer.port), timeout=10)
        if context:
            self._sock = context.wrap_socket(self._sock, server_hostname="localhost")
        lines = [f"GET {path} HTTP/1.1", f"Host: {peer.address}", *(f"{name}: {value}" for name, value in handshake.fields()), "", ""]
        self._sock.sendall("\r\n".join(lines).encode())
        status, fields, rest = read_head(self._sock)
        self.status = status
        self.rest = rest
        if " 101 " in status:
            self.codec = handshake.agree(fields, max_size=32 << 20)
            self._waiting: list[Event] = []

    def next(self) -> Event:
        """The next event. Raises `ExchangeError` when the connection ends without a goodbye."""
        while not self._waiting:
            self.flush()
            data, self.rest = self.rest, b""
            with contextlib.suppress(ConnectionResetError):
                data = data or self._sock.recv(65536)
            if not data:
                self.codec.eof()
            self._waiting = self.codec.feed(data)
        return self._waiting.pop(0)

    def flush(self) -> None:
        if data := self.codec.out():
            self._sock.sendall(data)

    def close(self) -> None:
        self._sock.close()


def read_head(sock: socket.socket) -> tuple[str, tuple[tuple[str, str], ...], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536)
    head, _, rest = data.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return status, tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines)), rest


@contextlib.contextmanager
def client(peer: Peer, path: str = "/", **options: object) -> Iterator[Client]:
    one = Client(peer, path, **options)  # type: ignore[arg-type]
    try:
        yield one
    finally:
        one.close()


@pytest.mark.parametrize("compress", [True, False])
def test_messages_come_back_and_both_say_goodbye(websocket: Peer, compress: bool) -> None:
    with client(websocket, handshake=Handshake(("other", "chat"), compress=compress)) as one:
        assert one.codec.subprotocol == "chat"
        assert bool(one.codec.extensions) is compress
        one.codec.text("grüß dich")
        one.codec.binary(b"\0\xff\n", fragment=1)
        one.codec.text("A" * 1000)
        first, second, third = (one.next() for _ in range(3))
        assert isinstance(first, WsMessage)
        assert isinstance(second, WsMessage)
        assert isinstance(third, WsMessage)
        assert (first.opcode, first.data.decode()) == ("text", "grüß dich")
        assert (second.opcode, second.data) == ("binary", b"\0\xff\n")
        assert third.data == b"A" * 1000
        assert (third.wire_size < 60) is compress
        one.codec.ping(b"abc")
        assert one.next() == Control(opcode="pong", data=b"abc")
        one.codec.close(4000, "done")
        assert one.next() == Closed(code=4000, reason="done")


@pytest.mark.parametrize(
    "deflate",
    [
        Deflate(server_no_context_takeover=True),
        Deflate(client_no_context_takeover=True),
        Deflate(server_max_window_bits=9, client_max_window_bits=9),
    ],
    ids=Deflate.text,
)
def test_every_setting_of_deflate_is_agreed_on(websocket: Peer, deflate: Deflate) -> None:
    with client(websocket, handshake=Handshake(deflate=deflate)) as one:
        for _ in range(3):
            one.codec.text("hello " * 100)
            message = one.next()
            assert isinstance(message, WsMessage)
            assert (message.data, message.deflated) == (b"hello " * 100, True)


def test_a_large_message_comes_back(websocket: Peer) -> None:
    data = bytes(range(256)) * (1 << 16)
    with client(websocket, handshake=Handshake(compress=False)) as one:
        one.codec.binary(data)
        sending = threading.Thread(target=one._sock.sendall, args=(one.codec.out(),))
        sending.start()
        message = one.next()
        sending.join()
        assert isinstance(message, WsMessage)
        assert (message.data == data, message.wire_size) == (True, len(data))


def test_messages_that_nobody_asked_for(websocket: Peer) -> None:
    with client(websocket, "/push", handshake=Handshake(compress=False)) as one:
        found = [one.next() for _ in range(6)]
        assert found == [
            *(WsMessage(opcode="text", data=b'{"n": %d}' % n, wire_size=8) for n in range(1, 6)),
            Closed(code=1000, reason=""),
        ]


@pytest.mark.parametrize(("path", "closed"), [("/close", Closed(code=4001, reason="bye")), ("/going", Closed(code=1001, reason=""))])
def test_a_server_says_goodbye(websocket: Peer, path: str, closed: Closed) -> None:
    with client(websocket, path) as one:
        assert one.next() == closed
        one.flush()
        assert one._sock.recv(1) == b""


def test_a_server_leaves_without_a_word(websocket: Peer) -> None:
    with client(websocket, "/abort") as one:
        one.codec.text("x")
        with pytest.raises(ExchangeError, match="ended without a close frame"):
            one.next()


def test_a_server_refuses_the_upgrade(websocket: Peer) -> None:
    with client(websocket, "/403") as one:
        assert (one.status, one.rest) == ("HTTP/1.1 403 Forbidden", b"no entry\n")


def test_over_tls(websocket_tls: Peer, ca: Authority) -> None:
    with client(websocket_tls, context=ssl.create_default_context(cafile=str(ca.root))) as one:
        one.codec.text("hi")
        message = one.next()
        assert isinstance(message, WsMessage)
        assert message.data == b"hi"


@contextlib.contextmanager
def echoing(*, compress: bool) -> Iterator[str]:
    """Our own server side, for one connection: it echoes, in fragments of ten bytes."""

    def serve() -> None:
        sock, _ = listener.accept()
        with sock:
            _, fields, rest = read_head(sock)
            answer, codec = accept(fields, subprotocols=("chat",), compress=compress, max_size=1 << 20)
            lines = ["HTTP/1.1 101 Switching Protocols", *(f"{name}: {value}" for name, value in answer), "", ""]
            sock.sendall("\r\n".join(lines).encode())
            data = rest or sock.recv(65536)
            while data:
                with contextlib.suppress(ExchangeError):
                    for event in codec.events(data):
                        echo(codec, event)
                sock.sendall(codec.out())
                if not codec.is_open:
                    return
                data = sock.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(5)


def echo(codec: WebSocket, event: Event) -> None:
    if isinstance(event, WsMessage):
        if event.opcode == "text":
            codec.text(event.data.decode(), fragment=10)
        else:
            codec.binary(event.data, fragment=10)


@pytest.mark.parametrize("compress", [True, False])
def test_a_client_of_websockets_talks_to_our_server_side(compress: bool) -> None:
    with echoing(compress=compress) as url, connect(url, subprotocols=["chat"], proxy=None) as theirs:  # type: ignore[list-item]
        assert theirs.subprotocol == "chat"
        assert len(theirs.protocol.extensions) == compress
        for message in ("grüß dich", b"\0\xff" * 100, "", "A" * 5000):
            theirs.send(message)
            assert theirs.recv(5) == message
        theirs.send(["in ", "several ", "frames"])
        assert theirs.recv(5) == "in several frames"
        assert theirs.ping().wait(5)
        theirs.close(4000, "done")
        assert theirs.close_code == 4000


def test_a_client_of_websockets_is_told_why_we_leave() -> None:
    with echoing(compress=False) as url, connect(url, proxy=None) as theirs:
        theirs.send(b"\xff", text=True)
        with pytest.raises(ConnectionClosedError) as caught:
            theirs.recv(5)
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1007, "a text message is no UTF-8 at its byte 0")


# --- Autobahn


def judge(peer: Peer, path: str) -> list[bytes]:
    """Echo until the server has seen enough; the messages that came."""
    heard: list[bytes] = []
    with client(peer, path) as one:
        data = one.rest
        while one.codec.is_open:
            with contextlib.suppress(ExchangeError):
                for event in one.codec.events(data):
                    echo_whole(one.codec, event, heard)
            with contextlib.suppress(OSError):
                one.flush()
            if one.codec.is_open and not (data := one._sock.recv(65536)):
                break
    return heard


def echo_whole(codec: WebSocket, event: Event, heard: list[bytes]) -> None:
    if isinstance(event, WsMessage):
        heard.append(event.data)
        if event.opcode == "text":
            codec.text(event.data.decode())
        else:
            codec.binary(event.data)


def test_autobahn_has_nothing_against_any_case(autobahn: Autobahn) -> None:
    (count,) = judge(autobahn, "/getCaseCount")
    for case in range(1, int(count) + 1):
        judge(autobahn, f"/runCase?case={case}&agent=rrcli")
    judge(autobahn, "/updateReports?agent=rrcli")
    verdicts = json.loads(autobahn.reports.read_text())["rrcli"]
    assert len(verdicts) == int(count) > 200
    good = ("OK", "INFORMATIONAL")
    assert {name: found for name, found in verdicts.items() if found["behavior"] not in good or found["behaviorClose"] not in good} == {}
