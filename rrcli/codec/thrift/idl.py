"""Reading Thrift IDL: a file and all that it includes, every name resolved.

    program = load("demo.thrift", ["idl"])
    service, method = find_method(program, "Shop.add")

An include is looked for beside the file that includes it, then in the given folders, as Apache's compiler does. Unlike the
compiler, which orders files by what it has seen so far, a name may be used before the line that defines it.
"""

from __future__ import annotations

from rrcli.base.errors import ExchangeError, usage
from rrcli.codec.thrift.constants import check
from rrcli.codec.thrift.model import Program, Service, Struct, Type, Typedef
from rrcli.codec.thrift.parser import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rrcli.codec.thrift.model import Constant, Enum, Method

LARGEST = 8 << 20  # bytes of all files together
MOST_FILES = 500
DEEPEST = 64  # includes within includes
UUID = Type("uuid", "uuid")
SLIST = Type("string", "slist")


def load(path: str, folders: Sequence[str] = ()) -> Program:
    """The program of the file `path`, with what it includes. Raises `ExchangeError` (usage): `FILE:LINE:COLUMN: what was expected`."""
    return _Loader(folders).load(path)


class _Loader:
    def __init__(self, folders: Sequence[str]) -> None:
        self.folders = folders
        self.done: dict[str, Program] = {}
        self.open: list[str] = []  # the files whose includes are being read
        self.size = 0

    def load(self, path: str) -> Program:
        from posixpath import realpath  # what os.path is, without os

        try:
            text = self.read(path)
        except OSError as error:
            raise usage(f"{path}: {error.strerror or error}") from error
        return self.program(path, realpath(path), text)

    def read(self, path: str) -> str:
        with open(path, "rb") as file:
            data = file.read(LARGEST - self.size + 1)
        self.size += len(data)
        if self.size > LARGEST:
            raise usage(f"{path}: this IDL and its includes are larger than {LARGEST >> 20} MiB")
        return data.decode("utf-8", "surrogateescape")

    def program(self, path: str, key: str, text: str) -> Program:
        if len(self.done) >= MOST_FILES:
            raise usage(f"{path}: more than {MOST_FILES} files are included")
        program = parse(path, text, included=bool(self.open))
        self.open.append(key)
        for written, place in program.unread:
            included = self.include(program, written, place)
            name = written.rpartition("/")[2]
            program.includes.setdefault(
                name.removesuffix(".thrift") if name.endswith(".thrift") else name.rpartition(".")[0] or name, []
            ).append(included)
        self.open.pop()
        self.done[key] = program
        _link(program)
        return program

    def include(self, program: Program, written: str, place: int) -> Program:
        from posixpath import dirname, join, realpath

        places = [join(dirname(program.path), written), *(join(folder, written) for folder in self.folders)]
        for path in places:
            key = realpath(path)
            if key in self.open:
                chain = " includes ".join(f"'{name.rpartition('/')[2]}'" for name in [*self.open[self.open.index(key) :], key])
                raise program.fault(place, f"the includes run in a circle: {chain}")
            if key in self.done:
                return self.done[key]
            if len(self.open) >= DEEPEST:
                raise program.fault(place, f"includes are nested deeper than {DEEPEST}")
            try:
                text = self.read(path)
            except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
                continue
            except OSError as error:
                raise program.fault(place, f"{path}: {error.strerror or error}") from error
            return self.program(path, key, text)
        folders = ", ".join(f"'{dirname(path) or '.'}'" for path in places)
        raise usage(
            program.fault(place, f"expected the file '{written}' in {folders}: there is none").message,
            "name the folder of the included files with --include DIR",
        )


# --- names to what they mean


def _link(program: Program) -> None:
    """Resolve every name of a parsed program whose includes are linked already, and check its constants."""
    for type in program.types.values():
        if isinstance(type, Typedef):
            _resolve(program, type.type)
        elif isinstance(type, Struct):
            _resolve_fields(program, type)
    for type in program.types.values():
        if isinstance(type, Typedef):
            _refuse_circle(type)
    for const in program.constants.values():
        _resolve(program, const.type)
    for service in program.services.values():
        _link_service(program, service)
    for service in program.services.values():
        _refuse_endless(program, service)
    for const in program.constants.values():
        check(program, const.type, const.value, f"constant '{const.name}'")
    for struct in _every_struct(program):
        for field in struct.fields:
            if field.default:
                check(program, field.type, field.default, f"the default of '{field.name}'")


def _every_struct(program: Program) -> Iterable[Struct]:
    yield from (type for type in program.types.values() if isinstance(type, Struct))
    for service in program.services.values():
        yield from (method.arguments for method in service.methods.values())


def _resolve_fields(program: Program, struct: Struct) -> None:
    for field in struct.fields:
        _resolve(program, field.type)


