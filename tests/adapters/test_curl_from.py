r"""`--from-curl`: the text of a command, cut into words as bash would, or as Windows' cmd for what browsers write for it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers import child
from peers.recorder import recorder

from rrcli.__main__ import main
from rrcli.adapters.http.curl.fromcurl import named_files
from rrcli.adapters.http.curl.split import LONGEST, read_command
from rrcli.base.errors import ExchangeError
from rrcli.base.shellquote import quoted

CHROME = r"""curl 'https://shop.test/api/cart?id=1&x=%5B2%5D' \
  -X 'PATCH' \
  -H 'accept: application/json, text/plain, */*' \
  -H 'accept-language: en-US,en;q=0.9' \
  -b 'sid=abc; theme=dark' \
  -H 'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"' \
  -H 'user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36' \
  --data-raw $'{"note":"it\'s\\n\u0021 \u00e9"}' \
  --compressed \
  --insecure"""
FIREFOX = (
    r"""curl 'https://shop.test/form' --compressed -X POST -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)' """
    r"""-H 'Accept: */*' -H 'Referer: https://shop.test/' -H 'Content-Type: application/x-www-form-urlencoded' """
    r"""-H 'DNT: 1' -H 'Pragma: no-cache' --data-raw 'a=1&b=%27x%27'"""
)
SAFARI = """curl 'https://shop.test/' \\
-X 'GET' \\
-H 'Accept: text/html' \\
--cookie 'sid=abc' \\
--user-agent 'Mozilla/5.0 (Macintosh)' \\
--referer 'https://shop.test/a' \\
--compressed"""
CHROME_CMD = r"""curl ^"https://shop.test/api?a=1^&b=2^" ^
  -H ^"accept: */*^" ^
  -b ^"sid=abc^" ^
  -H ^"sec-ch-ua: ^\^"Chromium^\^";v=^\^"140^\^"^" ^
  --data-raw ^"^{^\^"path^\^":^\^"C:^\^\x^\^",^\^"half^\^":^\^"50^%^\^"^}^""".replace("^}^", '^}^"')
