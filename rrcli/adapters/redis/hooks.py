"""What the engine and the command line ask of Redis."""

from __future__ import annotations

import os

from rrcli.adapters.redis.arguments import split_words
from rrcli.adapters.redis.commands import STREAMS, name_of, own_timeout
from rrcli.engine.hooks import Hooks
from rrcli.model.values import Variation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options.request import Request


class RedisHooks(Hooks):
    """Some commands are answered for as long as one listens."""

    variation = Variation(varies=(), repeats=("value", "replies"))

    def streams(self, request: Request) -> bool:
        """A subscription or MONITOR; and a command that waits for as long as it was told to."""
        words = [os.fsencode(word) for word in split_words(request.arguments)[1]]
        return bool(words) and (name_of(words)[0] in STREAMS or own_timeout(words) is not None)


HOOKS = RedisHooks()
