"""`rrcli history [N]`: what was sent, the newest first."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.output import to_stderr
from rrcli.base.userfolder import settings_file
from rrcli.cli.historyfile import entries, history_file
from rrcli.cli.show import color, print_document, print_text
from rrcli.options.request import Output
from rrcli.report.terminal.history import render_history
from rrcli.report.terminal.screen import width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SHOWN = 20  # entries where no number is given


def history(values: dict[str, Any]) -> int:
    """Print the newest entries: a line each, or with `--json` all that are asked for as NDJSON. Raises `usage`, and `local`."""
    words = values.pop("arguments")
    output = Output(**values)
    if len(words) > 1 or not all(word.isascii() and word.isdecimal() and int(word[:9]) > 0 for word in words):
        raise usage(f"history takes a number of entries, not {' '.join(words)!r}", "write rrcli history 5")
    found = entries()
    if not found:
        to_stderr(f"rrcli: there is no history in {history_file()}; history = true in {settings_file()} turns it on\n")
    elif output.json:
        for document in found[: int(words[0])] if words else found:
            print_document(document, 0)
    else:
        print_text(render_history(found[: int(words[0]) if words else SHOWN], width=width(), color=color(output, 1)))
    return 0
