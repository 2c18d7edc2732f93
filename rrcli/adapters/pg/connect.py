"""A connection to one of the hosts: encryption, login, and whether it is the server that is wanted.

All that comes before the query is the phase `handshake`, with `tls` in between where it begins. The hosts are tried one after
the other within one hop. What `sslmode` leaves open is decided by a second hop: `allow` begins without TLS and `prefer` with it,
and the other way follows where the server refuses the first one for that reason.
"""

from __future__ import annotations

from rrcli.adapters.pg.session import PgSession
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError, malformed, usage
from rrcli.base.record import Record
from rrcli.codec.pg import frontend
from rrcli.codec.pg.backend import encryption_answer
from rrcli.codec.pg.login import Login
from rrcli.codec.pg.messages import Authentication, BackendKeyData, DataRow, NegotiateProtocolVersion, ParameterStatus, ReadyForQuery
from rrcli.codec.pg.report import ErrorResponse, NoticeResponse
from rrcli.codec.pg.session import QUERIES, passes, suits, suits_answer
from rrcli.engine.context import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.pg.prepare import PgQuery
    from rrcli.codec.pg.messages import Message
    from rrcli.codec.pg.settings import Host
    from rrcli.engine.context import Context
    from rrcli.wire.stream import Stream

NEXT_HOST = ("57P03",)  # the server takes no sessions now: another host may
OTHER_ENCRYPTION = ("28000",)  # no line of pg_hba.conf fits, which may be for the encryption
DIRECT = "postgresql"  # the name of the protocol in ALPN, for TLS from the first byte
MOST_LOGIN_NOTICES = 100
_VERSIONS = {"TLSv1": "1.0", "TLSv1.1": "1.1", "TLSv1.2": "1.2", "TLSv1.3": "1.3"}


class State(Record):
    """Where the hop before left off: which host it was at, and which of the ways of `sslmode` is next."""

    host: Host
    way: int


class Refused(Exception):
    """A server ended the start of the session with an error. With `state` there is another way that it may take."""

    def __init__(self, error: ErrorResponse, session: PgSession) -> None:
        super().__init__(error.message)
        self.error = error
        self.session = session
        self.state: State | None = None


class OtherWay(Exception):
    """TLS failed with a server that may be spoken to without."""

    def __init__(self, failure: ExchangeError, state: State) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.state = state


def opened(asked: PgQuery, context: Context, hosts: tuple[Host, ...], way: int) -> PgSession:
    """A session with the first host that will do.

    Raises `Refused` for a server that says no, `OtherWay` where TLS failed and may be left out, and `ExchangeError`.
    """
    wanted = asked.configuration.get("target_session_attrs")
    failure: ExchangeError | Refused | None = None
    for attempt in passes(wanted):
        for number, host in enumerate(hosts):
            try:
                session = _session(asked, context, host, way if number == 0 else 0)
            except (ExchangeError, Refused) as error:
                if not _another_may_do(error, context):
                    raise
                failure = error
                _mark(context, "refused" if isinstance(error, Refused) else error.kind)
                continue
            if _suits(session, attempt):
                return session
            session.end()
            _mark(context, "unsupported")
            names = f"none of the {len(hosts)} hosts is" if len(hosts) > 1 else f"{host.host} is not"
            failure = ExchangeError("protocol", "unsupported", f"{names} what target_session_attrs={wanted} wants", phase="handshake")
    assert failure
    raise failure


def _another_may_do(error: ExchangeError | Refused, context: Context) -> bool:
    """Whether the next host is to be tried: not after a server's own refusal, nor when time is up for all of them."""
    if isinstance(error, Refused):
        return error.error.sqlstate in NEXT_HOST
    return error.layer in ("network", "transport", "tls") and not context.deadline.passed()


def _mark(context: Context, kind: str) -> None:
    """Write down why the address that was connected to last will not do."""
    attempts = context.recorder.attempts
    if attempts and attempts[-1].error is None:
        attempts[-1] = attempts[-1].replace(error=kind)


