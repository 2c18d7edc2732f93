"""Digest authentication (RFC 7616): the answer to a challenge, or why there is none."""

from __future__ import annotations

from rrcli.adapters.http.prepare.content import octets
from rrcli.base.fields import all_of
from rrcli.codec.http.challenges import read_challenges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.http.prepare.message import PreparedRequest
    from rrcli.codec.http.challenges import Challenge
    from rrcli.model.values import Response

# Names in a challenge and in hashlib; the last two are in no standard, and some servers have them.
ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256", "SHA-512": "sha512", "SHA": "sha1"}
LONGEST = 8192  # characters of a value in a challenge; the answer repeats it
SHOWN = 40  # characters of what a server names


class Unanswerable(ValueError):
    """Why a challenge cannot be answered, in the words of a note."""


def meet_challenge(prepared: PreparedRequest, answer: Response) -> PreparedRequest | None:
    """The request again with an answer to the 401's challenge; `None` where it had one already, and not because that was stale.

    Raises `Unanswerable`.
    """
    challenges = read_challenges(all_of(answer.fields, "www-authenticate"))
    offered = [challenge for challenge in challenges if challenge.scheme.lower() == "digest"]
    if prepared.credentials is None or not _may_answer(prepared, offered):
        return None
    if not offered:
        named = ", ".join(dict.fromkeys(challenge.scheme[:SHOWN] for challenge in challenges))
        raise Unanswerable(f"the server offers {named}, not Digest" if named else "the 401 has no challenge in WWW-Authenticate")
    if prepared.upload and not prepared.upload.repeatable:
        raise Unanswerable("the content was read from a pipe, and cannot be read twice")
    refusals: list[str] = []
    for challenge in offered:
        try:
            value = credentials_for(challenge, prepared, prepared.credentials, _nonce())
        except Unanswerable as error:
            refusals.append(str(error))
        else:
            kept = tuple(field for field in prepared.fields if field[0].lower() != "authorization")
            return prepared.replace(fields=(*kept, ("Authorization", value)), challenges_met=prepared.challenges_met + 1)
    raise Unanswerable("; ".join(dict.fromkeys(refusals)))


def _may_answer(prepared: PreparedRequest, offered: list[Challenge]) -> bool:
    """Whether this is the first challenge, or one that says that nothing but the nonce of our answer was wrong."""
    if not prepared.challenges_met:
        return not prepared.field("authorization")  # the user's own is left alone
    return prepared.challenges_met == 1 and any(challenge.parameters.get("stale", "").lower() == "true" for challenge in offered)


def _nonce() -> str:
    from os import urandom

    return urandom(16).hex()


def credentials_for(challenge: Challenge, prepared: PreparedRequest, login: tuple[str, str], cnonce: str) -> str:
    """The value of Authorization. Raises `Unanswerable` for a challenge that is broken or asks for what is not known."""
    given = challenge.parameters
    user, password = login
    realm, nonce = given.get("realm"), given.get("nonce")
    if realm is None or not nonce:
        raise Unanswerable(f"the Digest challenge has no {'realm' if realm is None else 'nonce'}")
    if any(len(value) > LONGEST for value in given.values()):
        raise Unanswerable(f"the Digest challenge has a value of more than {LONGEST} characters")
    if any(letter < " " or letter == "\x7f" for value in (realm, nonce, given.get("opaque", "")) for letter in value):
        raise Unanswerable("the Digest challenge has control characters")
    name = given.get("algorithm", "MD5")
    digest = _Digest(name)
    quality = _quality(given.get("qop"), prepared)
    secret = digest.of(f"{user}:{realm}:{password}")
    if name.upper().endswith("-SESS"):
        secret = digest.of(f"{secret}:{nonce}:{cnonce}")
    asked = f"{prepared.method}:{prepared.target}"
    if quality == "auth-int":
        asked = f"{asked}:{digest.of(prepared.content or b'')}"
    middle = f"{nonce}:00000001:{cnonce}:{quality}" if quality else nonce
    hashed = given.get("userhash", "").lower() == "true"
    words = [
        f"username={_quoted(digest.of(f'{user}:{realm}') if hashed else user)}", f"realm={_quoted(realm)}", f"nonce={_quoted(nonce)}",
        f"uri={_quoted(prepared.target)}",
    ]  # fmt: skip
    words += [f'cnonce="{cnonce}"', "nc=00000001", f"qop={quality}"] if quality else []
    words.append(f'response="{digest.of(f"{secret}:{middle}:{digest.of(asked)}")}"')
    words += [f"opaque={_quoted(given['opaque'])}"] if "opaque" in given else []
    words += [f"algorithm={name}"] if "algorithm" in given else []
    words += ["userhash=true"] if hashed else []
    return "Digest " + ", ".join(words)


class _Digest:
    """The function that an algorithm's name means. Raises `Unanswerable` for one that is not known."""

    def __init__(self, name: str) -> None:
        self._name = ALGORITHMS.get(name.upper().removesuffix("-SESS"), "")
        if not self._name:
            raise Unanswerable(f"the Digest algorithm {name[:SHOWN]!r} is not known")
        self.of("")

    def of(self, text: str | bytes) -> str:
        """In hexadecimal digits."""
        import hashlib

        try:
            return hashlib.new(self._name, octets(text) if isinstance(text, str) else text, usedforsecurity=False).hexdigest()
        except ValueError as error:
            raise Unanswerable(f"the OpenSSL here has no {self._name}") from error


def _quality(offered: str | None, prepared: PreparedRequest) -> str:
    """The quality of protection to answer with, `auth` where there is a choice; empty where none is offered (RFC 2069)."""
    if not offered:
        return ""
    named = [name.strip().lower() for name in offered.split(",")]
    if "auth" in named:
        return "auth"
    if "auth-int" not in named:
        raise Unanswerable(f"the Digest quality {offered[:SHOWN]!r} is not known")
    if prepared.upload:
        raise Unanswerable("the Digest quality auth-int covers the content, which is read while it is sent")
    return "auth-int"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
