"""DNS messages: exact bytes, dnspython as the oracle, and whatever else a datagram may hold."""

from __future__ import annotations

from contextlib import suppress

import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rrcli.base.errors import ExchangeError
from rrcli.codec.dns import edns as dnsedns
from rrcli.codec.dns import message as codec
from rrcli.codec.dns import name as dnsname
from rrcli.codec.dns import rdata
from rrcli.codec.dns.tables import CLASSES, EDNS_OPTIONS, FLAGS, RCODES, TYPES, class_name, class_number, rcode_name, type_name, type_number

ROOT_NS = codec.query(7, codec.flag_bits("rd"), b"\0", (2, 1), None)


def reply(*records: str, flags: str = "QR", rcode: int = 0, question: str = "www.example.test. IN A") -> bytes:
    """A message of dnspython's with these records as its answer."""
    text = f"id 7\nopcode QUERY\nrcode {dns.rcode.to_text(dns.rcode.Rcode(rcode))}\nflags {flags}\n;QUESTION\n{question}\n;ANSWER\n"
    return dns.message.from_text(text + "\n".join(records) + "\n;AUTHORITY\n;ADDITIONAL\n", one_rr_per_rrset=True).to_wire(
        want_shuffle=False
    )


def answers(data: bytes) -> list[str]:
    return [record["data"] for record in codec.read(data).answer]


# --- queries


def test_a_query_byte_by_byte() -> None:
    name = dnsname.to_wire("www.example.test.")
    edns = dnsedns.Edns(udp_size=4096, flags=dnsedns.DO, options=((dnsedns.NSID, b""),))
    assert codec.query(0x1234, codec.flag_bits("rd", "cd"), name, (28, 1), edns) == (
        b"\x12\x34\x01\x10\0\1\0\0\0\0\0\1"
        b"\3www\7example\4test\0\0\x1c\0\1"
        b"\0\0\x29\x10\0\0\0\x80\0\0\4\0\3\0\0"
    )  # fmt: skip


def test_dnspython_reads_our_queries() -> None:
    wire = codec.query(
        9,
        codec.flag_bits("rd", "ad"),
        dnsname.to_wire("a.test"),
        (15, 3),
        dnsedns.Edns(options=((dnsedns.ECS, dnsedns.subnet("192.0.2.77/25")),)),
    )
    read = dns.message.from_wire(wire)
    assert (read.id, read.flags, str(read.question[0])) == (9, dns.flags.RD | dns.flags.AD, "a.test. CH MX")
    assert (read.edns, read.payload, [option.to_text() for option in read.options]) == (0, 1232, ["ECS 192.0.2.0/25 scope/0"])


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("192.0.2.255/24", b"\0\1\x18\0\xc0\0\2"),
        ("192.0.2.1", b"\0\1\x20\0\xc0\0\2\1"),
        ("0.0.0.0/0", b"\0\1\0\0"),
        ("2001:db8:ff::/41", b"\0\2\x29\0\x20\x01\x0d\xb8\0\x80"),
    ],
)
def test_subnets(text: str, data: bytes) -> None:
    assert dnsedns.subnet(text) == data


@pytest.mark.parametrize("text", ["", "x", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "::/129", "192.0.2/24"])
def test_what_is_no_subnet(text: str) -> None:
    with pytest.raises(ValueError, match="no address block|no prefix length"):
        dnsedns.subnet(text)


# --- answers


def test_a_message_in_full() -> None:
    wire = reply("www.example.test. 300 IN CNAME example.test.", "example.test. 4294967295 IN A 192.0.2.1", flags="QR AA RD RA CD")
    read = codec.read(wire + b"xy")
    assert read == codec.Message(
        id=7,
        flags=["qr", "aa", "rd", "ra", "cd"],
        opcode=0,
        rcode="NOERROR",
        question=[{"name": "www.example.test.", "type": "A", "class": "IN", "ttl": None, "data": None}],
        answer=[
            {"name": "www.example.test.", "type": "CNAME", "class": "IN", "ttl": 300, "data": "example.test."},
            {"name": "example.test.", "type": "A", "class": "IN", "ttl": 0, "data": "192.0.2.1"},
        ],
        authority=[],
        additional=[],
        edns=None,
        extra=2,
        unread=(),
        options=(),
        wire=wire + b"xy",
    )


