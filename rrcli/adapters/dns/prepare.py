"""From the words and options of `rrcli dns` to the question that goes out."""

from __future__ import annotations

from rrcli.codec.dns.rdata import EVERYDAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns.query import Query
    from rrcli.adapters.dns.questions import Question
    from rrcli.engine.context import Context


def prepare(query: Query) -> None:
    """Load what will be needed, so that it does not happen between question and answer. Raises what `load_anchors` raises."""
    if query.question.kind not in EVERYDAY or query.request.dnssec or query.request.validate:
        from rrcli.codec.dns.rdata import load

        load()
    if query.request.validate:
        from rrcli.adapters.dns.validation import load_anchors

        query.anchors = load_anchors(query.request.anchor)


def _address_as_name(question: Question, context: Context) -> None:
    from rrcli.base.address import literal_family

    name = question.name.removesuffix(".")
    if literal_family(name) is not None:
        context.note("address-as-name", f"{name} was asked for as a name; -x asks for the name of an address")
