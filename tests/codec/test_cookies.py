"""The rules of cookies, beside `http.cookiejar` and the real curl."""

from __future__ import annotations

import email.message
import shutil
import subprocess
import urllib.request
from http.cookiejar import Cookie as TheirCookie
from http.cookiejar import CookieJar, DefaultCookiePolicy, http2time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.script import hear, responder, say, script

from rrcli.codec.http.cookiefile import newest_within, read_cookies, write_cookies
from rrcli.codec.http.cookies import (
    LONGEST_PAIR,
    MOST_OF_A_DOMAIN,
    Cookie,
    Jar,
    Place,
    Refused,
    arrives_ended,
    cookie_pairs,
    default_path,
    domain_matches,
    parse_date,
    path_matches,
    read_set_cookie,
)

NOW = 1_800_000_000.0
SECURE = Place(scheme="https", host="www.example.com", port=443, path="/shop/cart")
PLAIN = Place(scheme="http", host="www.example.com", port=80, path="/shop/cart")


def names(jar: Jar, place: Place) -> list[str]:
    return [cookie.name for cookie in jar.fitting(place, now=NOW)[0]]


# --- Set-Cookie


def test_every_attribute_is_read() -> None:
    text = "sid=a=b; Domain=.Example.COM; PATH=/shop; Secure; HttpOnly; SameSite=lax; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    assert read_set_cookie(text, SECURE, NOW) == Cookie(
        name="sid",
        value="a=b",
        domain="example.com",
        host_only=False,
        path="/shop",
        secure=True,
        http_only=True,
        same_site="Lax",
        expires=int(NOW) + 60,
        created=NOW,
        origin=("https", 443),
    )


def test_without_attributes_it_is_for_this_host_and_folder() -> None:
    expected = Cookie(name="a", value="", domain="www.example.com", path="/shop", created=NOW, origin=("http", 80))
    assert read_set_cookie(" a = ", PLAIN, NOW) == expected


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("novalue", SECURE, "it has no name"),
        ("=value", SECURE, "it has no name"),
        ("a=1\x01", SECURE, "it holds a control character"),
        ("a=" + "x" * LONGEST_PAIR, SECURE, "name and value are longer than 4096 bytes"),
        ("a=1; Domain=other.com", SECURE, "its Domain other.com does not cover www.example.com"),
        ("a=1; Domain=ample.com", SECURE, "its Domain ample.com does not cover www.example.com"),
        ("a=1; Domain=deep.www.example.com", SECURE, "its Domain deep.www.example.com does not cover www.example.com"),
        ("a=1; Domain=com", SECURE, "its Domain com is a public suffix, under which many sites stand"),
        ("a=1; Domain=co.uk", SECURE.replace(host="shop.co.uk"), "its Domain co.uk is a public suffix, under which many sites stand"),
        ("a=1; Domain=0.0.1", SECURE.replace(host="127.0.0.1"), "its Domain 0.0.1 does not cover 127.0.0.1"),
        ("a=1; Secure", PLAIN, "it is Secure, and the answer came without TLS"),
        ("__Secure-a=1", SECURE, "its name begins with __Secure- or __Host-, and it is not Secure"),
        ("__host-a=1; Path=/", SECURE, "its name begins with __Secure- or __Host-, and it is not Secure"),
        ("__Host-a=1; Secure", SECURE, "its name begins with __Host-, which takes no Domain and the Path / alone"),
        ("a=1; Domain=com.", PLAIN.replace(host="evil.com."), "its Domain com. is a public suffix, under which many sites stand"),
        ("a=1; Domain=0.0.1", PLAIN.replace(host="0x7f.0.0.1"), "its Domain 0.0.1 is a public suffix, under which many sites stand"),
        (
            "a=1; Domain=localhost",
            PLAIN.replace(host="evil.localhost"),
            "its Domain localhost is a public suffix, under which many sites stand",
        ),
        (
            "__Host-a=1; Secure; Path=/; Domain=www.example.com",
            SECURE,
            "its name begins with __Host-, which takes no Domain and the Path / alone",
        ),
    ],
)  # fmt: skip
def test_refuses_with_a_reason(text: str, place: Place, why: str) -> None:
    with pytest.raises(Refused) as caught:
        read_set_cookie(text, place, NOW)
    assert caught.value.why == why


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a=1; Secure", PLAIN.replace(host="localhost")),
        ("a=1; Secure", PLAIN.replace(host="127.0.0.1")),
        ("__Host-a=1; Secure; Path=/", SECURE),
        ("a=1; Domain=example", SECURE.replace(host="example")),  # a suffix that is the host itself
        ("a=1; Domain=", SECURE),
        ("a=1; Max-Age=soon; Expires=whenever; SameSite=Maybe; Unknown", SECURE),
        ("a=" + "x" * (LONGEST_PAIR - 1), SECURE),
        ("a=1; Path=/" + "x" * 2000, SECURE),
    ],
)
def test_takes(text: str, place: Place) -> None:
    cookie = read_set_cookie(text, place, NOW)
    assert (cookie.name.lower().removeprefix("__host-"), cookie.domain, cookie.host_only) == ("a", place.host, True)
    assert (cookie.expires, cookie.same_site) == (None, None)


