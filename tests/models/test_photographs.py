import io
import subprocess
import tarfile

import numpy as np
import pytest
from PIL import Image

from models import photographs
from models.photographs import load_photographs, table

FACES = {
    "faces": [
        {"file": "package/a.png", "crop": [2, 3, 12, 23]},
        {"file": "package/a.png", "crop": [0, 0, 5, 5], "hidden by": "hand"},
    ]
}


@pytest.fixture
def archive(tmp_path):
    """A work folder with the archive of an npm package that holds one picture."""
    folder = tmp_path / "photographs" / "packages" / "someone-faces-1.0.0"
    folder.mkdir(parents=True)
    png = io.BytesIO()
    Image.new("RGB", (20, 30), (10, 200, 30)).save(png, "PNG")
    with tarfile.open(folder / "someone-faces-1.0.0.tgz", "w:gz") as tar:
        entry = tarfile.TarInfo("package/a.png")
        entry.size = len(png.getvalue())
        tar.addfile(entry, io.BytesIO(png.getvalue()))
    return tmp_path


def only(monkeypatch, **package):
    monkeypatch.setattr(photographs, "table", lambda: [package | FACES])


def test_every_row_says_where_it_comes_from():
    rows = table()
    for package in rows:
        assert package["from"] in ("installed", "npm", "wheel", "sdist")
        assert package["from"] == "installed" or package["version"]
        assert package["licence"]
        for face in package["faces"]:
            left, top, right, bottom = face["crop"]
            assert 0 <= left < right
            assert 0 <= top < bottom
    faces = [face for package in rows for face in package["faces"]]
    assert sum("hidden by" not in face for face in faces) >= 30


def test_faces_are_cut_out_of_the_package(monkeypatch, archive):
    only(monkeypatch, package="@someone/faces", version="1.0.0", licence="MIT", **{"from": "npm"})
    whole, hidden = load_photographs(archive)
    assert whole.picture.shape == (20, 10, 3)
    assert tuple(whole.picture[0, 0]) == (10, 200, 30)
    assert whole.whole
    assert whole.source == "@someone/faces 1.0.0: package/a.png"
    assert not hidden.whole
    assert hidden.hidden_by == "hand"
    assert whole.name != hidden.name
    assert photographs.contact_sheet([whole, hidden]).size[1] == photographs.THUMBNAIL


def test_a_package_that_cannot_be_had_is_named(monkeypatch, tmp_path):
    only(monkeypatch, package="faces", version="1.0.0", licence="MIT", **{"from": "npm"})
    failed = subprocess.CompletedProcess([], 1, "", "no network")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(RuntimeError, match="faces 1.0.0 could not be downloaded: no network"):
        load_photographs(tmp_path)


def test_installed_packages_need_no_download(monkeypatch, tmp_path):
    astronaut = [package for package in table() if package["package"] == "scikit-image"]
    monkeypatch.setattr(photographs, "table", lambda: astronaut)
    (photograph,) = load_photographs(tmp_path)
    assert photograph.whole
    assert np.ptp(photograph.picture) > 100
