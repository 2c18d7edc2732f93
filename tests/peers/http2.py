"""Servers that speak HTTP/2: caddy and nginx by ALPN, caddy without TLS, nghttpd with trailers, hypercorn with an ASGI app."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running
from peers.ca import Authority

TRAILER = "x-checksum: 42"
LARGE_SIZE = 3 * 1024 * 1024 + 17  # beyond every window that a connection begins with

_CADDYFILE = """
{{
  admin off
  auto_https off
  servers {{
    protocols h1 h2 h2c
  }}
}}
http://{host}:{clear} {{
  bind {host}
  route {{
    respond /proto "{{http.request.proto}}"
    file_server {{
      root {folder}/www
    }}
  }}
}}
https://localhost:{port} {{
  bind {host}
  tls {certificate.chain} {certificate.key}
  route {{
    respond /proto "{{http.request.proto}}"
    respond /early 413
    file_server {{
      root {folder}/www
    }}
  }}
}}
"""

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
    size = 0
    more = True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    said = f"{scope['method']} HTTP/{scope['http_version']} {size}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(said)).encode())]})
    await send({"type": "http.response.body", "body": said})
"""


@dataclass(frozen=True)
class Http2Peer(Peer):
    """A server at `port` with TLS; `clear` is caddy's port without."""

    clear: int = 0

    def https(self, path: str = "/") -> str:
        return f"https://localhost:{self.port}{path}"

    def http(self, path: str = "/") -> str:
        return f"http://{LOOPBACK}:{self.clear}{path}"


def _documents(folder: Path) -> None:
    (folder / "www").mkdir()
    (folder / "www" / "large.bin").write_bytes(bytes(range(256)) * (LARGE_SIZE // 256) + b"." * (LARGE_SIZE % 256))
    (folder / "www" / "small.txt").write_text("small\n")


@pytest.fixture(scope="session")
def caddy(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http2Peer]:
    """caddy with HTTP/2 by ALPN on one port, by prior knowledge on the other."""
    program, folder = need("caddy"), tmp_path_factory.mktemp("caddy")
    port, clear = free_port(), free_port()
    _documents(folder)
    config = folder / "Caddyfile"
    config.write_text(_CADDYFILE.format(host=LOOPBACK, port=port, clear=clear, folder=folder, certificate=ca.good))
    command = [program, "run", "--config", config, "--adapter", "caddyfile"]
    environ = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with running(command, folder, lambda: accepts(port) and accepts(clear), environ) as log:
        yield Http2Peer(LOOPBACK, port, log, clear)


@pytest.fixture(scope="session")
def nginx2(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http2Peer]:
    """nginx with HTTP/2, which says GOAWAY with every answer."""
    program, folder = need("nginx"), tmp_path_factory.mktemp("nginx2")
    port = free_port()
    _documents(folder)
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(host=LOOPBACK, port=port, folder=folder, certificate=ca.good))
    with running([program, "-p", folder, "-c", config, "-e", "stderr"], folder, lambda: accepts(port)) as log:
        yield Http2Peer(LOOPBACK, port, log)


@pytest.fixture(scope="session")
def nghttpd(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http2Peer]:
    """nghttpd, which ends every answer with a trailer."""
    program, folder = need("nghttpd"), tmp_path_factory.mktemp("nghttpd")
    port = free_port()
    _documents(folder)
    command = [program, f"--trailer={TRAILER}", "-a", LOOPBACK, "-d", folder / "www", port, ca.good.key, ca.good.chain]
    with running(command, folder, lambda: accepts(port)) as log:
        yield Http2Peer(LOOPBACK, port, log)


@pytest.fixture(scope="session")
def hypercorn(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http2Peer]:
    """hypercorn with an app that counts what it is sent."""
    folder = tmp_path_factory.mktemp("hypercorn")
    port = free_port()
    (folder / "counting.py").write_text(_APP)
    files = ["--certfile", ca.good.chain, "--keyfile", ca.good.key]
    command = [sys.executable, "-m", "hypercorn", "-b", f"{LOOPBACK}:{port}", *files, "counting:app"]
    with running(command, folder, lambda: accepts(port)) as log:
        yield Http2Peer(LOOPBACK, port, log)
