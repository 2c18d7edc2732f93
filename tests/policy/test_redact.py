"""Secrets: each sentence of the contract on masking (section 3) is a case here."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rrcli.base.fields import MASK, is_secret_name
from rrcli.base.jsontext import dumps
from rrcli.model.document import document
from rrcli.model.values import Body, Check, Exchange, Failure, Note, RequestMessage, Response, Status, Target, TranscriptEntry
from rrcli.policy.mask import Mask
from rrcli.policy.redact import masked
from rrcli.policy.secrets import field_secrets, mask_field, mask_url, url_secrets

Fields = tuple[tuple[str, str], ...]
TOKEN = "s3cr3t-t0ken/+"


def exchange(fields: Fields = (), *, url: str = "http://h/", **values: Any) -> Exchange:
    request = RequestMessage(summary=values.pop("summary", "GET / HTTP/1.1"), fields=fields, body=values.pop("sent", None))
    return Exchange(id="1", protocol="http", target=Target(url=url, host="h", port=80), request=request, **values)


def answer(data: bytes = b"", fields: Fields = (), **values: Any) -> Response:
    about = {name: values.pop(name) for name in ("media_type", "charset") if name in values}
    body = Body(data=data, size=len(data), sha256=hashlib.sha256(data).hexdigest(), **about)
    return Response(summary="HTTP/1.1 200 OK", status=Status(code=200, text="OK"), fields=fields, body=body, **values)


def shown(secret: str, data: bytes, **about: Any) -> bytes:
    """What is shown of a response's body when `secret` was sent."""
    found = masked(exchange((("X-Auth-Token", secret),), response=answer(data, **about))).response
    assert found
    assert found.body
    assert (found.body.size, found.body.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    return found.body.data


# --- names


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "proxy-authorization", "Proxy_Authorization", "Cookie", "Set-Cookie", "X-Auth-Token", "token", "access_token",
        "client_secret", "Secret", "PASSWORD", "db-password", "X-Api-Key", "api_key", "Api-Key", "X-ApiKey",
        "key", "X-License-Key", "X-Key", "X-Pwd", "X-Passcode", "DPoP", "accessToken", "csrf_jwt", "url-sig", "card_pin",
    ],
)  # fmt: skip
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "X-RateLimit-Remaining-Tokens", "Token-Type", "Idempotency-Key", "Sec-WebSocket-Key", "Secretary", "Cookies",
        "WWW-Authenticate", "X-Authorization-Time", "Host", "monkey", "api-keys", "keyboard", "spin", "design",
    ],
)  # fmt: skip
def test_other_names(name: str) -> None:
    assert not is_secret_name(name)


# --- the shape of a field stays


@pytest.mark.parametrize(
    ("name", "value", "expected", "secrets"),
    [
        ("Authorization", "Bearer abc", "Bearer ‹secret›", ["abc"]),
        ("Authorization", " Bearer  Bearer ", " Bearer  ‹secret› ", ["Bearer"]),
        ("Authorization", "abc", "‹secret›", ["abc"]),
        ("Authorization", 'Digest username="a", response="b"', "Digest ‹secret›", ['username="a", response="b"']),
        ("Authorization", "Basic dTpwdw==", "Basic ‹secret›", ["dTpwdw==", "pw"]),
        ("proxy-authorization", "basic dTpwOnc=", "basic ‹secret›", ["dTpwOnc=", "p:w"]),
        ("Authorization", "Basic !", "Basic ‹secret›", ["!"]),
        ("Authorization", "Basic dTo=", "Basic ‹secret›", ["dTo="]),
        ("Cookie", "sid=abc; t=d=e", "sid=‹secret›; t=‹secret›", ["abc", "d=e"]),
        ("Cookie", "s=s; id=d;x=x", "s=‹secret›; id=‹secret›;x=‹secret›", ["s", "d", "x"]),
        ("Cookie", 'a="b c"; alone; e=', 'a="‹secret›"; ‹secret›; e=', ["b c", "alone"]),
        ("Set-Cookie", "sid=abc; Path=/abc; HttpOnly", "sid=‹secret›; Path=/abc; HttpOnly", ["abc"]),
        ("Set-Cookie", "sid=; Max-Age=0", "sid=; Max-Age=0", []),
        ("Set-Cookie", "alone", "‹secret›", ["alone"]),
        ("X-Auth-Token", "a b", "‹secret›", ["a b"]),
        ("X-Api-Key", "", "", []),
        ("X-RateLimit-Remaining-Tokens", "12", "12", []),
        ("Location", "/cb?code=1&access_token=a&x=a", "/cb?code=1&access_token=‹secret›&x=a", ["a"]),
        ("Link", "<http://u:pw@h/?token=a>; rel=next", "<http://u:‹secret›@h/?token=‹secret›>; rel=next", ["pw", "a"]),
    ],
)
def test_fields(name: str, value: str, expected: str, secrets: tuple[str, ...]) -> None:
    assert mask_field(name, value) == expected
    assert field_secrets(((name, value),)) == secrets
    assert mask_field(name, expected) == expected


