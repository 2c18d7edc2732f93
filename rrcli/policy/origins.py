"""What may cross from one origin to another when an answer leads there (RFC 9110 section 15.4, RFC 6454).

An origin is scheme, host and port. Credentials belong to the origin that they were given for: nothing that names
itself a secret crosses to another one, be it a subdomain, another port, or the same host without TLS.
"""

from __future__ import annotations

from rrcli.policy.redact import is_secret_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model import Fields

Origin = tuple[str, str, int]


def origin(scheme: str, host: str, port: int) -> Origin:
    """Comparable: the case of a host means nothing (RFC 3986 section 6.2.2.1). A final dot makes another name, to be safe."""
    return scheme.lower(), host.lower(), port


def split_credentials(fields: Fields) -> tuple[Fields, tuple[str, ...]]:
    """The fields that may go to any origin, and the names of those that may not."""
    kept = tuple(field for field in fields if not is_secret_name(field[0]))
    return kept, tuple(name for name, _ in fields if is_secret_name(name))
