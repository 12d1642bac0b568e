"""Picture files of any kind: 8-bit RGB, or an error that names the file."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labutils.files.picture_files import as_rgb
from labutils.pictures import load_pictures, read_picture
from labutils.preprocessing import preprocess

STEPS = np.repeat(np.arange(256), 4).reshape(32, 32)


def save_grey(path: Path, levels: np.ndarray, dtype: type) -> Path:
    Image.fromarray(levels.astype(dtype)).save(path)
    return path


def test_16_bit_grey_levels_are_scaled_to_8(tmp_path):
    path = save_grey(tmp_path / "x.png", STEPS * 257, np.uint16)
    assert np.array_equal(read_picture(path, size=32), np.stack([STEPS] * 3, axis=-1))


def test_16_bit_grey_levels_between_two_of_8_bits_are_rounded():
    img = Image.fromarray(np.array([[0, 128, 129, 65535]], np.uint16))
    assert np.asarray(as_rgb(img, "x"))[0, :, 0].tolist() == [0, 0, 1, 255]


def test_preprocess_scales_16_bit_images_as_well(tmp_path):
    path = save_grey(tmp_path / "x.png", STEPS * 257, np.uint16)
    expected = preprocess(np.stack([STEPS] * 3, axis=-1).astype(np.uint8), size=32)
    with Image.open(path) as img:
        assert np.array_equal(preprocess(img, size=32), expected)


def test_8_bit_grey_levels_in_32_bits_stay_as_they_are():
    img = Image.fromarray(STEPS.astype(np.int32))
    assert np.array_equal(np.asarray(as_rgb(img, "x"))[..., 0], STEPS)


@pytest.mark.parametrize("levels", [
    STEPS / 255, STEPS.astype(np.float32), STEPS.astype(np.int32) * 1000,
    STEPS.astype(np.int32) - 1], ids=["0 to 1", "floats", "20 bits", "negative"])
def test_grey_levels_of_an_unknown_scale_are_refused(tmp_path, levels):
    img = Image.fromarray(levels.astype(np.float32) if levels.dtype.kind == "f" else levels)
    img.save(tmp_path / "x.tif")
    with pytest.raises(ValueError, match=r"read_picture: .*x\.tif .*grey levels from .*expected"):
        read_picture(tmp_path / "x.tif")
    with pytest.raises(ValueError, match="preprocess: img has grey levels from .*expected"):
        preprocess(img)


def test_a_decompression_bomb_is_refused_by_name(tmp_path):
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    (tmp_path / "bomb_3.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))
    with pytest.raises(ValueError, match=r"read_picture: .*bomb_3\.png has more than 89 million"):
        load_pictures(tmp_path)


@pytest.mark.parametrize("error", [
    ValueError, EOFError, struct.error, zlib.error, IndexError, TypeError, OverflowError])
def test_whatever_pillow_raises_the_file_is_named(tmp_path, monkeypatch, error):
    path = save_grey(tmp_path / "x.png", STEPS, np.uint8)

    def fail(*args, **options) -> None:
        raise error("bad bytes")

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(ValueError, match=r"read_picture: .*x\.png is not a picture .*bad bytes"):
        read_picture(path)


def test_a_picture_on_its_side_is_turned_upright(tmp_path):
    x = np.zeros((40, 40, 3), np.uint8)
    x[:20] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    Image.fromarray(x).save(tmp_path / "x.png", exif=exif)
    assert (read_picture(tmp_path / "x.png", size=40)[:, 20:] == 255).all()
