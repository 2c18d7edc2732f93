"""Credentials that are more than a field: challenges answered with a digest, netrc, and what a bearer token says of itself."""

from __future__ import annotations

from rrcli.adapters.http.words import basic, host_of
from rrcli.errors import ExchangeError, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.http.request import HttpRequest
    from rrcli.adapters.http.words import Asked
    from rrcli.model import Answer, Fields
    from rrcli.url import Url


def _with_authorization(asked: Asked, value: str) -> Asked:
    kept: Fields = tuple(field for field in asked.fields if field[0].lower() != "authorization")
    return asked.replace(fields=(*kept, ("Authorization", value)))


def authorize_hop(request: HttpRequest, asked: Asked, url: Url) -> Asked:
    """The next hop with what belongs to its own origin: user and password of its URL or of netrc, or a new signature."""
    if request.aws_sigv4 and asked.credentials:
        from rrcli.adapters.http.sign import sign

        return sign(asked, request.aws_sigv4)
    if asked.field("authorization"):
        return asked
    found = (url.user, url.password or "") if url.user is not None else from_netrc(request, host_of(url)) if request.uses_netrc else None
    return _with_authorization(asked, basic(*found)) if found else asked


# --- digest (RFC 7616)


def load_httpx() -> Any:
    """httpx, whose flow answers the challenge. Raises `usage` where it is not installed."""
    try:
        import httpx
    except ImportError as error:
        raise usage("--digest needs httpx", "pip install 'rrcli[http]'") from error
    return httpx


def meet_challenge(asked: Asked, answer: Answer) -> Asked | None:
    """The request again with an answer to the 401's Digest challenge; `None` where there is none that can be met."""
    challenges = [value for name, value in answer.fields if name.lower() == "www-authenticate"]
    challenge = next((text for text in challenges if text.lower().startswith("digest ")), None)
    if challenge is None or asked.credentials is None or asked.field("authorization"):
        return None
    if asked.upload and not asked.upload.repeatable:  # standard input cannot be read twice
        return None
    httpx = load_httpx()
    question = httpx.Request(asked.method, f"{asked.scheme}://{asked.host}:{asked.port}{asked.target}")
    flow = httpx.DigestAuth(*asked.credentials).sync_auth_flow(question)
    next(flow)
    try:
        met = flow.send(httpx.Response(401, headers=[("www-authenticate", challenge)], request=question))
    except (StopIteration, httpx.ProtocolError, KeyError, NotImplementedError):
        return None  # an algorithm or quality of protection that it does not know
    target = met.url.raw_path.decode("ascii")  # what the digest is of: httpx may escape more
    return _with_authorization(asked.replace(target=target), met.headers["authorization"])


# --- netrc


def from_netrc(request: HttpRequest, host: str) -> tuple[str, str] | None:
    """User and password for exactly this host, or the file's default. Raises `local` for a file that cannot be read."""
    from netrc import NetrcParseError, netrc
    from os.path import expanduser

    path = request.netrc_file or expanduser("~/.netrc")
    try:
        found = netrc(path).authenticators(host.lower())
    except FileNotFoundError as error:
        if request.netrc_file:
            raise ExchangeError("local", "input", f"cannot read {path}: no such file") from error
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ExchangeError("local", "input", f"cannot read {path}: {str(error).lower()}") from error
    except NetrcParseError as error:
        raise ExchangeError("local", "input", f"{path} is no netrc file: {error.msg}, line {error.lineno}") from error
    return (found[0] or "", found[2] or "") if found else None


def netrc_doubt(request: HttpRequest) -> str | None:
    """What is wrong with who may read the file."""
    import os

    path = request.netrc_file or os.path.expanduser("~/.netrc")
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return None
    return f"{path} can be read by others (mode {mode & 0o777:03o}): chmod 600 it" if mode & 0o077 else None


# --- bearer


def expired(authorization: str) -> float | None:
    """Seconds since a bearer token's `exp` (RFC 7519 section 4.1.4); `None` where it has not passed, or is no JWT. Nothing is verified."""
    from binascii import Error, a2b_base64
    from time import time

    from rrcli.jsontext import loads

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
    if not isinstance(end, (int, float)) or isinstance(end, bool):
        return None
    ago = time() - end
    return ago if ago > 0 else None
