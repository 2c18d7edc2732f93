"""`rrcli doctor URL`: which layer it names, at which address, with which exit code, against real servers."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peers.base import free_port
from peers.ca import Authority
from peers.nginx import Nginx
from peers.redis_server import Redis
from peers.script import deaf, end, hear_end, responder, say, script
from peers.smtp import Mail

from rrcli.__main__ import main
from rrcli.cli import doctor as diagnosis

Doctor = Callable[..., tuple[int, str]]


@pytest.fixture
def doctor(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    """Run it; its exit code and what it printed."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str]:
        code = main(["doctor", *words])
        return code, capfdbinary.readouterr().out.decode()

    return run


def layers(report: str) -> dict[str, str]:
    """The mark of each layer."""
    names = ("resolve", "connect", "TLS", "protocol", "application")
    rows = [line.split() for line in report.splitlines()[1:]]
    return {row[1]: row[0] for row in rows if len(row) > 1 and row[1] in names}


def following(report: str) -> str:
    """The next step."""
    return " ".join(report.partition("  Next")[2].split())


WELL = {"resolve": "✔", "connect": "✔", "protocol": "✔", "application": "✔"}


def test_all_is_well(doctor: Doctor, nginx: Nginx) -> None:
    code, report = doctor(nginx.url("/status/200"))
    assert (code, layers(report)) == (0, WELL)
    assert report.splitlines()[0] == f"✔ all layers work  ·  {nginx.url('/status/200')}"
    assert following(report) == ""


def test_all_is_well_over_tls(doctor: Doctor, nginx: Nginx, ca: Authority) -> None:
    code, report = doctor("--cacert", str(ca.root), nginx.https())
    assert (code, layers(report)) == (0, {**WELL, "TLS": "✔"})
    assert "TLSv1.3, verified, " in report
    assert " days left" in report


@pytest.mark.parametrize(
    ("server", "code", "step"),
    [
        ("expired", 5, "Renew it on the server"),
        ("not_yet_valid", 5, "Check the clock here"),
        ("wrong_host", 5, "Use a name the certificate has"),
        ("missing_intermediate", 5, "The server sent"),
        ("client_required", 1, ""),
    ],
)
def test_certificates(doctor: Doctor, nginx: Nginx, ca: Authority, server: str, code: int, step: str) -> None:
    got, report = doctor("--cacert", str(ca.root), nginx.https(server=server))
    assert got == code
    assert following(report).startswith(step)
    if code == 5:
        assert layers(report) == {"resolve": "✔", "connect": "✔", "TLS": "✘", "protocol": "·", "application": "·"}
        assert report.startswith("✘ TLS fails")


def test_a_certificate_looked_past(doctor: Doctor, nginx: Nginx) -> None:
    code, report = doctor("-k", nginx.https(server="expired"))
    assert (code, layers(report)) == (0, {**WELL, "TLS": "✔"})
    assert "not verified" in report


def test_a_plain_port_with_https(doctor: Doctor, nginx: Nginx) -> None:
    code, report = doctor(f"https://{nginx.address}/")
    assert (code, layers(report)) == (5, {"resolve": "✔", "connect": "✔", "TLS": "✘", "protocol": "·", "application": "·"})
    assert "expected TLS, got HTTP/1.1 400 Bad Request" in report


def test_another_protocol(doctor: Doctor) -> None:
    with responder(script(say(b"-ERR unknown command 'GET'\r\n"), end, hear_end)) as peer:
        code, report = doctor(f"http://{peer.host}:{peer.port}/")
    assert (code, layers(report)) == (7, {"resolve": "✔", "connect": "✔", "protocol": "✘", "application": "·"})
    assert following(report) == f"rrcli redis://{peer.host}:{peer.port}/"


def test_a_status(doctor: Doctor, nginx: Nginx) -> None:
    code, report = doctor(nginx.url("/status/503"))
    assert (code, layers(report)) == (1, {**WELL, "application": "✘"})


def test_redis_is_pinged(doctor: Doctor, redis: Redis) -> None:
    assert doctor(redis.url())[0] == 0


def test_a_mail_server_is_asked_what_it_offers(doctor: Doctor, smtp: Mail, smtp_tls: Mail) -> None:
    code, report = doctor(f"smtp://{smtp.host}:{smtp.port}")
    assert (code, layers(report)) == (0, WELL)
    assert smtp.taken() == []
    code, report = doctor(f"smtps://{smtp_tls.host}:{smtp_tls.port}")
    assert (code, "not trusted" in report or "self" in report or "TLS" in report) == (5, True)


def test_a_mail_server_is_recognised(doctor: Doctor, smtp: Mail) -> None:
    code, report = doctor(f"redis://{smtp.host}:{smtp.port}")
    assert (code, following(report)) == (7, f"rrcli smtp://{smtp.host}:{smtp.port}/")


