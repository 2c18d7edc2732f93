"""Exchanges built by hand, each a case of the drawn report. Times and sizes are those of a plausible run."""

from __future__ import annotations

from typing import Any

from rrcli.model.values import (
    Attempt,
    Body,
    Certificate,
    Check,
    Connection,
    Exchange,
    ExchangeSet,
    Failure,
    Note,
    RequestMessage,
    Response,
    Status,
    Target,
    Timing,
    TlsInfo,
    TranscriptEntry,
)

MS = 10**6
STARTED = 1_795_255_200  # 2026-11-21T10:00:00Z
DAY = 86400
ID = "0190a5f2-7c3e-7d11-8a52-3f0c9d6b1e42"


def timing(total_ms: float | None = None, **phases: float) -> Timing:
    """Phases in milliseconds."""
    total = sum(phases.values()) if total_ms is None else total_ms
    return Timing(
        started_at_ns=STARTED * 10**9,
        phases={phase: round(ms * MS) for phase, ms in phases.items()},
        total_ns=round(total * MS),
        elapsed_ns=round(total * MS),
    )


def body(data: str | bytes, media_type: str | None = "application/json", **more: Any) -> Body:
    raw = data.encode() if isinstance(data, str) else data
    return Body(data=raw, **{"size": len(raw), "sha256": "9f86d081884c7d659a2feaa0c55ad015", "media_type": media_type, **more})


def exchange(**values: Any) -> Exchange:
    """A POST that created something, with `values` in place of its own."""
    plain: dict[str, Any] = {
        "id": ID,
        "protocol": "http",
        "target": Target(url="http://127.0.0.1:8080/users", host="127.0.0.1", port=8080),
        "request": RequestMessage(
            summary="POST /users HTTP/1.1",
            fields=(("Host", "127.0.0.1:8080"), ("Authorization", "Bearer ‹secret›"), ("Content-Type", "application/json")),
            body=body('{"name":"ann","age":3}'),
            data={"method": "POST", "safe": False, "idempotent": False},
            name="POST",
        ),
        "response": Response(
            summary="HTTP/1.1 201 Created",
            status=Status(code=201, text="Created"),
            fields=(("Content-Type", "application/json"), ("Location", "/users/7"), ("Content-Length", "9")),
            body=body('{"id":7}\n'),
            framing="content-length",
            data={"version": "HTTP/1.1"},
        ),
        "timing": timing(connect=0.2, send=0.1, wait=12.0, receive=0.3, total_ms=13.1),
        "connection": Connection(local="127.0.0.1:50000", peer="127.0.0.1:8080", bytes_sent=140, bytes_received=120),
    }
    return Exchange(**{**plain, **values})


def answered(text: str | bytes, media_type: str | None = "application/json", **more: Any) -> Exchange:
    """A GET answered by 200 with this content; `more` are fields of the answer."""
    content = body(text, media_type)
    fields = (("Content-Type", media_type or ""), ("Content-Length", str(content.size)))
    given = {"fields": fields, "body": content, "framing": "content-length", "data": {"version": "HTTP/1.1"}, **more}
    return exchange(
        target=Target(url="http://127.0.0.1:8080/things?page=2", host="127.0.0.1", port=8080),
        request=RequestMessage(summary="GET /things?page=2 HTTP/1.1", data={"method": "GET", "safe": True, "idempotent": True}, name="GET"),
        response=Response(summary="HTTP/1.1 200 OK", status=Status(code=200, text="OK"), **given),
    )


def refused_by_status(code: int, text: str, content: str) -> Exchange:
    return exchange(
        response=Response(
            summary=f"HTTP/1.1 {code} {text}",
            status=Status(code=code, text=text, ok=False),
            fields=(("Content-Type", "application/json"), ("Retry-After", "2")),
            body=body(content),
            framing="chunked",
            data={"version": "HTTP/1.1"},
        ),
        outcome="application_error",
        error=Failure(
            layer="application", kind="bad_status", message=text, delivery="answered", retry="unsafe" if code > 499 else "useless"
        ),
    )


