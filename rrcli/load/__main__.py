"""Locust with this package's locustfile, in a process of its own: Locust patches the standard library before anything uses it."""

from __future__ import annotations

import os
import sys


def main(prepare: str = "") -> None:
    """Run Locust with the words of the command line. `prepare` is the `MODULE:NAME` of what is called with `Asked` before."""
    sys.path[:] = [path for path in sys.path if path not in ("", os.getcwd())] if sys.flags.safe_path else sys.path
    from locust.main import main as run_locust

    from rrcli.engine.manifest import load
    from rrcli.load.asked import Asked

    if prepare:
        load(prepare)(Asked)
    sys.argv[:1] = ["rrcli locust" if prepare else "locust", "-f", os.path.join(os.path.dirname(os.path.abspath(__file__)), "__init__.py")]
    run_locust()


if __name__ == "__main__":
    main()
