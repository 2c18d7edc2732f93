"""What of the settings files holds beside what was typed, and what of an environment goes to whom.

A setting that is nearer stands before one that is farther away; of fields each name counts by itself. Fields and credentials of an
environment go to the origin of its own `base-url` and to no other.
"""

from __future__ import annotations

import os

from rrcli.base.errors import ExchangeError
from rrcli.engine.fanout import parts_of
from rrcli.engine.target import target_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from rrcli.engine.registry import Protocol
    from rrcli.options.option import Option
    from rrcli.options.request import Request

FIELD_OPTIONS = {"user": "authorization", "bearer": "authorization", "cookies": "cookie", "user_agent": "user-agent", "referer": "referer"}
# Keys beside those whose value has a secret that are for one peer alone: who asks, and what is told of that.
FOR_ONE_PEER = ("user", "user-agent", "referer", "cert", "key", "nkey", "creds", "netrc-file", "session", "session-read-only")
PATHS = ("FILE", "PATH")  # metavars of options that name a file
READ = ("cacert", "cert", "key", "netrc-file", "nkey", "creds")  # keys whose file is there already
BELONG_TO_USER = ("user", "bearer", "password", "token")  # options that the user in a URL stands for


def is_for_one_peer(declared: Option, key: str) -> bool:
    """Whether an option is a field, a credential or content; what a proxy is told goes to the proxy."""
    return declared.name != "proxy" and (bool(declared.secret) or key in FOR_ONE_PEER)


def path_beside(text: str, file: str) -> str:
    """The file that a settings file means: `~` is the user's home, and a relative one lies beside it."""
    return os.path.join(os.path.dirname(file), os.path.expanduser(text)) if text not in ("", "-") else text


def is_missing(path: str) -> bool:
    """Whether there is no such file, also without a pass phrase behind it."""
    return not (os.path.exists(path) or os.path.exists(path.rpartition(":")[0]))


# --- fields


def field_name(line: str) -> str:
    """The name of a field of `-H`, in lower case."""
    return line.partition(":")[0].rstrip("; \t").lower()


def in_url(arguments: Iterable[str]) -> tuple[str, ...]:
    """The options that a user in a typed URL stands for."""
    authorities = [word.partition("://")[2].partition("/")[0] for word in arguments]
    return BELONG_TO_USER if any("@" in authority for authority in authorities) else ()


def typed_fields(given: Iterable[str], headers: Iterable[str], arguments: Sequence[str]) -> set[str]:
    """The names of the fields that are given: with `-H`, as items, and by options of these names that stand for one."""
    names = set(map(field_name, headers))
    options = {*given, *in_url(arguments)}
    names |= {name for option, name in FIELD_OPTIONS.items() if option in options}
    for word in arguments[1:]:
        name, colon, rest = word.partition(":")
        if colon and not rest.startswith(("=", "//")) and name.replace("-", "").replace("_", "").isalnum():
            names.add(name.lower())
    return names


def bound(request_type: type[Request], used: Iterable[tuple[Option, str, Any]]) -> dict[str, Any]:
    """The values that keep what is for one peer alone from following the request elsewhere; `used` are option, key and value of each."""
    used = list(used)
    if "bound_fields" not in request_type.fields_:
        return {}
    names = []
    for declared, _, value in used:
        names += list(map(field_name, value)) if declared.name == "headers" else [FIELD_OPTIONS.get(declared.name, "")]
    found: dict[str, Any] = {"bound_fields": tuple(sorted(filter(None, names)))} if any(names) else {}
    return found | ({"bound_certificate": True} if any(key == "cert" for _, key, _ in used) else {})


# --- where it goes


def place_of_url(entry: Protocol, request_type: type[Request], arguments: Sequence[str], base: str | None) -> int | None:
    """Which argument is a URL that begins with `/`, to be put behind the base-url."""
    if not base or not arguments:
        return None
    words = entry.load_manifest().synopsis.replace("[", "").replace("]", "").split()
    has_method = words[0] == "METHOD"
    if words[int(has_method)] not in ("URL", "DSN"):
        return None
    if request_type.options_end_at_data and base.partition("://")[0].lower() not in entry.schemes:
        return None  # it may be data
    at = int(has_method and len(arguments) > 1 and not arguments[0].startswith("/"))
    return at if arguments[at].startswith("/") else None


def goes_to(base: str, entry: Protocol, asked: Request) -> bool:
    """Whether everyone whom a request is for has the origin of the base-url."""
    manifest = entry.load_manifest()
    try:
        probe = entry.request_type(base, *manifest.probe, **manifest.probe_options)
        return {_origin(part) for part in parts_of(asked)} == {_origin(probe)}
    except ExchangeError:
        return False


def _origin(request: Request) -> tuple[str, str, int | None]:
    """Scheme, host and port of whom a request is for. Raises `usage` or `local`."""
    target = target_of(request)[0]
    return target.url.partition("://")[0].lower(), (target.host or "").lower(), target.port
