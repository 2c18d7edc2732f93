"""HPACK: the examples of RFC 7541 both ways, other encoders' styles, and blocks that no encoder should write."""

from __future__ import annotations

import pytest
from hpack import Decoder as Oracle
from hpack import NeverIndexedHeaderTuple
from hpack.huffman import HuffmanEncoder
from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

from rrcli.base.errors import ExchangeError
from rrcli.base.fields import is_secret_name
from rrcli.codec.http.hpack import LENGTHS, STATIC, Decoder, Encoder, huffman_decode, huffman_encode

Fields = list[tuple[str, str]]
REQUESTS: list[Fields] = [
    [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")],
    [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com"), ("cache-control", "no-cache")],
    [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ],
]
DATE, LOCATION = ("date", "Mon, 21 Oct 2013 20:13:21 GMT"), ("location", "https://www.example.com")
COOKIE = ("set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1")
LATER = ("date", "Mon, 21 Oct 2013 20:13:22 GMT")
RESPONSES: list[Fields] = [
    [(":status", "302"), ("cache-control", "private"), DATE, LOCATION],
    [(":status", "307"), ("cache-control", "private"), DATE, LOCATION],
    [(":status", "200"), ("cache-control", "private"), LATER, LOCATION, ("content-encoding", "gzip"), COOKIE],
]
PLAIN_REQUESTS = (
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
)
CODED_REQUESTS = (
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "8286 84be 5886 a8eb 1064 9cbf",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
)
PLAIN_RESPONSES = (
    (
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 "
        "7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d"
    ),
    "4803 3330 37c1 c0bf",
    (
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a "
        "4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31"
    ),
)
CODED_RESPONSES = (
    (
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae "
        "82ae 43d3"
    ),
    "4883 640e ffc1 c0bf",
    (
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 "
        "d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07"
    ),
)
REQUEST_TABLES: list[Fields] = [
    [(":authority", "www.example.com")],
    [("cache-control", "no-cache"), (":authority", "www.example.com")],
    [("custom-key", "custom-value"), ("cache-control", "no-cache"), (":authority", "www.example.com")],
]
RESPONSE_TABLES: list[Fields] = [
    [LOCATION, DATE, ("cache-control", "private"), (":status", "302")],
    [(":status", "307"), LOCATION, DATE, ("cache-control", "private")],
    [COOKIE, ("content-encoding", "gzip"), LATER],
]
RESIZED = b"\x3f\xe1\x01"  # the table to 256 bytes


def entries(decoder: Decoder) -> Fields:
    """The dynamic table, the newest entry first, as indexes show it."""
    found: Fields = []
    while True:
        try:
            found += decoder.decode(bytes([0x80 | 62 + len(found)]))
        except ExchangeError:
            return found


@pytest.mark.parametrize(
    ("raw", "field", "kept"),
    [
        ("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", ("custom-key", "custom-header"), True),
        ("040c 2f73 616d 706c 652f 7061 7468", (":path", "/sample/path"), False),
        ("1008 7061 7373 776f 7264 0673 6563 7265 74", ("password", "secret"), False),
        ("82", (":method", "GET"), False),
    ],
)
def test_the_fields_of_appendix_c_2(raw: str, field: tuple[str, str], kept: bool) -> None:
    decoder = Decoder(1000)
    assert decoder.decode(bytes.fromhex(raw)) == [field]
    assert entries(decoder) == ([field] if kept else [])


@pytest.mark.parametrize(
    ("blocks", "lists", "tables", "start"),
    [
        (PLAIN_REQUESTS, REQUESTS, REQUEST_TABLES, b""),
        (CODED_REQUESTS, REQUESTS, REQUEST_TABLES, b""),
        (PLAIN_RESPONSES, RESPONSES, RESPONSE_TABLES, RESIZED),
        (CODED_RESPONSES, RESPONSES, RESPONSE_TABLES, RESIZED),
    ],
    ids=["C.3", "C.4", "C.5", "C.6"],
)
def test_the_examples_are_read(blocks: tuple[str, ...], lists: list[Fields], tables: list[Fields], start: bytes) -> None:
    decoder = Decoder(1000)
    decoder.decode(start)
    for block, fields, table in zip(blocks, lists, tables, strict=True):
        assert decoder.decode(bytes.fromhex(block)) == fields
        assert entries(decoder) == table


def test_the_requests_with_huffman_are_what_we_write() -> None:
    encoder = Encoder(lambda _: False)
    assert [encoder.encode(fields).hex() for fields in REQUESTS] == [block.replace(" ", "") for block in CODED_REQUESTS]


def test_the_responses_are_as_short_as_we_write_them() -> None:
    """Only where Huffman's code has the length of the text do they differ: we take the text."""
    encoder, oracle = Encoder(lambda _: False), Oracle()
    encoder.allow(256)
    blocks = [encoder.encode(fields) for fields in RESPONSES]
    assert [[tuple(field) for field in oracle.decode(block)] for block in blocks] == RESPONSES
    assert [len(block) for block in blocks] == [
        len(bytes.fromhex(block)) for block in (RESIZED.hex() + CODED_RESPONSES[0], *CODED_RESPONSES[1:])
    ]


@pytest.mark.parametrize(("number", "raw"), [(10, "2a"), (30, "3e"), (31, "3f00"), (1337, "3f9a0a"), (4096, "3fe11f")])
def test_numbers_as_appendix_c_1_has_them(number: int, raw: str) -> None:
    """In the size of a table, whose prefix has 5 bits."""
    encoder = Encoder(lambda _: False)
    encoder.allow(0)
    encoder.allow(number)
    assert encoder.encode(()).hex() == "20" + raw
    Decoder(0).decode(bytes.fromhex(raw))


# --- Huffman's code


def test_the_lengths_of_the_code_make_up_the_code() -> None:
    assert tuple(LENGTHS) == tuple(REQUEST_CODES_LENGTH)
    oracle = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)
    for octet in range(256):
        for data in (bytes([octet]), bytes([octet]) * 9, b"a" + bytes([octet])):
            assert huffman_encode(data) == oracle.encode(data)
            assert huffman_decode(huffman_encode(data)) == data


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\xff\xff\xff\xff", "the code of its end"),  # 30 ones, and two more
        (b"\xff\xff\xff\xfc", "the code of its end"),
        (b"\x1f\xff", "padding"),  # "a", and 11 ones
        (b"\xff", "padding"),  # 8 ones, and nothing
        (b"\x18", "padding"),  # "a", and zeros
        (b"\x1e", "padding"),
    ],
)
def test_codes_that_end_wrongly_are_refused(data: bytes, what: str) -> None:
    with pytest.raises(ExchangeError, match=what):
        huffman_decode(data)


