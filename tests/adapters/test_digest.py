"""Digest authentication: the examples of RFC 7616, servers with several challenges or none that can be answered, and curl beside it."""

from __future__ import annotations

import hashlib
import re
import subprocess
from typing import Any

import pytest
from peers.base import need
from peers.exchange import codes
from peers.script import hear, responder, say, script

from rrcli.adapters.http.prepare.digest import Unanswerable, credentials_for
from rrcli.adapters.http.prepare.message import PreparedRequest
from rrcli.adapters.http.request import HttpRequest
from rrcli.codec.http.challenges import read_challenges
from rrcli.engine.send import send
from rrcli.model.values import Exchange

DIGEST = 'Digest realm="r", qop="auth", nonce="abc"'


def answer_to(challenge: str, login: tuple[str, str] = ("bob", "pw"), cnonce: str = "c", **given: Any) -> str:
    fields = {"method": "GET", "url": "", "scheme": "http", "host": "h", "port": 80, "target": "/", "version": "HTTP/1.1", "fields": ()}
    return credentials_for(read_challenges([challenge])[0], PreparedRequest(**{**fields, **given}), login, cnonce)


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def refused(status: str, *challenges: str) -> bytes:
    lines = "".join(f"WWW-Authenticate: {each}\r\n" for each in challenges)
    return f"HTTP/1.1 {status}\r\n{lines}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()


def asked(*answers: bytes, by_curl: bool = False, **options: Any) -> tuple[Exchange | None, list[str]]:
    """The exchange with a server that gives these answers one after the other, and the Authorization of each request."""
    heard: list[bytes] = [b""] * len(answers)
    turn = iter(range(len(answers)))

    def handle(connection: Any) -> None:
        number = next(turn)
        into: list[bytes] = []
        script(hear(b"\r\n\r\n", into), say(answers[number]))(connection)
        heard[number] = into[0]

    with responder(handle) as peer:
        url = f"http://{peer.host}:{peer.port}/"
        if by_curl:
            subprocess.run([need("curl"), "-q", "-s", "--digest", "-u", "bob:pw", url], check=False, capture_output=True, timeout=20)
        exchange = None if by_curl else send(HttpRequest(url, digest=True, user="bob:pw", **options))
    return exchange, [(re.findall(r"\r\nAuthorization: (.*)\r\n", each.decode()) or [""])[0] for each in heard if each]


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


