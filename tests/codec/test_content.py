"""Content codings: what they decode, however the bytes are cut, and what they refuse."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.codec.http.content import ANOTHER, BROTLI, PIECE, ZSTD, ContentDecoder, ContentEncoder, askable, codings

TEXT = b"the quick brown fox jumps over the lazy dog; " * 50


def bare(data: bytes) -> bytes:
    """Deflate without zlib's wrapper."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}


def decode(names: list[str], data: bytes, size: int = 10**9) -> tuple[bytes, list[str]]:
    """The content, fed in cuts of `size`, and the codes of the notes."""
    notes: list[str] = []
    decoder = ContentDecoder(names, lambda code, _: notes.append(code))
    pieces = [piece for at in range(0, len(data), size) for piece in decoder.feed(data[at : at + size])]
    decoder.finish()
    assert max(map(len, pieces), default=0) <= PIECE
    return b"".join(pieces), notes


def failure(names: list[str], data: bytes) -> tuple[str, str]:
    with pytest.raises(ExchangeError) as caught:
        decode(names, data)
    assert caught.value.layer == "protocol"
    return caught.value.kind, caught.value.message


@pytest.mark.parametrize("size", [1, 2, 7, 10**9])
@pytest.mark.parametrize(("name", "encode"), [*ENCODERS.items(), ("deflate", bare)])
def test_decodes_however_it_is_cut(name: str, encode: Callable[[bytes], bytes], size: int) -> None:
    assert decode([name], encode(TEXT), size) == (TEXT, [])


@given(content=st.binary(max_size=3000), names=st.lists(st.sampled_from(sorted(ENCODERS)), max_size=5), size=st.integers(1, 200))
def test_decodes_stacked_codings(content: bytes, names: list[str], size: int) -> None:
    data = content
    for name in names:
        data = ENCODERS[name](data)
    assert decode(names, data, size) == (content, [])


@given(content=st.binary(min_size=1, max_size=500))
def test_tells_bare_deflate_from_wrapped(content: bytes) -> None:
    assert decode(["deflate"], zlib.compress(content))[0] == decode(["deflate"], bare(content))[0] == content


def test_decodes_several_members() -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"two ") + gzip.compress(b"three")
    assert decode(["gzip"], data) == decode(["gzip"], data, 1) == (b"one two three", [])


@pytest.mark.parametrize("size", [1, 10**9])
@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_leaves_out_what_follows_the_content(name: str, size: int) -> None:
    assert decode([name], ENCODERS[name](TEXT) + b"\0\0\0\0", size) == (TEXT, ["bytes-after-content"])


def test_nothing_at_all_is_empty_content() -> None:
    assert decode(["gzip"], b"") == decode(["deflate"], b"") == decode(["br"], b"") == (b"", [])


def test_a_bomb_comes_in_bounded_pieces() -> None:
    data = gzip.compress(gzip.compress(bytes(64 << 20)))
    assert len(data) < 1000
    decoder = ContentDecoder(["gzip", "gzip"], lambda *_: None)
    pieces = decoder.feed(data)
    sizes = {len(next(pieces)) for _ in range(100)}
    assert sizes == {PIECE}


def test_refuses_content_that_is_not_what_it_says() -> None:
    assert failure(["gzip"], b"<html>hello</html>") == (
        "malformed",
        "Content-Encoding says gzip, but the content is not: it begins with b'<html>hello</htm'",
    )
    assert failure(["deflate"], b"\xff\xff\xff\xff") == (
        "malformed",
        "the deflate content is broken within its first 4 bytes: invalid block type",
    )


def test_refuses_broken_content() -> None:
    data = bytearray(gzip.compress(TEXT))
    data[-5] ^= 1
    assert failure(["gzip"], bytes(data)) == (
        "malformed",
        f"the gzip content is broken within its first {len(data)} bytes: incorrect data check",
    )


@pytest.mark.parametrize("left", [1, 10, -1])
def test_refuses_cut_content(left: int) -> None:
    data = gzip.compress(TEXT)[:left]
    assert failure(["gzip"], data) == ("malformed", f"the gzip content is cut: it goes on after its {len(data)} bytes")


def test_refuses_too_many_codings() -> None:
    assert failure(["gzip"] * 6, b"") == ("too_large", "the content has 6 codings on top of each other; 5 are read")


def test_refuses_what_it_cannot_decode() -> None:
    with pytest.raises(ExchangeError) as caught:
        ContentDecoder(["compress"], lambda *_: None)
    assert (caught.value.kind, caught.value.message) == ("unsupported", "the content is coded with compress")
    assert caught.value.hint == ANOTHER


