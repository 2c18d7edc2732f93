"""Where a redirect leads: the URL that it means, and the request that follows it (RFC 9110 sections 10.2.2 and 15.4)."""

from __future__ import annotations

from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.prepare.origin import origin, split_credentials
from rrcli.adapters.http.prepare.target import PORTS, authority_of, host_field, host_of, read_url, remove_dots, userinfo_of
from rrcli.base.errors import ExchangeError, malformed
from rrcli.base.fields import all_of
from rrcli.base.url import host_port, quote
from rrcli.policy.secrets import field_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.hopstate import HopState
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.base.url import Url
    from rrcli.engine.context import Context
    from rrcli.model.values import Fields, Response

FOLLOWED = (301, 302, 303, 307, 308)
NOT_FOLLOWED = (304, 305, 306)  # no redirect at all; one to a proxy, which a server must not choose; one that is no more
IN_URLS = "!#$%&'()*+,/:;=?@[]~\"<>\\^`{|}"  # left as they stand in a Location; blanks and what is not ASCII are escaped
SHOWN = 80  # characters of a Location within a message


def target_of(answer: Response) -> str | None:
    """The Location of a redirect that is followed, whatever 3xx it is; an empty one is none. As in curl, but for `NOT_FOLLOWED`."""
    code = answer.status.code
    if not isinstance(code, int) or code // 100 != 3 or code in NOT_FOLLOWED:
        return None
    return next(filter(None, all_of(answer.fields, "location")), None)


def location_doubt(answer: Response) -> tuple[str, str] | None:
    """Code and text of a note on a Location that readers do not agree on, or that leads nowhere."""
    code, values = answer.status.code, all_of(answer.fields, "location")
    if not isinstance(code, int) or code // 100 != 3 or code in NOT_FOLLOWED:
        return None
    if not any(values):
        return "empty-location", f"the {code} has an empty Location and leads nowhere"
    if len(different := dict.fromkeys(filter(None, values))) > 1:
        return "several-locations", f"the {code} has {len(different)} different Locations; the first counts here, and readers differ"
    return None


def follow(state: HopState, prepared: PreparedRequest, answer: Response, context: Context) -> HopState | None:
    """The state of the hop that a redirect asks for; `None` when it asks for none.

    Raises `ExchangeError` of layer protocol: unsupported for another scheme, malformed for no URL, too_many_redirects;
    of layer local for content that was read from a pipe and is wanted again.
    """
    location = target_of(answer)
    if location is None:
        return None
    request = state.options
    if state.redirects >= request.max_redirects:
        count = f"{request.max_redirects} {'was' if request.max_redirects == 1 else 'were'} followed (--max-redirects)"
        visited = (*state.visited, prepared.url)
        hint = "the answers lead in a circle: history shows every hop" if len(set(visited)) < len(visited) else None
        raise ExchangeError("protocol", "too_many_redirects", f"the redirects lead on and on: {count}", hint=hint)
    url = resolve(prepared, location)
    if request.https_only and url.scheme != "https":
        raise ExchangeError("protocol", "unsupported", f"the redirect leads to {url.scheme}://, and --https-only forbids that")
    context.secret(*field_secrets(prepared.fields))  # the next hop may not have them, and its answer may still show them
    if answer.status.code not in FOLLOWED:
        context.note(
            "odd-redirect", f"a {answer.status.code} leaves the choice to people; its Location is followed (RFC 9110 section 15.4.1)"
        )
    method, fields = changed_method(prepared, answer.status.code or 0)
    keeps_content = method == prepared.method
    if keeps_content and prepared.upload and not prepared.upload.repeatable:
        what = "standard input" if prepared.upload.path == "-" else prepared.upload.path
        message = f"the redirect wants the content again, and {what} cannot be read twice"
        raise ExchangeError("local", "input", message, hint="put the content into a file, or send it to where the redirect leads")
    if not keeps_content:
        change = f"the {answer.status.code} made the {prepared.method} a {method} without content"
        context.note("method-changed", f"{change} (RFC 9110 section 15.4)")
    changed = prepared.replace(method=method, fields=fields)
    return request_to(state, changed, url, context, keeps_content=keeps_content, because=f"the {answer.status.code}")


def request_to(
    state: HopState, prepared: PreparedRequest, url: Url, context: Context, *, keeps_content: bool, because: str = "the answer"
) -> HopState:
    """The state of the hop to another URL, with the method and the fields of `prepared`; no credential of it crosses to another origin."""
    request, fields = state.options, prepared.fields
    if request.digest:  # an answer to a challenge is good for one URL
        fields = tuple(field for field in fields if field[0].lower() != "authorization")
    here = origin(prepared.scheme, prepared.host, prepared.port)
    crossing = here != origin(url.scheme, host_of(url), port_of(url))
    passed = (*state.passed, here)
    if crossing:
        fields = _cross(request, prepared, url, fields, context)
        if keeps_content and (prepared.content or prepared.upload):  # RFC 9110 sections 15.4.8 and 15.4.9 want it, as curl does
            context.note("content-crossed", f"{because} had the content sent on to {_place(url)}, another origin")
    following = prepared.replace(
        url=f"{url.scheme}://{userinfo_of(url.text)}{authority_of(url)}{target_in(url)}",
        scheme=url.scheme,
        host=host_of(url),
        port=port_of(url),
        target=target_in(url),
        fields=_with_host(fields, url, crossing),
        content=prepared.content if keeps_content else None,
        upload=prepared.upload if keeps_content else None,
        credentials=None if crossing and not _trusts(request) else prepared.credentials,
        challenges_met=0,
    )
    if (crossing and request.uses_netrc) or url.user is not None or request.aws_sigv4:
        from rrcli.adapters.http.prepare.auth import authorize_hop

        following = authorize_hop(request, following, url, passed)
    options = request.replace(sni=None) if crossing else request  # the name belongs to the first server
    if crossing and request.bound_certificate:
        options = options.replace(cert=None, key=None, key_password=None)
    visited = (*state.visited, prepared.url)
    return state.replace(options=options, prepared=following, redirects=state.redirects + 1, passed=passed, visited=visited)


