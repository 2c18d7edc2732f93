"""A TLS handshake and nothing after it: what was agreed on, and the certificates, are in `connection.tls`."""

from __future__ import annotations

from rrcli.adapters.tls.hosts import PORT, PORTS, place
from rrcli.base.errors import usage
from rrcli.base.url import host_port
from rrcli.engine.events import Finished, Sent
from rrcli.model.document import days_left
from rrcli.model.values import RequestMessage, Response, Status, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.tls.request import TlsRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import TlsInfo
    from rrcli.wire.stream import Stream

LATE = 0.1  # seconds in which a server may still refuse us after the handshake


def exchange(request: TlsRequest, context: Context) -> Iterator[Event]:
    """Connect, agree on TLS where that is needed, shake hands, close."""
    if not request.arguments:
        raise usage("tls takes HOST[:PORT]..., got nothing", "rrcli tls --help shows examples")
    if len(request.arguments) != 1:
        raise usage(
            f"one exchange is with one HOST[:PORT], got {len(request.arguments)}", "send each of rrcli.engine.fanout.parts_of(request)"
        )
    host, port = place(request.arguments[0], PORTS.get(request.starttls or "", PORT))
    where = host_port(host, port)
    special = {"starttls": request.starttls} if request.starttls else {}
    message = RequestMessage(summary=f"TLS handshake with {where}", data={"safe": True, "idempotent": True, **special})
    yield Sent(message=message, target=Target(url=f"tls://{where}", host=host, port=port))
    stream = _start_tls(request, context, host, port) if request.starttls else context.connect(host, port, tls=True)
    try:
        stream.hear_refusal(LATE)
    finally:
        stream.close()
    agreed = context.recorder.tls
    assert agreed
    status = Status(text="verified" if agreed.verified else "unverified")
    yield Finished(answer=Response(summary=summary(agreed), status=status, data={"banner": None}))


def _start_tls(request: TlsRequest, context: Context, host: str, port: int) -> Stream:
    from rrcli.wire.resolve import to_ascii
    from rrcli.wire.starttls import upgrade

    tls = context.tls_context()  # trust is loaded before the clock starts
    stream = context.connect(host, port)
    try:
        upgrade(stream, str(request.starttls), tls, to_ascii(request.sni or host))
    except BaseException:
        stream.close()
        raise
    return stream


def summary(agreed: TlsInfo) -> str:
    """`TLS 1.3 · CN=example.test · 90 days left`."""
    version = (agreed.version or "TLS").replace("TLSv", "TLS ")
    if not agreed.chain:
        return f"{version} · no certificate"
    leaf = agreed.chain[0]
    name = next((part for part in leaf.subject.split(", ") if part.startswith("CN=")), leaf.subject or ", ".join(leaf.sans))
    days = days_left(leaf)
    left = f"{days} day{'s' * (days != 1)} left" if days >= 0 else "expired"
    return f"{version} · {name} · {left}"
