"""Redirects: where they lead, what becomes of the method, and what never crosses to another origin."""

from __future__ import annotations

import contextlib
import hashlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.ca import Authority
from peers.exchange import codes
from peers.httpbin import Httpbin
from peers.nginx import Nginx
from peers.script import hear, over_tls, responder, say, script

from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.http.redirect import follow, resolve, target_in
from rrcli.adapters.http.request import HttpRequest
from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.base.url import host_port
from rrcli.engine.context import Context, Shared
from rrcli.engine.events import Observer
from rrcli.engine.send import send
from rrcli.model.values import Exchange, Response, Status

CREDENTIALS = (
    "Authorization:Bearer t0ken-t0ken",
    "X-Api-Key:k3y-k3y-k3y",
    "Cookie:sid=c00kie-c00kie",
    "X-Auth-Token:t2-t2-t2-t2",
    "X-Plain:1",
)
SECRETS = (b"t0ken-t0ken", b"k3y-k3y-k3y", b"c00kie-c00kie", b"t2-t2-t2-t2")


class Site:
    """Answers each request with the next of its answers, and keeps what it heard."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heard: list[bytes] = []

    def __call__(self, connection: socket.socket) -> None:
        heard = b""
        while b"\r\n\r\n" not in heard:
            data = connection.recv(65536)
            if not data:
                return
            heard += data
        length = next((int(line[15:]) for line in heard.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        while len(heard.partition(b"\r\n\r\n")[2]) < length:
            heard += connection.recv(65536)
        self.heard.append(heard)
        connection.sendall(self.answers.pop(0) if self.answers else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    @property
    def lines(self) -> list[bytes]:
        return [heard.partition(b"\r\n")[0] for heard in self.heard]


def moved(location: str, code: int = 302) -> bytes:
    return f"HTTP/1.1 {code} Moved\r\nLocation: {location}\r\nContent-Length: 5\r\n\r\nthere".encode()


@contextlib.contextmanager
def sites(first: Callable[[str], list[bytes]], second: Site) -> Iterator[tuple[str, str, Site]]:
    """The URLs of two origins that differ in the port; the first one's answers may name the second."""
    one = Site()
    with responder(second) as other, responder(one) as peer:
        one.answers = first(f"{other.host}:{other.port}")
        yield f"http://{peer.host}:{peer.port}", f"http://{other.host}:{other.port}", one


def following(answers: list[bytes], *words: str, **options: Any) -> tuple[Exchange, Site]:
    site = Site(*answers)
    with responder(site) as peer:
        method, rest = (words[0], words[1:]) if words else ("GET", ())
        return send(HttpRequest(method, f"http://{peer.host}:{peer.port}/a/b?c", *rest, **{"location": True, **options})), site


# --- where it leads


def test_without_being_asked_none_is_followed() -> None:
    exchange, site = following([moved("/there")], location=False)
    assert exchange.response is not None
    assert exchange.response.status.code == 302
    assert len(site.heard) == 1


def test_each_hop_is_an_exchange_of_its_own() -> None:
    exchange, site = following([moved("/one"), moved("two?x=1#part", 307)])
    assert site.lines == [b"GET /a/b?c HTTP/1.1", b"GET /one HTTP/1.1", b"GET /two?x=1 HTTP/1.1"]
    assert [(hop.why, hop.response and hop.response.status.code) for hop in exchange.history] == [("redirect", 302), ("redirect", 307)]
    assert [hop.target.url.partition("/a")[0][:7] for hop in exchange.history] == ["http://", "http://"]
    assert all(hop.timing.total_ns and hop.connection.peer for hop in exchange.history)
    assert exchange.response is not None
    assert exchange.response.status.code == 200


def test_a_hop_that_leads_on_tells_the_observer_nothing() -> None:
    told: list[object] = []

    class Told(Observer):
        def received(self, answer: Response) -> None:
            told.append(answer.status.code)

        def content(self, data: bytes) -> None:
            told.append(data)

    with responder(Site(moved("/x"))) as peer:
        send(HttpRequest(f"http://{peer.host}:{peer.port}/", location=True), Told())
    assert told == [200, b"ok"]


@pytest.mark.parametrize("code", [201, 304, 305, 306, 401])
def test_other_statuses_lead_nowhere(code: int) -> None:
    exchange, site = following([f"HTTP/1.1 {code} X\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n".encode()])
    assert exchange.response is not None
    assert exchange.response.status.code == code
    assert len(site.heard) == 1


