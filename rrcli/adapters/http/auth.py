"""Credentials that are more than a field: challenges answered with a digest, netrc, and what a bearer token says of itself."""

from __future__ import annotations

from rrcli.adapters.http.words import basic, host_of
from rrcli.errors import ExchangeError, usage
from rrcli.policy.origins import origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.http.request import HttpRequest
    from rrcli.adapters.http.words import Asked
    from rrcli.model import Answer, Fields
    from rrcli.url import Url


LARGEST_NETRC = 16 << 20  # bytes
LATEST = 1 << 53  # seconds: what a number of JSON keeps exactly


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
    found = (url.user, url.password or "") if url.user is not None else None
    if found is None and request.uses_netrc and _may_look_up(request, asked):
        found = from_netrc(request, host_of(url), default=False)
    return _with_authorization(asked, basic(*found)) if found else asked


def _may_look_up(request: HttpRequest, asked: Asked) -> bool:
    """Whether a redirect may have netrc's password for its host sent: not to another port of a host that it came by, nor out of TLS."""
    here = origin(asked.scheme, asked.host, asked.port)
    seen = (*request.passed, here)
    return all(one == here for one in seen if one[1] == here[1]) and not (asked.scheme == "http" and any(one[0] == "https" for one in seen))


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
    try:
        question = httpx.Request(asked.method, f"{asked.scheme}://{asked.host}:{asked.port}{asked.target}")
        question.headers.encoding = "utf-8"  # a realm may be any text
        flow = httpx.DigestAuth(*map(_octets, asked.credentials)).sync_auth_flow(question)
        next(flow)
        met = flow.send(httpx.Response(401, headers=[(b"www-authenticate", _octets(challenge))], request=question))
    except (StopIteration, httpx.ProtocolError, httpx.InvalidURL, LookupError, ValueError, NotImplementedError):
        return None  # a challenge that is broken, or of an algorithm or quality of protection that it does not know
    if any(letter < " " or letter == "\x7f" for letter in met.headers["authorization"]):
        return None  # what the server says of itself must not end the line
    target = met.url.raw_path.decode("ascii")  # what the digest is of: httpx may escape more
    return _with_authorization(asked.replace(target=target), met.headers["authorization"])


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


# --- netrc


def from_netrc(request: HttpRequest, host: str, *, default: bool = True) -> tuple[str, str] | None:
    """User and password for exactly this host, or the file's `default`, which no redirect may choose. Raises `local` for the file."""
    from netrc import NetrcParseError, netrc
    from os.path import expanduser

    path = request.netrc_file or expanduser("~/.netrc")
    try:
        _refuse_endless(path)
        entries = netrc(path)
        found = entries.authenticators(host.lower()) if default or (host.lower() in entries.hosts and host.lower() != "default") else None
    except FileNotFoundError as error:
        if request.netrc_file:
            raise ExchangeError("local", "input", f"cannot read {path}: no such file") from error
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ExchangeError("local", "input", f"cannot read {path}: {str(error).lower()}") from error
    except NetrcParseError as error:
        raise ExchangeError("local", "input", f"{path} is no netrc file: {error.msg}, line {error.lineno}") from error
    return (found[0] or "", found[2] or "") if found else None


def _refuse_endless(path: str) -> None:
    """Raise `local` for a device, or a file that nobody has written by hand: all of it would be read."""
    import os
    from stat import S_ISBLK, S_ISCHR

    state = os.stat(path)
    if S_ISCHR(state.st_mode) or S_ISBLK(state.st_mode) or state.st_size > LARGEST_NETRC:
        raise ExchangeError("local", "input", f"cannot read {path}: it is a device, or larger than {LARGEST_NETRC >> 20} MiB")


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
    if not isinstance(end, (int, float)) or isinstance(end, bool) or not 0 <= end < LATEST:
        return None
    ago = time() - end
    return ago if ago > 0 else None
