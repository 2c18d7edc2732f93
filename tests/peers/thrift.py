"""Apache's Thrift library with code that Debian's compiler makes of `thrift_idl/demo.thrift`: every form of it on a port of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, accepts, free_port, need, running
from peers.ca import Authority

IDL = Path(__file__).parent / "thrift_idl"
FORMS = (
    "buffered-binary", "buffered-compact", "buffered-json", "framed-binary", "framed-compact", "framed-json", "header-", "buffered-strict",
    "multiplexed-binary", "tls-binary", "http-binary", "http-json",
)  # fmt: skip


@dataclass(frozen=True)
class Thrift:
    """The running servers: the port of each form, the IDL, and the folder with `gen-py` and, once `fire` was called, `fired`."""

    host: str
    ports: dict[str, int]
    idl: Path
    folder: Path


def generate(folder: Path) -> None:
    """Make the Python code of the IDL in `gen-py` of the folder."""
    for file in IDL.glob("*.thrift"):
        shutil.copy(file, folder)
        subprocess.run([need("thrift"), "-nowarn", "--gen", "py", file.name], cwd=folder, check=True, timeout=30)


@pytest.fixture(scope="session")
def thrift_servers(tmp_path_factory: pytest.TempPathFactory, ca: Authority) -> Iterator[Thrift]:
    """A `Shop` of every form in `FORMS`."""
    pytest.importorskip("thrift")
    need("thrift")
    folder = tmp_path_factory.mktemp("thrift")
    generate(folder)
    ports = {form: free_port() for form in FORMS}
    server = Path(__file__).parent / "thrift_server.py"
    # -P: the folder of the script has a `thrift.py` of its own.
    words = [f"{form}={port}" for form, port in ports.items()]
    command = [sys.executable, "-P", "-W", "ignore", server, *words, ca.good.chain, ca.good.key]
    with running(command, folder, lambda: all(accepts(port) for port in ports.values())):
        yield Thrift(LOOPBACK, ports, folder / "demo.thrift", folder)
