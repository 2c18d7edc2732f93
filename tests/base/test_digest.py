"""The digest of content: the same whichever module computes it, and whenever that is decided."""

from __future__ import annotations

import hashlib
import sys

import pytest

from rrcli.base.digest import LATER, Digest


@pytest.mark.parametrize("pieces", [[], [b"a"], [b"x"] * 3000, [bytes(LATER), b"y"], [bytes(LATER + 1)], [b"z" * 70_000] * 40])
@pytest.mark.parametrize("openssl", [True, False])
def test_it_is_that_of_the_whole(pieces: list[bytes], openssl: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not openssl:
        monkeypatch.setitem(sys.modules, "_hashlib", None)
    digest = Digest()
    for piece in pieces:
        digest.update(piece)
    expected = hashlib.sha256(b"".join(pieces)).hexdigest()
    assert (digest.hexdigest(), digest.hexdigest()) == (expected, expected)


def test_what_is_asked_early_decides_nothing() -> None:
    digest = Digest()
    digest.update(b"a")
    assert digest.hexdigest() == hashlib.sha256(b"a").hexdigest()
    digest.update(bytes(LATER))
    assert type(digest._hash).__module__ == "_hashlib"
    assert digest.hexdigest() == hashlib.sha256(b"a" + bytes(LATER)).hexdigest()
