"""Multipart forms: curl's words for a part, the user's own Content-Type, encodings, doubts; test_http.py has what curl sends beside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.prepare.partwords import doubts
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.http.request import HttpRequest
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import all_of

URL = "http://a.test/x"


def asked(*words: str, **options: Any) -> PreparedRequest:
    return prepare(HopState(options=HttpRequest(URL, *words, **options)), "the-id")


def form(*texts: str, **options: Any) -> PreparedRequest:
    return asked(parts=tuple(("-F", text) for text in texts), **options)


def part(text: str) -> bytes:
    """The one part that `-F text` makes, without the boundaries around it."""
    pieces = re.split(rb"--?-{24}[0-9a-f]{24}(?:--)?\r\n", form(text).content or b"")
    return b"".join(pieces).removesuffix(b"\r\n")


def complaint(*words: str, **options: Any) -> str:
    with pytest.raises(ExchangeError) as caught:
        asked(*words, **options)
    return caught.value.message


def boundary_of(found: PreparedRequest) -> tuple[str, str]:
    """The media type and the boundary that the one Content-Type names."""
    (value,) = all_of(found.fields, "content-type")
    media_type, _, boundary = value.partition("; boundary=")
    return media_type, boundary


@pytest.mark.parametrize("given", ["multipart/form-data", "multipart/related; type=x", "application/json"])
def test_a_content_type_of_the_users_gets_the_boundary_of_the_content(given: str) -> None:
    found = form("a=b", headers=(f"content-type: {given}",))
    media_type, boundary = boundary_of(found)
    assert media_type == given
    assert (found.content or b"").startswith(f"--{boundary}\r\n".encode())


def test_an_item_for_content_type_gets_the_boundary_too(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_bytes(b"{}")
    found = asked("Content-Type:multipart/form-data", "a=b", f"f@{tmp_path}/d.json", form=True)
    media_type, boundary = boundary_of(found)
    assert media_type == "multipart/form-data"
    assert (found.content or b"").count(boundary.encode()) == 3


@pytest.mark.parametrize(
    "given", ["multipart/form-data; boundary=XX", 'multipart/mixed;boundary="XX"', "multipart/form-data; Boundary = XX"]
)
def test_the_users_boundary_is_used_in_the_content(given: str) -> None:
    found = form("a=b", headers=(f"Content-Type: {given}",))
    assert all_of(found.fields, "content-type") == [given]
    kind = b"attachment" if "mixed" in given else b"form-data"
    assert found.content == b"--XX\r\nContent-Disposition: " + kind + b'; name="a"\r\n\r\nb\r\n--XX--\r\n'


def test_a_boundary_that_cannot_serve_is_refused() -> None:
    of = "Content-Type: multipart/form-data; boundary="
    assert complaint(parts=(("-F", "a=b"),), headers=(f"{of}a@b",)) == "'a@b' is no boundary"
    assert complaint(parts=(("-F", "a=b"),), headers=(f"{of}{'x' * 71}",)) == f"{'x' * 71!r} is no boundary"
    assert complaint(parts=(("-F", "a=b--XX"),), headers=(f"{of}XX",)) == "the boundary 'XX' stands in the content too"


def test_a_content_encoding_beside_compress_is_refused() -> None:
    message = "--compress gzip and the field Content-Encoding: br exclude each other"
    assert complaint(data=(("-d", "x"),), compress="gzip", headers=("Content-Encoding: br",)) == message
    assert all_of(asked(data=(("-d", "x"),), compress="gzip", headers=("Content-Encoding: GZIP",)).fields, "content-encoding") == ["GZIP"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a="Doe; John"', b'Content-Disposition: form-data; name="a"\r\n\r\nDoe; John'),
        (r'a="q\"b\\s\d"', b'Content-Disposition: form-data; name="a"\r\n\r\nq"b\\s\\d'),
        ('a="open', b'Content-Disposition: form-data; name="a"\r\n\r\n"open'),
        ("a= b ", b'Content-Disposition: form-data; name="a"\r\n\r\nb'),
        ("=b", b"Content-Disposition: form-data\r\n\r\nb"),
        ("a=b;TYPE=x/y;z=1", b'Content-Disposition: form-data; name="a"\r\nContent-Type: x/y;z=1\r\n\r\nb'),
        ('a=b;headers="Content-Disposition: inline"', b"Content-Disposition: inline\r\n\r\nb"),
        ("a=b;encoder=base64", b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\nYg=='),
        ("a=b;encoder=7BIT", b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: 7bit\r\n\r\nb'),
    ],
)
def test_quotes_and_options_of_a_part(text: str, expected: bytes) -> None:
    assert part(text) == expected


def test_headers_of_a_part_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "h").write_text("X-One: 1\n# no header\n\nX-Two: 2\n  more\n")
    assert part(f'a=b;headers=@"{tmp_path}/h"') == b'Content-Disposition: form-data; name="a"\r\nX-One: 1\r\nX-Two: 2 more\r\n\r\nb'


def test_quoted_printable_is_what_curl_makes(tmp_path: Path) -> None:
    (tmp_path / "q").write_bytes(b"caf\xc3\xa9 = x \nline two   \r\n" + b"y" * 100 + b"\nend ")
    expected = b"caf=C3=A9 =3D x =0Aline two  =20\r\n" + b"y" * 75 + b"=\r\n" + b"y" * 25 + b"=0Aend=20"
    assert part(f"a=<{tmp_path}/q;encoder=quoted-printable").endswith(b"\r\n\r\n" + expected)


def test_several_files_are_a_part_with_parts(tmp_path: Path) -> None:
    for name in ("a.txt", "b c.bin"):
        (tmp_path / name).write_bytes(name.encode())
    found = form(f'f=@{tmp_path}/a.txt,"{tmp_path}/b c.bin";type=x/y').content or b""
    boundaries = re.findall(rb"^--(-{24}[0-9a-f]{24})\r$", found, re.MULTILINE)
    plain = found.replace(boundaries[0], b"OUTER").replace(boundaries[1], b"INNER")
    assert plain == (
        b'--OUTER\r\nContent-Disposition: form-data; name="f"\r\nContent-Type: multipart/mixed; boundary=INNER\r\n\r\n'
        b'--INNER\r\nContent-Disposition: attachment; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\na.txt\r\n'
        b'--INNER\r\nContent-Disposition: attachment; filename="b c.bin"\r\nContent-Type: x/y\r\n\r\nb c.bin\r\n'
        b"--INNER--\r\n\r\n--OUTER--\r\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b;type=bad", "type='bad' in -F is no media type"),
        ("a=b;encoder=wat", "encoder='wat' in -F is no encoding"),
        ("a=ü;encoder=7bit", "encoder=7bit takes ASCII alone, and there are other bytes"),
        ("=)", "-F '=)' ends a group of parts that none began"),
        ("a=b;headers=X: 1\r\nY: 2", "the line 'X: 1\\r\\nY: 2' of a part has a line end"),
    ],
)
def test_what_is_no_part_is_refused(text: str, message: str) -> None:
    assert complaint(parts=(("-F", text),)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b;c", "the text of the part 'a' has a ; and is sent whole, where curl cuts it: quotes around it keep it there too"),
        ('a="b" c', "in the part 'a' 'c' is no option, and is left out as in curl"),
        ("a=@f;foo", "in the part 'a' ';foo' is no option, and is left out as in curl"),
        (
            "a=<f;filename=n",
            "the part 'a' has the content of a file, and filename= has no effect: @ in the place of < sends it as a file",
        ),
    ],
)
def test_what_may_not_be_meant_is_told(text: str, message: str) -> None:
    assert doubts([("-F", text)]) == [message]


def test_what_is_meant_is_not_doubted() -> None:
    assert doubts([("-F", 'a="b;c"'), ("--form-string", "a=b;c"), ("-F", "f=@a,b;type=x/y;z=1"), ("-F", "=("), ("-F", "=)")]) == []
