"""The values of one exchange, and nothing else: what every adapter fills, every check reads and every reporter draws.

Times are integers of nanoseconds, named `*_ns`; sizes are bytes; what does not apply is `None`. The JSON of
the contract is made of these by `document.py`.
"""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Fields = tuple[tuple[str, str], ...]
    Lines = tuple[tuple[tuple[str, str], ...], ...]

LARGE = 1 << 20  # bytes: a larger body is written piece by piece

# In the order in which they happen; together they make up the total.
PHASES = ("resolve", "connect", "tls", "handshake", "send", "wait", "receive")


class Target(Record):
    """Whom the exchange was with: the URL as it was used, and the host and port taken from it."""

    url: str
    host: str | None = None
    port: int | None = None


class Body(Record):
    """The content of a message after content decoding; `data` holds at most `--max-size` bytes of `size`."""

    data: bytes = b""
    size: int = 0
    sha256: str = ""
    media_type: str | None = None
    charset: str | None = None
    truncated: bool = False
    file: str | None = None

    @property
    def is_binary(self) -> bool:
        """Whether it says of itself that it is no text: nothing may be added to it."""
        return self.media_type == "application/octet-stream"


class RequestMessage(Record):
    """A request as it went out. `data` carries what only this protocol has, and always `safe` and `idempotent`.

    `name` is what a sentence calls it: `POST`, `the mutation`; never in the JSON. `masked` is the message as it may be shown, where
    its secrets have a place that the adapter knows: too short a one could not be searched for.
    """

    summary: str
    fields: Fields = ()
    body: Body | None = None
    data: Mapping[str, Any] = {}
    name: str = "the request"
    masked: RequestMessage | None = None


class Status(Record):
    """The protocol's verdict. `code` is its number; a symbolic one (NXDOMAIN, WRONGTYPE) is `text` alone.

    Where content says failure whatever the code, `reason` tells it in a sentence, and `explain_as` the family and the code that
    explain it; `hint` is what to do about a failure, where the protocol knows better than that explanation. `undone`: nothing of the
    request was carried out, so that sending it again does nothing twice. `delivery` is that of a failure, where the answer does not
    tell that the request was processed; `phase` the one that a failure ended, where that is none of the answer's own.
    """

    code: int | None = None
    text: str = ""
    ok: bool = True
    reason: str = ""
    undone: bool = False
    explain_as: tuple[str, str] | None = None
    delivery: str | None = None
    phase: str | None = None
    hint: str = ""


class Response(Record):
    """A response as it came in. `framing` is what told the client where it ends (a key of its protocol's `framings`).

    `display` is the content as people read it, where that is not its raw text: a text, or lines of pieces of text, each with the role
    that colours it. `headline` is what the first line says in place of the status. Both are for the terminal alone, never in the JSON.
    `trailer_text` is what was asked to be printed after the result. `whole` is status, fields and content as the protocol's own
    tool prints them, for `raw` with `-i`.
    """

    summary: str
    status: Status
    fields: Fields = ()
    trailers: Fields = ()
    body: Body | None = None
    framing: str | None = None
    data: Mapping[str, Any] = {}
    display: str | Lines | None = None
    headline: str = ""
    trailer_text: str | None = None
    complete_text: str | None = None


class Part(Record):
    """One of several messages that an answer is made of, as it is drawn: its first line and a remark behind it."""

    noun: str  # what the reader calls one of them
    head: str
    remark: str = ""
    fields: Fields = ()
    body: Body | None = None


class Timing(Record):
    """Phases measured beside the system calls; `None` is a phase that did not happen."""

    started_at_ns: int = 0  # since the epoch: the only value here that is not monotonic
    phases: Mapping[str, int] = {}
    total_ns: int = 0
    elapsed_ns: int = 0


class Attempt(Record):
    """One address that was tried; `error` is `None` for the one that is used."""

    address: str
    ns: int = 0
    error: str | None = None


class Certificate(Record):
    """One certificate of the peer's chain. Dates are seconds since the epoch."""

    subject: str
    issuer: str
    sans: tuple[str, ...]
    not_before: int
    not_after: int
    key: str
    sha256: str


class TlsInfo(Record):
    """What the TLS handshake agreed on, as far as it got."""

    version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    sni: str | None = None
    verified: bool = False
    chain: tuple[Certificate, ...] = ()


class Connection(Record):
    """The socket that was used, or the last one tried in vain."""

    local: str | None = None
    peer: str | None = None
    reused: bool = False
    proxy: str | None = None
    attempts: tuple[Attempt, ...] = ()
    tls: TlsInfo | None = None
    bytes_sent: int = 0
    bytes_received: int = 0


class Failure(Record):
    """Why there is no good answer. `delivery`: not_sent, unknown, answered. `retry`: safe, unsafe, useless."""

    layer: str
    kind: str
    message: str
    phase: str | None = None
    hint: str | None = None
    delivery: str = "not_sent"
    retry: str = "useless"


class Note(Record):
    """Something accepted, but suspicious."""

    code: str
    message: str


class Check(Record):
    """One `--expect` and how it came out; `actual` is a value of the document, a number of this `unit` where it has one."""

    expr: str
    ok: bool
    actual: Any = None
    unit: str = ""


class TranscriptEntry(Record):
    """One send or receive of the transcript, `at_ns` after the exchange began.

    `secrets` are the parts of `data` that its writer marked as secret, each from its first byte to behind its last one.
    """

    at_ns: int
    direction: str  # sent | received
    data: bytes
    note: str | None = None
    secrets: tuple[tuple[int, int], ...] = ()


class Exchange(Record):
    """One request and what became of it. `secrets` are the values to mask wherever it is shown or saved."""

    id: str
    protocol: str
    target: Target
    request: RequestMessage
    response: Response | None = None
    timing: Timing = Timing()
    connection: Connection = Connection()
    outcome: str = "ok"  # ok | application_error | check_failed | error
    error: Failure | None = None
    notes: tuple[Note, ...] = ()
    checks: tuple[Check, ...] = ()
    history: tuple[Exchange, ...] = ()
    why: str | None = None  # in a history: retry | redirect | auth | poll
    transcript: tuple[TranscriptEntry, ...] | None = None
    secrets: tuple[str, ...] = ()
    command: tuple[str, ...] | None = None  # the words behind `rrcli` that send it again; None where none do, and in a history
    shown_command: tuple[str, ...] | None = None  # the same, with what its place tells to be a secret masked
    content_spans: str | None = None  # MODULE:FUNCTION that tells where content lies in the transcript, so that no secret in it stays


class Variation(Record):
    """What of a protocol's answers says nothing of whether they are the same. Paths are those of `response.data`, as `answer[*].ttl`."""

    varies: tuple[str, ...] = ("events[*].*_ms",)  # differs between answers that say the same, beside what is called a time, `*_ms`
    unordered: tuple[str, ...] = ()  # lists that come in any order
    has_text: bool = True  # the text of a status says more than its code
    repeats: tuple[str, ...] = ()  # keys: where one has a value, the content says only that again


class ExchangeSet(Record):
    """Exchanges sent side by side, in the order of the command line.

    `checks` are those made on all of them together. With `must_agree` a difference is a failure: they were sent to be compared, and the
    user has not said what else counts.
    """

    exchanges: tuple[Exchange, ...]
    checks: tuple[Check, ...] = ()
    must_agree: bool = False
    variation: Variation = Variation()
