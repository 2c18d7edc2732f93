"""`--format curl`: the command sends what the exchange sent, and `rrcli` reads it back."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peers.base import need
from peers.recorder import parts, recorder

from rrcli.__main__ import main
from rrcli.adapters.http.curl.exported import as_command
from rrcli.adapters.http.curl.options import asked_words
from rrcli.adapters.http.request import HttpRequest
from rrcli.adapters.tcp.shell import printf
from rrcli.base import __version__
from rrcli.base.shellquote import quoted
from rrcli.engine.send import send

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABC-", min_size=1, max_size=8).map(lambda text: f"X-{text}x")
VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=20).map(
    lambda text: "v" + "".join([letter for letter in text if not 0x7F <= ord(letter) < 0xA0]).strip()
)
CONTENT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=40)
REQUESTS = st.fixed_dictionaries(
    {
        "headers": st.lists(st.tuples(TOKEN, VALUE).map(": ".join), max_size=4, unique_by=lambda line: line.lower()).map(tuple),
        "data": st.none() | CONTENT.map(lambda text: (("--data-raw", text),)),
        "method": st.none() | st.sampled_from(["PUT", "DELETE", "QUERY"]),
    },
    optional={
        "user_agent": st.sampled_from(["", "a b", "it's"]),
        "cookies": st.just(("a=1; b=2",)),
        "range": st.just("0-9"),
        "compressed": st.just(True),
        "referer": st.just("http://a.test/'x'"),
        "request_target": st.just("*"),
    },
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(REQUESTS)
def test_the_command_sends_the_same(options: dict[str, Any]) -> None:
    need("curl")
    with recorder() as peer:
        request = HttpRequest(f"http://127.0.0.1:{peer.port}/a%20b?c=d&e={{x}}", **{key: value for key, value in options.items() if value})
        exchange = send(request)
        ours = peer.take()
        command = as_command(exchange.replace(secrets=()), request)
        secrets = {"HTTP_COOKIE": "1", "HTTP_COOKIE_2": "2"}
        subprocess.run(["bash", "-c", f"{command} -q -s -o /dev/null"], check=True, env=secrets, timeout=10)
        assert parts(peer.take()) == parts(ours), command
        for name, value in secrets.items():
            command = command.replace(f'"${name}"', value)
        assert main(["http", "--from-curl", command, "-q"]) == 0
        assert parts(peer.take()) == parts(ours), command


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("plain-1.0_/:@%+,=", "plain-1.0_/:@%+,="),
        ("", "''"),
        ("a b", "'a b'"),
        ("it's", "'it'\\''s'"),
        ("a\nb\t'\\\r\x01\x7fé", "$'a\\nb\\t\\'\\\\\\r\\x01\\x7fé'"),
        ("$HOME `x` !", "'$HOME `x` !'"),
    ],
)
def test_words_are_quoted_for_bash(word: str, shown: str) -> None:
    assert quoted(word) == shown
    printed = subprocess.run(["bash", "-c", f"printf %s {shown}"], capture_output=True, check=True).stdout
    assert printed == word.encode()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ""),
        (
            {"timeout": 2.5, "connect_timeout": 1.0, "retry": 2, "retry_max_time": 9.0},
            "-m 2.5 --connect-timeout 1 --retry 2 --retry-max-time 9",
        ),
        ({"ipv4": True}, "-4"),
        ({"ipv6": True}, "-6"),
        ({"resolve": (("a.test", 443, "::1"),)}, "--resolve 'a.test:443:[::1]'"),
        ({"connect_to": (("a.test", None, "::1", 81),)}, "--connect-to 'a.test::[::1]:81'"),
        ({"interface": "eth0", "unix_socket": "/run/x y"}, "--interface eth0 --unix-socket '/run/x y'"),
        ({"proxy": "p:3128", "proxytunnel": True}, "-p -x http://p:3128"),
        ({"proxy": "socks5h://ann:geheim@s:1", "no_proxy": "b.test"}, '--noproxy b.test -x socks5h://s:1 -U ann:"$PROXY_PASSWORD"'),
        (
            {"cacert": "ca.pem", "cert": "c.pem", "key": "k.pem", "key_password": "geheim"},
            '--cacert ca.pem -E c.pem --key k.pem --pass "$KEY_PASSWORD"',
        ),
        ({"tls_min": "1.2", "tls_max": "1.3"}, "--tls-max 1.3 --tlsv1.2"),
        ({"https_only": True, "limit_rate": 1000, "max_redirects": 3}, "--max-redirs 3 --limit-rate 1000 --proto =https"),
    ],
)
def test_what_no_exchange_shows_is_in_the_command(options: dict[str, Any], words: str) -> None:
    assert " ".join(asked_words(HttpRequest("http://a.test/", **options))) == words


def test_a_large_content_goes_without_asking() -> None:
    with recorder() as peer:
        exchange = send(HttpRequest(f"http://127.0.0.1:{peer.port}/", data=(("-d", "x" * (1 << 20)),)))
    assert "-H Expect: --data-raw xxx" in as_command(exchange)


def test_on_the_command_line_it_has_the_limits_too(capfd: pytest.CaptureFixture[str]) -> None:
    with recorder() as peer:
        url = f"http://127.0.0.1:{peer.port}/"
        assert main(["http", url, "--format", "curl", "-m", "3", "-A", "x"]) == 0
    assert capfd.readouterr().out == f"curl -m 3 -A x {url}\n"


# --- what was asked, whether or not it was used


def command_of(*words: str, show_secrets: bool = False, **options: Any) -> str:
    """The command for a request that is not sent, without what it begins with and the URL."""
    request = HttpRequest("http://a.test/", *words, offline=True, user_agent="", headers=("Accept:",), **options)
    line = as_command(send(request), request, show_secrets=show_secrets)
    return line.removeprefix("curl ").removesuffix(" http://a.test/").replace("-H User-Agent: -H Accept:", "").strip()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"insecure": True}, "-k"),
        ({"location": True}, "-L"),
        ({"location_trusted": True}, "--location-trusted"),
        ({"digest": True, "user": "ann:pw"}, '--digest -u ann:"$HTTP_PASSWORD"'),
        ({"netrc": True}, "-n"),
        ({"parts": (("-F", "f=@d.json"), ("-F", "password=x"))}, '-F f=@d.json -F password="$HTTP_SECRET"'),
        ({"data": (("--data-binary", "@d.json"),)}, "--data-binary @d.json"),
        ({"data": (("-d", "@d.json"), ("--data-urlencode", "x@d.json"))}, "-d @d.json --data-urlencode x@d.json"),
        ({"data": (("-d", "a=1"),)}, "--data-raw a=1"),
        ({"request_target": "/x?token=SECRET"}, "--request-target '/x?token='\"$HTTP_URL_SECRET\""),
    ],
)
def test_what_was_asked_is_in_the_command(options: dict[str, Any], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "d.json").write_bytes(b"{}")
    assert command_of(**options) == expected


def test_items_with_a_file_are_a_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a;b".txt').write_bytes(b"x")
    assert command_of("a=x", 'f@a;b".txt;type=x/y') == r"""--form-string a=x -F 'f=@"a;b\".txt";type=x/y'"""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"user": "ann:pw"}, "-u ann:pw"),
        ({"bearer": "tok"}, "-H 'Authorization: Bearer tok'"),
        ({"cookies": ("sid=abc",)}, "-H 'Cookie: sid=abc'"),
        ({"data": (("-d", "token=s3kr1t"),)}, "--data-raw token=s3kr1t"),
        ({"request_target": "/x?token=s3kr1t"}, "--request-target '/x?token=s3kr1t'"),
        ({"proxy": "http://me:pw@p.test:1"}, "-x http://p.test:1 -U me:pw"),
    ],
)
def test_secrets_are_in_the_command_where_they_may_be_shown(options: dict[str, Any], expected: str) -> None:
    assert command_of(show_secrets=True, **options) == expected
    secret = expected.rpartition(":")[2].rpartition("=")[2].rpartition(" ")[2].strip("'")
    assert secret not in command_of(**options)


def test_a_user_alone_in_the_url_is_a_token() -> None:
    request = HttpRequest("http://t0ken@a.test/", offline=True)
    assert as_command(send(request), request) == f'curl -A rrcli/{__version__} http://"$HTTP_URL_SECRET"@a.test/'


def test_bytes_that_begin_like_an_option_go_through_printf() -> None:
    assert command_of(data=(("--data-binary", "-\udcff"),)) == r"printf -- '-\377' | curl  --data-binary @-"
    assert printf(b"-x") == "printf -- '-x'"
