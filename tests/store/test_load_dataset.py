import os
import subprocess
import sys
from pathlib import Path

from tests.store.making import make_dataset

SCENARIO = """
import sys
from datasets import ClassLabel, load_dataset
from PIL.Image import Image
from tests.store.making import begin, fill_rest, make_dataset, small_spec

root, cache = sys.argv[1:]

def check(rows_wanted, *emotions):
    made = load_dataset(root, cache_dir=cache)
    assert set(made) == {"train", "test"}, made
    rows = [row for split in made.values() for row in split]
    assert len(rows) == rows_wanted, made
    features = made["train"].features
    assert all(isinstance(features[name], ClassLabel) for name in ("emotion", "ethnicity", "gender")), features
    assert features["emotion"].names == list(emotions)
    for row in rows:
        assert isinstance(row["image"], Image) and row["image"].size == (24, 24)
        names = [features[name].int2str(row[name]) for name in ("emotion", "ethnicity", "gender")]
        assert row["id"].startswith("-".join(names).lower().replace(" ", "-")), (row["id"], names)
    streamed = list(load_dataset(root, split="test", streaming=True))  # to its end: pyarrow's threads may not outlive it
    assert [row["id"] for row in streamed] == list(made["test"]["id"])
    assert all(row["image"].size == (24, 24) and len(row["face_box"]) == 4 for row in streamed)

folder = make_dataset(root)
open(root + "/data/.train-00001.parquet.1234abcd.tmp", "wb").close()
check(16, "Awe", "Anger")
begin(folder, small_spec(images_per_cell=4, emotions=("amusement", "awe", "anger")))
check(16, "Awe", "Anger", "Amusement")
fill_rest(folder)
check(48, "Awe", "Anger", "Amusement")
"""


def test_load_dataset_gives_pictures_and_names_offline_before_and_after_an_extension(tmp_path: Path):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", SCENARIO, tmp_path / "demo", tmp_path / "cache"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_card_says_that_labels_were_requested(tmp_path: Path):
    make_dataset(str(tmp_path / "demo"))
    card = (tmp_path / "demo/README.md").read_text()
    assert card.startswith("---\nlicense: cc-by-4.0\n")
    assert "**requested**" in card
