"""The JSON Schema of a plan, for editors: made from the commands and their options, so that it is what the loader takes."""

from __future__ import annotations

from rrcli.engine import registry
from rrcli.engine.manifest import load as load_named
from rrcli.plan.keys import STEP_KEYS, keys_of, word_names
from rrcli.plan.load import TOP_KEYS
from rrcli.plan.pace import KEYS as LOAD_KEYS
from rrcli.plan.step import KINDS
from rrcli.plan.tools import TOOLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.options.option import Option

TEXT = {"type": "string"}
DURATION = {"type": ["string", "number"], "description": "250ms, 3s, 1m, or seconds."}
WORDS = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
ANY_TABLE = {"type": "object"}
OWN: dict[str, Any] = {
    "name": {**TEXT, "description": "What the step is called; steps.NAME reads its document."},
    "doc": {**TEXT, "description": "What it is for."},
    "tags": {**WORDS, "description": "For --only and --skip."},
    "when": {**TEXT, "description": "An expectation, or a path alone: the step is skipped where it does not hold."},
    "for-each": {"type": ["string", "array"], "description": "Rows, a file of them, or the path of a list: one result for each."},
    "depends-on": {"type": "array", "items": TEXT, "description": "The steps that it waits for.  [all above]"},
    "delay": DURATION,
    "use": {**TEXT, "description": "The name of a [template.NAME]."},
    "capture": {"type": "object", "additionalProperties": TEXT, "description": "Variables from the answer: name to path."},
    "snapshot": {
        "anyOf": [
            {"type": "boolean"},
            {
                "type": "object",
                "properties": {"name": {**TEXT, "minLength": 1}, "ignore": {"type": "array", "items": TEXT}},
                "additionalProperties": False,
            },
        ],
        "description": "Compare the answer with the file PLAN.snapshots/NAME.json, which is written where there is none.",
    },
    "json-schema": {
        "type": ["string", "object"],
        "description": "The JSON Schema that the answer fits: a file, a part of one as openapi.json#/components/schemas/Order, or a table.",
    },
    "on-failure": {"enum": ["stop", "continue"]},
    "fresh": {"type": "boolean", "description": "Open a connection of its own."},
    "cookies": {"type": "boolean", "description": "Keep cookies.  [true]"},
    "output": {**TEXT, "description": "The file that the answer's content is written to."},
    "jobs": {"type": ["integer", "string"], "description": "Rows of for-each side by side.  [1]"},
}
NUMBER = {"type": ["integer", "string"]}
RATE = {"type": ["number", "string"]}
LOAD: dict[str, Any] = {
    "users": {**NUMBER, "description": "How many run it side by side."},
    "spawn-rate": {**RATE, "description": "How many users begin a second.  [all at once]"},
    "rate": {**RATE, "description": "Iterations a second of all users, whether those before them are over or not."},
    "duration": DURATION,
    "repeat": {**NUMBER, "description": "Iterations of all users."},
    "warmup": {**NUMBER, "description": "Iterations before those that are counted."},
    "think": {
        "anyOf": [DURATION, {"type": "array", "items": DURATION, "minItems": 2, "maxItems": 2}],
        "description": "What a user waits between two iterations: a time, or the least and the most.",
    },
    "expect": {**WORDS, "description": "series.p99 < 200ms of the iterations, steps.NAME.series.p99 < 200ms of a step."},
}
TOP: dict[str, Any] = {
    "name": TEXT,
    "doc": TEXT,
    "tags": WORDS,
    "deadline": DURATION,
    "teardown-deadline": DURATION,
    "jobs": {"type": "integer", "minimum": 1, "description": "Steps side by side, where any has depends-on.  [4]"},
    "fresh": OWN["fresh"],
    "cookies": OWN["cookies"],
    "vars": ANY_TABLE,
    "secrets": {"type": "object", "additionalProperties": {**TEXT, "pattern": "^(env:.|file:.|prompt$|capture$)"}},
    "env": {"type": "object", "additionalProperties": ANY_TABLE},
    "defaults": ANY_TABLE,
    "template": {"type": "object", "additionalProperties": ANY_TABLE},
    "case": {"type": "array", "items": ANY_TABLE, "minItems": 1, "description": "All of it is run once for each; {{case.NAME}} reads it."},
    "cases": {"type": ["string", "array"], "items": ANY_TABLE, "description": "A file of such rows, or a list of them."},
    "load": {
        "type": "object",
        "description": "How it is run as a load, by rrcli locust, and by rrcli run where --repeat or --duration asks for one.",
        "properties": LOAD,
        "additionalProperties": False,
    },
}
NOT_OF_TOOLS = ("fresh", "cookies", "output")
TOOL_KEYS: dict[str, Any] = {"serve": {"port": {"type": ["integer", "string", "array", "object"], "description": "NAME=PORT, or a table."}}}


