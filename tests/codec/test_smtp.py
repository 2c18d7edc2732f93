"""The SMTP codec: replies and commands, byte for byte."""

from __future__ import annotations

import hmac
import smtplib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.mangled import cuts, mutated, outcome, split

from rrcli.base.errors import ExchangeError
from rrcli.codec import smtp
from rrcli.codec.smtp import Capabilities, Command, Decoder, Reply
from rrcli.codec.smtpauth import MECHANISMS, Auth, choose, explained

EHLO = b"250-mail.test greets you\r\n250-SIZE 33554432\r\n250-8bitmime\r\n250-AUTH=LOGIN PLAIN\r\n250-AUTH PLAIN cram-md5\r\n250 HELP\r\n"


def read(data: bytes, step: int = 1 << 20) -> list[Reply]:
    decoder = Decoder()
    return [reply for at in range(0, len(data), step) for reply in decoder.feed(data[at : at + step])]


# --- replies


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_replies_of_one_line_and_of_many(step: int) -> None:
    data = b"220 mail.test ESMTP\r\n250-2.1.5 a\r\n250 2.1.5 b\r\n550 5.1.1 <x@y>: no such user\r\n354\r\n421 4.3.2 bye\n"
    assert read(data, step) == [
        Reply(code=220, lines=("mail.test ESMTP",)),
        Reply(code=250, lines=("2.1.5 a", "2.1.5 b"), enhanced="2.1.5"),
        Reply(code=550, lines=("5.1.1 <x@y>: no such user",), enhanced="5.1.1"),
        Reply(code=354, lines=("",)),
        Reply(code=421, lines=("4.3.2 bye",), enhanced="4.3.2"),
    ]


def test_a_text_is_without_the_enhanced_code() -> None:
    one, two = read(b"250-2.1.5 a\r\n250 2.1.5 b\r\n550 no\r\n")
    assert (one.text, one.ok, two.text, two.ok) == ("a\nb", True, "no", False)


@pytest.mark.parametrize("text", ["5.1.1", "2.1 x", "2.1.x y", "2.1111.1 y", "4.1.1 y", "2.1.1.1 y", "2.²1.1 y"])
def test_what_is_no_enhanced_code(text: str) -> None:
    (reply,) = read(f"250 {text}\r\n".encode())
    assert reply.enhanced is None


BROKEN = {
    "another code in the middle": b"250-a\r\n251 b\r\n",
    "a code of two digits": b"220 a\r\n25 b\r\n",
    "a code of words": b"220 a\r\nabc b\r\n",
    "no mark": b"220 a\r\n250x\r\n",
    "a code below 200": b"220 a\r\n150 x\r\n",
    "an empty line": b"220 a\r\n\r\n",
    "a line that does not go on": b"250-a\r\nb\r\n",
}


@pytest.mark.parametrize("step", [1, 1 << 20])
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_reply_is_malformed(name: str, step: int) -> None:
    with pytest.raises(ExchangeError) as caught:
        read(BROKEN[name], step)
    assert (caught.value.layer, caught.value.kind) == ("protocol", "malformed")


@pytest.mark.parametrize("data", [b"SSH-2.0-x\r\n", b"HTTP/1.1 400 Bad\r\n", b"\x15\3\3\0\2\2\x28", b"99 hi\r\n", b"-ERR\r\n", b"2a\r\n"])
def test_another_protocol_is_told_from_a_broken_one(data: bytes) -> None:
    with pytest.raises(ExchangeError) as caught:
        read(data)
    assert caught.value.kind == "wrong_protocol"
    assert caught.value.message.startswith("expected the greeting of a mail server, got ")


FLOODS = {
    "lines for ever": (b"250-\r\n" * 1001, "a reply of the mail server has more than 1000 lines"),
    "a line of 2 MB": (b"250 " + b"x" * 2_000_000, "a reply of the mail server is longer than 65536 bytes"),
    "long lines": (b"250-%b\r\n" % (b"x" * 1000) * 100, "a reply of the mail server is longer than 65536 bytes"),
}


@pytest.mark.parametrize("step", [4096, 1 << 22])
@pytest.mark.parametrize("name", FLOODS)
def test_every_flood_meets_a_limit(name: str, step: int) -> None:
    data, message = FLOODS[name]
    with pytest.raises(ExchangeError) as caught:
        read(data, step)
    assert (caught.value.kind, caught.value.message) == ("too_large", message)


def test_what_came_before_an_error_is_kept_and_the_error_stays() -> None:
    decoder = Decoder()
    with pytest.raises(ExchangeError):
        decoder.feed(b"220 a\r\nx")
    assert decoder.salvaged == [Reply(code=220, lines=("a",))]
    with pytest.raises(ExchangeError):
        decoder.feed(b"220 b\r\n")
    assert decoder.salvaged == []


