"""How a result is shown: the options of every command that change nothing that is sent."""

from __future__ import annotations

from rrcli.options.option import Optioned, option
from rrcli.options.parse import FORMATS, one_of


class Output(Optioned):
    """How the exchange is shown; nothing here changes what is sent."""

    json: bool = option("--json", kind="flag", help="Print the exchange as one JSON document.", group="Output")
    format: str | None = option(
        "--format", metavar="FORMAT", choices=FORMATS, parse=one_of(*FORMATS), group="Output",
        help="pretty on a terminal, raw (the answer's content alone) elsewhere; body: the content laid out; json, ndjson; "
        "har: for browsers; mermaid: a diagram; curl: the same by the protocol's own tool.",
    )  # fmt: skip
    query: str | None = option("--query", metavar="JMESPATH", help="Print only this part of the JSON document.", group="Output")
    verbose: bool = option("-v", "--verbose", kind="flag", help="Show the request as well, part by part.", group="Output")
    include: bool = option("-i", "--include", kind="flag", help="Print status and fields before the content.", group="Output")
    quiet: bool = option("-q", "--quiet", kind="flag", help="Print no result; what failed is one line each on stderr.", group="Output")
    silent: bool = option("-s", "--silent", kind="flag", help="No progress, notes or warnings; the result stays.", group="Output")
    output: str | None = option("-o", "--output", metavar="FILE", help="Write the answer's content to FILE.", group="Output")
    color: str = option(
        "--color", default="auto", metavar="WHEN", choices=("auto", "always", "never"), parse=one_of("auto", "always", "never"),
        help="Colour: auto, always, never.", group="Output",
    )  # fmt: skip
    show_secrets: bool = option("--show-secrets", kind="flag", help="Do not mask credentials.", group="Output")
