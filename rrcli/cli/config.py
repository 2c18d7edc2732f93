"""`rrcli config`: the settings in force, each with the file and line that set it."""

from __future__ import annotations

import os

from rrcli.base.errors import usage
from rrcli.base.fields import MASK
from rrcli.base.jsontext import dumps
from rrcli.base.userfolder import reads_settings, settings_file
from rrcli.cli.show import color, print_document, print_text
from rrcli.engine import registry
from rrcli.engine.manifest import load
from rrcli.engine.settings import COMMON, HISTORY, keys_of, read_settings
from rrcli.options.request import Output
from rrcli.policy.secrets import mask_field, mask_url
from rrcli.report.terminal.paint import Page, cells, pad, pieces
from rrcli.report.terminal.screen import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.engine.settings import Setting, Settings

    Row = dict[str, Any]

VARIABLE = "RRCLI_FORMAT"
WIDEST = 40  # columns of values, beside which their places stand in a column


def config(values: dict[str, Any]) -> int:
    """Print them, with `--json` as one object. Raises what `read_settings` raises."""
    if values.pop("arguments"):
        raise usage("config takes no words", "rrcli config --env NAME shows what an environment changes")
    env = values.pop("env", None)
    output = Output(**values)
    settings = read_settings(env)
    rows = [row for command in (None, *(settings.commands() if settings else ())) for row in _in_force(settings, command)]
    if not output.show_secrets:
        rows = [{**row, "value": _shown(row)} for row in rows]
    if output.json:
        document: dict[str, object] = {
            "file": settings.source.name if settings else None,
            "env": settings.env if settings else None,
            "environments": list(settings.environments) if settings else [],
            "settings": rows,
        }
        print_document(document, 3)
    else:
        print_text(_draw(settings, rows, color=color(output, 1)))
    return 0


def _in_force(settings: Settings | None, command: str | None) -> list[Row]:
    """What holds for all commands, or more nearly for one: of each key the nearest, and all fields of other names."""
    found: list[Row] = []
    seen: set[str] = set()
    variable = os.environ.get(VARIABLE) if reads_settings() else None
    if settings and command is None and HISTORY in settings.source.values:
        place = {"from": HISTORY, "file": settings.source.name, "line": settings.source.line((HISTORY,))}
        found.append({"command": None, "key": HISTORY, "value": settings.keeps_history, **place})
    for setting in settings.of(command or "") if settings else ():
        if command is None and variable and "format" not in seen and not setting.is_of_environment:
            found.append(_variable(variable))
            seen.update(("format", "json"))
        value = setting.value
        if setting.key == "header":
            lines = value if isinstance(value, list) else [value]
            value = [line for line in lines if _field(line) not in seen]
            seen.update(map(_field, value))
        elif setting.key in seen:
            continue
        seen.add(setting.key)
        if value != [] and setting.command == command:
            found.append(_row(setting, value))
    if command is None and variable and not seen & {"format", "json"}:
        found.append(_variable(variable))
    return found


def _row(setting: Setting, value: object) -> Row:
    return {
        "command": setting.command,
        "key": setting.key,
        "value": value,
        "from": setting.heading,
        "file": setting.source.name,
        "line": setting.line,
    }


def _variable(value: str) -> Row:
    return {"command": None, "key": "format", "value": value, "from": VARIABLE, "file": None, "line": None}


def _field(line: str) -> str:
    return f"{line.partition(':')[0].strip().lower()}:"


def _shown(row: Row) -> Any:
    """The value without its secrets."""
    value = row["value"]
    if isinstance(value, list):
        return [_shown({**row, "value": each}) for each in value]
    if not isinstance(value, str):
        return value
    if row["key"] == "header":
        name, colon, text = value.partition(":")
        return f"{name}{colon} {mask_field(name.strip(), text.strip())}" if colon else value
    entry = registry.by_name(row["command"]) if row["command"] else None
    declared = (keys_of(entry) if entry else COMMON).get(row["key"])
    if declared is None or not declared.secret:
        return mask_url(value)
    return load(declared.secret)(declared.flag, value) or MASK


# --- drawing


def _draw(settings: Settings | None, rows: list[Row], *, color: bool) -> str:
    """The settings for all commands, then those of each."""
    page = Page(width())
    if settings is None:
        why = f"there is no {settings_file()}" if reads_settings() else "RRCLI_NO_CONFIG is set"
        page.add(pieces(f"no settings file is read: {why}"), 0)
    else:
        page.add(pieces(settings.source.name, "strong"), 0)
        others = ", ".join(settings.environments)
        page.labelled([("environment", settings.env or "none")] + ([("it has", others)] if others else []))
    columns = [max((cells(text) for text in column), default=0) for column in zip(*map(_cells, rows), strict=True)]
    group: object = ...
    for row in rows:
        if row["command"] != group:
            group = row["command"]
            page.blank()
            page.add(pieces(row["command"] or "all commands", "strong"), 0)
        key, value, place = _cells(row)
        page.add(
            [*pad(pieces(key, "name"), columns[0] + 2), *pad(pieces(value), min(columns[1], WIDEST)), ("  ", ""), *pieces(place, "dim")]
        )
    if settings and not rows:
        page.blank()
        page.add(pieces("nothing is set"), 0)
    return page.text(color=color)


def _cells(row: Row) -> tuple[str, str, str]:
    """Key, value and place of a row."""
    value = row["value"] if isinstance(row["value"], str) else dumps(row["value"])
    place = row["from"] if row["file"] is None else f"{row['file']}:{row['line']}  {row['from']}"
    return row["key"], value, place
