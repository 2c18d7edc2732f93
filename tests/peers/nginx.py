"""nginx: the web server that HTTP and TLS are tried against, one instance with a port for each certificate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running
from peers.ca import Authority, Certificate

USER, PASSWORD = "ann", "open sesame"
LARGE_SIZE = 8 * 1024 * 1024
# Sent in two parts a second apart, because `limit_rate` counts by the second.
SLOW_SIZE = 30_000

# One TLS port each, by the name that `Nginx.https` takes: the certificate, then what else its server says.
CLIENT_REQUIRED = "client_required"
TLS12 = "tls12"

_CONFIG = """
load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr info;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type text/plain;
  types {{ application/json json; text/html html; application/octet-stream bin; }}
  etag off;
  absolute_redirect off;
  ssl_protocols TLSv1.2 TLSv1.3;
  lingering_close off;
  server {{
    listen {host}:{port};
    listen unix:{folder}/nginx.sock;
    include {folder}/locations.conf;
  }}
{tls_servers}
}}
"""

_TLS_SERVER = """
  server {{
    listen {host}:{port} ssl;
    ssl_certificate {certificate.chain};
    ssl_certificate_key {certificate.key};
    {extra}
    include {folder}/locations.conf;
  }}
"""

_LOCATIONS = """
root {folder}/www;
charset utf-8;

# Any status by its number, with a line that says so.
location ~ ^/status/(?<code>[2-5][0-9][0-9])$ {{
{statuses}
}}

location = /redirect {{ return 302 /users.json; }}
location = /redirect/absolute {{ return 301 http://{host}:{port}/users.json; }}
location = /redirect/307 {{ return 307 /echo; }}
location = /redirect/loop {{ return 302 /redirect/loop; }}
location = /redirect/twice {{ return 302 /redirect; }}

# What arrived: the request line and the fields as they were written, then the body.
location = /echo {{
  echo_read_request_body;
  echo -n $echo_client_request_headers;
  echo -n $request_body;
}}

location = /private {{
  auth_basic "the vault";
  auth_basic_user_file {folder}/users;
  default_type application/json;
  echo '{{"user": "$remote_user"}}';
}}

location = /gzip.json {{
  gzip on;
  gzip_types application/json;
  gzip_min_length 1;
  alias {folder}/www/users.json;
}}

# Of a length that nginx does not know beforehand: chunked, or closed at the end where the client or the location asks for it.
location = /chunked {{ echo one; echo_flush; echo two; }}
location = /close {{ chunked_transfer_encoding off; echo one; echo_flush; echo two; }}

location = /hang-up {{ return 444; }}
location = /slow/first-byte {{ echo_sleep 0.2; echo late; }}
location = /slow/body {{ echo early; echo_flush; echo_sleep 0.2; echo late; }}
location = /slow/rate {{ limit_rate 20k; alias {folder}/www/slow.bin; }}
location = /slow/never {{ echo_sleep 60; echo never; }}
"""


@dataclass(frozen=True)
class Nginx(Peer):
    """nginx with its ports: `port` speaks plain HTTP, `tls_ports` has one for each certificate."""

    tls_ports: dict[str, int]
    unix_socket: Path
    folder: Path

    def url(self, path: str = "/") -> str:
        return f"http://{self.address}{path}"

    def https(self, path: str = "/", server: str = "good") -> str:
        """The URL at the TLS server of that name: a certificate of `Authority`, `client_required` or `tls12`."""
        return f"https://localhost:{self.tls_ports[server]}{path}"

    def access_log(self) -> list[str]:
        """A line for each request that was finished so far, by every test that uses this server."""
        return (self.folder / "access.log").read_text().splitlines()


@pytest.fixture(scope="session")
def nginx(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """nginx with the locations above on a plain port, a unix socket and the TLS ports."""
    program = need("nginx")
    folder = tmp_path_factory.mktemp("nginx")
    port = free_port()
    servers = _tls_servers(ca)
    tls_ports = {name: free_port() for name in servers}
    _write_documents(folder)
    (folder / "locations.conf").write_text(_LOCATIONS.format(folder=folder, host=LOOPBACK, port=port, statuses=_statuses()))
    tls = "".join(
        _TLS_SERVER.format(host=LOOPBACK, port=tls_ports[name], certificate=certificate, extra=extra, folder=folder)
        for name, (certificate, extra) in servers.items()
    )
    (folder / "nginx.conf").write_text(_CONFIG.format(folder=folder, host=LOOPBACK, port=port, tls_servers=tls))
    command = [program, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    with running(command, folder, lambda: all(map(accepts, (port, *tls_ports.values())))) as log:
        yield Nginx(LOOPBACK, port, log, tls_ports, folder / "nginx.sock", folder)


def _tls_servers(ca: Authority) -> dict[str, tuple[Certificate, str]]:
    """The certificate, and further directives, of each TLS server by name."""
    names = "good expires_soon expired not_yet_valid wrong_host self_signed intermediate missing_intermediate"
    servers = {name: (getattr(ca, name), "") for name in names.split()}
    servers[CLIENT_REQUIRED] = (ca.good, f"ssl_verify_client on; ssl_client_certificate {ca.root};")
    servers[TLS12] = (ca.good, "ssl_protocols TLSv1.2;")
    return servers


def _statuses() -> str:
    """`return` takes no status from a variable, so there is one line for each of the usual ones."""
    codes = (200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 409, 410, 412, 418, 422, 429, 500, 501, 502, 503, 504)
    return "\n".join(f'  if ($code = {code}) {{ return {code} "status {code}\\n"; }}' for code in codes)


def _write_documents(folder: Path) -> None:
    """The files served, and the password file."""
    www = folder / "www"
    www.mkdir()
    (www / "users.json").write_text('{"users": [{"id": 7, "name": "ann"}]}\n')
    (www / "index.html").write_text("<!doctype html>\n<title>peer</title>\n")
    (www / "large.bin").write_bytes(bytes(range(256)) * (LARGE_SIZE // 256))
    (www / "slow.bin").write_bytes(b"." * SLOW_SIZE)
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
