"""A step that waits until peers answer well."""

from __future__ import annotations

from rrcli.base.deadline import Deadline
from rrcli.base.errors import EXIT_TIMEOUT
from rrcli.engine.address import probe_of, protocol_of_url
from rrcli.engine.wait import wait_for
from rrcli.model.values import ExchangeSet
from rrcli.options.waiting import WaitOptions
from rrcli.plan.sending import Sent
from rrcli.policy.secrets import mask_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange
    from rrcli.plan.sending import Sender


def wait(sender: Sender, words: tuple[str, ...], values: dict[str, Any], limit: Deadline) -> Sent:
    """Ask all of them again and again until each answers well, or the time is over. Raises `usage` for what is no URL."""
    limits = WaitOptions(**{name: values[name] for name in WaitOptions.options_ if name in values})
    options = {name: value for name, value in values.items() if name not in WaitOptions.options_}
    requests = [probe_of(protocol_of_url(url), url, options) for url in words]
    whole = limit.sooner(Deadline.after(limits.deadline, "deadline"))
    found = dict(wait_for(requests, whole, limits.every))
    exchanges = tuple(found[number] for number in range(len(words)))
    failed = [(url, exchange) for url, exchange in zip(words, exchanges, strict=True) if exchange.outcome != "ok"]
    code = 0
    if any(exchange.error and exchange.error.kind == "interrupted" for _, exchange in failed):
        code = sender.signal_code()
    elif failed:
        code = EXIT_TIMEOUT
    reason = "; ".join(f"{mask_url(url)} ({_layer(exchange)}: {_said(exchange)})" for url, exchange in failed) or None
    answered = len(words) - len(failed)
    asked = ", ".join(map(mask_url, words))
    return Sent(
        several=ExchangeSet(exchanges=exchanges), exit_code=code, reason=reason, asked=asked, found=f"{answered} of {len(words)} answered"
    )


def _layer(exchange: Exchange) -> str:
    return exchange.error.layer if exchange.error else "application"


def _said(exchange: Exchange) -> str:
    return exchange.error.message if exchange.error else ""