# --- the answer


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_standard(algorithm: str, response: str) -> None:
    challenge = (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    found = answer_to(challenge, ("Mufasa", "Circle of Life"), cnonce, target="/dir/index.html")
    assert found == (
        'Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        f'uri="/dir/index.html", cnonce="{cnonce}", nc=00000001, qop=auth, response="{response}", '
        f'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", algorithm={algorithm}'
    )


def test_a_name_may_be_hashed_and_the_algorithm_be_sha_512_256() -> None:
    found = answer_to('Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="n", userhash=true', ("Jäsøn Doe", "x"))
    hashed = hashlib.new("sha512_256", "Jäsøn Doe:api@example.org".encode()).hexdigest()
    assert f'username="{hashed}", realm="api@example.org"' in found
    assert found.endswith(", algorithm=SHA-512-256, userhash=true")


def test_a_session_algorithm_a_challenge_without_quality_and_quotes() -> None:
    secret = md5(f"{md5('bob:r:pw')}:abc:c")
    expected = md5(f"{secret}:abc:00000001:c:auth:{md5('GET:/')}")
    assert f'response="{expected}"' in answer_to(f"{DIGEST}, algorithm=MD5-sess")
    plain = answer_to('Digest realm="r", nonce="abc"')
    expected = md5(f"{md5('bob:r:pw')}:abc:{md5('GET:/')}")
    assert plain == f'Digest username="bob", realm="r", nonce="abc", uri="/", response="{expected}"'
    quoted = answer_to(r'Digest realm="r\"x\\", nonce="abc"', ('b"b', "pw"))
    assert quoted.startswith(r'Digest username="b\"b", realm="r\"x\\", nonce="abc"')
    inner = md5('b"b:r"x\\:pw')
    assert md5(f"{inner}:abc:{md5('GET:/')}") in quoted


def test_the_content_is_covered_where_only_that_is_offered() -> None:
    inner = md5(f"POST:/:{md5('a=1')}")
    expected = md5(f"{md5('bob:r:pw')}:abc:00000001:c:auth-int:{inner}")
    found = answer_to('Digest realm="r", nonce="abc", qop="auth-int"', method="POST", content=b"a=1")
    assert f'qop=auth-int, response="{expected}"' in found


@pytest.mark.parametrize(
    ("challenge", "why"),
    [
        ('Digest realm="r", qop="auth"', "the Digest challenge has no nonce"),
        ('Digest nonce="n"', "the Digest challenge has no realm"),
        (f"{DIGEST}, algorithm=WAT", "the Digest algorithm 'WAT' is not known"),
        ('Digest realm="r", nonce="n", qop="auth-conf"', "the Digest quality 'auth-conf' is not known"),
        ('Digest realm="r\rX: y", nonce="n"', "the Digest challenge has control characters"),
    ],
)
def test_what_cannot_be_answered_says_why(challenge: str, why: str) -> None:
    with pytest.raises(Unanswerable) as caught:
        answer_to(challenge)
    assert str(caught.value) == why


# --- the exchange


def without_chance(authorization: str) -> list[str]:
    """The parts of an answer but for those that are made by chance, in the order of their names."""
    return sorted(re.sub(r'(cnonce|response)="\w+=*"', r"\1", authorization).removeprefix("Digest ").split(", "))


@pytest.mark.parametrize(
    "challenges",
    [
        ['Negotiate, NTLM, Digest realm="r", qop="auth", nonce="abc", Basic realm="z"'],
        [f"{DIGEST}, algorithm={name}" for name in ("SHA-512-256", "SHA-256", "MD5")],
        [r'Digest realm="r\"x", qop="auth", nonce="abc"'],
        ['Digest realm="r", qop="auth-int", nonce="abc", opaque="o"'],
        ['Basic realm="z"', "digest nonce=abc,realm=r,qop=auth"],
    ],
)
def test_challenges_are_met_as_curl_meets_them(challenges: list[str]) -> None:
    answers = (refused("401 No", *challenges), OK)
    exchange, ours = asked(*answers)
    _, theirs = asked(*answers, by_curl=True)
    assert exchange is not None
    assert exchange.outcome == "ok"
    assert [without_chance(each) for each in ours] == [without_chance(each) for each in theirs]


def test_a_stale_nonce_is_answered_once_more_and_no_other_refusal() -> None:
    stale = refused("401 No", 'Digest realm="r", qop="auth", nonce="def", stale=TRUE')
    exchange, heard = asked(refused("401 No", DIGEST), stale, OK)
    assert exchange is not None
    assert (exchange.outcome, [hop.why for hop in exchange.history]) == ("ok", ["auth", "auth"])
    assert ['nonce="def"' in each for each in heard] == [False, False, True]
    assert len(asked(refused("401 No", DIGEST), stale, stale, OK)[1]) == 3
    assert len(asked(refused("401 No", DIGEST), refused("401 No", DIGEST), OK)[1]) == 2


@pytest.mark.parametrize(
    ("challenges", "why"),
    [
        (['Negotiate, Basic realm="z"'], "the server offers Negotiate, Basic, not Digest"),
        ([], "the 401 has no challenge in WWW-Authenticate"),
        (
            [f"{DIGEST}, algorithm=A", f"{DIGEST}, algorithm=B"],
            "the Digest algorithm 'A' is not known; the Digest algorithm 'B' is not known",
        ),
    ],
)
def test_a_challenge_without_an_answer_is_noted(challenges: list[str], why: str) -> None:
    exchange, heard = asked(refused("401 No", *challenges), OK)
    assert exchange is not None
    assert heard == [""]
    assert codes(exchange) == ["digest-unanswered"]
    assert exchange.notes[0].message == f"no answer to the challenge: {why}"


def test_the_users_own_authorization_is_left_alone() -> None:
    exchange, heard = asked(refused("401 No", DIGEST), OK, headers=("Authorization: Bearer t",))
    assert exchange is not None
    assert (heard, exchange.notes) == (["Bearer t"], ())
