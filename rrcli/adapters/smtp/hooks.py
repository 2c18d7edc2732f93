"""What the engine and the command line ask of SMTP."""

from __future__ import annotations

from rrcli.engine.hooks import Hooks
from rrcli.model.values import Variation


class SmtpHooks(Hooks):
    """One exchange, whose replies have their times, and texts with the number of the message in some queue."""

    variation = Variation(
        varies=("banner", "replies[*].text", "replies[*].at_ms", "replies[*].ms", "recipients[*].ms"), has_text=False, repeats=("replies",)
    )


HOOKS = SmtpHooks()
