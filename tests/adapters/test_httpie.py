"""Options of HTTPie's and xh's on our command line: each is answered with what to write here, and that exists."""

from __future__ import annotations

import re

import pytest

from rrcli.__main__ import main
from rrcli.adapters.http.prepare.httpie import HTTPIE, XH
from rrcli.adapters.http.request import HttpRequest
from rrcli.options.request import Output

OURS = {flag for declared in {**Output.options_, **HttpRequest.options_}.values() for flag in declared.flags}
# What `http --help` of 3.2 lists, without those of one letter that mean another thing here.
LISTED = (
    "--json", "--form", "--multipart", "--boundary", "--raw", "--compress", "--pretty", "--style", "--unsorted", "--sorted",
    "--response-charset", "--response-mime", "--format-options", "--print", "--headers", "--meta", "--body", "--verbose", "--all",
    "--history-print", "-P", "--stream", "--output", "--download", "--continue", "--quiet", "--session", "--session-read-only",
    "--auth", "-a", "--auth-type", "--ignore-netrc", "--offline", "--proxy", "--follow", "--max-redirects", "--max-headers",
    "--timeout", "--check-status", "--path-as-is", "--chunked", "--verify", "--ssl", "--ciphers", "--cert", "--cert-key",
    "--cert-key-pass", "--ignore-stdin", "--manual", "--traceback", "--default-scheme", "--debug",
)  # fmt: skip


def test_every_option_of_httpie_is_ours_or_answered() -> None:
    assert [flag for flag in LISTED if flag not in OURS and flag not in HTTPIE] == []
    assert [flag for flag in {**HTTPIE, **XH} if flag in OURS] == []


def test_every_option_that_an_answer_names_is_one_of_ours() -> None:
    named = {flag for text in {**HTTPIE, **XH}.values() for flag in re.findall(r"(?<![\w-])--?[a-zA-Z][\w.-]*", text)}
    assert named - OURS == {"--help"}


@pytest.mark.parametrize(
    ("command", "flag", "advice"),
    [
        ("http", "--follow", "instead of HTTPie's --follow: -L"),
        ("http", "-a", "instead of HTTPie's -a: -u USER:PASSWORD, or --bearer TOKEN"),
        ("sse", "--verify=no", "instead of HTTPie's --verify: -k does not verify, --cacert FILE trusts its certificates"),
        ("poll", "--http-version=2", "instead of xh's --http-version: --http1.0, --http1.1, --http2 or --http3"),
        ("sse", "--max-time", "curl's --max-time is --timeout here; rrcli curl takes its own names"),
    ],
)
def test_an_option_of_another_tool_is_answered(command: str, flag: str, advice: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([command, "http://a/", flag]) == 2
    assert capfd.readouterr().err == f"rrcli: no option {flag.partition('=')[0]}\n       {advice}\n"