def test_a_password_is_wanted(doctor: Doctor, redis_acl: Redis) -> None:
    code, report = doctor(redis_acl.url())
    assert (code, layers(report)) == (1, {**WELL, "application": "✘"})
    assert "NOAUTH" in report
    code, report = doctor(redis_acl.url(userinfo="ann:wrong-password"))
    assert (code, "WRONGPASS" in report, "wrong-password" in report) == (1, True, False)
    assert doctor(redis_acl.url(userinfo="ann:open%20sesame"))[0] == 0


def test_a_place_alone_is_asked_over_http(doctor: Doctor, nginx: Nginx) -> None:
    port = nginx.address.rpartition(":")[2]
    code, report = doctor(f":{port}/status/200")
    assert (code, layers(report)["application"]) == (0, "✔")


def test_a_closed_port(doctor: Doctor) -> None:
    code, report = doctor(f"https://localhost:{free_port()}/")
    assert code == 4
    assert layers(report) == {"resolve": "✔", "connect": "✘", "TLS": "·", "protocol": "·", "application": "·"}


def test_a_black_hole(doctor: Doctor) -> None:
    with deaf() as peer:
        code, report = doctor("--connect-timeout", "200ms", f"http://{peer.host}:{peer.port}/")
    assert (code, layers(report)) == (6, {"resolve": "✔", "connect": "✘", "protocol": "·", "application": "·"})


def test_a_name_that_does_not_exist(doctor: Doctor) -> None:
    code, report = doctor("http://name.invalid/")
    assert code == 3
    assert layers(report) == {"resolve": "✘", "connect": "·", "protocol": "·", "application": "·"}


def test_silence_is_the_protocols(doctor: Doctor) -> None:
    with responder(hear_end) as peer:
        code, report = doctor("--timeout", "200ms", f"http://{peer.host}:{peer.port}/")
    assert (code, layers(report)) == (6, {"resolve": "✔", "connect": "✔", "protocol": "✘", "application": "·"})


def test_each_address_is_walked(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two works: the layer is doubtful, the failing address is named, and the exit code is its."""
    from rrcli.cli import doctor as module
    from rrcli.wire.resolve import Address

    answer = script(say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), end, hear_end)
    with responder(answer) as peer:
        found = [Address(family=2, sockaddr=(text, peer.port), text=text) for text in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(module, "addresses", lambda *_: found)
        code, report = doctor(f"http://two.test:{peer.port}/")
        again, printed = doctor("--json", f"http://two.test:{peer.port}/")
    assert code == again == 4
    assert layers(report) == {**WELL, "connect": "!"}
    assert f"127.0.0.2:{peer.port} connecting to 127.0.0.2:{peer.port}: connection refused" in " ".join(report.split())
    document = json.loads(printed)
    assert document["schema"] == "rrcli.set/1"
    assert [exchange["outcome"] for exchange in document["exchanges"]] == ["error", "ok"]


def test_dns(doctor: Doctor, bind) -> None:
    code, report = doctor(f"dns://{bind.address}/www.example.test")
    assert (code, layers(report)) == (0, WELL)
    code, report = doctor(f"dns://{bind.address}/nothing.example.test")
    assert (code, layers(report)) == (1, {**WELL, "application": "✘"})
    assert "NXDOMAIN" in report


@pytest.mark.parametrize("words", [(), ("a", "b"), ("example.com",), ("nope://x",), ("http://u:hunter2-pw@[",)])
def test_what_is_no_url(words: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", *words]) == 2
    assert "hunter2-pw" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("hosts", "says"),
    [
        ("127.0.0.1 other.test shop.test # ours\n", "/hosts, "),
        ("127.0.0.1 SHOP.test\n", "/hosts, "),
        ("127.0.0.2 shop.test\n", "the system's resolver"),
        ("127.0.0.1 myshop.test\n", "the system's resolver"),
        ("# 127.0.0.1 shop.test\n", "the system's resolver"),
    ],
)
def test_what_the_file_of_hosts_says_is_told_as_that(
    doctor: Doctor, nginx: Nginx, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hosts: str, says: str
) -> None:
    (tmp_path / "hosts").write_text(hosts)
    monkeypatch.setattr(diagnosis, "HOSTS", str(tmp_path / "hosts"))
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", nginx.port))]
    monkeypatch.setattr("rrcli.wire.resolve.getaddrinfo", lambda *_: found)
    code, report = doctor(f"http://shop.test:{nginx.port}/status/200")
    assert code == 0
    assert f"shop.test is 127.0.0.1 ({tmp_path if says[0] == '/' else ''}{says}" in " ".join(report.split())
