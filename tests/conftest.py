"""Registers the real servers of `tests/peers` as fixtures, and marks the tests that use one."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest

# The machine's own way out is none of the tests' business, nor whom it trusts: theirs is loopback, and those of proxies set their own.
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
TRUST_VARIABLES = ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
for _name in (*PROXY_VARIABLES, *TRUST_VARIABLES):
    os.environ.pop(_name, None)

# A script that starts the tests in its background has them ignore SIGINT, and their children would inherit that: no Ctrl-C could end one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Nor are the user's settings: tests write their own.
os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
for _name in ("RRCLI_ENV", "RRCLI_FORMAT", "RRCLI_NO_CONFIG", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "TRACEPARENT"):
    os.environ.pop(_name, None)

_PEERS = Path(__file__).parent / "peers"
_STEMS = [path.stem for path in _PEERS.glob("*.py") if "@pytest.fixture" in path.read_text("utf-8") and path.stem[:5] != "test_"]
# The certificates first, which others import: what is imported before pytest has read it is not rewritten.
pytest_plugins = [f"peers.{stem}" for stem in sorted(_STEMS, key=lambda stem: (stem != "ca", stem)) if stem != "verdict"]
_NO_SERVERS = {
    "peers.ca",
    "peers.leaks",
    "peers.orders",
    "peers.plans",
    "peers.verdict",
}  # of all modules with fixtures these start nothing that has to be installed


def _starts_a_server(item: pytest.Item) -> bool:
    """Whether a fixture of the test is a peer that has to be installed."""
    found = getattr(item, "_fixtureinfo", None)
    modules = {each.func.__module__ for each in (definitions[-1] for definitions in found.name2fixturedefs.values())} if found else set()
    return any(module.startswith("peers.") and module not in _NO_SERVERS for module in modules)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`pytest -m "not peer"` runs what needs no server installed."""
    for item in items:
        if _starts_a_server(item) or "series_web" in getattr(item, "fixturenames", ()):
            item.add_marker("peer")


def pytest_collection_finish() -> None:
    """What sixteen thousand collected tests are made of stays; going through it at each collection would take half of the time."""
    import hypothesis  # noqa: F401  # while it loads it looks for who refers to what it is given, and what is frozen is not found

    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """Of `-n auto`: a test waits as long as it computes, for servers and children, so two share a core."""
    return 2 * len(os.sched_getaffinity(0))
