"""What help, reports, demo and responders know of Redis."""

from __future__ import annotations

from rrcli.adapters.redis.commandnames import NAMES
from rrcli.engine.manifest import DemoStep, Manifest

MANIFEST = Manifest(
    synopsis="[URL] COMMAND [ARG...]",
    help="Send a Redis command.",
    words=(
        ("URL", "redis://[USER:PASSWORD@]HOST:PORT/DB, rediss:// with TLS, or HOST:PORT; without one 127.0.0.1:6379."),
        ("ARG", "From COMMAND on all words are data: options stand before it."),
    ),
    examples=("rrcli redis SET greeting hello", "rrcli redis --json redis://127.0.0.1:6379/1 LRANGE jobs 0 -1"),
    label="Redis",
    completes=NAMES,
    completes_until="word",
    secure=("rediss", "valkeys"),
    probe=("PING",),
    own_line="rrcli.adapters.redis.foreign:line_for",
    tools=("redis-cli", "valkey-cli"),
    secrets_after=("AUTH",),
    as_command="rrcli.adapters.redis.rediscli:as_command",
    span="rrcli.adapters.redis.span:span",
    explains="redis",
    families={"redis": "rrcli.explain.redis"},
    framings={"crlf": "CRLF", "length-prefix": "its length prefix", "element-count": "its count of elements"},
    greetings=("a Redis error", "a Redis reply"),
    responder="rrcli.responders.redis:RedisResponder",
    demo=(
        DemoStep(
            heading="Redis: a list command for a key that holds a string, and so a failure",
            line="redis {where} LPUSH greeting hello",
            before=("redis {where} SET greeting hi",),
        ),
    ),
)
