"""add_noise as the lab defines it, the two manners of noise, and their units."""

import numpy as np
import pytest
import torch
from scipy import stats

from labutils.engine.copies import lab_copies, lab_sigma, paper_copies, paper_sigma
from labutils.engine.pixels import IMAGENET_STD
from labutils.noise import (
    NOISE_SOURCES,
    add_noise,
    noise_in_other_units,
)


@pytest.fixture
def two_greys() -> np.ndarray:
    """Pixels of 103 and 153: standard deviation 25, far from both ends of the scale."""
    x = np.full((224, 224, 3), 103, np.uint8)
    x[::2] = 153
    return x


def test_add_noise_adds_clips_and_truncates_as_the_lab_does(tiny_pictures):
    x = tiny_pictures[2]
    noise = np.random.default_rng(0).standard_normal(x.shape)
    expected = np.clip(x + 0.5 * x.std() * noise, 0, 255).astype(np.uint8)
    assert np.array_equal(add_noise(x, 0.5, np.random.default_rng(0)), expected)


def test_the_deviation_of_the_noise_is_noise_pct_times_the_pictures_own(two_greys):
    sigma = 0.2 * 25
    deviation = (add_noise(two_greys, 0.2, np.random.default_rng(0)).astype(float)
                 - two_greys).std()
    # Truncation adds the variance 1/12 of a uniform rounding error. Five standard errors.
    error = sigma / np.sqrt(2 * two_greys.size)
    assert abs(deviation - np.sqrt(sigma**2 + 1 / 12)) < 5 * error


def test_truncation_makes_pictures_half_a_grey_level_darker(two_greys):
    noisy = add_noise(two_greys, 0.2, np.random.default_rng(0)).astype(float)
    error = 5 / np.sqrt(two_greys.size)
    assert abs((noisy - two_greys).mean() + 0.5) < 5 * error


def test_clipping_makes_strong_noise_weaker_than_nominal(tiny_pictures):
    x = tiny_pictures[2]
    noisy = add_noise(x, 0.95, np.random.default_rng(0)).astype(float)
    assert (noisy - x).std() < 0.95 * 0.95 * x.std()


def test_bright_pixels_do_not_wrap_around_to_dark():
    x = np.zeros((50, 50, 3), np.uint8)
    x[25:] = 255
    assert add_noise(x, 0.1, np.random.default_rng(0))[25:].min() > 127


def test_without_noise_the_picture_comes_back(tiny_pictures):
    assert np.array_equal(add_noise(tiny_pictures, 0), tiny_pictures)


def test_a_uniform_picture_has_no_deviation_and_gets_no_noise():
    grey = np.full((8, 8, 3), 90, np.uint8)
    assert np.array_equal(add_noise(grey, 0.5), grey)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_the_result_is_uint8_of_the_same_shape(tiny_pictures, dtype):
    noisy = add_noise(tiny_pictures.astype(dtype), 0.1)
    assert (noisy.dtype, noisy.shape) == (np.uint8, tiny_pictures.shape)


def test_a_grey_picture_without_channels_is_welcome(tiny_pictures):
    assert add_noise(tiny_pictures[0, :, :, 0], 0.1).shape == (16, 18)


def test_every_picture_of_a_batch_has_its_own_deviation(tiny_pictures):
    rng = np.random.default_rng(3)
    one_by_one = np.stack([add_noise(x, 0.3, rng) for x in tiny_pictures])
    assert np.array_equal(add_noise(tiny_pictures, 0.3, np.random.default_rng(3)), one_by_one)


