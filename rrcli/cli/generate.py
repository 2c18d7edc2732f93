"""Writes `completions/` from the commands' tables: `python -m rrcli.cli.generate`; `--check` only compares (exit 1)."""

from __future__ import annotations

import sys
from pathlib import Path

from rrcli.cli.complete import scripts

FOLDER = Path(__file__).parents[2] / "completions"


def stale(folder: Path = FOLDER) -> list[str]:
    """The names of the files in `folder` that are not what the tables give."""
    return [name for name, text in scripts().items() if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text]


def write(folder: Path = FOLDER) -> None:
    """Make every file anew."""
    folder.mkdir(exist_ok=True)
    for name, text in scripts().items():
        (folder / name).write_text(text, "utf-8")


def main(words: list[str]) -> int:
    """Write the files, or with `--check` name those that would change."""
    if words not in ([], ["--check"]):
        print("usage: python -m rrcli.cli.generate [--check]", file=sys.stderr)
        return 2
    if not words:
        write()
        return 0
    names = stale()
    if names:
        print(f"stale: {', '.join(names)}; run python -m rrcli.cli.generate", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
