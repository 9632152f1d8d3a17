"""How fast a plan streams and how much memory it takes: `python benchmarks/planning.py`.

Baseline: the same slots as a plain product of the four axes, in the same process, with neither balance nor shards.
"""

import argparse
import itertools
import time
import tracemalloc
from collections.abc import Callable

from pipeline.planning.grid import make_grid
from pipeline.planning.plan import Slot, plan_shards
from pipeline.planning.spec import load_spec
from pipeline.planning.vocabulary import load_vocabulary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=float, nargs="+", default=[1e5, 1e6, 1e7])
    arguments = parser.parse_args()
    vocabulary = load_vocabulary()
    print(f"{'slots':>10} {'slots/s':>9} {'plain product':>13} {'ratio':>6} {'peak MB':>8}")
    for slots in arguments.slots:
        spec = load_spec("emonet-big", {"images_per_cell": max(1, round(slots / 7840))})
        grid = make_grid(spec, vocabulary)

        def planned(spec=spec, grid=grid) -> int:
            return sum(len(shard.slots) for shard in plan_shards(spec, grid))

        def product(grid=grid) -> int:
            cells = [grid.cell(number) for number in range(len(grid.quotas))]
            pairs = itertools.product(range(int(grid.quotas[0])), cells)
            return sum(1 for _ in (Slot(f"{cell.slug}-{index:05d}", cell, index, "train") for index, cell in pairs))

        count, seconds = timed(planned)
        _, baseline = timed(product)
        peak = peak_megabytes(planned) if slots <= 1e6 else peak_of_prefix(spec, grid)
        print(f"{count:>10} {count / seconds:>9.0f} {count / baseline:>13.0f} {baseline / seconds:>6.2f} {peak:>8.1f}")


def timed(work: Callable[[], int]) -> tuple[int, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def peak_megabytes(work: Callable[[], object]) -> float:
    """Peak of Python's and numpy's memory while `work` runs, beyond what was there before."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def peak_of_prefix(spec, grid) -> float:
    """The same over the first 1,000 shards: tracing ten million slots would take half an hour."""
    return peak_megabytes(lambda: sum(len(s.slots) for s in itertools.islice(plan_shards(spec, grid), 1000)))


if __name__ == "__main__":
    main()
