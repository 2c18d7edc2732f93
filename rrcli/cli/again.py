"""The request that a saved exchange was: its command's words read once more, with secrets given again, another target, other options.

What stands in the way is collected, so that all of it is told at once and nothing is sent.
"""

from __future__ import annotations

import re
from _json import encode_basestring

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.fields import MASK
from rrcli.base.jsontext import loads
from rrcli.base.retarget import moved
from rrcli.base.url import begins_data, quote, without_userinfo
from rrcli.cli import fast
from rrcli.cli.app import parse
from rrcli.cli.commands import of_protocol
from rrcli.engine import registry
from rrcli.engine.manifest import load
from rrcli.options.parse import suggestion
from rrcli.options.request import BESIDE_REQUEST
from rrcli.policy.maskedplaces import Place, places, plain_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.engine.registry import Protocol
    from rrcli.options.option import Option
    from rrcli.options.request import Request

    Document = dict[str, Any]
    Values = dict[str, Any]

REST_OF_URL = "/?&=:!$'()*+,;~%@#[]"
STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9-]*) +$")  # of credentials, before a secret


class Again:
    """Makes requests of saved exchanges."""

    def __init__(self, secrets: dict[str, str], target: str | None, typed: Values, *, is_many: bool) -> None:
        """`secrets` are values by their names, `typed` the options that override."""
        self._is_many = is_many
        self._was_aimed = False
        self._secrets = {plain_name(name): value for name, value in secrets.items()}
        self._target = target
        self._typed = typed
        self._used: set[str] = set()
        self.missing: dict[str, str] = {}  # names of secrets, each with where it belongs
        self.known: dict[str, None] = {}  # all names that could be given
        self.wrong: list[str] = []  # why something cannot be sent again

    def request(self, name: str, exchange: Document) -> Request | None:
        """The request; `None` where something stands in the way, which is then kept."""
        command = exchange.get("command")
        if command and not (isinstance(command, list) and all(isinstance(word, str) for word in command)):
            self.wrong.append(f"{name}: its command is no list of words")
            return None
        entry = registry.by_name(command[0]) if command else None
        if not command:
            why = "its content was not kept, so that it cannot be sent again"
            self.wrong.append(f"{name}: {why} (what stands in a file is read anew, standard input is not)")
            return None
        if entry is None:
            self.wrong.append(f"{name}: there is no command {command[0]!r}")
            return None
        try:
            request_type = entry.load()[0]
            words = self._with_secrets(entry, command[1:])
            values = _read(entry, words)
            if self._target is not None and self._is_aimed_at(exchange):
                self._was_aimed = True
                values["arguments"] = at_target(entry, values["arguments"], self._target)
            for field in request_type.dry:
                values.pop(field, None)
            return request_type(**_overridden(values, self._typed, request_type))
        except ExchangeError as error:
            self.wrong.append(f"{name}: {error.message}{f' ({error.hint})' if error.hint else ''}")
            return None

    def raise_any(self, label: str) -> None:
        """Raise `usage` for all that stands in the way of what `label` holds, and for secrets that nothing asks for."""
        if self.missing:
            several = len(self.missing) > 1
            named = ", ".join(f"{name} ({place})" for name, place in self.missing.items())
            first = next(iter(self.missing))
            raise usage(
                f"{label} was saved with its secrets masked, and {'they are' if several else 'one is'} needed: {named}",
                f"--secret {first}=VARIABLE names the variable of the environment that has it"
                + (f", once for each of {', '.join(self.missing)}" if several else "")
                + f"{self._not_among()}; --json --show-secrets saves them",
            )
        if self.wrong:
            raise usage(
                "; ".join(self.wrong[:MOST_TOLD]) + (f"; and {len(self.wrong) - MOST_TOLD} more" if len(self.wrong) > MOST_TOLD else "")
            )
        if self._target is not None and not self._was_aimed:
            raise usage(f"--target {without_userinfo(self._target)}: nothing in {label} was asked of such a server")
        for name in self._secrets.keys() - self._used:
            there = f"it lacks {', '.join(self.known)}" if self.known else "no secret is masked in it"
            raise usage(f"--secret {name}: {label} has no such place{suggestion(name, list(self.known))}", there)

    def _not_among(self) -> str:
        """Of the secrets that were given, those that are none, with what they may be meant for."""
        return "".join(f"; {name} is none{suggestion(name, list(self.known))}" for name in self._secrets.keys() - self._used)

    def _is_aimed_at(self, exchange: Document) -> bool:
        """Whether the target is for an exchange: of many, for those whose URL is of the same protocol."""
        meant = registry.by_scheme(str(self._target))
        return not self._is_many or meant is None or meant is registry.by_scheme(str((exchange.get("target") or {}).get("url")))

    # --- secrets

    def _with_secrets(self, entry: Protocol, words: list[str]) -> list[str]:
        """The words with values in the place of the masks."""
        if not any(MASK in word for word in words):
            return words
        table = fast.flags({**BESIDE_REQUEST, **entry.request_type.options_})
        found: list[str] = []
        before: Option | None = None
        for word in words:
            flag, equals, _ = word.partition("=")
            own = table.get(flag) if word[:2] == "--" and equals else None
            found.append(self._filled(word, before or own) if MASK in word else word)
            named = table.get(word)
            before = named if before is None and named and named.kind in fast.VALUED else None
        return found

    def _filled(self, word: str, declared: Option | None) -> str:
        known = (declared.flag.lstrip("-"), declared.metavar, declared.group) if declared else ()
        filled, rest = "", word
        for place in places(word, *known):
            literal, _, rest = rest.partition(MASK)
            name = next((name for name in place.names if name in self._secrets), None)
            self.known[place.names[0]] = None
            if name is None:
                self.missing.setdefault(place.names[0], declared.flag if declared else _where(place))
                filled += literal + MASK
            else:
                self._used.update(place.names)
                filled += literal + _spelled(self._secrets[name], place)
        return filled + rest


