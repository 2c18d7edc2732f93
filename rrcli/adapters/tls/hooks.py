"""What the engine and the command line ask of TLS handshakes."""

from __future__ import annotations

from rrcli.adapters.tls.hosts import listed
from rrcli.base.errors import usage
from rrcli.engine.hooks import Hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from rrcli.adapters.tls.request import TlsRequest
    from rrcli.options.request import Request


class TlsHooks(Hooks):
    """A command line may name several hosts."""

    def several(self, request: Request) -> Sequence[TlsRequest] | None:
        """One request for each host; `None` when the command line names one. Raises `usage` and `local` errors."""
        asked: TlsRequest = request  # type: ignore[assignment]  # these hooks are asked of no other
        words = (*asked.arguments, *listed(asked.hosts)) if asked.hosts else asked.arguments
        if not words and asked.hosts:
            raise usage(f"{asked.hosts} names no host", "write one HOST[:PORT] a line")
        if len(words) < 2 and not asked.hosts:
            return None
        return tuple(asked.replace(arguments=(word,), hosts=None) for word in words)


HOOKS = TlsHooks()
