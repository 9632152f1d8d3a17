"""How fast shards are written: our commit path, plain pyarrow and tar, on the same pictures in the same run.

    python benchmarks/writing.py --pictures 512 --kilobytes 100 --shards 3

Ours hashes every picture and every file and is durable (fsync) when it returns. `plain pyarrow` is one write_table with
its defaults, `tar` one tarfile with a picture and a JSON label each; both are measured as they are, and fsynced.
"""

import argparse
import io
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.attempts.attempt import Attempt, JudgedAttempt
from pipeline.attempts.verdict import Scores, Verdict
from pipeline.planning.grid import make_grid
from pipeline.planning.plan import plan_shards
from pipeline.planning.prompting import Prompter
from pipeline.planning.spec import parse_spec
from pipeline.planning.vocabulary import load_vocabulary
from pipeline.store.folder import DatasetFolder
from pipeline.store.planfile import PlannedShard
from pipeline.store.rows import attempt_row

RECIPE = {"model": "random bytes", "revision": None, "steps": 4, "guidance": 0.0}
SCORES = Scores(1, 0.2, 0.9, 0.0, (1.0, 2.0, 3.0, 4.0), tuple(map(float, range(10))), 0.5, 0.0, 1.0, 2.0, 3.0, 0.9, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=512, help="pictures a shard (default: %(default)s)")
    parser.add_argument("--kilobytes", type=int, default=100, help="size of a picture (default: %(default)s)")
    parser.add_argument("--shards", type=int, default=3, help="shards to write each way (default: %(default)s)")
    parser.add_argument(
        "--folder", type=Path, help="where to write, on the disk in question (default: a temporary one)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as root:
        folder = begin(root, options.pictures, options.shards)
        shards = list(folder.plan())
        accepted = [pictures_for(shard, options.kilobytes * 1000) for shard in shards]
        megabytes = sum(len(judged.image) for shard in accepted for judged in shard) / 1e6 / len(shards)
        ways: dict[str, Callable[[int], object]] = {
            "tar": lambda n: write_tar(Path(root, f"{n}.tar"), accepted[n]),
            "plain pyarrow": lambda n: write_plain(Path(root, f"{n}.parquet"), accepted[n]),
            "commit_shard": lambda n: folder.commit_shard(shards[n], accepted[n], accepted[n], RECIPE),
        }
        report({name: [seconds(write, n) for n in range(len(shards))] for name, write in ways.items()}, megabytes)


def begin(root: str, pictures: int, shards: int) -> DatasetFolder:
    """A planned dataset of `shards` shards of `pictures` slots."""
    vocabulary = load_vocabulary()
    grid = {"emotions": ["awe"], "ethnicities": ["black"], "ages": [40], "genders": ["woman"]}
    total = {"images_per_cell": pictures * shards, "storage": {"shard_size": pictures}}
    spec = parse_spec({"name": "writing", "grid": grid, **total}, "benchmark")
    made, folder = make_grid(spec, vocabulary), DatasetFolder(f"{root}/dataset")
    prompter = Prompter(vocabulary, spec.prompt.template, spec.prompt.intensities)
    folder.add_part(spec, made, plan_shards(spec, made), prompter.prompt)
    return folder


def pictures_for(shard: PlannedShard, size: int) -> list[JudgedAttempt]:
    """An accepted attempt of `size` random bytes for each slot: an encoded picture does not compress either."""
    random = np.random.default_rng(0)
    return [
        JudgedAttempt(
            Attempt(slot.id, 0, seed, slot.prompt.text, slot.prompt.negative),
            Verdict(None, SCORES),
            random.bytes(size),
            seed,
            1024,
            1024,
            900.0,
        )
        for seed, slot in enumerate(shard.slots)
    ]


def write_plain(path: Path, accepted: list[JudgedAttempt]) -> None:
    """One table, one call, defaults."""
    rows = [{**attempt_row(judged), "image": judged.image, "prompt": judged.attempt.prompt} for judged in accepted]
    with path.open("wb") as file:
        pq.write_table(pa.Table.from_pylist(rows), file)
        os.fsync(file.fileno())


def write_tar(path: Path, accepted: list[JudgedAttempt]) -> None:
    """As WebDataset does: a picture and its labels as two members."""
    with path.open("wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for judged in accepted:
                label = json.dumps({"prompt": judged.attempt.prompt, "seed": judged.attempt.seed}).encode()
                for suffix, content in (("jpg", judged.image), ("json", label)):
                    member = tarfile.TarInfo(f"{judged.attempt.slot_id}.{suffix}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
        file.flush()
        os.fsync(file.fileno())


def seconds(write: Callable[[int], object], shard: int) -> float:
    """How long `write` takes for shard number `shard`."""
    started = time.perf_counter()
    write(shard)
    return time.perf_counter() - started


def report(times: dict[str, list[float]], megabytes: float) -> None:
    """Prints the median and the best of each way, and how many times tar's median speed it is."""
    base = float(np.median(times["tar"]))
    print(f"{'':16}{'MB/s':>8}{'best':>8}{'x tar':>8}   ({megabytes:.0f} MB a shard, median of {len(times['tar'])})")
    for name, taken in times.items():
        median = float(np.median(taken))
        print(f"{name:16}{megabytes / median:8.0f}{megabytes / min(taken):8.0f}{base / median:8.2f}")


if __name__ == "__main__":
    main()
