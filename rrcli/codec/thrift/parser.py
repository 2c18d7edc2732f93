"""The grammar of Thrift IDL, as Apache's `thrifty.yy` has it: the words of one file to what it declares, names not yet resolved.

Where Apache's versions differ, what any of them takes is taken: `uuid` as a type and as a name, `slist`, `senum`, fields named
like words of the language. Without `--allow-neg-keys` the compiler numbers fields without a positive id itself, from -1 down;
so does this, but for included files, where the compiler keeps what is written.
"""

from __future__ import annotations

from rrcli.codec.thrift.lexer import DIGITS, LETTERS, tokenize
from rrcli.codec.thrift.model import (
    BASES,
    Const,
    Constant,
    Enum,
    Field,
    Method,
    Program,
    Service,
    Struct,
    Type,
    Typedef,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from rrcli.base.errors import ExchangeError

DEEPEST = 64  # levels of types in types and constants in constants
# Words that name nothing but what they mean; a field may have those of `FIELD_NAMES` all the same.
FIELD_NAMES = {
    "namespace", "cpp_include", "include", "void", "bool", "byte", "i8", "i16", "i32", "i64", "double", "string", "binary", "map", "list",
    "set", "oneway", "async", "typedef", "struct", "union", "exception", "extends", "throws", "service", "enum", "const", "required",
    "optional",
}  # fmt: skip
KEYWORDS = FIELD_NAMES | {"cpp_type", "xsd_all", "xsd_optional", "xsd_nillable", "xsd_attrs", "true", "false"}
OLD_NAMESPACES = {
    "cpp_namespace": "cpp", "java_package": "java", "csharp_namespace": "csharp", "delphi_namespace": "delphi", "php_namespace": "php",
    "py_module": "py", "perl_package": "perl", "ruby_namespace": "rb", "smalltalk_category": "smalltalk.category",
    "smalltalk_prefix": "smalltalk.prefix", "xsd_namespace": "xsd", "cocoa_prefix": "cocoa",
}  # fmt: skip
BASE_TYPES = {name: Type(name, name) for name in BASES if name != "uuid"} | {"byte": Type("i8", "byte")}
DEFINITIONS = "const, typedef, enum, struct, union, exception or service"


def parse(path: str, text: str, *, included: bool = False) -> Program:
    """What the text of the file `path` declares. Raises `ExchangeError` (usage) that names file, line and column."""
    parser = _Parser(path, text, included)
    parser.headers()
    while parser.words[parser.at]:
        parser.definition()
    return parser.program


class _Parser:
    def __init__(self, path: str, text: str, included: bool) -> None:
        self.tokens = tokenize(path, text)
        self.words = self.tokens.words
        self.program = Program(path, self.tokens)
        self.included = included
        self.at = 0

    # --- words

    def fail(self, expected: str) -> NoReturn:
        word = self.words[self.at]
        found = f"'{word[1:]}' in quotes" if word[:1] == '"' else f"'{word}'" if word else "the end of the file"
        raise self.fault(f"expected {expected}, found {found}")

    def fault(self, message: str, at: int | None = None) -> ExchangeError:
        return self.tokens.fault(self.tokens.places[self.at if at is None else at], message)

    def take(self, word: str) -> None:
        if self.words[self.at] != word:
            self.fail(f"'{word}'")
        self.at += 1

    def accept(self, word: str) -> bool:
        if self.words[self.at] == word:
            self.at += 1
            return True
        return False

    def name(self, what: str, *, dots: bool = False, field: bool = False) -> str:
        word = self.words[self.at]
        if not word or word[0] not in LETTERS or (word in KEYWORDS and not (field and word in FIELD_NAMES)):
            self.fail(what)
        if "." in word and not dots:
            raise self.fault(f"'{word}' has a dot, and {what} cannot have one")
        self.at += 1
        return word

    def literal(self, what: str) -> str:
        word = self.words[self.at]
        if word[:1] != '"':
            self.fail(f"{what} in quotes")
        self.at += 1
        return word[1:]

    def separator(self) -> None:
        if self.words[self.at] in (",", ";"):
            self.at += 1

    def is_number(self) -> bool:
        word = self.words[self.at]
        return word != "" and (word[0] in DIGITS or word[0] in "+-." or word in ("true", "false"))

    def number(self) -> int | float:
        """An integer, or a float where it has a fraction or an exponent."""
        word = self.words[self.at]
        self.at += 1
        if word in ("true", "false"):
            return int(word == "true")
        digits = word.lstrip("+-")
        if digits[:2] != "0x" and not digits.isdecimal():
            return float(word) if digits else 0.0
        value = (int(digits, 16) if digits[:2] == "0x" else int(digits[:30])) * (-1 if word[0] == "-" else 1)
        if not -(2**63) <= value < 2**63:
            raise self.fault(f"{word[:40]} does not fit in 64 bits", self.at - 1)
        return value

    def annotations(self) -> None:
        if not self.accept("("):
            return
        while not self.accept(")"):
            self.name("an annotation or ')'", dots=True)
            if self.accept("="):
                self.literal("the annotation's value")
            self.separator()

    # --- the file

    def headers(self) -> None:
        while (word := self.words[self.at]) in ("include", "cpp_include", "namespace") or word in OLD_NAMESPACES:
            place = self.tokens.places[self.at]
            if word in OLD_NAMESPACES:
                raise self.fault(f"'{word}' is no longer IDL: write 'namespace {OLD_NAMESPACES[word]} NAME'")
            self.at += 1
            if word == "namespace":
                language = "*" if self.accept("*") else self.name("a language or '*'", dots=True)
                self.program.namespaces[language] = self.name("the name of the namespace", dots=True)
                if language != "*":
                    self.annotations()
            else:
                path = self.literal("the path of a file")
                if word == "include":
                    self.program.unread.append((path, place))

    def definition(self) -> None:
        word, first = self.words[self.at], self.at
        read = {
            "const": self.const, "typedef": self.typedef, "enum": self.enum, "senum": self.senum, "struct": self.struct,
            "union": self.struct, "exception": self.struct, "service": self.service,
        }.get(word)  # fmt: skip
        if read is None:
            if word in ("include", "cpp_include", "namespace"):
                raise self.fault(f"'{word}' stands before the first definition only")
            self.fail(DEFINITIONS)
        self.at += 1
        definition = read(first)
        definition.last = self.at - 1
        scopes: list[dict[str, object]] = [self.program.types, self.program.services]  # type: ignore[list-item]  # only looked at
        kept: dict[str, object] = self.program.services if word == "service" else self.program.types  # type: ignore[assignment]
        if word == "const":
            scopes = [kept := self.program.constants]  # type: ignore[assignment,list-item]
        if any(definition.name in scope for scope in scopes):
            raise self.fault(f"'{definition.name}' is already defined", first + 1 if word not in ("const", "typedef") else first)
        kept[definition.name] = definition

    def const(self, first: int) -> Const:
        type = self.type()
        const = Const(self.program, self.name("the constant's name"), first)
        self.take("=")
        const.type, const.value = type, self.constant()
        self.separator()
        return const

    def typedef(self, first: int) -> Typedef:
        type = self.type()
        typedef = Typedef(self.program, self.name("the new type's name"), first)
        typedef.type = type
        self.annotations()
        self.separator()
        return typedef

    def enum(self, first: int) -> Enum:
        enum = Enum(self.program, self.name("the enum's name"), first)
        self.take("{")
        value = -1
        while not self.accept("}"):
            at = self.at
            name = self.name("a name of the enum, or '}'", dots=self.words[self.at + 1] == "=")
            if self.accept("="):
                if not self.is_number() or not isinstance(number := self.number(), int):
                    self.at -= self.words[self.at - 1] != "="
                    self.fail("an integer")
                value = number
            else:
                value += 1
            if not -(2**31) <= value < 2**31:
                raise self.fault(f"{value} is no number of 32 bits, which an enum's are", at)
            if name in enum.members:
                raise self.fault(f"'{name}' is already in enum {enum.name}", at)
            enum.members[name] = value
            self.annotations()
            self.separator()
        self.annotations()
        return enum

    def senum(self, first: int) -> Typedef:
        """Text of which only some values are meant; what the compiler made of it was a string."""
        typedef = Typedef(self.program, self.name("the senum's name"), first)
        typedef.type = BASE_TYPES["string"]
        self.take("{")
        while not self.accept("}"):
            self.literal("a value")
            self.separator()
        self.annotations()
        return typedef

    def struct(self, first: int) -> Struct:
        kind = self.words[first]
        struct = Struct(self.program, self.name(f"the name of the {kind}"), first, kind)
        if kind != "exception":
            self.accept("xsd_all")
        self.take("{")
        struct.fields = self.fields("}", kind)
        self.annotations()
        return struct

    # --- fields

    def fields(self, close: str, kind: str) -> list[Field]:
        """The fields up to `close`, which is taken."""
        fields: list[Field] = []
        automatic = -1
        while not self.accept(close):
            id = None
            at = self.at
            if self.is_number():
                number = self.number()
                if not isinstance(number, int):
                    self.at -= 1
                    self.fail("a field's id, which is an integer")
                id = number
                self.take(":")
            if id is None or (id <= 0 and not self.included):
                id, automatic = automatic, automatic - 1
            elif id <= 0:
                automatic = id - 1
            field = self.field(id, f"a field or '{close}'" if at == self.at else "a type")
            if taken := next((other for other in fields if field.id == other.id or field.name == other.name), None):
                same = f"id {field.id}" if field.id == taken.id else "the name"
                raise self.fault(f"field '{field.name}': {same} is already used by field {taken.id}: '{taken.name}'", at)
            if kind == "union":
                field.need = "optional"
                if field.default and any(other.default for other in fields):
                    raise self.fault(f"field '{field.name}' is the second with a default, and a union has one value", at)
            fields.append(field)
        return fields

    def field(self, id: int, what: str) -> Field:
        need = self.words[self.at]
        if need in ("required", "optional"):
            self.at += 1
        else:
            need = ""
        type = self.type(what=what if not need else "a type")
        self.accept("&")
        place = self.tokens.places[self.at]
        name = self.name("the field's name", field=True)
        default = self.constant() if self.accept("=") else None
        self.accept("xsd_optional")
        self.accept("xsd_nillable")
        if self.accept("xsd_attrs"):
            self.take("{")
            self.fields("}", "struct")
        self.annotations()
        self.separator()
        return Field(id, name, type, need, default, place)

    def type(self, depth: int = 0, what: str = "a type") -> Type:
        if depth > DEEPEST:
            raise self.fault(f"types are nested deeper than {DEEPEST}")
        word, place = self.words[self.at], self.tokens.places[self.at]
        if base := BASE_TYPES.get(word):
            self.at += 1
            self.annotations()
            return base
        if word not in ("list", "set", "map"):
            return Type("name", self.name(what, dots=True), place)
        self.at += 1
        self.cpp_type()
        self.take("<")
        key = None
        if word == "map":
            key = self.type(depth + 1)
            self.take(",")
        item = self.type(depth + 1)
        self.take(">")
        if word == "list":
            self.cpp_type()
        self.annotations()
        inner = f"{key.name}, {item.name}" if key else item.name
        return Type(word, f"{word}<{inner}>", place, key=key, item=item)

    def cpp_type(self) -> None:
        if self.accept("cpp_type"):
            self.literal("a C++ type")

    def constant(self, depth: int = 0) -> Constant:
        if depth > DEEPEST:
            raise self.fault(f"constants are nested deeper than {DEEPEST}")
        word, place = self.words[self.at], self.tokens.places[self.at]
        if self.is_number():
            number = self.number()
            return Constant("int" if isinstance(number, int) else "double", number, place)
        if word[:1] == '"':
            return Constant("text", self.literal("text"), place)
        if self.accept("["):
            items: list[Constant] = []
            while not self.accept("]"):
                items.append(self.constant(depth + 1))
                self.separator()
            return Constant("list", items, place)
        if self.accept("{"):
            pairs: list[tuple[Constant, Constant]] = []
            while not self.accept("}"):
                key = self.constant(depth + 1)
                self.take(":")
                pairs.append((key, self.constant(depth + 1)))
                self.separator()
            return Constant("map", pairs, place)
        return Constant("name", self.name("a value", dots=True), place)

    # --- services

    def service(self, first: int) -> Service:
        service = Service(self.program, self.name("the service's name"), first)
        if self.accept("extends"):
            service.extends_place = self.tokens.places[self.at]
            service.extends = self.name("the service that it extends", dots=True)
        self.take("{")
        while not self.accept("}"):
            method = self.method()
            if method.name in service.methods:
                raise self.fault(f"'{method.name}' is already a method of service {service.name}", method.first)
            service.methods[method.name] = method
        self.annotations()
        return service

    def method(self) -> Method:
        first = self.at
        oneway = self.accept("oneway") or self.accept("async")
        result = None if self.accept("void") else self.type(what="a method or '}'" if not oneway else "a type or void")
        method = Method(self.program, self.name("the method's name"), first)
        method.oneway, method.result = oneway, result
        method.arguments = Struct(self.program, f"{method.name}_args", self.at, "arguments")
        self.take("(")
        method.arguments.fields = self.fields(")", "arguments")
        at = self.at
        method.throws = Struct(self.program, f"{method.name}_result", self.at, "struct")
        if self.accept("throws"):
            self.take("(")
            method.throws.fields = self.fields(")", "throws")
        if oneway and method.throws.fields:
            raise self.fault("a oneway method cannot throw: nothing comes back", at)
        self.annotations()
        method.last = self.at - 1
        self.separator()
        return method
