"""Messages as bytes, without a server: every kind, every cut, every limit."""

from __future__ import annotations

import pytest

from rrcli.base.errors import ExchangeError
from rrcli.codec.pg import backend, frontend
from rrcli.codec.pg.backend import Decoder, Settings, encryption_answer
from rrcli.codec.pg.messages import (
    Authentication,
    BackendKeyData,
    Column,
    CommandComplete,
    CopyData,
    CopyResponse,
    DataRow,
    Message,
    NegotiateProtocolVersion,
    NotificationResponse,
    ParameterDescription,
    ParameterStatus,
    ReadyForQuery,
    RowDescription,
    Signal,
    Unknown,
)
from rrcli.codec.pg.report import ErrorResponse, Mark, NoticeResponse, Notices, mark


def packed(letter: str, content: bytes = b"") -> bytes:
    return letter.encode() + (len(content) + 4).to_bytes(4, "big") + content


def number(value: int, width: int = 4) -> bytes:
    return value.to_bytes(width, "big", signed=value < 0)


OK = packed("R", number(0))
READY = packed("Z", b"I")
COLUMN = b"n\0" + number(16400) + number(2, 2) + number(23) + number(4, 2) + number(-1) + number(0, 2)

KINDS_OF_MESSAGES = [
    (packed("R", number(3)), Authentication(kind="password", code=3)),
    (packed("R", number(5) + b"salt"), Authentication(kind="md5", code=5, salt=b"salt")),
    (packed("R", number(10) + b"A\0B\0\0"), Authentication(kind="sasl", code=10, mechanisms=("A", "B"))),
    (packed("R", number(11) + b"r=x"), Authentication(kind="sasl-continue", code=11, data=b"r=x")),
    (packed("R", number(99) + b"?"), Authentication(kind="unknown", code=99, data=b"?")),
    (packed("K", number(7) + b"key!"), BackendKeyData(process=7, key=b"key!")),
    (packed("K", number(7) + b"k" * 256), BackendKeyData(process=7, key=b"k" * 256)),
    (packed("S", b"a\0b\0"), ParameterStatus(name="a", value="b")),
    (packed("Z", b"E"), ReadyForQuery(status="failed")),
    (packed("T", number(0, 2)), RowDescription(columns=())),
    (
        packed("T", number(1, 2) + COLUMN),
        RowDescription(columns=(Column(name="n", oid=23, size=4, modifier=-1, format=0, table=16400, attribute=2),)),
    ),
    (packed("D", number(3, 2) + number(2) + b"ab" + number(-1) + number(0)), DataRow((b"ab", None, b""))),
    (packed("C", b"INSERT 0 5\0"), CommandComplete(tag="INSERT 0 5", rows=5)),
    (packed("C", b"BEGIN\0"), CommandComplete(tag="BEGIN", rows=None)),
    (packed("I"), Signal(name="EmptyQueryResponse")),
    (packed("E", b"SFEHLER\0VERROR\0C42601\0Mm\0P7\0Zz\0\0"),
     ErrorResponse(severity="ERROR", sqlstate="42601", message="m", position=7, others=(("Z", "z"),))),
    (packed("N", b"SNOTICE\0Mm\0\0"), NoticeResponse(severity="NOTICE", message="m")),
    (packed("N", b"\0"), NoticeResponse()),
    (packed("A", number(9) + b"ch\0p\0"), NotificationResponse(process=9, channel="ch", payload="p")),
    (packed("G", b"\0" + number(2, 2) + bytes(4)), CopyResponse(direction="in", format=0, columns=(0, 0))),
    (packed("H", b"\1" + number(1, 2) + number(1, 2)), CopyResponse(direction="out", format=1, columns=(1,))),
    (packed("W", b"\0" + number(0, 2)), CopyResponse(direction="both", format=0, columns=())),
    (packed("d", b"x\n"), CopyData(b"x\n")),
    (packed("c"), Signal(name="CopyDone")),
    (packed("1"), Signal(name="ParseComplete")),
    (packed("2"), Signal(name="BindComplete")),
    (packed("3"), Signal(name="CloseComplete")),
    (packed("n"), Signal(name="NoData")),
    (packed("s"), Signal(name="PortalSuspended")),
    (packed("t", number(2, 2) + number(23) + number(25)), ParameterDescription(types=(23, 25))),
    (packed("v", number(3 << 16 | 2) + number(1) + b"_pq_.x\0"), NegotiateProtocolVersion(minor=2, options=("_pq_.x",))),
    (packed("v", number(0) + number(0)), NegotiateProtocolVersion(minor=0, options=())),
    (packed("y", b"??"), Unknown(letter="y", size=2)),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), KINDS_OF_MESSAGES, ids=lambda value: type(value).__name__)
