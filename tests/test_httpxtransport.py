"""`rrcli.RecordingTransport` under httpx's own client, beside httpx's own transport, against real servers."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from peers.base import Peer
from peers.ca import Authority
from peers.exchange import serving
from peers.httpbin import Httpbin
from peers.nginx import LARGE_SIZE, PASSWORD, USER, Nginx
from peers.script import Handler, deaf, drip, end, hear, hear_end, pause, reset, say
from peers.web import LARGE_SIZE as LARGE2
from peers.web import Http2Peer

import rrcli
from rrcli.model.values import Exchange

HEAD_END = b"\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def transport() -> rrcli.RecordingTransport:
    return rrcli.RecordingTransport()


@pytest.fixture
def client(transport: rrcli.RecordingTransport) -> Iterator[httpx.Client]:
    with httpx.Client(transport=transport) as client:
        yield client


def last(transport: rrcli.RecordingTransport) -> Exchange:
    assert transport.last
    return transport.last


def content_of(exchange: Exchange) -> bytes:
    assert exchange.response
    assert exchange.response.body
    return exchange.response.body.data


# --- the same as httpx's own transport

REQUESTS: dict[str, Callable[[httpx.Client], httpx.Response]] = {
    "get": lambda client: client.get("/get?a=1&b=ü#part"),
    "head": lambda client: client.head("/get"),
    "delete": lambda client: client.delete("/delete"),
    "form": lambda client: client.post("/post", data={"a": "1", "b": "zwei"}),
    "json": lambda client: client.put("/put", json={"name": "ann"}),
    "empty": lambda client: client.post("/post"),
    "multipart": lambda client: client.post("/post", files={"file": ("a.txt", io.BytesIO(b"x" * 200_000), "text/plain")}),
    "pieces": lambda client: client.post("/post", content=iter([b"one", b"", b"two"])),
    "headers": lambda client: client.get("/headers", headers=[("X-One", "1"), ("X-One", "2"), ("x-Case", "kept")]),
    "gzip": lambda client: client.get("/gzip"),
    "deflate": lambda client: client.get("/deflate"),
    "redirect": lambda client: client.get("/redirect/3", follow_redirects=True),
    "post redirected": lambda client: client.post("/redirect-to?url=/post&status_code=307", content=b"again", follow_redirects=True),
    "basic": lambda client: client.get("/basic-auth/ann/secret", auth=("ann", "secret")),
    "basic refused": lambda client: client.get("/basic-auth/ann/secret", auth=("ann", "wrong")),
    "digest": lambda client: client.get("/digest-auth/auth/ann/secret", auth=httpx.DigestAuth("ann", "secret")),
    "cookies": lambda client: client.get("/cookies/set?a=1&b=2", follow_redirects=True),
    "status 204": lambda client: client.get("/status/204"),
    "status 404": lambda client: client.get("/status/404"),
    "status 500": lambda client: client.get("/status/500"),
    "chunked": lambda client: client.get("/stream/5"),
    "bytes": lambda client: client.get("/bytes/50000?seed=1"),
    "charset": lambda client: client.get("/encoding/utf8"),
}  # fmt: skip
VARY = ("date", "set-cookie", "www-authenticate")


@pytest.mark.parametrize("name", REQUESTS)
def test_a_response_is_that_of_httpx(name: str, httpbin: Httpbin, transport: rrcli.RecordingTransport) -> None:
    found: list[Any] = []
    for used in (transport, httpx.HTTPTransport()):
        with httpx.Client(transport=used, base_url=httpbin.url()) as client:
            client.headers["user-agent"] = "the same"
            response = REQUESTS[name](client)
            fields = [field for field in response.headers.multi_items() if field[0] not in VARY and name != "multipart"]
            is_json = name not in ("head", "chunked") and "json" in response.headers.get("content-type", "")
            text = response.json() if is_json else response.content
            if name == "multipart":
                text["headers"].pop("Content-Type")  # type: ignore[index,call-overload]  # the boundary is a random one
            found.append((response.status_code, response.reason_phrase, response.http_version, fields, text, dict(client.cookies)))
            found[-1] += ([past.status_code for past in response.history],)
    assert found[0] == found[1]
    assert [exchange.outcome for exchange in transport.exchanges][-1] in ("ok", "application_error")


def test_each_hop_of_a_redirect_is_an_exchange(nginx: Nginx, client: httpx.Client, transport: rrcli.RecordingTransport) -> None:
    response = client.get(nginx.url("/redirect/twice"), follow_redirects=True)
    assert response.json() == {"users": [{"id": 7, "name": "ann"}]}
    statuses = [exchange.response.status.code for exchange in transport.exchanges if exchange.response]
    assert statuses == [302, 302, 200]
    assert all({"connect", "send", "wait", "receive"} <= set(exchange.timing.phases) for exchange in transport.exchanges)
    assert all(exchange.connection.peer == nginx.address for exchange in transport.exchanges)


def test_the_password_that_httpx_sends_is_a_secret(nginx: Nginx, client: httpx.Client, transport: rrcli.RecordingTransport) -> None:
    client.get(nginx.url("/private"), auth=(USER, PASSWORD))
    assert PASSWORD in last(transport).secrets
    assert PASSWORD not in rrcli.render(last(transport), verbose=True)


def test_an_exchange_has_its_content_decoded(nginx: Nginx, client: httpx.Client, transport: rrcli.RecordingTransport) -> None:
    with client.stream("GET", nginx.url("/gzip.json")) as response:
        coded = b"".join(response.iter_raw())
    assert coded[:2] == b"\x1f\x8b"
    assert content_of(last(transport)) == (nginx.folder / "www" / "users.json").read_bytes()
    assert client.get(nginx.url("/gzip.json")).json() == {"users": [{"id": 7, "name": "ann"}]}


def test_broken_coding_is_httpxs_to_report_and_ours_to_note(client: httpx.Client, transport: rrcli.RecordingTransport) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    with serving(hear(HEAD_END), say(answer)) as url, pytest.raises(httpx.DecodingError):
        client.get(url)
    assert [note.code for note in last(transport).notes] == ["still-coded"]
    with serving(hear(HEAD_END), say(answer)) as url, client.stream("GET", url) as response:
        assert b"".join(response.iter_raw()) == b"abc"
    assert [note.code for note in last(transport).notes] == ["still-coded"]
    assert content_of(last(transport)) == b"abc"


# --- streams


def test_content_comes_as_it_is_sent(nginx: Nginx, client: httpx.Client) -> None:
    began = time.monotonic()
    with client.stream("GET", nginx.url("/slow/body")) as response:
        pieces = response.iter_raw()
        assert next(pieces) == b"early\n"
        assert time.monotonic() - began < 0.15  # the rest comes 0.2 s later
        assert b"".join(pieces) == b"late\n"


def test_a_large_answer_is_not_kept(nginx: Nginx, client: httpx.Client, transport: rrcli.RecordingTransport) -> None:
    assert len(client.get(nginx.url("/large.bin")).content) == LARGE_SIZE
    exchange = last(transport)
    assert exchange.response
    assert exchange.response.body
    assert (exchange.response.body.size, len(exchange.response.body.data), exchange.response.body.truncated) == (LARGE_SIZE, 1 << 20, True)
    assert exchange.outcome == "ok"


def test_closing_a_stream_early_closes_the_connection(client: httpx.Client, transport: rrcli.RecordingTransport) -> None:
    ended = threading.Event()

    def until_end(connection: Any) -> None:
        hear_end(connection)
        ended.set()

    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
    with serving(hear(HEAD_END), say(head + b"some"), until_end) as url:
        with client.stream("GET", url) as response:
            assert next(response.iter_raw()) == b"some"
        assert ended.wait(2)
    assert (last(transport).outcome, content_of(last(transport))) == ("ok", b"some")
    assert last(transport).response.body.truncated  # type: ignore[union-attr]


def test_a_program_that_fails_to_make_its_content_gets_its_own_exception(
    nginx: Nginx, client: httpx.Client, transport: rrcli.RecordingTransport
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        client.post(nginx.url("/echo"), content=pieces())
    error = last(transport).error
    assert error
    assert (error.layer, error.kind, error.message) == ("local", "input", "the program failed to make the content: RuntimeError")


def test_content_of_another_length_than_announced_is_refused(nginx: Nginx, client: httpx.Client) -> None:
    with pytest.raises(httpx.LocalProtocolError, match="Content-Length says 3"):
        client.post(nginx.url("/echo"), content=iter([b"four"]), headers={"content-length": "3"})


# --- failures


def failing(*steps: Handler) -> Callable[[], contextlib.AbstractContextManager[str]]:
    return lambda: serving(*steps)


FAILURES: dict[str, tuple[Callable[[], contextlib.AbstractContextManager[str]], type[httpx.TransportError], str]] = {
    "silence": (failing(hear(HEAD_END), pause(5)), httpx.ReadTimeout, "timeout"),
    "half": (failing(hear(HEAD_END), say(OK[:-1]), pause(5)), httpx.ReadTimeout, "timeout"),
    "hang up": (failing(hear(HEAD_END)), httpx.RemoteProtocolError, "closed"),
    "cut": (failing(hear(HEAD_END), say(OK[:-1])), httpx.RemoteProtocolError, "truncated"),
    "reset": (failing(hear(HEAD_END), reset), httpx.ReadError, "reset"),
    "nonsense": (failing(hear(HEAD_END), say(b"SSH-2.0-x\r\n"), end, hear_end), httpx.RemoteProtocolError, "wrong_protocol"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_httpxs_exception_and_an_exchange(name: str, transport: rrcli.RecordingTransport) -> None:
    served, exception, kind = FAILURES[name]
    for used in (transport, httpx.HTTPTransport()):
        with served() as url, httpx.Client(transport=used, timeout=0.1) as client:
            with pytest.raises(exception) as raised:
                client.get(url)
            assert raised.value.request.url == url
    assert last(transport).error
    assert last(transport).error.kind == kind  # type: ignore[union-attr]


def test_nobody_listens(client: httpx.Client, transport: rrcli.RecordingTransport) -> None:
    with pytest.raises(httpx.ConnectError, match="connection refused"):
        client.get("http://127.0.0.1:1/")
    assert [attempt.error for attempt in last(transport).connection.attempts] == ["refused"]


def test_connecting_takes_too_long(transport: rrcli.RecordingTransport) -> None:
    client = httpx.Client(transport=transport, timeout=httpx.Timeout(5, connect=0.1))
    with deaf() as peer, client, pytest.raises(httpx.ConnectTimeout):
        client.get(f"http://{peer.host}:{peer.port}/")
    assert last(transport).error.phase == "connect"  # type: ignore[union-attr]


def test_a_server_that_stops_reading(transport: rrcli.RecordingTransport) -> None:
    client = httpx.Client(transport=transport, timeout=0.2)
    with serving(hear(HEAD_END), pause(5)) as url, client, pytest.raises(httpx.WriteTimeout):
        client.post(url, content=iter([b"x" * (32 << 20)]))


def test_a_drip_is_no_silence(transport: rrcli.RecordingTransport) -> None:
    with serving(hear(HEAD_END), drip(OK, 0.01)) as url, httpx.Client(transport=transport, timeout=0.2) as client:
        assert client.get(url).text == "ok"


def test_no_other_scheme(client: httpx.Client, transport: rrcli.RecordingTransport) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        client.get("ftp://127.0.0.1/")
    assert transport.exchanges == []


def test_a_line_end_in_a_field_is_refused(nginx: Nginx, client: httpx.Client, transport: rrcli.RecordingTransport) -> None:
    with pytest.raises(httpx.LocalProtocolError):
        client.get(nginx.url(), headers={"x": "a\r\nb: c"})
    assert transport.exchanges == []


# --- TLS, HTTP/2, other ways


def test_tls_is_verified_and_described(nginx: Nginx, ca: Authority) -> None:
    transport = rrcli.RecordingTransport(verify=str(ca.root))
    with httpx.Client(transport=transport) as client:
        assert client.get(nginx.https("/users.json")).status_code == 200
        assert last(transport).connection.tls.version == "TLSv1.3"  # type: ignore[union-attr]
        with pytest.raises(httpx.ConnectError, match="expired"):
            client.get(nginx.https(server="expired"))
    assert last(transport).error.kind == "certificate_expired"  # type: ignore[union-attr]


def test_a_client_certificate(nginx: Nginx, ca: Authority) -> None:
    cert = (str(ca.client.chain), str(ca.client.key))
    with httpx.Client(transport=rrcli.RecordingTransport(verify=str(ca.root), cert=cert)) as client:
        assert client.get(nginx.https("/users.json", "client_required")).status_code == 200


def test_nothing_is_verified_where_that_is_wanted(nginx: Nginx) -> None:
    with httpx.Client(transport=rrcli.RecordingTransport(verify=False)) as client:
        assert client.get(nginx.https("/users.json", "self_signed")).status_code == 200


def test_http2_by_alpn(hypercorn: Http2Peer, ca: Authority) -> None:
    for http2, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
        transport = rrcli.RecordingTransport(verify=str(ca.root), http2=http2)
        with httpx.Client(transport=transport) as client:
            response = client.post(hypercorn.https(), content=iter([b"x" * 100_000, b"y"]))
        assert (response.http_version, response.text) == (version, f"POST {version} 100001")
        assert last(transport).response.data["version"] == version  # type: ignore[union-attr]
        assert last(transport).notes == ()


def test_large_content_over_http2(caddy: Http2Peer, ca: Authority) -> None:
    with httpx.Client(transport=rrcli.RecordingTransport(verify=str(ca.root), http2=True)) as client:
        assert len(client.get(caddy.https("/large.bin")).content) == LARGE2


def test_a_unix_socket(nginx: Nginx) -> None:
    with httpx.Client(transport=rrcli.RecordingTransport(uds=str(nginx.unix_socket))) as client:
        assert client.get("http://anything/status/201").status_code == 201


def test_a_proxy(nginx: Nginx, http_proxy: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = http_proxy()
    monkeypatch.setenv("no_proxy", "*")  # httpx's transport does not look there
    transport = rrcli.RecordingTransport(proxy=f"http://{proxy.address}")
    with httpx.Client(transport=transport) as client:
        assert client.get(nginx.url("/status/201")).status_code == 201
    assert (last(transport).connection.proxy, last(transport).connection.peer) == (f"http://{proxy.address}", proxy.address)


def test_a_proxy_of_the_environment_is_not_used(nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    transport = rrcli.RecordingTransport()
    with httpx.Client(transport=transport) as client:
        assert client.get(nginx.url("/status/201")).status_code == 201
    assert last(transport).connection.proxy is None


def test_one_mount_of_a_client(nginx: Nginx, transport: rrcli.RecordingTransport) -> None:
    with httpx.Client(mounts={nginx.url(""): transport}) as client:
        client.get(nginx.url("/status/204"))
    assert last(transport).response.status.code == 204  # type: ignore[union-attr]


def test_event_hooks_see_every_response(nginx: Nginx, transport: rrcli.RecordingTransport) -> None:
    seen: list[int] = []
    hooks = {"response": [lambda response: seen.append(response.status_code)]}
    with httpx.Client(transport=transport, event_hooks=hooks, follow_redirects=True) as client:
        client.get(nginx.url("/redirect"))
    assert seen == [302, 200]


# --- what is kept


def test_only_the_last_exchanges_are_kept(nginx: Nginx) -> None:
    told: list[Exchange] = []
    transport = rrcli.RecordingTransport(keep=2, on_exchange=told.append)
    with httpx.Client(transport=transport) as client:
        for code in (200, 201, 404):
            client.get(nginx.url(f"/status/{code}"))
    assert [exchange.response.status.code for exchange in transport.exchanges if exchange.response] == [201, 404]
    assert len(told) == 3
    assert told[-1] == last(transport)


def test_many_threads(nginx: Nginx, transport: rrcli.RecordingTransport) -> None:
    with httpx.Client(transport=transport) as client:
        threads = [threading.Thread(target=client.get, args=(nginx.url(f"/status/{code}"),)) for code in (200, 201, 404, 500) * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    codes = [exchange.response.status.code for exchange in transport.exchanges if exchange.response]
    assert sorted(codes) == [200] * 3 + [201] * 3 + [404] * 3 + [500] * 3  # type: ignore[type-var]


def test_checks_and_transcript_by_option(nginx: Nginx) -> None:
    transport = rrcli.RecordingTransport(expect=("status == 201",), wire=1 << 16)
    with httpx.Client(transport=transport) as client:
        assert client.get(nginx.url("/status/200")).status_code == 200  # a check is ours, not the program's
    assert (last(transport).outcome, [check.actual for check in last(transport).checks]) == ("check_failed", [200])
    assert [entry.direction for entry in last(transport).transcript or ()][:2] == ["sent", "received"]


@pytest.mark.parametrize("options", [{"retry": 3}, {"colour": "red"}, {"proxies": {}}])
def test_what_means_nothing_here_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(options))):
        rrcli.RecordingTransport(**options)


# --- asynchronous


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Any]], Any]:
    return lambda function: anyio.run(function, backend=request.param)


def test_an_async_client(run: Callable[..., Any], httpbin: Httpbin, transport: rrcli.RecordingTransport) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one", b"two"):
            await anyio.sleep(0.01)
            yield piece

    async def main() -> None:
        async with httpx.AsyncClient(transport=transport, base_url=httpbin.url(), follow_redirects=True) as client:
            assert (await client.post("/post", content=pieces())).json()["data"] == "onetwo"
            assert (await client.get("/gzip")).json()["gzipped"] is True
            assert (await client.get("/redirect/1")).status_code == 200
            assert (await client.get("/digest-auth/auth/a/b", auth=httpx.DigestAuth("a", "b"))).status_code == 200
            async with client.stream("GET", "/stream/3") as response:
                assert len([line async for line in response.aiter_lines()]) == 3

    run(main)
    codes = [exchange.response.status.code for exchange in transport.exchanges if exchange.response]
    assert codes == [200, 200, 302, 200, 401, 200, 200]


def test_the_loop_goes_on_meanwhile(run: Callable[..., Any], nginx: Nginx, transport: rrcli.RecordingTransport) -> None:
    async def main() -> float:
        began = time.monotonic()
        async with httpx.AsyncClient(transport=transport) as client, anyio.create_task_group() as group:
            for _ in range(60):  # more than the threads that anyio has for everybody
                group.start_soon(client.get, nginx.url("/slow/first-byte"))
        return time.monotonic() - began

    assert run(main) < 2  # one after the other: 12 s
    assert [exchange.outcome for exchange in transport.exchanges] == ["ok"] * 60


def test_a_cancelled_request_leaves_at_once(run: Callable[..., Any], transport: rrcli.RecordingTransport) -> None:
    ended = threading.Event()

    def until_end(connection: Any) -> None:
        hear_end(connection)
        ended.set()

    async def main(url: str) -> float:
        began = time.monotonic()
        async with httpx.AsyncClient(transport=transport) as client:
            with anyio.move_on_after(0.1):
                await client.get(url)
        return time.monotonic() - began

    with serving(hear(HEAD_END), until_end) as url:
        assert run(lambda: main(url)) < 1
        assert ended.wait(1)  # the connection is closed
    for _ in range(100):
        if transport.exchanges:
            break
        time.sleep(0.01)
    assert last(transport).error.kind == "interrupted"  # type: ignore[union-attr]


def test_a_stream_closed_early_by_a_task(run: Callable[..., Any], nginx: Nginx, transport: rrcli.RecordingTransport) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(transport=transport) as client, client.stream("GET", nginx.url("/large.bin")) as response:
            assert response.status_code == 200  # httpx's own iterators may not be left half-way under trio

    run(main)
    assert last(transport).outcome == "ok"
    assert last(transport).response.body.truncated  # type: ignore[union-attr]


def test_async_failures(run: Callable[..., Any], transport: rrcli.RecordingTransport) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        raise RuntimeError("no more")

    async def main(url: str) -> None:
        async with httpx.AsyncClient(transport=transport, timeout=0.1) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get("http://127.0.0.1:1/")
            with pytest.raises(httpx.ReadTimeout):
                await client.get(url)
            with pytest.raises(RuntimeError, match="no more"):
                await client.post(url, content=pieces())

    with serving(hear(HEAD_END), pause(3)) as url:
        run(lambda: main(url))
    assert [exchange.error.kind for exchange in transport.exchanges if exchange.error] == ["refused", "timeout", "input"]


# --- as it is documented


def test_the_fixture_of_the_documentation(nginx: Nginx, tmp_path: Path) -> None:
    import rrcli.httpxtransport

    documented = (rrcli.httpxtransport.__doc__ or "").partition("    @pytest.fixture\n")
    fixture = textwrap.dedent(documented[1] + documented[2])
    tests = f"""
import httpx, pytest, rrcli

{fixture}

def test_fast(client):
    assert client.get("{nginx.url("/status/200")}").status_code == 200

def test_slow(client):
    assert client.get("{nginx.url("/slow/first-byte")}").status_code == 200
"""
    (tmp_path / "test_service.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "CI")}  # they are about this run
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert "2 passed, 1 error" in done.stdout, done.stdout
    assert "test_service.py::test_slow\n" in done.stdout
    assert "✘ 200 OK, 1 of 1 checks failed" in done.stdout
    assert "time < 200ms" in done.stdout
