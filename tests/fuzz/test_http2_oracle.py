"""Our HTTP/2 against the `h2` and `hpack` libraries: whatever one writes the other reads alike, and neither reads what is none.

`pytest tests/fuzz --hypothesis-profile=long` is the longer run.
"""

from __future__ import annotations

import contextlib

import hpack
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes
from hypothesis import given
from hypothesis import strategies as st
from peers.mangled import cuts, mutated, split

from rrcli.base.errors import ExchangeError
from rrcli.base.fields import is_secret_name
from rrcli.codec.http.h1 import Data, End, Head
from rrcli.codec.http.h2 import Http2Client
from rrcli.codec.http.hpack import STATIC, Decoder, Encoder, huffman_decode, huffman_encode

MOST = 1 << 20

# --- field lists

names = st.one_of(st.sampled_from([name for name, _ in STATIC]), st.sampled_from(["x-a", "x-b", "x-token", "x" * 200]), st.text(max_size=9))
values = st.one_of(
    st.sampled_from(["", "GET", "gzip, deflate", "a", "~" * 150, "{}" * 1000]),
    st.text(max_size=40),
    st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape")),
)
sizes = st.sampled_from([None, None, None, 0, 40, 100, 4096, 1 << 20])  # of the table, before a list
turns = st.lists(st.tuples(sizes, st.lists(st.tuples(names, values), max_size=8)), max_size=12)
Turns = list[tuple[int | None, list[tuple[str, str]]]]


def octets(fields: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape")) for name, value in fields]


@given(turns)
def test_what_we_encode_the_library_decodes(given_: Turns) -> None:
    encoder, oracle = Encoder(is_secret_name), hpack.Decoder(MOST)
    for size, fields in given_:
        if size is not None:
            encoder.allow(size)
        found = oracle.decode(encoder.encode(fields), raw=True)
        assert [(bytes(field[0]), bytes(field[1])) for field in found] == octets(fields)
        for (name, value), field in zip(fields, found, strict=True):
            assert not (value and is_secret_name(name)) or isinstance(field, hpack.NeverIndexedHeaderTuple)


@given(turns, st.booleans())
def test_what_the_library_encodes_we_decode(given_: Turns, huffman: bool) -> None:
    oracle, decoder = hpack.Encoder(), Decoder(MOST)
    for size, fields in given_:
        if size is not None:
            oracle.header_table_size = min(size, 4096)
        found = decoder.decode(oracle.encode(octets(fields), huffman=huffman))
        assert octets(found) == octets(fields)


@given(st.binary(max_size=200))
def test_huffman_codes_come_back(data: bytes) -> None:
    assert huffman_decode(huffman_encode(data)) == data


BLOCKS = (
    hpack.Encoder().encode([(":status", "200"), ("date", "Mon, 21 Oct 2013 20:13:21 GMT"), ("x-a", "b"), ("set-cookie", "a=b")]),
    b"\x3f\xe1\x01\x88\x40\x03abc\x03def\xbe\xbe\x10\x01a\x01b\x00\x01a\x01b",
    b"\x88\xc0\xbf\xbe\x7f\x00\x01x\x0f\x2f\x82\xff\xc7",
)


@given(st.lists(st.one_of(mutated(*BLOCKS), st.binary(max_size=40)), max_size=4))
def test_blocks_that_may_be_none_are_read_alike(blocks: list[bytes]) -> None:
    """Until one of them is none: then both refuse it, but for numbers of more octets than anyone needs, which we alone refuse."""
    decoder, oracle = Decoder(MOST), hpack.Decoder(MOST)
    for block in blocks:
        try:
            theirs = [(bytes(field[0]), bytes(field[1])) for field in oracle.decode(block, raw=True)]
        except (hpack.HPACKError, IndexError):
            theirs = None
        try:
            ours = octets(decoder.decode(block))
        except ExchangeError as error:
            assert theirs is None or "more than 5 octets" in error.message  # noqa: PT017
            return
        assert ours == theirs


# --- a connection

actions = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 70_000)),
        st.tuples(st.just("send"), st.integers(0, 40_000)),
        st.tuples(st.just("head"), st.integers(0, 3)),
        st.tuples(st.just("content"), st.integers(0, 30_000)),
        st.tuples(st.just("end"), st.integers(0, 3)),
        st.tuples(st.just("cancel"), st.integers(0, 3)),
        st.tuples(st.just("reset"), st.integers(0, 13)),
        st.tuples(st.just("window"), st.sampled_from([0, 1000, 65_535, 1 << 20])),
        st.tuples(st.just("frame"), st.sampled_from([16_384, 20_000, 1 << 20])),
        st.tuples(st.just("table"), st.sampled_from([0, 100, 4096])),
        st.tuples(st.just("ping"), st.just(0)),
    ),
    max_size=40,
)


SETTINGS = {
    "window": SettingCodes.INITIAL_WINDOW_SIZE,
    "frame": SettingCodes.MAX_FRAME_SIZE,
    "table": SettingCodes.HEADER_TABLE_SIZE,
}


