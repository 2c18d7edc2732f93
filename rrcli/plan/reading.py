"""The tables of a plan read as steps: keys, words, options and expressions, each checked where it stands."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError
from rrcli.engine import registry
from rrcli.engine.defaults import place_of_url
from rrcli.engine.manifest import load as load_named
from rrcli.engine.settings import BASE_URL, check_base
from rrcli.options.keys import value_of
from rrcli.options.parse import concurrent, duration, suggestion
from rrcli.plan import names
from rrcli.plan.defaults import defaults_of
from rrcli.plan.keys import COMMON, GROUPS, STEP_KEYS, commands, keys_of, word_names
from rrcli.plan.ownfiles import takes_file
from rrcli.plan.step import EXPRESSIONS, HOLE, INCLUDE, Condition, Step, compiled
from rrcli.plan.template import Expression, Template, has_template
from rrcli.plan.told import told
from rrcli.plan.tools import TOOLS, ports_of
from rrcli.plan.words import split
from rrcli.policy.expect import Expectation, of_one, split_expectation
from rrcli.policy.paths import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from rrcli.base.places import Path as Place
    from rrcli.base.sourcefile import Problems
    from rrcli.engine.settings import Setting
    from rrcli.options.option import Option
    from rrcli.plan.model import Plan
    from rrcli.plan.tools import Tool

FILE_ENDINGS = (".csv", ".json", ".ndjson", ".toml")


class Reader:
    """Reads the steps of one plan."""

    def __init__(self, plan: Plan, problems: Problems, include: Callable[[str, Iterable[str]], Plan]) -> None:
        """`include` reads the plan of a file that is given variables of these names. Raises `ValueError` and what reading raises."""
        self._include = include
        self.plan = plan
        self.problems = problems
        self.source = plan.source
        self._known_settings: dict[str, list[Setting]] = {}
        self._check_defaults()

    def finish(self) -> None:
        """Check what can be told once all steps are known: names of steps, and of variables."""
        names.check(self.plan, self.problems)
        if any(step.snapshot or step.schema for step in self.plan.steps):
            from rrcli.plan.snapshot import check

            check(self.plan, self.problems)

    def step(self, kind: str, number: int, table: dict[str, Any]) -> Step:
        """One step. It is read as far as it can be understood."""
        place: Place = (kind, number)
        step = Step("", kind, self.source, place)
        merged, origins = self._with_template(table, place)
        if isinstance(merged.get(INCLUDE), str) and not commands() & merged.keys():
            self._read_included(step, merged, origins)
        else:
            self._find_command(step, merged, origins, place)
        name = merged.get("name")
        step.name = name if isinstance(name, str) and name else f"{step.command or kind} {number + 1}"
        if name is not None and not isinstance(name, str):
            self.problems.add(self.source, origins["name"], "name is a text")
        self._read_own(step, merged, origins)
        if step.runs_plan and step.captures:
            self.problems.add(self.source, origins["capture"], f"what the plan captures is read as {{{{{step.name}.NAME}}}}", key=True)
        if step.entry:
            self._read_options(step, merged, origins)
        elif step.tool:
            self._read_tool(step, step.tool, merged, origins)
        elif step.runs_plan:
            for key in merged:
                self.problems.add(
                    self.source, origins[key], f"a step that runs a plan has no {key}{suggestion(key, list(STEP_KEYS))}", key=True
                )
        return step

    def _read_tool(self, step: Step, tool: Tool, table: dict[str, Any], origins: dict[str, Place]) -> None:
        """The options of a command that is no protocol's."""
        options = tool.keys()
        for key, value in table.items():
            with told(self.problems, self.source, origins[key]):
                if key not in options:
                    near = suggestion(key.replace("_", "-"), [*STEP_KEYS, *options])
                    self.problems.add(self.source, origins[key], f"{tool.name} has no option {key}{near}", key=True)
                    continue
                given = ports_of(value, [word.text for word in step.words]) if key == "port" else value
                found = compiled(given)
                if found == given and not isinstance(found, Template):
                    value_of(options[key], key, given)
                step.options[key] = options[key], found
        self._defaults(step, options, table)
        step.defaults = [default for default in step.defaults if not default.is_bound]  # which go to one place

    def _read_included(self, step: Step, table: dict[str, Any], origins: dict[str, Place]) -> None:
        """The plan that a step runs, and the variables that it is given."""
        path = table.pop(INCLUDE)
        step.runs_plan = True
        given = table.pop("vars", {})
        with told(self.problems, self.source, origins[INCLUDE]):
            if not isinstance(given, dict):
                raise ValueError('vars is a table: { name = "value" }')
            step.variables = compiled(given)
            step.included = self._include(path, given)

    # --- where values come from

    def _with_template(self, table: dict[str, Any], place: Place) -> tuple[dict[str, Any], dict[str, Place]]:
        """The keys of a step over those of its template, each with its place."""
        origins: dict[str, Place] = {key: (*place, key) for key in table}
        used = table.get("use")
        if used is None:
            return dict(table), origins
        templates = self.source.values.get("template", {})
        base = templates.get(used) if isinstance(used, str) else None
        if isinstance(used, str) and used in templates and not isinstance(base, dict):
            return dict(table), origins  # which is told where it stands
        if not isinstance(base, dict):
            self.problems.add(self.source, (*place, "use"), f"there is no [template.{used}]{suggestion(str(used), list(templates))}")
            return dict(table), origins
        merged = dict(base)
        for key in base:
            origins.setdefault(key, ("template", used, key))
        for key, value in table.items():
            before = merged.get(key)
            merged[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
        return merged, origins

    def _defaults(self, step: Step, options: dict[str, Option], table: dict[str, Any], left: tuple[str, ...] = ()) -> None:
        """What the settings have for a step and it does not say itself."""

        def compile_own(declared: Option, setting: Setting) -> Any:
            with told(self.problems, self.source, (*setting.table, setting.key)):
                return self._option(declared, setting.key, setting.value, left, step.entry)
            return setting.value

        step.defaults = defaults_of(step, self._settings(step.command), options, table, compile_own, self.problems)

    def _settings(self, command: str) -> list[Setting]:
        """The settings for a command, which are the same for all its steps."""
        if command not in self._known_settings:
            self._known_settings[command] = self.plan.settings.of(self.source, command)
        return self._known_settings[command]

    def _join_base(self, step: Step, entry: registry.Protocol, left: tuple[str, ...]) -> None:
        """Put a URL that begins with `/` behind the nearest base-url."""
        base = next((setting.value for setting in self._settings(entry.name) if setting.key == BASE_URL), None)
        texts = [word.text for word in step.words]
        at = place_of_url(entry, entry.request_type, texts, base if isinstance(base, str) else None)
        if at is not None:
            step.words[at] = Template(f"{str(base).rstrip('/')}{texts[at]}", left)

    def _check_defaults(self) -> None:
        """Tell the keys of `[defaults]` and `[env.NAME]` that no step could have."""
        values = self.source.values
        tables: list[tuple[Place, Any]] = [(("defaults",), values.get("defaults", {}))]
        tables += [(("env", name), table) for name, table in values.get("env", {}).items()]
        for path, table in tables:
            if not isinstance(table, dict):
                self.problems.add(self.source, path, f"{path[-1]} is a table: write [{'.'.join(map(str, path))}]", key=True)
                continue
            for key, value in table.items():
                if key == "vars" and path[0] == "env":
                    if not isinstance(value, dict):
                        self.problems.add(self.source, (*path, key), f"vars is a table: write [{'.'.join(map(str, path))}.vars]")
                    continue
                is_command = isinstance(value, dict) and key in commands()
                known = keys_of(key) if is_command else COMMON
                for each in value if is_command else [key]:
                    if each == BASE_URL:
                        with told(self.problems, self.source, (*path, key, each) if is_command else (*path, key)):
                            base = value[each] if is_command else value
                            if not (isinstance(base, str) and has_template(base)):
                                check_base(base)
                    elif each not in known:
                        where = (*path, key, each) if is_command else (*path, key)
                        said = f"{key} has no option" if is_command else "not every command has"
                        self.problems.add(self.source, where, f"{said} {each}{suggestion(each, list(known))}", key=True)

    # --- the command

    def _find_command(self, step: Step, table: dict[str, Any], origins: dict[str, Place], place: Place) -> None:
        """Which key is the command, and its words."""
        found = [key for key, value in table.items() if isinstance(value, (str, list)) and key in commands()]
        if len(found) > 1:
            found = [key for key in found if not any(key in keys_of(other) for other in found if other != key)] or found
        if len(found) != 1:
            self.problems.add(self.source, place, f"a step has exactly one command: {_instead(found, table)}", key=True)
            return
        key = found[0]
        value, path = table.pop(key), origins[key]
        step.tool = TOOLS.get(key)
        if step.tool is None:
            with told(self.problems, self.source, path, key=True):
                registry.BY_NAME[key].load()
                step.entry = registry.BY_NAME[key]
            if step.entry is None:
                return
        with told(self.problems, self.source, path):
            words = split(value) if isinstance(value, str) else [_text(each) for each in value]
            is_data = step.entry is not None and step.entry.request_type.options_end_at_data
            if not is_data and isinstance(value, list) and words[:1] == ["--"]:  # as on a command line: what follows is no option
                words, is_data = words[1:], True
            for word in words:
                if word[:1] == "-" and len(word) > 1 and not is_data:
                    name = word.lstrip("-").partition("=")[0]
                    raise ValueError(f"{key}: {word} is an option: write it as a key, {name} = …")
            step.words = [Template(word, self._left(step, table)) for word in words]
            if step.tool:
                if not words and step.tool.needs_words:
                    raise ValueError(f"{key} takes {step.tool.synopsis}, got nothing")
                step.tool.check([word.text for word in step.words if word.is_plain])

    def _left(self, step: Step, table: dict[str, Any]) -> tuple[str, ...]:
        """Names whose templates the request fills in itself."""
        if step.entry is None:
            return ()
        own = (*step.entry.request_type.fills, *GROUPS.findall(str(table)))
        known = {*self.plan.variables, *self.plan.given}
        return tuple(name for name in own if name not in known)

    # --- keys

    def _read_own(self, step: Step, table: dict[str, Any], origins: dict[str, Place]) -> None:
        """The keys that every step may have."""
        self._keys = set(table)
        for key in STEP_KEYS:
            if key in table:
                value = table.pop(key)
                with told(self.problems, self.source, origins[key]):
                    self._set_own(step, key, value, origins[key])

    def _set_own(self, step: Step, key: str, value: Any, path: Place) -> None:
        if key == "tags":
            step.tags = tuple(_text(tag) for tag in (value if isinstance(value, list) else [value]))
        elif key == "when":
            step.when = Condition(_text(value), names.known_of(self.plan))
        elif key == "for-each":
            step.rows = self._rows(value)
        elif key == "depends-on":
            if step.kind != "step":
                raise ValueError(f"a {step.kind} has its place; depends-on is for [[step]]")
            step.depends_on = tuple(_text(name) for name in (value if isinstance(value, list) else [value]))
        elif key == "delay":
            step.delay = duration(str(value))
        elif key == "on-failure":
            if value not in ("stop", "continue"):
                raise ValueError(f"on-failure is stop or continue{suggestion(str(value), ['stop', 'continue'])}")
            step.goes_on = value == "continue"
        elif key == "output":
            if step.entry is None:
                raise ValueError(f"{step.command} has no content for a file")
            step.output = compiled(_text(value))
            if isinstance(step.output, str):
                self.plan.root.resolve(step.output)
        elif key == "jobs":
            step.jobs = concurrent(str(value))
            if "for-each" not in self._keys:
                raise ValueError("jobs is for the rows of for-each; steps side by side are depends-on, and jobs of the plan")
        elif key in ("fresh", "cookies"):
            if step.tool:
                raise ValueError(f"{step.command} has no {key}")
            if not isinstance(value, bool):
                raise ValueError(f"{key} is true or false")
            setattr(step, key, value)
        elif key == "snapshot":
            from rrcli.plan.snapshot import read_snapshot

            step.snapshot = read_snapshot(value)
        elif key == "json-schema":
            from rrcli.plan.schemafile import read_schema

            step.schema = read_schema(value, self.plan.root, self.problems, self.source, path)
        elif key == "capture":
            if not isinstance(value, dict):
                raise ValueError('capture is a table: { name = "json.id" }')
            for name, text in value.items():
                if why := names.wrong_name(name):
                    self.problems.add(self.source, (*path, name), why, key=True)
                with told(self.problems, self.source, (*path, name)):
                    known = step.tool.reads() if step.tool and step.tool.reads else ()
                    step.captures[name] = Path(_text(text), known, f"{step.command}")

    def _rows(self, value: Any) -> Any:
        if isinstance(value, list):
            return compiled(value)
        if not isinstance(value, str):
            raise ValueError("for-each is a list, a file of rows, or the path of a list")
        text = value
        if text.endswith(FILE_ENDINGS):
            from rrcli.plan.rows import read_rows

            return read_rows(self.plan.root.resolve(text))
        return Expression(text)

    def _read_options(self, step: Step, table: dict[str, Any], origins: dict[str, Place]) -> None:
        """The keys that the command has: typed ones, options, and names of its later words."""
        entry = step.entry
        assert entry
        options = keys_of(entry.name)
        typed = load_named(entry.request_type.typed_keys) if entry.request_type.typed_keys else {}
        later = word_names(entry.load_manifest().synopsis)
        left = self._left(step, table)
        self._join_base(step, entry, left)
        for key, value in table.items():
            with told(self.problems, self.source, origins[key]):
                if key in typed and not (key in options and isinstance(value, bool)):
                    step.typed[key] = compiled(typed[key].load(value), left)
                elif key in options:
                    step.options[key] = options[key], self._option(options[key], key, value, left, entry)
                elif key not in later:
                    near = suggestion(key.replace("_", "-"), [*STEP_KEYS, *typed, *options, *later])
                    self.problems.add(self.source, origins[key], f"{entry.name} has no option {key}{near}", key=True)
        for key in (key for key in later if key in table and key not in options and key not in typed):
            with told(self.problems, self.source, origins[key]):
                given = table[key] if isinstance(table[key], list) else [table[key]]
                step.data += [_data_word(each, left) for each in given]
        if entry.request_type.needs_arguments and not step.words and not step.data:
            self.problems.add(self.source, step.path, f"{entry.name} takes {entry.load_manifest().synopsis}, got nothing")
        self._defaults(step, options, table, left)
        has_deadline = "deadline" in step.options or any(default.key == "deadline" for default in step.defaults)
        waits = "until" in step.options and not has_deadline and self.plan.deadline is None
        if waits:
            self.problems.add(self.source, origins["until"], "until needs a deadline, of the step or of the plan", key=True)

    def _option(self, declared: Option, key: str, value: Any, left: tuple[str, ...], entry: registry.Protocol | None) -> Any:
        """The value of an option, checked as far as it can be without what templates bring."""
        if declared.name in EXPRESSIONS and entry:
            return self._expression(declared, value, left, entry)
        found = compiled(value, left)
        if next(names.expressions(found), None) is None:
            value_of(declared, key, found)
        elif declared.kind == "steps" and takes_file(declared) and not key.endswith(("-raw", "-string")):
            for each in found if isinstance(found, list) else [found]:
                ((flag, text),) = each.items() if isinstance(each, dict) and len(each) == 1 else ((key, each),)
                if isinstance(text, Template) and text.begins_with_value and not flag.endswith(("-raw", "-string")):
                    raise ValueError(f"{key}: a value at the beginning could be taken for @FILE: write {key}-raw")
        return found

    def _expression(self, declared: Option, value: Any, left: tuple[str, ...], entry: registry.Protocol) -> Any:
        """Expectations, in which a literal may be a template."""
        texts = value if isinstance(value, list) else [value]
        found = []
        for text in texts:
            template = Template(_text(text), left)
            holed = template.filled(lambda _piece, _number: f'"{HOLE}"')
            if not template.is_plain and HOLE in split_expectation(holed)[0]:
                raise ValueError(f"{text!r} has a template in its path; only the value on the right may be one")
            self._check_expression(declared, holed, entry)
            found.append(template.plain if template.is_plain else template)
        return found if isinstance(value, list) else found[0]

    @staticmethod
    def _check_expression(declared: Option, text: str, entry: registry.Protocol) -> None:
        """Raise `usage` for what is no expression over what the option is about."""
        if declared.name == "ok":
            from rrcli.policy.judge import Judge

            Judge((), text)
        elif declared.name == "until":
            try:
                Expectation(text)
            except ExchangeError:
                Expectation(text, entry.request_type.event_keys)
        elif not Expectation(text).reads_series:
            of_one(text)


# --- small things


def _instead(found: list[str], table: dict[str, Any]) -> str:
    """What to say of a step that has several commands, or none."""
    if found:
        return f"it has {' and '.join(found)}"
    known = [*registry.BY_NAME, INCLUDE, *TOOLS]
    near = ((key, suggestion(key, known)) for key, value in table.items() if isinstance(value, (str, list)) and key not in STEP_KEYS)
    return next((f"{key} is none{meant}" for key, meant in near if meant), f"one of {', '.join(known)}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a text is wanted, not {value!r}")
    return value


def _data_word(value: Any, left: tuple[str, ...]) -> Template:
    """A later word: text, or a number as it is written; all else as JSON."""
    from rrcli.base.jsontext import dumps

    if isinstance(value, str):
        return Template(value, left)
    return Template(dumps(value).replace("{{", "{ {"))
