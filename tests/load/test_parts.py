"""What travels between a master and its workers, and what the master makes of it, without Locust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from peers.orders import Orders

import rrcli
from rrcli.base.errors import ExchangeError
from rrcli.engine.repeat import outcome_of
from rrcli.load.parcel import pack, unpack
from rrcli.load.site import Order, Site
from rrcli.load.team import Member, Team
from rrcli.model.document import document
from rrcli.plan.choice import Choice
from rrcli.plan.execute import open_plans
from rrcli.series.packed import packed, packed_value, unpacked, unpacked_value
from rrcli.series.tally import Tally


def tally_of(orders: Orders, times: int, path: str = "/x") -> Tally:
    tally = Tally()
    for number in range(times):
        exchange = rrcli.send(rrcli.HttpRequest(f"{orders.url}{path}"))
        tally.add(number, outcome_of(exchange), tally.began_ns or 1, None)
    return tally


def test_a_tally_is_the_same_when_it_has_travelled(orders: Orders) -> None:
    tally = tally_of(orders, 5)
    orders.fails = 1
    exchange = rrcli.send(rrcli.HttpRequest("POST", f"{orders.url}/x", "password=hunter-2222", headers=("X-Token: tok-31415926",)))
    tally.add(5, outcome_of(exchange), 1, None)
    found = unpacked(packed(tally), 1)
    assert (found.count, found.failed, found.statuses, found.errors) == (6, 1, {"200": 5, "503": 1}, {"bad_status": 1})
    assert (found.bytes_sent, found.bytes_received, found.exit_code) == (tally.bytes_sent, tally.bytes_received, 1)
    for name, times in tally.times.items():
        assert found.times[name].buckets() == times.buckets()
        assert (found.times[name].total, found.times[name].least, found.times[name].greatest) == (times.total, times.least, times.greatest)
    assert sum(point["count"] for point in found.timeline.points()) == 6
    assert found.first
    assert tally.first
    documents = [document(each) for each in (found.first, tally.first)]
    for each in documents:
        each["response"]["body"].pop("parse_ms")
    assert documents[0] == documents[1]
    assert found.worst
    assert found.worst.error
    assert (found.worst.error.kind, found.worst.secrets) == ("bad_status", ())
    assert "hunter-2222" not in repr(packed(tally))
    assert "tok-31415926" not in repr(packed(tally))


def test_the_clock_of_another_machine_is_not_compared_with_ours(orders: Orders) -> None:
    tally = tally_of(orders, 2)
    tally.began_ns, tally.ended_ns = 10**15, 10**15 + 70
    found = unpacked(packed(tally), 5)
    assert (found.began_ns, found.ended_ns) == (5, 75)


def test_parts_add_up_to_the_whole(orders: Orders) -> None:
    """What a worker sends is what came since the last time; an exchange that was sent is not sent again."""
    whole, part = Tally(), tally_of(orders, 3)
    first = packed(part)
    following = part.successor()
    following.add(3, outcome_of(rrcli.send(rrcli.HttpRequest(f"{orders.url}/y"))), 1, None)
    second = packed(following, part)
    assert (first["count"], second["count"], second["first"]) == (3, 1, None)
    for each in (first, second):
        whole.merge(unpacked(each, 1))
    assert (whole.count, whole.times["total"].count, len(whole.statuses)) == (4, 4, 1)


@pytest.mark.parametrize(
    "found",
    [
        {"r": "Popen", "v": {}},
        {"r": "Record", "v": {}},
        {"r": "Target", "v": {"nothing": 1}},
        {"x": 1},
        {},
    ],
)
def test_nothing_but_records_of_exchanges_is_made_of_what_came(found: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        unpacked_value(found)


@pytest.mark.parametrize("value", ["a", "ü\udc80", b"\xff", 1 << 80, -(1 << 70), 1.5, None, True, (1, [2, {"a": (3,)}]), {1: "x"}])
def test_values_keep_their_types(value: Any) -> None:
    assert unpacked_value(packed_value(value)) == value


# --- the parcel

PLAN = """[vars]
base = "http://127.0.0.1:1"
[secrets]
key = "env:KEY"
[[step]]
name = "a"
http = "POST {{base}}/{{secrets.key}}"
data = "@body.txt"
"""


def parcel_of(folder: Path, text: str = PLAN) -> dict[str, Any]:
    (folder / "p.toml").write_text(text)
    (folder / "body.txt").write_text("hello")
    ((plan, scope),) = open_plans([str(folder / "p.toml")], {"more": 1}, resolves=False)
    return pack(plan, scope, only=("a",))


def test_a_parcel_has_the_files_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "masters-own")
    (tmp_path / "rrcli.toml").write_text('[vars]\ncolour = "red"\n')
    (tmp_path / "plans").mkdir()
    parcel = parcel_of(tmp_path / "plans")
    assert parcel["files"] == {"p.toml": PLAN.encode(), "body.txt": b"hello", "rrcli.toml": b'[vars]\ncolour = "red"\n'}
    assert "masters-own" not in repr(parcel)
    monkeypatch.setenv("KEY", "workers-own")
    (tmp_path / "w").mkdir()
    plan, scope, _ = unpack(parcel, str(tmp_path / "w"))
    assert (scope.values["secrets"], scope.values["more"]) == ({"key": "workers-own"}, 1)
    assert plan.steps[0].request(scope, plan.root).arguments == ("POST", "http://127.0.0.1:1/workers-own")


def test_a_worker_says_what_it_lacks_without_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEY", raising=False)
    parcel = parcel_of(tmp_path)
    (tmp_path / "w").mkdir()
    with pytest.raises(ExchangeError, match=r"^p\.toml:4:7: the secret key has no value: KEY is not set$"):
        unpack(parcel, str(tmp_path / "w"))


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil"])
def test_a_parcel_writes_nowhere_else(tmp_path: Path, name: str) -> None:
    parcel = parcel_of(tmp_path)
    (tmp_path / "w").mkdir()
    parcel["files"] = {name: b"x", **parcel["files"]}
    with pytest.raises(ExchangeError, match="outside of its folder"):
        unpack(parcel, str(tmp_path / "w"))
    assert not (tmp_path / "evil").exists()


# --- the team


def team_of(folder: Path, orders: Orders) -> tuple[Team, Site]:
    (folder / "p.toml").write_text(f'[[step]]\nname = "a"\nhttp = "{orders.url}/x"\n')
    ((plan, scope),) = open_plans([str(folder / "p.toml")], {})
    team = Team(plan, "1", None)
    for name in ("one", "two"):
        team.members[name] = Member(f"worker {name}")
    site = Site(plan, scope, Choice(plan), Order(users=2, rate=None, think=(0.0, 0.0)), lambda *_: None)
    return team, site


def test_reports_are_merged_and_who_fell_behind_is_named(tmp_path: Path, orders: Orders) -> None:
    team, site = team_of(tmp_path, orders)
    user, _ = site.user()
    for identity, times in (("one", 2), ("two", 3)):
        for _ in range(times):
            user.iterate()
        site.lag_ns = 120_000_000 if identity == "two" else 1_000_000
        team.report(identity, site.report())
    user.close()
    team.members["one"].cpu_percent = 97.2
    result = team.result([], {"a": 5})
    assert [(step.name, step.series and step.series.count) for step in result.steps] == [("a", 5)]
    assert (result.series and result.series.count, result.exit_code) == (5, 0)
    assert result.notes == (
        "worker one used 97 % of its core: times may be its own; more workers spread the load",
        "worker two was slow by itself: up to 120 ms of what is measured as waiting may be its own",
    )


def test_who_is_lost_or_sends_nonsense_is_named_and_counts_that_differ_are(tmp_path: Path, orders: Orders) -> None:
    team, site = team_of(tmp_path, orders)
    user, _ = site.user()
    user.iterate()
    team.report("one", site.report())
    team.report("one", {"steps": [["a"]]})
    user.iterate()
    stray = site.report()
    stray["steps"] = [[["a", "inside"], *each[1:]] for each in stray["steps"]]  # `a` runs no plan that has steps
    team.report("one", stray)
    team.report("one", {**site.report(), "lag_ns": float("inf")})
    team.report("nobody", {})
    team.members["one"].users = 3
    team.lost("one", "is gone")
    user.close()
    result = team.result([], {"a": 4})
    assert result.exit_code == 4
    assert [note.partition(":")[0] for note in result.notes] == [
        *["worker one sent a report that cannot be read"] * 3,
        "worker one is gone",
        "Locust has counted 4 of a, and we 1",
    ]
    assert "it had reported 1 exchanges, what came after its last report is lost, and its 3 users" in result.notes[3]


def test_users_have_indexes_of_their_own_over_all_sites_and_share_one_schedule(tmp_path: Path, orders: Orders) -> None:
    _, site = team_of(tmp_path, orders)
    site.order = Order(users=6, rate=60.0, think=(0.0, 0.0), place=1, sites=3)
    users = [site.user() for _ in range(2)]
    assert [user.index for user, _ in users] == [1, 4]
    site.leave(users[0][0])
    again, turns = site.user()
    assert again.index == 1
    due = turns.due_ns
    assert due is not None
    turns.took()
    assert turns.due_ns == due + 100_000_000  # a sixth of 60 a second
    offset = (users[1][1].due_ns or 0) - due
    assert offset % 100_000_000 == pytest.approx(50_000_000, abs=2)  # three places later
    for user in (again, users[1][0]):
        user.close()