@pytest.mark.parametrize("data", [b"250-a\r\n", b"25", b"220 a\r\n250 b"])
def test_an_end_within_a_reply_is_truncated(data: bytes) -> None:
    decoder = Decoder()
    decoder.feed(data)
    assert decoder.pending
    with pytest.raises(ExchangeError) as caught:
        decoder.eof()
    assert caught.value.kind == "truncated"


def test_nothing_is_pending_between_replies() -> None:
    decoder = Decoder()
    assert decoder.feed(b"220 go on\r\n250 injected\r\n")[1:] == [Reply(code=250, lines=("injected",))]
    assert not decoder.pending
    decoder.eof()


@given(st.one_of(st.binary(max_size=60), mutated(EHLO, b"220 a\r\n", b"550-5.1.1 a\r\n550 5.1.1 b\r\n", b"354 go\n")), cuts)
def test_any_cut_of_any_bytes_gives_the_same(data: bytes, sizes: list[int]) -> None:
    def run(pieces: list[bytes]) -> object:
        decoder = Decoder()
        found: list[object] = []
        try:
            for piece in pieces:
                found += decoder.feed(piece)
        except ExchangeError as error:
            found += [*decoder.salvaged, error.kind]
        return [*found, decoder.pending]

    whole = run([data])
    assert run(list(split(data, sizes))) == whole
    assert run([bytes([byte]) for byte in data]) == whole


def test_capabilities() -> None:
    (reply,) = read(EHLO)
    found = smtp.capabilities(reply)
    assert found == Capabilities(keywords={"SIZE": ("33554432",), "8BITMIME": (), "AUTH": ("LOGIN", "PLAIN", "cram-md5"), "HELP": ()})
    assert (found.size, found.mechanisms) == (33554432, ("LOGIN", "PLAIN", "CRAM-MD5"))


@pytest.mark.parametrize("size", ["", " 0", " x", " ²", " 1" + "0" * 30])
def test_a_size_that_says_nothing(size: str) -> None:
    found = smtp.capabilities(Reply(code=250, lines=("hi", f"SIZE{size}", "", " ")))
    assert (found.size, found.mechanisms) == (None, ())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2.0.0 Ok: queued as 4F2B1", "4F2B1"),
        ("2.0.0 OK queued as 42", "42"),
        ("OK id=1a2B3c-0000-x", "1a2B3c-0000-x"),
        ("2.0.0 1b2aa3a5 Message accepted for delivery", "1b2aa3a5"),
        ("2.0.0 Ok: queued as", None),
        ("OK", None),
    ],
)
def test_what_a_message_is_called(text: str, name: str | None) -> None:
    (reply,) = read(f"250 {text}\r\n".encode())
    assert smtp.queued_as(reply) == name


# --- commands


def test_commands() -> None:
    assert smtp.hello("EHLO", "[192.0.2.1]").data == b"EHLO [192.0.2.1]\r\n"
    assert smtp.mail("").data == b"MAIL FROM:<>\r\n"
    assert smtp.mail("a@x.test", size=9, eight_bit=True).data == b"MAIL FROM:<a@x.test> SIZE=9 BODY=8BITMIME\r\n"
    assert smtp.mail("jö@x.test", utf8=True).data == "MAIL FROM:<jö@x.test> SMTPUTF8\r\n".encode()
    assert smtp.rcpt("b@x.test").data == b"RCPT TO:<b@x.test>\r\n"
    assert smtp.rcpt("b@x.test", notify=("success", "Delay")).data == b"RCPT TO:<b@x.test> NOTIFY=SUCCESS,DELAY\r\n"
    assert [command.data for command in (smtp.RSET, smtp.QUIT, smtp.NOOP, smtp.DATA, smtp.STARTTLS)] == [
        b"RSET\r\n", b"QUIT\r\n", b"NOOP\r\n", b"DATA\r\n", b"STARTTLS\r\n",
    ]  # fmt: skip
    assert (smtp.needs_utf8("a@x", "b@y"), smtp.needs_utf8("a@x", "b@ü")) == (False, True)


@pytest.mark.parametrize("notify", [("always",), ("never", "success"), ("success\r\nDATA",)])
def test_what_is_no_notification(notify: tuple[str, ...]) -> None:
    with pytest.raises(ExchangeError, match="is no notification"):
        smtp.rcpt("a@x", notify=notify)


