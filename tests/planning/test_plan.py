import tracemalloc
from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.planning.grid import make_grid
from pipeline.planning.plan import NOTHING, attempt_seed, plan_shards, planned_by
from pipeline.planning.spec import load_spec
from pipeline.planning.vocabulary import load_vocabulary
from tests.conftest import make_spec

VOCABULARY = load_vocabulary()
EMOTIONS = [emotion.slug for emotion in VOCABULARY.emotions]
ETHNICITIES = [level.slug for level in VOCABULARY.presets["emonet"].ethnicities]


def plan(spec, planned=NOTHING):
    return list(plan_shards(spec, make_grid(spec, VOCABULARY), planned))


def worst_deviation(spec, shards):
    """Pictures by which a level of an axis strays most from its share, over all shards."""
    grid = make_grid(spec, VOCABULARY)
    share = grid.quotas / grid.quotas.sum()
    worst = 0.0
    for shard in shards:
        counts = np.zeros(len(grid.quotas))
        for slot in shard.slots:
            counts[grid.number_of[slot.cell.slug]] += 1
        strayed = (counts - share * len(shard.slots)).reshape(grid.shape)
        for axis in range(4):
            others = tuple(other for other in range(4) if other != axis)
            worst = max(worst, float(np.abs(strayed.sum(axis=others)).max()))
    return worst


some_grids = st.fixed_dictionaries(
    {
        "demographics": st.just("emonet"),
        "emotions": st.lists(st.sampled_from(EMOTIONS), min_size=1, max_size=12, unique=True),
        "ethnicities": st.lists(st.sampled_from(ETHNICITIES), min_size=1, max_size=8, unique=True),
        "ages": st.lists(st.sampled_from([20, 30, 40, 55, 70]), min_size=1, max_size=5, unique=True),
        "genders": st.sampled_from([["man"], ["woman"], ["woman", "man"]]),
    }
)


@settings(max_examples=60, deadline=None)
@given(
    grid=some_grids,
    images=st.integers(1, 6),
    shard_size=st.sampled_from([7, 16, 64, 200]),
    weight=st.sampled_from([1, 1.3, 2, 5]),
    splits=st.sampled_from([{"train": 1.0}, {"train": 0.9, "test": 0.1}, {"a": 0.5, "b": 0.3, "c": 0.2}]),
)
def test_every_shard_is_balanced_and_every_cell_exact(grid, images, shard_size, weight, splits):
    weights = {"emotion": {grid["emotions"][0]: weight}, "age": {str(grid["ages"][-1]): 2}}
    spec = make_spec(
        grid=grid, images_per_cell=images, weights=weights, splits=splits, storage={"shard_size": shard_size}
    )
    shards = plan(spec)
    declared = make_grid(spec, VOCABULARY)
    cells = Counter(slot.cell.slug for shard in shards for slot in shard.slots)
    assert cells == {slug: declared.quotas[number] for slug, number in declared.number_of.items()}
    assert len({slot.id for shard in shards for slot in shard.slots}) == declared.quotas.sum()
    assert worst_deviation(spec, shards) <= 2


@pytest.mark.parametrize("name", ["demo", "emonet-big"])
def test_the_bundled_specs_are_balanced_in_every_shard(name):
    spec = load_spec(name)
    assert worst_deviation(spec, plan(spec)) <= 2


def test_shards_are_of_about_the_size_asked_for():
    sizes = [len(shard.slots) for shard in plan(load_spec("emonet-big")) if shard.split == "train"]
    assert max(sizes) <= 513
    assert min(sizes) >= 500


def test_every_cell_is_stratified_over_the_splits():
    spec = load_spec("emonet-big", {"grid.emotions": ["awe", "anger"]})
    test = Counter(slot.cell.slug for shard in plan(spec) for slot in shard.slots if slot.split == "test")
    assert len(test) == 2 * 14 * 7 * 2
    assert set(test.values()) <= {2, 3}  # a tenth of 26


def test_shards_are_numbered_by_split():
    spec = make_spec(splits={"train": 0.5, "test": 0.5}, storage={"shard_size": 1000})
    names = [shard.name for shard in plan(spec)]
    assert names == ["train-00000", "train-00001", "train-00002", "test-00000", "test-00001", "test-00002"]


def test_ids_carry_the_cell_and_a_running_index():
    ids = sorted(
        slot.id for shard in plan(make_spec(images_per_cell=2, grid={"emotions": ["awe"]})) for slot in shard.slots
    )
    assert ids[:2] == ["awe-black-man-020-00000", "awe-black-man-020-00001"]


def test_an_extension_only_adds():
    small = load_spec("demo")
    large = load_spec("demo", {"images_per_cell": 2, "grid.ages": [30, 70, 50]})
    old = plan(small)
    added = plan(large, planned_by(old))
    ids = Counter(slot.id for shard in old + added for slot in shard.slots)
    assert set(ids.values()) == {1}
    assert set(ids) == {slot.id for shard in plan(large) for slot in shard.slots}
    names = [shard.name for shard in old + added]
    assert len(set(names)) == len(names)


def test_a_dataset_cannot_shrink():
    large, small = load_spec("demo", {"images_per_cell": 2}), load_spec("demo")
    with pytest.raises(InputError, match="holds 2 slots already and the spec now asks for 1"):
        plan(small, planned_by(plan(large)))


def test_seeds_are_63_bits_fixed_and_different_for_every_attempt():
    seeds = [attempt_seed(0, "awe-black-man-020-00000", attempt) for attempt in range(1000)]
    assert len(set(seeds)) == 1000
    assert 2**62 < max(seeds) < 2**63
    assert seeds[0] == 6638044190942076806
    assert attempt_seed(1, "awe-black-man-020-00000", 0) != seeds[0]


def test_a_plan_of_ten_million_slots_streams_with_flat_memory():
    spec = load_spec("emonet-big", {"images_per_cell": 1300})
    grid = make_grid(spec, VOCABULARY)
    assert grid.quotas.sum() > 10_000_000
    peaks = []
    for shards in (280, 600):
        tracemalloc.start()
        assert sum(len(shard.slots) for shard in islice(plan_shards(spec, grid), shards)) > 500 * shards
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
