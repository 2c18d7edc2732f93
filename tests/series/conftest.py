"""A web server for series: connections that are told in the answers, closed after three requests on one port, HTTP/2 on another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from peers.base import LOOPBACK, accepts, free_port, need, running
from peers.ca import Authority

CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 128; }}
http {{
  access_log off; default_type text/plain;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen {host}:{clear};
    location / {{ return 200 "$connection"; }}
    location = /bad {{ return 503; }}
    location = /redirect {{ return 302 /; }}
    location = /closed {{ keepalive_timeout 0; return 200 "$connection"; }}
  }}
  server {{
    listen {host}:{three};
    keepalive_requests 3;
    location / {{ return 200 "$connection"; }}
  }}
  server {{
    listen {host}:{port} ssl http2;
    ssl_certificate {certificate.chain}; ssl_certificate_key {certificate.key};
    http2_max_concurrent_streams 4;
    keepalive_requests 100000;
    location / {{ return 200 "$connection"; }}
    location = /redirect {{ return 302 /; }}
  }}
}}
"""


@dataclass(frozen=True)
class Web:
    """The ports of the server: `clear` keeps connections, `three` closes each after three requests, `tls` speaks HTTP/2."""

    clear: int
    three: int
    tls: int
    pid: int

    def url(self, path: str = "/") -> str:
        return f"http://{LOOPBACK}:{self.clear}{path}"


@pytest.fixture(scope="session")
def series_web(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    program, folder = need("nginx"), tmp_path_factory.mktemp("series")
    clear, three, port = free_port(), free_port(), free_port()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(host=LOOPBACK, clear=clear, three=three, port=port, folder=folder, certificate=ca.good))
    with running([program, "-p", folder, "-c", config, "-e", "stderr"], folder, lambda: accepts(port)):
        yield Web(clear, three, port, int((folder / "nginx.pid").read_text()))
