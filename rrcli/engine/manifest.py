"""What help, failures, drawn reports, the demo, `serve`, `explain` and `doctor` need to know of a protocol.

`adapters/NAME/protocol.py` has `MANIFEST = Manifest(…)`. It is loaded when one of those asks, and so never by an exchange that succeeds
and is printed as it came or as JSON; what such an exchange needs is in the registry, the hooks and the request type.

Where a field names code it is `MODULE:NAME`, loaded by `load` when it is used.
"""

from __future__ import annotations

from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rrcli.responders.catalogue import Place


class Page(Record):
    """The page of a command's help."""

    synopsis: str  # how its arguments are written: `[METHOD] URL [ITEM...]`
    help: str  # one sentence
    words: tuple[tuple[str, str], ...] = ()  # words of the synopsis that do not speak for themselves, and what each is
    examples: tuple[str, ...] = ()  # two to four command lines; the first is what most people come for


class Topic(Record):
    """A page of `rrcli help` that is no command's."""

    title: str  # one sentence
    text: str  # as `cli/page.py` reads it


class DemoStep(Record):
    """One step of `rrcli demo`.

    A command line has no `rrcli` before it; in it `{where}` is where the protocol is answered, `{base}` its responder.
    """

    heading: str
    line: str
    before: tuple[str, ...] = ()  # command lines run unseen before the first step
    needs: str = ""  # a module without which the step is left out, and the extra that installs it
    extra: str = ""


class Manifest(Page):
    """One protocol, as it is presented and explained."""

    label: str  # its own name, for "expected Redis, got …"
    secure: tuple[str, ...] = ()  # its schemes that run over TLS
    probe: tuple[str, ...] = ()  # arguments that make a harmless request of a URL alone: what `doctor` and `wait` ask
    probe_options: Mapping[str, Any] = {}  # and values of its request's options
    probe_of_scheme: Mapping[str, Mapping[str, Any]] = {}  # and more of them, by the URL's scheme
    completes: tuple[str, ...] = ()  # what its arguments can be, for completion
    completes_until: str = ""  # what they end at: `word` when one of them stands there, `url` at a URL too; any number without
    topics: Mapping[str, str] = {}  # pages of `rrcli help` beside the command's own: `MODULE:NAME` of a `Topic`
    foreign_options: tuple[str, ...] = ()  # `advice(flag) -> str | None`: what to write for an option of another tool
    own_line: str = ""  # `line_for(words) -> str | None`: what to write where the words name the server as the protocol's own tool does
    tools: tuple[str, ...] = ()  # commands that people have for it, as `nc`
    secrets_after: tuple[str, ...] = ()  # arguments behind which one or two secrets stand, in capitals
    command_may_show_secrets: bool = False  # `as_command` takes `show_secrets`, too
    as_command: str | None = None  # `as_command(exchange, request) -> str | None`: the same by the protocol's own tool, for a shell
    command_remarks: str | None = None  # `remarks(exchange, request) -> list[str]`: what that command does otherwise than was asked

    explains: str | None = None  # the family of `rrcli explain` that its statuses are codes of
    families: Mapping[str, str] = {}  # the families that it brings, each with the module of its table
    framings: Mapping[str, str] = {}  # what tells where its answers end (`Response.framing`), to follow "ends by"
    greetings: tuple[str, ...] = ()  # what `codec/recognise.py` calls the first bytes of a peer that speaks it
    content_spans: str | None = None  # `content_spans(sent, received)`: where content lies among recorded bytes, to be searched for secrets
    measures: tuple[str, ...] = ()  # keys of `response.data` that tell of the connection
    unsaid: Mapping[str, Any] = {}  # keys of records whose column is left out where it has this value alone
    details: str | None = None  # `details(data) -> list[tuple[str, str]]`: labels and words for `-v`, of a request's or an answer's data
    span: str = ""  # `span(exchange, number) -> (name, attributes)`: as OpenTelemetry's conventions describe it; `number` counts resends
    posts: str = ""  # `post(url, content, fields, **options) -> Request`: hands JSON to a URL of its schemes
    is_http: bool = False  # its exchanges are those of HTTP, as an HTTP archive holds them
    archive: str | None = None  # `read_archive(value)`: the documents of exchanges, and remarks, in a file that other tools save; or `None`
    parts: str | None = None  # `parts(answer) -> list[Part]`: messages drawn below an answer, whose secrets are masked already
    framing_events: tuple[str, ...] = ()  # types of events that every answer has around its messages, and that a drawn report leaves out
    stream_words: str | None = None  # `stream_words(answer) -> list[str]`: what is said of a stream beside its events

    responder: str | None = None  # the class that answers for it in `rrcli serve`
    place: Place | None = None  # or where another one's does
    demo: tuple[DemoStep, ...] = ()


def load(reference: str) -> Any:
    """What `MODULE:NAME` names."""
    module, _, name = reference.partition(":")
    return getattr(__import__(module, fromlist=[name]), name)
