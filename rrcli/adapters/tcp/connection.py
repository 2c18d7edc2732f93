"""The connection, with the PROXY header that may go first."""

from __future__ import annotations

from rrcli.adapters.tcp.steps import place
from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.tcp.request import TcpRequest
    from rrcli.engine.context import Context
    from rrcli.model.values import Target
    from rrcli.wire.stream import Stream


def connect(request: TcpRequest, context: Context, target: Target) -> Stream:
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


def _header(request: TcpRequest, context: Context) -> bytes:
    from rrcli.codec.proxyprotocol import header

    local, peer = context.recorder.local, context.recorder.peer
    source = destination = None
    if local and peer and not request.unix_socket:
        source, destination = request.proxy_source or place(local), place(peer)
    try:
        return header(str(request.proxy_protocol), source, destination)
    except ValueError as error:
        raise usage(f"--proxy-source: {error}", "choose the family with -4 or -6") from None
