"""The echo responder, met by ncat and socat."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable

import pytest
from peers.base import need

from rrcli.responders.base import Responder
from rrcli.responders.tcp import TcpResponder

Talk = Callable[[Responder, bytes], bytes]


@pytest.mark.parametrize("command", [("ncat", "{host}", "{port}"), ("socat", "-", "tcp:{host}:{port}")], ids=lambda command: command[0])
def test_echoes_to_the_end(echo: TcpResponder, command: tuple[str, ...]) -> None:
    data = bytes(range(256)) * 40
    words = [need(command[0]), *(word.format(host=echo.host, port=echo.port) for word in command[1:])]
    assert subprocess.run(words, input=data, capture_output=True, check=True, timeout=10).stdout == data


def test_sends_the_rest_after_a_half_close(echo: TcpResponder, talk: Talk) -> None:
    assert talk(echo, b"\0\xff" * 5000) == b"\0\xff" * 5000


def test_answers_before_the_end_and_says_nothing_first(echo: TcpResponder) -> None:
    with socket.create_connection((echo.host, echo.port), timeout=5) as sock:
        for word in (b"one", b"two"):
            sock.sendall(word)
            assert sock.recv(9) == word
        sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            sock.recv(1)


def test_a_banner_comes_first(talk: Talk) -> None:
    with TcpResponder(banner=b"220 hello\r\n") as responder:
        assert talk(responder, b"x") == b"220 hello\r\nx"
