"""The TLS side of a connection: what was agreed on, and the peer's certificates from the leaf up."""

from __future__ import annotations

from rrcli.model.document import iso_seconds
from rrcli.report.terminal.paint import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Certificate, Exchange, TlsInfo
    from rrcli.report.terminal.paint import Line, Page

SOON = 21  # days: a certificate that ends sooner should have been renewed by now


def days_left(exchange: Exchange) -> int | None:
    """Whole days from the exchange until the peer's own certificate ends, negative when it has; `None` without one."""
    tls = exchange.connection.tls
    return _days(tls.chain[0], exchange) if tls and tls.chain else None


def _days(certificate: Certificate, exchange: Exchange) -> int:
    return (certificate.not_after - exchange.timing.started_at_ns // 10**9) // 86400


def days_words(days: int) -> Line:
    """`62 days left`, `expired 3 days ago`, in the colour of its urgency."""
    if days < 0:
        return [(f"expired {-days} day{'s' * (days != -1)} ago", "bad")]
    return [(f"{days} day{'s' * (days != 1)} left", "warn" if days < SOON else "")]


def chain(exchange: Exchange, tls: TlsInfo, page: Page) -> None:
    """Add what was agreed on and each certificate of the chain."""
    page.blank()
    agreed = [
        ("version", tls.version),
        ("cipher", tls.cipher),
        ("ALPN", tls.alpn),
        ("SNI", tls.sni),
    ]
    verified: Line = [("✔", "good"), (" verified", "")] if tls.verified else [("✘", "bad"), (" not verified", "")]
    page.labelled([*((label, pieces(value)) for label, value in agreed if value), ("trust", verified)])
    for number, certificate in enumerate(tls.chain, 1):
        page.blank()
        page.add_cut([(f"{number}  ", "dim"), *pieces(certificate.subject, "strong")])
        dates = f"{iso_seconds(certificate.not_before)[:10]} to {iso_seconds(certificate.not_after)[:10]}"
        page.labelled(
            [
                ("issuer", pieces(certificate.issuer)),
                *([("names", ", ".join(certificate.sans))] if certificate.sans else []),
                ("valid", [(dates + ", ", ""), *days_words(_days(certificate, exchange))]),
                ("key", pieces(certificate.key)),
                ("sha256", pieces(certificate.sha256)),
            ],
            indent=5,
        )
