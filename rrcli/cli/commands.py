"""The commands: one for each protocol of the registry, and the tools beside them.

A command is data: its words, its options, and what to run with the values read. The Typer application, the help and
the completions are all made from it.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rrcli.base.errors import usage
from rrcli.base.jsontext import dumps
from rrcli.base.output import to_stderr, to_stdout
from rrcli.cli.command import Command
from rrcli.cli.execute import execute
from rrcli.cli.fast import build
from rrcli.cli.locustoptions import locust_options
from rrcli.cli.show import color
from rrcli.cli.tooloptions import (
    compare_options,
    config_options,
    diff_options,
    doctor_options,
    history_options,
    replay_options,
    run_options,
    session_options,
    wait_options,
)
from rrcli.engine import registry
from rrcli.engine.catalogue import families, responders
from rrcli.engine.manifest import load
from rrcli.explain import codes, lookup, near
from rrcli.options.option import Optioned, option
from rrcli.options.parse import suggestion
from rrcli.options.request import BESIDE_REQUEST, Output, Request
from rrcli.report.terminal.screen import width
from rrcli.responders.serve import serve as run_responders
from rrcli.responders.serveoptions import ServeOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rrcli.cli.command import Values
    from rrcli.options.option import Option


def find(name: str) -> Command | None:
    """The command of this name, another package's too."""
    entry = registry.BY_NAME.get(name)
    if entry is None and name in TOOLS:
        return TOOLS[name]
    if alias := next((alias for alias in registry.ALIASES if alias.name == name), None):
        return of_alias(alias)
    entry = entry or registry.by_name(name)
    return of_protocol(entry) if entry else None


def of_protocol(entry: registry.Protocol) -> Command:
    """The command of a protocol: its own options first, those of a protocol below it, then those that all share."""
    request_type, manifest = entry.request_type, entry.load_manifest()
    declared = {**BESIDE_REQUEST, **request_type.options_}
    its_own = [name for each in request_type.__mro__ if f"{each.__module__}.".startswith(f"{entry.home}.") for name in _declared_by(each)]
    own = [name for name in request_type.options_ if name not in Request.options_]
    own.sort(key=lambda name: name not in its_own)

    return Command(
        name=entry.name,
        synopsis=manifest.synopsis,
        help=manifest.help,
        examples=manifest.examples,
        options={name: declared[name] for name in (*own, *BESIDE_REQUEST, *Request.options_)},
        run=lambda values: execute(build(entry, request_type, values)),
        needs_arguments=request_type.needs_arguments,
        stops=request_type.options_end_at_data,
        place_first=request_type.place_first,
        completes=lambda: manifest.completes,
        completes_until=manifest.completes_until,
        words=manifest.words,
        without_effect=request_type.without_effect,
        exchanges=True,
    )


def _declared_by(request_type: type) -> Mapping[str, Option]:
    """The options that this class itself declares."""
    found: Mapping[str, Option] = request_type.__dict__.get("own_options_", {})
    return found


def of_alias(alias: registry.Alias) -> Command:
    """The command of another tool's words, for its help: what it runs is put into ours before anything is read."""
    page = alias.load_page()
    return Command(
        name=alias.name, synopsis=page.synopsis, help=page.help, words=page.words, examples=page.examples, options=alias.load().options(),
        run=lambda _: 0, needs_arguments=True, exchanges=True,
    )  # fmt: skip


# --- the tools -------------------------------------------------------------------------------------------


class ExplainOptions(Optioned):
    """How explanations are printed."""

    json: bool = option("--json", kind="flag", help="Print a JSON list of the explanations.")


def explain(values: Values) -> int:
    """`rrcli explain CODE`: every meaning of the code. Raises `usage` for an unknown one."""
    code = " ".join(values["arguments"])
    known = families()
    found = lookup(code, known)
    if not found:
        nearest = near(code, known)
        raise usage(
            f"nothing is known of {code!r}" + (f"; did you mean {nearest}?" if nearest else ""),
            f"{', '.join(known)} are the families; exit 6 asks one of them",
        )
    if values.get("json"):
        to_stdout((dumps([{name: getattr(each, name) for name in each.fields_} for each in found], 2) + "\n").encode())
        return 0
    from rrcli.report.terminal.explained import render_explanations

    text = render_explanations(found, width=width(), color=color(Output(), 1))
    to_stdout((text if text.endswith("\n") else text + "\n").encode())
    return 0


