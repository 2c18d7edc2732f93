"""What the HTTP responder answers over time: events for httpx-sse, long polling, jobs and callbacks for httpx."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import httpx_sse
import pytest
from peers.script import responder

from rrcli.responders.http import HttpResponder
from rrcli.responders.http_call import Feed


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with HttpResponder() as web, httpx.Client(base_url=web.url) as client:
        yield client


def read(client: httpx.Client, url: str, **more: Any) -> list[tuple[str, str, Any, int | None]]:
    with httpx_sse.connect_sse(client, more.pop("method", "GET"), url, **more) as source:
        return [(one.event, one.id, one.data, one.retry) for one in source.iter_sse()]


# --- events


def test_events_come_one_by_one(client: httpx.Client) -> None:
    began = time.monotonic()
    with httpx_sse.connect_sse(client, "GET", "/events?count=2&every=100ms") as source:
        events = source.iter_sse()
        next(events)
        first = time.monotonic() - began
        list(events)
    assert first < 0.1 <= time.monotonic() - began


def test_what_an_event_has(client: httpx.Client, web: HttpResponder) -> None:
    answer = httpx.get(f"{web.url}/events?count=2&every=0")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("text/event-stream", "no-store")
    assert answer.content == (
        b'event: tick\nid: 1\nretry: 200\ndata: {"number": 1, "of": 2}\n\n'
        b'event: tick\nid: 2\ndata: {"number": 2, "of": 2}\n\n'
    )  # fmt: skip
    assert [(kind, key, retry) for kind, key, _, retry in read(client, "/events?count=2&every=0")] == [
        ("tick", "1", 200),
        ("tick", "2", None),
    ]


def test_a_client_that_reconnects_gets_the_rest_and_then_204(client: httpx.Client) -> None:
    url, last, seen = "/events?count=5&per=2&every=0", "", []
    while client.get(url, headers={"Last-Event-ID": last}).status_code == 200:
        seen.append([key for _, key, _, _ in read(client, url, headers={"Last-Event-ID": last})])
        last = seen[-1][-1]
    assert seen == [["1", "2"], ["3", "4"], ["5"]]
    assert client.get(url, headers={"Last-Event-ID": "x"}).status_code == 400


def test_chat(client: httpx.Client) -> None:
    events = read(client, "/chat?every=0", method="POST", json={"prompt": "hello there  ann"})
    assert [data for _, _, data, _ in events] == [
        '{"index": 0, "delta": "hello"}',
        '{"index": 1, "delta": " there"}',
        '{"index": 2, "delta": " ann"}',
        "[DONE]",
    ]


@pytest.mark.parametrize(("content", "status"), [("{", 400), ("[]", 422), ("{}", 422), ('{"prompt": " "}', 422), (" " * 300_000, 413)])
def test_chat_wants_a_prompt(client: httpx.Client, content: str, status: int) -> None:
    assert client.post("/chat", content=content).status_code == status


# --- long polling


def test_a_poll_is_held_until_something_is_new(client: httpx.Client) -> None:
    threading.Timer(0.1, lambda: client.post("/poll", json={"text": "hi"})).start()
    began = time.monotonic()
    answer = client.get("/poll?every=1m")
    assert 0.1 <= time.monotonic() - began < 1
    assert answer.json() == {"next": 1, "items": [{"id": 1, "text": "hi"}]}


def test_a_poll_that_brings_nothing_is_204(client: httpx.Client) -> None:
    began = time.monotonic()
    assert client.get("/poll?wait=100ms").status_code == 204
    assert 0.1 <= time.monotonic() - began < 0.5


def test_a_cursor_goes_on_behind_the_last(client: httpx.Client) -> None:
    for text in "abc":
        client.post("/poll", json={"text": text})
    assert client.get("/poll?since=1").json() == {"next": 3, "items": [{"id": 2, "text": "b"}, {"id": 3, "text": "c"}]}
    assert client.get("/poll?since=3&every=20ms").json() == {"next": 4, "items": [{"id": 4}]}
    assert client.post("/poll", json={"text": 3}).status_code == 422


def test_old_messages_are_dropped() -> None:
    feed = Feed()
    for _ in range(1500):
        feed.add()
    assert [len(feed.since(0)), feed.since(0)[0]["id"], feed.since(1499)] == [1000, 501, [{"id": 1500}]]


def test_a_stop_ends_a_held_poll() -> None:
    def held_poll(url: str) -> None:
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{url}/poll?every=1m&wait=1m", timeout=9)

    with HttpResponder() as web:
        held = threading.Thread(target=held_poll, args=(web.url,))
        held.start()
        time.sleep(0.1)
        began = time.monotonic()
    held.join()
    assert time.monotonic() - began < 1


# --- jobs


def test_a_job_runs_and_is_done(client: httpx.Client) -> None:
    begun = client.post("/jobs?takes=100ms", json={"kind": "report"})
    assert (begun.status_code, begun.headers["location"], begun.headers["retry-after"]) == (202, "/jobs/1", "1")
    assert client.get("/jobs/1").status_code == 202
    assert client.get("/jobs/1/result").status_code == 404
    time.sleep(0.11)
    done = client.get("/jobs/1")
    assert (done.status_code, done.json()) == (200, {"id": 1, "state": "done", "result": {"kind": "report"}})
    assert client.get("/jobs/1/result").json() == {"kind": "report"}
    assert client.get("/jobs/2").status_code == 404


def test_a_job_that_leads_to_its_result(client: httpx.Client) -> None:
    client.post("/jobs?takes=0&done=303", json=[1])
    answer = client.get("/jobs/1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs/1/result")
    assert client.get("/jobs/1", follow_redirects=True).json() == [1]
    assert client.post("/jobs?done=999").status_code == 400


def test_jobs_are_not_kept_without_end(client: httpx.Client) -> None:
    locations = [client.post("/jobs?takes=1m").headers["location"] for _ in range(1001)]
    assert locations[-1] == "/jobs/1001"
    assert [client.get(f"/jobs/{key}").status_code for key in (1, 2)] == [404, 202]


def test_a_callback_is_posted_when_it_is_done(client: httpx.Client) -> None:
    came: list[tuple[str, str | None, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.path, self.headers["Content-Type"], json.loads(content)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.timeout = 5
        url = f"http://127.0.0.1:{server.server_port}/hook?a=b"
        assert client.post("/jobs?takes=50ms", json={"callback": url}).status_code == 202
        server.handle_request()
    assert came == [("/hook?a=b", "application/json", {"id": 1, "state": "done", "result": {"callback": url}})]


@pytest.mark.parametrize(
    "callback", ["http://example.com/", "https://127.0.0.1/", "http://127.0.0.1:x/", "http://127.0.0.1:0/", "http://[", "/x", 3, "http://127.0.0.1/\r\n"]
)  # fmt: skip
def test_a_callback_stays_on_this_machine(client: httpx.Client, callback: object) -> None:
    assert client.post("/jobs", json={"callback": callback}).status_code == 422


def test_a_callback_that_answers_without_end_is_cut(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.responders.http_jobs.CALLBACK_S", 0.3)
    left = threading.Event()

    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                connection.sendall(b".")
                time.sleep(0.02)
        except OSError:
            left.set()

    with responder(answer) as peer:
        url = f"http://{peer.host}:{peer.port}/"
        assert client.post("/jobs?takes=0", json={"callback": url}).status_code == 202
        assert left.wait(2)


def test_a_callback_that_nobody_hears_is_no_harm(client: httpx.Client) -> None:
    assert client.post("/jobs?takes=0", json={"callback": "http://127.0.0.1:1/"}).status_code == 202
    assert client.get("/jobs/1").status_code == 200


# --- sessions


def test_a_session_is_a_cookie(client: httpx.Client) -> None:
    assert client.get("/me").status_code == 403
    answer = client.post("/login?user=ann")
    assert [value.partition("=")[0] for value in answer.headers.get_list("set-cookie")] == ["sid", "visited"]
    assert client.get("/me").json() == {"user": "ann"}
    assert client.get("/me", headers={"Cookie": "sid=other"}).status_code == 403
    assert client.get("/logout").status_code == 204
    assert "sid" not in client.cookies
    assert client.get("/me").status_code == 403


@pytest.mark.parametrize("user", ["", "a%0d%0ab", "a" * 101])
def test_a_user_has_a_name(client: httpx.Client, user: str) -> None:
    assert client.get(f"/login?user={user}").status_code == 400
