"""Pictures: the default ones, one's own, and files that are none."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labutils.files.packages import package_file
from labutils.pictures import (
    imagenet_class_names,
    load_pictures,
    read_picture,
)


def save_picture(path: Path, size: tuple[int, int] = (40, 30), mode: str = "RGB") -> Path:
    Image.new(mode, size).save(path)
    return path


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    """Two labelled pictures of one's own."""
    folder = tmp_path / "holiday"
    folder.mkdir()
    save_picture(folder / "b_cat_281.jpg")
    save_picture(folder / "a_dog_7.png")
    return folder


def save_arrays(path: Path, **arrays: np.ndarray) -> Path:
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path


X2 = np.arange(2 * 224 * 224 * 3, dtype=np.uint8).reshape(2, 224, 224, 3)
Y2 = np.array([5, 999])


def test_the_default_pictures_are_twenty_of_the_networks_size():
    X, y, class_names = load_pictures()
    assert (X.shape, X.dtype, y.shape, y.dtype) == (
        (20, 224, 224, 3), np.uint8, (20,), np.int64)


def test_the_labels_of_the_default_pictures_stand_in_their_file_names():
    names = [path.stem for path in package_file("foolbox", "foolbox/data/imagenet_*_*.jpg")]
    assert load_pictures().y.tolist() == [int(name.split("_")[-1]) for name in names]


def test_every_default_label_has_a_name():
    pictures = load_pictures()
    assert all(pictures.class_names[label] for label in pictures.y.tolist())


def test_pictures_say_where_they_come_from():
    assert load_pictures().source.startswith("samples: 20 photographs")


def test_num_takes_the_first_pictures():
    assert np.array_equal(load_pictures(num=3).X, load_pictures().X[:3])


def test_len_counts_the_pictures():
    assert len(load_pictures(num=3)) == 3


@pytest.mark.parametrize("num", [0, -1, 2.0, "3"])
def test_an_impossible_num_is_refused(num):
    with pytest.raises(ValueError, match="load_pictures: num is .*expected a whole number"):
        load_pictures(num=num)


def test_more_pictures_than_there_are_is_refused():
    with pytest.raises(ValueError, match="num is 21, but there are 20 pictures"):
        load_pictures(num=21)


def test_there_are_a_thousand_class_names():
    assert sorted(imagenet_class_names()) == list(range(1000))


def test_a_folder_of_ones_own_pictures_is_read_in_order(own_folder):
    pictures = load_pictures(own_folder)
    assert pictures.y.tolist() == [7, 281]
    assert pictures.source == "your own: 2 pictures from holiday"


def test_files_that_are_no_pictures_are_passed_over(own_folder):
    (own_folder / "notes_12.txt").write_text("nothing to see")
    assert len(load_pictures(own_folder)) == 2


def test_lab_pictures_sets_the_default(own_folder, monkeypatch):
    monkeypatch.setenv("LAB_PICTURES", str(own_folder))
    assert load_pictures().source.startswith("your own")


def test_a_name_counts_more_than_lab_pictures(own_folder, monkeypatch):
    monkeypatch.setenv("LAB_PICTURES", str(own_folder))
    assert load_pictures("samples").source.startswith("samples")


def test_pictures_of_ones_own_may_come_as_arrays(tmp_path):
    X, y, _ = load_pictures(save_arrays(tmp_path / "own.npz", X=X2, y=Y2))
    assert np.array_equal(X, X2) and np.array_equal(y, Y2)


@pytest.mark.parametrize("name", ["sampels", "no/such/folder"])
def test_unknown_pictures_are_refused_never_replaced(name):
    with pytest.raises(FileNotFoundError, match=f"load_pictures: '{name}' is neither"):
        load_pictures(name)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no pictures"):
        load_pictures(tmp_path)


