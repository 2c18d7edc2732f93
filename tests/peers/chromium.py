"""Chromium without a window, which shows a page as people's browsers do: its document once its script has run, or a picture of it."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from peers.base import need

LIMIT_S = 120
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run")


def document(url: str) -> str:
    """The document as it is once all has loaded."""
    return _run("--dump-dom", url).decode()


def picture(url: str, width: int, height: int, *, dark: bool) -> Picture:
    """What a window of this size shows, for a reader who prefers dark pages or light ones."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.png"
        scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        _run(f"--screenshot={path}", f"--window-size={width},{height}", scheme, url)
        return Picture(path.read_bytes())


def _run(*words: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [need("chromium"), *FLAGS, f"--user-data-dir={folder}", *words]
        own = {**os.environ, "HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder}  # it makes the folders that they name
        return subprocess.run(command, capture_output=True, check=True, timeout=LIMIT_S, env=own).stdout


class Picture:
    """The pixels of a PNG (RFC 2083) as Chromium writes them: 8 bits a colour, not interlaced."""

    def __init__(self, data: bytes) -> None:
        self.width, self.height, depth, colour = struct.unpack(">IIBB", data[16:26])
        assert depth == 8
        self._pixel = {2: 3, 6: 4}[colour]
        chunks, at = b"", 8
        while at < len(data):
            (size,) = struct.unpack(">I", data[at : at + 4])
            if data[at + 4 : at + 8] == b"IDAT":
                chunks += data[at + 8 : at + 8 + size]
            at += size + 12
        self._rows = self._unfiltered(zlib.decompress(chunks))

    def _unfiltered(self, raw: bytes) -> list[bytearray]:
        rows: list[bytearray] = []
        step, stride = self._pixel, self.width * self._pixel
        before = bytearray(stride)
        for at in range(0, len(raw), stride + 1):
            kind, row = raw[at], bytearray(raw[at + 1 : at + 1 + stride])
            for x in range(stride) if kind else ():
                left, up = row[x - step] if x >= step else 0, before[x]
                corner = before[x - step] if x >= step else 0
                row[x] = (row[x] + _predicted(kind, left, up, corner)) & 255
            rows.append(row)
            before = row
        return rows

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        """Red, green and blue of a pixel."""
        begin = x * self._pixel
        red, green, blue = self._rows[y][begin : begin + 3]
        return red, green, blue

    def colours(self) -> set[tuple[int, int, int]]:
        """All colours in it."""
        return {self.at(x, y) for y in range(self.height) for x in range(self.width)}


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind < 4:
        return (0, left, up, (left + up) // 2)[kind]
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))
