import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import InputError, RunError
from pipeline.store.lock import locked
from pipeline.store.storage import ObjectStorage, open_storage

HOLDER = """
import sys, time
from pipeline.store.lock import locked
from pipeline.store.storage import open_storage
with locked(open_storage(sys.argv[1]), "brave-otter"):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path / "demo"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"locked\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_run_is_refused_by_name_of_the_first_until_that_is_killed(
    holder: subprocess.Popen[bytes], tmp_path: Path
):
    storage = open_storage(str(tmp_path / "demo"))
    wanted = rf"demo: run 'brave-otter' \(process {holder.pid} on .*, since 20.*\) is writing here"
    with pytest.raises(InputError, match=wanted), locked(storage, "second"):
        pytest.fail("two writers")
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with locked(storage, "second"):
        pass


def test_a_run_that_ended_leaves_the_folder_free(tmp_path: Path):
    storage = open_storage(str(tmp_path))
    for run in ("first", "second"):
        with locked(storage, run) as lock:
            lock.check()
            with pytest.raises(InputError, match=f"run '{run}'"), locked(storage, "another"):
                pytest.fail("two writers")


def test_a_folder_that_cannot_be_locked_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"), locked(open_storage(str(tmp_path / "file/demo")), "run"):
        pytest.fail("locked nothing")


def test_one_of_many_threads_takes_a_remote_lock():
    url = f"memory://{uuid.uuid4().hex}"
    held, refused = [], []
    gate, done = threading.Barrier(8), threading.Event()

    def attempt(name: str) -> None:
        gate.wait()
        try:
            with locked(open_storage(url), name):
                held.append(name)
                done.wait(10)
        except InputError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=attempt, args=(f"run-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    while len(held) + len(refused) < 8:
        time.sleep(0.01)
    done.set()
    for thread in threads:
        thread.join()
    assert len(held) == 1
    assert all("is writing here" in message for message in refused)


def test_a_remote_lock_is_kept_fresh_and_is_free_when_its_holder_is_silent():
    storage = open_storage(f"memory://{uuid.uuid4().hex}")
    with locked(storage, "first", heartbeat=0.05, stale=0.5):
        time.sleep(0.8)
        with pytest.raises(InputError, match="run 'first'"), locked(storage, "second", stale=0.5):
            pytest.fail("two writers")
    with locked(storage, "silent", heartbeat=100):
        time.sleep(0.3)
        with locked(storage, "second", stale=0.2) as lock:
            lock.check()


def test_a_run_whose_remote_lock_was_taken_over_is_told():
    storage = open_storage(f"memory://{uuid.uuid4().hex}")
    assert isinstance(storage, ObjectStorage)
    with locked(storage, "first", heartbeat=0.3) as lock:
        with locked(storage, "second", stale=-1):
            time.sleep(0.8)
            with pytest.raises(RunError, match="run 'second'"):
                lock.check()
            assert storage.exists(".lock")
        assert not storage.exists(".lock")


def test_a_place_where_no_folder_can_be_is_refused_in_one_line(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", Path("/proc/emonet")):
        with pytest.raises(InputError, match="no folder can be made here"), locked(open_storage(str(place)), "run"):
            pytest.fail("locked nothing")
