"""From the words and options of `rrcli dns` to the question that goes out."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.codec.dns.rdata import EVERYDAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns.query import Query
    from rrcli.adapters.dns.questions import Question
    from rrcli.adapters.dns.request import DnsRequest
    from rrcli.engine.context import Context


def refuse_contradictions(request: DnsRequest) -> None:
    """Raise `usage` for options that go only with others."""
    if request.hints and not request.trace:
        raise usage("--hints says where --trace begins", "add --trace")
    if request.anchor and not request.validate:
        raise usage("--anchor says whom --validate trusts", "add --validate")
    if request.trace and request.validate:
        raise usage("--trace and --validate exclude each other", "validate through a resolver: --validate @SERVER")
    if request.trace and request.search:
        raise usage("--trace and --search exclude each other", "give the whole name")


def prepare(query: Query) -> None:
    """Load what will be needed, so that it does not happen between question and answer. Raises what `load_anchors` raises."""
    if query.question.kind not in EVERYDAY or query.request.dnssec or query.request.validate:
        from rrcli.codec.dns.rdata import load

        load()
    if query.request.validate:
        from rrcli.adapters.dns.validation import load_anchors

        query.anchors = load_anchors(query.request.anchor)


def note_address(question: Question, context: Context) -> None:
    """Note that the name asked for is an address."""
    from rrcli.base.url import literal_family

    name = question.name.removesuffix(".")
    if literal_family(name) is not None:
        context.note("address-as-name", f"{name} was asked for as a name; -x asks for the name of an address")
