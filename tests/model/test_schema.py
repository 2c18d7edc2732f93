"""The documents of good exchanges hold to `rrcli schema`; those of failures are checked by the catalogue in `tests/faults`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from peers.verdict import SCHEMA

import rrcli
from rrcli.adapters.tls.request import TlsRequest
from rrcli.engine.catalogue import responders
from rrcli.model.document import document
from rrcli.options.request import Request
from rrcli.policy.redact import masked
from rrcli.responders.serve import addresses, start, stop


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    running = start(responders())
    yield addresses(responders(), running)
    stop(running)


def requests(urls: dict[str, str]) -> dict[str, Request]:
    http, redis = urls["http"], urls["redis"]
    return {
        "http": rrcli.HttpRequest("POST", f"{http}/users", "name=ann", bearer="tok12345"),
        "http 1xx": rrcli.HttpRequest(f"{http}/early-hints"),
        "http trailers": rrcli.HttpRequest(f"{http}/stream/2"),
        "http binary": rrcli.HttpRequest(f"{http}/bytes/40"),
        "http redirected": rrcli.HttpRequest(f"{http}/redirect/2", location=True),
        "http checked": rrcli.HttpRequest(f"{http}/json", expect=("status == 200", "json.ok == true")),
        "dns": rrcli.DnsRequest("www.rrcli.test", f"@{urls['dns']}"),
        "dns cut": rrcli.DnsRequest("big.rrcli.test", "TXT", f"@{urls['dns']}"),
        "redis": rrcli.RedisRequest(redis, "SET", "key", "value"),
        "redis 3": rrcli.RedisRequest(redis, "HGETALL", "nothing", resp3=True),
        "tcp": rrcli.TcpRequest(urls["tcp"], steps=(("--send", b"hello\n"),), read_lines=1),
        "tcp connected": rrcli.TcpRequest(urls["tcp"], connect_only=True),
        "tls refused": TlsRequest(urls["tcp"], timeout=2.0),
    }


def test_every_document_is_whole(urls: dict[str, str]) -> None:
    for name, request in requests(urls).items():
        exchange = rrcli.send(request.replace(wire=4096))
        assert (exchange.error is None) is ("refused" not in name), (name, exchange.error)
        SCHEMA.validate(document(exchange))
        SCHEMA.validate(document(masked(exchange)))
