"""Names that tell a secret: of fields, of parameters of a URL, of members of forms and JSON (contract, section 3)."""

from __future__ import annotations

FIELDS = ("cookie", "set-cookie", "dpop")
ENDINGS = ("token", "secret", "password", "passwd", "passcode", "authorization", "apikey")  # however joined: csrftoken, AccessToken
LAST_WORDS = ("pwd", "jwt", "sig", "pin", "key")
NO_SECRETS = ("idempotency-key", "sec-websocket-key", "public-key", "sec-websocket-accept-key")


def is_secret_name(name: str) -> bool:
    """Whether a field or parameter of that name carries a secret: `X-Auth-Token`, `api_key`, not `X-Tokens-Left`."""
    lower = name.lower().replace("_", "-").removesuffix("-bin")  # of bytes, as gRPC names them
    if lower in FIELDS or lower.endswith(ENDINGS):
        return True
    return lower.rpartition("-")[2] in LAST_WORDS and lower not in NO_SECRETS
