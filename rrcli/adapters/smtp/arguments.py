"""The words of `rrcli smtp`: the server, or the domain, and the name server; and what of them may be shown."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.base.url import host_port, split_host, split_url
from rrcli.model.values import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.smtp.request import SmtpRequest

SCHEMES = ("smtp", "smtps", "lmtp")
SMTP, SMTPS, LMTP = 25, 465, 24


class Place(Record):
    """Where the server is. `userinfo` is as it was written in the URL, for the target's."""

    host: str
    port: int
    tls: bool = False  # from the start
    lmtp: bool = False
    userinfo: str = ""
    user: str | None = None
    password: str | None = None

    @property
    def target(self) -> Target:
        scheme = "lmtp" if self.lmtp else "smtps" if self.tls else "smtp"
        before = self.userinfo and f"{self.userinfo}@"
        return Target(url=f"{scheme}://{before}{host_port(self.host, self.port)}", host=self.host, port=self.port)


class Exchangers(Record):
    """The mail exchangers of a domain in their order; `host` is tried now, `others` are left."""

    host: str
    others: tuple[str, ...] = ()

    @property
    def next(self) -> Exchangers | None:
        return Exchangers(host=self.others[0], others=self.others[1:]) if self.others else None


def split_words(request: SmtpRequest) -> tuple[str, list[str]]:
    """The word that names the server or the domain, and the name servers behind it. Raises `usage`."""
    if not request.arguments:
        raise usage("smtp takes HOST:PORT", "rrcli smtp mail.example.com --from a@example.com --to b@example.com --text hi")
    first, *servers = request.arguments
    for word in servers:
        if not word.startswith("@"):
            raise usage(f"smtp takes one HOST:PORT, and {word} is one more", "recipients are given with --to")
        if not request.mx:
            raise usage(f"{word} is a name server to ask for mail exchangers", "add --mx; HOST is then the domain of the address")
    return first, servers


def place_of(request: SmtpRequest) -> Place:
    """Read `HOST[:PORT]`, `smtp://[user:password@]host[:port]`, `smtps://…` or `lmtp://…`. Port 465 is TLS from the start (RFC 8314)."""
    text = split_words(request)[0]
    tls, lmtp = request.tls, request.lmtp
    userinfo, user, password = "", None, None
    if "://" in text:
        url = split_url(text)
        if url.scheme not in SCHEMES:
            raise usage(f"{url.scheme}:// is no URL of a mail server", "write smtp://, smtps:// (TLS) or lmtp:// before the host")
        if url.path not in ("", "/") or url.query is not None:
            raise usage("the URL of a mail server ends with its port", "sender and recipients are given with --from and --to")
        tls, lmtp = tls or url.scheme == "smtps", lmtp or url.scheme == "lmtp"
        userinfo = text.partition("://")[2].rpartition("@")[0]
        host, port, user, password = url.host, url.port, url.user, url.password
    else:
        host, port = split_host(text, 0)
    if not host:
        raise usage(f"{text!r} names no host", "write HOST:PORT")
    tls = tls or (port == SMTPS and not request.starttls)
    if tls and request.starttls:
        raise usage("--starttls changes to TLS, which is there from the start", "leave it out, or write smtp:// and no --tls")
    return Place(
        host=host, port=port or (LMTP if lmtp else SMTPS if tls else SMTP), tls=tls, lmtp=lmtp, userinfo=userinfo, user=user,
        password=password,
    )  # fmt: skip


# --- as they may be shown


def shown_arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the mask in the place of a URL's password."""
    from rrcli.policy.secrets import mask_url

    return tuple(map(mask_url, words))


def user(_flag: str, text: str) -> str:
    """The password behind the user's name."""
    from rrcli.base.fields import MASK

    name, colon, password = text.partition(":")
    return f"{name}{colon}{password and MASK}"


def header(_flag: str, text: str) -> str:
    """A header `Name: value`, its value masked where the name tells that it is a secret."""
    from rrcli.policy.secrets import mask_field

    name, colon, value = text.partition(":")
    plain = value.lstrip(" ")
    return f"{name}{colon}{value[: len(value) - len(plain)]}{mask_field(name.strip(), plain)}"
