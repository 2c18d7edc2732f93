"""`rrcli smtp` against aiosmtpd, OpenSMTPD and Postfix' smtp-sink."""

from __future__ import annotations

import io
import os
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from peers.base import Peer
from peers.ca import Authority
from peers.smtp import PASSWORD, USER, Mail

from rrcli.adapters.smtp.request import SmtpRequest
from rrcli.base.errors import ExchangeError, exit_code
from rrcli.base.jsontext import dumps
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked

A, B, GONE, LATER = "a@x.test", "b@x.test", "gone@x.test", "later@x.test"


def mail(peer: Peer, *, to: tuple[str, ...] = (B,), scheme: str = "smtp", **options: Any) -> Exchange:
    given = {"sender": A, "recipients": to, "text": "hi", "wire": 1 << 20, "timeout": 10.0, **options}
    if "data" in given:
        del given["text"]
    return send(SmtpRequest(f"{scheme}://{peer.host}:{peer.port}", **given))


def data(exchange: Exchange) -> Any:
    assert exchange.response, exchange.error
    return exchange.response.data


def code(exchange: Exchange) -> int:
    return exit_code(exchange.error) if exchange.error else 0


def sent(exchange: Exchange) -> list[bytes]:
    """What was sent, write by write."""
    return [entry.data for entry in exchange.transcript or () if entry.direction == "sent"]


def verbs(exchange: Exchange) -> list[str]:
    return [reply["command"] for reply in data(exchange)["replies"]]


def notes(exchange: Exchange) -> list[str]:
    return [note.code for note in exchange.notes]


# --- a message


def test_a_message_is_handed_over_and_every_reply_timed(smtp: Mail) -> None:
    exchange = mail(smtp, subject="hi")
    shown = document(exchange)
    assert (code(exchange), shown["response"]["status"]) == (0, {"code": 250, "text": "OK queued as 42", "ok": True})
    found = shown["response"]["data"]
    assert (found["stage"], found["enhanced_code"], found["queued_as"], found["auth"]) == ("data", "2.0.0", "42", None)
    assert found["banner"] == "mail.example.test ESMTP peer"
    (recipient,) = found["recipients"]
    assert {**recipient, "ms": 0} == {"address": B, "code": 250, "enhanced_code": "2.1.5", "text": "OK", "ms": 0}
    assert verbs(exchange) == ["connect", "EHLO", "MAIL", "RCPT", "DATA", "message", "QUIT"]
    assert all(reply["ms"] >= 0 for reply in found["replies"])
    assert sum(reply["ms"] for reply in found["replies"]) <= shown["timing"]["total_ms"]
    assert all(shown["timing"][f"{phase}_ms"] is not None for phase in ("connect", "handshake", "send", "wait", "receive"))
    assert shown["response"]["framing"] == "last-line"
    assert shown["response"]["body"]["text"] == "250 2.0.0 OK queued as 42\n"
    asked = shown["request"]["data"]
    assert (asked["from"], asked["to"], asked["pipelined"], asked["safe"], asked["idempotent"]) == (A, [B], False, False, False)
    assert asked["message_id"] == shown["request"]["headers"]["message-id"] == f"<{exchange.id}@x.test>"
    ((message, envelope),) = smtp.taken()
    assert envelope["to"] == [B]
    assert message == exchange.request.body.data if exchange.request.body else None
    assert asked["size"] == len(message)
    assert f"MAIL FROM:<{A}> SIZE={len(message)}\r\n".encode() in sent(exchange)


def test_the_drawing_has_command_and_reply_in_turn_with_their_times(smtp: Mail) -> None:
    exchange = mail(smtp)
    assert exchange.response
    assert exchange.response.display
    lines = exchange.response.display.splitlines()
    assert lines[0].endswith(" ms  ← 220 mail.example.test ESMTP peer")
    assert [line.strip()[:6] for line in lines if line.strip()[0] == "→"] == ["→ EHLO", "→ MAIL", "→ RCPT", "→ DATA", "→ (the", "→ QUIT"]


def test_the_id_of_the_exchange_is_the_messages(smtp: Mail) -> None:
    assert document(mail(smtp, request_id="order-7"))["request"]["data"]["message_id"] == "<order-7@x.test>"


