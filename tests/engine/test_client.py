"""A client: connections, cookies and secrets that outlive an exchange; and requests that nothing is written into."""

from __future__ import annotations

from typing import Any

import pytest
from peers.ca import Authority
from peers.httpbin import Httpbin
from peers.nginx import Nginx
from peers.script import hear, responder, say, script
from peers.web import Http2Peer

import rrcli
from rrcli.engine import registry

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\n\r\n{}"
HEAD_END = b"\r\n\r\n"


def test_a_connection_is_kept(nginx: Nginx) -> None:
    with rrcli.Client() as client:
        exchanges = [client.send(rrcli.HttpRequest(nginx.url())) for _ in range(3)]
    assert [exchange.connection.reused for exchange in exchanges] == [False, True, True]
    assert len({exchange.connection.local for exchange in exchanges}) == 1


def test_a_connection_that_nobody_verified_is_for_nobody_who_verifies(nginx: Nginx, caddy: Http2Peer, ca: Authority) -> None:
    ways: list[dict[str, Any]] = [{"insecure": True}, {"cacert": str(ca.root)}, {"cacert": str(ca.root), "sni": "localhost"}, {}]
    for url, version in ((nginx.https(), {}), (caddy.https("/proto"), {"http2": True})):
        with rrcli.Client() as client:
            exchanges = [client.send(rrcli.HttpRequest(url, **version, **way)) for way in ways for _ in range(2)]
        assert [exchange.outcome for exchange in exchanges] == ["ok"] * 6 + ["error"] * 2
        assert [exchange.connection.reused for exchange in exchanges] == [False, True, False, True, False, True, False, False]


def test_no_connection_is_kept_where_that_is_not_wanted(nginx: Nginx) -> None:
    with rrcli.Client(connections=False) as client:
        assert [client.send(rrcli.HttpRequest(nginx.url())).connection.reused for _ in range(2)] == [False, False]


def test_a_server_that_closes_is_asked_again_on_a_new_connection() -> None:
    with responder(script(hear(HEAD_END), say(ANSWER))) as peer, rrcli.Client() as client:
        url = f"http://{peer.host}:{peer.port}/"
        exchanges = [client.send(rrcli.HttpRequest(url)) for _ in range(2)]
    assert [exchange.outcome for exchange in exchanges] == ["ok", "ok"]


def test_cookies_are_kept(httpbin: Httpbin) -> None:
    with rrcli.Client() as client:
        client.send(rrcli.HttpRequest(httpbin.url("/cookies/set?flavour=oat")))
        found = client.send(rrcli.HttpRequest(httpbin.url("/cookies")))
    assert b'"flavour": "oat"' in body_of(found)


def test_cookies_are_not_kept_where_that_is_not_wanted(httpbin: Httpbin) -> None:
    with rrcli.Client(cookies=False) as client:
        client.send(rrcli.HttpRequest(httpbin.url("/cookies/set?flavour=oat")))
        assert b"oat" not in body_of(client.send(rrcli.HttpRequest(httpbin.url("/cookies"))))


def test_what_was_a_secret_stays_one() -> None:
    with responder(script(hear(HEAD_END), say(ANSWER), hear(HEAD_END), say(ANSWER))) as peer, rrcli.Client() as client:
        url = f"http://{peer.host}:{peer.port}/"
        client.send(rrcli.HttpRequest(url, digest=True, user="ann:sesame-street"))
        assert "sesame-street" in client.send(rrcli.HttpRequest(url)).secrets


@pytest.mark.parametrize("protocol", registry.PROTOCOLS, ids=lambda protocol: protocol.name)
def test_a_request_is_the_same_before_and_after_it_was_sent(protocol: Any) -> None:
    words = {
        "dns": ("a.test", "@127.0.0.1:1"),
        "redis": ("127.0.0.1:1", "PING"),
        "grpc": ("127.0.0.1:1", "a.S/M"),
        "graphql": ("http://127.0.0.1:1/", "{a}"),
        "pg": ("127.0.0.1:1", ""),
        "nats": ("127.0.0.1:1", "a"),
    }
    build = protocol.load()[0]
    arguments = words.get(
        protocol.name, ("127.0.0.1:1",) if protocol.name in ("smtp", "tcp", "thrift", "tls") else ("http://127.0.0.1:1/",)
    )
    request = build(*arguments, timeout=0.5)
    rrcli.send(request)
    assert request == build(*arguments, timeout=0.5)


def body_of(exchange: rrcli.Exchange) -> bytes:
    assert exchange.response
    assert exchange.response.body
    return exchange.response.body.data