def failed(failure: Failure, **values: Any) -> Exchange:
    return exchange(outcome="error", error=failure, **{"response": None, **values})


def timed_out() -> Exchange:
    return failed(
        Failure(
            layer="transport", kind="timeout", phase="wait", delivery="unknown", retry="unsafe",
            message="waiting for the answer: the time limit passed (--timeout 2s)",
            hint="the server has the request and did not answer: allow more with --timeout, look at its log",
        ),
        target=Target(url="https://shop.test/cart", host="shop.test", port=443),
        timing=timing(resolve=1.1, connect=12.0, tls=27.5, send=0.2, wait=1959.2),
    )  # fmt: skip


def refused() -> Exchange:
    return failed(
        Failure(
            layer="transport", kind="refused", phase="connect", delivery="not_sent", retry="safe",
            message="connecting to 127.0.0.1:8081: connection refused",
        ),
        target=Target(url="http://localhost:8081/", host="localhost", port=8081),
        timing=timing(resolve=0.31, connect=0.14),
        connection=Connection(
            peer="127.0.0.1:8081",
            attempts=(Attempt(address="::1", ns=60_000, error="refused"), Attempt(address="127.0.0.1", ns=45_000, error="refused")),
        ),
    )  # fmt: skip


def certificate(subject: str, issuer: str, days: int, *sans: str) -> Certificate:
    """One that ends `days` after the exchange, and was good for 90."""
    return Certificate(
        subject=subject, issuer=issuer, sans=sans, key="EC P-256",
        sha256="5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        not_before=STARTED + (days - 90) * DAY, not_after=STARTED + days * DAY + 3600,
    )  # fmt: skip


def tls(days: int, *, verified: bool = True) -> TlsInfo:
    return TlsInfo(
        version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", alpn="http/1.1", sni="shop.test", verified=verified,
        chain=(
            certificate("CN=shop.test", "O=Example Trust, CN=Example CA 3", days, "shop.test", "www.shop.test"),
            certificate("O=Example Trust, CN=Example CA 3", "O=Example Trust, CN=Example Root", 900),
        ),
    )  # fmt: skip


def expired() -> Exchange:
    return failed(
        Failure(
            layer="tls", kind="certificate_expired", phase="tls", delivery="not_sent", retry="useless",
            message="the certificate of shop.test does not verify: certificate has expired",
            hint="it ended 3 days ago: have it renewed, or look past it with -k",
        ),
        target=Target(url="https://shop.test/", host="shop.test", port=443),
        timing=timing(resolve=1.1, connect=12.0, tls=27.5),
        connection=Connection(local="10.0.0.2:50000", peer="192.0.2.7:443", tls=tls(-3, verified=False)),
    )  # fmt: skip


def handshake(host: str, days: int, failure: Failure | None = None) -> Exchange:
    """What `rrcli tls` makes: a handshake, and nothing more."""
    return exchange(
        protocol="tls",
        target=Target(url=f"tls://{host}:443", host=host, port=443),
        request=RequestMessage(summary=f"handshake with tls://{host}:443", data={"safe": True, "idempotent": True}),
        response=None if failure else Response(summary="verified", status=Status(text="verified")),
        timing=timing(resolve=1.1, connect=12.0, tls=27.5),
        connection=Connection(
            local="10.0.0.2:50000", peer="192.0.2.7:443", bytes_sent=517, bytes_received=3120, tls=tls(days, verified=failure is None)
        ),
        outcome="error" if failure else "ok",
        error=failure,
    )


def record(kind: str, data: str, name: str = "www.example.test.") -> dict[str, Any]:
    return {"name": name, "type": kind, "class": "IN", "ttl": 300, "data": data}


