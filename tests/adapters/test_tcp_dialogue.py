"""Conversations of `rrcli tcp`: sends and awaits in order, captures, length prefixes, several ports, the PROXY header."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.base import Peer, free_port, running
from peers.ca import Authority
from peers.script import end, hear, hear_end, over_tls, responder, say, script

import rrcli
from rrcli.adapters.tcp.hooks import HOOKS
from rrcli.adapters.tcp.steps import each_port, step
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import loads
from rrcli.codec.boundary import AfterFrame, prefixed
from rrcli.codec.proxyprotocol import header
from rrcli.engine.fanout import every_address, send_all
from rrcli.model.values import Exchange
from rrcli.options.steps import filled, names


def talk(peer: Any, *steps: tuple[str, str], **options: Any) -> Exchange:
    parsed = tuple(step(flag, text) for flag, text in steps)
    return rrcli.send(rrcli.TcpRequest(f"{peer.host}:{peer.port}", steps=parsed, **{"timeout": 5.0, **options}))


def content(exchange: Exchange) -> bytes:
    assert exchange.error is None, exchange.error
    assert exchange.response
    return exchange.response.body.data if exchange.response.body else b""


def error(exchange: Exchange) -> tuple[str, str, str | None, str]:
    assert exchange.error
    return exchange.error.layer, exchange.error.kind, exchange.error.phase, exchange.error.message


def usage_of(**options: Any) -> str:
    with pytest.raises(ExchangeError) as caught:
        rrcli.send(rrcli.TcpRequest("127.0.0.1:7", **options))
    assert caught.value.layer == "usage"
    return caught.value.message


# --- awaits and captures ----------------------------------------------------------------------------------


def test_steps_are_taken_in_the_order_given(smtp_banner: Peer) -> None:
    exchange = talk(
        smtp_banner,
        ("--await", "/^220 (?P<name>[^ ]+).*\\n/"), ("--send", "EHLO {{name}}\\r\\n"), ("--await", "/^250 .*\\n/"),
        ("--send", "QUIT\\r\\n"), ("--await", "221 Bye\\r\\n"),
    )  # fmt: skip
    answer = exchange.response
    assert answer
    lines = content(exchange).split(b"\r\n")
    assert (lines[0], lines[-2:]) == (b"220 mail.example.test ESMTP peer", [b"221 Bye", b""])
    assert answer.framing == "read-until"
    assert answer.data == {"banner": "220 mail.example.test ESMTP peer"}
    assert exchange.request.body
    assert exchange.request.body.data == b"EHLO mail.example.test\r\nQUIT\r\n"


def test_an_await_ends_with_its_match_and_leaves_the_rest() -> None:
    with responder(script(say(b"one two three"), hear(b"!"), say(b" four"), hear_end)) as peer:
        exchange = talk(peer, ("--await", "one"), ("--await", "/t(?P<x>[a-z]+) t/"), ("--send", "{{x}}!"), read_bytes=len("hree four"))
    assert content(exchange) == b"one two three four"
    assert exchange.request.body
    assert exchange.request.body.data == b"wo!"


def test_an_answer_that_goes_on_after_the_last_await_is_noted() -> None:
    with responder(script(say(b"ready\nand more"), hear_end)) as peer:
        exchange = talk(peer, ("--await", "ready\\n"))
    assert content(exchange) == b"ready\n"
    assert [note.code for note in exchange.notes] == ["bytes-after-end"]


def test_after_a_last_send_the_answer_ends_as_asked() -> None:
    with responder(script(say(b"hi\n"), hear(b"x"), say(b"a\nb\n"), hear_end)) as peer:
        exchange = talk(peer, ("--await", "hi\\n"), ("--send", "x"), read_lines=2)
    assert (content(exchange), exchange.response and exchange.response.framing) == (b"hi\na\nb\n", "read-lines")


def test_what_is_captured_is_sent_as_it_came_and_not_read_again() -> None:
    heard: list[bytes] = []
    with responder(script(say(b"<\xff{{x}}>"), hear(b"$", into=heard), say(b"."), hear_end)) as peer:
        talk(peer, ("--await", "/<(?P<x>.*)>/"), ("--send", "{{x}}-{{x}}$"), read_bytes=1)
    assert heard == [b"\xff{{x}}-\xff{{x}}$"]


def test_braces_are_text_where_nothing_is_captured() -> None:
    heard: list[bytes] = []
    with responder(script(hear(b"$", into=heard), say(b"."), hear_end)) as peer:
        talk(peer, ("--send", "{{x}}$"), read_bytes=1)
    assert heard == [b"{{x}}$"]


def test_a_step_that_never_matches_is_named_by_the_timeout() -> None:
    with responder(script(say(b"hello"), hear_end)) as peer:
        exchange = talk(peer, ("--send", "x"), ("--await", "bye\\n"), timeout=0.1)
    assert error(exchange) == (
        "transport", "timeout", "receive",
        "receiving the answer: the time limit passed (--timeout 100ms) in step 2, --await 'bye\\n', after 5 bytes",
    )  # fmt: skip
    assert exchange.response
    assert exchange.response.body
    assert exchange.response.body.data == b"hello"


def test_a_peer_that_closes_within_a_step() -> None:
    with responder(script(say(b"hello"), end, hear_end)) as peer:
        assert error(talk(peer, ("--await", "hel"), ("--await", "/b+ye/"))) == (
            "protocol", "truncated", "receive", "the peer closed in step 2, --await /b+ye/, after 2 bytes",
        )  # fmt: skip
    with responder(script(end, hear_end)) as peer:
        assert error(talk(peer, ("--await", "x")))[1:] == ("closed", "wait", "the peer closed in step 1, --await 'x', after 0 bytes")


def test_half_close_comes_after_the_last_send() -> None:
    with responder(script(say(b"a"), hear(b"x"), hear_end, say(b"b"))) as peer:
        assert content(talk(peer, ("--await", "a"), ("--send", "x"), ("--await", "b"), half_close=True)) == b"ab"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": (step("--await", "/(?P<a>x)/"), step("--send", "{{b}}"))}, "--send uses {{b}}, which no earlier --await captures"),
        ({"steps": (step("--send", "{{a}}"), step("--await", "/(?P<a>x)/"))}, "--send uses {{a}}, which no earlier --await captures"),
        ({"steps": (step("--await", "x"),), "udp": True}, "--await is for a connection, --udp has none"),
        ({"steps": (step("--await", "x"),), "connect_only": True}, "--connect-only sends nothing"),
        ({"steps": (step("--await", "x"),), "length_prefix": "u8"}, "--length-prefix frames messages, --await looks for text"),
        ({"steps": (step("--starttls", "smtp"),), "tls": True}, "--starttls changes to TLS, which is there already"),
        ({"steps": (step("--send", "x" * 256),), "length_prefix": "u8"}, "a message of 256 bytes is too long for a length of u8"),
        ({"proxy_source": ("192.0.2.1", 1)}, "--proxy-source is a part of the PROXY header"),
        ({"proxy_protocol": "v1", "udp": True}, "--proxy-protocol is for a connection, --udp has none"),
        ({"read_bytes": 0, "length_prefix": "u8"}, "--read-bytes and --length-prefix exclude each other"),
    ],
)  # fmt: skip
def test_contradictions(options: dict[str, Any], message: str) -> None:
    assert usage_of(**options) == message


@given(st.binary(), st.dictionaries(st.text("abc", min_size=1), st.binary()))
def test_filling_keeps_all_else(data: bytes, captures: dict[str, bytes]) -> None:
    if not captures or b"{{" not in data:
        assert filled(data, captures) == data
    assert filled(b"<{{a}}>" + data, {"a": b"1"}).startswith(b"<1>")


def test_names() -> None:
    assert names(b"{{a}} {{b_2}} {{no name}} {{c") == ["a", "b_2"]


# --- length prefixes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("u8", b"\3abc"), ("u16be", b"\0\3abc"), ("u16le", b"\3\0abc"), ("u32be", b"\0\0\0\3abc"), ("u32le", b"\3\0\0\0abc"),
        ("varint", b"\3abc"),
    ],
)  # fmt: skip
def test_both_directions_are_framed(kind: str, sent: bytes) -> None:
    heard: list[bytes] = []
    with responder(script(hear(sent, into=heard), say(sent + b"next"), hear_end)) as peer:
        exchange = talk(peer, ("--send", "abc"), length_prefix=kind)
    assert heard == [sent]
    assert (content(exchange), exchange.response and exchange.response.framing) == (b"abc", "length-prefix")
    assert [note.code for note in exchange.notes] == ["bytes-after-end"]


def test_an_empty_message() -> None:
    with responder(script(say(b"\0\0"), hear_end)) as peer:
        exchange = talk(peer, length_prefix="u16be")
    assert content(exchange) == b""
    assert exchange.response
    assert exchange.response.summary == "0 bytes"


def test_a_length_over_the_limit() -> None:
    with responder(script(say(b"\xff\xff\xff\xff"), hear_end)) as peer:
        assert error(talk(peer, length_prefix="u32be"))[:2] == ("protocol", "too_large")


def test_a_message_cut_short() -> None:
    with responder(script(say(b"\5abc"), end, hear_end)) as peer:
        assert error(talk(peer, length_prefix="u8"))[1:] == (
            "truncated", "receive", "the peer closed before the end that --length-prefix asks for, after 3 bytes",
        )  # fmt: skip


@given(st.binary(max_size=400), st.sampled_from(["u8", "u16be", "u16le", "u32be", "u32le", "varint"]), st.integers(1, 7))
def test_frames_in_pieces(data: bytes, kind: str, piece: int) -> None:
    if kind == "u8":
        data = data[:255]
    wire = prefixed(data, kind) + b"rest"
    frame, found = AfterFrame(kind, 1000), b""
    for at in range(0, len(wire), piece):
        part = wire[at : at + piece]
        end = frame.feed(part)
        found += part[frame.skipped : end]
        if end is not None:
            break
    assert found == data


def test_a_varint_without_end() -> None:
    with pytest.raises(ExchangeError, match="the length is a varint of more than 10 bytes"):
        AfterFrame("varint", 1000).feed(b"\x80" * 11)


# --- several ports and addresses --------------------------------------------------------------------------


def test_ports_side_by_side() -> None:
    closed = free_port()
    with responder(hear_end) as one, responder(hear_end) as two:
        parts = HOOKS.several(rrcli.TcpRequest(f"127.0.0.1:{one.port},{closed},{two.port}", connect_only=True))
        assert parts
        found = send_all(parts, 5.0).exchanges
    assert [exchange.target.port for exchange in found] == [one.port, closed, two.port]
    assert [exchange.error and exchange.error.kind for exchange in found] == [None, "refused", None]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("h:1-3", ("h:1", "h:2", "h:3")),
        ("tcp://[::1]:22,80-81", ("tcp://[::1]:22", "tcp://[::1]:80", "tcp://[::1]:81")),
        ("h:5,5,4-5", ("h:5", "h:4")),
        ("h:22", None),
        ("my-host", None),
        ("unix:///a-b,c", None),
    ],
)
def test_each_port(word: str, found: tuple[str, ...] | None) -> None:
    result = each_port(word)
    assert (result and tuple(sorted(result))) == (found and tuple(sorted(found)))


@pytest.mark.parametrize("word", ["h:1-", "h:-5", "h:5-4", "h:1,,2", "h:1-70000", "h:1-2-3"])
def test_ports_that_are_none(word: str) -> None:
    with pytest.raises(ExchangeError, match="is no port and no range of ports"):
        each_port(word)


def test_ports_are_bounded() -> None:
    assert len(each_port("h:1-1024") or ()) == 1024
    with pytest.raises(ExchangeError, match="names more than 1024 ports"):
        each_port("h:1-1025")


def test_every_address_is_sent_to() -> None:
    with responder(script(say(b"hi\n"), hear_end)) as peer:
        request = rrcli.TcpRequest(f"localhost:{peer.port}", all_addresses=True, ipv4=True, read_lines=1)
        parts = every_address(request)
        assert [part.resolve for part in parts] == [(("localhost", peer.port, "127.0.0.1"),)]
        exchange = rrcli.send(parts[0])
    assert (content(exchange), exchange.connection.peer) == (b"hi\n", f"127.0.0.1:{peer.port}")


def test_two_addresses_of_a_name_are_compared(tmp_path: Path) -> None:
    """In a mount namespace of its own, where /etc/hosts is the test's."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("a mount namespace of its own needs root")
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 two.test\n127.0.0.2 two.test\n")
    with responder(script(hear(b"x\n"), say(b"hi\n"), hear_end)) as peer:
        listen = f"TCP-LISTEN:{peer.port},bind=127.0.0.2,reuseaddr,fork"
        with running(["socat", listen, "SYSTEM:head -n 1 >/dev/null; echo ho"], tmp_path, lambda: True):
            words = ["tcp", f"two.test:{peer.port}", "--stdin", "--read-lines", "1", "--all-addresses", "--json", "--timeout", "5"]
            inside = f'mount --bind {hosts} /etc/hosts && sleep 0.3 && exec "$@"'
            command = ["unshare", "-m", "sh", "-c", inside, "sh", sys.executable, "-m", "rrcli", *words]
            done = subprocess.run(command, input=b"x\n", capture_output=True, check=False, timeout=20)
    found = loads(done.stdout.decode())
    assert isinstance(found, dict), done.stderr
    assert (found["schema"], found["same"], done.returncode) == ("rrcli.set/1", False, 1)
    assert {exchange["connection"]["peer"]: exchange["response"]["body"]["text"] for exchange in found["exchanges"]} == {
        f"127.0.0.1:{peer.port}": "hi\n", f"127.0.0.2:{peer.port}": "ho\n",
    }  # fmt: skip


