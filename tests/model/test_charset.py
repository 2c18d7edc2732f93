"""In which encoding content is read, and what is noted about it."""

from __future__ import annotations

import codecs

import pytest

from rrcli.model.charset import CODECS, charset_note, codec_of, codec_of_label
from rrcli.model.document import body_text
from rrcli.model.values import Body

XML = '<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'


def body(data: bytes, media_type: str | None = None, charset: str | None = None) -> Body:
    return Body(data=data, size=len(data), media_type=media_type, charset=charset)


@pytest.mark.parametrize(
    ("content", "text", "note"),
    [
        (body("é".encode()), "é", None),
        (body(b"\xef\xbb\xbf{}", "application/json"), "\ufeff{}", None),
        (body("hi é".encode("utf-16"), "text/plain"), "hi é", "the content begins with the byte order mark of UTF-16, and is read so"),
        (
            body(b"\xef\xbb\xbfx", "text/plain", "iso-8859-1"), "\ufeffx",
            "the content begins with the byte order mark of UTF-8, and is read so",
        ),
        (body("héllo".encode(), "text/plain", "utf8mb4"), "héllo", "charset=utf8mb4 of the media type is read as UTF-8"),
        (body("日本".encode("shift_jis"), "text/plain", "x-sjis"), "日本", "charset=x-sjis of the media type is read as cp932"),
        (body("สวัสดี".encode("cp874"), "text/plain", "windows-874"), "สวัสดี", "charset=windows-874 of the media type is read as cp874"),
        (body(b"\x80\xe9", "text/plain", "iso-8859-1"), "€é", None),
        (body(b"\x81\xe9", "text/plain", "iso-8859-1"), "\x81é", None),
        (
            body('{"a":"é"}'.encode(), "application/json", "iso-8859-1"), '{"a":"é"}',
            "JSON is UTF-8 (RFC 8259 section 8.1), and is read so: charset=iso-8859-1 of its media type does not count",
        ),
        (body('{"a":"é"}'.encode("latin-1"), "application/problem+json", "iso-8859-1"), '{"a":"é"}', None),
        (
            body(XML.encode("latin-1"), "application/xml"), XML,
            "the content is read as cp1252, as its XML declaration says; the media type has no charset",
        ),
        (body(XML.encode(), "text/xml", "utf-8"), XML, None),
        (
            body("<meta charset='windows-1251'>ж".encode("cp1251"), "text/html"), "<meta charset='windows-1251'>ж",
            "the content is read as cp1251, as its meta element says; the media type has no charset",
        ),
        (
            body(b'<META http-equiv=x content="text/html; charset=x-cp1252">\x80', "text/html"),
            '<META http-equiv=x content="text/html; charset=x-cp1252">€',
            "the content is read as cp1252, as its meta element says; the media type has no charset",
        ),
        (body(b'<meta charset="utf-16">e', "text/html"), '<meta charset="utf-16">e', None),
        (
            body(b"\xe9", "text/plain", "idna"), None,
            "charset=idna of the media type is no encoding that is known, and the content is shown as bytes",
        ),
        (body(b"\xe9", "text/plain", "utf-8"), None, "the media type says charset=utf-8, and the content is no text in it"),
        (body(b"\xff\0", "text/plain", "utf-8"), None, None),
        (body(b"\x89PNG\0", "image/png"), None, None),
    ],
)  # fmt: skip
def test_what_content_is_read_as(content: Body, text: str | None, note: str | None) -> None:
    assert (body_text(content), charset_note(content)) == (text, note)


def test_every_label_has_a_codec_of_python() -> None:
    labels = [label for line in CODECS.split("\n") for label in line.split()[1:]]
    assert len(labels) > 200
    assert [label for label in labels if not codecs.lookup(codec_of_label(label) or "")._is_text_encoding] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("label", ["unicode_escape", "punycode", "rot13", "hex", "mbcs", "no-such", "a\0b", "\ud800", ""])
def test_what_is_no_encoding_of_content_is_not_known(label: str) -> None:
    assert codec_of_label(label) is None
    assert body_text(body(b"x", "text/plain", label)) == ("x" if not label else None)


@pytest.mark.parametrize(("label", "codec"), [("latin-1", "iso8859-1"), ("cp850", "cp850"), ("UTF_8", "utf-8")])
def test_labels_that_only_programs_know(label: str, codec: str) -> None:
    assert codec_of(body(b"x", "text/plain", label)) == codec
