"""Early data over HTTP/3: a ticket is kept, and with it a safe request leaves with the first packet."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aioquic")

from peers.ca import Authority
from peers.quicscript import QuicPeer, head, quic_responder, saying
from peers.verdict import SCHEMA
from peers.web import Http2Peer

from rrcli import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange

ANSWER = saying(head(b"200"))
Ask = Callable[..., Exchange]


@pytest.fixture
def ask(ca: Authority, tmp_path: Path) -> Ask:
    """Sends a request whose tickets are kept in `tickets`, for `localhost`."""

    def ask(peer: QuicPeer, *, method: str = "GET", **options: Any) -> Exchange:
        options = {"cacert": str(ca.root), "early_data": str(tmp_path / "tickets"), "http3_only": True, "timeout": 5.0, **options}
        return send(
            HttpRequest(f"https://localhost:{peer.port}/", method=method, resolve=(("localhost", peer.port, "127.0.0.1"),), **options)
        )

    return ask


def resumption(exchange: Exchange) -> tuple[bool, bool]:
    assert exchange.error is None, exchange.error
    assert exchange.response
    SCHEMA.validate(document(exchange))
    found = exchange.response.data["quic"]
    return found["resumed"], found["early_data"]


def test_a_ticket_is_kept_and_the_next_request_leaves_at_once(ca: Authority, ask: Ask, tmp_path: Path) -> None:
    with quic_responder(ca.good, ANSWER, tickets={}) as peer:
        assert resumption(ask(peer)) == (False, False)
        assert stat.S_IMODE((tmp_path / "tickets").stat().st_mode) == 0o600
        second = ask(peer)
        assert resumption(second) == (True, True)
        assert list(second.timing.phases) == ["connect", "tls", "send", "wait", "receive"]
        assert resumption(ask(peer, method="POST")) == (True, False)  # twice it may do twice what it does: RFC 8470 section 4


def test_what_the_server_does_not_take_is_sent_again(ca: Authority, ask: Ask) -> None:
    tickets: dict[bytes, Any] = {}
    with quic_responder(ca.good, ANSWER, tickets=tickets) as peer:
        assert resumption(ask(peer)) == (False, False)
        tickets.clear()  # as a server that was started anew
        assert resumption(ask(peer)) == (False, False)


def test_a_ticket_is_for_its_origin_and_for_what_was_verified(ca: Authority, ask: Ask) -> None:
    tickets: dict[bytes, Any] = {}
    with quic_responder(ca.good, ANSWER, tickets=tickets) as peer, quic_responder(ca.good, ANSWER, tickets=tickets) as other:
        assert resumption(ask(peer, insecure=True)) == (False, False)
        assert resumption(ask(peer)) == (False, False)  # nobody has looked at the certificate yet
        assert resumption(ask(other)) == (False, False)
        assert resumption(ask(other, insecure=True)) == (True, True)


def test_a_ticket_is_for_those_who_trust_the_same(ca: Authority, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    same = tmp_path / "same.pem"
    same.write_bytes(ca.root.read_bytes())
    with quic_responder(ca.good, ANSWER, tickets={}) as peer:
        assert resumption(ask(peer)) == (False, False)
        assert resumption(ask(peer, cacert=str(same))) == (True, True)  # the same certificates under another name
        refused = ask(peer, cacert=None)
        assert refused.error
        assert (refused.error.kind, refused.error.delivery) == ("certificate_untrusted", "not_sent")
        monkeypatch.setenv("CURL_CA_BUNDLE", str(same))
        assert resumption(ask(peer, cacert=None)) == (True, True)


def test_a_ticket_is_for_those_who_show_the_same_certificate(ca: Authority, ask: Ask) -> None:
    ours = {"cert": str(ca.client.chain), "key": str(ca.client.key)}
    with quic_responder(ca.good, ANSWER, tickets={}) as peer:
        assert resumption(ask(peer)) == (False, False)
        assert resumption(ask(peer, **ours)) == (False, False)
        assert resumption(ask(peer, **ours)) == (True, True)
        assert resumption(ask(peer)) == (False, False)


def test_a_broken_file_is_named(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "tickets").write_text(json.dumps({"origin": "localhost:1"}))
    with pytest.raises(ExchangeError, match="holds no session ticket"):
        ask(QuicPeer(1))


def test_it_is_for_quic_alone(ask: Ask) -> None:
    with pytest.raises(ExchangeError, match="--early-data is QUIC's, and nothing asks for QUIC"):
        ask(QuicPeer(1), http3_only=False)


def test_with_caddy(caddy: Http2Peer, ca: Authority, tmp_path: Path) -> None:
    def ask() -> Exchange:
        options = {"cacert": str(ca.root), "early_data": str(tmp_path / "tickets"), "http3_only": True}
        return send(HttpRequest(caddy.https("/proto"), **options))

    assert resumption(ask()) == (False, False)
    assert any(resumption(ask())[0] for _ in range(20))  # a ticket that comes behind the answer's end is not waited for