def test_every_message_is_read_whole_and_byte_by_byte(data: bytes, message: Message) -> None:
    assert Decoder().feed(OK + data + READY)[1:-1] == [message]
    decoder = Decoder()
    found = [each for byte in OK + data + READY for each in decoder.feed(bytes([byte]))]
    assert found[1:-1] == [message]
    assert not decoder.pending
    decoder.eof()


BROKEN = [
    (packed("R"), "authentication request is cut short"),
    (packed("R", number(5) + b"sal"), "salt for md5 has 3 bytes"),
    (packed("R", number(10) + b"A\0B\0"), "list of SASL mechanisms has no end"),
    (packed("R", number(10) + b"A\0\0B\0\0"), "list of SASL mechanisms has no end"),
    (packed("R", number(0) + b"x"), "1 bytes too many"),
    (packed("K", number(7)), "key to cancel with has 0 bytes, not 4 to 256"),
    (packed("K", number(7) + b"k" * 257), "key to cancel with has 257 bytes"),
    (packed("S", b"a\0"), "does not hold 2 texts"),
    (packed("S", b"a\0b\0c"), "does not hold 2 texts"),
    (packed("Z", b"X"), "a state that is not known"),
    (packed("T", number(2, 2) + COLUMN), "RowDescription of 2 columns is cut short after 1"),
    (packed("T", number(1, 2) + COLUMN + b"x"), "RowDescription of 1 columns does not fit"),
    (packed("T"), "RowDescription of 0 columns does not fit the 0 bytes"),
    (packed("D", number(2, 2) + number(-1)), "a row of 2 columns does not fit"),
    (packed("D", number(1, 2) + number(9) + b"abc"), "a row of 1 columns does not fit"),
    (packed("D", number(0, 2) + b"x"), "a row of 0 columns does not fit"),
    (packed("D", number(65535, 2)), "a row of 65535 columns does not fit"),
    (packed("C", b"SELECT 1"), "does not hold 1 text"),
    (packed("E", b"Mm\0"), "has no end"),
    (packed("E"), "has no end"),
    (packed("E", b"Mm\0\0\0"), "a field without a name"),
    (packed("E", b"Xx\0" * 65 + b"\0"), "more than 64 fields"),
    (packed("A", b"\0\0"), "cut short"),
    (packed("G", b"\2\0\0"), "a format that is not known"),
    (packed("G", b"\0\0\2\0\0"), "counts 2 entries"),
    (packed("t", number(9, 2)), "counts 9 entries"),
    (packed("t", b"\0"), "cut short"),
    (packed("v", number(3)), "cut short"),
    (packed("v", number(3) + number(2**32 - 1)), "does not hold 4294967295 texts"),
    (packed("1", b"x"), "ParseComplete has content"),
    (b"D\0\0\0\3", "expected the next message of PostgreSQL"),
    (b"\0\0\0\0\4", "expected the next message of PostgreSQL"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), BROKEN)
def test_what_is_broken_is_malformed_and_stays_so(data: bytes, message: str) -> None:
    decoder = Decoder()
    assert len(decoder.feed(OK + READY)) == 2
    with pytest.raises(ExchangeError, match=message) as failed:
        decoder.feed(data)
    assert (failed.value.layer, failed.value.kind) == ("protocol", "malformed")
    for again in (lambda: decoder.feed(READY), decoder.eof):
        with pytest.raises(ExchangeError, match=message):
            again()


def test_messages_before_a_broken_one_are_not_lost() -> None:
    decoder = Decoder()
    assert len(decoder.feed(OK + READY + packed("Z", b"X"))) == 2
    with pytest.raises(ExchangeError, match="a state that is not known"):
        decoder.feed(b"")


def test_lengths_are_bounded_before_their_bytes_come() -> None:
    for start, letter, size in ((b"", b"R", 1 << 17), (OK, b"Z", 1 << 17), (OK, b"D", 1 << 27), (OK, b"E", 1 << 25)):
        decoder = Decoder()
        decoder.feed(start)
        with pytest.raises(ExchangeError) as failed:
            decoder.feed(letter + number(size))
        assert failed.value.kind == ("too_large" if start else "wrong_protocol")
    decoder = Decoder(largest=10)
    decoder.feed(OK)
    with pytest.raises(ExchangeError, match="a message D of PostgreSQL has 11 bytes, where 10 are allowed"):
        decoder.feed(b"D" + number(15))
    decoder = Decoder(largest=10)
    decoder.feed(OK)
    assert decoder.feed(packed("E", b"M" + b"m" * 100_000 + b"\0\0")) == [ErrorResponse(message="m" * 100_000)]
    assert decoder.feed(packed("t", number(65535, 2) + bytes(4 * 65535))) == [ParameterDescription(types=(0,) * 65535)]


