"""`json-schema`: schemas are checked when the plan is, answers when they come; nothing is ever fetched."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from peers.nginx import Nginx
from peers.orders import Orders
from peers.plans import Run

ORDER = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["id", "item"],
    "properties": {"id": {"type": "integer"}, "item": {"$ref": "#/$defs/name"}},
    "$defs": {"name": {"type": "string"}},
}
OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "orders", "version": "1"},
    "paths": {},
    "components": {
        "schemas": {
            "Order": {
                "type": "object",
                "properties": {"id": {"$ref": "#/components/schemas/Id"}, "item": {"type": "string", "nullable": True}},
            },
            "Id": {"type": "integer", "minimum": 5, "exclusiveMinimum": True},
        }
    },
}


def order(orders: Orders, schema: str, content: str = '{ item = "book" }') -> str:
    return f'[[step]]\nname = "order"\nhttp = "POST {orders.url}/orders"\njson = {content}\njson-schema = {schema}\n'


def write(name: str, value: Any) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(json.dumps(value))


def test_an_answer_that_fits(run_plan: Run, orders: Orders) -> None:
    write("order.json", ORDER)
    ran = run_plan(order(orders, '"order.json"'))
    assert (ran.code, ran.step("order")["checks"]) == (0, [{"expr": "json fits order.json", "ok": True, "actual": True}])


def test_each_place_that_does_not_fit_is_a_check(run_plan: Run, orders: Orders) -> None:
    write("order.json", {**ORDER, "required": ["id", "price"]})
    ran = run_plan(order(orders, '"order.json"', "{ item = 3 }") + "expect = 'status == 201'\n")
    assert (ran.code, ran.step("order")["outcome"]) == (8, "failed")
    assert ran.step("order")["checks"] == [
        {"expr": "status == 201", "ok": True, "actual": 201},
        {"expr": "json fits order.json (required: price)", "ok": False, "actual": {"id": 7, "item": 3}},
        {"expr": "json.item fits order.json (type: string)", "ok": False, "actual": 3},
    ]
    out = run_plan(order(orders, '"order.json"', "{ item = 3 }"), drawn=True).out
    assert "  json.item fits order.json (type: string) does not hold: it is 3\n" in out


def test_a_part_of_an_openapi_document(run_plan: Run, orders: Orders) -> None:
    write("api/openapi.json", OPENAPI)
    part = '"api/openapi.json#/components/schemas/Order"'
    assert run_plan(order(orders, part, "{}")).code == 0
    ran = run_plan(order(orders, part, "{ item = 3 }"))
    assert ran.step("order")["checks"] == [
        {"expr": "json.item fits api/openapi.json#/components/schemas/Order (type: string)", "ok": False, "actual": 3}
    ]


def test_a_table_in_the_plan(run_plan: Run, orders: Orders) -> None:
    ran = run_plan(order(orders, '{ properties = { id = { const = "x" } } }'))
    assert (ran.code, ran.step("order")["checks"][0]["expr"]) == (8, "json.id fits json-schema (const: x)")


def test_a_reference_to_another_file(run_plan: Run, orders: Orders) -> None:
    write("schemas/order.json", {"properties": {"item": {"$ref": "names.json#/$defs/name"}}})
    write("schemas/names.json", {"$defs": {"name": {"type": "string", "maxLength": 3}}})
    ran = run_plan(order(orders, '"schemas/order.json"'))
    assert (ran.code, ran.step("order")["checks"][0]["expr"]) == (8, "json.item fits schemas/order.json (maxLength: 3)")


def test_an_answer_that_is_no_json(run_plan: Run, nginx: Nginx) -> None:
    ran = run_plan(f'[[step]]\nname = "page"\nhttp = "GET {nginx.url("/status/200")}"\njson-schema = {{}}\n')
    assert (ran.code, ran.step("page")["checks"][0]["expr"]) == (8, "json fits json-schema (the answer is no JSON)")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ('"order.json#/$defs/nam"', "p.toml:5:15: #/$defs/nam leads nowhere: there is no nam; did you mean name?"),
        ('"order.json#name"', "p.toml:5:15: #name is no JSON pointer"),
        ('"gone.json"', "p.toml:5:15: cannot read gone.json: no such file or directory"),
        ('"../order.json"', "p.toml:5:15: ../order.json lies outside of"),
        ('"order.yaml"', "p.toml:5:15: order.yaml: a schema is JSON or TOML"),
        ("3", "p.toml:5:15: json-schema is the name of a file, or a table"),
        ('{ type = "nope" }', "p.toml:5:24: this is no JSON Schema: 'nope' is not valid"),
        ('"wrong.json"', "wrong.json:2:10: this is no JSON Schema"),
        ('"syntax.json"', "syntax.json:1:2:"),
        ('{ "$ref" = "https://127.0.0.1:1/x.json" }', "p.toml:5:26: $ref 'https://127.0.0.1:1/x.json' leads nowhere: nothing is fetched"),
        ('{ items = { "$ref" = "#/nope" } }', "p.toml:5:36: $ref '#/nope' leads nowhere"),
        ('{ items = { "$ref" = "/etc/passwd" } }', "lies outside of"),
        ('{ "$ref" = "far.json" }', "by 'far.json': $ref 'http://127.0.0.1:1/' leads nowhere: nothing is fetched"),
    ],
)
def test_what_is_no_schema_is_told_before_anything_is_sent(run_plan: Run, orders: Orders, schema: str, said: str) -> None:
    write("order.json", ORDER)
    write("far.json", {"items": {"$ref": "http://127.0.0.1:1/"}})
    Path("wrong.json").write_text('{\n "type": "strin"\n}')
    Path("syntax.json").write_text("{no}")
    ran = run_plan(order(orders, schema))
    assert (ran.code, orders.seen()) == (2, [])
    assert said in ran.err


def test_a_value_called_ref_is_no_reference(run_plan: Run, orders: Orders) -> None:
    assert run_plan(order(orders, '{ properties = { id = { enum = [7, { "$ref" = "https://x.test/" }] } } }')).code == 0


def test_without_the_library_the_command_is_named_that_installs_it(run_plan: Run, orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    ran = run_plan(order(orders, "{}"))
    assert (ran.code, "json-schema needs the module jsonschema: pip install 'rrcli[schema]'" in ran.err) == (2, True)


def test_what_a_deep_answer_takes_is_bounded(run_plan: Run, orders: Orders) -> None:
    nested = "[" * 150 + "]" * 150
    schema = '{ properties = { item = { "$ref" = "#/$defs/a" } }, "$defs" = { a = { items = { "$ref" = "#/$defs/a" } } } }'
    ran = run_plan(order(orders, schema, f"{{ item = {nested} }}"))
    assert (ran.code, ran.step("order")["checks"][0]["expr"]) == (0, "json fits json-schema")
