"""Proxies: tinyproxy for HTTP CONNECT, microsocks for SOCKS5, and the servers that read the PROXY protocol."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running

USER, PASSWORD = "ann", "open sesame!"

_TINYPROXY = """
Port {port}
Listen {host}
Timeout 20
LogLevel Connect
MaxClients 20
Allow {host}
{extra}
"""


@pytest.fixture
def http_proxy(tmp_path: Path) -> Iterator[Callable[..., Peer]]:
    """Starts a tinyproxy with further lines of configuration."""
    with contextlib.ExitStack() as servers:

        def start(extra: str = "") -> Peer:
            port = free_port()
            folder = tmp_path / f"tinyproxy-{port}"
            folder.mkdir()
            (folder / "tinyproxy.conf").write_text(_TINYPROXY.format(host=LOOPBACK, port=port, extra=extra))
            command = [need("tinyproxy"), "-d", "-c", "tinyproxy.conf"]
            return Peer(LOOPBACK, port, servers.enter_context(running(command, folder, lambda: accepts(port))))

        yield start


@pytest.fixture
def socks_proxy(tmp_path: Path) -> Iterator[Callable[..., Peer]]:
    """Starts a microsocks with further options."""
    with contextlib.ExitStack() as servers:

        def start(*options: str) -> Peer:
            port = free_port()
            folder = tmp_path / f"microsocks-{port}"
            folder.mkdir()
            command = [need("microsocks"), "-i", LOOPBACK, "-p", port, *options]
            return Peer(LOOPBACK, port, servers.enter_context(running(command, folder, lambda: accepts(port))))

        yield start


_HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend f
  bind {host}:{port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] to %[dst]:%[dst_port]\\n"
"""


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[Peer]:
    """haproxy that wants a PROXY header, of either version, and answers HTTP with what it says."""
    port = free_port()
    (tmp_path / "haproxy.cfg").write_text(_HAPROXY.format(host=LOOPBACK, port=port))
    with running([need("haproxy"), "-db", "-f", "haproxy.cfg"], tmp_path, lambda: accepts(port)) as log:
        yield Peer(LOOPBACK, port, log)


_NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr info;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {host}:{port} proxy_protocol;
    location / {{
      return 200 "$proxy_protocol_addr:$proxy_protocol_port to $proxy_protocol_server_addr:$proxy_protocol_server_port\\n";
    }}
  }}
}}
"""


@pytest.fixture
def nginx_behind_proxy(tmp_path: Path) -> Iterator[Peer]:
    """nginx that wants a PROXY header and answers with what it says."""
    port = free_port()
    tmp_path.chmod(0o755)
    (tmp_path / "nginx.conf").write_text(_NGINX.format(folder=tmp_path, host=LOOPBACK, port=port))
    with running([need("nginx"), "-p", tmp_path, "-c", tmp_path / "nginx.conf"], tmp_path, lambda: accepts(port)) as log:
        yield Peer(LOOPBACK, port, log)