def _session(asked: PgQuery, context: Context, host: Host, way: int) -> PgSession:
    """Connect, agree on encryption, log in."""
    configuration, request = asked.configuration, asked.request
    socket = request.unix_socket or host.socket
    ways = (False,) if socket else configuration.encryption
    tls = tls_context(asked, context) if ways[way] else None
    recorder = context.recorder
    recorder.first, recorder.tls = b"", None  # of an earlier host
    context.route = Route(proxy=request.proxy, unix_socket=socket, sni=request.sni)
    limit = _limit(asked, context)
    stream = context.open("localhost" if socket else host.address, host.port, deadline=limit)
    try:
        stream.deadline = limit
        try:
            is_secure = tls is not None and _secured(asked, context, stream, tls, host)
        except ExchangeError as error:
            if way + 1 < len(ways) and error.kind == "handshake_failed" and error.__cause__ is not None:  # TLS was spoken there
                raise OtherWay(error, State(host=host, way=way + 1)) from error
            raise
        session = PgSession(stream, host, request.max_size)
        _log_in(asked, context, session, is_secure=is_secure)
    except Refused as refused:
        if refused.error.sqlstate in OTHER_ENCRYPTION and way + 1 < len(ways) and is_secure is ways[way]:
            refused.state = State(host=host, way=way + 1)
        stream.close()
        raise
    except BaseException:
        stream.close()
        raise
    stream.deadline = context.deadline
    return session


def _limit(asked: PgQuery, context: Context) -> Deadline:
    """When a host has to be ready: `connect_timeout` and --connect-timeout are for the whole of its start, as with libpq."""
    seconds = asked.configuration.connect_timeout
    limit = context.deadline.sooner(Deadline.after(asked.request.connect_timeout, "--connect-timeout"))
    return limit if seconds is None else limit.sooner(Deadline.after(seconds, "connect_timeout"))


# --- encryption


def tls_context(asked: PgQuery, context: Context) -> Any:
    """The TLS settings: the request's own, completed by the configuration."""
    request, configuration = asked.request, asked.configuration
    certificate = configuration.certificate
    options = request.replace(
        cacert=configuration.cacert,
        cert=certificate[0] if certificate else None,
        key=certificate[1] if certificate else None,
        key_password=request.key_password or configuration.get("sslpassword") or None,
        insecure=request.insecure or not configuration.verifies,
        tls_min=request.tls_min or _VERSIONS.get(configuration.get("ssl_min_protocol_version")),
        tls_max=request.tls_max or _VERSIONS.get(configuration.get("ssl_max_protocol_version")),
    )
    tls = context.tls_context((DIRECT,) if configuration.get("sslnegotiation") == "direct" else (), options)
    if not configuration.verifies_host:
        tls.check_hostname = False
    elif configuration.get("sslsni") == "0":
        raise usage("sslsni=0 and sslmode=verify-full exclude each other", "a name is verified only where the server is asked for it")
    return tls


def _secured(asked: PgQuery, context: Context, stream: Stream, tls: Any, host: Host) -> bool:
    """Begin TLS where the server takes it; False where it does not and need not. Raises `ExchangeError` of layer `tls`."""
    from rrcli.wire.resolve import to_ascii
    from rrcli.wire.tls import start_tls

    if asked.configuration.get("sslnegotiation") != "direct":
        stream.recorder.timeline.enter("handshake")
        stream.write(frontend.ssl_request(), "SSLRequest")
        data = stream.receive(512)
        answer = encryption_answer(data)
        stream.recorder.timeline.leave()
        if answer is None:
            raise ExchangeError("transport", "closed", "the server closed the connection in place of an answer on TLS", phase="handshake")
        if answer == "error":
            stream.unread(data)
            return False
        stream.recorder.remark("yes" if answer == "yes" else "no TLS")
        if answer == "no":
            return _declined(asked, context)
    start_tls(stream, tls, to_ascii(asked.request.sni or host.host), asks=asked.configuration.get("sslsni") != "0")
    stream.recorder.first = b""
    return True