@pytest.mark.parametrize(
    ("url", "expected", "secrets"),
    [
        ("http://h/", "http://h/", []),
        ("http://u:pw@h:80/pw", "http://u:‹secret›@h:80/pw", ["pw"]),
        ("http://u:80@h:80/", "http://u:‹secret›@h:80/", ["80"]),
        ("http://u:p@w@h/", "http://u:‹secret›@h/", ["p@w"]),
        ("redis://:pw@h", "redis://:‹secret›@h", ["pw"]),
        ("http://token@h/", "http://‹secret›@h/", ["token"]),
        ("https://key:@h/", "https://‹secret›:@h/", ["key"]),
        ("http://h/?token=1&page=12", "http://h/?token=‹secret›&page=12", ["1"]),
        ("http://h/a=token?x=1&api_key=2#f", "http://h/a=token?x=1&api_key=‹secret›#f", ["2"]),
        ("http://h/?x=1&access%5Ftoken=a%2Fb", "http://h/?x=1&access%5Ftoken=‹secret›", ["a%2Fb"]),
        ("http://h/?token=", "http://h/?token=", []),
        ("http://h/#access_token=a", "http://h/#access_token=‹secret›", ["a"]),
        ("http://h/?next=http://u:pw@h/&q=@", "http://h/?next=http://u:‹secret›@h/&q=@", ["pw"]),
        ("http://a:b&token=c@h/", "http://a:‹secret›", ["b&token=c", "c@h/"]),
        ("GET /?token=ab HTTP/1.1", "GET /?token=‹secret› HTTP/1.1", ["ab"]),
        ("see http://h/ or mail a@b", "see http://h/ or mail a@b", []),
    ],
)
def test_urls(url: str, expected: str, secrets: tuple[str, ...]) -> None:
    assert mask_url(url) == expected
    assert url_secrets(url) == secrets


@given(st.text("ab:/@?&=#; token", max_size=30))
def test_masking_again_changes_nothing(text: str) -> None:
    assert mask_url(mask_url(text)) == mask_url(text)
    for name in ("Cookie", "Set-Cookie", "Authorization", "Location"):
        assert mask_field(name, mask_field(name, text)) == mask_field(name, text)


# --- wherever else it turns up