def plan_schema() -> dict[str, Any]:
    """The schema (2020-12). A command whose extra is not installed takes any key."""
    commands = {name: _command(entry) for name, entry in registry.BY_NAME.items()}
    include = {**TEXT, "description": "Another plan, whose captures are read below the step's name."}
    commands["run"] = {
        "type": "object",
        "properties": {**OWN, "run": include, "vars": ANY_TABLE},
        "required": ["run"],
        "additionalProperties": False,
    }
    for tool in TOOLS.values():
        keys = {key: _option(declared) for key, declared in tool.keys().items()}
        own = {key: value for key, value in OWN.items() if key not in NOT_OF_TOOLS}
        command = {**WORDS, "description": f"{tool.help} {tool.synopsis}"}
        commands[tool.name] = {
            "type": "object",
            "properties": {**keys, **own, **TOOL_KEYS.get(tool.name, {}), tool.name: command},
            "required": [tool.name],
            "additionalProperties": False,
        }
    every: dict[str, Any] = {key: {} for each in commands.values() for key in each["properties"]}
    commands["template"] = {  # whose command the template may bring
        "type": "object",
        "properties": {**every, **OWN},
        "required": ["use"],
        "additionalProperties": not all(keys_of(name) for name in registry.BY_NAME),
    }
    step = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in commands]}
    lists = {kind: {"type": "array", "items": {"$ref": "#/$defs/step"}} for kind in KINDS}
    properties = {**TOP, **lists}
    assert set(properties) == set(TOP_KEYS)
    assert set(LOAD) == set(LOAD_KEYS)
    assert set(OWN) == set(STEP_KEYS)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:rrcli:schema:plan:1",
        "title": "A plan of rrcli run",
        "type": "object",
        "properties": properties,
        "required": ["step"],
        "additionalProperties": False,
        "$defs": {"step": step, **commands},
    }


def _command(entry: registry.Protocol) -> dict[str, Any]:
    """The steps of one command. What `use` brings may be its command, so that nothing else is required beside that."""
    options = keys_of(entry.name)
    manifest = entry.load_manifest()
    typed: dict[str, Any] = {}
    if options and entry.request_type.typed_keys:
        typed = {key: {} for key in load_named(entry.request_type.typed_keys)}
    later: dict[str, Any] = {key: {} for key in word_names(manifest.synopsis)}
    keys = {key: _option(declared) for key, declared in options.items()}
    command = {**WORDS, "description": f"{manifest.help} {manifest.synopsis}"}
    found = {**later, **keys, **typed, **OWN, entry.name: command}
    return {"type": "object", "properties": found, "required": [entry.name], "additionalProperties": not options}


def _option(declared: Option) -> dict[str, Any]:
    """What may stand for an option; a text may be a template, whatever it wants to be in the end."""
    scalar = ["string", "number"]
    kinds = {
        "flag": ["boolean", "string"],
        "optional": ["boolean", *scalar],
        "many": [*scalar, "array"],
        "steps": [*scalar, "array", "object"],
    }.get(declared.kind, [*scalar, "object", "array"] if "JSON" in declared.metavar else scalar)
    return {"type": kinds, "description": declared.help}