@pytest.mark.parametrize("name", ["", "a b", "a\r\nMAIL", "ä", "a\x7f"])
def test_what_is_no_name_of_ours(name: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        smtp.hello("EHLO", name)
    assert caught.value.kind == "usage"


@pytest.mark.parametrize(
    "address",
    [
        "a@x.test", "a.b+c@x", "postmaster", '"a b"@x.test', '"a@b"@x.test', '"a\\"b\\\\"@x', "a@[192.0.2.1]", "a@[IPv6:::1]",
        "jö@bücher.test",
        "!#$%&'*+-/=?^_`{|}~@x", "a@x_y.test",
    ],
)  # fmt: skip
def test_addresses(address: str) -> None:
    assert smtp.check_address(address) == address


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("b@x.test>\r\nRCPT TO:<c@x.test", "the address 'b@x.test>\\r\\nRCPT TO:<c@x.test' has CR in it"),
        ("b@x\r", "the address 'b@x\\r' has CR in it"),
        ("b@x\n", "the address 'b@x\\n' has LF in it"),
        ("b\0@x", "the address 'b\\x00@x' has NUL in it"),
        ('"a<b"@x', "the address '\"a<b\"@x' has '<' in it"),
        ("b@x\udcff", "the address 'b@x\\udcff' has letters without UTF-8"),
        ("", "'' is no address"),
        ("@x", "'@x' is no address"),
        ("a@", "'a@' is no address"),
        ("a b@x", "'a b@x' is no address"),
        ("a..b@x", "'a..b@x' is no address"),
        ("a@x..y", "'a@x..y' is no address"),
        ("a@x y", "'a@x y' is no address"),
        ("a@b@x", "'a@b@x' is no address"),
        ('"a"b"@x', '\'"a"b"@x\' is no address'),
        ('"a\\"@x', "'\"a\\\\\"@x' is no address"),
        ("a@[]", "'a@[]' is no address"),
        ("a@[1 2]", "'a@[1 2]' is no address"),
    ],
)
def test_what_is_no_address(address: str, why: str) -> None:
    for write in (lambda: smtp.rcpt(address), lambda: smtp.mail(address or "@")):
        with pytest.raises(ExchangeError) as caught:
            write()
        assert caught.value.kind == "usage"
    with pytest.raises(ExchangeError) as caught:
        smtp.check_address(address)
    assert caught.value.message == why


@given(st.text(max_size=30))
def test_nothing_of_the_users_brings_a_second_command(text: str) -> None:
    for write in (
        lambda: smtp.rcpt(text),
        lambda: smtp.mail(text),
        lambda: smtp.hello("EHLO", text),
        lambda: smtp.rcpt("a", notify=(text,)),
    ):
        command = outcome(write)
        if isinstance(command, Command):
            assert command.data.endswith(b"\r\n")
            assert not set(command.data[:-2]) & set(b"\r\n\0")


def test_groups_end_where_pipelining_has_them_end() -> None:
    commands = [smtp.mail("a"), smtp.rcpt("b"), smtp.rcpt("c"), smtp.DATA]
    assert list(smtp.grouped(commands, pipelining=True)) == [tuple(commands)]
    assert list(smtp.grouped(commands, pipelining=False)) == [(command,) for command in commands]
    assert list(smtp.grouped([*commands, smtp.RSET, smtp.mail("a")], pipelining=True)) == [tuple(commands), (smtp.RSET, smtp.mail("a"))]
    assert list(smtp.grouped([], pipelining=True)) == []


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (b"", b".\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\n..x\n\nend", b"..\r\n...x\r\n\r\nend\r\n.\r\n"),
        (b"a\r\n.\r\n", b"a\r\n..\r\n.\r\n"),
        (b"a\r.\rb", b"a\r\n..\r\nb\r\n.\r\n"),
    ],
)
def test_a_message_on_the_wire(data: bytes, sent: bytes) -> None:
    assert smtp.message(data) == sent


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n"])).map(b"".join))
def test_a_message_is_stuffed_as_smtplib_does_and_comes_back(data: bytes) -> None:
    sent = smtp.message(data)
    wanted = smtplib._quote_periods(smtplib._fix_eols(data.decode()).encode())  # type: ignore[attr-defined]
    if wanted and not wanted.endswith(b"\r\n"):
        wanted += b"\r\n"
    assert sent == wanted + b".\r\n"
    assert sent.count(b"\r\n") == sent.count(b"\r") == sent.count(b"\n")
    assert sent.find(b"\r\n.\r\n") in (-1, len(sent) - 5)
    lines = sent.removesuffix(b".\r\n").split(b"\r\n")
    assert b"\r\n".join(line.removeprefix(b".") for line in lines) == smtp.lines_by_crlf(data)


# --- AUTH


