"""Raw bytes over TCP, TLS, UDP or a unix socket: send some, read until the answer ends where the user says it does.

The steps of a conversation (send, await, change to TLS) are taken in the order given, by `dialogue.py`.
"""

from __future__ import annotations

from rrcli.adapters.tcp.content import _header, message, named
from rrcli.adapters.tcp.steps import check_captures
from rrcli.base.errors import usage
from rrcli.base.files import read_local
from rrcli.base.url import host_port, split_host, split_url
from rrcli.codec.boundary import prefixed
from rrcli.engine.context import Route
from rrcli.engine.events import Content, Finished, Received, Sent
from rrcli.model.values import Body, Response, Status, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.tcp.request import TcpRequest
    from rrcli.adapters.tcp.steps import Step
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Exchange
    from rrcli.wire.datagram import Datagrams
    from rrcli.wire.stream import Stream

ENDS = ("read_until", "read_bytes", "read_lines", "read_eof", "read_idle", "length_prefix")  # fields of which one at most is given


def exchange(request: TcpRequest, context: Context) -> Iterator[Event]:
    """Take the steps, read the answer. An end that was asked for and did not come is `truncated`."""
    target, request = resolve(request)
    if request.unix_socket != context.request.unix_socket:  # a URL named it
        context.route = Route(proxy=request.proxy, unix_socket=request.unix_socket, sni=request.sni)
    _refuse_contradictions(request)
    steps = _loaded(request)
    yield Sent(message=message(request, target, steps), target=target)
    if request.udp:
        yield from _datagrams(request, context, target, [data for _, data in steps if isinstance(data, bytes)])
        return
    from rrcli.adapters.tcp.dialogue import Dialogue  # before the clock starts

    stream = _open(request, context, target)
    try:
        if request.connect_only:
            yield Finished(answer=Response(summary="connected", status=Status(text="connected"), data={"banner": None}))
            return
        yield from Dialogue(request, context, stream, target).run(steps)
    finally:
        stream.close()


def as_command(exchange: Exchange, _request: object = None) -> str | None:
    """The same exchange by ncat or openssl s_client; `None` where neither can."""
    from rrcli.adapters.tcp.shell import command

    return command(exchange)


def resolve(request: TcpRequest) -> tuple[Target, TcpRequest]:
    """Whom the words name, and the request with what a URL's scheme says. Raises `usage`."""
    if len(request.arguments) != 1:
        raise usage(f"tcp takes one HOST:PORT, got {len(request.arguments)} words", "bytes to send are given with --send TEXT")
    text = request.arguments[0]
    if "://" in text:
        scheme, _, rest = text.partition("://")
        if scheme == "unix":
            request = request.replace(unix_socket=rest)
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


def _refuse_contradictions(request: TcpRequest) -> None:
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


def _loaded(request: TcpRequest) -> list[Step]:
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


def _open(request: TcpRequest, context: Context, target: Target) -> Stream:
    """The connection. A PROXY header goes before anything else, TLS too."""
    host, port = target.host or "", target.port or 0
    if not request.proxy_protocol:
        return context.connect(host, port, tls=request.tls)
    from rrcli.wire.resolve import to_ascii
    from rrcli.wire.tls import start_tls

    tls = context.tls_context() if request.tls else None
    stream = context.connect(host, port)
    try:
        context.recorder.timeline.enter("handshake")
        stream.write(_header(request, context), f"PROXY protocol {request.proxy_protocol}")
        context.recorder.timeline.leave()
        if tls:
            start_tls(stream, tls, to_ascii(request.sni or host))
    except BaseException:
        stream.close()
        raise
    return stream


def _datagrams(request: TcpRequest, context: Context, target: Target, payloads: list[bytes]) -> Iterator[Event]:
    """Each payload as one datagram; the answer is the next datagram, or all until a silence with `--read-idle`."""
    socket = context.datagrams(target.host or "", target.port or 0)
    try:
        for data in payloads or [b""]:
            socket.send(data)
        yield from _receive_datagrams(request, context, socket)
    finally:
        socket.close()


def _receive_datagrams(request: TcpRequest, context: Context, socket: Datagrams) -> Iterator[Event]:
    from rrcli.base.deadline import Deadline

    answer = Response(summary="", status=Status(text="answered"), body=Body())
    size, until = 0, None
    while (data := socket.receive(until)) is not None:
        if until is None:
            yield Received(answer=answer)
        size += len(data)
        yield Content(data=data)
        if request.read_idle is None:
            break
        until = Deadline.after(request.read_idle, "--read-idle")
    if socket.foreign_datagrams:
        context.note("spoofed", f"{socket.foreign_datagrams} datagrams from other sources were ignored")
    framing = "datagram" if request.read_idle is None else "read-idle"
    yield Finished(answer=named(context, answer, size, framing, spoke_first=False))