def test_padding_is_up_to_seven_ones() -> None:
    texts = [huffman_decode(data) for data in (b"", b"\xf8", b"\x1f", b"\x18\xc6\x31\xff")]
    assert texts == [b"", b"&", b"a", b"aaaaa"]


# --- what no encoder should write


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ("80", "entry 0"),
        ("be", "entry 62, which no table has"),
        ("7f00 01 78", "entry 63"),
        ("ff80 8080 8000", "entry 127"),  # a number with zeros behind is still that number
        ("ff80 8080 8080 00", "more than 5 octets"),
        ("ffff ffff ffff 7f", "more than 5 octets"),
        ("ff", "is cut"),
        ("ff80", "is cut"),
        ("40", "is cut"),
        ("4001", "is cut"),
        ("4001 78", "is cut"),
        ("4001 7805 61", "is cut"),
        ("407f ffff ffff 7f", "more than 5 octets|is cut"),
        ("8220", "behind a field"),
        ("3fe2 1f", "a table of 4097 bytes; 4096 are allowed"),
    ],
)
def test_blocks_that_cannot_be_are_malformed(raw: str, what: str) -> None:
    with pytest.raises(ExchangeError, match=what) as caught:
        Decoder(1 << 20).decode(bytes.fromhex(raw))
    assert (caught.value.layer, caught.value.kind) == ("protocol", "malformed")


def test_a_list_that_unfolds_beyond_the_bound_is_too_large_before_it_has() -> None:
    decoder = Decoder(10_000)
    bomb = b"\x40\x01a\x7f\xa1\x1e" + b"x" * 4000  # one literal, of index 62 from then on
    assert decoder.decode(b"\x20\x3f\xe1\x1f\x82") == [(":method", "GET")]
    with pytest.raises(ExchangeError) as caught:
        decoder.decode(bomb + b"\xbe" * 1_000_000)
    assert caught.value.kind == "too_large"


def test_a_list_counts_as_the_rfc_has_it() -> None:
    assert Decoder(33 + 38).decode(b"\x00\x01a\x00\x00\x03abc\x03def") == [("a", ""), ("abc", "def")]
    with pytest.raises(ExchangeError, match="more than 70 bytes"):
        Decoder(70).decode(b"\x00\x01a\x00\x00\x03abc\x03def")


def test_an_entry_larger_than_the_table_empties_it() -> None:
    decoder = Decoder(1 << 20)
    decoder.decode(b"\x40\x01a\x01b")
    assert entries(decoder) == [("a", "b")]
    decoder.decode(b"\x40\x01a\x7f\x81\x1f" + b"x" * 4096)
    assert entries(decoder) == []


def test_a_table_that_shrinks_loses_its_oldest() -> None:
    decoder = Decoder(1 << 20)
    decoder.decode(b"\x40\x01a\x01b\x40\x01c\x01d\x40\x01e\x01f")
    decoder.decode(b"\x3f\x25")  # 68 bytes, which are two entries
    assert entries(decoder) == [("e", "f"), ("c", "d")]
    decoder.decode(b"\x20")
    assert entries(decoder) == []
    decoder.decode(b"\x40\x01a\x01b")
    assert entries(decoder) == []


