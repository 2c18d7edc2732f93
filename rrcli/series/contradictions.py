"""What has no meaning for a series, or none without one."""

from __future__ import annotations

from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.engine.hooks import Hooks
    from rrcli.options.request import Output, Request


def refuse_contradictions(request: Request, output: Output, hooks: Hooks) -> None:
    """Raise `usage` for what has no meaning for many exchanges, or none without them."""
    if request.repeat is None and request.repeat_for is None:
        given = [("--concurrency", request.concurrency), ("--rate", request.rate), ("--warmup", request.warmup)]
        name = next(name for name, value in given if value is not None)
        raise usage(f"{name} is for a series, and this is one exchange", "say how long it is: --repeat N or --duration TIME")
    one = "a series prints what all its exchanges amount to"
    contradictions: tuple[tuple[str, object, str], ...] = (
        ("--output", output.output, one),
        ("--include", output.include, one),
        ("--wire", request.wire is not None, "recording every byte would slow what is measured"),
        ("--all-addresses", request.all_addresses, "it repeats one exchange, and that is one for each address"),
        ("--retry", request.retry, "it counts every failure, which a retry would hide"),
        ("--until", request.until, "it ends after N or a time, and not by an answer"),
    )
    if flag := hooks.trailer_option(request):
        contradictions = (*contradictions, (flag, True, one))
    for name, given_too, why in contradictions:
        if given_too:
            raise usage(f"{name} and a series exclude each other: {why}", "leave one of them out")
    if hooks.is_offline(request):
        raise usage("--offline sends nothing, and a series sends it again and again", "leave one of them out")
    if hooks.streams(request):
        raise usage("a stream of events has no end after which it could be repeated", "leave --repeat and --duration out")
    if hooks.several(request) is not None:
        raise usage("a series repeats one exchange, and this asks for several", "name one target, one server, one type")
