"""The SMTP responder: takes messages over SMTP (RFC 5321) and LMTP (RFC 2033), with STARTTLS and AUTH, and keeps none of them.

Who is written to decides on the answer: `gone…` is refused for good, `later…` for now, and over LMTP the mailbox of `full…` is full
once the message is there. The sender `blocked…` is refused, and so is a message with the field `X-Reject: yes`.
"""

from __future__ import annotations

import threading
from binascii import Error, a2b_base64, b2a_base64
from os import urandom

from rrcli.responders.base import LimitExceeded, Responder, ServerConnection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from rrcli.responders.fault_tls import Tls

NAME = "mail.rrcli.test"
USER, PASSWORD = "ann", "secret"  # who may log in; PASSWORD is XOAUTH2's token too
SIZE = 10 << 20  # bytes of a message
LINE = 2048  # bytes of a command
TEXT_LINE = 64 << 10  # bytes of a line of a message
RECIPIENTS = 100
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")
REFUSED = {"gone": "550 5.1.1 no such mailbox", "later": "450 4.2.1 mailbox busy, try again later"}
BAD_LOGIN = "535 5.7.8 user or password is wrong"


class SmtpResponder(Responder):
    """A mail server that takes everything but what its name says, and forgets it."""

    protocol = "smtp"
    scheme = "smtp"
    examples: ClassVar[tuple[str, ...]] = (
        "rrcli smtp {url} --from a@x.test --to b@x.test --text hi",
        "rrcli smtp {url} --starttls -k -u ann:secret",
        "swaks --server {address} --from a@x.test --to gone@x.test",
    )

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, idle: float = 30.0) -> None:
        super().__init__(host, port, idle=idle)
        self._tls: Tls | None = None
        self._messages = 0
        self._making = threading.Lock()

    @property
    def offers_tls(self) -> bool:
        """Whether STARTTLS is offered: its certificate needs the package `cryptography`, and TLS must not be there already."""
        from importlib.util import find_spec

        return not self.secure and find_spec("cryptography") is not None

    def tls(self) -> Tls:
        """The server side of STARTTLS, its certificate made when it is first asked for; `root` is the file to trust until `stop`."""
        with self._making:
            if self._tls is None:
                from rrcli.responders.fault_tls import Tls
                from rrcli.responders.faults import Plan

                self._tls = Tls(Plan(()))
            return self._tls

    def number(self) -> int:
        """The next message's."""
        with self._making:
            self._messages += 1
            return self._messages

    def stop(self) -> None:
        super().stop()
        if self._tls:
            self._tls.remove()
            self._tls = None

    def converse(self, connection: ServerConnection) -> None:
        session = SmtpClientSession(self, connection)
        session.say(f"220 {NAME} ESMTP rrcli")
        while not session.over:
            try:
                line = connection.read_line(LINE)
            except LimitExceeded:
                session.say("500 5.5.2 line too long")
                return
            session.take(line.rstrip(b"\r\n").decode("utf-8", "replace"))


