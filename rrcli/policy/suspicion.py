"""Notes that any exchange may deserve, whatever its protocol: accepted, but suspicious."""

from __future__ import annotations

from rrcli.document import days_left
from rrcli.model import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model import TlsInfo

NEAR_EXPIRY_DAYS = 14


def tls_notes(info: TlsInfo) -> list[Note]:
    """`near-expiry` for each certificate of the chain that is valid for less than two weeks more."""
    notes = []
    for certificate in info.chain:
        days = days_left(certificate)
        if 0 <= days < NEAR_EXPIRY_DAYS:
            message = f"the certificate of {certificate.subject} expires in {days} day{'s' * (days != 1)}"
            notes.append(Note(code="near-expiry", message=message))
    return notes
