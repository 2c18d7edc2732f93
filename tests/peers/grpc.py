"""grpcio's server in several forms, each on a port of its own; `demo.proto` has its methods."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peers.base import LOOPBACK, accepts, free_port, running
from peers.ca import Authority

PROTO = Path(__file__).parent / "grpc_proto"
FORMS = ("both", "v1alpha", "v1", "none", "tls", "mtls", "gzip")


@dataclass(frozen=True)
class Grpc:
    """The running servers: the port of each form, and the set of descriptors."""

    ports: dict[str, int]
    protoset: Path

    def at(self, form: str = "both") -> str:
        """`HOST:PORT`; of the forms with TLS under the name that their certificate has."""
        return f"{'localhost' if form in ('tls', 'mtls') else LOOPBACK}:{self.ports[form]}"


@pytest.fixture(scope="session")
def grpc_servers(tmp_path_factory: pytest.TempPathFactory, ca: Authority) -> Iterator[Grpc]:
    """A `rr.demo.v1.Demo` of every form in `FORMS`."""
    for module in ("grpc_health", "grpc_reflection"):
        pytest.importorskip(module)
    from rrcli.adapters.grpc.sources import protoc

    folder = tmp_path_factory.mktemp("grpc")
    protoset = folder / "demo.bin"
    subprocess.run([protoc(), f"-I{PROTO}", "--include_imports", f"--descriptor_set_out={protoset}", "demo.proto"], check=True, timeout=30)
    ports = {form: free_port() for form in FORMS}
    words = [f"{form}={port}" for form, port in ports.items()]
    # -P: the folder of the script has a `grpc.py` of its own.
    command = [sys.executable, "-P", "-W", "ignore", Path(__file__).parent / "grpc_server.py", *words]
    with running([*command, protoset, ca.good.chain, ca.good.key, ca.root], folder, lambda: all(map(accepts, ports.values()))):
        yield Grpc(ports, protoset)
