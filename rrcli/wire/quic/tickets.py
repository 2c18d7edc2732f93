"""Session tickets of QUIC kept in a file, with which a request may leave with a connection's first packet (RFC 9001 section 4.6).

A server gives them when it likes; one that comes behind the end of the answer is not waited for.
"""

from __future__ import annotations

from datetime import datetime
from json import JSONDecodeError, dumps, loads

from qh3.tls import CipherSuite, SessionTicket

from rrcli.base.errors import ExchangeError
from rrcli.base.privatefile import check_writable, read_text, write_text
from rrcli.wire.trust import file_digest, trust_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.options.request import TlsOptions

BYTES = ("resumption_secret", "ticket")
TIMES = ("not_valid_after", "not_valid_before")


class Tickets:
    """The ticket for one `host:port`: what the file has of it, and what the server gives us now.

    Resuming shows no certificate again, on neither side. So a ticket is of no use to whoever looks at the server's and trusts others
    than were trusted when it was given, nor to whoever shows another certificate of its own. Who looks at none takes any.
    Raises `ExchangeError` of layer `local` for a file that cannot be used.
    """

    def __init__(self, path: str, origin: str, options: TlsOptions) -> None:
        check_writable(path)
        self._path = path
        self._about = {
            "origin": origin,
            "verified": not options.insecure,
            "trust": None if options.insecure else trust_digest(options.cacert),
            "client": file_digest(options.cert),
        }
        self._given: SessionTicket | None = None
        self.ticket = self._load()

    def keep(self, ticket: SessionTicket) -> None:
        """Take what the server gives for the next time."""
        self._given = ticket

    def _load(self) -> SessionTicket | None:
        text = read_text(self._path, regular=True)
        if not text:
            return None
        try:
            kept = loads(text)
            about = {"origin": kept.pop("origin"), "verified": kept.pop("verified")}
            about |= {name: kept.pop(name, None) for name in ("trust", "client")}
            kept["cipher_suite"] = CipherSuite(kept["cipher_suite"])
            kept |= {name: bytes.fromhex(kept[name]) for name in BYTES}
            kept |= {name: datetime.fromisoformat(kept[name]) for name in TIMES}
            kept["other_extensions"] = [(int(number), bytes.fromhex(data)) for number, data in kept["other_extensions"]]
            ticket = SessionTicket(**kept)
            return ticket if ticket.is_valid and self._fits(about) else None
        except (JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
            hint = "remove it, and a new one is kept"
            raise ExchangeError("local", "input", f"cannot read {self._path}: it holds no session ticket", hint=hint) from error

    def _fits(self, about: dict[str, Any]) -> bool:
        looks = ("verified", "trust") if self._about["verified"] else ()
        return all(about[name] == self._about[name] for name in ("origin", "client", *looks))

    def save(self) -> None:
        """Write what the server gave, for its owner alone: whoever has it can read what is sent with it."""
        ticket = self._given
        if ticket is None:
            return
        kept = {name: getattr(ticket, name) for name in ("age_add", "server_name", "max_early_data_size")}
        kept |= {name: getattr(ticket, name).hex() for name in BYTES}
        kept |= {name: getattr(ticket, name).isoformat() for name in TIMES}
        kept |= {**self._about, "cipher_suite": int(ticket.cipher_suite)}
        kept["other_extensions"] = [(int(number), bytes(data).hex()) for number, data in ticket.other_extensions]
        write_text(self._path, dumps(kept) + "\n")