SCHEMAS = ("exchange", "event", "set", "series", "run", "plan")
EMBEDDED = {"set": ("exchange",), "series": ("exchange",), "run": ("exchange", "set", "series")}  # the documents that each may hold


def schema(values: Values) -> int:
    """`rrcli schema [NAME]`: the JSON Schema of a document. Raises `usage` for an unknown name."""
    names = values["arguments"] or ("exchange",)
    if len(names) > 1:
        raise usage(f"schema takes one name, got {len(names)}")
    to_stdout((schema_text(names[0]) + "\n").encode())
    return 0


def schema_text(name: str) -> str:
    """The JSON Schema (2020-12) of the document called `name`, whole in itself: what it refers to is embedded."""
    import json
    from importlib.resources import files

    if name not in SCHEMAS:
        raise usage(f"there is no schema {name!r}{suggestion(name, SCHEMAS)}", f"there are {', '.join(SCHEMAS)}")
    if name == "plan":
        from rrcli.plan.schema import plan_schema

        return json.dumps(plan_schema(), indent=2)
    folder = files("rrcli") / "schemas"
    text = (folder / f"{name}.json").read_text()
    if name not in EMBEDDED:
        return text.rstrip()
    held = {each: json.loads((folder / f"{each}.json").read_text()) for each in EMBEDDED[name]}
    whole = json.loads(text)
    whole["$defs"] = {**whole.get("$defs", {}), **held}
    return json.dumps(whole, indent=2)


def serve(values: Values) -> int:
    """`rrcli serve [PROTOCOL...]`: loopback responders until Ctrl-C or TERM; or the list of the faults they can have."""
    if values.get("faults"):
        from rrcli.responders import faults

        to_stdout((dumps(faults.listed(), 2) + "\n" if values.get("json") else faults.listing()).encode())
        return 0
    names, ports = values["arguments"], dict(values.get("port", ()))
    return run_responders(
        responders(),
        names or tuple(ports),
        host=values.get("host", "127.0.0.1"),
        ports=ports,
        faults=values.get("fault", ()),
        json_line=bool(values.get("json")),
        out=_Standard(lambda text: to_stdout(text.encode("utf-8", "surrogateescape"))),
        err=_Standard(to_stderr),
    )


