"""A request understood: which server is told what, and how far the dialogue goes. All of it is checked before anything is sent."""

from __future__ import annotations

from rrcli.adapters.smtp.arguments import Place, place_of
from rrcli.adapters.smtp.request import STAGES
from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.codec.smtp import check_address, hello
from rrcli.model.values import Body, RequestMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.adapters.smtp.arguments import Exchangers
    from rrcli.adapters.smtp.letter import Letter
    from rrcli.adapters.smtp.request import SmtpRequest

MOST_NAMED = 3  # recipients in the request's line


class Mailing(Record):
    """Whom to tell what. `goal` is the stage to stop after, `letter` the message where one is to be sent."""

    request: SmtpRequest
    place: Place
    goal: str
    sender: str
    recipients: tuple[str, ...]
    letter: Letter | None
    login: tuple[str, str] | None  # user and password

    @property
    def starttls(self) -> str | None:
        """`required`, `auto`, or none: whether TLS is to begin within the dialogue."""
        return self.request.starttls or ("required" if self.goal == "starttls" and not self.place.tls else None)

    def reaches(self, stage: str) -> bool:
        """Whether the dialogue is to go as far as `stage`."""
        return STAGES.index(self.goal) >= STAGES.index(stage)

    def message(self, *, pipelined: bool = False) -> RequestMessage:
        """The request as it is shown."""
        safe = not self.reaches("data")
        letter = self.letter
        data: dict[str, Any] = {
            "from": self.sender if self.reaches("mail") else None,
            "to": list(self.recipients) if self.reaches("rcpt") else [],
            "size": len(letter.data) if letter else None,
            "message_id": letter.message_id if letter else None,
            "pipelined": pipelined,
            "safe": safe,
            "idempotent": safe,
        }
        return RequestMessage(
            summary=self._summary(),
            fields=letter.fields if letter else (),
            body=_body(letter.data) if letter else None,
            data=data,
            name="the message",
        )

    def _summary(self) -> str:
        if not self.reaches("mail"):
            return f"{'LMTP' if self.place.lmtp else 'SMTP'} up to {self.goal}"
        named = ", ".join(f"<{address}>" for address in self.recipients[:MOST_NAMED])
        more = len(self.recipients) - MOST_NAMED
        to = f" to {named}{f' and {more} more' if more > 0 else ''}" if self.reaches("rcpt") else ""
        return f"{'message' if self.letter else 'mail'} from <{self.sender}>{to}"


def _body(data: bytes) -> Body:
    from rrcli.base.digest import Digest

    digest = Digest()
    digest.update(data)
    return Body(data=data, size=len(data), sha256=digest.hexdigest(), media_type="message/rfc822")


def mailing_of(request: SmtpRequest, exchange_id: str, state: Exchangers | None) -> Mailing:
    """The request with its words, its addresses and its files read. Raises `usage`, or `local` for a file."""
    place = place_of(request)
    if state:
        place = place.replace(host=state.host)
    goal = _goal(request, place)
    login = _login(request, place)
    if goal == "auth" and not login:
        raise usage("--stop-after auth needs someone to log in", "add -u USER:PASSWORD")
    sender = request.sender
    if sender is None and STAGES.index(goal) >= STAGES.index("mail"):
        raise usage("there is no sender", "add --from ADDRESS; an empty one is that of failure notices")
    if not request.recipients and STAGES.index(goal) >= STAGES.index("rcpt"):
        raise usage("there is no recipient", "add --to ADDRESS")
    for address in (*([sender] if sender else ()), *request.recipients):
        check_address(address)
    if request.ehlo is not None:
        hello("EHLO", request.ehlo)
    letter = None
    if goal == "data":
        from rrcli.adapters.smtp.letter import letter_of

        letter = letter_of(request, sender or "", exchange_id)
    return Mailing(
        request=request, place=place, goal=goal, sender=sender or "", recipients=request.recipients, letter=letter, login=login
    )  # fmt: skip


def _goal(request: SmtpRequest, place: Place) -> str:
    """The stage to stop after; without sender and recipients all that comes before them."""
    if request.stop_after:
        if request.stop_after == "starttls" and place.tls:
            raise usage("--stop-after starttls: TLS is there from the start", "write --stop-after ehlo")
        return request.stop_after
    message = (request.subject, request.text, request.html, request.data, *request.attachments, *request.headers)
    if request.sender is not None or request.recipients or any(part is not None for part in message):
        return "data"
    if request.user is not None or place.user:
        return "auth"
    return "starttls" if request.starttls == "required" else "ehlo"


def _login(request: SmtpRequest, place: Place) -> tuple[str, str] | None:
    """User and password: of `-u` before those of the URL. Raises `usage` for a user without password, or what AUTH cannot send."""
    if request.user is not None:
        user, colon, word = request.user.partition(":")
        password = word if colon else None
    elif place.user is not None:
        user, password = place.user, place.password
    else:
        if request.mechanism:
            raise usage("--auth-mech says how to log in, and nobody does", "add -u USER:PASSWORD")
        return None
    if password is None:
        raise usage(f"there is no password for the user {user}", "write -u USER:PASSWORD")
    from rrcli.codec.smtpauth import Auth

    Auth((request.mechanism or "plain").upper(), user, password)
    return user, password