class SmtpClientSession:
    """What one client has said so far."""

    def __init__(self, responder: SmtpResponder, connection: ServerConnection) -> None:
        self.over = False
        self._responder = responder
        self._connection = connection
        self._lmtp = False
        self._secure = responder.secure
        self._user: str | None = None
        self._sender: str | None = None
        self._recipients: list[str] = []

    def say(self, *lines: str) -> None:
        """A reply of one line or several; each begins with the code."""
        whole = [line[:3] + "-" + line[4:] for line in lines[:-1]] + [lines[-1]]
        self._connection.send("".join(f"{line}\r\n" for line in whole).encode())

    def take(self, line: str) -> None:
        """Answer a command."""
        verb, _, rest = line.partition(" ")
        known = {
            "EHLO": self._ehlo, "HELO": self._helo, "LHLO": self._ehlo, "MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data,
            "RSET": self._rset, "NOOP": self._noop, "VRFY": self._vrfy, "QUIT": self._quit, "STARTTLS": self._starttls, "AUTH": self._auth,
        }  # fmt: skip
        command = known.get(verb.upper())
        if verb.upper() in ("EHLO", "LHLO"):
            self._lmtp = verb.upper() == "LHLO"
        if command is None:
            self.say("500 5.5.1 command not known")
        else:
            command(rest.strip())

    # --- commands

    def _ehlo(self, name: str) -> None:
        if not name:
            self.say("501 5.5.4 a name is missing")
            return
        self._forget()
        offered = ["PIPELINING", f"SIZE {SIZE}", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", f"AUTH {' '.join(MECHANISMS)}"]
        if not self._secure and self._responder.offers_tls:
            offered.insert(0, "STARTTLS")
        self.say(*(f"250 {word}" for word in (NAME, *offered)))

    def _helo(self, name: str) -> None:
        self._forget()
        self.say(f"250 {NAME}" if name else "501 5.5.4 a name is missing")

    def _mail(self, rest: str) -> None:
        address, parameters = _path(rest, "FROM:")
        if address is None:
            self.say("501 5.5.4 it is MAIL FROM:<address>")
        elif self._sender is not None:
            self.say("503 5.5.1 there is a sender already")
        elif (size := parameters.get("SIZE", "")).isdecimal() and (len(size) > 12 or int(size) > SIZE):
            self.say(f"552 5.3.4 a message may have {SIZE} bytes")
        elif address.startswith("blocked"):
            self.say("550 5.7.1 this sender is blocked")
        else:
            self._sender = address
            self.say("250 2.1.0 sender ok")

    def _rcpt(self, rest: str) -> None:
        address, _ = _path(rest, "TO:")
        refusal = next((text for name, text in REFUSED.items() if (address or "").startswith(name)), None)
        if self._sender is None:
            self.say("503 5.5.1 MAIL comes first")
        elif not address:
            self.say("501 5.5.4 it is RCPT TO:<address>")
        elif len(self._recipients) >= RECIPIENTS:
            self.say("452 4.5.3 too many recipients")
        elif refusal:
            self.say(refusal)
        else:
            self._recipients.append(address)
            self.say("250 2.1.5 recipient ok")

    def _data(self, _rest: str) -> None:
        if not self._recipients:
            self.say("503 5.5.1 there is no recipient")
            return
        self.say("354 end with a dot on a line of its own")
        refusal, number = self._read_message(), self._responder.number()
        for recipient in self._recipients if self._lmtp else ("",):
            full = "452 4.2.2 mailbox full" if recipient.startswith("full") else None
            self.say(refusal or full or f"250 2.0.0 ok: queued as {number}")
        self._forget()

    def _read_message(self) -> str | None:
        """Read up to the dot; the refusal of what came, if any."""
        size, refusal, in_header = 0, None, True
        while True:
            try:
                line = self._connection.read_line(TEXT_LINE)
            except LimitExceeded:
                self.say("500 5.5.2 line too long")
                self.over = True
                raise ConnectionError("a line without end") from None
            if line == b".\r\n":
                return refusal
            if line.endswith(b"\r\n"):
                line = line.removeprefix(b".")
            else:  # a bare LF is a line's end to one server and none to the next (smuggling)
                refusal = refusal or "550 5.6.11 lines end with CR and LF"
            size += len(line)
            if size > SIZE:
                refusal = refusal or f"552 5.3.4 a message may have {SIZE} bytes"
            in_header = in_header and bool(line.strip())
            if in_header and line.lower().split() == [b"x-reject:", b"yes"]:
                refusal = refusal or "554 5.6.0 the message is refused"

    def _rset(self, _rest: str) -> None:
        self._forget()
        self.say("250 2.0.0 forgotten")

    def _noop(self, _rest: str) -> None:
        self.say("250 2.0.0 nothing done")

    def _vrfy(self, _rest: str) -> None:
        self.say("252 2.1.5 send it, and see")

    def _quit(self, _rest: str) -> None:
        self.over = True
        self.say("221 2.0.0 goodbye")

    def _forget(self) -> None:
        self._sender, self._recipients = None, []

    # --- TLS and login

    def _starttls(self, rest: str) -> None:
        if rest:
            self.say("501 5.5.4 STARTTLS takes no parameter")
        elif self._secure or not self._responder.offers_tls:
            self.say("503 5.5.1 no TLS can begin here")
        else:
            tls = self._responder.tls()
            self.say("220 2.0.0 begin TLS")
            self._connection.start_tls(tls.context())
            self._secure, self._user = True, None
            self._forget()

    def _auth(self, rest: str) -> None:
        name, _, first = rest.partition(" ")
        mechanism = name.upper()
        if self._user is not None:
            self.say("503 5.5.1 you are logged in already")
            return
        if mechanism not in MECHANISMS:
            self.say("504 5.5.4 mechanism not known")
            return
        try:
            good = self._is_known(mechanism, first)
        except (Error, UnicodeDecodeError, ValueError):
            self.say("501 5.5.2 that is no base64, or not what the mechanism has")
            return
        self._user = USER if good else None
        self.say("235 2.7.0 welcome" if good else BAD_LOGIN)

    def _is_known(self, mechanism: str, first: str) -> bool:
        if mechanism == "PLAIN":
            return _decoded(first or self._challenge(b"")).split("\0")[1:] == [USER, PASSWORD]
        if mechanism == "LOGIN":
            user = _decoded(first or self._challenge(b"Username:"))
            return (user, _decoded(self._challenge(b"Password:"))) == (USER, PASSWORD)
        if mechanism == "XOAUTH2":
            if _decoded(first or self._challenge(b"")) == f"user={USER}\1auth=Bearer {PASSWORD}\1\1":
                return True
            self._challenge(b'{"status":"401","schemes":"bearer"}')
            return False
        import hmac

        challenge = b"<%b@%b>" % (urandom(8).hex().encode(), NAME.encode())
        digest = hmac.new(PASSWORD.encode(), challenge, "md5").hexdigest()
        return hmac.compare_digest(_decoded(self._challenge(challenge)), f"{USER} {digest}")

    def _challenge(self, data: bytes) -> str:
        """The client's response to a challenge, both in base64."""
        self.say(f"334 {b2a_base64(data, newline=False).decode()}")
        try:
            line = self._connection.read_line(LINE).strip().decode()
        except LimitExceeded:
            raise ValueError("line too long") from None
        if line == "*":
            raise ValueError("given up")
        return line


def _path(rest: str, before: str) -> tuple[str | None, dict[str, str]]:
    """The address of `FROM:<address> NAME=VALUE`, and its parameters; no address for what is something else."""
    if not rest.upper().startswith(before):
        return None, {}
    path, _, more = rest[len(before) :].strip().partition(">")
    if not path.startswith("<"):
        return None, {}
    words = (word.partition("=") for word in more.split())
    return path[1:], {name.upper(): value for name, _, value in words}


def _decoded(text: str) -> str:
    return a2b_base64(text.encode() if text != "=" else b"", strict_mode=True).decode()
