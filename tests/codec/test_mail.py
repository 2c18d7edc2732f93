"""The writer of messages: `email` reads them as they were meant."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.codec.mail import Attachment, compose, date, head, message_id

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=120)


def parsed(data: bytes) -> EmailMessage:
    assert data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r")
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    found = message_from_bytes(data, policy=default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def test_a_plain_message_to_the_letter() -> None:
    fields = (("From", "a@x.test"), ("To", "b@x.test"), ("Subject", "hi"), ("Date", date(0)), ("Message-ID", message_id("42", "x.test")))
    assert compose(fields, text="hello\nthere") == (
        b"From: a@x.test\r\nTo: b@x.test\r\nSubject: hi\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <42@x.test>\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nhello\r\nthere\r\n"
    )


def by_lf(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


@given(TEXTS)
def test_a_text_comes_back(text: str) -> None:
    content = parsed(compose((), text=text)).get_payload(decode=True)
    assert isinstance(content, bytes)
    assert by_lf(content.decode()) == by_lf(text)


@given(WORDS)
def test_a_subject_comes_back(words: str) -> None:
    subject = " ".join(words.split())
    if not any(len(word) > 900 for word in subject.split()):
        found = parsed(head((("Subject", subject),)) + b"\r\n")
        assert str(found["Subject"]) == subject


def test_a_long_subject_is_folded() -> None:
    data = head((("Subject", "word " * 40 + "end"),))
    assert max(map(len, data.split(b"\r\n"))) <= 76
    assert parsed(data + b"\r\n")["Subject"] == "word " * 40 + "end"


def test_text_html_and_attachments() -> None:
    files = (Attachment(name="a b.bin", data=bytes(range(256))), Attachment(name="grüße.txt", data="ä".encode(), media_type="text/plain"))
    found = parsed(compose((("Subject", "Grüße"),), text="ä\n", html="<p>ä</p>", attachments=files))
    assert found["Subject"] == "Grüße"
    assert [part.get_content_type() for part in found.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/octet-stream", "text/plain",
    ]  # fmt: skip
    assert [part.get_filename() for part in found.iter_attachments()] == ["a b.bin", "grüße.txt"]
    assert [part.get_payload(decode=True) for part in found.iter_attachments()] == [bytes(range(256)), "ä".encode()]
    body = found.get_body(("html",))
    assert body is not None
    assert body.get_content() == "<p>ä</p>\r\n"


def test_a_message_without_text_is_empty() -> None:
    assert parsed(compose((("Subject", "x"),))).get_content() == ""


@given(st.integers(0, 4_000_000_000))
def test_a_date(seconds: int) -> None:
    assert parsedate_to_datetime(date(seconds)).timestamp() == seconds


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (("Subject", "a\r\nBcc: z"), "the header Subject has CR, LF or NUL in its value"),
        (("Subject", "a\0"), "the header Subject has CR, LF or NUL in its value"),
        (("To", "\ud800"), "the header To has letters without UTF-8"),
        (("a:b", "x"), "the header name 'a:b' is not of printable ASCII letters without colon"),
        (("", "x"), "the header name '' is not of printable ASCII letters without colon"),
        (("X", "x" * 1000), "the header X has more than 998 bytes without a space to fold it at"),
    ],
)
def test_what_is_no_header(field: tuple[str, str], why: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        head((field,))
    assert (caught.value.kind, caught.value.message) == ("usage", why)


@given(st.text(max_size=10), st.text(max_size=200))
def test_a_header_is_one_header_or_the_users_mistake(name: str, value: str) -> None:
    try:
        data = head(((name, value),))
    except ExchangeError as error:
        assert error.kind == "usage"  # noqa: PT017
        return
    lines = data.split(b"\r\n")
    assert lines[-1] == b""
    assert all(line[:1] == b" " and line.strip() for line in lines[1:-1])


@pytest.mark.parametrize(("unique", "host"), [("", "x"), ("a", ""), ("a b", "x"), ("a>", "x"), ("a\r", "x"), ("ä", "x")])
def test_what_is_no_message_id(unique: str, host: str) -> None:
    with pytest.raises(ExchangeError, match="is no Message-ID"):
        message_id(unique, host)


def test_a_text_without_utf8_is_the_users_mistake() -> None:
    with pytest.raises(ExchangeError, match="the text has letters without UTF-8"):
        compose((), text="\ud800")