def test_octets_that_are_no_utf_8_come_back() -> None:
    (field,) = Decoder(1000).decode(b"\x00\x01a\x03\xff\xc3\xa9")
    assert field == ("a", "\udcffé")
    assert Encoder(lambda _: True).encode([field]).endswith(b"\x03\xff\xc3\xa9")


# --- the encoder's part


def test_secrets_are_never_indexed() -> None:
    fields = [("authorization", "Bearer abc"), ("cookie", "a=" + "b" * 50), ("x-api-key", "k"), ("csrftoken", "t"), ("accept", "*/*")]
    encoder, oracle = Encoder(is_secret_name), Oracle()
    for _ in range(2):
        found = oracle.decode(encoder.encode(fields))
        assert [isinstance(field, NeverIndexedHeaderTuple) for field in found] == [True, True, True, True, False]
        assert [tuple(field) for field in found] == fields
    assert len(encoder.encode([("accept", "*/*")])) == 1


def test_a_field_that_would_throw_out_the_others_is_not_indexed() -> None:
    encoder = Encoder(lambda _: False)
    encoder.encode([("a", "b")])
    large = encoder.encode([("c", "~" * 3500)])
    assert large[0] == 0
    assert encoder.encode([("a", "b")]) == b"\xbe"


def test_a_smaller_table_is_announced_once_and_a_larger_one_is_not_taken() -> None:
    encoder = Encoder(lambda _: False)
    encoder.allow(1 << 30)
    assert encoder.encode([("a", "b")])[0] == 0x40
    encoder.allow(0)
    encoder.allow(100)
    assert encoder.encode([("a", "b")])[:4] == b"\x20\x3f\x45\x40"
    assert encoder.encode([("a", "b")]) == b"\xbe"
    encoder.allow(4096)
    assert encoder.encode([("a", "b")]) == b"\x3f\xe1\x1f\xbe"


def test_a_table_of_nothing_remembers_nothing() -> None:
    encoder, oracle = Encoder(lambda _: False), Oracle()
    encoder.allow(0)
    for _ in range(2):
        assert [tuple(field) for field in oracle.decode(encoder.encode([("a", "b"), ("a", "b")]))] == [("a", "b")] * 2


# --- other encoders' styles


class Style:
    """An encoder by hand: how it writes strings, what it puts into the table, and how large that is at each turn."""

    def __init__(self, *, coded: bool, mark: int, sizes: tuple[int, ...] = ()) -> None:
        self._coded = coded
        self._mark = mark
        self._sizes = sizes
        self._table: list[tuple[str, str]] = []
        self._limit = 4096
        self._oracle = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)

    def encode(self, turn: int, fields: Fields) -> bytes:
        out = b""
        if self._sizes:
            self._limit = self._sizes[turn % len(self._sizes)]
            out += self._number(self._limit, 5, 0x20)
            self._evict()
        for field in fields:
            known = [*STATIC, *self._table]
            if field in known:
                out += self._number(known.index(field) + 1, 7, 0x80)
                continue
            names = [name for name, _ in known]
            index = names.index(field[0]) + 1 if field[0] in names else 0
            out += self._number(index, 6 if self._mark == 0x40 else 4, self._mark)
            out += (b"" if index else self._string(field[0])) + self._string(field[1])
            if self._mark == 0x40:
                self._table.insert(0, field)
                self._evict()
        return out

    def _evict(self) -> None:
        while sum(len(name) + len(value) + 32 for name, value in self._table) > self._limit:
            self._table.pop()

    def _string(self, text: str) -> bytes:
        data = self._oracle.encode(text.encode()) if self._coded else text.encode()
        return self._number(len(data), 7, 0x80 if self._coded else 0) + data

    def _number(self, value: int, bits: int, mark: int) -> bytes:
        most = (1 << bits) - 1
        if value < most:
            return bytes([mark | value])
        out, value = [mark | most], value - most
        while value >= 128:
            out.append(value % 128 + 128)
            value //= 128
        return bytes([*out, value])


STYLES = {
    "never Huffman": {"coded": False, "mark": 0x40},
    "always Huffman, though it is longer": {"coded": True, "mark": 0x40},
    "nothing in the table": {"coded": False, "mark": 0x00},
    "nothing in any table on the way": {"coded": True, "mark": 0x10},
    "a table of every size": {"coded": True, "mark": 0x40, "sizes": (4096, 0, 100, 256, 32, 4096, 70)},
}


@pytest.mark.parametrize("style", STYLES)
def test_the_styles_of_other_encoders_are_read(style: str) -> None:
    encoder, decoder = Style(**STYLES[style]), Decoder(1 << 20)
    for turn in range(60):
        lists = [
            *REQUESTS[turn % 3],
            ("x-turn", str(turn)),
            ("x-odd", "{}\\^~\x7f" * (turn % 7)),
            *RESPONSES[turn % 3],
            (f"x-{turn % 9}", ""),
        ]
        assert decoder.decode(encoder.encode(turn, lists)) == lists