def _resolve(program: Program, type: Type) -> None:
    if type.key:
        _resolve(program, type.key)
    if type.item:
        _resolve(program, type.item)
    if type.kind != "name" or type.target:
        return
    type.target = _lookup(program, type.name)
    if type.target is None:
        built_in = {"uuid": UUID, "slist": SLIST}.get(type.name)  # names that a file may give to types of its own
        if built_in is None:
            raise _unknown_type(program, type)
        type.kind = built_in.kind


def _lookup(program: Program, name: str) -> Typedef | Enum | Struct | None:
    if found := program.types.get(name):
        return found
    prefix, _, last = name.rpartition(".")
    return next((type for included in program.includes.get(prefix, ()) if (type := included.types.get(last))), None)


def _unknown_type(program: Program, type: Type) -> ExchangeError:
    from rrcli.codec.thrift.near import near
    from rrcli.codec.thrift.parser import BASE_TYPES

    prefix, _, last = type.name.rpartition(".")
    if prefix and prefix not in program.includes:
        return program.fault(
            type.place, f"unknown type '{type.name}': no file '{prefix}.thrift' is included{near(prefix, program.includes)}"
        )
    if prefix:
        names = [name for included in program.includes[prefix] for name in included.types]
        return program.fault(type.place, f"unknown type '{type.name}': '{prefix}.thrift' defines no '{last}'{near(last, names)}")
    known = [*program.types, *BASE_TYPES, "uuid", "list", "set", "map"]
    known += [f"{prefix}.{name}" for prefix, files in program.includes.items() for file in files for name in file.types]
    return program.fault(type.place, f"unknown type '{type.name}'{near(type.name, known)}")


def _refuse_circle(typedef: Typedef) -> None:
    seen: list[Typedef] = []
    found: object = typedef
    while isinstance(found, Typedef):
        if found in seen:
            raise typedef.fault(f"typedef '{typedef.name}' is defined by itself")
        seen.append(found)
        found = found.type.target


def _link_service(program: Program, service: Service) -> None:
    if service.extends:
        prefix, _, last = service.extends.rpartition(".")
        included = (file.services[last] for file in program.includes.get(prefix, ()) if last in file.services)
        service.base = program.services.get(service.extends) or next(included, None)
        if service.base is None:
            from rrcli.codec.thrift.near import near

            known = [
                *program.services,
                *(f"{name}.{other}" for name, files in program.includes.items() for file in files for other in file.services),
            ]
            raise program.fault(service.extends_place, f"unknown service '{service.extends}'{near(service.extends, known)}")
    for method in service.methods.values():
        if method.result:
            _resolve(program, method.result)
        _resolve_fields(program, method.arguments)
        _resolve_fields(program, method.throws)
        for field in method.throws.fields:
            target = field.type.real.target
            if not isinstance(target, Struct) or target.kind != "exception":
                raise program.fault(field.type.place or field.place, f"'{field.type.name}' is no exception, and only those can be thrown")


def _refuse_endless(program: Program, service: Service) -> None:
    seen: list[Service] = []
    base: Service | None = service
    while base:
        if base in seen:
            raise program.fault(service.extends_place, f"service '{service.name}' extends itself")
        seen.append(base)
        base = base.base


# --- what a caller asks for


def services(program: Program) -> dict[str, Service]:
    """The services of the file, then those of included files as `prefix.Name`."""
    found = dict(program.services)
    for prefix, files in program.includes.items():
        for file in files:
            for name, service in file.services.items():
                found.setdefault(f"{prefix}.{name}", service)
    return found


def find_method(program: Program, wanted: str) -> tuple[Service, Method]:
    """The method named `Service.method`, or by its own name where that is unique. Raises `ExchangeError` (usage) with the nearest name."""
    from rrcli.codec.thrift.near import near

    known = services(program)
    prefix, _, name = wanted.rpartition(".")
    if prefix:
        service = known.get(prefix)
        if service is None:
            raise usage(f"{program.path} has no service '{prefix}'{near(prefix, known)}")
        methods = service.every_method()
        if name not in methods:
            raise usage(f"service {prefix} has no method '{name}'{near(name, methods)}")
        return service, methods[name]
    holders = {of: service for of, service in program.services.items() if name in service.every_method()}
    if len(holders) > 1:
        raise usage(f"'{name}' is a method of several services; write {' or '.join(f'{of}.{name}' for of in holders)}")
    if not holders:
        every = [method for service in program.services.values() for method in service.every_method()]
        raise usage(f"no service of {program.path} has a method '{name}'{near(name, [*every, *known])}")
    service = next(iter(holders.values()))
    return service, service.every_method()[name]


def default_of(program: Program, type: Type, constant: Constant) -> object:
    """The JSON value of a field's default."""
    from rrcli.codec.thrift.constants import json_value

    return json_value(program, type, constant)
