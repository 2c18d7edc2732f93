"""What help, reports, demo and responders know of WebSocket."""

from __future__ import annotations

from rrcli.adapters.http.protocol import MANIFEST as HTTP
from rrcli.engine.manifest import DemoStep, Manifest
from rrcli.responders.catalogue import Place

MANIFEST = Manifest(
    synopsis="URL [MESSAGE...]",
    help="Talk over a WebSocket.",
    words=(("MESSAGE", "Sent as text once the connection is open; each is one message."),),
    examples=(
        "rrcli ws wss://echo.example.com/ hello",
        "rrcli ws :8080/feed --send '{\"subscribe\": \"news\"}' --until 'json.n == 3'",
        "rrcli ws wss://logs.example.com/in --stdin < messages.txt",
        "rrcli ws wss://api.example.com/ --ping --max-events 0",
    ),
    label="WebSocket",
    tools=("websocat", "wscat"),
    secure=("wss",),
    probe_options={"max_events": 0},
    foreign_options=HTTP.foreign_options,
    as_command="rrcli.adapters.ws.websocat:as_command",
    explains="http",
    families={"ws": "rrcli.explain.ws"},
    framings={**HTTP.framings, "close-frame": "the close frame", "message": "the last message that was wanted"},
    content_spans="rrcli.codec.wsspans:content_spans",
    measures=HTTP.measures,
    is_http=True,
    span="rrcli.adapters.http.span:span",
    place=Place(over="http", path="/ws/echo", examples=("rrcli ws {url} hello", "websocat {url}"), scheme="ws"),
    demo=(DemoStep(heading="WebSocket: a message and its echo; how long does a ping take?", line="ws {where} hello --ping"),),
)
