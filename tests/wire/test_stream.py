"""The byte stream: bounded reads from one buffer, writes that listen, and a deadline that nothing moves."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from peers.script import Responder, drip, end, hear, hear_end, pause, reset, responder, say, script

from rrcli.base.deadline import Deadline
from rrcli.base.errors import ExchangeError
from rrcli.wire.recorder import Recorder
from rrcli.wire.stream import Plain, Stream

BIG = bytes(range(256)) * 32_768  # 8 MiB: more than the kernel buffers on the way


def over(sock: socket.socket, timeout: float | None = 5, idle: float | None = None, wire: int | None = None) -> Stream:
    """A stream over a socket, under a deadline of `timeout` seconds."""
    sock.setblocking(False)
    recorder = Recorder(wire)
    return Stream(Plain(sock, recorder), recorder, Deadline.after(timeout, "--timeout"), idle)


@contextlib.contextmanager
def pair(timeout: float | None = 5, idle: float | None = None) -> Iterator[tuple[Stream, socket.socket]]:
    """A stream and its peer, a blocking socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield over(ours, timeout, idle), theirs


@contextlib.contextmanager
def dialled(peer: Responder, timeout: float | None = 5, idle: float | None = None) -> Iterator[Stream]:
    with socket.create_connection((peer.host, peer.port)) as sock:
        yield over(sock, timeout, idle)


