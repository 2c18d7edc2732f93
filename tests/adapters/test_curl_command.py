"""`rrcli curl ARGS…`: the same bytes as curl's own, and a clear word for what is not understood."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peers.base import Peer, need
from peers.recorder import Recorder, parts, recorder

from rrcli.__main__ import main
from rrcli.adapters.http.curl.exported import as_command
from rrcli.adapters.http.curl.imported import options, translate
from rrcli.adapters.http.curl.table import RULES, SHORT
from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.request import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.context import Shared
from rrcli.engine.send import send


@pytest.fixture(scope="module")
def peer() -> Iterator[Recorder]:
    with recorder() as recording:
        yield recording


# --- the table


def test_every_option_of_curl_is_decided() -> None:
    listed = subprocess.run([need("curl"), "--help", "all"], capture_output=True, check=True, text=True).stdout
    found = re.findall(r"^ (?:-(\S),)? +--(\S+) ([<\[])?", listed, re.MULTILINE)
    assert len(found) > 200
    assert [name for short, name, takes in found if name != "help" and not _is_decided(short, name, bool(takes))] == []


def _is_decided(short: str, name: str, takes: bool) -> bool:
    rule = RULES.get(name)
    return rule is not None and (rule.takes, rule.short) == (takes, short) and (not short or SHORT[short] is rule)


def test_every_option_that_is_the_same_is_one_of_ours() -> None:
    from rrcli.adapters.http.curl.imported import OURS

    for rule in RULES.values():
        if rule.how == "same":
            ours = OURS[f"--{rule.text}"]
            assert (ours.kind != "flag") == rule.takes, rule.name


def test_every_option_that_is_refused_says_what_to_write() -> None:
    assert [rule.name for rule in RULES.values() if rule.how == "refused" and not rule.text] == []


def test_every_option_that_is_made_has_its_maker() -> None:
    from rrcli.adapters.http.curl.imported import MAKERS

    by_the_url = {"json", "proxy-user", "url", "url-query", "proto", "proto-redir", "proto-default", "disallow-username-in-url"}
    assert {rule.name for rule in RULES.values() if rule.how == "made"} == set(MAKERS) | by_the_url


def test_the_help_lists_each_spelling_once() -> None:
    flags = [flag for declared in options().values() for flag in declared.flags]
    assert len(flags) == len(set(flags)) > 80


# --- the same bytes

COMMANDS = [
    "URL",
    "URL/a/b?c=d#part",
    "URL/a/../b/./c",
    "--path-as-is URL/a/../b",
    "URL/%7e%41?q=%20",
    "-g URL/[1-3]{a,b}",
    "-X DELETE URL",
    "-XPATCH URL",
    "--request PURGE URL",
    "-I URL",
    "--head URL",
    "-0 URL",
    "--http1.0 -d a=1 URL",
    "--http1.1 URL",
    "-H A:b URL",
    "-HA:b URL",
    "-H A:b -H B:c -H A:d URL",
    "-H Accept:text/html URL",
    "-H Accept: URL",
    "-H Host:other.test URL",
    "-H X-Empty; URL",
    "-H @FIELDS URL",
    "-A agent/1 URL",
    "-Aagent/1 URL",
    "-e http://a.test/ URL",
    "-b a=1 URL",
    "-b a=1;b=2 URL",
    "-r 0-99 URL",
    "--range -500 URL",
    "--compressed URL",
    "-u ann:secret URL",
    "-u ann: URL",
    "-uann:s:t URL",
    "--oauth2-bearer abc URL",
    "--basic -u ann:secret URL",
    "--netrc-file NETRC URL",
    "--netrc-optional --netrc-file NETRC URL",
    "-d a=1 URL",
    "-da=1 URL",
    "-d a=1 -d b=2 URL",
    "--data a=1 --data-raw @b URL",
    "--data-ascii a=1 URL",
    "--data-binary @FILE URL",
    "-d @FILE URL",
    "--data-urlencode name=a&b=ä URL",
    "--data-urlencode name@FILE URL",
    "--data-urlencode =a+b URL",
    "--data-raw {} -H Content-Type:application/json URL",
    '--json {"a":1} URL',
    '--json {"a": --json 1} URL',
    "--json @FILE URL",
    "--json [] -X PUT -H accept:x/y URL",
    "--json {} -H Content-Type:application/vnd.x+json URL",
    "-d  URL",
    "-X POST URL",
    "-X PUT -d a=1 URL",
    "-G -d a=1 -d b=2 URL",
    "-G --data-urlencode q=a%20b URL/?x=y",
    "-G -I -d a=1 URL",
    "-H Content-Type:text/plain -d a URL",
    "-H Content-Type: -d a URL",
    "-H Transfer-Encoding:chunked -d hello URL",
    "-H Expect:100-continue -d a URL",
    "-F a=1 URL",
    "-F a=1 -F b=@FILE URL",
    "-F f=@FILE;type=text/x;filename=n.bin URL",
    "-F t=<FILE URL",
    "--form a=1 URL",
    "--form-string a=@b;c URL",
    "-H Expect: -T FILE URL/x",
    "-H Expect: -T FILE URL/folder/",
    "-H Expect: -X POST -T FILE URL/x",
    "--url URL",
    "--url-query a=b URL",
    "--url-query a=x&b --url-query +raw=%26 URL/?x#frag",
    "--request-target * -X OPTIONS URL",
    "--proto-default http BARE/x",
    "BARE/x",
    "--proto =http,https URL",
    "-sSL URL",
    "-sSfL --max-redirs 3 URL",
    "-fsSLXPUT URL",
    "--location --no-location URL",
    "-d a=1 --no-get URL",
    "-k -4 --connect-timeout 2 -m 5 --tcp-nodelay --no-keepalive URL",
    "--retry 1 --retry-delay 1 --retry-max-time 3 --retry-connrefused URL",
    "--connect-to ::127.0.0.1: URL",
    "--resolve a.test:PORT:127.0.0.1 http://a.test:PORT/x",
    "--interface 127.0.0.1 URL",
    "--max-time 5 --user-agent x --referer y --cookie z=1 URL",
    "-N -S -# -v URL",
    "-q URL",
    "-- URL",
    "URL -H A:b",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_request_as_curls(command: str, peer: Recorder, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = _filled(command, peer, tmp_path)
    curl = subprocess.run([need("curl"), "-q", "-s", "-o", "/dev/null", *words], check=False, timeout=10)
    theirs = peer.take()
    assert main(["curl", "-o", "/dev/null", *words]) == curl.returncode == 0, capfd.readouterr().err
    assert parts(peer.take()) == parts(theirs)


def _filled(command: str, peer: Recorder, folder: Path) -> list[str]:
    """The words of a command, with the places and files that it names."""
    (folder / "data").write_bytes(b"one\r\ntwo \xff&=\n")
    (folder / "fields").write_text("X-One: 1\nX-Two: 2\n")
    (folder / "netrc").write_text("machine 127.0.0.1 login ann password secret\n")
    (folder / "netrc").chmod(0o600)
    named = {"URL": f"http://127.0.0.1:{peer.port}", "BARE": f"127.0.0.1:{peer.port}", "PORT": str(peer.port)}
    named |= {"FILE": str(folder / "data"), "FIELDS": str(folder / "fields"), "NETRC": str(folder / "netrc")}
    return [re.sub(r"\b(URL|BARE|PORT|FILE|FIELDS|NETRC)\b", lambda found: named[found[1]], word) for word in command.split(" ")]


# --- our words


JSON_FIELDS = "--header=Content-Type:\xa0application/json --header=Accept:\xa0application/json"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("-x p:3128 a.test", "--proxy=p:3128 http://a.test"),
        ("-x p:3128 -U ann:s/t a.test", "--proxy=p:3128 --proxy=http://ann:s%2Ft@p:3128 http://a.test"),
        ("--socks5-hostname s:1080 a.test", "--proxy=socks5h://s:1080 http://a.test"),
        ("--socks5 s -U u:p a.test", "--proxy=socks5://s --proxy=socks5://u:p@s http://a.test"),
        ("-E c.pem:geheim a.test", "--cert=c.pem --pass=geheim http://a.test"),
        (r"--cert c\:d.pem --key-type PEM a.test", "--cert=c:d.pem http://a.test"),
        ("--tlsv1.2 --tls-max 1.3 a.test", "--tls-min=1.2 --tls-max=1.3 http://a.test"),
        ("-1 --tls-max default a.test", "--tls-min=1.0 http://a.test"),
        ("--interface if!eth0 a.test", "--interface=eth0 http://a.test"),
        ("--resolve +a.test:443:::1,1.2.3.4 https://a.test", "--resolve=a.test:443:::1 --resolve=a.test:443:1.2.3.4 https://a.test"),
        ("--max-redirs -1 a.test", "--max-redirects=20 http://a.test"),
        ("--max-redirs 50 a.test", "--max-redirects=20 http://a.test"),
        ("--proto =https --tlsv1.2 -sSf https://a.test", "--tls-min=1.2 --silent --show-error --fail --https-only https://a.test"),
        ("--proto-redir -all,https https://a.test", "--https-only https://a.test"),
        ("--proto-default https a.test", "https://a.test"),
        ("-OJ -C - --limit-rate 100k a.test", "--remote-name --remote-header-name --continue-at=- --limit-rate=100k http://a.test"),
        ("-w %{http_code} -D - -c jar a.test", "--write-out=%{http_code} --dump-header=- --cookie-jar=jar http://a.test"),
        ("a.test --expect status==200 --format=json --wire", "--expect status==200 --format=json --wire http://a.test"),
        (
            "--json -5 a.test",
            f"--data-binary=-5 {JSON_FIELDS} http://a.test",
        ),
        (
            "–H a:b –json [] –s a.test",
            f"--header=a:b --silent --data-binary=[] {JSON_FIELDS} http://a.test",
        ),
        ("—compressed —s a.test", "--compressed --silent http://a.test"),
        ("\ufeffa.test", "http://a.test"),
        ("\xa0 -s a.test", "--silent http://a.test"),
        ("-H\xa0a:b a.test", "--header=a:b http://a.test"),
        ("--header\xa0a:b a.test\u200b", "--header=a:b http://a.test"),
        ("-d – a.test", "--data=– http://a.test"),
        ("--http2 --parallel -q a.test", "http://a.test"),
        ("[::1]:81/x", "http://[::1]:81/x"),
        (":8080/x", ":8080/x"),
    ],
)
def test_words_become_ours(command: str, words: str) -> None:
    """The blank within a field is written as one that does not break."""
    assert translate(command.split(" ")) == [
        word.replace("Type:\xa0", "Type: ").replace("Accept:\xa0", "Accept: ") for word in words.split(" ")
    ]


def test_asking_for_help_is_left_to_the_help() -> None:
    assert translate(["--help"]) is None
    assert translate(["-sh"]) is None


FORMAT_HINT = "curl's --json takes the content; --format json prints the exchange as JSON"
QUOTES_HINT = "type '…' in their place, or give the copied text to rrcli curl - on standard input, which reads them"


@pytest.mark.parametrize(
    ("command", "message", "hint"),
    [
        ("-sS", "the curl command has no URL", "write rrcli curl [OPTIONS] URL"),
        ("a b", "rrcli curl takes one URL, and here are 2: 'b' too", "write a command for each"),
        ("a -:", "curl's -:/--next is not supported here", "instead: each URL is a command of its own"),
        ("-K f a", "curl's -K/--config is not supported here", "instead: write the options themselves"),
        ("--ntlm a", "curl's --ntlm is not supported here", "instead: --digest, -u or --oauth2-bearer"),
        ("--mail-from x a", "curl's --mail-from is not supported here", "instead: leave it out: it is not for HTTP"),
        ("a/{b,c}", "curl makes several URLs of a pattern as in 'http://a/{b,c}'",
         "write -g when the brackets belong to the URL, or a command for each"),
        ("--compresed a", "curl has no option --compresed, and rrcli has none; did you mean --compressed?",
         "rrcli curl --help lists those that are understood"),
        ("-sö a", "curl has no option -ö", "rrcli curl --help lists those that are understood"),
        ("--max-time=3 a", "--max-time takes its value as the next word", "write --max-time VALUE"),
        ("--location=1 a", "--location takes no value", None),
        ("a -H", "-H needs a value", None),
        ("-U a:b a", "-U is for the proxy of -x, and there is none", "add -x HOST:PORT"),
        ("--proto =ftp a", "--proto =ftp leaves out https", "=https and =http,https are understood"),
        ("--proto-redir =https a", "--proto-redir =https is for a URL that is https itself", "write the URL with https://"),
        ("--cert-type P12 a", "a P12 file is not read here, only PEM", "openssl x509, pkey or pkcs12 converts it"),
        ("-e x;auto a", "--referer ;auto is not supported here", "leave ;auto out: redirects keep the Referer that is given"),
        ("--max-redirs many a", "invalid value for --max-redirs: 'many' is no whole number", None),
        ("--disallow-username-in-url http://u@a", "the URL has a user in it, which --disallow-username-in-url forbids", None),
        ("a --json", "--json needs a value", FORMAT_HINT),
        ("--json -v a", "--json needs a value, and -v is an option", FORMAT_HINT),
        ("--json http://a/", "the curl command has no URL", FORMAT_HINT),
        ("--json=1 a", "--json takes its value as the next word", "write --json VALUE"),
        ("--json 1 -d a=1 a", "--json and -d exclude each other here", "write all of the content in one of them"),
        ("--json @a --json @b a", "several --json, one of them a file, are not joined here", "write them as one file"),
        ("“http://a/”", "'“http://a/”' begins with the typographic quote “", QUOTES_HINT),
        ("-H ‘Accept: x’ a", "'‘Accept:' begins with the typographic quote ‘", QUOTES_HINT),
        ("-d “a=1” a", "'“a=1”' begins with the typographic quote “", QUOTES_HINT),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named(command: str, message: str, hint: str | None) -> None:
    with pytest.raises(ExchangeError) as caught:
        translate(command.split(" "))
    assert (caught.value.layer, caught.value.message, caught.value.hint) == ("usage", message, hint)


@pytest.mark.parametrize(
    ("flag", "advice"),
    [
        ("--max-time", "curl's --max-time is --timeout here; rrcli curl takes its own names"),
        ("--tlsv1.2", "rrcli curl takes it as curl does"),
        ("-K", "instead of curl's -K: write the options themselves"),
    ],
)
def test_http_knows_what_curl_calls_otherwise(flag: str, advice: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["http", "http://a/", flag, "3"]) == 2
    assert capfd.readouterr().err == f"rrcli: no option {flag}\n       {advice}\n"


def test_typographic_quotes_within_plain_ones_are_data() -> None:
    assert translate(["-d", "“a b”", "a.test"]) == ["--data=“a b”", "http://a.test"]


@pytest.mark.parametrize("words", [["POST", "http://a/", '{"a": 1}'], ['[{"a": 1}]', "http://a/"]])
def test_curls_json_is_recognised_on_http(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["http", "--json", *words]) == 2
    data = next(word for word in words if word[0] in "{[@")
    assert f"--data-binary '{data}', or items: name=value age:=3, or rrcli curl --json '{data}'; here" in capfd.readouterr().err


def test_curls_json_of_a_file_is_recognised_on_http(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["http", "--json", "@my data.json", "http://a/"]) == 2
    said = (
        "rrcli: '@my data.json' stands before the URL\n       write rrcli http URL @FILE, or rrcli curl --json @FILE URL as curl has it\n"
    )
    assert capfd.readouterr().err == said


def test_nothing_goes_out_without_tls(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["curl", "--proto", "=https", "http://127.0.0.1:1/"]) == 2
    assert capfd.readouterr().err == "rrcli: --https-only, and the URL begins with http://\n       write https://\n"


def test_no_redirect_leads_out_of_tls() -> None:
    from rrcli.adapters.http.prepare.prepare import prepare
    from rrcli.adapters.http.redirect import follow
    from rrcli.base.deadline import Deadline
    from rrcli.engine.context import Context
    from rrcli.model.values import Response, Status

    request = HttpRequest("https://a.test/", https_only=True)
    answer = Response(summary="", status=Status(code=302), fields=(("Location", "http://a.test/b"),))
    with pytest.raises(ExchangeError) as caught:
        follow(
            HopState(options=request), prepare(HopState(options=request), ""), answer, Context(request, Shared(), Deadline.after(1, ""), "")
        )
    assert caught.value.message == "the redirect leads to http://, and --https-only forbids that"


def test_a_status_from_400_fails_as_ever(peer: Recorder, capfd: pytest.CaptureFixture[str]) -> None:
    peer.answer, before = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", peer.answer
    try:
        assert main(["curl", "-s", f"http://127.0.0.1:{peer.port}/"]) == 1
    finally:
        peer.answer = before
    peer.requests.clear()
    assert capfd.readouterr().out == "no"


# --- proxies


@pytest.mark.parametrize(
    "command", ["-x PROXY URL", "-x http://PROXY -p URL", "-x PROXY --noproxy 127.0.0.1 URL", "-p -x PROXY -d a=1 URL"]
)
def test_a_proxy_gets_what_curl_gives_it(command: str, peer: Recorder, http_proxy: Callable[..., Peer]) -> None:
    proxy = http_proxy("BasicAuth ann geheim" if "noproxy" not in command else "")
    filled = command.replace("URL", f"http://127.0.0.1:{peer.port}/x").replace("PROXY", proxy.address)
    words = ["-s", "-U", "ann:geheim", "-o", "/dev/null", *filled.split(" ")]
    assert subprocess.run([need("curl"), "-q", *words], check=False).returncode == 0
    theirs = peer.take()
    assert main(["curl", *words]) == 0
    assert parts(peer.take()) == parts(theirs)


@pytest.mark.parametrize("flag", ["--socks5", "--socks5-hostname"])
def test_a_socks_proxy_of_curls_own_option(flag: str, peer: Recorder, socks_proxy: Callable[..., Peer]) -> None:
    proxy = socks_proxy("-u", "ann", "-P", "geheim")
    words = [flag, proxy.address, "-U", "ann:geheim", "-s", "-o", "/dev/null"]
    assert main(["curl", *words, f"http://localhost:{peer.port}/x"]) == 0
    assert parts(peer.take())[0] == b"GET /x HTTP/1.1"


def test_the_command_for_a_proxy_does_the_same(peer: Recorder, http_proxy: Callable[..., Peer]) -> None:
    proxy = http_proxy("BasicAuth ann geheim")
    request = HttpRequest(f"http://127.0.0.1:{peer.port}/x", proxy=f"http://ann:geheim@{proxy.address}")
    command = as_command(send(request), request)
    ours = peer.take()
    assert command.startswith(f'curl -x http://{proxy.address} -U ann:"$PROXY_PASSWORD" -A ')
    subprocess.run(["bash", "-c", f"{command} -q -s -o /dev/null"], check=True, env={"PROXY_PASSWORD": "geheim"})
    assert parts(peer.take()) == parts(ours)
