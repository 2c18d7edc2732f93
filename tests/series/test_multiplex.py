"""Many requests on one HTTP/2 connection: the server's limit, its GOAWAY, a stream that fails, content, times."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.settings import SettingCodes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peers.ca import Authority
from peers.http2 import Http2Peer
from peers.recording import Recording
from peers.script import Responder, pause, responder

import rrcli
from rrcli.engine.repeat import Repeater
from rrcli.series.run import send_series
from rrcli.series.tally import Series

GOAWAY = 7


def over_tls(url: str, ca: Authority, times: int, **more: object) -> Series:
    return send_series(rrcli.HttpRequest(url, cacert=str(ca.root), repeat=times, **more))


def test_streams_share_one_connection_within_the_servers_limit(series_web: Any, ca: Authority) -> None:
    series = over_tls(f"https://localhost:{series_web.tls}/", ca, 60, concurrency=12, http2=True)
    assert (series.count, series.failed, series.statuses, series.connections) == (60, 0, {"200": 60}, 1)
    assert series.multiplexed
    assert (series.times["tls"].count, series.times["wait"].count) == (1, 60)


def test_alpn_alone_chooses_it(series_web: Any, ca: Authority) -> None:
    series = over_tls(f"https://localhost:{series_web.tls}/redirect", ca, 5, concurrency=2, location=True)
    assert (series.failed, series.connections, series.multiplexed) == (0, 1, True)


def test_one_at_a_time_uses_it_again(nghttpd: Http2Peer, ca: Authority) -> None:
    series = over_tls(nghttpd.https("/small.txt"), ca, 5)
    assert (series.failed, series.connections) == (0, 1)
    assert series.first
    assert series.first.response
    assert series.first.response.trailers == (("x-checksum", "42"),)


def test_large_answers_and_content_keep_to_the_windows(nghttpd: Http2Peer, hypercorn: Http2Peer, ca: Authority) -> None:
    down = over_tls(nghttpd.https("/large.bin"), ca, 8, concurrency=4, timeout=5.0)
    assert (down.failed, down.errors, down.worst.error if down.worst else None) == (0, {}, None)
    assert down.connections == 1
    assert down.first
    assert down.first.response
    assert down.first.response.body
    assert down.first.response.body.size == 3 * 1024 * 1024 + 17
    up = over_tls(hypercorn.https("/"), ca, 6, concurrency=3, timeout=3.0, data=(("--data", "x" * 300_000),))
    assert (up.failed, up.worst.error if up.worst else None) == (0, None)
    assert up.connections == 1
    assert up.first
    assert up.first.response
    assert up.first.response.body
    assert up.first.response.body.data == b"POST HTTP/2 300000"


def test_goaway_with_every_answer_leads_to_other_connections(nginx2: Http2Peer, ca: Authority) -> None:
    series = over_tls(nginx2.https("/proto"), ca, 6, concurrency=3)
    assert (series.count, series.failed, series.statuses) == (6, 0, {"200": 6})


class Talker:
    """A server on h2 that does with each request, counted over each connection, what `act` says."""

    def __init__(self, settings: dict[SettingCodes, int] | None = None) -> None:
        self.connections = 0
        self._settings = settings or {}
        self._lock = threading.Lock()

    def act(self, connection: int, stream: int, h2: H2Connection) -> bytes:  # noqa: ARG002  # for those that go by it
        h2.send_headers(stream, [(":status", "200")], end_stream=True)
        return b""

    def __call__(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
            number = self.connections
        h2 = H2Connection(H2Configuration(client_side=False))
        h2.initiate_connection()
        if self._settings:
            h2.update_settings(self._settings)
        connection.sendall(h2.data_to_send())
        while data := connection.recv(65536):
            raw = b""
            for event in h2.receive_data(data):
                if isinstance(event, RequestReceived):
                    raw += self.act(number, event.stream_id, h2)
            connection.sendall(h2.data_to_send() + raw)


class GoingAway(Talker):
    """The first connection processes streams 1 and 3, and no other."""

    def act(self, connection: int, stream: int, h2: H2Connection) -> bytes:
        if connection > 1 or stream <= 3:
            return super().act(connection, stream, h2)
        return (8).to_bytes(3, "big") + bytes([GOAWAY, 0]) + bytes(4) + (3).to_bytes(4, "big") + bytes(4) if stream == 5 else b""


class Resetting(Talker):
    """Resets every stream but the first, or refuses it unprocessed once."""

    def act(self, connection: int, stream: int, h2: H2Connection) -> bytes:
        if stream != 5:
            return super().act(connection, stream, h2)
        h2.reset_stream(stream, 2)
        return b""


class Hanging(Talker):
    """Never answers stream 3."""

    def act(self, connection: int, stream: int, h2: H2Connection) -> bytes:
        return super().act(connection, stream, h2) if stream != 3 else b""


def repeat(peer: Responder, method: str = "GET", **more: object) -> Series:
    url = f"http://{peer.host}:{peer.port}/"
    return send_series(rrcli.HttpRequest(method, url, http2_prior_knowledge=True, repeat=10, concurrency=5, **more))


def test_what_goaway_leaves_out_is_sent_again_whatever_it_is() -> None:
    talker = GoingAway()
    with responder(talker) as peer:
        series = repeat(peer, "POST")
    assert (series.count, series.failed, series.connections) == (10, 0, 2)
    assert talker.connections == 2


def test_a_stream_that_is_reset_harms_no_other() -> None:
    with responder(Resetting()) as peer:
        series = repeat(peer, "POST")
    assert (series.count, series.errors, series.connections, series.exit_code) == (10, {"reset": 1}, 1, 4)


def test_a_stream_without_an_answer_runs_out_of_time_alone() -> None:
    with responder(Hanging()) as peer:
        series = repeat(peer, timeout=0.3)
    assert (series.count, series.errors, series.connections, series.exit_code) == (10, {"timeout": 1}, 1, 6)
    assert series.worst
    assert series.worst.error
    assert series.worst.error.phase == "wait"
    assert 0.29e9 <= series.worst.timing.total_ns < 0.6e9


def test_the_limit_of_streams_is_kept_from_the_first_on() -> None:
    class Counting(Talker):
        most = 0

        def act(self, connection: int, stream: int, h2: H2Connection) -> bytes:
            self.most = max(self.most, h2.open_inbound_streams)
            return super().act(connection, stream, h2)

    talker = Counting({SettingCodes.MAX_CONCURRENT_STREAMS: 2})
    with responder(talker) as peer:
        series = repeat(peer)
    assert (series.failed, talker.most <= 2, talker.connections) == (0, True, 1)


def test_a_peer_that_never_greets_is_waited_for_until_the_deadline() -> None:
    with responder(pause(5)) as peer:
        series = repeat(peer, deadline=0.3)
    assert series.errors.keys() <= {"timeout"}
    assert series.exit_code == 6


class Varied(Talker):
    """Answers in turn with what is told: each is a list of steps on the stream of the request."""

    KINDS = ("ok", "other", "busy", "trailers", "pieces", "empty", "reset", "refused", "late reset", "hints", "goaway", "spaced")

    def __init__(self, plan: list[str]) -> None:
        super().__init__()
        self.plan = iter(plan)

    def act(self, connection: int, stream: int, h2: H2Connection) -> bytes:  # noqa: ARG002  # it goes by the plan
        kind = next(self.plan, "ok")
        if kind == "refused":
            h2.reset_stream(stream, 7)
            return b""
        if kind == "reset":
            h2.reset_stream(stream, 2)
            return b""
        if kind == "hints":
            h2.send_headers(stream, [(":status", "103"), ("link", "</a>")])
        code = {"busy": "503", "empty": "204"}.get(kind, "200")
        fields = [(":status", code), ("server", "x"), ("x-odd", " padded ")] if kind == "spaced" else [(":status", code), ("server", "x")]
        h2.send_headers(stream, fields, end_stream=kind == "empty")
        if kind == "empty":
            return b""
        h2.send_data(stream, b"other" if kind == "other" else b"hel", end_stream=False)
        if kind == "late reset":
            h2.reset_stream(stream, 2)
            return b""
        if kind == "goaway":
            h2.send_data(stream, b"lo", end_stream=True)
            return h2.data_to_send() + (8).to_bytes(3, "big") + bytes([GOAWAY, 0]) + bytes(4) + stream.to_bytes(4, "big") + bytes(4)
        h2.send_data(stream, b"lo", end_stream=kind != "trailers")
        if kind == "trailers":
            h2.send_headers(stream, [("x-sum", "7")], end_stream=True)
        return b""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*Varied.KINDS, "ok", "ok"]), min_size=3, max_size=12), st.sampled_from(["GET", "POST"]))
def test_the_short_course_comes_to_the_same(monkeypatch: pytest.MonkeyPatch, plan: list[str], method: str) -> None:
    found = []
    for is_short in (True, False):
        with monkeypatch.context() as patched, responder(Varied(plan)) as peer:
            if not is_short:
                patched.setattr(Repeater, "begin", lambda _: None)
            recording = Recording()
            request = rrcli.HttpRequest(
                method, f"http://{peer.host}:{peer.port}/", http2_prior_knowledge=True, repeat=len(plan), expect=("status in 200,204",)
            )
            series = send_series(request, recording)
            texts = [recording.outcomes[number].replace(str(peer.port), "port").splitlines() for number in sorted(recording.outcomes)]
            found.append((texts, series.count, series.errors, series.statuses, series.connections, series.exit_code, series.bytes_received))
    assert found[0] == found[1]


def test_most_of_many_at_once_are_short(monkeypatch: pytest.MonkeyPatch, series_web: Any, ca: Authority) -> None:
    short: list[bool] = []
    come_back = Repeater.come_back

    def noted(self: Repeater, begun: Any) -> Any:
        outcome = come_back(self, begun)
        short.append(outcome is not None)
        return outcome

    monkeypatch.setattr(Repeater, "come_back", noted)
    series = over_tls(f"https://localhost:{series_web.tls}/", ca, 200, concurrency=4)
    assert (series.count, series.failed, series.statuses, series.connections) == (200, 0, {"200": 200}, 1)
    assert short.count(True) > 150
