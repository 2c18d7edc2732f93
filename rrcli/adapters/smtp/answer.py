"""The dialogue as an answer: the reply that decided, everything that was replied, and the drawing of it."""

from __future__ import annotations

from rrcli.adapters.smtp.conversation import Turn
from rrcli.adapters.smtp.handshake import shown
from rrcli.base.units import duration
from rrcli.codec.smtp import queued_as
from rrcli.model.values import Body, Response, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.smtp.conversation import SmtpConversation
    from rrcli.codec.smtp import Reply

COLUMN = 9  # letters of the time before a reply


def answer_of(talk: SmtpConversation, decided: Reply) -> Response:
    """The answer whose status is that of `decided`."""
    text = " ".join(shown(decided).split("\n")) if decided is not talk.hello else shown(decided).partition("\n")[0]
    code = f"{decided.code} {decided.enhanced}" if decided.enhanced else str(decided.code)
    return Response(
        summary=f"{code} {text}".rstrip(),
        status=Status(
            code=decided.code,
            text=text,
            ok=decided.ok,
            explain_as=_explained(decided),
            undone=not talk.delivered,
        ),
        body=Body(),
        framing="last-line",
        data=_data(talk, decided),
        display=_drawn(talk),
    )


def _explained(reply: Reply) -> tuple[str, str] | None:
    """What explains the reply: the enhanced code of a refusal for good, which says more; that of one for now hides when to try again."""
    return ("smtp", reply.enhanced) if reply.enhanced and reply.enhanced[0] == "5" and not reply.enhanced.endswith(".0.0") else None


def _data(talk: SmtpConversation, decided: Reply) -> dict[str, Any]:
    final = next((turn.reply for turn in talk.turns if turn.command == "message" and turn.reply.ok), None)
    return {
        "stage": talk.stage,
        "banner": talk.banner,
        "capabilities": list(talk.offered),
        "recipients": [
            {"address": recipient.address, **_said(recipient.turn.reply), "ms": _ms(recipient.turn.ns)} for recipient in talk.recipients
        ],
        "replies": [{"command": turn.command, **_said(turn.reply), "at_ms": _ms(turn.at_ns), "ms": _ms(turn.ns)} for turn in talk.turns],
        "enhanced_code": decided.enhanced,
        "queued_as": queued_as(final) if final else None,
        "auth": talk.auth,
    }


def _said(reply: Reply) -> dict[str, Any]:
    return {"code": reply.code, "enhanced_code": reply.enhanced, "text": shown(reply)}


def _ms(ns: int) -> float:
    return round(ns / 1e6, 3)


def _drawn(talk: SmtpConversation) -> str:
    """What was said, in turn, and how long each reply took."""
    lines: list[str] = []
    for said in talk.log:
        if isinstance(said, Turn):
            written = [line.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for line in said.reply.written()]
            times = [duration(said.ns), *[""] * (len(written) - 1)]
            lines += [f"{time:>{COLUMN}}  ← {line}" for time, line in zip(times, written, strict=True)]
        else:
            lines.append(f"{'':>{COLUMN}}  {said}")
    return "\n".join(lines)
