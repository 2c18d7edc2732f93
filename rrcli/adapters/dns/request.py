"""The request of `rrcli dns`: a question to one server, and how it is asked."""

from __future__ import annotations

from rrcli.codec.dns.edns import cookie, subnet, subnet_text
from rrcli.codec.dns.tables import CLASSES, class_number
from rrcli.options.option import option
from rrcli.options.parse import count, times
from rrcli.options.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


EDNS = "DNSSEC and EDNS"


WAY = "Transport"


def a_class(text: str) -> int:
    number = class_number(text)
    if number is None:
        raise ValueError(f"{text!r} is no class; known are IN, CH, HS and CLASSn")
    return number


def class_text(number: int) -> str:
    return next((name for name, known in CLASSES.items() if known == number), f"CLASS{number}")


def a_port(text: str) -> int:
    if not 0 < count(text) < 65536:
        raise ValueError(f"{text!r} is no port; a port is a number from 1 to 65535")
    return int(text)


def a_size(text: str) -> int:
    if count(text) > 65535:
        raise ValueError(f"{text!r} is more than a datagram holds (65535 bytes)")
    return int(text)


class DnsRequest(Request):
    """A name to ask for, of which types, of which servers: `DnsRequest("example.test", "MX", "@192.0.2.53")`."""

    without_effect: ClassVar[tuple[str, ...]] = ("max_events", "retry_unsafe", "idempotency_key", "traceparent")
    lines: ClassVar[bool] = True
    keyed_words: ClassVar[str] = "rrcli.adapters.dns.questions:keyed"
    retarget: ClassVar[str] = "rrcli.adapters.dns.questions:at_server"

    reverse: bool = option("-x", "--reverse", kind="flag", help="NAME is an address: ask for its name (PTR).")
    of_class: int | None = option(
        "--class", parse=a_class, write=class_text, metavar="CLASS", help="Class to ask for: IN, CH, HS, CLASSn.  [IN]"
    )
    search: bool = option("--search", kind="flag", help="Try the search list and ndots of /etc/resolv.conf.")
    trace: bool = option("--trace", kind="flag", help="Follow the delegations from the root; @SERVER or --hints says where that is.")
    hints: str | None = option("--hints", metavar="FILE", help="Root servers for --trace: NS and address records.  [IANA's]")
    no_recurse: bool = option(
        "--no-recurse", "--norecurse", "--no-rd", kind="flag", help="Ask only for what the server itself knows (RD off)."
    )

    port: int | None = option("-p", "--port", parse=a_port, metavar="PORT", help="Port of servers without one.  [53, 853, 443]", group=WAY)
    tcp: bool = option("--tcp", kind="flag", help="Ask over TCP.", group=WAY)
    tries: int = option(
        "--tries", default=4, parse=times, metavar="N",
        help="Datagrams that a question goes out in, 1, 3, 7 s … after the first.  [4]", group=WAY,
    )  # fmt: skip
    no_fallback: bool = option("--no-fallback", kind="flag", help="Take an answer that was cut (TC); do not ask again over TCP.", group=WAY)
    get: bool = option("--get", kind="flag", help="Ask an https:// server with GET, in place of POST: caches can answer it.", group=WAY)

    dnssec: bool = option("--dnssec", "--do", kind="flag", help="Ask for DNSSEC records as well (DO).", group=EDNS)
    ad: bool = option("--ad", kind="flag", help="Ask whether the server validated the answer (AD).", group=EDNS)
    cd: bool = option("--cd", kind="flag", help="Ask the server not to validate (CD).", group=EDNS)
    validate: bool = option("--validate", kind="flag", help="Check the chain of signatures here; a broken one is exit 7.", group=EDNS)
    anchor: str | None = option(
        "--anchor", metavar="FILE", help="Trust anchors for --validate: DS or DNSKEY records.  [the root's]", group=EDNS
    )
    bufsize: int | None = option(
        "--bufsize", "--edns-size", parse=a_size, metavar="N", help="Largest datagram we take, in bytes.  [1232]", group=EDNS
    )
    nsid: bool = option("--nsid", kind="flag", help="Ask which server of several answered.", group=EDNS)
    subnet: bytes | None = option(
        "--subnet", "--ecs", parse=subnet, write=subnet_text, metavar="BLOCK", help="Ask on behalf of 192.0.2.0/24 (ECS).", group=EDNS
    )
    cookie: bytes | None = option(
        "--cookie",
        kind="optional",
        parse=cookie,
        write=bytes.hex,
        bare="",
        metavar="HEX",
        help="Send a cookie: random, or --cookie=HEX.",
        group=EDNS,
    )
    padding: bool = option("--padding", kind="flag", help="Pad to 128 bytes; always so over TLS, HTTPS and QUIC.", group=EDNS)
    no_padding: bool = option("--no-padding", kind="flag", help="Never pad.", group=EDNS)
    no_edns: bool = option("--no-edns", kind="flag", help="Ask without EDNS.", group=EDNS)
