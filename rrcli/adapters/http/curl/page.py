"""The help of `rrcli curl`."""

from __future__ import annotations

from rrcli.engine.manifest import Page

PAGE = Page(
    synopsis="ARGS...",
    help="Send what a curl command sends, as copied from a browser or a page.",
    examples=(
        "rrcli curl 'https://example.com/' -H 'accept: */*' --compressed",
        "rrcli http --from-curl - < copied.txt --expect 'status == 200'",
    ),
)