def test_every_address_of_a_rule_and_of_what_connect_to_names() -> None:
    rule = (("example.test", 7, "192.0.2.7"),)
    assert every_address(rrcli.TcpRequest("Example.Test:7", resolve=rule))[0].resolve == (*rule, ("example.test", 7, "192.0.2.7"))
    parts = every_address(rrcli.TcpRequest("a.test:7", connect_to=(("", None, "192.0.2.9", 8),)))
    assert [part.resolve for part in parts] == [(("192.0.2.9", 8, "192.0.2.9"),)]


def test_a_name_without_address_is_reported_by_its_exchange() -> None:
    request = rrcli.TcpRequest("127.0.0.1:7", ipv6=True)
    assert every_address(request) == (request,)


@pytest.mark.parametrize("options", [{"unix_socket": "/nowhere"}, {"proxy": "http://127.0.0.1:1"}])
def test_where_addresses_are_not_ours_to_choose(options: dict[str, Any]) -> None:
    with pytest.raises(ExchangeError) as caught:
        every_address(rrcli.TcpRequest("127.0.0.1:7", **options))
    assert caught.value.layer == "usage"


# --- the PROXY protocol -----------------------------------------------------------------------------------

GET = ("--send", "GET / HTTP/1.0\\r\\n\\r\\n")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nginx_reads_the_header(nginx_behind_proxy: Peer, version: str) -> None:
    peer = nginx_behind_proxy
    own = talk(peer, GET, proxy_protocol=version, read_eof=True)
    told = talk(peer, GET, proxy_protocol=version, proxy_source=("192.0.2.7", 5000), read_eof=True)
    assert content(own).endswith(f"\r\n\r\n{own.connection.local} to {peer.address}\n".encode())
    assert content(told).endswith(f"\r\n\r\n192.0.2.7:5000 to {peer.address}\n".encode())
    assert "handshake" in own.timing.phases


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_haproxy_reads_the_header(haproxy: Peer, version: str) -> None:
    told = talk(haproxy, GET, proxy_protocol=version, proxy_source=("192.0.2.7", 5000), read_eof=True)
    assert content(told).endswith(f"192.0.2.7:5000 to {haproxy.address}\n".encode())


