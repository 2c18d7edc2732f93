"""Cookies, names of files, WebSockets, HTTP/3, GraphQL, curl's commands, and texts that are laid out; as `test_codecs.py` has it.

`pytest tests/fuzz --hypothesis-profile=long` is the longer run.
"""

from __future__ import annotations

import contextlib
import re

from hypothesis import given
from hypothesis import strategies as st
from peers.mangled import cuts, mutated, outcome, split

from rrcli.adapters.graphql.document import survey, tokens
from rrcli.adapters.http.curl.split import read_command
from rrcli.adapters.http.download import content_range
from rrcli.adapters.http.filename import from_disposition, from_url
from rrcli.base.errors import KINDS, ExchangeError
from rrcli.base.jsontext import loads, repeated_name
from rrcli.base.shellquote import quoted
from rrcli.base.visible import visible
from rrcli.codec.http.contentspans import content_spans
from rrcli.codec.http.cookiefile import read_cookies, write_cookies
from rrcli.codec.http.cookies import Jar, Place, Refused, cookie_pairs, parse_date, read_set_cookie
from rrcli.codec.http.h3frames import Frames, StreamNotes, frame
from rrcli.policy.secrets import mask_field
from rrcli.report.formats import jsonlines, mermaid
from rrcli.report.terminal import xmllines


def texts(*seeds: str) -> st.SearchStrategy[str]:
    """Any text, and such as nearly is right; bytes that are none stand in it as the wire's codecs have them."""
    broken = mutated(*(seed.encode() for seed in seeds)).map(lambda data: data.decode("utf-8", "surrogateescape"))
    return st.one_of(st.text(max_size=60), broken)


# --- cookies

PLACE = Place(scheme="https", host="a.example.com", port=443, path="/x/y")
set_cookies = texts(
    "a=b; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax; Max-Age=10",
    "__Host-a=b; Secure; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
    "a=; Max-Age=-1",
)


@given(set_cookies)
def test_set_cookie(text: str) -> None:
    """One that is kept comes back from a file, unless a column of it is none."""
    try:
        cookie = read_set_cookie(text, PLACE, 1e9)
    except Refused as refused:
        assert refused.why  # noqa: PT017
        return
    jar = Jar()
    jar.put(cookie, 1e9)
    assert len(jar) == (not cookie.ended(1e9))
    assert all(not set(pair) & set("\r\n\0") for pair in cookie_pairs(list(jar)))
    found, _ = read_cookies(write_cookies(jar), PLACE)
    assert [(one.name, one.value) for one in found] in ([], [(one.name, one.value) for one in jar])


@given(texts("Wed, 21 Oct 2026 07:28:00 GMT", "21-Oct-26 7:8:9", "99:99:99 31 Feb 1601"))
def test_a_date(text: str) -> None:
    found = parse_date(text)
    assert found is None or -(1 << 40) < found < 1 << 40


@given(texts(".a.test\tTRUE\t/\tFALSE\t0\tname\tvalue\n", "#HttpOnly_a.test\tFALSE\t/\tTRUE\t1e3\t__Host-a\t\n", "Set-Cookie: a=b\n# no\n"))
def test_a_file_of_cookies(text: str) -> None:
    found, wrong = read_cookies(text, PLACE)
    assert (wrong >= 0, all(not set(cookie.name + cookie.value) & set("\t\r\n\0") for cookie in found)) == (True, True)


# --- downloads


@given(texts('attachment; filename="a b.txt"', "attachment; filename*=utf-8''%e2%82%ac.txt; filename=x", 'inline; filename="a\\"b'))
def test_a_name_that_a_server_gives(text: str) -> None:
    for name in (from_disposition((("Content-Disposition", text),)), from_url(text)):
        assert name is None or (name not in ("", ".", "..") and not set(name) & set("/\\\0") and len(name.encode("utf-8", "replace")) < 256)


@given(texts("bytes 1-2/3", "bytes */9", "bytes 0-/", "bytes 99999999999999999999-1/1"))
def test_a_content_range(text: str) -> None:
    assert all(number is None or number >= 0 for number in content_range((("Content-Range", text),)))


# --- frames


def websocket(pieces: list[bytes]) -> object:
    from rrcli.codec.ws import WebSocket

    codec = WebSocket(max_size=200)
    found: list[object] = []
    try:
        for piece in pieces:
            found += codec.feed(piece)
            codec.out()
    except ExchangeError as error:
        assert error.kind in KINDS  # noqa: PT017
        found += [*codec.salvaged, error.kind]
    codec.text("x")  # whatever came, this is no bug
    codec.close()
    return found


