"""rrcli shows one request/response exchange over any protocol: parts, framing, phases, status, and what to do.

As a library: `send(request)` returns an `Exchange`, `submit(request)` a future of one, `render(exchange)` its report;
`RecordingTransport` makes exchanges of what an httpx client does. Names are loaded when used,
so that the command line pays only for what it needs.

From `rrcli http URL` to the bytes: `__main__.py` reads the command line by `cli/fast.py`, `cli/execute.py` has it sent and
prints it, `runner.py` owns deadline, hops and verdict, `adapters/http/` walks a codec over the wire, `wire/` moves bytes and
stamps them. `codec/` turns bytes into messages and never sees a socket; `model.py` holds the values, `document.py` makes the
contract's JSON of them, `report/` draws them; `policy/` knows secrets, expectations and advice, `explain/` what codes mean;
`registry.py` has one entry per protocol; `responders/` are the servers of `rrcli serve` and the demo.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.dns import DnsRequest
    from rrcli.adapters.graphql.request import GraphqlRequest
    from rrcli.adapters.http.request import HttpRequest
    from rrcli.adapters.redis import RedisRequest
    from rrcli.adapters.tcp import TcpRequest
    from rrcli.adapters.tls import TlsRequest
    from rrcli.errors import ExchangeError
    from rrcli.library import render, send, submit
    from rrcli.model import Exchange
    from rrcli.transport import RecordingTransport

__all__ = [
    "DnsRequest",
    "Exchange",
    "ExchangeError",
    "GraphqlRequest",
    "HttpRequest",
    "RecordingTransport",
    "RedisRequest",
    "TcpRequest",
    "TlsRequest",
    "__version__",
    "render",
    "send",
    "submit",
]

_HOMES = {
    "DnsRequest": "rrcli.adapters.dns",
    "Exchange": "rrcli.model",
    "ExchangeError": "rrcli.errors",
    "GraphqlRequest": "rrcli.adapters.graphql.request",
    "HttpRequest": "rrcli.adapters.http.request",
    "RecordingTransport": "rrcli.transport",
    "RedisRequest": "rrcli.adapters.redis",
    "TcpRequest": "rrcli.adapters.tcp",
    "TlsRequest": "rrcli.adapters.tls",
    "render": "rrcli.library",
    "send": "rrcli.library",
    "submit": "rrcli.library",
}


def __getattr__(name: str) -> Any:
    if home := _HOMES.get(name):
        value = getattr(__import__(home, fromlist=[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'rrcli' has no attribute {name!r}")
