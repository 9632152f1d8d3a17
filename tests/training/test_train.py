"""A run from pictures to a model; one that was interrupted ends with the same weights."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pipeline.errors import InputError
from pipeline.labels.emotions import emotion_names, position_of
from pipeline.training.model import EmotionModel
from pipeline.training.outcome import outcome_text
from pipeline.training.train import make_train_request, train
from tests.evaluation.making import write_votes
from tests.training.making import COLOURS, colour_dataset, picture_ids, write_annotations, write_published

QUICK = {"epochs": 12, "batch_size": 8, "learning_rate": 0.01, "patience": 4}
TAUGHT = [position_of(slug) for slug in COLOURS]


def run(dataset, output, encoder="", after=lambda epoch, most: None, **options):
    request = make_train_request(str(dataset), {"encoder": encoder, "output": str(output), **QUICK, **options})
    return train(request, after)


def weights(output):
    return load_file(Path(output) / "model.safetensors")


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_training_learns_what_the_labels_say(dataset, tiny_encoder, tmp_path):
    outcome = run(dataset, tmp_path / "model", tiny_encoder, epochs=40)
    validation, test = outcome["measures"]
    assert (outcome["train"], validation["pictures"], test["pictures"]) == (65, 7, 24)
    assert test["auc"] > 0.9
    assert test["first"] > 0.7 > test["chance"]
    model = EmotionModel.load(tmp_path / "model")
    assert model.encoder.id == tiny_encoder
    assert (model.means[TAUGHT] > 0.1).all()
    files = {path.name for path in (tmp_path / "model").iterdir()}
    assert files == {".lock", "README.md", "config.json", "model.safetensors", "outcome.json", "run.json"}
    card = (tmp_path / "model" / "README.md").read_text()
    for told in ("requested**, not judged", "65 for training", "Never used in training", "always answer 0"):
        assert told in card


def test_emotions_that_no_picture_shows_answer_0(dataset, tiny_encoder, tmp_path):
    outcome = run(dataset, tmp_path / "model", tiny_encoder)
    untaught = [place for place in range(40) if place not in TAUGHT]
    assert outcome["untaught"] == tuple(emotion_names()[place] for place in untaught)
    model = EmotionModel.load(tmp_path / "model")
    scores = model.score(torch.randn(4, model.width))
    assert (scores[:, untaught] == 0).all()
    assert (scores[:, TAUGHT] != 0).all()


def stop_after(number):
    def after(epoch, most):
        if epoch.number == number:
            raise KeyboardInterrupt

    return after


@pytest.mark.parametrize("stops", [(1,), (3, 7)])
def test_an_interrupted_run_ends_with_the_same_weights(dataset, tiny_encoder, tmp_path, stops):
    whole = run(dataset, tmp_path / "whole", tiny_encoder, patience=12)
    for number in stops:
        with pytest.raises(KeyboardInterrupt):
            run(dataset, tmp_path / "stopped", tiny_encoder, stop_after(number), patience=12)
        assert (tmp_path / "stopped" / "checkpoint.pt").is_file()
        assert not (tmp_path / "stopped" / "outcome.json").exists()
    seen = []
    resumed = run(
        dataset, tmp_path / "stopped", tiny_encoder, lambda epoch, most: seen.append(epoch.number), patience=12
    )
    assert seen[0] > 1  # it went on, and did not begin anew
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "stopped"))
    assert resumed["measures"] == whole["measures"]


def test_the_seed_decides_everything(dataset, tiny_encoder, tmp_path):
    for output, seed in (("one", 1), ("same", 1), ("other", 2)):
        run(dataset, tmp_path / output, tiny_encoder, seed=seed)
    assert same(weights(tmp_path / "one"), weights(tmp_path / "same"))
    assert not same(weights(tmp_path / "one"), weights(tmp_path / "other"))


def test_a_finished_run_says_so_and_does_nothing(dataset, tiny_encoder, tmp_path):
    first = run(dataset, tmp_path / "model", tiny_encoder)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "model").iterdir() if path.name != ".lock"}
    again = run(dataset, tmp_path / "model", tiny_encoder)
    assert again["finished_before"]
    assert "was finished before" in outcome_text(again)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert json.loads(json.dumps(first))["measures"] == again["measures"]


def test_another_recipe_on_a_begun_output_is_refused_field_by_field(dataset, tiny_encoder, tmp_path):
    run(dataset, tmp_path / "model", tiny_encoder)
    with pytest.raises(InputError, match=r"heads: .*then, .*now, seed: 0 then, 5 now\); name another --output"):
        run(dataset, tmp_path / "model", tiny_encoder, seed=5, heads="large")
    write_annotations(Path(dataset) / "annotations" / "judged" / "a.parquet", ["a"])
    with pytest.raises(InputError, match="labels: 'requested' then, 'judged' now"):
        run(dataset, tmp_path / "model", tiny_encoder, labels="judged")


def test_a_grown_dataset_is_not_taken_for_the_same(dataset, tiny_encoder, tmp_path):
    run(dataset, tmp_path / "model", tiny_encoder)
    shutil.rmtree(dataset)
    colour_dataset(Path(dataset), images_per_cell=8)
    with pytest.raises(InputError, match="dataset: its content changed"):
        run(dataset, tmp_path / "model", tiny_encoder)


def test_two_stages_pretrain_on_one_and_fine_tune_on_other_labels(dataset, tiny_encoder, tmp_path):
    run(dataset, tmp_path / "first", tiny_encoder)
    ids = [one for one in picture_ids(colour_dataset(tmp_path / "twin")) if one.startswith(("awe", "anger"))]
    write_annotations(Path(dataset) / "annotations" / "judged" / "a.parquet", ids)
    outcome = run(dataset, tmp_path / "second", labels="judged", init=str(tmp_path / "first"))
    assert outcome["unlabelled"] == 48
    first, second = weights(tmp_path / "first"), weights(tmp_path / "second")
    moved = [
        place
        for place in range(40)
        if not torch.equal(first["heads.weights.0"][place], second["heads.weights.0"][place])
    ]
    assert set(moved) == {position_of("awe"), position_of("anger")}
    assert torch.equal(first["centre"], second["centre"])
    assert f"Fine-tuned from `{tmp_path / 'first'}`" in (tmp_path / "second" / "README.md").read_text()


def test_votes_on_picture_files_are_learnt(dataset, tiny_encoder, tmp_path):
    from pipeline.store.folder import DatasetFolder

    folder = DatasetFolder(dataset)
    votes = []
    (tmp_path / "images").mkdir()
    for record in folder.committed():
        for row in (row for table in folder.read_shard(record.name, ["id", "image"]) for row in table.to_pylist()):
            (tmp_path / "images" / f"{row['id']}.png").write_bytes(row["image"]["bytes"])
            for emotion in ("Awe", "Anger"):
                says = row["id"].startswith(emotion.lower())
                votes += [(row["id"], annotator, says, emotion) for annotator in ("a", "b")]
    file = write_votes(tmp_path / "binary.csv", votes)
    outcome = run(tmp_path / "images", tmp_path / "model", tiny_encoder, labels=str(file), epochs=40)
    assert outcome["measures"][0]["auc"] > 0.9
    assert len(outcome["untaught"]) == 38


def test_published_heads_are_fine_tuned_on_their_own_encoder_alone(dataset, tiny_encoder, tmp_path):
    write_published(tmp_path / "narrow", width=8)
    with pytest.raises(InputError, match="makes embeddings of 32 numbers and the model takes 8"):
        run(dataset, tmp_path / "model", tiny_encoder, init=str(tmp_path / "narrow"))
    write_published(tmp_path / "heads", width=32)
    outcome = run(dataset, tmp_path / "tuned", tiny_encoder, init=str(tmp_path / "heads"), epochs=60)
    assert outcome["heads"] == (4, 3)
    assert outcome["measures"][1]["auc"] > 0.7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs: input should be greater than or equal to 1, not 0"),
        ({"validation": 1.5}, "validation: input should be less than 1"),
        ({"labels": "nothing"}, "no labels 'nothing'"),
        ({"init": "nowhere"}, "nowhere: no such model"),
        ({"validation": 0.001}, "is left for validation"),
    ],
)
def test_bad_requests_get_one_line(dataset, tiny_encoder, tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        run(dataset, tmp_path / "model", tiny_encoder, **options)


def test_a_folder_without_pictures_is_refused(tmp_path, tiny_encoder):
    with pytest.raises(InputError, match="no pictures here"):
        run(tmp_path, tmp_path / "model", tiny_encoder)
    with pytest.raises(InputError, match="no dataset here"):
        run(tmp_path / "nowhere", tmp_path / "model", tiny_encoder)


def test_a_damaged_checkpoint_is_named(dataset, tiny_encoder, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(dataset, tmp_path / "model", tiny_encoder, stop_after(2))
    (tmp_path / "model" / "checkpoint.pt").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"checkpoint.pt: damaged"):
        run(dataset, tmp_path / "model", tiny_encoder)
