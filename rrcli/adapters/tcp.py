"""Raw bytes over TCP, TLS, UDP or a unix socket: send some, read until the answer ends where the user says it does."""

from __future__ import annotations

from binascii import Error as NotBase64
from binascii import a2b_base64

from rrcli.codec.boundary import AfterBytes, AfterLines, AfterMatch, AfterText, Boundary
from rrcli.errors import ExchangeError, usage
from rrcli.events import Content, Finished, Received, Sent
from rrcli.localfile import read_local
from rrcli.model import Answer, Body, Message, Status, Target
from rrcli.options import Request, count, duration, option
from rrcli.url import HEX, host_port, split_host, split_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Pattern

    from rrcli.registry import Event
    from rrcli.runner import Context
    from rrcli.wire.datagram import Datagrams
    from rrcli.wire.stream import Stream

ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "a": b"\a", "b": b"\b", "e": b"\x1b", "\\": b"\\"}
IDLE = 0.5  # seconds of silence that end an answer when the user named no end


def unescape(text: str) -> bytes:
    r"""The bytes of a text with `\r \n \t \0 \a \b \e \\ \xHH`. Raises `ValueError` for another escape."""
    first, *rest = text.split("\\")
    found = first.encode("utf-8", "surrogateescape")
    rest.reverse()
    while rest:
        piece = rest.pop()
        if piece[:1] == "x" and len(piece) >= 3 and piece[1] in HEX and piece[2] in HEX:
            found += bytes.fromhex(piece[1:3])
            piece = piece[3:]
        elif not piece and rest:
            found += b"\\"
            piece = rest.pop()
        elif piece[:1] in ESCAPES and piece:
            found += ESCAPES[piece[0]]
            piece = piece[1:]
        else:
            raise ValueError(f"unknown escape \\{piece[:1]} in {text!r}; known are \\r \\n \\t \\0 \\a \\b \\e \\\\ \\xHH")
        found += piece.encode("utf-8", "surrogateescape")
    return found


def payload(flag: str, text: str) -> bytes:
    """The bytes that one `--send…` option asks for. Raises `ValueError`; a file is read later."""
    if flag == "--send-hex":
        return bytes.fromhex(text.removeprefix("0x").replace(":", " "))
    if flag == "--send-base64":
        try:
            return a2b_base64(text, strict_mode=True)
        except NotBase64 as error:
            raise ValueError(f"{text!r} is no base64: {error}") from None
    return text.encode("utf-8", "surrogateescape") if flag == "--send-file" else unescape(text)


def step(flag: str, text: str) -> tuple[str, bytes]:
    return flag, payload(flag, text)


def ending(text: str) -> bytes | Pattern[bytes]:
    """What `--read-until TEXT|/REGEX/` waits for. Raises `ValueError`."""
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        import re

        try:
            return re.compile(text[1:-1].encode(), re.MULTILINE)
        except re.error as error:
            raise ValueError(f"{text} is no regular expression: {error}") from None
    if not text:
        raise ValueError("the text to read until is empty")
    return unescape(text)


class TcpRequest(Request):
    """Bytes to send to `HOST:PORT`, and what ends the answer."""

    steps: tuple[tuple[str, bytes], ...] = option(
        "--send", "--send-hex", "--send-base64", "--send-file", kind="steps", parse=step, metavar="TEXT",
        help="Send TEXT with its escapes (\\r\\n, \\x00), hex digits, base64, or a file (- is standard input); repeatable, in order.",
    )  # fmt: skip
    stdin: bool = option("--stdin", kind="flag", help="Send standard input after what --send names.")
    tls: bool = option("--tls", kind="flag", help="Wrap the connection in TLS.")
    udp: bool = option("--udp", kind="flag", help="Send each --send as one UDP datagram.")
    connect_only: bool = option("--connect-only", kind="flag", help="Open the connection, send nothing, and close it.")
    half_close: bool = option("--half-close", kind="flag", help="Close our half after the last byte sent.")
    read_until: bytes | Pattern[bytes] | None = option(
        "--read-until",
        parse=ending,
        metavar="TEXT|/REGEX/",
        help="The answer ends after TEXT, or after the first match.",
        group="End of the answer",
    )
    read_bytes: int | None = option(
        "--read-bytes", parse=count, metavar="N", help="The answer ends after N bytes.", group="End of the answer"
    )
    read_lines: int | None = option(
        "--read-lines", parse=count, metavar="N", help="The answer ends after N lines.", group="End of the answer"
    )
    read_idle: float | None = option(
        "--read-idle",
        parse=duration,
        metavar="TIME",
        help="The answer ends when nothing came for TIME.  [500ms]",
        group="End of the answer",
    )
    read_eof: bool = option("--read-eof", kind="flag", help="The answer ends when the peer closes.", group="End of the answer")


