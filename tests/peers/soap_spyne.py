"""A service of spyne's: `python soap_spyne.py PORT`. SOAP 1.1 alone; spyne imports on Python 3.11 and below."""

from __future__ import annotations

import sys
import time
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from spyne import Application, Array, ComplexModel, Decimal, Fault, Integer, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

SPACE = "urn:rr:spyne"


class Item(ComplexModel):
    __namespace__ = SPACE
    name = Unicode(min_occurs=1)
    qty = Integer
    price = Decimal
    tags = Unicode(max_occurs="unbounded")


class OutOfStock(Fault):
    def __init__(self, sku: str) -> None:
        super().__init__("Client.OutOfStock", "none left", detail={"sku": sku})


class Shop(ServiceBase):
    @rpc(Integer(min_occurs=1), Integer(min_occurs=1), _returns=Integer)
    def Add(self, a: int, b: int) -> int:
        return a + b

    @rpc(Item, _returns=Item)
    def Echo(self, item: Any) -> Any:
        return item

    @rpc(Unicode, _returns=Unicode)
    def Reserve(self, sku: str) -> str:
        raise OutOfStock(sku)

    @rpc(Integer, _returns=Array(Item))
    def List(self, count: int) -> Any:
        return [Item(name=f"item {number}", qty=number) for number in range(count)]

    @rpc(Integer, _returns=Integer)
    def Slow(self, ms: int) -> int:
        time.sleep(ms / 1000)
        return ms

    @rpc()
    def Nothing(self) -> None:
        pass

    @rpc()
    def Crash(self) -> None:
        raise RuntimeError("crashed")


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


service = WsgiApplication(Application([Shop], SPACE, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()))
make_server("127.0.0.1", int(sys.argv[1]), service, Server, Quiet).serve_forever()
