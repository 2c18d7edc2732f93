"""Authentication: digest against httpbin, netrc, AWS signatures against published vectors and curl, tokens that have expired."""

from __future__ import annotations

import shutil
import subprocess
import time
from base64 import urlsafe_b64encode
from json import dumps
from pathlib import Path
from typing import Any

import pytest
from peers.httpbin import Httpbin
from peers.script import Handler, hear, responder, say, script

from rrcli.adapters.http.curl.exported import as_command
from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.prepare.netrc import from_netrc
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.http.prepare.sign import sign
from rrcli.adapters.http.request import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.model.document import document
from rrcli.model.values import Exchange
from rrcli.policy.redact import masked

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
KEY, SECRET, STAMP = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830T123600Z"


def heard_by(url: str, *words: str, **options: Any) -> tuple[Exchange, bytes]:
    heard: list[bytes] = []
    steps: list[Handler] = [hear(b"\r\n\r\n", heard), say(OK)]
    with responder(script(*steps)) as peer:
        exchange = send(HttpRequest(*words, url.format(f"{peer.host}:{peer.port}"), **options))
    return exchange, heard[0] if heard else b""


def field(heard: bytes, name: str) -> str | None:
    for line in heard.decode().split("\r\n")[1:]:
        key, _, value = line.partition(": ")
        if key.lower() == name:
            return value
    return None


# --- digest


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512"])
def test_a_digest_challenge_is_met(algorithm: str, httpbin: Httpbin) -> None:
    url = httpbin.url(f"/digest-auth/auth/ann/sesame/{algorithm}/never")
    exchange = send(HttpRequest(url, user="ann:sesame", digest=True, user_agent="UA"))
    assert exchange.error is None
    assert [(hop.why, hop.response and hop.response.status.code) for hop in exchange.history] == [("auth", 401)]
    assert as_command(exchange).startswith('curl --digest -u ann:"$HTTP_PASSWORD" -A UA http://')


def test_a_wrong_password_fails_after_one_more_try(httpbin: Httpbin) -> None:
    exchange = send(HttpRequest(httpbin.url("/digest-auth/auth/ann/right"), user="ann:wrong", digest=True))
    assert exchange.response is not None
    assert exchange.response.status.code == 401
    assert len(exchange.history) == 1


def test_a_digest_needs_a_user() -> None:
    with pytest.raises(ExchangeError, match="--digest takes its user and password from -u"):
        send(HttpRequest("http://127.0.0.1:1/", digest=True))


# --- netrc


@pytest.fixture
def netrc(tmp_path: Path) -> Path:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login ann password s3cr3t\nmachine a.test login bob password other\n")
    file.chmod(0o600)
    return file


def test_netrc_is_read_when_asked(netrc: Path) -> None:
    exchange, heard = heard_by("http://{}/", netrc_file=str(netrc))
    assert field(heard, "authorization") == "Basic YW5uOnMzY3IzdA=="
    assert exchange.notes == ()


def test_netrc_is_matched_on_the_parsed_host(netrc: Path) -> None:
    _, heard = heard_by("http://{}/?a.test", netrc_file=str(netrc), headers=("Host: a.test",))
    assert field(heard, "authorization") == "Basic YW5uOnMzY3IzdA=="


def test_the_command_line_wins_over_netrc(netrc: Path) -> None:
    assert field(heard_by("http://{}/", netrc_file=str(netrc), user="eve:x")[1], "authorization") == "Basic ZXZlOng="
    assert field(heard_by("http://eve:x@{}/", netrc_file=str(netrc))[1], "authorization") == "Basic ZXZlOng="
    assert field(heard_by("http://{}/", netrc_file=str(netrc), bearer="t")[1], "authorization") == "Bearer t"