def test_echoes_are_masked_everywhere() -> None:
    echo = f"echo {TOKEN}."
    sent = Body(data=echo.encode(), size=9, sha256="ab")
    masked_one = masked(
        exchange(
            (("Authorization", f"Bearer {TOKEN}"), ("X-Echo", echo)),
            url=f"http://h/{TOKEN}",
            summary=f"GET /{TOKEN} HTTP/1.1",
            sent=sent,
            response=Response(
                summary=echo,
                status=Status(code=200, text=echo),
                fields=(("X-Echo", echo),),
                trailers=(("X-Trailer", echo), ("X-Token", "t")),
                body=sent,
                data={"value": [echo, {"a": echo}], "number": 1},
                display=echo,
            ),
            error=Failure(layer="tls", kind="reset", message=echo, hint=echo),
            notes=(Note(code="n", message=echo),),
            checks=(Check(expr=f"body == {TOKEN}", ok=False, actual={"deep": [echo]}),),
            history=(exchange(url="http://e/", response=answer(echo.encode())),),
        )
    )
    quiet = "echo ‹secret›."
    body = Body(data=quiet.encode(), size=9, sha256="ab", charset="utf-8")
    assert masked_one.replace(secrets=(), history=()) == exchange(
        (("Authorization", "Bearer ‹secret›"), ("X-Echo", quiet)),
        url="http://h/‹secret›",
        summary="GET /‹secret› HTTP/1.1",
        sent=body,
        response=Response(
            summary=quiet,
            status=Status(code=200, text=quiet),
            fields=(("X-Echo", quiet),),
            trailers=(("X-Trailer", quiet), ("X-Token", "‹secret›")),
            body=body,
            data={"value": [quiet, {"a": quiet}], "number": 1},
            display=quiet,
        ),
        error=Failure(layer="tls", kind="reset", message=quiet, hint=quiet),
        notes=(Note(code="n", message=quiet),),
        checks=(Check(expr="body == ‹secret›", ok=False, actual={"deep": [quiet]}),),
    )
    assert masked_one.history[0].response
    assert masked_one.history[0].response.body
    assert masked_one.history[0].response.body.data == quiet.encode()
    assert TOKEN not in json.dumps(document(masked_one))


def test_a_secret_of_an_earlier_hop_is_masked_in_the_last() -> None:
    earlier = exchange((("Authorization", f"Bearer {TOKEN}"),))
    last = masked(exchange(response=answer(TOKEN.encode()), history=(earlier,)))
    assert document(last)["response"]["body"]["text"] == MASK
    assert last.history[0].request.fields == (("Authorization", "Bearer ‹secret›"),)


def test_what_has_no_secret_is_left_alone() -> None:
    plain = exchange((("Accept", "*/*"),), response=answer(b"\xff{"), transcript=())
    assert masked(plain) is plain


def test_what_an_adapter_knows_is_masked() -> None:
    known = exchange(secrets=("hunter22",), summary="AUTH hunter22")
    assert masked(known).request.summary == "AUTH ‹secret›"


def test_the_password_within_basic_credentials_is_masked_where_it_is_echoed() -> None:
    credentials = base64.b64encode(b"ann:correct horse").decode()
    one = exchange((("Authorization", f"Basic {credentials}"),), response=answer(b'{"user": "ann", "password": "correct horse"}'))
    assert document(masked(one))["response"]["body"]["json"] == {"user": "ann", "password": MASK}


@pytest.mark.parametrize(
    "echo",
    [
        "p%40ss%2Fw+rd%22", "p%40ss%2fw+rd%22", "p%40ss/w%2Brd%22", "p%40ss%2Fw%2Brd%22", 'p@ss/w+rd"', 'p@ss/w rd"', 'p@ss/w+rd\\"',
        'p@ss\\/w+rd\\"', "p%40ss%2Fw%20rd%22",
    ],
)  # fmt: skip
def test_the_spellings_of_a_secret_from_a_url(echo: str) -> None:
    assert Mask(("p%40ss%2Fw+rd%22",)).text(f"<{echo}>") == "<‹secret›>"


@pytest.mark.parametrize(
    ("secret", "echo"),
    [
        ("päss wörd", "p\\u00e4ss w\\u00f6rd"),
        ("päss wörd", "p%C3%A4ss%20w%C3%B6rd"),
        ("päss wörd", "p%c3%a4ss+w%c3%b6rd"),
        ('a\\b"c\td', 'a\\\\b\\"c\\td'),
        ("abc/def/ghi", "abc\\/def\\/ghi"),
        ("a&b=c", "a%26b%3Dc"),
    ],
)
def test_the_spellings_of_any_secret(secret: str, echo: str) -> None:
    assert Mask((secret,)).text(f"<{echo}>") == "<‹secret›>"


