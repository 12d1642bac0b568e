"""From pictures to network input and back; rescaling and blurring."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision import transforms

from labutils.engine.door import network_inputs
from labutils.engine.pixels import IMAGENET_MEAN, IMAGENET_STD, normalise, to_pixels
from labutils.preprocessing import blur_image, deprocess, preprocess, rescale


def test_preprocess_gives_a_batch_of_one_float32(pictures):
    X = preprocess(pictures.X[0])
    assert (X.shape, X.dtype) == ((1, 3, 224, 224), torch.float32)


def test_preprocess_subtracts_the_mean_and_divides_by_the_deviation(pictures):
    expected = (pictures.X[0] / 255 - IMAGENET_MEAN) / IMAGENET_STD
    found = preprocess(pictures.X[0])[0].permute(1, 2, 0).double().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_preprocess_treats_an_image_and_its_array_alike(pictures):
    img = Image.fromarray(pictures.X[0])
    assert torch.equal(preprocess(img), preprocess(pictures.X[0]))


def test_preprocess_treats_floats_and_uint8_alike(pictures):
    assert torch.equal(preprocess(pictures.X[0].astype(float)), preprocess(pictures.X[0]))


@pytest.mark.parametrize("shape", [(300, 500), (500, 300), (50, 60)])
def test_preprocess_cuts_the_middle_square(shape):
    x = np.zeros((*shape, 3), np.uint8)
    side, (high, wide) = min(shape), shape
    top, left = (high - side) // 2, (wide - side) // 2
    x[top : top + side, left : left + side] = 255
    # All white inside; a blurred line may remain where the cut meets the black.
    assert (to_pixels(preprocess(x, size=64))[..., 2:-2, 2:-2] > 254).all()


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_preprocess_turns_other_kinds_of_image_into_three_channels(mode):
    assert preprocess(Image.new(mode, (40, 30)), size=24).shape == (1, 3, 24, 24)


def test_the_way_there_and_back_changes_no_pixel(pictures):
    back = deprocess(preprocess(pictures.X[0]), should_rescale=False)
    assert np.array_equal(np.asarray(back), pictures.X[0])


def test_deprocess_stretches_to_the_full_range(tiny_pictures):
    stretched = np.asarray(deprocess(preprocess(tiny_pictures[0], size=16)))
    assert (stretched.min(), stretched.max()) == (0, 255)


def test_deprocess_takes_a_picture_with_or_without_batch(tiny_pictures):
    X = preprocess(tiny_pictures[0], size=16)
    assert np.array_equal(np.asarray(deprocess(X)), np.asarray(deprocess(X[0])))


def test_deprocess_takes_what_requires_a_gradient_and_leaves_it_alone(tiny_pictures):
    X = preprocess(tiny_pictures[0], size=16).requires_grad_()
    before = X.detach().clone()
    deprocess(X)
    assert torch.equal(X, before) and X.requires_grad


def test_normalise_is_what_preprocess_does_bit_for_bit(pictures, X5):
    pixels = torch.from_numpy(pictures.X).permute(0, 3, 1, 2).float()
    assert torch.equal(normalise(pixels), X5)


def test_to_pixels_is_the_way_back_of_normalise(tiny_pictures):
    pixels = torch.from_numpy(tiny_pictures).permute(0, 3, 1, 2).double()
    torch.testing.assert_close(to_pixels(normalise(pixels)), pixels)


@pytest.mark.parametrize("x", [torch.tensor([3.0, -1.0, 1.0]), np.array([3.0, -1.0, 1.0])],
                         ids=["tensor", "array"])
def test_rescale_runs_from_0_to_1(x):
    assert rescale(x).tolist() == [1.0, 0.0, 0.5]


def test_rescale_turns_a_constant_into_zeros():
    assert rescale(torch.full((2, 2), 5.0)).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_rescale_does_not_wrap_around_on_uint8(tiny_pictures):
    assert (rescale(tiny_pictures).min(), rescale(tiny_pictures).max()) == (0, 1)


def test_blurring_a_point_gives_a_gaussian_of_that_deviation():
    X = torch.zeros(1, 1, 41, 41, dtype=torch.float64)
    X[0, 0, 20, 20] = 1
    distance = torch.arange(41) - 20
    variance = (blur_image(X, sigma=2)[0, 0].sum(0) * distance**2).sum()
    # scipy cuts the bell at four deviations.
    assert variance.item() == pytest.approx(4, rel=0.01)


def test_blurring_goes_along_height_and_width_alike():
    X = torch.rand(2, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(blur_image(X.mT, 1.5), blur_image(X, 1.5).mT)


def test_blurring_does_not_mix_pictures_or_channels():
    X = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    alone = torch.stack([blur_image(x[None])[0] for x in X.flatten(0, 1)[:, None]])
    torch.testing.assert_close(blur_image(X).flatten(0, 1), alone[:, 0])


def test_blurring_with_sigma_0_copies():
    X = torch.rand(1, 3, 8, 8)
    blurred = blur_image(X, 0)
    assert torch.equal(blurred, X) and blurred is not X


def test_blurring_leaves_the_input_alone():
    X = torch.rand(1, 3, 8, 8)
    before = X.clone()
    blur_image(X, 2)
    assert torch.equal(X, before)


@pytest.mark.parametrize("img", [
    np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((1, 4, 4, 3), np.uint8),
    torch.zeros(4, 4, 3), "cat.jpg", None,
], ids=["alpha", "grey", "batch", "tensor", "path", "None"])
def test_preprocess_refuses_what_is_no_picture(img):
    with pytest.raises(ValueError, match=r"preprocess: img is .*expected one picture"):
        preprocess(img)


@pytest.mark.parametrize(("value", "error"), [
    (np.nan, ValueError), (256.0, ValueError), (-0.1, ValueError), (True, TypeError)])
def test_preprocess_refuses_pixels_outside_0_to_255(value, error):
    with pytest.raises(error, match=r"preprocess: img .*expected .*0…255"):
        preprocess(np.full((4, 4, 3), value))


@pytest.mark.parametrize("x", [
    torch.zeros(2, 3, 4, 4), torch.zeros(4, 4, 3), torch.zeros(4, 4), np.zeros((3, 4, 4)), None,
], ids=["two pictures", "channels last", "no channels", "array", "None"])
def test_deprocess_refuses_what_is_not_one_network_input(x):
    with pytest.raises(ValueError, match=r"deprocess: x is .*expected one picture"):
        deprocess(x)


@pytest.mark.parametrize("sigma", [-1.0, float("nan")])
def test_blurring_refuses_an_impossible_sigma(sigma):
    with pytest.raises(ValueError, match=r"blur_image: sigma is .*expected"):
        blur_image(torch.zeros(1, 3, 4, 4), sigma)


@pytest.mark.parametrize("X", [np.zeros((1, 3, 4, 4)), torch.zeros(4, 4), None],
                         ids=["array", "two axes", "None"])
def test_blurring_refuses_what_is_no_tensor_of_pictures(X):
    with pytest.raises(ValueError, match=r"blur_image: X is .*expected a tensor"):
        blur_image(X)


@pytest.fixture
def fractions(pictures) -> np.ndarray:
    """A picture with fractions of a grey level."""
    return pictures.X[0] * 0.99 + 0.9


def test_preprocess_keeps_fractions_as_saliency_does(fractions):
    expected = network_inputs(fractions[None], nn.Identity(), "test")
    assert torch.equal(preprocess(fractions), expected)


def test_preprocess_keeps_fractions_when_it_resizes():
    assert to_pixels(preprocess(np.full((40, 30, 3), 7.75), size=20)) == pytest.approx(7.75)


def test_resizing_floats_and_uint8_differs_by_rounding_only(pictures):
    whole = to_pixels(preprocess(pictures.X[0], size=100))
    floats = to_pixels(preprocess(pictures.X[0].astype(np.float32), size=100))
    assert (whole - floats).abs().max() < 1.01


@pytest.mark.parametrize("size", [224, 100])
def test_uint8_pictures_are_preprocessed_as_torchvision_does_bit_for_bit(pictures, size):
    expected = transforms.Compose([
        transforms.Resize(size), transforms.CenterCrop(size), transforms.ToTensor(),
        transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD)])(Image.fromarray(pictures.X[1]))
    found = preprocess(pictures.X[1], size=size)
    assert torch.equal(found, expected[None]) and found.is_contiguous()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_preprocess_refuses_pixels_in_0_to_1_and_says_how_to_convert(pictures, dtype):
    message = r'preprocess: img has .*0…1.*\(img \* 255\)\.round\(\)\.astype\("uint8"\)'
    with pytest.raises(ValueError, match=message):
        preprocess((pictures.X[0] / 255).astype(dtype))


@pytest.mark.parametrize("x", [
    np.zeros((8, 8, 3)), np.ones((8, 8, 3), np.uint8), np.ones((8, 8, 3), int)],
    ids=["black", "uint8", "integers"])
def test_dark_pictures_that_can_be_nothing_else_are_welcome(x):
    assert preprocess(x, size=8).shape == (1, 3, 8, 8)


@pytest.mark.parametrize("x", [
    torch.tensor([-128, 127, 0], dtype=torch.int8), np.array([-128, 127, 0], np.int8),
    torch.tensor([-2**31, 2**31 - 1, 0], dtype=torch.int32)], ids=["tensor", "array", "int32"])
def test_rescale_does_not_overflow_on_integers(x):
    assert rescale(x).tolist() == pytest.approx([0, 1, 0.5], abs=0.01)
