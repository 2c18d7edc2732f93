"""The help of `rrcli curl`."""

from __future__ import annotations

from rrcli.engine.manifest import Page

PAGE = Page(
    synopsis="ARGS...",
    words=(("ARGS", "Curl's own, in curl's meaning, and rrcli's long options beside them; - reads the command from standard input."),),
    help="Send what a copied curl command sends.",
    examples=(
        "rrcli curl 'https://example.com/' -H 'accept: */*' --compressed",
        "rrcli curl - < copied.txt",
    ),
)
