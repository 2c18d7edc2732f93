"""Credentials: what -u, a bearer token and a URL say, and when a token expired; `netrc.py` and `digest.py` have the rest."""

from __future__ import annotations

from rrcli.adapters.http.prepare.content import octets
from rrcli.adapters.http.prepare.origin import origin
from rrcli.adapters.http.prepare.target import host_of
from rrcli.base.errors import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.base.url import Url
    from rrcli.model.values import Fields

    Origins = tuple[tuple[str, str, int], ...]


LATEST = 1 << 53  # seconds: what a number of JSON keeps exactly


def _with_authorization(prepared: PreparedRequest, value: str) -> PreparedRequest:
    kept: Fields = tuple(field for field in prepared.fields if field[0].lower() != "authorization")
    return prepared.replace(fields=(*kept, ("Authorization", value)))


def authorize_hop(request: AnyHttpRequest, prepared: PreparedRequest, url: Url, passed: Origins) -> PreparedRequest:
    """The next hop with what belongs to its own origin: user and password of its URL or of netrc, or a new signature."""
    if request.aws_sigv4 and prepared.credentials:
        from rrcli.adapters.http.prepare.sign import sign

        return sign(prepared, request.aws_sigv4)
    if prepared.field("authorization"):
        return prepared
    found = (url.user, url.password or "") if url.user is not None else None
    if url.password is None and request.uses_netrc and _may_look_up(prepared, passed):
        from rrcli.adapters.http.prepare.netrc import from_netrc

        found = from_netrc(request, host_of(url), url.user, default=False) or found
    return _with_authorization(prepared, basic(*found)) if found else prepared


def _may_look_up(prepared: PreparedRequest, passed: Origins) -> bool:
    """Whether a redirect may have netrc's password for its host sent: not to another port of a host that it came by, nor out of TLS."""
    here = origin(prepared.scheme, prepared.host, prepared.port)
    seen = (*passed, here)
    return all(one == here for one in seen if one[1] == here[1]) and not (
        prepared.scheme == "http" and any(one[0] == "https" for one in seen)
    )


# --- what the command line gives


def authorization(request: AnyHttpRequest, url: Url) -> str | None:
    """A bearer token (RFC 6750) or Basic credentials; digests and signatures come later."""
    if request.bearer is not None:
        return f"Bearer {request.bearer}"
    if request.digest or request.aws_sigv4:
        return None
    found = credentials(request, url)
    return basic(*found) if found else None


def credentials(request: AnyHttpRequest, url: Url) -> tuple[str, str] | None:
    """User and password of `-u`, the URL, or netrc where it was asked for. Raises `usage` where they are missing."""
    if request.user is not None:
        user, colon, password = request.user.partition(":")
        return user, password if colon else ask_password(user)
    own = (url.user, url.password or "") if url.user is not None else None
    if url.password is None and request.uses_netrc:
        from rrcli.adapters.http.prepare.netrc import from_netrc

        return from_netrc(request, host_of(url), url.user) or own
    if own:
        return own
    if request.digest or request.aws_sigv4:
        raise usage(f"{'--digest' if request.digest else '--aws-sigv4'} takes its user and password from -u", "add -u USER:PASSWORD")
    return None


def basic(user: str, password: str) -> str:
    """Basic credentials (RFC 7617)."""
    from binascii import b2a_base64

    return f"Basic {b2a_base64(octets(f'{user}:{password}'), newline=False).decode()}"


def ask_password(user: str) -> str:
    """The password, typed on the terminal. Raises `usage` where there is none."""
    import sys

    if not sys.stdin.isatty():
        raise usage("-u has no password, and there is no terminal to ask on", "write -u USER:PASSWORD, or -u USER: for none")
    from getpass import getpass

    return getpass(f"Password for {user}: ")


# --- bearer


def expired(authorization: str) -> float | None:
    """Seconds since a bearer token's `exp` (RFC 7519 section 4.1.4); `None` where it has not passed, or is no JWT. Nothing is verified."""
    from binascii import Error, a2b_base64
    from time import time

    from rrcli.base.jsontext import loads

    scheme, _, token = authorization.partition(" ")
    pieces = token.strip().split(".")
    if scheme.lower() != "bearer" or len(pieces) != 3:
        return None
    text = pieces[1].replace("-", "+").replace("_", "/")
    try:
        claims = loads(a2b_base64(text + "=" * (-len(text) % 4)).decode())
    except (Error, ValueError):
        return None
    end = claims.get("exp") if isinstance(claims, dict) else None
    if not isinstance(end, (int, float)) or isinstance(end, bool) or not 0 <= end < LATEST:
        return None
    ago = time() - end
    return ago if ago > 0 else None
