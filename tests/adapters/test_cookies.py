"""Cookies on the way: `-b` and `-c` beside curl, what redirects take along, and what is said of a cookie that is refused."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peers import child
from peers.ca import Authority
from peers.exchange import json_of, notes
from peers.httpbin import Httpbin
from peers.nginx import Nginx
from peers.script import hear, over_tls, responder, say, script

from rrcli.adapters.http.request import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.jsontext import loads
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.policy.redact import masked

HEAD_END = b"\r\n\r\n"


class Site:
    """Answers the requests with these heads in turn, then with a plain 200; keeps what it heard."""

    def __init__(self, *heads: str) -> None:
        self.heads = list(heads)
        self.heard: list[str] = []

    def __call__(self, connection: Any) -> None:
        into: list[bytes] = []
        hear(HEAD_END, into)(connection)
        self.heard.append(into[0].decode("latin-1"))
        head = self.heads.pop(0) if self.heads else "HTTP/1.1 200 OK"
        connection.sendall(f"{head}\r\nContent-Length: 2\r\n\r\nok".encode("latin-1"))

    @property
    def cookies(self) -> list[str | None]:
        """The Cookie of each request."""
        lines = [heard.split("\r\n") for heard in self.heard]
        return [next((line[8:] for line in each if line.lower().startswith("cookie: ")), None) for each in lines]


def setting(*cookies: str, to: str = "") -> str:
    lines = [f"HTTP/1.1 302 Found\r\nLocation: {to}" if to else "HTTP/1.1 200 OK", *(f"Set-Cookie: {cookie}" for cookie in cookies)]
    return "\r\n".join(lines)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- redirects


def test_a_redirect_takes_along_what_was_set_on_the_way(httpbin: Httpbin) -> None:
    exchange = send(HttpRequest(httpbin.url("/cookies/set?a=1&b=2"), cookies=("",), location=True))
    assert json_of(exchange) == {"cookies": {"a": "1", "b": "2"}}


def test_without_b_or_c_none_is_kept(httpbin: Httpbin) -> None:
    exchange = send(HttpRequest(httpbin.url("/cookies/set?a=1"), location=True))
    assert json_of(exchange) == {"cookies": {}}


def test_a_cookie_that_is_deleted_on_the_way_is_gone(httpbin: Httpbin, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    send(HttpRequest(httpbin.url("/cookies/set?a=1&b=2"), cookie_jar=str(jar)))
    exchange = send(HttpRequest(httpbin.url("/cookies/delete?a"), cookies=(str(jar),), cookie_jar=str(jar), location=True))
    assert json_of(exchange) == {"cookies": {"b": "2"}}
    assert notes(exchange) == []
    assert "\ta\t" not in jar.read_text()


def test_the_users_own_win_over_the_jar_and_come_last() -> None:
    site = Site(setting("a=jar; Path=/", "b=jar; Path=/", to="/next"))
    with responder(site) as peer:
        send(HttpRequest(f"http://{peer.host}:{peer.port}/", cookies=("", "a=mine; c=3"), location=True))
    assert site.cookies == ["a=mine; c=3", "b=jar; a=mine; c=3"]


def test_a_field_of_the_users_own_is_joined_not_repeated() -> None:
    site = Site(setting("b=jar", to="/next"))
    with responder(site) as peer:
        send(HttpRequest(f"http://{peer.host}:{peer.port}/", "cOOkie:a=1", cookies=("",), location=True))
    assert [heard.lower().count("cookie:") for heard in site.heard] == [1, 1]
    assert "\r\ncOOkie: b=jar; a=1\r\n" in site.heard[1]


def test_paths_and_ports_bound_them() -> None:
    other = Site()
    with responder(other) as there:
        site = Site(setting("far=1; Path=/far", "near=1; Path=/", to="/x"), setting(to=f"http://{there.host}:{there.port}/far"))
        with responder(site) as peer:
            exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", cookies=("",), location=True))
            trusted = send(HttpRequest(f"http://{there.host}:{there.port}/", cookies=("",), location=True))
    assert (site.cookies, other.cookies) == ([None, "near=1"], [None, None])
    message = f"far, near not sent to http://{there.host}:{there.port}: cookies stay at the scheme and port they came from"
    assert notes(exchange) == [("cookie-withheld", f"{message}; a browser would send them, and so does --location-trusted")]
    assert notes(trusted) == []


def test_location_trusted_follows_the_rfc() -> None:
    other = Site()
    with responder(other) as there, responder(Site(setting("a=1", to=f"http://{there.host}:{there.port}/"))) as peer:
        send(HttpRequest(f"http://{peer.host}:{peer.port}/", cookies=("",), location_trusted=True))
    assert other.cookies == ["a=1"]


def test_no_cookie_goes_to_another_host() -> None:
    other = Site()
    with responder(other) as there:
        answers = ("a=1", "b=2; Domain=127.0.0.1", f"c=3; Domain=localhost:{there.port}", "d=4; Domain=localhost")
        site = Site(setting(*answers, to=f"http://localhost:{there.port}/"))
        with responder(site) as peer:
            exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", cookies=("", "mine=5"), location=True, ipv4=True))
    assert other.cookies == [None]
    assert [code for code, _ in notes(exchange)] == ["cookie-refused", "cookie-refused", "credentials-dropped"]


# --- files


def test_a_file_and_curl_understand_each_other(httpbin: Httpbin, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    plain = [curl, "-sqL", "--noproxy", "*"]
    send(HttpRequest(httpbin.url("/cookies/set?a=1&b=2"), cookie_jar=str(ours)))
    subprocess.run([*plain, "-c", theirs, httpbin.url("/cookies/set?a=1&b=2")], check=True, capture_output=True)
    expected = {"cookies": {"a": "1", "b": "2"}}
    assert json_of(send(HttpRequest(httpbin.url("/cookies"), cookies=(str(theirs),)))) == expected
    read = subprocess.run([*plain, "-b", ours, httpbin.url("/cookies")], check=True, capture_output=True, text=True).stdout
    assert loads(read) == expected
    assert [sorted(line for line in path.read_text().splitlines() if "\t" in line) for path in (ours, theirs)] == [
        [f"127.0.0.1\tFALSE\t/\tFALSE\t0\t{name}" for name in ("a\t1", "b\t2")]
    ] * 2


def test_the_jar_is_the_owners_alone_and_replaced_as_a_whole(httpbin: Httpbin, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    jar.write_text("old")
    jar.chmod(0o644)
    link = tmp_path / "link"
    link.symlink_to(jar)
    send(HttpRequest(httpbin.url("/cookies/set?a=1"), cookie_jar=str(jar)))
    assert (mode(jar), "\ta\t1\n" in jar.read_text()) == (0o600, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["jar", "link"]


def test_of_a_jar_that_is_a_link_the_link_is_replaced(httpbin: Httpbin, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "file")
    send(HttpRequest(httpbin.url("/cookies/set?a=1"), cookie_jar=str(link)))
    assert (link.is_symlink(), "\ta\t1\n" in link.read_text()) == (False, True)
    assert (tmp_path / "file").read_text() == "precious"


def test_the_jar_holds_what_was_read_too_and_may_be_missing_at_first(nginx: Nginx, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    send(HttpRequest(nginx.url("/"), cookies=(str(jar),), cookie_jar=str(jar)))
    head = jar.read_text()
    line = "other.example\tFALSE\t/\tFALSE\t4000000000\tx\t1\n"
    jar.write_text(line)
    send(HttpRequest(nginx.url("/"), cookies=(str(jar),), cookie_jar=str(jar)))
    assert jar.read_text() == head + line


def test_those_of_the_session_can_be_left_out(nginx: Nginx, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    lines = [f"{nginx.host}\tFALSE\t/\tFALSE\t{expires}\t{name}\t1\n" for name, expires in (("gone", 0), ("stays", 4000000000))]
    jar.write_text("".join(lines))
    exchange = send(HttpRequest(nginx.url("/echo"), cookies=(str(jar),), junk_session_cookies=True))
    assert dict(exchange.request.fields)["Cookie"] == "stays=1"


def test_a_device_is_written_to_and_never_replaced(httpbin: Httpbin) -> None:
    exchange = send(HttpRequest(httpbin.url("/cookies/set?a=1"), cookie_jar="/dev/null", location=True))
    assert json_of(exchange) == {"cookies": {"a": "1"}}
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cookies": ("{folder}/none",)}, "cannot read the cookies of {folder}/none: no such file"),
        ({"cookies": ("{folder}/wrong",)}, "{folder}/wrong holds no cookies"),
        ({"cookies": ("{folder}",)}, "cannot read {folder}: is a directory"),
        ({"cookie_jar": "{folder}"}, "cannot write {folder}: it is a folder"),
        ({"cookie_jar": "{folder}/no/jar"}, "cannot write {folder}/no/jar: no such folder"),
    ],
)
def test_a_wrong_file_is_told_before_anything_is_sent(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text('{"cookies": []}\n')

    def filled(value: Any) -> Any:
        return tuple(map(filled, value)) if isinstance(value, tuple) else value.format(folder=tmp_path)

    with pytest.raises(ExchangeError) as caught:
        send(HttpRequest("http://127.0.0.1:1/", **{name: filled(value) for name, value in options.items()}))
    assert (caught.value.layer, caught.value.message) == ("local", message.format(folder=tmp_path))


def test_lines_that_are_no_cookies_are_counted(nginx: Nginx, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    jar.write_text(f"{nginx.host}\tFALSE\t/\tFALSE\t0\ta\t1\nnonsense\n")
    exchange = send(HttpRequest(nginx.url("/"), cookies=(str(jar),)))
    assert notes(exchange) == [("cookie-file", f"1 line of {jar} is no cookie")]


def test_a_jar_on_standard_output_follows_the_content(httpbin: Httpbin) -> None:
    done = child.run("http", "-c", "-", httpbin.url("/cookies/set?a=1"), "--format", "raw", "-L", text=True, check=True)
    content, _, jar = done.stdout.partition("# Netscape HTTP Cookie File\n")
    assert loads(content) == {"cookies": {"a": "1"}}
    assert jar.splitlines()[-1] == "127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t1"


def test_a_jar_is_written_of_a_failed_exchange_too(tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 9\r\n\r\nshort"
    with responder(script(hear(HEAD_END), say(answer))) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", cookie_jar=str(jar)))
    assert exchange.error
    assert exchange.error.kind == "truncated"
    assert jar.read_text().endswith("\ta\t1\n")


def test_offline_writes_nothing(tmp_path: Path) -> None:
    send(HttpRequest("http://127.0.0.1:1/", cookie_jar=str(tmp_path / "jar"), offline=True))
    assert list(tmp_path.iterdir()) == []


# --- what is said


@pytest.mark.parametrize(
    ("cookie", "code", "message"),
    [
        ("a=1; Domain=example.com", "cookie-refused", "the cookie a is refused: its Domain example.com does not cover shop.test"),
        ("a=1; Domain=test", "cookie-refused", "the cookie a is refused: its Domain test is a public suffix, under which many sites stand"),
        ("a=1; Secure", "cookie-refused", "the cookie a is refused: it is Secure, and the answer came without TLS"),
        ("nameless", "cookie-refused", "the cookie nameless is refused: it has no name"),
        ("a=1; Expires=Sun, 06 Nov 2005 08:49:37 GMT", "cookie-refused",
         "the cookie a is refused: it had ended when it came: is a clock wrong?"),
        ("a=1; SameSite=None", "cookie-doubtful", "browsers refuse the cookie a: SameSite=None goes with Secure alone"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kept", [(), ("",)])
def test_a_refused_cookie_is_noted_kept_or_not(cookie: str, code: str, message: str, kept: tuple[str, ...]) -> None:
    with responder(Site(setting(cookie))) as peer:
        resolve = (("shop.test", peer.port, peer.host),)
        exchange = send(HttpRequest(f"http://shop.test:{peer.port}/", cookies=kept, resolve=resolve))
    assert notes(exchange) == [(code, message)]


@pytest.mark.parametrize(
    "cookie",
    ["a=1", "a=1; Secure", "a=; Max-Age=0", "a=1; Domain=localhost; Path=/", "a=1; SameSite=None; Secure", "__Host-a=1; Secure; Path=/",
     "a=deleted; Expires=Sun, 06 Nov 2005 08:49:37 GMT", "a=1; Expires=Fri, 31-Dec-60 23:59:59 GMT"],
)  # fmt: skip
def test_no_false_alarm(cookie: str) -> None:
    with responder(Site(setting(cookie))) as peer:
        assert notes(send(HttpRequest(f"http://localhost:{peer.port}/", ipv4=True))) == []


def test_a_flood_of_refused_ones_is_counted() -> None:
    with responder(Site(setting(*(f"c{number}=1; Domain=x.com" for number in range(50))))) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/"))
    assert [code for code, _ in notes(exchange)] == ["cookie-refused"] * 6
    assert notes(exchange)[-1][1] == "45 more cookies of this answer are refused or doubtful"


def test_a_value_from_the_jar_is_masked_everywhere(tmp_path: Path, nginx: Nginx) -> None:
    jar = tmp_path / "jar"
    jar.write_text(f"{nginx.host}\tFALSE\t/\tFALSE\t0\tsid\tc00kie-c00kie\n")
    exchange = send(HttpRequest(nginx.url("/echo"), cookies=(str(jar),), wire=1 << 20))
    assert exchange.response
    assert exchange.response.body
    assert b"c00kie-c00kie" in exchange.response.body.data
    assert "c00kie-c00kie" not in repr(document(masked(exchange)))


@pytest.mark.parametrize("write", [lambda path: path.write_text("x.test\tFALSE\t/\tFALSE\t0\ta\t1\n")])
def test_a_retry_reads_the_file_again(write: Callable[[Path], object], tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    write(jar)
    site = Site("HTTP/1.1 503 Later")
    with responder(site) as peer:
        resolve = (("x.test", peer.port, peer.host),)
        send(HttpRequest(f"http://x.test:{peer.port}/", cookies=(str(jar),), resolve=resolve, retry=1, retry_delay=0.0))
    assert site.cookies == ["a=1", "a=1"]


def test_cookies_over_tls_and_http2(nginx: Nginx, ca: Authority, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    jar.write_text("localhost\tFALSE\t/\tTRUE\t0\ts\t1\nlocalhost\tFALSE\t/echo\tFALSE\t0\tp\t2\n")
    exchange = send(HttpRequest(nginx.https("/echo"), cookies=(str(jar),), cacert=str(ca.root)))
    assert exchange.error is None
    assert [value for name, value in exchange.request.fields if name.lower() == "cookie"] == ["p=2; s=1"]


@pytest.mark.parametrize(("scheme", "sent"), [("https", ["s=1"]), ("http", [None])])
def test_a_secure_cookie_never_goes_without_tls(scheme: str, sent: list[str | None], ca: Authority, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    jar.write_text("good.test\tFALSE\t/\tTRUE\t0\ts\t1\n")
    site = Site()
    with responder(over_tls(ca.good, site) if scheme == "https" else site) as peer:
        resolve = (("good.test", peer.port, peer.host),)
        send(HttpRequest(f"{scheme}://good.test:{peer.port}/", cookies=(str(jar),), resolve=resolve, insecure=True))
    assert site.cookies == sent


def test_the_cookies_of_one_answer_are_bounded() -> None:
    site = Site(setting(*(f"c{number}=1" for number in range(240)), to="/next"))
    with responder(site) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/", cookies=("",), location=True))
    assert site.cookies[1] is not None
    assert len(site.cookies[1].split("; ")) == 150
    assert notes(exchange) == [("cookie-refused", "40 more cookies of this answer are refused or doubtful")]


def test_cookies_from_standard_input_go_with_each_of_a_series() -> None:
    heard: list[bytes] = []
    answer = say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    with responder(script(hear(b"\r\n\r\n", heard), answer)) as peer:
        words = ("http", f"http://{peer.host}:{peer.port}/", "-b", "-", "--repeat", "3", "--json")
        child.run(*words, input=b"127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t\xff\n", check=True)
    assert [b"\r\nCookie: a=\xff\r\n" in each for each in heard] == [True, True, True]
