"""What help, reports, demo and responders know of Server-Sent Events."""

from __future__ import annotations

from rrcli.adapters.http.protocol import MANIFEST as HTTP
from rrcli.engine.manifest import DemoStep, Manifest
from rrcli.responders.catalogue import Place

MANIFEST = Manifest(
    synopsis=HTTP.synopsis,
    words=HTTP.words,
    completes=HTTP.completes,
    completes_until=HTTP.completes_until,
    help="Read a stream of Server-Sent Events.",
    examples=(
        "rrcli sse https://stream.wikimedia.org/v2/stream/recentchange --max-events 3",
        "rrcli sse POST :8080/chat prompt=hi --until 'json.done == true' --deadline 1m",
    ),
    label="Server-Sent Events",
    secure=HTTP.secure,
    foreign_options=HTTP.foreign_options,
    command_may_show_secrets=True,
    as_command="rrcli.adapters.sse.curl:as_command",
    explains="http",
    framings=HTTP.framings,
    content_spans=HTTP.content_spans,
    measures=HTTP.measures,
    is_http=True,
    span="rrcli.adapters.http.span:span",
    place=Place(over="http", path="/events", examples=("rrcli sse {url}", "curl -N {url}")),
    demo=(DemoStep(heading="Server-Sent Events: two as they come, then enough", line="sse {where} --max-events 2"),),
)
