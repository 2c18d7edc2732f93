"""Whatever bytes come as gRPC's framing, reflection or status: values, or a clean failure; the same whole and split."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from peers.mangled import cuts, mutated, outcome, split

from rrcli.codec.grpc.framing import Unframer, frame
from rrcli.codec.grpc.protobuf import field, fields, varint
from rrcli.codec.grpc.reflection import file_head, files_of_set, read_health, read_reflected
from rrcli.codec.grpc.status import binary, code_of, message_of, timeout_text

SEEDS = (frame(b""), frame(b"abc") + frame(b"d" * 300), frame(b"abc" * 50, gzip=True), frame(b"x", gzip=True) + frame(b"y"))
MESSAGES = (
    field(4, field(1, field(1, "a.proto") + field(3, "b.proto"))),
    field(6, field(1, field(1, "a.B"))),
    field(7, field(1, 5) + field(2, "no")),
    field(1, 1 << 40) + varint(2 << 3 | 1) + bytes(8) + varint(3 << 3 | 5) + bytes(4),
)
received = st.one_of(st.binary(max_size=100), mutated(*SEEDS))
serialized = st.one_of(st.binary(max_size=60), mutated(*MESSAGES))


def read(pieces: list[bytes]) -> object:
    unframer = Unframer(1000, "gzip")
    found = [each for piece in pieces for each in unframer.feed(piece)]
    unframer.finish()
    return found


@given(received, cuts)
def test_messages_are_the_same_whole_and_split(data: bytes, sizes: list[int]) -> None:
    assert outcome(lambda: read([data])) == outcome(lambda: read(list(split(data, sizes))))


@given(serialized)
def test_small_messages_are_read_or_refused(data: bytes) -> None:
    for reader in (lambda: list(fields(data)), lambda: read_reflected(data), lambda: file_head(data), lambda: files_of_set(data)):
        outcome(reader)
    outcome(lambda: read_health(data))


@given(st.integers(0, (1 << 64) - 1), st.binary(max_size=300))
def test_fields_are_read_as_they_were_written(number: int, data: bytes) -> None:
    assert list(fields(field(1, number) + field(1000, data))) == [(1, number), (1000, data)]


@given(st.text(max_size=50))
def test_texts_of_a_status_are_always_read(text: str) -> None:
    message_of(text)
    binary(text)
    code_of(text)


@given(st.text(max_size=30, alphabet=st.characters(codec="utf-8")))
def test_a_percent_encoded_message_comes_back(text: str) -> None:
    encoded = "".join(chr(octet) if 32 <= octet < 127 and octet != 37 else f"%{octet:02X}" for octet in text.encode())
    assert message_of(encoded) == text


@given(st.floats(0, 1e15))
def test_a_timeout_has_at_most_eight_digits(milliseconds: float) -> None:
    text = timeout_text(milliseconds)
    assert text[-1] in "mSMH"
    assert 0 < int(text[:-1]) <= 99_999_999
