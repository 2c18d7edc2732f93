"""Which responders there are, handed in by whoever knows them: classes by name, and protocols answered at a path of another one's."""

from __future__ import annotations

from rrcli.base.errors import usage
from rrcli.base.record import Record
from rrcli.options.parse import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from rrcli.responders.base import Responder


class Place(Record):
    """A protocol at a path of another one's responder, whose port it shares, with commands to try, of {url} and {base}."""

    over: str
    path: str
    examples: tuple[str, ...]
    scheme: str = ""  # of its URLs, where it is not the other one's


class Catalogue(Record):
    """`responders` are `MODULE:CLASS` by name, imported when they are started; `places` the protocols that are spoken over one of them."""

    responders: Mapping[str, str]
    places: Mapping[str, Place] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All that can be served, those of one port together."""
        return tuple(
            name for over in self.responders for name in (over, *(name for name, place in self.places.items() if place.over == over))
        )

    def responder_of(self, name: str) -> str:
        """The name of the responder that answers for it."""
        return self.places[name].over if name in self.places else name

    def load(self, name: str) -> type[Responder]:
        """The class of the responder that answers for `name`. Raises `ExchangeError` of layer `usage` when there is none."""
        reference = self.responders.get(self.responder_of(name))
        if reference is None:
            names = self.names
            raise usage(f"there is no responder for {name!r}{suggestion(name, list(names))}", f"there are {', '.join(names)}")
        module, _, attribute = reference.partition(":")
        found: type[Responder] = getattr(__import__(module, fromlist=[attribute]), attribute)
        return found
