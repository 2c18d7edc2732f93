"""Starting, stopping and limits, which all responders share."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from peers.base import free_port

from rrcli.responders.base import CONNECTIONS, LimitExceeded, PeerGone, Responder, ServerConnection
from rrcli.responders.http import HttpResponder
from rrcli.responders.tcp import TcpResponder


def test_takes_a_free_port_of_the_loopback_and_says_which() -> None:
    with TcpResponder() as responder:
        assert responder.port > 0
        assert responder.address == f"127.0.0.1:{responder.port}"
        assert responder.url == f"tcp://127.0.0.1:{responder.port}"


def test_brackets_an_ipv6_host() -> None:
    with TcpResponder("::1") as responder, socket.create_connection(("::1", responder.port)) as sock:
        assert responder.address == f"[::1]:{responder.port}"
        sock.sendall(b"six")
        assert sock.recv(9) == b"six"


def test_stop_ends_idle_and_busy_connections_promptly() -> None:
    responder = HttpResponder().start()
    clients = [socket.create_connection((responder.host, responder.port), timeout=5) for _ in range(4)]
    clients[0].sendall(b"GET /delay/60 HTTP/1.1\r\nHost: x\r\n\r\n")
    clients[1].sendall(b"GET /bytes/1000000000 HTTP/1.1\r\nHost: x\r\n\r\n")  # and never reads them
    clients[2].sendall(b"GET / HT")
    time.sleep(0.05)
    started = time.monotonic()
    responder.stop()
    assert time.monotonic() - started < 1
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("rrcli-http")] == []
    assert clients[0].recv(9) == b""
    assert clients[3].recv(9) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((responder.host, responder.port))
    for client in clients:
        client.close()


def test_stops_twice_starts_again_and_may_never_have_started() -> None:
    port = free_port()
    responder = TcpResponder(port=port)
    responder.stop()
    responder.start()
    responder.stop()
    responder.stop()
    with responder, socket.create_connection((responder.host, port)) as sock:
        sock.sendall(b"again")
        assert sock.recv(9) == b"again"


def test_a_taken_port_is_an_os_error_and_leaves_nothing_open() -> None:
    with TcpResponder() as first, pytest.raises(OSError, match="in use"):
        TcpResponder(port=first.port).start()


def test_an_idle_connection_is_closed() -> None:
    with TcpResponder(idle=0.05) as responder, socket.create_connection((responder.host, responder.port), timeout=5) as sock:
        assert sock.recv(1) == b""


def test_one_connection_too_many_is_closed_at_once() -> None:
    class Full(TcpResponder):
        """As if all the connections there may be were there."""

        def start(self) -> Full:
            held = {threading.Thread(): None for _ in range(CONNECTIONS - 1)}
            super().start()
            self._threads.update(held)
            return self

        def stop(self) -> None:
            self._threads.clear()
            super().stop()

    with Full() as responder:
        first = socket.create_connection((responder.host, responder.port), timeout=5)
        first.sendall(b"in")
        assert first.recv(9) == b"in"
        with socket.create_connection((responder.host, responder.port), timeout=5) as second:
            assert second.recv(9) == b""
        first.sendall(b"still")
        assert first.recv(9) == b"still"
        first.close()
        while len(responder._threads) >= CONNECTIONS:
            time.sleep(0.01)


@pytest.fixture
def pair() -> tuple[socket.socket, ServerConnection]:
    """A client's socket and the responder's connection to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return client, ServerConnection(listener.accept()[0], threading.Event(), 5)


def test_reads_lines_and_sizes_from_one_buffer(pair: tuple[socket.socket, ServerConnection]) -> None:
    client, connection = pair
    with client:
        client.sendall(b"one\r\ntwo\nsix666rest")
        assert connection.read_line(5) == b"one\r\n"
        assert connection.read_line(99) == b"two\n"
        assert connection.read_exact(6) == b"six666"
        assert connection.peek() == b"rest"
        assert connection.receive() == b"rest"
        client.shutdown(socket.SHUT_WR)
        assert connection.peek() == b""
        assert connection.receive() == b""
        with pytest.raises(PeerGone):
            connection.read_exact(1)
        connection.close()


def test_a_line_over_its_limit_is_not_read(pair: tuple[socket.socket, ServerConnection]) -> None:
    client, connection = pair
    with client:
        client.sendall(b"12345\n")
        with pytest.raises(LimitExceeded):
            connection.read_line(5)
        client.shutdown(socket.SHUT_WR)
        connection.close()


def test_close_lets_the_peer_read_an_answer_to_what_was_not_read(pair: tuple[socket.socket, ServerConnection]) -> None:
    client, connection = pair
    with client:
        client.sendall(b"x" * 100_000)
        connection.peek()
        connection.send(b"no")
        closing = threading.Thread(target=connection.close)
        closing.start()
        assert client.recv(9) == b"no"
        assert client.recv(9) == b""
        client.close()
        closing.join()


def test_the_base_speaks_no_protocol(pair: tuple[socket.socket, ServerConnection]) -> None:
    client, connection = pair
    with client, pytest.raises(NotImplementedError):
        Responder().converse(connection)
    connection.close()