def test_netrc_is_not_read_unless_asked(netrc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc.rename(netrc.parent / ".netrc")
    monkeypatch.setenv("HOME", str(netrc.parent))
    assert field(heard_by("http://{}/")[1], "authorization") is None
    assert field(heard_by("http://{}/", netrc=True)[1], "authorization") == "Basic YW5uOnMzY3IzdA=="


def of_netrc(netrc: Path, text: str, host: str = "a.test", login: str | None = None, *, default: bool = True) -> tuple[str, str] | None:
    netrc.write_text(text)
    return from_netrc(HttpRequest("http://a.test/", netrc_file=str(netrc)), host, login, default=default)


@pytest.mark.parametrize(
    ("text", "login", "expected"),
    [
        ("machine a.test login carol password c1 machine a.test login alice password a1", None, ("carol", "c1")),
        ("machine a.test login carol password c1\nmachine a.test login alice password a1", "alice", ("alice", "a1")),
        ("machine a.test login carol password c1\nmachine a.test login alice password a1", "eve", None),
        ("machine A.Test\nlogin\nbob\npassword\npw", None, ("bob", "pw")),
        ("machine a.test password p login b", None, ("b", "p")),
        ("machine a.test password only", None, ("", "only")),
        ("machine a.test password only", "bob", ("bob", "only")),
        ("machine a.test login first machine a.test login second password p", None, ("second", "p")),
        (r"machine a.test login bob password p\ss", None, ("bob", r"p\ss")),
        (r'machine a.test login bob password "p \"q\"\\\t#"', None, ("bob", 'p "q"\\\t#')),
        ("machine a.test login bob password #1 # the rest", None, ("bob", "#1")),
        ("# machine a.test login no password no\nmachine a.test login bob password pw", None, ("bob", "pw")),
        ("frob\nmachine a.test login bob password pw", None, ("bob", "pw")),
        ("macdef init\nmachine a.test login no password no\n\nmachine a.test login bob password pw", None, ("bob", "pw")),
        ("machine a.test login bob password pw\nmacdef init\ncd /x", None, ("bob", "pw")),
        ("machine a.test login bob account acc password pw", None, ("bob", "pw")),
        ("default login d password dp\nmachine a.test login bob password pw", None, ("bob", "pw")),
        ("default login d password dp", None, ("d", "dp")),
        ("machine default login d password dp", None, None),
        ("", None, None),
    ],
)
def test_entries_of_a_netrc(netrc: Path, text: str, login: str | None, expected: tuple[str, str] | None) -> None:
    assert of_netrc(netrc, text, login=login) == expected


def test_no_redirect_gets_the_default_of_a_netrc(netrc: Path) -> None:
    assert of_netrc(netrc, "default login d password dp", default=False) is None


def test_the_user_of_the_url_picks_the_password(netrc: Path) -> None:
    netrc.write_text("machine 127.0.0.1 login carol password c1\nmachine 127.0.0.1 login ann password a1\n")
    assert field(heard_by("http://ann@{}/", netrc_file=str(netrc))[1], "authorization") == "Basic YW5uOmEx"
    assert field(heard_by("http://eve@{}/", netrc_file=str(netrc))[1], "authorization") == "Basic ZXZlOg=="


def test_a_word_that_is_passed_over_is_noted_and_not_shown(netrc: Path) -> None:
    netrc.write_text("machine 127.0.0.1\nlogin ann password s3cr3t horse\n")
    exchange, heard = heard_by("http://{}/", netrc_file=str(netrc))
    assert field(heard, "authorization") == "Basic YW5uOnMzY3IzdA=="
    message = f"{netrc}, line 2: a word that is no keyword is passed over; a password with a blank needs quotes"
    assert [(note.code, note.message) for note in exchange.notes] == [("netrc-word", message)]


def test_a_netrc_that_others_can_read_is_noted(netrc: Path) -> None:
    netrc.chmod(0o644)
    exchange, _ = heard_by("http://{}/", netrc_file=str(netrc))
    assert [(note.code, note.message) for note in exchange.notes] == [
        ("netrc-readable", f"{netrc} can be read by others (mode 644): chmod 600 it")
    ]


def test_a_netrc_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="no such file") as caught:
        send(HttpRequest("http://127.0.0.1:1/", netrc_file=str(tmp_path / "none")))
    assert caught.value.layer == "local"


# --- AWS


def signature(*words: str, **options: Any) -> str:
    request = HttpRequest(*words, user=f"{KEY}:{SECRET}", aws_sigv4="aws:amz:us-east-1:service", user_agent="", **options)
    asked = prepare(HopState(options=request), "id")
    kept = tuple(pair for pair in asked.fields if pair[0].lower() in ("host", "content-type"))
    return dict(sign(asked.replace(fields=kept), "aws:amz:us-east-1:service", STAMP).fields)["Authorization"].rpartition("=")[2]


