import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.attempts.verdict import Reason
from pipeline.planning.prompting import Prompt
from pipeline.store.planfile import PlannedSlot
from pipeline.store.spool import Spool
from pipeline.store.storage import open_storage
from tests.store.making import judged

SLOTS = [
    PlannedSlot(
        f"awe-black-woman-040-{index:05d}", "Awe", "Black", 40, "woman", index, Prompt(f"p{index}", "n", "plain")
    )
    for index in range(6)
]


@pytest.fixture(params=["local", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path) if request.param == "local" else f"memory://{uuid.uuid4().hex}"


def test_attempts_come_back_exactly_in_order_even_to_another_process(url: str):
    batches = [
        [judged(SLOTS[0]), judged(SLOTS[1], 0, Reason.NO_FACE)],
        [
            replace(judged(SLOTS[1], 1), fingerprint=2**64 - 1, milliseconds=1 / 3),
            judged(SLOTS[2], 7, Reason.DUPLICATE),
        ],
        [judged(SLOTS[3], image=b"")],
    ]
    spool = Spool(open_storage(url), "train-00000")
    for batch in batches:
        spool.append(batch)
    again = Spool(open_storage(url), "train-00000")
    assert again.load() == [attempt for batch in batches for attempt in batch]
    again.append([judged(SLOTS[4])])
    assert again.load()[-1] == judged(SLOTS[4])
    assert len(again.load()) == 6


def test_clearing_leaves_nothing(url: str):
    spool = Spool(open_storage(url), "train-00000")
    spool.append([judged(SLOTS[0])])
    Spool(open_storage(url), "train-00001").append([judged(SLOTS[1])])
    spool.clear()
    assert spool.load() == []
    assert len(Spool(open_storage(url), "train-00001").load()) == 1


@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped"])
def test_a_damaged_file_is_removed_and_the_others_are_read(tmp_path: Path, damage: str):
    spool = Spool(open_storage(str(tmp_path)), "train-00000")
    for slot in SLOTS[:3]:
        spool.append([judged(slot)])
    file = tmp_path / ".spool/train-00000/000001.parquet"
    content = file.read_bytes()
    place = content.index(judged(SLOTS[1]).image) + 30
    flipped = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    file.write_bytes({"empty": b"", "truncated": content[: len(content) // 2], "flipped": flipped}[damage])
    assert spool.load() == [judged(SLOTS[0]), judged(SLOTS[2])]
    assert not file.exists()
    spool.append([judged(SLOTS[1])])
    assert len(spool.load()) == 3
