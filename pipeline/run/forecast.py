"""What a request would make: cells, quotas, shards, what is there already, how long the rest would take."""

import time
from dataclasses import dataclass

from pipeline.attempts.attempt import Attempt
from pipeline.planning.plan import attempt_seed, plan_shards, planned_by
from pipeline.planning.request import Request
from pipeline.store.folder import DatasetFolder
from pipeline.store.parquet import read_tables
from pipeline.store.shards import attempts_path


@dataclass(frozen=True, slots=True)
class Forecast:
    """Counts are of pictures unless they say otherwise. `cell_quota` is the least and the largest."""

    name: str
    output: str
    model: str
    cells: int
    axes: dict[str, int]
    cell_quota: tuple[int, int]
    pictures: int
    shards: dict[str, int]
    there: int
    acceptance: float | None
    """Share of attempts accepted so far in this folder, 0 to 1."""
    seconds_an_attempt: float | None
    seconds_left: float | None
    example_prompt: str

    def as_text(self) -> str:
        """A table for people."""
        axes = " x ".join(f"{count} {axis}" for axis, count in self.axes.items())
        least, largest = self.cell_quota
        quota = f"{least}" if least == largest else f"{least} to {largest}"
        rows = {
            "dataset": f"{self.name} -> {self.output}",
            "model": self.model,
            "cells": f"{self.cells} = {axes}",
            "quota": f"{quota} pictures a cell, {self.pictures} in all",
            "shards": ", ".join(f"{count} {split}" for split, count in self.shards.items()),
            "there": f"{self.there} pictures, {self.pictures - self.there} to make",
            "time left": self._time_left(),
            "prompt": self.example_prompt,
        }
        return "\n".join(f"{name:<10} {text}" for name, text in rows.items())

    def _time_left(self) -> str:
        if self.seconds_left is None:
            return "unknown before the first pictures; --time loads the model and measures a batch"
        accepted = "every attempt accepted" if self.acceptance is None else f"{self.acceptance:.0%} accepted"
        hours, minutes = divmod(round(self.seconds_left / 60), 60)
        text = f"{hours} h {minutes:02d} min" if self.seconds_left >= 120 else f"{self.seconds_left:.0f} s"
        return f"about {text} on one worker ({self.seconds_an_attempt:.2f} s an attempt, {accepted})"


def forecast(request: Request, measure: bool = False) -> Forecast:
    """Plans the request without writing anything; `measure` loads the model and times a batch.

    Raises InputError where the folder holds more than the request asks for, or the model cannot be loaded.
    """
    folder = DatasetFolder(request.output)
    begun = bool(folder.specs())
    shards = dict.fromkeys(request.spec.splits, 0)
    new = plan_shards(request.spec, request.grid, planned_by(folder.plan()))
    for planned in (folder.plan() if begun else (), new):
        for shard in planned:
            shards[shard.split] += 1
    records = list(folder.committed()) if begun else []
    there = sum(record.data.rows for record in records)
    attempts = sum(record.attempts.rows for record in records)
    acceptance = there / attempts if there else None
    pictures = int(request.grid.quotas.sum())
    seconds = _seconds_an_attempt(request) if measure else _seconds_so_far(folder, [record.name for record in records])
    axes = zip(("emotions", "ethnicities", "ages", "genders"), request.grid.shape, strict=True)
    return Forecast(
        name=request.spec.name,
        output=request.output,
        model=request.spec.generator.model,
        cells=len(request.grid.quotas),
        axes=dict(axes),
        cell_quota=(int(request.grid.quotas.min()), int(request.grid.quotas.max())),
        pictures=pictures,
        shards=shards,
        there=there,
        acceptance=acceptance,
        seconds_an_attempt=seconds,
        seconds_left=None if seconds is None else seconds * (pictures - there) / (acceptance or 1.0),
        example_prompt=request.prompter.prompt(request.grid.cell(0), 0).text,
    )


def _seconds_so_far(folder: DatasetFolder, shards: list[str]) -> float | None:
    """Mean generation time of the latest shard's attempts."""
    if not shards:
        return None
    tables = read_tables(folder.storage, attempts_path(shards[-1]), ["milliseconds"])
    times: list[float] = [time for table in tables for time in table["milliseconds"].to_pylist()]
    return sum(times) / len(times) / 1000


def _seconds_an_attempt(request: Request) -> float:
    """The time of a batch's second run: the first one warms up."""
    from pipeline.generators.diffusion import load_generator

    generator = load_generator(request.spec.generator)
    prompt = request.prompter.prompt(request.grid.cell(0), 0)
    batch = [
        Attempt("time", number, attempt_seed(0, "time", number), prompt.text, prompt.negative)
        for number in range(generator.batch_size)
    ]
    generator.generate(batch)
    started = time.perf_counter()
    generator.generate(batch)
    return (time.perf_counter() - started) / len(batch)