@pytest.mark.parametrize("name", ["cat.jpg", "cat_1000.jpg", "cat_x.jpg", "cat281.jpg"])
def test_a_picture_without_a_label_in_its_name_is_refused(own_folder, name):
    save_picture(own_folder / name)
    with pytest.raises(ValueError, match=rf"labels missing: {re.escape(name)}\. Name each file"):
        load_pictures(own_folder)


@pytest.mark.parametrize(("arrays", "message"), [
    ({"X": X2}, "lacks y"),
    ({"y": Y2}, "lacks X"),
    ({"a": Y2}, "lacks X, y"),
    ({"X": X2.astype(float), "y": Y2}, "X in bad.npz is .*float64; expected"),
    ({"X": X2[..., :2], "y": Y2}, r"X in bad.npz is \(2, 224, 224, 2\)"),
    ({"X": X2[0], "y": Y2}, r"X in bad.npz is \(224, 224, 3\)"),
    ({"X": X2[:0], "y": Y2[:0]}, r"X in bad.npz is \(0, 224, 224, 3\)"),
    ({"X": X2, "y": Y2[:1]}, r"y in bad.npz is \(1,\)"),
    ({"X": X2, "y": Y2 + 1}, "expected 2 class numbers 0…999"),
    ({"X": X2, "y": -Y2}, "expected 2 class numbers 0…999"),
    ({"X": X2, "y": Y2.astype(float)}, "float64; expected 2 class numbers"),
    ({"X": X2, "y": np.array([{}, {}], dtype=object)}, "cannot be read as an .npz file"),
], ids=["no y", "no X", "neither", "float", "two channels", "one picture", "no pictures",
        "too few labels", "label 1000", "negative label", "float labels", "objects"])
def test_arrays_that_are_no_labelled_pictures_are_refused(tmp_path, arrays, message):
    with pytest.raises(ValueError, match=f"load_pictures: .*{message}"):
        load_pictures(save_arrays(tmp_path / "bad.npz", **arrays))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 and then nothing"],
                         ids=["empty", "text", "half an archive"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ValueError, match="load_pictures: bad.npz cannot be read"):
        load_pictures(tmp_path / "bad.npz")


@pytest.mark.parametrize("size", [(60, 40), (40, 60), (7, 5)])
def test_reading_a_picture_keeps_the_middle_square(tmp_path, size):
    x = np.zeros((size[1], size[0], 3), np.uint8)
    side = min(size)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    x[top : top + side, left : left + side] = 255
    Image.fromarray(x).save(tmp_path / "x.png")
    assert (read_picture(tmp_path / "x.png", size=20) == 255).all()


def test_a_picture_of_the_right_size_is_not_changed(tmp_path):
    Image.fromarray(X2[0]).save(tmp_path / "x.png")
    assert np.array_equal(read_picture(tmp_path / "x.png"), X2[0])


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_other_kinds_of_picture_become_rgb(tmp_path, mode):
    assert read_picture(save_picture(tmp_path / "x.png", mode=mode)).shape == (224, 224, 3)


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*gone\.jpg"):
        read_picture(tmp_path / "gone.jpg")


def test_an_empty_picture_file_is_refused(own_folder):
    (own_folder / "empty_3.jpg").touch()
    with pytest.raises(ValueError, match=r"empty_3\.jpg is empty \(0 bytes\)"):
        load_pictures(own_folder)


def test_a_text_file_called_jpg_is_refused(own_folder):
    (own_folder / "text_3.jpg").write_text("a cat on a sofa")
    with pytest.raises(ValueError, match=r"text_3\.jpg is not a picture that can be read"):
        load_pictures(own_folder)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_half_a_picture_file_is_refused(tmp_path, kind):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    path = tmp_path / "half_3.jpg"
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(ValueError, match="half_3.jpg is not a picture that can be read"):
        read_picture(path)


@pytest.mark.parametrize("package", ["no-such-package", "numpy"])
def test_a_missing_package_or_file_is_named_with_the_mend(package):
    with pytest.raises(FileNotFoundError, match=f"package {package} .*pip install -r"):
        package_file(package, "no/such/file.jpg")
