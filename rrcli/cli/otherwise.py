"""The exchange as another reader takes it: a command of the protocol's own tool, or the step of a plan."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.output import to_stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rrcli.engine.registry import Protocol
    from rrcli.model.values import Exchange
    from rrcli.options.request import Output, Request


def check(style: str, entry: Protocol, request: Request) -> None:
    """Raise `usage` for what the format cannot print, before anything is sent."""
    if style == "plan":
        from rrcli.plan.written import refuse_input

        refuse_input(request)
    elif not entry.load_manifest().as_command:
        raise usage("no other tool has a command for this protocol", "--format json has all of the exchange")


def texts(style: str, entry: Protocol, request: Request, exchanges: tuple[Exchange, ...], output: Output) -> Iterator[str]:
    """What the format prints of these exchanges of one request."""
    if style == "plan":
        yield _step(entry, request, exchanges, output)
    else:
        yield from _commands(entry, request, exchanges, output)


def _commands(entry: Protocol, request: Request, exchanges: Iterable[Exchange], output: Output) -> Iterator[str]:
    """The command of the protocol's own tool for each exchange; its adapter writes it, without secrets if it can."""
    from rrcli.engine.manifest import load

    manifest = entry.load_manifest()
    options = {"show_secrets": True} if output.show_secrets and manifest.command_may_show_secrets else {}
    for exchange in exchanges:
        command = load(manifest.as_command)(exchange, request, **options) if manifest.as_command else None
        if command is None:
            to_stderr("rrcli: no command of another tool does the same\n")
            continue
        yield command
        for remark in load(manifest.command_remarks)(exchange, request) if manifest.command_remarks and not output.silent else ():
            to_stderr(f"rrcli: note: {remark}\n")


def _step(entry: Protocol, request: Request, exchanges: Iterable[Exchange], output: Output) -> str:
    """The request as the step of a plan, which is made of what was asked; what stands in its way is a note."""
    from rrcli.plan.written import remarks, step_of
    from rrcli.policy.redact import mask_of_asked

    text = step_of(entry, request, None if output.show_secrets else mask_of_asked(exchanges))
    for remark in () if output.silent else remarks(text):
        from rrcli.base.visible import visible

        to_stderr(f"rrcli: note: {visible(remark)}\n")
    return text
