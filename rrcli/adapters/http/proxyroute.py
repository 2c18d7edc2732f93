"""Which proxy a request goes through, and what it is told: the whole request where that is plain HTTP, else a tunnel is asked for.

The proxy of the environment is chosen for each hop anew: a redirect to another scheme or host may have another, or none.
"""

from __future__ import annotations

import os

from rrcli.base.url import host_port
from rrcli.engine.context import Route
from rrcli.options.proxyurl import parse
from rrcli.wire.proxy.environment import chosen, excepted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.engine.context import Context


def route(request: AnyHttpRequest, prepared: PreparedRequest, context: Context) -> PreparedRequest:
    """Set the context's proxy for this hop, and return the request as it goes there. Raises `usage` for a wrong variable."""
    proxy = _proxy_of(request, prepared, context)
    forwards = False
    if proxy:
        told = parse(proxy)
        tunnels = request.proxytunnel or request.http2_prior_knowledge
        forwards = prepared.scheme == "http" and told.scheme in ("http", "https") and not tunnels
        if forwards:
            context.secret(*told.secrets)
            fields = prepared.fields
            if told.basic and not prepared.field("proxy-authorization"):
                fields = (*fields, ("Proxy-Authorization", f"Basic {told.basic}"))
            prepared = prepared.replace(target=_absolute(prepared), fields=fields, bare=prepared.bare or prepared)
    anonymous = request.cert != context.request.cert
    context.route = Route(proxy=proxy, forwards=forwards, unix_socket=request.unix_socket, sni=request.sni, anonymous=anonymous)
    return prepared


def _proxy_of(request: AnyHttpRequest, prepared: PreparedRequest, context: Context) -> str | None:
    exceptions = request.no_proxy
    if request.proxy is not None:
        if exceptions is None:
            exceptions = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        if not excepted(prepared.host, exceptions):
            return request.proxy
        context.note("proxy-not-used", f"--proxy is not used for {prepared.host}: --noproxy or NO_PROXY names it")
        return None
    if request.unix_socket:
        return None
    found = chosen(prepared.scheme, prepared.host, exceptions)
    if found is None:
        return None
    if request.http3_only:
        context.note("environment-proxy", f"the proxy that the variable {found.variable} names is not used: QUIC's datagrams pass none")
        return None
    context.secret(*parse(found.url).secrets)
    way = f"sent through the proxy {parse(found.url).url}, which the variable {found.variable} names"
    context.note("environment-proxy", f"{way}; --proxy '' goes there directly")
    return found.url


def _absolute(prepared: PreparedRequest) -> str:
    """The target as a proxy wants it (RFC 9112 section 3.2.2), with no zone of a scope; the asterisk becomes an empty path.

    What the user put in its place and is no path goes as it is.
    """
    if not prepared.target.startswith(("/", "*")):
        return prepared.target
    port = None if prepared.port == 80 else prepared.port
    return f"http://{host_port(prepared.host.partition('%')[0], port)}{'' if prepared.target == '*' else prepared.target}"
