"""The entries of an HTTP Archive (HAR 1.2), a browser's too, as documents of exchanges whose `command` sends the same request.

Chromium writes the pseudo fields of HTTP/2 among the fields, `h2` and `http/2.0` for its version, and leaves out contents that it has
thrown away; Firefox writes `HTTP/2`, and forms as text beside their parameters. What is no HTTP, as a WebSocket or `data:`, and what a
browser had blocked or cached, is left out and counted.
"""

from __future__ import annotations

from binascii import Error as NotBase64
from binascii import a2b_base64

from rrcli.adapters.http.prepare.content import form
from rrcli.base.digest import Digest
from rrcli.base.errors import ExchangeError, usage
from rrcli.base.fields import MASK, first, is_json_lines
from rrcli.base.jsontext import loads
from rrcli.base.url import split_url
from rrcli.model.document import SCHEMA, headers, looks_like_json
from rrcli.model.values import PHASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Value = dict[str, Any]
    Pairs = list[tuple[str, str]]

VERSIONS = {
    "h2": "HTTP/2", "http/2.0": "HTTP/2", "http/2": "HTTP/2", "h3": "HTTP/3", "http/3.0": "HTTP/3", "http/3": "HTTP/3",
    "http/1.0": "HTTP/1.0",
}  # fmt: skip
FLAGS = {"HTTP/2": "--http2", "HTTP/3": "--http3", "HTTP/1.0": "--http1.0"}
OF_CONNECTION = ("host", "content-length", "transfer-encoding", "connection", "proxy-connection", "keep-alive", "http2-settings", "upgrade")
FORM = "application/x-www-form-urlencoded"


def read_archive(value: Any) -> tuple[list[Value], list[str]] | None:
    """The documents of an archive's exchanges, and remarks on what was left out; `None` for a value that is no archive.

    Raises `usage` for an archive that is broken. A document whose content was not kept has no `command`.
    """
    log = value.get("log") if isinstance(value, dict) else None
    if not isinstance(log, dict) or "entries" not in log:
        return None
    entries = log["entries"]
    if not isinstance(entries, list):
        raise usage("the archive is broken: log.entries is no list")
    found, left = [], 0
    for number, entry in enumerate(entries):
        try:
            document = _document(entry)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise usage(f"the archive is broken: log.entries[{number}]: {type(error).__name__} {error}") from None
        if document:
            found.append(document)
        else:
            left += 1
    return found, [f"{left} entries were left out: they are no HTTP, or were never sent"] if left else []


def _document(entry: Value) -> Value | None:
    """One entry; `None` for one that is no exchange of HTTP."""
    asked, answer = entry["request"], entry.get("response") or {}
    url = str(asked["url"]).partition("#")[0]
    cached = bool(entry.get("_fromCache")) or str(answer.get("_transferMode")) == "cache"
    if not url.startswith(("http://", "https://")) or cached or (not answer.get("status") and not answer.get("_error")):
        return None
    fields = _fields(asked.get("headers"))
    if any(name.lower() == "upgrade" and text.lower() == "websocket" for name, text in fields):
        return None
    version = _version(asked)
    url = _without_userinfo(url) if first(fields, "authorization") is not None else url
    try:
        place = split_url(url.replace(MASK, "x"))
    except ExchangeError as error:
        raise ValueError(error.message) from None
    path, question, query = url.partition("://")[2].partition("?")
    target = f"/{path.partition('/')[2]}{question}{query}"
    return {
        "schema": SCHEMA, "id": "", "protocol": "http",
        "target": {"url": url, "host": place.host, "port": place.port},
        "command": _command(asked, url, fields, version),
        "request": {
            "summary": f"{asked['method']} {target} {version}",
            "fields": [list(pair) for pair in fields], "headers": headers(tuple(fields)), "body": None,
            "data": {"method": asked["method"]},
        },
        "response": _response(answer) if answer.get("status") else None,
        "timing": {
            "started_at": entry.get("startedDateTime"), **{f"{phase}_ms": None for phase in PHASES}, "total_ms": entry.get("time"),
            "elapsed_ms": None,
        },
        "connection": {"tls": None}, "outcome": "ok" if 0 < (answer.get("status") or 0) < 400 else "application_error", "error": None,
        "notes": [], "checks": [], "history": [], "transcript": None,
    }  # fmt: skip


