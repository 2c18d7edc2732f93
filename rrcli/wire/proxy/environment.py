"""The proxy that the environment names, by curl's rules: `http_proxy`, `HTTPS_PROXY`, `ALL_PROXY`, and `NO_PROXY`."""

from __future__ import annotations

import os

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.url import literal_family
from rrcli.options.request import PROXY_OF_ALL, PROXY_OF_SCHEME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

EXCEPTIONS = ("no_proxy", "NO_PROXY")


class Found(Record):
    """A proxy and the variable that names it."""

    variable: str
    url: str


def chosen(scheme: str, host: str, no_proxy: str | None = None, environ: Mapping[str, str] = os.environ) -> Found | None:
    """The proxy for `scheme://host`, where a variable names one and no exception holds. `no_proxy` overrides `NO_PROXY`.

    Raises `usage` for a variable that names no proxy.
    """
    variable = next((name for name in (*PROXY_OF_SCHEME.get(scheme, ()), *PROXY_OF_ALL) if environ.get(name)), None)
    if variable is None:
        return None
    if no_proxy is None:
        no_proxy = next((environ[name] for name in EXCEPTIONS if environ.get(name)), "")
    if excepted(host, no_proxy):
        return None
    from rrcli.options.proxyurl import parse

    try:
        parse(environ[variable])
    except ValueError as error:
        raise usage(f"the variable {variable} names no proxy: {error}", "mend it, or add --proxy '' to go there directly") from None
    return Found(variable=variable, url=environ[variable])


def excepted(host: str, names: str) -> bool:
    """Whether a list as in `NO_PROXY` names the host: `*`, itself, a domain above it, an address, a network (10.0.0.0/8)."""
    if names.strip() == "*":
        return True
    host = host.lower().strip("[]").partition("%")[0].removesuffix(".")
    address = literal_family(host) is not None
    holds = _in_network if address else _below
    return any(holds(host, word.lower()) for word in names.replace(",", " ").split())


def _below(host: str, word: str) -> bool:
    """A leading dot means nothing, as in curl: `example.com` and `.example.com` are both that name and what is below."""
    name = word.removeprefix(".").removesuffix(".")
    return bool(name) and (host == name or host.endswith("." + name))


def _in_network(host: str, word: str) -> bool:
    """An address within the network of `word`, which may be a single one, in brackets or not."""
    from ipaddress import ip_address, ip_network

    base, slash, bits = word.partition("/")
    try:
        return ip_address(host) in ip_network(f"{base.strip('[]')}{slash}{bits}", strict=False)
    except ValueError:
        return False
