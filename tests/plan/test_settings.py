"""The settings of a plan: its own, the project's file, which may not redirect anything, and the user's."""

from __future__ import annotations

from pathlib import Path

import pytest
from peers.orders import Orders
from peers.plans import Run

STEP = '[[step]]\nname = "a"\nhttp = "GET {}"\n'


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the user's settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("RRCLI_NO_CONFIG", raising=False)
    (tmp_path / "config" / "rrcli").mkdir(parents=True)
    return tmp_path / "config" / "rrcli" / "rrcli.toml"


@pytest.fixture
def project(tmp_path: Path, user: Path) -> Path:  # noqa: ARG001
    """The place of the project's settings; plans lie in a folder below it."""
    (tmp_path / "plans").mkdir()
    return tmp_path / "rrcli.toml"


def test_the_nearest_wins(run_plan: Run, orders: Orders, user: Path, project: Path) -> None:
    user.write_text('[defaults.http]\nuser-agent = "user"\n')
    project.write_text('[defaults]\ntimeout = "9s"\n')
    text = STEP.format(f"{orders.url}/x")
    own = '[defaults.http]\nuser-agent = "plan"\n'
    of_env = '[env.x.http]\nuser-agent = "plan env"\n'
    for plan, words in (
        (text, ()),
        (text + own, ()),
        (text + own + of_env, ("--env", "x")),
        (text + 'user-agent = "step"\n' + own + of_env, ("--env", "x")),
    ):
        assert run_plan(plan, *words, name="plans/p.toml").code == 0
    assert [fields["user-agent"] for _, _, fields, _ in orders.log] == ["user", "plan", "plan env", "step"]


def test_variables_come_from_all_files(run_plan: Run, orders: Orders, user: Path, project: Path) -> None:
    user.write_text('[vars]\na = "user"\nb = "user"\n[env.x.vars]\nc = "user env"\nd = "user env"\n')
    project.write_text('[vars]\nb = "project"\n[env.x.vars]\nd = "project {{a}}"\n')
    text = f'[vars]\nc = "plan"\n[[step]]\nhttp = "POST {orders.url}/echo"\njson = ["{{{{a}}}}", "{{{{b}}}}", "{{{{c}}}}", "{{{{d}}}}"]\n'
    assert run_plan(text, "--env", "x", name="plans/p.toml").code == 0
    assert orders.log[0][3] == b'["user", "project", "user env", "project user"]'
    ran = run_plan(text, name="plans/p.toml")
    assert (ran.code, "no variable d" in ran.err) == (2, True)


def test_a_path_is_put_behind_the_base_url(run_plan: Run, orders: Orders, project: Path) -> None:
    project.write_text(f'[env.x]\nbase-url = "{orders.url}/project"\n')
    plan = STEP.format("/users") + '[env.y]\nbase-url = "{{base}}/plan/"\n[vars]\nbase = "' + orders.url + '"\n'
    assert run_plan(plan, "--env", "x", name="plans/p.toml").code == 0
    assert run_plan(plan, "--env", "y", name="plans/p.toml").code == 0
    assert orders.seen() == ["GET /project/users", "GET /plan/users"]


def test_the_users_fields_go_to_the_users_base_url_alone(run_plan: Run, orders: Orders, user: Path, project: Path) -> None:
    user.write_text(
        f'[env.x]\nbase-url = "{orders.url}"\nheader = ["X-Api-Key: k-31415926", "X-Own: 1"]\n[env.x.http]\nuser = "ann:pw-271828"\n'
    )
    plan = STEP.format("/users")
    assert run_plan(plan, "--env", "x", name="plans/p.toml").code == 0
    assert (orders.log[0][2]["x-api-key"], orders.log[0][2]["authorization"]) == ("k-31415926", "Basic YW5uOnB3LTI3MTgyOA==")
    elsewhere = orders.url.replace("127.0.0.1", "localhost")
    project.write_text(f'[env.x]\nbase-url = "{elsewhere}"\nheader = "X-Project: 2"\n')
    ran = run_plan(plan, "--env", "x", name="plans/p.toml")
    _, _, fields, _ = orders.log[1]
    assert (ran.code, fields.get("x-api-key"), fields.get("authorization"), fields["x-project"]) == (0, None, None, "2")
    assert ran.document["notes"] == [
        f"a: user of [env.x.http] not sent: it goes to {orders.url} alone", f"a: header of [env.x] not sent: it goes to {orders.url} alone",
    ]  # fmt: skip
    assert run_plan(STEP.format(orders.url + "/me"), "--env", "x", name="plans/p.toml").code == 0
    assert (orders.log[2][2]["x-own"], orders.log[2][2].get("x-project")) == ("1", None)


def test_fields_of_the_plans_own_environment_go_where_its_steps_go_unless_it_has_a_base(run_plan: Run, orders: Orders) -> None:
    text = STEP.format(f"{orders.url}/x") + '[env.x]\nheader = "X-Own: 1"\n'
    assert run_plan(text, "--env", "x").code == 0
    assert run_plan(text + 'base-url = "http://elsewhere.test"\n', "--env", "x").code == 0
    assert [fields.get("x-own") for _, _, fields, _ in orders.log] == ["1", None]


