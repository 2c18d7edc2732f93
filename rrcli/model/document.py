"""The exchange as the contract's JSON value (section 3): what `--json` prints and every expression reads.

Milliseconds are made here, and nowhere else. A masked exchange gives a masked document.
"""

from __future__ import annotations

from time import gmtime, monotonic_ns, time

from rrcli.base.fields import readable
from rrcli.base.jsontext import WHITESPACE, Verbatim, loads, plain
from rrcli.model.values import LARGE, PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import (
        Body,
        Certificate,
        Check,
        Connection,
        Exchange,
        ExchangeSet,
        Fields,
        RequestMessage,
        Response,
        Timing,
        TranscriptEntry,
    )

SCHEMA = "rrcli.exchange/1"
SET_SCHEMA = "rrcli.set/1"
BOM = "\ufeff"  # some senders put it before JSON; a reader may ignore it (RFC 8259 §8.1)

# The first names a path may have: the keys of the documents and the shorthands of expressions.
KEYS = (
    "schema", "id", "protocol", "target", "command", "request", "response", "timing", "connection", "outcome", "error", "notes",
    "checks", "history", "transcript",
)  # fmt: skip
SET_KEYS = ("schema", "exchanges", "same", "differences", "checks")
SERIES_KEYS = (
    "schema", "started_at", "elapsed_ms", "count", "succeeded", "failed", "failed_ratio", "unsent", "status", "errors", "timing",
    "rate_per_s", "target_rate_per_s", "connections", "bytes_sent", "bytes_received", "cold", "warm", "histogram", "timeline",
    "first", "worst",
)  # fmt: skip


def document(exchange: Exchange, *, exact: bool = False, whole: bool = False, parsed: bool = False) -> dict[str, Any]:
    """Every key of the contract, always. `exact` keeps JSON bodies and numbers as the text they came as, for writing.

    For an expression that asks for content, `whole` reads it, and `parsed` parses its JSON, whatever it takes.
    """
    value = {
        "schema": SCHEMA,
        "id": exchange.id,
        "protocol": exchange.protocol,
        "target": {"url": exchange.target.url, "host": exchange.target.host, "port": exchange.target.port},
        "command": None if exchange.command is None else list(exchange.command),
        "request": _request(exchange.request, exact, whole, parsed),
        "response": _response(exchange.response, exact, whole, parsed) if exchange.response else None,
        "timing": _timing(exchange.timing),
        "connection": _connection(exchange.connection),
        "outcome": exchange.outcome,
        "error": None,
        "notes": [{"code": note.code, "message": note.message} for note in exchange.notes],
        "checks": _checks(exchange.checks),
        "history": [{**document(earlier, exact=exact, whole=whole, parsed=parsed), "why": earlier.why} for earlier in exchange.history],
        "transcript": None if exchange.transcript is None else [_entry(entry) for entry in exchange.transcript],
    }
    if failure := exchange.error:
        value["error"] = {
            "layer": failure.layer,
            "kind": failure.kind,
            "phase": failure.phase,
            "message": failure.message,
            "hint": failure.hint,
            "delivery": failure.delivery,
            "retry": failure.retry,
        }
    return value


def set_document(several: ExchangeSet, *, exact: bool = False) -> dict[str, Any]:
    """Exchanges sent side by side, and where their answers differ."""
    found = set_differences(several)
    return {
        "schema": SET_SCHEMA,
        "exchanges": [document(exchange, exact=exact) for exchange in several.exchanges],
        "same": not found,
        "differences": found,
        "checks": _checks(several.checks),
    }


def set_differences(several: ExchangeSet) -> list[dict[str, Any]]:
    """Where the answers of exchanges sent side by side differ; see `model/diff`."""
    from rrcli.model.diff import differences
    from rrcli.model.diff.rules import Rules

    rules = Rules(has_tls=False, variation_of=lambda _: several.variation)
    return differences([document(exchange) for exchange in several.exchanges], rules)


def _checks(checks: tuple[Check, ...]) -> list[dict[str, Any]]:
    return [{"expr": check.expr, "ok": check.ok, "actual": check.actual} for check in checks]


