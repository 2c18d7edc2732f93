"""`rrcli grpc` against HTTP servers that answer in the place of a gRPC server: nginx before one, and before none, and nghttpd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, accepts, free_port, need, running
from peers.exchange import failed_as, failure_of, response_of
from peers.grpc import PROTO, Grpc
from peers.nginx import Nginx
from peers.web import write_documents

from rrcli.adapters.grpc.request import GrpcRequest
from rrcli.engine.send import send
from rrcli.model.values import Exchange

ECHO = ("rr.demo.v1.Demo/Echo", "name=x")
CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen {host}:{live} http2; location / {{ grpc_pass grpc://{host}:{server}; }} }}
  server {{ listen {host}:{dead} http2; location / {{ grpc_pass grpc://{host}:{nobody}; }} }}
  server {{ listen {host}:{maintenance} http2; location / {{ return 503 "back soon"; }} }}
}}
"""


@dataclass(frozen=True)
class Proxies:
    live: str
    dead: str
    maintenance: str


@pytest.fixture(scope="module")
def proxies(grpc_servers: Grpc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxies]:
    """nginx before grpcio, before a port where nobody listens, and with a page of its own."""
    program, folder = need("nginx"), tmp_path_factory.mktemp("grpc-proxies")
    ports = {name: free_port() for name in ("live", "dead", "maintenance")}
    config = folder / "nginx.conf"
    config.write_text(CONFIGURATION.format(host=LOOPBACK, folder=folder, server=grpc_servers.ports["both"], nobody=free_port(), **ports))
    with running([program, "-p", folder, "-c", config, "-e", "stderr"], folder, lambda: all(map(accepts, ports.values()))):
        yield Proxies(**{name: f"{LOOPBACK}:{port}" for name, port in ports.items()})


@pytest.fixture(scope="module")
def clear_nghttpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """nghttpd without TLS, with documents."""
    program, folder = need("nghttpd"), tmp_path_factory.mktemp("nghttpd-clear")
    write_documents(folder)
    port = free_port()
    with running([program, "--no-tls", "-a", LOOPBACK, "-d", Path(folder) / "www", port], folder, lambda: accepts(port)):
        yield f"{LOOPBACK}:{port}"


def call(target: str, *words: str, **options: object) -> Exchange:
    return send(GrpcRequest(target, *words, **{"timeout": 8.0, **options}))


def with_file(target: str, **options: object) -> Exchange:
    return call(target, *ECHO, proto=(str(PROTO / "demo.proto"),), **options)


def test_a_proxy_passes_calls_and_reflection_on(proxies: Proxies) -> None:
    exchange = call(proxies.live, "rr.demo.v1.Demo/Server", "count:=2")
    assert exchange.error is None
    assert response_of(exchange).data["messages"] == [{"number": 1}, {"number": 2}]
    assert response_of(exchange).status.code == 0


@pytest.mark.parametrize("by_file", [True, False])
def test_a_proxy_before_nobody_is_unavailable_with_its_page(proxies: Proxies, by_file: bool) -> None:
    exchange = with_file(proxies.dead) if by_file else call(proxies.dead, *ECHO)
    assert failed_as(exchange)[:2] == ("application", "bad_status")
    answer = response_of(exchange)
    assert (answer.status.code, answer.status.text, answer.data["http_status"]) == (14, "UNAVAILABLE", 502)
    assert answer.body
    assert b"502 Bad Gateway" in answer.body.data
    assert failure_of(exchange).retry == "safe"


def test_a_page_of_the_proxy_itself_keeps_its_status(proxies: Proxies) -> None:
    answer = response_of(with_file(proxies.maintenance))
    assert (answer.status.code, answer.data["http_status"], answer.body and answer.body.data) == (14, 503, b"back soon")


@pytest.mark.parametrize("by_file", [True, False])
def test_an_http2_server_that_is_no_grpc_server_is_never_ok(clear_nghttpd: str, by_file: bool) -> None:
    exchange = with_file(clear_nghttpd) if by_file else call(clear_nghttpd, *ECHO)
    failure = failure_of(exchange)
    assert failure.layer in ("application", "protocol")
    assert "404" in failure.message or "content-type" in failure.message or "text/html" in failure.message


def test_an_http1_server_is_named(nginx: Nginx) -> None:
    exchange = with_file(nginx.address)
    assert failed_as(exchange)[:2] == ("protocol", "wrong_protocol")
    assert "HTTP/1.1" in failure_of(exchange).message
