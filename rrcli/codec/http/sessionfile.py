"""The file of a named session: JSON with the origin it belongs to, credentials, fields and cookies."""

from __future__ import annotations

from rrcli.base.jsontext import dumps, loads
from rrcli.base.record import Record
from rrcli.codec.http.cookiefile import newest_within
from rrcli.codec.http.cookies import Cookie

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA = "rrcli.session/1"
COOKIE_KEYS = ("name", "value", "domain", "path", "host_only", "secure", "http_only", "same_site", "expires", "created")
AUTH_KEYS = {"basic": ("user",), "digest": ("user",), "bearer": ("token",)}


class StoredSession(Record):
    """What a session holds. `auth` has the keys of `AUTH_KEYS` and its `type`."""

    origin: str
    auth: dict[str, str] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[Cookie, ...] = ()


def read_session(text: str) -> StoredSession:
    """What a file holds. Raises `ValueError` that says what is wrong with it."""
    document = loads(text)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    try:
        auth, headers, cookies = _auth(document["auth"]), _headers(document["headers"]), _cookies(document["cookies"])
        return StoredSession(origin=_text(document["origin"], "origin"), auth=auth, headers=headers, cookies=cookies)
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is missing") from None
    except (TypeError, AttributeError) as error:
        raise ValueError(str(error)) from None


def write_session(session: StoredSession, limit: int) -> str:
    """The text of the file, of at most `limit` bytes: the oldest cookies are left out where it would be longer."""

    def write(cookies: Iterable[Cookie]) -> str:
        document = {
            "schema": SCHEMA,
            "origin": session.origin,
            "auth": session.auth,
            "headers": [list(field) for field in session.headers],
            "cookies": [{key: getattr(cookie, key) for key in COOKIE_KEYS} for cookie in cookies],
        }
        return dumps(document, 2) + "\n"

    return newest_within(session.cookies, write, limit)


def _auth(value: object) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.get("type") not in AUTH_KEYS:
        raise ValueError(f"auth.type is not one of {', '.join(AUTH_KEYS)}")
    keys = ("type", *AUTH_KEYS[value["type"]])
    return {key: _text(value[key], f"auth.{key}") for key in keys}


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list) or not all(isinstance(field, list) and len(field) == 2 for field in value):
        raise ValueError("headers is not a list of pairs")
    return tuple((_text(name, "a header's name"), _text(text, "a header's value")) for name, text in value)


def _cookies(value: object) -> tuple[Cookie, ...]:
    if not isinstance(value, list):
        raise ValueError("cookies is not a list")
    return tuple(map(_cookie, value))


def _cookie(value: object) -> Cookie:
    if not isinstance(value, dict):
        raise ValueError("cookies is not a list of objects")
    expires, created = value["expires"], value["created"]
    if not isinstance(expires, (int, type(None))) or not isinstance(created, (int, float)):
        raise ValueError("a cookie's expires or created is no time")
    name, content, domain, path = (_text(value[key], f"a cookie's {key}") for key in ("name", "value", "domain", "path"))
    return Cookie(
        name=name,
        value=content,
        domain=domain.lower(),
        path=path,
        host_only=bool(value["host_only"]),
        secure=bool(value["secure"]),
        http_only=bool(value["http_only"]),
        same_site=value["same_site"] and _text(value["same_site"], "a cookie's same_site"),
        expires=expires,
        created=created,
    )


def _text(value: object, what: str) -> str:
    """A text without control characters: it goes into a field. Raises `ValueError`, also for surrogates that stand for no byte."""
    if not isinstance(value, str) or any(letter < " " or letter == "\x7f" for letter in value):
        raise ValueError(f"{what} is no text, or holds a control character")
    value.encode("utf-8", "surrogateescape")
    return value
