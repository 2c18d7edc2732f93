"""The user's settings beside a command line: which of them hold, and what of an environment goes to whom.

What was typed comes first, then the tables in the order of `Settings.of`. A setting that the command cannot have is passed over, and
so is one that excludes something nearer: only what was typed is a usage error. Fields and credentials of an environment go to the
origin of its own `base-url` and to no other.
"""

from __future__ import annotations

import os

from rrcli.base.errors import ExchangeError
from rrcli.base.output import to_stderr
from rrcli.base.record import Record
from rrcli.base.sourcefile import Problems
from rrcli.base.url import without_userinfo
from rrcli.base.userfolder import has_settings
from rrcli.cli.invocation import made_of
from rrcli.engine.defaults import (
    PATHS,
    READ,
    bound,
    field_name,
    goes_to,
    in_url,
    is_for_one_peer,
    is_missing,
    path_beside,
    place_of_url,
    typed_fields,
)
from rrcli.engine.fanout import parts_of
from rrcli.engine.settings import BASE_URL, read_settings
from rrcli.engine.target import target_of
from rrcli.options.keys import by_key, value_of
from rrcli.options.request import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from rrcli.cli.invocation import Invocation
    from rrcli.engine.registry import Protocol
    from rrcli.engine.settings import Setting, Settings
    from rrcli.options.option import Option
    from rrcli.options.request import Request

    Values = dict[str, Any]

FORMATS = ("json", "format")  # what RRCLI_FORMAT stands before


class Default(Record):
    """A setting that holds, as the value of a field."""

    declared: Option
    value: Any
    setting: Setting

    @property
    def is_for_one_peer(self) -> bool:
        """Whether it is a field, a credential or content of an environment."""
        return self.setting.is_of_environment and is_for_one_peer(self.declared, self.setting.key)


class Defaults:
    """What was typed, and the settings that hold beside it, the nearest first."""

    def __init__(self, entry: Protocol, request_type: type[Request], typed: Values, settings: list[Default]) -> None:
        self.entry = entry
        self.request_type = request_type
        self.typed = typed
        self.settings = settings

    def invocation(self) -> Invocation:
        """The invocation with all of the settings; its fallbacks have fewer, the last one none."""
        fewer = self._fewer()

        def fallback() -> Invocation:
            chosen = next(fewer)
            return self.with_only(chosen, fallback if chosen else None)

        return self.with_only(self.settings, fallback if self.settings else None)

    def with_only(self, chosen: list[Default], fallback: Callable[[], Invocation] | None = None) -> Invocation:
        """The invocation with these settings."""
        return made_of(self.entry, self.request_type, self._values(chosen), fallback)

    def _fewer(self) -> Iterator[list[Default]]:
        """The settings that exclude nothing nearer; where that cannot be told, all but one, the farthest first; then none."""
        kept: list[Default] = []
        for default in self.settings:
            try:
                _refuse_contradictions(self.with_only([*kept, default]))
            except ExchangeError as error:
                if error.layer != "usage":
                    raise
            else:
                kept.append(default)
        if len(kept) == len(self.settings):
            for default in reversed(kept):
                if len(kept) > 1:
                    yield [each for each in kept if each is not default]
        elif kept:
            yield kept
        yield []

    def _values(self, chosen: list[Default]) -> Values:
        values = dict(self.typed)
        for default in chosen:
            name = default.declared.name
            if name == "headers":
                values[name] = (*default.value, *values.get(name, ()))
            else:
                values[name] = default.value
        own = [(each.declared, each.setting.key, each.value) for each in chosen if each.is_for_one_peer]
        return values | bound(self.request_type, own)


def with_settings(entry: Protocol, request_type: type[Request], typed: Values, env: str | None) -> Invocation:
    """The invocation with the user's settings in it. Raises `usage` or `local` for settings that are wrong, or cannot be read."""
    settings = read_settings(env)
    if settings is None:
        return made_of(entry, request_type, typed)
    found = settings_for(settings, entry, typed, {**Output.options_, **request_type.options_})
    bases = [setting for setting in settings.of(entry.name) if setting.key == BASE_URL]
    arguments = typed["arguments"]
    at = place_of_url(entry, request_type, arguments, bases[0].value if bases else None)
    if at is not None:
        joined = bases[0].value.rstrip("/") + arguments[at]
        typed = {**typed, "arguments": (*arguments[:at], joined, *arguments[at + 1 :])}
    defaults = Defaults(entry, request_type, typed, found)
    own = next((setting for setting in bases if setting.is_of_environment), None)
    if any(default.is_for_one_peer for default in found) and not (at is not None and own is bases[0]):
        defaults.settings = _at_home(defaults, own, silent=bool(typed.get("silent")))
    invocation = defaults.invocation()
    invocation.keeps_history = settings.keeps_history
    return invocation


