"""The request of `rrcli thrift`: one call of a method that an IDL file declares."""

from __future__ import annotations

from rrcli.options.option import option
from rrcli.options.parse import one_of
from rrcli.options.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

TRANSPORTS = ("buffered", "framed", "header", "auto")
PROTOCOLS = ("binary", "compact", "json", "auto")


class ThriftRequest(Request):
    """`HOST:PORT IDL [SERVICE.METHOD] [ITEM...]`: items are the arguments of the call. Without IDL the server is asked what it speaks."""

    without_effect: ClassVar[tuple[str, ...]] = ("max_events", "idempotency_key", "traceparent")
    lines: ClassVar[bool] = True
    file_argument: ClassVar[int | None] = 1
    input_option: ClassVar[str | None] = "-d @-"
    shown_arguments: ClassVar[str] = "rrcli.adapters.thrift.words:shown_arguments"

    data: str | None = option("-d", "--data", metavar="JSON|@FILE", help="The arguments as a JSON object; items add to them.")
    transport: str | None = option(
        "--transport", metavar="KIND", choices=TRANSPORTS, parse=one_of(*TRANSPORTS),
        help="buffered, framed, header or auto, which tries them.  [buffered]",
    )  # fmt: skip
    protocol: str | None = option(
        "--protocol", metavar="KIND", choices=PROTOCOLS, parse=one_of(*PROTOCOLS),
        help="binary, compact, json or auto, which tries them.  [binary]",
    )  # fmt: skip
    multiplexed: str | None = option(
        "--multiplexed",
        kind="optional",
        metavar="NAME",
        help="Name the service in the call, for a server of several.  [as in the IDL]",
    )
    no_strict: bool = option("--no-strict", kind="flag", help="Write binary messages without a version, as very old servers want them.")
    headers: tuple[str, ...] = option(
        "-H", "--header", kind="many", metavar="NAME:VALUE", secret="rrcli.adapters.http.shownwords:header",
        help="Header of THeader, or a field of HTTP.",
    )  # fmt: skip
    include: tuple[str, ...] = option("--include", kind="many", metavar="DIR", help="Look for included files in DIR too.")
    tls: bool = option("--tls", kind="flag", help="Wrap the connection in TLS.")
    list_services: bool = option("--list", kind="flag", help="List the services and their methods; nothing is sent.")
    describe: bool = option("--describe", kind="flag", help="Show the IDL of the service, method or type behind the file; nothing is sent.")
    template: bool = option("--template", kind="flag", help="Print the arguments of the method as JSON to fill in; nothing is sent.")
