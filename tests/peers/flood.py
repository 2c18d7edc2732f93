"""Handlers that never end, and text that would steer a terminal, for the hostile servers of any protocol."""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Callable

from peers.script import Handler, end, hear, hear_end, say, script

# A title, a cleared screen, C1 as a byte and as UTF-8, DEL, backspace, NUL, and the marks that turn text.
STEER = b"\x1b]0;owned\x07\x1b[2J\x9b31m\xc2\x9b31m\x7f\x08\x00\x0b\x0c" + "\u202e\u2066\u2028\ufeff\u061c".encode()
STEER_TEXT = STEER.replace(b"\x00", b"").replace(b"\x9b31m\xc2\x9b31m", b"\xc2\x9b31m")  # without NUL, and UTF-8


def answer(heard: bytes, *parts: bytes) -> Handler:
    """Hear up to `heard`, send the parts, then the end."""

    def over(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # a client that has seen enough may be gone
            end(connection)
            hear_end(connection)

    return script(hear(heard), *map(say, parts), over)


def forever(start: bytes, again: bytes, heard: bytes = b"\r\n\r\n") -> Handler:
    """Send the start, and the rest again and again for as long as the client stays."""

    def flood(connection: socket.socket) -> None:
        block = again * max(1, 65536 // len(again))
        while True:
            connection.sendall(block)

    return script(hear(heard) if heard else say(b""), say(start), flood)


def numbered(start: bytes, line: Callable[[int], bytes], heard: bytes = b"\r\n\r\n") -> Handler:
    """Send the start, and then lines that all differ, for as long as the client stays."""

    def flood(connection: socket.socket) -> None:
        for first in itertools.count(step=500):
            connection.sendall(b"".join(map(line, range(first, first + 500))))

    return script(hear(heard) if heard else say(b""), say(start), flood)
