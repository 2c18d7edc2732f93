"""Whatever way a credential was given, and wherever an answer leads: at another origin nothing of it ever arrives."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from peers.ca import Authority
from peers.http2 import Http2Peer
from peers.leaks import OK, Run, Site, leaks, moved, site
from peers.script import over_tls, responder

FIELDS = (
    "Authorization: Bearer", "authorization: x", "Proxy-Authorization: Basic", "X-Authorization:", "Authentication:", "Cookie: a=b; c=",
    "cookie:", "Cookie2:", "X-Api-Key:", "ApiKey:", "X-Goog-Api-Key:", "X-Access-Key:", "X-Auth:", "X-Auth-Key:", "X-Auth-Token:",
    "x_secret_token:", "Private-Token:", "X-AccessToken:", "X-CSRFToken:", "X-Amz-Security-Token:", "X-Client-Secret:", "X-Secret-Key:",
    "X-Password:", "X-Passwd:", "X-JWT:",
    "X-Key:", "X-Pwd:", "X-Passcode:", "DPoP:", "X-License-Key:",
    "X-Session-Id:", "X-Credentials:", "X-Hub-Signature:", "X-Forwarded-For-Whom: Bearer",
    "Referer: http://ann:pass@x.test/?token=", "X-Next: http://x.test/?a=b&api_key=",
)  # fmt: skip
OPTIONS: dict[str, tuple[str, ...]] = {
    **{f"-H {field}": ("-H", f"{field} hunter2-field".replace("= ", "=")) for field in FIELDS},
    "-H @FILE": ("-H", "@{folder}/fields"),
    "item": ("X-Api-Key:hunter2-item", "Authorization:Bearer hunter2-item"),
    "-u": ("-u", "ann:hunter2-user"),
    "--bearer": ("--bearer", "hunter2-bearer"),
    "-e": ("-e", "http://ann:hunter2-referer@x.test/"),
    "-b": ("-b", "a=1; sid=hunter2-cookie"),
    "-b FILE": ("-b", "{folder}/cookies"),
    "netrc": ("--netrc-file", "{folder}/netrc"),
    "netrc default": ("--netrc-file", "{folder}/default"),
    "session": ("--session", "one", "-u", "ann:hunter2-session", "-b", "a=hunter2-session", "-H", "X-Api-Key: hunter2-session"),
    "digest": ("--digest", "-u", "ann:hunter2-digest"),
    "sigv4": ("--aws-sigv4", "aws:amz:here:s3", "-u", "id:hunter2-aws", "-H", "X-Amz-Security-Token: hunter2-amz"),
    "curl's": ("--from-curl", "curl -L -u ann:hunter2-curl -b sid=hunter2-curl -H 'X-Auth-Token: hunter2-curl' {url}"),
}  # fmt: skip
DIGEST = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files that hold credentials."""
    files = {
        "fields": "X-Api-Key: hunter2-file\nAuthorization: Token hunter2-file\n",
        "cookies": "127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\thunter2-jar\n",
        "netrc": "machine 127.0.0.1 login ann password hunter2-netrc\nmachine a.test login ann password hunter2-netrc\n",
        "default": "default login ann password hunter2-netrc\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def words_of(name: str, first: Site, folder: Path) -> list[str]:
    words = [word.format(folder=folder, url=first.url) for word in OPTIONS[name]]
    return words if "--from-curl" in words else [first.url, *words]


@pytest.mark.parametrize("name", OPTIONS)
def test_no_credential_crosses(name: str, run: Run, folder: Path) -> None:
    """To another port, for every status, and back again: what was dropped does not return by itself."""
    for code in (301, 302, 303, 307, 308):
        with site() as first, site() as other:
            steps = [DIGEST] if name == "digest" else []
            first.answers = [*steps, moved("/here"), moved(other.url, code), OK]
            other.answers = [DIGEST, OK] if name == "digest" else [moved("/there", 307), moved(first.url, code)]
            ended = run("http", "--json", "-L", *words_of(name, first, folder))
            document = json.loads(ended.out)
        own = first.requests[: len(steps) + 2]
        assert leaks(own[-1]) or name == "digest"
        assert leaks(other.heard) == []
        if "session" not in name and name != "-b FILE":  # a jar has its cookies for their own origin, whoever leads there
            assert leaks(b"".join(first.requests[len(own) :])) == []
        if name != "digest":
            assert len(other.requests) == 2
            assert [note["code"] for note in document["notes"]].count("credentials-dropped") >= (name != "-b FILE")
        if name.partition(":")[0] not in UNMASKED:
            assert leaks(ended.all) == []


# Fields that are held back to be safe, although by their names they are none that is masked (contract, section 3).
UNMASKED = {
    f"-H {name}"
    for name in (
        "Authentication", "Cookie2", "X-Access-Key", "X-Auth", "X-Auth-Key", "X-Secret-Key", "X-JWT",
        "X-Key", "X-Pwd", "X-Passcode", "DPoP", "X-License-Key", "X-Session-Id", "X-Credentials",
        "X-Hub-Signature", "X-Forwarded-For-Whom",
    )
}  # fmt: skip

GIVEN = ("-H", "X-Api-Key: hunter2-key", "-b", "sid=hunter2-cookie", "--bearer", "hunter2-bearer", "-e", "http://a:hunter2-ref@z/")
SAME = ("http://A.TEST:{port}/", "http://a%2etest:{port}/", "http://b.test%23@a.test:{port}/", "//a.test:{port}/x", "?x", "x/../y", "#x")
AWAY = (
    "http://b.test:{port}/", "//b.test:{port}/x", "HTTP://B.test:{port}/", "\thttp://b.test:{port}/", "http://user@b.test:{port}/",
    "http://a.test@b.test:{port}/", "http://a.test:{port}@b.test:{port}/", "http://:@b.test:{port}/", "http://sub.a.test:{port}/",
    "http://a.test.:{port}/", "http://a.test%2e:{port}/", "http://xn--a.test:{port}/", "http://2130706433:{port}/", "http://0x7f.1:{port}/",
    "http://0177.0.0.1:{port}/", "http://127.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://localhost:{port}/",
)  # fmt: skip
NOWHERE = (
    "http:\\\\b.test:{port}/", "http://b.test:{port}\\@a.test:{port}/", "http://a.test:{port}\\@b.test:{port}/", "http:b.test",
    "http:/b.test",
    "http:///b.test:{port}/", "///b.test:{port}/", "http://b.test%00.a.test:{port}/", "http://b.test%2fa.test:{port}/",
    "http://a.test:+{port}/", "http://a.test:{port},b.test:{port}/", "file:///etc/passwd", "gopher://b.test:{port}/", "ftp://b.test/",
    "javascript:alert(1)", "data:,x",
)  # fmt: skip


@pytest.mark.parametrize(
    ("place", "arrives", "crosses"),
    [(p, True, False) for p in SAME] + [(p, True, True) for p in AWAY] + [(p, False, True) for p in NOWHERE],
)
def test_origins_by_every_spelling(place: str, arrives: bool, crosses: bool, run: Run) -> None:
    """All names lead to the one port: who is asked for tells origins apart, however it is written."""
    with site() as peer:
        names = ("a.test", "b.test", "sub.a.test", "a.test.", "xn--a.test", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost")
        resolved = itertools.chain(*(("--resolve", f"{name}:{peer.port}:127.0.0.1") for name in names))
        peer.answers = [moved(place.format(port=peer.port)), OK]
        ended = run("http", "--json", "-L", "--timeout=2s", *resolved, f"http://a.test:{peer.port}/d/", *GIVEN)
    assert (ended.code, len(peer.requests)) == ((0, 2) if arrives else (7, 1))
    assert bool(leaks(b"".join(peer.requests[1:]))) is not crosses
    assert leaks(ended.all) == []


@pytest.mark.parametrize("version", ["--http1.1", "--http2", "--http3-only"])
def test_no_version_carries_more(version: str, run: Run, ca: Authority, caddy: Http2Peer) -> None:
    """Out of TLS, which is another origin too; HTTP/3 has no way there."""
    with site() as other:
        away = f"https://localhost:{caddy.port}/away?{other.url}"
        ended = run("http", "--json", "-L", version, "--cacert", str(ca.root), away, *GIVEN)
    document = json.loads(ended.out)
    assert document["history"][0]["response"]["data"]["version"].startswith(f"HTTP/{version[6]}")
    assert leaks(other.heard) == leaks(ended.all) == []
    assert {"authorization", "cookie", "x-api-key", "referer"}.isdisjoint(document["request"]["headers"])
    assert "credentials-dropped" in [note["code"] for note in document["notes"]]


def test_into_tls_and_out_again(run: Run, ca: Authority, folder: Path) -> None:
    """The same host all the way, for which netrc has a password: it belongs to the first of the three origins."""
    with site() as first, site() as last:
        middle = Site(answers=[moved(last.url)])
        with responder(over_tls(ca.good, middle._handle)) as peer:
            first.answers = [moved(f"https://127.0.0.1:{peer.port}/")]
            ended = run("http", "--json", "-L", "--cacert", str(ca.root), first.url, *GIVEN[:4], "--netrc-file", str(folder / "netrc"))
    assert (ended.code, len(middle.requests), len(last.requests)) == (0, 1, 1)
    assert leaks(middle.heard) == leaks(last.heard) == leaks(ended.all) == []


def test_a_host_of_netrc_gets_its_own_password(run: Run, folder: Path) -> None:
    with site() as first, site() as other:
        first.answers = [moved(f"http://a.test:{other.port}/")]
        run("http", "-L", "--resolve", f"a.test:{other.port}:127.0.0.1", first.url, "--netrc-file", str(folder / "netrc"))
        assert leaks(other.heard)
        other.requests.clear()
        first.requests.clear()
        first.answers = [moved(f"http://default:{other.port}/")]
        run("http", "-L", "--resolve", f"default:{other.port}:127.0.0.1", first.url, "--netrc-file", str(folder / "default"))
        assert leaks(other.heard) == []
        assert other.requests


@pytest.mark.parametrize("field", ["Refresh: 0; url={}", "Link: <{}>; rel=preload", 'Alt-Svc: h2="{}"', "Content-Location: {}"])
def test_other_fields_lead_nowhere(field: str, run: Run) -> None:
    with site() as first, site() as other:
        first.answers = [OK.replace(b"\r\n", b"\r\n" + field.format(other.url).encode() + b"\r\n", 1)]
        assert run("http", "-L", first.url, *GIVEN).code == 0
    assert other.requests == []


def test_cookies_set_on_the_way_stay_where_they_were_set(run: Run, tmp_path: Path) -> None:
    jar = str(tmp_path / "jar")
    with site() as first, site() as other:
        first.answers = [moved(other.url, fields="Set-Cookie: sid=hunter2-set; Domain=127.0.0.1; Path=/\r\n"), OK]
        other.answers = [moved(first.url)]
        ended = run("http", "--json", "-L", "-c", jar, first.url)
        assert leaks(other.heard) == leaks(ended.all) == []
        assert leaks(first.requests[1])
        first.requests.clear()
        assert run("http", "--json", "-L", "-b", jar, first.url).code == 0
        assert leaks(first.requests[0])
        assert leaks(other.heard) == []
    assert (tmp_path / "jar").stat().st_mode & 0o777 == 0o600


def test_sessions_stay_at_their_origin(run: Run, tmp_path: Path) -> None:
    with site() as first, site() as other:
        run("http", "--session", "one", first.url, "-u", "a:hunter2-user", "-H", "X-Plain: hunter2-plain", "-b", "sid=hunter2-cookie")
        first.requests.clear()
        first.answers = [moved(other.url)]
        assert run("http", "-L", "--session", "one", first.url).code == 0
        assert leaks(first.heard)
        assert leaks(other.heard) == []
    (file,) = tmp_path.glob("config/rrcli/sessions/*/one.json")
    assert file.stat().st_mode & 0o777 == 0o600


REPEATED: dict[str, tuple[str, ...]] = {
    "retry": ("--retry", "2", "--retry-delay", "1ms"),
    "until": ("--until", "status == 200", "--every", "1ms"),
    "repeat": ("--repeat", "3"),
    "side by side": ("--repeat", "4", "--concurrency", "2"),
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_is_repeated_behind_a_redirect(name: str, run: Run) -> None:
    with site() as first, site(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", OK) as other:
        first.answers = [moved(other.url)]
        ended = run("http", "--json", "-L", *REPEATED[name], first.url, *GIVEN)
    assert len(other.requests) > 1
    assert leaks(other.heard) == leaks(ended.all) == []


def test_a_stream_that_is_taken_up_again(run: Run) -> None:
    """The first connection has events, the next one leads away, the third begins at the first server again."""
    stream = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nretry: 10\nid: 1\ndata: x\n\n"
    with site() as first, site(stream) as other:
        first.answers = [stream, moved(other.url)]
        ended = run("sse", "--json", "-L", "--reconnect=2", first.url, *GIVEN)
    assert (len(first.requests), len(other.requests)) == (3, 2)
    assert all(map(leaks, first.requests))
    assert leaks(other.heard) == leaks(ended.all) == []


@pytest.mark.parametrize("command", ["curl", "graphql", "sse"])
def test_the_other_commands(command: str, run: Run) -> None:
    with site() as first, site() as other:
        first.answers = [moved(other.url, 307)]
        ended = run(command, "-L", first.url, *(("{ a }",) if command == "graphql" else ()), *GIVEN)
    assert leaks(first.heard)
    assert len(other.requests) == 1
    assert leaks(other.heard) == leaks(ended.all) == []


def test_proxies_are_told_their_own_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with site() as proxy, site() as other:
        own = f"http://ann:hunter2-proxy@127.0.0.1:{proxy.port}"
        proxy.answers = [moved(other.url)]
        for words in (("--proxy", own, "--noproxy", "127.0.0.1"), ()):
            if not words:
                monkeypatch.setenv("http_proxy", own)
                monkeypatch.setenv("no_proxy", "127.0.0.1")
            assert run("http", "--json", "-L", *words, "http://h.test/").code == 0
            assert leaks(other.heard) == []
            assert b"Proxy-Authorization: Basic" in proxy.heard
            proxy.requests.clear()
        monkeypatch.delenv("http_proxy")
        ended = run("http", "--json", "-L", "--proxy", own, "https://h.test/", *GIVEN)  # a CONNECT's redirect is followed by nobody
        assert (ended.code, len(other.requests)) == (4, 2)
        assert leaks(ended.all) == []
        assert b"hunter2-key" not in proxy.heard


def test_trusted_is_the_exception(run: Run) -> None:
    with site() as first, site() as other:
        first.answers = [moved(other.url)]
        run("http", "--location-trusted", first.url, *GIVEN)
    assert all(secret in other.heard for secret in (b"hunter2-key", b"hunter2-cookie", b"hunter2-bearer", b"hunter2-ref"))


@pytest.mark.parametrize(("code", "crosses"), [(301, False), (302, False), (303, False), (307, True), (308, True)])
def test_content_crosses_only_where_the_status_says_so_and_is_noted(code: int, crosses: bool, run: Run) -> None:
    """As curl and browsers have it (RFC 9110 sections 15.4.8 and 15.4.9)."""
    with site() as first, site() as other:
        first.answers = [moved(other.url, code)]
        document = json.loads(run("http", "--json", "-L", first.url, "-d", "password=hunter2-form").out)
    assert bool(leaks(other.heard)) is crosses
    assert ("content-crossed" in [note["code"] for note in document["notes"]]) is crosses


def test_an_httpx_program() -> None:
    """Redirects are httpx's own there; what its exchanges show is ours."""
    import httpx

    import rrcli

    with site() as first, site() as other:
        first.answers = [moved(other.url)]
        transport = rrcli.RecordingTransport()
        with httpx.Client(transport=transport, follow_redirects=True, auth=("ann", "hunter2-auth")) as client:
            client.get(first.url)
    assert leaks(first.heard)
    assert leaks(other.heard) == []
    assert "hunter2" not in "".join(map(rrcli.render, transport.exchanges))
