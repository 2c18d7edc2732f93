"""caddy: one server for HTTP/1.1, 2 and 3 on a port with TLS, and for HTTP/1.1 and 2 on one without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from peers.base import LOOPBACK, accepts, free_port, need, running
from peers.ca import Authority
from peers.web import Http2Peer, write_documents

_CADDYFILE = """
{{
  admin off
  auto_https off
  servers {{
    protocols h1 h2 h2c h3
    strict_sni_host insecure_off
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
    redir /redirect /proto
    redir /away {{query}}
    file_server {{
      root {folder}/www
    }}
  }}
}}
https://localhost:{strict} {{
  bind {host}
  tls {certificate.chain} {certificate.key} {{
    client_auth {{
      mode require_and_verify
      trusted_ca_cert_file {root}
    }}
  }}
  respond /proto "{{http.request.proto}}"
}}
"""


@pytest.fixture(scope="session")
def caddy(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http2Peer]:
    """caddy with every version on one port, over TCP and UDP; with HTTP/2 by prior knowledge on the other."""
    program, folder = need("caddy"), tmp_path_factory.mktemp("caddy")
    port, clear, strict = free_port(), free_port(), free_port()
    write_documents(folder)
    config = folder / "Caddyfile"
    config.write_text(
        _CADDYFILE.format(host=LOOPBACK, port=port, clear=clear, strict=strict, folder=folder, root=ca.root, certificate=ca.good)
    )
    command = [program, "run", "--config", config, "--adapter", "caddyfile"]
    environ = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with running(command, folder, lambda: accepts(port) and accepts(clear), environ) as log:
        yield Http2Peer(LOOPBACK, port, log, clear, strict)
