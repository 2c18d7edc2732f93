"""One hop of an HTTP exchange: a request out, its answer in, and where that leads: a redirect, a challenge.

What the options mean is `prepare/`; how each version is spoken `versions/`; what outlives a hop `hopstate.py` and `state/`.
"""

from __future__ import annotations

from os import environ

from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.http.versions.http1 import Http1Stream, head_of
from rrcli.adapters.http.versions.response import ResponseReader, note_doubts, note_dropped, sent, without_connection
from rrcli.adapters.http.versions.stream import send_request
from rrcli.base.deadline import now
from rrcli.base.fields import first
from rrcli.engine.events import Continue
from rrcli.options.request import PROXY_VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from rrcli.adapters.http.hopstate import HopState
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.adapters.http.versions.stream import ClientStream
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Response
    from rrcli.wire.stream import Stream


def run_hop(state: HopState, context: Context) -> Iterator[Event]:
    """Send one request and read its answer; cookies and a session are kept where that was asked for."""
    if state.jar is None and (state.options.keeps_state or context.shared.cookies is not None):
        from rrcli.adapters.http.state.opening import open_state

        state = open_state(state, context)
    if state.jar is None:
        yield from _one_hop(state, context)
    else:
        yield from state.jar.around(_one_hop(state, context), context)


def _one_hop(state: HopState, context: Context) -> Iterator[Event]:
    """One request and its answer; the connection is closed after it, or kept where the client keeps connections."""
    request = state.options
    prepared = _again(state.prepared, request) if state.prepared else prepare(state, context.id)
    prepared = with_cookies_and_proxy(state, prepared, context)
    upload = prepared.upload
    try:
        if upload:
            upload.tell = context.uploaded
        head_of(prepared)  # what cannot be sent is refused before anything is
        _refuse_version(state, prepared)
        if prepared.credentials:
            context.secret(prepared.credentials[1])
        note_doubts(request, prepared, context)
        if request.http3 or request.http3_only:
            if (yield from _exchange_http3(state, prepared, context)):
                return
        elif _is_http2(request, prepared):
            _load_http2(context)  # while no clock runs
            yield sent(without_connection(prepared, "HTTP/2"))
        else:
            yield sent(prepared)
        if context.pool:
            from rrcli.adapters.http.versions.pooled import PooledExchange, exchange_pooled

            pooled = PooledExchange(request, prepared, NextHop(state, prepared, context), keeps_state=state.jar is not None)
            yield from exchange_pooled(pooled, context, _offered(request))
            return
        connection = context.connect(prepared.host, prepared.port, tls=prepared.scheme == "https", alpn=_offered(request))
        if request.limit_rate:
            from rrcli.wire.ratelimit import RateLimit

            connection.pace = RateLimit(request.limit_rate)
        try:
            yield from _over(state, prepared, connection, context)
        finally:
            connection.close()
    finally:
        if upload:
            upload.close()


def with_cookies_and_proxy(state: HopState, prepared: PreparedRequest, context: Context) -> PreparedRequest:
    """The request as it goes to this place: with the cookies that are kept for it, and by way of its proxy.

    Sets the context's route. Raises `usage` for a wrong variable of the environment.
    """
    request = state.options
    if state.jar:
        prepared = state.jar.add_cookies(prepared, context, trusted=request.location_trusted)
    if request.proxy or (request.proxy is None and any(name in environ for name in PROXY_VARIABLES)):
        from rrcli.adapters.http.proxyroute import route

        return route(request, prepared, context)
    if (request.sni, request.cert) != (context.request.sni, context.request.cert):
        from rrcli.engine.context import Route

        anonymous = request.cert != context.request.cert
        context.route = Route(unix_socket=request.unix_socket, sni=request.sni, anonymous=anonymous)
    return prepared


def _again(hop: PreparedRequest, request: AnyHttpRequest) -> PreparedRequest:
    """A later hop as it is sent: with its upload from the beginning, and a span of its own in the trace that all belong to."""
    hop = _reopened(hop)
    if request.traceparent is None:
        return hop
    from rrcli.base.tracecontext import to_send

    names = [name for name, _ in hop.fields]
    if names.count("traceparent") != 1:  # on another origin, or where it was written as a field, it is the user's
        return hop
    sent = to_send(request.traceparent)
    return hop.replace(fields=tuple([(name, sent if name == "traceparent" else value) for name, value in hop.fields]))


def _reopened(hop: PreparedRequest) -> PreparedRequest:
    """A hop whose upload can be read once more."""
    if hop.upload is None:
        return hop
    return hop.replace(upload=hop.upload.again())


def _refuse_version(state: HopState, prepared: PreparedRequest) -> None:
    """Raise `usage` where HTTP/2 is wanted and ALPN, which is a part of TLS, cannot agree on it."""
    if state.options.http2 and prepared.scheme == "http" and not state.redirects:
        from rrcli.base.errors import usage

        raise usage("--http2 is agreed on within TLS, and this URL has none", "add --http2-prior-knowledge, or use https://")


