"""The student's own photograph: kept by one notebook, found by the others."""

import io
import subprocess
import sys
import types
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from ipywidgets import FileUpload
from PIL import Image

from labutils.files import picture_files
from labutils.own_picture import (
    colab_dialog,
    keep_picture,
    kept_picture,
    picture_button,
    take_picture,
)

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


def jpeg(pixels: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def chosen_in_8(name: str, content: bytes) -> FileUpload:
    """The button of ipywidgets 8 after a choice."""
    button = picture_button()
    button.value = ({"name": name, "type": "image/jpeg", "size": len(content),
                     "content": memoryview(content),
                     "last_modified": datetime(2026, 11, 25, tzinfo=UTC)},)
    return button


class ButtonOf7(FileUpload):
    """The button of ipywidgets 7.7.1, which Colab has, after a choice."""

    value = {}


def chosen_in_7(name: str, content: bytes) -> FileUpload:
    button = ButtonOf7()
    button.value = {name: {"metadata": {"name": name, "type": "image/jpeg"}, "content": content}}
    return button


def chosen_by_name(name: str, content: bytes) -> str:
    Path(name).write_bytes(content)
    return name


every_way = pytest.mark.parametrize("chosen", [
    chosen_in_8, chosen_in_7, chosen_by_name, lambda name, content: {name: content}],
    ids=["ipywidgets 8", "ipywidgets 7", "a name", "Colab's dialog"])


@every_way
def test_a_chosen_photograph_arrives_at_the_networks_size(chosen):
    picture = take_picture(chosen("holiday.jpg", jpeg(np.full((300, 400, 3), 90, np.uint8))))
    assert (picture.shape, picture.dtype) == ((224, 224, 3), np.uint8)
    assert (abs(picture.astype(int) - 90) <= 2).all()


@every_way
def test_a_camera_photograph_is_turned_as_its_exif_says(chosen):
    upright = np.zeros((224, 224, 3), np.uint8)
    upright[:112, :112], upright[112:, :112] = 250, 120  # every quarter turn looks different
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by a quarter, clockwise
    lying = np.rot90(upright)  # counter-clockwise, as the camera stored it
    picture = take_picture(chosen("phone.jpg", jpeg(np.ascontiguousarray(lying), exif=exif)))
    assert abs(picture.astype(int) - upright).mean() < 3


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100)


@every_way
@pytest.mark.parametrize(("content", "message"), [
    (b"", r"is empty \(0 bytes\); copy or download it again\."),
    (b"%PDF-1.7 and so on", "is a PDF document, not a picture; take a screenshot of the page"),
    (HEIC, "is a HEIC photograph, as iPhones take them, which cannot be read here; save or send"),
    (VIDEO, "is a video, not a picture; pause it, take a screenshot and choose that"),
    (b"\x1aE\xdf\xa3" + bytes(50), "is a video, not a picture"),
    (b"RIFF\0\0\0\0AVI LIST" + bytes(50), "is a video, not a picture"),
    (b"a diary", r"is not a picture that can be read \(UnidentifiedImageError: cannot identify "
                 r"image file\); expected a JPEG, PNG, WebP or BMP file\."),
    (jpeg(PICTURE)[:5000], "is not a picture that can be read .*expected a JPEG"),
], ids=["empty", "PDF", "HEIC", "MP4", "WebM", "AVI", "text", "half a JPEG"])
def test_what_cannot_be_read_is_named_with_what_to_do(chosen, content, message):
    with pytest.raises(ValueError, match=rf"(read|take)_picture: my\.jpg {message}"):
        take_picture(chosen("my.jpg", content))


@every_way
def test_a_file_of_too_many_bytes_is_refused(chosen, monkeypatch):
    monkeypatch.setattr(picture_files, "LARGEST", 2_000_000)
    with pytest.raises(ValueError, match=r"my\.jpg has 3 MB; a picture of at most 2 MB is read"):
        take_picture(chosen("my.jpg", bytes(3_000_000)))


@every_way
@pytest.mark.parametrize("limit", [30_000, 3_000], ids=["warned of", "refused by Pillow"])
def test_a_picture_of_too_many_pixels_is_refused(chosen, monkeypatch, limit):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(ValueError, match=r"my\.jpg has more than 0 million pixels; 224 × 224 are "
                                         "enough here, so save it smaller"):
        take_picture(chosen("my.jpg", jpeg(PICTURE)))


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"read_picture: there is no file gone\.jpg"):
        take_picture("gone.jpg")


def test_before_anything_is_chosen_there_is_none():
    assert take_picture(picture_button()) is None
    assert take_picture(ButtonOf7()) is None
    assert take_picture({}) is None  # the dialog of Colab was cancelled


def test_the_button_offers_pictures_only_and_one_of_them():
    assert (picture_button().accept, picture_button().multiple) == ("image/*", False)


def test_colabs_dialog_is_opened_in_colab(monkeypatch):
    files = types.ModuleType("google.colab.files")
    files.upload = lambda: {"holiday.jpg": jpeg(PICTURE)}
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.setitem(sys.modules, "google.colab.files", files)
    assert take_picture(colab_dialog()).shape == (224, 224, 3)


def test_elsewhere_colabs_dialog_says_what_to_use_instead():
    with pytest.raises(RuntimeError, match=r"not Colab; use picture_button\(\), or the name of"):
        colab_dialog()
