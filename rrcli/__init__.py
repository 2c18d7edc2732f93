"""rrcli shows one request/response exchange over any protocol: parts, framing, phases, status, and what to do.

As a library: `send(request)` returns an `Exchange`, `submit(request)` a future of one, `render(exchange)` its report; `Client` keeps
connections and cookies between requests; `RecordingTransport` makes exchanges of what an httpx client does. Names are loaded when used,
so that the command line pays only for what it needs.

From `rrcli http URL` to the bytes: `__main__.py` reads the command line by `cli/fast.py`, `cli/execute.py` has it sent and prints it,
`engine/send.py` owns the deadline, the attempts and the verdict, `engine/runner.py` the hops, `adapters/http/` walks a codec over
the wire, `wire/` moves bytes and stamps them. `codec/` turns bytes into messages and never sees a socket; `model/` holds the values and
makes the contract's JSON of them, `report/` draws them; `policy/` knows secrets, checks and advice, `explain/` what codes mean;
`engine/registry.py` has one line per protocol; `responders/` are the servers of `rrcli serve` and the demo.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.dns.request import DnsRequest
    from rrcli.adapters.graphql.request import GraphqlRequest
    from rrcli.adapters.http.request import HttpRequest
    from rrcli.adapters.nats.request import NatsRequest
    from rrcli.adapters.redis.request import RedisRequest
    from rrcli.adapters.tcp.request import TcpRequest
    from rrcli.adapters.thrift.request import ThriftRequest
    from rrcli.adapters.tls.request import TlsRequest
    from rrcli.api import Client, render, send, submit
    from rrcli.base.errors import ExchangeError
    from rrcli.httpxtransport import RecordingTransport
    from rrcli.model.values import Exchange

__all__ = [
    "Client",
    "DnsRequest",
    "Exchange",
    "ExchangeError",
    "GraphqlRequest",
    "HttpRequest",
    "NatsRequest",
    "RecordingTransport",
    "RedisRequest",
    "TcpRequest",
    "ThriftRequest",
    "TlsRequest",
    "__version__",
    "render",
    "send",
    "submit",
]

_HOMES = {
    "__version__": "rrcli.base",
    "Client": "rrcli.engine.client",
    "DnsRequest": "rrcli.adapters.dns.request",
    "Exchange": "rrcli.model.values",
    "ExchangeError": "rrcli.base.errors",
    "GraphqlRequest": "rrcli.adapters.graphql.request",
    "HttpRequest": "rrcli.adapters.http.request",
    "RecordingTransport": "rrcli.httpxtransport",
    "NatsRequest": "rrcli.adapters.nats.request",
    "RedisRequest": "rrcli.adapters.redis.request",
    "TcpRequest": "rrcli.adapters.tcp.request",
    "ThriftRequest": "rrcli.adapters.thrift.request",
    "TlsRequest": "rrcli.adapters.tls.request",
    "render": "rrcli.api",
    "send": "rrcli.api",
    "submit": "rrcli.api",
}


def __getattr__(name: str) -> Any:
    if home := _HOMES.get(name):
        value = getattr(__import__(home, fromlist=[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'rrcli' has no attribute {name!r}")
