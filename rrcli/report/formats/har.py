"""Exchanges as an HTTP Archive, HAR 1.2 (the W3C Web Performance draft of 2012), which browsers' network panels import.

Every attempt and every hop is an entry, in the order in which they were sent. Where the format leaves a choice, it is taken
as Chromium takes it: a request without an answer has status 0 and says why in `_error`, HTTP/2 is `h2`. The exchanges must
be masked already; a size that masking changed is unknown (-1).
"""

from __future__ import annotations

from rrcli.base import __version__
from rrcli.base.errors import usage
from rrcli.base.fields import MASK, all_of, first, readable
from rrcli.base.jsontext import pieces
from rrcli.model.document import body_text, codec_of, iso_seconds, ms
from rrcli.model.values import LARGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from rrcli.engine.registry import Protocol
    from rrcli.model.values import Body, Connection, Exchange, Fields, RequestMessage, Response, Timing

CREATOR = {"name": "rrcli", "version": __version__}
UNKNOWN = -1
VERSIONS = {"HTTP/2": "h2", "HTTP/3": "h3"}  # as ALPN names them; HTTP/1 is written as on the wire
SEPARATE = ("resolve", "send", "wait", "receive")  # phases with a timing of their own; all others make up `connect`
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
NO_TYPE = "x-unknown"
SAME_SITES = {"strict": "Strict", "lax": "Lax", "none": "None"}

Value = dict[str, "Any"]


def check(entry: Protocol) -> None:
    """Raise `usage` where there will be no HTTP to be archived."""
    if not entry.load_manifest().is_http:
        raise usage("a HAR holds HTTP, and this is another protocol", "--format json has all of the exchange, --format mermaid draws it")


