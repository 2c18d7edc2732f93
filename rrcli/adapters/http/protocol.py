"""What help, reports, demo and responders know of HTTP."""

from __future__ import annotations

from rrcli.engine.manifest import DemoStep, Manifest
from rrcli.engine.registry import METHODS

MANIFEST = Manifest(
    synopsis="[METHOD] URL [ITEM...]",
    help="Send an HTTP request.",
    words=(
        ("METHOD", "GET, POST, ... in any case; without one GET, or POST with content."),
        ("URL", "http:// may be left out; :8080/x is localhost."),
        ("ITEM", "name=value, name:=json, Header:value, query==value, name@FILE, or @FILE alone; rrcli help items."),
    ),
    examples=(
        "rrcli http https://example.com/ -v",
        "rrcli http POST :8080/users name=ann age:=3 --expect 'status == 201'",
        "rrcli http https://example.com/large.iso -O -C - --limit-rate 5M",
        "rrcli http :8080/ --repeat 1000 --concurrency 8",
    ),
    label="HTTP",
    tools=("wget", "xh", "httpie", "https"),
    completes=METHODS,
    completes_until="url",
    topics={"items": "rrcli.adapters.http.topics:ITEMS"},
    secure=("https",),
    foreign_options=("rrcli.adapters.http.prepare.httpie:advice", "rrcli.adapters.http.curl.imported:advice"),
    command_may_show_secrets=True,
    as_command="rrcli.adapters.http.curl.exported:as_command",
    explains="http",
    families={"http": "rrcli.explain.http"},
    framings={
        "content-length": "Content-Length",
        "chunked": "the last chunk",
        "end-stream": "END_STREAM",
        "eof": "the end of the stream",
        "close": "the peer closing",
        "none": "the end of its fields (no content)",
        "upgrade": "the change of protocol",
    },
    greetings=("HTTP",),
    content_spans="rrcli.codec.http.contentspans:content_spans",
    measures=("quic",),
    is_http=True,
    span="rrcli.adapters.http.span:span",
    posts="rrcli.adapters.http.posting:post",
    archive="rrcli.adapters.http.fromhar:read_archive",
    responder="rrcli.responders.http:HttpResponder",
    demo=(DemoStep(heading="HTTP: make a user; where does the time go?", line="http {where}/users name=ann age:=3"),),
)