RECORDS = r"""
A 192.0.2.1
AAAA 2001:db8::1
AAAA ::ffff:192.0.2.1
NS ns.example.test.
CNAME .
PTR a\.b.example.test.
DNAME example.
MX 10 mail.example.test.
SOA ns1.example.test. host\.master.example.test. 4294967295 3600 600 86400 60
TXT "one" "" "a \"quote\" and \\ and \009 and \195\188"
SRV 0 65535 443 www.example.test.
CAA 128 iodef "mailto:a@example.test"
HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 key65400="x"
SVCB 0 svc.example.test.
SVCB 1 svc.example.test. mandatory=port alpn="doq" no-default-alpn port=853
TLSA 3 1 1 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF01234567 89ABCDEF
SSHFP 4 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF01234567 89ABCDEF
SMIMEA 3 1 0 0123456789ABCDEF
OPENPGPKEY AQID
CERT PKIX 1 RSASHA256 AQID
DNSKEY 257 3 13 AQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQID AQID
CDS 0 0 0 00
ZONEMD 1 1 240 0123456789ABCDEF0123456789ABCDEF
NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:info@example.test!" .
LOC 52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m
LOC 1 0 0.000 S 0 0 1.000 W 100.00m 0.50m 0.00m 20m
DS 12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF01234567 89ABCDEF
RRSIG A 13 3 300 20300101000000 20200101000000 1 example.test. AQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQIDAQID AQID
NSEC3PARAM 1 0 10 BEEF
NSEC3 1 1 10 BEEF 0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM A RRSIG
CSYNC 1 3 A NS
EUI48 00-00-5e-00-53-2a
EUI64 00-00-5e-ef-10-00-00-2a
NID 10 0014:4fff:ff20:ee64
L32 10 10.1.2.0
LP 10 l64.example.test.
AFSDB 1 afs.example.test.
KX 1 kx.example.test.
RT 1 rt.example.test.
APL 1:192.0.2.0/24 !1:192.0.2.64/28
DHCID AAIB
SPF "v=spf1 -all"
X25 "311061700956"
AMTRELAY 10 0 1 192.0.2.1
NSEC a.example.test. A MX RRSIG
HINFO "cpu" "os"
RP a.example.test. b.example.test.
URI 10 1 "ftp://ftp.example.test/"
TYPE65280 \# 4 0A000001
TYPE1 \# 4 c0000201
""".strip().splitlines()


@pytest.mark.parametrize("record", RECORDS)
def test_data_is_written_as_dig_writes_it(record: str) -> None:
    kind, text = record.split(None, 1)
    wire = reply(f"www.example.test. 300 IN {kind} {text}", question=f"www.example.test. IN {kind}")
    (ours,) = answers(wire)
    assert ours == (text if kind != "TYPE1" else "192.0.2.1")
    assert dns.rdata.from_text("IN", kind if kind != "TYPE1" else "A", ours) == dns.message.from_wire(wire).answer[0][0]


def test_the_class_decides_too() -> None:
    assert answers(reply('www.example.test. 0 CH TXT "hello"')) == ['"hello"']
    assert answers(reply(r"www.example.test. 0 CLASS32 A \# 4 c0000201")) == [r"\# 4 C0000201"]


def test_records_that_come_twice_stay_two() -> None:
    assert answers(reply(*["www.example.test. 300 IN A 192.0.2.1"] * 2)) == ["192.0.2.1"] * 2


def test_settings_of_edns() -> None:
    wire = codec.query(7, 0x8000, b"\0", (2, 1), dnsedns.Edns(udp_size=512, flags=dnsedns.DO, options=(
        (3, b"ns1"), (3, b"\xff"), (8, b"\0\1\x18\0\xc0\0\2"), (8, b"\0\2\x20\x10\x20\x01\x0d\xb8"), (8, b"\0"), (10, b"12345678"),
        (15, b"\0\x0f"), (15, b"\0\x16no one\0"), (15, b"\0"), (12, bytes(3)), (65001, b"x"),
    )))  # fmt: skip
    message = codec.read(wire)
    assert message.edns is not None
    assert (message.edns["version"], message.edns["udp_size"], message.edns["flags"], message.additional) == (0, 512, ["do"], [])
    assert [(option["name"], option["data"]) for option in message.edns["options"]] == [
        ("NSID", "ns1"), ("NSID", "ff"), ("ECS", "192.0.2.0/24/0"), ("ECS", "2001:db8::/32/16"), ("ECS", "00"),
        ("COOKIE", "3132333435363738"),
        ("EDE", "15 (Blocked)"), ("EDE", "22 (No Reachable Authority): no one"), ("EDE", "00"), ("PADDING", "3 bytes"),
        ("OPTION65001", "78"),
    ]  # fmt: skip


