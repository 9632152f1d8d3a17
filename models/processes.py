"""Do files' worth of work in several processes, and say how far it is."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

EVERY = 20.0  # seconds


def share_out(work: Callable[[int, int], None], processes: int, folder: Path, files: int) -> None:
    """Run ``work(part, parts)`` in each process until ``folder`` holds ``files`` npz files; SystemExit if one fails."""
    folder.mkdir(parents=True, exist_ok=True)
    start, before = time.monotonic(), len(list(folder.glob("[!.]*.npz")))
    jobs = [multiprocessing.Process(target=work, args=(part, processes)) for part in range(processes)]
    for job in jobs:
        job.start()
    while any(job.is_alive() for job in jobs):
        jobs[0].join(EVERY)
        done = len(list(folder.glob("[!.]*.npz")))
        rate = (done - before) / (time.monotonic() - start) * 60
        left = f"{(files - done) / rate:.1f} min left" if rate else "no file yet"
        print(f"{folder}: {done} of {files} files, {left}", flush=True)
    if any(job.exitcode for job in jobs):
        raise SystemExit("a process failed; run the same command again to go on")
