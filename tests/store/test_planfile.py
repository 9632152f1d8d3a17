import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from pipeline.planning.prompting import Prompt
from pipeline.store.planfile import PlannedShard, PlannedSlot, read_labels, read_plan, write_plan
from pipeline.store.schema import Labels
from pipeline.store.storage import open_storage

LABELS = Labels(("Awe",), ("Black",), ("woman",))


def shards(count: int, size: int = 64) -> Iterator[PlannedShard]:
    for number in range(count):
        slots = tuple(
            PlannedSlot(
                f"awe-black-woman-040-{index:05d}",
                "Awe",
                "Black",
                40,
                "woman",
                index,
                Prompt(f"a portrait with the number {index * 7919}", "old man", "plain"),
            )
            for index in range(number * size, (number + 1) * size)
        )
        yield PlannedShard(f"train-{number:05d}", "train", 3, slots)


def test_a_plan_comes_back_shard_by_shard(tmp_path: Path):
    storage = open_storage(str(tmp_path))
    write_plan(storage, "plan.parquet", LABELS, shards(300))
    assert list(read_plan(storage, "plan.parquet", 3)) == list(shards(300))
    assert read_labels(storage, "plan.parquet") == LABELS


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path):
    storage = open_storage(str(tmp_path))
    write_plan(storage, "1.parquet", LABELS, shards(10))
    write_plan(storage, "2.parquet", LABELS, shards(10))
    assert storage.read("1.parquet") == storage.read("2.parquet")


def test_memory_does_not_grow_with_the_plan(tmp_path: Path):
    storage = open_storage(str(tmp_path))

    def peak(count: int) -> tuple[int, int]:
        arrow = [pa.total_allocated_bytes()]

        def watched(some: Iterator[PlannedShard]) -> Iterator[PlannedShard]:
            for shard in some:
                arrow.append(pa.total_allocated_bytes())
                yield shard

        tracemalloc.start()
        write_plan(storage, "plan.parquet", LABELS, watched(shards(count)))
        for _ in watched(read_plan(storage, "plan.parquet", 3)):
            pass
        python = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return python, max(arrow) - arrow[0]

    small, large = peak(150), peak(600)
    assert large[0] < 1.3 * small[0] + 1_000_000
    assert large[1] < 1.3 * small[1] + 1_000_000
