"""The NATS codec: what a server says and a client may say, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import nkeys
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.mangled import cuts, mutated, outcome, split

from rrcli.base.errors import ExchangeError
from rrcli.codec import nats
from rrcli.codec.nats import Decoder, Err, Info, Msg, Ok, Operation, Ping, Pong
from rrcli.codec.natskeys import Credentials, read_credentials, read_seed

NO_RESPONDERS = b"HMSG _INBOX.a 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
ECHO = b"HMSG a.b 7 _INBOX.c 30 35\r\nNATS/1.0\r\nX-A: b\r\nx-a:  c \r\n\r\nhello\r\n"


def read(data: bytes, step: int = 1 << 20, **options: Any) -> list[Operation]:
    decoder = Decoder(**options)
    return [operation for at in range(0, len(data), step) for operation in decoder.feed(data[at : at + step])]


def failure(data: bytes, **options: Any) -> ExchangeError:
    with pytest.raises(ExchangeError) as caught:
        read(data, **options)
    return caught.value


# --- what comes in


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_every_operation_of_a_server(step: int) -> None:
    info = b'{"server_id": "A", "max_payload": 1048576, "headers": true}'
    data = b"INFO " + info + b" \r\n+OK\r\nPING\r\npong\r\nMSG a.b 1 5\r\nhello\r\nmsg\ta.b  1\t_INBOX.x  0\r\n\r\n"
    assert read(data + NO_RESPONDERS + b"-ERR 'Unknown Protocol Operation'\r\n", step) == [
        Info(values=json.loads(info), text=info.decode()),
        Ok(),
        Ping(),
        Pong(),
        Msg(subject="a.b", sid=1, payload=b"hello"),
        Msg(subject="a.b", sid=1, payload=b"", reply_to="_INBOX.x"),
        Msg(subject="_INBOX.a", sid=1, payload=b"", status=503),
        Err(text="Unknown Protocol Operation"),
    ]


def test_headers_keep_order_case_and_repeats() -> None:
    assert read(ECHO) == [Msg(subject="a.b", sid=7, payload=b"hello", reply_to="_INBOX.c", headers=(("X-A", "b"), ("x-a", "c")))]


@pytest.mark.parametrize(
    ("line", "status", "description"),
    [
        (b"NATS/1.0 404 No Messages", 404, "No Messages"),
        (b"NATS/1.0 408 Request Timeout", 408, "Request Timeout"),
        (b"NATS/1.0 409 Consumer Deleted", 409, "Consumer Deleted"),
        (b"NATS/1.0 100 Idle Heartbeat", 100, "Idle Heartbeat"),
        (b"NATS/1.0", None, ""),
    ],
)
def test_the_status_of_a_message(line: bytes, status: int | None, description: str) -> None:
    block = line + b"\r\n\r\n"
    (found,) = read(b"HMSG a 1 %d %d\r\n%s\r\n" % (len(block), len(block), block))
    assert isinstance(found, Msg)
    assert (found.status, found.description, found.payload) == (status, description, b"")


def test_a_permission_that_was_violated_keeps_its_quotes() -> None:
    assert read(b"-ERR 'Permissions Violation for Publish to \"nope.x\"'\r\n") == [
        Err(text='Permissions Violation for Publish to "nope.x"')
    ]


def test_a_line_may_end_with_lf_alone() -> None:
    assert read(b"PING\n+OK\n") == [Ping(), Ok()]


BROKEN = {
    "an INFO that is no JSON": b"INFO {a}\r\n",
    "an INFO that is no object": b"INFO [1]\r\n",
    "an INFO that is no UTF-8": b'INFO {"a": "\xff"}\r\n',
    "a negative length": b"MSG a 1 -5\r\n",
    "a length of words": b"MSG a 1 five\r\n",
    "a length of twelve digits": b"MSG a 1 123456789012\r\n",
    "no number": b"MSG a x 1\r\n",
    "too few words": b"MSG a 1\r\n",
    "too many words": b"MSG a 1 b c 1\r\n",
    "no CRLF behind a message": b"MSG a 1 1\r\nabc",
    "headers longer than the message": b"HMSG a 1 20 16\r\n",
    "headers that do not end": b"HMSG a 1 8 8\r\nNATS/1.0\r\n",
    "headers of another version": b"HMSG a 1 12 12\r\nHTTP/1.0\r\n\r\n\r\n",
    "a status of words": b"HMSG a 1 16 16\r\nNATS/1.0 abc\r\n\r\n\r\n",
    "a header without a name": b"HMSG a 1 16 16\r\nNATS/1.0\r\nab\r\n\r\n\r\n",
    "an operation of a client": b"+OK\r\nPUB a 1\r\n",
    "another protocol later": b"PING\r\nHTTP/1.1 400 Bad Request\r\n",
}


@pytest.mark.parametrize("step", [1, 1 << 20])
@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_protocol_is_malformed(name: str, step: int) -> None:
    with pytest.raises(ExchangeError) as caught:
        read(BROKEN[name], step)
    assert (caught.value.layer, caught.value.kind) == ("protocol", "malformed")


@pytest.mark.parametrize("step", [1, 1 << 20])
@pytest.mark.parametrize(
    "data", [b"220 mail.test ESMTP\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"\x15\3\3\0\2\2\x28", b"SSH-2.0-x\r\n", b"-NOAUTH\r\n"]
)
def test_another_protocol_is_told_from_a_broken_one(data: bytes, step: int) -> None:
    with pytest.raises(ExchangeError) as caught:
        read(data, step)
    assert caught.value.kind == "wrong_protocol"
    assert caught.value.message.startswith("expected INFO of a NATS server, got ")


FLOODS = {
    "a line without end": (b"MSG " + b"a" * 70_000, "a line of NATS is longer than 65536 bytes"),
    "an INFO of 5 MiB": (b"INFO {" + b" " * (5 << 20), "a line of NATS is longer than 1048576 bytes"),
    "a message over the limit": (b"MSG a 1 1001\r\n", "a message of 1001 bytes is larger than --max-size"),
    "headers without end": (b"HMSG a 1 70000 70000\r\n", "the headers of a message have 70000 bytes"),
    "pings for ever": (b"PING\r\n" * 10_001, "more than 10000 operations in a row, and no message"),
    "errors for ever": (b"-ERR 'x'\r\n" * 10_001, "more than 10000 operations in a row, and no message"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_every_flood_meets_a_limit(name: str) -> None:
    data, message = FLOODS[name]
    error = failure(data, max_size=1000 if "over" in name else 1 << 20)
    assert (error.layer, error.kind) == ("protocol", "too_large")
    assert message in error.message


def test_what_came_before_an_error_is_kept_and_the_error_stays() -> None:
    decoder = Decoder()
    with pytest.raises(ExchangeError):
        decoder.feed(b"PING\r\nMSG a 1 -5\r\n")
    assert decoder.salvaged == [Ping()]
    with pytest.raises(ExchangeError, match="expected MSG with subject"):
        decoder.feed(b"PING\r\n")
    assert decoder.salvaged == []


@pytest.mark.parametrize("data", [b"PIN", b"MSG a 1 5\r\n", b"MSG a 1 5\r\nhello"])
def test_an_end_within_an_operation_is_truncated(data: bytes) -> None:
    decoder = Decoder()
    decoder.feed(data)
    with pytest.raises(ExchangeError) as caught:
        decoder.eof()
    assert caught.value.kind == "truncated"


def test_an_end_between_operations_is_none() -> None:
    decoder = Decoder()
    decoder.feed(b"PING\r\n")
    decoder.eof()


@given(
    st.one_of(
        st.binary(max_size=60), mutated(b'INFO {"a": 1}\r\n', NO_RESPONDERS, ECHO, b"MSG a 1 5\r\nhello\r\n", b"PING\r\n-ERR 'x'\r\n")
    ),
    cuts,
)
def test_any_cut_of_any_bytes_gives_the_same(data: bytes, sizes: list[int]) -> None:
    def run(pieces: list[bytes]) -> object:
        decoder = Decoder(max_size=100)
        found: list[object] = []
        try:
            for piece in pieces:
                found += decoder.feed(piece)
        except ExchangeError as error:
            found += [*decoder.salvaged, error.kind]
        return found

    whole = run([data])
    assert run(list(split(data, sizes))) == whole
    assert run([bytes([byte]) for byte in data]) == whole


# --- what goes out


def test_connect_marks_its_secrets() -> None:
    options = {"verbose": False, "user": "bob", "pass": 'a"ä', "auth_token": "", "jwt": "ey.a.b", "sig": "abc", "nkey": "UA"}
    written = nats.connect(options)
    json = '{"verbose": false, "user": "bob", "pass": "a\\"ä", "auth_token": "", "jwt": "ey.a.b", "sig": "abc", "nkey": "UA"}'
    assert written.data == f"CONNECT {json}\r\n".encode()
    assert [written.data[begin:end] for begin, end in written.secrets] == ['a\\"ä'.encode(), b"ey.a.b", b"abc"]
    assert nats.connect({}).data == b"CONNECT {}\r\n"


def test_publish() -> None:
    assert nats.publish("a.b", b"hello") == b"PUB a.b 5\r\nhello\r\n"
    assert nats.publish("a", b"", reply_to="_INBOX.x") == b"PUB a _INBOX.x 0\r\n\r\n"
    assert nats.publish("a", b"x", headers=(("X-A", "b"), ("X-A", "ä"))) == (
        "HPUB a 29 30\r\nNATS/1.0\r\nX-A: b\r\nX-A: ä\r\n\r\nx\r\n".encode()
    )


def test_subscribe_and_unsubscribe() -> None:
    assert nats.subscribe("a.*.>", 1) == b"SUB a.*.> 1\r\n"
    assert nats.subscribe("a", 2, queue="workers") == b"SUB a workers 2\r\n"
    assert nats.unsubscribe(1) == b"UNSUB 1\r\n"
    assert nats.unsubscribe(1, after=3) == b"UNSUB 1 3\r\n"


def test_an_inbox_is_a_subject_of_its_own() -> None:
    first, second = nats.inbox(), nats.inbox("my.box")
    assert first.startswith("_INBOX.")
    assert second.startswith("my.box.")
    assert first.split(".")[-1] != second.split(".")[-1]
    assert nats.check_subject(first) == first


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("", "the subject is empty"),
        ("a..b", "the subject 'a..b' has an empty token"),
        (".a", "the subject '.a' has an empty token"),
        ("a.", "the subject 'a.' has an empty token"),
        ("a b", "the subject 'a b' has a space or a control character in it"),
        ("a\r\nPUB b 0", "the subject 'a\\r\\nPUB b 0' has a space or a control character in it"),
        ("a\0", "the subject 'a\\x00' has a space or a control character in it"),
        ("a\x7f", "the subject 'a\\x7f' has a space or a control character in it"),
        ("a.*", "the subject 'a.*' has a wildcard, and a message goes to one subject"),
        (">", "the subject '>' has a wildcard, and a message goes to one subject"),
        ("\udcff", "the subject '\\udcff' has letters without UTF-8"),
    ],
)
def test_what_is_no_subject_of_a_message(subject: str, why: str) -> None:
    for write in (lambda: nats.publish(subject, b""), lambda: nats.publish("a", b"", reply_to=subject)):
        with pytest.raises(ExchangeError) as caught:
            write()
        assert (caught.value.kind, caught.value.message) == ("usage", why)


def test_what_is_no_subject_of_a_subscription() -> None:
    with pytest.raises(ExchangeError, match="goes on behind >"):
        nats.subscribe("a.>.b", 1)
    with pytest.raises(ExchangeError, match="the queue group 'a b' has a space"):
        nats.subscribe("a", 1, queue="a b")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (("", "x"), "the header name '' is not of printable ASCII letters without colon"),
        (("a:b", "x"), "the header name 'a:b' is not of printable ASCII letters without colon"),
        (("a b", "x"), "the header name 'a b' is not of printable ASCII letters without colon"),
        (("a\r\nb", "x"), "the header name 'a\\r\\nb' is not of printable ASCII letters without colon"),
        (("A", "x\r\nB: y"), "the header A has CR, LF or NUL in its value"),
        (("A", "x\0"), "the header A has CR, LF or NUL in its value"),
        (("A", "\ud800"), "the value of the header A '\\ud800' has letters without UTF-8"),
    ],
)
def test_what_is_no_header(header: tuple[str, str], why: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        nats.publish("a", b"", headers=(header,))
    assert (caught.value.kind, caught.value.message) == ("usage", why)


def test_a_message_larger_than_the_server_takes() -> None:
    assert nats.publish("a", bytes(1024), max_payload=1024)
    with pytest.raises(ExchangeError, match="the message has 1041 bytes, and this server takes 1024") as caught:
        nats.publish("a", bytes(1024), max_payload=1024, headers=(("A", ""),))
    assert caught.value.kind == "usage"


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.binary(max_size=20))
def test_nothing_of_the_users_brings_a_second_operation(subject: str, name: str, value: str, payload: bytes) -> None:
    data = outcome(lambda: nats.publish(subject, payload, headers=((name, value),)))
    if isinstance(data, bytes):
        (found,) = read(b"HMSG " + data.removeprefix(b"HPUB ").replace(b" ", b" 1 ", 1))
        assert isinstance(found, Msg)
        assert (found.subject, found.headers, found.payload) == (subject, ((name, value.strip(" \t")),), payload)


# --- keys


@given(st.binary(min_size=32, max_size=32), st.text(st.characters(codec="ascii"), max_size=30))
def test_a_key_signs_as_the_nkeys_library_does(raw: bytes, nonce: str) -> None:
    for kind, prefix in {
        "user": nkeys.PREFIX_BYTE_USER,
        "account": nkeys.PREFIX_BYTE_ACCOUNT,
        "operator": nkeys.PREFIX_BYTE_OPERATOR,
    }.items():
        seed = nkeys.encode_seed(raw, prefix).decode()
        oracle = nkeys.from_seed(bytearray(seed.encode()))
        key = read_seed(f" {seed}\n")
        assert (key.kind, key.public, key.private) == (kind, oracle.public_key.decode(), raw)
        assert key.sign(nonce) == b64url(oracle.sign(nonce.encode()))


def b64url(data: bytes) -> str:
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(data).decode().rstrip("=")


SEED = nkeys.encode_seed(bytes(32), nkeys.PREFIX_BYTE_USER).decode()


@pytest.mark.parametrize(
    ("seed", "why"),
    [
        ("", "the nkey seed is none"),
        (SEED[:-1], "the nkey seed is none"),
        (SEED.lower(), "the nkey seed is none"),
        ("U" + SEED[1:], "the nkey seed is none"),
        (SEED[:20] + "B" + SEED[21:], "the nkey seed has a wrong checksum: a letter of it is wrong or missing"),
    ],
)
def test_what_is_no_seed_is_told_without_it(seed: str, why: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        read_seed(seed)
    assert (caught.value.kind, caught.value.message) == ("usage", why)


@given(st.text(max_size=80))
def test_any_text_is_a_seed_or_the_users_mistake(text: str) -> None:
    assert outcome(lambda: read_seed(text)) == ("usage", "usage")


def test_a_file_of_credentials() -> None:
    jwt = "eyJ0eXAiOiJKV1QifQ.eyJqdGkiOiJ4In0.c2ln"
    text = (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        "************************* IMPORTANT *************************\n"
        "NKEY Seed printed below can be used to sign and prove identity.\nNKEYs are sensitive and should be treated as secrets.\n\n"
        f"-----BEGIN USER NKEY SEED-----\r\n{SEED}\r\n------END USER NKEY SEED------\n\n"
        "*************************************************************\n"
    )
    assert read_credentials(text) == Credentials(seed=SEED, jwt=jwt)
    assert read_credentials(f"# mine\n{SEED}") == Credentials(seed=SEED)


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "has no nkey seed"), ("UAAAA", "has no nkey seed"), ("x" * 70_000, "is too long to be one")],
    ids=["empty", "public", "long"],
)
def test_a_file_without_credentials(text: str, why: str) -> None:
    with pytest.raises(ExchangeError, match=why):
        read_credentials(text)
