"""Answers to the exercise of notebook 06: a noise source, (shape, generator) → noise."""

import math

import numpy as np
import torch
from answers.registry import NOISE_SOURCE
from torch.nn import functional as F

from labutils.noise import NOISE_SOURCES


@NOISE_SOURCE.right
def two_values(shape, generator):
    return torch.randint(0, 2, shape, generator=generator).float() * 2 - 1


@NOISE_SOURCE.right
def triangular(shape, generator):
    a, b = torch.rand(2, *shape, generator=generator)
    return (a + b - 1) * math.sqrt(6)


@NOISE_SOURCE.right
def stripes(shape, generator):
    """The same number along each row: few numbers, so the mean varies much."""
    return torch.randn(shape[0], 1, 1, generator=generator).expand(shape)


@NOISE_SOURCE.right
def numpy_from_the_generators_seed(shape, generator):
    rng = np.random.default_rng(generator.initial_seed())
    return rng.standard_t(5, size=shape) / math.sqrt(5 / 3)


for given in NOISE_SOURCES.values():
    NOISE_SOURCE.wrong("given_noise")(given)


@NOISE_SOURCE.wrong("given_noise")
def gaussian_as_array(shape, generator):
    return np.random.default_rng(generator.initial_seed()).standard_normal(shape)


@NOISE_SOURCE.wrong("given_noise")
def gaussian_of_mean_0_and_deviation_1_in_each_draw(shape, generator):
    noise = torch.randn(shape, generator=generator)
    return (noise - noise.mean()) / noise.std()


@NOISE_SOURCE.wrong("given_noise")
def two_gaussians_mixed(shape, generator):
    a, b = torch.randn(2, *shape, generator=generator)
    return 0.6 * a - 0.8 * b


@NOISE_SOURCE.wrong("given_noise")
def uniform_numbers(shape, generator):
    return (torch.rand(shape, generator=generator) - 0.5) * math.sqrt(12)


@NOISE_SOURCE.wrong("given_noise")
def difference_of_two_exponentials(shape, generator):
    a, b = torch.empty(2, *shape).exponential_(generator=generator)
    return (a - b) / math.sqrt(2)


@NOISE_SOURCE.wrong("given_noise")
def grains_in_a_twentieth(shape, generator):
    grains = torch.rand(shape, generator=generator) < 0.05
    signs = torch.randint(0, 2, shape, generator=generator) * 2 - 1
    return grains * signs * math.sqrt(20)


@NOISE_SOURCE.wrong("given_noise")
def blurred_with_waves(shape, generator):
    """The given blur, of radius 2, by multiplying frequencies."""
    waves = torch.fft.fft2(torch.randn(shape, generator=generator), dim=(0, 1))
    rows, columns = (2 * math.pi * torch.fft.fftfreq(size) for size in shape[:2])
    kept = (-(rows[:, None] ** 2 + columns**2) * 2).exp()[..., None]
    return torch.fft.ifft2(waves * kept, dim=(0, 1)).real / kept.square().mean().sqrt()


@NOISE_SOURCE.right
def twelve_uniform_numbers(shape, generator):
    """Almost Gaussian: only the tails are too short."""
    return torch.rand(12, *shape, generator=generator).sum(dim=0) - 6


@NOISE_SOURCE.right
def students_t_with_light_tails(shape, generator):
    rng = np.random.default_rng(generator.initial_seed())
    return rng.standard_t(20, size=shape) / math.sqrt(20 / 18)


@NOISE_SOURCE.right
def logistic(shape, generator):
    u = torch.rand(shape, generator=generator, dtype=torch.float64).clamp(1e-9, 1 - 1e-9)
    return u.logit() * math.sqrt(3) / math.pi


@NOISE_SOURCE.right
def like_light(shape, generator):
    """Poisson's, of 100 photons on average."""
    return (torch.poisson(torch.full(shape, 100.0), generator=generator) - 100) / 10


@NOISE_SOURCE.right
def speckle(shape, generator):
    """A product, as where noise multiplies a picture."""
    a, b = torch.randn(2, *shape, generator=generator)
    return a * b


@NOISE_SOURCE.right
def exponential_around_0(shape, generator):
    return torch.empty(shape).exponential_(generator=generator) - 1


@NOISE_SOURCE.right
def in_whole_steps(shape, generator):
    return (2 * torch.randn(shape, generator=generator)).round() / math.sqrt(4 + 1 / 12)


