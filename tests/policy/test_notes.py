"""Notes on certificates that end soon."""

from __future__ import annotations

import time

import pytest

from rrcli.model.values import Body, Certificate, Note, TlsInfo
from rrcli.policy.notes import bad_json_notes, tls_notes


def certificate(days: float) -> Certificate:
    end = int(time.time() + days * 86400)
    return Certificate(subject="CN=a.test", issuer="CN=i", sans=(), not_before=0, not_after=end, key="EC P-256", sha256="")


@pytest.mark.parametrize(("days", "words"), [(0.001, "1 min"), (0.505, "12 h"), (1.5, "1 day"), (13.5, "13 days")])
def test_less_than_two_weeks(days: float, words: str) -> None:
    assert tls_notes(TlsInfo(chain=(certificate(days),))) == [
        Note(code="near-expiry", message=f"the certificate of CN=a.test expires in {words}")
    ]


@pytest.mark.parametrize(("sans", "name"), [(("b.test", "c.test"), "b.test"), ((), "no name")])
def test_a_certificate_without_a_subject_goes_by_its_first_name(sans: tuple[str, ...], name: str) -> None:
    bare = certificate(3.5).replace(subject="", sans=sans)
    assert [note.message for note in tls_notes(TlsInfo(chain=(bare,)))] == [f"the certificate of {name} expires in 3 days"]


@pytest.mark.parametrize("days", [-0.5, -30, 14.5, 90])
def test_expired_or_long_valid(days: float) -> None:
    assert tls_notes(TlsInfo(chain=(certificate(days),))) == []


def test_every_certificate_of_the_chain() -> None:
    assert len(tls_notes(TlsInfo(chain=(certificate(90), certificate(3.5), certificate(2.5))))) == 2
    assert tls_notes(TlsInfo()) == []


def told(data: bytes, media_type: str | None = "application/json", *, truncated: bool = False) -> list[str]:
    return [note.message for note in bad_json_notes(Body(data=data, media_type=media_type, truncated=truncated))]


def test_content_that_is_no_json_though_its_type_says_so() -> None:
    message = "the media type says JSON, and it breaks at line 1, column 12: expecting value"
    assert told(b'{"a":1,"b":') == told(b'{"a":1,"b":', "application/problem+json") == [message]
    assert told(b"\xff") == ["the media type says JSON, and the content is no text"]


def test_what_is_json_or_does_not_claim_to_be() -> None:
    assert told(b'{"a":1}') == told(b"") == told(b'{"a":', truncated=True) == told(b"{", "text/plain") == told(b"{", None) == []