@contextlib.contextmanager
def running(act: Callable[[], None]) -> Iterator[None]:
    """`act` in a thread, done at the end of the block."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    yield
    thread.join(5)
    assert not thread.is_alive()


def failure(caught: pytest.ExceptionInfo[ExchangeError]) -> tuple[str, str]:
    return caught.value.layer, caught.value.kind


@contextlib.contextmanager
def little_work(limit_s: float = 0.15) -> Iterator[None]:
    """Waiting costs next to no processor time in this thread: nothing spins."""
    before = time.thread_time()
    yield
    assert time.thread_time() - before < limit_s


# --- reading


def test_read_exact_over_pieces() -> None:
    with pair() as (stream, peer):
        peer.sendall(b"abcdef")
        assert [stream.read_exact(2), stream.read_exact(0), stream.read_exact(3)] == [b"ab", b"", b"cde"]
        with running(lambda: peer.sendall(b"ghi")):
            assert stream.read_exact(4) == b"fghi"


def test_nothing_is_read_for_nothing() -> None:
    with pair() as (stream, peer):
        assert stream.read_exact(0) == b""
        assert stream.eof is False
        peer.sendall(b"a")
        assert stream.read_exact(1) == b"a"


def test_read_exact_at_the_end() -> None:
    with pair() as (stream, peer):
        peer.sendall(b"abc")
        peer.close()
        with pytest.raises(ExchangeError, match="^the stream ended after 3 of 4 bytes$") as caught:
            stream.read_exact(4)
        assert failure(caught) == ("protocol", "truncated")
        assert stream.receive() == b"abc"  # what came is still there
        assert stream.receive() == b""


def test_lines() -> None:
    with pair() as (stream, peer):
        peer.sendall(b"one\r\n\ntwo\nrest")
        assert [stream.read_line(), stream.read_line(), stream.read_line()] == [b"one\r\n", b"\n", b"two\n"]
        assert stream.buffered is True
        peer.sendall(b" of it\n")
        assert stream.read_line() == b"rest of it\n"
        assert stream.buffered is False


@pytest.mark.parametrize("pieces", [[b"12345\n"], [b"123", b"45\n"], [b"12345", b"6"]], ids=["at once", "in pieces", "without an end"])
def test_a_line_over_the_limit_is_too_large_however_it_comes(pieces: list[bytes]) -> None:
    with pair() as (stream, peer):
        for piece in pieces:
            peer.sendall(piece)
            stream.wait_readable(1)
        with pytest.raises(ExchangeError, match="^a line is longer than 5 bytes$") as caught:
            stream.read_line(5)
        assert failure(caught) == ("protocol", "too_large")


def test_a_line_of_just_the_limit() -> None:
    with pair() as (stream, peer):
        peer.sendall(b"1234\n5")
        assert stream.read_line(5) == b"1234\n"


def test_a_line_without_an_end() -> None:
    with pair() as (stream, peer):
        peer.sendall(b"abc")
        peer.close()
        with pytest.raises(ExchangeError, match="^the stream ended within a line, after 3 bytes of it$") as caught:
            stream.read_line()
        assert failure(caught) == ("protocol", "truncated")


def test_receive_gives_what_is_there_up_to_a_limit() -> None:
    with pair() as (stream, peer):
        peer.sendall(b"abcdef")
        assert stream.receive(4) == b"abcd"
        stream.unread(b"cd")
        assert stream.receive(1) == b"c"
        assert stream.receive() == b"d"
        assert stream.receive() == b"ef"


def test_what_is_unread_comes_again_even_after_the_end() -> None:
    with pair() as (stream, peer):
        peer.sendall(b"ab")
        peer.close()
        assert stream.receive() == b"ab"
        assert stream.receive() == b""
        stream.unread(b"b")
        assert [stream.receive(), stream.receive(), stream.receive()] == [b"b", b"", b""]


def test_the_end_keeps_being_the_end() -> None:
    with pair() as (stream, peer):
        peer.shutdown(socket.SHUT_WR)
        with little_work():
            assert [stream.receive() for _ in range(3)] == [b"", b"", b""]
            assert stream.wait_readable(5) is True
        assert stream.eof is True
        stream.write(b"still heard")
        assert peer.recv(100) == b"still heard"


def test_a_reset_while_waiting() -> None:
    with responder(script(hear(b"\n"), reset)) as peer, dialled(peer) as stream:
        stream.write(b"\n")
        with pytest.raises(ExchangeError, match="^while receiving: the peer reset the connection$") as caught:
            stream.receive()
        assert failure(caught) == ("transport", "reset")


# --- waiting


def test_wait_readable() -> None:
    with pair() as (stream, peer):
        began = time.monotonic()
        with little_work():
            assert stream.wait_readable(0.05) is False
        assert 0.05 <= time.monotonic() - began < 0.2
        peer.sendall(b"a")
        assert stream.wait_readable(5) is True
        assert stream.buffered is True
        assert stream.wait_readable(5) is True
        assert stream.receive() == b"a"
        peer.close()
        assert stream.wait_readable(5) is True
        assert stream.receive() == b""


def test_a_wait_ends_at_the_deadline_of_the_exchange() -> None:
    with pair(timeout=0.05) as (stream, _), pytest.raises(ExchangeError, match=r"\(--timeout 50ms\)$") as caught:
        stream.wait_readable(5)
    assert failure(caught) == ("transport", "timeout")


def test_a_silence_ends_at_the_idle_timeout_and_a_drip_does_not() -> None:
    steps = script(hear(b"\n"), drip(b"abcdef", every_s=0.02), pause(5))
    with responder(steps) as peer, dialled(peer, idle=0.1) as stream:
        stream.write(b"\n")
        assert stream.read_exact(6) == b"abcdef"
        with pytest.raises(ExchangeError, match=r"\(--idle-timeout 100ms\)$") as caught:
            stream.receive()
        assert failure(caught) == ("transport", "timeout")


def receive_all(stream: Stream) -> None:
    while stream.receive():
        pass


def receive_until_silence(stream: Stream) -> None:
    while stream.wait_readable(5):
        stream.receive()


@pytest.mark.parametrize("read", [receive_all, receive_until_silence, lambda stream: stream.read_line(1 << 40)])
def test_a_peer_that_never_stops_does_not_move_the_deadline(read: Callable[[Stream], object]) -> None:
    def flood(connection: socket.socket) -> None:
        while True:
            connection.sendall(bytes(65_536))

    with responder(flood) as peer, dialled(peer, timeout=0.2) as stream:
        began = time.monotonic()
        with pytest.raises(ExchangeError) as caught:
            read(stream)
        assert failure(caught) == ("transport", "timeout")
        assert time.monotonic() - began < 1


def test_a_peer_that_reads_slowly_does_not_move_the_deadline() -> None:
    def sip(connection: socket.socket) -> None:
        while connection.recv(16_384):
            time.sleep(0.001)

    with responder(sip) as peer, dialled(peer, timeout=0.2) as stream:
        began = time.monotonic()
        with pytest.raises(ExchangeError) as caught:
            stream.write(BIG * 8)
        assert failure(caught) == ("transport", "timeout")
        assert time.monotonic() - began < 1


def test_signals_do_not_disturb_a_wait() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        with responder(script(pause(0.1), say(b"late"))) as peer, dialled(peer) as stream:
            assert stream.receive() == b"late"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(heard) > 3


def test_a_descriptor_above_what_select_can_take() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    number = 1500
    if soft <= number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        os.dup2(ours.fileno(), number)
        with socket.socket(fileno=number) as high:
            stream = over(high)
            stream.write(b"up")
            assert theirs.recv(10) == b"up"
            theirs.sendall(b"down")
            assert stream.receive() == b"down"


# --- writing


def test_what_is_written_is_sent_and_recorded() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = over(ours, wire=100)
        stream.write(b"hello ", "a greeting")
        stream.write(b"")
        stream.write(b"you")
        theirs.sendall(b"hi")
        assert stream.receive() == b"hi"
        assert theirs.recv(100) == b"hello you"
        entries = stream.recorder.transcript() or ()
        assert [(entry.direction, entry.data, entry.note) for entry in entries] == [
            ("sent", b"hello ", "a greeting"),
            ("sent", b"you", None),
            ("received", b"hi", None),
        ]
        assert (stream.recorder.bytes_sent, stream.recorder.bytes_received) == (9, 2)
        assert (stream.recorder.wrote, stream.recorder.answered) == (True, True)
        assert list(stream.recorder.timeline.phases) == ["send", "wait"]


def test_two_talkers_do_not_block_each_other() -> None:
    heard = bytearray()

    def talk(connection: socket.socket) -> None:
        connection.sendall(BIG)  # reads nothing before all is out
        while len(heard) < len(BIG):
            heard.extend(connection.recv(65_536))
        connection.sendall(b"thanks")

    with responder(talk) as peer, dialled(peer) as stream:
        stream.write(BIG)
        assert stream.read_exact(len(BIG)) == BIG
        assert stream.read_exact(6) == b"thanks"
    assert heard == BIG
    phases = stream.recorder.timeline.phases
    assert phases["wait"] == 0


def test_what_is_buffered_while_sending_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rrcli.wire.stream.BACKLOG", 1 << 20)

    def flood(connection: socket.socket) -> None:
        while True:
            connection.sendall(bytes(65_536))  # and never listens

    with responder(flood) as peer, dialled(peer, timeout=0.3) as stream:
        with little_work(), pytest.raises(ExchangeError) as caught:
            stream.write(BIG)
        assert failure(caught) == ("transport", "timeout")
        stream.deadline = Deadline.after(5, "")
        while stream.buffered:
            stream.receive()
        assert stream.recorder.bytes_received <= 2 << 20


def test_writing_until_input_returns_early() -> None:
    def interrupt(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"stop")
        pause(5)(connection)

    with responder(interrupt) as peer, dialled(peer) as stream:
        done = stream.write_until_input(BIG)
        assert 0 < done < len(BIG)
        assert stream.recorder.bytes_sent == done
        assert stream.buffered is True
        assert stream.receive() == b"stop"


def test_writing_until_input_sends_all_when_nobody_interrupts() -> None:
    with responder(script(hear_end, say(b"done"))) as peer, dialled(peer) as stream:
        assert stream.write_until_input(BIG) == len(BIG)
        stream.finish_writing()
        assert stream.receive() == b"done"


def test_writing_to_one_who_sent_his_end_waits_without_spinning() -> None:
    release = threading.Event()

    def late_reader(connection: socket.socket) -> None:
        end(connection)
        release.wait(5)
        hear_end(connection)

    with responder(late_reader) as peer, dialled(peer, timeout=0.5) as stream:
        assert stream.receive() == b""
        with little_work(), pytest.raises(ExchangeError) as caught:
            stream.write_until_input(BIG)
        assert failure(caught) == ("transport", "timeout")
        release.set()


def test_the_end_that_comes_while_writing_does_not_stop_it() -> None:
    heard: list[int] = []

    def half(connection: socket.socket) -> None:
        end(connection)
        time.sleep(0.4)
        size = 0
        while data := connection.recv(65_536):
            size += len(data)
        heard.append(size)

    with responder(half) as peer:
        with dialled(peer) as stream:
            with little_work():
                stream.write(BIG)
            assert stream.eof is True
            stream.finish_writing()
            assert stream.receive() == b""
        deadline = time.monotonic() + 5
        while not heard and time.monotonic() < deadline:
            time.sleep(0.005)
    assert heard == [len(BIG)]


def test_a_reset_while_writing() -> None:
    with responder(script(pause(0.02), reset)) as peer, dialled(peer) as stream:
        with pytest.raises(ExchangeError, match=": the peer reset the connection$") as caught:
            stream.write(BIG)
        assert failure(caught) == ("transport", "reset")


def test_an_answer_before_the_reset_is_kept_when_it_was_there_before_we_wrote() -> None:
    with responder(script(say(b"too much\n"), pause(0.05), reset)) as peer, dialled(peer) as stream:
        time.sleep(0.1)
        stream.write(b"x" * 1000)
        stream.write(b"x" * 1000)
        assert stream.reset is True
        assert stream.read_line() == b"too much\n"


def test_an_answer_before_the_reset_is_kept_when_it_comes_while_we_write() -> None:
    with responder(script(hear(b"x"), say(b"too much\n"), pause(0.05), reset)) as peer, dialled(peer) as stream:
        stream.write(BIG)
        assert stream.reset is True
        stream.finish_writing()
        assert stream.read_line() == b"too much\n"


def test_half_closing_towards_one_who_is_gone_leaves_his_answer_readable() -> None:
    with responder(script(hear(b"\n"), say(b"bye"), reset)) as peer, dialled(peer) as stream:
        stream.write(b"\nunheard")
        time.sleep(0.05)
        stream.finish_writing()
        assert stream.receive() == b"bye"


def test_half_close() -> None:
    with responder(script(hear_end, say(b"all heard"))) as peer, dialled(peer) as stream:
        stream.write(b"some")
        stream.finish_writing()
        assert stream.receive() == b"all heard"
        assert stream.receive() == b""


# --- TLS within


def test_clear_text_before_tls_is_refused() -> None:
    with pair() as (stream, peer):
        peer.sendall(b"220 ready\r\n250 injected\r\n")
        assert stream.read_line() == b"220 ready\r\n"
        with pytest.raises(ExchangeError, match="^14 bytes of clear text came after the switch to TLS was agreed$") as caught:
            stream.replace_link(stream.link)
        assert failure(caught) == ("protocol", "malformed")
        assert caught.value.hint == "a buggy server, or somebody between who injects commands (CVE-2011-0411)"


def test_another_link_is_taken_when_the_buffer_is_empty() -> None:
    with pair() as (stream, _):
        link = Plain(stream.link.sock, stream.recorder)  # type: ignore[attr-defined]
        stream.replace_link(link)
        assert stream.link is link
