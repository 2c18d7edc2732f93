"""The names of DNS: types, classes, response codes, flags and EDNS options, as IANA lists them."""

from __future__ import annotations

TYPES = {
    "A": 1, "NS": 2, "MD": 3, "MF": 4, "CNAME": 5, "SOA": 6, "MB": 7, "MG": 8, "MR": 9, "NULL": 10, "WKS": 11, "PTR": 12, "HINFO": 13,
    "MINFO": 14, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18, "X25": 19, "ISDN": 20, "RT": 21, "NSAP": 22, "NSAP-PTR": 23, "SIG": 24,
    "KEY": 25, "PX": 26, "GPOS": 27, "AAAA": 28, "LOC": 29, "NXT": 30, "SRV": 33, "NAPTR": 35, "KX": 36, "CERT": 37, "A6": 38, "DNAME": 39,
    "OPT": 41, "APL": 42, "DS": 43, "SSHFP": 44, "IPSECKEY": 45, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "DHCID": 49, "NSEC3": 50,
    "NSEC3PARAM": 51, "TLSA": 52, "SMIMEA": 53, "HIP": 55, "NINFO": 56, "CDS": 59, "CDNSKEY": 60, "OPENPGPKEY": 61, "CSYNC": 62,
    "ZONEMD": 63, "SVCB": 64, "HTTPS": 65, "SPF": 99, "NID": 104, "L32": 105, "L64": 106, "LP": 107, "EUI48": 108, "EUI64": 109,
    "TKEY": 249, "TSIG": 250, "IXFR": 251, "AXFR": 252, "MAILB": 253, "MAILA": 254, "ANY": 255, "URI": 256, "CAA": 257, "AVC": 258,
    "AMTRELAY": 260, "RESINFO": 261, "WALLET": 262, "TA": 32768, "DLV": 32769,
}  # fmt: skip
CLASSES = {"IN": 1, "CH": 3, "CHAOS": 3, "HS": 4, "HESIOD": 4}
RCODES = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET",
    9: "NOTAUTH", 10: "NOTZONE", 11: "DSOTYPENI", 16: "BADVERS", 17: "BADKEY", 18: "BADTIME", 19: "BADMODE", 20: "BADNAME", 21: "BADALG",
    22: "BADTRUNC", 23: "BADCOOKIE",
}  # fmt: skip
FLAGS = {"qr": 0x8000, "aa": 0x0400, "tc": 0x0200, "rd": 0x0100, "ra": 0x0080, "z": 0x0040, "ad": 0x0020, "cd": 0x0010}
EDNS_OPTIONS = {
    1: "LLQ", 2: "UL", 3: "NSID", 5: "DAU", 6: "DHU", 7: "N3U", 8: "ECS", 9: "EXPIRE", 10: "COOKIE", 11: "KEEPALIVE", 12: "PADDING",
    13: "CHAIN", 14: "KEY-TAG", 15: "EDE", 18: "REPORT-CHANNEL", 19: "ZONEVERSION",
}  # fmt: skip

IN, CH = 1, 3
OPT, AXFR, IXFR = 41, 252, 251
SOA = 6

_TYPE_NAMES = {number: name for name, number in TYPES.items()}
_CLASS_NAMES = {1: "IN", 3: "CH", 4: "HS", 254: "NONE", 255: "ANY"}


def type_name(number: int) -> str:
    """`MX`, or `TYPE65280` for a type without a name (RFC 3597 §5)."""
    return _TYPE_NAMES.get(number) or f"TYPE{number}"


def class_name(number: int) -> str:
    """`IN`, or `CLASS32` for a class without a name (RFC 3597 §5)."""
    return _CLASS_NAMES.get(number) or f"CLASS{number}"


def rcode_name(number: int) -> str:
    """`NXDOMAIN`, or `RCODE12` for a code without a name."""
    return RCODES.get(number) or f"RCODE{number}"


def type_number(word: str) -> int | None:
    """The number of `mx`, `TYPE65280` or `65`; `None` for a word that is no type."""
    name = word.upper()
    return TYPES.get(name) or _numbered(name.removeprefix("TYPE"))


def class_number(word: str) -> int | None:
    """The number of `ch`, `chaos` or `CLASS3`; `None` for a word that is no class. A bare number is a type."""
    name = word.upper()
    return CLASSES.get(name) or (_numbered(name[5:]) if name.startswith("CLASS") else None)


def _numbered(digits: str) -> int | None:
    fits = digits.isascii() and digits.isdecimal() and len(digits) < 6 and int(digits) < 65536
    return int(digits) if fits else None


def flag_names(bits: int) -> list[str]:
    """The flags of a header's second word (RFC 1035 §4.1.1, RFC 4035 §3), in the order of their bits."""
    return [name for name, bit in FLAGS.items() if bits & bit]
