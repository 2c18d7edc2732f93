"""A value of a large JSON answer beside jq on the same document as a file: printed, nothing asserted.

python tests/bench/query.py [--size 23MB] [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from rrcli.options.parse import size as parse_size

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.bench.download import head, nginx, row
from tests.bench.measuring import in_turn


def records(size: int) -> bytes:
    """A list of records, about so many bytes of JSON."""
    one = {"id": 1234567, "name": "number", "tags": ["a", "b"], "value": 1.5, "text": "lorem ipsum dolor sit amet " * 2}
    count = size // (len(json.dumps(one)) + 2)
    return json.dumps([{**one, "id": number, "value": number / 7} for number in range(count)]).encode()


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=parse_size, default=23_000_000, help="of the document (23MB)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    options = parser.parse_args(words)
    jq = shutil.which("jq")
    if jq is None:
        print("jq is not installed")
        return 0
    with tempfile.TemporaryDirectory() as name, nginx(Path(name), 0) as ports:
        path = Path(name) / "www/a.json"
        path.write_bytes(records(options.size))
        rrcli = [sys.executable, "-m", "rrcli", "http", f"http://127.0.0.1:{ports['plain']}/a.json"]
        jq_command = [jq, ".[5].name", str(path)]
        commands = {
            "--query": [*rrcli, "--query", "json[5].name"],
            "--expect": [*rrcli, "-q", "--expect", "json[5].name == number"],
            "status alone": [*rrcli, "--query", "response.status.code"],
            "jq": jq_command,
        }
        costs = in_turn(commands, options.runs, memory=True)
    theirs = costs.pop("jq")
    print(head(f"{options.size / 1e6:.0f} MB of JSON", "jq"))
    for name, cost in costs.items():
        print(row(name, cost, theirs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
