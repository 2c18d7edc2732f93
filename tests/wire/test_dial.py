"""From a name to a socket: which addresses are tried in which order, what is written down of each, and what is left open."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import pytest
from peers.base import free_port
from peers.ca import Authority
from peers.script import datagram_responder, deaf, hear, hear_end, over_tls, reset, responder, say, script

import rrcli
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import loads
from rrcli.model.document import document
from rrcli.options.parse import connect_rule, resolve_rule
from rrcli.options.request import ConnectOptions, TlsOptions, TransportOptions
from rrcli.wire.dial import connect
from rrcli.wire.recorder import Recorder, Timeline
from rrcli.wire.resolve import addresses
from rrcli.wire.tls import make_context

HELLO = script(say(b"hello\n"), hear_end)
HEAD_START_MS = 250


def ask(host: str, port: int, **options: Any) -> dict[str, Any]:
    """Connect, read one line."""
    return document(rrcli.send(rrcli.TcpRequest(f"{host}:{port}", **{"read_lines": 1, "timeout": 5.0, **options})))


def error(value: dict[str, Any]) -> tuple[str, str, str, str]:
    found = value["error"]
    return found["layer"], found["kind"], found["phase"], found["message"]


def attempts(value: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(attempt["address"], attempt["error"]) for attempt in value["connection"]["attempts"]]


@contextlib.contextmanager
def nothing_left_open() -> Iterator[None]:
    """As many descriptors afterwards as before, without the garbage collector's help; responders take a moment to close theirs."""

    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    gc.collect()
    gc.disable()
    try:
        before = count()
        yield
        deadline = time.monotonic() + 2
        while count() > before and time.monotonic() < deadline:
            time.sleep(0.005)
        assert count() <= before
    finally:
        gc.enable()


@contextlib.contextmanager
def deaf_at(host: str, port: int) -> Iterator[None]:
    """As `deaf`, but where the test wants it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener, contextlib.ExitStack() as clients:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(3):
            client = clients.enter_context(socket.socket(family))
            client.setblocking(False)
            client.connect_ex((host, port))
        yield


class Machine:
    """Runs rrcli where /etc/hosts and /etc/resolv.conf are the test's own."""

    def __init__(self, folder: Path) -> None:
        self.hosts = folder / "hosts"
        self.resolv = folder / "resolv.conf"
        self.hosts.write_text("127.0.0.1 localhost\n")
        self.resolv.write_text("nameserver 127.0.0.1\n")

    def run(self, *words: str, command: str = "tcp") -> dict[str, Any]:
        """The document of `rrcli COMMAND` with these words."""
        mounts = f"mount --bind {self.hosts} /etc/hosts && mount --bind {self.resolv} /etc/resolv.conf"
        ending = ["--read-lines", "1"] if command == "tcp" else []
        called = [sys.executable, "-m", "rrcli", command, *words, "--json", *ending, "--timeout", "5"]
        inside = ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh", *called]
        done = subprocess.run(inside, capture_output=True, check=False, timeout=20)
        value = loads(done.stdout.decode())
        assert isinstance(value, dict), done.stderr
        return value


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("a mount namespace of its own needs root")
    return Machine(tmp_path)


