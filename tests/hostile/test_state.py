"""What is kept between requests, and what is asked again: cookies and sessions that are broken, challenges, polls, downloads."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from peers import flood
from peers.bounds import DEADLINE_S, as_json, judged
from peers.child import on_terminal, piped
from peers.flood import STEER, forever
from peers.made import Made
from peers.script import Handler, hear, pause, reset, say, script

from rrcli.base.errors import ExchangeError
from rrcli.cli import fast
from rrcli.cli.execute import execute

ASKED = hear(b"\r\n\r\n")
OK = b"HTTP/1.1 200 OK\r\n"


def answer(*fields: bytes, status: bytes = b"200 OK", content: bytes = b"") -> Handler:
    lines = b"".join(field + b"\r\n" for field in (*fields, b"Content-Length: %d" % len(content)))
    return flood.answer(b"\r\n\r\n", b"HTTP/1.1 " + status + b"\r\n" + lines + b"\r\n" + content)


# --- files


JARS = Made(
    {
        "noise": lambda: bytes(range(256)) * 500,
        "zeros": lambda: bytes(100_000),
        "a line of five million letters": lambda: b"a" * 5_000_000,
        "tabs": lambda: b"\t\t\t\t\t\t\n" * 200_000,
        "a hundred thousand cookies": lambda: b"".join(
            b"d%d.test\tFALSE\t/\tFALSE\t0\tc%d\tv\n" % (number % 997, number) for number in range(100_000)
        ),
        "as many of one host": lambda: b"".join(b"127.0.0.1\tFALSE\t/\tFALSE\t0\tc%d\tv\n" % number for number in range(100_000)),
        "dates that are none": lambda: b"".join(
            b"a.test\tFALSE\t/\tFALSE\t" + date + b"\tc\tv\n" for date in (b"1e999", b"nan", b"-inf", b"9" * 5000)
        ),
        "a field of the request's own": lambda: b"127.0.0.1\tFALSE\t/\tFALSE\t0\tc\tv\rInjected: y\n",
        "UTF-16": lambda: "127.0.0.1\tFALSE".encode("utf-16"),
    }
)


@pytest.mark.parametrize("name", JARS)
def test_a_file_of_cookies(name: str, serve, tmp_path: Path) -> None:
    heard: list[bytes] = []
    peer = serve(script(hear(b"\r\n\r\n", heard), say(OK + b"Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")))
    jar = tmp_path / "jar"
    jar.write_bytes(JARS[name])
    ended = judged(piped("http", "--deadline", f"{DEADLINE_S}s", "-b", str(jar), "-c", str(jar), f"http://{peer.host}:{peer.port}/"))
    assert ended.code in (0, 6, 9)  # a hundred thousand cookies may take the whole second
    assert b"Injected" not in b"".join(heard)


SESSION = {
    "schema": "rrcli.session/1",
    "origin": "",
    "auth": {"type": "basic", "user": "u:p"},
    "headers": [["A", "b"]],
    "cookies": [
        {
            "name": "a", "value": "b", "domain": "127.0.0.1", "path": "/", "host_only": True, "secure": False, "http_only": False,
            "same_site": None, "expires": 9999999999, "created": 1.5,
        }
    ],
}  # fmt: skip
ODD = (None, -1, 10**30, "\x1b\r\nX: y", "\ud800", [], {}, [None], {"a": None}, [["a"]])
PLACES = (
    ("auth",), ("auth", "user"), ("headers",), ("headers", 0), ("headers", 0, 1), ("cookies",), ("cookies", 0),
    *(("cookies", 0, key) for key in SESSION["cookies"][0]),  # type: ignore[index]
)  # fmt: skip


def test_a_session_with_anything_in_any_place(serve, tmp_path: Path, capfd) -> None:
    """Read in this process: a hundred and more of them."""
    peer = serve(answer())
    url, file = f"http://{peer.host}:{peer.port}", tmp_path / "session.json"
    for place in PLACES:
        for odd in ODD:
            value = json.loads(json.dumps({**SESSION, "origin": url}))
            inner = value
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = odd
            file.write_text(json.dumps(value))
            invocation = fast.parse(["http", "--json", "--session", str(file), f"{url}/"])
            assert invocation is not None
            try:
                assert execute(invocation) == 0, (place, odd)
            except ExchangeError as error:
                assert error.layer in ("usage", "local"), (place, odd)  # noqa: PT017
    assert "bug" not in capfd.readouterr().err


@pytest.mark.parametrize("option", ["-b", "-c", "-D", "--session", "--netrc-file", "-d", "-H"])
@pytest.mark.parametrize("file", ["/dev/zero", "/dev/full", "/proc/self/mem", "/"])
def test_what_is_no_file(option: str, file: str, serve) -> None:
    peer = serve(answer(b"Set-Cookie: a=b"))
    if option == "-d" and file in ("/dev/zero", "/dev/full"):
        return  # a gigabyte is read first, as curl does
    value = f"@{file}" if option in ("-d", "-H") else file
    ended = judged(piped("http", "--deadline", f"{DEADLINE_S}s", option, value, f"http://{peer.host}:{peer.port}/"))
    assert ended.code in ((0, 9) if (option, file) in (("-c", "/dev/zero"), ("-D", "/dev/zero")) else (9,))


def test_a_session_in_a_pipe(serve, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    peer = serve(answer())
    ended = judged(piped("http", "--session", str(tmp_path / "pipe"), f"http://{peer.host}:{peer.port}/"))
    assert (ended.code, ended.err) == (9, f"rrcli: cannot read {tmp_path}/pipe: it is no regular file\n".encode())


COOKIES = {
    "thousands": tuple(b"Set-Cookie: c%d=v; Max-Age=9" % number for number in range(4900)),
    "thousands refused": tuple(b"Set-Cookie: c%d=v; Domain=x.test" % number for number in range(4900)),
    "thousands of attributes": (b"Set-Cookie: c=v" + b"; a=b" * 12_000,),
    "dates": (
        b"Set-Cookie: c=v; Expires=" + b"1:" * 500,
        b"Set-Cookie: d=v; Max-Age=-" + b"9" * 100,
        b"Set-Cookie: e=v; Max-Age=" + b"9" * 100,
    ),
    "controls": (
        b"Set-Cookie: \x1b]0;x\x07=\x1b[2J; Domain=\x1b",
        b"Set-Cookie: a=\xff\x9b; Path=/\xff",
        "Set-Cookie: \u202e=\u009b".encode(),
    ),
}


@pytest.mark.parametrize("name", COOKIES)
def test_cookies_that_are_set(name: str, serve, document_or_drawing, tmp_path: Path) -> None:
    peer = serve(answer(*COOKIES[name]))
    document_or_drawing("http", "-c", str(tmp_path / "jar"), f"http://{peer.host}:{peer.port}/", code=0)


# --- challenges


CHALLENGES = {
    "met again and again": b'realm="r", nonce="n", qop="auth"',
    "nothing": b"",
    "no value": b"realm",
    "commas": b",,,",
    "empty values": b"realm=, nonce=",
    "no nonce": b'realm="r"',
    "no end of a quote": b'realm="r, nonce="n',
    "no UTF-8": b'realm="\xff\xfe", nonce="\x9b"',
    "other alphabets": 'realm="é😀", nonce="\u202e"'.encode(),
    "an unknown algorithm": b'realm="r", nonce="n", algorithm=\x1b]0;x\x07',
    "an unknown quality": b'realm="r", nonce="n", qop="auth-int"',
    "a line end in the nonce": b'realm="r", nonce="a\rInjected: x", qop="auth"',
    "a huge nonce": b'realm="r", nonce="' + b"n" * 90_000 + b'"',
    "thousands of parameters": b'realm="r", nonce="n"' + b"".join(b", a%d=b" % number for number in range(9000)),
    "backslashes": b'realm="r", nonce="n", x="' + b"\\" * 90_000,
}


@pytest.mark.parametrize("name", CHALLENGES)
def test_a_challenge(name: str, serve, document_or_drawing) -> None:
    peer = serve(answer(b"WWW-Authenticate: Digest " + CHALLENGES[name], status=b"401 No"))
    ended = document_or_drawing("http", "--digest", "-u", "u:passwOrd", f"http://{peer.host}:{peer.port}/")
    assert (ended.code, b"passwOrd" in ended.all) == (1, False)


@pytest.mark.parametrize(
    "words", [("-u", "u:p", "/" + "a" * 20_000), ("-u", "u\udcff:p", "/"), ("-u", "u:p", "--request-target", "*", "/")]
)
def test_a_challenge_to_an_odd_request(words: tuple[str, ...], serve) -> None:
    peer = serve(answer(b'WWW-Authenticate: Digest realm="r", nonce="n"', status=b"401 No"))
    as_json("http", "--digest", *words[:-1], f"http://{peer.host}:{peer.port}{words[-1]}", code=1)


@pytest.mark.parametrize("claim", [b"-1e308", b"-1e999", b"-" + b"9" * 5000, b"1e308", b"true", b'"\\u001b"'])
def test_a_token_that_ends_at_an_odd_time(claim: bytes, serve) -> None:
    peer = serve(answer())
    token = "a." + base64.b64encode(b'{"exp": ' + claim + b"}").decode() + ".c"
    as_json("http", "--bearer", token, f"http://{peer.host}:{peer.port}/", code=0)


# --- asked again


POLLED = Made(
    {
        "an answer": lambda: answer(content=b"no"),
        "a failure": lambda: answer(status=b"503 No", content=STEER),
        "64 MB": lambda: answer(content=b"x" * (64 << 20)),
        "a reset": lambda: script(ASKED, reset),
        "silence": lambda: script(ASKED, pause(20)),
        "an endless body": lambda: forever(OK + b"\r\n", b"x" * 65536),
    }
)


@pytest.mark.parametrize("name", POLLED)
def test_what_never_holds(name: str, serve, document_or_drawing) -> None:
    peer = serve(POLLED[name])
    assert document_or_drawing("http", "--until", "body == yes", "--every", "1ms", f"http://{peer.host}:{peer.port}/").code in (6, 7)


def test_a_pattern_that_takes_for_ever(serve) -> None:
    peer = serve(answer(content=b"a" * 40 + b"!"))
    ended = as_json("http", "--until", "body matches '^(a+)+$'", "--every", "10ms", f"http://{peer.host}:{peer.port}/")
    assert ended.code == 6


def test_what_a_query_finds_on_a_terminal(serve) -> None:
    peer = serve(answer(b"Content-Type: application/json", content=b'{"a": "\\u001b]0;x\\u0007\\u009b"}'))
    words = ("http", "--query", "json.a", f"http://{peer.host}:{peer.port}/")
    assert judged(on_terminal(*words)).out == b"\\x1b]0;x\\x07\\x9b\n"
    assert piped(*words).out == "\x1b]0;x\x07\u009b\n".encode()  # exact where nobody could be fooled


def test_controls_where_lines_are_JSON(serve, document_or_drawing) -> None:
    content = b'{"a": "\x1b]0;x\x07"}\n' * 10
    peer = serve(answer(b"Content-Type: application/x-ndjson", content=content))
    document_or_drawing("http", f"http://{peer.host}:{peer.port}/", code=0)


NAMES = (
    b'"../../etc/passwd"', b'"\x1b]0;x\x07\xc2\x9b"', b'"' + b"a" * 60_000 + b'"', b'"' + b"\\" * 60_000, b'".."', b'"a\0b"', b'"\xff\xfe"',
    b"x" + b"; filename=a" * 5000,
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_for_a_download(name: bytes, serve, tmp_path: Path) -> None:
    peer = serve(answer(b"Content-Disposition: attachment; filename=" + name, content=b"x"))
    ended = judged(piped("http", "-J", "--output-dir", str(tmp_path / "in"), "--create-dirs", f"http://{peer.host}:{peer.port}/y"))
    assert ended.code in (0, 7, 9)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["in"])
