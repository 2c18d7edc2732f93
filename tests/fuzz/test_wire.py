"""What is read before and beside an answer: HTTP/2, EDNS, certificates, proxies' words, STARTTLS; as `test_codecs.py` has it.

`pytest tests/fuzz --hypothesis-profile=long` is the longer run.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypothesis import given
from hypothesis import strategies as st
from peers.mangled import cuts, mutated, outcome, split

from rrcli.base.deadline import Deadline
from rrcli.base.errors import KINDS, ExchangeError
from rrcli.codec.dns import edns
from rrcli.codec.http.h2 import Http2Client
from rrcli.codec.http.h2frames import FrameNotes
from rrcli.codec.proxyprotocol import SIGNATURE, header
from rrcli.codec.redis import quote
from rrcli.options.proxyurl import Proxy, parse
from rrcli.policy.secrets import mask_field
from rrcli.wire.certificate import _inside
from rrcli.wire.proxy.handshake import tunnel
from rrcli.wire.recorder import Recorder
from rrcli.wire.starttls import NAMES, PROTOCOLS, _take
from rrcli.wire.stream import Plain, Stream

# --- HTTP/2


def frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def answered() -> bytes:
    """What the `h2` library's server sends for an answer with a body and trailers."""
    client, server = Http2Client(), H2Connection(H2Configuration(client_side=False))
    server.initiate_connection()
    client.request("GET", "https", "a.test", "/", (), end=True)
    server.receive_data(client.to_send())
    server.send_headers(1, [(":status", "103"), ("link", "</a>")])
    server.send_headers(1, [(":status", "200"), ("content-length", "5"), ("x-a", "b")])
    server.send_data(1, b"hello", pad_length=3)
    server.send_headers(1, [("x-sum", "1")], end_stream=True)
    return bytes(server.data_to_send())


ANSWERED = answered()
FRAMES = st.builds(
    frame,
    st.integers(0, 11),
    st.one_of(st.binary(max_size=40), st.sampled_from([b"\x88", b"\x88\xbe", bytes(4), bytes(8), b"\0\3\0\0\0\1"])),
    st.one_of(st.integers(0, 255), st.sampled_from([0, 1, 4, 5, 8, 12])),
    st.sampled_from([0, 1, 1, 1, 2, 3, 0x7FFFFFFF]),
)
http2 = st.one_of(
    mutated(ANSWERED, frame(7, bytes(8)), frame(3, bytes(4), 0, 1)),
    st.lists(FRAMES, max_size=8).map(lambda frames: frame(4) + b"".join(frames)),
    st.lists(FRAMES, max_size=4).map(lambda frames: ANSWERED + b"".join(frames)),
    st.binary(max_size=60),
)


def read_http2(pieces: list[bytes]) -> object:
    client = Http2Client()
    client.request("POST", "https", "a.test", "/", (), end=False)
    client.send(b"x" * 100_000, end=True)
    events: list[object] = []
    try:
        for piece in pieces:
            events += client.feed(piece)
            client.to_send()
        events += client.eof()
    except ExchangeError as error:
        assert error.kind in KINDS  # noqa: PT017
        events += [*client.salvaged, (error.layer, error.kind)]
    content = b"".join(event.data for event in events if type(event).__name__ == "Data")
    return [event for event in events if type(event).__name__ != "Data"], content


@given(http2, cuts)
def test_http2(data: bytes, sizes: list[int]) -> None:
    whole = read_http2([data])
    assert read_http2([piece for piece in split(data, sizes) if piece]) == whole
    assert read_http2([bytes([byte]) for byte in data]) == whole


@given(http2, cuts, st.booleans())
def test_http2_in_a_transcript(data: bytes, sizes: list[int], preface: bool) -> None:
    """Every byte stands in it once, at its place; those of field blocks are overwritten."""
    notes = FrameNotes(mask_field, preface=preface)
    for piece in split(data, sizes):
        assert sum(len(shown) for shown, _ in notes.cut(piece)) == len(piece)


# --- DNS and Redis


@given(st.integers(0, 65535), st.binary(max_size=50))
def test_an_edns_option_is_text(code: int, data: bytes) -> None:
    for known in (code, edns.NSID, edns.ECS, edns.COOKIE, edns.PADDING, edns.EDE):
        assert isinstance(edns.option_text(known, data), str)


