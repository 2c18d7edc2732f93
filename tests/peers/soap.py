"""Services of SOAP that others have written: PHP's SoapServer, and spyne's where Python is old enough for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from peers.base import LOOPBACK, accepts, free_port, need, running

HERE = Path(__file__).parent
PHP = HERE / "soap_php"


def needs_php() -> str:
    """The path of PHP with its SOAP extension; skips the test where it is missing, fails it under CI."""
    php = need("php")
    if b"soap" not in subprocess.run([php, "-m"], capture_output=True, check=True, timeout=20).stdout:
        need("php with its SOAP extension")
    return php


@pytest.fixture(scope="session")
def php_soap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the calculator, without `?wsdl`."""
    port = free_port()
    command = [needs_php(), "-S", f"{LOOPBACK}:{port}", PHP / "service.php"]
    with running(command, tmp_path_factory.mktemp("php"), lambda: accepts(port), {"PHP_CLI_SERVER_WORKERS": "4"}):
        yield f"http://{LOOPBACK}:{port}/"


@pytest.fixture(scope="session")
def spyne_soap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the shop, without `?wsdl`."""
    if sys.version_info >= (3, 12):
        pytest.skip("spyne does not import on this Python")
    if find_spec("spyne") is None:  # to import it here would load an old importer of modules into all tests
        pytest.skip("spyne is not installed")
    port = free_port()
    command = [sys.executable, "-P", "-W", "ignore", HERE / "soap_spyne.py", port]
    with running(command, tmp_path_factory.mktemp("spyne"), lambda: accepts(port)):
        yield f"http://{LOOPBACK}:{port}/"


def php_call(wsdl: str, operation: str, arguments: dict[str, Any], version: str = "1.1") -> Any:
    """What PHP's SoapClient gets: the result, or the fault's code, string and detail."""
    command = [needs_php(), PHP / "client.php", wsdl, version, operation, json.dumps(arguments)]
    done = subprocess.run(list(map(str, command)), capture_output=True, check=True, text=True, timeout=30)
    return json.loads(done.stdout)
