"""The student's own photograph: kept by one notebook, found by the others."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labutils.own_picture import keep_picture, kept_picture

ROOT = Path(__file__).resolve().parent.parent
PICTURE = np.random.default_rng(3).integers(0, 256, (224, 224, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def student_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, one below another, as notebooks/student/ is."""
    folder = tmp_path / "notebooks" / "student"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def test_a_kept_picture_comes_back_pixel_for_pixel():
    keep_picture(PICTURE)
    assert np.array_equal(kept_picture(), PICTURE)


def test_without_a_kept_picture_there_is_none():
    assert kept_picture() is None


def test_a_picture_that_was_kept_one_folder_up_is_found(student_folder):
    keep_picture(PICTURE, student_folder.parent / "my_picture.png")
    assert np.array_equal(kept_picture(), PICTURE)


def test_the_working_folder_comes_before_its_parent(student_folder):
    keep_picture(255 - PICTURE, student_folder.parent / "my_picture.png")
    keep_picture(PICTURE)
    assert np.array_equal(kept_picture(), PICTURE)


def test_a_new_picture_replaces_the_kept_one():
    keep_picture(PICTURE)
    keep_picture(255 - PICTURE)
    assert np.array_equal(kept_picture(), 255 - PICTURE)


def test_the_path_of_the_file_is_returned():
    assert keep_picture(PICTURE, "mine.png") == Path("mine.png")
    assert kept_picture("mine.png") is not None


@pytest.mark.parametrize(("picture", "seen"), [
    (PICTURE[:200], r"ndarray \(200, 224, 3\) uint8"),
    (PICTURE[..., 0], r"ndarray \(224, 224\) uint8"),
    (PICTURE[None], r"ndarray \(1, 224, 224, 3\) uint8"),
    (PICTURE / 255, r"ndarray \(224, 224, 3\) float64"),
    (None, "NoneType"),
    ("holiday.jpg", "str"),
], ids=["cut", "grey", "a batch", "floats", "none", "a name"])
def test_what_is_no_picture_of_the_networks_size_is_refused(picture, seen):
    with pytest.raises(ValueError, match=rf"keep_picture: picture is {seen}; expected \(224, 22"):
        keep_picture(picture)
    assert kept_picture() is None


def test_a_photograph_under_the_same_name_is_not_overwritten():
    Image.new("RGB", (400, 300)).save("my_picture.png")
    with pytest.raises(ValueError, match=r"my_picture\.png is there already .*rename or delete"):
        keep_picture(PICTURE)
    assert Image.open("my_picture.png").size == (400, 300)


@pytest.mark.parametrize("content", [b"", b"a diary"], ids=["empty", "text"])
def test_another_file_under_the_same_name_is_not_overwritten(content):
    Path("my_picture.png").write_bytes(content)
    with pytest.raises(ValueError, match="is there already"):
        keep_picture(PICTURE)
    assert Path("my_picture.png").read_bytes() == content


def test_a_folder_under_the_same_name_is_refused():
    Path("my_picture.png").mkdir()
    with pytest.raises(ValueError, match="is there already"):
        keep_picture(PICTURE)
    assert kept_picture() is None


def test_a_photograph_that_was_put_there_by_hand_is_cut_to_size():
    Image.new("RGB", (400, 300), (9, 90, 200)).save("my_picture.png")
    found = kept_picture()
    assert (found.shape, found.dtype) == ((224, 224, 3), np.uint8)
    assert (found == (9, 90, 200)).all()


@pytest.mark.parametrize(("content", "message"), [
    (b"", r"my_picture\.png is empty \(0 bytes\)"),
    (b"a diary", r"my_picture\.png is not a picture that can be read"),
], ids=["empty", "text"])
def test_a_file_that_cannot_be_read_is_named(content, message):
    Path("my_picture.png").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        kept_picture()


@pytest.mark.parametrize("folder", ["notebooks", "notebooks/student"])
def test_git_never_takes_a_students_photograph(folder):
    result = subprocess.run(["git", "check-ignore", "-q", f"{folder}/my_picture.png"], cwd=ROOT)
    assert result.returncode == 0