def _request(message: RequestMessage, exact: bool, whole: bool, parsed: bool) -> dict[str, Any]:
    return {
        "summary": readable(message.summary),
        "fields": _fields(message.fields),
        "headers": headers(message.fields),
        "body": _body(message.body, exact, whole, parsed),
        "data": dict(message.data),
    }


def _response(answer: Response, exact: bool, whole: bool, parsed: bool) -> dict[str, Any]:
    return {
        "summary": readable(answer.summary),
        "status": _status(answer),
        "fields": _fields(answer.fields),
        "headers": headers(answer.fields),
        "trailers": _fields(answer.trailers),
        "body": _body(answer.body, exact, whole, parsed, timed=True),
        "framing": answer.framing,
        "data": dict(answer.data) if exact else plain(dict(answer.data)),
    }


def _status(answer: Response) -> dict[str, Any]:
    status = answer.status
    reason = {"reason": status.reason} if status.reason else {}
    return {"code": status.code, "text": status.text and readable(status.text), "ok": status.ok, **reason}


def _fields(fields: Fields) -> list[list[str]]:
    return [[readable(name), readable(value)] for name, value in fields]


def headers(fields: Fields) -> dict[str, Any]:
    """Fields by lower-case name; repeats joined by a comma, `set-cookie` always a list."""
    found: dict[str, Any] = {}
    for name, value in _fields(fields):
        key = name.lower()
        if key == "set-cookie":
            found.setdefault(key, []).append(value)
        else:
            found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def _body(body: Body | None, exact: bool, whole: bool, parsed: bool, *, timed: bool = False) -> dict[str, Any] | None:
    if body is None:
        return None
    if exact and len(body.data) > LARGE:
        return _large_body(body, timed=timed)
    text = body_text(body) if whole or is_readable(body) else None
    value, parse_ns = None, None
    if text is not None and not body.truncated and looks_like_json(body.media_type, text) and (parsed or _affordable(body.data)):
        began = monotonic_ns()
        try:
            value = loads(text.removeprefix(BOM))
            parse_ns = monotonic_ns() - began
            value = Verbatim(text.removeprefix(BOM).strip(WHITESPACE)) if exact else value
        except (ValueError, MemoryError):
            value = None
    exactly = text is not None and (codec_of(body) == "utf-8" or text.encode("utf-8", "surrogatepass") == body.data)
    return _body_keys(body, text, None if exactly else _base64(body.data), value, {"parse_ms": ms(parse_ns)} if timed else {})


def _body_keys(body: Body, text: Any, base64: Any, value: Any, times: dict[str, float | None]) -> dict[str, Any]:
    return {
        "media_type": body.media_type,
        "size": body.size,
        "text": text,
        "base64": base64,
        "json": value,
        **times,
        "truncated": body.truncated,
        "sha256": body.sha256,
        "file": body.file,
    }


def _large_body(body: Body, *, timed: bool) -> dict[str, Any]:
    """The same of a body that is written piece by piece, and parsed only to know that it is JSON."""
    from rrcli.model.largebody import as_base64, as_json, as_text, examine

    charset = codec_of(body)
    is_text, same = examine(body.data, charset)
    parse_ns = None
    begins = body.data[:1024].decode(charset, "ignore") if is_text else ""
    if is_text and not body.truncated and looks_like_json(body.media_type, begins) and _affordable(body.data):
        text = body.data.decode(charset)
        began = monotonic_ns()
        try:
            loads(text.removeprefix(BOM))
            parse_ns = monotonic_ns() - began
        except ValueError:
            pass
    return _body_keys(
        body,
        as_text(body.data, charset) if is_text else None,
        None if is_text and same else as_base64(body.data),
        None if parse_ns is None else as_json(body.data, charset),
        {"parse_ms": ms(parse_ns)} if timed else {},
    )


def is_readable(body: Body) -> bool:
    """Whether an expression may read the body as text: one wide letter makes a large one take four times its size."""
    if len(body.data) <= LARGE:
        return True
    from rrcli.model.largebody import readable

    return readable(body.data, codec_of(body))


