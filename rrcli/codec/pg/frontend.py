"""What a client says to PostgreSQL, as bytes (protocol 3.0 and 3.2).

Every message but the first of a connection is a letter, the length of what follows including itself, and the content.
A text within a message ends with a zero byte, so none may hold one: that is a usage error here, because the server
would read what stands behind it as the next part of the message.

Messages with a credential are `Secret`s: the bytes, and where in them the part is that no transcript may show.

Specification: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Secret = tuple[bytes, tuple[tuple[int, int], ...]]  # the message, and the spans (start, end) that are secret

VERSION_3_0 = 3 << 16
VERSION_3_2 = 3 << 16 | 2
_SSL_REQUEST, _GSSENC_REQUEST, _CANCEL_REQUEST = 80877103, 80877104, 80877102
LONGEST = 0x3FFFFFFE - 4  # bytes of a message's content: the server refuses more (PQ_LARGE_MESSAGE_LIMIT)
MOST_PARAMETERS = 65_535  # of one statement: they are counted in 16 bits
COPY_CHUNK = 1 << 16  # bytes of one CopyData; any division is allowed
HEAD = 5  # bytes of letter and length


def _message(letter: bytes, content: bytes) -> bytes:
    if len(content) > LONGEST:
        raise usage(f"a message to PostgreSQL holds {LONGEST} bytes at most, and this one has {len(content)}")
    return letter + (len(content) + 4).to_bytes(4, "big") + content


def _first(content: bytes) -> bytes:
    """A message at the start of a connection, which has no letter."""
    return (len(content) + 4).to_bytes(4, "big") + content


def text(value: str | bytes, what: str) -> bytes:
    """A text with the zero byte that ends it. Raises `usage` where one is within."""
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise usage(f"{what} contains a zero byte, which PostgreSQL cannot take")
    return data + b"\0"


# --- the start of a connection


def ssl_request() -> bytes:
    """Asks for TLS; the server answers with one byte, see `backend.encryption_answer`."""
    return _first(_SSL_REQUEST.to_bytes(4, "big"))


def gssenc_request() -> bytes:
    """Asks for encryption by GSSAPI."""
    return _first(_GSSENC_REQUEST.to_bytes(4, "big"))


def startup(parameters: Mapping[str, str], version: int = VERSION_3_0) -> bytes:
    """StartupMessage: the version, and what the session is to begin with (`user`, `database`, `application_name`, settings)."""
    pairs = b"".join(text(name, "the name of a parameter") + text(value, f"the parameter {name}") for name, value in parameters.items())
    return _first(version.to_bytes(4, "big") + pairs + b"\0")


def cancel_request(process: int, key: bytes) -> bytes:
    """Asks, on a connection of its own, to cancel what the process does; nothing answers but the end of that connection."""
    return _first(_CANCEL_REQUEST.to_bytes(4, "big") + (process & 0xFFFFFFFF).to_bytes(4, "big") + key)


# --- logging in


def _secret(content: bytes) -> Secret:
    data = _message(b"p", content)
    return data, ((HEAD, len(data)),)


def password(value: bytes) -> Secret:
    """PasswordMessage: a password in clear, or `md5` and the hash."""
    return _secret(text(value, "the password"))


def sasl_initial_response(mechanism: str, data: bytes) -> Secret:
    """SASLInitialResponse: the chosen mechanism and the first message within it."""
    return _secret(text(mechanism, "the mechanism") + len(data).to_bytes(4, "big") + data)


def sasl_response(data: bytes) -> Secret:
    """SASLResponse: each further message."""
    return _secret(data)


# --- queries


def query(sql: str | bytes) -> bytes:
    """Query: one or more statements, as psql sends them."""
    return _message(b"Q", text(sql, "the SQL"))


def parse(sql: str | bytes, name: str = "", types: Sequence[int] = ()) -> bytes:
    """Parse: one statement with `$1`…; a parameter without type (0, or none given) gets one from the server."""
    if len(types) > MOST_PARAMETERS:
        raise usage(f"a statement takes {MOST_PARAMETERS} parameters at most, not {len(types)}")
    oids = b"".join(oid.to_bytes(4, "big") for oid in types)
    return _message(b"P", text(name, "the name of the statement") + text(sql, "the SQL") + len(types).to_bytes(2, "big") + oids)


def bind(values: Sequence[bytes | None], portal: str = "", statement: str = "") -> bytes:
    """Bind: the parameters of a statement in text format (`None` is NULL), and results wanted in text format."""
    if len(values) > MOST_PARAMETERS:
        raise usage(f"a statement takes {MOST_PARAMETERS} parameters at most, not {len(values)}")
    parts = [text(portal, "the name of the portal"), text(statement, "the name of the statement"), b"\0\0", len(values).to_bytes(2, "big")]
    for number, value in enumerate(values, 1):
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
            continue
        if b"\0" in value:
            raise usage(f"parameter {number} contains a zero byte, which PostgreSQL takes in no text")
        parts += (len(value).to_bytes(4, "big"), value)
    return _message(b"B", b"".join((*parts, b"\0\0")))


def describe_statement(name: str = "") -> bytes:
    """Describe: the types of a statement's parameters and the columns of its rows."""
    return _message(b"D", b"S" + text(name, "the name of the statement"))


def describe_portal(name: str = "") -> bytes:
    """Describe: the columns that a portal gives."""
    return _message(b"D", b"P" + text(name, "the name of the portal"))


def execute(portal: str = "", most: int = 0) -> bytes:
    """Execute: run a portal, for `most` rows at most (0: all); PortalSuspended then says that there are more."""
    return _message(b"E", text(portal, "the name of the portal") + most.to_bytes(4, "big"))


def close_statement(name: str = "") -> bytes:
    """Close: forget a statement."""
    return _message(b"C", b"S" + text(name, "the name of the statement"))


def close_portal(name: str = "") -> bytes:
    """Close: forget a portal."""
    return _message(b"C", b"P" + text(name, "the name of the portal"))


def sync() -> bytes:
    """Sync: ends a run of extended queries; the server answers ReadyForQuery."""
    return b"S\0\0\0\4"


def flush() -> bytes:
    """Flush: have the server send what it holds back, without ending the run."""
    return b"H\0\0\0\4"


# --- COPY and the end


def copy_data(data: bytes) -> bytes:
    """CopyData: the data of COPY FROM STDIN, in as many messages as it takes."""
    return b"".join(_message(b"d", data[at : at + COPY_CHUNK]) for at in range(0, len(data), COPY_CHUNK))


def copy_done() -> bytes:
    """CopyDone: there is no more."""
    return b"c\0\0\0\4"


def copy_fail(reason: str) -> bytes:
    """CopyFail: what was sent is to be dropped; the server answers with an error that has the reason."""
    return _message(b"f", text(reason, "the reason"))


def terminate() -> bytes:
    """Terminate: the client ends the connection."""
    return b"X\0\0\0\4"