def test_a_domain_that_is_the_host_is_for_those_below_too() -> None:
    cookie = read_set_cookie("a=1; Domain=www.example.com", SECURE, NOW)
    assert (cookie.domain, cookie.host_only) == ("www.example.com", False)


@pytest.mark.parametrize(("age", "expires"), [("0", 0), ("-5", 0), ("-0", 0), ("007", int(NOW) + 7), ("9" * 40, int(NOW) + int("9" * 16))])
def test_max_age(age: str, expires: int) -> None:
    assert read_set_cookie(f"a=1; Max-Age={age}", SECURE, NOW).expires == min(expires, 1 << 53)


# --- dates


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777),
        ("Sun Nov  6 08:49:37 1994", 784111777),
        ("Sun, 06-Nov-1994 08:49:37 GMT", 784111777),
        ("1994 6 november 8:49:37", 784111777),
        ("06 Nov 94 08:49:37 +0100", 784111777),  # zones mean nothing
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Wed, 31-Dec-69 23:59:59 GMT", 3155759999),
        ("Tue, 19 Jan 2038 03:14:08 GMT", 2147483648),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799),
        ("Mon, 30 Feb 2026 00:00:00 GMT", None),
        ("Sun, 06 Nov 1994 24:00:00 GMT", None),
        ("Sun, 06 Nov 1994 08:60:37 GMT", None),
        ("Sun, 06 Nov 1600 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994", None),
        ("0", None),
        ("", None),
        ("tomorrow", None),
    ],
)
def test_dates_as_browsers_read_them(text: str, seconds: int | None) -> None:
    assert parse_date(text) == seconds


@given(st.integers(0, 4_000_000_000), st.sampled_from(["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%Y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"]))
def test_dates_beside_the_standard_library(seconds: int, form: str) -> None:
    import time

    text = time.strftime(form, time.gmtime(seconds))
    assert parse_date(text) == seconds
    if text.endswith("GMT"):
        assert http2time(text) == seconds


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(text: str) -> None:
    assert parse_date(text) is None or isinstance(parse_date(text), int)


# --- matching


@pytest.mark.parametrize(
    ("host", "domain", "matches"),
    [
        ("example.com", "example.com", True), ("a.example.com", "example.com", True), ("aexample.com", "example.com", False),
        ("example.com", "a.example.com", False), ("127.0.0.1", "0.0.1", False), ("127.0.0.1", "127.0.0.1", True), ("::1", "::1", True),
    ],
)  # fmt: skip
def test_domains(host: str, domain: str, matches: bool) -> None:
    assert domain_matches(host, domain) is matches


@pytest.mark.parametrize(
    ("path", "prefix", "matches"),
    [("/", "/", True), ("/a", "/", True), ("/a", "/a", True), ("/a/b", "/a", True),
     ("/a/b", "/a/", True), ("/ab", "/a", False), ("/a", "/a/", False)],
)  # fmt: skip
def test_paths(path: str, prefix: str, matches: bool) -> None:
    assert path_matches(path, prefix) is matches


