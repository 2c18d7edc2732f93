"""Printing what is drawn for people of a run."""

from __future__ import annotations

import os

from rrcli.cli.show import print_text


def print_drawn(text: str) -> None:
    """Print it; where the lines of a log can be commands to whoever keeps it, none is."""
    if os.environ.get("GITHUB_ACTIONS"):
        from rrcli.report.formats.github import harmless

        text = harmless(text)
    print_text(text)
