"""The HTTP responder, met by curl, httpx and bare sockets."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from peers.base import need

from rrcli.responders.base import Responder
from rrcli.responders.http import HttpResponder
from rrcli.responders.http_call import Users
from rrcli.responders.http_message import Refusal, ServerResponse, head, http_date
from rrcli.responders.http_routes import DOCUMENT, ROUTES

Talk = Callable[[Responder, bytes], bytes]


@pytest.fixture(scope="module")
def client(web: HttpResponder) -> Any:
    with httpx.Client(base_url=web.url) as client:
        yield client


def curl(*words: str) -> str:
    return subprocess.run([need("curl"), "-sS", *words], capture_output=True, check=True, text=True, timeout=10).stdout


def undated(answer: bytes) -> bytes:
    return re.sub(rb"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\nServer: rrcli\r\n", b"", answer)


# --- endpoints -------------------------------------------------------------------------------------------


def test_the_list_names_every_endpoint(web: HttpResponder) -> None:
    assert [line.split()[1] for line in curl(web.url).splitlines()] == [route.path for route in ROUTES]


def test_json(web: HttpResponder) -> None:
    assert json.loads(curl(f"{web.url}/json")) == DOCUMENT


@pytest.mark.parametrize("code", [200, 201, 404, 418, 500])
def test_status(client: httpx.Client, code: int) -> None:
    assert client.post(f"/status/{code}").status_code == code


@pytest.mark.parametrize(
    ("code", "field", "value"),
    [
        (301, "location", "/"),
        (401, "www-authenticate", 'Basic realm="rrcli", charset="UTF-8"'),
        (405, "allow", "GET, HEAD"),
        (429, "retry-after", "1"),
        (503, "retry-after", "1"),
    ],
)
def test_status_says_what_it_must_say(client: httpx.Client, code: int, field: str, value: str) -> None:
    assert client.get(f"/status/{code}").headers[field] == value


def test_status_with_a_reason(web: HttpResponder, talk: Talk) -> None:
    answer = talk(web, b"GET /status/299?reason=Very%20fine+caf%C3%A9 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.splitlines()[0] == "HTTP/1.1 299 Very fine café".encode()


@pytest.mark.parametrize(("code", "framing"), [(204, b""), (304, b""), (205, b"Content-Length: 0\r\n")])
def test_status_without_content(web: HttpResponder, talk: Talk, code: int, framing: bytes) -> None:
    answer = undated(talk(web, b"GET /status/%d HTTP/1.1\r\nHost: x\r\n\r\n" % code))
    assert answer.partition(b"\r\n")[2] == b"Content-Type: text/plain; charset=utf-8\r\n" + framing + b"\r\n"


@pytest.mark.parametrize("path", ["/status/103", "/status/1000", "/status/x", "/delay/x", "/delay/999", "/redirect/0", "/bytes/-1"])
def test_a_value_out_of_bounds_is_a_400_problem(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json() == {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": answer.json()["detail"]}


def test_delay_delays_the_first_byte(web: HttpResponder) -> None:
    first, total = map(float, curl("-o", "/dev/null", "-w", "%{time_starttransfer} %{time_total}", f"{web.url}/delay/150ms").split())
    assert 0.15 <= first <= total


def test_echo_keeps_order_case_and_repeats(web: HttpResponder, talk: Talk) -> None:
    request = b"PURGE /echo?a=%20b&a HTTP/1.1\r\nHost: h\r\nX-B:1\r\nx-a: \xc3\xbc \xff\r\nX-B: 3 \r\nContent-Length: 3\r\n\r\ncaf"
    assert json.loads(talk(web, request).partition(b"\r\n\r\n")[2]) == {
        "method": "PURGE",
        "target": "/echo?a=%20b&a",
        "version": "HTTP/1.1",
        "headers": [["Host", "h"], ["X-B", "1"], ["x-a", "Ã¼ ÿ"], ["X-B", "3"], ["Content-Length", "3"]],
        "trailers": [],
        "body": {"size": 3, "text": "caf", "base64": None},
    }


def test_echo_of_what_is_no_text(client: httpx.Client) -> None:
    assert client.put("/echo", content=b"\xff\0").json()["body"] == {"size": 2, "text": None, "base64": "/wA="}


def test_echo_of_chunks_and_trailers(web: HttpResponder, talk: Talk) -> None:
    request = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n1\r\nd\r\n0\r\nX-T: v\r\n\r\n"
    answer = json.loads(talk(web, request).partition(b"\r\n\r\n")[2])
    assert (answer["body"]["text"], answer["trailers"]) == ("abcd", [["X-T", "v"]])


def test_curl_uploads_in_chunks(web: HttpResponder) -> None:
    answer = json.loads(curl("-H", "Transfer-Encoding: chunked", "--data-binary", "hello", f"{web.url}/echo"))
    assert answer["body"] == {"size": 5, "text": "hello", "base64": None}


def test_bytes_can_be_checked_by_position(client: httpx.Client) -> None:
    assert client.get("/bytes/70000").content == (bytes(range(256)) * 274)[:70000]
    assert client.get("/bytes/0").content == b""


def test_bytes_ended_by_closing(web: HttpResponder, talk: Talk) -> None:
    answer = undated(talk(web, b"GET /bytes/3?close=1 HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    fields = b'Content-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\nETag: "3"\r\nConnection: close\r\n'
    assert answer == b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\0\1\2"


@pytest.mark.parametrize(
    ("wanted", "status", "told", "content"),
    [
        ("bytes=0-1", 206, "bytes 0-1/1000", b"\0\1"),
        ("bytes=300-302", 206, "bytes 300-302/1000", b",-."),
        ("bytes=998-", 206, "bytes 998-999/1000", bytes([230, 231])),
        ("bytes=-2", 206, "bytes 998-999/1000", bytes([230, 231])),
        ("bytes=999-5000", 206, "bytes 999-999/1000", bytes([231])),
        ("bytes=1000-", 416, "bytes */1000", None),
        ("bytes=-0", 416, "bytes */1000", None),
        ("bytes=0-", 200, None, (bytes(range(256)) * 4)[:1000]),
        ("bytes=2-1", 200, None, (bytes(range(256)) * 4)[:1000]),
        ("bytes=0-1,5-6", 200, None, (bytes(range(256)) * 4)[:1000]),
        ("lines=0-1", 200, None, (bytes(range(256)) * 4)[:1000]),
    ],
)
def test_a_range_of_bytes(client: httpx.Client, wanted: str, status: int, told: str | None, content: bytes | None) -> None:
    answer = client.get("/bytes/1000", headers={"Range": wanted})
    assert (answer.status_code, answer.headers.get("content-range")) == (status, told)
    assert content in (None, answer.content)


def test_a_range_of_another_version_is_not_given(client: httpx.Client) -> None:
    for tag, status in (('"1000"', 206), ('"999"', 200)):
        assert client.get("/bytes/1000", headers={"Range": "bytes=0-1", "If-Range": tag}).status_code == status


def test_curl_resumes_a_download(web: HttpResponder, tmp_path: Path) -> None:
    target = tmp_path / "part"
    target.write_bytes((bytes(range(256)) * 300)[:70_000])
    curl("-C", "-", "-o", str(target), f"{web.url}/bytes/76800")
    assert target.read_bytes() == bytes(range(256)) * 300


@pytest.mark.parametrize(("tags", "status"), [('"9"', 304), ('W/"9"', 304), ('"1", "9"', 304), ("*", 304), ('"1"', 200)])
def test_an_etag_that_is_known(client: httpx.Client, tags: str, status: int) -> None:
    answer = client.get("/bytes/9", headers={"If-None-Match": tags})
    assert (answer.status_code, answer.headers["etag"]) == (status, '"9"')


def test_stream_is_chunked_with_a_checksum_behind(web: HttpResponder, talk: Talk) -> None:
    lines = [b'{"line": 1, "of": 2}\n', b'{"line": 2, "of": 2}\n']
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTrailer: X-Checksum\r\nTransfer-Encoding: chunked\r\n\r\n"
    digest = hashlib.sha256(b"".join(lines)).hexdigest().encode()
    chunks = b"".join(b"15\r\n%b\r\n" % line for line in lines) + b"0\r\nX-Checksum: sha256=" + digest + b"\r\n\r\n"
    assert undated(talk(web, b"GET /stream/2 HTTP/1.1\r\nHost: x\r\n\r\n")) == head + chunks
    assert curl(f"{web.url}/stream/2").encode() == b"".join(lines)


def test_stream_takes_its_time(client: httpx.Client) -> None:
    started = time.monotonic()
    with client.stream("GET", "/stream/3?every=0.05") as answer:
        lines = answer.iter_lines()
        assert next(lines) == '{"line": 1, "of": 3}'
        assert list(lines) == ['{"line": 2, "of": 3}', '{"line": 3, "of": 3}']
    assert time.monotonic() - started >= 0.1


def test_redirects_lead_to_echo(web: HttpResponder) -> None:
    assert curl("-L", "-o", "/dev/null", "-w", "%{num_redirects} %{url_effective}", f"{web.url}/redirect/3") == f"3 {web.url}/echo"


def test_redirects_keep_the_status_asked_for(web: HttpResponder, client: httpx.Client) -> None:
    assert client.post("/redirect/2?status=307").headers["location"] == "/redirect/1?status=307"
    answer = json.loads(curl("-L", "-d", "x=1", f"{web.url}/redirect/2?status=308"))
    assert (answer["method"], answer["body"]["text"]) == ("POST", "x=1")


def test_redirect_to(client: httpx.Client) -> None:
    answer = client.get("/redirect-to", params={"url": "http://other.test/ü?a=b#c", "status": "303"})
    assert (answer.status_code, answer.headers["location"]) == (303, "http://other.test/%C3%BC?a=b#c")
    assert client.get("/redirect-to", params={"url": "/", "status": "304"}).status_code == 400
    assert client.get("/redirect-to").status_code == 400


def test_drip(client: httpx.Client) -> None:
    started = time.monotonic()
    with client.stream("GET", "/drip?bytes=3&every=0.05&delay=100ms") as answer:
        first = time.monotonic() - started
        content = answer.read()
    assert (content, answer.headers["content-length"]) == (b"***", "3")
    assert first >= 0.1
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_content_codings(client: httpx.Client, web: HttpResponder, coding: str) -> None:
    answer = client.get(f"/{coding}")
    assert (answer.headers["content-encoding"], answer.json()) == (coding, DOCUMENT)
    assert json.loads(curl("--compressed", f"{web.url}/{coding}")) == DOCUMENT


def test_early_hints(web: HttpResponder, talk: Talk) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\nHTTP/1.1 200 OK\r\n"
    assert talk(web, b"GET /early-hints HTTP/1.1\r\nHost: x\r\n\r\n").startswith(hints)
    assert talk(web, b"GET /early-hints HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(("words", "code"), [((), "401"), (("-u", "ann:no"), "401"), (("-u", "ann:s:3 ü"), "200")])
def test_basic_auth(web: HttpResponder, words: tuple[str, ...], code: str) -> None:
    assert curl(*words, "-o", "/dev/null", "-w", "%{http_code}", f"{web.url}/basic-auth/ann/s:3%20%C3%BC") == code


@pytest.mark.parametrize("value", ["Basic", "Basic ???", "Bearer YW5uOng=", "basic \xff"])
def test_basic_auth_refuses_what_is_none(client: httpx.Client, value: str) -> None:
    answer = client.get("/basic-auth/ann/x", headers={b"Authorization": value.encode("latin-1")})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="rrcli", charset="UTF-8"')


def test_bearer(client: httpx.Client) -> None:
    assert client.get("/bearer", headers={"Authorization": "bearer t0k"}).json() == {"authenticated": True, "token": "t0k"}
    answer = client.get("/bearer")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="rrcli"')


def test_users_are_made_and_found() -> None:
    with HttpResponder() as web, httpx.Client(base_url=web.url) as client:
        client.post("/users", json={})
        answer = client.post("/users", json={"name": "ann", "id": 99})
        assert (answer.status_code, answer.headers["location"], answer.json()) == (201, "/users/2", {"id": 2, "name": "ann"})
        assert client.get("/users/2").json() == {"id": 2, "name": "ann"}
        assert client.get("/users/3").status_code == 404


@pytest.mark.parametrize(("content", "status"), [(b"", 400), (b"{", 400), (b"[" * 100_000, 400), (b"[1]", 422)])
def test_users_are_json_objects(client: httpx.Client, content: bytes, status: int) -> None:
    assert client.post("/users", content=content).status_code == status


def test_users_are_not_kept_without_end() -> None:
    users = Users()
    assert [users.add({}) for _ in range(1000)] == list(range(1, 1001))
    with pytest.raises(Refusal, match="1000 users"):
        users.add({})


# --- the protocol ----------------------------------------------------------------------------------------


def test_connections_are_kept_alive(web: HttpResponder) -> None:
    assert curl("-w", "%{num_connects};", "-o", "/dev/null", "-o", "/dev/null", f"{web.url}/stream/2", f"{web.url}/status/404") == "1;0;"


@pytest.mark.parametrize(
    ("request_", "connection"),
    [
        (b"GET /status/404 HTTP/1.0\r\n\r\n", b"close"),
        (b"GET /status/404 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", b"keep-alive"),
        (b"GET /status/404 HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n", b"close"),
        (b"GET /status/404 HTTP/1.1\r\nHost: x\r\n\r\n", None),
    ],
)
def test_the_connection_field(web: HttpResponder, talk: Talk, request_: bytes, connection: bytes | None) -> None:
    match = re.search(rb"Connection: (.*)\r\n", talk(web, request_))
    assert (match and match[1]) == connection
    assert len(re.findall(rb"HTTP/1.1 404", talk(web, request_ * 2))) == (1 if connection == b"close" else 2)


def test_http_1_0_has_no_chunks(web: HttpResponder, talk: Talk) -> None:
    answer = undated(talk(web, b"GET /stream/1 HTTP/1.0\r\n\r\n"))
    fields = b"Content-Type: application/x-ndjson\r\nTrailer: X-Checksum\r\nConnection: close\r\n\r\n"
    assert answer == b"HTTP/1.1 200 OK\r\n" + fields + b'{"line": 1, "of": 1}\n'
    assert curl("-0", f"{web.url}/stream/1") == '{"line": 1, "of": 1}\n'


@pytest.mark.parametrize("path", ["/json", "/stream/5?every=9", "/bytes/9", "/gzip", "/status/404"])
def test_head_has_the_fields_of_get_without_content(web: HttpResponder, talk: Talk, path: str) -> None:
    request = b"%b " + path.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = undated(talk(web, request % b"HEAD"))
    assert answer.endswith(b"\r\n\r\n")
    if "every" not in path:
        assert undated(talk(web, request % b"GET")).partition(b"\r\n\r\n")[0] + b"\r\n\r\n" == answer


def test_continue_is_sent_to_who_waits_for_it(web: HttpResponder, talk: Talk) -> None:
    request = b"POST /echo HTTP/1.%d\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nok"
    assert talk(web, request % 1).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert talk(web, request % 0).startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(curl("-H", "Expect: 100-continue", "-d", "x" * 3000, f"{web.url}/echo"))["body"]["size"] == 3000


def test_methods(client: httpx.Client) -> None:
    assert client.options("/json").headers["allow"] == "GET, HEAD, OPTIONS"
    answer = client.delete("/json")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert client.get("/users").headers["allow"] == "POST, OPTIONS"
    assert client.get("/nothing/here").status_code == 404


@pytest.mark.parametrize(
    ("target", "status"),
    [(b"http://any.test/json", 200), (b"http://any.test", 200), (b"http://any.test?x", 200), (b"*", 200), (b"any.test:443", 400)],
)
def test_forms_of_the_target(web: HttpResponder, talk: Talk, target: bytes, status: int) -> None:
    assert talk(web, b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target).split()[1] == b"%d" % status


HOST = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (HOST + b"Host: y\r\n\r\n", 400),
        (HOST + b"A : b\r\n\r\n", 400),
        (HOST + b"A: b\r\n c\r\n\r\n", 400),
        (HOST + b"A: b\rc\r\n\r\n", 400),
        (HOST + b"A: b\0\r\n\r\n", 400),
        (HOST + b"no colon\r\n\r\n", 400),
        (HOST + b"A: b\r\n" * 101 + b"\r\n", 431),
        (HOST + b"A: " + b"b" * 9000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (POST + b"Content-Length: +1\r\n\r\na", 400),
        (POST + b"Content-Length: \r\n\r\na", 400),
        (POST + b"Content-Length: 99999999999\r\n\r\n", 413),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: \r\n\r\n", 501),
        (POST + b"Content-Length: 1\r\nExpect: tea\r\n\r\na", 417),
        (CHUNKED + b"x\r\n", 400),
        (CHUNKED + b"-1\r\n", 400),
        (CHUNKED + b"1\nab", 400),
        (CHUNKED + b"1\r\nabc\r\n0\r\n\r\n", 400),
        (CHUNKED + b"1;" + b"e" * 9000 + b"\r\na\r\n0\r\n\r\n", 400),
        (CHUNKED + b"800001\r\n", 413),
        (CHUNKED + b"ffffffffffffffffffff\r\n", 413),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"*1\r\n$4\r\nPING\r\n", 400),
    ],
)
def test_a_request_that_is_refused_ends_the_connection(web: HttpResponder, talk: Talk, request_: bytes, status: int) -> None:
    first, _, rest = talk(web, request_ + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").partition(b" ")
    assert (first, rest[:3]) == (b"HTTP/1.1", b"%d" % status)
    assert b"200 OK" not in rest
    assert b"\r\nConnection: close\r\n" in rest


def test_identical_lengths_bare_lf_and_a_first_empty_line_are_read(web: HttpResponder, talk: Talk) -> None:
    answer = talk(web, b"\r\nPOST /echo HTTP/1.1\nHost: x\nContent-Length: 1, 1\n\na")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"]["text"] == "a"


def test_a_request_that_stops_gets_408() -> None:
    with HttpResponder(idle=0.05) as web, socket.create_connection((web.host, web.port), timeout=5) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHo")
        assert sock.recv(999).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


@pytest.mark.parametrize(
    "path",
    [
        "/status/200?reason=a%0d%0aX-Evil:%201",
        "/redirect-to?url=/%0d%0aX-Evil:%201",
        "/redirect-to?url=/%00",
        "/redirect/2?status=302%0d%0aX-Evil:%201",
    ],
)
def test_nobody_can_make_it_send_a_line(web: HttpResponder, talk: Talk, path: str) -> None:
    answer = talk(web, b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\nX-Evil" not in answer


@pytest.mark.parametrize("control", ["\r", "\n", "\0", "\x7f"])
def test_the_last_check_before_the_wire(control: str) -> None:
    with pytest.raises(ValueError, match="reason phrase"):
        head(200, f"a{control}b", ())
    with pytest.raises(ValueError, match="X-A"):
        head(200, None, (("X-A", f"a{control}b"),))


def test_a_status_without_a_name() -> None:
    assert head(299, None, (("A", "b"),)) == b"HTTP/1.1 299 \r\nA: b\r\n\r\n"


def test_dates() -> None:
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_a_stream_without_trailers_is_a_response_too() -> None:
    assert ServerResponse(content=iter(())).trailers is None


@given(st.binary(max_size=200), st.sampled_from([b"", HOST, POST, CHUNKED, b"GET /", b"GET /status/200?reason="]))
@settings(max_examples=40, deadline=None)
def test_any_bytes_leave_it_answering(web: HttpResponder, talk: Talk, data: bytes, start: bytes) -> None:
    talk(web, start + data)
    assert talk(web, b"HEAD /json HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")