OLD_CMD = 'curl "https://shop.test/" ^\r\n  -H "x: \\"quoted\\"" ^\r\n  --data-raw "a=""b""" ^\r\n  --compressed'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            CHROME,
            [
                "https://shop.test/api/cart?id=1&x=%5B2%5D", "-X", "PATCH", "-H", "accept: application/json, text/plain, */*",
                "-H", "accept-language: en-US,en;q=0.9", "-b", "sid=abc; theme=dark",
                "-H", 'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"',
                "-H", "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
                "--data-raw", '{"note":"it\'s\\n! é"}', "--compressed", "--insecure",
            ],
        ),
        (
            FIREFOX,
            [
                "https://shop.test/form", "--compressed", "-X", "POST", "-H", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)",
                "-H", "Accept: */*", "-H", "Referer: https://shop.test/", "-H", "Content-Type: application/x-www-form-urlencoded",
                "-H", "DNT: 1", "-H", "Pragma: no-cache", "--data-raw", "a=1&b=%27x%27",
            ],
        ),
        (
            SAFARI,
            [
                "https://shop.test/", "-X", "GET", "-H", "Accept: text/html", "--cookie", "sid=abc",
                "--user-agent", "Mozilla/5.0 (Macintosh)", "--referer", "https://shop.test/a", "--compressed",
            ],
        ),
        (
            CHROME_CMD,
            [
                "https://shop.test/api?a=1&b=2", "-H", "accept: */*", "-b", "sid=abc", "-H", 'sec-ch-ua: "Chromium";v="140"',
                "--data-raw", r'{"path":"C:\x","half":"50%"}',
            ],
        ),
        (OLD_CMD, ["https://shop.test/", "-H", 'x: "quoted"', "--data-raw", 'a="b"', "--compressed"]),
        ("$ curl a.test", ["a.test"]),
        ("/usr/bin/curl  a.test \n", ["a.test"]),
        ("curl.exe a.test", ["a.test"]),
        (r"curl a\ b 'c'\''d' \"e", ["a b", "c'd", '"e']),
        ("curl '' \"\" a''b", ["", "", "ab"]),
        ('curl "a\\"b\\$c\\`d\\\\e\\f\\\ng" \\\n h', ['a"b$c`d\\e\\fg', "h"]),
        (r"curl $'\a\b\e\f\n\r\t\v\\\'\"\?\101\x41\u00e9\U0001F600\cA\z'", ["\a\b\x1b\f\n\r\t\v\\'\"?AAé😀\x01\\z"]),
        (r"curl $'\xff\xe9'", ["\udcff\udce9"]),
        ("curl $\"a\" b$ 'c $d' \\$e", ["a", "b$", "c $d", "$e"]),
        ("curl a.test/?x#y {b} [c] *", ["a.test/?x#y", "{b}", "[c]", "*"]),
    ],
)  # fmt: skip
def test_a_command_is_cut_into_words(text: str, words: list[str]) -> None:
    assert read_command(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("curl “http://a.test/?a=1&b=2”", ["http://a.test/?a=1&b=2"]),
        ("curl -H ‘Accept: x’ a.test", ["-H", "Accept: x", "a.test"]),
        ("curl -d ‘{“a”: “it’s”, “b”: 1}’ a.test", ["-d", '{"a": "it\'s", "b": 1}', "a.test"]),
        ("curl -d “{\\“a\\”: 1}” \\\n a.test", ["-d", '{"a": 1}', "a.test"]),
        ('curl “a.test"', ["a.test"]),
        ("curl\xa0-s\xa0\xa0a.test", ["-s", "a.test"]),
        ("\ufeffcurl \u200ba.test", ["a.test"]),
        ("curl -H 'A: “b”\xa0c' \"–d\"", ["-H", "A: “b”\xa0c", "–d"]),
    ],
)
def test_quotes_and_blanks_of_an_editor_are_read_as_plain_ones(text: str, words: list[str]) -> None:
    assert read_command(text) == words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("curl “a b", "the quote “ in the curl command has no end"),
        ("curl $URL", "$URL in the curl command is a variable to a shell, and is not looked up here"),
        ('curl "a ${B:-x}"', "$B in the curl command is a variable to a shell, and is not looked up here"),
        ("curl $1", "$1 in the curl command is a variable to a shell, and is not looked up here"),
        ("curl $?", "$? in the curl command is a variable to a shell, and is not looked up here"),
        ('curl "$(id)"', "$(…) in the curl command is a command's output to a shell, and is not looked up here"),
        ("curl `id`", "` in the curl command is a command's output to a shell, and is not looked up here"),
        ('curl "`id`"', "` in the curl command is a command's output to a shell, and is not looked up here"),
        ("curl ~/x", "~ in the curl command is the home folder to a shell, and is not looked up here"),
        ("curl a | jq .", "'|' outside of quotes is a pipe to a shell"),
        ("curl a?x=1&y=2", "'&' outside of quotes is another command to a shell"),
        ("curl a > b", "'>' outside of quotes is a redirection to a shell"),
        ("curl a\ncurl b", "a second command follows the curl command"),
        ("curl 'a", "the quote ' in the curl command has no end"),
        ('curl "a', 'the quote " in the curl command has no end'),
        ("curl $'a", "the quote $' in the curl command has no end"),
        ('curl ^"a', 'the quote " in the curl command has no end'),
        (r"curl $'a\0'", "the curl command has a NUL in $'…', which no word can hold"),
        (r"curl $'\U00110000'", "\\U00110000 is no character"),
        ("wget a", "this is no curl command: it begins with 'wget'"),
        ("", "the curl command is empty"),
        ("Invoke-WebRequest -Uri a", "this is a PowerShell command"),
        ("$session = New-Object x", "this is a PowerShell command"),
        ("curl " + "a" * LONGEST, "the curl command is longer than 1 MiB"),
    ],
)
def test_what_only_a_shell_could_do_is_refused(text: str, message: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        read_command(text)
    assert (caught.value.layer, caught.value.message) == ("usage", message)


WORDS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12), min_size=1, max_size=5)


@given(WORDS)
def test_words_are_cut_as_they_were_quoted(words: list[str]) -> None:
    assert read_command(" ".join(["curl", *map(quoted, words)])) == words


def test_words_are_cut_as_bash_cuts_them() -> None:
    for line in (CHROME, FIREFOX, SAFARI, r"curl a\ b 'c'\''d' $'\x41\101\u00e9\cA\z' a''b " + '"x\\"y\\z"'):
        printed = subprocess.run(["bash", "-c", "curl() { printf '%s\\0' \"$@\"; }; " + line], capture_output=True, check=True).stdout
        assert read_command(line) == printed.decode().split("\0")[:-1]