def render(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """The archive's text in pieces, one line for each entry's part."""
    entries = [entry_of(hop) for exchange in exchanges for hop in (*exchange.history, exchange)]
    return pieces({"log": {"version": "1.2", "creator": CREATOR, "pages": [], "entries": entries}}, 5)


def entry_of(exchange: Exchange, step: str = "") -> Value:
    """One attempt, or one hop, of a masked exchange; `step` is what it is a part of."""
    timings = _timings(exchange.timing)
    entry: Value = {
        "startedDateTime": moment(exchange.timing.started_at_ns),
        "time": round(sum(value for name, value in timings.items() if name != "ssl" and value != UNKNOWN), 3),
        "request": _request(exchange.request, exchange.target.url),
        "response": _response(exchange),
        "cache": {},
        "timings": timings,
        **_connection(exchange.connection),
    }
    followed = f"followed by another: {exchange.why}" if exchange.why else ""
    if comment := " · ".join(filter(None, (step, followed))):
        entry["comment"] = comment
    return entry


def moment(epoch_ns: int) -> str:
    """A time as the format has it."""
    return f"{iso_seconds(epoch_ns // 10**9)[:-1]}.{epoch_ns // 10**6 % 1000:03d}Z"


def _timings(timing: Timing) -> Value:
    """Milliseconds; -1 is a phase that did not happen. `connect` has `ssl` within it, as the format wants."""
    phases = timing.phases
    connecting = [ns for phase, ns in phases.items() if phase not in SEPARATE]
    return {
        "blocked": UNKNOWN,
        "dns": _ms(phases.get("resolve")),
        "connect": _ms(sum(connecting) if connecting else None),
        "ssl": _ms(phases.get("tls")),
        "send": ms(phases.get("send", 0)),
        "wait": ms(phases.get("wait", 0)),
        "receive": ms(phases.get("receive", 0)),
    }


def _ms(ns: int | None) -> float | None:
    return UNKNOWN if ns is None else ms(ns)


def _connection(connection: Connection) -> Value:
    """The server's address without its port, and our port, which tells connections apart."""
    found: Value = {}
    if connection.peer and not connection.peer.startswith("/"):
        found["serverIPAddress"] = connection.peer.rpartition(":")[0].strip("[]")
    if connection.local and (port := connection.local.rpartition(":")[2]).isdecimal():
        found["connection"] = port
    return found


# --- the request


def _request(message: RequestMessage, url: str) -> Value:
    version = message.summary.rpartition(" ")[2]
    found: Value = {
        "method": str(message.data.get("method", "")),
        "url": readable(url),
        "httpVersion": VERSIONS.get(version, version),
        "cookies": [_cookie(pair) for value in all_of(message.fields, "cookie") for pair in value.split(";") if pair.strip()],
        "headers": _headers(message.fields),
        "queryString": _query(url),
        "headersSize": _head_size(message.summary, message.fields),
        "bodySize": message.body.size if message.body else 0,
    }
    if message.body:
        found["postData"] = _post_data(message.body, first(message.fields, "content-type") or NO_TYPE)
    return found


def _query(url: str) -> list[Value]:
    from urllib.parse import parse_qsl

    query = url.partition("#")[0].partition("?")[2]
    return [_pair(name, value) for name, value in parse_qsl(query, keep_blank_values=True)]


def _post_data(body: Body, media_type: str) -> Value:
    """What was sent; bytes that are no text as base64, which the format has no key for."""
    content = _content_text(body)
    found: Value = {"mimeType": media_type, "params": _params(body, media_type), "text": content.pop("text")}
    found |= {"_encoding": "base64"} if content else {}
    return found | ({"comment": f"the first {len(body.data)} of {body.size} bytes"} if body.truncated else {})


def _params(body: Body, media_type: str) -> list[Value]:
    """The fields of a form, one each."""
    if len(body.data) > LARGE or body.truncated:
        return []
    if body.media_type == MULTIPART:
        return _parts(body.data, media_type)
    if body.media_type != FORM or (text := body_text(body)) is None:
        return []
    from urllib.parse import parse_qsl

    return [_pair(name, value) for name, value in parse_qsl(text, keep_blank_values=True)]


def _parts(data: bytes, media_type: str) -> list[Value]:
    """The parts of a multipart form: a file by its name, anything else with its text."""
    from email import message_from_bytes
    from email.policy import HTTP

    message = message_from_bytes(b"Content-Type: " + media_type.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + data, policy=HTTP)
    found = []
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", "", "content-disposition")
        value: Value = {"name": readable(str(name))}
        if (filename := part.get_filename()) is not None:
            value["fileName"] = readable(filename)
        else:
            content = part.get_payload(decode=True)
            value["value"] = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
        if "content-type" in part:
            value["contentType"] = part.get_content_type()
        found.append(value)
    return found


# --- the response


def _response(exchange: Exchange) -> Value:
    answer, failure = exchange.response, exchange.error
    if answer is None:
        found: Value = {"status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": []}
        found |= {"content": {"size": 0, "mimeType": NO_TYPE}, "redirectURL": "", "headersSize": UNKNOWN, "bodySize": UNKNOWN}
    else:
        version = str(answer.data.get("version", ""))
        coded = _coded_size(answer)
        found = {
            "status": answer.status.code or 0,
            "statusText": readable(answer.status.text),
            "httpVersion": VERSIONS.get(version, version),
            "cookies": [_set_cookie(value) for value in all_of(answer.fields, "set-cookie")],
            "headers": _headers(answer.fields),
            "content": _content(answer, coded),
            "redirectURL": readable(first(answer.fields, "location") or ""),
            "headersSize": _head_size(answer.summary, answer.fields),
            "bodySize": coded,
        }
    if failure and failure.layer not in ("application", "check"):
        found["_error"] = readable(f"{failure.kind}: {failure.message}")
    return found


def _coded_size(answer: Response) -> int:
    """Bytes of the content as it came, still coded; -1 where nothing told."""
    if answer.body is None:
        return 0
    if not first(answer.fields, "content-encoding"):
        return answer.body.size
    length = first(answer.fields, "content-length") or ""
    return int(length) if answer.framing == "content-length" and length.isdecimal() else UNKNOWN


def _content(answer: Response, coded: int) -> Value:
    body = answer.body
    found: Value = {"size": body.size if body else 0, "mimeType": readable(first(answer.fields, "content-type") or "") or NO_TYPE}
    if body is None:
        return found
    if coded not in (UNKNOWN, body.size) and not body.truncated:
        found["compression"] = body.size - coded
    if body.data or not body.size:
        found |= _content_text(body)
    if body.file:
        found["comment"] = readable(f"written to {body.file}")
    elif body.truncated:
        found["comment"] = f"the first {len(body.data)} bytes"
    return found


def _content_text(body: Body) -> Value:
    """`text`, with `encoding` where the bytes are none; what is large is written piece by piece."""
    if len(body.data) > LARGE:
        from rrcli.model.largebody import as_base64, as_text, examine

        codec = codec_of(body)
        return {"text": as_text(body.data, codec)} if examine(body.data, codec)[0] else {"text": as_base64(body.data), "encoding": "base64"}
    text = body_text(body)
    if text is None:
        from binascii import b2a_base64

        return {"text": b2a_base64(body.data, newline=False).decode(), "encoding": "base64"}
    return {"text": text}


# --- fields


def _headers(fields: Fields) -> list[Value]:
    return [_pair(name, value) for name, value in fields]


def _pair(name: str, value: str) -> Value:
    return {"name": readable(name), "value": readable(value)}


def _head_size(summary: str, fields: Fields) -> int:
    """Bytes up to and with the blank line of HTTP/1; of the other versions, and of a masked head, nobody can tell."""
    lines = [summary, *(f"{name}: {value}" for name, value in fields)]
    if not any(part.startswith("HTTP/1") for part in summary.split(" ")) or any(MASK in line for line in lines):
        return UNKNOWN
    return len("".join(f"{line}\r\n" for line in (*lines, "")).encode("utf-8", "surrogateescape"))


def _cookie(pair: str) -> Value:
    name, _, value = pair.strip().partition("=")
    return _pair(name, value)


def _set_cookie(text: str) -> Value:
    """A cookie with its attributes (RFC 6265 section 5.2)."""
    pair, *attributes = text.split(";")
    found = _cookie(pair)
    for attribute in attributes:
        name, _, value = attribute.strip().partition("=")
        key, value = name.strip().lower(), readable(value.strip())
        if key in ("path", "domain"):
            found[key] = value
        elif key in ("secure", "httponly"):
            found["httpOnly" if key == "httponly" else key] = True
        elif key == "samesite":
            found["sameSite"] = SAME_SITES.get(value.lower(), value)
        elif key == "expires" and (moment := _expiry(value)):
            found["expires"] = moment
    return found


def _expiry(date: str) -> str | None:
    """ISO 8601 of an HTTP date; nothing of what is none."""
    from email.utils import parsedate_to_datetime

    try:
        return iso_seconds(int(parsedate_to_datetime(date).timestamp()))
    except (ValueError, OverflowError):
        return None
