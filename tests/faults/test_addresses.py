"""The catalogue, third part: names that lead nowhere, addresses that do not answer, proxies and sockets that refuse."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from peers.base import free_port
from peers.script import Handler, datagram_responder, deaf, hear, responder, say, script
from peers.verdict import Ask, Verdict, check

GET = hear(b"\r\n\r\n")
SENTENCE = hear(b"\n")

# --- addresses: refused, unreachable, black holes


@pytest.mark.parametrize(
    "words",
    [("http", "http://{at}/"), ("redis", "redis://{at}", "PING"), ("tcp", "{at}"), ("tls", "{at}"), ("dns", "a.test", "@tcp://{at}")],
    ids=lambda words: words[0],
)
def test_refused(ask: Ask, words: tuple[str, ...]) -> None:
    at = f"127.0.0.1:{free_port()}"
    check(ask(*(word.format(at=at) for word in words)), "4 transport refused connect not_sent safe", "nothing listens")


def test_dns_refused_by_udp(ask: Ask) -> None:
    check(ask("dns", "a.test", f"@127.0.0.1:{free_port()}"), "4 transport refused wait not_sent safe", "nothing listens")


def test_a_black_hole(ask: Ask) -> None:
    with deaf() as peer:
        verdict = ask("http", "--connect-timeout", "0.2", f"http://{peer.host}:{peer.port}/")
    check(verdict, "6 transport timeout connect not_sent safe", "firewall")


def test_an_address_of_the_other_family(ask: Ask) -> None:
    check(ask("tcp", "-6", "127.0.0.1:1"), "3 network unreachable - not_sent safe", "IPv6")


def test_a_unix_socket_that_is_missing(ask: Ask, tmp_path: Path) -> None:
    check(
        ask("http", "--unix-socket", tmp_path / "none", "http://localhost/"), "4 transport refused connect not_sent safe", "no such socket"
    )


def test_a_unix_socket_that_is_a_file(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check(
        ask("http", "--unix-socket", tmp_path / "file", "http://localhost/"), "4 transport refused connect not_sent safe", "nothing listens"
    )


def test_a_proxy_that_refuses(ask: Ask) -> None:
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    with responder(script(GET, say(answer))) as peer:
        check(
            ask("tcp", "--proxy", f"http://{peer.host}:{peer.port}", "192.0.2.1:80"),
            "4 transport proxy_refused handshake not_sent useless",
            "403",
            "CONNECT",
        )


def test_a_proxy_that_wants_credentials(ask: Ask) -> None:
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
    with responder(script(GET, say(answer))) as peer:
        check(
            ask("tcp", "--proxy", f"http://{peer.host}:{peer.port}", "192.0.2.1:80"),
            "4 transport proxy_refused handshake not_sent useless",
            "407",
            "credentials",
        )


def test_a_proxy_that_is_down(ask: Ask) -> None:
    check(
        ask("tcp", "--proxy", f"http://127.0.0.1:{free_port()}", "192.0.2.1:80"),
        "4 transport refused connect not_sent safe",
        "proxy",
        "nothing listens",
    )


# --- namespaces: a resolver and routes of our own


def namespaced(setup: str, flags: str, *words: object) -> Verdict:
    """Run `rrcli` in new namespaces after `setup`, which is a shell script. Skips where that needs more rights."""
    unshare = shutil.which("unshare")
    command = ["sh", "-c", f'{setup} && exec "$@"', "sh"]
    if unshare is None or subprocess.run([unshare, flags, *command, "true"], capture_output=True).returncode:
        pytest.skip("namespaces of its own need root")
    name, *rest = map(str, words)
    rrcli = [sys.executable, "-m", "rrcli", name, "--json", "--timeout", "3", *rest]
    done = subprocess.run([unshare, flags, *command, *rrcli], capture_output=True)
    return Verdict(done.returncode, json.loads(done.stdout))


# Port 53 of an address that no other worker uses.
NAME_SERVER = f"127.{os.getpid() >> 16 & 255}.{os.getpid() >> 8 & 255}.{os.getpid() & 127 | 128}"


@contextlib.contextmanager
def name_server(rcode: int | None, addresses: tuple[str, ...] = ()) -> Iterator[None]:
    """A name server on `NAME_SERVER` that answers with this RCODE and these addresses; silent for `None`."""

    def answer(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        if rcode is None:
            return
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.Rcode(rcode))
        reply.flags |= dns.flags.RA  # an empty answer of one that offers no recursion would be a lame delegation to glibc
        if query.question[0].rdtype == 1 and addresses:
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", *addresses))
        server.sendto(reply.to_wire(), sender)

    with datagram_responder(answer, NAME_SERVER, port=53):
        yield


def resolving(folder: Path, *words: object) -> Verdict:
    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n")
    return namespaced(f"mount --bind {resolv} /etc/resolv.conf", "-m", *words)


@pytest.mark.parametrize(
    ("rcode", "line", "word"),
    [
        (3, "3 network name_not_found resolve not_sent useless", "spelling"),
        (0, "3 network name_not_found resolve not_sent useless", "spelling"),
        (2, "3 network resolver_failed resolve not_sent safe", "/etc/resolv.conf"),
        (5, "3 network resolver_failed resolve not_sent safe", "/etc/resolv.conf"),
    ],
    ids=["NXDOMAIN", "no address", "SERVFAIL", "REFUSED"],
)
def test_a_name_that_resolves_to_nothing(tmp_path: Path, rcode: int, line: str, word: str) -> None:
    with name_server(rcode):
        check(resolving(tmp_path, "http", "http://nowhere.test/"), line, word)


def test_no_resolver_there(tmp_path: Path) -> None:
    check(resolving(tmp_path, "http", "http://a.test/"), "3 network resolver_failed resolve not_sent safe", "/etc/resolv.conf")


def test_a_silent_resolver(tmp_path: Path) -> None:
    with name_server(None):
        verdict = resolving(tmp_path, "http", "--timeout", "0.3", "http://a.test/")
    check(verdict, "6 transport timeout resolve not_sent safe", "name server")


def test_a_black_hole_beside_a_working_address(tmp_path: Path) -> None:
    """It succeeds, and the attempts tell the story."""
    working = script(SENTENCE, say(b"well\n"))
    with deaf() as hole, responder_at("127.0.0.9", hole.port, working), name_server(0, ("127.0.0.1", "127.0.0.9")):
        verdict = resolving(tmp_path, "tcp", "--send", "hello\\n", "--read-lines", "1", f"two.test:{hole.port}")
    attempts = verdict.value["connection"]["attempts"]
    assert verdict.line == "0 - - - - -"
    assert {(attempt["address"], attempt["error"]) for attempt in attempts} <= {("127.0.0.1", "abandoned"), ("127.0.0.9", None)}
    assert attempts[-1]["address"] in ("127.0.0.1", "127.0.0.9")


def test_a_dead_address_beside_a_working_one(tmp_path: Path) -> None:
    port = free_port()
    with responder_at("127.0.0.9", port, script(SENTENCE, say(b"well\n"))), name_server(0, ("127.0.0.10", "127.0.0.9")):
        verdict = resolving(tmp_path, "tcp", "--send", "hello\\n", "--read-lines", "1", f"two.test:{port}")
    assert verdict.line == "0 - - - - -"
    assert verdict.value["connection"]["peer"] == f"127.0.0.9:{port}"


def test_two_black_holes(tmp_path: Path) -> None:
    with deaf() as hole, deaf_at("127.0.0.9", hole.port), name_server(0, ("127.0.0.1", "127.0.0.9")):
        verdict = resolving(tmp_path, "tcp", "--connect-timeout", "0.6", f"two.test:{hole.port}")
    check(verdict, "6 transport timeout connect not_sent safe", "firewall")
    assert [attempt["error"] for attempt in verdict.value["connection"]["attempts"]] == ["timeout", "timeout"]


@pytest.mark.parametrize(
    ("route", "line", "word"),
    [
        ("true", "3 network unreachable connect not_sent safe", "route"),
        ("ip link set lo up && ip route add unreachable 192.0.2.0/24", "3 network unreachable connect not_sent safe", "route"),
        ("ip link set lo up && ip route add prohibit 192.0.2.0/24", "3 network unreachable connect not_sent safe", "firewall"),
        ("ip link set lo up && ip route add blackhole 192.0.2.0/24", "3 network unreachable connect not_sent safe", "black-hole"),
    ],
    ids=["no route", "unreachable", "prohibited", "a black hole route"],
)
@pytest.mark.parametrize("words", [("tcp", "192.0.2.1:9"), ("dns", "a.test", "@192.0.2.1")], ids=lambda words: words[0])
def test_unreachable(route: str, words: tuple[str, ...], line: str, word: str) -> None:
    check(namespaced(route, "-n", *words), line, word)


@contextlib.contextmanager
def responder_at(host: str, port: int, handle: Handler) -> Iterator[None]:
    """A scripted peer at an address and port given, for one connection."""
    with socket.create_server((host, port)) as listener, contextlib.ExitStack() as stack:
        listener.settimeout(5)

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                connection.settimeout(5)
                with connection:
                    handle(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        stack.callback(thread.join)
        yield


@contextlib.contextmanager
def deaf_at(host: str, port: int) -> Iterator[None]:
    """As `peers.script.deaf`, at an address and port given."""
    with socket.socket() as listener, contextlib.ExitStack() as clients:
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(3):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex((host, port))
        yield