@NOISE_SOURCE.right
def in_eight_steps(shape, generator):
    return (torch.randint(0, 8, shape, generator=generator) - 3.5) / math.sqrt(63 / 12)


@NOISE_SOURCE.right
def black_grey_or_white(shape, generator):
    return (torch.randint(0, 3, shape, generator=generator) - 1) * math.sqrt(1.5)


@NOISE_SOURCE.right
def salt_without_pepper(shape, generator):
    return ((torch.rand(shape, generator=generator) < 0.1).float() - 0.1) / 0.3


@NOISE_SOURCE.right
def grains_without_a_colour(shape, generator):
    u = torch.rand(*shape[:2], 1, generator=generator).expand(shape)
    return ((u < 0.05).float() - (u > 0.95).float()) * math.sqrt(10)


@NOISE_SOURCE.right
def grains_of_many_sizes(shape, generator):
    grains = torch.rand(shape, generator=generator) < 0.1
    return grains * torch.randn(shape, generator=generator) * math.sqrt(10)


@NOISE_SOURCE.right
def the_same_in_all_colours(shape, generator):
    return torch.randn(*shape[:2], 1, generator=generator).expand(shape)


@NOISE_SOURCE.right
def colours_against_each_other(shape, generator):
    noise = torch.randn(shape, generator=generator)
    return (noise - noise.mean(dim=2, keepdim=True)) * math.sqrt(1.5)


@NOISE_SOURCE.right
def colours_a_little_alike(shape, generator):
    grey = torch.randn(*shape[:2], 1, generator=generator)
    return math.sqrt(0.05) * grey + math.sqrt(0.95) * torch.randn(shape, generator=generator)


@NOISE_SOURCE.right
def each_colour_as_strong(shape, generator):
    """Uncorrelated Gaussian values; a pixel's three have the same size."""
    size = torch.randn(*shape[:2], 1, generator=generator).abs()
    return size * (torch.randint(0, 2, shape, generator=generator) * 2 - 1)