def test_without_sender_and_recipients_it_tells_what_the_server_offers(smtp: Mail) -> None:
    for exchange in (send(SmtpRequest(f"{smtp.host}:{smtp.port}", wire=9999)), mail(smtp, stop_after="ehlo")):
        assert code(exchange) == 0
        assert {"8BITMIME", "SIZE 33554432"} <= set(data(exchange)["capabilities"])
        assert (data(exchange)["stage"], exchange.request.data["safe"]) == ("ehlo", True)
        assert sent(exchange)[-1] == b"QUIT\r\n"
        assert len(sent(exchange)) == 2


@pytest.mark.parametrize(
    ("stage", "last"), [("connect", "connect"), ("ehlo", "EHLO"), ("mail", "MAIL"), ("rcpt", "RCPT"), ("data", "message")]
)
def test_it_stops_after_a_stage(smtp: Mail, stage: str, last: str) -> None:
    exchange = mail(smtp, stop_after=stage)
    assert (code(exchange), data(exchange)["stage"], verbs(exchange)[-2:]) == (0, stage, [last, "QUIT"])
    assert len(smtp.taken()) == (stage == "data")


# --- refusals


def test_one_refusal_of_two_is_neither_success_nor_loss(smtp: Mail) -> None:
    exchange = mail(smtp, to=(B, GONE))
    assert (code(exchange), [recipient["code"] for recipient in data(exchange)["recipients"]]) == (1, [250, 550])
    assert exchange.response
    assert exchange.error
    assert (exchange.response.status.code, exchange.response.status.ok, data(exchange)["enhanced_code"]) == (550, False, "5.1.1")
    assert (exchange.error.delivery, exchange.error.retry, notes(exchange)) == ("answered", "useless", ["partial"])
    assert data(exchange)["queued_as"] == "42"
    assert smtp.taken()[0][1]["to"] == [B]


def test_what_is_refused_for_now_can_be_sent_again_unless_somebody_has_it(smtp: Mail) -> None:
    nobody, somebody = mail(smtp, to=(LATER,)), mail(smtp, to=(LATER, B))
    assert nobody.error
    assert somebody.error
    assert [(each.error.delivery, each.error.retry) for each in (nobody, somebody) if each.error] == [
        ("answered", "safe"),
        ("answered", "unsafe"),
    ]


def test_it_can_be_all_or_nobody(smtp: Mail) -> None:
    exchange = mail(smtp, to=(B, GONE), require_all=True)
    assert (code(exchange), data(exchange)["stage"]) == (1, "rcpt")
    assert (sent(exchange)[-2:], smtp.taken()) == ([b"RSET\r\n", b"QUIT\r\n"], [])
    assert code(mail(smtp, to=(B,), require_all=True)) == 0


def test_without_recipients_no_message_follows(smtp: Mail) -> None:
    exchange = mail(smtp, to=(GONE, LATER))
    assert (code(exchange), data(exchange)["stage"]) == (1, "rcpt")
    assert exchange.response
    assert exchange.response.status.code == 550
    assert b"DATA\r\n" not in sent(exchange)


def test_a_message_can_be_refused(smtp: Mail) -> None:
    exchange = mail(smtp, headers=("X-Reject: yes",))
    assert exchange.response
    assert (code(exchange), exchange.response.status.code) == (1, 554)
    assert (data(exchange)["enhanced_code"], data(exchange)["stage"]) == ("5.6.0", "data")


def test_a_size_that_is_too_large_is_refused_before_the_message(smtp: Mail) -> None:
    exchange = mail(smtp, size=10**9)
    assert exchange.response
    assert (exchange.response.status.code, data(exchange)["stage"]) == (552, "mail")


# --- TLS and login


def test_starttls_then_login(smtp_starttls_login: Mail, ca: Authority) -> None:
    exchange = mail(smtp_starttls_login, starttls="required", user=f"{USER}:{PASSWORD}", cacert=str(ca.root))
    timing = document(exchange)["timing"]
    assert code(exchange) == 0
    assert min(timing["tls_ms"], timing["handshake_ms"]) > 0
    assert verbs(exchange)[:5] == ["connect", "EHLO", "STARTTLS", "EHLO", "AUTH"]
    assert data(exchange)["auth"] == "PLAIN"
    assert "STARTTLS" not in data(exchange)["capabilities"]
    assert exchange.connection.tls
    assert exchange.connection.tls.verified


def test_a_certificate_that_is_not_trusted_ends_it(smtp_starttls_login: Mail) -> None:
    exchange = mail(smtp_starttls_login, starttls="required", user=f"{USER}:{PASSWORD}")
    assert exchange.error
    assert (code(exchange), exchange.error.kind, exchange.error.delivery) == (5, "certificate_untrusted", "not_sent")


