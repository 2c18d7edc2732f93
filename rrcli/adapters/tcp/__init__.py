"""Raw bytes over TCP, TLS, UDP or a unix socket: send some, read until the answer ends where the user says it does.

The steps of a conversation (send, await, change to TLS) are taken in the order given, by `dialogue.py`.
"""

from __future__ import annotations

from rrcli.adapters.tcp.words import check_captures, each_port, ending, place, step
from rrcli.codec.boundary import LENGTHS, VARINT, prefixed
from rrcli.errors import usage
from rrcli.events import Content, Finished, Received, Sent
from rrcli.localfile import read_local
from rrcli.model import Answer, Body, Message, Status, Target
from rrcli.options import Request, count, duration, one_of, option
from rrcli.url import host_port, split_host, split_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Pattern
    from typing import Any, ClassVar

    from rrcli.adapters.tcp.words import Step
    from rrcli.context import Context
    from rrcli.model import Exchange
    from rrcli.registry import Event
    from rrcli.wire.datagram import Datagrams
    from rrcli.wire.stream import Stream

PREFIXES = (*LENGTHS, VARINT)
ENDS = ("read_until", "read_bytes", "read_lines", "read_eof", "read_idle", "length_prefix")  # fields of which one at most is given


class TcpRequest(Request):
    """Bytes to send to `HOST:PORT`, and what ends the answer."""

    at_once: ClassVar[int] = 64  # most of a range's ports only wait

    steps: tuple[Step, ...] = option(
        "--send", "--send-hex", "--send-base64", "--send-file", "--await", "--starttls", kind="steps", parse=step, metavar="TEXT",
        help="Send TEXT with its escapes (\\r\\n, \\x00), hex digits, base64, or a file (- is standard input). --await reads up to TEXT or"
        " /REGEX/, whose (?P<x>...) fills {{x}} of a later --send; --starttls PROTO changes to TLS (smtp, imap, pop3, ftp, ldap,"
        " postgres, mysql, xmpp, ...). Repeatable, taken in order.",
    )  # fmt: skip
    stdin: bool = option("--stdin", kind="flag", help="Send standard input after what --send names.")
    tls: bool = option("--tls", kind="flag", help="Wrap the connection in TLS.")
    udp: bool = option("--udp", kind="flag", help="Send each --send as one UDP datagram.")
    connect_only: bool = option(
        "--connect-only", kind="flag", help="Open the connection, send nothing, and close it; HOST:22,80,8000-8010 tries several."
    )
    half_close: bool = option("--half-close", kind="flag", help="Close our half after the last byte sent.")
    proxy_protocol: str | None = option(
        "--proxy-protocol", metavar="VERSION", choices=("v1", "v2"), parse=one_of("v1", "v2"),
        help="Send a PROXY protocol header first: v1, v2.",
    )  # fmt: skip
    proxy_source: tuple[str, int] | None = option(
        "--proxy-source", parse=place, metavar="ADDRESS:PORT", help="Source in the PROXY header.  [our own address]"
    )
    read_until: bytes | Pattern[bytes] | None = option(
        "--read-until", parse=ending, metavar="TEXT|/REGEX/", group="End of the answer",
        help="The answer ends after TEXT, or after the first match.",
    )  # fmt: skip
    read_bytes: int | None = option(
        "--read-bytes", parse=count, metavar="N", help="The answer ends after N bytes.", group="End of the answer"
    )
    read_lines: int | None = option(
        "--read-lines", parse=count, metavar="N", help="The answer ends after N lines.", group="End of the answer"
    )
    length_prefix: str | None = option(
        "--length-prefix", metavar="KIND", choices=PREFIXES, parse=one_of(*PREFIXES), group="End of the answer",
        help="Each --send goes out behind its length, and the answer is one such message: u8, u16be, u16le, u32be, u32le, varint.",
    )  # fmt: skip
    read_idle: float | None = option(
        "--read-idle", parse=duration, metavar="TIME", group="End of the answer",
        help="The answer ends when nothing came for TIME.  [500ms]",
    )  # fmt: skip
    read_eof: bool = option("--read-eof", kind="flag", help="The answer ends when the peer closes.", group="End of the answer")

    def several(self) -> tuple[Request, ...] | None:
        """One request for each port of `HOST:22,80,8000-8010`; `None` when there is one port."""
        words = each_port(self.words[0]) if len(self.words) == 1 else None
        return None if words is None else tuple(self.replace(words=(word,)) for word in words)


