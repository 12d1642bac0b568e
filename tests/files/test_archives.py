"""Archives that would fill the memory are refused before they are unpacked."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from labutils import network, pictures
from labutils.files.archives import check_unpacked_size
from labutils.network import load_squeezenet
from labutils.pictures import load_pictures


def bomb(path: Path, member: str, megabytes: int) -> Path:
    """A zip archive of zeros, a thousandth of its unpacked size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(member, "w") as file:
            for _ in range(megabytes):
                file.write(bytes(10**6))
    return path


def test_an_archive_within_the_limit_passes(tmp_path):
    check_unpacked_size(bomb(tmp_path / "a.npz", "X.npy", 2), 2 * 10**6, "load")


def test_an_archive_beyond_the_limit_is_refused_with_its_size(tmp_path):
    with pytest.raises(ValueError, match=r"load: a\.npz would take 3 MB .*at most 2 MB"):
        check_unpacked_size(bomb(tmp_path / "a.npz", "X.npy", 3), 2 * 10**6, "load")


def test_the_members_count_together(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.zeros(1000), b=np.zeros(1000))
    with pytest.raises(ValueError, match="would take"):
        check_unpacked_size(tmp_path / "a.npz", 12_000, "load")


def test_a_file_that_is_no_archive_is_left_to_its_reader(tmp_path):
    (tmp_path / "a.npz").write_text("no archive")
    check_unpacked_size(tmp_path / "a.npz", 1, "load")


def test_an_archive_with_a_damaged_directory_is_refused(tmp_path):
    path = bomb(tmp_path / "a.npz", "X.npy", 1)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02")] = 0
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"load: a\.npz cannot be read, .*copy or download"):
        check_unpacked_size(path, 10**9, "load")


@pytest.mark.parametrize(("load", "name", "member"), [
    (load_pictures, "bomb.npz", "X.npy"), (load_squeezenet, "bomb.npz", "features.0.weight.npy"),
    (load_squeezenet, "bomb.pth", "bomb/data.pkl")], ids=["pictures", "weights", "state dict"])
def test_a_bomb_is_refused_unread(tmp_path, monkeypatch, load, name, member):
    def read(*args, **options) -> None:
        raise AssertionError("the bomb was read")

    path = bomb(tmp_path / name, member, 3)
    for module, limit in ((pictures, "LARGEST_NPZ"), (network, "LARGEST_FILE")):
        monkeypatch.setattr(module, limit, 10**6, raising=False)
    monkeypatch.setattr(np, "load", read)
    monkeypatch.setattr(torch, "load", read)
    with pytest.raises(ValueError, match=rf"{load.__name__}: {name} would take 3 MB"):
        load(path)


def test_six_gigabytes_are_beyond_every_limit():
    assert max(pictures.LARGEST_NPZ, network.LARGEST_FILE) < 6 * 10**9 / 4
