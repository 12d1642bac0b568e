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


NOISE_SOURCE.right(NOISE_SOURCES["salt_and_pepper"])
NOISE_SOURCE.right(NOISE_SOURCES["smooth"])


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
