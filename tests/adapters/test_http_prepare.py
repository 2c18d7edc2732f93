"""What the words and options of an HTTP request amount to, before anything is sent."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.prepare.items import Item, json_content, json_path, split_item
from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.http.prepare.target import remove_dots
from rrcli.adapters.http.request import HttpRequest
from rrcli.base import __version__
from rrcli.base.errors import ExchangeError
from rrcli.codec.http.content import askable

URL = "http://a.test/x"
DEFAULTS = (("Host", "a.test"), ("User-Agent", f"rrcli/{__version__}"), ("Accept", "*/*"))


def asked(*words: str, **options: Any) -> PreparedRequest:
    return prepare(HopState(options=HttpRequest(*words, **options)), "the-id")


def complaint(*words: str, **options: Any) -> tuple[str, str]:
    """Layer and message of the error."""
    with pytest.raises(ExchangeError) as caught:
        asked(*words, **options)
    return caught.value.layer, caught.value.message


def added(*words: str, **options: Any) -> list[tuple[str, str]]:
    """The fields beyond the usual ones."""
    return [field for field in asked(*words, **options).fields if field not in DEFAULTS]


# --- method and URL


@pytest.mark.parametrize(
    ("words", "method", "url"),
    [
        (("a.test",), "GET", "http://a.test/"),
        (("a.test/x", "n=1"), "POST", "http://a.test/x"),
        (("PUT", "a.test"), "PUT", "http://a.test/"),
        (("put", "a.test"), "PUT", "http://a.test/"),
        (("Query", ":8080/x"), "QUERY", "http://localhost:8080/x"),
        (("GET", "a.test", "n=1"), "GET", "http://a.test/"),
        (("M-SEARCH", ":80"), "M-SEARCH", "http://localhost:80/"),
        (("LOCALHOST", "n=1"), "POST", "http://LOCALHOST/"),
        (("LOCALHOST", "f@/dev/null"), "POST", "http://LOCALHOST/"),
        (("PURGE", "u:p@a.test/x"), "PURGE", "http://u:p@a.test/x"),
        (("LINK", "a.test?q=1"), "LINK", "http://a.test/?q=1"),
    ],
)
def test_finds_method_and_url(words: tuple[str, ...], method: str, url: str) -> None:
    found = asked(*words)
    assert (found.method, found.url) == (method, url)


def test_an_option_overrides_the_method() -> None:
    assert asked("PUT", URL, method="PATCH").method == "PATCH"
    assert asked(URL, "n=1", method="get").method == "get"


@pytest.mark.parametrize(
    ("word", "url", "host", "port", "target", "field"),
    [
        (":8080/path", "http://localhost:8080/path", "localhost", 8080, "/path", "localhost:8080"),
        (":/x", "http://localhost/x", "localhost", 80, "/x", "localhost"),
        (":", "http://localhost/", "localhost", 80, "/", "localhost"),
        ("://a.test", "http://a.test/", "a.test", 80, "/", "a.test"),
        ("a.test?u=http://b", "http://a.test/?u=http://b", "a.test", 80, "/?u=http://b", "a.test"),
        ("https://a.test:443/", "https://a.test:443/", "a.test", 443, "/", "a.test"),
        ("https://a.test:80", "https://a.test:80/", "a.test", 80, "/", "a.test:80"),
        ("HTTP://A.test/%7e#part", "http://A.test/%7e", "A.test", 80, "/%7e", "A.test"),
        ("[::1]:81/", "http://[::1]:81/", "::1", 81, "/", "[::1]:81"),
        ("http://[fe80::1%25lo]/", "http://[fe80::1%25lo]/", "fe80::1%lo", 80, "/", "[fe80::1]"),
        (
            "http://bücher.test/ä?ö=ü",
            "http://bücher.test/%C3%A4?%C3%B6=%C3%BC",
            "xn--bcher-kva.test",
            80,
            "/%C3%A4?%C3%B6=%C3%BC",
            "xn--bcher-kva.test",
        ),
        ("a.test/?", "http://a.test/?", "a.test", 80, "/?", "a.test"),
        ("a.test/a/../b?c=../d", "http://a.test/b?c=../d", "a.test", 80, "/b?c=../d", "a.test"),
        ("a.test/\udcff", "http://a.test/%FF", "a.test", 80, "/%FF", "a.test"),
    ],
)
def test_reads_urls_as_people_type_them(word: str, url: str, host: str, port: int, target: str, field: str) -> None:
    found = asked(word)
    assert (found.url, found.host, found.port, found.target, found.fields[0]) == (url, host, port, target, ("Host", field))


@pytest.mark.parametrize(
    ("path", "without"),
    [("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/../..", "/"), ("/a/b/..", "/a/"), ("/a/.", "/a/"),
     ("/a//../b", "/a/b"), ("/..a/.b", "/..a/.b"), ("/.", "/")],
)  # fmt: skip
def test_removes_dot_segments(path: str, without: str) -> None:
    assert remove_dots(path) == without
    assert asked(f"a.test{path}").target == without
    assert asked(f"a.test{path}", path_as_is=True).target == path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "the URL is missing"),
        (("GET",), "GET is a method, and the URL is missing"),
        (("post",), "post is a method, and the URL is missing"),
        (("“http://a.test/”",), "'“http://a.test/”' begins with the typographic quote “"),
        (("\ufeffhttp://a.test/",), "'\\ufeffhttp://a.test/' begins with a byte order mark"),
        (("‘a.test’", "n=1"), "'‘a.test’' begins with the typographic quote ‘"),
        (("a.test", "–v"), "'–v' begins with the dash –"),
        (("a.test", "ws://b.test"), "'ws://b.test' is a URL behind another: 'a.test'"),
        (("a.test", "@"), "@ names no file"),
        (("a.test", "@/dev/null", "@/dev/null"), "@FILE is the whole content, and there are two"),
        (("ftp://a.test/",), "ftp:// is not sent over HTTP"),
        (("http:///x",), "the URL 'http:///x' names no host"),
        (("http://a.test/a b",), "the URL 'http://a.test/a b' contains ' '"),
        (("http://a%0Ab/",), "'a\\nb' is no host name"),
        (("a.test", "POST"), "'POST' is no item"),
        (("a.test", ":x"), ":'x' has no name"),
        (("a.test", "X;y"), "'X;y' is no item"),
        (("pst", "http://u:p@a.test/"), "'http://…@a.test/' is a URL behind another: 'pst'"),
        (("GET", "a.test", "HTTPS://b.test"), "'HTTPS://b.test' is a URL behind another: 'a.test'"),
        (("http:/a.test/",), "the URL 'http:/a.test/' lacks the // behind its scheme"),
        (("https:a.test:80",), "the URL 'https:a.test:80' lacks the // behind its scheme"),
    ],
)
def test_refuses_words_that_make_no_request(words: tuple[str, ...], message: str) -> None:
    assert complaint(*words) == ("usage", message)


# --- items


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("a=b", ("a", "=", "b")),
        ("a:=1", ("a", ":=", "1")),
        ("A:b=c", ("A", ":", "b=c")),
        ("a==b:c", ("a", "==", "b:c")),
        ("a@b;type=c", ("a", "@", "b;type=c")),
        ("a=@b", ("a", "=@", "b")),
        ("a:=@b", ("a", ":=@", "b")),
        ("A;", ("A", ";", "")),
        (r"a\=b=c", ("a=b", "=", "c")),
        (r"a\:b\@c:d\:e", ("a:b@c", ":", "d:e")),
        (r"a\\=b", (r"a\\", "=", "b")),
        (r"a\b=\c", (r"a\b", "=", r"\c")),
        ("=x", ("", "=", "x")),
    ],
)
def test_splits_items_as_httpie(word: str, parts: tuple[str, str, str]) -> None:
    assert split_item(word) == Item(name=parts[0], separator=parts[1], value=parts[2])


TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\\"), max_size=20)


@given(name=TEXTS, separator=st.sampled_from([":=", "==", "=", "@", ":"]), value=TEXTS)
def test_what_is_escaped_comes_back(name: str, separator: str, value: str) -> None:
    word = re.sub("([:;=@])", r"\\\1", name) + separator + re.sub("([:;=@])", r"\\\1", value)
    assert split_item(word) == Item(name=name, separator=separator, value=value)


@pytest.mark.parametrize(
    ("words", "content"),
    [
        (("a=b", "n:=1.10", 'o:={"x": 1e400, "x": 2}'), '{"a": "b", "n": 1.10, "o": {"x": 1e400, "x": 2}}'),
        (("a[b]=c", "a[d][]=1", "a[d][]:=2"), '{"a": {"b": "c", "d": ["1", 2]}}'),
        (("a[2]=x", "a[]=y"), '{"a": [null, null, "x", "y"]}'),
        (("[]=x", "[2][y]=z"), '["x", null, {"y": "z"}]'),
        ((r"a\[b\]=c", r"a[\1]=d"), '{"a[b]": "c", "a": {"1": "d"}}'),
        (('a:={"b": 1.0}', "a[c]=d"), '{"a": {"b": 1.0, "c": "d"}}'),
        (("a=1", "a=2"), '{"a": "2"}'),
        (("=x",), '{"": "x"}'),
        (('a=ä"\\', "b:=null"), '{"a": "ä\\"\\\\", "b": null}'),
    ],
)
def test_items_make_json(words: tuple[str, ...], content: str) -> None:
    found = asked(URL, *words)
    assert found.content == content.encode()
    assert added(URL, *words) == [
        ("Accept", "application/json, */*;q=0.5"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(content.encode()))),
    ]


@given(
    st.lists(
        st.one_of(
            st.text(st.characters(exclude_categories=("Cs", "Nd"), exclude_characters="[]\\"), min_size=1), st.integers(0, 50), st.none()
        )
    )
)
def test_a_path_written_out_is_read_back(steps: list[str | int | None]) -> None:
    name = "root" + "".join(f"[{'' if step is None else step}]" for step in steps)
    assert json_path(name) == ["root", *steps]


@given(st.dictionaries(TEXTS.filter(lambda key: not {"[", "]"}.intersection(key)), TEXTS))
def test_plain_items_are_an_object(values: dict[str, str]) -> None:
    items = [Item(name=name, separator="=", value=value) for name, value in values.items()]
    assert json.loads(json_content(items)) == (values or None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("a:=x",), "a:=x: not JSON"),
        (("a:=NaN",), "a:=NaN: NaN is not JSON"),
        (("a=1", "a[b]=2"), "'a[b]' asks for an object where another value stands already"),
        (("a=1", "[]=2"), "'[]' asks for an array where another value stands already"),
        (("a[b=1",), "'a[b' is no path into JSON: its brackets do not match"),
        (("a]=1",), "'a]' is no path into JSON: its brackets do not match"),
        (("a[b]c=1",), "'a[b]c' is no path into JSON: its brackets do not match"),
        (("[b]=1",), "'[b]' begins with [b]"),
        (("a[1000000]=1",), "the index 1000000 is too large"),
    ],
)
def test_refuses_items_that_make_no_json(words: tuple[str, ...], message: str) -> None:
    assert complaint(URL, *words) == ("usage", message)


def test_items_make_a_form() -> None:
    found = asked(URL, "a=b c", "n:=1.10", "a=ä&~*", 's:="x"', form=True)
    assert found.content == b"a=b+c&n=1.10&a=%C3%A4%26~%2A&s=x"
    assert added(URL, "a=b", form=True) == [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "3")]
    assert complaint(URL, "a:={}", form=True) == ("usage", "a:={} has no place in a form")


def test_items_make_fields_and_a_query() -> None:
    found = asked("a.test/x?p=1", "q==b c", "X-A: b", "X-A:c", "X-E;", "accept:", "q==ä", "user-agent:me")
    assert (found.method, found.target, found.content) == ("GET", "/x?p=1&q=b+c&q=%C3%A4", None)
    assert found.fields == (("Host", "a.test"), ("X-A", "b"), ("X-A", "c"), ("user-agent", "me"), ("X-E", ""))


def test_items_take_values_from_files(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes("ä\n".encode())
    (tmp_path / "json").write_text('{"x": 1.0}\n')
    (tmp_path / "bad").write_bytes(b"\xff")
    found = asked(URL, f"a=@{tmp_path}/text", f"b:=@{tmp_path}/json", f"q==@{tmp_path}/text", f"X:@{tmp_path}/text")
    assert found.content == '{"a": "ä\\n", "b": {"x": 1.0}}'.encode()
    assert found.target == "/x?q=%C3%A4"
    assert found.fields[-1] == ("X", "ä")
    assert complaint(URL, f"a=@{tmp_path}/bad") == ("local", f"{tmp_path}/bad is no UTF-8 text")
    assert complaint(URL, f"a=@{tmp_path}/no") == ("local", f"cannot read {tmp_path}/no: no such file or directory")


# --- fields


def test_default_fields_come_in_order() -> None:
    found = asked(
        URL, data=(("-d", "a"),), headers=("X: 1",), compressed=True, user="ann:secret", referer="http://r", cookies=("a=1; b=2", "c=3"),
        range="0-4", request_id="auto", traceparent="00-1-2-03",
    )  # fmt: skip
    assert found.fields == (
        *DEFAULTS,
        ("Accept-Encoding", askable()),
        ("Authorization", "Basic YW5uOnNlY3JldA=="),
        ("Referer", "http://r"),
        ("Cookie", "a=1; b=2; c=3"),
        ("Range", "bytes=0-4"),
        ("X-Request-ID", "the-id"),
        ("traceparent", "00-1-2-03"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", "1"),
        ("X", "1"),
    )


def test_the_users_fields_keep_order_and_case_and_replace_defaults() -> None:
    headers = ("x-b: 2", "hOST: other", "X-A:  1 ", "x-b: 3", "Accept:", "X-E;", "content-type: text/plain")
    assert asked(URL, data=(("-d", "a"),), headers=headers).fields == (
        DEFAULTS[1],
        ("Content-Length", "1"),
        ("x-b", "2"),
        ("hOST", "other"),
        ("X-A", "1"),
        ("x-b", "3"),
        ("X-E", ""),
        ("content-type", "text/plain"),
    )


def test_fields_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "fields").write_text("X-A: 1\r\n\r\nX-B: 2\n")
    assert added(URL, headers=(f"@{tmp_path}/fields", "X-C: 3")) == [("X-A", "1"), ("X-B", "2"), ("X-C", "3")]


@pytest.mark.parametrize("line", ["X", ": x", "", ";"])
def test_refuses_what_is_no_field(line: str) -> None:
    assert complaint(URL, headers=(line,)) == ("usage", f"-H {line!r} is no field")


def test_an_empty_user_agent_is_none() -> None:
    assert asked(URL, user_agent="").fields == (DEFAULTS[0], DEFAULTS[2])
    assert asked(URL, user_agent="me").fields[1] == ("User-Agent", "me")


def test_a_new_traceparent_is_well_formed() -> None:
    ((name, value),) = added(URL, traceparent="auto")
    assert name == "traceparent"
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", value)


@pytest.mark.parametrize(
    ("word", "options", "value"),
    [
        ("http://ann:p%3Aw@a.test/", {}, "Basic YW5uOnA6dw=="),
        ("http://ann@a.test/", {}, "Basic YW5uOg=="),
        ("http://ann:x@a.test/", {"user": "bob:"}, "Basic Ym9iOg=="),
        ("http://ann:x@a.test/", {"bearer": "t"}, "Bearer t"),
        ("http://ann:x@a.test/", {"headers": ("authorization: Mine",)}, "Mine"),
        ("http://a.test/", {"user": "ü:ä"}, "Basic w7w6w6Q="),
    ],
)
def test_credentials(word: str, options: dict[str, Any], value: str) -> None:
    found = asked(word, **options)
    assert [field[1] for field in found.fields if field[0].lower() == "authorization"] == [value]
    assert found.url == word


def test_asks_for_a_password_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts: list[str] = []
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr("getpass.getpass", lambda prompt: prompts.append(prompt) or "pw")
    assert added(URL, user="ann") == [("Authorization", "Basic YW5uOnB3")]
    assert prompts == ["Password for ann: "]
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert complaint(URL, user="ann") == ("usage", "-u has no password, and there is no terminal to ask on")


def test_refuses_a_cookie_file() -> None:
    assert complaint(URL, cookies=("jar.txt",)) == ("usage", "-b 'jar.txt' is no cookie")


# --- content


def test_data_is_joined_in_order_as_curl_does(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a\r\nb\0 c\n")
    path = f"{tmp_path}/f"
    steps = [
        ("-d", "x=1"), ("--data", f"@{path}"), ("--data-raw", "@y"), ("--data-binary", f"@{path}"), ("--data-ascii", "é\n"),
        ("--data-urlencode", "a b"), ("--data-urlencode", "=c=d"), ("--data-urlencode", "n[]=e f"),
        ("--data-urlencode", f"@{path}"), ("--data-urlencode", f"n@{path}"),
    ]  # fmt: skip
    file = "a%0D%0Ab%00+c%0A"
    assert asked(URL, data=tuple(steps)).content == b"&".join(
        [b"x=1", b"ab c", b"@y", b"a\r\nb\0 c\n", "é\n".encode(), b"a+b", b"c%3Dd", b"n[]=e+f", file.encode(), f"n={file}".encode()]
    )
    assert asked(URL, data=(("-d", ""), ("-d", "a"))).content == b"&a"
    assert asked(URL, data=(("-d", ""),)).method == "POST"


def test_data_goes_into_the_query() -> None:
    steps = (("-d", "a=1"), ("--data-urlencode", "b=c d"))
    found = asked("a.test/x?y=2", "z==3", data=steps, get=True)
    assert (found.method, found.target, found.content, found.fields) == ("GET", "/x?y=2&a=1&b=c+d&z=3", None, DEFAULTS)
    assert asked(URL, data=steps, get=True, head=True).method == "HEAD"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_no_content_is_said_where_some_is_expected(method: str) -> None:
    assert added(method, URL) == [("Content-Length", "0")]
    assert added("DELETE", URL) == []


def test_multipart(tmp_path: Path) -> None:
    (tmp_path / 'q".json').write_bytes(b"{}\r\n")
    parts = (
        ("-F", "a=b;c"), ("-F", f'f=@{tmp_path}/q".json'), ("-F", f'g=<{tmp_path}/q".json;type=text/x;charset=utf-8'),
        ("--form-string", "h=@x;type=y"),
        ("-F", f'i=@{tmp_path}/q".json;filename=ä;type=a/b'),
    )  # fmt: skip
    found = asked(URL, parts=parts)
    name, kind = found.fields[3]
    boundary = kind.removeprefix("multipart/form-data; boundary=").encode()
    assert name == "Content-Type"
    assert re.fullmatch(rb"-{24}[0-9a-f]{24}", boundary)
    assert (found.content or b"").split(b"--" + boundary) == [
        b"",
        b'\r\nContent-Disposition: form-data; name="a"\r\n\r\nb;c\r\n',
        b'\r\nContent-Disposition: form-data; name="f"; filename="q%22.json"\r\nContent-Type: application/json\r\n\r\n{}\r\n\r\n',
        b'\r\nContent-Disposition: form-data; name="g"\r\nContent-Type: text/x;charset=utf-8\r\n\r\n{}\r\n\r\n',
        b'\r\nContent-Disposition: form-data; name="h"\r\n\r\n@x;type=y\r\n',
        '\r\nContent-Disposition: form-data; name="i"; filename="ä"\r\nContent-Type: a/b\r\n\r\n{}\r\n\r\n'.encode(),
        b"--\r\n",
    ]
    assert complaint(URL, parts=(("-F", "a"),)) == ("usage", "-F 'a' is no part")


def test_a_file_among_the_items_makes_multipart(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\0")
    found = asked(URL, f"f@{tmp_path}/f;type=x/y", "a=b")
    assert found.method == "POST"
    assert re.sub(rb"-{24}\w+", b"B", found.content or b"") == (
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="f"\r\nContent-Type: x/y\r\n\r\n\0\r\n'
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--B--\r\n'
    )


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.json", "application/json"), ("a.JSON", "application/json"), ("a.xml", "application/xml"), ("a.csv", "text/csv"),
        ("a.ndjson", "application/x-ndjson"), ("a.yml", "application/yaml"), ("a.png", "image/png"), ("a.json.gz", "application/gzip"),
        ("unknown", None), ("a.nothing-known", None),
    ],
)  # fmt: skip
def test_a_file_alone_is_the_whole_content_its_media_type_by_its_name(tmp_path: Path, name: str, media_type: str | None) -> None:
    (tmp_path / name).write_bytes(b"\xff{}\r\n")
    found = asked(URL, f"@{tmp_path}/{name}", "q==1", "X:y")
    assert (found.method, found.target, found.content) == ("POST", "/x?q=1", b"\xff{}\r\n")
    assert dict(found.fields).get("Content-Type") == media_type
    assert dict(found.fields)["Content-Length"] == "5"
    assert dict(found.fields)["X"] == "y"


def test_a_file_alone_takes_the_method_and_the_type_that_are_given(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"{}")
    found = asked("PUT", URL, "Content-Type:text/plain", f"@{tmp_path}/a.json")
    assert (found.method, dict(found.fields)["Content-Type"], found.content) == ("PUT", "text/plain", b"{}")


def test_a_large_file_alone_is_read_while_it_is_sent(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(9 << 20)
    found = asked(URL, f"@{tmp_path}/a.json")
    assert (found.method, found.content, dict(found.fields)["Content-Length"]) == ("POST", None, str(9 << 20))
    assert found.upload is not None
    assert dict(found.fields)["Content-Type"] == "application/json"


def test_a_file_alone_that_is_missing_is_said(tmp_path: Path) -> None:
    assert complaint(URL, f"@{tmp_path}/no") == ("local", f"cannot read {tmp_path}/no: no such file or directory")


def test_an_upload_puts(tmp_path: Path) -> None:
    (tmp_path / "f ä").write_bytes(b"abc")
    found = asked("a.test/dir/", upload=f"{tmp_path}/f ä")
    assert (found.method, found.target, found.fields[3:]) == ("PUT", "/dir/f%20%C3%A4", (("Content-Length", "3"),))
    assert found.upload is not None
    found.upload.close()
    assert complaint(URL, upload=f"{tmp_path}/no") == ("local", f"cannot read {tmp_path}/no: no such file or directory")
    assert complaint(URL, upload=str(tmp_path)) == ("local", f"cannot read {tmp_path}: is a directory")


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (("a=b",), {"data": (("-d", "x"),)}, "-d and an item with content exclude each other"),
        ((), {"data": (("-d", "x"),), "parts": (("-F", "a=b"),), "upload": "f"}, "-d and -F and -T exclude each other"),
        (("a=b",), {"get": True}, "-G and an item with content exclude each other"),
        (("a=b", "@f"), {}, "an item with content and @FILE exclude each other"),
        (("@f",), {"data": (("-d", "x"),)}, "-d and @FILE exclude each other"),
        (("@f",), {"head": True}, "-I and @FILE exclude each other"),
        ((), {"head": True, "data": (("-d", "x"),)}, "-I and -d exclude each other"),
        ((), {"head": True, "method": "POST"}, "-I means HEAD, and POST is asked for"),
        ((), {"http10": True, "http11": True}, "--http1.0 and --http1.1 exclude each other"),
        ((), {"user": "a:b", "bearer": "t"}, "-u and --bearer exclude each other"),
    ],
)
def test_refuses_contradictions(words: tuple[str, ...], options: dict[str, Any], message: str) -> None:
    assert complaint(URL, *words, **options) == ("usage", message)


def test_a_lone_surrogate_is_a_usage_error() -> None:
    assert complaint(URL, data=(("-d", "\ud800"),)) == ("usage", "'\\ud800' has a lone surrogate at character 1")
