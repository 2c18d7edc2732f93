"""hypercorn with an application of streams, and nginx in front of it: HTTP/1.1 on one port, HTTP/2 over TLS on another."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running
from peers.ca import Authority

_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen {host}:{clear};
    listen {host}:{port} ssl http2;
    ssl_certificate {certificate.chain}; ssl_certificate_key {certificate.key};
    location / {{
      proxy_pass http://{app};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class AsgiProxy(Peer):
    """nginx: `port` speaks HTTP/2 over TLS, `clear` HTTP/1.1."""

    clear: int

    def https(self, path: str = "/") -> str:
        return f"https://localhost:{self.port}{path}"

    def url(self, path: str = "/") -> str:
        return f"http://{LOOPBACK}:{self.clear}{path}"


@dataclass(frozen=True)
class Asgi(Peer):
    """hypercorn on a plain port."""

    def url(self, path: str = "/") -> str:
        return f"http://{self.address}{path}"


@pytest.fixture(scope="session")
def asgi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asgi]:
    """hypercorn with `asgi_app.py`."""
    folder, port = tmp_path_factory.mktemp("asgi"), free_port()
    (folder / "streams.py").write_text((Path(__file__).parent / "asgi_app.py").read_text())
    command = [sys.executable, "-m", "hypercorn", "-b", f"{LOOPBACK}:{port}", "--graceful-timeout", "0", "streams:app"]
    with running(command, folder, lambda: accepts(port)) as log:
        yield Asgi(LOOPBACK, port, log)


@pytest.fixture(scope="session")
def asgi_proxy(asgi: Asgi, ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsgiProxy]:
    """nginx in front of `asgi`, which passes everything on at once."""
    program, folder = need("nginx"), tmp_path_factory.mktemp("asgi_proxy")
    port, clear = free_port(), free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, host=LOOPBACK, port=port, clear=clear, certificate=ca.good, app=asgi.address))
    with running([program, "-p", folder, "-c", config, "-e", "stderr"], folder, lambda: accepts(port) and accepts(clear)) as log:
        yield AsgiProxy(LOOPBACK, port, log, clear)
