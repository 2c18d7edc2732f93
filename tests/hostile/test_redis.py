"""`rrcli redis` against servers that never end, lie about lengths, nest without end, or try to steer the terminal."""

from __future__ import annotations

import pytest
from peers.flood import STEER, STEER_TEXT, answer, forever, numbered
from peers.made import Made
from peers.script import drip, hear, pause, script

HEARD = b"PING\r\n"


def say(*parts: bytes):
    return answer(HEARD, *parts)


WRONG = Made(
    {
        "slow drip": lambda: (script(hear(HEARD), drip(b"+" + b"x" * 1000, 0.05)), 6),
        "silence": lambda: (script(hear(HEARD), pause(20)), 6),
        "endless status": lambda: (forever(b"+", b"x", HEARD), 7),
        "endless error": lambda: (forever(b"-", b"x", HEARD), 7),
        "endless number": lambda: (forever(b":", b"9", HEARD), 7),
        "endless big number": lambda: (forever(b"(", b"9", HEARD), 7),
        "endless double": lambda: (forever(b",", b"9", HEARD), 7),
        "endless bulk length": lambda: (forever(b"$", b"9", HEARD), 7),
        "endless array length": lambda: (forever(b"*", b"9", HEARD), 7),
        "endless bulk": lambda: (forever(b"$536870912\r\n", b"x", HEARD), None),
        "endless streamed string": lambda: (forever(b"$?\r\n", b";1\r\nx\r\n", HEARD), None),
        "endless array": lambda: (forever(b"*2147483647\r\n", b":1\r\n", HEARD), None),
        "endless streamed array": lambda: (forever(b"*?\r\n", b":1\r\n", HEARD), None),
        "endless streamed map": lambda: (numbered(b"%?\r\n", b"+key%d\r\n:1\r\n".__mod__, HEARD), None),
        "endless attributes": lambda: (forever(b"", b"|1\r\n+a\r\n:1\r\n", HEARD), None),
        "endless pushes": lambda: (forever(b"", b">2\r\n+message\r\n+x\r\n", HEARD), None),
        "endless nesting": lambda: (forever(b"", b"*1\r\n", HEARD), 7),
        "endless nested maps": lambda: (forever(b"", b"%1\r\n", HEARD), 7),
        "endless nested attributes": lambda: (forever(b"", b"|1\r\n", HEARD), 7),
        "endless empty arrays": lambda: (forever(b"*1000000000\r\n", b"*0\r\n", HEARD), None),
        "endless nulls": lambda: (forever(b"*1000000000\r\n", b"_\r\n", HEARD), None),
        "endless empty lines": lambda: (forever(b"", b"\r\n", HEARD), 7),
        "huge bulk": lambda: (say(b"$9223372036854775807\r\nabc"), 7),
        "huge array": lambda: (say(b"*9223372036854775807\r\n"), 7),
        "huge map": lambda: (say(b"%4611686018427387904\r\n"), 7),
        "negative bulk": lambda: (say(b"$-2\r\n"), 7),
        "negative array": lambda: (say(b"*-9223372036854775808\r\n"), 7),
        "many digits": lambda: (say(b":" + b"0" * 10_000 + b"1\r\n"), 7),
        "a big number of a million digits": lambda: (say(b"(" + b"9" * 1_000_000 + b"\r\n"), None),
        "an array in two ways": lambda: (say(b"*2\r\n:1\r\n"), None),
        "a bulk that is longer than it says": lambda: (say(b"$3\r\nabcdef\r\n"), 7),
        "HTTP": lambda: (say(b"HTTP/1.1 400 Bad Request\r\nServer: " + STEER_TEXT + b"\r\n\r\n"), 7),
        "nothing": lambda: (say(b""), 4),
        "random bytes": lambda: (say(bytes(range(256)) * 100), 7),
        "a million errors": lambda: (say(b"*1000000\r\n" + b"-ERR x\r\n" * 1_000_000), None),
        "a wide map": lambda: (say(b"%500000\r\n" + b"".join(b"$6\r\n%06d\r\n:1\r\n" % at for at in range(500_000))), None),
        "a large bulk": lambda: (say(b"$50000000\r\n" + b"\x1b" * 50_000_000 + b"\r\n"), None),
        "a large binary bulk": lambda: (say(b"$50000000\r\n" + b"\xff" * 50_000_000 + b"\r\n"), None),
        "many small bulks": lambda: (say(b"*3000000\r\n" + b"$1\r\n\xff\r\n" * 3_000_000), None),
    }
)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name: str, serve, document_or_drawing) -> None:
    handler, code = WRONG[name]
    peer = serve(handler)
    ended = document_or_drawing("redis", f"redis://{peer.host}:{peer.port}", "PING", code=code)
    assert ended.code in (0, 4, 6, 7)


BULK = b"$%d\r\n" % len(STEER) + STEER + b"\r\n"
STEERING = {
    "status": b"+" + STEER_TEXT + b"\r\n",
    "error": b"-ERR " + STEER_TEXT + b"\r\n",
    "error's name": b"-" + STEER_TEXT + b" x\r\n",
    "moved": b"-MOVED 1 " + STEER_TEXT + b":1\r\n",
    "bulk": BULK,
    "array": b"*2\r\n" + BULK + BULK,
    "map": b"%1\r\n" + BULK + BULK,
    "set": b"~1\r\n" + BULK,
    "verbatim": b"=%d\r\ntxt:" % (len(STEER) + 4) + STEER + b"\r\n",
    "verbatim's format": b"=6\r\n\x1b[m:ab\r\n",
    "blob error": b"!%d\r\n" % len(STEER) + STEER + b"\r\n",
    "integer": b":" + STEER_TEXT + b"\r\n",
    "double": b"," + STEER_TEXT + b"\r\n",
    "boolean": b"#" + STEER_TEXT + b"\r\n",
    "big number": b"(" + STEER_TEXT + b"\r\n",
    "null": b"_" + STEER_TEXT + b"\r\n",
    "no type": STEER + b"\r\n",
    "push": b">2\r\n" + BULK + BULK + b"+OK\r\n",
    "attribute": b"|1\r\n" + BULK + BULK + b"+OK\r\n",
    "json": b'$12\r\n{"a":"\x7f\xc2\x9b"}\r\n',
}


@pytest.mark.parametrize("where", STEERING)
def test_nothing_steers_the_terminal(where: str, serve, way) -> None:
    peer = serve(answer(HEARD, STEERING[where]))
    way("redis", f"redis://{peer.host}:{peer.port}", "PING")