@pytest.mark.parametrize("one", [packed("S", b"a\0b\0"), packed("N", b"Mm\0\0"), packed("R", number(3))])
def test_a_flood_before_the_server_is_ready_ends(one: bytes) -> None:
    decoder = Decoder()
    decoder.feed(OK + one * (backend.MOST_BEFORE_READY - 1))
    with pytest.raises(ExchangeError, match="more than 1000 messages and is not ready yet"):
        decoder.feed(one)


def test_parameters_are_bounded() -> None:
    settings = Settings()
    for place in range(backend.MOST_SETTINGS):
        settings.take(ParameterStatus(name=str(place), value="x"))
    settings.take(ParameterStatus(name="0", value="y"))
    assert settings.values["0"] == "y"
    with pytest.raises(ExchangeError, match="more than 1000 parameters"):
        settings.take(ParameterStatus(name="one more", value="x"))


def test_notices_are_kept_up_to_a_limit_and_then_counted() -> None:
    notices = Notices(most=2, most_bytes=1000)
    assert [notices.add(NoticeResponse(message="m" * size)) for size in (10, 900, 10, 10)] == [True, False, False, False]
    assert (len(notices.kept), notices.left_out) == (1, 3)
    few = Notices(most=1)
    assert [few.add(NoticeResponse(message="m")), few.add(NoticeResponse(message="m"))] == [True, False]


def test_an_unknown_message_is_noted_once() -> None:
    decoder = Decoder()
    decoder.feed(OK + packed("y", b"abc") + packed("x"))
    assert [(note.code, note.message) for note in decoder.notes] == [
        ("unknown-message", "the server sent a message of type 'y' with 3 bytes, which is not known and was passed over")
    ]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "expected PostgreSQL, got HTTP/1.1 400"),
        (b"-ERR unknown command\r\n", "expected PostgreSQL, got a Redis error"),
        (b"SSH-2.0-OpenSSH_9\r\n", "expected PostgreSQL, got an SSH banner"),
        (b"RFB 003.008\n", "expected PostgreSQL, got a VNC greeting"),
        (b"ERROR\r\n", "expected PostgreSQL, got a memcached error"),
        (b"220 mail ESMTP\r\n", "expected PostgreSQL, got an SMTP reply"),
        (b"\x15\x03\x01\0\2\2\x28", "expected PostgreSQL, got a TLS alert"),
        (b"N" * 40, "expected PostgreSQL"),
    ],
)
def test_another_protocol_is_recognised(data: bytes, what: str) -> None:
    with pytest.raises(ExchangeError, match=what) as failed:
        Decoder().feed(data)
    assert failed.value.kind == "wrong_protocol"


def test_an_error_in_the_old_form_is_read() -> None:
    decoder = Decoder()
    assert decoder.feed(b"Ecould not fork new process for connection: out of memory\n") == []
    assert decoder.feed(b"\0") == [ErrorResponse(severity="FATAL", message="could not fork new process for connection: out of memory")]
    with pytest.raises(ExchangeError):
        Decoder().feed(b"E" + b"x" * backend.OLD_ERROR)


def test_the_end_within_a_message_is_told() -> None:
    decoder = Decoder()
    decoder.feed(OK[:-1])
    with pytest.raises(ExchangeError, match="the connection ended 8 bytes into a message of PostgreSQL") as failed:
        decoder.eof()
    assert failed.value.kind == "truncated"


def test_the_answer_to_a_request_for_encryption() -> None:
    assert encryption_answer(b"") is None
    assert encryption_answer(b"S") == "yes"
    assert encryption_answer(b"N") == "no"
    assert encryption_answer(b"E\0\0\0\x20") == "error"
    assert encryption_answer(b"G", "GSSAPI") == "yes"
    with pytest.raises(ExchangeError, match="the server sent more than its answer on TLS before that began"):
        encryption_answer(b"S\x16\3\1")
    for data in (b"HTTP/1.1 400 Bad Request\r\n", b"SSH-2.0-x\r\n", b"G", b"\x15\3\1\0\2\2\x46"):
        with pytest.raises(ExchangeError, match="expected PostgreSQL's answer on TLS, got") as failed:
            encryption_answer(data)
        assert failed.value.kind == "wrong_protocol"


