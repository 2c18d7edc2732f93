"""The options of `rrcli serve`, and of a plan's step that serves."""

from __future__ import annotations

from rrcli.options.option import Optioned, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.responders.faults import Chosen


def port_rule(text: str) -> tuple[str, int]:
    """`NAME=PORT` of `--port`."""
    name, _, port = text.partition("=")
    if not name or not (port.isascii() and port.isdecimal()) or int(port[:6]) > 65535:
        raise ValueError(f"{text!r} is not NAME=PORT, as http=8080")
    return name, int(port)


def fault_rule(text: str) -> Chosen:
    """`NAME` or `NAME=VALUE` of `--fault`."""
    from rrcli.responders.faults import parse

    return parse(text)


class ServeOptions(Optioned):
    """Where responders listen, and what is wrong with them."""

    json: bool = option("--json", kind="flag", help="Print where they listen as one line of JSON.")
    fault: tuple[Chosen, ...] = option(
        "--fault", kind="many", parse=fault_rule, metavar="NAME[=VALUE]", completes="rrcli.responders.faults:BY_NAME",
        help="Answer with this fault; repeatable, they combine.",
    )  # fmt: skip
    faults: bool = option("--faults", kind="flag", help="List the faults, with --json as JSON.")
    host: str = option("--host", default="127.0.0.1", metavar="ADDRESS", help="Listen on this address.  [127.0.0.1]")
    port: tuple[tuple[str, int], ...] = option(
        "--port", kind="many", parse=port_rule, metavar="NAME=PORT", help="Let NAME listen on PORT, and not on a free one; repeatable."
    )
