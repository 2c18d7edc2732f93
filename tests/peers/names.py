"""Two name servers with the same zones: BIND's named and Knot DNS. Authoritative only; both allow transfers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dns.exception
import dns.flags
import dns.message
import dns.query
import pytest
from peers.base import LOOPBACK, Peer, free_port, need, running
from peers.zone import write_zones

# What each answers to a query for its NSID (RFC 5001).
BIND_NSID, KNOT_NSID = "bind.peer", "knot.peer"

_NAMED_CONF = """
options {{
  directory "{folder}";
  listen-on port {port} {{ {host}; }};
  listen-on-v6 {{ none; }};
  recursion no;
  dnssec-validation no;
  empty-zones-enable no;
  allow-transfer {{ {host}; }};
  notify no;
  server-id "{nsid}";
  pid-file none;
  session-keyfile none;
  lock-file none;
}};
controls {{ }};
{zones}
"""

_KNOT_CONF = """
server:
  rundir: "{folder}"
  listen: {host}@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  nsid: "{nsid}"
database:
  storage: "{folder}/database"
log:
  - target: stderr
    any: info
acl:
  - id: transfers
    address: {host}
    action: transfer
template:
  - id: default
    acl: transfers
    zonefile-sync: -1
    journal-content: none
zone:
{zones}
"""


@pytest.fixture(scope="session")
def bind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """named with the zones of `peers.zone`."""
    folder, port = tmp_path_factory.mktemp("bind"), free_port()
    zones = "\n".join(f'zone "{name}" {{ type primary; file "{file}"; }};' for name, file in write_zones(folder).items())
    config = folder / "named.conf"
    config.write_text(_NAMED_CONF.format(folder=folder, host=LOOPBACK, port=port, nsid=BIND_NSID, zones=zones))
    with running([need("named"), "-g", "-n", "1", "-c", config], folder, _serves_zone(port)) as log:
        yield Peer(LOOPBACK, port, log)


@pytest.fixture(scope="session")
def knot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """knotd with the zones of `peers.zone`."""
    folder, port = tmp_path_factory.mktemp("knot"), free_port()
    zones = "\n".join(f'  - domain: {name}\n    file: "{file}"' for name, file in write_zones(folder).items())
    config = folder / "knot.conf"
    config.write_text(_KNOT_CONF.format(folder=folder, host=LOOPBACK, port=port, nsid=KNOT_NSID, zones=zones))
    with running([need("knotd"), "-c", config], folder, _serves_zone(port)) as log:
        yield Peer(LOOPBACK, port, log)


def _serves_zone(port: int) -> Callable[[], bool]:
    """A question whether every zone is loaded: a server that listens may not yet have read its files."""

    def ready() -> bool:
        return all(_has_authority(zone, port) for zone in ("example.test", "2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"))

    return ready


def _has_authority(zone: str, port: int) -> bool:
    """Whether the server answers for this zone with the AA flag (RFC 1035 section 4.1.1)."""
    query = dns.message.make_query(zone, "SOA")
    try:
        # Over TCP, because a closed port is then refused at once.
        answer = dns.query.tcp(query, LOOPBACK, timeout=1, port=port)
    except (OSError, EOFError, dns.exception.DNSException):
        return False
    return bool(answer.flags & dns.flags.AA)
