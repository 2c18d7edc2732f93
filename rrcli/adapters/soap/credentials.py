"""Which credentials go where: those of the command line belong to the origin that the user named, and a WSDL cannot lead them elsewhere."""

from __future__ import annotations

from rrcli.adapters.http.prepare.origin import origin, split_credentials
from rrcli.base.errors import usage
from rrcli.base.url import split_url, without_userinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.soap.request import SoapRequest

PORTS = {"http": 80, "https": 443}


def with_passwords(request: SoapRequest) -> SoapRequest:
    """The request with what `-u` and `--wsse` lack asked for, so that it is asked for once."""
    from rrcli.adapters.http.prepare.auth import ask_password

    if request.user is not None and ":" not in request.user:
        request = request.replace(user=f"{request.user}:{ask_password(request.user)}")
    if request.wsse is not None and ":" not in request.wsse:
        request = request.replace(wsse=f"{request.wsse}:{ask_password(request.wsse)}")
    return request


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have scheme, host and port in common."""
    first, second = split_url(one), split_url(other)
    return _origin(first.scheme, first.host, first.port) == _origin(second.scheme, second.host, second.port)


def _origin(scheme: str, host: str, port: int | None) -> tuple[str, str, int]:
    return origin(scheme, host, port or PORTS.get(scheme, 0))


def stripped(request: SoapRequest) -> tuple[SoapRequest, tuple[str, ...]]:
    """The request without the credentials that belong to one origin, and the names of what it lacks now."""
    options = {"-u": request.user, "--bearer": request.bearer, "--digest": request.digest, "--aws-sigv4": request.aws_sigv4}
    dropped = [flag for flag, value in options.items() if value]
    if request.cookies:
        dropped.append("-b")
    kept = []
    for line in request.headers:
        name, _, value = line.partition(":")
        if line.startswith("@") or split_credentials(((name.strip(), value.strip()),))[1]:
            dropped.append(f"-H {'@…' if line.startswith('@') else name.strip()}")
        else:
            kept.append(line)
    words, items = _without_secret_items(request.arguments)
    bare = request.replace(
        user=None, bearer=None, digest=False, aws_sigv4=None, cookies=(), headers=tuple(kept), arguments=words, sni=None, session=None,
        session_read_only=None,
    )  # fmt: skip
    return bare, (*dropped, *items)


def _without_secret_items(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words without the items that are fields with credentials."""
    from rrcli.adapters.http.prepare.items import split_item
    from rrcli.base.errors import ExchangeError

    kept, dropped = [], []
    for number, word in enumerate(words):
        try:
            item = split_item(word) if number > 1 else None
        except ExchangeError:
            item = None
        if item and item.separator in (":", ":@") and split_credentials(((item.name, item.value),))[1]:
            dropped.append(f"{item.name}:")
        else:
            kept.append(word)
    return tuple(kept), tuple(dropped)


def refuse_elsewhere(request: SoapRequest, root: str, endpoint: str) -> None:
    """Raise `usage` where the WSDL leads credentials to another origin than its own; a file is the user's word."""
    if request.endpoint is not None or request.location_trusted or root.startswith("file://") or same_origin(root, endpoint):
        return
    dropped = stripped(request)[1] + (("--wsse",) if request.wsse is not None else ())
    if split_url(root).user is not None:
        dropped = ("the URL's password", *dropped)
    if dropped:
        there = without_userinfo(endpoint)
        raise usage(
            f"the WSDL leads to {there}, another origin than its own, and {', '.join(dropped)} would go there",
            f"add --endpoint {there} if that is meant",
        )
