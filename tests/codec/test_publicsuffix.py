"""Public suffixes, with the system's list and without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rrcli.codec.http import publicsuffix


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "list"
    path.write_text("// rules\ncom\ngithub.io\n*.ck\n!www.ck\n公司.cn\n", "utf-8")
    monkeypatch.setattr(publicsuffix, "LISTS", (str(tmp_path / "none"), str(path)))
    monkeypatch.setattr(publicsuffix, "_rules", None)


@pytest.mark.parametrize(
    ("domain", "is_one"),
    [
        ("com", True), ("example.com", False), ("github.io", True), ("me.github.io", False), ("any.ck", True), ("www.ck", False),
        ("a.any.ck", False), ("xn--55qx5d.cn", True), ("unknown", True), ("co.uk", False), ("127.0.0.1", False), ("::1", False),
        ("localhost", True),
        ("com.", True),
        ("0.0.1", True),
        ("1.0x1", True),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("listed")
def test_a_list_holds(domain: str, is_one: bool) -> None:
    assert publicsuffix.is_public_suffix(domain) is is_one


@pytest.mark.parametrize(
    ("domain", "is_one"),
    [("com", True), ("co.uk", True), ("com.au", True), ("example.uk", False), ("co.com", False), ("a.co.uk", False), ("localhost", True)],
)
def test_without_a_list_the_usual_ones_are_known(domain: str, is_one: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publicsuffix, "LISTS", ())
    monkeypatch.setattr(publicsuffix, "_rules", None)
    assert publicsuffix.is_public_suffix(domain) is is_one
