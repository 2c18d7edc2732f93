"""The tables: every code is there, and every sentence is fit to be shown."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path

import dns.rcode
import pytest
from peers.postgres import binary

from rrcli.base import errors
from rrcli.engine.catalogue import families
from rrcli.explain import RETRIES, exits, explain, graphql, grpc, http, nats, pg, redis, smtp, soap, thrift, ws
from rrcli.explain import dns as dns_table
from rrcli.explain import errors as error_table

FAMILIES = families()
TABLES = {
    "http": http.TABLE, "dns": dns_table.TABLE, "redis": redis.TABLE, "graphql": graphql.TABLE, "error": error_table.TABLE,
    "exit": exits.TABLE, "ws": ws.TABLE, "grpc": grpc.TABLE, "nats": nats.TABLE, "pg": pg.TABLE, "smtp": smtp.TABLE, "thrift": thrift.TABLE,
    "soap": soap.TABLE,
}  # fmt: skip
ROWS = [pytest.param(row, id=f"{family} {code}") for family, table in TABLES.items() for code, row in table.items()]

# The IANA registry, of which http.HTTPStatus has what the interpreter's version knew.
REGISTERED = [*range(100, 105), *range(200, 209), 226, *range(300, 309), *range(400, 419), *range(421, 427), 428, 429, 431, 451,
              *range(500, 509), 510, 511]  # fmt: skip
IN_WIDE_USE = [419, 420, 430, 440, 444, 449, 460, 463, 464, *range(494, 500), 509, *range(520, 528), 529, 530, 561, 598, 599]
CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx", "invalid"]

# Every prefix in the strings of redis-server 7.0, and Valkey's REDIRECT.
PREFIXES = (
    "ASK BUSY BUSYGROUP BUSYKEY CLUSTERDOWN CROSSSLOT DENIED ERR EXECABORT INPROG INVALIDOBJ IOERR LOADING MASTERDOWN MISCONF MOVED "
    "NOAUTH NOGOODSLAVE NOGROUP NOMASTERLINK NOPERM NOPROTO NOQUORUM NOREPLICAS NOSCRIPT NOTBUSY OOM READONLY REDIRECT TESTFAILED "
    "TRYAGAIN UNBLOCKED UNKILLABLE WRONGPASS WRONGTYPE"
)


def test_every_family_has_its_table() -> None:
    assert TABLES.keys() == FAMILIES.keys()


def test_http_has_the_registered_codes_those_in_wide_use_and_the_classes() -> None:
    assert sorted(http.TABLE) == sorted([*map(str, REGISTERED), *map(str, IN_WIDE_USE), *CLASSES])


@pytest.mark.parametrize("status", HTTPStatus, ids=lambda status: str(status.value))
def test_http_has_what_the_standard_library_knows(status: HTTPStatus) -> None:
    found = explain("http", str(status.value), FAMILIES)
    assert found is not None
    assert found.code == str(status.value)


def test_http_uses_the_phrases_of_rfc_9110() -> None:
    renamed = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
    phrases = {str(status.value): renamed.get(status.value, status.phrase) for status in HTTPStatus}
    ours = {code: http.TABLE[code][0] for code in phrases}
    assert {code: title.lower() for code, title in ours.items()} == {code: phrase.lower() for code, phrase in phrases.items()}


def test_dns_has_every_rcode_by_name_and_by_number() -> None:
    numbers = {str(rcode.value): (rcode.name,) for rcode in dns.rcode.Rcode}
    assert {**numbers, "16": ("BADVERS", "BADSIG")} == dns_table.ALIASES
    assert sorted(dns_table.TABLE) == sorted([*(rcode.name for rcode in dns.rcode.Rcode), "NODATA", "BADSIG"])


def test_redis_has_every_prefix() -> None:
    assert " ".join(sorted(redis.TABLE)) == PREFIXES


def test_pg_has_every_condition_of_the_server_s_own_list() -> None:
    version = Path(binary("postgres")).parts[-3]  # /usr/lib/postgresql/15/bin/postgres
    path = Path("/usr/share/postgresql", version, "errcodes.txt")
    listed = [line.split() for line in path.read_text().splitlines() if re.match(r"[0-9A-Z]{5} ", line)]
    assert {words[0] for words in listed} - pg.TABLE.keys() == set()
    for code, _, _, *name in listed:
        if name:
            assert code in pg.ALIASES[name[0]]
    assert len(pg.TABLE) == 263


def test_pg_s_classes_speak_for_codes_that_are_not_listed() -> None:
    classes = {code[:2] for code in pg.TABLE} - {"10"}  # the standard has no general condition there
    assert {code[:2] for code in pg.TABLE if code.endswith("000")} == classes
    assert [pg.fallback(code) for code in ("23999", "p0abc", "42ABC", "99999", "4200", "REFUSED", "loops", "٤٢٠٠١")] == [
        "23000",
        "P0000",
        "42000",
        *[None] * 5,
    ]
    assert {code for codes in pg.ALIASES.values() for code in codes} == set(pg.TABLE)


def test_errors_has_every_kind_in_the_order_of_kinds() -> None:
    assert tuple(error_table.TABLE) == errors.KINDS


def test_exits_has_every_exit_code() -> None:
    codes = {0, *errors.EXIT_CODES.values(), errors.EXIT_TIMEOUT, errors.EXIT_INTERRUPTED, errors.EXIT_TERMINATED}
    assert [int(code) for code in exits.TABLE] == sorted(codes)


@pytest.mark.parametrize("row", ROWS)
def test_texts_are_short_plain_sentences(row: tuple[str, str, str, str, str]) -> None:
    title, retry, spec, meaning, action = row
    assert retry in RETRIES
    assert len(title) <= 40
    assert len(meaning) <= 110
    assert len(action) <= 140
    assert title[-1] != "."
    assert spec != ""
    for sentence in (meaning, action):
        assert sentence[0].isupper()
        assert sentence[-1] == "."
    for text in (title, spec, meaning, action):
        assert text.isprintable()
        assert text == " ".join(text.split())
        assert not {"`", "…", "‘", "’"} & set(text)


def test_sentences_are_written_for_their_code() -> None:
    """A meaning is shared only where two codes mean the same."""
    shared: dict[str, list[str]] = {}
    for family, table in TABLES.items():
        for code, row in table.items():
            shared.setdefault(row[3], []).append(f"{family} {code}")
    assert [codes for codes in shared.values() if len(codes) > 1] == [
        ["error check_failed", "exit 8"],
        ["error internal", "exit 70"],
    ]
