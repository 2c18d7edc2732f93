"""The Thrift responder, met by Apache's client with the code that Apache's compiler makes of its IDL, and by thriftpy2, as a server too."""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from peers.base import LOOPBACK, accepts, free_port, need
from peers.exchange import failure_of, response_of

from rrcli.adapters.thrift.request import ThriftRequest
from rrcli.engine.send import send
from rrcli.model.values import Exchange
from rrcli.responders.base import Responder
from rrcli.responders.thrift import IDL, ThriftResponder

Talk = Callable[[Responder, bytes], bytes]
FORMS = [(transport, protocol) for transport in ("buffered", "framed") for protocol in ("binary", "compact", "json")]


@pytest.fixture(scope="module")
def shop() -> Iterator[ThriftResponder]:
    with ThriftResponder() as responder:
        yield responder


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """The modules that the compiler makes: the service, and the types."""
    pytest.importorskip("thrift")
    folder = tmp_path_factory.mktemp("shop")
    shutil.copy(IDL, folder)
    subprocess.run([need("thrift"), "-nowarn", "--gen", "py", Path(IDL).name], cwd=folder, check=True, timeout=30)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder / "gen-py"))
        yield import_module("shop.Shop"), import_module("shop.ttypes")


@pytest.mark.parametrize(("transport", "protocol"), FORMS)
def test_apaches_client(shop: ThriftResponder, generated: tuple[Any, Any], transport: str, protocol: str) -> None:
    from thrift.protocol import TBinaryProtocol, TCompactProtocol, TJSONProtocol
    from thrift.transport import TSocket, TTransport

    service, types = generated
    socket = TSocket.TSocket(shop.host, shop.port)
    socket.setTimeout(5000)
    wrapped = (TTransport.TFramedTransport if transport == "framed" else TTransport.TBufferedTransport)(socket)
    made = {"binary": TBinaryProtocol.TBinaryProtocol, "compact": TCompactProtocol.TCompactProtocol, "json": TJSONProtocol.TJSONProtocol}
    client = service.Client(made[protocol](wrapped))
    wrapped.open()
    try:
        assert client.ping() == "pong"
        assert (client.add(2, 3), client.add(2**31 - 1, 1)) == (5, -(2**31))
        item = types.Item(name="é", price=9007199254740993, color=types.Color.GREEN, tags=["a", "b"])
        assert client.echo(item) == item
        assert client.reserve("book") == 7
        with pytest.raises(types.OutOfStock) as caught:
            client.reserve("pen")
        assert (caught.value.name, caught.value.left) == ("pen", 0)
        assert client.slow(1) is None
        client.note("nothing comes back")
        assert client.ping() == "pong"
    finally:
        wrapped.close()


def test_what_is_no_call_is_hung_up_on(shop: ThriftResponder, talk: Talk) -> None:
    assert talk(shop, b"GET / HTTP/1.1\r\n\r\n") == b""
    assert talk(shop, b"\x80\1\0\1\x7f\xff\xff\xff") == b""


def test_an_unknown_method_and_a_missing_argument(shop: ThriftResponder, talk: Talk) -> None:
    assert talk(shop, b"\x80\1\0\1\0\0\0\x01x\0\0\0\x07\0").startswith(b"\x80\1\0\3\0\0\0\1x\0\0\0\7\x0b\0\1\0\0\0\x12Unknown function x")
    assert b"argument 1 is missing" in talk(shop, b"\x80\1\0\1\0\0\0\3add\0\0\0\0\0")


@pytest.mark.parametrize(("transport", "protocol"), [*FORMS, ("header", "binary"), ("header", "compact")])
def test_our_own_client_over_every_form(shop: ThriftResponder, transport: str, protocol: str) -> None:
    words = (shop.address, IDL, "Shop.add", "a=2", "b=3")
    exchange = send(ThriftRequest(*words, transport=transport, protocol=protocol, multiplexed="", timeout=5.0))
    assert exchange.response
    assert exchange.response.data["result"] == 5


@pytest.fixture(scope="module")
def other() -> Any:
    """The IDL as thriftpy2 reads it."""
    return pytest.importorskip("thriftpy2").load(IDL, module_name="rrcli_shop_thrift")


@pytest.mark.parametrize("transport", ["TCyBufferedTransportFactory", "TCyFramedTransportFactory"])
@pytest.mark.parametrize("protocol", ["TCyBinaryProtocolFactory", "TCompactProtocolFactory"])
def test_thriftpy2_calls_it(shop: ThriftResponder, other: Any, transport: str, protocol: str) -> None:
    from thriftpy2 import protocol as protocols
    from thriftpy2 import transport as transports
    from thriftpy2.rpc import make_client

    made = {"proto_factory": getattr(protocols, protocol)(), "trans_factory": getattr(transports, transport)()}
    client = make_client(other.Shop, shop.host, shop.port, timeout=5000, **made)
    try:
        item = other.Item(name="é", price=9007199254740993, color=2, tags=["a", "b"])
        assert (client.ping(), client.add(2, 3), client.echo(item)) == ("pong", 5, item)
        with pytest.raises(other.OutOfStock) as caught:
            client.reserve("pen")
        assert (caught.value.name, caught.value.left) == ("pen", 0)
    finally:
        client.close()


@pytest.fixture
def others_server(other: Any) -> Iterator[str]:
    """The same service by thriftpy2's server, which hangs up where a method fails."""
    from thriftpy2.rpc import make_server

    class Shop:
        def ping(self) -> str:
            raise RuntimeError("it broke")

        def add(self, a: int, b: int) -> int:
            return a + b

        def reserve(self, name: str) -> int:
            raise other.OutOfStock(name=name, left=0)

    port = free_port()
    server = make_server(other.Shop, Shop(), LOOPBACK, port)
    thread = threading.Thread(target=server.serve, daemon=True)
    logging.getLogger("thriftpy2.server").setLevel(logging.CRITICAL)
    thread.start()
    while not accepts(port):
        time.sleep(0.01)
    yield f"{LOOPBACK}:{port}"
    server.closed = True
    server.trans.close()
    thread.join(2)


def test_the_server_of_thriftpy2(others_server: str) -> None:
    def ask(*words: str) -> Exchange:
        return send(ThriftRequest(others_server, IDL, *words, timeout=5.0))

    assert response_of(ask("add", "a=2", "b=3")).data["result"] == 5
    assert response_of(ask("reserve", "name=s")).data["exception"] == {"name": "OutOfStock", "fields": {"name": "s", "left": 0}}
    failed = failure_of(ask("ping"))
    assert (failed.layer, failed.kind in ("closed", "reset"), failed.delivery) == ("transport", True, "unknown")
    assert "--transport" in (failed.hint or "")