def exchange(request: TcpRequest, context: Context) -> Iterator[Event]:
    """Send the payloads, read the answer. An end that was asked for and did not come is `truncated`."""
    target, request = resolve(request)
    context.request = request  # a URL may have named a unix socket
    boundary = _boundary(request)
    _refuse_contradictions(request)
    payloads = [read_local(data.decode("utf-8", "surrogateescape")) if flag == "--send-file" else data for flag, data in request.steps]
    if request.stdin:
        payloads.append(read_local("-"))
    yield Sent(message=_message(request, target, payloads), target=target)
    if request.udp:
        yield from _datagrams(request, context, target, payloads)
        return
    stream = context.connect(target.host or "", target.port or 0, tls=request.tls)
    try:
        if request.connect_only:
            yield Finished(answer=Answer(summary="connected", status=Status(text="connected"), data={"banner": None}))
            return
        for data in payloads:
            stream.write(data)
        if request.half_close:
            stream.finish_writing()
        yield from _read(request, context, stream, boundary, spoke_first=not payloads)
    finally:
        stream.close()


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
    """Raise `usage` for options that exclude each other; `_boundary` does so for the ends of an answer."""
    sends = bool(request.steps or request.stdin)
    if request.connect_only and (sends or request.half_close):
        raise usage("--connect-only sends nothing", "leave it out, or what is to be sent")
    if not request.udp:
        return
    if request.tls or request.unix_socket:
        raise usage(f"--udp and {'--tls' if request.tls else '--unix-socket'} exclude each other")
    if request.connect_only:
        raise usage("--connect-only means nothing for UDP", "send something and wait for the answer")
    ends = (request.read_until, request.read_bytes, request.read_lines, request.read_eof or None, request.half_close or None)
    if any(value is not None for value in ends):
        raise usage("a datagram ends by itself", "with --udp only --read-idle fits: all datagrams until a silence")


def _message(request: TcpRequest, target: Target, payloads: list[bytes]) -> Message:
    data = b"".join(payloads)
    what = "connect to" if request.connect_only else f"{_bytes(len(data))} to" if data else "listen to"
    body = None
    if data:
        from rrcli.digest import sha256

        body = Body(data=data, size=len(data), sha256=sha256(data).hexdigest())
    return Message(summary=f"{what} {target.url}", body=body, data={"safe": not data, "idempotent": not data})


def _bytes(size: int) -> str:
    return f"{size} byte{'s' * (size != 1)}"


def _boundary(request: TcpRequest) -> Boundary | None:
    """The rule that ends the answer besides the peer's closing; `None` when silence does."""
    given = [
        name
        for name, value in (
            ("--read-until", request.read_until), ("--read-bytes", request.read_bytes), ("--read-lines", request.read_lines),
            ("--read-eof", request.read_eof or None), ("--read-idle", request.read_idle),
        )
        if value is not None
    ]  # fmt: skip
    if len(given) > 1:
        raise usage(f"{' and '.join(given)} exclude each other", "an answer has one end")
    if request.read_until:
        wanted = request.read_until
        return AfterText(wanted) if isinstance(wanted, bytes) else AfterMatch(wanted)
    if request.read_bytes is not None:
        return AfterBytes(request.read_bytes)
    if request.read_lines is not None:
        return AfterLines(request.read_lines)
    return Boundary() if request.read_eof else None


def _read(request: TcpRequest, context: Context, stream: Stream, boundary: Boundary | None, *, spoke_first: bool) -> Iterator[Event]:
    """The answer's bytes up to their end, then the answer."""
    idle = request.read_idle or IDLE
    answer = Answer(summary="", status=Status(text="answered"), body=Body())
    if boundary and boundary.feed(b"") is not None:  # no bytes, or no lines: nothing is waited for
        yield Finished(answer=answer.replace(summary="not read", framing=boundary.framing, data={"banner": None}))
        return
    size, framing = 0, "close"
    while boundary is not None or not size or stream.wait_readable(idle):
        data = stream.receive()
        if not data:
            break
        end = boundary.feed(data) if boundary else None
        if not size:
            yield Received(answer=answer)
        size += len(data) if end is None else end
        yield Content(data=data if end is None else data[:end])
        if end is not None:
            if end < len(data) or stream.buffered:
                context.note("bytes-after-end", f"{max(1, len(data) - end)} or more bytes came after the end of the answer")
            framing = boundary.framing if boundary else framing
            break
    else:
        framing = "read-idle"
    if not size:
        raise ExchangeError("transport", "closed", "the peer closed the connection without sending a byte")
    if framing == "close" and boundary is not None and boundary.framing != "close":
        raise ExchangeError(
            "protocol", "truncated", f"the peer closed before the end that --{boundary.framing} asks for, after {_bytes(size)}"
        )
    yield Finished(answer=_answer(context, answer, size, framing, spoke_first=spoke_first))


def _answer(context: Context, answer: Answer, size: int, framing: str, *, spoke_first: bool) -> Answer:
    """The finished answer, named by what it looks like when the peer spoke first."""
    from rrcli.codec.recognise import recognise

    first = context.trace.first
    found = recognise(first).what
    known = not found.startswith("b")
    banner = first.split(b"\n")[0].strip().decode("utf-8", "replace") if spoke_first else None
    summary = f"{_bytes(size)}, {found}" if known else _bytes(size)
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
    yield Finished(answer=_answer(context, answer, size, framing, spoke_first=False))