def test_default_paths() -> None:
    assert [default_path(path) for path in ("/", "/a", "/a/", "/a/b", "", "*")] == ["/", "/", "/a", "/a", "/", "/"]


# --- the jar


def test_the_longest_path_goes_first_then_the_oldest() -> None:
    jar = Jar()
    for at, text in enumerate(("b=1; Path=/", "a=2; Path=/", "c=3; Path=/shop", "d=4; Path=/other", "b=5; Path=/")):
        jar.receive(text, SECURE, NOW + at)
    assert cookie_pairs(jar.fitting(SECURE, now=NOW)[0]) == ["c=3", "b=5", "a=2"]  # a new value keeps the age


def test_one_that_has_ended_deletes_its_like() -> None:
    jar = Jar()
    jar.receive("a=1; Path=/", SECURE, NOW)
    jar.receive("a=; Path=/; Max-Age=0", SECURE, NOW)
    assert (len(jar), [cookie.name for cookie in jar.changes]) == (0, ["a", "a"])


def test_secure_ones_stay_off_plain_connections() -> None:
    jar = Jar([Cookie(name="s", value="1", domain="www.example.com", secure=True), Cookie(name="p", value="1", domain="www.example.com")])
    assert names(jar, PLAIN) == ["p"]
    jar = Jar([Cookie(name="s", value="1", domain="localhost", secure=True)])
    assert names(jar, PLAIN.replace(host="localhost")) == ["s"]


def test_a_plain_answer_replaces_no_secure_cookie() -> None:
    jar = Jar()
    jar.receive("a=1; Secure; Path=/", SECURE, NOW)
    with pytest.raises(Refused, match="replace a Secure cookie"):
        jar.receive("a=2; Path=/", PLAIN, NOW)
    assert cookie_pairs(jar.fitting(SECURE, now=NOW)[0]) == ["a=1"]


@pytest.mark.parametrize(
    ("there", "sent", "withheld"),
    [
        (SECURE, ["a"], []),
        (SECURE.replace(port=8443), [], ["a"]),
        (PLAIN, [], ["a"]),
        (SECURE.replace(host="example.com"), [], []),
        (SECURE.replace(host="sub.www.example.com"), [], []),
    ],
)
def test_none_crosses_to_another_origin(there: Place, sent: list[str], withheld: list[str]) -> None:
    jar = Jar()
    jar.receive("a=1; Path=/", SECURE, NOW)
    found = jar.fitting(there, now=NOW)
    assert tuple([cookie.name for cookie in each] for each in found) == (sent, withheld)
    assert [cookie.name for cookie in jar.fitting(there, anywhere=True, now=NOW)[0]] == sent + withheld


def test_the_step_up_to_tls_is_no_crossing() -> None:
    jar = Jar()
    jar.receive("a=1; Path=/", PLAIN, NOW)
    assert names(jar, SECURE) == ["a"]
    assert names(jar, SECURE.replace(port=8443)) == []


def test_one_from_a_file_belongs_to_where_it_first_goes() -> None:
    jar = Jar([Cookie(name="a", value="1", domain="www.example.com")])
    assert [names(jar, place) for place in (SECURE, SECURE.replace(port=8443), SECURE)] == [["a"], [], ["a"]]


def test_there_is_an_end_to_them() -> None:
    jar = Jar()
    for number in range(MOST_OF_A_DOMAIN + 20):
        jar.receive(f"c{number}=1; Path=/", SECURE, NOW + number)
    assert len(jar) == MOST_OF_A_DOMAIN
    assert next(iter(jar)).name == "c20"
    assert len(cookie_pairs(jar.fitting(SECURE, now=NOW)[0])) == 150
    assert cookie_pairs([Cookie(name="a", value="x" * 4000, domain="d")] * 5) == ["a=" + "x" * 4000] * 2


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        ("a=1; Expires=Sun, 06 Nov 2005 08:49:37 GMT", True),
        ("a=; Expires=Sun, 06 Nov 2005 08:49:37 GMT", False),
        ("a=deleted; Expires=Sun, 06 Nov 2005 08:49:37 GMT", False),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT", False),
        ("a=1; Max-Age=0", False),
        ("a=1; Expires=Sun, 06 Nov 2094 08:49:37 GMT", False),
    ],
)
def test_only_an_end_by_mistake_is_worth_a_word(text: str, doubtful: bool) -> None:
    assert arrives_ended(read_set_cookie(text, SECURE, NOW), text, NOW) is doubtful


