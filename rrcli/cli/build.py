"""From the values of a command line to an invocation, with the user's settings where there are any."""

from __future__ import annotations

from rrcli.base.userfolder import has_settings
from rrcli.cli.invocation import made_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.cli.invocation import Invocation
    from rrcli.engine.registry import Protocol
    from rrcli.options.request import Request


def build(entry: Protocol, request_type: type[Request], values: dict[str, Any]) -> Invocation:
    """The request and the output settings. Raises `ExchangeError` of layer `usage` or `local` for settings that are wrong."""
    env = values.pop("env", None)
    if env is not None or has_settings():
        from rrcli.cli.settings import with_settings

        return with_settings(entry, request_type, values, env)
    return made_of(entry, request_type, values)
