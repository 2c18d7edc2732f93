"""Whom TLS trusts: --cacert, the variables of curl, of requests and of OpenSSL, in this order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peers.base import Peer
from peers.ca import Authority

import rrcli
from rrcli.base.errors import ExchangeError
from rrcli.model.values import Exchange
from rrcli.wire.trust import from_environment, trusted_paths


def ask(peer: Peer, **options: Any) -> Exchange:
    return rrcli.send(rrcli.TlsRequest(f"{peer.host}:{peer.port}", timeout=10.0, **options))


@pytest.mark.parametrize("name", ["CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_the_file_of_another_tool_is_trusted_with_a_note(
    name: str, ca: Authority, s_server: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = s_server()
    assert ask(peer).error
    monkeypatch.setenv(name, str(ca.root))
    exchange = ask(peer)
    assert exchange.error is None
    assert [(note.code, note.message) for note in exchange.notes] == [("trust", f"{name} says whom to trust: {ca.root}")]


def test_a_folder_may_be_named(tmp_path: Path, s_server: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert trusted_paths(None) == (None, str(tmp_path))
    exchange = ask(s_server())
    assert exchange.error
    assert exchange.error.kind == "certificate_untrusted"


def test_what_is_said_here_comes_first(ca: Authority, s_server: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURL_CA_BUNDLE", "/nowhere/at/all.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/either.pem")
    peer = s_server()
    assert ask(peer, cacert=str(ca.root)).notes == ()
    assert ask(peer, insecure=True).notes == ()
    with pytest.raises(ExchangeError, match="CURL_CA_BUNDLE: cannot read /nowhere/at/all.pem: no such file"):
        ask(peer)


def test_an_empty_variable_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    assert from_environment() is None
