"""Answers to the exercise of notebook 03, ``add_noise(x, noise_pct, rng)``."""

import numpy as np
import torch
from answers.registry import ADD_NOISE

from labutils.noise import add_noise


@ADD_NOISE.right
def the_labs(x, noise_pct, rng):
    return add_noise(x, noise_pct, rng)


@ADD_NOISE.right
def with_normal(x, noise_pct=0.05, rng=None):
    rng = rng or np.random.default_rng()
    noise = rng.normal(loc=0.0, scale=noise_pct * np.std(x), size=x.shape)
    noisy = x.astype("float32") + noise
    noisy[noisy > 255] = 255
    noisy[noisy < 0] = 0
    return noisy.astype("uint8")


@ADD_NOISE.right
def without_generator(x, noise_pct):
    height, width, colours = x.shape
    noise = np.random.randn(height, width, colours) * (noise_pct * x.std())
    return np.uint8(np.clip(x + noise, 0, 255))


@ADD_NOISE.right
class Adder:
    def __call__(self, picture, strength, generator):
        deviations = generator.standard_normal(picture.size).reshape(picture.shape)
        noisy = picture + strength * picture.astype(float).std() * deviations
        return np.minimum(np.maximum(noisy, 0), 255).astype(np.uint8)


@ADD_NOISE.right
def switch_in_third_place(x, noise_pct=0.05, clip=True):
    noisy = x + noise_pct * x.std() * np.random.standard_normal(x.shape)
    return (np.clip(noisy, 0, 255) if clip else noisy).astype(np.uint8)


@ADD_NOISE.right
def mean_in_third_place(x, noise_pct=0.05, mean=0.0):
    noise = np.random.normal(mean, noise_pct * x.std(), x.shape)
    return np.clip(x + noise, 0, 255).astype(np.uint8)


@ADD_NOISE.right
def generator_in_fourth_place(x, noise_pct=0.05, clip=True, rng=None):
    rng = np.random.default_rng() if rng is None else rng
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return (np.clip(noisy, 0, 255) if clip else noisy).astype(np.uint8)


@ADD_NOISE.right
def generator_by_its_name_alone(x, noise_pct, *, rng):
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.right
def generator_with_a_default(x, noise_pct=0.05, source=np.random.default_rng(5)):  # noqa: B008
    noisy = x + noise_pct * x.std() * source.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("not_implemented")
def the_empty_task(x, noise_pct, rng):
    raise NotImplementedError


@ADD_NOISE.wrong("not_implemented")
def nothing_returned(x, noise_pct, rng):
    np.clip(x + noise_pct * x.std() * rng.standard_normal(x.shape), 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("raises")
def added_in_place(x, noise_pct, rng):
    noisy = x.copy()
    noisy += noise_pct * x.std() * rng.standard_normal(x.shape)
    return noisy


@ADD_NOISE.wrong("wrong_type")
def copy_and_noise(x, noise_pct, rng):
    noise = noise_pct * x.std() * rng.standard_normal(x.shape)
    return np.clip(x + noise, 0, 255).astype(np.uint8), noise


@ADD_NOISE.wrong("wrong_shape")
def channels_first(x, noise_pct, rng):
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8).transpose(2, 0, 1)


@ADD_NOISE.wrong("wrong_dtype")
def no_last_step(x, noise_pct, rng):
    return np.clip(x + noise_pct * x.std() * rng.standard_normal(x.shape), 0, 255)


@ADD_NOISE.wrong("not_finite", "wrong_dtype")
def divided_by_the_strength(x, noise_pct, rng):
    noise = rng.standard_normal(x.shape) * noise_pct * x.std()
    return np.clip(x + noise * (noise_pct / np.float64(noise_pct)), 0, 255)


@ADD_NOISE.wrong("no_noise")
def noise_cut_off_before_adding(x, noise_pct, rng):
    noise = (noise_pct * rng.random(x.shape)).astype(np.uint8)
    return x + noise


@ADD_NOISE.wrong("same_noise_every_time")
def seed_inside(x, noise_pct, rng):
    rng = np.random.default_rng(0)
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("same_noise_every_time")
def global_seed_inside(x, noise_pct):
    np.random.seed(1)
    noisy = x + noise_pct * x.std() * np.random.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("rng_ignored")
