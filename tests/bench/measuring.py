"""What a program costs that is run once: time, CPU and memory; and a table of such."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

UNMEASURED = ("COVERAGE_", "PYTHONDONTWRITEBYTECODE")  # variables that would be measured too


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, seconds of CPU of the program alone, and bytes of memory at its peak (0 where nobody looked)."""

    seconds: float
    cpu: float
    memory: int = 0


def run(command: list[str], *, memory: bool = False, directory: Path | None = None) -> Cost:
    """Run a command to its end. Raises `SystemExit` with what it said where it fails."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(UNMEASURED)}
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environ, cwd=directory
    )
    peak = 0
    while memory and _is_running(process.pid):  # what `wait4` tells begins with the memory of the process that forked
        peak = max(peak, _peak(process.pid))
        time.sleep(0.005)
    said = process.stderr.read() if process.stderr else b""
    _, status, used = os.wait4(process.pid, 0)
    taken = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.stderr:
        process.stderr.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}: {said.decode(errors='replace')}")
    return Cost(taken, used.ru_utime + used.ru_stime, peak)


def _is_running(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _peak(pid: int) -> int:
    """The most memory that a running process has had, in bytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def in_turn(commands: dict[str, list[str]], runs: int, *, warm: int = 0, memory: bool = False) -> dict[str, Cost]:
    """The median cost of each command; they take turns, so that a busy moment hits all alike. The first `warm` turns do not count."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for turn in range(runs + warm):
        for name, command in commands.items():
            cost = run(command, memory=memory)
            if turn >= warm:
                found[name].append(cost)
    return {
        name: Cost(
            statistics.median(cost.seconds for cost in costs),
            statistics.median(cost.cpu for cost in costs),
            max(cost.memory for cost in costs),
        )
        for name, costs in found.items()
    }