ATTRIBUTES = st.sampled_from(
    ["Path=/", "Path=/shop", "Path=/other", "Domain=example.com", "Domain=.www.example.com", "Domain=other.com", "Secure",
     "HttpOnly", "Max-Age=60", "Max-Age=-1", "Expires=Fri, 31 Dec 2060 23:59:59 GMT", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
)  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.lists(ATTRIBUTES, max_size=3, unique_by=lambda text: text.partition("=")[0])), max_size=6)
)
def test_as_the_standard_librarys_jar(answers: list[tuple[str, list[str]]]) -> None:
    ours, theirs = Jar(), CookieJar(DefaultCookiePolicy(rfc2965=False, netscape=True))
    url = "https://www.example.com/shop/cart"
    for number, (name, attributes) in enumerate(answers):
        text = "; ".join((f"{name}={number}", *attributes))
        try:
            ours.receive(text, SECURE)
        except Refused:
            pass
        message = email.message.Message()
        message["Set-Cookie"] = text

        class Answer:
            def info(self) -> email.message.Message:
                return message  # noqa: B023  # used at once

        theirs.extract_cookies(Answer(), urllib.request.Request(url))  # type: ignore[arg-type]

    def key(cookie: TheirCookie) -> tuple[str, str | None, str, str, bool]:
        return cookie.name, cookie.value, cookie.domain.removeprefix("."), cookie.path, cookie.secure

    kept = {(cookie.name, cookie.value, cookie.domain, cookie.path, cookie.secure) for cookie in ours}
    assert kept == {key(cookie) for cookie in theirs}
    request = urllib.request.Request(url)
    theirs.add_cookie_header(request)
    assert sorted(cookie_pairs(ours.fitting(SECURE)[0])) == sorted(filter(None, (request.get_header("Cookie") or "").split("; ")))


# --- files

FILE = (
    "# Netscape HTTP Cookie File\n\n"
    "#HttpOnly_.example.com\tTRUE\t/\tTRUE\t4000000000\tsid\ta=b\n"
    "www.example.com\tFALSE\t/shop\tFALSE\t0\tempty\t\n"
    "# a comment\n"
)


def test_a_file_is_read_and_written_again() -> None:
    found, wrong = read_cookies(FILE, PLAIN)
    assert wrong == 0
    assert [cookie.replace(created=0.0) for cookie in found] == [
        Cookie(name="sid", value="a=b", domain="example.com", host_only=False, secure=True, http_only=True, expires=4000000000),
        Cookie(name="empty", value="", domain="www.example.com", path="/shop"),
    ]
    written = write_cookies(found)
    assert [cookie.replace(created=0.0) for cookie in read_cookies(written, PLAIN)[0]] == [each.replace(created=0.0) for each in found]
    assert written.splitlines()[3:] == FILE.splitlines()[2:4]


def test_a_file_of_cookies_has_room_for_the_newest() -> None:
    cookies = [Cookie(name=f"c{number}", value="x" * 1000, domain="h", path="/", created=float(number)) for number in range(100)]
    text = newest_within(reversed(cookies), write_cookies, 20_000)
    kept = [cookie.name for cookie in read_cookies(text, PLAIN)[0]]
    assert kept == [f"c{number}" for number in range(100 - len(kept), 100)]
    assert 15 <= len(kept) <= 20
    assert newest_within(cookies, write_cookies, 10**6) == write_cookies(cookies)
    assert read_cookies(newest_within(cookies, write_cookies, 10), PLAIN)[0] == []


