"""The catalogue's own fixture."""

from peers.verdict import ask  # noqa: F401  # a fixture is found by its name here
