"""Writes what is made of the commands' tables: `python -m rrcli.cli.generate`; `--check` only compares (exit 1).

That is the pages of help (`rrcli/cli/pages/`), the completion scripts (`completions/`) and the manual pages (`completions/man/`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from rrcli.cli.commands import TOOLS, protocols
from rrcli.cli.completion.scripts import scripts
from rrcli.cli.help import pages
from rrcli.cli.man import manual
from rrcli.cli.topics import topics

ROOT = Path(__file__).parents[2]
PAGES, COMPLETIONS, MANUAL = "rrcli/cli/pages", "completions", "completions/man"


def files() -> dict[str, str]:
    """The text of every file by its path below the root."""
    sending, tools = protocols(), tuple(TOOLS.values())
    texts = pages(sending, tools)
    return {
        **{f"{PAGES}/{name}.txt": text for name, text in texts.items()},
        **{f"{COMPLETIONS}/{name}": text for name, text in scripts((*sending, *tools)).items()},
        **{f"{MANUAL}/{name}": text for name, text in manual(texts, tuple(topics())).items()},
    }


def stale(root: Path = ROOT) -> list[str]:
    """The paths below `root` of files that are not what the tables give, or that nothing gives any more."""
    made = files()
    old = [path for path in made if not (root / path).is_file() or (root / path).read_text("utf-8") != made[path]]
    return old + sorted(_left_over(root, made))


def write(root: Path = ROOT) -> None:
    """Make every file anew, and take away those that nothing gives any more."""
    made = files()
    for path, text in made.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    for path in _left_over(root, made):
        (root / path).unlink()


def _left_over(root: Path, made: dict[str, str]) -> set[str]:
    """The paths of files in our folders that are none of those made."""
    found = {path.relative_to(root).as_posix() for folder in (PAGES, COMPLETIONS, MANUAL) for path in (root / folder).glob("*.*")}
    return found - set(made)


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
