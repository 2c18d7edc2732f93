"""Named sessions: what comes back with the next request, who may read the file, and where it is never sent."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from peers import child
from peers.exchange import json_of
from peers.httpbin import Httpbin
from peers.nginx import PASSWORD, USER, Nginx
from peers.script import hear, responder

from rrcli.adapters.http.request import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.values import Exchange

OTHERWISE = "a browser would send them, and so does --location-trusted"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the sessions of a test are kept."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "rrcli" / "sessions"


def field(exchange: Exchange, name: str) -> str | None:
    return next((value for key, value in exchange.request.fields if key == name), None)


class Site:
    """Answers everything with a plain 200 or what it was given; keeps what it heard."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.heard: list[bytes] = []

    def __call__(self, connection: Any) -> None:
        hear(b"\r\n\r\n", self.heard)(connection)
        connection.sendall(self.answers.pop(0) if self.answers else OK)


def test_cookies_credentials_and_fields_come_back(nginx: Nginx, home: Path) -> None:
    first = send(HttpRequest(nginx.url("/private"), "X-Tenant:red", user=f"{USER}:{PASSWORD}", cookies=("a=1",), session="me"))
    assert json_of(first) == {"user": USER}
    second = send(HttpRequest(nginx.url("/private"), session="me"))
    assert json_of(second) == {"user": USER}
    assert (field(second, "X-Tenant"), field(second, "Cookie")) == ("red", "a=1")
    path = home / f"127.0.0.1_{nginx.port}" / "me.json"
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent, home, home.parent, home.parent.parent)] == [0o600] + [
        0o700
    ] * 4
    assert [each.name for each in path.parent.iterdir()] == ["me.json"]
    stored = json.loads(path.read_text())
    assert stored["cookies"].pop()["name"] == "a"
    assert stored == {
        "schema": "rrcli.session/1",
        "origin": nginx.url("")[: len(nginx.url("/")) - 1],
        "auth": {"type": "basic", "user": f"{USER}:{PASSWORD}"},
        "headers": [["X-Tenant", "red"]],
        "cookies": [],
    }


def test_cookies_that_are_set_are_kept_and_deleted_ones_are_gone(httpbin: Httpbin) -> None:
    send(HttpRequest(httpbin.url("/cookies/set?a=1&b=2"), session="s"))
    assert json_of(send(HttpRequest(httpbin.url("/cookies"), session="s"))) == {"cookies": {"a": "1", "b": "2"}}
    send(HttpRequest(httpbin.url("/cookies/delete?a"), session="s"))
    assert json_of(send(HttpRequest(httpbin.url("/cookies"), session="s"))) == {"cookies": {"b": "2"}}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"bearer": "t0ken-t0ken"}, "Bearer t0ken-t0ken"),
        ({"user": "ann:pw-pw-pw"}, "Basic YW5uOnB3LXB3LXB3"),
    ],
)
def test_the_command_line_wins_and_is_kept(given: dict[str, str], shown: str, nginx: Nginx) -> None:
    send(HttpRequest(nginx.url("/echo"), "X-A:1", "X-B:2", user="old:old-old", session="s"))
    changed = send(HttpRequest(nginx.url("/echo"), "x-a:3", "X-B:", session="s", **given))
    again = send(HttpRequest(nginx.url("/echo"), session="s"))
    for exchange in (changed, again):
        assert (field(exchange, "Authorization"), field(exchange, "x-a"), field(exchange, "X-B")) == (shown, "3", None)


def test_digest_is_kept(httpbin: Httpbin) -> None:
    url = httpbin.url("/digest-auth/auth/ann/pw-pw-pw")
    assert json_of(send(HttpRequest(url, user="ann:pw-pw-pw", digest=True, session="s")))["authenticated"] is True
    assert json_of(send(HttpRequest(url, session="s")))["authenticated"] is True


def test_fields_of_one_request_are_not_kept(nginx: Nginx) -> None:
    options: dict[str, Any] = {"headers": ("Host: other.test", "If-None-Match: x", "Range: bytes=0-1"), "idempotency_key": "k"}
    send(HttpRequest("POST", nginx.url("/echo"), "Content-Type:text/x", "a=1", session="s", **options))
    plain = send(HttpRequest(nginx.url("/echo")))
    assert send(HttpRequest(nginx.url("/echo"), session="s")).request.fields == plain.request.fields


def test_read_only_changes_nothing(httpbin: Httpbin, home: Path) -> None:
    send(HttpRequest(httpbin.url("/cookies/set?a=1"), session="s"))
    path = next(home.rglob("s.json"))
    before = path.read_bytes()
    exchange = send(HttpRequest(httpbin.url("/cookies/set?b=2"), session_read_only="s", location=True, bearer="x-x-x-x"))
    assert json_of(exchange) == {"cookies": {"a": "1", "b": "2"}}
    assert path.read_bytes() == before
    send(HttpRequest(httpbin.url("/cookies"), session_read_only="new"))
    assert not list(home.rglob("new.json"))


