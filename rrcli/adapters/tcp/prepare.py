"""Whom the arguments name and what is to be sent: read and checked before anything is."""

from __future__ import annotations

from rrcli.adapters.tcp.steps import place_words
from rrcli.base.errors import usage
from rrcli.base.files import read_local
from rrcli.base.url import host_port, split_host, split_url, unquote
from rrcli.codec.boundary import prefixed
from rrcli.model.values import Target
from rrcli.options.steps import check_captures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.tcp.request import TcpRequest
    from rrcli.options.steps import Step


ENDS = ("read_until", "read_bytes", "read_lines", "read_eof", "read_idle", "length_prefix")  # fields of which one at most is given


def resolve(request: TcpRequest) -> tuple[Target, TcpRequest]:
    """Whom the words name, and the request with what a URL's scheme says. Raises `usage`."""
    words = place_words(request.arguments)
    if len(words) != 1:
        raise usage(f"tcp takes one HOST:PORT, got {len(words)} words", "bytes to send are given with --send TEXT")
    text = words[0]
    if "://" in text:
        scheme, _, rest = text.partition("://")
        if scheme == "unix":
            request = request.replace(unix_socket=unquote(rest))
        else:
            url = split_url(text)
            request = request.replace(udp=request.udp or scheme == "udp", tls=request.tls or scheme == "tls")
            text = host_port(url.host, url.port)
    if request.unix_socket:
        return Target(url=f"unix://{request.unix_socket}", host="localhost", port=0), request
    host, port = split_host(text, None)
    if not host or port is None:
        raise usage(f"{text!r} names no port", f"write HOST:PORT, as {host or 'localhost'}:6379")
    scheme = "udp" if request.udp else "tcp"
    return Target(url=f"{scheme}://{host_port(host, port)}", host=host, port=port), request


def refuse_contradictions(request: TcpRequest) -> None:
    """Raise `usage` for options that exclude each other."""
    given = [f"--{name.replace('_', '-')}" for name in ENDS if (value := getattr(request, name)) is not None and value is not False]
    if len(given) > 1:
        raise usage(f"{' and '.join(given)} exclude each other", "an answer has one end")
    flags = [flag for flag, _ in request.steps]
    if request.connect_only and (flags or request.stdin or request.half_close):
        raise usage("--connect-only sends nothing", "leave it out, or what is to be sent")
    if request.proxy_source and not request.proxy_protocol:
        raise usage("--proxy-source is a part of the PROXY header", "add --proxy-protocol v1 or v2")
    if request.length_prefix and "--await" in flags:
        raise usage("--length-prefix frames messages, --await looks for text", "use one of them")
    if "--starttls" in flags and (request.tls or flags.count("--starttls") > 1):
        raise usage("--starttls changes to TLS, which is there already", "leave --tls, or all --starttls but one, out")
    check_captures(request.steps)
    if request.udp:
        _refuse_for_udp(request, given, flags)


def _refuse_for_udp(request: TcpRequest, given: list[str], flags: list[str]) -> None:
    if request.tls or request.unix_socket:
        raise usage(f"--udp and {'--tls' if request.tls else '--unix-socket'} exclude each other")
    for flag in ("--await", "--starttls", "--proxy-protocol"):
        if flag in flags or (flag == "--proxy-protocol" and request.proxy_protocol):
            raise usage(f"{flag} is for a connection, --udp has none")
    if request.connect_only:
        raise usage("--connect-only means nothing for UDP", "send something and wait for the answer")
    if request.half_close or set(given) - {"--read-idle"}:
        raise usage("a datagram ends by itself", "with --udp only --read-idle fits: all datagrams until a silence")


def loaded(request: TcpRequest) -> list[Step]:
    """The steps with the files they name read, and each message behind its length. Raises `usage` and `local` errors."""
    steps: list[Step] = []
    for flag, value in request.steps:
        path = value.decode("utf-8", "surrogateescape") if flag == "--send-file" and isinstance(value, bytes) else None
        steps.append((flag, value if path is None else read_local(path)))
    if request.stdin:
        steps.append(("--stdin", read_local("-")))
    return [(flag, framed(request, value)) if flag != "--await" and isinstance(value, bytes) else (flag, value) for flag, value in steps]


def framed(request: TcpRequest, data: bytes) -> bytes:
    """The bytes behind their length, where `--length-prefix` asks for that. Raises `usage`."""
    if not request.length_prefix:
        return data
    try:
        return prefixed(data, request.length_prefix)
    except ValueError as error:
        raise usage(str(error), "choose a wider --length-prefix") from None
