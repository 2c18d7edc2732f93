"""Thrift's IDL: what is read, what is refused and where, beside Apache's compiler as judge."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from peers.base import need
from peers.thrift import IDL

from rrcli.base.errors import ExchangeError
from rrcli.codec.thrift import constants, idl, text
from rrcli.codec.thrift.model import Enum, Program, Struct
from rrcli.codec.thrift.parser import parse

Load = Callable[..., Program]

# What Apache's compiler 0.17 takes.
TAKEN = r"""
namespace smalltalk.category Foo.Bar
namespace * a.b
namespace py a.b (x="y")
cpp_include "<vector>"
typedef string uuid
struct A {1: i32 uuid}
struct A {1: B b} struct B {}
struct A {1: A a}
struct A {1: A & a, 2: i32& b}
struct A xsd_all {1: i32 a xsd_optional xsd_nillable xsd_attrs {1: string q}}
struct A {i32 a i32 b; i32 c, -5: i32 d, 0: i32 e}
struct A {-1: i32 a; i32 b}
struct A {99999: i32 a}
struct A {1: list<i32> cpp_type "x" a}
struct A {1: map cpp_type "x" <i32,string> a; 2: set cpp_type "y" <i32> b}
struct A {1: i32 (a="b", c; d="e" f) x (y) } (z="1")
struct A {1: i32 a = +5, 2: double b=.5, 3: double c = 1e5}
struct A {1: i32 a = 5 6: i32 b}
struct A {1: i32 e10, 2: i32 _x}
struct A {true: i32 x}
struct A {1: bool a = true, 2: bool b = 1, 3: double d = 1, 4: double e = 1.5e3}
struct A {1: list<i32> a = {}}
struct A {1: map<i32,i32> a = []}
struct A {1: set<i32> a = [1,2]}
struct A {1: list<string> a = "x"}
struct S {1: binary(a="b") x = "abc"}
struct B {1: i32 x} struct A {1: B b = {"x": 1}}
typedef i32 I struct A {1: I a = "x"}
typedef list<i32> (x="y") L (z)
typedef i32 (a) I, typedef i64 J;
union U {1: i32 a = 1}
union U {1: required i32 a, 2: string b}
exception E {1: required i32 a = 5} (m="n")
exception E {1:i32 x} const E b = {"x":1}
enum E {}
enum E {A,} (x)
enum E {A = 1, B = 1}
enum E {A = 0x10; B, C (x="1")}
enum E {A = true}
enum E {a.b = 3}
enum Color {RED} const Color C = Color.RED
enum Color {RED} const Color C = Blah.RED
enum Color {RED} const Color C = 0
enum Color {RED} const i32 C = Color.RED
const i32 a = 1 const i32 b = 2; const i32 c = -0x10, const double d = -
const i32 a = 1 struct a {}
const byte a = 300
const double a = 5
const list<i32> a = [1,2;3 4]
const list<i32> a = [1,]
const map<string,i32> a = {"a":1 "b":2; "c":3,}
const map<string,i32> a = {"a":1, "a":2}
const string a = "a\"b"
const string a = 'it"s\n'
const string A = "x" const string B = A
const string A = "x" const map<string,i32> B = {A: 1}
const string s = "ä"
service T {} service S extends T {}
service S {} (a="b")
service S {void f() (a="b"), i32 g(1:i32 a) throws ()}
service S {async void a(1: optional i32 x, required string y)}
service S {oneway i32 a()}
/** x */ struct A {} /** y */
/**/ struct A {} /***/ //
struct A {} # x
"""

# What it refuses, and what is said here.
REFUSED = r"""
namespace py a; | 1:15: expected const, typedef, enum, struct, union, exception or service, found ';'
namespace py | 1:13: expected the name of the namespace, found the end of the file
namespace cpp "a" | 1:15: expected the name of the namespace, found 'a' in quotes
cpp_namespace foo | 1:1: 'cpp_namespace' is no longer IDL: write 'namespace cpp NAME'
cpp_include <vector> | 1:13: expected the path of a file in quotes, found '<'
struct A {} include "x" | 1:13: 'include' stands before the first definition only
struct A {1: B b} | 1:14: unknown type 'B'
struct Item {} struct A {1: Itme b} | 1:29: unknown type 'Itme'; did you mean 'Item'?
struct A {1: strin b} | 1:14: unknown type 'strin'; did you mean 'string'?
struct A {1: x.Y b} | 1:14: unknown type 'x.Y': no file 'x.thrift' is included
struct A {1: List<i32> a} | 1:18: expected the field's name, found '<'
struct A {1: list<> a} | 1:19: expected a type, found '>'
struct A {1: map<i32> a} | 1:21: expected ',', found '>'
struct A {1: set<i32, i32> a} | 1:21: expected '>', found ','
struct A {1: i32} | 1:17: expected the field's name, found '}'
struct A {1 i32 a} | 1:13: expected ':', found 'i32'
struct A {1: i32 a | 1:19: expected a field or '}', found the end of the file
struct A {1: i32 a,, 2: i32 b} | 1:20: expected a field or '}', found ','
struct A {1: i32 a = } | 1:22: expected a value, found '}'
struct A {1: i32 a = 5x: i32 b} | 1:24: expected the field's name, found ':'
struct A {1: i32 a} ; | 1:21: expected const, typedef, enum, struct, union, exception or service, found ';'
struct A 1: i32 a} | 1:10: expected '{', found '1'
struct A (x) {} | 1:10: expected '{', found '('
struct A {1: i32 true} | 1:18: expected the field's name, found 'true'
struct A {1: i32 xsd_optional} | 1:18: expected the field's name, found 'xsd_optional'
struct A {1: void x} | 1:14: expected a type, found 'void'
struct A {1: i32 a, 1: i32 b} | 1:21: field 'b': id 1 is already used by field 1: 'a'
struct A {1: i32 a, 2: i32 a} | 1:21: field 'a': the name is already used by field 1: 'a'
struct A {1: string s (a = 'b';;)} | 1:32: expected an annotation or ')', found ';'
struct A {} struct A {} | 1:20: 'A' is already defined
struct A {} service A {} | 1:21: 'A' is already defined
struct a.b {} | 1:8: 'a.b' has a dot, and the name of the struct cannot have one
struct A {1: i32 $a} | 1:18: unexpected '$'
struct A {1: i32 ä} | 1:18: unexpected '\xe4'
struct A {1: i32 a = "x"} | 1:22: the default of 'a' is of type i32, which 'x' is not
struct A {1: i32 a = 1.5} | 1:22: the default of 'a' is of type i32, which 1.5 is not
struct A {1: i32 a = {}} | 1:22: the default of 'a' is of type i32, which a map is not
struct A {1: list<string> a = [1]} | 1:32: an element of the default of 'a' is of type string, which 1 is not
struct A {1: map<string,i32> a = {1:2}} | 1:35: a key of the default of 'a' is of type string, which 1 is not
struct B {1: i32 x} struct A {1: B b = {"y": 1}} | 1:41: the default of 'b': struct B has no field 'y'
struct B {} const B b = 5 | 1:25: constant 'b' is a struct, which is written {'field': value}
union U {1: i32 b = 1; 2: i32 c = 2} | 1:24: field 'c' is the second with a default, and a union has one value
typedef A A | 1:1: typedef 'A' is defined by itself
typedef A B typedef B A | 1:1: typedef 'B' is defined by itself
typedef void V | 1:9: expected a type, found 'void'
typedef struct {} x | 1:9: expected a type, found 'struct'
enum E {A, A} | 1:12: 'A' is already in enum E
enum E {a.b} | 1:9: 'a.b' has a dot, and a name of the enum, or '}' cannot have one
enum E {A = 99999999999} | 1:9: 99999999999 is no number of 32 bits, which an enum's are
enum E {A = 2147483647, B} | 1:25: 2147483648 is no number of 32 bits, which an enum's are
enum E {A = "x"} | 1:13: expected an integer, found 'x' in quotes
enum E {A = 1.5} | 1:13: expected an integer, found '1.5'
enum Color {RED} const Color C = RED | 1:34: constant 'C': write 'Color.RED'
enum Color {RED} const Color C = Color.REED | 1:34: constant 'C': enum Color has no 'REED'; did you mean 'RED'?
enum Color {RED} const Color C = 7 | 1:34: constant 'C': enum Color has no name for 7
const i32 = 5 | 1:11: expected the constant's name, found '='
const i32 a 5 | 1:13: expected '=', found '5'
const i32 a = b.c | 1:15: no constant and no member of an enum is named 'b.c'
const i32 a = - | 1:15: constant 'a' is of type i32, which 0.0 is not
const i32 a = 1 const i32 a = 2 | 1:17: 'a' is already defined
const i64 a = 99999999999999999999 | 1:15: 99999999999999999999 does not fit in 64 bits
const i64 a = 0xFFFFFFFFFFFFFFFF | 1:15: 0xFFFFFFFFFFFFFFFF does not fit in 64 bits
const list<i32> a = [,] | 1:22: expected a value, found ','
const string a = "a\xb" | 1:20: unknown escape \x; known are \r \n \t \" \' \\
const string a = "ab | 1:18: this literal never ends: expected " on the same line
const i32 A = 1 const string B = A | 1:34: constant 'B' is of type string, which 1 is not
service S extends T {} | 1:19: unknown service 'T'
service S extends {} | 1:19: expected the service that it extends, found '{'
service S {a()} | 1:13: expected the method's name, found '('
service S {void a.b()} | 1:17: 'a.b' has a dot, and the method's name cannot have one
service S {i32 string()} | 1:16: expected the method's name, found 'string'
service S {void a(), void a()} | 1:22: 'a' is already a method of service S
service S {void a(1: i32 a} | 1:27: expected a field or ')', found '}'
service S {oneway oneway void a()} | 1:19: expected a type or void, found 'oneway'
service S {void a() throws (1: X x)} | 1:32: unknown type 'X'
struct E {} service S {void a() throws (1: E e)} | 1:44: 'E' is no exception, and only those can be thrown
exception E {} service S {oneway void a() throws (1: E e)} | 1:43: a oneway method cannot throw: nothing comes back
"""

# What 0.17 refuses and another version takes, or what stands in an order that the compiler does not look ahead for.
TAKEN_HERE = r"""
struct A {1: uuid u}
struct A {1: i32 namespace, 2: string string, 3: bool required, 4: required i32 optional, 5: list<i32> list}
struct A {1: i32 class, 2: i32 for, 3: i32 end}
struct class {}
struct A {1: slist s}
senum S {"a", "b"; "c"}
struct A {1: list cpp_type "x" <i32> a}
const i32 X = Y const i32 Y = 1
const Color C = Color.RED enum Color {RED}
service S {void a() throws (1: E e)} exception E {}
service S extends T {} service T {}
struct A {1: B b = {"x": 1}} struct B {1: i32 x}
"""


def lines(table: str) -> list[str]:
    return table.strip().split("\n")


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Writes files and loads the first of them; `folders` is for includes."""

    def load(content: str, folders: tuple[str, ...] = (), **others: str) -> Program:
        for name, other in others.items():
            path = tmp_path / (name.replace("__", "/") + ".thrift")
            path.parent.mkdir(exist_ok=True)
            path.write_text(other)
        (tmp_path / "main.thrift").write_text(content)
        return idl.load(str(tmp_path / "main.thrift"), [str(tmp_path / folder) for folder in folders])

    return load


def refusal(load: Load, *args: object, **others: str) -> str:
    """What is said, without the folder."""
    with pytest.raises(ExchangeError) as caught:
        load(*args, **others)
    assert (caught.value.layer, caught.value.kind) == ("usage", "usage")
    return caught.value.message.rpartition("/main.thrift:")[2] or caught.value.message


@pytest.mark.parametrize("snippet", lines(TAKEN) + lines(TAKEN_HERE))
def test_what_a_compiler_takes_is_read(load: Load, snippet: str) -> None:
    load(snippet)


@pytest.mark.parametrize("row", lines(REFUSED))
def test_what_is_no_idl_is_refused_where_it_is(load: Load, row: str) -> None:
    snippet, _, said = row.partition(" | ")
    assert refusal(load, snippet) == said


def test_apaches_compiler_judges_alike(tmp_path: Path) -> None:
    compiler = need("thrift")

    def takes(at: int, snippet: str) -> bool:
        path = tmp_path / f"s{at}.thrift"
        path.write_text(snippet)
        command = [compiler, "-nowarn", "--gen", "json", "-out", str(tmp_path), str(path)]
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0

    taken = lines(TAKEN)
    assert [snippet for at, snippet in enumerate(taken) if not takes(at, snippet)] == []
    # The compiler runs without end on a typedef of itself, and on a literal that the file ends in.
    refused = [row.partition(" | ")[0] for row in lines(REFUSED) if not row.endswith(("is defined by itself", "on the same line"))]
    assert [snippet for at, snippet in enumerate(refused) if takes(1000 + at, snippet)] == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("/* x", "1:1: this comment never ends: expected */"),
        ("struct A {}\n\n  / x", "3:3: unexpected '/'; a comment begins with //, /* or #"),
        ("struct A {\n  1: i32 a\n  2: i32 a\n}", "3:3: field 'a': the name is already used by field 1: 'a'"),
        ("\ufeffstruct", "1:7: expected the name of the struct, found the end of the file"),
        ("service S {\n  void a() // }\n", "3:1: expected a method or '}', found the end of the file"),
        ("struct A {1: " + "list<" * 100 + "i32", "1:339: types are nested deeper than 64"),
        ("const X a = " + "[" * 100, "1:78: constants are nested deeper than 64"),
        ("const i32 A = B const i32 B = A", "1:15: 'B' is defined by itself"),
        ("service A extends B {} service B extends A {}", "1:19: service 'A' extends itself"),
    ],
)
def test_mistakes_over_several_lines_and_without_end(load: Load, content: str, said: str) -> None:
    assert refusal(load, content) == said


