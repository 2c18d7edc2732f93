"""Cookies: `Set-Cookie` read, kept or refused with a reason, and chosen for a request (RFC 6265, draft 6265bis).

Our own because a jar here has to say why it refuses a cookie, which no library does; curl and `http.cookiejar` are the
oracles of its tests. Nothing here touches a file or a socket. Times are seconds since the epoch.
"""

from __future__ import annotations

from time import time

from rrcli.base.record import Record
from rrcli.base.url import literal_family
from rrcli.codec.http.publicsuffix import is_public_suffix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_PAIR = 4096  # bytes of name and value (6265bis section 5.6)
LONGEST_ATTRIBUTE = 1024  # a longer one is passed over
MOST_OF_A_DOMAIN = 180  # as Chromium has them
MOST = 3000
MOST_SENT, LONGEST_SENT = 150, 8190  # cookies and bytes of one Cookie field, as curl has them
LATEST = 1 << 53  # seconds: what a number of JSON keeps exactly
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DAYS_TO_1970 = 719162  # from the first day of year 1 (proleptic Gregorian)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
TRUSTED = ("localhost", "127.0.0.1", "::1")  # as good as TLS for Secure cookies, as browsers and curl have it
DELETED = ("", "deleted", "delete", "0", "null", "none")  # values that come with a date of the past on purpose
EPOCH_ENDS = 20 * 365 * 86400  # dates up to here are the usual ones that delete


class Refused(Exception):  # no failure: a verdict
    """Why a cookie is not kept; `name` is its name, `why` what is said after it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name
        self.why = why


class Place(Record):
    """Where a request goes, as far as cookies care; `host` in lower case, `path` without the query."""

    scheme: str
    host: str
    port: int
    path: str = "/"

    @property
    def secure(self) -> bool:
        return self.scheme in ("https", "wss") or self.host in TRUSTED

    @property
    def origin(self) -> tuple[str, int]:
        return self.scheme, self.port


class Cookie(Record):
    """One cookie. `domain` is in lower case without a dot in front; without `expires` it ends with the session."""

    name: str
    value: str
    domain: str
    path: str = "/"
    host_only: bool = True
    secure: bool = False
    http_only: bool = False
    same_site: str | None = None
    expires: int | None = None
    created: float = 0.0
    origin: tuple[str, int] | None = None  # scheme and port of who set it or first got it; unknown of one from a file

    @property
    def key(self) -> tuple[str, str, bool, str]:
        """What makes another cookie its like (6265bis section 5.7)."""
        return self.name, self.domain, self.host_only, self.path

    def ended(self, now: float) -> bool:
        return self.expires is not None and self.expires <= now

    def fits(self, place: Place) -> bool:
        """Whether it is for this host and path, and may go there without TLS (6265bis section 5.8.3)."""
        if self.secure and not place.secure:
            return False
        return place.host == self.domain if self.host_only else domain_matches(place.host, self.domain)

    def stays_at(self, place: Place) -> bool:
        """Whether this is the origin that it belongs to, or that one's own step up to TLS on the usual ports."""
        return self.origin in (None, place.origin) or (self.origin, place.origin) == (("http", 80), ("https", 443))


# --- matching --------------------------------------------------------------------------------------------


def domain_matches(host: str, domain: str) -> bool:
    """Whether `host` is `domain` or below it; an address is only itself (RFC 6265 section 5.1.3)."""
    return host == domain or (host.endswith("." + domain) and literal_family(host) is None)


def path_matches(path: str, prefix: str) -> bool:
    """RFC 6265 section 5.1.4."""
    return path == prefix or (path.startswith(prefix) and (prefix.endswith("/") or path[len(prefix)] == "/"))


def default_path(path: str) -> str:
    """The path of a cookie that names none: that of the request up to its last slash, without it."""
    return path[: path.rfind("/")] or "/" if path.startswith("/") else "/"


# --- Set-Cookie ------------------------------------------------------------------------------------------