def test_a_path_is_a_session_too(httpbin: Httpbin, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "mine.json"
    send(HttpRequest(httpbin.url("/cookies/set?a=1"), session=str(path)))
    assert json_of(send(HttpRequest(httpbin.url("/cookies"), session=str(path)))) == {"cookies": {"a": "1"}}


def test_it_is_refused_to_another_origin(nginx: Nginx, httpbin: Httpbin, tmp_path: Path) -> None:
    path = str(tmp_path / "mine.json")
    send(HttpRequest(httpbin.url("/"), session=path))
    with pytest.raises(ExchangeError) as caught:
        send(HttpRequest(nginx.url("/"), session=path))
    assert caught.value.layer == "usage"
    message = f"the session {path} belongs to http://{httpbin.address}, and this goes to http://{nginx.address}"
    assert caught.value.message == message


def test_names_are_apart_for_each_host_and_port(nginx: Nginx, httpbin: Httpbin, home: Path) -> None:
    send(HttpRequest(httpbin.url("/"), "X-A:1", session="s"))
    assert field(send(HttpRequest(nginx.url("/echo"), session="s")), "X-A") is None
    assert sorted(path.parent.name for path in home.rglob("s.json")) == sorted(f"127.0.0.1_{peer.port}" for peer in (nginx, httpbin))


def test_nothing_of_it_crosses_on_a_redirect() -> None:
    other = Site()
    with responder(other) as there:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://{there.host}:{there.port}/\r\nContent-Length: 0\r\n\r\n".encode()
        with responder(Site(OK, moved)) as peer:
            url = f"http://{peer.host}:{peer.port}/"
            send(HttpRequest(url, "X-Tenant:red", bearer="t0ken-t0ken", cookies=("a=c00kie",), session="s"))
            exchange = send(HttpRequest(url, session="s", location=True))
    assert len(other.heard) == 1
    assert [secret for secret in (b"red", b"t0ken-t0ken", b"c00kie") if secret in other.heard[0]] == []
    assert [note.message for note in exchange.notes] == [
        f"Authorization not sent to http://{there.host}:{there.port}, another origin than http://{peer.host}:{peer.port}",
        f"X-Tenant of the session not sent to http://{there.host}:{there.port}, another origin",
        f"a not sent to http://{there.host}:{there.port}: cookies stay at the scheme and port they came from; {OTHERWISE}",
    ]


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a b", "a\nb", "é", "x" * 101])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ExchangeError, match="is no name"):
        send(HttpRequest("http://127.0.0.1:1/", session=name))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("[]", "its schema is not rrcli.session/1"),
        ('{"schema": "rrcli.session/1"}', "auth is missing"),
        ('{"schema": "rrcli.session/1", "auth": {"type": "magic"}}', "auth.type is not one of basic, digest, bearer"),
        ('{"schema": "rrcli.session/1", "auth": {"type": "bearer", "token": "a\\r\\nb"}}',
         "auth.token is no text, or holds a control character"),
        ('{"schema": "rrcli.session/1", "auth": null, "headers": [["a"]]}', "headers is not a list of pairs"),
        ('{"schema": "rrcli.session/1", "auth": null, "headers": [], "cookies": [{}]}', "expires is missing"),
    ],
)  # fmt: skip
def test_a_broken_file_is_told_before_anything_is_sent(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(text)
    done = child.run("http", "--session", str(path), "http://127.0.0.1:1/", text=True)
    assert done.returncode == 9
    assert done.stderr.startswith(f"rrcli: the session {path} is broken: " + ("" if not text else why))
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(ExchangeError) as caught:
        send(HttpRequest("http://127.0.0.1:1/", session="s"))
    assert (caught.value.layer, caught.value.kind) == ("local", "output")
    assert caught.value.message == f"cannot make the folder {tmp_path}/file: a file of that name is in its place"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")
def test_a_home_that_may_not_be_written() -> None:
    words = [sys.executable, "-m", "rrcli", "http", "--session", "s", "http://127.0.0.1:1/"]
    environ = {"PATH": os.environ["PATH"], "HOME": "/", "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", *words],
        env=environ, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "No module" in done.stderr or "Permission denied" in done.stderr.partition("rrcli:")[0]:
        pytest.skip("nobody may not read this Python")
    assert (done.returncode, done.stderr) == (9, "rrcli: cannot make the folder /.config: permission denied\n")


def test_two_runs_at_once_lose_nothing(httpbin: Httpbin) -> None:
    runs = [threading.Thread(target=send, args=(HttpRequest(httpbin.url(f"/cookies/set?c{n}=1"), session="s"),)) for n in range(8)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    kept = json_of(send(HttpRequest(httpbin.url("/cookies"), session="s")))["cookies"]
    assert sorted(kept) == [f"c{n}" for n in range(8)]


def test_the_document_shows_no_secret_of_it(nginx: Nginx) -> None:
    send(HttpRequest(nginx.url("/echo"), "X-Api-Key:k3y-k3y-k3y", user="ann:pw-pw-pw", cookies=("sid=c00kie",), session="s"))
    done = child.run("http", "--session", "s", nginx.url("/echo"), "--json", "--wire", text=True, check=True)
    assert [secret for secret in ("k3y-k3y-k3y", "pw-pw-pw", "c00kie", "YW5uOnB3LXB3LXB3") if secret in done.stdout + done.stderr] == []


@pytest.mark.parametrize("options", [{"session": "me"}, {"cookie_jar": "jar", "cookies": ("jar",)}])
def test_cookies_without_end_leave_a_file_that_can_be_read(
    options: dict[str, Any], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rrcli.base.privatefile.LARGEST", 20_000)
    monkeypatch.chdir(tmp_path)
    answers = []
    for number in range(3):
        cookies = "".join(f"Set-Cookie: c{number}-{each}={'é' * 400}\r\n" for each in range(12))
        answers.append(f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{cookies}\r\n".encode())
    site = Site(*answers)
    with responder(site) as peer:
        for _ in range(4):
            assert send(HttpRequest(f"http://127.0.0.1:{peer.port}/", **options)).error is None
    (path,) = [tmp_path / "jar"] if "cookie_jar" in options else home.rglob("*.json")
    assert 10_000 < path.stat().st_size <= 20_000
    text = path.read_text()
    assert ("c2-11" in text, "c0-0" in text) == (True, False)
