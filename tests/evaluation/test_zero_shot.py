from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModel, AutoProcessor, BertConfig, BertModel

from pipeline.errors import InputError
from pipeline.evaluation.sources.dataset import ALL, read_rows
from pipeline.evaluation.sources.opening import open_scorer
from pipeline.evaluation.sources.pictures import PictureFolder
from pipeline.evaluation.sources.zero_shot import PROMPT
from pipeline.planning.vocabulary import load_vocabulary
from tests.evaluation.tiny_clip import LONGEST, save_tiny_clip, save_tiny_siglip
from tests.store.making import make_dataset


@pytest.fixture(scope="module", params=[save_tiny_clip, save_tiny_siglip], ids=["clip", "siglip"])
def model(request, tmp_path_factory) -> Path:
    return request.param(tmp_path_factory.mktemp("model"))


@pytest.fixture
def pictures(tmp_path: Path) -> PictureFolder:
    rng = np.random.default_rng(0)
    for number in range(3):
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), np.uint8)).save(tmp_path / f"{number}.png")
    return PictureFolder(tmp_path, ("2.png", "0.png", "1.png"))


@torch.inference_mode()
def by_hand(folder: Path, pictures: PictureFolder) -> np.ndarray:
    """Scores from the model's own forward pass, one emotion and one picture at a time."""
    model, processor = AutoModel.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder)
    logits = np.zeros((len(pictures.ids), 40))
    for row, name in enumerate(pictures.ids):
        image = Image.open(pictures.folder / name)
        for column, emotion in enumerate(load_vocabulary().emotions):
            texts = [PROMPT.format(word) for word in emotion.descriptors]
            padding = {"padding": "max_length", "max_length": LONGEST, "truncation": True}
            seen = model(**processor(text=texts, images=image, return_tensors="pt", **padding))
            text, face = seen.text_embeds.mean(0), seen.image_embeds[0]
            logits[row, column] = float(model.logit_scale.exp() * (text @ face) / text.norm())
            logits[row, column] += float(getattr(model, "logit_bias", 0.0))
    if hasattr(model, "logit_bias"):
        return 7 / (1 + np.exp(-logits))
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return 7 * shares / shares.sum(1, keepdims=True)


def test_scores_are_those_of_the_models_own_forward_pass(model: Path, pictures: PictureFolder):
    scorer = open_scorer(f"zero-shot:{model}")
    assert scorer.emotions == tuple(emotion.name for emotion in load_vocabulary().emotions)
    np.testing.assert_allclose(scorer.score_files(pictures), by_hand(model, pictures), rtol=1e-4)


def test_a_dataset_is_scored_in_the_order_of_the_ids_asked_for(model: Path, tmp_path: Path):
    folder = make_dataset(str(tmp_path / "data"))
    ids, test = read_rows(folder, ALL).ids, read_rows(folder, "test").ids
    scorer = open_scorer(f"zero-shot:{model}")
    forward, backward = scorer.score_dataset(folder, ids, ALL), scorer.score_dataset(folder, ids[::-1], ALL)
    assert forward.shape == (16, 40)
    np.testing.assert_array_equal(forward, backward[::-1])
    alone = [forward[ids.index(name)] for name in test]
    np.testing.assert_allclose(scorer.score_dataset(folder, test, "test"), alone, rtol=1e-5)


def test_what_compares_no_texts_with_pictures_is_refused_in_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be loaded") as error:
        open_scorer(f"zero-shot:{tmp_path}")
    assert "\n" not in str(error.value)
    sizes = {"vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    BertModel(BertConfig(**sizes)).save_pretrained(tmp_path / "bert")
    with pytest.raises(InputError, match="is a BertModel, which compares no texts with pictures"):
        open_scorer(f"zero-shot:{tmp_path / 'bert'}")


def test_a_file_that_is_no_picture_is_named(model: Path, tmp_path: Path):
    (tmp_path / "1.png").write_text("no picture")
    with pytest.raises(InputError, match=r"1\.png: cannot be read as a picture"):
        open_scorer(f"zero-shot:{model}").score_files(PictureFolder(tmp_path, ("1.png",)))
