"""`rrcli smtp` against servers that never end, lie, cut off, or want to lead past TLS."""

from __future__ import annotations

import pytest
from peers.flood import STEER_TEXT, answer, forever
from peers.made import Made
from peers.script import drip, hear, pause, responder, say, script

from rrcli.adapters.smtp.request import SmtpRequest
from rrcli.engine.send import send

GREETING, OFFER = b"220 mail ESMTP\r\n", b"250-mail\r\n250-STARTTLS\r\n250-8BITMIME\r\n250 HELP\r\n"
MAIL = ("--from", "a@x.test", "--to", "b@x.test", "--text", "hi")
# The dialogue up to each command: what the server hears, and what it says then.
STEPS = (
    (b"", GREETING),
    (b"]\r\n", b"250 mail\r\n"),
    (b"MAIL FROM:<a@x.test>\r\n", b"250 ok\r\n"),
    (b"RCPT TO:<b@x.test>\r\n", b"250 ok\r\n"),
    (b"DATA\r\n", b"354 go on\r\n"),
    (b"\r\n.\r\n", b"250 2.0.0 ok\r\n"),
)


def up_to(count: int) -> list:
    """The first steps of a good server."""
    return [part for heard, said in STEPS[:count] for part in (*([hear(heard)] if heard else []), say(said))]


def then(count: int, *parts) -> object:
    """A good server for some steps; what it hears next it answers with these."""
    heard = STEPS[count][0]
    return script(*up_to(count), *([hear(heard)] if heard else []), *parts)


WRONG = Made(
    {
        "silence": lambda: (script(pause(20)), 6),
        "a greeting that drips": lambda: (script(drip(b"220 " + b"x" * 1000, 0.05)), 6),
        "an endless greeting": lambda: (forever(b"220 ", b"x", b""), 7),
        "an endless greeting of lines": lambda: (forever(b"", b"220-x\r\n", b""), 7),
        "greetings without end": lambda: (forever(b"", GREETING, b""), 7),
        "endless EHLO lines": lambda: (script(say(GREETING), forever(b"", b"250-X\r\n", b"]\r\n")), 7),
        "an EHLO line of two megabytes": lambda: (script(say(GREETING), answer(b"]\r\n", b"250-" + b"x" * (2 << 20))), 7),
        "endless empty lines": lambda: (forever(b"", b"\r\n", b""), 7),
        "a code of two digits": lambda: (script(say(b"99 hi\r\n"), pause(9)), 7),
        "a reply of two codes": lambda: (script(say(b"220-a\r\n250 b\r\n"), pause(9)), 7),
        "a reply without end": lambda: (answer(b"", b"220"), 7),
        "random bytes": lambda: (answer(b"", bytes(range(256)) * 100), 7),
        "HTTP": lambda: (answer(b"", b"HTTP/1.1 400 Bad Request\r\nServer: " + STEER_TEXT + b"\r\n\r\n"), 7),
        "SSH": lambda: (script(say(b"SSH-2.0-OpenSSH_9.2\r\n"), pause(9)), 7),
        "nothing": lambda: (answer(b"", b""), 4),
        "a refusal in the greeting": lambda: (answer(b"", b"421 busy\r\n"), 1),
        "a refusal for good in the greeting": lambda: (answer(b"", b"554 no\r\n"), 1),
        "a flood in place of a reply to the message": lambda: (then(5, forever(b"", b"250-x\r\n", b"")), 7),
        "two replies for one": lambda: (script(say(GREETING), hear(b"]\r\n"), say(b"250 mail\r\n250 more\r\n"), pause(9)), 7),
        "354 for MAIL": lambda: (then(2, say(b"354 go on\r\n"), pause(9)), 7),
        "250 for DATA": lambda: (then(4, say(b"250 ok\r\n"), pause(9)), 7),
        "text that steers": lambda: (then(3, say(b"550 5.1.1 " + STEER_TEXT + b"\r\n"), pause(9)), 1),
    }
)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(name: str, serve, document_or_drawing) -> None:
    handler, code = WRONG[name]
    peer = serve(handler)
    document_or_drawing("smtp", f"{peer.host}:{peer.port}", *MAIL, code=code)


def mail(peer, **options):
    where = f"smtp://{peer.host}:{peer.port}"
    return send(SmtpRequest(where, sender="a@x.test", recipients=("b@x.test",), text="hi", ehlo="[h]", timeout=2.0, wire=9999, **options))


@pytest.mark.parametrize("count", range(6))
@pytest.mark.parametrize("how", ["closed", "truncated", "malformed", "silent"])
def test_at_every_command_the_layer_and_the_delivery_are_told(how: str, count: int) -> None:
    parts = {"closed": (), "truncated": (say(b"25"),), "malformed": (say(b"?\r\n"),), "silent": (pause(9),)}[how]
    with responder(then(count, *parts)) as peer:
        error = mail(peer, idle_timeout=0.3).error
    assert error
    expected = {"closed": ("transport", "closed"), "truncated": ("protocol", "truncated"), "silent": ("transport", "timeout")}
    wrong = ("protocol", "malformed" if count else "wrong_protocol")
    assert (error.layer, error.kind) == expected.get(how, wrong)
    assert error.phase == ("handshake" if count < 2 else error.phase)
    assert error.delivery == ("unknown" if count == 5 else "not_sent")
    if how == "closed":
        assert error.retry == ("unsafe" if count == 5 else "safe")


@pytest.mark.parametrize("injected", [b"250 x\r\n", b"2", b"220 2.0.0 again\r\n250 x\r\n"])
def test_a_reply_injected_before_tls_ends_it(injected: bytes) -> None:
    with responder(
        script(say(GREETING), hear(b"\r\n"), say(OFFER), hear(b"STARTTLS\r\n"), say(b"220 ok\r\n" + injected), pause(9))
    ) as peer:
        exchange = mail(peer, starttls="required")
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind, exchange.error.delivery) == ("protocol", "malformed", "not_sent")
    assert "CVE-2011-0411" in (exchange.error.hint or "")
    assert [entry.data for entry in exchange.transcript or () if entry.direction == "sent"] == [b"EHLO [h]\r\n", b"STARTTLS\r\n"]


@pytest.mark.parametrize("reply", [b"454 4.7.0 not now\r\n", b"502 what\r\n"])
def test_a_refused_starttls_is_followed_by_quit_alone(reply: bytes) -> None:
    with responder(script(say(GREETING), hear(b"\r\n"), say(OFFER), hear(b"STARTTLS\r\n"), say(reply), pause(9))) as peer:
        exchange = mail(peer, starttls="required", user="ann:secret")
    assert exchange.error
    assert (exchange.error.layer, exchange.error.kind) == ("tls", "unsupported")
    assert [entry.data for entry in exchange.transcript or () if entry.direction == "sent"][2:] == [b"QUIT\r\n"]


def test_nobody_waits_for_the_reply_to_quit() -> None:
    with responder(script(*up_to(6), hear(b"QUIT\r\n"), pause(9))) as peer:
        exchange = mail(peer)
    assert exchange.error is None
    assert exchange.timing.elapsed_ns < 1_900_000_000
    assert exchange.response
    assert exchange.response.status.code == 250


def test_what_comes_before_a_cut_is_still_shown() -> None:
    with responder(then(3)) as peer:
        exchange = mail(peer)
    assert exchange.response
    assert [reply["command"] for reply in exchange.response.data["replies"]] == ["connect", "EHLO", "MAIL"]
    assert exchange.response.data["stage"] == "rcpt"
