"""What the engine and the command line ask of SMTP."""

from __future__ import annotations

from rrcli.engine.hooks import Hooks
from rrcli.model.values import Variation


class SmtpHooks(Hooks):
    """One exchange, whose replies have their times."""

    variation = Variation(varies=("replies[*].at_ms", "replies[*].ms", "recipients[*].ms"), repeats=("replies",))


HOOKS = SmtpHooks()
