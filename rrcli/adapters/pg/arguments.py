"""The arguments of `rrcli pg` as they may be shown: with the mask in the place of every password."""

from __future__ import annotations

from rrcli.base.fields import MASK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.pg.request import PgRequest


def shown_arguments(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words, the first one without its secrets; SQL and parameters are the user's own data."""
    return (shown_dsn(words[0]), *words[1:]) if words else words


def at_server(words: tuple[str, ...], server: str) -> tuple[str, ...]:
    """The words, for the database at another server: of keywords the later ones hold."""
    from rrcli.base.retarget import moved
    from rrcli.base.url import split_host

    if not words or "://" in words[0]:
        return (moved(words[0], server), *words[1:]) if words else (server,)
    host, port = split_host(server.rpartition("://")[2].partition("/")[0].rpartition("@")[2], 5432)
    return (f"{words[0]} host={host} port={port}".lstrip(), *words[1:])


def shown_dsn(text: str) -> str:
    """A DSN with the mask in the place of each secret in it, however it is spelled; all of it masked where it cannot be read."""
    for secret in sorted(dsn_secrets(text, unreadable=(text,)), key=len, reverse=True):
        text = _masked(text, secret)
    return text


def dsn_secrets(text: str, unreadable: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The secrets of a DSN as they are spelled there; `unreadable` for one that breaks the rules."""
    from rrcli.base.errors import ExchangeError
    from rrcli.codec.pg.conninfo import is_conninfo, secrets_in

    if not is_conninfo(text):
        return ()
    try:
        return secrets_in(text)
    except ExchangeError:
        return unreadable


def _masked(text: str, secret: str) -> str:
    """The mask in the secret's own place: behind `=` or `:`, where alone it can stand; the same letters elsewhere are left."""
    for before in (":", "=", "='", "= ", "= '"):
        for after in ("@", "&", "#", "'", " ", ""):
            if after:
                text = text.replace(f"{before}{secret}{after}", f"{before}{MASK}{after}")
            elif text.endswith(f"{before}{secret}"):
                text = text.removesuffix(secret) + MASK
    return text


def setting_shown(_flag: str, text: str) -> str:
    """The word of --set without its value, where that is a secret."""
    from rrcli.codec.pg.keywords import SECRETS

    key, _, value = text.partition("=")
    return f"{key}={MASK}" if key.strip() in SECRETS and value else text


def secret_settings(request: PgRequest) -> tuple[str, ...]:
    """The secrets among the options."""
    from rrcli.codec.pg.keywords import SECRETS

    return tuple(value for key, value in request.set if key in SECRETS and value)
