"""What a command line of `rrcli ws` amounts to: the URL, the HTTP request of the upgrade, and the steps of the conversation."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.wsurl import HTTP_SCHEMES, http_url
from rrcli.options.steps import check_captures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Pattern

    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.adapters.ws.request import WsRequest


class Send(Record):
    """A message that is sent; `filled` where `{{name}}` in it stands for what was captured."""

    data: bytes
    is_text: bool
    filled: bool = False


class Await(Record):
    """What is waited for in a message; `number` is the step's, counted from 1."""

    wanted: bytes | Pattern[bytes]
    number: int


Step = Send | Await
NOT_HTTP1 = {
    "http2": "--http2", "http2_prior_knowledge": "--http2-prior-knowledge", "http10": "--http1.0", "http3": "--http3",
    "http3_only": "--http3-only",
}  # fmt: skip
CONTENT = {"method": "-X", "compress": "--compress", "request_target": "--request-target"}


def opening(request: AnyHttpRequest, url: str, items: tuple[str, ...] = ()) -> AnyHttpRequest:
    """The HTTP request for the upgrade, with the options of `request`; a proxy is to let it through. Raises `usage`."""
    for name, flag in NOT_HTTP1.items():
        if getattr(request, name):
            raise usage(f"{flag} and a WebSocket exclude each other: it begins with HTTP/1.1", f"leave {flag} out")
    scheme, separator, rest = url.partition("://")
    if separator and scheme.replace("+", "").isalnum() and scheme.lower() not in HTTP_SCHEMES:
        raise usage(f"{scheme.lower()}:// is no URL of a WebSocket", "write ws:// or wss:// before the host")
    if separator and not rest.lstrip("/"):
        raise usage(f"the URL {url!r} names no host", "write ws://HOST[:PORT]/…")
    return request.replace(arguments=("GET", http_url(url), *items), proxytunnel=True)


def refuse_contradictions(request: WsRequest) -> None:
    """Raise `usage` for options that have no place in an upgrade, or exclude each other."""
    for name, flag in CONTENT.items():
        if getattr(request, name) is not None:
            raise usage(f"{flag} has no place in an upgrade", "it is a GET without content")
    if request.text and request.binary:
        raise usage("--text and --binary exclude each other")
    if request.ping_timeout is not None and request.ping is None and request.ping_interval is None:
        raise usage("--ping-timeout limits the wait for a pong, and nothing asks for one", "add --ping or --ping-interval")
    if request.stdin and any(flag == "--send-file" and value == b"-" for flag, value in request.steps):
        raise usage("--stdin and --send-file - both read standard input")
    if request.idempotency_key is not None:
        raise usage("ws has no place for an idempotency key", "leave --idempotency-key out; --retry-unsafe repeats without one")
    check_captures(request.steps)


def loaded(request: WsRequest) -> list[Step]:
    """The steps in their order, the files read, and behind them each MESSAGE. Raises `usage`, and `local` for a file."""
    captures = any(getattr(value, "groupindex", None) for _, value in request.steps)
    steps: list[Step] = []
    for number, (flag, value) in enumerate(request.steps, 1):
        if flag == "--await":
            assert not isinstance(value, str)
            steps.append(Await(wanted=value, number=number))
            continue
        assert isinstance(value, bytes)
        is_text = not request.binary if flag == "--send" else request.text and flag == "--send-file"
        data = _file(value) if flag == "--send-file" else value
        steps.append(Send(data=_checked(data, flag, is_text=is_text), is_text=is_text, filled=captures and flag == "--send"))
    for word in request.arguments[1:]:
        data = word.encode("utf-8", "surrogateescape")
        steps.append(Send(data=_checked(data, "the message", is_text=not request.binary), is_text=not request.binary))
    return steps


def _checked(data: bytes, what: str, *, is_text: bool) -> bytes:
    """The data, which is UTF-8 where it is a text message (RFC 6455 section 5.6)."""
    if is_text and not is_utf8(data):
        raise usage(f"{what} has bytes that are no UTF-8, which no text message has", "send them as a binary message: --binary, --send-hex")
    return data


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def shown_arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """The URL without its secrets, and the messages, of which nothing is guessed."""
    from rrcli.adapters.http.shownwords import url

    return (url(words[0]), *words[1:]) if words else words


def _file(path: bytes) -> bytes:
    """What is in the file of `--send-file`."""
    from rrcli.base.files import read_local

    return read_local(path.decode("utf-8", "surrogateescape"))