def test_the_upper_bits_of_the_rcode_are_in_the_opt_record() -> None:
    response = dns.message.make_response(dns.message.make_query("a.test", "A", use_edns=0))
    response.set_rcode(dns.rcode.BADVERS)
    assert codec.read(response.to_wire()).rcode == "BADVERS"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a message of 0 bytes; its header alone has 12"),
        (ROOT_NS[:-1], "question 1 of 1: the message ends at byte 16, where 1 bytes more should be"),
        (ROOT_NS[:12] + b"\xc0\x0c\0\2\0\1", "question 1 of 1: the name at byte 12 points to byte 12, not backwards"),
        (ROOT_NS[:12] + b"\xc0", "question 1 of 1: the message ends within a name, at byte 13"),
        (ROOT_NS[:12] + b"\x40x\0", "question 1 of 1: the label at byte 12 is of an unknown kind (0x40)"),
        (ROOT_NS[:12] + b"\5abc", "question 1 of 1: the label at byte 12 has 5 bytes, but the message ends at byte 16"),
        (ROOT_NS[:12] + (b"\x3f" + b"x" * 63) * 4 + b"\0", "question 1 of 1: the name that ends at byte 204 is longer than 255 bytes"),
        (
            reply("www.example.test. 1 IN A 192.0.2.1").replace(b"\0\4\xc0\0\2\1", b"\0\5\xc0\0\2\1x"),
            "record 1 of 1 in the answer section: the record's data goes on for 1 bytes after its end, at byte 50",
        ),
        (
            reply("www.example.test. 1 IN A 192.0.2.1").replace(b"\0\4\xc0\0\2\1", b"\0\3\xc0\0\2"),
            "record 1 of 1 in the answer section: the record's data ends at byte 49, where 1 bytes more should be",
        ),
        (
            reply('www.example.test. 1 IN TXT "abc"').replace(b"\0\4\3abc", b"\0\4\4abc"),
            "record 1 of 1 in the answer section: the record's data ends at byte 50, where 1 bytes more should be",
        ),
        (
            ROOT_NS[:10] + b"\0\2" + ROOT_NS[12:] + b"\0\0\x29\4\xd0\0\0\0\0\0\0" * 2,
            "record 2 of 2 in the additional section: a second OPT record, before byte 39",
        ),
    ],
)
def test_broken_messages_say_what_and_where(data: bytes, message: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        codec.read(data)
    assert (caught.value.layer, caught.value.kind, caught.value.message) == ("protocol", "malformed", message)


def test_data_that_dnspython_refuses_is_shown_as_bytes() -> None:
    fine = "www.example.test. 1 IN SSHFP 4 9 0123"
    wire = reply(fine, fine).replace(b"\0\4\4\x09\1\x23", b"\0\1\4\x09\1\x23"[:3], 1)
    read = codec.read(wire)
    assert [record["data"] for record in read.answer] == [r"\# 1 04", "4 9 0123"]
    assert len(read.unread) == 1
    assert read.unread[0].startswith("the data of the IN SSHFP record at byte 46 cannot be read: ")


@pytest.mark.parametrize(
    ("asked", "answered", "fits"),
    [
        ("www.example.test. IN A", "WWW.example.TEST. IN A", True),
        ("www.example.test. IN A", "www.example.test. IN AAAA", False),
        ("www.example.test. IN A", "www.example.test. CH A", False),
        ("www.example.test. IN A", "ww.example.test. IN A", False),
    ],
)
def test_whether_it_answers_the_question(asked: str, answered: str, fits: bool) -> None:
    assert codec.answers(codec.read(reply(question=answered)), codec.read(reply(question=asked))) is fits


@pytest.mark.parametrize(
    ("head", "fits"), [(b"\x80\0", True), (b"\x87\xff", True), (b"\0\0", False), (b"\x88\0", False), (b"\xa0\0", False)]
)
def test_whether_it_is_an_answer_at_all(head: bytes, fits: bool) -> None:
    assert codec.is_answer(b"\0\7" + head + bytes(8)) is fits
    assert codec.is_answer(b"\0\7" + head + bytes(7)) is False


def test_a_chain_of_pointers_is_not_followed_for_ever() -> None:
    chain = b"\0" + b"".join((0xC000 | (0 if at == 0 else 2 * at - 1)).to_bytes(2, "big") for at in range(130))
    assert dnsname.read(chain, 2 * 127 + 1) == (".", 2 * 127 + 3)
    with pytest.raises(ExchangeError, match="the name goes through more than 128 pointers"):
        dnsname.read(chain, 2 * 129 + 1)


# --- against dnspython


def as_dig(record: dns.rdata.Rdata) -> str:
    """dnspython's text in the spelling of `dig`."""
    if isinstance(record, dns.rdata.GenericRdata):
        return rdata.generic(record.data)
    return rdata.spelled(record.rdtype, record.to_text())


def same_as_dnspython(data: bytes) -> None:
    """Where dnspython reads a message without complaint, we read the same."""
    ours = codec.read(data)
    theirs = dns.message.from_wire(data, one_rr_per_rrset=True, ignore_trailing=True, keyring=False)
    assert (ours.id, len(ours.question)) == (theirs.id, len(theirs.question))
    for section in ("answer", "authority"):
        records = [(str(rrset.name), rrset.ttl, as_dig(rrset[0])) for rrset in getattr(theirs, section)]
        assert [(record["name"], record["ttl"], record["data"]) for record in getattr(ours, section)] == records


def names() -> st.SearchStrategy[bytes]:
    labels = st.lists(st.binary(min_size=1, max_size=63), max_size=6)
    return labels.map(lambda found: b"".join(bytes([len(label)]) + label for label in found) + b"\0").filter(lambda wire: len(wire) <= 255)


@given(names())
def test_names_are_written_as_dnspython_writes_them(wire: bytes) -> None:
    text, end = dnsname.read(wire, 0)
    assert (text, end) == (dns.name.from_wire(wire, 0)[0].to_text(), len(wire))
    assert dnsname.to_wire(text) == wire


@given(st.text(alphabet='ab.\\019"@ü', max_size=80))
def test_names_are_read_as_dnspython_reads_them(text: str) -> None:
    try:
        ours: bytes | None = dnsname.to_wire(text)
    except ValueError:
        ours = None
    if not text.isascii():
        return
    try:
        theirs = dns.name.from_text(text).to_wire() if text not in ("", "@") else ours
    except (dns.exception.DNSException, ValueError):
        theirs = None
    assert ours == theirs


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Messages with records of any type and data, their counts mostly right."""
    kinds = st.one_of(st.sampled_from(sorted(TYPES.values())), st.integers(0, 65535))
    body, counts = b"", []
    for _ in range(3):
        count = draw(st.integers(0, 2))
        for _ in range(count):
            name = draw(st.sampled_from([b"\0", b"\xc0\x0c", b"\1a\xc0\x0c"]))
            data = draw(st.binary(max_size=40))
            fixed = (
                draw(kinds).to_bytes(2, "big")
                + draw(st.sampled_from([1, 3, 255, 32])).to_bytes(2, "big")
                + draw(st.binary(min_size=4, max_size=4))
            )
            body += name + fixed + len(data).to_bytes(2, "big") + data
        counts.append(count)
    header = b"\0\7\x80\0\0\1" + b"".join(count.to_bytes(2, "big") for count in counts)
    return header + b"\3www\4test\0\0\1\0\1" + body


@given(messages() | st.binary(max_size=200) | st.binary(max_size=60).map(lambda rest: ROOT_NS[:4] + rest))
@example(bytes(12))
@example(b"\0\7\x80\0" + b"\xff" * 500)
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    failure = None
    try:
        codec.read(data)
    except ExchangeError as error:
        failure = error.layer, error.kind
    assert failure in (None, ("protocol", "malformed"))


@given(messages())
def test_what_dnspython_reads_we_read_the_same(data: bytes) -> None:
    try:
        dns.message.from_wire(data, one_rr_per_rrset=True, ignore_trailing=True, keyring=False)
    except (dns.exception.DNSException, ValueError):
        return
    same_as_dnspython(data)


# --- tables


def test_types_are_those_of_dnspython() -> None:
    for name, number in TYPES.items():
        assert dns.rdatatype.from_text(name.replace("-", "_") if name == "NSAP-PTR" else name) == number
    assert {kind.name.replace("_", "-") for kind in dns.rdatatype.RdataType if kind} - set(TYPES) <= {
        "UNSPEC",
        "NXNAME",
        "DSYNC",
        "HHIT",
        "BRID",
        "NONE",
    }


def test_codes_are_those_of_dnspython() -> None:
    assert {code: dns.rcode.to_text(dns.rcode.Rcode(code)) for code in RCODES} == RCODES
    assert {name: dns.rdataclass.from_text(name) for name in CLASSES} == CLASSES
    assert {name: dns.flags.Flag[name.upper()] for name in FLAGS if name != "z"} == {
        name: bit for name, bit in FLAGS.items() if name != "z"
    }
    assert EDNS_OPTIONS[15] == "EDE"


@pytest.mark.parametrize(
    ("word", "number"),
    [("mx", 15), ("TYPE65280", 65280), ("type1", 1), ("65", 65), ("TYPE65536", None), ("TYPE", None), ("x", None), ("٣", None)],
)
def test_type_words(word: str, number: int | None) -> None:
    assert type_number(word) == number


@pytest.mark.parametrize(("word", "number"), [("ch", 3), ("Chaos", 3), ("CLASS32", 32), ("3", None), ("CLASS", None), ("CLASS99999", None)])
def test_class_words(word: str, number: int | None) -> None:
    assert class_number(word) == number


def test_names_of_numbers() -> None:
    assert (type_name(65280), class_name(32), rcode_name(12)) == ("TYPE65280", "CLASS32", "RCODE12")
    assert (type_name(65), class_name(3), rcode_name(3)) == ("HTTPS", "CH", "NXDOMAIN")


def test_everyday_types_are_written_without_dnspython() -> None:
    assert {type_name(kind) for kind in rdata.EVERYDAY} == {"A", "NS", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA", "SRV", "DNAME", "CAA"}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\0\x16up\r\nwww A 192.0.2.66", r"22 (No Reachable Authority): up\013\010www A 192.0.2.66"),
        (b"\0\x16\x1b[2J", r"22 (No Reachable Authority): \027[2J"),
        ("\0\x16‮caf\u00e9 \U0001f600 a\\b".encode(), "22 (No Reachable Authority): \\226\\128\\174caf\u00e9 \U0001f600 a\\b"),
        (b"\0\x0f\xff\0", "15 (Blocked): \ufffd"),
        (b"\xff\xff\n", r"65535: \010"),
    ],
)
def test_an_extended_error_is_one_line(data: bytes, text: str) -> None:
    assert dnsedns.error_text(data) == text
    assert dnsedns.option_text(dnsedns.EDE, data) == text


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (b"issue", "issue"),
        (b'x \n0 issue "e"', r"x\032\0100\032issue\032\"e\""),
        (b";(\\)", r"\;\(\\\)"),
        (b"\xe9\x7f", r"\233\127"),
        (b"", ""),
    ],
)
def test_the_tag_of_a_caa_record_is_one_word(tag: bytes, text: str) -> None:
    data = b"\0" + bytes([len(tag)]) + tag + b"v"
    assert rdata.text(257, 1, rdata.Data(data, 0, len(data))) == f'0 {text} "v"'


@given(
    kind=st.sampled_from([number for number in TYPES.values() if number != TYPES["OPT"]]),
    data=st.one_of(st.binary(max_size=40), st.lists(st.sampled_from(b'\0\1\2\n\r\x1b"\\ a.\xff'), max_size=40).map(bytes)),
)
@example(kind=TYPES["URI"], data=b"\0\1\0\1\xff")
@example(kind=TYPES["URI"], data=b"\xff")
@example(kind=TYPES["SVCB"], data=b"\0\1\0\0\1\0\3\2\n\xff")
@example(kind=TYPES["CAA"], data=b"\0\3a\nbc\n")
@settings(max_examples=200, deadline=None)
def test_whatever_the_data_its_text_is_one_printable_line(kind: int, data: bytes) -> None:
    for of_class in (1, 3):
        text = ""
        with suppress(ExchangeError):
            text = rdata.text(kind, of_class, rdata.Data(data, 0, len(data)))
        assert text.isascii()
        assert text.isprintable()


@pytest.mark.parametrize("size", range(12, 81, 4))
def test_a_message_with_tc_may_be_cut_anywhere(size: int) -> None:
    message = dns.message.make_response(dns.message.make_query("a.test", "A", use_edns=False))
    message.flags |= dns.flags.TC
    message.answer.append(dns.rrset.from_text("a.test.", 300, "IN", "A", "192.0.2.1", "192.0.2.2", "192.0.2.3"))
    whole = message.to_wire(want_shuffle=False)
    found = codec.read(whole[:size], may_be_cut=True)
    assert found.cut == (size < len(whole))
    assert [record["data"] for record in found.answer] == [f"192.0.2.{number + 1}" for number in range(max(min((size - 24) // 16, 3), 0))]
    assert len(found.question) == (size >= 24)
    if found.cut:
        with pytest.raises(ExchangeError):
            codec.read(whole[:size])


def test_a_message_without_tc_may_not_be_cut() -> None:
    whole = dns.message.make_response(dns.message.make_query("a.test", "A", use_edns=False)).to_wire()
    with pytest.raises(ExchangeError):
        codec.read(whole[:-1], may_be_cut=True)
