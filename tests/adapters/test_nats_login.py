"""Who may do what at real NATS servers: logins, TLS behind and before INFO, permissions; and no secret in any output."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import nkeys
import pytest
from peers.ca import Authority
from peers.child import Ended, piped
from peers.nats import MAX_PAYLOAD, PASSWORD, SEED, TOKEN, USER, Nats

from rrcli.adapters.nats.request import NatsRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.values import Exchange, Failure

WRONG_SEED = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER).decode()
VIOLATION = "Authorization Violation"


@pytest.fixture(autouse=True)
def no_server_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NATS_URL", raising=False)


def ask(server: Nats, *words: str, userinfo: str = "", scheme: str = "nats", **options: Any) -> Exchange:
    return send(NatsRequest(f"{scheme}://{userinfo}localhost:{server.port}", *(words or ("no.one", "x")), **options))


def status(exchange: Exchange) -> tuple[int | None, str]:
    assert exchange.response, exchange.error
    return exchange.response.status.code, exchange.response.status.text


def failure(exchange: Exchange) -> Failure:
    assert exchange.error
    return exchange.error


def note(exchange: Exchange) -> str:
    (found,) = [each.message for each in exchange.notes if each.code == "handshake"]
    return found


NO_RESPONDERS = (503, "No Responders")
REFUSED = (None, VIOLATION)


# --- logins ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["url", "options"])
def test_user_and_password(way: str, nats_tls: Nats, ca: Authority) -> None:
    options: dict[str, Any] = {"userinfo": f"{USER}:{PASSWORD}@"} if way == "url" else {"user": USER, "password": PASSWORD}
    exchange = ask(nats_tls, cacert=str(ca.root), **options)
    assert status(exchange) == NO_RESPONDERS
    assert exchange.timing.phases["tls"] > 0
    assert exchange.timing.phases["handshake"] > 0
    assert exchange.connection.tls
    assert exchange.connection.tls.verified


def test_a_wrong_password_is_the_answer_and_nothing_was_sent(nats_tls: Nats, ca: Authority) -> None:
    exchange = ask(nats_tls, userinfo="bob:wr0ng-pw@", cacert=str(ca.root))
    assert status(exchange) == REFUSED
    assert (failure(exchange).delivery, failure(exchange).retry, failure(exchange).message) == ("not_sent", "useless", f"-ERR {VIOLATION}")
    assert note(exchange) == (
        "the error answers CONNECT before the message, which was not sent; the server requires authentication,"
        " and was sent the user bob with a password"
    )


@pytest.mark.parametrize(
    ("options", "expected", "sent"),
    [
        ({"userinfo": f"{TOKEN}@"}, NO_RESPONDERS, ""),
        ({"token": TOKEN}, NO_RESPONDERS, ""),
        ({"token": "another"}, REFUSED, "a token"),
        ({}, REFUSED, "nothing"),
    ],
)
def test_a_token(nats_token: Nats, options: dict[str, Any], expected: tuple[int | None, str], sent: str) -> None:
    exchange = ask(nats_token, **options)
    assert status(exchange) == expected
    if sent:
        assert note(exchange).endswith(f"the server requires authentication, and was sent {sent}")
        assert "requires authentication" in str(failure(exchange).hint)


def test_an_nkey_signs_the_nonce(nats_nkey: Nats, tmp_path: Path) -> None:
    assert status(ask(nats_nkey, nkey=str(nats_nkey.credentials))) == NO_RESPONDERS
    other = tmp_path / "other.nk"
    other.write_text(WRONG_SEED)
    exchange = ask(nats_nkey, nkey=str(other))
    assert status(exchange) == REFUSED
    assert note(exchange).endswith("(its nonce is for nkeys and JWTs), and was sent an nkey")


def test_a_file_of_credentials(nats_jwt: Nats) -> None:
    assert status(ask(nats_jwt, creds=str(nats_jwt.credentials))) == NO_RESPONDERS
    assert status(ask(nats_jwt)) == REFUSED


def test_files_that_hold_no_credentials(nats: Nats, nats_nkey: Nats, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("nothing\n")
    for options in ({"nkey": str(empty)}, {"creds": str(empty)}, {"creds": str(nats_nkey.credentials)}):
        with pytest.raises(ExchangeError) as caught:
            ask(nats, **options)
        assert caught.value.layer == "usage"
    with pytest.raises(ExchangeError) as caught:
        ask(nats, nkey=str(tmp_path / "missing"))
    assert caught.value.layer == "local"


def test_without_cryptography_an_nkey_is_a_clear_error(nats_nkey: Nats, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("cryptography")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ExchangeError) as caught:
        ask(nats_nkey, nkey=str(nats_nkey.credentials))
    assert (caught.value.layer, caught.value.hint) == ("usage", "pip install 'rrcli[nats]'")


def test_a_server_that_asks_for_no_key_gets_none(nats: Nats, nats_nkey: Nats) -> None:
    exchange = ask(nats, nkey=str(nats_nkey.credentials))
    assert status(exchange) == NO_RESPONDERS
    assert "nkey" in [each.code for each in exchange.notes]


# --- TLS ---------------------------------------------------------------------------------------------------


def test_a_server_that_wants_tls_gets_it_whatever_the_url(nats_tls: Nats, ca: Authority) -> None:
    for scheme in ("nats", "tls"):
        exchange = ask(nats_tls, scheme=scheme, userinfo=f"{USER}:{PASSWORD}@", cacert=str(ca.root))
        assert status(exchange) == NO_RESPONDERS
        assert exchange.target.url.startswith(f"{scheme}://")
    exchange = ask(nats_tls, userinfo=f"{USER}:{PASSWORD}@")
    assert (failure(exchange).layer, failure(exchange).kind, failure(exchange).phase) == ("tls", "certificate_untrusted", "tls")
    assert failure(exchange).delivery == "not_sent"
    assert status(ask(nats_tls, userinfo=f"{USER}:{PASSWORD}@", insecure=True)) == NO_RESPONDERS


def test_tls_that_was_asked_for_and_is_not_offered_is_refused(nats: Nats, ca: Authority) -> None:
    for options in ({"scheme": "tls"}, {"cacert": str(ca.root)}):
        exchange = ask(nats, user="bob", password="s3cret", wire=1 << 20, **options)
        assert (failure(exchange).layer, failure(exchange).kind) == ("tls", "unsupported")
        assert exchange.connection.bytes_sent == 0


def test_tls_before_info(nats_tls_first: Nats, ca: Authority) -> None:
    assert status(ask(nats_tls_first, tls_first=True, cacert=str(ca.root))) == NO_RESPONDERS
    exchange = ask(nats_tls_first, cacert=str(ca.root), connect_timeout=0.7)
    assert (failure(exchange).kind, failure(exchange).phase) == ("timeout", "handshake")
    assert "--tls-first" in str(failure(exchange).hint)
    assert "--connect-timeout 700ms" in failure(exchange).message


def test_tls_before_info_at_a_server_that_speaks_first(nats: Nats, ca: Authority) -> None:
    exchange = ask(nats, tls_first=True, cacert=str(ca.root))
    assert (failure(exchange).layer, failure(exchange).phase) == ("tls", "tls")
    assert "a NATS greeting" in failure(exchange).message


def test_a_client_certificate(nats_tls_clients: Nats, ca: Authority) -> None:
    assert status(ask(nats_tls_clients, cacert=str(ca.root), cert=ca.good.chain, key=ca.good.key)) == NO_RESPONDERS
    exchange = ask(nats_tls_clients, cacert=str(ca.root))
    assert (failure(exchange).layer, failure(exchange).kind) == ("tls", "client_certificate_required")
    assert failure(exchange).delivery == "not_sent"


# --- permissions and limits --------------------------------------------------------------------------------


def test_a_publish_that_is_not_permitted_is_told_at_once(nats_permissions: Nats) -> None:
    exchange = ask(nats_permissions, "nope.x", "hi", user=USER, password=PASSWORD, inbox_prefix="_INBOX.ok")
    assert status(exchange) == (None, 'Permissions Violation for Publish to "nope.x"')
    assert exchange.timing.total_ns < 500e6
    assert (failure(exchange).delivery, failure(exchange).retry) == ("answered", "safe")
    exchange = ask(nats_permissions, "nope.x", "hi", user=USER, password=PASSWORD, no_reply=True)
    assert status(exchange) == (None, 'Permissions Violation for Publish to "nope.x"')


def test_an_inbox_that_is_not_permitted_keeps_the_message_back(nats_permissions: Nats) -> None:
    exchange = ask(nats_permissions, "ok.x", "hi", user=USER, password=PASSWORD)
    assert status(exchange)[1].startswith('Permissions Violation for Subscription to "_INBOX.')
    assert failure(exchange).delivery == "not_sent"
    assert note(exchange).startswith("the error answers")
    assert status(ask(nats_permissions, "ok.x", "hi", user=USER, password=PASSWORD, inbox_prefix="_INBOX.ok")) == NO_RESPONDERS


def test_a_subject_whose_requests_may_not_be_heard(nats_permissions: Nats) -> None:
    exchange = ask(nats_permissions, "nope.x", user=USER, password=PASSWORD, reply="x", max_events=1)
    assert status(exchange)[1] == 'Permissions Violation for Subscription to "nope.x"'


def test_an_nkey_with_a_denied_subject(nats_nkey: Nats) -> None:
    exchange = ask(nats_nkey, "secret.x", nkey=str(nats_nkey.credentials))
    assert status(exchange) == (None, 'Permissions Violation for Publish to "secret.x"')


def test_a_payload_larger_than_the_server_takes_is_not_sent(nats_permissions: Nats) -> None:
    exchange = ask(nats_permissions, "ok.x", "x" * 2000, user=USER, password=PASSWORD)
    assert failure(exchange).message == f"the message has 2000 bytes, and this server takes {MAX_PAYLOAD}"
    assert (failure(exchange).delivery, exchange.connection.bytes_sent) == ("not_sent", 0)
    ended = piped("nats", "--user", USER, "--password", PASSWORD, nats_permissions.address, "ok.x", "x" * 2000)
    assert ended.code == 2
    assert str(MAX_PAYLOAD).encode() in ended.err


# --- secrets -----------------------------------------------------------------------------------------------


def everything(ended: Ended) -> bytes:
    """All that a run wrote, and the bytes of the transcript in it."""
    recorded = re.findall(rb'"base64": ?"([A-Za-z0-9+/=]+)"', ended.all)
    return ended.all + b"\n".join(map(b64decode, recorded))


@pytest.mark.parametrize(
    "show", [["--json"], ["--format", "ndjson"], ["--format", "pretty", "-v"], ["--format", "mermaid"], ["--format", "curl"]]
)
@pytest.mark.parametrize("password", ["s3kr1t-pw", "x1"])
def test_no_password_is_shown(show: list[str], password: str, nats_tls: Nats, nats: Nats, ca: Authority) -> None:
    for words in (
        ["--cacert", str(ca.root), f"nats://bob:{password}@localhost:{nats_tls.port}"],
        ["--user", "bob", "--password", password, nats.address],
        [f"nats://{password}@{nats.address}"],
        ["--token", password, nats.address],
    ):
        ended = piped("nats", "--wire", *show, *words, "no.one", "hi")
        assert ended.code == 1
        for part in (f'"pass": "{password}"', f":{password}@", f"//{password}@", f'"auth_token": "{password}"', f" {password} "):
            assert part.encode() not in everything(ended), part
        if len(password) > 8:
            assert password.encode() not in everything(ended)


@pytest.mark.parametrize("show", [["--json"], ["--format", "pretty", "-v"]])
def test_no_seed_no_jwt_and_no_signature_is_shown(show: list[str], nats_jwt: Nats, nats_nkey: Nats) -> None:
    assert nats_jwt.credentials
    jwt = next(line for line in nats_jwt.credentials.read_text().splitlines() if line.startswith("ey"))
    ended = piped("nats", "--wire", *show, "--creds", str(nats_jwt.credentials), nats_jwt.address, "no.one", "hi")
    assert ended.code == 1
    for part in (SEED, jwt, jwt.rpartition(".")[2]):
        assert part.encode() not in everything(ended)
    ended = piped("nats", "--wire", "--json", "--nkey", str(nats_nkey.credentials), nats_nkey.address, "no.one", "hi")
    assert SEED.encode() not in everything(ended)
    assert b'"sig": "' in everything(ended)
    assert b'"nkey": "U' in everything(ended)  # which is public
    assert b'"nonce":"' in everything(ended)
