"""Words of the command line to values. Each parser raises `ValueError` with a sentence for the user."""

from __future__ import annotations

from rrcli.base.url import is_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


LONGEST = 576 * 3600  # seconds, 24 days: `poll` counts milliseconds in 31 bits


SIZES = {
    "": 1,
    "b": 1,
    "k": 1000,
    "kb": 1000,
    "kib": 1024,
    "m": 10**6,
    "mb": 10**6,
    "mib": 1 << 20,
    "g": 10**9,
    "gb": 10**9,
    "gib": 1 << 30,
}


def split_unit(text: str) -> tuple[float, str]:
    """A number and the unit behind it, in lower case. Raises `ValueError` when there is no finite number >= 0."""
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    if not number or set(number) - set("0123456789.") or len(number) > 30:
        raise ValueError("no number")
    return float(number), text[len(number) :].lower()


def duration(text: str) -> float:
    """Seconds of `250ms`, `3s`, `1m` or bare seconds, up to `LONGEST`."""
    try:
        number, unit = split_unit(text)
        seconds = number * UNITS[unit or "s"]
    except (ValueError, KeyError):
        raise ValueError(f"{text!r} is no duration; write 250ms, 3s, 1m or bare seconds") from None
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is longer than {LONGEST / 3600:g}h; 0 means no limit")
    return seconds


def size(text: str) -> int:
    """Bytes of `64MiB`, `10k` or a bare number."""
    try:
        number, unit = split_unit(text)
        return int(number * SIZES[unit])
    except (ValueError, KeyError):
        raise ValueError(f"{text!r} is no size; write a number of bytes, or 64KiB, 10MB, 1GiB") from None


def digits(number: float) -> str:
    """The number without exponent, which no option reads, and without a fraction of nothing."""
    text = repr(number)
    return f"{number:.25f}".rstrip("0").rstrip(".") if "e" in text else text.removesuffix(".0")


def count(text: str) -> int:
    """A whole number from 0."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


MOST_AT_ONCE = 1000


HIGHEST_RATE = 1e6


def times(text: str) -> int:
    """How often, from 1."""
    if not (number := count(text)):
        raise ValueError(f"{text!r} is not at least 1")
    return number


def concurrent(text: str) -> int:
    """How many exchanges are under way at the same time."""
    if (number := times(text)) > MOST_AT_ONCE:
        raise ValueError(f"{text!r} is more than {MOST_AT_ONCE} at once")
    return number


def rate(text: str) -> float:
    """Exchanges per second, as `50` or `0.5`."""
    try:
        number, unit = split_unit(text)
    except ValueError:
        number, unit = 0.0, ""
    if unit or not 0 < number <= HIGHEST_RATE:
        raise ValueError(f"{text!r} is no rate; write exchanges per second, as 50 or 0.5")
    return number


def lasting(text: str) -> float:
    """Seconds, and more than none."""
    if not (seconds := duration(text)):
        raise ValueError(f"{text!r} is no time to repeat for")
    return seconds


MOST_RETRIES = 1000


def retries(text: str) -> int:
    """How often to try again."""
    if (number := count(text)) > MOST_RETRIES:
        raise ValueError(f"{text!r} is more than {MOST_RETRIES} retries")
    return number


def expression(text: str) -> str:
    """An expression, which is read where the request is known that it is about. Raises `ValueError` for none."""
    if not text.strip():
        raise ValueError("there is no expression; write PATH OP VALUE, as 'json.state == done'")
    return text


def idempotency_key(text: str) -> str:
    """A key that fits into a field: printable ASCII (draft-ietf-httpapi-idempotency-key-header §2.1)."""
    if not text.strip() or not (text.isascii() and text.isprintable()) or text != text.strip():
        raise ValueError(f"{text!r} is no idempotency key; write auto, or printable ASCII without spaces around it")
    return text


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser that takes one of `choices`, and names the nearest otherwise."""

    def parse(text: str) -> str:
        if text in choices:
            return text
        raise ValueError(f"{text!r} is not one of {', '.join(choices)}{suggestion(text, choices)}")

    return parse


def suggestion(word: str, known: tuple[str, ...] | list[str]) -> str:
    """`; did you mean X?` for the nearest of `known`, or nothing."""
    import difflib

    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def collector(text: str) -> str:
    """`auto` or the URL of `--otlp`."""
    if text != "auto" and not text.startswith(("http://", "https://")):
        raise ValueError(f"{text!r} is neither auto nor a URL, as http://localhost:4318")
    return text


def report_rule(text: str) -> tuple[str, str]:
    """`KIND=FILE` of `--report`."""
    kind, equals, path = text.partition("=")
    if not equals or not path:
        raise ValueError(f"{text!r} is not KIND=FILE, as junit=results.xml")
    if path == "-":
        raise ValueError(f"{text!r}: a report is a file; /dev/stdout is one, too")
    return one_of(*REPORTS)(kind), path


def report_text(rule: tuple[str, str]) -> str:
    """The word that `report_rule` reads."""
    return "=".join(rule)


def resolve_rule(text: str) -> tuple[str, int, str]:
    """`HOST:PORT:ADDR` of `--resolve`, as curl has it; an IPv6 address may stand in brackets."""
    host, _, rest = text.partition(":")
    port, _, address = rest.partition(":")
    if not host or not address or not is_port(port):
        raise ValueError(f"{text!r} is not HOST:PORT:ADDRESS")
    return host.lower(), int(port), address.strip("[]")


def resolve_text(rule: tuple[str, int, str]) -> str:
    """The word that `resolve_rule` reads."""
    host, port, address = rule
    return f"{host}:{port}:{_in_brackets(address)}"


def connect_text(rule: tuple[str, int | None, str, int | None]) -> str:
    """The word that `connect_rule` reads."""
    host, port, other, other_port = rule
    return f"{_in_brackets(host)}:{'' if port is None else port}:{_in_brackets(other)}:{'' if other_port is None else other_port}"


def _in_brackets(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def connect_rule(text: str) -> tuple[str, int | None, str, int | None]:
    """`HOST1:PORT1:HOST2:PORT2` of `--connect-to`, as curl has it; each part may be empty."""
    parts: list[str] = []
    for piece in text.split(":"):
        if parts and parts[-1].startswith("[") and not parts[-1].endswith("]"):
            parts[-1] += ":" + piece
        else:
            parts.append(piece)
    if len(parts) != 4 or any(port and not is_port(port) for port in (parts[1], parts[3])):
        raise ValueError(f"{text!r} is not HOST1:PORT1:HOST2:PORT2")
    return (
        parts[0].strip("[]").lower(),
        int(parts[1]) if parts[1] else None,
        parts[2].strip("[]"),
        int(parts[3]) if parts[3] else None,
    )


TLS_VERSIONS = ("1.0", "1.1", "1.2", "1.3")


REPORTS = (
    "json",
    "junit",
    "tap",
    "html",
    "csv",
    "hgrm",
    "openmetrics",
    "har",
)  # kinds of `--report`; what each is made of stands in `report/reports.py`
FORMATS = ("pretty", "body", "raw", "json", "ndjson", "har", "curl", "mermaid", "plan")


def certificate(text: str) -> tuple[str, str | None]:
    """curl's `FILE:PHRASE` of a client certificate; a colon of the name is written `\\:`, but for a file that has just this name."""
    from os.path import exists

    if exists(text):
        return text, None
    file, at = "", 0
    while at < len(text) and text[at] != ":":
        at += text[at] == "\\" and text[at + 1 : at + 2] in (":", "\\")
        file += text[at]
        at += 1
    return file, text[at + 1 :] if at < len(text) else None