class _Standard(StringIO):
    """A standard stream that may be closed or full: writing fails as everywhere else here."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def write(self, text: str) -> int:
        self._write(text)
        return len(text)


def later(reference: str) -> Callable[[Values], int]:
    """The function that `MODULE:NAME` names, loaded when it runs."""
    return lambda values: load(reference)(values)


def with_words(reference: str) -> Callable[[list[str]], int]:
    """The same, of a function that reads the words itself."""
    return lambda words: load(reference)(words)


def demo(values: Values) -> int:
    """`rrcli demo`: responders, and one exchange with each."""
    if values["arguments"]:
        raise usage("demo takes no words")
    from rrcli.cli.demo import demo

    return demo()


def help_page(values: Values) -> int:
    """`rrcli help [TOPIC]`: the overview, or the page of a command or a topic. Raises `usage` for an unknown one."""
    from rrcli.cli import page
    from rrcli.cli.help import page_of

    if len(values["arguments"]) > 1:
        raise usage(f"help takes one topic, got {len(values['arguments'])}")
    name = values["arguments"][0] if values["arguments"] else page.OVERVIEW
    if name in (page.OVERVIEW, *page.names()):
        page.show(name)
    elif command := find(name):
        page.print_page(page_of(command))
    else:
        raise usage(f"there is no help for {name!r}{suggestion(name, subjects())}", f"there is help for {', '.join(subjects())}")
    return 0


def subjects() -> tuple[str, ...]:
    """What there is help for: the commands and the topics."""
    from rrcli.cli.topics import topics

    return (*(command.name for command in (*protocols(), *TOOLS.values())), *topics())


def completion(values: Values) -> int:
    """`rrcli completion SHELL`: the script, with the commands of other packages in it. Raises `usage` for an unknown shell."""
    from rrcli.cli.completion.scripts import SCRIPTS

    if len(values["arguments"]) > 1:
        raise usage(f"completion takes one shell, got {len(values['arguments'])}")
    shell = values["arguments"][0]
    if shell not in SCRIPTS:
        raise usage(f"there is no completion for {shell!r}{suggestion(shell, SHELLS)}", f"there is one for {', '.join(SHELLS)}")
    others = tuple(map(of_protocol, registry.third_party()))
    to_stdout(SCRIPTS[shell]((*protocols(), *others, *TOOLS.values())).encode())
    return 0


def protocols() -> tuple[Command, ...]:
    """The commands of this package that send something: the protocols, and the words of other tools."""
    return (*map(of_protocol, registry.PROTOCOLS), *map(of_alias, registry.ALIASES))


SHELLS = ("bash", "zsh", "fish", "powershell")
TOOLS = {
    command.name: command
    for command in (
        Command(
            name="explain", synopsis="CODE...", help="Say what a status, error or exit code means and what to do.",
            options=ExplainOptions.options_, run=explain, needs_arguments=True, completes=lambda: codes(families()),
            examples=("rrcli explain 429", "rrcli explain exit 6"),
        ),
        Command(
            name="serve", synopsis="[PROTOCOL...]", help="Run loopback responders until Ctrl-C.",
            options=ServeOptions.options_, run=serve, completes=lambda: responders().names,
            examples=("rrcli serve", "rrcli serve http redis --port http=8080 --json"),
        ),
        Command(
            name="doctor", synopsis="URL", help="Walk the layers one by one and name the first that fails.",
            options=doctor_options(), run=later("rrcli.cli.doctor:doctor"), needs_arguments=True,
            examples=("rrcli doctor https://example.com/", "rrcli doctor redis://127.0.0.1:6379 --json"),
        ),
        Command(
            name="wait", synopsis="URL...", help="Wait until every URL answers well, whatever its scheme.",
            options=wait_options(), run=later("rrcli.cli.wait:wait"), needs_arguments=True,
            examples=("rrcli wait http://127.0.0.1:8080/ redis://127.0.0.1:6379", "rrcli wait tcp://db:5432 --deadline 10s --every 100ms"),
        ),
        Command(
            name="run", synopsis="PLAN...", help="Run plans of exchanges, with checks, captures and a teardown.",
            options=run_options(), run=later("rrcli.cli.run:run"), needs_arguments=True, takes_files=True,
            examples=("rrcli run shop.toml", "rrcli run shop.toml --var base=http://127.0.0.1:8080 --only reserve --json",
                      "rrcli run shop.toml --report junit=results.xml --report html=report.html"),
        ),
        Command(
            name="diff", synopsis="A B", help="Show where two documents differ: exchanges, sets, runs or series.",
            options=diff_options(), run=later("rrcli.cli.diff:diff"), needs_arguments=True, takes_files=True,
            words=(("A B", "Files that --json wrote, of one kind; - is standard input."),),
            examples=("rrcli diff before.json after.json", "rrcli diff before.json after.json --ignore 'json.items[*].at' --json",
                      "rrcli http :8080/users --json | rrcli diff saved.json -"),
        ),
        Command(
            name="locust", synopsis="PLAN [-- LOCUST OPTION...]", help="Run a plan as a load under Locust, on many cores and machines.",
            options=locust_options(), run=later("rrcli.cli.locust:locust"), takes_files=True,
            words=(("LOCUST OPTION", "Locust's own, as --csv PREFIX or --html FILE."),),
            examples=("rrcli locust shop.toml --users 50 --expect 'steps.reserve.series.p99 < 200ms'",
                      "rrcli locust shop.toml --master --workers 2 --users 500 -- --csv shop",
                      "rrcli locust --worker --master-host 10.0.0.5", "rrcli locust shop.toml --web"),
        ),
        Command(
            name="compare", synopsis="[--with WORDS]... COMMAND...", help="Send a request in several ways, and show where answers differ.",
            options=compare_options(), run=lambda _: 0, takes_words=with_words("rrcli.cli.compare:compare"), needs_arguments=True,
            completes=lambda: tuple(entry.name for entry in registry.PROTOCOLS), completes_until="word",
            words=(("COMMAND...", "Any command that sends something, with its own options; --repeat N sends them in turn."),
                   ("WORDS", "A URL in the place of its own, options and items, in one pair of quotes; behind COMMAND... too.")),
            examples=("rrcli compare --with https://staging.test/users http https://www.test/users",
                      "rrcli compare http :8080/users --with 'Accept-Language: de' --ignore json.at",
                      "rrcli compare --with --http2 https://www.test/ --repeat 100"),
        ),
        Command(
            name="config", synopsis="", help="Show the settings in force, and where each comes from.",
            options=config_options(), run=later("rrcli.cli.config:config"),
            examples=("rrcli config", "rrcli config --env staging --json"),
        ),
        Command(
            name="replay", synopsis="FILE|@N", help="Send again what was saved, and compare the answers.",
            options=replay_options(), run=lambda _: 0, takes_words=with_words("rrcli.cli.replay:replay"), needs_arguments=True,
            takes_files=True,
            words=(("FILE", "A document of --json, a run, lines of them, or a HAR, a browser's too; - is standard input."),
                   ("@N", "An entry of the history; @1 is the newest.")),
            examples=("rrcli replay saved.json --target http://127.0.0.1:8080", "rrcli replay saved.json --secret authorization=TOKEN",
                      "rrcli replay browser.har --ignore header.etag --json", "rrcli replay @1"),
        ),
        Command(
            name="history", synopsis="[N]", help="List what was sent, the newest first, where history = true is set.",
            options=history_options(), run=later("rrcli.cli.history:history"),
            words=(("N", "How many; without it 20, and all with --json."),),
            examples=("rrcli history", "rrcli history 5 --json | jq -r .target.url"),
        ),
        Command(
            name="session", synopsis="[list|show|remove] [NAME]", help="List, show or remove the named sessions of HTTP.",
            options=session_options(), run=later("rrcli.cli.session:session"), completes=lambda: ("list", "show", "remove"),
            completes_until="word", names_behind=(("show", "sessions"), ("remove", "sessions")),
            examples=("rrcli session", "rrcli session show me", "rrcli session remove 127.0.0.1_8080/me"),
        ),
        Command(
            name="demo", synopsis="", help="Show one exchange per protocol; needs no network.", options={}, run=demo,
            examples=("rrcli demo", "rrcli demo | less"),
        ),
        Command(
            name="schema", synopsis="[NAME]", help="Print the JSON Schema of a document, or of a plan.",
            options={}, run=schema, completes=lambda: SCHEMAS,
            examples=("rrcli schema > exchange.schema.json", "rrcli schema set"),
        ),
        Command(
            name="help", synopsis="[TOPIC]", help="Show the help of a command or a topic.", options={}, run=help_page,
            words=(("TOPIC", "A command, or one of those that rrcli help lists."),), completes=subjects, completes_until="word",
            examples=("rrcli help expressions", "rrcli help items"),
        ),
        Command(
            name="completion", synopsis="SHELL", help="Print the completion script of bash, zsh, fish or powershell.", options={},
            run=completion, needs_arguments=True, completes=lambda: SHELLS, completes_until="word",
            examples=("rrcli completion bash > ~/.local/share/bash-completion/completions/rrcli",
                      "rrcli completion fish > ~/.config/fish/completions/rrcli.fish"),
        ),
    )
}  # fmt: skip
