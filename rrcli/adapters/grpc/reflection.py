"""Types by the server's reflection, version v1 or v1alpha: calls on the connection, made before the call itself."""

from __future__ import annotations

from rrcli.adapters.grpc.connection import Refused, ask, prepared_call
from rrcli.adapters.grpc.metadata import fields_of_call
from rrcli.base.errors import ExchangeError, usage
from rrcli.codec.grpc.reflection import VERSIONS, ask_for_file, ask_for_services, ask_for_symbol, read_reflected
from rrcli.codec.grpc.status import UNAVAILABLE, UNIMPLEMENTED, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from rrcli.adapters.grpc.place import Place
    from rrcli.adapters.grpc.request import GrpcRequest
    from rrcli.adapters.grpc.schema import Schema
    from rrcli.adapters.http.versions.h2session import H2Session
    from rrcli.codec.grpc.reflection import Reflected
    from rrcli.engine.context import Context
    from rrcli.engine.events import Event
    from rrcli.model.values import Fields

WITHOUT = "--proto FILE or --protoset FILE gives the types without the server's help"
SLOW = f"the server did not answer the reflection of its types in time: {WITHOUT}"
WELL_KNOWN = "google/protobuf/"  # files that the protobuf library has too


class Reflection:
    """What one server tells of its types. `version` is known with the first answer."""

    def __init__(self, request: GrpcRequest, place: Place, session: H2Session, context: Context, metadata: Fields) -> None:
        self.version: str | None = None
        self._request = request
        self._place = place
        self._session = session
        self._context = context
        self._metadata = metadata

    def services(self) -> Generator[Event, None, tuple[str, ...]]:
        """The full names of the services."""
        answer = yield from self._ask(ask_for_services())
        if answer.error:
            raise Refused(answer.error[0], answer.error[1], ())
        return answer.services

    def fill(self, schema: Schema, symbol: str) -> Generator[Event, None, bool]:
        """Take in the files that a symbol needs; false where the server does not know it."""
        answer = yield from self._ask(ask_for_symbol(symbol))
        if answer.error:
            return False
        schema.add(answer.files)
        while missing := schema.missing():
            for name in missing:
                yield from self._fill_file(schema, name)
        schema.link()
        return True

    def _fill_file(self, schema: Schema, name: str) -> Generator[Event, None, None]:
        answer = yield from self._ask(ask_for_file(name))
        schema.add(answer.files or well_known(name))
        if name not in schema.files:
            why = f": {answer.error[1]}" if answer.error else ""
            raise ExchangeError(
                "protocol", "unsupported", f"the server's reflection lacks {name}, which its types import{why}", hint=WITHOUT
            )

    def _ask(self, question: bytes) -> Generator[Event, None, Reflected]:
        """The answer to a question, asked in whichever version the server has."""
        try:
            if self.version is None:
                return (yield from self._first(question))
            return (yield from self._asked_in(self.version, question))
        except ExchangeError as error:
            if error.kind == "timeout":
                error.hint = SLOW
            raise

    def _asked_in(self, version: str, question: bytes) -> Generator[Event, None, Reflected]:
        """The answer in this version. Each question is a call that ends with it: some servers answer nothing before a request is whole."""
        path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
        fields = fields_of_call(self._metadata, timeout_ms=self._context.deadline.remaining_ms())
        prepared = prepared_call(self._place, path, fields, self._request.authority)
        found = yield from ask(self._session, self._context, prepared, question, self._request.max_size)
        return read_reflected(found)

    def _first(self, question: bytes) -> Generator[Event, None, Reflected]:
        refusals = []
        for version in VERSIONS:
            try:
                found = yield from self._asked_in(version, question)
            except Refused as refused:
                refusals.append(refused)
                if refused.code in (UNIMPLEMENTED, UNAVAILABLE):
                    continue
                raise
            self.version = version
            if version != VERSIONS[0]:
                self._context.note("reflection-v1alpha", "the server has the reflection v1alpha alone, which v1 has taken the place of")
            return found
        if serious := [each for each in refusals if each.code != UNIMPLEMENTED]:
            raise serious[0]
        how = f"HTTP {refusals[0].http}" if refusals[0].http else name_of(UNIMPLEMENTED)
        raise ExchangeError(
            "protocol", "unsupported", f"the server has no reflection (it answered {how}), so the types are not known", hint=WITHOUT
        )


def well_known(name: str) -> tuple[bytes, ...]:
    """A file of the protobuf library's own, for a server that does not tell it."""
    if not name.startswith(WELL_KNOWN) or not name.removesuffix(".proto").replace("/", "").replace("_", "").isalnum():
        return ()
    try:
        module = __import__(f"{name.removesuffix('.proto').replace('/', '.')}_pb2", fromlist=["DESCRIPTOR"])
    except ModuleNotFoundError:
        return ()
    return (module.DESCRIPTOR.serialized_pb,)


def unknown_symbol(name: str, services: tuple[str, ...]) -> ExchangeError:
    """The error for a name that the server does not know."""
    from rrcli.options.parse import suggestion

    return usage(f"the server knows no {name}{suggestion(name, services)}", f"its services are {', '.join(services[:20]) or 'none'}")
