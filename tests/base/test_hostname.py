"""Host names in ASCII: as browsers, curl and the idna package read them, where Python's own codec asks for another domain."""

from __future__ import annotations

import subprocess

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.base import need

from rrcli.base.url import ascii_name


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("plain.example", "plain.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("ς.example", "xn--3xa.example"),
        ("BÜCHER.Example", "xn--bcher-kva.example"),
        ("a。ü", "a.xn--tda"),
        ("☕.example", "xn--53h.example"),
        ("_dmarc.bücher.test", "_dmarc.xn--bcher-kva.test"),
        ("क्‍ष.example", "xn--11b1i5a.example".replace("xn--11b1i5a", idna.alabel("क्‍ष").decode())),
    ],
)
def test_names_in_ascii(host: str, found: str) -> None:
    assert ascii_name(host) == found


@pytest.mark.parametrize("host", ["a‍ü.example", "ü" * 70, "xn--ü.example\ufdd0"])
def test_what_is_no_name(host: str) -> None:
    with pytest.raises(UnicodeError):
        ascii_name(host)


@given(st.text(st.characters(codec="utf-8", categories=("Ll", "Lo", "Nd")), min_size=1, max_size=12))
def test_it_agrees_with_idna(label: str) -> None:
    try:
        expected = idna.encode(f"{label}.test", uts46=True, transitional=False).decode()
    except idna.IDNAError:
        return
    assert ascii_name(f"{label}.test") == expected


@pytest.mark.parametrize("host", ["straße.example", "ς.example", "BÜCHER.example"])
def test_it_agrees_with_curl(host: str) -> None:
    done = subprocess.run(
        [need("curl"), "-sv", "-m", "2", "--resolve", "*:80:127.0.0.1", f"http://{host}:1/"],
        capture_output=True, text=True, check=False, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert ascii_name(host) in done.stderr