def is_unparsed(body: Body) -> bool:
    """Whether the body is JSON by its type or its beginning, and too large to be parsed."""
    begins = body.data[:1024].decode("utf-8", "ignore")
    return not body.truncated and not _affordable(body.data) and looks_like_json(body.media_type, begins)


def _affordable(data: bytes) -> bool:
    """Whether a JSON text may be parsed: its value can take many times its size."""
    if len(data) <= LARGE:
        return True
    from rrcli.model.largebody import affordable

    return affordable(data)


def looks_like_json(media_type: str | None, text: str) -> bool:
    """Whether the media type says JSON, or the content starts as an object or array does."""
    if says_json(media_type):
        return True
    return text.removeprefix(BOM).lstrip(WHITESPACE)[:1] in ("{", "[")


def says_json(media_type: str | None) -> bool:
    """Whether the media type is JSON's (RFC 8259 section 11, RFC 6839 section 3.1)."""
    return media_type is not None and media_type.endswith(("/json", "+json"))


def body_text(body: Body) -> str | None:
    """The decoded text; `None` when the bytes are no text in the charset they claim, or hold NUL."""
    try:
        text = body.data.decode(codec_of(body))
    except ValueError:
        return None
    return None if "\0" in text else text


def codec_of(body: Body) -> str:
    """Python's codec for the content: UTF-8 at once where nothing can say another one."""
    plain = body.charset in (None, "utf-8") and body.data[:1] not in (b"\xef", b"\xff", b"\xfe")
    if plain and (body.charset or not body.media_type or not body.media_type.endswith(("xml", "html"))):
        return "utf-8"
    from rrcli.model.charset import codec_of

    return codec_of(body)


def _timing(timing: Timing) -> dict[str, Any]:
    return {
        "started_at": iso(timing.started_at_ns),
        **{f"{phase}_ms": ms(timing.phases.get(phase)) for phase in PHASES},
        "total_ms": ms(timing.total_ns),
        "elapsed_ms": ms(timing.elapsed_ns),
    }


def ms(ns: int | None) -> float | None:
    """Milliseconds to the microsecond."""
    return None if ns is None else round(ns / 1e6, 3)


def iso(epoch_ns: int) -> str:
    """`2026-11-21T10:00:00.123456Z` of nanoseconds since the epoch."""
    return f"{iso_seconds(epoch_ns // 10**9)[:-1]}.{epoch_ns // 1000 % 10**6:06d}Z"


def iso_seconds(epoch: int) -> str:
    """`2026-11-21T10:00:00Z` of seconds since the epoch."""
    year, month, day, hour, minute, second = gmtime(epoch)[:6]
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}Z"


def _connection(connection: Connection) -> dict[str, Any]:
    tls = connection.tls
    leaf = tls.chain[0] if tls and tls.chain else None
    return {
        "local": connection.local,
        "peer": connection.peer,
        "reused": connection.reused,
        "proxy": connection.proxy,
        "attempts": [{"address": tried.address, "ms": ms(tried.ns), "error": tried.error} for tried in connection.attempts],
        "tls": None
        if tls is None
        else {
            "version": tls.version,
            "cipher": tls.cipher,
            "alpn": tls.alpn,
            "sni": tls.sni,
            "verified": tls.verified,
            "days_left": days_left(leaf) if leaf else None,
            "chain": [_certificate(certificate) for certificate in tls.chain],
        },
        "bytes_sent": connection.bytes_sent,
        "bytes_received": connection.bytes_received,
    }


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "sans": list(certificate.sans),
        "not_before": iso_seconds(certificate.not_before),
        "not_after": iso_seconds(certificate.not_after),
        "days_left": days_left(certificate),
        "key": certificate.key,
        "sha256": certificate.sha256,
    }


def days_left(certificate: Certificate) -> int:
    """Whole days until the certificate expires; negative when it has."""
    return int((certificate.not_after - time()) // 86400)


def _entry(entry: TranscriptEntry) -> dict[str, Any]:
    return {"at_ms": ms(entry.at_ns), "direction": entry.direction, "base64": _base64(entry.data), "note": entry.note}


def _base64(data: bytes) -> str:
    from binascii import b2a_base64

    return b2a_base64(data, newline=False).decode()
