"""unbound as the resolver in front of the tests' name servers: over UDP, TCP, TLS (DoT) and HTTPS (DoH, HTTP/2 alone)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, Peer, accepts, free_port, need, running
from peers.ca import Authority

UNBOUND_NSID = "unbound.peer"

_CONF = """
server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  num-threads: 1
  interface: {host}@{port}
  interface: {host}@{tls_port}
  interface: {host}@{https_port}
  tls-port: {tls_port}
  https-port: {https_port}
  tls-service-pem: "{chain}"
  tls-service-key: "{key}"
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  nsid: "ascii_{nsid}"
  module-config: "iterator"
  local-zone: "test." nodefault
stub-zone:
  name: "example.test."
  stub-addr: {server_host}@{server_port}
remote-control:
  control-enable: no
"""


@dataclass(frozen=True)
class Resolver(Peer):
    """unbound; `host` and `port` are those of UDP and TCP."""

    tls_port: int
    https_port: int


@pytest.fixture(scope="session")
def unbound(tmp_path_factory: pytest.TempPathFactory, knot: Peer, ca: Authority) -> Iterator[Resolver]:
    """unbound, which asks `knot` for what is below example.test."""
    folder = tmp_path_factory.mktemp("unbound")
    port, tls_port, https_port = free_port(), free_port(), free_port()
    config = folder / "unbound.conf"
    text = _CONF.format(
        folder=folder, host=LOOPBACK, port=port, tls_port=tls_port, https_port=https_port, chain=ca.good.chain, key=ca.good.key,
        nsid=UNBOUND_NSID, server_host=knot.host, server_port=knot.port,
    )  # fmt: skip
    config.write_text(text)

    def ready() -> bool:
        return all(map(accepts, (port, tls_port, https_port)))

    with running([need("unbound"), "-d", "-c", config], folder, ready) as log:
        yield Resolver(LOOPBACK, port, Path(log), tls_port, https_port)
