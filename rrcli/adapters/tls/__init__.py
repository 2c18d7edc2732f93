"""A TLS handshake and nothing after it: what was agreed on, and the certificates, are in `connection.tls`."""

from __future__ import annotations

from rrcli.adapters.tls.handshake import summary, upgraded
from rrcli.adapters.tls.hosts import PORT, PORTS, place
from rrcli.base.errors import usage
from rrcli.base.url import host_port
from rrcli.engine.events import Finished, Sent
from rrcli.model.values import RequestMessage, Response, Status, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.tls.request import TlsRequest
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event

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
    stream = upgraded(request, context, host, port) if request.starttls else context.connect(host, port, tls=True)
    try:
        stream.hear_refusal(LATE)
    finally:
        stream.close()
    agreed = context.recorder.tls
    assert agreed
    status = Status(text="verified" if agreed.verified else "unverified")
    yield Finished(answer=Response(summary=summary(agreed), status=status, data={"banner": None}))