@pytest.mark.parametrize(
    ("secrets", "text", "expected"),
    [
        (("ab",), "ab", "ab"),  # too short to be searched for
        (("abc",), "abc abcd xabc abc.abc", "‹secret› abcd xabc ‹secret›.‹secret›"),
        (("abc",), "abcabc", "abcabc"),
        (("abcdefgh",), "xabcdefghx", "x‹secret›x"),
        (("secret",), "a secret, ‹secret›", "a ‹secret›, ‹secret›"),
        (("secret", "topsecrettop"), "topsecrettop secret", "‹secret› ‹secret›"),
        (("password", "password1"), "password1 password", "‹secret› ‹secret›"),
        (("",), "text", "text"),
    ],
)
def test_short_values_and_values_within_values(secrets: tuple[str, ...], text: str, expected: str) -> None:
    assert Mask(secrets).text(text) == expected


@given(st.text(min_size=8, max_size=12), st.text(max_size=9), st.text(max_size=9))
def test_a_long_secret_is_found_in_any_text(secret: str, before: str, after: str) -> None:
    if secret not in MASK + before and secret not in after + MASK:
        assert secret not in Mask((secret,)).text(before + secret + after).replace(MASK, "\n\n")


@given(st.binary(max_size=60), st.text(min_size=3, max_size=10))
def test_blanking_keeps_the_length(data: bytes, secret: str) -> None:
    assert len(Mask((secret,)).blank(data + secret.encode() + data)) == 2 * len(data) + len(secret.encode())


# --- bodies


@pytest.mark.parametrize(
    ("secret", "data", "about", "expected"),
    [
        ("hunter22", b"a hunter22", {}, "a ‹secret›".encode()),
        ("hunter22", b"\xff hunter22 \x80", {}, b"\xff ******** \x80"),
        ("hunter22", b"a\0hunter22", {}, b"a\0********"),
        ("hunter22", "é hunter22".encode("latin-1"), {"charset": "latin-1"}, "é ‹secret›".encode()),
        ("hunter22", "é hunter22".encode("utf-16"), {"charset": "utf-16"}, "é ‹secret›".encode()),
        ("hunter22", b"\xe9", {"charset": "latin-1"}, b"\xe9"),
        ("hunter22", b'{ "a":"hunter22" }', {}, '{ "a":"‹secret›" }'.encode()),
        ("hunter22", b'{"hunter22":1.50}', {}, '{"‹secret›":1.50}'.encode()),
        ("12345678", b'{"id":12345678,"a":"12345678","b":1.50}', {}, '{"id": "‹secret›", "a": "‹secret›", "b": 1.5}'.encode()),
        ("12345678", b'{"id":112345678}', {}, '{"id": "‹secret›"}'.encode()),
        ('b","c', b'["a b","c d"]', {}, '["a ‹secret› d"]'.encode()),
        ("nabcdefg", b'["\\nabcdefgh", 1.0]', {}, b'["\\nabcdefgh", 1.0]'),
        ("hunter22", b'["hun\\u0074er22", "\\u00e9"]', {}, '["‹secret›", "é"]'.encode()),
        ("hunter22", b'["\\u00e9"]', {}, b'["\\u00e9"]'),
        ("hunter22", b'{"hunter22', {}, '{"‹secret›'.encode()),
    ],
)
def test_bodies(secret: str, data: bytes, about: dict[str, Any], expected: bytes) -> None:
    assert shown(secret, data, **about) == expected


def test_a_masked_body_says_its_own_charset() -> None:
    one = masked(exchange((("X-Token", "hunter22"),), response=answer("é hunter22".encode("latin-1"), charset="latin-1")))
    body = document(one)["response"]["body"]
    assert (body["text"], body["base64"]) == ("é ‹secret›", None)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("ab12\n\\\"/é", max_size=12),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab12", max_size=4), inner, max_size=4),
        max_leaves=10,
    ),
    st.text("ab12\\\"n/é,[]:{ ", min_size=1, max_size=10),
    st.booleans(),
)  # fmt: skip
def test_json_stays_json(value: Any, secret: str, ascii_only: bool) -> None:
    text = json.dumps([value], ensure_ascii=ascii_only)
    json.loads(shown(secret, text.encode()).decode())