def _declined(asked: PgQuery, context: Context) -> bool:
    sslmode = asked.configuration.get("sslmode")
    if sslmode not in ("prefer", "allow"):
        hint = "the server has TLS switched off (ssl = off): switch it on, or sslmode=disable goes without"
        raise ExchangeError("tls", "unsupported", f"the server does not speak TLS, and sslmode={sslmode} wants it", hint=hint)
    context.note("tls-declined", "the server does not speak TLS: the session goes on in clear, as sslmode=prefer allows")
    return False


# --- the login


def _log_in(asked: PgQuery, context: Context, session: PgSession, *, is_secure: bool) -> None:
    """The startup and what the server asks for, until it is ready. Raises `Refused`, and `ExchangeError` with phase `handshake`."""
    configuration, stream = asked.configuration, session.stream
    certificate = getattr(stream.link, "certificate", None) if is_secure else None
    login = Login(
        configuration.user,
        session.host.password,
        tls=is_secure,
        certificate=certificate,
        gave_certificate=is_secure and configuration.certificate is not None,
        channel_binding=configuration.get("channel_binding"),
        require_auth=configuration.get("require_auth"),
    )
    stream.recorder.timeline.enter("handshake")
    stream.write(frontend.startup(asked.startup(context.id), _version(asked)), "StartupMessage")
    notices = 0
    while not session.is_ready:
        message = session.next()
        if isinstance(message, Authentication):
            stream.recorder.remark(f"Authentication: {message.kind}")
            data, spans = login.answer(message)
            if data:
                stream.write(data, _named(login.method), secrets=spans)
        elif isinstance(message, ErrorResponse):
            stream.recorder.remark(f"{message.severity}: {message.sqlstate}")
            raise Refused(message, session)
        elif isinstance(message, NoticeResponse):
            notices += 1
            if notices <= MOST_LOGIN_NOTICES:
                context.note("notice", f"{message.severity}: {message.message}")
        else:
            _started(message, session, context)
    session.auth = login.method
    for note in (*login.notes, *session.decoder.notes):
        context.note(note.code, note.message)
    stream.recorder.remark("ready")
    stream.recorder.timeline.leave()


def _named(method: str) -> str:
    return "PasswordMessage" if method in ("password", "md5") else "SASL"


def _version(asked: PgQuery) -> int:
    """The protocol's version to ask for: 3.0, which every server knows, unless a newer one is wanted."""
    configuration = asked.configuration
    newer = ("3.2", "latest")
    wanted = configuration.get("max_protocol_version") in newer or configuration.get("min_protocol_version") in newer
    return frontend.VERSION_3_2 if wanted else frontend.VERSION_3_0


def _started(message: Message, session: PgSession, context: Context) -> None:
    """Take one of the other messages that come before the server is ready."""
    if isinstance(message, ParameterStatus):
        session.settings.take(message)
    elif isinstance(message, BackendKeyData):
        session.key = message
    elif isinstance(message, ReadyForQuery):
        session.status, session.is_ready = message.status, True
    elif isinstance(message, NegotiateProtocolVersion):
        unknown = f", and does not know {', '.join(message.options)[:200]}" if message.options else ""
        context.note("protocol-version", f"the server speaks version 3.{message.minor} of the protocol{unknown}")
    elif type(message).__name__ != "Unknown":
        raise malformed(f"the server sent {type(message).__name__} before it was ready", "is it PostgreSQL?")


# --- which server it is


def _suits(session: PgSession, wanted: str) -> bool:
    """Whether the server is what `target_session_attrs` wants; an older one is asked, which belongs to the handshake."""
    found = suits(wanted, session.settings.values)
    if found is not None:
        return found
    timeline = session.stream.recorder.timeline
    timeline.enter("handshake")
    session.send(frontend.query(QUERIES[wanted][0]), QUERIES[wanted][0])
    answer = ""
    while not session.is_ready:
        message = session.next()
        if isinstance(message, DataRow) and message.values and message.values[0] is not None:
            answer = message.values[0].decode("ascii", "replace")
        elif isinstance(message, ReadyForQuery):
            session.is_ready = True
    timeline.leave()
    return suits_answer(wanted, answer)
