"""Logging in to PostgreSQL: what to answer to each authentication request of the server.

    login = Login("ann", "secret", certificate=der)
    data, spans = login.answer(message)        # for each `Authentication`, until its kind is `ok`

GSSAPI, SSPI, Kerberos and OAuth are not spoken.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, malformed
from rrcli.codec.pg.frontend import password as password_message
from rrcli.codec.pg.frontend import sasl_initial_response, sasl_response
from rrcli.model.values import Note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.codec.pg.frontend import Secret
    from rrcli.codec.pg.messages import Authentication
    from rrcli.codec.pg.scram import Scram

_REFUSED = {"kerberos": "Kerberos", "crypt": "crypt", "scm": "SCM credentials", "gss": "GSSAPI", "gss-continue": "GSSAPI", "sspi": "SSPI"}
_SILENT = ("ok", "sasl-final")  # nothing is answered
# What the methods are called in `require_auth` (libpq 16)
_REQUIRED = {"trust": "none", "cert": "none", "SCRAM-SHA-256": "scram-sha-256", "SCRAM-SHA-256-PLUS": "scram-sha-256"}


class Login:
    """One login. `method` is what came of it: `trust`, `password`, `md5`, `SCRAM-SHA-256`, `SCRAM-SHA-256-PLUS` or `cert`.

    `certificate` is the server's, in DER, where the connection is by TLS. `gave_certificate` says that the server has one of
    ours. `channel_binding` and `require_auth` are those of the connection's configuration.
    """

    def __init__(
        self,
        user: str,
        password: str | None,
        *,
        tls: bool = False,
        certificate: bytes | None = None,
        gave_certificate: bool = False,
        channel_binding: str = "prefer",
        require_auth: str = "",
    ) -> None:
        self.method = "cert" if gave_certificate else "trust"
        self.notes: list[Note] = []
        self._user = user
        self._password = password
        self._tls = tls or certificate is not None
        self._certificate = certificate
        self._binding = channel_binding
        self._required = require_auth
        self._scram: Scram | None = None
        self._step = "begin"  # begin, asked (by a password), first, final, verified, done

    def answer(self, message: Authentication) -> Secret:
        """The bytes to send, none for `ok`, and where in them the secret stands.

        Raises `ExchangeError`: `application` where a password is wanted and there is none, `unsupported` for a method that is
        not spoken or that the configuration forbids, `malformed` for requests in an order that no server has.
        """
        kind = message.kind
        if kind == "ok":
            return self._done()
        if kind in ("password", "md5", "sasl"):
            if self._step != "begin":
                raise malformed(f"the server asks a second time how to log in ({kind})")
            if kind == "sasl":
                return self._choose(message.mechanisms)
            self._step = "asked"
            self._use(kind)
            return self._plain() if kind == "password" else self._md5(message.salt)
        if kind == "sasl-continue" and self._step == "first" and self._scram is not None:
            self._step = "final"
            return sasl_response(self._scram.final(message.data))
        if kind == "sasl-final" and self._step == "final" and self._scram is not None:
            self._scram.verify(message.data)
            self._step = "verified"
            return b"", ()
        if kind in ("sasl-continue", "sasl-final"):
            raise malformed(f"the server goes on with a SASL login that is not under way ({kind})")
        what = _REFUSED.get(kind, f"method {message.code}")
        raise _unsupported(f"the server wants a login by {what}, which is not spoken here", "psql can do it, if libpq was built with it")

    def _done(self) -> Secret:
        if self._step in ("first", "final"):
            raise malformed("the server took the SCRAM login without proving that it knows the password")
        if self._step in ("begin", "asked"):
            if self._step == "begin":
                self._use(self.method)
            if self._binding == "require":
                raise _unsupported(f"channel binding is required, and the server logged us in by {self.method} without it")
        self._step = "done"
        return b"", ()

    def _use(self, method: str) -> None:
        """Note the method. Raises `unsupported` where `require_auth` forbids it."""
        self.method = method
        names = [name.strip() for name in self._required.split(",") if name.strip()]
        name = _REQUIRED.get(method, method)
        denied = [item[1:].strip() for item in names if item.startswith("!")]
        if (name in denied) if denied else (bool(names) and name not in names):
            raise _unsupported(f"the server logs in by {method}, which require_auth={self._required} does not allow")

    def _need(self, method: str) -> str:
        """The password."""
        if self._password:
            return self._password
        hint = "give it in the DSN, in PGPASSWORD or in ~/.pgpass"
        message = f"the server asks for a password ({method}) of the user {self._user}, and there is none"
        raise ExchangeError("application", "bad_status", message, hint=hint, phase="handshake")

    def _plain(self) -> Secret:
        value = self._need("password")
        if not self._tls:
            message = "the password went to the server in clear, without TLS: everybody on the way could read it"
            self.notes.append(Note(code="password-in-clear", message=message))
        return password_message(value.encode("utf-8", "surrogateescape"))

    def _md5(self, salt: bytes) -> Secret:
        if TYPE_CHECKING:
            from hashlib import md5
        else:
            from _md5 import md5

        value = self._need("md5").encode("utf-8", "surrogateescape")
        stored = md5(value + self._user.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
        return password_message(b"md5" + md5(stored.encode() + salt, usedforsecurity=False).hexdigest().encode())

    def _choose(self, mechanisms: tuple[str, ...]) -> Secret:
        """Begin SCRAM, bound to the TLS channel where both sides can."""
        from rrcli.codec.pg.scram import MECHANISM, PLUS, Scram, endpoint_hash

        offered = PLUS in mechanisms
        binding = None
        if self._certificate is not None and self._binding != "disable" and offered:
            binding = endpoint_hash(self._certificate)
        if binding is None and self._binding == "require":
            why = "there is no TLS" if self._certificate is None else "it has no hash" if offered else "the server does not offer it"
            raise _unsupported(f"channel binding is required, and {why}", "it needs TLS and a server from PostgreSQL 11")
        if binding is None and MECHANISM not in mechanisms:
            names = ", ".join(mechanisms)[:200] or "none"
            raise _unsupported(f"the server offers no SASL mechanism that is spoken here: {names}", "psql can do more, as OAuth")
        could_bind = self._certificate is not None and self._binding != "disable" and not offered
        self._use(MECHANISM if binding is None else PLUS)
        self._scram = Scram(self._need(self.method), binding=binding, offers_binding=could_bind)
        self._step = "first"
        return sasl_initial_response(self.method, self._scram.first())


def _unsupported(message: str, hint: str | None = None) -> ExchangeError:
    return ExchangeError("protocol", "unsupported", message, hint=hint, phase="handshake")