@given(
    st.one_of(
        st.binary(max_size=60),
        mutated(b"\x81\x02{}", b"\x01\x01a\x80\x01b", b"\x89\x00\x8a\x01x", b"\x88\x05\x03\xe8bye", b"\x82\x7e\0\7binary!"),
    ),
    cuts,
)
def test_websocket(data: bytes, sizes: list[int]) -> None:
    whole = websocket([data])
    assert websocket([piece for piece in split(data, sizes) if piece]) == whole
    assert websocket([bytes([byte]) for byte in data]) == whole


http3 = st.one_of(
    st.binary(max_size=60), mutated(frame(1, b"\0\0\xd9"), frame(0, b"hello"), frame(4, b"\6\x40\x64"), frame(7, b"\4"), b"\0\4\0")
)


@given(http3, cuts)
def test_http3_frames(data: bytes, sizes: list[int]) -> None:
    """Content is told as it comes, anything else whole."""

    def run(pieces: list[bytes]) -> object:
        frames = Frames(1000)
        found = [each for piece in pieces for each in frames.feed(piece)]
        return [each for each in found if each[0]], b"".join(payload for kind, payload in found if kind == 0)

    whole = outcome(lambda: run([data]))
    assert outcome(lambda: run(list(split(data, sizes)))) == whole
    assert outcome(lambda: run([bytes([byte]) for byte in data])) == whole


@given(http3, cuts, st.integers(0, 11))
def test_http3_in_a_transcript(data: bytes, sizes: list[int], stream: int) -> None:
    notes = StreamNotes(stream, mask_field)
    for piece in split(data, sizes):
        assert sum(len(shown) for shown, _ in notes.cut(piece)) == len(piece)


@given(
    mutated(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"HTTP/1.1 100 C\r\n\r\n", b"HTTP/1.1 200 OK\n\nx"
    )
)
def test_where_content_lies(data: bytes) -> None:
    for found in content_spans(b"GET / HTTP/1.1\r\n\r\n", data):
        for strand in found:
            ends = [place for span in strand for place in span]
            assert (ends == sorted(ends), all(0 <= place <= max(len(data), 18) for place in ends)) == (True, True)


# --- texts


@given(texts('query A($a: Int = 1) @b { c(d: "e\\"") { ...F } } fragment F on G { h }', '"""d\\"""e""" subscription { a } # x', "{ a }"))
def test_a_graphql_document(text: str) -> None:
    assert "".join(letters for _, letters in tokens(text)) in text or len(list(tokens(text))) > 1
    outcome(lambda: survey(text))


@given(
    texts(
        "curl 'http://a/' -H $'A: \\u00e9\\x41\\n' --data-raw \"a\\\"b\" \\\n -b c=d", 'curl "http://a^" ^\n -H ^"A: b^"', "curl http://a"
    )
)
def test_a_curl_command(text: str) -> None:
    outcome(lambda: read_command(text.replace("-", "–") if text.strip() == "-" else text))


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20), max_size=5))
def test_quoted_words_come_back(words: list[str]) -> None:
    line = " ".join(["curl", *map(quoted, words)])
    assert visible(line) == line
    assert read_command(line) == words


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda data: data.decode("latin-1"))))
def test_text_within_a_diagram(text: str) -> None:
    shown = mermaid.quoted(text)
    assert not set(re.sub("#[0-9]+;", "", shown)) & set(";\n\r<>")
    assert visible(shown) == shown


@given(
    texts(
        '<a b="c"><!-- d --><e>f</e><g/></a>',
        "<a><![CDATA[b]]></a>",
        '<?xml version="1.0"?><a xml:space="preserve"> <b/></a>',
        "<!DOCTYPE a>",
    )
)
def test_xml(text: str) -> None:
    """Nothing but white space is added or taken."""
    laid_out = None
    with contextlib.suppress(UnicodeEncodeError):
        laid_out = xmllines.lay_out(text)
    assert laid_out is None or "".join(laid_out.split()) == "".join(text.split())


@given(texts('{"a": [1, 2.5e3, "\\u00e9", null], "a": {}}', '"\\ud800"', "[[[]]]"))
def test_json_lines(text: str) -> None:
    repeated_name(text)
    try:
        loads(text)
    except ValueError:
        return
    shown = "".join(letters for line in jsonlines.lay_out(text, 1000) for letters, _ in line)
    assert visible(text) != text or loads(shown) == loads(text)
