"""What help, reports, demo and responders know of polling."""

from __future__ import annotations

from rrcli.adapters.http.protocol import MANIFEST as HTTP
from rrcli.engine.manifest import DemoStep, Manifest
from rrcli.responders.catalogue import Place

MANIFEST = Manifest(
    synopsis=HTTP.synopsis,
    words=HTTP.words,
    completes=HTTP.completes,
    completes_until=HTTP.completes_until,
    help="Poll until something comes: long polling, jobs, callbacks.",
    examples=(
        "rrcli poll https://example.com/events since=={{cursor}} --cursor json.next",
        "rrcli poll POST :8080/jobs kind=report --until 'json.state == done'",
        "rrcli poll POST :8080/jobs notify={{callback}} --callback --deadline 1m",
    ),
    label=HTTP.label,
    secure=HTTP.secure,
    foreign_options=HTTP.foreign_options,
    command_may_show_secrets=True,
    as_command="rrcli.adapters.http.curl.exported:as_command",
    explains="http",
    framings=HTTP.framings,
    content_spans=HTTP.content_spans,
    measures=HTTP.measures,
    is_http=True,
    span="rrcli.adapters.http.span:span",
    parts="rrcli.adapters.poll.drawing:parts",
    stream_words="rrcli.adapters.poll.drawing:stream_words",
    place=Place(
        over="http",
        path="/poll",
        examples=(
            "rrcli poll {url} since=={{{{cursor}}}} --cursor json.next",
            "rrcli poll POST {base}/jobs kind=report",
        ),
    ),
    demo=(
        DemoStep(
            heading="Polling: a job that takes longer than a request, asked for until it is done",
            line="poll POST {base}/jobs takes==0.5",
        ),
    ),
)
