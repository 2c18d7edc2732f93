"""Session tickets of QUIC kept in a file, with which a request may leave with a connection's first packet (RFC 9001 section 4.6).

A server gives them when it likes; one that comes behind the end of the answer is not waited for.
"""

from __future__ import annotations

from datetime import datetime
from json import JSONDecodeError, dumps, loads

from aioquic.tls import CipherSuite, SessionTicket

from rrcli.base.errors import ExchangeError
from rrcli.base.privatefile import check_writable, read_text, write_text

BYTES = ("resumption_secret", "ticket")
TIMES = ("not_valid_after", "not_valid_before")


class Tickets:
    """The ticket for one `host:port`: what the file has of it, and what the server gives us now.

    One that was given without looking at the certificate is of no use to whoever looks: resuming shows no certificate again.
    Raises `ExchangeError` of layer `local` for a file that cannot be used.
    """

    def __init__(self, path: str, origin: str, *, verified: bool) -> None:
        check_writable(path)
        self._path = path
        self._about = {"origin": origin, "verified": verified}
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
            kept["cipher_suite"] = CipherSuite(kept["cipher_suite"])
            kept |= {name: bytes.fromhex(kept[name]) for name in BYTES}
            kept |= {name: datetime.fromisoformat(kept[name]) for name in TIMES}
            kept["other_extensions"] = [(int(number), bytes.fromhex(data)) for number, data in kept["other_extensions"]]
            ticket = SessionTicket(**kept)
            return ticket if ticket.is_valid and about in (self._about, {**self._about, "verified": True}) else None
        except (JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
            hint = "remove it, and a new one is kept"
            raise ExchangeError("local", "input", f"cannot read {self._path}: it holds no session ticket", hint=hint) from error

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
