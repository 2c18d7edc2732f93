"""The catalogue, first part: what is said of each fault of `rrcli serve`.

A case has a protocol, a fault, more words of the command line, the failure that the exchange must have (exit code, layer, kind,
phase, delivery, retry) and a word of its message or hint, by which somebody who knows nothing of the fault would find it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from peers.verdict import Ask, check, serving

from rrcli.responders import grpc_files
from rrcli.responders.thrift import IDL

PROTO = str(Path(grpc_files.__file__).with_name("demo.proto"))

SERVED = [
    ("http", "silence", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "log"),
    ("http", "slow=1", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "log"),
    ("http", "delay-accept=1", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "log"),
    ("http", "drip=0.05", ("--deadline", "0.3"), "6 transport timeout receive unknown safe", "did not end"),
    ("http", "reset", (), "4 transport reset wait unknown safe", "log"),
    ("http", "reset=answer", (), "4 transport reset receive unknown safe", "log"),
    ("http", "close", (), "4 transport closed wait unknown safe", "log"),
    ("http", "close=connect", (), "4 transport closed wait unknown safe", "log"),
    ("http", "half-close", (), "4 transport closed wait unknown safe", "log"),
    ("http", "truncate", (), "7 protocol truncated receive unknown safe", "ended too early"),
    ("http", "bad-length", (), "7 protocol truncated receive unknown safe", "ended too early"),
    ("http", "garbage", (), "7 protocol wrong_protocol receive unknown useless", "rrcli tcp"),
    ("http", "wrong-protocol=ssh", (), "7 protocol wrong_protocol receive unknown useless", "SSH"),
    ("http", "wrong-protocol=smtp", (), "7 protocol wrong_protocol receive unknown useless", "SMTP"),
    ("http", "wrong-protocol=mysql", (), "7 protocol wrong_protocol receive unknown useless", "MySQL"),
    ("http", "wrong-protocol=redis", (), "7 protocol wrong_protocol receive unknown useless", "rrcli redis://"),
    ("http", "wrong-protocol=tls", (), "7 protocol wrong_protocol receive unknown useless", "speaks TLS"),
    ("http", "flood=fields", (), "7 protocol too_large receive unknown useless", "limit"),
    ("http", "flood=line", (), "7 protocol too_large receive unknown useless", "limit"),
    ("http", "flood=interim", (), "7 protocol too_large receive unknown useless", "limit"),
    ("http", "flood=trailers", (), "7 protocol too_large receive unknown useless", "limit"),
    ("http", "redirect-loop", ("-L",), "7 protocol too_many_redirects receive answered useless", "circle"),
    ("http", "503-then-ok", (), "1 application bad_status - answered safe", "Retry-After"),
    ("http", "bad-cert=expired", (), "5 tls certificate_expired tls not_sent useless", "renew"),
    ("http", "bad-cert=not-yet-valid", (), "5 tls certificate_not_yet_valid tls not_sent useless", "clock"),
    ("http", "bad-cert=wrong-host", (), "5 tls certificate_hostname tls not_sent useless", "other.test"),
    ("http", "bad-cert=self-signed", (), "5 tls certificate_untrusted tls not_sent useless", "--cacert"),
    ("http", "bad-cert=untrusted", (), "5 tls certificate_untrusted tls not_sent useless", "--cacert"),
    ("http", "slow-tls=1", ("--timeout", "0.2"), "6 transport timeout tls not_sent safe", "does not speak TLS"),
    ("http", "old-tls", (), "5 tls handshake_failed tls not_sent useless", "TLS version"),
    ("http", "client-cert", (), "5 tls client_certificate_required wait not_sent useless", "--cert FILE"),
    ("redis", "silence", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "log"),
    ("redis", "slow=1", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "log"),
    ("redis", "drip=0.1", ("--deadline", "0.3"), "6 transport timeout receive unknown safe", "did not end"),
    ("redis", "reset", (), "4 transport reset wait unknown safe", "log"),
    ("redis", "reset=answer", (), "4 transport reset receive unknown safe", "log"),
    ("redis", "close", (), "4 transport closed wait unknown safe", "log"),
    ("redis", "close=connect", (), "4 transport closed wait unknown safe", "log"),
    ("redis", "half-close", (), "4 transport closed wait unknown safe", "log"),
    ("redis", "truncate", (), "7 protocol truncated receive unknown safe", "ended too early"),
    ("redis", "bad-length=long", (), "7 protocol truncated receive unknown safe", "ended too early"),
    ("redis", "bad-length=short", (), "7 protocol malformed receive unknown useless", "--wire"),
    ("redis", "garbage", (), "7 protocol wrong_protocol receive unknown useless", "rrcli tcp"),
    ("redis", "wrong-protocol=ssh", (), "7 protocol wrong_protocol receive unknown useless", "SSH"),
    ("redis", "wrong-protocol=smtp", (), "7 protocol wrong_protocol receive unknown useless", "SMTP"),
    ("redis", "wrong-protocol=mysql", (), "7 protocol wrong_protocol receive unknown useless", "MySQL"),
    ("redis", "wrong-protocol=http", (), "7 protocol wrong_protocol receive unknown useless", "rrcli http://"),
    ("redis", "wrong-protocol=tls", (), "7 protocol wrong_protocol receive unknown useless", "speaks TLS"),
    ("redis", "flood=array", ("--max-size", "1MiB"), "7 protocol too_large receive unknown useless", "limit"),
    ("redis", "flood=nested", (), "7 protocol too_large receive unknown useless", "limit"),
    ("redis", "flood=line", ("--max-size", "1MiB"), "7 protocol too_large receive unknown useless", "limit"),
    ("redis", "503-then-ok", (), "1 application bad_status - answered safe", "LOADING"),
    ("redis", "bad-cert=expired", (), "5 tls certificate_expired tls not_sent useless", "renew"),
    ("redis", "bad-cert=wrong-host", (), "5 tls certificate_hostname tls not_sent useless", "other.test"),
    ("redis", "bad-cert=self-signed", (), "5 tls certificate_untrusted tls not_sent useless", "--cacert"),
    ("redis", "slow-tls=1", ("--timeout", "0.2"), "6 transport timeout tls not_sent safe", "does not speak TLS"),
    ("redis", "old-tls", (), "5 tls handshake_failed tls not_sent useless", "TLS version"),
    ("redis", "client-cert", (), "5 tls client_certificate_required wait not_sent useless", "--cert FILE"),
    ("grpc", "silence", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "log"),
    ("grpc", "slow=1", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "log"),
    ("grpc", "drip=0.1", ("--deadline", "0.6"), "6 transport timeout wait unknown safe", "allow more"),
    ("grpc", "reset", (), "4 transport reset wait unknown safe", "log"),
    ("grpc", "close", (), "4 transport closed wait unknown safe", "log"),
    ("grpc", "half-close", (), "4 transport closed wait unknown safe", "TLS"),
    ("grpc", "truncate", (), "4 transport closed wait unknown safe", "log"),
    ("grpc", "bad-length=long", (), "7 protocol truncated receive unknown safe", "ended too early"),
    ("grpc", "bad-length=short", (), "7 protocol malformed receive unknown useless", "--wire"),
    ("grpc", "garbage", (), "7 protocol wrong_protocol wait unknown useless", "rrcli tcp"),
    ("grpc", "wrong-protocol=ssh", (), "7 protocol wrong_protocol wait unknown useless", "SSH"),
    ("grpc", "wrong-protocol=smtp", (), "7 protocol wrong_protocol wait unknown useless", "SMTP"),
    ("grpc", "wrong-protocol=http", (), "7 protocol wrong_protocol wait unknown useless", "HTTP/1"),
    ("grpc", "wrong-protocol=redis", (), "7 protocol wrong_protocol wait unknown useless", "Redis"),
    ("grpc", "wrong-protocol=tls", (), "7 protocol wrong_protocol wait unknown useless", "speaks TLS"),
    ("grpc", "flood", (), "7 protocol too_large wait unknown useless", "limit"),
    ("grpc", "flood=pings", (), "7 protocol too_large wait unknown useless", "limit"),
    ("grpc", "flood=fields", (), "7 protocol too_large wait unknown useless", "limit"),
    ("grpc", "flood=interim", (), "7 protocol too_large wait unknown useless", "limit"),
    ("grpc", "bad-call=no-trailers", (), "7 protocol truncated receive unknown safe", "grpc-status"),
    ("grpc", "bad-call=status", (), "1 application bad_status - answered useless", "grpc-status"),
    ("grpc", "bad-call=page", (), "1 application bad_status - answered safe", "502"),
    ("grpc", "bad-call=reset", (), "4 transport reset wait unknown safe", "INTERNAL_ERROR"),
    ("grpc", "bad-call=refused", (), "4 transport refused wait not_sent safe", "REFUSED_STREAM"),
    ("grpc", "bad-call=goaway", (), "4 transport refused wait not_sent safe", "GOAWAY"),
    ("grpc", "bad-call=flag", (), "7 protocol malformed receive unknown useless", "flag 7"),
    ("grpc", "bad-call=gzip", (), "7 protocol malformed receive unknown useless", "gzip"),
    ("grpc", "bad-call=bomb", (), "7 protocol too_large receive unknown useless", "--max-size"),
    ("grpc", "503-then-ok", (), "1 application bad_status - answered safe", "not now"),
    ("grpc", "bad-cert=expired", (), "5 tls certificate_expired tls not_sent useless", "renew"),
    ("grpc", "bad-cert=self-signed", (), "5 tls certificate_untrusted tls not_sent useless", "--cacert"),
    ("grpc", "slow-tls=1", ("--timeout", "0.2"), "6 transport timeout tls not_sent safe", "does not speak TLS"),
    ("grpc", "old-tls", (), "5 tls handshake_failed tls not_sent useless", "TLS version"),
    ("grpc", "client-cert", (), "5 tls client_certificate_required wait not_sent useless", "--cert FILE"),
    ("nats", "silence", ("--timeout", "0.2"), "6 transport timeout handshake not_sent safe", "--tls-first"),
    ("nats", "slow=1", ("--timeout", "0.2"), "6 transport timeout handshake not_sent safe", "speaks first"),
    ("nats", "drip=0.1", ("--deadline", "0.3"), "6 transport timeout handshake not_sent safe", "overloaded"),
    ("nats", "reset", (), "4 transport reset handshake not_sent safe", "before INFO"),
    ("nats", "close", (), "4 transport closed handshake not_sent safe", "before INFO"),
    ("nats", "half-close", (), "4 transport closed handshake not_sent safe", "before INFO"),
    ("nats", "truncate", (), "7 protocol truncated handshake not_sent safe", "ended too early"),
    ("nats", "bad-length=long", ("--timeout", "0.5"), "6 transport timeout receive unknown unsafe", "did not end"),
    ("nats", "bad-length=short", (), "7 protocol malformed receive unknown useless", "--wire"),
    ("nats", "garbage", (), "7 protocol wrong_protocol handshake not_sent useless", "rrcli tcp"),
    ("nats", "wrong-protocol=ssh", (), "7 protocol wrong_protocol handshake not_sent useless", "SSH"),
    ("nats", "wrong-protocol=smtp", (), "7 protocol wrong_protocol handshake not_sent useless", "SMTP"),
    ("nats", "wrong-protocol=http", (), "7 protocol wrong_protocol handshake not_sent useless", "rrcli http://"),
    ("nats", "wrong-protocol=tls", (), "7 protocol wrong_protocol handshake not_sent useless", "speaks TLS"),
    ("nats", "flood", (), "7 protocol too_large handshake not_sent useless", "limit"),
    ("nats", "flood=line", (), "7 protocol too_large handshake not_sent useless", "limit"),
    ("nats", "503-then-ok", (), "1 application bad_status - answered safe", "No Responders"),
    ("nats", "bad-cert=expired", (), "5 tls certificate_expired tls not_sent useless", "renew"),
    ("nats", "bad-cert=self-signed", (), "5 tls certificate_untrusted tls not_sent useless", "--cacert"),
    ("nats", "slow-tls=1", ("--timeout", "0.2"), "6 transport timeout tls not_sent safe", "does not speak TLS"),
    ("nats", "client-cert", (), "5 tls client_certificate_required handshake not_sent useless", "--cert FILE"),
    ("dns", "silence", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "firewall"),
    ("dns", "slow=1", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "firewall"),
    ("dns", "truncate", ("--timeout", "0.5"), "7 protocol malformed wait unknown useless", "the only answer is broken"),
    ("dns", "bad-length=long", ("--timeout", "0.5"), "7 protocol malformed wait unknown useless", "the only answer is broken"),
    ("dns", "bad-length=short", ("--timeout", "0.5"), "7 protocol malformed wait unknown useless", "the only answer is broken"),
    ("dns", "garbage", ("--timeout", "0.5"), "6 transport timeout wait unknown safe", "another service"),
    ("dns", "wrong-protocol=http", ("--timeout", "0.5"), "6 transport timeout wait unknown safe", "another service"),
    ("dns", "flood", ("--timeout", "0.5"), "6 transport timeout wait unknown safe", "another service"),
    ("dns", "503-then-ok", (), "1 application bad_status - answered safe", "SERVFAIL"),
    ("dnstcp", "silence", ("--timeout", "0.2"), "6 transport timeout wait unknown safe", "log"),
    ("dnstcp", "reset", (), "4 transport reset wait unknown safe", "log"),
    ("dnstcp", "close", (), "4 transport closed wait unknown safe", "log"),
    ("dnstcp", "half-close", (), "4 transport closed wait unknown safe", "log"),
    ("dnstcp", "truncate", (), "7 protocol truncated receive unknown safe", "ended too early"),
    ("dnstcp", "bad-length=long", (), "7 protocol malformed receive unknown useless", "--wire"),
    ("dnstcp", "drip=0.05", ("--deadline", "0.3"), "6 transport timeout receive unknown safe", "did not end"),
    ("dnstcp", "garbage", (), "7 protocol malformed receive unknown useless", "--wire"),
    ("dnstcp", "wrong-protocol=http", (), "7 protocol wrong_protocol receive unknown useless", "rrcli http://"),
    ("dnstcp", "wrong-protocol=ssh", (), "7 protocol wrong_protocol receive unknown useless", "SSH"),
    ("dnstcp", "flood", ("--timeout", "0.5"), "7 protocol malformed receive unknown useless", "--wire"),
    ("smtp", "silence", ("--timeout", "0.2"), "6 transport timeout handshake not_sent safe", "speaks first"),
    ("smtp", "slow=1", ("--timeout", "0.2"), "6 transport timeout handshake not_sent safe", "speaks first"),
    ("smtp", "drip=0.05", ("--deadline", "0.3"), "6 transport timeout handshake not_sent safe", "does not speak this protocol"),
    ("smtp", "reset", (), "4 transport reset handshake not_sent safe", "log"),
    ("smtp", "close", (), "4 transport closed handshake not_sent safe", "log"),
    ("smtp", "half-close", (), "4 transport closed handshake not_sent safe", "log"),
    ("smtp", "truncate", (), "7 protocol truncated handshake not_sent safe", "ended too early"),
    ("smtp", "garbage", (), "7 protocol wrong_protocol handshake not_sent useless", "rrcli tcp"),
    ("smtp", "wrong-protocol=ssh", (), "7 protocol wrong_protocol handshake not_sent useless", "SSH"),
    ("smtp", "wrong-protocol=http", (), "7 protocol wrong_protocol handshake not_sent useless", "rrcli http://"),
    ("smtp", "wrong-protocol=redis", (), "7 protocol wrong_protocol handshake not_sent useless", "rrcli redis://"),
    ("smtp", "flood=line", (), "7 protocol too_large handshake not_sent useless", "limit"),
    ("smtp", "flood=lines", (), "7 protocol too_large handshake not_sent useless", "limit"),
    ("smtp", "503-then-ok", (), "1 application bad_status - not_sent safe", "421"),
    ("smtp", "bad-cert=expired", (), "5 tls certificate_expired tls not_sent useless", "renew"),
    ("smtp", "slow-tls=1", ("--timeout", "0.2"), "6 transport timeout tls not_sent safe", "does not speak TLS"),
    ("smtp", "starttls=inject", ("--starttls",), "7 protocol malformed handshake not_sent useless", "CVE-2011-0411"),
    ("smtp", "starttls=strip", ("--starttls",), "5 tls unsupported handshake not_sent useless", "taken away"),
    ("smtp", "starttls=refuse", ("--starttls",), "5 tls unsupported handshake not_sent useless", "454"),
    ("tcp", "silence", ("--timeout", "0.2"), "6 transport timeout wait unknown unsafe", "log"),
    ("tcp", "reset", (), "4 transport reset wait unknown unsafe", "log"),
    ("tcp", "reset=answer", (), "4 transport reset receive unknown unsafe", "log"),
    ("tcp", "close", (), "4 transport closed wait unknown unsafe", "log"),
    ("tcp", "truncate", (), "7 protocol truncated receive unknown unsafe", "ended too early"),
    ("tcp", "flood", ("--read-lines", "1", "--max-size", "1MiB"), "6 transport timeout receive unknown unsafe", "did not end"),
    ("tcptls", "bad-cert=expired", (), "5 tls certificate_expired tls not_sent useless", "renew"),
    ("tcptls", "bad-cert=untrusted", (), "5 tls certificate_untrusted tls not_sent useless", "--cacert"),
    ("tcptls", "slow-tls=1", ("--timeout", "0.2"), "6 transport timeout tls not_sent safe", "does not speak TLS"),
    ("tcptls", "client-cert", (), "5 tls client_certificate_required wait not_sent useless", "--cert FILE"),
    ("tcptls", "silence", ("--timeout", "0.2"), "6 transport timeout tls not_sent safe", "does not speak TLS"),
    ("tcptls", "wrong-protocol=ssh", (), "5 tls wrong_protocol tls not_sent useless", "SSH"),
    ("thrift", "silence", ("--timeout", "0.2"), "6 transport timeout wait unknown unsafe", "--transport auto"),
    ("thrift", "slow=1", ("--timeout", "0.2"), "6 transport timeout wait unknown unsafe", "may take longer"),
    ("thrift", "drip=0.1", ("--deadline", "0.3"), "6 transport timeout receive unknown unsafe", "did not end"),
    ("thrift", "reset", (), "4 transport reset wait unknown unsafe", "--transport auto"),
    ("thrift", "reset=answer", (), "4 transport reset receive unknown unsafe", "log"),
    ("thrift", "close", (), "4 transport closed wait unknown unsafe", "--multiplexed"),
    ("thrift", "half-close", (), "4 transport closed wait unknown unsafe", "--transport auto"),
    ("thrift", "truncate", (), "7 protocol truncated receive unknown unsafe", "ended too early"),
    ("thrift", "garbage", (), "7 protocol malformed receive unknown useless", "--wire"),
    ("thrift", "wrong-protocol=http", (), "7 protocol wrong_protocol receive unknown useless", "rrcli http://"),
    ("thrift", "wrong-protocol=redis", (), "7 protocol wrong_protocol receive unknown useless", "rrcli redis://"),
    ("thrift", "wrong-protocol=tls", (), "7 protocol wrong_protocol receive unknown useless", "speaks TLS"),
    ("thrift", "flood", ("--max-size", "64KiB"), "7 protocol too_large receive unknown useless", "limit"),
    ("thrifttls", "bad-cert=expired", (), "5 tls certificate_expired tls not_sent useless", "renew"),
    ("thrifttls", "client-cert", (), "5 tls client_certificate_required wait not_sent useless", "--cert FILE"),
    ("tls", "bad-cert=expired", (), "5 tls certificate_expired tls not_sent useless", "renew"),
    ("tls", "bad-cert=not-yet-valid", (), "5 tls certificate_not_yet_valid tls not_sent useless", "clock"),
    ("tls", "bad-cert=self-signed", (), "5 tls certificate_untrusted tls not_sent useless", "--cacert"),
    ("tls", "old-tls", (), "5 tls handshake_failed tls not_sent useless", "TLS version"),
    ("tls", "close=connect", (), "5 tls handshake_failed tls not_sent useless", "--sni"),
    ("tls", "silence", ("--timeout", "0.2"), "6 transport timeout tls not_sent safe", "does not speak TLS"),
]


def words_for(protocol: str, served: Any, root: str) -> tuple[str, ...]:
    """The command that asks a served responder for something ordinary."""
    trust = ("--cacert", root) if root else ()
    if protocol == "http":
        return ("http", *trust, f"{served.url}/json")
    if protocol == "redis":
        return ("redis", *trust, served.url, "PING")
    if protocol == "grpc":
        return ("grpc", *trust, "--proto", PROTO, served.url, "rrcli.v1.Demo/Echo", "text=hi")
    if protocol == "smtp":
        return ("smtp", *trust, served.url, "--from", "a@x.test", "--to", "b@x.test", "--text", "hi")
    if protocol == "nats":
        return ("nats", *trust, *(("--tls-first",) if root else ()), served.url, "rrcli.echo", "hi")
    if protocol == "dns":
        return ("dns", "www.rrcli.test", "A", f"@{served.address}")
    if protocol == "dnstcp":
        return ("dns", "www.rrcli.test", "A", f"@tcp://{served.address}")
    if protocol == "tls":
        return ("tls", *trust, served.address)
    if protocol in ("thrift", "thrifttls"):
        return ("thrift", *trust, *(("--tls",) if protocol == "thrifttls" else ()), served.address, IDL, "ping")
    secure = ("--tls",) if protocol == "tcptls" else ()
    return ("tcp", *trust, *secure, "--send", "hello\\n", "--read-lines", "1", served.address)


RESPONDER_OF = {"dnstcp": "dns", "tcptls": "tcp", "thrifttls": "thrift", "tls": "tcp"}


@pytest.mark.parametrize(("protocol", "fault", "more", "line", "names"), SERVED, ids=[f"{case[0]}-{case[1]}" for case in SERVED])
def test_served(ask: Ask, protocol: str, fault: str, more: tuple[str, ...], line: str, names: str) -> None:
    with serving(RESPONDER_OF.get(protocol, protocol), fault) as (served, root):
        command, *words = words_for(protocol, served, root)
        verdict = ask(command, *more, *words)
    check(verdict, line, *names.split("|"))


# --- not failures, but notes


def test_a_clock_that_is_wrong(ask: Ask) -> None:
    with serving("http", "wrong-date") as (served, _):
        verdict = ask("http", f"{served.url}/json")
    assert (verdict.line, verdict.notes) == ("0 - - - - -", ["clock-skew"])


def test_json_that_is_none(ask: Ask) -> None:
    with serving("http", "bad-json") as (served, _):
        verdict = ask("http", f"{served.url}/json")
    assert (verdict.line, verdict.value["response"]["body"]["json"]) == ("0 - - - - -", None)


def test_a_forged_datagram(ask: Ask) -> None:
    with serving("dns", "spoof") as (served, _):
        verdict = ask("dns", "www.rrcli.test", f"@{served.address}")
    assert (verdict.line, verdict.notes) == ("0 - - - - -", ["spoofed"])


def test_a_bomb_is_kept_in_bounds(ask: Ask) -> None:
    with serving("http", "gzip-bomb=64") as (served, _):
        verdict = ask("http", "--max-size", "1MiB", "--compressed", served.url)
    body = verdict.value["response"]["body"]
    assert (verdict.code, body["size"], body["truncated"]) == (0, 64 << 20, True)


def test_the_end_of_patience_pays_off(ask: Ask) -> None:
    with serving("http", "503-then-ok=1", "slow=0.01") as (served, _):
        verdict = ask("http", "--retry", "2", f"{served.url}/json")
    assert (verdict.line, [earlier["why"] for earlier in verdict.value["history"]]) == ("0 - - - - -", ["retry"])