def test_lines_of_a_head_are_read_too() -> None:
    text = "HTTP/1.1 200 OK\r\nServer: x\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2; Domain=other.com\r\nnonsense\r\n"
    found, wrong = read_cookies(text, PLAIN)
    assert [(cookie.name, cookie.domain) for cookie in found] == [("a", "www.example.com")]
    assert wrong == 3  # the status line, another host's cookie, nonsense


@pytest.mark.parametrize(
    "line",
    ["a\tb", "x.com\tFALSE\t/\tFALSE\t0\t\tv", "x.com\tFALSE\t/\tFALSE\tsoon\ta\tv", "x.com\tFALSE\t/\tFALSE\t0\t__Host-a\tv",
     "x.com\tTRUE\t/\tTRUE\t0\t__Host-a\tv", "\tFALSE\t/\tFALSE\t0\ta\tv", "x.com\tFALSE\t/\tFALSE\t0\ta\tv\tw",
     "x.com\tFALSE\t/\tFALSE\t0\ta\tv\x1b"],
)  # fmt: skip
def test_other_lines_are_counted(line: str) -> None:
    assert read_cookies(line, PLAIN) == ([], 1)


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_failure(text: str) -> None:
    found, wrong = read_cookies(text, PLAIN)
    assert len(found) + wrong <= text.count("\n") + 1


@pytest.mark.parametrize(
    "line",
    [
        "Set-Cookie: a=1", "Set-Cookie: a=1; Path=/x", "Set-Cookie: a=1; Max-Age=9999999", "Set-Cookie: a=1; Max-Age=0",
        "Set-Cookie: a=1; Expires=Fri, 31 Dec 2060 23:59:59 GMT; HttpOnly", "Set-Cookie: a=1; Expires=Friday, 31-Dec-2060 23:59:59 GMT",
        "Set-Cookie: a=1; Domain=example.com", "Set-Cookie: a=1; Domain=com", "Set-Cookie: a=1; Secure", "Set-Cookie: __Secure-a=1",
        'Set-Cookie: a="1 2"; path=/', "Set-Cookie: a = 1 ; path = /y", "Set-Cookie: a=", "Set-Cookie: a",
        "Set-Cookie: a=1\r\nSet-Cookie: a=2\r\nSet-Cookie: b=3; Path=/",
    ],
)  # fmt: skip
def test_keeps_what_curl_keeps(line: str, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    answer = f"HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 0\r\n\r\n".encode()
    with responder(script(hear(b"\r\n\r\n"), say(answer))) as peer:
        url = f"http://www.example.com:{peer.port}/shop/cart"
        resolved = f"www.example.com:{peer.port}:{peer.host}"
        subprocess.run([curl, "-s", "-q", "--noproxy", "*", "--resolve", resolved, "-c", tmp_path / "jar", url], check=True, timeout=10)
    theirs, wrong = read_cookies((tmp_path / "jar").read_text(), PLAIN)
    assert wrong == 0
    jar = Jar()
    for text in line.replace("Set-Cookie:", "").split("\r\n"):
        try:
            jar.receive(text, PLAIN)
        except Refused:
            pass

    def plain(cookie: Cookie) -> tuple[object, ...]:
        about = None if cookie.expires is None else cookie.expires // 100
        return cookie.name, cookie.value, cookie.domain, cookie.host_only, cookie.path.rstrip("/"), cookie.secure, cookie.http_only, about

    assert sorted(map(plain, jar)) == sorted(map(plain, theirs))


@given(st.text("ab=;, \t\x01/\"'%.é\udcffPathDomin", max_size=60), st.sampled_from([SECURE, PLAIN]))
def test_any_set_cookie_is_kept_or_refused_and_a_file_gives_it_back(text: str, place: Place) -> None:
    try:
        cookie = read_set_cookie(text, place, NOW)
    except Refused:
        return
    found, wrong = read_cookies(write_cookies([cookie]), place)
    assert wrong == 0
    assert [each.replace(created=NOW) for each in found] == [cookie.replace(origin=None, same_site=None)]


def test_a_path_cannot_break_the_columns_of_a_file() -> None:
    assert read_set_cookie("a=1; Path=/x\tTRUE\t0\tb\t2", SECURE, NOW).path == "/shop"