def _without_userinfo(url: str) -> str:
    """The URL without what a field says as well."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def _version(message: Value) -> str:
    text = str(message.get("httpVersion") or "HTTP/1.1")
    return VERSIONS.get(text.lower(), "HTTP/1.1")


def _fields(listed: Any) -> Pairs:
    """The fields, without the pseudo fields of HTTP/2. Lines within a value are fields of one name, as browsers join them."""
    pairs = [(str(each["name"]), str(each["value"])) for each in listed or () if not str(each["name"]).startswith(":")]
    return [(name, line) for name, value in pairs for line in value.split("\n")]


# --- the request


def _command(asked: Value, url: str, fields: Pairs, version: str) -> list[str] | None:
    """The words that send the request; `None` where its content was not kept."""
    content = _content(asked)
    if content is None:
        return None
    own = {name.lower() for name, _ in fields}
    scheme, _, rest = url.partition("://")
    flag = "--http2-prior-knowledge" if version == "HTTP/2" and scheme == "http" else FLAGS.get(version)
    words = ["http", *([flag] if flag else []), "--request", str(asked["method"]), "--path-as-is"]
    host = first(fields, "host")
    authority = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    if host is not None and host != authority.removesuffix({"http": ":80", "https": ":443"}[scheme]):
        words += ["--header", f"Host: {host}"]
    for name, text in fields:
        text = _readable(text) if name.lower() == "accept-encoding" else text
        if name.lower() not in OF_CONNECTION:
            words += ["--header", f"{name}: {text}" if text.strip() else f"{name};"]
    words += [word for name in ("User-Agent", "Accept") if name.lower() not in own for word in ("--header", f"{name}:")]
    if content:
        kind = str((asked.get("postData") or {}).get("mimeType") or "")
        if "content-type" not in own:
            words += ["--header", f"Content-Type: {kind}" if kind and kind != "x-unknown" else "Content-Type:"]
        words += ["--data-raw", content.decode("utf-8", "surrogateescape")]
    return [*words, url]


def _readable(text: str) -> str:
    """The codings of Accept-Encoding, without those of a browser that cannot be decoded here."""
    from rrcli.codec.http.content import askable

    known = {*askable().split(", "), "identity", "*"}
    return ", ".join(each.strip() for each in text.split(",") if each.partition(";")[0].strip().lower() in known)


def _content(asked: Value) -> bytes | None:
    """The content of the request, empty where it has none; `None` where it was not kept, or not all of it."""
    data, size = asked.get("postData"), asked.get("bodySize") or 0
    if not data:
        return None if size > 0 else b""
    text = data.get("text")
    if (data.get("_encoding") or data.get("encoding")) == "base64":
        try:
            content = a2b_base64(str(text))
        except NotBase64:
            return None
    elif text or not data.get("params"):
        content = str(text or "").encode("utf-8", "surrogateescape")
    elif str(data.get("mimeType", "")).startswith(FORM):
        content = form([(str(each["name"]), str(each.get("value", ""))) for each in data["params"]]).encode()
    else:
        return None
    if MASK.encode() in content:  # its size is that of the true one
        return content
    has_files = any(isinstance(each, dict) and each.get("fileName") for each in data.get("params") or ())
    is_short = size > len(content) and size not in (len(content.decode("latin-1").encode()), len(content) + 2)
    return None if is_short or (has_files and not size) else content


# --- the response


def _response(answer: Value) -> Value:
    fields = _fields(answer.get("headers"))
    code, text, version = int(answer["status"]), str(answer.get("statusText") or ""), _version(answer)
    return {
        "summary": f"{version} {code} {text}".rstrip(), "status": {"code": code, "text": text, "ok": code < 400},
        "fields": [list(pair) for pair in fields], "headers": headers(tuple(fields)), "trailers": [],
        "body": _body(answer.get("content") or {}), "framing": None, "data": None,
    }  # fmt: skip


def _body(content: Value) -> Value | None:
    """The content of an answer as a document has it; `None` where it was not kept."""
    text, kind = content.get("text"), str(content.get("mimeType") or "").partition(";")[0].strip().lower() or None
    if text is None or content.get("comment"):
        return None
    binary: str | None = None
    data = str(text).encode("utf-8", "surrogatepass")
    if content.get("encoding") == "base64":
        try:
            data = a2b_base64(text)
        except NotBase64:
            raise ValueError("its content is no base64") from None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text, binary = None, content["text"]
    digest = Digest()
    digest.update(data)
    return {
        "media_type": kind, "size": len(data), "text": text, "base64": binary, "json": _json(text, kind), "parse_ms": None,
        "truncated": False, "sha256": digest.hexdigest(), "file": None,
    }  # fmt: skip


def _json(text: str | None, kind: str | None) -> Any:
    try:
        return loads(text) if text and looks_like_json(kind, text) and not is_json_lines(kind) else None
    except ValueError:
        return None
