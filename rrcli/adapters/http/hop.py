"""One hop of an HTTP exchange: a request out, its answer in, and where that leads: a redirect, a challenge.

What the options mean is `prepare/`; how each version is spoken `exchange/`; what outlives a hop `hopstate.py` and `state/`.
"""

from __future__ import annotations

from os import environ

from rrcli.adapters.http.exchange.describe import note_doubts, sent
from rrcli.adapters.http.exchange.http1 import Talk, head_of
from rrcli.adapters.http.exchange.response import ResponseReader
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.base.deadline import now
from rrcli.codec.http.h1 import ResponseDecoder
from rrcli.engine.continuation import Continue
from rrcli.options.request import PROXY_VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from rrcli.adapters.http.exchange.http2 import Talk as Http2Talk
    from rrcli.adapters.http.exchange.http3 import Talk as Http3Talk
    from rrcli.adapters.http.hopstate import HopState
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
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
    prepared = _reopened(state.prepared) if state.prepared else prepare(state, context.id)
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
        else:
            yield sent(_load_http2(context)[0].as_sent(prepared) if _is_http2(request, prepared) else prepared)
        if context.pool:
            from rrcli.adapters.http.exchange.pooled import Way, converse

            yield from converse(Way(request, prepared, NextHop(state, prepared, context)), context, _offered(request))
            return
        stream = context.connect(prepared.host, prepared.port, tls=prepared.scheme == "https", alpn=_offered(request))
        if request.limit_rate:
            from rrcli.wire.ratelimit import RateLimit

            stream.pace = RateLimit(request.limit_rate)
        try:
            yield from _talk(state, prepared, stream, context)
        finally:
            stream.close()
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
    if request.sni != context.request.sni:
        from rrcli.engine.context import Route

        context.route = Route(unix_socket=request.unix_socket, sni=request.sni)
    return prepared


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


def _talk(state: HopState, prepared: PreparedRequest, stream: Stream, context: Context) -> Iterator[Event]:
    """Request and answer over an open stream, in the version that was agreed on."""
    request, leads = state.options, NextHop(state, prepared, context)
    chosen = context.recorder.tls.alpn if context.recorder.tls else "h2" if request.offline and request.http2 else None
    talk: Talk | Http2Talk
    shown = prepared  # as it goes out
    if chosen == "h2" or request.http2_prior_knowledge:
        http2, client_type = _load_http2(context)
        http2.note_dropped(prepared, context)
        http2.annotate_frames(stream, context)
        client = client_type()
        reception = ResponseReader(prepared, context, client, leads)
        talk = http2.Talk(stream, reception, client)
        shown = http2.as_sent(prepared)
        yield sent(shown)
    elif request.http2 and prepared.scheme == "https":
        from rrcli.adapters.http.exchange.http2 import choose_failure

        raise choose_failure(chosen)
    else:
        reception = ResponseReader(prepared, context, ResponseDecoder(prepared.method), leads)
        talk = Talk(stream, reception)
    yield from speak(talk, reception, prepared, shown)


def speak(
    talk: Talk | Http2Talk | Http3Talk, reception: ResponseReader, prepared: PreparedRequest, shown: PreparedRequest
) -> Iterator[Event]:
    """Send the request and read its answer to the end."""
    try:
        yield from talk.send(prepared)
        if prepared.upload:  # what went out is known only now
            yield sent(shown)
        while not reception.ended:
            yield from talk.read()
    finally:
        reception.tell_notes()


def _exchange_http3(state: HopState, prepared: PreparedRequest, context: Context) -> Generator[Event, None, bool]:
    """The exchange over HTTP/3; false when it has to be had over TCP."""
    request, http3 = state.options, _load_http3()
    http3.refuse_options(request, prepared, first=state.prepared is None)
    yield sent(http3.as_sent(prepared))
    if request.offline:
        context.datagrams(prepared.host, prepared.port)  # which ends it: QUIC seals what it sends with keys that a server takes part in
    quic = http3.reach(request, prepared, context) if prepared.scheme == "https" else None
    if quic is None:
        yield sent(prepared)
        return False
    http3.note_dropped(prepared, context)
    client, failed = (quic.begun and quic.begun.client) or http3.Http3Client(), True
    try:
        reception = http3.Http3ResponseReader(prepared, context, client, NextHop(state, prepared, context), quic)
        yield from speak(http3.Talk(quic, reception, client), reception, prepared, http3.as_sent(prepared))
        failed = False
    finally:
        quic.close(http3.GENERAL_PROTOCOL_ERROR if failed else http3.NO_ERROR)
    return True


def _load_http3() -> Any:
    """The module that speaks HTTP/3. Raises `usage` without the extra that has QUIC."""
    try:
        from rrcli.adapters.http.exchange import http3 as version3
        from rrcli.wire.quic import setup  # noqa: F401  # while no clock runs
    except ModuleNotFoundError as error:
        from rrcli.base.errors import usage

        raise usage(f"HTTP/3 needs the module {error.name}", "pip install 'rrcli[h3]'") from error
    return version3


def _load_http2(context: Context) -> Any:
    """The module that speaks HTTP/2 and its codec's class; what loading them takes is no time of the exchange."""
    timeline, begin = context.recorder.timeline, now()
    from rrcli.adapters.http.exchange import http2 as http2
    from rrcli.codec.http.h2 import Http2Client

    if timeline.origin_ns:
        timeline.origin_ns += now() - begin
    return http2, Http2Client


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
            from rrcli.adapters.http.prepare.auth import meet_challenge

            met = meet_challenge(self._prepared, answer)
            return Continue(why="auth", state=state.replace(prepared=met)) if met else None
        if not (request.location or request.location_trusted):
            return None
        from rrcli.adapters.http.redirect import follow

        following = follow(state, self._prepared, answer, self._context)
        return Continue(why="redirect", state=following) if following else None

    def _remark(self, answer: Response) -> None:
        """Take the cookies of the answer, and note which are refused and what a browser would keep from a page."""
        if any(name.lower() == "set-cookie" for name, _ in answer.fields):
            from rrcli.adapters.http.state.cookies import receive

            receive(self._state.jar, self._sent, answer, self._context)
        if self._sent.field("origin"):
            from rrcli.adapters.http.cors import refusal

            if why := refusal(self._sent, answer):
                self._context.note("cors-refused", why)