def exchange(request: TcpRequest, context: Context) -> Iterator[Event]:
    """Take the steps, read the answer. An end that was asked for and did not come is `truncated`."""
    target, request = resolve(request)
    context.request = request  # a URL may have named a unix socket
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
            yield Finished(answer=Answer(summary="connected", status=Status(text="connected"), data={"banner": None}))
            return
        yield from Dialogue(request, context, stream, target).run(steps)
    finally:
        stream.close()


def as_command(exchange: Exchange, _request: object = None) -> str | None:
    """The same exchange by ncat or openssl s_client; `None` where neither can."""
    from rrcli.adapters.tcp.tool import command

    return command(exchange)


def resolve(request: TcpRequest) -> tuple[Target, TcpRequest]:
    """Whom the words name, and the request with what a URL's scheme says. Raises `usage`."""
    if len(request.words) != 1:
        raise usage(f"tcp takes one HOST:PORT, got {len(request.words)} words", "bytes to send are given with --send TEXT")
    text = request.words[0]
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


def message(request: TcpRequest, target: Target, steps: list[Step]) -> Message:
    """What is sent, as one body; `data` says what else another tool would have to be told."""
    payloads = [value for flag, value in steps if flag != "--await" and isinstance(value, bytes)]
    data = b"".join(payloads)
    what = "connect to" if request.connect_only else f"{in_bytes(len(data))} to" if data else "listen to"
    body = None
    if data:
        from rrcli.digest import sha256

        body = Body(data=data, size=len(data), sha256=sha256(data).hexdigest())
    special: dict[str, Any] = {"half_close": True} if request.half_close else {}
    if started := [value for flag, value in steps if flag == "--starttls"]:
        special["starttls"] = started[0]
    if request.udp and len(payloads) > 1:
        special["datagrams"] = [len(payload) for payload in payloads]
    return Message(summary=f"{what} {target.url}", body=body, data={"safe": not data, "idempotent": not data, **special})


def in_bytes(size: int) -> str:
    return f"{size} byte{'s' * (size != 1)}"


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
        context.trace.timeline.enter("handshake")
        stream.write(_header(request, context), f"PROXY protocol {request.proxy_protocol}")
        context.trace.timeline.leave()
        if tls:
            start_tls(stream, tls, to_ascii(request.sni or host))
    except BaseException:
        stream.close()
        raise
    return stream


def _header(request: TcpRequest, context: Context) -> bytes:
    from rrcli.codec.proxyprotocol import header

    local, peer = context.trace.local, context.trace.peer
    source = destination = None
    if local and peer and not request.unix_socket:
        source, destination = request.proxy_source or place(local), place(peer)
    try:
        return header(str(request.proxy_protocol), source, destination)
    except ValueError as error:
        raise usage(f"--proxy-source: {error}", "choose the family with -4 or -6") from None


def named(context: Context, answer: Answer, size: int, framing: str, *, spoke_first: bool) -> Answer:
    """The finished answer, named by what it looks like; its first line is a banner when the peer spoke first."""
    from rrcli.codec.recognise import recognise

    first = context.trace.first
    found = recognise(first).what if size else "b"
    known = not found.startswith("b")
    banner = first.split(b"\n")[0].strip().decode("utf-8", "replace") if spoke_first and size else None
    summary = f"{in_bytes(size)}, {found}" if known else in_bytes(size)
    return answer.replace(summary=summary, framing=framing, data={"banner": banner})


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
    from rrcli.wire.clock import Deadline

    answer = Answer(summary="", status=Status(text="answered"), body=Body())
    size, until = 0, None
    while (data := socket.receive(until)) is not None:
        if until is None:
            yield Received(answer=answer)
        size += len(data)
        yield Content(data=data)
        if request.read_idle is None:
            break
        until = Deadline.after(request.read_idle, "--read-idle")
    if socket.strangers:
        context.note("spoofed", f"{socket.strangers} datagrams from other sources were ignored")
    framing = "datagram" if request.read_idle is None else "read-idle"
    yield Finished(answer=named(context, answer, size, framing, spoke_first=False))
