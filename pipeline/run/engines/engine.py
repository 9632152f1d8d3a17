"""What every engine offers: a place where warm workers make shards."""

from typing import Protocol

from pipeline.attempts.attempt import JudgedAttempt
from pipeline.attempts.tally import Progress
from pipeline.store.manifest import ShardRecord
from pipeline.store.planfile import PlannedShard
from pipeline.store.rows import Recipe


class Engine(Protocol):
    """Workers that are loaded once and fill many shards."""

    @property
    def open_shards(self) -> int:
        """How many shards to have in work at once, so that no generator waits for a shard's last slots."""
        ...

    @property
    def recipe(self) -> Recipe:
        """What the pictures and verdicts depend on besides the spec."""
        ...

    @property
    def progress(self) -> Progress:
        """The counts of all workers at this moment."""
        ...

    @property
    def last_rejects(self) -> list[JudgedAttempt]:
        """The latest rejected attempts, with their thumbnails."""
        ...

    def make_shard(self, shard: PlannedShard) -> ShardRecord:
        """Fills and commits a shard. Blocks; safe to call from several threads."""
        ...

    def close(self) -> None:
        """Lets the workers finish and spool what they have in hand, then ends them."""
        ...