# --- what we write


def test_messages_are_written_to_the_byte() -> None:
    assert frontend.ssl_request() == bytes.fromhex("0000000804d2162f")
    assert frontend.gssenc_request() == bytes.fromhex("0000000804d21630")
    assert frontend.startup({"user": "ä"}) == b"\0\0\0\x11\0\3\0\0user\0\xc3\xa4\0\0"
    assert frontend.startup({}, frontend.VERSION_3_2) == b"\0\0\0\x09\0\3\0\2\0"
    assert frontend.cancel_request(7, b"key!") == bytes.fromhex("0000001004d2162e00000007") + b"key!"
    assert frontend.query("select 1") == b"Q\0\0\0\x0dselect 1\0"
    assert frontend.parse("x", "s", (23,)) == b"P\0\0\0\x0es\0x\0\0\1\0\0\0\x17"
    assert frontend.bind((b"a", None)) == b"B\0\0\0\x15\0\0\0\0\0\2\0\0\0\1a\xff\xff\xff\xff\0\0"
    assert frontend.describe_statement("s") == b"D\0\0\0\7Ss\0"
    assert frontend.describe_portal() == b"D\0\0\0\6P\0"
    assert frontend.execute("p", 5) == b"E\0\0\0\x0ap\0\0\0\0\5"
    assert frontend.close_statement() == b"C\0\0\0\6S\0"
    assert frontend.close_portal("p") == b"C\0\0\0\7Pp\0"
    assert frontend.copy_data(b"x" * 65537) == packed("d", b"x" * 65536) + packed("d", b"x")
    assert frontend.copy_data(b"") == b""
    assert frontend.copy_fail("no") == b"f\0\0\0\7no\0"
    signals = (frontend.sync, frontend.flush, frontend.copy_done, frontend.terminate)
    assert b"".join(signal() for signal in signals) == b"S\0\0\0\4H\0\0\0\4c\0\0\0\4X\0\0\0\4"


def test_credentials_are_written_with_their_places() -> None:
    for data, spans in (frontend.password(b"s3cret"), frontend.sasl_initial_response("M", b"n,,"), frontend.sasl_response(b"c=")):
        assert spans == ((5, len(data)),)
    assert frontend.password(b"s3cret")[0] == b"p\0\0\0\x0bs3cret\0"
    assert frontend.sasl_initial_response("M", b"n,,")[0] == b"p\0\0\0\x0dM\0\0\0\0\3n,,"
    assert frontend.sasl_response(b"c=")[0] == b"p\0\0\0\6c="


@pytest.mark.parametrize(
    "write",
    [
        lambda: frontend.query("select '\0'"),
        lambda: frontend.startup({"user": "a\0database\0b"}),
        lambda: frontend.startup({"a\0b": "c"}),
        lambda: frontend.parse("select 1\0"),
        lambda: frontend.bind((b"a\0b",)),
        lambda: frontend.password(b"a\0b"),
        lambda: frontend.copy_fail("\0"),
    ],
)
def test_a_zero_byte_can_inject_nothing(write: object) -> None:
    assert callable(write)
    with pytest.raises(ExchangeError, match="zero byte") as failed:
        write()
    assert failed.value.layer == "usage"


def test_more_parameters_than_the_protocol_counts_are_refused() -> None:
    for write in (lambda: frontend.bind([None] * 65536), lambda: frontend.parse("x", types=[0] * 65536)):
        with pytest.raises(ExchangeError, match="65535 parameters at most"):
            write()


# --- the place in the SQL


def test_a_place_has_line_and_column() -> None:
    assert mark("select 1,\n  nope", 13) == Mark(line=2, column=3, text="  nope", before=2)
    found = mark("select 1,\r\n\r\n\tnope", 15)
    assert found == Mark(line=3, column=2, text=" nope", before=1)
    assert found is not None
    assert found.lines() == ("LINE 3:  nope", "         ^")


@pytest.mark.parametrize("position", [None, 0, -1, 6])
def test_a_place_outside_the_sql_is_none(position: int | None) -> None:
    assert mark("abcd", position) is None


def test_the_place_behind_the_end_is_one() -> None:
    assert mark("abcd", 5) == Mark(line=1, column=5, text="abcd", before=4)


def test_of_a_long_line_what_is_near_the_place_is_shown() -> None:
    found = mark("x" * 1_000_000 + "y" + "z" * 1_000_000, 1_000_001)
    assert found == Mark(line=1, column=1_000_001, text="..." + "x" * 50 + "y" + "z" * 9 + "...", before=53)