# --- checks


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ({"x-token": "ab", "x": "ab"}, {"x-token": MASK, "x": "ab"}),
        ({"headers": {"cookie": "a=b"}}, {"headers": {"cookie": "a=‹secret›"}}),
        ({"set-cookie": ["a=b; Path=/b"]}, {"set-cookie": ["a=‹secret›; Path=/b"]}),
        ([{"password": 7}], [{"password": 7}]),
        (None, None),
        ("long-enough", MASK),
    ],
)
def test_what_a_check_saw(actual: Any, expected: Any) -> None:
    one = masked(exchange(checks=(Check(expr="a == long-enough", ok=False, actual=actual),), secrets=("long-enough",)))
    assert one.checks == (Check(expr="a == ‹secret›", ok=False, actual=expected),)


# --- the transcript


def transcript(*pieces: tuple[str, bytes]) -> tuple[TranscriptEntry, ...]:
    return tuple(TranscriptEntry(at_ns=at, direction=direction, data=data) for at, (direction, data) in enumerate(pieces))


def test_a_secret_cut_by_receives_is_blanked_at_equal_length() -> None:
    one = exchange(
        (("Authorization", "Bearer hunter22"),),
        transcript=transcript(
            ("sent", b"GET / HTTP/1.1\r\nAuthorization: Bearer hunt"),
            ("received", b"echo hun"),
            ("sent", b"er22\r\n\r\n"),
            ("received", b"t"),
            ("received", b"er22 \xff hunter2 "),
        ),
    )
    assert masked(one).transcript == transcript(
        ("sent", b"GET / HTTP/1.1\r\nAuthorization: Bearer ****"),
        ("received", b"echo ***"),
        ("sent", b"****\r\n\r\n"),
        ("received", b"*"),
        ("received", b"**** \xff hunter2 "),
    )


def test_short_secrets_are_blanked_in_their_own_lines() -> None:
    one = exchange(
        (("Cookie", "a=long-enough; s=s; b=1"), ("X-Token", "é")),
        summary="GET /?token=1&page=11 HTTP/1.1",
        response=answer(fields=(("Set-Cookie", "c=2; Path=/2"),), trailers=(("T-Token", "3"),)),
        transcript=transcript(
            ("sent", "GET /?token=1&page=11 HTTP/1.1\r\nCookie: a=long-enough; s=s; b=1\r\nX-Token: é\r\n\r\n".encode()),
            ("received", b"HTTP/1.1 200 OK\r\nSet-Cookie: c=2; Path=/2\r\n\r\n1 2 3\r\nT-Token: 3\r\n\r\n"),
        ),
    )
    assert masked(one).transcript == transcript(
        ("sent", b"GET /?token=*&page=11 HTTP/1.1\r\nCookie: a=***********; s=*; b=*\r\nX-Token: **\r\n\r\n"),
        ("received", b"HTTP/1.1 200 OK\r\nSet-Cookie: c=*; Path=/2\r\n\r\n1 2 3\r\nT-Token: *\r\n\r\n"),
    )


def test_bytes_of_the_command_line_that_are_not_utf_8() -> None:
    value = b"\xff\xfehunter".decode("utf-8", "surrogateescape")
    one = exchange((("X-Token", value),), transcript=transcript(("sent", b"X-Token: \xff\xfehunter\r\n")))
    assert masked(one).transcript == transcript(("sent", b"X-Token: ********\r\n"))


def test_notes_of_the_transcript_are_masked() -> None:
    entry = TranscriptEntry(at_ns=0, direction="sent", data=b"", note="AUTH hunter22")
    assert masked(exchange(secrets=("hunter22",), transcript=(entry,))).transcript == (entry.replace(note="AUTH ‹secret›"),)