@pytest.mark.parametrize(
    ("answer", "notes"),
    [
        (b"HTTP/1.1 300 X\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", ["odd-redirect"]),
        (b"HTTP/1.1 302 X\r\nLocation: /x\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhi", ["broken-redirect"]),
        (
            b"HTTP/1.1 302 X\r\nLocation: /x\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
            ["unasked-coding", "broken-redirect"],
        ),
    ],
    ids=["300", "cut", "broken coding"],
)
def test_what_curl_follows_is_followed_with_a_note(answer: bytes, notes: list[str]) -> None:
    exchange, site = following([answer])
    assert (exchange.error, len(site.heard)) == (None, 2)
    assert [note.code for note in exchange.history[0].notes] == notes


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "http://a.test/x"),
        ("x", "http://a.test/d/x"),
        ("./x/../y", "http://a.test/d/y"),
        ("../../x", "http://a.test/x"),
        ("?q", "http://a.test/d/e?q"),
        ("#f", "http://a.test/d/e?f=1"),
        ("//b.test/x", "http://b.test/x"),
        ("HTTP://A.TEST/x", "http://A.TEST/x"),
        ("https://b.test:8443/x?y#z", "https://b.test:8443/x?y"),
        (" /x y ", "http://a.test/x%20y"),
        ("/é", "http://a.test/%C3%A9"),
    ],
)
def test_a_location_is_resolved(location: str, url: str) -> None:
    found = resolve(prepare(HopState(options=HttpRequest("http://a.test/d/e?f=1")), "id"), location)
    assert f"{found.scheme}://{host_port(found.host, found.port)}{target_in(found)}" == url


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x/", "FTP://x/", "javascript:alert(1)", "data:,x", "ldap://x"])
def test_other_schemes_are_refused(location: str) -> None:
    exchange, _ = following([moved(location)])
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind) == ("protocol", "unsupported")
    assert exchange.error.message == f"the redirect leads to {location.partition(':')[0].lower()}:, not to http or https"
    assert exchange.response is not None
    assert exchange.response.status.code == 302


@pytest.mark.parametrize("location", ["http://", "http:///x", "http:x", "http://a:b:c/", "http://a\\@b.test/"])
def test_a_location_that_is_no_url_is_malformed(location: str) -> None:
    exchange, site = following([moved(location)])
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind) == ("protocol", "malformed")
    assert len(site.heard) == 1


def test_a_loop_ends(nginx: Nginx) -> None:
    exchange = send(HttpRequest(nginx.url("/redirect/loop"), location=True, max_redirects=3))
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind, exchange.error.delivery) == ("protocol", "too_many_redirects", "answered")
    assert exchange.error.message == "the redirects lead on and on: 3 were followed (--max-redirects)"
    assert len(exchange.history) == 3


def test_a_loop_ends_by_default(nginx: Nginx) -> None:
    exchange = send(HttpRequest(nginx.url("/redirect/loop"), location=True))
    assert exchange.error is not None
    assert exchange.error.kind == "too_many_redirects"
    assert len(exchange.history) == 20


def test_httpbin_is_followed_to_its_end(httpbin: Httpbin) -> None:
    exchange = send(HttpRequest(httpbin.url("/absolute-redirect/3"), location=True))
    assert exchange.error is None
    assert [hop.why for hop in exchange.history] == ["redirect"] * 3


# --- the method


@pytest.mark.parametrize(
    ("code", "method", "then"),
    [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (303, "DELETE", "GET"),
        (301, "PUT", "PUT"), (302, "DELETE", "DELETE"), (307, "POST", "POST"), (308, "PUT", "PUT"),
        (303, "HEAD", "HEAD"), (302, "HEAD", "HEAD"), (303, "GET", "GET"),
    ],
)  # fmt: skip
def test_the_method_changes_as_rfc_9110_says(code: int, method: str, then: str) -> None:
    answer = moved("/x", code)
    data = (("-d", "a=1"),) if method in ("POST", "PUT") else ()
    if method == "HEAD":
        exchange, site = following([answer.removesuffix(b"there"), b"HTTP/1.1 204 No Content\r\n\r\n"], method)
    else:
        exchange, site = following([answer], method, data=data)
    assert site.lines[-1] == f"{then} /x HTTP/1.1".encode()
    kept = site.heard[-1].endswith(b"a=1")
    assert kept == (bool(data) and then == method)
    assert (b"content-type" in site.heard[-1].lower()) == kept
    assert codes(exchange) == (["method-changed"] if then != method else [])


