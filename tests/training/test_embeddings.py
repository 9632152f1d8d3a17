"""Embeddings are made once, kept beside the pictures, and made again when they no longer fit."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError
from pipeline.faces.face import Face
from pipeline.imaging import decode
from pipeline.store.folder import DatasetFolder
from pipeline.training.embeddings import embed, embed_dataset
from pipeline.training.encoder import cache_key
from pipeline.training.encoders import open_encoder
from pipeline.training.pictures import PictureFiles, open_pictures
from tests.tiny_encoders import WIDTH, save_tiny_encoder
from tests.training.making import colour_picture, picture_ids


def cached(dataset):
    return sorted((Path(dataset) / "embeddings").rglob("*.parquet"))


def everything(embeddings):
    batches = list(embeddings.batches())
    return [one for batch in batches for one in batch.ids], np.concatenate([batch.values for batch in batches])


def test_every_picture_gets_the_embedding_of_its_pixels(dataset, tiny_encoder):
    folder, encoder = DatasetFolder(dataset), open_encoder(tiny_encoder)
    ids, values = everything(embed_dataset(folder, encoder))
    assert ids == picture_ids(folder)
    assert values.shape == (96, WIDTH)
    for place in (0, 40, 95):
        alone = encoder.encode([decode(colour_picture(ids[place]))])[0]
        np.testing.assert_allclose(values[place], alone, rtol=1e-4, atol=1e-5)


def test_what_is_cached_is_not_made_again(dataset, tiny_encoder):
    folder = DatasetFolder(dataset)
    embed_dataset(folder, open_encoder(tiny_encoder), "train")
    times = {file: file.stat().st_mtime_ns for file in cached(dataset)}
    embed_dataset(folder, open_encoder(tiny_encoder))
    assert {file: file.stat().st_mtime_ns for file in times} == times
    assert len(cached(dataset)) > len(times)


def test_an_interrupted_run_goes_on_with_the_next_shard(dataset, tiny_encoder):
    class Interrupted(type(open_encoder(tiny_encoder))):
        calls = 0

        def encode(self, pictures, faces=None):
            type(self).calls += 1
            if self.calls == 3:
                raise KeyboardInterrupt
            return super().encode(pictures, faces)

    source = open_pictures(dataset)
    with pytest.raises(KeyboardInterrupt):
        embed(source, Interrupted(tiny_encoder, open_encoder(tiny_encoder)._device))
    kept = {file: file.stat().st_mtime_ns for file in cached(dataset)}
    assert len(kept) == 2
    embed(source, open_encoder(tiny_encoder))
    assert all(file.stat().st_mtime_ns == time for file, time in kept.items())
    assert len(cached(dataset)) == len(source.pieces())


def test_a_damaged_or_foreign_file_is_made_again(dataset, tiny_encoder, tmp_path):
    folder, encoder = DatasetFolder(dataset), open_encoder(tiny_encoder)
    _, before = everything(embed_dataset(folder, encoder))
    first, second, *_ = cached(dataset)
    first.write_bytes(first.read_bytes()[:-30])
    table = pq.read_table(second)
    stale = table.replace_schema_metadata({**table.schema.metadata, b"pictures": b"others"})
    pq.write_table(stale, second)
    _, after = everything(embed_dataset(folder, encoder))
    np.testing.assert_array_equal(before, after)
    assert pq.read_schema(second).metadata[b"pictures"] != b"others"


def test_another_encoder_has_a_cache_of_its_own(dataset, tiny_encoder, tmp_path):
    other = save_tiny_encoder(tmp_path / "other" / "tiny", seed=1)
    folder = DatasetFolder(dataset)
    encoders = [open_encoder(tiny_encoder), open_encoder(str(other)), open_encoder(tiny_encoder, face_crop=True)]
    values = [everything(embed_dataset(folder, encoder))[1] for encoder in encoders]
    assert len({cache_key(encoder) for encoder in encoders}) == 3
    assert not np.allclose(values[0], values[1])


def test_a_face_crop_is_the_square_around_the_face_with_a_margin(tiny_encoder):
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    face = Face((20, 10, 30, 20), ((22, 13), (28, 13), (25, 16), (23, 18), (27, 18)), 0.9)
    crop = open_encoder(tiny_encoder, face_crop=True).encode([picture], [face])
    whole = open_encoder(tiny_encoder).encode([picture, picture[8:22, 18:32]])  # 10 px and a half of it, to even pixels
    np.testing.assert_allclose(crop[0], whole[1], rtol=1e-5, atol=1e-6)
    assert not np.allclose(crop[0], whole[0])


def test_a_moved_encoder_is_the_same_encoder(dataset, tiny_encoder, tmp_path):
    Path(tmp_path / "tiny").symlink_to(tiny_encoder)
    folder = DatasetFolder(dataset)
    embed_dataset(folder, open_encoder(tiny_encoder))
    times = [file.stat().st_mtime_ns for file in cached(dataset)]
    embed_dataset(folder, open_encoder(str(tmp_path / "tiny")))
    assert [file.stat().st_mtime_ns for file in cached(dataset)] == times


def test_a_picture_without_a_face_has_no_embedding_of_it(tiny_encoder):
    encoder = open_encoder(tiny_encoder, face_crop=True)
    picture = decode(colour_picture("awe-1"))
    assert np.isnan(encoder.encode([picture, picture], [None, None])).all()
    assert np.isnan(encoder.encode([picture])).all()


def test_files_of_a_folder_are_embedded_too(tmp_path, tiny_encoder):
    for name in ("b/2.png", "a.png", ".hidden.png"):
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures" / name).write_bytes(colour_picture("fear-1"))
    ids, values = everything(embed(PictureFiles(tmp_path / "pictures"), open_encoder(tiny_encoder)))
    assert ids == ["a.png", "b/2.png"]
    np.testing.assert_array_equal(values[0], values[1])


@pytest.mark.parametrize("name", ["nowhere", "nobody-of-this-name/no-such-encoder"])
def test_an_encoder_that_is_not_there_gets_one_line(name):
    with pytest.raises(InputError, match=name) as told:
        open_encoder(name)
    assert "\n" not in str(told.value)


def test_a_device_that_is_not_here_gets_one_line(tiny_encoder):
    with pytest.raises(InputError, match="device: 'abacus' is no device"):
        open_encoder(tiny_encoder, device="abacus")


def test_an_empty_split_is_named(dataset, tiny_encoder):
    with pytest.raises(InputError, match="split 'valid' is empty; it has test, train"):
        embed_dataset(DatasetFolder(dataset), open_encoder(tiny_encoder), "valid")
