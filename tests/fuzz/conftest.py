"""The longer run: `pytest tests/fuzz --hypothesis-profile=long`, some minutes with two hundred times the examples.

One codec alone: `pytest tests/fuzz/test_state.py --hypothesis-profile=long -k websocket`. What it finds goes into the seeds of
that test, or into a test of its own beside the codec's.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("long", max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
