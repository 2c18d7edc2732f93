"""`--format curl` of tcp and tls: the line that is printed is run by a shell, and brings the same bytes."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers import child
from peers.base import Peer, free_port, need
from peers.ca import Authority
from peers.nginx import Nginx
from peers.script import hear, hear_end, responder, say, script

import rrcli
from rrcli.adapters.tcp import shell
from rrcli.adapters.tcp.shell import printf, quoted
from rrcli.adapters.tcp.steps import step
from rrcli.adapters.tls import openssl
from rrcli.model.values import Exchange


def send(place: str, *steps: tuple[str, str], **options: Any) -> Exchange:
    parsed = tuple(step(flag, text) for flag, text in steps)
    return rrcli.send(rrcli.TcpRequest(place, steps=parsed, **{"timeout": 5.0, **options}))


def run(command: str | None, **environ: str) -> bytes:
    """What the command prints; 15 s are enough for its own limits."""
    assert command
    need("ncat")
    environ["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    return subprocess.run(["sh", "-c", command], env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=15).stdout


def same(exchange: Exchange, **environ: str) -> str:
    """The command, once it has brought the content of the exchange."""
    assert exchange.error is None, exchange.error
    command = shell.as_command(exchange)
    assert exchange.response
    assert run(command, **environ) == (exchange.response.body.data if exchange.response.body else b"")
    return str(command)


def test_an_answer_of_so_many_lines(tcp_echo: Peer) -> None:
    command = same(send(tcp_echo.address, ("--send", "100% 'a'\\n\\x00\\xff\\\\n\\nb\\n"), read_lines=2))
    client = f"ncat --no-shutdown --idle-timeout 1s {tcp_echo.host} {tcp_echo.port}"
    assert command == f"printf '100%% \\047a\\047\\n\\000\\377\\\\n\\nb\\n' | {client} | head -c 14"


@pytest.mark.parametrize("options", [{"read_idle": 0.1}, {"read_until": b"c"}, {"read_bytes": 3}, {"half_close": True, "read_eof": True}])
def test_every_end(tcp_echo: Peer, options: dict[str, Any]) -> None:
    same(send(tcp_echo.address, ("--send", "abcd"), **options))


def test_a_peer_that_speaks_first(smtp_banner: Peer) -> None:
    command = same(send(smtp_banner.address, read_lines=1))
    assert command.startswith("ncat --recv-only --idle-timeout 1s ")


def test_datagrams(udp_echo: Peer) -> None:
    command = same(send(f"udp://{udp_echo.address}", ("--send", "one")))
    assert command.startswith("{ printf 'one'; sleep 1; } | ncat --udp ")
    exchange = send(f"udp://{udp_echo.address}", ("--send", "one"), ("--send", "two"))
    assert str(shell.as_command(exchange)).startswith("{ printf 'one'; sleep 0.2; printf 'two'; sleep 1; } | ncat --udp ")


def test_only_a_connection() -> None:
    with responder(hear_end) as peer:
        exchange = send(f"{peer.host}:{peer.port}", connect_only=True)
        command = shell.as_command(exchange)
        assert command == f"ncat -z {peer.host} {peer.port}"
        assert subprocess.run(str(command).split(), check=False, capture_output=True).returncode == 0


def test_a_unix_socket(tmp_path: Any) -> None:
    from peers.base import running

    path = tmp_path / "a b.sock"
    with running([need("socat"), f"UNIX-LISTEN:{path},fork", "EXEC:cat"], tmp_path, path.exists):
        command = same(send(f"unix://{path}", ("--send", "hi\\n"), read_lines=1))
    assert f"--unixsock '{path}'" in command


def test_tls(s_server: Callable[..., Peer], ca: Authority) -> None:
    peer = s_server("-quiet")
    command = same(send(f"localhost:{peer.port}", ("--send", "abc\\n"), tls=True, cacert=str(ca.root), ipv4=True, read_lines=1))
    assert command == (
        f"{{ printf 'abc\\n'; sleep 1; }} | openssl s_client -quiet -no_ign_eof -connect localhost:{peer.port} -servername localhost "
        "2>/dev/null | head -c 4"
    )


def test_starttls(smtp_starttls: Peer, ca: Authority) -> None:
    steps = (("--starttls", "smtp"), ("--send", "NOOP\\r\\n"), ("--await", "\\r\\n"))
    exchange = send(f"localhost:{smtp_starttls.port}", *steps, cacert=str(ca.root), ipv4=True)
    assert " -starttls smtp " in same(exchange)


def test_through_a_proxy_with_credentials(http_proxy: Callable[..., Peer]) -> None:
    proxy = http_proxy("BasicAuth ann sesame99")
    with responder(script(hear(b"x"), say(b"y\n"), hear_end)) as peer:
        exchange = send(f"{peer.host}:{peer.port}", ("--send", "x"), proxy=f"http://ann:sesame99@{proxy.address}", read_lines=1)
        command = same(exchange, PROXY_AUTH="ann:sesame99")
    assert "sesame99" not in command
    assert f'--proxy {proxy.address} --proxy-type http --proxy-auth "$PROXY_AUTH"' in command


def test_through_socks(socks_proxy: Callable[..., Peer], tcp_echo: Peer) -> None:
    same(send(tcp_echo.address, ("--send", "hi\\n"), proxy=f"socks5h://{socks_proxy().address}", read_lines=1))


def test_certificates(nginx: Nginx, ca: Authority) -> None:
    exchange = rrcli.send(rrcli.TlsRequest(f"localhost:{nginx.tls_ports['intermediate']}", cacert=str(ca.root)))
    command = openssl.as_command(exchange)
    assert command == f"openssl s_client -connect localhost:{nginx.tls_ports['intermediate']} -servername localhost -showcerts </dev/null"
    printed = run(command).decode()
    found = [part.partition("-----END CERTIFICATE-----")[0] for part in printed.split("-----BEGIN CERTIFICATE-----")[1:]]
    digests = [
        hashlib.sha256(ssl.PEM_cert_to_DER_cert(f"-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----")).hexdigest()
        for body in found[:2]
    ]
    assert exchange.connection.tls
    assert digests == [certificate.sha256.replace(":", "").lower() for certificate in exchange.connection.tls.chain]


def test_what_was_asked_of_tls_goes_along(nginx: Nginx, ca: Authority) -> None:
    request = rrcli.TlsRequest(f"localhost:{nginx.tls_ports['good']}", cacert=str(ca.root), tls_min="1.2", tls_max="1.2")
    command = openssl.as_command(rrcli.send(request), request)
    asked = f"-CAfile {ca.root} -min_protocol TLSv1.2 -max_protocol TLSv1.2"
    assert command == f"openssl s_client -connect localhost:{nginx.tls_ports['good']} -servername localhost {asked} -showcerts </dev/null"
    printed = run(command)
    assert b"Verification: OK" in printed
    assert b"Protocol  : TLSv1.2" in printed


def test_a_client_certificate_goes_along(s_server: Callable[..., Peer], ca: Authority) -> None:
    peer = s_server("-quiet", "-Verify", "1", "-verify_return_error", "-CAfile", str(ca.root))
    files = {"cacert": str(ca.root), "cert": str(ca.client.chain), "key": str(ca.client.key)}
    request = rrcli.TcpRequest(f"localhost:{peer.port}", steps=(step("--send", "abc\\n"),), tls=True, ipv4=True, read_lines=1, **files)
    command = shell.as_command(rrcli.send(request), request)
    assert f" -CAfile {ca.root} -cert {ca.client.chain} -key {ca.client.key} 2>/dev/null" in str(command)
    assert run(command) == b"cba\n"  # the server answers each line backwards


@pytest.mark.parametrize(("words", "noted"), [(("--await", "b"), True), ((), False), (("-s", "--await", "b"), False)])
def test_what_is_awaited_is_noted_as_lost(words: tuple[str, ...], noted: bool) -> None:
    with responder(script(say(b"b\n"), hear(b"a"), say(b"c\n"), hear_end)) as peer:
        done = child.run("tcp", f"{peer.host}:{peer.port}", *words, "--send", "a", "--read-lines", "1", "--format", "curl", text=True)
    assert done.stdout.startswith("printf 'a' | ncat ")
    note = "rrcli: note: the other tool sends all at once: it waits for none of what --await names\n"
    assert (note in done.stderr) is noted  # beside it may stand that more came than was read


def test_the_command_line_prints_it(tcp_echo: Peer) -> None:
    words = ["tcp", tcp_echo.address, "--send", "hi\\n", "--read-lines", "1", "--format", "curl"]
    done = child.run(*words)
    line = f"printf 'hi\\n' | ncat --no-shutdown --idle-timeout 1s {tcp_echo.host} {tcp_echo.port} | head -c 3\n"
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, line, b"")
    port = free_port()
    words[1] = f"127.0.0.1:{port}"
    done = child.run(*words)
    assert (done.returncode, done.stdout.count(b"\n")) == (4, 1)
    assert b"refused" in done.stderr


@given(st.binary(max_size=60))
def test_printf_writes_exactly_the_bytes(data: bytes) -> None:
    text = printf(data)
    assert text.isascii()
    assert text.isprintable()
    assert text.count("'") == 2


def test_printf_by_a_shell() -> None:
    data = bytes(range(256)) * 2 + b"%d\\n"
    assert run(printf(data)) == data


@pytest.mark.parametrize(("word", "found"), [("a.b:1", "a.b:1"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$(x)", "'$(x)'")])
def test_quoted(word: str, found: str) -> None:
    assert quoted(word) == found
