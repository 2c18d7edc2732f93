"""Which proxy a request goes through, and what it is told: the whole request where that is plain HTTP, else a tunnel is asked for.

The proxy of the environment is chosen for each hop anew: a redirect to another scheme or host may have another, or none.
"""

from __future__ import annotations

import os

from rrcli.url import host_port
from rrcli.wire.proxy import parse
from rrcli.wire.proxyenv import chosen, excepted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.request import HttpRequest
    from rrcli.adapters.http.words import Asked
    from rrcli.context import Context


def route(request: HttpRequest, asked: Asked, context: Context) -> Asked:
    """Set the context's proxy for this hop, and return the request as it goes there. Raises `usage` for a wrong variable."""
    proxy = _proxy_of(request, asked, context)
    forwards = False
    if proxy:
        told = parse(proxy)
        tunnels = request.proxytunnel or request.http2_prior_knowledge
        forwards = asked.scheme == "http" and told.scheme in ("http", "https") and not tunnels
        if forwards:
            context.secret(*told.secrets)
            fields = asked.fields
            if told.basic and not asked.field("proxy-authorization"):
                fields = (*fields, ("Proxy-Authorization", f"Basic {told.basic}"))
            asked = asked.replace(target=_absolute(asked), fields=fields, bare=asked.bare or asked)
    context.request = request.replace(proxy=proxy, forwards=forwards, unrouted=request)
    return asked


def _proxy_of(request: HttpRequest, asked: Asked, context: Context) -> str | None:
    exceptions = request.no_proxy
    if request.proxy is not None:
        if exceptions is None:
            exceptions = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        if not excepted(asked.host, exceptions):
            return request.proxy
        context.note("proxy-not-used", f"--proxy is not used for {asked.host}: --noproxy or NO_PROXY names it")
        return None
    if request.unix_socket:
        return None
    found = chosen(asked.scheme, asked.host, exceptions)
    if found is None:
        return None
    if request.http3_only:
        context.note("environment-proxy", f"the proxy that the variable {found.variable} names is not used: QUIC's datagrams pass none")
        return None
    context.secret(*parse(found.url).secrets)
    way = f"sent through the proxy {parse(found.url).url}, which the variable {found.variable} names"
    context.note("environment-proxy", f"{way}; --proxy '' goes there directly")
    return found.url


def _absolute(asked: Asked) -> str:
    """The target as a proxy wants it (RFC 9112 section 3.2.2), with no zone of a scope; the asterisk becomes an empty path.

    What the user put in its place and is no path goes as it is.
    """
    if not asked.target.startswith(("/", "*")):
        return asked.target
    port = None if asked.port == 80 else asked.port
    return f"http://{host_port(asked.host.partition('%')[0], port)}{'' if asked.target == '*' else asked.target}"
