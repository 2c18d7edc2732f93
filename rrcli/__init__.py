"""rrcli shows one request/response exchange over any protocol: parts, framing, phases, status, and what to do.

As a library: `send(request)` returns an `Exchange`, `submit(request)` a future of one, `render(exchange)` its report; `Client` keeps
connections and cookies between requests; `run(plan)` runs a plan and returns a `RunResult`; `RecordingTransport` makes exchanges of what
an httpx client does. Names are loaded when used, so that the command line pays only for what it needs.

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

    from rrcli.adapters.dns.request import DnsRequest as DnsRequest
    from rrcli.adapters.graphql.request import GraphqlRequest as GraphqlRequest
    from rrcli.adapters.grpc.request import GrpcRequest as GrpcRequest
    from rrcli.adapters.http.request import HttpRequest as HttpRequest
    from rrcli.adapters.nats.request import NatsRequest as NatsRequest
    from rrcli.adapters.pg.request import PgRequest as PgRequest
    from rrcli.adapters.poll.request import PollRequest as PollRequest
    from rrcli.adapters.redis.request import RedisRequest as RedisRequest
    from rrcli.adapters.smtp.request import SmtpRequest as SmtpRequest
    from rrcli.adapters.soap.request import SoapRequest as SoapRequest
    from rrcli.adapters.sse.request import SseRequest as SseRequest
    from rrcli.adapters.tcp.request import TcpRequest as TcpRequest
    from rrcli.adapters.thrift.request import ThriftRequest as ThriftRequest
    from rrcli.adapters.tls.request import TlsRequest as TlsRequest
    from rrcli.adapters.ws.request import WsRequest as WsRequest
    from rrcli.api import Client, render, send, submit
    from rrcli.base.errors import ExchangeError
    from rrcli.httpxtransport import RecordingTransport
    from rrcli.model.values import Exchange
    from rrcli.plan.execute import run
    from rrcli.plan.result import RunResult

__all__ = [
    "Client",
    "Exchange",
    "ExchangeError",
    "RecordingTransport",
    "RunResult",
    "__version__",
    "render",
    "run",
    "send",
    "submit",
]

_HOMES = {
    "__version__": "rrcli.base",
    "Client": "rrcli.engine.client",
    "Exchange": "rrcli.model.values",
    "ExchangeError": "rrcli.base.errors",
    "RecordingTransport": "rrcli.httpxtransport",
    "RunResult": "rrcli.plan.result",
    "render": "rrcli.api",
    "run": "rrcli.plan.execute",
    "send": "rrcli.api",
    "submit": "rrcli.api",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None and name.endswith("Request"):
        from rrcli.engine.registry import PROTOCOLS

        places = (protocol.home_of_request.partition(":") for protocol in PROTOCOLS)
        home = next((module for module, _, found in places if found == name), None)
    if home:
        value = getattr(__import__(home, fromlist=[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'rrcli' has no attribute {name!r}")
