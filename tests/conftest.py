"""Registers the real servers of `tests/peers` as fixtures, and marks the tests that use one."""

from __future__ import annotations

import os

import pytest

# The machine's own way out is none of the tests' business: theirs is loopback, and those of proxies set their own.
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
for _name in PROXY_VARIABLES:
    os.environ.pop(_name, None)

pytest_plugins = [
    "peers.ca",
    "peers.asgi",
    "peers.caddy",
    "peers.delegation",
    "peers.doq",
    "peers.graphql",
    "peers.grpc",
    "peers.http2",
    "peers.leaks",
    "peers.httpbin",
    "peers.names",
    "peers.nats",
    "peers.nginx",
    "peers.openssl",
    "peers.postgres",
    "peers.proxy",
    "peers.redis_server",
    "peers.signed",
    "peers.smtp",
    "peers.tcp",
    "peers.thrift",
    "peers.unbound",
    "peers.websocket",
]

_SERVERS = {
    "asgi",
    "asgi_proxy",
    "autobahn",
    "bind",
    "haproxy",
    "http_proxy",
    "delegations",
    "doq",
    "graphql_server",
    "grpc_servers",
    "httpbin",
    "caddy",
    "hypercorn",
    "knot",
    "nats",
    "nats_jwt",
    "nats_modern",
    "nats_modern_service",
    "nats_nkey",
    "nats_permissions",
    "nats_service",
    "nats_tls",
    "nats_tls_clients",
    "nats_tls_first",
    "nats_token",
    "nghttpd",
    "nginx",
    "nginx2",
    "nginx_behind_proxy",
    "postgres",
    "redis",
    "redis_acl",
    "redis_cluster",
    "redis_sentinel",
    "redis_tls_clients",
    "redis_tls",
    "s_server",
    "series_web",
    "signed",
    "lmtp",
    "opensmtpd",
    "smtp",
    "smtp_banner",
    "smtp_login",
    "smtp_sink",
    "smtp_sink_refusing",
    "smtp_starttls",
    "smtp_starttls_login",
    "smtp_tls",
    "socks_proxy",
    "tcp_echo",
    "tcp_script",
    "thrift_servers",
    "udp_echo",
    "unbound",
    "websocket",
    "websocket_tls",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`pytest -m "not peer"` runs what needs no server installed."""
    for item in items:
        if _SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("peer")