# --- includes


def test_names_are_found_through_includes(load: Load) -> None:
    program = load(
        'include "sub/shared.thrift"\ninclude "other.thrift"\n'
        "struct A {1: shared.Color c = shared.Color.RED, 2: i32 n = shared.LIMIT, 3: other.Id id, 4: i32 m = shared.Color.RED}\n"
        "service S extends shared.Base {}",
        ("lib",),
        sub__shared='include "../deep.thrift" enum Color {RED = 3} const i32 LIMIT = deep.D service Base {deep.T ping()}',
        deep="const i32 D = 0x20 typedef list<string> T",
        lib__other="typedef i64 Id",
    )
    struct = program.types["A"]
    assert isinstance(struct, Struct)
    values = [field.default and constants.json_value(program, field.type, field.default) for field in struct.fields]
    assert values == ["RED", 32, None, 3]
    assert struct.fields[2].type.real.kind == "i64"
    service, method = idl.find_method(program, "S.ping")
    assert (service.name, text.signature(method)) == ("S", "deep.T ping()")
    assert list(idl.services(program)) == ["S", "shared.Base"]


@pytest.mark.parametrize(
    ("content", "others", "said"),
    [
        ('include "no.thrift"', {}, "1:1: expected the file 'no.thrift' in 'FOLDER': there is none"),
        (
            'include "a.thrift"',
            {"a": 'include "main.thrift"'},
            "the includes run in a circle: 'main.thrift' includes 'a.thrift' includes 'main.thrift'",
        ),
        ('include "main.thrift"', {}, "1:1: the includes run in a circle: 'main.thrift' includes 'main.thrift'"),
        (
            'include "a.thrift" struct S {1: a.Itme i}',
            {"a": "struct Item {}"},
            "1:33: unknown type 'a.Itme': 'a.thrift' defines no 'Itme'; did you mean 'Item'?",
        ),
        ('include "a.thrift"', {"a": "struct {"}, "a.thrift:1:8: expected the name of the struct, found '{'"),
    ],
)
def test_includes_that_fail(load: Load, tmp_path: Path, content: str, others: dict[str, str], said: str) -> None:
    assert refusal(load, content, **others).replace(str(tmp_path), "FOLDER").endswith(said)


