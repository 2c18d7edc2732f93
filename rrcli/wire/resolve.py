"""Names to addresses, under a deadline: the system's resolver in a helper thread.

`getaddrinfo` cannot be interrupted, so it runs beside and the caller waits on a lock. The name goes in as bytes:
a `str` makes Python load its IDNA codec, two milliseconds that would be charged to the resolver.
Where gevent has patched `socket`, a thread is a greenlet: its own `getaddrinfo`, which has a pool of real threads, runs then.
"""

from __future__ import annotations

import _thread
import sys
from _socket import AF_INET, AF_INET6, SOCK_STREAM, gaierror, getaddrinfo, inet_ntop, inet_pton

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.record import Record
from rrcli.base.url import ascii_name, literal_family

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.options.request import ConnectOptions
    from rrcli.wire.recorder import Timeline

EAI_AGAIN, EAI_FAIL, EAI_SYSTEM = -3, -4, -11


class Address(Record):
    """One place to connect to: an address family, its socket address, and how to show it."""

    family: int
    sockaddr: Any
    text: str

    @property
    def endpoint(self) -> str:
        """`127.0.0.1:80`, `[::1]:80` or the path of a unix socket."""
        return endpoint(self.sockaddr)


def endpoint(sockaddr: Any) -> str:
    """A socket's address as text."""
    if not isinstance(sockaddr, tuple):
        return sockaddr.decode(errors="replace") if isinstance(sockaddr, bytes) else str(sockaddr)
    host, port = sockaddr[0], sockaddr[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def to_ascii(host: str) -> str:
    """The name as it is asked for: IDNA for what is not ASCII. Raises `usage` for what is no name."""
    try:
        return host if host.isascii() else ascii_name(host)
    except UnicodeError as error:
        raise usage(f"{host!r} is no host name: {error}") from error


def addresses(options: ConnectOptions, host: str, port: int, timeline: Timeline, deadline: Deadline) -> list[Address]:
    """Where `host` and `port` are, in the order to try: `--resolve` rules, a literal, or the system's resolver.

    Families alternate (RFC 8305 §4), IPv6 first as the system orders them. Raises `ExchangeError` of layer `network`.
    """
    wanted = AF_INET if options.ipv4 else AF_INET6 if options.ipv6 else 0
    if options.ipv4 and options.ipv6:
        raise usage("-4 and -6 exclude each other")
    rules = {to_ascii(name): address for name, at_port, address in options.resolve if at_port == port}
    host = rules.get(host.lower()) or rules.get("*") or host
    if family := literal_family(host):
        if wanted and family != wanted:
            asked = "4" if options.ipv4 else "6"
            message = f"{host} is not an IPv{asked} address"
            raise ExchangeError("network", "unreachable", message, hint=f"leave -{asked} out, or give an address of that family")
        return [address_of(family, host, port)]
    timeline.enter("resolve")
    found = _look_up(host, port, int(wanted or literal_family(options.interface or "") or 0), deadline)
    timeline.leave()
    unique = dict.fromkeys((family, sockaddr) for family, _, _, _, sockaddr in found)  # glibc reads a ::1 of /etc/hosts as 127.0.0.1 too
    return _alternate([Address(family=family, sockaddr=sockaddr, text=str(sockaddr[0])) for family, sockaddr in unique])


def address_of(family: int, host: str, port: int) -> Address:
    """A literal as an address; the scope of a link-local one becomes its number."""
    if family == AF_INET:
        return Address(family=family, sockaddr=(host, port), text=host)
    bare, _, scope = host.partition("%")
    bare = inet_ntop(AF_INET6, inet_pton(AF_INET6, bare))  # as the system writes it, to recognise a datagram's source
    if not scope:
        return Address(family=family, sockaddr=(bare, port, 0, 0), text=bare)
    from _socket import if_nametoindex

    try:
        number = int(scope) if scope.isdecimal() else if_nametoindex(scope)
    except OSError:
        raise usage(f"there is no interface {scope!r} (in {host})") from None
    return Address(family=family, sockaddr=(bare, port, 0, number), text=host)


def _alternate(found: list[Address]) -> list[Address]:
    first = [address for address in found if address.family == found[0].family]
    other = [address for address in found if address.family != found[0].family]
    mixed: list[Address] = []
    for at in range(max(len(first), len(other))):
        mixed += first[at : at + 1] + other[at : at + 1]
    return mixed


def _getaddrinfo() -> Callable[..., list[Any]]:
    """The system's `getaddrinfo`, or gevent's where it has patched `socket`: the system's would block every greenlet."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("socket"):
        return getaddrinfo
    import socket

    return socket.getaddrinfo


def _look_up(host: str, port: int, family: int, deadline: Deadline) -> list[Any]:
    look_up = _getaddrinfo()
    result: list[Any] = []
    done = _thread.allocate_lock()
    done.acquire()

    def ask() -> None:
        try:
            result.append(look_up(host.encode(), port, family, SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            result.append(error)
        finally:
            done.release()

    _thread.start_new_thread(ask, ())
    while not done.acquire(timeout=-1 if (left := deadline.remaining_ms()) is None else left / 1000):
        if deadline.passed():
            deadline.expire()
    found = result[0]
    if isinstance(found, list):
        return found
    raise _failure(found, host) from found


def _failure(error: Exception, host: str) -> ExchangeError:
    if isinstance(error, gaierror) and error.errno in (EAI_AGAIN, EAI_FAIL, EAI_SYSTEM):
        hint = "the name server did not answer or refused: check /etc/resolv.conf, or ask one yourself: rrcli dns NAME @SERVER"
        return ExchangeError("network", "resolver_failed", f"the system's resolver failed for {host}", hint=hint)
    if isinstance(error, UnicodeError):
        return usage(f"{host!r} is no host name")
    from rrcli.base.shellquote import quoted

    hint = f"check the spelling; rrcli dns {quoted(host)} shows what the name servers say; --resolve HOST:PORT:ADDRESS goes around them"
    return ExchangeError("network", "name_not_found", f"there is no address for {host}", hint=hint)
