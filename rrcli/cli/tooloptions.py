"""The options of the tools beside the protocols' commands, apart from their code, which is loaded when one runs."""

from __future__ import annotations

from rrcli.options.option import Optioned, option
from rrcli.options.parse import duration
from rrcli.options.request import Output, Request, SettingsOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options.option import Option

# Shared options that a tool takes over for the requests that it makes of a URL alone.
DOCTOR_TAKES = (
    "timeout", "connect_timeout", "deadline", "ipv4", "ipv6", "resolve", "interface", "cacert", "cert", "key", "key_password",
    "insecure", "sni", "tls_min", "tls_max",
)  # fmt: skip
WAIT_TAKES = (
    "timeout", "connect_timeout", "ipv4", "ipv6", "resolve", "connect_to", "interface", "proxy", "cacert", "cert", "key", "key_password",
    "insecure", "sni", "tls_min", "tls_max",
)  # fmt: skip


class WaitOptions(Optioned):
    """How long it is waited, and how often asked."""

    deadline: float = option("--deadline", default=60.0, parse=duration, metavar="TIME", help="Give up after so long.  [60s]", group="Wait")
    every: float = option(
        "--every", default=0.5, parse=duration, metavar="TIME", help="Wait between two tries of one URL.  [500ms]", group="Wait"
    )


def _shown(*names: str) -> dict[str, Option]:
    return {name: Output.options_[name] for name in names}


def doctor_options() -> dict[str, Option]:
    """The options of `rrcli doctor`."""
    return {**_shown("json", "color"), **{name: Request.options_[name] for name in DOCTOR_TAKES}}


def wait_options() -> dict[str, Option]:
    """The options of `rrcli wait`."""
    return {**WaitOptions.options_, **_shown("json", "quiet", "color"), **{name: Request.options_[name] for name in WAIT_TAKES}}


def config_options() -> dict[str, Option]:
    """The options of `rrcli config`."""
    return {**SettingsOptions.options_, **_shown("json", "color", "show_secrets")}


def session_options() -> dict[str, Option]:
    """The options of `rrcli session`."""
    return _shown("json", "color", "show_secrets")
