"""Small real datasets: made by the bundled pipeline, judged by the embedded detector."""

from pipeline.planning.request import Request, check_request
from pipeline.planning.vocabulary import load_vocabulary
from pipeline.run.completion import complete_here
from pipeline.run.dataset_run import open_run
from pipeline.run.outcome import Outcome
from pipeline.store.folder import DatasetFolder
from pipeline.store.parquet import read_tables
from pipeline.store.shards import attempts_path
from tests.conftest import make_spec

SMALL = {
    "grid": {"emotions": ["amusement", "anger", "sadness"], "ethnicities": ["black", "white"], "ages": [30]},
    "generator": {"batch_size": 4, "steps": 6},
    "face": {"detector": "embedded"},
    "storage": {"shard_size": 6, "image_format": "png"},
}


def small_request(folder, **fields) -> Request:
    """A request for 12 pictures in two shards of six; `fields` replace whole fields of its spec."""
    return check_request(make_spec(**{**SMALL, **fields}), load_vocabulary(), str(folder))


def make(request: Request) -> Outcome:
    """Runs a request to its end, as `emonet generate` does where no Prefect server is named."""
    with open_run(request) as run:
        return complete_here(run)


def pictures(url):
    """(id, attempt, sha256) of every picture, by id."""
    folder = DatasetFolder(str(url))
    columns = ["id", "attempt", "sha256"]
    tables = [table for record in folder.committed() for table in folder.read_shard(record.name, columns)]
    return sorted(tuple(row[name] for name in columns) for table in tables for row in table.to_pylist())


def attempts(url):
    """(id, attempt, seed, reason, fingerprint) of every recorded attempt, by id."""
    folder = DatasetFolder(str(url))
    columns = ["id", "attempt", "seed", "reason", "fingerprint"]
    paths = [attempts_path(record.name) for record in folder.committed()]
    tables = [table for path in paths for table in read_tables(folder.storage, path, columns)]
    return sorted(tuple(row[name] for name in columns) for table in tables for row in table.to_pylist())