@pytest.mark.parametrize(
    ("words", "options", "expected"),
    [
        (("GET", "https://example.amazonaws.com/"), {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (("POST", "https://example.amazonaws.com/"), {}, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            ("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1"),
            {},
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            ("POST", "https://example.amazonaws.com/"),
            {"data": (("--data-raw", "Param1=value1"),), "headers": ("Content-Type: application/x-www-form-urlencoded",)},
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "get-vanilla-query-order-key-case", "post-x-www-form-urlencoded"],
)
def test_the_published_vectors_of_sigv4(words: tuple[str, ...], options: dict[str, Any], expected: str) -> None:
    assert signature(*words, **options) == expected


def test_curl_signs_alike() -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    scope = "aws:amz:us-east-1:service"
    heard: list[bytes] = []
    with responder(script(hear(b"\r\n\r\n", heard), say(OK))) as peer:
        url = f"http://{peer.host}:{peer.port}/"
        subprocess.run(["curl", "-s", "--aws-sigv4", scope, "-u", f"{KEY}:{SECRET}", url], check=True, timeout=10, capture_output=True)
    asked = prepare(HopState(options=HttpRequest(url, user=f"{KEY}:{SECRET}", aws_sigv4=scope)), "id")
    ours = dict(sign(asked, scope, field(heard[0], "x-amz-date")).fields)
    assert ours["Authorization"] == field(heard[0], "authorization")


def test_the_secret_key_shows_nowhere() -> None:
    exchange, heard = heard_by("http://{}/", user=f"{KEY}:{SECRET}", aws_sigv4="aws:amz:us-east-1:s3")
    assert SECRET.encode() not in heard
    assert SECRET in exchange.secrets
    assert "--aws-sigv4 aws:amz:us-east-1:s3 -u AKIDEXAMPLE:" in as_command(exchange)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])  # an address has no labels
def test_region_and_service_have_to_be_known(host: str) -> None:
    with pytest.raises(ExchangeError, match="does not tell region and service"):
        send(HttpRequest(f"http://{host}/", user="a:b", aws_sigv4="aws:amz"))


# --- tokens


def token(**claims: object) -> str:
    pieces = [urlsafe_b64encode(dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims)]
    return ".".join([*pieces, "c2ln"])


@pytest.mark.parametrize("how", ["bearer", "field"])
def test_an_expired_token_is_noted_and_not_shown(how: str) -> None:
    expired = token(sub="ann-the-secret", exp=int(time.time()) - 3 * 86400 - 60)
    options: dict[str, Any] = {"bearer": expired} if how == "bearer" else {"headers": (f"Authorization: Bearer {expired}",)}
    exchange, _ = heard_by("http://{}/", **options)
    assert [(note.code, note.message) for note in exchange.notes] == [
        ("token-expired", "the bearer token's exp passed 3 days ago: get a new one")
    ]
    assert expired not in str(document(masked(exchange)))


@pytest.mark.parametrize("value", [token(exp=4_000_000_000), token(exp="soon"), token(exp=True), token(), "a.b.c", "opaque", "a.!!.c"])
def test_other_tokens_are_not(value: str) -> None:
    assert heard_by("http://{}/", bearer=value)[0].notes == ()


def test_bearer_and_digest_exclude_each_other() -> None:
    with pytest.raises(ExchangeError, match="--bearer and --digest exclude each other"):
        send(HttpRequest("http://127.0.0.1:1/", digest=True, bearer="x"))


# --- the command


@pytest.mark.parametrize(
    ("words", "options", "expected"),
    [
        (("GET", "http://{}/x?y=1"), {}, "curl -A UA 'http://{}/x?y=1'"),
        (("HEAD", "http://{}/"), {}, "curl -I -A UA http://{}/"),
        (("http://{}/",), {"bearer": "t0ken"}, """curl -A UA -H 'Authorization: Bearer '"$HTTP_TOKEN" http://{}/"""),
        (("http://{}/",), {"user": "ann:pw-pw"}, """curl -u ann:"$HTTP_PASSWORD" -A UA http://{}/"""),
        (("http://{}/",), {"headers": ("X-Api-Key: k3y-k3y",)}, """curl -A UA -H 'X-Api-Key: '"$HTTP_X_API_KEY" http://{}/"""),
        (("http://{}/",), {"data": (("-d", "a='b'"),)}, """curl -A UA --data-raw 'a='\\''b'\\''' http://{}/"""),
        (("http://{}/",), {"method": "PUT", "http10": True}, "curl --http1.0 -X PUT -A UA http://{}/"),
        (("http://{}/?api_key=k3y-k3y",), {}, """curl -A UA 'http://{}/?api_key='"$HTTP_URL_SECRET\""""),
    ],
)
def test_the_curl_command(words: tuple[str, ...], options: dict[str, Any], expected: str) -> None:
    heard: list[bytes] = []
    with responder(script(hear(b"\r\n\r\n", heard), say(OK))) as peer:
        place = f"{peer.host}:{peer.port}"
        exchange = send(HttpRequest(*[word.format(place) for word in words], user_agent="UA", **options))
    assert as_command(exchange) == expected.format(place)


def test_curl_sends_the_same() -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    heard: list[bytes] = []
    with responder(script(hear(b'"b"}', heard), say(OK))) as peer:
        exchange = send(HttpRequest(f"http://{peer.host}:{peer.port}/x?y=[1]", "a=b", "X-One:it's", "X-Empty;", user="ann:pa$$ w"))
        command = as_command(exchange)
        subprocess.run(
            ["sh", "-c", command], check=True, timeout=10, env={"HTTP_PASSWORD": "pa$$ w", "PATH": "/usr/bin:/bin"}, capture_output=True
        )
    ours, theirs = (sorted(line.strip() for line in part.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")) for part in heard)
    assert ours == theirs
