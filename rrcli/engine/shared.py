"""What the exchanges of one client share: open connections, cookies, and the secrets that are known."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rrcli.codec.http.cookies import Jar
    from rrcli.options.request import Request
    from rrcli.wire.pool import Pool

    Words = tuple[str, ...] | None


class SecretSet:
    """Values to mask wherever an exchange is shown, each once, in the order in which they became known."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, None] = {}

    def add(self, *values: str | None) -> None:
        """Take these values; empty ones are no secrets."""
        for value in values:
            if value:
                self._values[value] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Shared:
    """What outlives one exchange. Used by one thread at a time.

    `pool` is `None` where every exchange opens a connection of its own. `cookies` is a jar that all exchanges fill and use,
    `None` where each keeps to its own options.
    """

    def __init__(self, *, pool: Pool | None = None, cookies: Jar | None = None) -> None:
        self.pool = pool
        self.cookies = cookies
        self.secrets = SecretSet()
        self.learned: dict[Any, Any] = {}  # of services, by keys of the adapters' own: what need not be asked again
        self.command: tuple[Request, Words, Words] | None = None  # of the latest request: as typed, and without its secrets

    def close(self) -> None:
        """Close the connections that are still open."""
        if self.pool:
            self.pool.close()
