"""Registers the real servers of `tests/peers` as fixtures, and marks the tests that use one."""

from __future__ import annotations

import pytest

pytest_plugins = [
    "peers.ca",
    "peers.httpbin",
    "peers.names",
    "peers.nginx",
    "peers.openssl",
    "peers.redis_server",
    "peers.smtp",
    "peers.tcp",
]

_SERVERS = {
    "bind",
    "httpbin",
    "knot",
    "nginx",
    "redis",
    "redis_acl",
    "redis_tls",
    "s_server",
    "smtp_banner",
    "tcp_echo",
    "tcp_script",
    "udp_echo",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`pytest -m "not peer"` runs what needs no server installed."""
    for item in items:
        if _SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("peer")