def settings_for(settings: Settings, entry: Protocol, typed: Values, options: dict[str, Option]) -> list[Default]:
    """The settings that what was typed leaves room for. Fields are told apart by their names, all else by the option.

    Raises `usage` for files that are named and are not there.
    """
    keys, taken, fields = (
        by_key(options),
        {*typed, *in_url(typed["arguments"])},
        typed_fields(typed, typed.get("headers", ()), typed["arguments"]),
    )
    found, problems = [], Problems()
    for setting in settings.of(entry.name):
        declared = keys.get(setting.key)
        if declared is None or setting.key == BASE_URL or (setting.key in FORMATS and _format_is_given(setting)):
            continue
        value = value_of(declared, setting.key, setting.value)
        if declared.name == "headers":
            value = tuple(line for line in value if field_name(line) not in fields)
            fields.update(map(field_name, value))
        elif declared.name in taken:
            continue
        taken.add(declared.name)
        if declared.metavar in PATHS and isinstance(value, str):
            value = path_beside(value, setting.source.name)
            if setting.key in READ and is_missing(value):
                problems.add(setting.source, (*setting.table, setting.key), f"{setting.key}: there is no file {value}")
        if value not in (declared.default, ()):
            found.append(Default(declared=declared, value=value, setting=setting))
    problems.raise_any()
    return found


def _format_is_given(setting: Setting) -> bool:
    """Whether the variable for it is nearer."""
    return not setting.is_of_environment and bool(os.environ.get("RRCLI_FORMAT"))


def tool_defaults(entry: Protocol, typed: Values, names: tuple[str, ...]) -> Values:
    """The settings of these options that a tool takes over for a request of its own; no credential is among them."""
    if not has_settings():
        return {}
    settings = read_settings()
    options = {name: declared for name, declared in entry.request_type.options_.items() if name in names}
    found = settings_for(settings, entry, {"arguments": (), **typed}, options) if settings else []
    return {default.declared.name: default.value for default in found if not default.is_for_one_peer}


# --- where it goes


def _at_home(defaults: Defaults, base: Setting | None, *, silent: bool) -> list[Default]:
    """The settings without those for one peer, unless this request goes there; a note names those that are left out."""
    free = [default for default in defaults.settings if not default.is_for_one_peer]
    if base and _goes_to(base.value, defaults, free):
        return defaults.settings
    if not silent:
        keys = ", ".join(dict.fromkeys(default.setting.key for default in defaults.settings if default.is_for_one_peer))
        first = next(default.setting for default in defaults.settings if default.is_for_one_peer)
        table = f"[env.{first.table[1]}]"
        home = f"it goes to {without_userinfo(base.value)} alone" if base else f"{table} has no {BASE_URL} that says where it may go"
        to_stderr(f"rrcli: note: {keys} of {table} not sent: {home}\n")
    return free


def _goes_to(base: str, defaults: Defaults, free: list[Default]) -> bool:
    """Whether everyone whom the command line is for has the origin of the base-url."""
    entry, request_type, options = defaults.entry, defaults.request_type, defaults.request_type.options_
    # Without what has a secret: the target does not depend on it, and a password that is missing would be asked for.
    kept = {name: value for name, value in defaults.typed.items() if name not in options or not options[name].secret}
    try:
        return goes_to(base, entry, Defaults(entry, request_type, kept, free).with_only(free).request)
    except ExchangeError:
        return False


# --- what excludes what


def _refuse_contradictions(invocation: Invocation) -> None:
    """Raise `usage` for what can be told to be wrong without sending anything."""
    from rrcli.cli.show import Printer
    from rrcli.engine.runner import judge_of
    from rrcli.series.contradictions import refuse_contradictions

    request, output, hooks = invocation.request, invocation.output, invocation.hooks
    if request.repeats():
        refuse_contradictions(request, output, hooks)
    Printer(invocation)
    hooks.download(request, output)
    hooks.epilogue(request, beside=False, masks=False)
    judge_of(request)
    for part in parts_of(request):
        target_of(part)