def test_a_missing_include_names_the_folders_and_the_option(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ExchangeError) as caught:
        load('include "no.thrift"', ("one",))
    assert caught.value.message.endswith(f"expected the file 'no.thrift' in '{tmp_path}', '{tmp_path}/one': there is none")
    assert caught.value.hint == "name the folder of the included files with --include DIR"


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ExchangeError, match="/no/such.thrift: No such file or directory"):
        idl.load("/no/such.thrift")


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(ExchangeError, match="are larger than 8 MiB"):
        idl.load("/dev/zero")


# --- what is read


def test_ids_are_given_as_the_compiler_gives_them() -> None:
    content = "struct A {i32 a, -7: i32 b, 5: i32 c, i32 d}"

    def ids(program: Program) -> list[int]:
        struct = program.types["A"]
        assert isinstance(struct, Struct)
        return [field.id for field in struct.fields]

    assert ids(parse("a", content)) == [-1, -2, 5, -3]
    assert ids(parse("a", content, included=True)) == [-1, -7, 5, -8]


def test_enums_count_on() -> None:
    enum = parse("a", "enum E {A, B = 5, C, D = 0x10, E = -1, F}").types["E"]
    assert isinstance(enum, Enum)
    assert enum.members == {"A": 0, "B": 5, "C": 6, "D": 16, "E": -1, "F": 0}
    assert enum.name_of(0) == "A"
    assert enum.name_of(9) is None


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ('const string c = "a\\tb\\"" ', 'a\tb"'),
        ("const double c = -1.5e-3", -0.0015),
        ("const double c = 3", 3),
        ("const bool c = true", True),
        ("const map<i32, list<bool>> c = {1: [true, 0]}", [[1, [True, False]]]),
        ("const E c = E.B enum E {A, B}", "B"),
        ("const set<E> c = [E.A, 1] enum E {A, B}", ["A", 1]),
        ('const S c = {"a": 1, "b": {"a": 2}} struct S {1: i32 a, 2: S b}', {"a": 1, "b": {"a": 2}}),
        ("const i32 c = d const i32 d = E.B enum E {A, B}", 1),
        ("const i64 c = -0x10", -16),
    ],
)
def test_constants_are_json_values(load: Load, declared: str, value: object) -> None:
    program = load(declared)
    const = program.constants["c"]
    assert constants.json_value(program, const.type, const.value) == value


