"""What a browser would keep from a page, as the Fetch standard rules: each reason, and no false alarm."""

from __future__ import annotations

import pytest
from peers.script import hear, responder, say, script

from rrcli.adapters.http.cors import refusal
from rrcli.adapters.http.hopstate import HopState
from rrcli.adapters.http.prepare.prepare import prepare
from rrcli.adapters.http.request import HttpRequest
from rrcli.engine.send import send
from rrcli.model.values import Response, Status

ORIGIN = "Origin:https://app.test"
ALLOWED = ("Access-Control-Allow-Origin", "https://app.test")
PREFLIGHT = ("OPTIONS", "http://api.test/", ORIGIN)
KEEPS = "a browser keeps this answer from pages of https://app.test: "
FAILS = "a browser fails this preflight: "


def said(words: tuple[str, ...], *fields: tuple[str, str], code: int = 200) -> str | None:
    answer = Response(summary="", status=Status(code=code), fields=fields)
    return refusal(prepare(HopState(options=HttpRequest(*words)), "id"), answer)


@pytest.mark.parametrize(
    ("items", "fields", "why"),
    [
        ((), (), "Access-Control-Allow-Origin is missing"),
        ((), (("access-control-allow-origin", "https://other.test"),),
         "Access-Control-Allow-Origin is 'https://other.test', not 'https://app.test'"),
        ((), (("Access-Control-Allow-Origin", "https://app.test/"),),
         "Access-Control-Allow-Origin is 'https://app.test/', not 'https://app.test'"),
        ((), (ALLOWED, ALLOWED), "Access-Control-Allow-Origin is 'https://app.test, https://app.test', not 'https://app.test'"),
        (("Cookie:a=1",), (("Access-Control-Allow-Origin", "*"),),
         "Access-Control-Allow-Origin is *, which does not do for a request with cookies"),
        (("Cookie:a=1",), (ALLOWED,), "the request has cookies, and Access-Control-Allow-Credentials is missing, not 'true'"),
        (
            ("Cookie:a=1",), (ALLOWED, ("Access-Control-Allow-Credentials", "True")),
            "the request has cookies, and Access-Control-Allow-Credentials is 'True', not 'true'",
        ),
    ],
)  # fmt: skip
def test_an_answer_is_kept_from_the_page(items: tuple[str, ...], fields: tuple[tuple[str, str], ...], why: str) -> None:
    assert said(("http://api.test/", ORIGIN, *items), *fields) == KEEPS + why


@pytest.mark.parametrize(
    ("method", "names", "fields", "code", "why"),
    [
        ("PUT", "", (), 200, "Access-Control-Allow-Origin is missing"),
        ("PUT", "", (ALLOWED,), 405, "its status is 405, not 2xx"),
        ("PUT", "", (ALLOWED,), 301, "its status is 301, not 2xx; a preflight follows no redirect"),
        ("PUT", "", (ALLOWED,), 204, "Access-Control-Allow-Methods does not have PUT"),
        ("PATCH", "", (ALLOWED, ("Access-Control-Allow-Methods", "GET, patch")), 204,
         "Access-Control-Allow-Methods has patch, whose case differs from PATCH"),
        ("PUT", "", (ALLOWED, ("Access-Control-Allow-Methods", "GET PUT")), 204, "Access-Control-Allow-Methods cannot be read as a list"),
        ("GET", "x-a", (ALLOWED,), 204, "Access-Control-Allow-Headers does not have x-a"),
        ("GET", "x-a,x-b", (ALLOWED, ("Access-Control-Allow-Headers", "X-A")), 204, "Access-Control-Allow-Headers does not have x-b"),
        (
            "GET", "authorization", (ALLOWED, ("Access-Control-Allow-Headers", "*")), 204,
            "Access-Control-Allow-Headers does not have authorization, and * does not cover it",
        ),
    ],
)  # fmt: skip
def test_a_preflight_fails(method: str, names: str, fields: tuple[tuple[str, str], ...], code: int, why: str) -> None:
    asked = (*PREFLIGHT, f"Access-Control-Request-Method:{method}", f"Access-Control-Request-Headers:{names}")
    assert said(asked, *fields, code=code) == FAILS + why


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (("http://api.test/",), ()),
        (("http://app.test/", "Origin:http://app.test"), ()),
        (("http://app.test:8080/", "Origin:http://APP.test:8080"), ()),
        (("http://api.test/", ORIGIN, "Sec-Fetch-Mode:navigate"), ()),
        (("http://api.test/", ORIGIN, "Sec-Fetch-Site:same-origin"), ()),
        (("http://api.test/", ORIGIN, "Upgrade:websocket"), ()),
        (("http://api.test/", ORIGIN), (ALLOWED,)),
        (("http://api.test/", ORIGIN, "Authorization:Bearer x"), (("Access-Control-Allow-Origin", "*"),)),
        (("http://api.test/", "Origin:null"), (("Access-Control-Allow-Origin", "null"),)),
        (("http://api.test/", ORIGIN, "Cookie:a=1"), (ALLOWED, ("Access-Control-Allow-Credentials", "true"))),
        ((*PREFLIGHT, "Access-Control-Request-Method:POST"), (ALLOWED,)),
        (
            (*PREFLIGHT, "Access-Control-Request-Method:PUT", "Access-Control-Request-Headers:x-a, Authorization"),
            (ALLOWED, ("Access-Control-Allow-Methods", "GET,PUT"), ("Access-Control-Allow-Headers", "*, Authorization")),
        ),
        (
            (*PREFLIGHT, "Access-Control-Request-Method:DELETE", "Access-Control-Request-Headers:X-A"),
            (("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "*"), ("Access-Control-Allow-Headers", "x-a")),
        ),
    ],
)
def test_no_false_alarm(words: tuple[str, ...], fields: tuple[tuple[str, str], ...]) -> None:
    assert said(words, *fields) is None


def test_it_is_a_note_of_the_exchange() -> None:
    with responder(script(hear(b"\r\n\r\n"), say(b"HTTP/1.1 204 No Content\r\n\r\n"))) as peer:
        exchange = send(HttpRequest("OPTIONS", f"http://{peer.host}:{peer.port}/", ORIGIN, "Access-Control-Request-Method:PUT"))
    assert [(note.code, note.message) for note in exchange.notes] == [
        ("cors-refused", FAILS + "Access-Control-Allow-Origin is missing"),
    ]
