"""The history on disk: a document a line in `$XDG_STATE_HOME/rrcli/history.jsonl`, the newest last, for its owner alone.

Several runs write at once under a lock. What is kept is masked, and small: 500 entries, of which none has more than 64 KiB of a content.
"""

from __future__ import annotations

import os

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.jsontext import dumps, loads
from rrcli.base.output import to_stderr
from rrcli.base.privatefile import locked, make_folder
from rrcli.base.userfolder import settings_file, state_folder
from rrcli.base.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rrcli.model.values import Exchange, ExchangeSet
    from rrcli.series.tally import Series

    Document = dict[str, Any]

ENTRIES = 500
LARGEST_CONTENT = 64 << 10  # bytes of a body, or letters of a command
LARGEST_ENTRY = 512 << 10  # letters of a line; what an adapter made of a larger answer is left out
LARGEST_FILE = 2 * ENTRIES * LARGEST_ENTRY  # bytes that are read


def history_file() -> str:
    """The path of the history, whether there is one or not."""
    return os.path.join(state_folder(), "history.jsonl")


def keep(result: Exchange | ExchangeSet | Series, *, silent: bool = False) -> None:
    """Add what came of a command to the history; what keeps it from being written is a note."""
    try:
        _append(line_of(_masked_document(result)).encode("utf-8", "surrogateescape"))
    except (ExchangeError, OSError) as error:
        said = f"cannot write {history_file()}: {(error.strerror or str(error)).lower()}" if isinstance(error, OSError) else error.message
        if not silent:
            to_stderr(f"rrcli: note: the history is not kept: {visible(said)}\n")


def _masked_document(result: Exchange | ExchangeSet | Series) -> Document:
    from rrcli.model.document import document, set_document
    from rrcli.model.values import Exchange, ExchangeSet
    from rrcli.policy.redact import masked_for_others, masked_set

    if isinstance(result, Exchange):
        return document(masked_for_others(_small(result)), exact=True)
    if isinstance(result, ExchangeSet):
        return set_document(masked_set(result.replace(exchanges=tuple(map(_small, result.exchanges))), for_others=True), exact=True)
    from rrcli.series.tally import series_document

    kept = {"first": result.first, "worst": result.worst}
    return series_document(result.replace(**{name: each and masked_for_others(_small(each)) for name, each in kept.items()}), exact=True)


def _small(exchange: Exchange) -> Exchange:
    """The exchange without its transcript, and without contents that are not kept."""
    request, answer = exchange.request, exchange.response
    if request.body and len(request.body.data) > LARGEST_CONTENT:
        request = request.replace(body=request.body.replace(data=b""))
    if answer and answer.body and len(answer.body.data) > LARGEST_CONTENT:
        answer = answer.replace(body=answer.body.replace(data=b""))
    return exchange.replace(request=request, response=answer, history=tuple(map(_small, exchange.history)), transcript=None)


def line_of(document: Document) -> str:
    """The line of a document, without what is too large to be kept."""
    for exchange in _exchanges(document):
        if sum(map(len, exchange["command"] or ())) > LARGEST_CONTENT:
            exchange["command"] = None
        for message in (exchange["request"], exchange["response"]):
            if message and message["body"] and message["body"]["size"] and not (message["body"]["text"] or message["body"]["base64"]):
                message["body"].update({"text": None, "base64": None, "json": None, "truncated": True})
    text = dumps(document)
    if len(text) > LARGEST_ENTRY:
        for exchange in _exchanges(document):
            if exchange["response"]:
                exchange["response"]["data"] = None
        text = dumps(document)
    return text + "\n"


def _exchanges(document: Document) -> list[Document]:
    """All exchanges that a document holds, those before others too."""
    held = [document.get("first"), document.get("worst"), *document.get("exchanges", ())]
    found = [each for each in ([document] if "protocol" in document else held) if each]
    return [inner for each in found for inner in (each, *(before for one in each["history"] for before in _exchanges(one)))]


def _append(line: bytes) -> None:
    path = history_file()
    make_folder(os.path.dirname(path))
    with locked(os.path.dirname(path)):
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | os.O_CLOEXEC, 0o600)
        with open(number, "r+b", buffering=0) as file:
            os.fchmod(number, 0o600)
            before = os.pread(number, min(os.fstat(number).st_size, LARGEST_FILE), 0)
            lines = before.splitlines(keepends=True)
            if len(lines) < ENTRIES:
                torn = b"\n" if before and not before.endswith(b"\n") else b""  # of a run that was killed while it wrote
                file.write(torn + line)
                return
        beside = f"{path}.{os.getpid()}.tmp"
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(number, "wb") as file:
            file.writelines(each.rstrip(b"\n") + b"\n" for each in lines[1 - ENTRIES :])
            file.write(line)
        os.replace(beside, path)


def entries() -> list[Document]:
    """The documents of the history, the newest first; a line that is none is passed over. Raises `local` where it cannot be read."""
    path = history_file()
    try:
        with open(path, "rb") as file:
            lines = file.read(LARGEST_FILE).splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ExchangeError("local", "input", f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    found = [each for line in lines if (each := _document(line)) is not None]
    return found[::-1][:ENTRIES]


def _document(line: bytes) -> Document | None:
    from rrcli.cli.documents import checked

    try:
        return checked(loads(line.decode("utf-8", "surrogateescape")), "")
    except (ValueError, ExchangeError):  # torn, or edited by somebody
        return None


def entry(word: str) -> Document:
    """The document of `@N`, `@1` the newest. Raises `usage` where there is none."""
    number = word[1:]
    if not (number.isascii() and number.isdecimal() and int(number[:9]) > 0):
        raise usage(f"{word!r} is no entry of the history", "@1 is the newest; rrcli history lists them")
    found = entries()
    if int(number[:9]) > len(found):
        there = f"it has {len(found)}" if found else f"it is empty; history = true in {settings_file()} turns it on"
        raise usage(f"{word} is not in the history: {there}", "rrcli history lists what is" if found else None)
    return found[int(number) - 1]