def test_the_header_goes_before_tls(ca: Authority) -> None:
    heard: list[bytes] = []
    steps = script(hear(b"\r\n", into=heard), over_tls(ca.good, script(hear(b"x"), say(b"ok\n"), hear_end)))
    with responder(steps) as peer:
        exchange = talk(
            Peer("localhost", peer.port, None),  # type: ignore[arg-type]
            ("--send", "x"), tls=True, cacert=str(ca.root), ipv4=True, proxy_protocol="v1", proxy_source=("192.0.2.7", 1), read_lines=1,
        )  # fmt: skip
    assert content(exchange) == b"ok\n"
    assert heard == [f"PROXY TCP4 192.0.2.7 127.0.0.1 1 {peer.port}\r\n".encode()]


@pytest.mark.parametrize(
    ("version", "source", "destination", "found"),
    [
        ("v1", ("2001:db8::1", 1), ("::1", 2), b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n"),
        ("v1", None, None, b"PROXY UNKNOWN\r\n"),
        ("v2", None, None, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"),
        ("v2", ("192.0.2.1", 1), ("192.0.2.2", 258), b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\0\1\1\2"),
        ("v2", ("::1", 1), ("::2", 2), b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24" + bytes(15) + b"\1" + bytes(15) + b"\2\0\1\0\2"),
    ],
)
def test_headers(version: str, source: tuple[str, int] | None, destination: tuple[str, int] | None, found: bytes) -> None:
    assert header(version, source, destination) == found


@pytest.mark.parametrize(("source", "destination"), [("192.0.2.1", "::1"), ("::1", "192.0.2.1"), ("ann", "::1")])
def test_headers_that_cannot_be(source: str, destination: str) -> None:
    with pytest.raises(ValueError, match="is no address|are of different families"):
        header("v1", (source, 1), (destination, 2))


def test_a_source_of_another_family(tcp_echo: Peer) -> None:
    found = error(talk(tcp_echo, ("--send", "x"), proxy_protocol="v2", proxy_source=("::1", 1)))
    assert found[0] == "usage"


# --- STARTTLS within a dialogue ---------------------------------------------------------------------------


def test_starttls_with_a_real_mail_server(smtp_starttls: Peer, ca: Authority) -> None:
    localhost = Peer("localhost", smtp_starttls.port, smtp_starttls.log)
    whole = [("--starttls", "smtp"), ("--send", "EHLO a.test\\r\\n"), ("--await", "/^250 .*\\n/")]
    by_hand = [("--await", "220 "), ("--await", "\\n"), ("--send", "EHLO a.test\\r\\n"), ("--await", "/^250 .*\\n/"), *whole]
    for steps in (whole, by_hand):
        exchange = talk(localhost, *steps, cacert=str(ca.root), ipv4=True)
        assert content(exchange).endswith(b"250 HELP\r\n")
        assert exchange.connection.tls
        assert exchange.connection.tls.verified
        assert exchange.request.data["starttls"] == "smtp"


def test_tls_that_does_not_verify_after_starttls(smtp_starttls: Peer) -> None:
    exchange = talk(smtp_starttls, ("--starttls", "smtp"), ("--send", "x"))
    assert error(exchange)[:3] == ("tls", "certificate_untrusted", "tls")
    assert exchange.error
    assert exchange.error.delivery == "not_sent"
