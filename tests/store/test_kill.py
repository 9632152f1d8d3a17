"""kill -9, for real, at random moments."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.store.folder import DatasetFolder
from pipeline.store.verify import Fault, verify
from tests.store.making import begin, small_spec

KILLS = 8

WRITER = """
import sys
from pipeline.store.folder import DatasetFolder
from tests.store.making import RECIPE, judged

folder = DatasetFolder(sys.argv[1])
with folder.writing("victim"):
    committed = set(folder.manifest.names())
    for shard in folder.plan():
        if shard.name in committed:
            continue
        spool = folder.spool(shard.name)
        done = {attempt.attempt.slot_id: attempt for attempt in spool.load()}
        print("resumed", len(done), flush=True)
        for first in range(0, len(shard.slots), 2):
            batch = [judged(slot) for slot in shard.slots[first : first + 2] if slot.id not in done]
            if batch:
                spool.append(batch)
                print("spooled", shard.name, *(attempt.attempt.slot_id for attempt in batch), flush=True)
                done |= {attempt.attempt.slot_id: attempt for attempt in batch}
        filled = [done[slot.id] for slot in shard.slots]
        folder.commit_shard(shard, filled, filled, RECIPE)
        print("committed", shard.name, flush=True)
    folder.finish()
"""


def test_killed_writers_lose_no_spooled_batch_and_show_no_half_shard(tmp_path: Path):
    root = tmp_path / "demo"
    folder = DatasetFolder(str(root))
    begin(folder, small_spec(images_per_cell=24))
    chance = random.Random(0)
    spooled: set[str] = set()
    for _ in range(KILLS):
        spooled |= _run_and_kill(root, chance)
        _assert_only_whole_shards(folder)
        assert spooled <= _safe(folder)
    assert 0 < len(folder.manifest.names()) < 24
    _run(root).communicate()
    assert verify(folder).complete
    assert not list(root.rglob("*.tmp"))
    assert not list(root.glob(".spool/*/*"))


def test_a_run_that_was_killed_ends_with_the_same_bytes_as_one_that_was_not(tmp_path: Path):
    names = ("killed", "calm")
    for name in names:
        begin(DatasetFolder(str(tmp_path / name)), small_spec(images_per_cell=6))
    for seed in range(3):
        _run_and_kill(tmp_path / "killed", random.Random(seed))
    for name in names:
        _run(tmp_path / name).communicate()
    killed, calm = (sorted((tmp_path / name).glob("data/*.parquet")) for name in names)
    assert len(calm) == 6
    assert [path.read_bytes() for path in killed] == [path.read_bytes() for path in calm]


def _run(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, root], stdout=subprocess.PIPE, text=True)


def _run_and_kill(root: Path, chance: random.Random) -> set[str]:
    """Kills a writer a random while after its first lines; gives the slots that it said were spooled."""
    process = _run(root)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(chance.randrange(1, 16))]
    time.sleep(chance.uniform(0, 0.03))
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines(keepends=True)
    process.wait()
    whole = [line.split() for line in lines if line.endswith("\n") and line.startswith("spooled")]
    return {slot for line in whole for slot in line[2:]}


def _assert_only_whole_shards(folder: DatasetFolder) -> None:
    assert {problem.fault for problem in verify(folder).problems} <= {Fault.MISSING}
    for path in Path(folder.storage.url).glob("data/*.parquet"):
        assert pq.read_metadata(path).num_rows > 0


def _safe(folder: DatasetFolder) -> set[str]:
    """Slots that are committed or in a spool."""
    committed = set(folder.manifest.names())
    shards = list(folder.plan())
    safe = {slot.id for shard in shards if shard.name in committed for slot in shard.slots}
    return safe | {judged.attempt.slot_id for shard in shards for judged in folder.spool(shard.name).load()}
