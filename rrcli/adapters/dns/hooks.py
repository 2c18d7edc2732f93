"""What the engine and the command line ask of DNS."""

from __future__ import annotations

from rrcli.adapters.dns.questions import name_in, questions_of
from rrcli.engine.hooks import Hooks
from rrcli.model.values import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.adapters.dns.request import DnsRequest
    from rrcli.options.request import Request


class DnsHooks(Hooks):
    """A command line may ask several questions, of several servers."""

    variation = Variation(
        varies=("id", "edns", "server", "transport", "tries", "question", "answer[*].ttl", "authority[*].ttl", "additional[*].ttl"),
        unordered=("answer", "authority", "additional", "flags"),
        repeats=("answer", "authority", "additional"),
    )

    def several(self, request: Request) -> Sequence[DnsRequest] | None:
        """The requests of one question each, type by type and server by server; `None` when there is one at most."""
        asked: DnsRequest = request  # type: ignore[assignment]  # these hooks are asked of no other
        found = questions_of(asked)
        if asked.trace or len(found) == 1:
            return None
        name = name_in(asked)
        return tuple(asked.replace(arguments=question.arguments(name), of_class=None) for question in found)

    def compares(self, request: Request) -> bool:  # noqa: ARG002
        """Several servers are asked to see whether they say the same."""
        return True


HOOKS = DnsHooks()
