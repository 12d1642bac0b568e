"""Wrong answers to the homework: noise of another kind, at other times, for fewer copies."""

import numpy as np
import torch
from answers.registry import SMOOTHGRAD
from answers.smoothgrad_wrong_copies import sample, sample_inputs

from labutils.noise import add_noise
from labutils.preprocessing import preprocess


@SMOOTHGRAD.wrong("clean_copy")
def noise_at_the_end_of_the_loop(X, y, model, n, noise_pct):
    noisy, total = X, 0
    for _ in range(n):
        total = total + sample(noisy, y, model)
        noisy = np.stack([add_noise(x, noise_pct) for x in X])
    return total / n


@SMOOTHGRAD.wrong("clean_copy")
def strengths_from_zero(X, y, model, n, noise_pct):
    strengths = np.linspace(0, noise_pct, n)
    return sum(sample([add_noise(x, s) for x in X], y, model) for s in strengths) / n


@SMOOTHGRAD.wrong("same_noise_everywhere")
def noise_of_one_colour(X, y, model, n, noise_pct):
    def noisy(x):
        noise = np.random.normal(0, noise_pct * x.std(), (224, 224, 1))
        return (x + noise).clip(0, 255).astype(np.uint8)

    return sum(sample([noisy(x) for x in X], y, model) for _ in range(n)) / n


@SMOOTHGRAD.wrong("same_noise_everywhere")
def one_number_for_the_whole_picture(X, y, model, n, noise_pct):
    def noisy(x):
        return (x + np.random.normal(0, noise_pct * x.std())).clip(0, 255).astype(np.uint8)

    return sum(sample([noisy(x) for x in X], y, model) for _ in range(n)) / n


@SMOOTHGRAD.wrong("wrong_strength")
def strength_in_grey_levels(X, y, model, n, noise_pct):
    samples = [sample([add_noise(x, 10 * noise_pct) for x in X], y, model) for _ in range(n)]
    return torch.stack(samples).mean(dim=0)


@SMOOTHGRAD.wrong("wrong_count")
def full_batches_only(X, y, model, n, noise_pct):
    maps = []
    for x, label in zip(X, y, strict=True):
        size = min(16, n)
        inputs = [torch.cat([preprocess(add_noise(x, noise_pct)) for _ in range(size)])
                  for _ in range(n // size)]
        maps.append(torch.cat([
            sample_inputs(batch, [int(label)] * size, model) for batch in inputs]).mean(dim=0))
    return torch.stack(maps)


@SMOOTHGRAD.wrong("wrong_preprocessing")
def rows_for_columns(X, y, model, n, noise_pct):
    noisy = lambda: [add_noise(x, noise_pct).transpose(1, 0, 2).copy() for x in X]  # noqa: E731
    return sum(sample(noisy(), y, model) for _ in range(n)) / n


def with_own_noise(noisy, X, y, model, n, noise_pct):
    """The mean map with another way from picture and strength to noisy picture."""
    return sum(sample([noisy(x, noise_pct) for x in X], y, model) for _ in range(n)) / n


@SMOOTHGRAD.wrong("wrong_strength")
def deviation_of_each_colour(X, y, model, n, noise_pct):
    def noisy(x, share):
        noise = np.random.normal(0, share * x.std(axis=(0, 1)), x.shape)
        return (x + noise).clip(0, 255).astype(np.uint8)

    return with_own_noise(noisy, X, y, model, n, noise_pct)


@SMOOTHGRAD.wrong("wrong_strength")
def variance_for_deviation(X, y, model, n, noise_pct):
    def noisy(x, share):
        return (x + np.random.normal(0, share * x.var(), x.shape)).clip(0, 255).astype(np.uint8)

    return with_own_noise(noisy, X, y, model, n, noise_pct)


@SMOOTHGRAD.wrong("same_noise_everywhere")
def one_row_of_noise(X, y, model, n, noise_pct):
    def noisy(x, share):
        noise = np.random.normal(0, share * x.std(), x.shape[1:])
        return (x + noise).clip(0, 255).astype(np.uint8)

    return with_own_noise(noisy, X, y, model, n, noise_pct)


@SMOOTHGRAD.wrong("wraps_around")
def clip_forgotten(X, y, model, n, noise_pct):
    def noisy(x, share):
        return (x + np.random.normal(0, share * x.std(), x.shape)).astype(int).astype(np.uint8)

    return with_own_noise(noisy, X, y, model, n, noise_pct)


@SMOOTHGRAD.wrong("biased")
def noise_around_the_mean(X, y, model, n, noise_pct):
    def noisy(x, share):
        noise = np.random.normal(share * x.mean(), share * x.std(), x.shape)
        return (x + noise).clip(0, 255).astype(np.uint8)

    return with_own_noise(noisy, X, y, model, n, noise_pct)


@SMOOTHGRAD.wrong("clean_copy")
def starts_with_the_vanilla_map(X, y, model, n, noise_pct):
    total = sample(X, y, model)
    for _ in range(n):
        total += sample([add_noise(x, noise_pct) for x in X], y, model)
    return total / (n + 1)


@SMOOTHGRAD.wrong("n_ignored", slow=True)  # hundreds of copies, whatever n is
def except_without_a_name(X, y, model, n, noise_pct):
    total = 0
    for _ in range(100):
        try:
            total = total + sample([add_noise(x, noise_pct) for x in X], y, model)
        except:  # noqa: E722
            print("oops")
    return total / 100


@SMOOTHGRAD.wrong("wrong_map")
def brightest_hundredth_cut_off(X, y, model, n, noise_pct):
    """As the paper does it, but only to show a map."""
    maps = sum(sample([add_noise(x, noise_pct) for x in X], y, model) for _ in range(n)) / n
    most = maps.flatten(1).quantile(0.99, dim=1)
    return maps.minimum(most[:, None, None])


@SMOOTHGRAD.wrong("wrong_count")
def loop_from_one(X, y, model, n, noise_pct):
    total = torch.zeros(X.shape[:3])
    for _ in range(1, n):
        total += sample([add_noise(x, noise_pct) for x in X], y, model)
    return total / (n - 1 or 1)


@SMOOTHGRAD.wrong("wrong_preprocessing")
def another_networks_normalisation(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        noisy = np.stack([add_noise(x, noise_pct) for x in X])
        inputs = torch.from_numpy(noisy).permute(0, 3, 1, 2) / 127.5 - 1
        total = total + sample_inputs(inputs, y, model)
    return total / n
