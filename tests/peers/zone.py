"""The zones that both name servers serve, from the same text: `example.test` and the addresses of its hosts in reverse.

The order of the records is not part of what a server promises: compare sorted.
"""

from __future__ import annotations

from pathlib import Path

# Twelve strings of 200 bytes: more than the 1232 bytes that fit in a datagram by custom, so that it takes TCP.
BIG_TEXTS = tuple(f"{number:02d}" + "x" * 198 for number in range(12))

_EXAMPLE_TEST = r"""$ORIGIN example.test.
$TTL 300
@               SOA   ns1 hostmaster 2026010101 3600 600 86400 60
                NS    ns1
                NS    ns2
                A     192.0.2.10
                AAAA  2001:db8::10
                MX    10 mail
                MX    20 mail2
                TXT   "v=spf1 mx -all"
                TXT   "two" "strings"
                CAA   0 issue "ca.example.test"
                CAA   128 iodef "mailto:hostmaster@example.test"
ns1             A     192.0.2.1
ns2             A     192.0.2.2
mail            A     192.0.2.25
mail2           A     192.0.2.26
www       3600  A     192.0.2.80
          3600  A     192.0.2.81
                AAAA  2001:db8::80
alias           CNAME www
chain           CNAME alias
dangling        CNAME nowhere
outside         CNAME www.elsewhere.test.
_sip._tcp       SRV   10 60 5060 sip1
                SRV   20 0 5060 sip2
sip1            A     192.0.2.61
sip2            A     192.0.2.62
odd             TXT   "a \"quote\", a \\ and a tab \009."
                TXT   "\195\188ber"
                TXT   ""
*.wild          A     192.0.2.99
leaf.empty      A     192.0.2.42
svc             HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.80
_443._tcp.www   TLSA  3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
host            SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
sip             NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:info@example.test!" .
place           LOC   52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
unknown         TYPE65280 \# 4 0A000001
; Delegations: one with glue inside, one to servers elsewhere.
child           NS    ns.child
ns.child        A     192.0.2.53
far             NS    ns.elsewhere.test.
"""

_REVERSE_4 = """$ORIGIN 2.0.192.in-addr.arpa.
$TTL 300
@   SOA  ns1.example.test. hostmaster.example.test. 2026010101 3600 600 86400 60
    NS   ns1.example.test.
    NS   ns2.example.test.
10  PTR  example.test.
25  PTR  mail.example.test.
80  PTR  www.example.test.
"""

_REVERSE_6 = """$ORIGIN 8.b.d.0.1.0.0.2.ip6.arpa.
$TTL 300
@   SOA  ns1.example.test. hostmaster.example.test. 2026010101 3600 600 86400 60
    NS   ns1.example.test.
    NS   ns2.example.test.
0.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0  PTR  www.example.test.
"""


def write_zones(folder: Path) -> dict[str, Path]:
    """Write the zone files; returns them by the zone's name."""
    big = "".join(f'big TXT "{text}"\n' for text in BIG_TEXTS)
    zones = {
        "example.test": _EXAMPLE_TEST + big,
        "2.0.192.in-addr.arpa": _REVERSE_4,
        "8.b.d.0.1.0.0.2.ip6.arpa": _REVERSE_6,
    }
    files = {name: folder / f"{name}.zone" for name in zones}
    for name, text in zones.items():
        files[name].write_text(text)
    return files
