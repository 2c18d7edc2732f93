"""Names that a server has a say in: what is taken of them, and the traps that are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.adapters.http.filename import LONGEST, from_disposition, from_url, safe_name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("naïve plan.txt", "naïve plan.txt"),
        ("../../etc/passwd", "passwd"),
        ("..", None),
        (".", None),
        ("", None),
        (" . . ", None),
        ("a/", None),
        ("/abs/olute", "olute"),
        ("C:\\x", "x"),
        ("C:x", "C_x"),
        ("..\\..\\x.exe", "x.exe"),
        (".bashrc", "_bashrc"),
        ("...hidden", "_hidden"),
        ("-rf", "_rf"),
        ("a\0b", "ab"),
        ("a\r\nSet-Cookie: b", "aSet-Cookie_ b"),
        ("a\x1b[31mb\x9b", "a[31mb"),
        ("gpj.\u202eexe.jpg", "gpj.exe.jpg"),
        ("a\u200bb\ufeff\u2028c", "abc"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("lpt1 .txt", "_lpt1 .txt"),
        ("console.log", "console.log"),
        ("trailing. . ", "trailing"),
        ('a<b>|"?*', "a_b_____"),
        ("\udcff.bin", ".bin".replace(".", "_", 1)),
        ("x" * 300 + ".tar", "x" * (LONGEST - 4) + ".tar"),
        ("é" * 300, "é" * (LONGEST // 2)),
        ("a." + "x" * 300, "a." + "x" * (LONGEST - 2)),
    ],
)
def test_a_name_is_made_harmless(said: str, name: str | None) -> None:
    assert safe_name(said) == name


@given(st.text())
def test_whatever_is_said_the_name_is_one_plain_segment(said: str) -> None:
    name = safe_name(said)
    if name is not None:
        assert 0 < len(name.encode()) <= LONGEST
        assert not name.startswith((".", "-"))
        assert not set(name) & set("/\\\0\r\n")
        assert name.isprintable()
        assert safe_name(name) == name


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("attachment; filename=plain.txt", "plain.txt"),
        ('filename="x.txt"', "x.txt"),
        ('filename = "x;y.txt"; size=3', "x;y.txt"),
        ("size=3; filename*=UTF-8''%C3%A4.txt", "ä.txt"),
        ('attachment; filename="two words.txt"', "two words.txt"),
        (r'attachment; filename="a\"b.txt"', "a_b.txt"),
        (r'attachment; filename="C:\x\y.txt"', "y.txt"),
        ('attachment; filename="semi;colon.txt"; size=3', "semi;colon.txt"),
        ("ATTACHMENT ; FileName = spaced.txt ; x=y", "spaced.txt"),
        ("attachment; filename=\"fallback.txt\"; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        ("attachment; filename*=utf-8'en'%e2%82%ac.txt; filename=euro.txt", "€.txt"),
        ("attachment; filename*=iso-8859-1''na%EFve.txt", "naïve.txt"),
        ("attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("attachment; filename*=UTF-8''a%00b%0D%0Ac", "abc"),
        ("attachment; filename*=UTF-8''%FF; filename=good.txt", "good.txt"),
        ("attachment; filename*=utf-16''x; filename=good.txt", "good.txt"),
        ("attachment; filename*=bare; filename=good.txt", "good.txt"),
        ("attachment; filename=first; filename=second", "first"),
        ('attachment; filename="na\xc3\xafve.txt"', "naïve.txt"),
        ('attachment; filename="na\xefve.txt"', "naïve.txt"),
        ('attachment; filename="unended', "unended"),
        ("attachment; filename", None),
        ("attachment", None),
        ("attachment; filename=", None),
        ("filename=not-a-parameter", None),
    ],
)
def test_the_name_of_a_content_disposition(field: str, name: str | None) -> None:
    assert from_disposition((("content-disposition", field),)) == name


def test_without_the_field_there_is_no_name() -> None:
    assert from_disposition((("Content-Type", "text/plain"),)) is None


@pytest.mark.parametrize(
    ("path", "name"), [("/a/b.txt", "b.txt"), ("/a/b%20c", "b%20c"), ("/", None), ("", None), ("/a/", None), ("/..", None)]
)
def test_the_name_of_a_url(path: str, name: str | None) -> None:
    assert from_url(path) == name
