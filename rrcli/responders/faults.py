"""The faults that a responder can be told to have: their names, what each does to an answer, and which protocols have it.

A fault is a function `act(wire, answer, value) -> bytes`. It gets what the well-behaved responder would send now, and
returns what is sent in its place; or it takes over, and ends the conversation by raising `Over`. So faults combine: each
gets what the one before it left. `wire` is a connection or the sender of one datagram. What has to happen before an answer
is asked for (`CONNECTING`) and what is done to TLS (`faulty_tls`) is only named here.
"""

from __future__ import annotations

import re
import threading

from rrcli.base.record import Record
from rrcli.options.parse import suggestion
from rrcli.responders import fault_answers as answers
from rrcli.responders import fault_grpc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    class Wire(Protocol):
        """What a fault can do to one peer."""

        protocol: str
        datagram: bool

        def deliver(self, data: bytes) -> None: ...  # send, past all faults
        def pause(self, seconds: float) -> None: ...
        def hold(self) -> None: ...  # wait until the peer leaves
        def end(self) -> None: ...  # FIN
        def reset(self) -> None: ...  # RST
        def elsewhere(self, data: bytes) -> None: ...  # a datagram from another port

    Act = Callable[[Wire, bytes, str], bytes]

STREAMS = ("http", "grpc", "dns", "redis", "nats", "pg", "smtp", "thrift", "tcp")
SECURE = ("http", "grpc", "redis", "nats", "smtp", "thrift", "tcp")


class Over(ConnectionError):
    """The fault has ended the conversation."""


class Fault(Record):
    """One fault. `values` are what may stand after `=`, the first by default; `("SECONDS", "2")` is a number with its default."""

    name: str
    help: str
    protocols: tuple[str, ...] = STREAMS
    values: tuple[str, ...] = ()
    act: Act | None = None

    @property
    def numeric(self) -> bool:
        return bool(self.values) and self.values[0].isupper()

    @property
    def default(self) -> str:
        return self.values[1] if self.numeric else self.values[0] if self.values else ""

    @property
    def words(self) -> str:
        """How it is written: `slow[=SECONDS]`, `reset[=request|connect|answer]`."""
        if not self.values:
            return self.name
        return f"{self.name}[={self.values[0] if self.numeric else '|'.join(self.values)}]"


# Who can be flooded with what; without a value each has its own kind of flood.
FLOODED = {
    "fields": ("http", "grpc"), "interim": ("http", "grpc"), "chunks": ("http",), "trailers": ("http",),
    "line": ("http", "redis", "nats", "smtp"), "lines": ("smtp",), "pings": ("grpc", "nats"), "notices": ("pg",),
    "array": ("redis",), "nested": ("redis",),
}  # fmt: skip


class Chosen(Record):
    """A fault with its value, and the protocols that can have it so."""

    fault: Fault
    value: str
    protocols: tuple[str, ...]


# --- what they do ----------------------------------------------------------------------------------------


def slow(wire: Wire, answer: bytes, value: str) -> bytes:
    wire.pause(float(value))
    return answer


def drip(wire: Wire, answer: bytes, value: str) -> bytes:
    if wire.datagram:
        return slow(wire, answer, value)
    for byte in answer:
        wire.deliver(bytes([byte]))
        wire.pause(float(value))
    return b""


def silence(wire: Wire, _answer: bytes, _value: str) -> bytes:
    wire.hold()
    raise Over