def global_numbers(x, noise_pct, rng):
    noisy = x + np.random.normal(0, noise_pct * x.std(), x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("rng_ignored")
def numbers_from_torch(x, noise_pct, rng):
    noisy = x + noise_pct * x.std() * torch.randn(x.shape).numpy()
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("noise_pct_ignored")
def always_five_per_cent(x, noise_pct, rng):
    noisy = x + 0.05 * x.std() * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("wraps_around")
def not_clipped(x, noise_pct, rng):
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return noisy.astype(np.int64).astype(np.uint8)


@ADD_NOISE.wrong("wraps_around", "wrong_strength", "rounded", "not_gaussian")
def clipped_too_late(x, noise_pct, rng):
    noise = (noise_pct * x.std() * rng.standard_normal(x.shape)).astype(np.int16).astype(np.uint8)
    return np.clip(x + noise, 0, 255)


@ADD_NOISE.wrong("not_clipped", "wrong_dtype")
def floats_out_of_range(x, noise_pct, rng):
    return x + noise_pct * x.std() * rng.standard_normal(x.shape)


@ADD_NOISE.wrong("changes_input")
def into_the_callers_picture(x, noise_pct, rng):
    x[...] = np.clip(x + noise_pct * x.std() * rng.standard_normal(x.shape), 0, 255)
    return x


@ADD_NOISE.wrong("same_noise_everywhere")
def one_number(x, noise_pct, rng):
    return np.clip(x + noise_pct * x.std() * rng.standard_normal(), 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("same_noise_everywhere")
def grey_noise(x, noise_pct, rng):
    noise = rng.standard_normal(x.shape[:2])[..., None]
    return np.clip(x + noise_pct * x.std() * noise, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("same_noise_everywhere")
def one_row(x, noise_pct, rng):
    noise = rng.standard_normal(x.shape[1:])
    return np.clip(x + noise_pct * x.std() * noise, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("biased", "wrong_strength")
def numbers_from_0_to_1(x, noise_pct, rng):
    return np.clip(x + noise_pct * x.std() * rng.random(x.shape), 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("biased")
def mean_of_the_picture(x, noise_pct, rng):
    noise = rng.normal(noise_pct * x.mean(), noise_pct * x.std(), x.shape)
    return np.clip(x + noise, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("wrong_strength")
def share_of_255(x, noise_pct, rng):
    noisy = x + noise_pct * 255 * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("wrong_strength")
def deviation_forgotten(x, noise_pct, rng):
    return np.clip(x + noise_pct * rng.standard_normal(x.shape), 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("wrong_strength")
def variance_for_deviation(x, noise_pct, rng):
    noisy = x + noise_pct * x.var() * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("wrong_strength")
def root_of_the_deviation(x, noise_pct, rng):
    noisy = x + np.sqrt(noise_pct * x.std()) * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("wrong_strength")
def deviation_of_each_colour(x, noise_pct, rng):
    noisy = x + noise_pct * x.std(axis=(0, 1)) * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("wrong_strength")
def the_papers_share(x, noise_pct, rng):
    sigma = noise_pct * (float(x.max()) - float(x.min()))
    return np.clip(x + sigma * rng.standard_normal(x.shape), 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("not_gaussian")
def uniform_noise(x, noise_pct, rng):
    noise = noise_pct * x.std() * rng.uniform(-np.sqrt(3), np.sqrt(3), x.shape)
    return np.clip(x + noise, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("rounded")
def rounded(x, noise_pct, rng):
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("not_the_picture")
def clipped_to_one(x, noise_pct, rng):
    return (x + rng.normal(0, noise_pct * x.std(), x.shape)).clip(0, 1).astype(np.uint8)


@ADD_NOISE.wrong("not_the_picture")
def noise_alone(x, noise_pct, rng):
    return np.clip(rng.normal(0, noise_pct * x.std(), x.shape), 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("colour_without_noise")
def red_alone(x, noise_pct, rng):
    noisy = x.astype(float)
    noisy[..., 0] += rng.normal(0, noise_pct * x.std(), x.shape[:2])
    return noisy.clip(0, 255).astype(np.uint8)


@ADD_NOISE.wrong("same_noise_every_time")
def seed_in_third_place(x, noise_pct=0.05, seed=0):
    rng = np.random.default_rng(seed)
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("rng_ignored")
def generator_in_fourth_place_not_used(x, noise_pct=0.05, clip=True, rng=None):
    noisy = x + noise_pct * x.std() * np.random.standard_normal(x.shape)
    return (np.clip(noisy, 0, 255) if clip else noisy).astype(np.uint8)


@ADD_NOISE.wrong("wraps_around")
def clipped_at_256(x, noise_pct, rng):
    """White becomes black."""
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return np.clip(noisy, 0, 256).astype(np.int64).astype(np.uint8)


@ADD_NOISE.wrong("wraps_around")
def clipped_at_minus_1(x, noise_pct, rng):
    """Black becomes white."""
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return np.clip(noisy, -1, 255).astype(np.int64).astype(np.uint8)


@ADD_NOISE.wrong("wrong_clipping")
def clipped_from_1(x, noise_pct, rng):
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return np.clip(noisy, 1, 255).astype(np.uint8)


@ADD_NOISE.wrong("wrong_clipping")
def clipped_like_a_film(x, noise_pct, rng):
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    return np.clip(noisy, 16, 235).astype(np.uint8)


@ADD_NOISE.wrong("wrong_clipping")
def mirrored_at_black(x, noise_pct, rng):
    noisy = np.abs(x + noise_pct * x.std() * rng.standard_normal(x.shape))
    return np.minimum(noisy, 255).astype(np.uint8)


@ADD_NOISE.wrong("wrong_clipping")
def stretched(x, noise_pct, rng):
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    noisy = (noisy - noisy.min()) / (noisy.max() - noisy.min())
    return (255 * noisy).astype(np.uint8)


@ADD_NOISE.wrong("wrong_clipping")
def stretched_where_necessary(x, noise_pct, rng):
    noisy = x + noise_pct * x.std() * rng.standard_normal(x.shape)
    if noisy.min() < 0 or noisy.max() > 255:
        noisy = 255 * (noisy - noisy.min()) / (noisy.max() - noisy.min())
    return noisy.astype(np.uint8)


@ADD_NOISE.wrong("rounded")
def noise_cut_to_whole_numbers(x, noise_pct, rng):
    noise = (noise_pct * x.std() * rng.standard_normal(x.shape)).astype(int)
    return np.clip(x + noise, 0, 255).astype(np.uint8)


@ADD_NOISE.wrong("rounded")
def noise_rounded(x, noise_pct, rng):
    noise = np.rint(noise_pct * x.std() * rng.standard_normal(x.shape)).astype(int)
    return np.clip(x + noise, 0, 255).astype(np.uint8)
