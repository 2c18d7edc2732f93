"""What help, reports, demo and responders know of NATS."""

from __future__ import annotations

from rrcli.engine.manifest import DemoStep, Manifest

MANIFEST = Manifest(
    synopsis="[URL] SUBJECT [PAYLOAD]",
    help="Send a NATS request, or answer those of others.",
    words=(
        ("URL", "nats://[USER:PASSWORD@]HOST:PORT, or HOST:PORT; without one 127.0.0.1:4222."),
        ("PAYLOAD", "From SUBJECT on all words are data: options stand before it."),
    ),
    examples=(
        "rrcli nats nats://demo.nats.io orders.new '{\"id\": 7}'",
        "rrcli nats --replies all --json 127.0.0.1:4222 '$SRV.PING'",
        "rrcli nats --reply pong nats://127.0.0.1:4222 orders.new",
    ),
    label="NATS",
    as_command="rrcli.adapters.nats.natscli:as_command",
    span="rrcli.adapters.nats.span:span",
    explains="nats",
    families={"nats": "rrcli.explain.nats"},
    framings={
        "crlf": "a line end",
        "replies": "the count of --replies",
        "reply-timeout": "the silence of --reply-timeout",
        "no-responders": "the server's 503",
    },
    greetings=("a NATS greeting",),
    measures=("rtt_ms", "info"),
    responder="rrcli.responders.nats:NatsResponder",
    demo=(
        DemoStep(
            heading="NATS: a service that replies three times",
            line="nats --replies all {where} rrcli.three",
        ),
        DemoStep(heading="NATS: a subject that nobody listens to, which the server tells at once", line="nats {where} nobody.there hello"),
    ),
)
