"""Servers that speak HTTP/2: nginx by ALPN, nghttpd with trailers, hypercorn with an ASGI app, which speaks HTTP/3 too; caddy is beside."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from peers.base import LOOPBACK, accepts, free_port, need, running
from peers.ca import Authority
from peers.web import Http2Peer, write_documents

TRAILER = "x-checksum: 42"

_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen {host}:{port} ssl http2;
    ssl_certificate {certificate.chain}; ssl_certificate_key {certificate.key};
    keepalive_requests 1;
    root {folder}/www;
    location = /proto {{ return 200 "$server_protocol"; }}
    location = /not-modified {{ return 304; }}
    location = /redirect {{ return 302 /proto; }}
  }}
}}
"""

_APP = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/echo":
        return await echo(receive, send)
    size = 0
    more = True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    said = f"{scope['method']} HTTP/{scope['http_version']} {size}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(said)).encode())]})
    await send({"type": "http.response.body", "body": said})


async def echo(receive, send):
    # each piece of the content at once, and a status behind all of it
    await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})
    await send({"type": "http.response.trailers", "headers": [(b"grpc-status", b"5")], "more_trailers": False})
"""


@pytest.fixture(scope="session")
def nginx2(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http2Peer]:
    """nginx with HTTP/2, which says GOAWAY with every answer."""
    program, folder = need("nginx"), tmp_path_factory.mktemp("nginx2")
    port = free_port()
    write_documents(folder)
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(host=LOOPBACK, port=port, folder=folder, certificate=ca.good))
    with running([program, "-p", folder, "-c", config, "-e", "stderr"], folder, lambda: accepts(port)) as log:
        yield Http2Peer(LOOPBACK, port, log)


@pytest.fixture(scope="session")
def nghttpd(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http2Peer]:
    """nghttpd, which ends every answer with a trailer."""
    program, folder = need("nghttpd"), tmp_path_factory.mktemp("nghttpd")
    port = free_port()
    write_documents(folder)
    command = [program, f"--trailer={TRAILER}", "-a", LOOPBACK, "-d", folder / "www", port, ca.good.key, ca.good.chain]
    with running(command, folder, lambda: accepts(port)) as log:
        yield Http2Peer(LOOPBACK, port, log)


@pytest.fixture(scope="session")
def hypercorn(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http2Peer]:
    """hypercorn with an app that counts what it is sent, and sends it back under /echo."""
    folder = tmp_path_factory.mktemp("hypercorn")
    port = free_port()
    (folder / "counting.py").write_text(_APP)
    files = ["--certfile", ca.good.chain, "--keyfile", ca.good.key]
    quic = ["--quic-bind", f"{LOOPBACK}:{port}"] if find_spec("aioquic") else []
    command = [sys.executable, "-m", "hypercorn", "-b", f"{LOOPBACK}:{port}", *quic, *files, "counting:app"]
    with running(command, folder, lambda: accepts(port)) as log:
        yield Http2Peer(LOOPBACK, port, log)
