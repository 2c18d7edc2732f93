"""A plan as a load: many users who run it again and again, on this machine or, under Locust, on many.

This file is a locustfile too: `locust -f "$(python -c 'import rrcli.load; print(rrcli.load.__file__)')" --plan PLAN`. Locust runs it under
a name of its own, and only then is Locust needed.
"""

from __future__ import annotations

if __name__ != "rrcli.load":
    from rrcli.load.locustfile import PlanUser as PlanUser
