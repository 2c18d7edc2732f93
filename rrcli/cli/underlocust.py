"""What `rrcli locust` becomes: Locust, with the result printed as the command line prints it. It is run as a file."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    import locust  # noqa: F401  # first of all: it patches the standard library

    from rrcli.load.__main__ import main

    main("rrcli.cli.locust:prepare")