def test_an_upload_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "content"
    file.write_bytes(b"content")
    _, site = following([moved("/x", 308)], "PUT", upload=str(file))
    assert [heard.partition(b"\r\n\r\n")[2] for heard in site.heard] == [b"content", b"content"]


# --- what does not cross


def assert_clean(site: Site) -> None:
    assert site.heard
    for heard in site.heard:
        assert not [secret for secret in SECRETS if secret in heard]
        assert b"X-Plain: 1" in heard


@pytest.mark.parametrize("form", ["http://{}/x", "//{}/x", "HTTP://{}/x", "http://user@{}/x", " http://{}/x"])
def test_credentials_stay_at_their_port(form: str) -> None:
    second = Site()
    with sites(lambda other: [moved(form.format(other))], second) as (url, _, first):
        exchange = send(HttpRequest(f"{url}/", *CREDENTIALS, location=True))
    assert all(secret in first.heard[0] for secret in SECRETS)
    assert_clean(second)
    assert "credentials-dropped" in codes(exchange)
    assert exchange.error is None


@pytest.mark.parametrize(
    "options",
    [
        {"user": "ann:s3cr3t-pw"},
        {"bearer": "t0ken-t0ken"},
        {"cookies": ("sid=c00kie-c00kie",)},
        {"headers": ("X-My-Secret: k3y-k3y-k3y",)},
    ],
)
def test_options_stay_too(options: dict[str, Any]) -> None:
    second = Site()
    with sites(lambda other: [moved(f"http://{other}/")], second) as (url, _, first):
        send(HttpRequest(f"{url}/", location=True, **options))
    names = (b"authorization", b"cookie", b"x-my-secret")
    assert any(name in first.heard[0].lower() for name in names)
    assert not any(name in second.heard[0].lower() for name in names)


def test_the_users_own_url_is_no_credential_elsewhere() -> None:
    second = Site()
    with sites(lambda other: [moved(f"http://{other}/")], second) as (url, _, first):
        send(HttpRequest(url.replace("//", "//ann:pw@") + "/", location=True))
    assert b"Authorization: Basic" in first.heard[0]
    assert b"Authorization" not in second.heard[0]


def test_credentials_stay_at_their_host() -> None:
    site = Site()
    with responder(site) as peer:
        site.answers = [moved(f"http://localhost:{peer.port}/x")]
        send(HttpRequest(f"http://127.0.0.1:{peer.port}/", *CREDENTIALS, location=True))
    assert SECRETS[0] in site.heard[0]
    assert not [secret for secret in SECRETS if secret in site.heard[1]]


def test_the_same_host_in_other_letters_is_the_same() -> None:
    site = Site()
    with responder(site) as peer:
        site.answers = [moved(f"HTTP://LOCALHOST:{peer.port}/x")]
        exchange = send(HttpRequest(f"http://localhost:{peer.port}/", *CREDENTIALS, location=True))
    assert all(secret in site.heard[1] for secret in SECRETS)
    assert codes(exchange) == []


def test_credentials_stay_within_tls(ca: Authority) -> None:
    second, first = Site(), Site()
    with responder(second) as other, responder(over_tls(ca.good, first)) as peer:
        first.answers = [moved(f"http://localhost:{other.port}/x")]
        send(HttpRequest(f"https://localhost:{peer.port}/", *CREDENTIALS, location=True, cacert=str(ca.root)))
    assert SECRETS[0] in first.heard[0]
    assert_clean(second)


def test_what_was_dropped_does_not_come_back() -> None:
    second = Site()
    with sites(lambda other: [moved(f"http://{other}/")], second) as (url, _, first):
        second.answers = [moved(f"{url}/back")]
        send(HttpRequest(f"{url}/", *CREDENTIALS, location=True))
    assert_clean(second)
    assert not [secret for secret in SECRETS if secret in first.heard[1]]


def test_a_host_field_of_the_users_stays_at_its_origin() -> None:
    second = Site()
    with sites(lambda other: [moved("/same"), moved(f"http://{other}/")], second) as (url, other, first):
        send(HttpRequest(f"{url}/", "Host:virtual.test", location=True))
    assert [b"Host: virtual.test" in heard for heard in first.heard] == [True, True]
    assert b"Host: " + other.removeprefix("http://").encode() in second.heard[0]


