"""Registers the real servers of `tests/peers` as fixtures, and marks the tests that use one."""

from __future__ import annotations

import pytest

pytest_plugins = [
    "peers.ca",
    "peers.delegation",
    "peers.doq",
    "peers.http2",
    "peers.httpbin",
    "peers.names",
    "peers.nginx",
    "peers.openssl",
    "peers.proxy",
    "peers.redis_server",
    "peers.signed",
    "peers.smtp",
    "peers.tcp",
    "peers.unbound",
]

_SERVERS = {
    "bind",
    "haproxy",
    "http_proxy",
    "delegations",
    "doq",
    "httpbin",
    "caddy",
    "hypercorn",
    "knot",
    "nghttpd",
    "nginx",
    "nginx2",
    "nginx_behind_proxy",
    "redis",
    "redis_acl",
    "redis_cluster",
    "redis_sentinel",
    "redis_tls_clients",
    "redis_tls",
    "s_server",
    "signed",
    "smtp_banner",
    "smtp_starttls",
    "socks_proxy",
    "tcp_echo",
    "tcp_script",
    "udp_echo",
    "unbound",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`pytest -m "not peer"` runs what needs no server installed."""
    for item in items:
        if _SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("peer")
