"""The words of `rrcli tcp` as values: bytes with escapes, what to wait for, ports, and the steps of a dialogue."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.url import host_port, is_port, split_host
from rrcli.options.steps import ending, payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.options.steps import Step

MOST_PORTS = 1024  # of one command line


def step(flag: str, text: str) -> Step:
    """One step of a dialogue. Raises `ValueError`."""
    if flag == "--await":
        return flag, ending(text)
    if flag == "--starttls":
        from rrcli.wire.starttls import protocol

        return flag, protocol(text)
    return flag, payload(flag, text)


def place_text(where: tuple[str, int]) -> str:
    return host_port(*where)


def place(text: str) -> tuple[str, int]:
    """`ADDRESS:PORT`. Raises `ValueError`."""
    host, _, port = text.rpartition(":")
    if not host or not is_port(port):
        raise ValueError(f"{text!r} is not ADDRESS:PORT")
    try:
        return split_host(text, None)[0], int(port)
    except ExchangeError as error:
        raise ValueError(error.message) from None


def place_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words, with `HOST PORT`, as netcat has it, put together to `HOST:PORT`."""
    if len(words) != 2 or set(words[1]) - set("0123456789,-") or not words[1][:1].isdigit() or "/" in words[0]:
        return words
    host = words[0] if words[0].startswith("[") or ":" not in words[0] else f"[{words[0]}]"
    return (f"{host}:{words[1]}",)


def each_port(word: str) -> tuple[str, ...] | None:
    """A word for each port of `HOST:22,80,8000-8010`; `None` for a single one. Raises `usage`."""
    host, colon, ports = word.rpartition(":")
    if not colon or not ("," in ports or "-" in ports) or set(ports) - set("0123456789,-"):
        return None
    found: dict[int, None] = {}
    for part in ports.split(","):
        low, dash, high = part.partition("-")
        if not is_port(low) or (dash and not is_port(high)) or int(high or low) < int(low):
            raise usage(f"{part!r} is no port and no range of ports (in {word!r})", "write HOST:22,80,8000-8010")
        found.update(dict.fromkeys(range(int(low), int(high or low) + 1)))
        if len(found) > MOST_PORTS:
            raise usage(f"{word!r} names more than {MOST_PORTS} ports", "take several command lines")
    return tuple(f"{host}:{port}" for port in found)
