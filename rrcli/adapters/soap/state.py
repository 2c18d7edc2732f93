"""What a hop of a SOAP exchange takes over from the one before it."""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from rrcli.adapters.http.hopstate import HopState
    from rrcli.adapters.soap.documents import Document, Fetch
    from rrcli.adapters.soap.library import Library
    from rrcli.adapters.soap.request import SoapRequest
    from rrcli.codec.soap.write import Token


class Envelope(Record):
    """What is sent: an envelope with what HTTP says of it. `operation` is `None` for one that was given as it is."""

    content: bytes
    endpoint: str
    version: str
    action: str | None
    operation: str | None = None
    token: Token | None = None


class SoapState(Record):
    """The documents that are there by now, those to come, and what has become of them.

    `options` are the user's, with the passwords that were asked for. `http` is that of a redirect or a challenge on the way,
    `envelope` what is sent, once it is known.
    """

    options: SoapRequest
    documents: Mapping[str, Document] = {}
    waiting: tuple[Fetch, ...] = ()
    library: Library | None = None
    envelope: Envelope | None = None
    http: HopState | None = None
