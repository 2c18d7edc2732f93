"""Connecting to the addresses of a host, one beside the other (RFC 8305), or to a unix socket."""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, AF_UNIX, IPPROTO_TCP, SO_ERROR, SOCK_STREAM, SOL_SOCKET, TCP_NODELAY, socket
from errno import EACCES, ECONNREFUSED, EINPROGRESS, ENOENT
from select import POLLOUT, poll

from rrcli.base.deadline import now
from rrcli.base.errors import usage
from rrcli.base.url import literal_family
from rrcli.model.values import Attempt
from rrcli.wire.resolve import Address, address_of, addresses, endpoint, to_ascii
from rrcli.wire.stream import translate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rrcli.base.deadline import Deadline
    from rrcli.base.errors import ExchangeError
    from rrcli.options.request import ConnectOptions
    from rrcli.wire.recorder import Recorder

UNIX_HINTS = {
    EACCES: "this user may not use the socket: look at the mode of it and of the folders above it (ls -l)",
    ENOENT: "there is no such socket: is the server running, and is this its path?",
    ECONNREFUSED: "nothing listens there any more: the server is gone, and the file was left",
}


HEAD_START_NS = 250_000_000  # before the next address is tried beside the first (RFC 8305 §5)


def open_socket(options: ConnectOptions, host: str, port: int, recorder: Recorder, deadline: Deadline) -> socket:
    """A connected, non-blocking socket to the first address that answers; phases `resolve` and `connect`."""
    if options.unix_socket:
        places = [Address(family=int(AF_UNIX), sockaddr=options.unix_socket, text=options.unix_socket)]
    else:
        host, port = redirected(options, host, port)
        places = addresses(options, host, port, recorder.timeline, deadline)
    recorder.timeline.enter("connect")
    sock, place = _Race(options, places, recorder, deadline).run()
    recorder.timeline.leave()
    recorder.local, recorder.peer = endpoint(sock.getsockname()) or None, place.endpoint
    return sock


def redirected(options: ConnectOptions, host: str, port: int) -> tuple[str, int]:
    """Host and port after the `--connect-to` rules; the first that fits holds."""
    for from_host, from_port, to_host, to_port in options.connect_to:
        if to_ascii(from_host) in ("", host.lower()) and from_port in (None, port):
            return to_ascii(to_host or host), port if to_port is None else to_port
    return host, port


def bind_interface(options: ConnectOptions, sock: socket, family: int) -> None:
    """Send from `--interface`: a local address, or the name of a device. Raises `usage` or a network failure."""
    name = options.interface
    if not name:
        return
    local = literal_family(name)
    try:
        if local is None:
            from _socket import SO_BINDTODEVICE

            sock.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, name.encode("utf-8", "surrogateescape") + b"\0")
        elif local == family:
            sock.bind(address_of(family, name, 0).sockaddr)
        else:
            raise usage(f"--interface {name} and the peer's address are of different families", "choose with -4 or -6")
    except ImportError:
        raise usage("--interface takes the name of a device on Linux alone", "give its address in place of its name") from None
    except PermissionError as error:
        raise usage(f"--interface {name}: binding to a device needs more rights", "give its address in place of its name") from error
    except OSError as error:
        raise usage(f"--interface {name}: {(error.strerror or str(error)).lower()}") from error


class _Race:
    """Happy eyeballs: the next address starts when the last one failed or had its head start; the first wins."""

    def __init__(self, options: ConnectOptions, places: list[Address], recorder: Recorder, deadline: Deadline) -> None:
        self.options = options
        self.waiting = places[::-1]
        self.recorder = recorder
        self.deadline = deadline
        self.running: dict[int, tuple[socket, Address, int]] = {}
        self.poller = poll()
        self.failure: ExchangeError | None = None
        self.next_at = 0  # when the next address may start

    def run(self) -> tuple[socket, Address]:
        """The winner. Raises the failure of the last address when none answers."""
        try:
            while self.waiting or self.running:
                if self.waiting and now() >= self.next_at:
                    self.next_at = now() + HEAD_START_NS
                    if winner := self._start(self.waiting.pop()):
                        return winner
                elif winner := self._poll():
                    return winner
        finally:
            self._abandon("timeout" if self.deadline.passed() else "abandoned")
        assert self.failure
        raise self.failure

    def _start(self, place: Address) -> tuple[socket, Address] | None:
        self.recorder.peer = place.endpoint
        begin = now()
        try:
            sock = socket(place.family, SOCK_STREAM)
        except OSError as error:
            self._failed(place, begin, error)
            return None
        try:
            sock.setblocking(False)
            if place.family in (AF_INET, AF_INET6):
                sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
                bind_interface(self.options, sock, place.family)
            code = sock.connect_ex(place.sockaddr)
        except OSError as error:  # a path too long for a unix socket, a bad interface
            sock.close()
            raise usage(f"cannot connect to {place.text}: {error}") from error
        except BaseException:
            sock.close()
            raise
        if code == 0:
            return self._won(sock, place, begin)
        if code != EINPROGRESS:
            sock.close()
            self._failed(place, begin, _os_error(code))
            return None
        self.running[sock.fileno()] = sock, place, begin
        self.poller.register(sock.fileno(), POLLOUT)
        return None

    def _poll(self) -> tuple[socket, Address] | None:
        left = self.deadline.remaining_ms()
        if self.waiting:
            start = max(0, self.next_at - now()) / 1e6
            left = start if left is None else min(left, start)
        for number, _ in self.poller.poll(None if left is None else left + 0.5):
            self.poller.unregister(number)
            sock, place, begin = self.running.pop(number)
            code = sock.getsockopt(SOL_SOCKET, SO_ERROR)
            if not code:
                return self._won(sock, place, begin)
            sock.close()
            self._failed(place, begin, _os_error(code))
        if self.deadline.passed():
            self.deadline.expire()
        return None

    def _won(self, sock: socket, place: Address, begin: int) -> tuple[socket, Address]:
        self.recorder.attempts.append(Attempt(address=place.text, ns=now() - begin))
        return sock, place

    def _failed(self, place: Address, begin: int, error: OSError) -> None:
        self.next_at = 0
        self.failure = translate(error, f"connecting to {place.endpoint}")
        if place.family == AF_UNIX:
            self.failure.hint = UNIX_HINTS.get(error.errno or 0, self.failure.hint)
        self.recorder.attempts.append(Attempt(address=place.text, ns=now() - begin, error=self.failure.kind))

    def _abandon(self, why: str) -> None:
        for sock, place, begin in self.running.values():
            sock.close()
            self.recorder.attempts.append(Attempt(address=place.text, ns=now() - begin, error=why))
        self.running.clear()


def _os_error(code: int) -> OSError:
    from os import strerror

    return OSError(code, strerror(code))