def test_trusted_is_the_exception() -> None:
    second = Site()
    with sites(lambda other: [moved(f"http://{other}/")], second) as (url, _, _first):
        exchange = send(HttpRequest(f"{url}/", *CREDENTIALS, location_trusted=True))
    assert all(secret in second.heard[0] for secret in SECRETS)
    assert codes(exchange) == []


def test_no_more_hops_than_the_runner_takes_can_be_asked_for() -> None:
    parse = HttpRequest.options_["max_redirects"].parse
    assert parse("0") == 0
    with pytest.raises(ValueError, match="'21' is more than 20 redirects"):
        parse("21")


def test_an_upload_from_standard_input_fails_rather_than_be_lost() -> None:
    request = HttpRequest("http://a.test/", upload="-", location=True)
    asked: PreparedRequest = prepare(HopState(options=request), "id")
    context = Context(request, Shared(), Deadline(None, ""), "id")
    answer = Response(summary="", status=Status(code=307), fields=(("Location", "/x"),))
    with pytest.raises(ExchangeError) as caught:
        follow(HopState(options=request), asked, answer, context)
    error = caught.value
    assert (error.layer, error.kind) == ("local", "input")
    assert error.message == "the redirect wants the content again, and standard input cannot be read twice"


def test_of_a_long_hop_the_first_bytes_are_kept() -> None:
    exchange, _ = following([moved("/x")], max_size=3)
    body = exchange.history[0].response and exchange.history[0].response.body
    assert body is not None
    assert (body.data, body.size, body.truncated, body.sha256) == (b"the", 5, True, hashlib.sha256(b"there").hexdigest())


def test_a_hop_without_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.adapters.http.versions.response.MOST_WITHHELD", 1 << 20)

    def endless(connection: socket.socket) -> None:
        hear(b"\r\n\r\n")(connection)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n")
        while True:
            connection.sendall(bytes(1 << 16))

    with responder(endless) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", location=True, max_size=4, timeout=0.0))
    assert exchange.error is not None
    assert (exchange.error.layer, exchange.error.kind) == ("protocol", "too_large")
    assert exchange.error.message == "the answer leads on, and its content is longer than 1 MiB"
    assert exchange.response is not None
    assert exchange.response.status.code == 302
    assert exchange.response.body is not None
    assert exchange.response.body.data == bytes(4)


def test_a_control_character_is_in_no_url() -> None:
    with pytest.raises(ExchangeError, match="control character"):
        resolve(prepare(HopState(options=HttpRequest("http://a.test/")), "id"), "/\x01")


# --- a Location that readers do not agree on


@pytest.mark.parametrize("follows", [False, True])
@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        (
            b"Location: /a\r\nLocation: /b\r\n",
            "several-locations",
            "the 302 has 2 different Locations; the first counts here, and readers differ",
        ),
        (b"Location: \r\n", "empty-location", "the 302 has an empty Location and leads nowhere"),
    ],
)
def test_an_odd_location_is_noted(fields: bytes, code: str, message: str, follows: bool) -> None:
    found: list[Any] = []

    def handle(connection: Any) -> None:
        head = b"HTTP/1.1 302 Found\r\n" + (b"" if found else fields) + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        script(hear(b"\r\n\r\n"), say(head))(connection)
        found.append(True)

    with responder(handle) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", location=follows))
    first = exchange.history[0] if exchange.history else exchange
    assert (code, message) in [(note.code, note.message) for note in (*first.notes, *exchange.notes)]


def test_the_same_location_twice_is_not_noted() -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with responder(script(hear(b"\r\n\r\n"), say(head))) as peer:
        assert send(HttpRequest(f"http://{peer.host}:{peer.port}/")).notes == ()


def test_redirects_that_count_down_are_no_circle() -> None:
    left = iter(range(50, 0, -1))

    def handle(connection: Any) -> None:
        line = f"HTTP/1.1 302 Found\r\nLocation: /{next(left)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        script(hear(b"\r\n\r\n"), say(line.encode()))(connection)

    with responder(handle) as peer:
        failure = send(HttpRequest(f"http://{peer.host}:{peer.port}/", location=True, max_redirects=3)).error
    assert failure is not None
    assert failure.hint == "history shows every hop; --max-redirects allows another number of them"
