"""All that is measured, in one run: `python -m tests.bench [--quick] [PART...]`. Printed, nothing asserted.

Peers that are missing are left out. Each part is a script beside this one, with more to choose; ratios are to what stands beside them
in the same run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
# What is run of each part: the script, its title, and what makes it quick.
PARTS = {
    "startup": ("Start-up, beside bare Python", ["--runs", "5"]),
    "download": ("Transfers, beside curl", ["--size", "64MiB", "--runs", "1"]),
    "quic": ("HTTP/3", ["--size", "32MiB", "--runs", "2"]),
    "query": ("Large JSON, beside jq", ["--runs", "1"]),
    "series": ("Series, beside load tools", ["--times", "3000", "--runs", "1"]),
    "http2": ("The HTTP/2 codec, beside the libraries", ["--runs", "3"]),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (all)")
    parser.add_argument("--quick", action="store_true", help="fewer runs of smaller things")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    failed = []
    for name in options.parts or PARTS:
        title, quick = PARTS[name]
        print(f"\n## {title}\n", flush=True)
        done = subprocess.run(
            [sys.executable, FOLDER / f"{name}.py", *(quick if options.quick else [])], cwd=FOLDER.parents[1], check=False
        )
        if done.returncode:
            failed.append(name)
    if failed:
        print(f"\nended with an error: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
