"""A small internet: a root, two top-level zones and what is below, each served by a name server at a loopback address of its own.

All have one port, as real ones have 53. `root.hints` is the file that leads to the root.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest
from peers.base import free_port, need, running

ROOT, TLD, ZONE, DEAD = "127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14"

_SOA = "SOA ns.root. hostmaster.root. 1 3600 600 86400 60"
_ZONES = {
    ROOT: {
        ".": f"""
. {_SOA}
. NS ns.root.
ns.root. A {ROOT}
test. NS ns.nic.test.
ns.nic.test. A {TLD}
other. NS ns.nic.other.
ns.nic.other. A {TLD}
""",
    },
    TLD: {
        "test.": f"""
test. {_SOA}
test. NS ns.nic.test.
ns.nic.test. A {TLD}
example.test. NS ns1.example.test.
ns1.example.test. A {ZONE}
far.test. NS ns.hosting.other.
half.test. NS ns1.half.test.
half.test. NS ns2.half.test.
ns1.half.test. A {DEAD}
ns2.half.test. A {ZONE}
lame.test. NS ns.lame.test.
ns.lame.test. A {ZONE}
up.test. NS ns.up.test.
ns.up.test. A {ROOT}
circle.test. NS ns.circle.other.
noglue.test. NS ns.noglue.test.
""",
        "other.": f"""
other. {_SOA}
other. NS ns.nic.other.
ns.nic.other. A {TLD}
ns.hosting.other. A {ZONE}
circle.other. NS ns.circle.test.
""",
    },
    ZONE: {
        name: f"""
{name} {_SOA}
{name} NS ns1.{name}
ns1.{name} A {ZONE}
www.{name} A 192.0.2.80
www.{name} A 192.0.2.81
alias.{name} CNAME www.{name}
big.{name} TXT {" ".join(f'"{number:02d}{"x" * 198}"' for number in range(12))}
"""
        for name in ("example.test.", "far.test.", "half.test.")
    },
}
_CONF = """
server:
  rundir: "{folder}"
  listen: {host}@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{folder}/database"
template:
  - id: default
    zonefile-sync: -1
    journal-content: none
zone:
{zones}
"""


@dataclass(frozen=True)
class Delegations:
    """Where the root is, and the file that says so."""

    root: str
    port: int
    hints: Path


@pytest.fixture(scope="session")
def delegations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delegations]:
    """Three Knot DNS servers: the root's, the top-level zones', and their children's."""
    folder, port = tmp_path_factory.mktemp("delegations"), free_port()
    hints = folder / "root.hints"
    hints.write_text(f"; the root\n.  3600000  NS  ns.root.\nns.root.  3600000  A  {ROOT}\n")
    with contextlib.ExitStack() as stack:
        for host, zones in _ZONES.items():
            stack.enter_context(_server(folder / host, host, port, zones))
        yield Delegations(ROOT, port, hints)


@contextlib.contextmanager
def _server(folder: Path, host: str, port: int, zones: dict[str, str]) -> Iterator[None]:
    folder.mkdir()
    lines = []
    for name, text in zones.items():
        file = folder / f"{name}zone"
        file.write_text(f"$TTL 300\n{text}")
        lines.append(f'  - domain: "{name}"\n    file: "{file}"')
    config = folder / "knot.conf"
    config.write_text(_CONF.format(folder=folder, host=host, port=port, zones="\n".join(lines)))
    with running([need("knotd"), "-c", config], folder, lambda: all(_serves(zone, host, port) for zone in zones)):
        yield


def _serves(zone: str, host: str, port: int) -> bool:
    try:
        return bool(dns.query.tcp(dns.message.make_query(zone, "SOA"), host, timeout=1, port=port).answer)
    except (OSError, EOFError, dns.exception.DNSException):
        return False
