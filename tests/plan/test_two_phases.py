"""Reserve, confirm, and cancel where that fails: over HTTP and PostgreSQL, with values that are never SQL."""

from __future__ import annotations

from peers.orders import Orders
from peers.plans import Run
from peers.postgres import Postgres

PLAN = """[vars]
item = "x'); drop table plan_orders; --"
[[setup]]
name = "table"
pg = ["DSN"]
sql = "create table if not exists plan_orders (id int, item text, state text)"
[[step]]
name = "reserve"
http = "POST URL/orders"
json = { item = "{{item}}" }
capture = { order = "json.id" }
[[step]]
name = "store"
pg = ["DSN"]
sql = "insert into plan_orders values ($1, $2, 'reserved') returning id"
params = ["{{order}}", "{{item}}"]
capture = { kept = "response.data.rows[0].id" }
[[step]]
name = "confirm"
http = "POST URL/CONFIRM"
json = { order = "{{order}}" }
expect = "json.path == '/ok'"
[[teardown]]
name = "forget"
when = "run.failed"
pg = ["DSN"]
sql = "update plan_orders set state = 'cancelled' where id = $1 returning item, state"
params = "{{kept}}"
expect = "response.data.rows[0].item == {{item}}"
[[teardown]]
name = "cancel"
when = "run.failed"
http = "DELETE URL/orders/{{order}}"
"""


def plan(orders: Orders, postgres: Postgres, confirm: str) -> str:
    return PLAN.replace("URL", orders.url).replace("DSN", postgres.dsn()).replace("CONFIRM", confirm)


def test_what_was_reserved_is_confirmed(run_plan: Run, orders: Orders, postgres: Postgres) -> None:
    ran = run_plan(plan(orders, postgres, "ok"))
    assert (ran.code, orders.seen()) == (0, ["POST /orders", "POST /ok"]), ran.err
    assert (ran.outcomes["cancel"], ran.outcomes["forget"]) == ("skipped", "skipped")


def test_what_cannot_be_confirmed_is_cancelled_on_both_sides(run_plan: Run, orders: Orders, postgres: Postgres) -> None:
    ran = run_plan(plan(orders, postgres, "not-ok"))
    assert (ran.code, orders.seen()) == (8, ["POST /orders", "POST /not-ok", "DELETE /orders/7"]), ran.out
    assert ran.step("forget")["exchange"]["response"]["data"]["rows"][0]["state"] == "cancelled"
    assert ran.step("forget")["outcome"] == "passed"
