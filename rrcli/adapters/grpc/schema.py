"""The types of a server's methods and messages, in the pool of the protobuf library; filled from whatever source there is."""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.record import Record
from rrcli.codec.grpc.protobuf import fields, octets_of, text_of
from rrcli.codec.grpc.reflection import file_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MOST_FILES = 10_000
SERVICE, METHOD, OPTIONS, IDEMPOTENCY_LEVEL = 6, 2, 4, 34  # numbers of fields in descriptor.proto
KINDS = {(False, False): "unary", (False, True): "server", (True, False): "client", (True, True): "bidi"}
IDEMPOTENCY = ("IDEMPOTENCY_UNKNOWN", "NO_SIDE_EFFECTS", "IDEMPOTENT")


class Method(Record):
    """One method: its names, the descriptors of what it takes and gives, and what its options say of repeating it."""

    service: str
    name: str
    takes: Any
    gives: Any
    client_streams: bool
    server_streams: bool
    idempotency: int = 0

    @property
    def kind(self) -> str:
        return KINDS[self.client_streams, self.server_streams]

    @property
    def path(self) -> str:
        return f"/{self.service}/{self.name}"

    def as_json(self) -> dict[str, Any]:
        """As the document has it."""
        return {"name": f"{self.service}/{self.name}", "type": self.kind, "idempotency": IDEMPOTENCY[self.idempotency]}


class Schema:
    """Serialized files by their names, and the pool that they are linked in."""

    def __init__(self) -> None:
        load_protobuf()
        from google.protobuf import descriptor_pool

        self.pool = descriptor_pool.DescriptorPool()
        self.files: dict[str, bytes] = {}
        self._imports: dict[str, tuple[str, ...]] = {}
        self._linked: set[str] = set()

    def add(self, files: Iterable[bytes]) -> None:
        """Take serialized files. Raises `malformed` for what is none."""
        for data in files:
            name, imports = file_head(data)
            if name not in self.files:
                self.files[name], self._imports[name] = data, imports
        if len(self.files) > MOST_FILES:
            raise ExchangeError("protocol", "too_large", f"there are more than {MOST_FILES} files of types")

    def missing(self) -> list[str]:
        """The imports that are not there yet."""
        known = self.files
        return list(dict.fromkeys(name for imports in self._imports.values() for name in imports if name not in known))

    def link(self) -> None:
        """Have the pool know all files. Raises `malformed` for files that do not fit together."""
        for start in self.files:
            waiting = [start]
            while waiting:
                name = waiting[-1]
                if name in self._linked:
                    waiting.pop()
                    continue
                before = [each for each in self._imports[name] if each not in self._linked]
                if any(each in waiting for each in before):
                    raise ExchangeError("protocol", "malformed", f"the types in {name} import each other in a circle")
                if before:
                    waiting += before
                    continue
                self._link(waiting.pop())

    def _link(self, name: str) -> None:
        try:
            self.pool.AddSerializedFile(self.files[name])
        except (TypeError, ValueError, KeyError) as error:
            raise ExchangeError("protocol", "malformed", f"the types in {name} cannot be linked: {error}") from error
        self._linked.add(name)

    def services(self) -> dict[str, Any]:
        """The descriptors of all services by their full names."""
        found = {}
        for name in self.files:
            found.update({each.full_name: each for each in self.pool.FindFileByName(name).services_by_name.values()})
        return found

    def symbol(self, name: str) -> Any:
        """The descriptor of a message, enum, service or method; `None` where there is none."""
        pool = self.pool
        for find in (pool.FindMessageTypeByName, pool.FindServiceByName, pool.FindEnumTypeByName, pool.FindMethodByName):
            try:
                return find(name)
            except KeyError:
                continue
        return None

    def has_service(self, name: str) -> bool:
        try:
            self.pool.FindServiceByName(name)
        except KeyError:
            return False
        return True

    def method(self, service: str, name: str) -> Method:
        """A method of a service that is known. Raises `usage` where it has none of that name."""
        found = self.pool.FindServiceByName(service)
        declared = found.methods_by_name.get(name)
        if declared is None:
            from rrcli.options.parse import suggestion

            names = list(found.methods_by_name)
            raise usage(f"{service} has no method {name}{suggestion(name, names)}", f"it has {', '.join(names[:20]) or 'none'}")
        return method_of(declared)


def method_of(declared: Any) -> Method:
    """The method of a descriptor."""
    return Method(
        service=declared.containing_service.full_name,
        name=declared.name,
        takes=declared.input_type,
        gives=declared.output_type,
        client_streams=declared.client_streaming,
        server_streams=declared.server_streaming,
        idempotency=idempotency_in(declared.containing_service.file.serialized_pb, declared.containing_service.name, declared.name),
    )


def idempotency_in(file: bytes, service: str, method: str) -> int:
    """The `idempotency_level` of a method in a serialized file. Asking the library for options loads the types of all options."""
    for number, value in fields(file):
        if number == SERVICE and _name_of(value) == service:
            for inner, each in fields(octets_of(value)):
                if inner == METHOD and _name_of(each) == method:
                    options = dict(fields(octets_of(dict(fields(octets_of(each))).get(OPTIONS, b""))))
                    level = options.get(IDEMPOTENCY_LEVEL, 0)
                    return level if isinstance(level, int) and level < len(IDEMPOTENCY) else 0
    return 0


def _name_of(message: int | bytes) -> str:
    """The name of a service or method, which is its first field."""
    return next((text_of(value) for number, value in fields(octets_of(message)) if number == 1), "")


def is_map_entry(descriptor: Any) -> bool:
    """Whether a message is the entry of a map."""
    return bool(descriptor.has_options and descriptor.GetOptions().map_entry)


def load_protobuf() -> None:
    """Load the library, which takes longer than the rest of a call. Raises `usage` without the extra that has it."""
    try:
        from google.protobuf import descriptor_pool, json_format, message_factory  # noqa: F401  # loaded here, used by others
    except ModuleNotFoundError as error:
        raise usage(f"grpc needs the module {error.name}", "pip install 'rrcli[grpc]'") from error


def split_method(word: str) -> tuple[str, str]:
    """Service and method of `SERVICE/METHOD` or `SERVICE.METHOD`; the service is empty for a method alone. Raises `usage`."""
    service, slash, name = word.lstrip("/").rpartition("/")
    if not slash:
        service, _, name = word.rpartition(".")
    if not name or "/" in service or (slash and not service):
        raise usage(f"{word!r} is no method", "write SERVICE/METHOD, as my.package.Service/Method")
    return service, name


def only_method(services: dict[str, Any], name: str) -> str:
    """The service that has the method of this name. Raises `usage` where none has, or several."""
    having = [full for full, each in services.items() if name in each.methods_by_name]
    if len(having) == 1:
        return having[0]
    if having:
        raise usage(f"{name} is a method of {', '.join(having[:5])}", "write SERVICE/METHOD")
    from rrcli.options.parse import suggestion

    names = sorted({method for each in services.values() for method in each.methods_by_name})
    raise usage(f"no service has a method {name}{suggestion(name, names)}", "--list shows the services")


def only_service(services: Iterable[str], name: str) -> str:
    """The full name of a service that is written in full, or by its last words where only one ends so. Raises `usage`."""
    known = list(services)
    if name in known:
        return name
    having = [full for full in known if full.endswith(f".{name}")]
    if len(having) == 1:
        return having[0]
    from rrcli.options.parse import suggestion

    raise usage(f"there is no service {name}{suggestion(name, known)}", f"there are {', '.join(known[:20]) or 'none'}")
