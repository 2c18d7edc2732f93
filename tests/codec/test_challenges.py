"""Challenges of WWW-Authenticate, several in a field, well formed and not."""

from __future__ import annotations

import time

import pytest

from rrcli.codec.http.challenges import read_challenges

Read = list[tuple[str, str, dict[str, str]]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (['Basic realm="z"'], [("Basic", "", {"realm": "z"})]),
        (
            ['Negotiate, NTLM, Digest realm="r", qop="auth", nonce="abc", Basic realm="z"'],
            [
                ("Negotiate", "", {}),
                ("NTLM", "", {}),
                ("Digest", "", {"realm": "r", "qop": "auth", "nonce": "abc"}),
                ("Basic", "", {"realm": "z"}),
            ],
        ),
        (["Negotiate oYG2MIGzoAMKAQ==, Basic realm=x"], [("Negotiate", "oYG2MIGzoAMKAQ==", {}), ("Basic", "", {"realm": "x"})]),
        (["NTLM", "Bearer"], [("NTLM", "", {}), ("Bearer", "", {})]),
        ([r'Digest realm="a \"b\", \\c", NONCE = n'], [("Digest", "", {"realm": 'a "b", \\c', "nonce": "n"})]),
        (['Digest realm="", , ,nonce=,qop=auth'], [("Digest", "", {"realm": "", "nonce": "", "qop": "auth"})]),
        (['Digest nonce="1", nonce="2"'], [("Digest", "", {"nonce": "1"})]),
        (['Digest realm="r, nonce=n'], [("Digest", "", {"realm": "r, nonce=n"})]),
        (['realm="r", Basic', "realm=x"], [("Basic", "", {})]),
        (["", ",", '"', "="], []),
    ],
)
def test_challenges_are_read(values: list[str], expected: Read) -> None:
    assert [(each.scheme, each.token, each.parameters) for each in read_challenges(values)] == expected


@pytest.mark.parametrize("text", ["\\", ",", '"', '"\\', 'a="', "a ", "a=", 'a="\\",', "=", "a,b=c "])
def test_a_huge_field_takes_no_longer_than_its_length(text: str) -> None:
    begin = time.monotonic()
    read_challenges([f'Digest realm="{text * 20_000}', f"Digest {text * 20_000}"])
    assert time.monotonic() - begin < 2
