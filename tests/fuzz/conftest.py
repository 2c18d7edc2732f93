"""The longer run: `pytest tests/fuzz --hypothesis-profile=long`, some minutes with a hundred times the examples."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("long", max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