def read_set_cookie(text: str, place: Place, now: float | None = None) -> Cookie:
    """The cookie that a `Set-Cookie` from `place` makes. One that has ended already deletes its like. Raises `Refused`."""
    now = time() if now is None else now
    pair, _, rest = text.partition(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(" \t"), value.strip(" \t")
    if not equals or not name:
        raise Refused(pair.strip()[:40] if not equals else "", "it has no name")
    if len((name + value).encode("utf-8", "surrogateescape")) > LONGEST_PAIR:
        raise Refused(name[:40], f"name and value are longer than {LONGEST_PAIR} bytes")
    if _has_control(name + value):
        raise Refused(name, "it holds a control character")
    given = _attributes(rest)
    cookie = Cookie(
        name=name,
        value=value,
        domain=place.host,
        path=given["path"] if given.get("path", "").startswith("/") else default_path(place.path),
        secure="secure" in given,
        http_only="httponly" in given,
        same_site=_same_site(given),
        expires=_expires(given, now),
        created=now,
        origin=place.origin,
    )
    if domain := given.get("domain", "").lower().removeprefix("."):
        cookie = _with_domain(cookie, domain, place)
    if cookie.secure and not place.secure:
        raise Refused(name, "it is Secure, and the answer came without TLS")
    if why := _prefix_broken(cookie, given):
        raise Refused(name, why)
    return cookie


def _has_control(text: str) -> bool:
    return any(letter < " " or letter == "\x7f" for letter in text)


def _attributes(text: str) -> dict[str, str]:
    """The attributes by their names in lower case; of several the last holds (6265bis section 5.6)."""
    given: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if len(value) <= LONGEST_ATTRIBUTE and not _has_control(value.strip(" \t")):
            given[name.strip(" \t").lower()] = value.strip(" \t")
    return given


def _with_domain(cookie: Cookie, domain: str, place: Place) -> Cookie:
    if not domain_matches(place.host, domain):
        raise Refused(cookie.name, f"its Domain {domain} does not cover {place.host}")
    if is_public_suffix(domain):
        if domain == place.host:  # such a cookie is for that host alone (6265bis section 5.7)
            return cookie
        raise Refused(cookie.name, f"its Domain {domain} is a public suffix, under which many sites stand")
    return cookie.replace(domain=domain, host_only=literal_family(domain) is not None)


def _prefix_broken(cookie: Cookie, given: dict[str, str]) -> str | None:
    """What a name with a prefix promises and the cookie does not keep (6265bis section 4.1.3)."""
    lower = cookie.name.lower()
    if lower.startswith(("__secure-", "__host-")) and not cookie.secure:
        return "its name begins with __Secure- or __Host-, and it is not Secure"
    if lower.startswith("__host-") and (given.get("domain") or given.get("path") != "/"):
        return "its name begins with __Host-, which takes no Domain and the Path / alone"
    return None


def _same_site(given: dict[str, str]) -> str | None:
    value = given.get("samesite", "").capitalize()
    return value if value in ("Strict", "Lax", "None") else None


def _expires(given: dict[str, str], now: float) -> int | None:
    """When it ends: Max-Age wins over Expires; what cannot be read is passed over (RFC 6265 section 5.3)."""
    age = given.get("max-age", "")
    digits = age[1:] if age.startswith("-") else age
    if digits.isascii() and digits.isdecimal():
        if age.startswith("-") or not digits.strip("0"):
            return 0
        return min(int(now) + int(digits[:16]), LATEST)
    return parse_date(given["expires"]) if "expires" in given else None


def parse_date(text: str) -> int | None:
    """A cookie's date in any order of its parts, as browsers read it (RFC 6265 section 5.1.1); `None` for none."""
    clock: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _tokens(text):
        if clock is None and (found := _clock(token)):
            clock = found
        elif day is None and (number := _number(token, 1, 2)) is not None:
            day = number
        elif month is None and token[:3].lower() in MONTHS:
            month = MONTHS.index(token[:3].lower()) + 1
        elif year is None and (number := _number(token, 2, 4)) is not None:
            year = number
    if clock is None or day is None or month is None or year is None:
        return None
    year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    if year < 1601 or clock > (23, 59, 59) or clock[1] > 59 or clock[2] > 59:
        return None
    return _seconds(year, month, day, clock)


def _seconds(year: int, month: int, day: int, clock: tuple[int, int, int]) -> int | None:
    """Seconds since the epoch; `None` for a day that the month does not have. `calendar` would load ten modules for it."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= DAYS[month - 1] + (leap and month == 2):
        return None
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 + sum(DAYS[: month - 1]) + (leap and month > 2) + day - 1
    return ((days - DAYS_TO_1970) * 24 + clock[0]) * 3600 + clock[1] * 60 + clock[2]


def _tokens(text: str) -> list[str]:
    """The parts between delimiters, which are all but letters, digits, `:` and what is not ASCII."""
    return "".join([letter if letter.isalnum() or letter in ":\x7f" or letter > "\x7f" else " " for letter in text]).split()


def _number(token: str, least: int, most: int) -> int | None:
    """The digits that a token begins with, when there are so many of them and no more."""
    digits = token[: next((at for at, letter in enumerate(token) if letter not in "0123456789"), len(token))]
    return int(digits) if least <= len(digits) <= most else None


def _clock(token: str) -> tuple[int, int, int] | None:
    parts = token.split(":")
    if len(parts) < 3:
        return None
    hour, minute, second = (_number(part, 1, 2) for part in parts[:3])
    if hour is None or minute is None or second is None or not (parts[0].isdecimal() and parts[1].isdecimal()):
        return None
    return hour, minute, second


# --- the jar ---------------------------------------------------------------------------------------------


class Jar:
    """The cookies that are kept. `changes` are those set and deleted by answers, in their order."""

    def __init__(self, cookies: Iterable[Cookie] = ()) -> None:
        self._cookies: dict[tuple[str, str, bool, str], Cookie] = {}
        self.changes: list[Cookie] = []
        self.fill(cookies)

    def __iter__(self) -> Iterator[Cookie]:
        return iter(sorted(self._cookies.values(), key=lambda cookie: cookie.created))

    def __len__(self) -> int:
        return len(self._cookies)

    def put(self, cookie: Cookie, now: float | None = None) -> None:
        """Keep a cookie in the place of its like, whose age it takes over; one that has ended only deletes it."""
        self.fill((cookie,), now)

    def fill(self, cookies: Iterable[Cookie], now: float | None = None) -> None:
        """Put many."""
        now = time() if now is None else now
        domains = set()
        for cookie in cookies:
            before = self._cookies.get(cookie.key)
            if cookie.ended(now):
                self._cookies.pop(cookie.key, None)
            else:
                self._cookies[cookie.key] = cookie.replace(created=before.created) if before else cookie
                domains.add(cookie.domain)
        self._make_room(domains, now)

    def receive(self, text: str, place: Place, now: float | None = None) -> Cookie:
        """Take a `Set-Cookie`. Raises `Refused`."""
        cookie = read_set_cookie(text, place, now)
        if not place.secure:
            for other in list(self._cookies.values()):  # no plain answer replaces what TLS has set (6265bis section 5.7)
                alike = domain_matches(other.domain, cookie.domain) or domain_matches(cookie.domain, other.domain)
                if other.secure and other.name == cookie.name and alike and path_matches(cookie.path, other.path):
                    raise Refused(cookie.name, "it would replace a Secure cookie, and the answer came without TLS")
        self.changes.append(cookie)
        self.put(cookie, now)
        return cookie

    def fitting(self, place: Place, *, anywhere: bool = False, now: float | None = None) -> tuple[list[Cookie], list[Cookie]]:
        """The cookies for a request, longest path first, then oldest; and those that fit but belong to another origin.

        By the RFC cookies know no ports, and plain HTTP only when they are Secure; here none crosses to another scheme or port
        within one run unless `anywhere`. What is sent is from then on bound to where it went.
        """
        moment = time() if now is None else now
        found = [
            one for one in list(self._cookies.values()) if not one.ended(moment) and one.fits(place) and path_matches(place.path, one.path)
        ]
        found.sort(key=lambda cookie: (-len(cookie.path), cookie.created))
        kept = [one for one in found if anywhere or one.stays_at(place)]
        for one in kept:
            if one.origin is None:
                self._cookies[one.key] = one.replace(origin=place.origin)
        return kept, [one for one in found if one not in kept]

    def forget_session(self) -> None:
        """Drop the cookies that end with the session."""
        self._cookies = {key: cookie for key, cookie in self._cookies.items() if cookie.expires is not None}

    def _make_room(self, domains: set[str], now: float) -> None:
        """Drop the oldest, of these domains and of all, when there are too many."""
        if len(self._cookies) <= MOST_OF_A_DOMAIN:
            return
        found: dict[str, list[Cookie]] = {}
        for cookie in self._cookies.values():
            if cookie.domain in domains:
                found.setdefault(cookie.domain, []).append(cookie)
        for cookies in found.values():
            self._drop(cookies, MOST_OF_A_DOMAIN, now)
        self._drop(list(self._cookies.values()), MOST, now)

    def _drop(self, cookies: list[Cookie], most: int, now: float) -> None:
        """Drop the oldest of these until so many are left."""
        if len(cookies) > most:
            cookies.sort(key=lambda cookie: (not cookie.ended(now), cookie.created))
            for cookie in cookies[: len(cookies) - most]:
                self._cookies.pop(cookie.key, None)


def cookie_pairs(cookies: list[Cookie]) -> list[str]:
    """The pairs of a Cookie field, as many as one request carries."""
    pairs, left = [], LONGEST_SENT
    for cookie in cookies[:MOST_SENT]:
        pair = f"{cookie.name}={cookie.value}"
        left -= len(pair.encode("utf-8", "surrogateescape")) + 2
        if left < 0:
            break
        pairs.append(pair)
    return pairs


def arrives_ended(cookie: Cookie, text: str, now: float) -> bool:
    """Whether a cookie ended before it came although it does not look like one that deletes another."""
    if not cookie.ended(now) or cookie.value.strip('"').lower() in DELETED or cookie.expires is None:
        return False
    return cookie.expires > EPOCH_ENDS and "max-age" not in _attributes(text.partition(";")[2])
