"""What the fuzzed tests have in common: messages that nearly are right, cut anywhere, and what may come of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hypothesis import strategies as st

from rrcli.base.errors import KINDS, ExchangeError

cuts = st.lists(st.integers(1, 40), max_size=20)


@st.composite
def mutated(draw: st.DrawFn, *seeds: bytes) -> bytes:
    """One of the messages, with some of it cut, doubled or overwritten."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 20)))
        data[at:end] = draw(st.one_of(st.binary(max_size=8), st.just(bytes(data[at:end]) * 2), st.sampled_from(seeds)))
    return bytes(data)


def split(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


def outcome(run: Callable[[], object]) -> object:
    """What was made of it; a failure as its layer and kind. Anything else it raises is a bug."""
    try:
        return run()
    except ExchangeError as error:
        assert error.kind in KINDS  # noqa: PT017
        assert error.message  # noqa: PT017
        return error.layer, error.kind
