"""An exchange as a command line of dig; over QUIC, which dig does not speak, of Knot's kdig.

dig asks for more than it is told to (AD, a cookie, ANY over TCP), so what was not asked for is switched off: the answer is the same
then, flags included. dig's `+trace` finds servers through the system's resolver and knows one port for all, so a trace over any port
but 53 is told as its last step.
"""

from __future__ import annotations

from rrcli.base.shellquote import quoted
from rrcli.base.url import literal_family
from rrcli.codec.dns.edns import BLOCK, Edns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange

PORTS = {"udp": 53, "tcp": 53, "tls": 853, "https": 443, "quic": 853}
NIBBLES = 32  # of an IPv6 address


def as_command(exchange: Exchange, _request: object = None) -> str | None:
    """The command; `None` for what neither tool can do: a proxy, a unix socket."""
    if exchange.connection.proxy or exchange.target.host is None or (exchange.connection.peer or "").startswith("/"):
        return None
    asked, transport = exchange.request.data, exchange.request.summary.rpartition("(")[2].rstrip(")")
    traced = _is_trace(exchange)
    first = exchange.history[0] if traced else exchange
    words = ["kdig" if transport == "quic" else "dig", f"@{first.target.host}"]
    if exchange.target.port != PORTS[transport]:
        words += ["-p", str(exchange.target.port)]
    words += _way(exchange, transport)
    words += ["+trace"] if traced else _flags(asked["flags"])
    words += _edns(asked["edns"], transport)
    return " ".join(map(quoted, words + _question(asked["question"])))


def _is_trace(exchange: Exchange) -> bool:
    """Whether it came down from the root in a way that dig can go as well."""
    return any(hop.why == "redirect" for hop in exchange.history) and exchange.target.port == PORTS["udp"]


def _way(exchange: Exchange, transport: str) -> list[str]:
    """The transport, and whom it trusts; both tools verify a certificate only when told to."""
    if transport in ("udp", "tcp"):
        return _plain_way(exchange, transport)
    asked, tls = exchange.request.data, exchange.connection.tls
    if transport == "https":
        path = "/" + exchange.target.url.split("://", 1)[1].partition("/")[2]
        words = [f"+https{'-get' if asked.get('method') == 'GET' else ''}={path}"]
    else:
        words = ["+tls"] if transport == "tls" else []
    if "cacert" in asked:
        words.append(f"+tls-ca={asked['cacert']}")
    elif tls and tls.verified:
        words.append("+tls-ca")
    if ("cacert" in asked or (tls and tls.verified)) and tls:
        words.append(f"+tls-hostname={tls.sni or exchange.target.host}")
    for key, option in (("cert", "+tls-certfile"), ("key", "+tls-keyfile")):
        if file := asked.get(key, asked.get("cert")):
            words.append(f"{option}={file}")
    return [*words, "+quic"] if transport == "quic" else words  # last: to kdig every setting of TLS means TLS over TCP


def _plain_way(exchange: Exchange, transport: str) -> list[str]:
    if transport == "tcp":
        return ["+tcp"]
    words = ["+notcp"] if exchange.request.data["question"]["type"] == "ANY" else []
    cut = exchange.response is not None and "tc" in exchange.response.data.get("flags", ())
    return [*words, "+ignore"] if cut else words


def _flags(flags: list[str]) -> list[str]:
    words = [] if "rd" in flags else ["+norecurse"]
    words.append("+adflag" if "ad" in flags else "+noadflag")
    return words + (["+cdflag"] if "cd" in flags else [])


def _edns(edns: dict[str, Any] | None, transport: str) -> list[str]:
    """The settings that the query carried; its padding is told by the size of its blocks, which kdig fills by itself."""
    if edns is None:
        return ["+noedns"]
    words = ["+edns=0"] if transport == "quic" else []
    if edns["udp_size"] != Edns.udp_size:
        words.append(f"+bufsize={edns['udp_size']}")
    if "do" in edns["flags"]:
        words.append("+dnssec")
    options = {option["name"]: option["data"] for option in edns["options"]}
    if "NSID" in options:
        words.append("+nsid")
    if "ECS" in options:
        words.append(f"+subnet={options['ECS'].rpartition('/')[0]}")
    words.append(f"+cookie={options['COOKIE']}" if "COOKIE" in options else "+nocookie")
    if transport == "quic":
        return words if "PADDING" in options else [*words, "+nopadding"]
    return [*words, f"+padding={BLOCK}"] if "PADDING" in options else words


def _question(question: dict[str, str]) -> list[str]:
    """Class, name and type; `-x` and the address for the name of one."""
    name, kind, of_class = question["name"], question["type"], question["class"]
    if kind == "PTR" and of_class == "IN" and (address := _address(name)):
        return ["-x", address]
    words = ["-q", name, "-t", kind] if _is_odd(name) else [name, kind]
    return words if of_class == "IN" else [*words, "-c", of_class]


def _is_odd(name: str) -> bool:
    """Whether the tools would take the name for something else."""
    return name[0] in "@+-;"


def _address(name: str) -> str | None:
    """The address whose name this is (RFC 1035 §3.5, RFC 3596 §2.5)."""
    labels = name.lower().removesuffix(".").split(".")
    if labels[-2:] == ["in-addr", "arpa"]:
        address = ".".join(reversed(labels[:-2]))
        return address if literal_family(address) is not None else None
    nibbles = "".join(reversed(labels[:-2]))
    if labels[-2:] != ["ip6", "arpa"] or len(labels) != NIBBLES + 2 or len(nibbles) != NIBBLES or nibbles.strip("0123456789abcdef"):
        return None
    from _socket import AF_INET6, inet_ntop

    return inet_ntop(AF_INET6, bytes.fromhex(nibbles))
