"""Where the types come from, files or the server: the method that is asked for, and everything that its messages need."""

from __future__ import annotations

from rrcli.adapters.grpc.reflection import unknown_symbol
from rrcli.adapters.grpc.schema import Schema, only_method, only_service, split_method

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from rrcli.adapters.grpc.reflection import Reflection
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.adapters.grpc.schema import Method
    from rrcli.engine.events import Event


class Types:
    """The types of one exchange; without `reflection` those of the files that the request names."""

    def __init__(self, request: GrpcRequest) -> None:
        self.schema = Schema()
        self.reflection: Reflection | None = None
        self.from_files = bool(request.proto or request.protoset)
        if self.from_files:
            from rrcli.adapters.grpc.reflection import well_known
            from rrcli.adapters.grpc.sources import files_of

            self.schema.add(files_of(request))
            for name in self.schema.missing():
                self.schema.add(well_known(name))
            if missing := self.schema.missing():
                from rrcli.base.errors import usage

                raise usage(f"the files lack {missing[0]}, which they import", "protoc --include_imports writes a whole set")
            self.schema.link()

    def services(self) -> Generator[Event, None, tuple[str, ...]]:
        """The full names of all services."""
        if self.reflection is None:
            return tuple(self.schema.services())
        return (yield from self.reflection.services())

    def symbol(self, name: str) -> Generator[Event, None, Any]:
        """The descriptor of a symbol. Raises `usage` where nobody knows it."""
        name = name.lstrip(".").replace("/", ".")
        if self.reflection is not None:
            yield from self.reflection.fill(self.schema, name)
        found = self.schema.symbol(name)
        if found is None:
            services = yield from self.services()
            full = [each for each in services if each.endswith(f".{name}")]
            if len(full) == 1:
                return (yield from self.symbol(full[0]))
            raise unknown_symbol(name, services)
        return found

    def method(self, word: str) -> Generator[Event, None, Method]:
        """The method that a word names. Raises `usage` where there is none, or there are several."""
        service, name = split_method(word)
        if not service:
            yield from self._fill_all()
            service = only_method(self.schema.services(), name)
        elif self.reflection is None:
            service = only_service(self.schema.services(), service)
        elif not (yield from self.reflection.fill(self.schema, service)) or not self.schema.has_service(service):
            service = only_service((yield from self.reflection.services()), service)
            yield from self.reflection.fill(self.schema, service)
        return self.schema.method(service, name)

    def _fill_all(self) -> Generator[Event, None, None]:
        """Have the types of every service."""
        if self.reflection is not None:
            for each in (yield from self.reflection.services()):
                yield from self.reflection.fill(self.schema, each)

    def told(self) -> dict[str, Any] | None:
        """What the document says of reflection."""
        if self.reflection is None:
            return None
        return {"version": self.reflection.version, "files": len(self.schema.files)}
