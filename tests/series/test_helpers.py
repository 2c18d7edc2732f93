"""The threads that go on with exchanges which wait by themselves."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from rrcli.series.helpers import Helpers


def course(value: str) -> Any:
    """What comes to its end at once."""

    def steps() -> Iterator[Any]:
        return value
        yield

    return steps()


def test_what_is_done_is_told_with_its_lane() -> None:
    helpers = Helpers()
    helpers.take("a", course("one"))
    found: list[tuple[Any, Any]] = []
    while not found:
        found += helpers.done()
    assert found == [("a", "one")]
    helpers.close()


def test_their_threads_and_descriptors_end_with_them() -> None:
    before = threading.active_count()
    helpers = Helpers()
    number = helpers.fileno()
    for lane in range(3):
        helpers.take(lane, course("x"))
    threads = [thread for thread in threading.enumerate() if thread.daemon][-3:]
    helpers.close()
    for thread in threads:
        thread.join(10)
    assert threading.active_count() == before
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
