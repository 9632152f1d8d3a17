"""`python -m flows.with_parent MODULE ARGUMENT...`: `python -m MODULE ...` that ends when its parent does.

The parent holds the other end of a pipe on stdin, which the system closes however the parent ends: even kill -9 leaves
no orphan behind.
"""

import os
import runpy
import signal
import sys
import threading
import time

SECONDS_TO_END = 20.0


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    signal.raise_signal(signal.SIGTERM)
    time.sleep(SECONDS_TO_END)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
