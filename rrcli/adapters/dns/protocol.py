"""What help, reports, demo and responders know of DNS."""

from __future__ import annotations

from rrcli.adapters.http.protocol import MANIFEST as HTTP
from rrcli.codec.dns.tables import TYPES
from rrcli.engine.manifest import DemoStep, Manifest

MANIFEST = Manifest(
    synopsis="NAME [TYPE...] [@SERVER...]",
    help="Ask name servers.",
    words=(
        ("TYPE", "A, AAAA, MX, ... several are asked side by side; A without one."),
        ("@SERVER", "@1.1.1.1, @tcp://…, @tls://…, @https://…/dns-query, @quic://…; without one the system's; rrcli help servers."),
    ),
    examples=("rrcli dns example.com A AAAA", "rrcli dns example.com MX @1.1.1.1 @8.8.8.8"),
    label="DNS",
    tools=("dig", "kdig", "drill", "nslookup", "host"),
    foreign_options=("rrcli.adapters.dns.plus:advice",),
    completes=tuple(TYPES),
    topics={"servers": "rrcli.adapters.dns.topics:SERVERS"},
    as_command="rrcli.adapters.dns.dig:as_command",
    span="rrcli.adapters.dns.span:span",
    explains="dns",
    unsaid={"class": "IN"},
    details="rrcli.adapters.dns.details:details",
    families={"dns": "rrcli.explain.dns"},
    framings={
        "length-prefix": "its length prefix",
        "datagram": "the end of the datagram",
        **{name: HTTP.framings[name] for name in ("content-length", "chunked", "close", "none", "end-stream", "eof")},
    },
    responder="rrcli.responders.dns:DnsResponder",
    demo=(DemoStep(heading="DNS: who takes the mail of a domain?", line="dns mail.rrcli.test MX @{where}"),),
)