def reset(wire: Wire, answer: bytes, value: str) -> bytes:
    if wire.datagram:
        return answer
    if value == "answer":
        wire.deliver(answer[: len(answer) // 2])
    if value != "connect":
        wire.pause(0.05)  # a reset may overtake what the peer has not read, and its connecting
    wire.reset()
    raise Over


def close(wire: Wire, answer: bytes, _value: str) -> bytes:
    if wire.datagram:
        return answer
    raise Over


def half_close(wire: Wire, answer: bytes, _value: str) -> bytes:
    if wire.datagram:
        return answer
    wire.end()
    wire.hold()
    raise Over


def truncate(wire: Wire, answer: bytes, _value: str) -> bytes:
    wire.deliver(answer[: len(answer) // 2])
    raise Over


def bad_length(wire: Wire, answer: bytes, value: str) -> bytes:
    if not answers.is_message(wire.protocol, answer):
        return answer
    wire.deliver(answers.bad_length(wire.protocol, answer, value, datagram=wire.datagram))
    raise Over


def wrong_protocol(wire: Wire, _answer: bytes, value: str) -> bytes:
    wire.deliver(answers.OTHERS[value])
    raise Over


def garbage(wire: Wire, _answer: bytes, _value: str) -> bytes:
    wire.deliver(answers.GARBAGE)
    raise Over


def flood(wire: Wire, answer: bytes, value: str) -> bytes:
    for piece in answers.endless(wire.protocol, value, answer, datagram=wire.datagram):
        wire.deliver(piece)
        if wire.datagram:
            wire.pause(0.0005)  # what no client could read would only be dropped by the kernel
    raise Over


def spoof(wire: Wire, answer: bytes, _value: str) -> bytes:
    """Forged answers before the true one: another id, another question, another port (RFC 5452)."""
    if not wire.datagram:
        return answer
    forged = answers.forged(answer)
    for data in forged:
        wire.deliver(data)
    wire.elsewhere(forged[-1][:2] + answer[2:])
    wire.pause(0.05)
    return answer


def bomb(wire: Wire, _answer: bytes, value: str) -> bytes:
    for piece in answers.bomb(int(float(value) * 2**20)):
        wire.deliver(piece)
    raise Over


def bad_events(wire: Wire, _answer: bytes, value: str) -> bytes:
    for piece in answers.bad_events(value):
        wire.deliver(piece)
    if value == "stall":
        wire.hold()
    raise Over


def starttls(wire: Wire, answer: bytes, value: str) -> bytes:
    """What somebody between does to a client that wants TLS."""
    if value == "strip":
        return answer.replace(b"250-STARTTLS\r\n", b"")
    if not answer.startswith(answers.BEGIN_TLS):
        return answer
    wire.deliver(answer + answers.INJECTED if value == "inject" else answers.NO_TLS)
    wire.hold()
    raise Over


def bad_frames(wire: Wire, answer: bytes, value: str) -> bytes:
    """After the change to WebSocket: frames that a client must refuse."""
    if not answer.startswith(b"HTTP/1.1 101"):
        return answer
    for piece in answers.bad_frames(answer, value):
        wire.deliver(piece)
    if value != "no-close":
        wire.hold()
    raise Over


def bad_call(wire: Wire, answer: bytes, value: str) -> bytes:
    """In place of a gRPC answer, one that a client must refuse."""
    return fault_grpc.bad_call(answer, value) if answers.is_message(wire.protocol, answer) else answer


def bad_envelope(_wire: Wire, answer: bytes, value: str) -> bytes:
    """In the place of an envelope one that a client must refuse; a WSDL stays as it is."""
    return answers.bad_envelope(answer, value) if b":Envelope" in answer else answer


def dated(_wire: Wire, answer: bytes, _value: str) -> bytes:
    return answers.wrong_date(answer)


def replacing(answer: bytes) -> Act:
    """A fault that always answers the same."""
    return lambda _wire, _answer, _value: answer


WIDTH = 63  # letters of the values in a line of the list
REPLACING = ("wrong-protocol", "garbage")  # what may happen in place of what only opens the connection
CONNECTING = ("delay-accept", "reset", "close", "half-close", "wrong-protocol")  # what may happen before a byte was read

# In the order in which they act: what changes an answer before what spoils its delivery.
FAULTS = (
    Fault(name="503-then-ok", values=("TIMES", "2"), protocols=("http", "grpc", "dns", "redis", "nats", "pg", "smtp"),
          help="refused at first, then well"),
    Fault(name="redirect-loop", protocols=("http",), act=replacing(answers.REDIRECT), help="every answer redirects to the same place"),
    Fault(name="bad-json", protocols=("http",), act=replacing(answers.BAD_JSON), help="the content says it is JSON, and is not"),
    Fault(name="wrong-date", protocols=("http",), act=dated, help="the Date field is a day ahead"),
    Fault(name="spoof", protocols=("dns",), act=spoof, help="forged first: wrong id, question, port (UDP)"),
    Fault(name="bad-length", values=("long", "short"), protocols=("http", "grpc", "dns", "redis", "nats", "pg"), act=bad_length,
          help="a length that is wrong"),
    Fault(name="gzip-bomb", values=("MEBIBYTES", "1024"), protocols=("http",), act=bomb, help="a small content that unfolds to a huge one"),
    Fault(name="flood", values=("fields", "interim", "chunks", "trailers", "line", "lines", "array", "nested", "notices", "pings"),
          act=flood, help="an answer without end, until the client leaves"),
    Fault(name="bad-events", values=("cut", "stall", "media-type", "utf-8", "no-end", "comments", "endless"), protocols=("sse",),
          act=bad_events, help="two events, and then what a client must survive"),
    Fault(name="starttls", values=("inject", "strip", "refuse"), protocols=("smtp",), act=starttls,
          help="injected before TLS, not offered, or refused"),
    Fault(name="bad-frames", values=("utf-8", "masked", "rsv", "length", "no-close", "accept", "fragments", "bomb"), protocols=("ws",),
          act=bad_frames, help="frames that a client must refuse"),
    Fault(name="bad-call", values=("no-trailers", "status", "page", "reset", "refused", "goaway", "flag", "gzip", "bomb"),
          protocols=("grpc",), act=bad_call, help="an answer that ends or is framed as none may"),
    Fault(name="bad-envelope", values=("doctype", "entities", "deep", "html", "version", "value"), protocols=("soap",), act=bad_envelope,
          help="an envelope that a client must refuse"),
    Fault(name="wrong-protocol", values=("ssh", "smtp", "mysql", "http", "redis", "tls"), act=wrong_protocol,
          help="the words of another protocol"),
    Fault(name="garbage", act=garbage, help="bytes without meaning in place of the answer"),
    Fault(name="delay-accept", values=("SECONDS", "2"), help="nothing is read for a while after the connect"),
    Fault(name="slow", values=("SECONDS", "2"), act=slow, help="each answer comes late"),
    Fault(name="silence", act=silence, help="the request is read and never answered"),
    Fault(name="reset", values=("request", "connect", "answer"), act=reset, help="a reset (RST) after the request, or at once"),
    Fault(name="close", values=("request", "connect"), act=close, help="the end (FIN) in place of an answer"),
    Fault(name="half-close", act=half_close, help="the end (FIN) at once, but reading goes on"),
    Fault(name="truncate", act=truncate, help="half of the answer, then the end"),
    Fault(name="drip", values=("SECONDS", "0.2"), act=drip, help="the answer byte by byte, with pauses"),
    Fault(name="bad-cert", values=("expired", "not-yet-valid", "wrong-host", "self-signed", "untrusted"), protocols=SECURE,
          help="TLS: a wrong certificate"),
    Fault(name="slow-tls", values=("SECONDS", "2"), protocols=SECURE, help="TLS that begins late"),
    Fault(name="old-tls", protocols=SECURE, help="TLS 1.1 and nothing newer"),
    Fault(name="client-cert", protocols=SECURE, help="TLS: it wants the client's"),
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}
TLS = ("bad-cert", "slow-tls", "old-tls", "client-cert")


def parse(text: str) -> Chosen:
    """`NAME` or `NAME=VALUE` of `--fault`. Raises `ValueError` with a sentence, and the near name for an unknown one."""
    name, given, value = text.partition("=")
    fault = BY_NAME.get(name)
    if fault is None:
        raise ValueError(f"there is no fault {name!r}{suggestion(name, list(BY_NAME))}; rrcli serve --faults lists them")
    if not given:
        return Chosen(fault=fault, value=fault.default, protocols=fault.protocols)
    if fault.numeric and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value):
        return Chosen(fault=fault, value=value, protocols=fault.protocols)
    if fault.numeric:
        raise ValueError(f"{value!r} is no number; it is {fault.words}")
    if not fault.values:
        raise ValueError(f"{name} takes no value")
    if value not in fault.values:
        raise ValueError(f"{value!r} is no value of {name}; it is {fault.words}")
    protocols = FLOODED[value] if name == "flood" else fault.protocols
    return Chosen(fault=fault, value=value, protocols=protocols)


def protocols_of(chosen: Sequence[Chosen], known: Mapping[str, str]) -> list[str]:
    """The protocols that have every one of the faults, by themselves or by what they are spoken over, which `known` has by their names."""
    return [name for name, over in known.items() if all({name, over} & set(one.protocols) for one in chosen)]


class Plan:
    """The faults of one run of `serve`, in the order in which they act; shared by its responders."""

    def __init__(self, chosen: Sequence[Chosen]) -> None:
        order = list(BY_NAME)
        self._failures: dict[str, int] = {}
        self._lock = threading.Lock()
        self.chosen = sorted(chosen, key=lambda one: order.index(one.fault.name))

    def value(self, name: str) -> str | None:
        """The value of the fault of that name, `None` when it was not chosen."""
        return next((one.value for one in self.chosen if one.fault.name == name), None)

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken, for a fault of it."""
        return any(self.value(name) is not None for name in TLS)

    def connected(self, wire: Wire) -> None:
        """What happens before anything was read. Raises `Over` when nothing happens afterwards."""
        for one in self.chosen:
            name, value = one.fault.name, one.value
            if name not in CONNECTING:
                continue
            at_once = value == "connect" or name == "half-close" or value in ("ssh", "smtp", "mysql")
            if at_once and one.fault.act:
                one.fault.act(wire, b"", value)

    def answer(self, wire: Wire, data: bytes) -> bytes:
        """What to send in place of `data`, which the responder would send."""
        if data.startswith(b"HTTP/1.1 100"):  # not the answer yet
            return data
        opens = answers.is_greeting(wire.protocol, data)
        for one in self.chosen:
            if opens and one.fault.name not in REPLACING:
                continue
            if one.fault.name == "503-then-ok":
                fails = answers.is_message(wire.protocol, data) and self._fails_still(wire.protocol, float(one.value))
                data = data if not fails else answers.not_now(wire.protocol, data, datagram=wire.datagram)
            elif one.fault.act:
                data = one.fault.act(wire, data, one.value)
        return data

    def _fails_still(self, protocol: str, times: float) -> bool:
        """Count one more answer of this protocol, over all its connections; true for the first `times`."""
        with self._lock:
            self._failures[protocol] = self._failures.get(protocol, 0) + 1
            return self._failures[protocol] <= times


def listing() -> str:
    """A line for each fault: name, protocols, what it does; below it what may stand after `=`, if anything."""
    lines = []
    for fault in FAULTS:
        having = "all" if fault.protocols == STREAMS else " ".join(fault.protocols)
        lines.append(f"{fault.name:<16}{having:<15} {fault.help}")
        if fault.numeric:
            lines.append(f"{'':<16}={fault.values[0]}  [{fault.default}]")
        elif fault.values:
            text = "|".join(fault.values)
            cut = len(text) if len(text) <= WIDTH else text.rindex("|", 0, WIDTH) + 1
            lines += [f"{'':<16}={text[:cut]}", *([f"{'':<17}{text[cut:]}"] if text[cut:] else [])]
    return "\n".join(lines) + "\n"


def listed() -> list[dict[str, object]]:
    """The same as values, for JSON."""
    return [
        {
            "name": fault.name,
            "protocols": list(fault.protocols),
            "values": [fault.values[0]] if fault.numeric else list(fault.values),
            "default": fault.default or None,
            "help": fault.help,
        }
        for fault in FAULTS
    ]