class Both:
    """A client and the library's server, in step; what either has sent for each stream, and what the other has heard."""

    def __init__(self, sizes: list[int]) -> None:
        self.client = Http2Client()
        self.server = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.server.initiate_connection()
        self.sizes = sizes
        self.uploads: dict[int, bytes] = {}
        self.heard: dict[int, bytes] = {}
        self.ended: set[int] = set()  # uploads that the server has heard the end of
        self.downloads: dict[int, bytes] = {}
        self.told: dict[int, bytes] = {}
        self.heads: set[int] = set()  # sent by the server
        self.ends: set[int] = set()
        self.told_heads: set[int] = set()
        self.told_ends: set[int] = set()
        self.failed: dict[int, str] = {}
        self.gone: set[int] = set()  # reset by either side
        self.exchange()

    def exchange(self) -> None:
        """Let both hear all that the other has to say, until neither has more."""
        while True:
            out = self.client.to_send()
            for event in self.server.receive_data(out) if out else ():
                if isinstance(event, DataReceived):
                    self.heard[event.stream_id] += event.data
                    with contextlib.suppress(Exception):
                        self.server.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, StreamEnded):
                    self.ended.add(event.stream_id)
                elif isinstance(event, RequestReceived):
                    assert dict(event.headers)["x-number"] == str(event.stream_id)
                elif isinstance(event, StreamReset):
                    self.gone.add(event.stream_id)
            back = self.server.data_to_send()
            if not (out or back):
                return
            for piece in split(back, self.sizes):
                self.hear(piece)

    def hear(self, piece: bytes) -> None:
        for number, event in self.client.take(piece):
            assert number, event
            if isinstance(event, ExchangeError):
                self.failed[number] = event.kind
            elif isinstance(event, Data):
                self.told[number] += event.data
            elif isinstance(event, Head):
                assert dict(event.fields)["x-number"] == str(number)
                self.told_heads.add(number)
            elif isinstance(event, End):
                self.told_ends.add(number)

    def open(self) -> list[int]:
        return [number for number in self.uploads if number not in self.gone]


def act(both: Both, what: str, value: int) -> None:
    client, server = both.client, both.server
    if what == "ask":
        number = 1 + 2 * len(both.uploads)
        ends = value % 2 == 0
        fields = (("x-number", str(number)), ("x-odd", "v" * (value % 300)))
        assert client.request("POST", "https", "a.test", "/", fields, end=False) == number
        both.uploads[number] = bytes([number % 256]) * value
        both.heard[number] = both.told[number] = both.downloads[number] = b""
        client.send(both.uploads[number], stream=number, end=ends)
    elif what in SETTINGS:
        code = {"window": SettingCodes.INITIAL_WINDOW_SIZE, "frame": SettingCodes.MAX_FRAME_SIZE, "table": SettingCodes.HEADER_TABLE_SIZE}[
            what
        ]
        server.update_settings({code: value})
    elif what == "ping":
        server.ping(b"12345678")
    elif streams := both.open():
        on_stream(both, what, value, streams[value % len(streams)])


def on_stream(both: Both, what: str, value: int, number: int) -> None:
    client, server = both.client, both.server
    answering = number in both.heads and number not in both.ends
    if what == "send":
        both.uploads[number] += b"u" * value if not client._streams[number].ending else b""
        client.send(b"u" * value if not client._streams[number].ending else b"", stream=number)
    elif what == "head" and number not in both.heads:
        both.heads.add(number)
        server.send_headers(number, [(":status", "200"), ("x-number", str(number)), ("x-same", "s")])
    elif what == "content" and answering:
        data = bytes([value % 256]) * min(value, server.local_flow_control_window(number))
        both.downloads[number] += data
        for at in range(0, len(data), 16_384):
            server.send_data(number, data[at : at + 16_384], pad_length=None)
    elif what == "end" and answering:
        both.ends.add(number)
        server.end_stream(number)
    elif what == "cancel" and not (number in both.ends and number in both.ended):
        both.gone.add(number)
        client.cancel(number)
    elif what == "reset" and not (number in both.ends and number in both.ended):
        both.gone.add(number)
        server.reset_stream(number, value)


@given(actions, cuts)
def test_many_streams_with_the_librarys_server(steps: list[tuple[str, int]], sizes: list[int]) -> None:
    both = Both(sizes)
    for what, value in steps:
        act(both, what, value)
        both.exchange()
    both.server.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1 << 24})
    both.exchange()
    for number in both.open():
        assert both.heard[number] == both.uploads[number]
        assert both.told[number] == both.downloads[number]
        assert (number in both.told_heads) == (number in both.heads)
        assert (number in both.told_ends) == (number in both.ends)
    assert both.failed.keys() <= both.gone
    alive = [number for number in both.open() if not (number in both.told_ends and number in both.ended)]
    assert both.client._open == len(alive)
