"""`python -m tests.killing FOLDER`: begins a run, kills it with SIGKILL at a random moment, resumes it, and so on.

Each run is a fork of this process, which has imported everything and computed nothing: so twenty of them take a minute.
Exits with 1 where a kill cost more than the batches in flight.
"""

import argparse
import os
import random
import signal
import sys
import time
from pathlib import Path

import pipeline.run.engines.inline  # noqa: F401 - imported before the forks
from tests.datasets_made import make, small_request


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds a run may live")
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    spooled: set[str] = set()
    for _ in range(arguments.kills):
        run(arguments.folder, dice.uniform(0.1, arguments.longest))
        committed = {path.stem for path in arguments.folder.glob("manifest/*.json")}
        there = {str(path) for path in arguments.folder.glob(".spool/*/*.parquet")}
        lost = {path for path in spooled - there if Path(path).parent.name not in committed}
        if lost:
            print(f"lost: {sorted(lost)}")
            return 1
        spooled = there
        print(f"killed with {len(committed)} shards committed and {len(there)} batches spooled", flush=True)
    return run(arguments.folder, None)


def run(folder: Path, seconds: float | None) -> int:
    """A run in a child process, killed after `seconds` unless it has ended; its exit status."""
    child = os.fork()
    if child == 0:
        make(small_request(folder))
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    sys.exit(main())
