"""Why a browser would keep an answer from the page that asked for it (CORS, Fetch standard sections 3.3 and 4.10).

It is said only of requests that a page could have sent across origins: with an Origin that is not the target's own.
"""

from __future__ import annotations

from rrcli.adapters.http.prepare.target import PORTS
from rrcli.base.fields import all_of
from rrcli.base.url import host_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.model.values import Fields, Response

SAFELISTED = ("GET", "HEAD", "POST")  # methods that need no permission
TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def refusal(prepared: PreparedRequest, answer: Response) -> str | None:
    """The sentence that says which field is missing or different; `None` where a browser would let the page read the answer."""
    origin = _value(prepared.fields, "origin")
    if not origin or origin.lower() == _own_origin(prepared) or not _is_cors(prepared.fields):
        return None
    wanted = _value(prepared.fields, "access-control-request-method") if prepared.method == "OPTIONS" else None
    why = _shared(origin, prepared, answer)
    if why is None and wanted:
        why = _preflight(wanted, _value(prepared.fields, "access-control-request-headers") or "", answer)
    if why is None:
        return None
    return f"a browser fails this preflight: {why}" if wanted else f"a browser keeps this answer from pages of {origin}: {why}"


def _own_origin(prepared: PreparedRequest) -> str:
    """The origin of the target, as a browser writes it."""
    return f"{prepared.scheme}://{host_port(prepared.host.lower(), None if prepared.port == PORTS.get(prepared.scheme) else prepared.port)}"


def _is_cors(fields: Fields) -> bool:
    """Whether nothing says that this is another kind of request: a navigation, the same origin, a WebSocket."""
    mode, site = _value(fields, "sec-fetch-mode"), _value(fields, "sec-fetch-site")
    return mode in (None, "cors") and site != "same-origin" and _value(fields, "upgrade") is None


def _value(fields: Fields, name: str) -> str | None:
    """The values of a field joined by commas (Fetch standard, `get`); `None` without any."""
    values = all_of(fields, name)
    return ", ".join(values) if values else None


def _shared(origin: str, prepared: PreparedRequest, answer: Response) -> str | None:
    """The CORS check (Fetch standard section 4.10)."""
    allowed = _value(answer.fields, "access-control-allow-origin")
    with_cookies = _value(prepared.fields, "cookie") is not None
    if allowed is None:
        return "Access-Control-Allow-Origin is missing"
    if allowed == "*":
        return "Access-Control-Allow-Origin is *, which does not do for a request with cookies" if with_cookies else None
    if allowed != origin:
        return f"Access-Control-Allow-Origin is {allowed[:200]!r}, not {origin!r}"
    if not with_cookies:
        return None
    credentials = _value(answer.fields, "access-control-allow-credentials")
    if credentials == "true":
        return None
    said = "missing" if credentials is None else repr(credentials[:40])
    return f"the request has cookies, and Access-Control-Allow-Credentials is {said}, not 'true'"


def _preflight(method: str, names: str, answer: Response) -> str | None:
    """What the CORS-preflight fetch asks beyond that (Fetch standard section 4.8)."""
    code = answer.status.code or 0
    if not 200 <= code <= 299:
        return f"its status is {code}, not 2xx{'; a preflight follows no redirect' if 300 <= code <= 399 else ''}"
    methods, allowed = (_tokens(answer, f"access-control-allow-{what}") for what in ("methods", "headers"))
    if methods is None or allowed is None:
        return f"Access-Control-Allow-{'Methods' if methods is None else 'Headers'} cannot be read as a list"
    if method not in SAFELISTED and method not in methods and "*" not in methods:
        near = next((each for each in methods if each.lower() == method.lower()), None)
        said = f"has {near}, whose case differs from {method}" if near else f"does not have {method}"
        return f"Access-Control-Allow-Methods {said}"
    known = [name.lower() for name in allowed]
    for name in filter(None, [part.strip() for part in names.split(",")]):
        if name.lower() in known or ("*" in known and name.lower() != "authorization"):
            continue
        beside = ", and * does not cover it" if "*" in known else ""
        return f"Access-Control-Allow-Headers does not have {name[:60]}{beside}"
    return None


def _tokens(answer: Response, name: str) -> list[str] | None:
    """The list in a field; empty where it is missing, `None` where it is none."""
    parts = [part.strip(" \t") for part in (_value(answer.fields, name) or "").split(",")]
    found = [part for part in parts if part]
    return found if all(TOKEN.issuperset(part) for part in found) else None
