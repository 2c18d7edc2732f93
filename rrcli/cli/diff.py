"""`rrcli diff A B`: where two documents of one kind differ."""

from __future__ import annotations

from rrcli.base.errors import EXIT_CODES, usage
from rrcli.base.output import to_stderr
from rrcli.base.units import counted
from rrcli.base.visible import visible
from rrcli.cli.documents import read_document
from rrcli.cli.show import color, print_document, print_text
from rrcli.cli.tooloptions import DiffOptions
from rrcli.engine.registry import variation_of
from rrcli.model.diff.compared import compared
from rrcli.model.diff.documents import KINDS
from rrcli.model.diff.rules import Rules
from rrcli.options.request import Output
from rrcli.policy.maskedfile import masked_document
from rrcli.report.terminal.screen import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.diff.compared import Compared


def diff(values: dict[str, Any]) -> int:
    """Compare two documents, print where they differ, and return 1 where they do. Raises `usage` for what cannot be compared."""
    paths = values.pop("arguments")
    output = Output(**{name: values.pop(name) for name in Output.options_ if name in values})
    options = DiffOptions(**values)
    if len(paths) != 2:
        raise usage(f"diff takes two files, got {len(paths)}", "write rrcli diff A B; - is standard input")
    if paths[0] == paths[1] == "-":
        raise usage("standard input is one of the two documents at most", "name a file for the other one")
    one, other = (read_document(path) for path in paths)
    if one["schema"] != other["schema"]:
        kinds = [f"{path} is {_article(KINDS[each['schema']])}" for path, each in zip(paths, (one, other), strict=True)]
        raise usage(f"{' and '.join(kinds)}: only documents of one kind are compared")
    if not output.show_secrets:
        one, other = masked_document(one), masked_document(other)
    return show(compared((one, other), paths, rules_of(options)), output, options.tolerance)


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def rules_of(options: DiffOptions) -> Rules:
    """How documents are compared with these options."""
    return Rules(ignored=options.ignore, whole=options.all, tolerance=options.tolerance, variation_of=variation_of)


def show(found: Compared, output: Output, tolerance: float) -> int:
    """Print what was found as it was asked for; the exit code that it comes to."""
    if output.json:
        print_document(found.document(), 3)
    elif output.quiet:
        for line in [f"{counted(len(found.differences), 'difference')}: {_places(found)}"] if found.differences else []:
            to_stderr(f"rrcli: {visible(line)}\n")
    else:
        from rrcli.report.terminal.differences import render_compared

        print_text(render_compared(found, width=width(), color=color(output, 1), tolerance=tolerance))
    return EXIT_CODES["application"] if found.differences else 0


def _places(found: Compared) -> str:
    """The paths of the first few differences."""
    paths = [each["path"] for each in found.differences]
    return ", ".join(paths[:MOST_NAMED]) + (f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else "")


MOST_NAMED = 10
