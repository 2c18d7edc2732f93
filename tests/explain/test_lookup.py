"""Finding an explanation: in one family, in all of them, by class, and the nearest code for a miss."""

from __future__ import annotations

import os
import subprocess
import sys
import types

import pytest

from rrcli.engine.catalogue import families
from rrcli.explain import Explanation, explain, lookup, near

FAMILIES = families()


def codes(word: str) -> list[str]:
    """What `lookup` finds, as `family code`."""
    return [f"{found.family} {found.code}" for found in lookup(word, FAMILIES)]


def test_an_explanation_is_whole() -> None:
    assert explain("http", "405", FAMILIES) == Explanation(
        family="http",
        code="405",
        title="Method Not Allowed",
        meaning="The resource exists, but does not support this method.",
        action="Use a method that Allow lists; check that no redirect turned a POST into a GET.",
        retry="useless",
        spec="RFC 9110 §15.5.6",
    )


@pytest.mark.parametrize(
    ("family", "code", "found"),
    [
        ("http", "404", "404"),
        ("http", "477", "4xx"),
        ("http", "4xx", "4xx"),
        ("http", "199", "1xx"),
        ("http", "299", "2xx"),
        ("http", "399", "3xx"),
        ("http", "597", "5xx"),
        ("http", "600", "invalid"),
        ("http", "099", "invalid"),
        ("dns", "NXDOMAIN", "NXDOMAIN"),
        ("dns", "3", "NXDOMAIN"),
        ("dns", "16", "BADVERS"),
        ("dns", "NODATA", "NODATA"),
        ("redis", "wrongtype", "WRONGTYPE"),
        ("pg", "23505", "23505"),
        ("pg", "unique_violation", "23505"),
        ("pg", "23999", "23000"),
        ("error", "timeout", "timeout"),
        ("exit", "70", "70"),
    ],
)
def test_explain_finds_in_its_family(family: str, code: str, found: str) -> None:
    explanation = explain(family, code, FAMILIES)
    assert explanation is not None
    assert (explanation.family, explanation.code) == (family, found)


@pytest.mark.parametrize(
    ("family", "code"),
    [("http", "40"), ("http", "4044"), ("http", "٤٠٤"), ("http", ""), ("dns", "24"), ("redis", "404"), ("exit", "404"), ("imap", "550")],
)
def test_explain_misses(family: str, code: str) -> None:
    assert explain(family, code, FAMILIES) is None


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("404", ["http 404", "nats 404"]),
        ("4xx", ["http 4xx", "smtp 4xx"]),
        ("4XX", ["http 4xx", "smtp 4xx"]),
        ("477", ["http 4xx", "smtp 4xx"]),
        ("nxdomain", ["dns NXDOMAIN"]),
        ("3", ["exit 3", "grpc 3", "dns NXDOMAIN", "thrift WRONG_METHOD_NAME"]),
        ("0", ["exit 0", "grpc 0", "dns NOERROR", "thrift UNKNOWN"]),
        ("16", ["grpc 16", "dns BADVERS", "dns BADSIG"]),
        ("WRONGTYPE", ["redis WRONGTYPE"]),
        ("moved", ["redis MOVED"]),
        ("refused", ["error refused", "dns REFUSED"]),
        ("REFUSED", ["dns REFUSED", "error refused"]),
        ("ECONNREFUSED", ["error refused"]),
        ("econnreset", ["error reset"]),
        ("EAI_AGAIN", ["error resolver_failed"]),
        ("ENOTFOUND", ["error name_not_found"]),
        ("connection timed out", ["error timeout"]),
        ("DEPTH_ZERO_SELF_SIGNED_CERT", ["error certificate_untrusted"]),
        ("error ENOSPC", ["error output"]),
        ("timeout", ["error timeout"]),
        ("certificate_expired", ["error certificate_expired"]),
        ("wrong protocol", ["error wrong_protocol"]),
        ("exit 6", ["exit 6"]),
        ("EXIT 6", ["exit 6"]),
        ("http 404", ["http 404"]),
        ("  dns   3 ", ["dns NXDOMAIN"]),
        ("error refused", ["error refused"]),
        ("http 3", []),
        ("http", []),
        ("", []),
        ("frobnicate", []),
    ],
)
def test_lookup_searches_every_family_or_the_named_one(word: str, found: list[str]) -> None:
    assert codes(word) == found


def test_a_class_answers_only_when_no_family_lists_the_code() -> None:
    assert codes("130") == ["exit 130"]
    assert codes("http 130") == ["http 1xx"]


@pytest.mark.parametrize(
    ("word", "suggested"),
    [
        ("NXDOMIAN", "NXDOMAIN"),
        ("wrongtyp", "WRONGTYPE"),
        ("tiemout", "timeout"),
        ("certificate-expired", "certificate_expired"),
        ("40x4", "404"),
        ("http 4044", "http 404"),
        ("dns nxdomian", "dns NXDOMAIN"),
    ],
)
def test_near_suggests_the_code_that_was_meant(word: str, suggested: str) -> None:
    assert lookup(word, FAMILIES) == []
    assert near(word, FAMILIES) == suggested


@pytest.mark.parametrize("word", ["24", "exit 66", "frobnicate", "expired", "", "dns timeout"])
def test_near_is_silent_when_nothing_is_alike(word: str) -> None:
    assert near(word, FAMILIES) is None


def test_a_family_is_a_module_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("smtp_codes")
    row = ("Mailbox Unavailable", "useless", "RFC 5321 §4.2.2", "There is no such mailbox.", "Check the address.")
    vars(module)["TABLE"] = {"550": row}
    monkeypatch.setitem(sys.modules, "smtp_codes", module)
    monkeypatch.setitem(FAMILIES, "smtp", "smtp_codes")
    assert codes("smtp 550") == ["smtp 550"]
    assert codes("550") == ["smtp 550"]
    assert near("smtp 5500", FAMILIES) == "smtp 550"


SLOW = (
    "dataclasses typing inspect re json enum collections functools threading socket ssl urllib.parse base64 uuid logging contextlib "
    "importlib.metadata typer rich httpx redis h11 datetime hashlib string ipaddress difflib"
)


def test_one_explanation_loads_one_table_and_nothing_slow() -> None:
    script = """
import sys
from rrcli.engine.catalogue import families
from rrcli.explain import explain
before = [name for name in sys.modules if name.startswith("rrcli.explain.")]
explain("http", "404", families())
after = [name for name in sys.modules if name.startswith("rrcli.explain.")]
print(before, after, [name for name in sys.argv[1].split() if name in sys.modules])
"""
    environment = {name: value for name, value in os.environ.items() if name != "COVERAGE_PROCESS_CONFIG"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    # -S: no .pth file of the environment may load something before us.
    done = subprocess.run([sys.executable, "-S", "-c", script, SLOW], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[] ['rrcli.explain.http'] []\n"