def asked_dns(server: str, kind: str, *answers: str, ms: float = 4.1) -> Exchange:
    question = {"name": "www.example.test.", "type": kind, "class": "IN"}
    return exchange(
        protocol="dns",
        target=Target(url=f"dns://{server}/www.example.test?type={kind}", host=server, port=53),
        request=RequestMessage(
            summary=f"{kind} www.example.test @{server} (udp)", data={"question": question, "safe": True, "idempotent": True}
        ),
        response=Response(
            summary="NOERROR",
            status=Status(text="NOERROR"),
            body=body("\n".join(answers), None),
            framing="datagram",
            data={
                "question": [{**question, "ttl": None, "data": None}],
                "answer": [record(kind, answer) for answer in answers],
                "authority": [record("NS", "ns1.example.test.", "example.test.")],
                "additional": [],
                "flags": ["qr", "aa", "rd"],
                "edns": None,
                "id": 4711,
                "transport": "udp",
            },
        ),
        timing=timing(send=0.1, wait=ms - 0.2, receive=0.1),
        connection=Connection(local="10.0.0.2:50000", peer=f"{server}:53", bytes_sent=45, bytes_received=93),
    )


def two_servers(second: str = "192.0.2.3") -> ExchangeSet:
    return ExchangeSet(
        exchanges=(
            asked_dns("1.1.1.1", "A", "192.0.2.1", "192.0.2.2"),
            asked_dns("8.8.8.8", "A", "192.0.2.1", second, ms=11.9),
            asked_dns("1.1.1.1", "AAAA", "2001:db8::1"),
            asked_dns("8.8.8.8", "AAAA", "2001:db8::1", ms=9.0),
        )
    )


def redis_reply() -> Exchange:
    return exchange(
        protocol="redis",
        target=Target(url="redis://127.0.0.1:6379", host="127.0.0.1", port=6379),
        request=RequestMessage(summary="HGETALL user:7", data={"safe": True, "idempotent": True}),
        response=Response(
            display='1# "name" => "ann"\n2# "age" => "3"\nbare \x1b[31mred',
            summary="map of 2",
            status=Status(text="OK"),
            body=body("name\nann\nage\n3", None),
            framing="element-count",
            data={"value": {"name": "ann", "age": "3"}, "type": "map"},
        ),
        timing=timing(connect=0.08, send=0.04, wait=0.21, receive=0.02),
        connection=Connection(local="127.0.0.1:50000", peer="127.0.0.1:6379", bytes_sent=31, bytes_received=40),
    )


def thrift_exception() -> Exchange:
    exception = {"name": "OutOfStock", "fields": {"sku": "s\x1b[31m", "left": 0}}
    text = '{"name": "OutOfStock", "fields": {"sku": "s\\u001b[31m", "left": 0}}'
    return exchange(
        protocol="thrift",
        target=Target(url="thrift://127.0.0.1:9090", host="127.0.0.1", port=9090),
        request=RequestMessage(
            summary="CALL Shop.reserve",
            body=body('{"sku": "s"}', "application/json"),
            data={"service": "Shop", "method": "reserve", "seqid": 0, "oneway": False, "safe": False, "idempotent": False},
        ),
        response=Response(
            summary='OutOfStock {"sku": "s\\u001b[31m", "left": 0}',
            status=Status(text="OutOfStock", ok=False),
            body=body(text, "application/json"),
            framing="length-prefix",
            data={
                "result": None, "exception": exception, "message_type": "reply", "seqid": 0, "transport": "framed",
                "protocol": "compact", "unknown_fields": [],
            },
        ),
        outcome="application_error",
        error=Failure(
            layer="application", kind="bad_status", message='OutOfStock {"sku": "s\\u001b[31m", "left": 0}', delivery="answered",
            retry="useless",
        ),
        timing=timing(connect=0.08, send=0.04, wait=0.21, receive=0.02),
        connection=Connection(local="127.0.0.1:50000", peer="127.0.0.1:9090", bytes_sent=30, bytes_received=41),
    )  # fmt: skip


