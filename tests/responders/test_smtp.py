"""The SMTP responder, met by smtplib, swaks and msmtp."""

from __future__ import annotations

import smtplib
import ssl
import subprocess
from collections.abc import Iterator

import pytest
from peers.base import need

from rrcli.adapters.smtp.request import SmtpRequest
from rrcli.adapters.smtp.swaks import as_command
from rrcli.engine.send import send
from rrcli.responders.smtp import PASSWORD, SIZE, USER, SmtpResponder

A, B = "a@x.test", "b@x.test"
MESSAGE = "Subject: x\r\n\r\n.\r\nhi\r\n"


@pytest.fixture
def mailer() -> Iterator[SmtpResponder]:
    with SmtpResponder() as responder:
        yield responder


@pytest.fixture
def client(mailer: SmtpResponder) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(mailer.host, mailer.port, timeout=5) as client:
        yield client


def test_smtplib_hands_a_message_over(client: smtplib.SMTP) -> None:
    assert client.sendmail(A, [B, "gone@x.test"], MESSAGE) == {"gone@x.test": (550, b"5.1.1 no such mailbox")}
    assert client.sendmail(A, [B], MESSAGE) == {}
    assert client.docmd("MAIL FROM:<blocked@x.test>") == (550, b"5.7.1 this sender is blocked")
    with pytest.raises(smtplib.SMTPDataError) as caught:
        client.sendmail(A, [B], "X-Reject: yes\r\n\r\nhi\r\n")
    assert caught.value.smtp_code == 554


def test_what_is_too_large_is_refused_when_announced_and_when_it_comes(client: smtplib.SMTP) -> None:
    client.ehlo()
    assert client.mail(A, [f"size={SIZE + 1}"])[0] == 552
    client.mail(A)
    client.rcpt(B)
    assert client.data(b"x" * 998 + b"\r\n" + (b"y" * 998 + b"\r\n") * (SIZE // 1000 + 1))[0] == 552


def test_commands_have_an_order(client: smtplib.SMTP) -> None:
    client.ehlo()
    assert [client.docmd(line)[0] for line in ("RCPT TO:<b@x.test>", "DATA", "MAIL a", "NONSENSE", "EHLO", "NOOP", "VRFY b")] == [
        503, 503, 501, 500, 501, 250, 252,
    ]  # fmt: skip


def test_tls_begins_and_the_login_is_behind_it(mailer: SmtpResponder, client: smtplib.SMTP) -> None:
    context = ssl.create_default_context(cafile=str(mailer.tls().root))
    assert client.starttls(context=context)[0] == 220
    client.ehlo()
    assert not client.has_extn("starttls")
    assert client.login(USER, PASSWORD)[0] == 235


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_each_mechanism_knows_one_password(client: smtplib.SMTP, mechanism: str) -> None:
    client.ehlo()
    client.user, client.password = USER, "wrong"
    authenticate = getattr(client, f"auth_{mechanism.lower().replace('-', '_')}")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        client.auth(mechanism, authenticate)
    client.password = PASSWORD
    assert client.auth(mechanism, authenticate)[0] == 235


def test_lmtp_answers_for_each(mailer: SmtpResponder) -> None:
    with smtplib.LMTP(mailer.host, mailer.port) as client:
        client.ehlo()
        client.mail(A)
        client.rcpt(B)
        client.rcpt("full@x.test")
        assert client.data(MESSAGE.encode()) == (250, b"2.0.0 ok: queued as 1")
        assert client.getreply() == (452, b"4.2.2 mailbox full")


def swaks(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([need("swaks"), *words], capture_output=True, text=True, check=False, timeout=20)


def test_swaks_hands_a_message_over(mailer: SmtpResponder) -> None:
    where = ["--server", mailer.host, "--port", str(mailer.port), "--from", A]
    assert swaks(*where, "--to", B, "--pipeline").returncode == 0
    assert swaks(*where, "--to", "gone@x.test").returncode == 24
    assert swaks(*where, "--to", B, "--protocol", "LMTP").returncode == 0
    login = ["--auth", "LOGIN", "--auth-user", USER, "--auth-password", PASSWORD]
    done = swaks(*where, "--to", B, "--tls", *login)
    assert done.returncode == 0, done.stdout + done.stderr


def msmtp(*words: str) -> int:
    command = [need("msmtp"), "--file=/dev/null", "--timeout=10", *words]
    return subprocess.run(command, input=MESSAGE.replace("\r", ""), text=True, check=False, timeout=20, capture_output=True).returncode


def test_msmtp_hands_a_message_over(mailer: SmtpResponder) -> None:
    where = [f"--host={mailer.host}", f"--port={mailer.port}", f"--from={A}", "--auth=off", "--tls=off"]
    assert msmtp(*where, B) == 0
    assert msmtp(*where, "--protocol=lmtp", B) == 0
    assert msmtp(*where, "gone@x.test") == 65  # EX_DATAERR
    assert msmtp(f"--host={mailer.host}", f"--port={mailer.port}", "--from=blocked@x.test", B) == 65


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "xoauth2"])
def test_msmtp_logs_in_behind_starttls(mailer: SmtpResponder, mechanism: str) -> None:
    where = ["--host=localhost", f"--port={mailer.port}", f"--from={A}", "--tls=on", f"--tls-trust-file={mailer.tls().root}"]
    login = [f"--auth={mechanism}", f"--user={USER}"]
    assert msmtp(*where, *login, f"--passwordeval=echo {PASSWORD}", B) == 0
    assert msmtp(*where, *login, "--passwordeval=echo wrong", B) == 77  # EX_NOPERM


@pytest.mark.parametrize(
    "options",
    [
        {"text": "it's a 'text' with % and \\n in it\n\n.dot"},
        {"text": "hi", "lmtp": True},
        {"text": "hi", "user": f"{USER}:{PASSWORD}", "auth_plaintext": True, "mechanism": "login"},
        {"text": "hi", "user": f"{USER}:{PASSWORD}", "starttls": "required", "insecure": True},
        {"stop_after": "ehlo"},
        {"stop_after": "rcpt"},
    ],
)
def test_our_command_line_for_swaks_does_the_same(mailer: SmtpResponder, options: dict[str, object]) -> None:
    request = SmtpRequest(f"{mailer.host}:{mailer.port}", sender=A, recipients=(B, "c@x.test"), **options)
    exchange = send(request)
    assert exchange.error is None, exchange.error
    line = as_command(exchange, request)
    assert PASSWORD not in line.replace("--auth-password", "")
    need("swaks")
    environ = {"PATH": "/usr/bin:/bin:/usr/local/bin", "SMTP_PASSWORD": PASSWORD}
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=20, env=environ)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
