"""Opens what a request keeps state in: the jar, files of cookies, a named session."""

from __future__ import annotations

from rrcli.adapters.http.prepare.target import PORTS, host_of, read_url, split_words
from rrcli.adapters.http.state.cookies import StateJar
from rrcli.base import privatefile
from rrcli.base.errors import ExchangeError
from rrcli.codec.http.cookiefile import read_cookies
from rrcli.codec.http.cookies import Cookie, Jar, Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.hopstate import HopState
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.engine.context import Context


def open_state(state: HopState, context: Context) -> HopState:
    """The state with the jar and the session opened: the client's jar where it keeps cookies. Raises `usage`, or `local` for a file."""
    request = state.options
    _, address, _ = split_words(request.arguments)
    url = read_url(address)
    place = Place(scheme=url.scheme, host=host_of(url).lower(), port=PORTS[url.scheme] if url.port is None else url.port)
    session = None
    if request.session is not None or request.session_read_only is not None:
        from rrcli.adapters.http.state.sessions import open_session

        session = open_session(request, place)
        request = session.authenticated(request, url)
    jar = context.shared.cookies if context.shared.cookies is not None else Jar()
    if session:
        jar.fill(session.cookies)
    for path in [text for text in request.cookies if "=" not in text]:
        jar.fill(_of_file(path, place, request, context))
    if request.junk_session_cookies:
        jar.forget_session()
    if request.cookie_jar not in (None, "-") and not request.offline:
        privatefile.check_writable(str(request.cookie_jar))
    texts = tuple(text for text in request.cookies if "=" in text)
    if session and texts:
        session.keep(texts)
    kept = StateJar(jar, None if request.offline else request.cookie_jar, session)
    return state.replace(options=request.replace(cookies=texts), jar=kept)


def _of_file(path: str, place: Place, request: AnyHttpRequest, context: Context) -> list[Cookie]:
    """The cookies of a file; without a name there are none. A file that is still to be written may be missing."""
    if not path:
        return []
    if path == "-":
        from rrcli.base.files import read_local

        text: str | None = read_local(path).decode("utf-8", "surrogateescape")
        path = "standard input"
    else:
        text = privatefile.read_text(path)
    if text is None:
        if path == request.cookie_jar:
            return []
        hint = "write -b name=value for a cookie, -b '' to begin with none"
        raise ExchangeError("local", "input", f"cannot read the cookies of {path}: no such file", hint=hint)
    found, wrong = read_cookies(text, place)
    if wrong and not found:
        raise ExchangeError("local", "input", f"{path} holds no cookies", hint="it takes a cookies.txt as curl -c and browsers write it")
    if wrong:
        context.note("cookie-file", f"{wrong} line{'s' * (wrong != 1)} of {path} {'is' if wrong == 1 else 'are'} no cookie")
    return found
