"""What a whole run costs beyond generating: `python benchmarks/overhead.py`.

Two baselines, each in the same process as the run that it is compared with:

- bare: the bundled pipeline called in a plain loop, with the same prompts and seeds. Generation and judging share the
  CPU here, so the ratio says what judging costs on this machine.
- stand-in: a generator that sleeps as long as a GPU would work and uses no CPU. The run's wall over the sum of its
  sleeps says how well everything else hides behind the generator; 1.03 at most is the aim.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipeline.attempts.attempt import Attempt
from pipeline.faces.detector import make_detector
from pipeline.faces.judge import FaceJudge
from pipeline.faces.probe import load_probe
from pipeline.generators.diffusion import load_generator
from pipeline.planning.request import make_request
from pipeline.run.dataset_run import open_run
from pipeline.run.engines.inline import InlineEngine


class Recorder:
    """The bundled generator; keeps what it made, and the time it took."""

    def __init__(self, generator) -> None:
        self.generator, self.seconds = generator, 0.0
        self.batches: list[list[Attempt]] = []
        self.pictures: dict[int, np.ndarray] = {}

    batch_size = property(lambda self: self.generator.batch_size)
    recipe = property(lambda self: self.generator.recipe)

    def generate(self, attempts: Sequence[Attempt]) -> list[np.ndarray]:
        started = time.perf_counter()
        pictures = self.generator.generate(attempts)
        self.seconds += time.perf_counter() - started
        self.batches.append(list(attempts))
        self.pictures |= {attempt.seed: picture for attempt, picture in zip(attempts, pictures, strict=True)}
        return pictures


class StandIn:
    """Sleeps for each batch, then returns pictures that were made before."""

    def __init__(self, recorder: Recorder, seconds_a_picture: float) -> None:
        self.batch_size, self.recipe = recorder.batch_size, recorder.recipe
        self._pictures, self._pause, self.seconds = recorder.pictures, seconds_a_picture * recorder.batch_size, 0.0
        self._any = next(iter(recorder.pictures.values()))

    def generate(self, attempts: Sequence[Attempt]) -> list[np.ndarray]:
        time.sleep(self._pause)
        self.seconds += self._pause
        return [self._pictures.get(attempt.seed, self._any) for attempt in attempts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--emotions", default="amusement,anger,fear,surprise", help="each adds 32 pictures")
    parser.add_argument("--seconds", type=float, default=0.4, help="the stand-in's time for a picture")
    arguments = parser.parse_args()
    request = make_request("demo", options={"emotions": arguments.emotions.split(",")})
    judge = FaceJudge(make_detector(request.spec.face), load_probe(), request.spec.face)
    recorder = Recorder(load_generator(request.spec.generator))
    recorder.generator.generate([Attempt("warm-up", 0, 0, "a face", "")])

    whole = timed_run(arguments.emotions, recorder, judge)
    started = time.perf_counter()
    for batch in recorder.batches:
        recorder.generator.generate(batch)
    bare = time.perf_counter() - started
    made = sum(map(len, recorder.batches))
    print(f"{'':<22}{'pictures':>9}{'baseline s':>12}{'whole run s':>12}{'ratio':>7}")
    print(f"{'bare diffusers loop':<22}{made:>9}{bare:>12.1f}{whole:>12.1f}{whole / bare:>7.2f}")

    stand_in = StandIn(recorder, arguments.seconds)
    whole = timed_run(arguments.emotions, stand_in, judge)
    print(
        f"{'stand-in without CPU':<22}{made:>9}{stand_in.seconds:>12.1f}{whole:>12.1f}{whole / stand_in.seconds:>7.2f}"
    )


def timed_run(emotions: str, generator, judge: FaceJudge) -> float:
    """Wall seconds from an empty folder to a finished dataset."""
    with tempfile.TemporaryDirectory() as folder:
        request = make_request("demo", f"{folder}/out", options={"emotions": emotions.split(",")})
        started = time.perf_counter()
        with open_run(request, lambda spec, sink: InlineEngine(spec, sink, generator, judge)) as run:
            with ThreadPoolExecutor(run.open_shards) as pool:
                list(pool.map(run.make_shard, run.pending()))
            run.finish()
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
