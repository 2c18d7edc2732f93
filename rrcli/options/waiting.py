"""The options of waiting for peers, as a command and as a step of a plan."""

from __future__ import annotations

from rrcli.options.option import Optioned, option
from rrcli.options.parse import duration

# Shared options that are taken over for the requests that are made of a URL alone.
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
