"""Named sessions, HTTPie's idea: cookies, credentials and fields that come back with the next request to the same origin.

A session is a file of mode 600, `$XDG_CONFIG_HOME/rrcli/sessions/HOST_PORT/NAME.json` or the path given. It is no configuration:
it was asked for by name, so `RRCLI_NO_CONFIG` does not matter. It belongs to one origin and is refused to any other.
"""

from __future__ import annotations

import os

from rrcli.adapters.http.prepare.origin import origin
from rrcli.adapters.http.state.given import given_cookies
from rrcli.base import privatefile
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.url import host_port
from rrcli.base.userfolder import config_folder
from rrcli.codec.http.cookies import Cookie, Jar, Place, domain_matches
from rrcli.codec.http.sessionfile import StoredSession, read_session, write_session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.message import GivenFields, PreparedRequest
    from rrcli.adapters.http.request import AnyHttpRequest
    from rrcli.adapters.http.state.given import AnyRequest
    from rrcli.base.url import Url
    from rrcli.model.values import Fields

LONGEST_NAME = 100
# Fields that belong to one request: what describes its content, its connection or its conditions, and ids.
OF_ONE_REQUEST = ("content-", "if-", "sec-websocket-", "access-control-request-")
OF_ONE_REQUEST_TOO = (
    "host", "cookie", "range", "expect", "te", "trailer", "transfer-encoding", "connection", "upgrade", "keep-alive",
    "proxy-authorization", "proxy-connection", "idempotency-key", "x-request-id", "traceparent", "tracestate", "accept-encoding",
)  # fmt: skip


class NamedSession:
    """The session's file as it was read, and what this run changes in it."""

    def __init__(self, path: str, place: Place, *, read_only: bool) -> None:
        self._path = path
        self._place = place
        self._read_only = read_only
        self._stored = self._read()
        self._fields: dict[str, tuple[str, str | None]] = {}  # of this run, by their names in lower case; `None` takes away
        self._auth: dict[str, str] | None = None  # of this run
        self._given: list[Cookie] = []  # with -b
        self._from_file: set[str] = set()  # fields of this request that come from the session
        self._saved = False

    @property
    def origin(self) -> str:
        return f"{self._place.scheme}://{host_port(self._place.host, self._place.port)}"

    @property
    def cookies(self) -> list[Cookie]:
        """Those of the file, as belonging to its origin."""
        return [cookie.replace(origin=self._place.origin) for cookie in self._stored.cookies]

    # --- the request

    def authenticated(self, request: AnyRequest, url: Url) -> AnyRequest:
        """The request with the session's credentials, unless it brings its own, which the session then keeps."""
        if request.user is not None and ":" not in request.user:
            from rrcli.adapters.http.prepare.auth import ask_password

            request = request.replace(user=f"{request.user}:{ask_password(request.user)}")
        if request.aws_sigv4:
            return request
        if request.user is not None:
            self._auth = {"type": "digest" if request.digest else "basic", "user": request.user}
            return request
        if request.bearer is not None:
            self._auth = {"type": "bearer", "token": request.bearer}
            return request
        auth = self._stored.auth
        if not auth or request.uses_netrc or url.user is not None:
            return request
        if auth["type"] == "bearer":
            return request if request.digest else request.replace(bearer=auth["token"])
        return request.replace(user=auth["user"], digest=request.digest or auth["type"] == "digest")

    def headers(self, given: GivenFields) -> GivenFields:
        """The session's fields that the command line does not name, then its own, which the session then keeps."""
        names = {name.lower() for name, _ in given}
        stored = [(name, value) for name, value in self._stored.headers if name.lower() not in names]
        self._from_file = {name.lower() for name, _ in stored}
        for name, value in given:
            if _is_kept(name):
                self._fields[name.lower()] = name, value
        return [*stored, *given]

    def without(self, prepared: PreparedRequest) -> tuple[Fields, list[str]]:
        """The fields that go to where the request goes, and the names of the session's that do not go there."""
        own = origin(self._place.scheme, self._place.host, self._place.port)
        if origin(prepared.scheme, prepared.host, prepared.port) == own:
            return prepared.fields, []
        kept = tuple(field for field in prepared.fields if field[0].lower() not in self._from_file)
        return kept, [name for name, _ in prepared.fields if name.lower() in self._from_file]

    def keep(self, texts: tuple[str, ...]) -> None:
        """Keep the cookies given with `-b name=value`."""
        self._given = given_cookies(texts, self._place)

    # --- the file

    def save(self, changes: list[Cookie]) -> None:
        """Write what this run changed into the file as it is now: another run may have written it meanwhile."""
        if self._read_only or (self._saved and not changes):
            return
        with privatefile.locked(os.path.dirname(self._path)):
            stored = self._read()
            jar = Jar(stored.cookies)
            for cookie in (*self._given, *changes):
                if domain_matches(self._place.host, cookie.domain):  # those of other hosts on the way are not the session's
                    jar.put(cookie)
            names = self._fields.keys()
            headers = [field for field in stored.headers if field[0].lower() not in names]
            headers += [(name, value) for name, value in self._fields.values() if value is not None]
            session = StoredSession(origin=self.origin, auth=self._auth or stored.auth, headers=tuple(headers), cookies=tuple(jar))
            privatefile.write_text(self._path, write_session(session, privatefile.LARGEST))
        self._saved = True

    def _read(self) -> StoredSession:
        """What the file holds. Raises `local` for one that is broken, `usage` for that of another origin."""
        text = privatefile.read_text(self._path, regular=True)
        if text is None:
            return StoredSession(origin=self.origin)
        try:
            found = read_session(text)
        except ValueError as error:
            raise self._broken(str(error)) from None
        if found.origin != self.origin:
            raise usage(
                f"the session {self._path} belongs to {found.origin}, and this goes to {self.origin}", "use a session of another name"
            )
        return found

    def _broken(self, why: str) -> ExchangeError:
        return ExchangeError("local", "input", f"the session {self._path} is broken: {why}", hint="mend the file, or delete it")


def open_session(request: AnyHttpRequest, place: Place) -> NamedSession:
    """The session that the request names. Raises `usage`, or `local` for its file."""
    if request.session is not None and request.session_read_only is not None:
        raise usage("--session and --session-read-only exclude each other")
    read_only = request.session is None or request.offline
    path = _path_of(str(request.session or request.session_read_only or ""), place)
    if not read_only:
        privatefile.make_folder(os.path.dirname(path))
        privatefile.check_writable(path)
    return NamedSession(path, place, read_only=read_only)


def _path_of(name: str, place: Place) -> str:
    """Where a session is: the path itself, or a file of that name in the folder of its host and port."""
    if "/" in name:
        return os.path.expanduser(name)
    plain = name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum()
    if not plain or name.startswith(".") or len(name) > LONGEST_NAME:
        raise usage(f"--session {name!r} is no name", "write letters, digits, -, _ and ., or a path with a /")
    return os.path.join(config_folder(), "sessions", f"{place.host.replace(':', '_')}_{place.port}", f"{name}.json")


def _is_kept(name: str) -> bool:
    lower = name.lower()
    return not lower.startswith(OF_ONE_REQUEST) and lower not in OF_ONE_REQUEST_TOO
