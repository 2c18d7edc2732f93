"""The page of `rrcli help servers`."""

from __future__ import annotations

from rrcli.engine.manifest import Topic

SERVERS = Topic(
    title="@SERVER of dns: who is asked, and over what.",
    text="""\
@SERVER says who is asked; without one the servers of /etc/resolv.conf are. Several are asked side by side, and their answers compared.

Servers:
  @1.1.1.1\tOver UDP, and over TCP where the answer was cut.
  @ns1.example.com\tA name is looked up first.
  @[2606:4700::1111]:53\tA port, and brackets around an IPv6 address before it.
  @udp://1.1.1.1\tOver UDP.
  @tcp://1.1.1.1\tOver TCP; --tcp does so for servers without a scheme.
  @tls://1.1.1.1\tOver TLS (DoT), port 853.
  @https://cloudflare-dns.com/dns-query\tOver HTTPS (DoH); --get lets caches answer.
  @quic://dns.adguard-dns.com\tOver QUIC (DoQ), port 853; needs the extra h3.

Examples:
  rrcli dns example.com A @1.1.1.1
  rrcli dns example.com A AAAA @1.1.1.1 @8.8.8.8
  rrcli dns example.com MX @tls://9.9.9.9
  rrcli dns example.com @https://dns.google/dns-query --json

The certificate of a server asked over TLS, HTTPS or QUIC is verified, against the name or address that stands behind the @; --sni NAME \
asks for another one. Where the answers of several servers differ, the exit code is 1.
""",
)
