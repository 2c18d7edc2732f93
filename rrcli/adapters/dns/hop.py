"""What one hop asks."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.adapters.dns.questions import Question


class DnsHop(Record):
    """What one hop asks, and with which cookie of the server's."""

    question: Question
    cookie: bytes | None = None


def first_hop(asked: list[Question]) -> DnsHop:
    """What to begin with. Raises `usage` for more than one question."""
    if len(asked) != 1:
        raise usage(f"this asks {len(asked)} questions, and one exchange has one", "send each of rrcli.engine.fanout.parts_of(request)")
    return DnsHop(question=asked[0])