@given(
    st.one_of(
        st.text(max_size=30), mutated(b"192.0.2.0/24", b"2001:db8::/56", b"0123456789abcdef").map(lambda data: data.decode("latin-1"))
    )
)
def test_what_users_type_for_edns(text: str) -> None:
    for read in (edns.cookie, edns.subnet):
        with contextlib.suppress(ValueError):
            assert isinstance(read(text), bytes)


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_quoted_words_come_back(words: list[bytes]) -> None:
    assert quote.split(b" ".join(map(quote.quote, words))) == words


@given(st.one_of(st.binary(max_size=60), mutated(b"SET \"a\\x00\\n\" 'it\\'s' b", b'"\\', b"'")))
def test_a_line_of_words(line: bytes) -> None:
    try:
        words = quote.split(line)
    except ValueError:
        return
    assert quote.split(b" ".join(map(quote.quote, words))) == words


# --- certificates


@pytest.fixture(scope="session")
def der(ca) -> bytes:
    return ssl.PEM_cert_to_DER_cert(ca.self_signed.chain.read_text())


@given(st.data())
def test_a_broken_certificate(der: bytes, data: st.DataObject) -> None:
    """OpenSSL hands out only what it could parse itself; whatever comes all the same has dates and a key, if unknown ones."""
    before, after, key = _inside(data.draw(st.one_of(mutated(der), st.binary(max_size=200))))
    assert (type(before), type(after), type(key)) == (int, int, str)


# --- the PROXY header

ADDRESSES = st.one_of(st.ip_addresses().map(str), st.text(max_size=20), st.just("fe80::1%eth0"))


@given(st.sampled_from(["v1", "v2"]), ADDRESSES, ADDRESSES, st.integers(0, 65535), st.integers(0, 65535))
def test_a_proxy_header(version: str, source: str, destination: str, from_port: int, to_port: int) -> None:
    try:
        sent = header(version, (source, from_port), (destination, to_port))
    except ValueError:
        return
    if version == "v1":
        assert (sent.count(b"\r\n"), sent.isascii(), len(sent) <= 107) == (1, True, True)
    else:
        assert (sent[:12], len(sent) - 16) == (SIGNATURE, int.from_bytes(sent[14:16], "big"))


# --- what is said before the tunnel and before TLS stands


@contextlib.contextmanager
def saying(data: bytes) -> Iterator[Stream]:
    """A stream whose peer has said this and no more."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        ours.setblocking(False)
        recorder = Recorder(None)
        recorder.timeline.enter("handshake")
        yield Stream(Plain(ours, recorder), recorder, Deadline.after(5, "--timeout"), None)


PROXIES = [parse(f"{scheme}://ann:secret@127.0.0.1:1") for scheme in ("http", "socks4", "socks4a", "socks5", "socks5h")]
SAID = (
    b"HTTP/1.1 200 Connection established\r\nA: b\r\n\r\n",
    b"HTTP/1.0 407 x\r\nProxy-Authenticate: Basic\r\n\r\nbody",
    b"\5\0\5\0\0\1\x7f\0\0\1\0\x50",
    b"\5\2\1\0\5\0\0\3\4name\0\x50more",
    b"\0\x5a\0\x50\x7f\0\0\1",
    b"\0\x5b" + bytes(6),
)


@given(st.one_of(mutated(*SAID), st.binary(max_size=60)), st.sampled_from(PROXIES))
def test_a_proxy(data: bytes, proxy: Proxy) -> None:
    with saying(data) as stream:
        outcome(lambda: tunnel(stream, proxy, "127.0.0.1", 80))


REPLIES = (
    b"220 ready\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n",
    b"* OK ready\r\na1 OK begin\r\n",
    b"+OK\r\n+OK\r\n",
    b"200 hello\r\n382 go\r\n",
    b'"STARTTLS"\r\nOK "x"\r\nOK\r\n',
    b":irc.test NOTICE * :hi\r\nPING :x\r\n:irc.test 670 * :go\r\n",
    b"<?xml?><stream:stream><stream:features><starttls/></stream:features><proceed xmlns='x'/>",
    b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\4\0\4\0",
    b"\x30\x82\x00\x0c\x02\x01\x01\x78\x07\x0a\x01\0\4\0\4\0",
    b"S",
    b"\x4a\0\0\0\x0a8.0.36\0" + bytes(12) + b"\0\xff\xff" + bytes(40),
)


@given(st.one_of(mutated(*REPLIES), st.binary(max_size=60)), st.sampled_from(NAMES))
def test_starttls(data: bytes, name: str) -> None:
    spoken = PROTOCOLS[name]

    def agree() -> None:
        for number, turn in enumerate((*spoken.opening, *spoken.switch)):
            _take(stream, spoken, turn, "h.test", first=number == 0)

    with saying(data) as stream:
        outcome(agree)