def _is_http2(request: AnyHttpRequest, prepared: PreparedRequest) -> bool:
    """Whether nothing but HTTP/2 will do here; `--http2` is agreed on within TLS, and a redirect may lead out of it."""
    return request.http2_prior_knowledge or (request.http2 and prepared.scheme == "https")


def _offered(request: AnyHttpRequest) -> tuple[str, ...]:
    """What ALPN offers, the best first; also where only HTTP/2 will do, so that the server can say what else it has."""
    return ("http/1.1",) if request.http10 or request.http11 else ("h2", "http/1.1")


def _over(state: HopState, prepared: PreparedRequest, connection: Stream, context: Context) -> Iterator[Event]:
    """Request and answer over an open connection, in the version that was agreed on."""
    request = state.options
    chosen = context.recorder.tls.alpn if context.recorder.tls else "h2" if request.offline and request.http2 else None
    stream: ClientStream
    if chosen == "h2" or request.http2_prior_knowledge:
        http2, session = _load_http2(context)
        note_dropped(prepared, "HTTP/2", context)
        http2.annotate_frames(connection, context)
        stream = session.H2Session(connection).open(context)
        yield sent(stream.as_sent(prepared))
    elif request.http2 and prepared.scheme == "https":
        from rrcli.adapters.http.versions.http2 import choose_failure

        raise choose_failure(chosen)
    else:
        stream = Http1Stream(connection, prepared.method)
    reader = ResponseReader(prepared, context, stream, NextHop(state, prepared, context))
    yield from send_request(stream, prepared, reader, context)


def _exchange_http3(state: HopState, prepared: PreparedRequest, context: Context) -> Generator[Event, None, bool]:
    """The exchange over HTTP/3; false when it has to be had over TCP."""
    request, http3 = state.options, _load_http3()
    http3.refuse_options(request, prepared, first=state.prepared is None)
    yield sent(without_connection(prepared, http3.VERSION))
    if request.offline:
        context.datagram_places(prepared.host, prepared.port)  # which ends it: QUIC seals what it sends with keys of both sides
    quic = http3.reach(request, prepared, context) if prepared.scheme == "https" else None
    if quic is None:
        yield sent(prepared)
        return False
    note_dropped(prepared, http3.VERSION, context)
    failed = True
    try:
        stream = http3.H3Stream(quic)
        reader = ResponseReader(prepared, context, stream, NextHop(state, prepared, context))
        yield from send_request(stream, prepared, reader, context)
        failed = False
    finally:
        quic.close(http3.GENERAL_PROTOCOL_ERROR if failed else http3.NO_ERROR)
    return True


def _load_http3() -> Any:
    """The module that speaks HTTP/3. Raises `usage` without the extra that has QUIC."""
    try:
        from rrcli.adapters.http.versions import http3
        from rrcli.wire.quic import library  # noqa: F401  # while no clock runs
    except ModuleNotFoundError as error:
        from rrcli.base.errors import usage

        raise usage(f"HTTP/3 needs the module {error.name}", "pip install 'rrcli[h3]'") from error
    return http3


def _load_http2(context: Context) -> Any:
    """The modules that speak HTTP/2; what loading them takes is no time of the exchange."""
    timeline, begin = context.recorder.timeline, now()
    from rrcli.adapters.http.versions import h2session, http2

    if timeline.origin_ns:
        timeline.origin_ns += now() - begin
    return http2, h2session


class NextHop:
    """Where an answer leads: to the same request with an answer to its challenge, or to another URL. Called with each answer."""

    def __init__(self, state: HopState, prepared: PreparedRequest, context: Context) -> None:
        self._state = state
        self._sent = prepared
        self._prepared = prepared.bare or prepared
        self._context = context

    def __call__(self, answer: Response) -> Continue | None:
        state, request = self._state, self._state.options
        self._remark(answer)
        if request.digest and answer.status.code == 401:
            from rrcli.adapters.http.prepare.digest import Unanswerable, meet_challenge

            try:
                met = meet_challenge(self._prepared, answer)
            except Unanswerable as error:
                self._context.note("digest-unanswered", f"no answer to the challenge: {error}")
                return None
            return Continue(why="auth", state=state.replace(prepared=met)) if met else None
        if not (request.location or request.location_trusted):
            return None
        from rrcli.adapters.http.redirect import follow

        following = follow(state, self._prepared, answer, self._context)
        return Continue(why="redirect", state=following) if following else None

    def _remark(self, answer: Response) -> None:
        """Take the cookies of the answer, and note which are refused, what a browser would keep from a page, and an odd Location."""
        if first(answer.fields, "location") is not None:
            from rrcli.adapters.http.redirect import location_doubt

            if doubt := location_doubt(answer):
                self._context.note(*doubt)
        if first(answer.fields, "set-cookie") is not None:
            from rrcli.adapters.http.state.cookies import receive

            receive(self._state.jar, self._sent, answer, self._context)
        if self._sent.field("origin"):
            from rrcli.adapters.http.cors import refusal

            if why := refusal(self._sent, answer):
                self._context.note("cors-refused", why)