def test_an_empty_transcript_stays_one() -> None:
    assert masked(exchange(secrets=("hunter22",), transcript=())).transcript == ()


def test_deep_json_can_be_masked() -> None:
    deep = '{"a":' * 200 + '"hunter22\\u0020"' + "}" * 200
    assert json.loads(dumps(json.loads(shown("hunter22", deep.encode())))) == json.loads(deep.replace("hunter22", MASK))


def test_our_own_hints_are_no_secrets() -> None:
    hint = "user and password go into a URL: SCHEME://USER:PASSWORD@HOST:PORT"
    assert mask_url(hint) == hint
    assert mask_url("https://USER:PASSWORT@h") == f"https://USER:{MASK}@h"


def test_of_too_many_hits_all_that_follows_is_blanked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.policy.mask.PIECE", 8)
    monkeypatch.setattr("rrcli.policy.mask.MOST_HITS", 3)
    mask = Mask(("abc",))
    assert mask.blank(b"abc xabc abcx abc \xe9abc") == b"*** xabc abcx *** \xe9abc"
    assert mask.blank(b"abc " * 4 + b"the rest") == b"*** *** *** *** ********"


@given(st.binary(max_size=60).map(lambda data: data.replace(b"\x00", b"abc").replace(b"\x01", b"hunter2hunter22")))
def test_bytes_are_blanked_alike_in_pieces_and_whole(data: bytes) -> None:
    import rrcli.policy.mask as module

    mask, size = Mask(("abc", "ünder", "hunter2hunter22")), module.PIECE
    try:
        module.PIECE = 5
        small = mask.blank(data)
        module.PIECE = size
        assert Mask(("abc", "ünder", "hunter2hunter22")).blank(data) == small
    finally:
        module.PIECE = size


def test_each_content_is_searched_for_every_value() -> None:
    mask = Mask(("abc", "xyz"))
    assert [mask.blank(data) for data in (b"abc", b"xyz", b"abc xyz")] == [b"***", b"***", b"*** ***"]


# --- what a peer calls a secret


def test_a_peer_masks_nothing_of_ours() -> None:
    """The host, the port and words of our own stay, though an answer sets them as cookies."""
    told = answer(b"h.test:81 refused", fields=(("Set-Cookie", "a=h.test:81"), ("Set-Cookie", "b=refused"), ("X-Echo", "h.test:81")))
    first = exchange((("Host", "h.test:81"),), response=told, url="http://h.test:81/x", why="redirect")
    note = Note(code="n", message="h.test:81 refused it")
    later = exchange((("Host", "h.test:81"), ("Cookie", "a=h.test:81")), url="http://h.test:81/h.test:81", history=(first,), notes=(note,))
    shown = masked(later)
    assert shown.history[0].target.url == "http://h.test:81/x"
    assert shown.history[0].request.fields == (("Host", "h.test:81"),)
    assert shown.history[0].response is not None
    assert shown.history[0].response.fields[2] == ("X-Echo", MASK)
    assert shown.target.url == f"http://h.test:81/{MASK}"  # what the peer chose may be its session
    assert shown.request.fields == (("Host", "h.test:81"), ("Cookie", f"a={MASK}"))
    assert shown.notes == (note,)


def test_a_secret_of_ours_stays_one_though_an_answer_sets_it() -> None:
    told = answer(b"", fields=(("Set-Cookie", "a=hunter22"),))
    shown = masked(exchange((("X-Token", "hunter22"),), response=told, url="http://h.test/hunter22"))
    assert shown.target.url == f"http://h.test/{MASK}"


def test_a_placeholder_in_advice_of_ours_is_no_secret() -> None:
    text = "write http://USER:PASSWORD@HOST:PORT, not http://ann:hunter22@h/"
    assert mask_url(text) == f"write http://USER:PASSWORD@HOST:PORT, not http://ann:{MASK}@h/"
