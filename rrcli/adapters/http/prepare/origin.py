"""What may cross from one origin to another when an answer leads there (RFC 9110 section 15.4, RFC 6454).

An origin is scheme, host and port. Credentials belong to the origin that they were given for: nothing that names
itself a secret crosses to another one, be it a subdomain, another port, or the same host without TLS.
"""

from __future__ import annotations

from rrcli.base.fields import is_secret_name
from rrcli.policy.secrets import url_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Fields

Origin = tuple[str, str, int]

# What a name holds that is likely a credential's: more than is masked, since a field too few is told and can be given again.
LIKELY = (
    "auth", "authentication", "cookie2", "credential", "credentials", "dpop", "jwt", "otp", "pass", "passcode", "passphrase", "passwd",
    "pin", "pwd", "session", "sid", "signature",
)  # fmt: skip
KEYS = ("access", "app", "auth", "license", "private", "secret", "session", "subscription", "x")  # whose key a name ending in `key` is
SCHEMES = ("basic", "bearer", "digest", "negotiate", "token")  # of credentials, whatever the field that has them


def origin(scheme: str, host: str, port: int) -> Origin:
    """Comparable: the case of a host means nothing (RFC 3986 section 6.2.2.1). A final dot makes another name, to be safe."""
    return scheme.lower(), host.lower(), port


def split_credentials(fields: Fields) -> tuple[Fields, tuple[str, ...]]:
    """The fields that may go to any origin, and the names of those that may not."""
    return tuple(field for field in fields if not _is_bound(*field)), tuple(field[0] for field in fields if _is_bound(*field))


def _is_bound(name: str, value: str) -> bool:
    """Whether a field is for its own origin alone: by its name, or as it holds a URL's secret (a Referer) or a scheme's credentials."""
    if is_secret_name(name):
        return True
    words = name.lower().replace("_", "-").split("-")
    if any(word in LIKELY for word in words) or (words[-1] == "key" and words[-2:-1] and words[-2] in KEYS):
        return True
    scheme, _, credentials = value.strip().partition(" ")
    return bool(credentials and scheme.lower() in SCHEMES) or bool(url_secrets(value))
