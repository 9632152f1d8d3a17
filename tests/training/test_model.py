"""A model loads with one call: ours, and the heads that others published."""

import os
import pickle

import pytest
import torch

from pipeline.errors import InputError
from pipeline.labels.emotions import emotion_names
from pipeline.training.model import EmotionModel
from pipeline.training.source import published_file
from tests.training.making import write_published


def made_model():
    model = EmotionModel(
        6, (4,), emotion_names(), "somebody/encoder", "abc", face_crop=True, normalise=True, dropout=0.2
    )
    model.heads.initialise(torch.Generator().manual_seed(0))
    model.centre.fill_(0.1)
    model.scale.fill_(2)
    model.means.copy_(torch.arange(40) / 10)
    model.card = "---\nlicense: cc-by-4.0\n---\n\n# A card\n"
    return model.eval()


def test_a_saved_model_comes_back_whole(tmp_path):
    model, embeddings = made_model(), torch.randn(3, 6)
    model.save_pretrained(tmp_path / "saved")
    for loaded in (EmotionModel.load(tmp_path / "saved"), EmotionModel.from_pretrained(tmp_path / "saved")):
        assert torch.equal(loaded.score(embeddings), model.score(embeddings))
        assert loaded.encoder == ("somebody/encoder", "abc")
        assert (loaded.emotions, loaded.face_crop, loaded.card) == (emotion_names(), True, model.card)
        assert not loaded.training
    loaded.save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "README.md").read_text() == model.card
    assert (tmp_path / "again" / "model.safetensors").stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_the_means_are_taken_away_when_asked_for():
    model, embeddings = made_model(), torch.randn(3, 6)
    torch.testing.assert_close(model(embeddings, subtract_means=True), model(embeddings) - model.means)


def test_a_model_without_a_card_is_not_published(tmp_path):
    model = made_model()
    model.card = ""
    with pytest.raises(InputError, match="no card"):
        model.save_pretrained(tmp_path)


def test_published_heads_give_the_scores_of_their_networks(tmp_path):
    networks = write_published(tmp_path)
    model, embeddings = EmotionModel.load(tmp_path), torch.randn(5, 8)
    for place, name in enumerate(emotion_names()):
        with torch.no_grad():
            wanted = networks[name].eval()(embeddings)[:, 0]
        torch.testing.assert_close(model.score(embeddings)[:, place], wanted)
    assert model.encoder == ("google/siglip2-so400m-patch16-384", "")


def test_published_files_are_called_as_on_the_hub():
    assert published_file("Jealousy & Envy") == "model_jealousy_&_envy_best.pth"
    assert published_file("Pleasure/Ecstasy") == "model_pleasure_ecstasy_best.pth"
    assert published_file("Impatience and Irritability") == "model_impatience_and_irritability_best.pth"


class Code:
    def __reduce__(self):
        return os.mkdir, (os.environ["EMONET_TEST_TRAP"],)


def test_a_pickle_with_code_in_it_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.setenv("EMONET_TEST_TRAP", str(tmp_path / "ran"))
    write_published(tmp_path / "heads")
    bad = tmp_path / "heads" / published_file("Fear")
    torch.save({"layers.0.weight": Code()}, bad)
    with pytest.raises(InputError, match=r"model_fear_best.pth: holds more than tensors"):
        EmotionModel.load(tmp_path / "heads")
    bad.write_bytes(pickle.dumps(Code()))
    with pytest.raises(InputError, match=r"model_fear_best.pth: "):
        EmotionModel.load(tmp_path / "heads")
    assert not (tmp_path / "ran").exists()


def damage(folder, what):
    file = folder / published_file("Fear")
    if what == "missing":
        file.unlink()
    elif what == "cut":
        file.write_bytes(file.read_bytes()[:100])
    elif what == "other sizes":
        torch.save({"layers.0.weight": torch.zeros(1, 8), "layers.0.bias": torch.zeros(1)}, file)
    else:
        torch.save({"weights": torch.zeros(3)}, file)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("missing", "is missing; all 40 heads are needed"),
        ("cut", "cannot be read"),
        ("other sizes", "layers of"),
        ("other keys", "holds no layers.N.weight"),
    ],
)
def test_damaged_published_heads_are_named(tmp_path, what, message):
    write_published(tmp_path)
    damage(tmp_path, what)
    with pytest.raises(InputError, match=message) as told:
        EmotionModel.load(tmp_path)
    assert "model_fear_best.pth" in str(told.value)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_damaged_model_is_refused(tmp_path, file):
    made_model().save_pretrained(tmp_path)
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:-20])
    with pytest.raises(InputError, match="not a whole emotion model"):
        EmotionModel.load(tmp_path)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="is no emotion model"):
        EmotionModel.load(tmp_path)
    with pytest.raises(InputError, match="no such model"):
        EmotionModel.load(tmp_path / "nowhere")
    with pytest.raises(InputError, match="nobody-of-this-name/no-such-model: "):
        EmotionModel.load("nobody-of-this-name/no-such-model")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        EmotionModel.load(tmp_path / "file")
