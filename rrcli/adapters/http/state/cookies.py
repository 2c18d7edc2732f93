"""What is kept beyond one request: the cookies of `-b` and `-c` and a named session, given to each hop and taken from each answer.

Also says why a cookie is refused, of every answer that sets one, kept or not.
"""

from __future__ import annotations

from time import time

from rrcli.base import privatefile
from rrcli.base.errors import ExchangeError
from rrcli.base.fields import all_of
from rrcli.base.url import split_host
from rrcli.codec.http.cookiefile import newest_within, write_cookies
from rrcli.codec.http.cookies import TRUSTED, Cookie, Jar, Place, Refused, arrives_ended, cookie_pairs, read_set_cookie
from rrcli.engine.events import Finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rrcli.adapters.http.prepare.message import GivenFields, PreparedRequest
    from rrcli.adapters.http.state.sessions import NamedSession
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Fields, Response


LONGEST_NAME = 60  # characters of a cookie's name within a note
MOST_SET = 200  # cookies of one answer that are looked at
MOST_NOTES = 5  # of refused cookies of one answer


def place_of(prepared: PreparedRequest) -> Place:
    """Where a request goes. A Host of the user's own is the host that cookies are for, as in curl."""
    host = prepared.host
    if (named := prepared.field("host")) and "," not in named:
        host = split_host(named, None)[0] or host
    path = prepared.target.partition("?")[0]
    return Place(scheme=prepared.scheme, host=host.lower(), port=prepared.port, path=path if path.startswith("/") else "/")


class StateJar:
    """The jar of one run and the session it belongs to. It goes from hop to hop; what it keeps is written after each."""

    def __init__(self, jar: Jar, path: str | None, session: NamedSession | None) -> None:
        self.jar = jar
        self.session = session
        self._path = path
        self._told: set[str] = set()  # cookies that were noted as withheld
        self._written: str | None = None

    def headers(self, given: GivenFields) -> GivenFields:
        """The user's fields with the session's."""
        return self.session.headers(given) if self.session else given

    def add_cookies(self, prepared: PreparedRequest, context: Context, *, trusted: bool) -> PreparedRequest:
        """The request as it goes to this place: with the cookies that are for it, and a session's fields at its origin alone."""
        fields = prepared.fields
        if self.session and not trusted:
            fields, dropped = self.session.without(prepared)
            if dropped and "headers" not in self._told:
                self._told.add("headers")
                message = (
                    f"{', '.join(dropped)} of the session not sent to {prepared.scheme}://{prepared.host}:{prepared.port}, another origin"
                )
                context.note("credentials-dropped", message)
        cookies, withheld = self.jar.fitting(place_of(prepared), anywhere=trusted)
        self._note_withheld(withheld, prepared, context)
        fields = _with_cookies(fields, cookies)
        return prepared if fields == prepared.fields else prepared.replace(fields=fields, bare=prepared)

    def _note_withheld(self, cookies: list[Cookie], prepared: PreparedRequest, context: Context) -> None:
        names = [cookie.name for cookie in cookies if cookie.name not in self._told]
        if names:
            self._told.update(names)
            there = f"{prepared.scheme}://{prepared.host}:{prepared.port}"
            message = f"{', '.join(names)} not sent to {there}: cookies stay at the scheme and port they came from"
            context.note("cookie-withheld", f"{message}; a browser would send them, and so does --location-trusted")

    def around(self, events: Iterator[Event], context: Context) -> Iterator[Event]:
        """The events of a hop; what is kept is written when it is over, also when it failed."""
        failed = True
        try:
            for event in events:
                if isinstance(event, Finished) and event.answer and event.then is None and self._path == "-":
                    event = event.replace(answer=event.answer.replace(trailer_text=write_cookies(self.jar)))
                yield event
            failed = False
        finally:
            events.close()  # type: ignore[attr-defined]  # a generator
            try:
                self._save()
            except ExchangeError as error:
                if not failed:
                    raise
                context.note("state-not-saved", error.message)

    def _save(self) -> None:
        """Write the jar of `-c`, and the session. Raises `ExchangeError` of layer `local`."""
        if self._path not in (None, "-"):
            text = newest_within(self.jar, write_cookies, privatefile.LARGEST)
            if text != self._written:
                privatefile.write_text(str(self._path), text)
                self._written = text
        if self.session:
            self.session.save(self.jar.changes)
        else:
            self.jar.changes.clear()  # nobody looks at them, and a client may live long


def _with_cookies(fields: Fields, cookies: list[Cookie]) -> Fields:
    """The fields with the cookies of the jar, before those that the user gave, which win over their likes."""
    own = all_of(fields, "cookie")
    names = {pair.partition("=")[0].strip() for value in own for pair in value.split(";")}
    pairs = cookie_pairs([cookie for cookie in cookies if cookie.name not in names])
    if not pairs:
        return fields
    if not own:
        return (*fields, ("Cookie", "; ".join(pairs)))
    merged, result = False, []
    for name, value in fields:
        if name.lower() == "cookie" and not merged:
            value, merged = "; ".join([*pairs, value]), True
        result.append((name, value))
    return tuple(result)


# --- from answers


def receive(kept: StateJar | None, prepared: PreparedRequest, answer: Response, context: Context) -> None:
    """Take the cookies of an answer, where any are kept, and note those that are refused."""
    place, now = place_of(prepared), time()
    texts = all_of(answer.fields, "set-cookie")
    found = [note for text in texts[:MOST_SET] if (note := _take(kept, text, place, now))]
    for code, message in found[:MOST_NOTES]:
        context.note(code, message)
    if more := len(found[MOST_NOTES:]) + len(texts[MOST_SET:]):
        context.note("cookie-refused", f"{more} more cookies of this answer are refused or doubtful")


def _take(kept: StateJar | None, text: str, place: Place, now: float) -> tuple[str, str] | None:
    """Take one cookie; the code and text of the note that it deserves, if any."""
    try:
        cookie = kept.jar.receive(text, place, now) if kept else read_set_cookie(text, place, now)
    except Refused as refused:
        return "cookie-refused", f"the cookie {refused.name[:LONGEST_NAME] or 'without a name'} is refused: {refused.why}"
    name = cookie.name[:LONGEST_NAME]
    if arrives_ended(cookie, text, now):
        return "cookie-refused", f"the cookie {name} is refused: it had ended when it came: is a clock wrong?"
    if cookie.same_site == "None" and not cookie.secure and place.host not in TRUSTED:
        return "cookie-doubtful", f"browsers refuse the cookie {name}: SameSite=None goes with Secure alone"
    return None
