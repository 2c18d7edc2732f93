"""Giving up: the server is told, on a connection of its own, to stop what it does for the session.

Specification: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
"""

from __future__ import annotations

from rrcli.adapters.pg.connect import tls_context
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.base.url import split_host
from rrcli.codec.pg import frontend
from rrcli.codec.pg.messages import ReadyForQuery
from rrcli.codec.pg.report import ErrorResponse
from rrcli.wire.recorder import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.pg.prepare import PgQuery
    from rrcli.adapters.pg.session import PgSession
    from rrcli.engine.context import Context

PATIENCE_S = 1.0  # for the request, and as long for its effect


def give_up(asked: PgQuery, context: Context, session: PgSession) -> None:
    """Have the server stop, and note whether it did. Takes two seconds at most; nothing of it belongs to the exchange."""
    try:
        _request(asked, context, session)
        done = _effect(session)
    except ExchangeError:
        done = False
    if done:
        context.note("cancelled", "the server was asked to cancel the query, and did")
    else:
        context.note("cancel-unconfirmed", "the server was asked to cancel the query, and did not say that it did: it may still run")


def _request(asked: PgQuery, context: Context, session: PgSession) -> None:
    """Send CancelRequest, encrypted as the session is, and wait until the server has taken it, which it says by closing."""
    from rrcli.wire.dial import connect

    if session.key is None:
        raise ExchangeError("protocol", "unsupported", "the server gave no key to cancel with")
    options, recorder, host, port = context.connection_options, Recorder(), session.host.address, session.host.port
    if options.unix_socket:
        host = "localhost"
    elif context.recorder.peer and not options.proxy:  # the very server, where a name has several
        host, own_port = split_host(context.recorder.peer, port)
        options, port = options.replace(connect_to=(), resolve=()), own_port or port
    stream = connect(options, host, port, recorder, Deadline.after(PATIENCE_S, "cancelling"))
    try:
        if context.recorder.tls:
            from rrcli.wire.resolve import to_ascii
            from rrcli.wire.tls import start_tls

            if asked.configuration.get("sslnegotiation") != "direct":
                stream.write(frontend.ssl_request())
                if stream.receive(1) != b"S":
                    raise ExchangeError("tls", "unsupported", "the server has no TLS any more")
            start_tls(stream, tls_context(asked, context), to_ascii(asked.request.sni or session.host.host))
        stream.write(frontend.cancel_request(session.key.process, session.key.key))
        while stream.receive():
            pass
    finally:
        stream.close()


def _effect(session: PgSession) -> bool:
    """Whether the session's query ends, with an error or because it was done."""
    stream = session.stream
    stream.re_record(Recorder())
    stream.deadline, stream.idle = Deadline.after(PATIENCE_S, "cancelling"), None
    while True:
        message = session.next()
        if isinstance(message, (ReadyForQuery, ErrorResponse)):
            session.is_ready = isinstance(message, ReadyForQuery)
            session.is_plain = False
            return True
