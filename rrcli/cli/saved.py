"""What was saved and can be sent again: a document of `--json`, a set, a series, a run, lines of them, an archive of another tool, or an
entry of the history, each as documents under names."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.jsontext import loads
from rrcli.base.record import Record
from rrcli.cli.documents import LARGEST, checked
from rrcli.engine import registry
from rrcli.engine.manifest import load
from rrcli.model.diff.documents import KINDS, RUN, SERIES, SET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Document = dict[str, Any]

EVENT = "rrcli.event/1"


class Saved(Record):
    """A document of one exchange, a set or a series, and what it is called."""

    name: str
    document: Document

    @property
    def exchanges(self) -> list[Document]:
        """The exchanges whose commands send it again: of a series the first, which has the command of all."""
        if self.document["schema"] == SET:
            return list(self.document["exchanges"])
        if self.document["schema"] == SERIES:
            return [self.document["first"]] if self.document.get("first") else []
        return [self.document]


class Collection(Record):
    """What a file holds. `label` is what messages call it; `is_many`: a run, or lines."""

    label: str
    saved: tuple[Saved, ...]
    is_many: bool
    is_run: bool = False  # whose exchanges share cookies, and have names
    remarks: tuple[str, ...] = ()

    def protocols(self) -> list[str]:
        return list(dict.fromkeys(exchange["protocol"] for saved in self.saved for exchange in saved.exchanges))


def read_saved(word: str) -> Collection:
    """What FILE, `-` for standard input, or `@N` names. Raises `usage` for what cannot be sent again, and `local`."""
    if word[:1] == "@" and word[1:].isdecimal():
        from rrcli.cli.historyfile import entry

        return _collection(word, [entry(word)])
    from rrcli.base.files import read_local

    label = "standard input" if word == "-" else word
    values = _values(read_local(word, LARGEST).decode("utf-8-sig", "surrogateescape"), label)
    if len(values) == 1 and (archive := _archive(values[0], label)):
        documents, remarks = archive
        if not documents:
            raise usage(f"{label} has no exchange that can be sent again", *remarks)
        return _collection(label, documents).replace(is_many=True, remarks=tuple(remarks))
    return _collection(label, [checked(value, label) for value in values if not _is_event(value)])


def _values(text: str, label: str) -> list[Any]:
    """The JSON value of the text, or all of them where there are several, each in its lines."""
    if not text.strip():
        raise usage(f"{label} is empty", "rrcli … --json > FILE writes a document")
    try:
        return [loads(text)]
    except ValueError as error:
        try:
            return [loads(part) for part in _parts(text)]
        except ValueError:
            from rrcli.base.jsontext import fault

            raise usage(f"{label} is no JSON: {fault(text) or error}", "rrcli … --json > FILE writes a document") from None


def _parts(text: str) -> Iterator[str]:
    """The texts of several JSON values that follow each other. Raises `ValueError`."""
    from json import JSONDecoder

    decoder, at = JSONDecoder(), 0
    while rest := text[at:].lstrip():
        _, end = decoder.raw_decode(rest)
        yield rest[:end]
        at = len(text) - len(rest) + end


def _is_event(value: Any) -> bool:
    return isinstance(value, dict) and value.get("schema") == EVENT


def _archive(value: Any, label: str) -> tuple[list[Document], list[str]] | None:
    """What an archive of another tool holds, as the protocol that knows it reads it."""
    if isinstance(value, dict) and value.get("schema") in KINDS:
        return None
    for entry in registry.PROTOCOLS:
        reader = entry.load_manifest().archive
        if reader and (found := load(reader)(value)):
            documents, remarks = found
            return [checked(document, label) for document in documents], list(remarks)
    return None


def _collection(label: str, documents: list[Document]) -> Collection:
    """The documents by their names. Raises `usage` where there is none."""
    found = [pair for document in documents for pair in _named(document)]
    if not found:
        raise usage(f"{label} has no exchange that can be sent again", "a step that was skipped sent nothing")
    names = _distinct([name for name, _ in found])
    saved = tuple(Saved(name=name, document=document) for name, (_, document) in zip(names, found, strict=True))
    is_run = any(document["schema"] == RUN for document in documents)
    return Collection(label=label, saved=saved, is_many=is_run or len(documents) > 1, is_run=is_run)


def _named(document: Document) -> Iterator[tuple[str, Document]]:
    """The documents to be sent again within one, and what to call them."""
    if document["schema"] != RUN:
        saved = Saved(name="", document=document)
        first = next(iter(saved.exchanges), None)
        if first is not None:
            yield str(first["request"].get("summary") or first["protocol"]).partition(" HTTP/")[0], document
        return
    for step in document["steps"]:
        for kind in KINDS.values():
            if step.get(kind):
                for name, inner in _named(step[kind]):
                    yield f"{step['name']}: {name}" if kind == KINDS[RUN] else str(step["name"]), inner


def _distinct(names: list[str]) -> list[str]:
    """The names, those that come again with a number."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
