"""Streams through HTTP and SOCKS proxies."""
