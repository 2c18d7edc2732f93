"""Files of cookies: the seven columns that Netscape had and curl and browsers export, and lines of `Set-Cookie` as curl takes them.

`domain TAB with-subdomains TAB path TAB secure TAB expires TAB name TAB value`; `#HttpOnly_` in front of a line is no comment.
SameSite has no column and is lost.
"""

from __future__ import annotations

from time import time

from rrcli.codec.http.cookies import Cookie, Place, Refused, read_set_cookie

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HTTP_ONLY = "#HttpOnly_"
HEAD = "# Netscape HTTP Cookie File\n# Written by rrcli. It holds credentials.\n\n"
COLUMNS = 7


def read_cookies(text: str, place: Place) -> tuple[list[Cookie], int]:
    """The cookies of a file, and how many lines are none. One of `Set-Cookie` without a Domain is for the host of `place`."""
    found: list[Cookie] = []
    wrong, now = 0, time()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
        if not line.strip() or (line.startswith("#") and not line.startswith(HTTP_ONLY)):
            continue
        name, colon, value = line.partition(":")
        try:
            if colon and "\t" not in name and _is_field(name):
                if name.lower() == "set-cookie":
                    found.append(read_set_cookie(value, place, now).replace(created=now + number * 1e-6))
                continue
            found.append(_columns(line).replace(created=now + number * 1e-6))
        except (Refused, ValueError, OverflowError):  # an expiry that is no finite number
            wrong += 1
    return found, wrong


def _is_field(name: str) -> bool:
    """Whether a line is one of a head, of which all but Set-Cookie is passed over."""
    return bool(name) and name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def _columns(line: str) -> Cookie:
    """The cookie of one line. Raises `ValueError` for what is none, with the name's prefix broken among it."""
    http_only = line.startswith(HTTP_ONLY)
    parts = line.removeprefix(HTTP_ONLY).split("\t")
    if len(parts) == COLUMNS - 1:  # an empty value at the end of the line
        parts.append("")
    if len(parts) != COLUMNS:
        raise ValueError("not seven columns")
    domain, below, path, secure, expires, name, value = parts
    number = int(float(expires)) if expires.strip() else 0
    lower = name.lower()
    host = domain.lower().removeprefix(".")
    if not host or not name or any(letter < " " or letter == "\x7f" for letter in name + value):
        raise ValueError("no domain, no name, or a control character")
    if lower.startswith(("__secure-", "__host-")) and secure.upper() != "TRUE":
        raise ValueError("a prefix without Secure")
    if lower.startswith("__host-") and (path != "/" or below.upper() == "TRUE"):
        raise ValueError("a prefix with a domain or a path")
    return Cookie(
        name=name,
        value=value,
        domain=host,
        host_only=below.upper() != "TRUE",
        path=path if path.startswith("/") else "/",
        secure=secure.upper() == "TRUE",
        http_only=http_only,
        expires=number if number > 0 else None,
    )


def write_cookies(cookies: Iterable[Cookie]) -> str:
    """The text of a file with these cookies."""
    return HEAD + "".join([_line(cookie) for cookie in cookies])


def newest_within(cookies: Iterable[Cookie], write: Callable[[list[Cookie]], str], limit: int) -> str:
    """What `write` makes of the cookies, in at most `limit` bytes: an eighth of them, the oldest, is left out until it fits."""
    kept = sorted(cookies, key=lambda cookie: cookie.created)
    while len((text := write(kept)).encode("utf-8", "surrogateescape")) > limit and kept:
        kept = kept[len(kept) // 8 + 1 :]
    return text


def _line(cookie: Cookie) -> str:
    below = not cookie.host_only
    columns = (
        ("." if below else "") + cookie.domain,
        _truth(below),
        cookie.path,
        _truth(cookie.secure),
        str(cookie.expires or 0),
        cookie.name,
        cookie.value,
    )
    return (HTTP_ONLY if cookie.http_only else "") + "\t".join(columns) + "\n"


def _truth(value: bool) -> str:
    return "TRUE" if value else "FALSE"