def test_a_server_that_wants_tls_says_so_and_the_hint_names_the_option(smtp_starttls_login: Mail) -> None:
    exchange = mail(smtp_starttls_login)
    assert exchange.error
    assert exchange.response
    assert (code(exchange), exchange.response.status.code) == (1, 530)
    assert "--starttls" in (exchange.error.hint or "")


def test_tls_that_is_not_offered_is_no_reason_to_go_without(smtp: Mail) -> None:
    exchange = mail(smtp, starttls="required")
    assert exchange.error
    assert (code(exchange), exchange.error.layer, exchange.error.kind) == (5, "tls", "unsupported")
    assert (exchange.error.delivery, verbs(exchange)) == ("not_sent", ["connect", "EHLO", "QUIT"])
    assert not any(b"MAIL" in data for data in sent(exchange))
    lenient = mail(smtp, starttls="auto")
    assert (code(lenient), notes(lenient)) == (0, ["starttls"])


def test_a_password_is_not_sent_in_clear_text_unless_told_to(smtp_login: Mail) -> None:
    exchange = mail(smtp_login, user=f"{USER}:{PASSWORD}")
    assert exchange.error
    assert (code(exchange), exchange.error.kind, exchange.error.delivery) == (5, "unsupported", "not_sent")
    assert not any(b"AUTH" in data for data in sent(exchange))
    assert code(mail(smtp_login, user=f"{USER}:{PASSWORD}", auth_plaintext=True)) == 0


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "xoauth2"])
def test_each_mechanism_logs_in_and_shows_no_secret(smtp_login: Mail, mechanism: str) -> None:
    exchange = mail(smtp_login, user=f"{USER}:{PASSWORD}", auth_plaintext=True, mechanism=mechanism)
    assert (code(exchange), data(exchange)["auth"]) == (0, mechanism.upper())
    shown = dumps(document(masked(exchange)))
    assert PASSWORD not in shown
    for entry in masked(exchange).transcript or ():
        assert PASSWORD.encode() not in entry.data
        for secret in (PASSWORD, f"\0{USER}\0{PASSWORD}", USER):
            assert b64encode(secret.encode()) not in entry.data, entry
    assert b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode() not in shown
    wrong = mail(smtp_login, user=f"{USER}:no", auth_plaintext=True, mechanism=mechanism)
    assert wrong.error
    assert wrong.response
    assert (code(wrong), wrong.response.status.code, data(wrong)["stage"]) == (1, 535, "auth")
    assert (wrong.error.delivery, "handshake" in notes(wrong)) == ("not_sent", True)
    assert not any(b"MAIL" in data for data in sent(wrong))


def test_a_mechanism_that_is_not_offered_is_told_with_those_that_are(smtp_banner: Peer) -> None:
    exchange = mail(smtp_banner, user="a:b", auth_plaintext=True)
    assert exchange.error
    assert (code(exchange), exchange.error.kind) == (7, "unsupported")


def test_tls_from_the_start(smtp_tls: Mail, ca: Authority) -> None:
    exchange = mail(smtp_tls, scheme="smtps", cacert=str(ca.root))
    assert code(exchange) == 0
    assert document(exchange)["timing"]["tls_ms"] > 0
    assert exchange.target.url == f"smtps://{smtp_tls.host}:{smtp_tls.port}"


# --- the bytes of the message


def test_dots_and_line_ends_arrive_as_they_are_meant(smtp: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"Subject: x\n\n.\n..x\n\n.end without newline"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    exchange = mail(smtp, data="@-")
    assert code(exchange) == 0
    assert smtp.taken()[0][0] == text.replace(b"\n", b"\r\n") + b"\r\n"
    assert b"\n" not in b"".join(sent(exchange)).replace(b"\r\n", b"")
    assert exchange.command is None


def test_attachments_and_other_scripts(smtp: Mail, tmp_path: Path) -> None:
    import email
    import email.policy

    (tmp_path / "notes.txt").write_bytes(b"some\x00bytes")
    exchange = mail(smtp, subject="Grüße", text="schön", html="<p>x</p>", attachments=(str(tmp_path / "notes.txt"),))
    assert code(exchange) == 0
    message = email.message_from_bytes(smtp.taken()[0][0], policy=email.policy.default)
    assert message["subject"] == "Grüße"
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_payload(decode=True)) == ("notes.txt", b"some\x00bytes")


