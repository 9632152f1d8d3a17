import errno
import os
import uuid
from hashlib import sha256
from pathlib import Path

import pytest

from pipeline.errors import InputError, RunError
from pipeline.store.storage import Storage, open_storage


@pytest.fixture(params=["local", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return open_storage(str(tmp_path / "new" / "root") if request.param == "local" else f"memory://{uuid.uuid4().hex}")


def test_a_file_comes_back_as_it_was_written(storage: Storage):
    storage.write("a/b/c.bin", b"one")
    storage.write("a/b/c.bin", b"two")
    assert storage.read("a/b/c.bin") == b"two"
    assert storage.exists("a/b/c.bin")
    assert not storage.exists("a/b")
    assert storage.names("a/b") == ["c.bin"]
    assert storage.names("nowhere") == []


def test_the_digest_of_what_is_written_is_the_digest_of_the_file(storage: Storage):
    with storage.writing("file") as sink:
        sink.write(b"x" * 3_000_000)
        sink.write(b"y")
    content = b"x" * 3_000_000 + b"y"
    assert sink.digest() == storage.digest("file")
    assert (sink.digest().bytes, sink.digest().sha256) == (len(content), sha256(content).hexdigest())


def test_removing_takes_files_and_folders_and_minds_no_absence(storage: Storage):
    storage.write("a/b", b"1")
    storage.write("a/c", b"2")
    storage.remove("a/b")
    assert storage.names("a") == ["c"]
    storage.remove("a")
    storage.remove("a")
    assert not storage.exists("a/c")


def test_a_failure_halfway_leaves_the_old_file_and_no_litter(storage: Storage):
    storage.write("folder/file", b"old")
    with pytest.raises(ZeroDivisionError), storage.writing("folder/file") as sink:  # noqa: PT012 - half a block
        sink.write(b"half of the new")
        sink.write(bytes(1 // 0))
    assert storage.read("folder/file") == b"old"
    assert storage.names("folder") == ["file"]


def test_a_half_written_file_has_a_hidden_name_until_it_is_whole(tmp_path: Path):
    storage = open_storage(str(tmp_path))
    with storage.writing("data/train-00000.parquet") as sink:
        sink.write(b"half")
        assert all(name.startswith(".") and name.endswith(".tmp") for name in os.listdir(tmp_path / "data"))
        assert storage.names("data") == []
    assert os.listdir(tmp_path / "data") == ["train-00000.parquet"]


def test_cleaning_removes_what_a_killed_writer_left(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / ".train-00000.parquet.1234abcd.tmp").write_bytes(b"half")
    (tmp_path / "data" / "kept.parquet").write_bytes(b"whole")
    open_storage(str(tmp_path)).clean()
    assert os.listdir(tmp_path / "data") == ["kept.parquet"]


def test_a_full_disk_says_to_free_space_and_run_again(small_disk: Path):
    storage = open_storage(str(small_disk))
    with pytest.raises(RunError, match=r"big: the disk is full; free space and run the same command again") as raised:
        storage.write("folder/big", os.urandom(2_000_000))
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.__cause__.errno == errno.ENOSPC
    assert os.listdir(small_disk / "folder") == []
    storage.write("folder/small", b"fits")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"file/spec.yaml: cannot be written .*name another output folder"):
        open_storage(str(tmp_path / "file")).write("spec.yaml", b"")
    with pytest.raises(InputError, match="cannot be opened"):
        open_storage("nosuch://place")