def test_fields_of_other_names_come_from_all_files(run_plan: Run, orders: Orders, user: Path, project: Path) -> None:
    user.write_text('[defaults]\nheader = ["X-A: user", "X-B: user", "X-C: user"]\n')
    project.write_text('[defaults]\nheader = ["X-B: project"]\n')
    text = STEP.format(f"{orders.url}/x") + 'headers = { x-c = "step" }\n[defaults]\nheader = "X-D: plan"\n'
    assert run_plan(text, name="plans/p.toml").code == 0
    fields = orders.log[0][2]
    assert [fields[f"x-{name}"] for name in "abcd"] == ["user", "project", "step", "plan"]


def test_a_default_that_a_step_cannot_have_beside_its_own_is_passed_over(run_plan: Run, orders: Orders, user: Path) -> None:
    user.write_text("[defaults]\nretry = 2\n")
    ran = run_plan(STEP.format(f"{orders.url}/x") + "repeat = 2\n")
    assert (ran.code, ran.step("a")["series"]["count"]) == (0, 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[defaults]\nproxy = "http://x:1"\ninsecure = true\n', ["rrcli.toml:2:1: a project's settings have no proxy: they may hold vars,",
                                                               "rrcli.toml:3:1: a project's settings have no insecure"]),
        ('[env.x.http]\nuser = "a:b"\n', ["rrcli.toml:2:1: a project's settings have no user"]),
        ("history = true\n", ["rrcli.toml:1:1: a project's settings have no history"]),
        ('[defaults]\ntimout = "1s"\n', ["rrcli.toml:2:1: no option timout; did you mean timeout?"]),
        ('[vars]\n"a b" = 1\n', ["rrcli.toml:2:1: 'a b' is no name"]),
        ("[defaults\n", ["rrcli.toml:1:"]),
        ('[vars]\na = "{{b}}"\n', ["rrcli.toml:2:6: no variable b"]),
    ],
)  # fmt: skip
def test_what_a_project_may_not_set_is_told_and_nothing_is_sent(
    run_plan: Run, orders: Orders, project: Path, text: str, told: list[str]
) -> None:
    project.write_text(text)
    ran = run_plan(STEP.format(f"{orders.url}/x"), name="plans/p.toml")
    assert (ran.code, orders.log) == (2, [])
    for each in told:
        assert each in ran.err


def test_a_project_may_set_limits_retries_and_checks(run_plan: Run, orders: Orders, project: Path) -> None:
    project.write_text(
        '[defaults]\ntimeout = "9s"\nretry = 1\nexpect = "status == 200"\nmax-size = 1000\n[defaults.http]\nmax-redirects = 3\n'
    )
    ran = run_plan(STEP.format(f"{orders.url}/x"), name="plans/p.toml")
    assert (ran.code, ran.step("a")["checks"]) == (0, [{"expr": "status == 200", "ok": True, "actual": 200}])


def test_commands_know_nothing_of_a_projects_file(orders: Orders, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rrcli.__main__ import main

    project.write_text('[defaults]\nproxy = "http://127.0.0.1:1"\nno-such = 1\n')
    monkeypatch.chdir(project.parent / "plans")
    assert main(["http", "-q", f"{orders.url}/x"]) == 0


def test_without_configuration_no_file_is_read(
    run_plan: Run, orders: Orders, user: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.write_text("nonsense")
    project.write_text("nonsense")
    monkeypatch.setenv("RRCLI_NO_CONFIG", "1")
    monkeypatch.setenv("RRCLI_ENV", "nowhere")
    assert run_plan(STEP.format(f"{orders.url}/x"), name="plans/p.toml").code == 0


def test_an_environment_of_the_variable_and_one_that_nobody_has(
    run_plan: Run, orders: Orders, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.write_text(f'[env.mine]\nbase-url = "{orders.url}"\n')
    monkeypatch.setenv("RRCLI_ENV", "mine")
    ran = run_plan(STEP.format("/x"))
    assert (ran.code, ran.document["env"]) == (0, "mine")
    ran = run_plan(STEP.format("/x"), "--env", "min")
    assert (ran.code, "there is no environment min; did you mean mine? (it has mine)" in ran.err) == (2, True)


def test_a_plan_that_another_runs_has_the_same_settings(run_plan: Run, orders: Orders, project: Path) -> None:
    project.write_text(f'[vars]\nwho = "ann"\n[env.x]\nbase-url = "{orders.url}"\n')
    (project.parent / "plans" / "inner.toml").write_text('[[step]]\nhttp = "/hello/{{who}}"\n')
    assert run_plan('[[step]]\nrun = "inner.toml"\n', "--env", "x", name="plans/p.toml").code == 0
    assert orders.seen() == ["GET /hello/ann"]


def test_an_environment_of_the_user_is_nearer_than_the_plans_defaults(run_plan: Run, orders: Orders, user: Path) -> None:
    user.write_text('[env.x]\nrequest-id = "user"\n')
    text = STEP.format(f"{orders.url}/x") + '[defaults]\nrequest-id = "plan"\n'
    assert run_plan(text, "--env", "x").code == 0
    assert run_plan(text).code == 0
    assert [fields["x-request-id"] for _, _, fields, _ in orders.log] == ["user", "plan"]