@pytest.mark.parametrize(("name", "modules"), [("br", BROTLI), ("zstd", ZSTD)])
def test_names_what_to_install(name: str, modules: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExchangeError) as caught:
        ContentDecoder([name], lambda *_: None)
    message = f"the content is coded with {name}, and no module for that is installed"
    assert (caught.value.layer, caught.value.kind, caught.value.message) == ("protocol", "unsupported", message)
    assert caught.value.hint == f"pip install brotlicffi backports.zstd brings it; {ANOTHER}"
    notes: list[str] = []
    ContentDecoder([name], lambda _, text: notes.append(text), doubted=True)
    assert notes == [f"{message} (pip install brotlicffi backports.zstd); it was not asked for and is left as it came"]
    assert name not in askable().split(", ")
    with pytest.raises(ExchangeError) as caught:
        ContentEncoder(name)
    assert (caught.value.layer, caught.value.message) == ("usage", f"no module that compresses with {name} is installed")


def test_asks_for_what_it_can_decode() -> None:
    pytest.importorskip("brotlicffi")
    pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    assert askable() == "gzip, deflate, br, zstd"


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_decodes_what_it_encodes(name: str) -> None:
    if name in ("br", "zstd"):
        pytest.importorskip({"br": "brotlicffi", "zstd": "backports.zstd"}[name] if sys.version_info < (3, 14) else "compression.zstd")
    content = os.urandom(100_000) + bytes(1 << 20)
    encoder = ContentEncoder(name)
    data = b"".join(encoder.compress(content[at : at + 65536]) for at in range(0, len(content), 65536)) + encoder.finish()
    assert len(data) < len(content) // 2
    assert decode([name], data) == (content, [])


@pytest.mark.parametrize("size", [1, 10**9])
def test_decodes_brotli_where_it_is_installed(size: int) -> None:
    brotli = pytest.importorskip("brotlicffi")
    content = os.urandom(100_000) + bytes(1 << 20)
    data = brotli.compress(content, quality=5)
    assert decode(["br"], data, size) == (content, [])
    assert failure(["br"], data[:-1])[0] == "malformed"
    assert failure(["br"], b"\xff\xff\xff\xff") == ("malformed", "the br content is broken within its first 4 bytes")


@pytest.mark.parametrize("size", [1, 10**9])
def test_decodes_zstd_where_it_is_installed(size: int) -> None:
    zstd = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    content = os.urandom(100_000) + bytes(1 << 20)
    data = zstd.compress(content) + zstd.compress(TEXT)
    assert decode(["zstd"], data, size) == (content + TEXT, [])
    assert failure(["zstd"], data[:-1])[0] == "malformed"
    assert failure(["zstd"], b"\xff\xff\xff\xff") == ("malformed", "the zstd content is broken within its first 4 bytes")


def test_leaves_content_as_it_is_under_a_name_that_is_no_coding() -> None:
    assert decode(["utf-8"], TEXT) == (TEXT, ["unknown-content-coding"])
    assert decode(["utf-8", "gzip"], gzip.compress(TEXT)) == (TEXT, ["unknown-content-coding"])
    assert decode(["gzip", "utf-8"], gzip.compress(TEXT)) == (gzip.compress(TEXT), ["unknown-content-coding"])


def test_reads_the_codings_of_a_message() -> None:
    fields = (("Content-Encoding", "GZip, identity"), ("X", "br"), ("content-encoding", " deflate,,"))
    assert codings(fields) == ["gzip", "deflate"]


@pytest.mark.parametrize("size", [1, 10**9])
def test_content_that_gzip_names_may_be_in_the_format_of_deflate(size: int) -> None:
    assert decode(["gzip"], zlib.compress(TEXT), size) == (TEXT, ["odd-content-coding"])


@pytest.mark.parametrize("behind", [b"\0", b"\x1f", b"more"])
def test_bytes_behind_compressed_content_are_noted(behind: bytes) -> None:
    assert decode(["gzip"], gzip.compress(TEXT) + behind) == (TEXT, ["bytes-after-content"])


def doubted(names: list[str], pieces: list[bytes]) -> tuple[bytes, list[str]]:
    notes: list[str] = []
    decoder = ContentDecoder(names, lambda code, _: notes.append(code), doubted=True)
    content = b"".join(part for piece in pieces for part in decoder.feed(piece))
    decoder.finish()
    return content, notes


def test_doubted_codings_are_undone_where_they_are_and_left_where_they_are_not() -> None:
    data = gzip.compress(TEXT)
    assert doubted(["gzip"], [data]) == (TEXT, [])
    assert doubted(["gzip"], [b"p", b"lain", b" text"]) == (b"plain text", ["not-coded"])
    assert doubted(["gzip", "deflate"], [data]) == (TEXT, ["not-coded"])
    assert doubted(["compress"], [b"plain"]) == (b"plain", ["not-decoded"])
    with pytest.raises(ExchangeError, match="the gzip content is cut"):
        doubted(["gzip"], [data[:-1]])
    with pytest.raises(ExchangeError, match="incorrect data check"):
        doubted(["gzip"], [data[:-5], b"\0\0\0\0\0"])