def wrong_protocol() -> Exchange:
    return failed(
        Failure(
            layer="protocol", kind="wrong_protocol", phase="receive", delivery="unknown", retry="useless",
            message="expected Redis, got HTTP/1.1 400 Bad Request (nginx)", hint="rrcli http http://127.0.0.1:8080/",
        ),
        protocol="redis",
        target=Target(url="redis://127.0.0.1:8080", host="127.0.0.1", port=8080),
        request=RequestMessage(summary="PING", data={"safe": True, "idempotent": True}),
        timing=timing(connect=0.2, send=0.05, wait=0.6, receive=0.05),
    )  # fmt: skip


def remarked() -> Exchange:
    """Accepted with notes; of three checks two hold."""
    return answered("ok\n", "text/plain").replace(
        notes=(
            Note(code="bare-lf", message="line 2 of the fields ends with LF alone, not with CRLF"),
            Note(
                code="clock-skew",
                message="the peer's clock is 3 minutes behind ours, so that whatever depends on dates and ages may come out wrong",
            ),
        ),
        checks=(
            Check(expr="status == 200", ok=True, actual=200),
            Check(expr="header.content-type contains text", ok=True, actual="text/plain"),
            Check(expr="time < 10ms", ok=False, actual=13.1, unit="ms"),
        ),
        outcome="check_failed",
        error=Failure(layer="check", kind="check_failed", message="time < 10ms does not hold: it is 13.1 ms", delivery="answered"),
    )


def with_history() -> Exchange:
    moved = answered("").replace(
        response=Response(summary="HTTP/1.1 302 Found", status=Status(code=302, text="Found")),
        timing=timing(connect=0.2, wait=3.1),
        why="redirect",
    )
    busy = refused_by_status(503, "Service Unavailable", "{}").replace(timing=timing(connect=0.2, wait=120), why="retry")
    return answered('{"done": true}').replace(history=(busy, timed_out().replace(why="retry"), moved))


def hostile() -> Exchange:
    """Control characters wherever a peer or a user can put them, and rich's markup, which must stay text."""
    return answered(
        "plain [bold red]text[/]\n\ttab, CR \r and \x1b]0;title\x07\nC1 \u009b31m, bidi \u202eevil\u2066, DEL \x7f\n",
        "text/plain",
        fields=(("X-\x1b[2J", "a\x1b[31mred\r\n\tb"), ("X-Raw", "caf\udce9"), ("X-Markup", "[link=http://evil.test]here[/link]")),
    ).replace(
        target=Target(url="http://127.0.0.1:8080/\x1b[5m", host="127.0.0.1", port=8080),
        notes=(Note(code="odd", message="the reason is \x1b[7mhere"),),
        checks=(Check(expr="body == '\x1b'", ok=False, actual="\x1b[1m"),),
    )


def wide() -> Exchange:
    rows = [record("TXT", "日本語テキスト", "例え.テスト."), record("TXT", "short", "a.test.")]
    return answered(
        '{"名前": "山田太郎", "emoji": "🎉🎉"}',
        fields=(("X-Title", "日本語" * 20), ("X-Short", "e\u0301té")),
        data={"version": "HTTP/1.1", "records": rows},
    )


def recorded() -> Exchange:
    """With a transcript: a request, an answer in two pieces, and what was left out."""
    head = b"POST /users HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer ********\r\n\r\n"
    return exchange(
        transcript=(
            TranscriptEntry(at_ns=300_000, direction="sent", data=head, note="request line and fields"),
            TranscriptEntry(at_ns=12_400_000, direction="received", data=b"HTTP/1.1 201 Created\r\n\r\n", note="status line"),
            TranscriptEntry(at_ns=12_700_000, direction="received", data=b"\0" * 80 + b'\xff{"id":7}\n'),
            TranscriptEntry(
                at_ns=13_100_000,
                direction="received",
                data=b"",
                note="left out: 512 more bytes in 2 pieces (limit 173; --wire=SIZE keeps more)",
            ),
        )
    )
