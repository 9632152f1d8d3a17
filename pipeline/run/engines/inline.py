"""One worker in this process: a laptop, or one GPU."""

from pipeline.attempts.attempt import JudgedAttempt
from pipeline.attempts.tally import Progress, Tally
from pipeline.faces.detector import make_detector
from pipeline.faces.judge import FaceJudge
from pipeline.faces.probe import load_probe
from pipeline.generators.diffusion import load_generator
from pipeline.generators.generator import Generator
from pipeline.planning.spec import DatasetSpec
from pipeline.run.worker import ShardSink, Worker
from pipeline.store.manifest import ShardRecord
from pipeline.store.planfile import PlannedShard
from pipeline.store.rows import Recipe


def load_inline(spec: DatasetSpec, sink: ShardSink) -> "InlineEngine":
    """Loads the spec's generator, detector and probe; InputError where one of them is not there."""
    generator = load_generator(spec.generator)
    judge = FaceJudge(make_detector(spec.face, spec.generator.device), load_probe(), spec.face)
    return InlineEngine(spec, sink, generator, judge)


class InlineEngine:
    """See pipeline.run.engines.engine.Engine."""

    open_shards = 2

    def __init__(self, spec: DatasetSpec, sink: ShardSink, generator: Generator, judge: FaceJudge) -> None:
        self._tally = Tally()
        self._worker = Worker(spec, generator, judge, sink, self._tally)

    @property
    def recipe(self) -> Recipe:
        """What the pictures and verdicts depend on besides the spec."""
        return self._worker.recipe

    @property
    def progress(self) -> Progress:
        """The worker's counts at this moment."""
        return self._tally.progress

    @property
    def last_rejects(self) -> list[JudgedAttempt]:
        """The latest rejected attempts, with their thumbnails."""
        return self._tally.last_rejects

    def make_shard(self, shard: PlannedShard) -> ShardRecord:
        """Fills and commits a shard. Blocks; safe to call from several threads."""
        return self._worker.make_shard(shard)

    def close(self) -> None:
        """Ends the worker once what it has in hand is spooled."""
        self._worker.close()
