"""The HTTP request as it goes out: `PreparedRequest`, and the fields that the user gave."""

from __future__ import annotations

from rrcli.base.fields import all_of
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.content import Upload
    from rrcli.model.values import Fields

GivenFields = list[tuple[str, str | None]]  # `None` takes away the default of that name


class PreparedRequest(Record):
    """A request as it will go out; it has `content` or an `upload` or neither. `url` is the whole of it, `target` what is sent."""

    method: str
    url: str
    scheme: str
    host: str
    port: int
    target: str
    version: str
    fields: Fields
    content: bytes | None = None
    upload: Upload | None = None
    plain: bytes | None = None  # the content before it was compressed
    bare: PreparedRequest | None = None  # the same without what only this hop has: cookies that are kept, what a proxy is told
    start: int | None = None  # the byte that a download goes on from
    coded: bool = False  # the answer's content is wanted as it comes, its codings not undone
    credentials: tuple[str, str] | None = None  # user and password that a later step needs: a challenge, a signature
    challenges_met: int = 0  # by this request and the same before it

    def field(self, name: str) -> str:
        """The values of a field joined by commas, in lower case; empty where there is none."""
        return ",".join(all_of(self.fields, name)).lower()

    @property
    def chunked(self) -> bool:
        return "chunked" in self.field("transfer-encoding")

    @property
    def awaits_continue(self) -> bool:
        """Whether the content waits for a 100 (RFC 9110 section 10.1.1)."""
        return "100-continue" in self.field("expect") and bool(self.content or self.upload)
