"""Apache's Thrift library as a server in every form; started by `peers.thrift` in the folder with the generated code.

Its arguments are `form=port`, the forms those of `peers.thrift`, and for `tls` the certificate's chain and key behind them.
"""

from __future__ import annotations

import ssl
import sys
import threading
import time
from collections.abc import Callable

sys.path.insert(0, "gen-py")

from demo import Shop  # type: ignore[import-not-found]  # generated
from demo.ttypes import OutOfStock  # type: ignore[import-not-found]
from thrift.protocol import TBinaryProtocol, TCompactProtocol, THeaderProtocol, TJSONProtocol
from thrift.server import THttpServer, TServer
from thrift.TMultiplexedProcessor import TMultiplexedProcessor
from thrift.transport import THeaderTransport, TSocket, TSSLSocket, TTransport


class Handler:
    def ping(self) -> str:
        return "pong"

    def add(self, a: int, b: int) -> int:
        return a + b

    def echo(self, item: object) -> object:
        return item

    def reserve(self, sku: str) -> int:
        if sku == "s":
            raise OutOfStock(sku=sku, left=0)
        return 7

    def crash(self) -> str:
        raise ValueError("it broke")

    def fire(self, what: str) -> None:
        with open("fired", "a") as file:
            file.write(f"{what}\n")

    def slow(self, ms: int) -> None:
        time.sleep(ms / 1000)

    def nothing(self) -> None:
        pass

    def none(self) -> None:
        return None

    def flip(self, value: bool, unused: int | None) -> bool:  # noqa: ARG002  # the IDL has it
        return not value


PROTOCOLS = {
    "binary": TBinaryProtocol.TBinaryProtocolFactory,
    "strict": lambda: TBinaryProtocol.TBinaryProtocolFactory(strictRead=True),
    "compact": TCompactProtocol.TCompactProtocolFactory,
    "json": TJSONProtocol.TJSONProtocolFactory,
}
TRANSPORTS = {"buffered": TTransport.TBufferedTransportFactory, "framed": TTransport.TFramedTransportFactory}


def server(form: str, port: int, certificate: list[str]) -> Callable[[], None]:
    processor = Shop.Processor(Handler())
    transport, _, protocol = form.partition("-")
    if transport == "http":
        return THttpServer.THttpServer(processor, ("127.0.0.1", port), PROTOCOLS[protocol]()).serve
    if transport == "multiplexed":
        shop, processor = processor, TMultiplexedProcessor()
        processor.registerProcessor("Shop", shop)
    if transport == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        socket = TSSLSocket.TSSLServerSocket("127.0.0.1", port, ssl_context=context)
    else:
        socket = TSocket.TServerSocket("127.0.0.1", port)
    if transport == "header":
        kinds = THeaderTransport.THeaderClientType
        allowed = (kinds.HEADERS, kinds.FRAMED_BINARY, kinds.FRAMED_COMPACT)
        factory = THeaderProtocol.THeaderProtocolFactory(allowed_client_types=allowed)
        return TServer.TThreadedServer(processor, socket, TTransport.TTransportFactoryBase(), factory, daemon=True).serve
    factory = PROTOCOLS[protocol]()
    return TServer.TThreadedServer(processor, socket, TRANSPORTS.get(transport, TRANSPORTS["buffered"])(), factory, daemon=True).serve


forms = [word.split("=") for word in sys.argv[1:] if "=" in word]
certificate = [word for word in sys.argv[1:] if "=" not in word]
for form, port in forms:
    threading.Thread(target=server(form, int(port), certificate), daemon=True).start()
threading.Event().wait()