def test_methods_are_found_by_their_names(load: Load) -> None:
    program = load("service B {void ping()} service S extends B {void add()} service T {void add(), void only()}")
    assert [found.name for found in idl.find_method(program, "only")] == ["T", "only"]
    assert [found.name for found in idl.find_method(program, "S.ping")] == ["S", "ping"]
    for wanted, said in [
        ("add", "'add' is a method of several services; write S.add or T.add"),
        ("S.ad", "service S has no method 'ad'; did you mean 'add'?"),
        ("Sv.add", "main.thrift has no service 'Sv'; did you mean 'S'?"),
        ("onyl", "main.thrift has a method 'onyl'; did you mean 'only'?"),
    ]:
        with pytest.raises(ExchangeError) as caught:
            idl.find_method(program, wanted)
        assert caught.value.message.endswith(said)


# --- text


def test_services_are_listed_as_the_idl_is_written() -> None:
    assert text.list_services(idl.load(str(IDL / "demo.thrift"))) == (
        "service Shop extends base.Base\n"
        "  i32 add(1: i32 a, 2: i32 b)\n"
        "  Item echo(1: Item item)\n"
        "  i32 reserve(1: string sku) throws (1: OutOfStock out)\n"
        "  string crash()\n"
        "  oneway void fire(1: string what)\n"
        "  void slow(1: i32 ms)\n"
        "  void nothing()\n"
        "  Item none()\n"
        "  bool flip(1: bool value, 2: optional i32 unused)\n"
        "  string ping()\n"
        "service base.Base\n"
        "  string ping()\n"
    )


