"""Our HTTP/2 beside the libraries that it replaces, and its start-up as a multiple of bare Python: printed, nothing asserted.

    python tests/bench/http2.py [--runs 20]

The codec is timed in this process by its CPU time, whatever runs beside. Start-up is measured over nghttpd, if that is installed,
bare Python and the call turn and turn about.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import hpack

from rrcli.codec.http.h2 import Http2Client
from rrcli.codec.http.hpack import Decoder, Encoder
from rrcli.policy.secrets import is_secret_name

TURNS = 5000
MIB = 64


def frame(kind: int, payload: bytes, flags: int, stream: int) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def fields(number: int) -> list[tuple[str, str]]:
    """Of an answer, one of them different each time."""
    return [
        (":status", "200"),
        ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("content-type", "application/json"),
        ("content-length", "5"),
        ("server", "nginx/1.22.1"),
        ("x-request-id", f"abcdef{number:08d}"),
    ]


def cost(act: Callable[[], object], times: int) -> float:
    """Microseconds of CPU for one of so many, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        act()
        best = min(best, time.process_time() - begin)
    return best / times * 1e6


def blocks() -> list[bytes]:
    encoder = hpack.Encoder()
    return [encoder.encode(fields(number)) for number in range(TURNS)]


def encode(encoder: Encoder | hpack.Encoder) -> None:
    for number in range(TURNS):
        encoder.encode(fields(number))


def decode(decoder: Decoder | hpack.Decoder, given: list[bytes]) -> None:
    for block in given:
        decoder.decode(block)


def exchange_all(given: list[bytes]) -> None:
    """Small requests and their answers on one connection."""
    client = Http2Client()
    client.take(frame(4, b"", 0, 0))
    for block in given:
        number = client.request("GET", "https", "a.test", "/path", (("accept", "*/*"), ("user-agent", "bench")), end=True)
        client.to_send()
        client.take(frame(1, block, 4, number) + frame(0, b"hello", 1, number))
        client.forget(number)


def pieces(size: int) -> list[bytes]:
    """Content in frames of `size` bytes, in the pieces of 64 KiB in which it is received."""
    data = frame(0, bytes(size), 0, 1) * ((MIB << 20) // size)
    return [data[at : at + 65536] for at in range(0, len(data), 65536)]


def download(received: list[bytes]) -> None:
    """Take in the content of one answer."""
    client = Http2Client()
    client.request("GET", "https", "a.test", "/", (), end=True)
    client.feed(frame(4, b"", 0, 0) + frame(1, b"\x88", 4, 1))
    for piece in received:
        client.feed(piece)
        client.to_send()


def start_up(runs: int) -> list[str]:
    """Lines of what a call over HTTP/2 takes."""
    program = shutil.which("nghttpd")
    if program is None:
        return ["nghttpd is not installed"]
    folder = Path(tempfile.mkdtemp())
    (folder / "x.json").write_text('{"id": 7}')
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    url = f"http://127.0.0.1:{port}/x.json"
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import of the codec": [sys.executable, "-c", "import rrcli.codec.http.h2"],
        "rrcli http --http2-prior-knowledge --json": [sys.executable, "-m", "rrcli", "http", "--json", "--http2-prior-knowledge", url],
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    with subprocess.Popen([program, "--no-tls", "-a", "127.0.0.1", "-d", folder, str(port)], stdout=subprocess.DEVNULL) as server:
        try:
            time.sleep(0.5)
            for turn in range(runs + 1):
                for name, command in commands.items():
                    begin = time.perf_counter()
                    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
                    if turn:  # the first one writes byte code
                        taken[name].append((time.perf_counter() - begin) * 1000)
        finally:
            server.kill()
            shutil.rmtree(folder)
    bare = statistics.median(taken["python -c pass"])
    return [f"{name:<44}{statistics.median(each):>8.1f} ms{statistics.median(each) / bare:>7.2f}" for name, each in taken.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="calls of each command (20)")
    options = parser.parse_args()
    given = blocks()
    print(f"{'':<24}{'ours':>10}{'library':>10}   µs")
    ours, theirs = cost(lambda: encode(Encoder(is_secret_name)), TURNS), cost(lambda: encode(hpack.Encoder()), TURNS)
    print(f"{'encode 6 fields':<24}{ours:>10.1f}{theirs:>10.1f}")
    ours, theirs = cost(lambda: decode(Decoder(1 << 20), given), TURNS), cost(lambda: decode(hpack.Decoder(), given), TURNS)
    print(f"{'decode 6 fields':<24}{ours:>10.1f}{theirs:>10.1f}")
    print(f"{'exchange, small':<24}{cost(lambda: exchange_all(given), TURNS):>10.1f}")
    for size in (8192, 16384):
        count, received = (MIB << 20) // size, pieces(size)
        each = cost(partial(download, received), count)
        print(f"{f'DATA of {size} bytes':<24}{each:>10.2f}{'':>10}   {each * count / 1e6 * 1024 / MIB:.2f} s for 1 GiB")
    print("\n".join(start_up(options.runs)))


if __name__ == "__main__":
    main()