def _trusts(request: AnyHttpRequest) -> bool:
    """Whether user and password may go to another origin."""
    return request.location_trusted and "authorization" not in request.bound_fields


def port_of(url: Url) -> int:
    return PORTS[url.scheme] if url.port is None else url.port


def target_in(url: Url) -> str:
    """What is sent of a URL: its path without dots, and its query."""
    return remove_dots(url.path or "/") + ("" if url.query is None else f"?{url.query}")


def _cross(request: AnyHttpRequest, prepared: PreparedRequest, url: Url, fields: Fields, context: Context) -> Fields:
    """The fields that go to another origin."""
    kept, dropped = (fields, ()) if request.location_trusted else split_credentials(fields)
    if request.bound_fields:
        dropped = (*dropped, *(name for name, _ in kept if name.lower() in request.bound_fields))
        kept = tuple(field for field in kept if field[0].lower() not in request.bound_fields)
    if dropped:
        names = ", ".join(dict.fromkeys(dropped))
        context.note(
            "credentials-dropped",
            f"{names} not sent to {_place(url)}, another origin than {prepared.scheme}://{host_port(prepared.host, prepared.port)}",
        )
    return kept


def _place(url: Url) -> str:
    return f"{url.scheme}://{host_port(url.host, url.port)}"


def changed_method(prepared: PreparedRequest, code: int) -> tuple[str, Fields]:
    """Method and fields after a redirect: a POST may become a GET on 301 and 302, all but HEAD does on 303."""
    if not ((code in (301, 302) and prepared.method == "POST") or (code == 303 and prepared.method not in ("GET", "HEAD"))):
        return prepared.method, prepared.fields
    about_content = ("transfer-encoding", "expect", "trailer", "digest", "repr-digest")
    names = [name.lower() for name, _ in prepared.fields]
    kept = [not (name.startswith("content-") or name in about_content) for name in names]
    return "GET", tuple(field for field, keep in zip(prepared.fields, kept, strict=True) if keep)


def _with_host(fields: Fields, url: Url, crossing: bool) -> Fields:
    """The fields with the new Host in the place of the old one, which may be the user's own and stays at its origin."""
    if not crossing:
        return fields
    return tuple((name, host_field(url)) if name.lower() == "host" else (name, value) for name, value in fields)


# --- the URL


def resolve(prepared: PreparedRequest, location: str) -> Url:
    """The URL that a Location means at `prepared` (RFC 3986 section 5.2). Raises `unsupported` or `malformed`."""
    text = quote(location.strip(" \t"), IN_URLS)
    if any(letter < " " or letter == "\x7f" for letter in location.strip(" \t")):
        raise malformed(f"the Location has a control character: {location[:SHOWN]!r}")
    scheme = _scheme(text)
    if scheme and scheme not in PORTS:
        hint = "it is not followed: a server does not choose what else is opened here"
        raise ExchangeError("protocol", "unsupported", f"the redirect leads to {scheme}:, not to http or https", hint=hint)
    if scheme and not text[len(scheme) :].startswith("://"):  # `http:80` would be read as a host of that name
        raise malformed(f"the Location {location[:SHOWN]!r} names no host")
    if not scheme:
        text = _absolute(prepared, text)
    authority = text.partition("//")[2].partition("/")[0].partition("?")[0]
    if "\\" in authority or ("[" not in authority and authority.rpartition("@")[2].count(":") > 1):
        raise malformed(f"the Location {location[:SHOWN]!r} names a host that readers do not agree on")
    try:
        url = read_url(text)
        host_of(url)
    except ExchangeError as error:
        raise malformed(f"the Location {location[:SHOWN]!r} cannot be followed: {error.message}") from error
    return url


def _scheme(text: str) -> str:
    """The scheme in front, in lower case (RFC 3986 section 3.1)."""
    scheme, colon, _ = text.partition(":")
    plain = scheme.replace("+", "").replace("-", "").replace(".", "")
    return scheme.lower() if colon and scheme[:1].isalpha() and plain.isalnum() else ""


def _absolute(prepared: PreparedRequest, text: str) -> str:
    """A relative reference made absolute."""
    if text.startswith("//"):
        return f"{prepared.scheme}:{text}"
    default = PORTS[prepared.scheme] == prepared.port
    base = f"{prepared.scheme}://{host_port(prepared.host.replace('%', '%25'), None if default else prepared.port)}"
    path, _, _ = prepared.target.partition("?")
    if text.startswith("/"):
        return base + text
    if text.startswith("?"):
        return base + path + text
    if text.startswith("#"):
        return base + prepared.target
    return base + path[: path.rfind("/") + 1] + text