def test_the_same_generator_gives_the_same_noise(tiny_pictures):
    first, second = (add_noise(tiny_pictures, 0.1, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second)


def test_without_a_generator_the_noise_is_different_every_time(tiny_pictures):
    assert not np.array_equal(add_noise(tiny_pictures, 0.1), add_noise(tiny_pictures, 0.1))


def test_add_noise_leaves_the_picture_alone(tiny_pictures):
    before = tiny_pictures.copy()
    add_noise(tiny_pictures, 0.5)
    assert np.array_equal(tiny_pictures, before)


@pytest.mark.parametrize("rng", [None, 0], ids=["no generator", "a generator"])
def test_add_noise_leaves_the_global_random_state_alone(tiny_pictures, rng):
    np.random.seed(1)
    expected = np.random.random(3)
    np.random.seed(1)
    add_noise(tiny_pictures, 0.1, None if rng is None else np.random.default_rng(rng))
    assert np.array_equal(np.random.random(3), expected)


@pytest.mark.parametrize(("x", "came"), [
    ([[1, 2], [3, 4]], "list"),
    (None, "NoneType"),
    (np.zeros(5, np.uint8), r"\(5,\)"),
    (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
    (np.zeros((2, 4, 4, 4), np.uint8), r"\(2, 4, 4, 4\)"),
    (np.zeros((0, 4, 4, 3), np.uint8), r"\(0, 4, 4, 3\)"),
    (torch.zeros(4, 4, 3), "Tensor"),
], ids=["list", "None", "one axis", "alpha", "batch with alpha", "empty", "tensor"])
def test_add_noise_refuses_what_is_no_picture(x, came):
    with pytest.raises(ValueError, match=rf"add_noise: x is .*{came}.*expected"):
        add_noise(x)


@pytest.mark.parametrize(("x", "error"), [
    (np.full((4, 4, 3), np.nan), ValueError),
    (np.full((4, 4, 3), 255.5), ValueError),
    (np.full((4, 4, 3), -1), ValueError),
    (np.full((4, 4, 3), True), TypeError),
    (np.full((4, 4, 3), "7"), TypeError),
], ids=["NaN", "above 255", "below 0", "bool", "text"])
def test_add_noise_refuses_pixels_outside_0_to_255(x, error):
    with pytest.raises(error, match=r"add_noise: x .*expected .*0…255"):
        add_noise(x)


@pytest.mark.parametrize(("noise_pct", "error"), [
    (-0.1, ValueError), (float("nan"), ValueError), (float("inf"), ValueError),
    ("0.1", TypeError), (None, TypeError), (True, TypeError),
])
def test_add_noise_refuses_an_impossible_strength(tiny_pictures, noise_pct, error):
    with pytest.raises(error, match=r"add_noise: noise_pct is .*expected"):
        add_noise(tiny_pictures, noise_pct)


@pytest.mark.parametrize("rng", [3, np.random.RandomState(0)], ids=["number", "old generator"])
def test_add_noise_refuses_another_kind_of_generator(tiny_pictures, rng):
    with pytest.raises(TypeError, match=r"add_noise: rng is .*expected np.random.default_rng"):
        add_noise(tiny_pictures, 0.1, rng)


@pytest.mark.parametrize("name", NOISE_SOURCES)
def test_every_source_has_mean_0_and_deviation_1(name):
    shape = (200, 200, 3)
    draws = torch.stack([NOISE_SOURCES[name](shape, torch.Generator().manual_seed(s))
                         for s in range(8)])
    assert draws.dtype == torch.float32 and draws.shape[1:] == shape
    # Smooth noise has fewer independent values: one in about 4·π·radius² pixels, ×3 channels.
    independent = draws.numel() / (4 * np.pi * 2**2 if name == "smooth" else 1)
    kurtosis = ((draws - draws.mean()) ** 4).mean() / draws.var() ** 2
    assert abs(draws.mean()) < 5 * independent ** -0.5
    assert abs(draws.var() - 1) < 5 * ((kurtosis - 1) / independent) ** 0.5


@pytest.mark.parametrize("name", NOISE_SOURCES)
def test_a_source_depends_on_nothing_but_its_generator(name):
    draw = NOISE_SOURCES[name]
    first, second, other = (draw((6, 5, 3), torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(first, second) and not torch.equal(first, other)


@pytest.mark.parametrize("name, distribution", [
    ("gaussian", stats.norm()), ("uniform", stats.uniform(-np.sqrt(3), 2 * np.sqrt(3))),
    ("laplace", stats.laplace(scale=np.sqrt(0.5)))])
def test_a_source_has_the_distribution_of_its_name(name, distribution):
    draws = NOISE_SOURCES[name]((100, 100, 3), torch.Generator().manual_seed(0))
    assert stats.kstest(draws.flatten().numpy(), distribution.cdf).pvalue > 1e-4


def test_salt_and_pepper_has_three_values():
    draws = NOISE_SOURCES["salt_and_pepper"]((100, 100, 3), torch.Generator().manual_seed(0))
    values, counts = draws.unique(return_counts=True)
    assert values.tolist() == pytest.approx([-np.sqrt(10), 0, np.sqrt(10)])
    assert (counts / draws.numel()).tolist() == pytest.approx([0.05, 0.9, 0.05], abs=0.01)


def test_laplace_noise_is_finite_at_the_ends_of_its_range():
    class Ends:  # uniform_ may give its lower end, and the value next to its upper end
        def uniform_(self, low, high, generator):
            return torch.tensor([low, 0.0, np.nextafter(np.float32(high), np.float32(0))])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "empty", lambda shape, **options: Ends())
        draws = NOISE_SOURCES["laplace"]((3,), torch.Generator())
    assert torch.isfinite(draws).all()


def test_smooth_noise_is_alike_in_neighbours_and_periodic_but_not_across_channels():
    draws = torch.stack([NOISE_SOURCES["smooth"]((30, 30, 3), torch.Generator().manual_seed(s))
                         for s in range(300)])
    def alike(a, b):
        return (a * b).mean().item()

    assert alike(draws[:, 2:], draws[:, :-2]) == pytest.approx(np.exp(-1 / 4), abs=0.03)
    assert alike(draws[:, 0], draws[:, -2]) == pytest.approx(np.exp(-1 / 4), abs=0.05)
    assert alike(draws[:, :, 15:], draws[:, :, :15]) == pytest.approx(0, abs=0.05)
    assert alike(draws[..., 0], draws[..., 1]) == pytest.approx(0, abs=0.05)
    # Every pixel has the same deviation, those at the border too.
    assert draws[:, 0].var().item() == pytest.approx(1, abs=0.1)


def test_lab_copies_is_add_noise_on_tensors(tiny_pictures):
    x = tiny_pictures[1]
    noise = np.random.default_rng(2).standard_normal(x.shape)
    pixels = torch.from_numpy(x).double()
    copies = lab_copies(pixels, torch.from_numpy(noise)[None], lab_sigma(pixels, 0.4))
    expected = add_noise(x, 0.4, np.random.default_rng(2))
    assert np.array_equal(copies[0].numpy(), expected)


def test_the_copies_leave_the_noise_as_it_is():
    noise = torch.tensor([0.3, -0.3])
    lab_copies(torch.tensor([7.0, 9.0]), noise, 10)
    paper_copies(torch.tensor([7.0, 9.0]), noise, 10)
    assert torch.equal(noise, torch.tensor([0.3, -0.3]))


def test_paper_copies_scale_the_noise_by_the_range_and_do_not_clip():
    x = torch.tensor([-2.0, 0.0, 3.0]).reshape(1, 1, 3)
    noise = torch.tensor([[-1.0, 0.0, 2.0]]).reshape(1, 1, 1, 3)
    expected = torch.tensor([-2.0 - 0.5, 0.0, 3.0 + 1.0]).reshape(1, 1, 1, 3)
    assert torch.allclose(paper_copies(x, noise, paper_sigma(x, 0.1)), expected)


def test_noise_in_other_units_speaks_of_the_same_sigma(tiny_pictures):
    x = tiny_pictures[0]
    units = noise_in_other_units(x, 0.2)
    sigma = 0.2 * x.std()
    assert units["grey levels"] == pytest.approx(sigma)
    assert units["share of max − min"] * (int(x.max()) - int(x.min())) == pytest.approx(sigma)
    normalised = np.mean([sigma / 255 / std for std in IMAGENET_STD])
    assert units["normalised"] == pytest.approx(normalised)


def test_half_precision_pictures_get_the_noise_of_double_precision(tiny_pictures):
    expected = add_noise(tiny_pictures, 0.3, np.random.default_rng(4))
    found = add_noise(tiny_pictures.astype(np.float16), 0.3, np.random.default_rng(4))
    assert np.array_equal(found, expected)


def test_add_noise_refuses_pixels_in_0_to_1_and_says_how_to_convert(tiny_pictures):
    with pytest.raises(ValueError, match=r"add_noise: x has .*0…1.*\(x \* 255\)\.round"):
        add_noise(tiny_pictures / 255)


def test_noise_in_other_units_of_half_precision_is_finite(tiny_pictures):
    x = tiny_pictures[2]
    assert noise_in_other_units(x.astype(np.float16), 0.2) == pytest.approx(
        noise_in_other_units(x, 0.2))


def test_noise_in_other_units_refuses_pixels_in_0_to_1(tiny_pictures):
    with pytest.raises(ValueError, match="noise_in_other_units: x has .*0…1"):
        noise_in_other_units(tiny_pictures[0] / 255, 0.2)