def test_addresses_beyond_ascii_need_smtputf8(smtp: Mail, smtp_login: Mail) -> None:
    exchange = mail(smtp, sender="jö@x.test")
    assert code(exchange) == 0
    assert any(data.startswith("MAIL FROM:<jö@x.test>".encode()) and data.endswith(b" SMTPUTF8\r\n") for data in sent(exchange))
    refused = mail(smtp_login, sender="jö@x.test", user=f"{USER}:{PASSWORD}", auth_plaintext=True)
    assert refused.error
    assert (code(refused), refused.error.kind, refused.error.delivery) == (7, "unsupported", "not_sent")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"recipients": ("b@x.test>\r\nRCPT TO:<c@x.test",)}, "CR"),
        ({"recipients": ("b@x.test\nDATA",)}, "LF"),
        ({"sender": "a\0@x.test"}, "NUL"),
        ({"subject": "a\r\nBcc: z"}, "CR"),
        ({"headers": ("X: a\nBcc: z",)}, "LF"),
        ({"headers": ("X\r\nBcc: z",)}, "name"),
        ({"ehlo": "x\r\nMAIL"}, "EHLO"),
        ({"sender": None}, "sender"),
        ({"recipients": ()}, "recipient"),
        ({"data": "x", "text": "hi"}, "--text"),
        ({"user": "bob"}, "password"),
        ({"stop_after": "auth"}, "-u"),
        ({"mechanism": "plain"}, "nobody"),
        ({"starttls": "required", "tls": True}, "--starttls"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(options: dict[str, Any], names: str) -> None:
    given = {"sender": A, "recipients": (B,), **options}
    with pytest.raises(ExchangeError) as caught:
        send(SmtpRequest("127.0.0.1:1", **given))
    assert (caught.value.layer, names in f"{caught.value.message} {caught.value.hint}") == ("usage", True), caught.value.message


# --- groups of commands


def test_commands_go_together_where_the_server_takes_that(smtp_sink: Peer) -> None:
    to = (B, "c@x.test", "d@x.test")
    exchange = mail(smtp_sink, to=to)
    assert code(exchange) == 0
    expected = b"MAIL FROM:<a@x.test>\r\n" + b"".join(b"RCPT TO:<%b>\r\n" % each.encode() for each in to) + b"DATA\r\n"
    assert expected in sent(exchange)
    assert verbs(exchange) == ["connect", "EHLO", "MAIL", "RCPT", "RCPT", "RCPT", "DATA", "message", "QUIT"]
    assert exchange.request.data["pipelined"] is True
    one_by_one = mail(smtp_sink, to=to, no_pipelining=True)
    assert (len(sent(one_by_one)), one_by_one.request.data["pipelined"]) == (8, False)


def test_a_group_whose_recipients_are_all_refused(smtp_sink_refusing: Peer) -> None:
    exchange = mail(smtp_sink_refusing)
    assert exchange.response
    assert (code(exchange), exchange.response.status.code, data(exchange)["stage"]) == (1, 500, "rcpt")


def test_opensmtpd_refuses_one_of_two(opensmtpd: Peer) -> None:
    exchange = mail(opensmtpd, to=("root@ok.test", "b@x.test"))
    assert [recipient["code"] for recipient in data(exchange)["recipients"]] == [250, 550]
    assert (code(exchange), notes(exchange)) == (1, ["partial"])


# --- LMTP


def test_lmtp_answers_for_each_recipient(lmtp: Mail) -> None:
    exchange = mail(lmtp, to=(B, "full@x.test", GONE), scheme="lmtp")
    assert [recipient["code"] for recipient in data(exchange)["recipients"]] == [250, 452, 550]
    assert exchange.response
    assert (code(exchange), exchange.response.status.code, notes(exchange)) == (1, 550, ["partial"])
    assert sent(exchange)[0].startswith(b"LHLO ")
    assert verbs(exchange).count("message") == 2


def test_several_exchanges_each_have_a_connection_of_their_own(smtp: Mail) -> None:
    import rrcli

    with rrcli.Client() as client:
        found = [client.send(SmtpRequest(f"{smtp.host}:{smtp.port}", sender=A, recipients=(B,), text=str(at))) for at in range(3)]
    assert [code(exchange) for exchange in found] == [0, 0, 0]
    assert len(smtp.taken()) == 3
    assert os.listdir(smtp.folder)
