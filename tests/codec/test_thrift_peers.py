"""Thrift's codec over a plain socket to Apache's library, in every transport and protocol that it has."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

import pytest
from peers.ca import Authority
from peers.thrift import Thrift

from rrcli.base.errors import ExchangeError
from rrcli.codec.thrift import answer, idl, reply, writevalue
from rrcli.codec.thrift.answer import COMBINATIONS, PROBE, AnswerDecoder, Shape

LIMIT = 1 << 20
FORMS = [
    ("buffered-binary", "buffered", "binary"), ("buffered-compact", "buffered", "compact"), ("buffered-json", "buffered", "json"),
    ("framed-binary", "framed", "binary"), ("framed-compact", "framed", "compact"), ("framed-json", "framed", "json"),
    ("header-", "header", "binary"), ("header-", "header", "compact"), ("buffered-strict", "buffered", "binary"),
]  # fmt: skip

ITEM: dict[str, Any] = {
    "name": "x", "big": 9007199254740993, "color": "GREEN", "raw": {"base64": "/w=="}, "counts": {"a": 1}, "tags": [1, -2], "sold": True,
    "parts": [{"name": "y", "qty": 3}], "price": 0.5, "small": -128, "by_number": {"-7": ["é"]}, "money": {"cents": -1},
    "colors": {"LIME": False}, "flags": [True, False, True], "far": "z",
}  # fmt: skip


def receive(peer: socket.socket, decoder: AnswerDecoder) -> Any:
    while True:
        data = peer.recv(7)
        if not data:
            raise decoder.close()
        if message := decoder.feed(data):
            return message


def exchange(
    servers: Thrift, form: str, shape: Shape, name: str, args: Any, *, service: str = "", asked: Shape | None = None, **header: Any
) -> tuple[reply.Reply, AnswerDecoder]:
    """One call on a connection of its own."""
    method = idl.find_method(idl.load(str(servers.idl)), f"Shop.{name}")[1]
    fields, _ = writevalue.fields(method.arguments, args)
    message = answer.call(fields, name, 5, oneway=method.oneway, service=service)
    sent = answer.wrap(answer.encode_message(message, shape.protocol), shape, 5, **header)
    decoder = AnswerDecoder(asked or shape, LIMIT)
    with socket.create_connection((servers.host, servers.ports[form]), timeout=5) as peer:
        peer.sendall(sent)
        received = receive(peer, decoder)
    assert decoder.shape
    return reply.read_reply(received, method, 5, decoder.shape.protocol), decoder


@pytest.mark.parametrize(("form", "transport", "protocol"), FORMS)
def test_a_call_is_answered(thrift_servers: Thrift, form: str, transport: str, protocol: str) -> None:
    shape = Shape(transport=transport, protocol=protocol)
    assert exchange(thrift_servers, form, shape, "add", {"a": 2, "b": 3})[0].result == 5
    found, decoder = exchange(thrift_servers, form, shape, "echo", {"item": ITEM})
    # The generated code of the peer keeps its set in no order.
    assert sorted(found.result.pop("tags")) == [-2, 1]
    assert found.result == {**{name: value for name, value in ITEM.items() if name != "tags"}, "qty": 1}
    assert found.notes == found.unknown_fields == ()
    assert decoder.shape == shape
    assert decoder.rest == b""


@pytest.mark.parametrize(("form", "transport", "protocol"), FORMS)
def test_what_a_method_ends_with_is_told(thrift_servers: Thrift, form: str, transport: str, protocol: str) -> None:
    shape = Shape(transport=transport, protocol=protocol)
    found, _ = exchange(thrift_servers, form, shape, "reserve", {"sku": "s"})
    assert (found.exception, found.text, found.code) == ({"name": "OutOfStock", "fields": {"sku": "s", "left": 0}}, "OutOfStock", None)
    found, _ = exchange(thrift_servers, form, shape, "crash", {})
    assert (found.message_type, found.code, found.text, found.message) == ("exception", 6, "INTERNAL_ERROR", "Internal error")
    found, _ = exchange(thrift_servers, form, shape, "nothing", {})
    assert (found.message_type, found.result, found.exception) == ("reply", None, None)
    found, _ = exchange(thrift_servers, form, shape, "flip", {})
    assert found.result is False
    with pytest.raises(ExchangeError, match=r"the answer of 'none' holds no result \(MISSING_RESULT\)"):
        exchange(thrift_servers, form, shape, "none", {})


@pytest.mark.parametrize(("form", "transport", "protocol"), FORMS)
def test_an_answer_says_itself_what_it_comes_in(thrift_servers: Thrift, form: str, transport: str, protocol: str) -> None:
    shape, auto = Shape(transport=transport, protocol=protocol), Shape(transport="auto", protocol="auto")
    found, decoder = exchange(thrift_servers, form, shape, "ping", {}, asked=auto)
    assert (found.result, decoder.shape) == ("pong", shape)


def test_a_header_carries_zlib_and_info(thrift_servers: Thrift) -> None:
    shape = Shape(transport="header", protocol="compact")
    found, decoder = exchange(thrift_servers, "header-", shape, "ping", {}, transforms=["zlib"], headers={"a": "ü"})
    assert found.result == "pong"
    assert decoder.header
    assert (decoder.header.protocol, decoder.header.seqid, decoder.header.transforms) == ("compact", 5, [])


def test_a_server_of_several_services_is_called_by_service_and_method(thrift_servers: Thrift) -> None:
    shape = Shape()
    assert exchange(thrift_servers, "multiplexed-binary", shape, "add", {"a": 2, "b": 3}, service="Shop")[0].result == 5
    with pytest.raises(ExchangeError) as caught:
        exchange(thrift_servers, "multiplexed-binary", shape, "add", {"a": 2, "b": 3})
    assert caught.value.kind == "closed"


def test_a_oneway_call_arrives(thrift_servers: Thrift) -> None:
    method = idl.find_method(idl.load(str(thrift_servers.idl)), "fire")[1]
    fields, _ = writevalue.fields(method.arguments, {"what": "from a test"})
    with socket.create_connection((thrift_servers.host, thrift_servers.ports["buffered-binary"])) as peer:
        peer.sendall(answer.encode_message(answer.call(fields, "fire", 1, oneway=True), "binary"))
    fired = thrift_servers.folder / "fired"
    until = time.monotonic() + 5
    while not (fired.exists() and "from a test\n" in fired.read_text()):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_old_messages_without_a_version_are_answered(thrift_servers: Thrift) -> None:
    with socket.create_connection((thrift_servers.host, thrift_servers.ports["buffered-binary"]), timeout=5) as peer:
        peer.sendall(answer.encode_message(answer.call([], "ping", 1), "binary", strict=False))
        assert receive(peer, AnswerDecoder(Shape(), LIMIT)).name == "ping"


def test_tls(thrift_servers: Thrift, ca: Authority) -> None:
    context = ssl.create_default_context(cafile=str(ca.root))
    with (
        socket.create_connection((thrift_servers.host, thrift_servers.ports["tls-binary"]), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as peer,
    ):
        peer.sendall(answer.encode_message(answer.call([], "ping", 1), "binary"))
        assert receive(peer, AnswerDecoder(Shape(), LIMIT)).fields == [(0, 11, b"pong")]


@pytest.mark.parametrize("protocol", ["binary", "json"])
def test_http(thrift_servers: Thrift, protocol: str) -> None:
    from http.client import HTTPConnection

    connection = HTTPConnection(thrift_servers.host, thrift_servers.ports[f"http-{protocol}"], timeout=5)
    connection.request("POST", "/", answer.encode_message(answer.call([], "ping", 1), protocol), {"Content-Type": "application/x-thrift"})
    message = AnswerDecoder(Shape(protocol=protocol), LIMIT).feed(connection.getresponse().read())
    connection.close()
    assert message
    assert message.fields == [(0, 11, b"pong")]


def test_a_probe_finds_what_a_server_speaks(thrift_servers: Thrift) -> None:
    found = {}
    for form, port in thrift_servers.ports.items():
        for transport, protocol in COMBINATIONS:
            shape = Shape(transport=transport, protocol=protocol)
            with socket.create_connection((thrift_servers.host, port), timeout=1) as peer:
                peer.sendall(answer.wrap(answer.encode_message(answer.call([], PROBE, 1), protocol), shape, 1))
                try:
                    peer.shutdown(socket.SHUT_WR)
                    message = receive(peer, AnswerDecoder(shape, LIMIT))
                except (ExchangeError, OSError):
                    continue
            if reply.is_unknown_method(message):
                found[form] = str(shape)
                break
    assert found == {
        "buffered-binary": "buffered binary",
        "buffered-compact": "buffered compact",
        "buffered-json": "buffered json",
        "framed-binary": "framed binary",
        "framed-compact": "framed compact",
        "framed-json": "framed json",
        "header-": "framed binary",
        "buffered-strict": "buffered binary",
    }
