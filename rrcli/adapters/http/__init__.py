"""HTTP/1.0, 1.1, 2 and 3: one request out, its answer in, and where that leads: a redirect, a challenge.

The request and its options are `request.py`, what they mean `words.py`; how each version is spoken `version1.py` to
`version3.py`; how a request is told `told.py`, and an answer `answer.py`.
"""

from __future__ import annotations

from os import environ

from rrcli.adapters.http.exchange.describe import note_doubts, sent
from rrcli.adapters.http.exchange.http1 import Talk, head_of
from rrcli.adapters.http.exchange.response import ResponseReader
from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.http.request import HttpRequest
from rrcli.base.deadline import now
from rrcli.codec.http.h1 import ResponseDecoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from rrcli.adapters.http.exchange.http2 import Talk as Http2Talk
    from rrcli.adapters.http.exchange.http3 import Talk as Http3Talk
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Response
    from rrcli.wire.stream import Stream

PROXY_VARIABLES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def exchange(request: HttpRequest, context: Context) -> Iterator[Event]:
    """Send the request and read its answer; cookies and a session are kept where that was asked for."""
    request = request.unrouted or request
    if not request.keeps_state:
        yield from _hop(request, context)
        return
    from rrcli.adapters.http.state.cookies import begin

    request = request if request.kept else begin(request, context)
    assert request.kept
    yield from request.kept.around(_hop(request, context), context)


def _hop(request: HttpRequest, context: Context) -> Iterator[Event]:
    """One request and its answer; the connection is closed after it."""
    prepared = with_cookies_and_proxy(request, _reopened(request.hop) if request.hop else prepare(request, context.id), context)
    upload = prepared.upload
    try:
        if upload:
            upload.tell = context.uploaded
        head_of(prepared)  # what cannot be sent is refused before anything is
        _refuse_version(request, prepared)
        if prepared.credentials:
            context.secret(prepared.credentials[1])
        note_doubts(request, prepared, context)
        if request.http3 or request.http3_only:
            if (yield from _exchange_http3(request, prepared, context)):
                return
        else:
            yield sent(_load_http2(context)[0].as_sent(prepared) if _is_http2(request, prepared) else prepared)
        if context.pool:
            from rrcli.adapters.http.exchange.pooled import Way, converse

            yield from converse(Way(request, prepared, NextHop(request, prepared, context)), context, _offered(request))
            return
        stream = context.connect(prepared.host, prepared.port, tls=prepared.scheme == "https", alpn=_offered(request))
        if request.limit_rate:
            from rrcli.wire.ratelimit import RateLimit

            stream.pace = RateLimit(request.limit_rate)
        try:
            yield from _talk(request, prepared, stream, context)
        finally:
            stream.close()
    finally:
        if upload:
            upload.close()


def with_cookies_and_proxy(request: HttpRequest, prepared: PreparedRequest, context: Context) -> PreparedRequest:
    """The request as it goes to this place: with the cookies that are kept for it, and by way of its proxy."""
    if request.kept:
        prepared = request.kept.add_cookies(prepared, context, trusted=request.location_trusted)
    if request.proxy or (request.proxy is None and any(name in environ for name in PROXY_VARIABLES)):
        from rrcli.adapters.http.proxyroute import route

        prepared = route(request, prepared, context)
    return prepared


def _reopened(hop: PreparedRequest) -> PreparedRequest:
    """A hop whose upload can be read once more."""
    if hop.upload is None:
        return hop
    return hop.replace(upload=hop.upload.again())


def _refuse_version(request: HttpRequest, prepared: PreparedRequest) -> None:
    """Raise `usage` where HTTP/2 is wanted and ALPN, which is a part of TLS, cannot agree on it."""
    if request.http2 and prepared.scheme == "http" and not request.redirects:
        from rrcli.base.errors import usage

        raise usage("--http2 is agreed on within TLS, and this URL has none", "add --http2-prior-knowledge, or use https://")


def _is_http2(request: HttpRequest, prepared: PreparedRequest) -> bool:
    """Whether nothing but HTTP/2 will do here; `--http2` is agreed on within TLS, and a redirect may lead out of it."""
    return request.http2_prior_knowledge or (request.http2 and prepared.scheme == "https")


def _offered(request: HttpRequest) -> tuple[str, ...]:
    """What ALPN offers, the best first; also where only HTTP/2 will do, so that the server can say what else it has."""
    return ("http/1.1",) if request.http10 or request.http11 else ("h2", "http/1.1")


def _talk(request: HttpRequest, prepared: PreparedRequest, stream: Stream, context: Context) -> Iterator[Event]:
    """Request and answer over an open stream, in the version that was agreed on."""
    leads = NextHop(request, prepared, context)
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


def _exchange_http3(request: HttpRequest, prepared: PreparedRequest, context: Context) -> Generator[Event, None, bool]:
    """The exchange over HTTP/3; false when it has to be had over TCP."""
    http3 = _load_http3()
    http3.refuse_options(request, prepared)
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
        reception = http3.Http3ResponseReader(prepared, context, client, NextHop(request, prepared, context), quic)
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
    """Where an answer leads: to the same request with an answer to its challenge, or to another URL."""

    def __init__(self, request: HttpRequest, prepared: PreparedRequest, context: Context) -> None:
        self._request = request
        self._sent = prepared
        self._prepared = prepared.bare or prepared
        self._context = context

    def __call__(self, answer: Response) -> tuple[HttpRequest, str] | None:
        request = self._request
        self._remark(answer)
        if request.digest and answer.status.code == 401:
            from rrcli.adapters.http.prepare.auth import meet_challenge

            met = meet_challenge(self._prepared, answer)
            return (request.replace(hop=met), "auth") if met else None
        if not (request.location or request.location_trusted):
            return None
        from rrcli.adapters.http.redirect import follow

        following = follow(request, self._prepared, answer, self._context)
        return (following, "redirect") if following else None

    def _remark(self, answer: Response) -> None:
        """Take the cookies of the answer, and note which are refused and what a browser would keep from a page."""
        if any(name.lower() == "set-cookie" for name, _ in answer.fields):
            from rrcli.adapters.http.state.cookies import receive

            receive(self._request.kept, self._sent, answer, self._context)
        if self._sent.field("origin"):
            from rrcli.adapters.http.cors import refusal

            if why := refusal(self._sent, answer):
                self._context.note("cors-refused", why)
