"""Documents that were compared, and where they differ: what `diff`, `compare` and a replay of one print."""

from __future__ import annotations

from rrcli.base.record import Record
from rrcli.model.diff.documents import EXCHANGE, all_differences
from rrcli.model.document import SET_SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rrcli.model.diff.rules import Rules


class Compared(Record):
    """Documents of one kind under their labels. Those of exchanges are whole, however they were written."""

    labels: tuple[str, ...]
    documents: tuple[dict[str, Any], ...]
    differences: tuple[dict[str, Any], ...]

    @property
    def kind(self) -> str:
        """Their schema."""
        return str(self.documents[0]["schema"])

    def document(self) -> dict[str, Any]:
        """The contract's document (section 4): a set, in which runs, series and sets stand under `documents`."""
        are_exchanges = self.kind == EXCHANGE
        found: dict[str, Any] = {
            "schema": SET_SCHEMA,
            "exchanges": list(self.documents) if are_exchanges else [],
            "same": not self.differences,
            "differences": list(self.differences),
            "checks": [],
            "labels": list(self.labels),
        }
        return found if are_exchanges else {**found, "documents": list(self.documents)}


def compared(documents: Sequence[dict[str, Any]], labels: Sequence[str], rules: Rules) -> Compared:
    """Documents of the same schema, compared."""
    return Compared(labels=tuple(labels), documents=tuple(documents), differences=tuple(all_differences(list(documents), rules)))
