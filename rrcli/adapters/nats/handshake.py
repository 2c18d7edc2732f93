"""What comes before the message: INFO, TLS where it begins behind INFO, CONNECT, the subscription, and PING until PONG.

The subscription goes out with CONNECT: where the server refuses it, the message was not sent.
"""

from __future__ import annotations

from rrcli.adapters.nats.session import NatsSession
from rrcli.base.deadline import Deadline, now
from rrcli.base.errors import ExchangeError, malformed
from rrcli.codec.nats import PING, Err, Info, Pong, connect, publish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.nats.endpoint import Endpoint
    from rrcli.engine.context import Context

FIRST = (
    "the peer waits for us to speak, and a NATS server speaks first: the port may be that of HTTP or Redis,"
    " or want TLS before INFO (--tls-first)"
)


def open_session(endpoint: Endpoint, context: Context, subscription: bytes) -> tuple[NatsSession, Err | None]:
    """A session that is ready for the message, with the error that refuses it, if one does; a kept one where there is any.

    `subscription` is sent with CONNECT, and counts as the session's first. Raises `ExchangeError`; the connection is closed then.
    """
    place, request = endpoint.place, endpoint.request
    tls_context = context.tls_context() if endpoint.secure and not request.tls_first else None
    limit = context.deadline.sooner(Deadline.after(request.connect_timeout, "--connect-timeout"))
    stream = context.connect(place.host, place.port, tls=request.tls_first)
    try:
        if context.recorder.reused:
            kept: NatsSession = stream.session
            if kept.login == endpoint.login:
                return kept, None
            stream.close()
            stream = context.open(place.host, place.port, tls=request.tls_first, alpn=())
        session = NatsSession(stream, endpoint.login, request.max_size)
        stream.session = session
        stream.deadline = limit
        refusal = _Handshake(endpoint, context, session).run(tls_context, subscription)
        stream.deadline = context.deadline
        return session, refusal
    except BaseException:
        stream.close()
        raise


class _Handshake:
    """The turns of one handshake."""

    def __init__(self, endpoint: Endpoint, context: Context, session: NatsSession) -> None:
        self._endpoint = endpoint
        self._context = context
        self._session = session

    def run(self, tls_context: Any, subscription: bytes) -> Err | None:
        """INFO to PONG; the error that comes in place of either."""
        timeline = self._context.recorder.timeline
        timeline.enter("handshake")
        if refusal := self._greeted():
            return self._refused(refusal, "INFO")
        self._refuse_too_large()
        if self._begins_tls():
            self._start_tls(tls_context)
            timeline.enter("handshake")
        self._say(subscription)
        if refusal := self._admitted():
            return self._refused(refusal, "CONNECT")
        timeline.leave()
        self._session.sid = 1 if subscription else 0
        return None

    def _greeted(self) -> Err | None:
        """Read INFO, the server's first words."""
        recorder = self._context.recorder
        try:
            first = self._session.next()
        except ExchangeError as error:
            if error.kind == "timeout" and not recorder.bytes_received:
                error.hint = FIRST
            elif error.kind in ("closed", "reset") and not recorder.first:
                error.message = "the peer closed the connection before INFO"
                error.hint = "a NATS server speaks first: is this its port for clients, and does it want TLS before INFO (--tls-first)?"
            raise
        if isinstance(first, Info):
            recorder.remark("INFO")
            return None
        if isinstance(first, Err):
            return first
        raise ExchangeError("protocol", "wrong_protocol", "expected INFO of a NATS server", hint="is it the port for clients?")

    def _refuse_too_large(self) -> None:
        """Raise `usage` for a payload that the server said it does not take, before anything is sent."""
        most, payload = self._session.max_payload, self._endpoint.payload
        if most is not None and len(payload) > most:
            publish(self._endpoint.subject or "", payload, headers=self._endpoint.headers, max_payload=most)

    def _begins_tls(self) -> bool:
        """Whether TLS comes now. Raises `unsupported` where it was asked for and is not offered: nothing secret goes out in clear."""
        info = self._session.info
        if self._endpoint.request.tls_first:
            return False
        offered = info.get("tls_required") is True or info.get("tls_available") is True
        if self._endpoint.secure and not offered:
            hint = "write nats://, without --cacert and --cert, to go in clear"
            raise ExchangeError("tls", "unsupported", "the NATS server does not offer TLS", hint=hint)
        return info.get("tls_required") is True or self._endpoint.secure

    def _start_tls(self, tls_context: Any) -> None:
        from rrcli.wire.resolve import to_ascii
        from rrcli.wire.tls import start_tls

        if self._session.overhang:
            hint = "a buggy server, or somebody between who injects operations"
            raise malformed("bytes of clear text came behind INFO, after which TLS begins", hint)
        options = self._context.connection_options
        start_tls(self._session.stream, tls_context or self._context.tls_context(), to_ascii(options.sni or self._endpoint.place.host))
        self._context.recorder.first = b""

    def _say(self, subscription: bytes) -> None:
        """CONNECT, the subscription and PING in one write."""
        login, info = self._endpoint.login, self._session.info
        options = self._options(info)
        if login.key:
            options["nkey"] = login.key.public
            if isinstance(nonce := info.get("nonce"), str):
                options["sig"] = login.key.sign(nonce)
                self._context.secret(options["sig"])
            else:
                self._context.note("nkey", "the server sent no nonce to sign: it asks for no keys")
        if login.jwt is not None:
            options["jwt"] = login.jwt
        if login.user is not None:
            options |= {"user": login.user, "pass": login.password}
        if login.token is not None:
            options["auth_token"] = login.token
        written = connect(options)
        words = ("CONNECT", *(("SUB",) if subscription else ()), "PING")
        self._session.stream.write(written.data + subscription + PING, ", ".join(words), secrets=written.secrets)

    def _options(self, info: dict[str, Any]) -> dict[str, Any]:
        """CONNECT without credentials; servers before 2.2 have no headers."""
        from rrcli.base import __version__

        headers = info.get("headers") is True
        return {
            "verbose": False, "pedantic": False, "tls_required": self._context.recorder.tls is not None, "name": "rrcli",
            "lang": "python", "version": __version__, "protocol": 1, "headers": headers, "no_responders": headers,
        }  # fmt: skip

    def _admitted(self) -> Err | None:
        """Read on to PONG, or to what refuses us."""
        session, began = self._session, now()
        while True:
            try:
                operation = session.next()
            except ExchangeError as error:
                if error.kind == "closed":
                    error.message = "the server closed the connection in place of PONG"
                    error.hint = "the server's log tells why"
                raise
            if isinstance(operation, Err):
                return operation
            if isinstance(operation, Pong):
                session.rtt_ns = now() - began
                self._context.recorder.remark("PONG")
                return None
            if not isinstance(operation, Info):
                raise malformed("a message came before PONG, and nothing was asked yet")

    def _refused(self, refusal: Err, what: str) -> Err:
        """The error, with a note of what the server wants and what it got."""
        self._context.recorder.remark(f"-ERR {refusal.text}")
        info = self._session.info
        note = f"the error answers {'the connection' if what == 'INFO' else 'CONNECT'} before the message, which was not sent"
        if refusal.text.lower().startswith("authorization"):
            wants = "the server requires authentication" if info.get("auth_required") is True else "the server does not say why"
            if isinstance(info.get("nonce"), str):
                wants += " (its nonce is for nkeys and JWTs)"
            note += f"; {wants}, and was sent {self._endpoint.login.words}"
        self._context.note("handshake", note)
        return refusal
