"""A plan as it travels to those who run it: its files, the variables that it was given, and what else was asked for.

The values of `[secrets]` stay where they are: each machine finds them in its own environment and files. What an option names below the
plan's folder travels, a file of credentials too. Nothing of a parcel is written outside of the
folder that it is opened in.
"""

from __future__ import annotations

import os

from rrcli.base.errors import ExchangeError, usage
from rrcli.base.sourcefile import Problems
from rrcli.base.userfolder import NAME as SETTINGS
from rrcli.engine.settings import project_file
from rrcli.plan.choice import Choice
from rrcli.plan.execute import open_plans
from rrcli.plan.novalue import NoValue
from rrcli.plan.scope import PlanScope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from rrcli.plan.model import Plan

LARGEST = 64 << 20  # bytes of all files together
MOST_FILES = 10_000


def pack(plan: Plan, scope: PlanScope, *, only: Iterable[str] = (), skip: Iterable[str] = ()) -> dict[str, Any]:
    """The parcel of a plan. Raises `usage` where its files are too large, and for standard input, which has no name.

    `scope` is one in which nothing is resolved.
    """
    if plan.source.name == "-":
        raise usage("a plan from standard input cannot be sent to workers", "save it to a file")
    root = plan.root.root
    files: dict[str, bytes] = {}
    size = 0
    for path in [plan.source.name, *sorted(_named(plan, scope) - {plan.source.name})]:
        if os.path.isfile(path):
            with open(path, "rb") as file:
                data = file.read(LARGEST + 1)
            size += len(data)
            if size > LARGEST:
                raise usage(f"the files of the plan are more than {LARGEST >> 20} MiB together", "let a server have the large ones")
            files[os.path.relpath(os.path.realpath(path), root)] = data
    files.setdefault(SETTINGS, _settings(plan.source.name))
    return {
        "plan": os.path.relpath(os.path.realpath(plan.source.name), root),
        "files": files,
        "given": plan.given,
        "env": plan.env,
        "only": list(only),
        "skip": list(skip),
        "run_id": scope.values["run"]["id"],
    }


def _settings(plan: str) -> bytes:
    """The project's settings; where there are none, none hold where it is opened either, whatever lies above that folder."""
    path = project_file(os.path.dirname(plan), plan)
    if path is None:
        return b""
    with open(path, "rb") as file:
        return file.read(LARGEST)


def unpack(parcel: dict[str, Any], folder: str) -> tuple[Plan, PlanScope, Choice]:
    """The plan of a parcel, its files written below a folder, with the secrets of this machine.

    Raises `usage` for whatever is wrong with it here: a secret that is missing, a file that would lie outside of the folder.
    """
    files = parcel["files"]
    if len(files) > MOST_FILES:
        raise usage(f"the parcel of the plan has {len(files):,} files")
    for name, data in files.items():
        path = os.path.realpath(os.path.join(folder, name))
        if os.path.isabs(name) or os.path.commonpath([path, os.path.realpath(folder)]) != os.path.realpath(folder):
            raise usage(f"the parcel of the plan has a file outside of its folder: {name}")
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    path = os.path.join(folder, parcel["plan"])
    try:
        ((plan, scope),) = open_plans([path], parcel["given"], env=parcel["env"], root=folder)
    except ExchangeError as error:
        said = "; ".join(error.problems or (error.message,)).replace(os.path.join(folder, ""), "")
        raise ExchangeError(error.layer, error.kind, said, hint=error.hint) from None
    scope.values["run"]["id"] = parcel["run_id"]
    return plan, scope, Choice(plan, only=tuple(parcel["only"]), skip=tuple(parcel["skip"]))


def _named(plan: Plan, scope: PlanScope) -> set[str]:
    """The files that a plan and the plans that it runs name, as far as that is known before anything is sent."""
    scope.is_dry = True
    scope.resolve_variables(Problems(), plan.given)
    found: set[str] = set()
    for step in plan.steps:
        if step.included:
            inner = PlanScope(step.included, scope.values["run"]["id"])
            found |= {step.included.source.name, *_named(step.included, inner)}
        elif step.entry:
            try:
                step.request(scope, plan.root)
            except (ExchangeError, NoValue):
                continue  # the file that it is about may have been named before
    return found | plan.root.named
