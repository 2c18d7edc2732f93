"""Why an exit code is not 0, in lines for standard error: a failure's first line, each check that failed, that answers differ."""

from __future__ import annotations

from rrcli.base.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.model.values import Check, Exchange, ExchangeSet


def of_exchange(exchange: Exchange, whom: str = "") -> list[str]:
    """The lines of one exchange, whose secrets must be masked already; `whom` it was with, where there are several."""
    failure = exchange.error
    lines = [failure.message.partition("\n")[0]] if failure and failure.layer != "check" else []
    return _told([*lines, *_broken(exchange.checks)], whom)


def of_set(several: ExchangeSet) -> list[str]:
    """The lines of all exchanges side by side together, whose secrets must be masked already."""
    lines = _told(_broken(several.checks))
    if several.must_agree and not any(exchange.error for exchange in several.exchanges):
        from rrcli.model.document import set_differences

        if found := set_differences(several):
            lines += _told([f"the answers differ: {', '.join(each['path'] for each in found)}"])
    return lines


def _broken(checks: tuple[Check, ...]) -> list[str]:
    """A sentence for each check that failed."""
    broken = [check for check in checks if not check.ok]
    if not broken:
        return []
    from rrcli.policy.literals import sentence

    return [sentence(check) for check in broken]


def _told(lines: list[str], whom: str = "") -> list[str]:
    return [f"rrcli: {visible(whom)}{': ' if whom else ''}{visible(line)}\n" for line in lines]