# --- as an option


def test_options_beside_it_win(capfd: pytest.CaptureFixture[str]) -> None:
    with recorder() as peer:
        command = f"curl http://127.0.0.1:{peer.port}/a -X PUT -H 'A: 1' -H 'B: 2' -d x=1 -o /dev/null -m 1"
        assert main(["http", "--from-curl", command, "-X", "PATCH", "-H", "a: 3", "-o", "-", "-m", "5"]) == 0
        line, *fields = peer.take().partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert (line, fields[-2:]) == (b"PATCH /a HTTP/1.1", [b"B: 2", b"a: 3"])
    assert capfd.readouterr().out == "ok"


def test_it_is_read_from_standard_input() -> None:
    with recorder() as peer:
        command = f"curl 'http://127.0.0.1:{peer.port}/x' \\\n  -u ann:geheimnis\n"
        done = child.run("http", "--from-curl", "-", "--json", input=command.encode(), check=True)
    assert json.loads(done.stdout)["request"]["headers"]["authorization"] == "Basic ‹secret›"
    assert b"geheimnis" not in done.stdout


@pytest.mark.parametrize("given", [[], ["--expect", "status == 200"], ["-m", "5"]])
def test_the_curl_command_reads_it_for_a_dash(given: list[str]) -> None:
    with recorder() as peer:
        command = f"curl “http://127.0.0.1:{peer.port}/x” –X PUT \\\n -o - --json ‘{{“a”: 1}}’\n"
        done = child.run("curl", "-", *given, input=command.encode(), check=True)
        assert peer.take().startswith(b"PUT /x HTTP/1.1\r\n")
    assert (done.stdout, done.stderr) == (b"ok", b"")


def test_a_dash_that_is_an_options_value_stays_one(capfd: pytest.CaptureFixture[str]) -> None:
    with recorder() as peer:
        assert main(["curl", "-o", "-", f"http://127.0.0.1:{peer.port}/"]) == 0
    assert capfd.readouterr().out == "ok"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--from-curl", "curl a", "b"], "--from-curl brings its URL, and 'b' is one word too many\n       options may stand beside it"),
        (["--from-curl", "curl --help"], "the curl command asks for help\n       rrcli curl --help lists what is understood"),
        (["--from-curl", "curl --ntlm a"], "curl's --ntlm is not supported here\n       instead: --digest, -u or --oauth2-bearer"),
        (["--from-curl", "curl a -m soon"],
         "invalid value for --timeout: 'soon' is no duration; write 250ms, 3s, 1m or bare seconds"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_said(words: list[str], error: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["http", *words]) == 2
    assert capfd.readouterr().err == f"rrcli: {error}\n"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"data": (("-d", "@a"), ("--data-raw", "@b"), ("--data-urlencode", "x@c"), ("--data-urlencode", "=@d"))}, "reads a, c"),
        ({"parts": (("-F", "f=@e"), ("-F", "g=<f"), ("--form-string", "h=@g"), ("-F", "i=j"))}, "reads e, f"),
        ({"headers": ("@h", "X: @i"), "cookies": ("j", "a=b"), "upload": "k", "cert": "l"}, "reads h, j, k, l"),
        ({"netrc": True, "output": "m", "cookie_jar": "-", "dump_header": "n"}, "reads ~/.netrc and writes m, n"),
        ({"remote_name": True}, "writes a file named as in the URL"),
        ({"data": (("-d", "@-"),), "output": "-"}, None),
    ],
)
def test_the_files_of_a_command_are_named(values: dict[str, Any], said: str | None) -> None:
    assert named_files(values) == said


def test_the_files_of_a_pasted_command_are_told(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "d").write_bytes(b"x")
    command = f"curl http://127.0.0.1:1/ -d @{tmp_path}/d -o {tmp_path}/o"
    assert main(["http", "--from-curl", command]) == 4
    assert f"rrcli: the curl command reads {tmp_path}/d and writes {tmp_path}/o\n" in capfd.readouterr().err
    main(["http", "--from-curl", command, "-s"])
    assert "the curl command" not in capfd.readouterr().err