MOST_TOLD = 5


def _where(place: Place) -> str:
    return "in the URL" if place.in_userinfo or "://" in place.before else "in the words"


def _spelled(value: str, place: Place) -> str:
    """The value as it is written in its place: percent-encoded in a URL, escaped in JSON."""
    if place.in_userinfo:
        return quote(value)
    if re.search(r"://[^\s]*$", place.before):
        return STRAY_PERCENT.sub("%25", quote(value, REST_OF_URL))
    if place.before.lstrip()[:1] in ("{", "[") and place.before.endswith('"') and _is_json(f"{place.before}{place.after}"):
        return encode_basestring(value)[1:-1]
    scheme = SCHEME.search(place.before)
    if scheme and value.lower().startswith(f"{scheme[1].lower()} "):  # it was given with the scheme
        return value[len(scheme[1]) :].lstrip()
    return value


def _is_json(text: str) -> bool:
    try:
        loads(text)
    except ValueError:
        return False
    return True


# --- words


def _read(entry: Protocol, words: list[str]) -> Values:
    """The values of a command's words, without the user's settings: those that held then are among the words. Raises `usage`."""
    request_type = entry.request_type
    table = fast.flags({**BESIDE_REQUEST, **request_type.options_})
    values = fast.read(words, table, stops=request_type.options_end_at_data, place_first=request_type.place_first)
    if values is None and (values := parse(of_protocol(entry), words)) is None:
        raise usage(f"{entry.name} has no command line for it")
    return {name: value for name, value in values.items() if name not in BESIDE_REQUEST}


def _overridden(values: Values, typed: Values, request_type: type[Request]) -> Values:
    """The values with those that were typed in their place; fields are told apart by their names."""
    found = dict(values)
    for name, value in typed.items():
        if name not in request_type.options_:
            raise usage(f"{request_type.__name__.removesuffix('Request').lower()} has no option {name.replace('_', '-')}")
        if name == "headers":
            own = {_field(line) for line in value}
            value = (*(line for line in values.get(name, ()) if _field(line) not in own), *value)
        found[name] = value
    return found


def _field(line: str) -> str:
    return line.partition(":")[0].strip().rstrip(";").lower()


def at_target(entry: Protocol, arguments: tuple[str, ...], target: str) -> tuple[str, ...]:
    """The arguments with another server in the place of theirs; the path of a URL stays, behind that of the target."""
    request_type = entry.request_type
    if request_type.retarget:
        found: tuple[str, ...] = load(request_type.retarget)(arguments, target)
        return found
    synopsis = entry.load_manifest().synopsis
    if synopsis.startswith("[URL]") and (not arguments or begins_data(arguments[0], 0, place_first=request_type.place_first)):
        return (target, *arguments)
    at = 0
    if request_type.keyed_words and synopsis.startswith("[METHOD]"):
        at = len(load(request_type.keyed_words)(arguments)[0]) - 1
    return (*arguments[:at], moved(arguments[at], target), *arguments[at + 1 :])
