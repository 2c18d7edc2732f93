"""Values of options that are more than one thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rrcli.adapters.http.request import HttpRequest
from rrcli.adapters.redis.request import RedisRequest
from rrcli.base.errors import ExchangeError
from rrcli.engine.send import send
from rrcli.options.parse import certificate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("c.pem", ("c.pem", None)),
        ("c.pem:s3kr1t", ("c.pem", "s3kr1t")),
        ("c.pem:a:b\\:c", ("c.pem", "a:b\\:c")),
        ("c.pem:", ("c.pem", "")),
        (r"c\:\\d.pem:x", (r"c:\d.pem", "x")),
        (r"c\d.pem", (r"c\d.pem", None)),
    ],
)
def test_a_certificate_may_bring_its_pass_phrase(text: str, expected: tuple[str, str | None]) -> None:
    assert certificate(text) == expected


def test_a_file_with_a_colon_in_its_name_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "a:b.pem").touch()
    assert certificate(f"{tmp_path}/a:b.pem") == (f"{tmp_path}/a:b.pem", None)


@pytest.mark.parametrize("kind", [HttpRequest, RedisRequest])
def test_the_pass_phrase_is_a_value_of_its_own(kind: type[HttpRequest | RedisRequest]) -> None:
    request = kind("https://a.test/", cert="c.pem:s3kr1t")
    assert (request.cert, request.key_password) == ("c.pem", "s3kr1t")
    assert kind("https://a.test/", cert="c.pem:s3kr1t", key_password="other").key_password == "other"
    assert request.replace(sni="x").cert == "c.pem"


def test_no_pass_phrase_is_shown() -> None:
    with pytest.raises(ExchangeError) as caught:
        send(HttpRequest("https://127.0.0.1:1/", cert="/no/c.pem:s3kr1t"))
    assert caught.value.message == "--cert: cannot read /no/c.pem: no such file"
