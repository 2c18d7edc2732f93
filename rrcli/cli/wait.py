"""`rrcli wait URL...`: until every one of them answers well, all at the same time."""

from __future__ import annotations

from rrcli.base.deadline import Deadline
from rrcli.base.errors import EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_TIMEOUT, highest
from rrcli.base.output import to_stderr
from rrcli.base.units import counted, duration
from rrcli.base.visible import visible
from rrcli.cli.settings import tool_defaults
from rrcli.cli.show import color, print_document, print_text
from rrcli.engine.address import probe_of, protocol_of_url
from rrcli.engine.interrupt import on_term
from rrcli.engine.wait import wait_for
from rrcli.model.document import set_document
from rrcli.model.values import ExchangeSet
from rrcli.options.request import Output
from rrcli.options.waiting import WAIT_TAKES, WaitOptions
from rrcli.policy.redact import masked, masked_set
from rrcli.policy.secrets import mask_url
from rrcli.report.terminal.paint import SEPARATOR, Page, cells, pieces, span
from rrcli.report.terminal.screen import width
from rrcli.report.terminal.verdict import status_words, verdict_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange


def wait(values: dict[str, Any]) -> int:
    """Print a line for each URL as soon as it is known of, or with `--json` the set. Raises `usage` for what is no URL."""
    urls = values.pop("arguments")
    output = Output(**{name: values.pop(name) for name in Output.options_ if name in values})
    limits = WaitOptions(**{name: values.pop(name) for name in WaitOptions.options_ if name in values})
    entries = [protocol_of_url(url) for url in urls]
    requests = [
        probe_of(entry, url, {**tool_defaults(entry, values, WAIT_TAKES), **values}) for entry, url in zip(entries, urls, strict=True)
    ]
    if output.report:
        from rrcli.report.reports import SET, check_reports

        check_reports(output.report, SET)
    termination = on_term()
    whole = Deadline.after(limits.deadline, "--deadline")
    found: dict[int, Exchange] = {}
    for number, exchange in wait_for(requests, whole, limits.every):
        found[number] = exchange
        if not (output.json or output.quiet):
            print_text(line(masked(exchange), mask_url(urls[number]), color=color(output, 1)))
    several = ExchangeSet(exchanges=tuple(found[number] for number in range(len(urls))))
    exchanges = masked_set(several).exchanges
    if output.json:
        print_document(set_document(several.replace(exchanges=exchanges), exact=True), 3)
    code = 0
    failed = [(mask_url(url), exchange) for url, exchange in zip(urls, exchanges, strict=True) if exchange.outcome != "ok"]
    if any(exchange.error and exchange.error.kind == "interrupted" for _, exchange in failed):
        code = EXIT_TERMINATED if termination.arrived else EXIT_INTERRUPTED
    elif failed:
        layers = ", ".join(f"{url} ({_layer(exchange)})" for url, exchange in failed)
        to_stderr(f"rrcli: {len(failed)} of {counted(len(urls), 'URL')} did not answer well within {whole.limit}: {visible(layers)}\n")
        code = EXIT_TIMEOUT
    if output.report:
        from rrcli.report.reports import write_reports

        code = highest([code, write_reports(output.report, several)])
    return code


def line(exchange: Exchange, url: str, *, color: bool) -> str:
    """`✔ http://…  ·  200 OK  ·  1.3 ms  ·  asked 3 times`, or the layer that failed and how; below the URL where that is too long."""
    page = Page(width())
    mark, role = verdict_mark(exchange)
    tries = len(exchange.history) + 1
    if exchange.outcome != "ok" and exchange.error:
        parts = [f"{_layer(exchange)}: {exchange.error.message}"]
    else:
        parts = [status_words(exchange.response.status)] if exchange.response else []
        parts.append(duration(exchange.timing.total_ns))
    parts += [f"asked {tries:,} times"] if tries > 1 else []
    head, said = [(mark, role), (" ", ""), *pieces(url)], SEPARATOR.join(parts)
    if span(head) + len(SEPARATOR) + cells(said) <= page.width:
        page.add([*head, (SEPARATOR, "dim"), *pieces(said)], 0)
    else:
        page.add(head, 0)
        page.add_hanging([], said)
    return page.text(color=color)


def _layer(exchange: Exchange) -> str:
    return exchange.error.layer if exchange.error else "application"
