"""What the engine and the command line ask of Thrift."""

from __future__ import annotations

from rrcli.engine.hooks import Hooks
from rrcli.model.values import Variation


class ThriftHooks(Hooks):
    """One exchange, whose messages are numbered."""

    variation = Variation(varies=("seqid",), repeats=("result", "exception"))


HOOKS = ThriftHooks()