@pytest.fixture
def ip6() -> None:
    """Skips where there is no IPv6 loopback."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")


# --- the race


def test_the_first_address_answers() -> None:
    with responder(HELLO) as peer:
        value = ask(peer.host, peer.port)
    assert value["outcome"] == "ok"
    assert attempts(value) == [("127.0.0.1", None)]
    assert value["connection"]["peer"] == f"127.0.0.1:{peer.port}"
    assert value["connection"]["local"].startswith("127.0.0.1:")
    assert value["timing"]["resolve_ms"] is None  # a literal is not looked up


def test_an_ipv6_literal(ip6: None) -> None:  # noqa: ARG001
    with responder(HELLO, host="::1") as peer:
        value = ask("[0:0:0:0:0:0:0:1]", peer.port)
    assert value["connection"]["peer"] == f"[::1]:{peer.port}"
    assert value["connection"]["local"].startswith("[::1]:")
    assert attempts(value) == [("::1", None)]


def test_a_black_hole_gets_a_head_start_and_loses(machine: Machine, ip6: None) -> None:  # noqa: ARG001
    machine.hosts.write_text("::1 two.test\n127.0.0.1 two.test\n")
    with responder(HELLO) as peer, deaf_at("::1", peer.port):
        value = machine.run(f"two.test:{peer.port}")
    assert value["outcome"] == "ok"
    assert attempts(value) == [("127.0.0.1", None), ("::1", "abandoned")]
    assert value["connection"]["peer"] == f"127.0.0.1:{peer.port}"
    assert HEAD_START_MS <= value["timing"]["connect_ms"] < HEAD_START_MS + 100
    assert value["connection"]["attempts"][1]["ms"] >= HEAD_START_MS


def test_a_refusal_gives_way_at_once(machine: Machine, ip6: None) -> None:  # noqa: ARG001
    machine.hosts.write_text("::1 two.test\n127.0.0.1 two.test\n")
    with responder(HELLO) as peer:
        value = machine.run(f"two.test:{peer.port}")
    assert value["outcome"] == "ok"
    assert attempts(value) == [("::1", "refused"), ("127.0.0.1", None)]
    assert value["timing"]["connect_ms"] < 50


def test_a_refusal_beside_a_black_hole_gives_way_at_once_too(machine: Machine, ip6: None) -> None:  # noqa: ARG001
    machine.hosts.write_text("::1 three.test\n127.0.0.1 three.test\n127.0.0.2 three.test\n")
    with responder(HELLO, host="127.0.0.2") as peer, deaf_at("::1", peer.port):
        value = machine.run(f"three.test:{peer.port}")
    assert attempts(value) == [("127.0.0.1", "refused"), ("127.0.0.2", None), ("::1", "abandoned")]
    assert HEAD_START_MS <= value["timing"]["connect_ms"] < HEAD_START_MS + 100


def test_when_all_refuse_the_last_is_reported(machine: Machine, ip6: None) -> None:  # noqa: ARG001
    machine.hosts.write_text("::1 two.test\n127.0.0.1 two.test\n")
    port = free_port()
    value = machine.run(f"two.test:{port}")
    assert error(value) == ("transport", "refused", "connect", f"connecting to 127.0.0.1:{port}: connection refused")
    assert attempts(value) == [("::1", "refused"), ("127.0.0.1", "refused")]
    assert value["connection"]["peer"] == f"127.0.0.1:{port}"
    assert (value["error"]["delivery"], value["error"]["retry"]) == ("not_sent", "safe")


def test_when_none_answers_the_time_is_up_for_all(machine: Machine, ip6: None) -> None:  # noqa: ARG001
    machine.hosts.write_text("::1 two.test\n127.0.0.1 two.test\n")
    port = free_port()
    with deaf_at("::1", port), deaf_at("127.0.0.1", port):
        value = machine.run(f"two.test:{port}", "--connect-timeout", "400ms")
    assert error(value)[:3] == ("transport", "timeout", "connect")
    assert attempts(value) == [("::1", "timeout"), ("127.0.0.1", "timeout")]


@pytest.mark.parametrize(("option", "address"), [("-4", "127.0.0.1"), ("-6", "::1")])
def test_one_family_alone(machine: Machine, ip6: None, option: str, address: str) -> None:  # noqa: ARG001
    machine.hosts.write_text("::1 two.test\n127.0.0.1 two.test\n")
    port = free_port()
    value = machine.run(f"two.test:{port}", option)
    assert attempts(value) == [(address, "refused")]


def test_a_name_without_an_address_of_the_family(machine: Machine) -> None:
    machine.hosts.write_text("127.0.0.1 four.test\n")
    with datagram_responder(_name_server(dns.rcode.NXDOMAIN), _own_address(), port=53) as server:
        machine.resolv.write_text(f"nameserver {server.host}\n")
        value = machine.run("four.test:80", "-6")
    assert error(value)[:3] == ("network", "name_not_found", "resolve")


def test_an_interface_address_chooses_its_family(machine: Machine, ip6: None) -> None:  # noqa: ARG001
    machine.hosts.write_text("::1 two.test\n127.0.0.1 two.test\n")
    with responder(HELLO) as peer:
        value = machine.run(f"two.test:{peer.port}", "--interface", "127.0.0.9")
    assert attempts(value) == [("127.0.0.1", None)]
    assert value["connection"]["local"].startswith("127.0.0.9:")


def test_where_no_datagram_reaches_any_address(machine: Machine, ip6: None) -> None:  # noqa: ARG001
    """A broadcast address, and one of a link that is not named: they are refused before there is a socket."""
    pytest.importorskip("qh3")
    machine.hosts.write_text("255.255.255.255 two.test\nfe80::1 two.test\n")
    value = machine.run("--http3-only", "https://two.test:9/", command="http")
    assert sorted(attempts(value)) == [("255.255.255.255", "unreachable"), ("fe80::1", "unreachable")]
    assert (value["error"]["layer"], value["error"]["kind"], value["error"]["phase"]) == ("network", "unreachable", "connect")


@pytest.mark.parametrize(("options", "address"), [({"ipv6": True}, "127.0.0.1"), ({"ipv4": True}, "[::1]")])
def test_a_literal_of_the_other_family(options: dict[str, Any], address: str) -> None:
    value = ask(address, 9, **options)
    family = "IPv6" if "ipv6" in options else "IPv4"
    assert value["error"]["message"] == f"{address.strip('[]')} is not an {family} address"
    assert (value["error"]["layer"], value["error"]["kind"]) == ("network", "unreachable")


def test_both_families_exclude_each_other() -> None:
    with pytest.raises(ExchangeError, match="^-4 and -6 exclude each other$"):
        ask("127.0.0.1", 9, ipv4=True, ipv6=True)


# --- names


def _own_address() -> str:
    """A loopback address that no other test process takes: name servers have to listen on port 53."""
    number = os.getpid()
    return f"127.{number >> 14 & 63 | 64}.{number >> 7 & 127 | 128}.{number & 127 | 128}"


def _name_server(rcode: dns.rcode.Rcode, addresses: tuple[str, ...] = ()) -> Any:
    def answer(server: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query, recursion_available=True)
        reply.set_rcode(rcode)
        if query.question[0].rdtype == 1 and addresses:
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", *addresses))
        server.sendto(reply.to_wire(), sender)

    return answer


def test_a_name_is_looked_up(machine: Machine) -> None:
    with responder(HELLO) as peer, datagram_responder(_name_server(dns.rcode.NOERROR, ("127.0.0.1",)), _own_address(), port=53) as server:
        machine.resolv.write_text(f"nameserver {server.host}\n")
        value = machine.run(f"some.test:{peer.port}")
    assert value["outcome"] == "ok"
    assert attempts(value) == [("127.0.0.1", None)]
    assert value["timing"]["resolve_ms"] > 0


@pytest.mark.parametrize(
    ("rcode", "kind"),
    [
        (dns.rcode.NXDOMAIN, "name_not_found"),
        (dns.rcode.NOERROR, "name_not_found"),
        (dns.rcode.SERVFAIL, "resolver_failed"),
        (dns.rcode.REFUSED, "resolver_failed"),
    ],
)
def test_a_name_server_that_has_no_address(machine: Machine, rcode: dns.rcode.Rcode, kind: str) -> None:
    with datagram_responder(_name_server(rcode), _own_address(), port=53) as server:
        machine.resolv.write_text(f"nameserver {server.host}\noptions timeout:1 attempts:1\n")
        value = machine.run("missing.test:80")
    assert (value["error"]["layer"], value["error"]["kind"], value["error"]["phase"]) == ("network", kind, "resolve")
    assert (value["error"]["delivery"], value["connection"]["attempts"], value["connection"]["peer"]) == ("not_sent", [], None)


def test_no_name_server_listens(machine: Machine) -> None:
    machine.resolv.write_text(f"nameserver {_own_address()}\noptions timeout:1 attempts:1\n")
    value = machine.run("missing.test:80")
    assert error(value) == ("network", "resolver_failed", "resolve", "the system's resolver failed for missing.test")


def test_a_silent_name_server_holds_up_neither_us_nor_our_exit(machine: Machine) -> None:
    with datagram_responder(lambda *_: None, _own_address(), port=53) as server:
        machine.resolv.write_text(f"nameserver {server.host}\n")  # the resolver alone would wait for 10 s
        began = time.monotonic()
        value = machine.run("silent.test:80", "--connect-timeout", "200ms")
        assert time.monotonic() - began < 2
    assert error(value) == ("transport", "timeout", "resolve", "resolving the name: the time limit passed (--connect-timeout 200ms)")
    assert value["timing"]["resolve_ms"] == pytest.approx(200, abs=10)


def test_a_name_beyond_ascii_is_asked_for_in_ascii(machine: Machine) -> None:
    machine.hosts.write_text("127.0.0.1 xn--bcher-kva.test\n")
    with responder(HELLO) as peer:
        value = machine.run(f"Bücher.test:{peer.port}")
    assert value["outcome"] == "ok"


@pytest.mark.parametrize("host", ["ü" * 70 + ".test", "b\u200fü.test", "ü..test"])
def test_what_is_no_name(host: str) -> None:
    with pytest.raises(ExchangeError, match="is no host name") as caught:
        ask(host, 80)
    assert caught.value.layer == "usage"


# --- rules


@pytest.mark.parametrize("rule", ["some.test:{port}:127.0.0.1", "SOME.test:{port}:127.0.0.1", "*:{port}:127.0.0.1"])
def test_resolve_gives_the_address(rule: str) -> None:
    with responder(HELLO) as peer:
        value = ask("Some.Test", peer.port, resolve=(resolve_rule(rule.format(port=peer.port)),))
    assert value["outcome"] == "ok"
    assert value["target"]["host"] == "Some.Test"
    assert value["timing"]["resolve_ms"] is None


def test_resolve_to_ipv6(ip6: None) -> None:  # noqa: ARG001
    with responder(HELLO, host="::1") as peer:
        value = ask("some.test", peer.port, resolve=(resolve_rule(f"some.test:{peer.port}:[::1]"),))
    assert attempts(value) == [("::1", None)]


def test_resolve_holds_for_names_beyond_ascii() -> None:
    with responder(HELLO) as peer:
        value = ask("bücher.test", peer.port, resolve=(resolve_rule(f"Bücher.test:{peer.port}:127.0.0.1"),))
    assert value["outcome"] == "ok"


def test_of_resolve_rules_the_exact_one_holds_and_the_later_one() -> None:
    with responder(HELLO) as peer:
        rules = [
            f"some.test:{peer.port}:127.0.0.7",
            f"some.test:{peer.port}:127.0.0.1",
            f"*:{peer.port}:127.0.0.8",
            "some.test:1:127.0.0.9",
        ]
        value = ask("some.test", peer.port, resolve=tuple(map(resolve_rule, rules)))
    assert attempts(value) == [("127.0.0.1", None)]


@pytest.mark.parametrize(
    "rule",
    [
        "some.test:1234:127.0.0.1:{port}",
        "SOME.test:1234:127.0.0.1:{port}",
        ":1234:127.0.0.1:{port}",
        "some.test::127.0.0.1:{port}",
        "::127.0.0.1:{port}",
    ],
)
def test_connect_to_goes_elsewhere(rule: str) -> None:
    with responder(HELLO) as peer:
        value = ask("Some.test", 1234, connect_to=(connect_rule(rule.format(port=peer.port)),))
    assert value["connection"]["peer"] == f"127.0.0.1:{peer.port}"
    assert value["target"] == {"url": "tcp://Some.test:1234", "host": "Some.test", "port": 1234}


def test_connect_to_another_port_of_the_same_host() -> None:
    with responder(HELLO) as peer:
        value = ask("127.0.0.1", 1234, connect_to=(connect_rule(f"127.0.0.1:1234::{peer.port}"),))
    assert value["outcome"] == "ok"


def test_connect_to_the_same_port_of_another_host(ip6: None) -> None:  # noqa: ARG001
    with responder(HELLO, host="::1") as peer:
        value = ask("some.test", peer.port, connect_to=(connect_rule(f"some.test:{peer.port}:[::1]:"),))
    assert value["connection"]["peer"] == f"[::1]:{peer.port}"


def test_of_connect_to_rules_the_first_that_fits_holds() -> None:
    with responder(HELLO) as peer:
        rules = [
            f"other.test:1234:127.0.0.7:{peer.port}",
            f"some.test:99:127.0.0.8:{peer.port}",
            f"::127.0.0.1:{peer.port}",
            "::127.0.0.9:1",
        ]
        value = ask("some.test", 1234, connect_to=tuple(map(connect_rule, rules)))
    assert attempts(value) == [("127.0.0.1", None)]


def test_resolve_is_asked_for_where_connect_to_goes() -> None:
    with responder(HELLO) as peer:
        rules = {"connect_to": (connect_rule(f"some.test:1:other.test:{peer.port}"),)}
        value = ask("some.test", 1, resolve=(resolve_rule(f"other.test:{peer.port}:127.0.0.1"),), **rules)
    assert value["outcome"] == "ok"


# --- interfaces


def test_the_interface_by_its_address() -> None:
    with responder(HELLO) as peer:
        value = ask(peer.host, peer.port, interface="127.0.0.5")
    assert value["connection"]["local"].startswith("127.0.0.5:")


@pytest.mark.skipif(os.geteuid() != 0, reason="an older kernel lets root alone bind to a device")
def test_the_interface_by_its_name() -> None:
    with responder(HELLO) as peer:
        assert ask(peer.host, peer.port, interface="lo")["outcome"] == "ok"


@pytest.mark.parametrize(
    ("interface", "message"),
    [
        ("no-such-device", "--interface no-such-device: no such device"),
        ("192.0.2.250", "--interface 192.0.2.250: cannot assign requested address"),
        ("::1", "--interface ::1 and the peer's address are of different families"),
    ],
)
def test_an_interface_that_does_not_fit(interface: str, message: str) -> None:
    with responder(HELLO) as peer, nothing_left_open():
        value = ask(peer.host, peer.port, interface=interface)
    assert error(value) == ("usage", "usage", "connect", message)


# --- unix sockets


@contextlib.contextmanager
def unix_listener(path: Path, kind: int = socket.SOCK_STREAM, backlog: int = 5) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, kind) as listener:
        listener.bind(str(path))
        if kind == socket.SOCK_STREAM:
            listener.listen(backlog)
        yield listener


def ask_unix(path: Path | str, **options: Any) -> dict[str, Any]:
    return document(rrcli.send(rrcli.TcpRequest(f"unix://{path}", **{"timeout": 5.0, **options})))


def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "süd.sock"
    with unix_listener(path):
        value = ask_unix(path, connect_only=True)
    assert value["outcome"] == "ok"
    assert value["target"]["url"] == f"unix://{path}"
    assert (value["connection"]["peer"], value["connection"]["local"]) == (str(path), None)
    assert attempts(value) == [(str(path), None)]


def test_a_unix_socket_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "missing"
    with nothing_left_open():
        value = ask_unix(path)
    assert error(value) == ("transport", "refused", "connect", f"connecting to {path}: no such file or directory")


def test_a_file_that_is_no_socket(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert error(ask_unix(path)) == ("transport", "refused", "connect", f"connecting to {path}: connection refused")


def test_a_socket_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "datagrams"
    with unix_listener(path, socket.SOCK_DGRAM):
        value = ask_unix(path)
    assert error(value) == ("network", "unreachable", "connect", f"connecting to {path}: protocol wrong type for socket")


def test_a_unix_socket_whose_queue_is_full(tmp_path: Path) -> None:
    path = tmp_path / "busy"
    with unix_listener(path, backlog=0), socket.socket(socket.AF_UNIX) as first:
        first.connect(str(path))
        value = ask_unix(path)
    assert error(value) == ("transport", "refused", "connect", f"connecting to {path}: its queue of connections is full")


def test_a_path_too_long_for_a_unix_socket() -> None:
    with nothing_left_open():
        value = ask_unix("/tmp/" + "x" * 200)
    assert error(value)[:3] == ("usage", "usage", "connect")
    assert value["error"]["message"].endswith("AF_UNIX path too long")


# --- failures


def test_refused() -> None:
    port = free_port()
    with nothing_left_open():
        value = ask("127.0.0.1", port)
    assert error(value) == ("transport", "refused", "connect", f"connecting to 127.0.0.1:{port}: connection refused")
    assert attempts(value) == [("127.0.0.1", "refused")]


def test_without_a_network_everything_is_unreachable() -> None:
    command = [sys.executable, "-m", "rrcli", "tcp", "127.0.0.1:9", "--json"]
    done = subprocess.run(["unshare", "-n", *command], capture_output=True, check=False)
    if b"unshare" in done.stderr:
        pytest.skip("a network namespace of its own needs root")
    value = loads(done.stdout.decode())
    assert isinstance(value, dict)
    assert error(value) == ("network", "unreachable", "connect", "connecting to 127.0.0.1:9: network is unreachable")
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("steps", "options", "kind"),
    [
        (script(hear_end), {"timeout": 0.05}, "timeout"),
        (script(reset), {"tls": True, "insecure": True}, "reset"),
        (script(say(b"SSH-2.0-x\r\n"), hear_end), {"tls": True, "insecure": True}, "wrong_protocol"),
        (script(hear_end), {"tls": True, "insecure": True, "timeout": 0.05}, "timeout"),
        (script(say(b"half"), hear_end), {"timeout": 0.05}, "timeout"),
        (script(), {}, "closed"),
    ],
    ids=["silent", "reset", "other protocol", "silent TLS", "half an answer", "closed"],
)
def test_a_failure_leaves_nothing_open(steps: Any, options: dict[str, Any], kind: str) -> None:
    with responder(steps) as peer, nothing_left_open():
        value = ask(peer.host, peer.port, **options)
    assert value["error"]["kind"] == kind


def test_a_refused_certificate_leaves_nothing_open(ca: Authority) -> None:
    with responder(over_tls(ca.self_signed, hear(b"\n"))) as peer, nothing_left_open():
        assert ask(peer.host, peer.port, tls=True)["error"]["kind"] == "certificate_untrusted"


def test_a_time_out_while_connecting_leaves_nothing_open() -> None:
    with deaf() as peer, nothing_left_open():
        value = ask(peer.host, peer.port, connect_timeout=0.05)
    assert attempts(value) == [("127.0.0.1", "timeout")]


def test_a_success_leaves_nothing_open() -> None:
    with responder(HELLO) as peer, nothing_left_open():
        assert ask(peer.host, peer.port)["outcome"] == "ok"


def test_an_open_port_is_no_other_one(tmp_path: Path) -> None:
    """`--unix-socket` goes before every rule about names."""
    path = tmp_path / "s"
    with unix_listener(path):
        request = rrcli.TcpRequest("some.test:80", unix_socket=str(path), resolve=(("*", 80, "127.0.0.1"),), connect_only=True)
        assert document(rrcli.send(request))["connection"]["peer"] == str(path)


# --- what the wire is given


def test_a_connection_takes_the_options_for_it_and_no_request(ca: Authority) -> None:
    recorder = Recorder()
    with responder(over_tls(ca.good, script(say(b"hi"), hear_end))) as peer:
        options = TransportOptions(resolve=(("localhost", peer.port, peer.host),), cacert=str(ca.root))
        stream = connect(options, "localhost", peer.port, recorder, Deadline.after(5.0, "--timeout"), make_context(options, ("x",)))
        assert (stream.read_exact(2), recorder.tls and recorder.tls.sni) == (b"hi", "localhost")
        stream.close()


def test_an_address_takes_the_options_of_connections_and_trust_those_of_tls() -> None:
    found = addresses(ConnectOptions(ipv4=True, resolve=(("h", 1, "127.0.0.9"),)), "h", 1, Timeline(), Deadline(None, ""))
    assert [place.text for place in found] == ["127.0.0.9"]
    with pytest.raises(ExchangeError, match="^--tls-min 1.3 is above --tls-max 1.2$"):
        make_context(TlsOptions(tls_min="1.3", tls_max="1.2"), ())


def test_the_wire_knows_no_request() -> None:
    wire = Path(rrcli.__file__).parent / "wire"
    reading = {path.name for path in wire.rglob("*.py") if "import Request" in path.read_text()}
    engine = {path.name for path in wire.rglob("*.py") if "rrcli.engine" in path.read_text()} - {"pool.py"}
    assert (reading, engine) == (set(), set())
