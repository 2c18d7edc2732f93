"""The request of `rrcli tls`: the hosts, and what to check of their certificates."""

from __future__ import annotations

from rrcli.adapters.tls.hosts import STARTTLS, protocol
from rrcli.options.option import option
from rrcli.options.parse import count
from rrcli.options.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class TlsRequest(Request):
    """Hosts to shake hands with, each `HOST[:PORT]` or `tls://HOST[:PORT]`."""

    without_effect: ClassVar[tuple[str, ...]] = (
        "output", "include", "max_size", "max_events", "retry_unsafe", "idempotency_key", "traceparent",
    )  # fmt: skip
    needs_arguments: ClassVar[bool] = False  # a file of hosts does

    hosts: str | None = option(
        "--from", metavar="FILE", help="Take hosts from FILE as well, one a line, # for remarks; - is standard input."
    )
    starttls: str | None = option(
        "--starttls", parse=protocol, metavar="PROTO", choices=STARTTLS,
        help="Begin in clear text as PROTO does: smtp, imap, pop3, ftp, ldap, postgres, mysql, xmpp, ...",
    )  # fmt: skip
    warn_days: int = option("--warn-days", default=14, parse=count, metavar="N", help="Note certificates with less than N days left.  [14]")
    fail_days: int | None = option("--fail-days", parse=count, metavar="N", help="Fail for certificates with less than N days left.")

    @property
    def own_checks(self) -> tuple[str, ...]:
        """`--fail-days` as an expectation."""
        return () if self.fail_days is None else (f"min(connection.tls.chain[].days_left) >= {self.fail_days}",)
