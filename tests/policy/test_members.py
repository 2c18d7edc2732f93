"""Members of JSON and fields of forms whose names tell a secret: masked in requests everywhere, in answers where others read them."""

from __future__ import annotations

import pytest
from policy.test_redact import answer, exchange

from rrcli.base.fields import is_secret_member
from rrcli.model.values import Body, RequestMessage, Response
from rrcli.policy.members import mask_octets, mask_text, member_secrets
from rrcli.policy.redact import mask_of, masked, masked_by, masked_for_others

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


@pytest.mark.parametrize(
    "name", ["password", "accessToken", "client_secret", "api_key", "apiKey", "private-key", "sharedKey", "authPin", "jwt"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_member(name)


@pytest.mark.parametrize("name", ["key", "sort_key", "publicKey", "pin", "sig", "monkey", "idempotency-key", "tokens", "secretary", "name"])
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_member(name)


@pytest.mark.parametrize(
    ("text", "media_type", "shown"),
    [
        ('{"user": "ann",\n "password" : "p\\"w"}', "application/json", '{"user": "ann",\n "password" : "‹secret›"}'),
        ('{"pin": 12, "authPin": 12.5e3, "token": null}', "application/json", '{"pin": 12, "authPin": "‹secret›", "token": null}'),
        ('{"secret": {"a": ["x", 1, true]}, "c": "z"}', None, '{"secret": {"a": ["‹secret›", "‹secret›", true]}, "c": "z"}'),
        ('{"pass\\u0077ord": "x"}', None, '{"pass\\u0077ord": "‹secret›"}'),
        ('{"a": "token", "token": "cut off', None, '{"a": "token", "token": "‹secret›'),
        ('{"token":"a"}\n{"token":"b"}\n', "application/x-ndjson", '{"token":"‹secret›"}\n{"token":"‹secret›"}\n'),
        ('data: {"token":"a"}\n\n', "text/event-stream", 'data: {"token":"‹secret›"}\n\n'),
        ("user=ann&password=p+w&api%5Fkey=1", FORM, "user=ann&password=‹secret›&api%5Fkey=‹secret›"),
        ('a "token": "b"', "text/plain", 'a "token": "b"'),
        ('{"token": ""}', None, '{"token": ""}'),
    ],
)  # fmt: skip
def test_values_are_masked_in_their_place(text: str, media_type: str | None, shown: str) -> None:
    assert mask_text(text, media_type) == shown


def test_a_field_of_a_multipart_form() -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    data = part % (b"user", b"ann") + part % (b"password", b"p\xff\r\nw") + b"--b--\r\n"
    assert mask_octets(data, MULTIPART) == data.replace(b"p\xff\r\nw", b"*****")
    assert 'name="password"\r\n\r\n‹secret›\r\n' in mask_text((part % (b"password", b"pw") + b"--b--").decode(), MULTIPART)


def body(text: str, media_type: str = "application/json") -> Body:
    return Body(data=text.encode(), size=len(text), media_type=media_type)


def test_of_a_request_everywhere_of_an_answer_where_others_read_it() -> None:
    said = answer(b'{"sessionToken": "tok-1", "said": "hunter-2222"}', media_type="application/json")
    one = exchange(sent=body('{"password": "hunter-2222"}'), response=said)
    shown, handed = masked(one), masked_for_others(one)
    assert shown.request.body
    assert handed.request.body
    assert shown.request.body.data == handed.request.body.data == '{"password": "‹secret›"}'.encode()
    assert of(shown.response) == '{"sessionToken": "tok-1", "said": "‹secret›"}'
    assert of(handed.response) == '{"sessionToken": "‹secret›", "said": "‹secret›"}'
    assert of(masked_by(one, mask_of(one)).response) == of(handed.response)


def of(response: Response | None) -> str:
    assert response
    assert response.body
    return response.body.data.decode()


def test_what_an_adapter_made_of_an_answer() -> None:
    data = {"rows": [{"name": "ann", "password": "x"}], "events": [{"data": '{"token": "t-12345678"}', "json": {"token": "t-12345678"}}]}
    one = exchange(response=answer().replace(data=data))
    assert masked(one).response == one.response
    handed = masked_for_others(one).response
    assert handed
    assert handed.data == {
        "rows": [{"name": "ann", "password": "‹secret›"}],
        "events": [{"data": '{"token": "‹secret›"}', "json": {"token": "‹secret›"}}],
    }
    assert member_secrets(one, answers=True) == ["x", "t-12345678"]


def test_a_request_of_words_has_no_members() -> None:
    one = exchange().replace(request=RequestMessage(summary="GET token", data={"method": "GET", "safe": True, "idempotent": True}))
    assert masked(one) is one
