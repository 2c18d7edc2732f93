"""The keys of the Redis responder: databases of typed values that may expire, and the matching of their names."""

from __future__ import annotations

import fnmatch
import re
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Value: TypeAlias = "bytes | list[bytes] | set[bytes] | dict[bytes, bytes]"

DATABASES = 16
TYPES = {bytes: "string", list: "list", set: "set", dict: "hash"}


class StoredValue:
    """A key's value, when it expires (milliseconds of the epoch, or never), and a number that grows from key to key, for SCAN."""

    __slots__ = ("expires", "number", "value")

    def __init__(self, value: Value, number: int) -> None:
        self.value = value
        self.number = number
        self.expires: int | None = None


class Database:
    """The keys of one database number; expired ones are dropped when they are met."""

    def __init__(self) -> None:
        self._entries: dict[bytes, StoredValue] = {}
        self._numbers = 0

    def find(self, key: bytes) -> StoredValue | None:
        entry = self._entries.get(key)
        if entry and entry.expires is not None and entry.expires <= now():
            del self._entries[key]
            return None
        return entry

    def put(self, key: bytes, value: Value) -> StoredValue:
        """Set the value of a key, old or new, and let it live for ever."""
        self._numbers += 1
        old = self.find(key)
        self._entries[key] = entry = StoredValue(value, old.number if old else self._numbers)
        return entry

    def remove(self, key: bytes) -> bool:
        return self.find(key) is not None and self._entries.pop(key, None) is not None

    def prune(self, key: bytes) -> None:
        """Remove the key when its collection has become empty."""
        entry = self.find(key)
        if entry and not entry.value and not isinstance(entry.value, bytes):
            self.remove(key)

    def living(self) -> list[tuple[bytes, StoredValue]]:
        """All keys, oldest first."""
        return [(key, entry) for key in list(self._entries) if (entry := self.find(key))]

    def clear(self) -> None:
        self._entries.clear()


class Store:
    """All databases of a responder, and the lock under which commands run."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.started = time.time()
        self.databases = [Database() for _ in range(DATABASES)]


def now() -> int:
    """Milliseconds of the epoch."""
    return int(time.time() * 1000)


def matcher(pattern: bytes) -> re.Pattern[bytes]:
    """A glob of Redis as a regular expression: `*`, `?`, `[a-z]`, `[^a]`, and a backslash before what is meant literally."""
    escaped = re.sub(rb"\\(.)", literal, pattern, flags=re.DOTALL).replace(b"[^", b"[!")
    return re.compile(fnmatch.translate(escaped.decode("latin-1")).encode("latin-1"), re.DOTALL)


def literal(match: re.Match[bytes]) -> bytes:
    return b"[%b]" % match[1] if match[1] in b"*?[" else match[1]
