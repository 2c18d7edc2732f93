"""PostgreSQL: whatever bytes, values, certificates, requests and DSNs come."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from peers.mangled import cuts, mutated, outcome, split

from rrcli.base.errors import KINDS, ExchangeError
from rrcli.base.jsontext import dumps, plain
from rrcli.codec.pg.backend import Decoder, encryption_answer
from rrcli.codec.pg.copytext import Lines, csv_values, text_values
from rrcli.codec.pg.login import Login
from rrcli.codec.pg.messages import Authentication
from rrcli.codec.pg.oids import NAMES
from rrcli.codec.pg.passfile import password_for
from rrcli.codec.pg.report import mark
from rrcli.codec.pg.scram import endpoint_hash
from rrcli.codec.pg.settings import configure, read_dsn
from rrcli.codec.pg.values import parameter, reader


def packed(letter: str, content: bytes) -> bytes:
    return letter.encode() + (len(content) + 4).to_bytes(4, "big") + content


OK = packed("R", bytes(4))
COLUMN = b"n\0" + bytes(9) + b"\x17" + b"\0\4\xff\xff\xff\xff\0\0"
SEEDS = (
    OK + packed("S", b"a\0b\0") + packed("K", b"\0\0\0\7key!") + packed("Z", b"I"),
    packed("R", b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
    packed("R", b"\0\0\0\5salt"),
    packed("T", b"\0\1" + COLUMN) + packed("D", b"\0\2\0\0\0\2ab\xff\xff\xff\xff") + packed("C", b"SELECT 1\0"),
    packed("E", b"SERROR\0VERROR\0C42601\0Mm\0P7\0Zz\0\0") + packed("N", b"SNOTICE\0Mm\0\0"),
    packed("A", b"\0\0\0\x09ch\0p\0") + packed("G", b"\0\0\2\0\0\0\0") + packed("d", b"x\n") + packed("c", b""),
    packed("t", b"\0\2\0\0\0\x17\0\0\0\x19") + packed("v", b"\0\3\0\2\0\0\0\1_pq_.x\0") + packed("y", b"??"),
    b"Eold error\0",
    b"HTTP/1.1 200 OK\r\n\r\n",
)


@given(st.one_of(st.binary(max_size=200), mutated(*SEEDS)), cuts, st.booleans())
def test_messages(data: bytes, sizes: list[int], known: bool) -> None:
    """Any cut of the bytes gives the same messages, and the same end."""

    def run(pieces: list[bytes]) -> object:
        decoder, found = Decoder(largest=100), []
        for piece in (OK if known else b"", *pieces, b""):
            try:
                found += decoder.feed(piece)
            except ExchangeError as failed:
                assert failed.kind in KINDS  # noqa: PT017
                return found, failed.kind
        return found, decoder.pending

    whole = outcome(lambda: run([data]))
    assert outcome(lambda: run(list(split(data, sizes)))) == whole
    assert outcome(lambda: run([bytes([byte]) for byte in data])) == whole
    outcome(lambda: encryption_answer(data))


values = mutated(
    b"{1,NULL,3}", b"[0:1]={{1,2},{3,4}}", rb'{"a,b","\"q\"",x}', b"1.10", b"-1e-5", rb"\x00ff", rb"a\\b\001", b'{"a": [1.0, null]}', b"t"
)  # fmt: skip


@given(st.sampled_from([*sorted(NAMES), 1007, 1009, 1231, 1001, 3807, 99999]), st.one_of(st.binary(max_size=60), values))
def test_values(oid: int, data: bytes) -> None:
    """Any text of any type becomes some JSON."""
    value = reader(oid)(data)
    json.loads(dumps(value))
    plain(value)


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))), min_size=1, max_size=6))
def test_arrays_of_texts_come_back(texts: list[str]) -> None:
    data = parameter(texts)
    assert data is not None
    assert reader(1009)(data) == texts


@given(st.lists(st.text() | st.integers() | st.none() | st.floats() | st.booleans(), max_size=5))
def test_parameters(items: list[object]) -> None:
    outcome(lambda: parameter(items))


@given(mutated(b'a,"b\nc",d\n', b"x\ty\n\\N\n", b'"""\n"""\n'), cuts, st.booleans())
def test_copy(data: bytes, sizes: list[int], csv: bool) -> None:
    """Any cut gives the same lines, and any line some values."""

    def run(pieces: list[bytes]) -> object:
        lines = Lines(csv=csv)
        found = [line for piece in pieces for line in lines.feed(piece)]
        return found, outcome(lines.end)

    found = run([data])
    assert run(list(split(data, sizes))) == found
    assert run([bytes([byte]) for byte in data]) == found
    for line in data.split(b"\n"):
        outcome(lambda line=line: csv_values(line))  # type: ignore[misc]
        text_values(line)


@given(st.text(max_size=200), st.integers(-5, 210))
def test_marks(sql: str, position: int) -> None:
    """Any place in any text can be marked."""
    found = mark(sql, position)
    assert (found is None) is not (1 <= position <= len(sql) + 1)
    if found is not None:
        assert found.before <= 123
        assert "\n" not in found.text


@given(st.one_of(st.binary(max_size=100), mutated(bytes.fromhex("30153003020101300a06082a8648ce3d04030203020000"))))
def test_certificates(der: bytes) -> None:
    endpoint_hash(der)


requests = st.builds(
    Authentication,
    kind=st.sampled_from(["ok", "password", "md5", "sasl", "sasl-continue", "sasl-final", "gss", "unknown"]),
    code=st.integers(0, 99),
    salt=st.binary(min_size=4, max_size=4),
    mechanisms=st.lists(st.sampled_from(["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "X"])).map(tuple),
    data=st.one_of(st.binary(max_size=60), mutated(b"r=x,s=QQ==,i=1", b"v=QQ==", b"e=x")),
)


@given(st.lists(requests, max_size=5), st.sampled_from([None, "p", "pä"]), st.sampled_from(["disable", "prefer", "require"]))
def test_logins(order: list[Authentication], password: str | None, binding: str) -> None:
    login = Login("u", password, certificate=b"\x30\0", channel_binding=binding)
    for request in order:
        outcome(lambda request=request: login.answer(request))  # type: ignore[misc]


@given(st.text(max_size=60), st.lists(st.sampled_from(["*", ":", "\\", "h", "5432", "u", "\n", "#", "\r"]), max_size=20).map("".join))
def test_configurations(text: str, passes: str) -> None:
    """Any DSN is read or refused, any file of passwords has one or none."""
    for start in ("", "postgresql://", "host="):
        outcome(lambda start=start: configure(read_dsn(start + text), {"HOME": "/nowhere"}))  # type: ignore[misc]
    password_for(passes, "h", 5432, "d", "u")
