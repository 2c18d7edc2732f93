"""What the engine and the command line ask of SOAP."""

from __future__ import annotations

from rrcli.adapters.http.hooks import HttpHooks
from rrcli.model.values import Variation


class SoapHooks(HttpHooks):
    """HTTP's, of content that is understood."""

    variation = Variation(repeats=("result", "fault"))


HOOKS = SoapHooks()
