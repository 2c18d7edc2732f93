"""The request of `rrcli poll`: that of HTTP, and how it is asked again, followed, or called back."""

from __future__ import annotations

from rrcli.adapters.http.request import HttpRequest
from rrcli.base.url import host_port, is_port
from rrcli.options.option import option
from rrcli.options.parse import count, duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


LIMIT = 100.0  # seconds that a poll may be held: servers and proxies give up sooner, most of them after 30 or 60
NO_CONTENT = 204


def reply(text: str) -> int:
    """A status of success to answer a callback with."""
    if not 200 <= (number := count(text)) < 300:
        raise ValueError(f"{text!r} is no status of success, from 200 to 299")
    return number


def bind(text: str) -> tuple[str, int]:
    """`ADDRESS[:PORT]` to listen on; port 0 is a free one, an IPv6 address with a port stands in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = text, "0"
    if not host or not is_port(port):
        raise ValueError(f"{text!r} is no ADDRESS or ADDRESS:PORT")
    return host.strip("[]"), int(port)


def bind_text(place: tuple[str, int]) -> str:
    return host_port(*place)


class PollRequest(HttpRequest):
    """`[METHOD] URL [ITEM...]`, sent until something comes of it."""

    fills: ClassVar[tuple[str, ...]] = ("cursor", "callback")
    event_keys: ClassVar[tuple[str, ...]] = (
        *HttpRequest.event_keys, "number", "status", "held_ms", "cursor", "missing", "repeated", "method", "target", "fields",
    )  # fmt: skip

    cursor: str | None = option(
        "--cursor", metavar="JMESPATH", group="Polling",
        help="Where an answer has the cursor: json.next, header.x-cursor, header.etag. The next request has it where {{cursor}} stands, "
        "as in since=={{cursor}}; an ETag without such a place goes into If-None-Match.",
    )  # fmt: skip
    cursor_start: str | None = option("--cursor-start", metavar="VALUE", help="What stands for {{cursor}} at first.", group="Polling")
    empty: bool = option("--empty", kind="flag", help="Tell the answers that bring nothing as well.", group="Polling")
    tolerate: int = option(
        "--tolerate", default=5, parse=count, metavar="N", group="Polling",
        help="Ask again after up to N failures in a row: a status from 500, 429, a lost connection.  [5]",
    )  # fmt: skip
    status_url: str | None = option(
        "--status-url", metavar="JMESPATH", group="Polling",
        help="Where the first answer has the URL to ask, as json.links.status.  [Location of a 202]",
    )  # fmt: skip
    every: float = option(
        "--every", default=1.0, parse=duration, metavar="TIME", group="Wait",
        help="From one request to the next where the server neither held it nor said Retry-After, and nothing new came.  [1s]",
    )  # fmt: skip
    idle_timeout: float | None = option(
        "--idle-timeout", default=LIMIT, parse=duration, metavar="TIME", group="Time",
        help=f"Limit for a silence of the peer, as while it holds a request.  [{LIMIT:g}s]",
    )  # fmt: skip

    callback: bool = option(
        "--callback", kind="flag", group="Callback",
        help="Listen on loopback, send the URL where {{callback}} stands, and wait for a request to it: one, or --max-events.",
    )  # fmt: skip
    callback_bind: tuple[str, int] | None = option(
        "--callback-bind",
        parse=bind,
        write=bind_text,
        metavar="ADDR[:PORT]",
        help="Listen there.  [127.0.0.1:0, a free port]",
        group="Callback",
    )
    callback_url: str | None = option(
        "--callback-url", metavar="URL", group="Callback", help="The URL by which others reach the listener, as through a tunnel."
    )
    callback_status: int = option(
        "--callback-status", default=NO_CONTENT, parse=reply, metavar="CODE", help="What callbacks are answered.  [204]", group="Callback"
    )
