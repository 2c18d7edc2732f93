"""The request of `rrcli tls`: the hosts, and what to check of their certificates."""

from __future__ import annotations

from rrcli.adapters.tls.hosts import STARTTLS, listed, protocol
from rrcli.base.errors import usage
from rrcli.options.option import option
from rrcli.options.parse import count
from rrcli.options.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class TlsRequest(Request):
    """Hosts to shake hands with, each `HOST[:PORT]` or `tls://HOST[:PORT]`."""

    needs_arguments: ClassVar[bool] = False  # a file of hosts does

    hosts: str | None = option(
        "--from", metavar="FILE", help="Take hosts from FILE as well, one a line, # for remarks; - is standard input."
    )
    starttls: str | None = option(
        "--starttls", parse=protocol, metavar="PROTO", choices=STARTTLS,
        help="Begin in clear text as PROTO does: smtp, imap, pop3, ftp, ldap, postgres, mysql, xmpp, ...",
    )  # fmt: skip
    warn_days: int = option("--warn-days", default=14, parse=count, metavar="N", help="Note certificates with less than N days left.  [14]")

    def several(self) -> tuple[Request, ...] | None:
        """One request for each host; `None` when the command line names one. Raises `usage` and `local` errors."""
        words = (*self.arguments, *listed(self.hosts)) if self.hosts else self.arguments
        if not words and self.hosts:
            raise usage(f"{self.hosts} names no host", "write one HOST[:PORT] a line")
        if len(words) < 2 and not self.hosts:
            return None
        return tuple(self.replace(arguments=(word,), hosts=None) for word in words)
