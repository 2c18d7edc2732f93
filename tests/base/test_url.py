"""URLs taken apart, with `urllib.parse` as the oracle."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote as urllib_quote
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.base.url import Url, host_port, is_place, is_port, quote, split_host, split_url, unquote


def url(text: str, **parts: Any) -> Url:
    plain: dict[str, Any] = {"scheme": "http", "user": None, "password": None, "host": "h", "port": None, "path": "", "query": None}
    return Url(text=text, **{**plain, **parts})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("http://h", {}),
        ("HTTP://H/A", {"host": "H", "path": "/A"}),
        ("http://h:80/a/b?c=d/e?f#g", {"port": 80, "path": "/a/b", "query": "c=d/e?f"}),
        ("http://h?x", {"query": "x"}),
        ("http://h/?", {"path": "/", "query": ""}),
        ("http://h#?/@:", {}),
        ("http://[::1]:80/", {"host": "::1", "port": 80, "path": "/"}),
        ("http://[fe80::1%25eth0]", {"host": "fe80::1%eth0"}),
        ("http://[fe80::1%eth0]:53", {"host": "fe80::1%eth0", "port": 53}),
        ("http://[fe80::1%25]", {"host": "fe80::1%25"}),
        ("redis://ann:p%40ss:w@h:6379/0", {"scheme": "redis", "user": "ann", "password": "p@ss:w", "port": 6379, "path": "/0"}),
        ("redis://:pw@h", {"scheme": "redis", "user": "", "password": "pw"}),
        ("http://h:80/x@y", {"port": 80, "path": "/x@y"}),
        ("http://h/?to=ann@b", {"path": "/", "query": "to=ann@b"}),
        ("redis://ann:@h", {"scheme": "redis", "user": "ann", "password": ""}),
        ("unix:///run/a.sock", {"scheme": "unix", "host": "", "path": "/run/a.sock"}),
        ("redis+unix-1.0://h", {"scheme": "redis+unix-1.0"}),
    ],
)
def test_a_url_is_taken_apart(text: str, parts: dict[str, object]) -> None:
    assert split_url(text) == url(text, **parts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no URL"),
        ("h:80", "'h:80' is no URL"),
        ("://h", "'://h' is no URL"),
        ("1http://h", "'1http://h' is no URL"),
        ("é://h", "'é://h' is no URL"),
        ("a/b://h", "'a/b://h' is no URL"),
        ("http://h/a b", "the URL 'http://h/a b' contains ' '"),
        ("http://h/\r\nX: y", "the URL 'http://h/\\r\\nX: y' contains '\\r'"),
        ("http://h/\x7f", "the URL 'http://h/\\x7f' contains '\\x7f'"),
        ("http://h:x/", "'x' is no port (in 'h:x')"),
        ("http://h:65536/", "'65536' is no port (in 'h:65536')"),
        ("http://h:٨٠/", "'٨٠' is no port (in 'h:٨٠')"),
        ("http://h:" + "9" * 5000, f"'{'9' * 5000}' is no port (in 'h:{'9' * 5000}')"),
        ("http://[::1/", "'[::1' is no host and port"),
        ("http://[::1]80/", "'[::1]80' is no host and port"),
        ("http://:80/", "the URL 'http://:80/' names no host"),
        ("http://127.0.0.1:80:81/", "'127.0.0.1:80:81' is no host and port: it has several colons"),
        ("http://::1:8080/", "'::1:8080' is no host and port: it has several colons"),
        ("http://a:b:c/", "'a:b:c' is no host and port: it has several colons"),
        ("http://h/x\r", "the URL 'http://h/x\\r' contains '\\r'"),
        ("http://h\\x/", "'h\\\\x' is no host and port: it contains \\"),
        ("redis://a@b@h", "the URL 'redis://…@h' has two @ before its host"),
    ],
)
def test_a_wrong_url_is_a_usage_error(text: str, message: str) -> None:
    with pytest.raises(ExchangeError) as raised:
        split_url(text)
    assert (raised.value.layer, raised.value.kind, raised.value.message) == ("usage", "usage", message)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        ("h", 53, ("h", 53)),
        ("h:1", 53, ("h", 1)),
        ("h:", 53, ("h", 53)),
        (":1", None, ("localhost", 1)),
        (":", 53, ("localhost", 53)),
        ("::1", 53, ("::1", 53)),
        ("[::1]", None, ("::1", None)),
        ("[::1]:5", None, ("::1", 5)),
    ],
)
def test_host_and_port(text: str, default: int | None, expected: tuple[str, int | None]) -> None:
    assert split_host(text, default) == expected


@pytest.mark.parametrize(("host", "port", "text"), [("h", 80, "h:80"), ("::1", 80, "[::1]:80"), ("::1", None, "[::1]"), ("h", None, "h")])
def test_host_and_port_as_a_url_writes_them(host: str, port: int | None, text: str) -> None:
    assert host_port(host, port) == text
    assert split_host(text, None) == (host, port)


@pytest.mark.parametrize(("text", "is_one"), [("0", True), ("65535", True), ("65536", False), ("", False), ("-1", False), ("²", False)])
def test_ports(text: str, is_one: bool) -> None:
    assert is_port(text) is is_one


NAME = st.text("abcXYZ019-._~", min_size=1, max_size=8)
PART = st.text("abc019-._~!$&'()*+,;=%éß", max_size=8)
HOST = NAME.filter(lambda name: not name.startswith("-")) | st.just("[::1]") | st.just("[2001:db8::7]")


@given(
    st.sampled_from(["http", "HTTPS", "redis"]), st.none() | PART, st.none() | PART, HOST, st.none() | st.integers(0, 65535),
    st.none() | PART, st.none() | PART, st.none() | PART,
)  # fmt: skip
def test_it_agrees_with_urllib(
    scheme: str,
    user: str | None,
    password: str | None,
    host: str,
    port: int | None,
    path: str | None,
    query: str | None,
    fragment: str | None,
) -> None:
    userinfo = "" if user is None else user + ("" if password is None else f":{password}") + "@"
    text = f"{scheme}://{userinfo}{host}" + ("" if port is None else f":{port}")
    text += "".join(mark + part for mark, part in (("/", path), ("?", query), ("#", fragment)) if part is not None)
    ours, theirs = split_url(text), urlsplit(text)
    assert (ours.scheme, ours.host.lower(), ours.port) == (theirs.scheme, theirs.hostname, theirs.port)
    assert (ours.path, ours.query or "") == (theirs.path, theirs.query)
    for mine, other in ((ours.user, theirs.username), (ours.password, theirs.password)):
        assert (mine and mine.encode("utf-8", "surrogateescape")) == (other and unquote_to_bytes(other))


@given(st.text() | st.text("http://[]@:?#%89ab"))
def test_any_text_is_a_url_or_a_usage_error(text: str) -> None:
    try:
        assert split_url(text).text == text
    except ExchangeError as error:
        assert error.layer == "usage"  # noqa: PT017  # it need not be raised


@given(st.text("ab%0123456789abcdefABCDEF+ é"))
def test_unquoting_agrees_with_urllib(text: str) -> None:
    assert unquote(text).encode("utf-8", "surrogateescape") == unquote_to_bytes(text)


@given(st.text(), st.sampled_from(["", "/", "/:@"]))
def test_quoting_agrees_with_urllib_and_can_be_undone(text: str, safe: str) -> None:
    assert quote(text, safe) == urllib_quote(text, safe)
    assert unquote(quote(text, safe)) == text


@pytest.mark.parametrize(
    ("word", "is_one"),
    [
        ("redis://h", True), ("h:6379", True), ("[::1]:1", True), (":6379", True), ("unix:///a", True), ("h", False), ("GET", False),
        ("a b:1", False), ("h:", False), ("h:x", False), ("h:٣", False), ("h:65536", True), ("", False),
    ],
)  # fmt: skip
def test_words_that_say_where_to_connect(word: str, is_one: bool) -> None:
    assert is_place(word) is is_one


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("redis://:34312#x@192.0.2.1:6379", "the URL has an @ behind a #: is that a part of its password?", "write # as %23"),
        ("redis://bob:s3kr1t#x@h", "the URL has an @ behind a #: is that a part of its password?", "write # as %23"),
        ("http://bob:s3kr1t/x@h/", "the URL has an @ behind a /: is that a part of its password?", "write / as %2F"),
        ("http://bob:s3kr1t?x@h", "the URL has an @ behind a ?: is that a part of its password?", "write ? as %3F"),
        ("ht!tp://u:s3kr1t@h/", "'ht!tp://…@h/' is no URL", "write SCHEME://HOST[:PORT]/…"),
        ("http://u:s3kr1t@h:x/", "'x' is no port (in 'h:x')", "a port is a number up to 65535"),
    ],
)
def test_a_password_in_a_broken_url_is_not_quoted(text: str, message: str, hint: str) -> None:
    with pytest.raises(ExchangeError) as raised:
        split_url(text)
    assert (raised.value.message, raised.value.hint) == (message, hint)
    assert "s3kr1t" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("::1:31003", "write [::1]:31003"),
        ("::1:8080", "write [::1]:8080"),
        ("2001:db8::1:8443", "write [2001:db8::1]:8443"),
        ("a:b:c", "write an IPv6 address as [::1]:8080"),
        ("u:s3kr1t@h:6379", "user and password go into a URL: SCHEME://USER:PASSWORD@HOST:PORT"),
        ("h/x:80", "write HOST:PORT, or a URL with its scheme"),
    ],
)
@pytest.mark.parametrize("default", [None, 443])
def test_no_malformed_place_is_looked_up(text: str, hint: str, default: int | None) -> None:
    with pytest.raises(ExchangeError) as raised:
        split_host(text, default)
    assert raised.value.hint == hint
    assert "s3kr1t" not in str(raised.value)