def challenge(text: str) -> Reply:
    return Reply(code=334, lines=(text,))


def test_plain() -> None:
    auth = Auth("PLAIN", "bob", "s3cret")
    command = auth.begin()
    assert command == Command(verb="AUTH", data=b"AUTH PLAIN AGJvYgBzM2NyZXQ=\r\n", secrets=((11, 27),))
    assert auth.secrets == ["s3cret", "AGJvYgBzM2NyZXQ="]
    with pytest.raises(ExchangeError, match="asks for more than AUTH PLAIN has"):
        auth.answer(challenge(""))


def test_login() -> None:
    auth = Auth("LOGIN", "bob", "s3cret")
    assert auth.begin().data == b"AUTH LOGIN\r\n"
    assert auth.answer(challenge("VXNlcm5hbWU6")) == Command(verb="AUTH", data=b"Ym9i\r\n")
    assert auth.answer(challenge("UGFzc3dvcmQ6")) == Command(verb="AUTH", data=b"czNjcmV0\r\n", secrets=((0, 8),))
    with pytest.raises(ExchangeError, match="asks for more than AUTH LOGIN has"):
        auth.answer(challenge(""))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=100), st.binary(max_size=40))
def test_cram_md5_is_the_hmac_of_the_challenge(password: str, data: bytes) -> None:
    auth = Auth("CRAM-MD5", "bob", password)
    assert auth.begin().data == b"AUTH CRAM-MD5\r\n"
    digest = hmac.new(password.encode(), data, "md5").hexdigest()
    assert auth.answer(challenge(b64encode(data).decode())).data == b64encode(f"bob {digest}".encode()) + b"\r\n"


def test_cram_md5_of_the_rfc() -> None:
    auth = Auth("CRAM-MD5", "tim", "tanstaaftanstaaf")
    auth.begin()
    assert auth.answer(challenge("PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+")).data == (
        b"dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n"
    )


@pytest.mark.parametrize("text", ["not base64!", "a", "ä"])
def test_a_challenge_that_is_no_base64(text: str) -> None:
    auth = Auth("CRAM-MD5", "bob", "x")
    auth.begin()
    with pytest.raises(ExchangeError) as caught:
        auth.answer(challenge(text))
    assert (caught.value.kind, caught.value.message) == ("malformed", "the challenge of CRAM-MD5 is no base64")


def test_xoauth2() -> None:
    auth = Auth("XOAUTH2", "bob@x.test", "t0k3n")
    command = auth.begin()
    assert command.data == b"AUTH XOAUTH2 " + b64encode(b"user=bob@x.test\1auth=Bearer t0k3n\1\1") + b"\r\n"
    assert command.data[slice(*command.secrets[0])] == command.data[13:-2]
    refused = challenge(b64encode(b'{"status":"401"}').decode())
    assert explained(refused) == '{"status":"401"}'
    assert auth.answer(refused).data == b"\r\n"


@pytest.mark.parametrize("text", ["Username:", "/w==", ""])
def test_a_challenge_that_is_not_meant_for_reading(text: str) -> None:
    assert explained(challenge(text)) == text


@pytest.mark.parametrize(
    ("mechanism", "user", "password"),
    [("NTLM", "a", "b"), ("PLAIN", "a\0b", "c"), ("LOGIN", "a", "b\0"), ("PLAIN", "a", "\ud800"), ("XOAUTH2", "a", "\1")],
)
def test_what_cannot_log_in(mechanism: str, user: str, password: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        Auth(mechanism, user, password)
    assert caught.value.kind == "usage"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(("LOGIN", "PLAIN"), "PLAIN"), (("CRAM-MD5", "LOGIN"), "LOGIN"), (("CRAM-MD5", "X"), "CRAM-MD5"), (("XOAUTH2",), None), ((), None)],
)
def test_the_mechanism_that_is_chosen(offered: tuple[str, ...], chosen: str | None) -> None:
    assert choose(offered) == chosen


@given(st.sampled_from(MECHANISMS), st.text(max_size=20), st.text(max_size=20), st.lists(st.text(max_size=20), max_size=3))
def test_whatever_is_asked_is_answered_in_one_line_or_an_error(mechanism: str, user: str, password: str, asked: list[str]) -> None:
    def run() -> object:
        auth = Auth(mechanism, user, password)
        lines = [auth.begin(), *(auth.answer(challenge(text.replace("\n", ""))) for text in asked)]
        for line in lines:
            assert line.data.count(b"\n") == 1
            assert line.data.endswith(b"\r\n")
            for begin, end in line.secrets:
                assert line.data[begin:end].decode() in auth.secrets
        return None

    outcome(run)
