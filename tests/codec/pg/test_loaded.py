"""What the codec loads: connecting is most of a short call's cost, so each login pays for its own method alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from test_imports import HEAVY

NEEDED = "from rrcli.codec.pg import backend, frontend, login, settings, values; "
TRUST = "login.Login('u', None).answer(backend.Authentication(kind='ok', code=0)); "
CONFIGURED = "settings.configure(settings.read_dsn('postgresql://u@h/d'), {'HOME': '/nowhere'}).startup(); "
MD5 = "login.Login('u', 'p').answer(backend.Authentication(kind='md5', code=5, salt=b'1234')); "
SCRAM = "login.Login('u', 'p').answer(backend.Authentication(kind='sasl', code=10, mechanisms=('SCRAM-SHA-256',))); "


def loaded(code: str) -> set[str]:
    """The modules that some code loads beyond those of a bare interpreter."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}

    def run(text: str) -> set[str]:
        command = [sys.executable, "-c", f"{text}import sys; print(*sys.modules)"]
        return set(subprocess.run(command, env=environ, capture_output=True, check=True, text=True).stdout.split())

    return run(code) - run("")


@pytest.mark.parametrize(
    ("code", "libraries"),
    [
        (TRUST + CONFIGURED, set()),
        (MD5, {"_md5"}),
        (SCRAM, {"_hashlib"}),
    ],
)
def test_a_login_loads_its_own_method_alone(code: str, libraries: set[str]) -> None:
    modules = loaded(NEEDED + code)
    assert modules & HEAVY == set()
    assert modules & {"_hashlib", "_md5", "_ssl", "unicodedata", "stringprep", "psycopg"} == libraries
    assert ("rrcli.codec.pg.scram" in modules) is ("_hashlib" in libraries)
    assert (
        modules & {"rrcli.codec.pg.copytext", "rrcli.codec.pg.passfile", "rrcli.codec.recognise", "rrcli.options.parse", "rrcli.explain.pg"}
        == set()
    )
