"""Zones signed with BIND's own tools and served by named: one that is right, and one for each way in which a chain can break.

All are children of `signed.test`, whose DS record is in `anchor`; `wrong_anchor` holds another key's.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest
from peers.base import LOOPBACK, Peer, free_port, need, running

Change = Callable[[str], str]

TOP = "signed.test"
_CONF = """
options {{
  directory "{folder}";
  listen-on port {port} {{ {host}; }};
  listen-on-v6 {{ none; }};
  recursion no;
  dnssec-validation no;
  empty-zones-enable no;
  notify no;
  pid-file none;
  session-keyfile none;
  lock-file none;
}};
controls {{ }};
{zones}
"""
_RECORDS = """$TTL 300
@         SOA   ns hostmaster 1 3600 600 86400 60
          NS    ns
ns        A     127.0.0.1
www       A     192.0.2.80
          A     192.0.2.81
alias     CNAME www
*.wild    A     192.0.2.99
leaf.void A     192.0.2.42
tree      DNAME other
www.other A     192.0.2.82
"""


@dataclass(frozen=True)
class SignedZones(Peer):
    """named, and the files with trust anchors."""

    anchor: Path
    anchor_key: Path
    wrong_anchor: Path


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedZones]:
    """named with the signed zones."""
    folder, port = tmp_path_factory.mktemp("signed"), free_port()
    signer = _Signer(folder)
    delegations = "".join(
        [
            signer.child("child"),
            signer.child("hashed", "-3", "beef", "-H", "5"),
            signer.child("optout", "-3", "-", "-A", more="plain NS ns.plain\nns.plain A 127.0.0.1\n"),
            signer.child("expired", "-s", "20200101000000", "-e", "20200201000000"),
            signer.child("future", "-s", "20400101000000", "-e", "20400201000000"),
            signer.child("swapped", change=lambda text: text.replace("192.0.2.80", "192.0.2.66")),
            signer.child("bare", change=lambda text: _without_signatures(text, "A")),
            signer.child("nodenial", change=_without_one_denial),
            signer.child("bogus", ds=lambda text: re.sub(r"[0-9A-F]{8}(?=\s*$)", "00000000", text, flags=re.M)),
            signer.child("stray", ds=lambda text: re.sub(r"DS\s+\d+", "DS 1", text)),
            signer.unsigned("plain"),
        ]
    )
    signer.sign(TOP, _RECORDS + delegations)
    anchor = folder / f"dsset-{TOP}."
    key = folder / "anchor.key"
    key.write_text("".join(line for line in signer.keys(TOP) if " 257 " in line))
    wrong = folder / "wrong.ds"
    wrong.write_text((folder / f"dsset-child.{TOP}.").read_text().replace(f"child.{TOP}.", f"{TOP}."))
    zones = "\n".join(f'zone "{name}" {{ type primary; file "{file}"; }};' for name, file in signer.files.items())
    config = folder / "named.conf"
    config.write_text(_CONF.format(folder=folder, host=LOOPBACK, port=port, zones=zones))
    with running([need("named"), "-g", "-n", "1", "-c", config], folder, lambda: _serves(list(signer.files), port)) as log:
        yield SignedZones(LOOPBACK, port, log, anchor, key, wrong)


class _Signer:
    """Makes keys and signs zones in a folder; `files` are those to serve."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Path] = {}

    def _run(self, program: str, *words: object) -> None:
        subprocess.run([need(program), *map(str, words)], cwd=self.folder, check=True, capture_output=True, timeout=20)

    def keys(self, zone: str) -> list[str]:
        return [
            line + "\n" for path in sorted(self.folder.glob(f"K{zone}.+*.key")) for line in path.read_text().splitlines() if line[0] != ";"
        ]

    def sign(self, zone: str, text: str, *options: str) -> Path:
        """Keys and signatures for a zone; the file with them."""
        for kind in ((), ("-f", "KSK")):
            self._run("dnssec-keygen", "-a", "ECDSAP256SHA256", "-K", self.folder, *kind, zone)
        source, target = self.folder / f"{zone}.zone", self.folder / f"{zone}.signed"
        source.write_text(text)
        self._run("dnssec-signzone", "-P", "-S", "-O", "full", "-K", self.folder, "-o", zone, "-f", target, *options, source)
        self.files[zone] = target
        return target

    def child(self, name: str, *options: str, change: Change | None = None, ds: Change | None = None, more: str = "") -> str:
        """A signed child zone, perhaps changed after that; the records of its delegation, its DS perhaps changed too."""
        zone = f"{name}.{TOP}"
        file = self.sign(zone, _RECORDS + more, *options)
        if change:
            file.write_text(change(file.read_text()))
        records = (self.folder / f"dsset-{zone}.").read_text()
        return f"{name} NS ns\n" + (ds(records) if ds else records)

    def unsigned(self, name: str) -> str:
        zone = f"{name}.{TOP}"
        self.files[zone] = self.folder / f"{zone}.zone"
        self.files[zone].write_text(_RECORDS)
        return f"{name} NS ns\n"


def _without_one_denial(text: str) -> str:
    """A zone file without the NSEC record of `alias`, behind which `nowhere` would be."""
    return "".join(line for line in text.splitlines(keepends=True) if not (line.startswith("alias.") and "NSEC" in line))


def _without_signatures(text: str, kind: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if f"RRSIG {kind} " not in _plain(line))


def _plain(line: str) -> str:
    return " ".join(line.split())


def _serves(zones: list[str], port: int) -> bool:
    try:
        return all(dns.query.tcp(dns.message.make_query(zone, "SOA"), LOOPBACK, timeout=1, port=port).answer for zone in zones)
    except (OSError, EOFError, dns.exception.DNSException):
        return False
