"""`rrcli pg` against servers that never end, lie about lengths and counts, stop anywhere, or try to steer the terminal."""

from __future__ import annotations

import struct

import pytest
from peers.flood import STEER, STEER_TEXT, answer, forever
from peers.made import Made
from peers.script import drip, hear, pause, say, script

HEARD = b"rrcli\0"


def message(letter: bytes, content: bytes = b"") -> bytes:
    return letter + struct.pack("!I", len(content) + 4) + content


def column(name: bytes) -> bytes:
    return name + b"\0" + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0)


def report(letter: bytes, text: bytes) -> bytes:
    return message(letter, b"SERROR\0VERROR\0C42601\0M" + text + b"\0P3\0D" + text + b"\0H" + text + b"\0\0")


OK = message(b"R", bytes(4))
KEY = message(b"K", bytes(8))
READY = message(b"Z", b"I")
LOGIN = OK + message(b"S", b"server_version\x0015\0") + KEY + READY
COLUMNS = message(b"T", struct.pack("!H", 1) + column(b"n"))
ROW = message(b"D", b"\0\1\0\0\0\1x")
DONE = message(b"C", b"SELECT 1\0")
NOTICE = message(b"N", b"SNOTICE\0C00000\0Mhi\0\0")
WHOLE = LOGIN + COLUMNS + ROW + NOTICE + DONE + READY


def after_login(*parts: bytes):
    return answer(HEARD, LOGIN, *parts)


WRONG = Made(
    {
        "silence": lambda: (script(hear(HEARD), pause(20)), 6),
        "silence after the login": lambda: (script(hear(HEARD), say(LOGIN), pause(20)), 6),
        "a slow drip": lambda: (script(hear(HEARD), drip(WHOLE + NOTICE * 50, 0.05)), 6),
        "endless notices before the login": lambda: (forever(b"", NOTICE, HEARD), 7),
        "endless settings": lambda: (forever(OK, message(b"S", b"a\0b\0"), HEARD), 7),
        "endless requests for a password": lambda: (forever(b"", message(b"R", b"\0\0\0\3"), HEARD), None),
        "endless notices": lambda: (forever(LOGIN, NOTICE, HEARD), 6),
        "endless rows": lambda: (forever(LOGIN + COLUMNS, ROW, HEARD), 6),
        "endless empty rows": lambda: (forever(LOGIN + message(b"T", b"\0\0"), message(b"D", b"\0\0"), HEARD), 6),
        "endless results": lambda: (forever(LOGIN, COLUMNS + ROW + DONE, HEARD), 6),
        "endless columns": lambda: (forever(LOGIN, message(b"T", struct.pack("!H", 5000) + column(b"n") * 5000), HEARD), None),
        "endless errors": lambda: (forever(LOGIN, report(b"E", b"x"), HEARD), 6),
        "endless data of COPY": lambda: (forever(LOGIN + message(b"H", bytes(3)), message(b"d", b"x" * 1000), HEARD), None),
        "endless empty data of COPY": lambda: (forever(LOGIN + message(b"H", bytes(3)), message(b"d"), HEARD), 6),
        "endless unknown messages": lambda: (forever(LOGIN, message(b"y", b"x"), HEARD), 6),
        "endless suspensions": lambda: (forever(LOGIN, message(b"s"), HEARD), 6),
        "an endless row": lambda: (forever(LOGIN + COLUMNS + b"D\x7f\xff\xff\xff", b"x", HEARD), 7),
        "a large row that is not over": lambda: (forever(LOGIN + COLUMNS + b"D\x03\0\0\0", b"\0" * 4096, HEARD), None),
        "a negative length": lambda: (after_login(b"D\xff\xff\xff\xff"), 7),
        "a length of zero": lambda: (after_login(b"D\0\0\0\0"), 7),
        "more values than columns": lambda: (after_login(COLUMNS, message(b"D", b"\0\2\0\0\0\1x\0\0\0\1y")), 7),
        "a count of values that is not there": lambda: (after_login(COLUMNS, message(b"D", b"\xff\xff\0\0\0\1x")), 7),
        "rows without columns": lambda: (after_login(ROW, DONE, READY), 7),
        "a login in the middle": lambda: (after_login(OK), 7),
        "data without COPY": lambda: (after_login(message(b"d", b"x")), 7),
        "a state that is not known": lambda: (answer(HEARD, OK, message(b"Z", b"X")), 7),
        "a million rounds of SCRAM": lambda: (answer(HEARD, message(b"R", b"\0\0\0\nSCRAM-SHA-256\0\0")), None),
        "HTTP": lambda: (answer(HEARD, b"HTTP/1.1 400 Bad Request\r\nServer: " + STEER_TEXT + b"\r\n\r\n"), 7),
        "nothing": lambda: (answer(HEARD, b""), 4),
        "nothing after the login": lambda: (after_login(), 4),
        "random bytes": lambda: (answer(HEARD, bytes(range(256)) * 100), 7),
        "random bytes after the login": lambda: (after_login(bytes(range(256)) * 100), 7),
        "a wide result": lambda: (after_login(message(b"T", struct.pack("!H", 60_000) + column(b"n") * 60_000), DONE, READY), None),
        "many small rows": lambda: (after_login(COLUMNS, ROW * 1_000_000, DONE, READY), None),
    }
)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name: str, serve, document_or_drawing) -> None:
    handler, code = WRONG[name]
    peer = serve(handler)
    ended = document_or_drawing("pg", f"postgresql://u@{peer.host}:{peer.port}/x?sslmode=disable", "select 1", code=code)
    assert ended.code in (0, 1, 4, 6, 7)


STEERING = {
    "an error of the login": report(b"E", STEER),
    "an error": LOGIN + report(b"E", STEER) + READY,
    "a notice": LOGIN + report(b"N", STEER) + DONE + READY,
    "a column": LOGIN + message(b"T", struct.pack("!H", 1) + column(STEER.replace(b"\0", b""))) + ROW + DONE + READY,
    "a tag": LOGIN + message(b"C", STEER_TEXT + b"\0") + READY,
    "a setting": OK + message(b"S", b"server_version\0" + STEER_TEXT + b"\0") + READY + COLUMNS + ROW + DONE + READY,
}


@pytest.mark.parametrize("name", STEERING)
def test_nothing_steers_the_terminal(name: str, serve, document_or_drawing) -> None:
    peer = serve(answer(HEARD, STEERING[name]))
    document_or_drawing("pg", f"postgresql://u@{peer.host}:{peer.port}/x?sslmode=disable", "select 1")


@pytest.mark.parametrize("size", range(1, len(WHOLE), 7))
def test_a_truncated_answer_is_told(size: int, serve, document_or_drawing) -> None:
    peer = serve(answer(HEARD, WHOLE[:size]))
    ended = document_or_drawing("pg", f"postgresql://u@{peer.host}:{peer.port}/x?sslmode=disable", "select 1")
    assert ended.code in (4, 7)


@pytest.mark.parametrize("reply", [b"", b"X", b"S", b"N", b"SS", b"NR", b"\0", b"E", STEER, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_an_answer_on_tls_that_is_none(reply: bytes, serve, document_or_drawing) -> None:
    peer = serve(answer(b"\x04\xd2\x16\x2f", reply))
    ended = document_or_drawing("pg", f"postgresql://u@{peer.host}:{peer.port}/x", "select 1")
    assert ended.code in (4, 5, 6, 7)
