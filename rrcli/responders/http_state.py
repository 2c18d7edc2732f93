"""Endpoints of the HTTP responder about state: a session in a cookie (RFC 6265), and the parts of a representation."""

from __future__ import annotations

import re

from rrcli.responders.http_call import KEPT, Call, document
from rrcli.responders.http_message import CONTROLS, Refusal, ServerRequest, ServerResponse

COOKIE = "sid"
LONGEST = 100  # letters of a user's name


def login(call: Call) -> ServerResponse:
    """Whoever asks is let in: a session of its own, and a second cookie that is no secret."""
    from os import urandom  # for this endpoint alone

    user = call.query.get("user", "ann")
    if not user or len(user) > LONGEST or CONTROLS.search(user):
        raise Refusal(400, f"a user has a name, of {LONGEST} letters at most")
    sessions, key = call.state.sessions, urandom(12).hex()
    with call.state.lock:
        if len(sessions) >= KEPT:
            del sessions[next(iter(sessions))]
        sessions[key] = user
    cookies = (("Set-Cookie", f"{COOKIE}={key}; Path=/; HttpOnly; SameSite=Lax"), ("Set-Cookie", "visited=1; Path=/; Max-Age=3600"))
    return document({"user": user}, fields=cookies)


def me(call: Call) -> ServerResponse:
    user = call.state.sessions.get(_session(call))
    if user is None:
        raise Refusal(403, "there is no session cookie of ours; /login sets one")
    return document({"user": user})


def logout(call: Call) -> ServerResponse:
    """Forget the session, and have the client forget it too."""
    with call.state.lock:
        call.state.sessions.pop(_session(call), None)
    return ServerResponse(status=204, fields=(("Set-Cookie", f"{COOKIE}=; Path=/; Max-Age=0"),))


def _session(call: Call) -> str:
    pairs = [pair.strip().partition("=") for value in call.request.values("cookie") for pair in value.split(";")]
    return next((value for name, _, value in pairs if name == COOKIE), "")


def part(request: ServerRequest, size: int, tag: str) -> tuple[int, int]:
    """First and last byte of what is asked for; all of them without a Range that counts. Raises `Refusal` 416.

    One range only: a server may ignore a Range (RFC 9110 section 14.2), and does so with several, with a unit that it does not know,
    and where If-Range names another version.
    """
    everything = (0, size - 1)
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", ",".join(request.values("range")).replace(" ", ""))
    if not match or request.method != "GET" or match[0] == "bytes=-" or request.values("if-range") not in ([], [tag]):
        return everything
    if match[1]:
        first, last = int(match[1]), min(int(match[2]), size - 1) if match[2] else size - 1
        if match[2] and int(match[2]) < int(match[1]):
            return everything
    else:
        first, last = max(0, size - int(match[2])), size - 1
    if first >= size:
        raise Refusal(416, f"there are {size} bytes", ("Content-Range", f"bytes */{size}"))
    return first, last
