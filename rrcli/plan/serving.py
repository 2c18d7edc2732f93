"""A step that serves: loopback responders for as long as the plan runs."""

from __future__ import annotations

from contextlib import ExitStack

from rrcli.engine.catalogue import responders
from rrcli.plan.sending import Sent
from rrcli.responders.serve import addresses, faults_of, start, stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.base.deadline import Deadline
    from rrcli.plan.sending import Sender


def serve(sender: Sender, words: tuple[str, ...], values: dict[str, Any], _limit: Deadline) -> Sent:
    """Start them; the run's end stops them. Raises `usage` for a name that is none, and for an address that cannot be had."""
    catalogue, ports = responders(), dict(values.get("port", ()))
    with ExitStack() as stack:
        faulty, having = stack.enter_context(faults_of(catalogue, words or tuple(ports), values.get("fault", ())))
        running = start(catalogue, having, ports, values.get("host", "127.0.0.1"), faulty)
        stack.callback(stop, running)
        told = (*having, *(name for name in ports if name not in having)) if having else ()
        served = addresses(catalogue, running, told)
        if faulty and faulty.tls:
            served["cacert"] = str(faulty.tls.root)
        sender.at_end(stack.pop_all().close)
    return Sent(served=served, asked=" ".join(told) or "all", found=", ".join(served.values()))