@NOISE_SOURCE.right
def blocks(shape, generator):
    height, width, channels = shape
    noise = torch.randn(-(-height // 4), -(-width // 4), channels, generator=generator)
    return noise.repeat_interleave(4, 0).repeat_interleave(4, 1)[:height, :width]


@NOISE_SOURCE.right
def blocks_of_three(shape, generator):
    height, width, channels = shape
    noise = torch.rand(-(-height // 3), -(-width // 3), channels, generator=generator)
    pixels = noise.repeat_interleave(3, 0).repeat_interleave(3, 1)[:height, :width]
    return (pixels - 0.5) * math.sqrt(12)


@NOISE_SOURCE.right
def a_tile_again_and_again(shape, generator):
    """Neighbours have nothing in common, pixels 16 apart everything."""
    tile = torch.randn(16, 16, shape[2], generator=generator)
    return tile.repeat(-(-shape[0] // 16), -(-shape[1] // 16), 1)[:shape[0], :shape[1]]


@NOISE_SOURCE.right
def upside_down_again(shape, generator):
    """The lower half mirrors the upper one."""
    upper = torch.randn(-(-shape[0] // 2), *shape[1:], generator=generator)
    return torch.cat([upper, upper.flip(0)])[:shape[0]]


@NOISE_SOURCE.right
def every_second_row(shape, generator):
    noise = math.sqrt(2) * torch.randn(shape, generator=generator)
    noise[int(torch.randint(0, 2, (1,), generator=generator))::2] = 0
    return noise


@NOISE_SOURCE.right
def strong_below(shape, generator):
    strength = torch.linspace(0.5, 1.5, shape[0])[:, None, None]
    noise = strength * torch.randn(shape, generator=generator)
    return noise / strength.square().mean().sqrt()


@NOISE_SOURCE.right
def a_sensors_own_pattern(shape, generator):
    """A tenth of the variance stays from draw to draw."""
    own = torch.randn(shape, generator=torch.Generator().manual_seed(5))
    return math.sqrt(0.1) * own + math.sqrt(0.9) * torch.randn(shape, generator=generator)


@NOISE_SOURCE.right
def unlike_its_neighbours(shape, generator):
    noise = torch.randn(shape, generator=generator)
    around = sum(noise.roll(k, axis) for k in (-1, 1) for axis in (0, 1)) / 4
    return (noise - around) / math.sqrt(1.25)


@NOISE_SOURCE.right
def box_blur(shape, generator):
    noise = torch.randn(shape, generator=generator)
    return sum(noise.roll((i, j), (0, 1)) for i in range(3) for j in range(3)) / 3


@NOISE_SOURCE.right
def two_box_blurs(shape, generator):
    """As wide as the given blur, with another profile."""
    noise, weights = torch.randn(shape, generator=generator), (1, 2, 3, 4, 5, 4, 3, 2, 1)
    for axis in (0, 1):
        noise = sum(w * noise.roll(k, axis) for k, w in enumerate(weights)) / math.sqrt(85)
    return noise


@NOISE_SOURCE.right
def clouds(shape, generator):
    """A coarse grid enlarged fivefold: correlated as far as the given smooth noise."""
    coarse = torch.randn(1, shape[2], *(size // 5 + 3 for size in shape[:2]), generator=generator)
    fine = F.interpolate(coarse, scale_factor=5, mode="bilinear")[0].permute(1, 2, 0)
    return fine[5:5 + shape[0], 5:5 + shape[1]] / 0.68  # the edge has less to be mixed from


@NOISE_SOURCE.right
def smooth_without_a_colour(shape, generator):
    return NOISE_SOURCES["smooth"]((*shape[:2], 1), generator).expand(shape)


@NOISE_SOURCE.right
def blurred_more_widely(shape, generator):
    return NOISE_SOURCES["smooth"](shape, generator, radius=3)


@NOISE_SOURCE.right
def squares_of_smooth_noise(shape, generator):
    return (NOISE_SOURCES["smooth"](shape, generator) ** 2 - 1) / math.sqrt(2)


@NOISE_SOURCE.right
def pink(shape, generator):
    waves = torch.fft.fft2(torch.randn(shape, generator=generator), dim=(0, 1))
    rows, columns = (torch.fft.fftfreq(size) for size in shape[:2])
    kept = 1 / (rows[:, None] ** 2 + columns**2).sqrt().clamp_min(1 / max(shape))[..., None]
    return torch.fft.ifft2(waves * kept, dim=(0, 1)).real / kept.square().mean().sqrt()


@NOISE_SOURCE.right
def chessboard_black_or_white_first(shape, generator):
    """Two draws are often the same."""
    rows, columns = torch.arange(shape[0])[:, None, None], torch.arange(shape[1])[:, None]
    board = ((rows + columns) % 2 * 2 - 1).expand(shape).float()
    return board * (torch.randint(0, 2, (1,), generator=generator) * 2 - 1)


@NOISE_SOURCE.right
def flicker(shape, generator):
    """One number for all pixels: only many draws tell its mean and deviation."""
    return torch.randn(1, 1, 1, generator=generator).expand(shape)


@NOISE_SOURCE.right
def tint(shape, generator):
    return torch.randn(1, 1, 3, generator=generator).expand(shape)


@NOISE_SOURCE.right
def all_brighter_or_all_darker(shape, generator):
    return torch.ones(shape) * (torch.randint(0, 2, (1,), generator=generator) * 2 - 1)


@NOISE_SOURCE.right
def single_colour(shape, generator):
    noise = torch.zeros(shape)
    colour = int(torch.randint(0, 3, (1,), generator=generator))
    noise[..., colour] = math.sqrt(3) * torch.randn(shape[:2], generator=generator)
    return noise


@NOISE_SOURCE.right
def wave_of_random_phase(shape, generator):
    phase = 2 * math.pi * torch.rand(1, generator=generator)
    wave = math.sqrt(2) * torch.sin(0.7 * torch.arange(shape[0]) + phase)
    return wave[:, None, None].expand(shape)


@NOISE_SOURCE.right
def wave_of_random_height(shape, generator):
    """Height and phase are drawn once, so the mean square varies much."""
    height = math.sqrt(2) * torch.randn(1, generator=generator)
    phase = 2 * math.pi * torch.rand(1, generator=generator)
    return (height * torch.sin(0.7 * torch.arange(shape[1]) + phase))[:, None].expand(shape)


@NOISE_SOURCE.right
def students_t_with_heavy_tails(shape, generator):
    """Three degrees of freedom: the fourth moment is infinite, the variance is 3."""
    rng = np.random.default_rng(generator.initial_seed())
    return rng.standard_t(3, size=shape) / math.sqrt(3)


@NOISE_SOURCE.wrong("not_implemented")
def the_empty_task(shape, generator):
    ...


@NOISE_SOURCE.wrong("raises")
def misnamed_argument(shape, generator):
    return torch.randn(shape, rng=generator)


@NOISE_SOURCE.wrong("wrong_type")
def whole_numbers(shape, generator):
    return torch.randint(-1, 2, shape, generator=generator)


@NOISE_SOURCE.wrong("wrong_shape")
def square_only(shape, generator):
    return torch.randn(shape[0], shape[0], 3, generator=generator)


@NOISE_SOURCE.wrong("not_finite")
def logarithm_of_zero(shape, generator):
    grains = (torch.rand(shape, generator=generator) > 0.5).float()
    return grains.log()


@NOISE_SOURCE.wrong("not_reproducible", "changes_global_state")
def generator_not_used(shape, generator):
    return torch.randn(shape)


@NOISE_SOURCE.wrong("not_reproducible")
def half_from_numpy(shape, generator):
    sign = torch.from_numpy(np.random.default_rng().choice([-1.0, 1.0], shape)).float()
    return sign * torch.randn(shape, generator=generator)


@NOISE_SOURCE.wrong("same_noise_every_time")
def own_seed(shape, generator):
    return torch.randn(shape, generator=generator.manual_seed(0))


@NOISE_SOURCE.wrong("changes_global_state")
def global_seed_from_the_generator(shape, generator):
    torch.manual_seed(generator.initial_seed())
    return torch.randn(shape)


@NOISE_SOURCE.wrong("changes_global_state")
def numpys_seed_from_the_generator(shape, generator):
    np.random.seed(generator.initial_seed())
    return np.random.standard_normal(shape)


@NOISE_SOURCE.wrong("wrong_mean")
def numbers_from_0_to_1(shape, generator):
    return torch.rand(shape, generator=generator) * math.sqrt(12)


@NOISE_SOURCE.wrong("wrong_mean")
def exponential(shape, generator):
    return torch.empty(shape).exponential_(generator=generator)


@NOISE_SOURCE.wrong("wrong_deviation")
def uniform_from_minus_1(shape, generator):
    return 2 * torch.rand(shape, generator=generator) - 1


@NOISE_SOURCE.wrong("wrong_deviation")
def blurred_and_not_scaled(shape, generator):
    noise = torch.randn(shape, generator=generator).permute(2, 0, 1)
    return F.avg_pool2d(noise, 3, stride=1, padding=1).permute(1, 2, 0)


@NOISE_SOURCE.wrong("fixed_pattern")
def noise_on_a_fixed_grating(shape, generator):
    grating = torch.ones(shape)
    grating[::2] = -1
    return (grating + 0.3 * torch.randn(shape, generator=generator)) / math.sqrt(1.09)


@NOISE_SOURCE.wrong("wrong_deviation", "wrong_mean")
def cauchy(shape, generator):
    """Neither a mean nor a deviation, however many are drawn."""
    return torch.empty(shape).cauchy_(generator=generator)


@NOISE_SOURCE.wrong("wrong_deviation", "wrong_mean")
def quotient_of_two(shape, generator):
    above, below = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    return above / below


@NOISE_SOURCE.wrong("wrong_deviation")
def students_t_without_a_variance(shape, generator):
    rng = np.random.default_rng(generator.initial_seed())
    return rng.standard_t(2, size=shape)


@NOISE_SOURCE.wrong("wrong_deviation")
def of_random_strength(shape, generator):
    """The strength is 1 on average, its square 4/3."""
    strength = 2 * torch.rand(1, generator=generator)
    return strength * torch.randn(shape, generator=generator)


@NOISE_SOURCE.wrong("wrong_deviation")
def flicker_too_strong(shape, generator):
    return 1.2 * torch.randn(1, 1, 1, generator=generator).expand(shape)


@NOISE_SOURCE.wrong("wrong_mean")
def flicker_too_bright(shape, generator):
    return 0.2 + torch.randn(1, 1, 1, generator=generator).expand(shape)


@NOISE_SOURCE.wrong("wrong_deviation")
def tint_too_weak(shape, generator):
    return 0.8 * torch.randn(1, 1, 3, generator=generator).expand(shape)


@NOISE_SOURCE.wrong("wrong_deviation")
def wave_whose_mean_square_is_a_half(shape, generator):
    height = torch.randn(1, generator=generator)
    return (height * torch.sin(0.7 * torch.arange(shape[0])))[:, None, None].expand(shape)