def test_a_definition_is_described_with_its_comment_and_the_types_it_names() -> None:
    program = idl.load(str(IDL / "demo.thrift"))
    assert text.describe(program, "Shop.reserve") == (
        "i32 reserve(1: string sku) throws (1: OutOfStock out)\n\nexception OutOfStock {\n  1: string sku\n  2: i32 left\n}\n"
    )
    item = text.describe(program, "Item")
    assert item.startswith("/** A thing that is sold. */\nstruct Item {\n  1: required string name\n")
    assert "\n\nenum Color { RED = 1, GREEN, LIME = 0x10 }\n" in item
    assert "\n\nunion Money {\n  1: i64 cents\n  2: string text\n}\n" in item
    assert text.describe(program, "base.Base") == "/** What every service of the tests has. */\nservice Base {\n  string ping()\n}\n"
    with pytest.raises(ExchangeError, match=r"defines nothing named 'Itm'; did you mean 'Item'\?"):
        text.describe(program, "Itm")


def test_a_template_has_a_value_for_each_argument(load: Load) -> None:
    program = load(
        "enum E {A = 4, B} union U {1: E e, 2: i32 n} struct T {1: list<T> more, 2: optional T one, 3: i32 n = 7, 4: U u, 5: binary raw}"
        "service S {void m(1: T t, 2: map<i32, string> names, 3: map<string, E> by, 4: set<double> d, 5: uuid id, 6: bool b, 7: T again)}"
    )
    t = {"more": [], "n": 7, "u": {"e": "A"}, "raw": {"base64": ""}}
    assert text.template(idl.find_method(program, "m")[1]) == {
        "t": t,
        "names": [[0, ""]],
        "by": {"": "A"},
        "d": [0.0],
        "id": "00000000-0000-0000-0000-000000000000",
        "b": False,
        "again": t,
    }


def test_reading_idl_and_calling_load_nothing_heavy() -> None:
    heavy = {"re", "json", "typing", "enum", "dataclasses", "collections", "functools", "uuid", "base64", "pathlib", "contextlib", "zlib"}
    code = (
        "import sys; before = set(sys.modules); from rrcli.codec.thrift import answer, idl, reply, writevalue; "
        f"program = idl.load({str(IDL / 'demo.thrift')!r}); method = idl.find_method(program, 'add')[1]; "
        "fields, _ = writevalue.fields(method.arguments, {'a': 1, 'b': '2'}); "
        "answer.encode_message(answer.call(fields, 'add', 1), 'binary'); "
        "print(*sorted(set(sys.modules) - before))"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & heavy == set()
    assert "rrcli.codec.thrift.compact" not in done.stdout
