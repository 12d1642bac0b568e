"""Wrong answers to the homework: what is returned, and which copies the network is shown."""

import numpy as np
import torch
from answers.registry import SMOOTHGRAD
from torch.nn import functional as F

from labutils import smoothgrad as engine
from labutils.noise import add_noise
from labutils.preprocessing import preprocess
from labutils.saliency import compute_abs, compute_max, compute_saliency_maps

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def sample(noisy, y, model):
    """The max-abs maps of pictures (N, 224, 224, 3)."""
    inputs = torch.cat([preprocess(x) for x in noisy])
    return compute_max(compute_abs(compute_saliency_maps(inputs, y, model))).cpu()


def sample_inputs(inputs, y, model):
    return compute_max(compute_abs(compute_saliency_maps(inputs, y, model))).cpu()


@SMOOTHGRAD.wrong("not_implemented")
def the_empty_task(X, y, model, n, noise_pct):
    raise NotImplementedError("write smoothgrad here")


@SMOOTHGRAD.wrong("not_implemented")
def forgotten_return(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        total += sample([add_noise(x, noise_pct) for x in X], y, model)
    total = total / n


@SMOOTHGRAD.wrong("raises")
def batch_axis_forgotten(X, y, model, n, noise_pct):
    inputs = torch.stack([preprocess(add_noise(x, noise_pct)) for x in X])
    return compute_max(compute_abs(compute_saliency_maps(inputs, y, model)))


@SMOOTHGRAD.wrong("raises")
def other_arguments(X, y, model):
    return engine.smoothgrad(X, y, model)


@SMOOTHGRAD.wrong("wrong_type", "no_gradient")
def yields_maps(X, y, model, n, noise_pct):
    for x, label in zip(X, y, strict=True):
        yield sum(sample([add_noise(x, noise_pct)], [int(label)], model) for _ in range(n)) / n


@SMOOTHGRAD.wrong("wrong_type")
def maps_as_pictures(X, y, model, n, noise_pct):
    maps = sum(sample([add_noise(x, noise_pct) for x in X], y, model) for _ in range(n)) / n
    return (255 * maps / maps.max()).to(torch.uint8)


@SMOOTHGRAD.wrong("wrong_shape")
def one_map_for_all(X, y, model, n, noise_pct):
    samples = [sample([add_noise(x, noise_pct) for x in X], y, model) for _ in range(n)]
    return torch.cat(samples).mean(dim=0)


@SMOOTHGRAD.wrong("wrong_shape")
def squeezed(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        inputs = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])
        saliency = compute_saliency_maps(inputs, y, model).abs()
        total = total + saliency.amax(dim=1, keepdim=True).squeeze()
    return total / n


@SMOOTHGRAD.wrong("wrong_shape")
def channels_left(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        inputs = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])
        total = total + compute_abs(compute_saliency_maps(inputs, y, model))
    return total / n


@SMOOTHGRAD.wrong("no_noise")
def noisy_picture_not_used(X, y, model, n, noise_pct):
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        noisy = [add_noise(x, noise_pct) for x in X]  # noqa: F841  the mistake
        total += sample(X, y, model)
    return total / n


@SMOOTHGRAD.wrong("noise_once")
def noise_before_the_loop(X, y, model, n, noise_pct):
    noisy = [add_noise(x, noise_pct) for x in X]
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        total += sample(noisy, y, model)
    return total / n


@SMOOTHGRAD.wrong("noise_once")
def seed_inside_the_loop(X, y, model, n, noise_pct):
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        rng = np.random.default_rng(0)
        total += sample([add_noise(x, noise_pct, rng) for x in X], y, model)
    return total / n


@SMOOTHGRAD.wrong("noise_once")
def repeated_copy(X, y, model, n, noise_pct):
    maps = []
    for x, label in zip(X, y, strict=True):
        batch = preprocess(add_noise(x, noise_pct)).repeat(n, 1, 1, 1)
        maps.append(sample_inputs(batch, [int(label)] * n, model).mean(dim=0))
    return torch.stack(maps)


@SMOOTHGRAD.wrong("noise_pct_ignored")
def default_strength(X, y, model, n, noise_pct):
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        total += sample([add_noise(x) for x in X], y, model)
    return total / n


@SMOOTHGRAD.wrong("wrong_strength")
def deviation_of_the_whole_batch(X, y, model, n, noise_pct):
    sigma = noise_pct * X.std() * 1.5
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        noisy = np.clip(X + sigma * np.random.standard_normal(X.shape), 0, 255).astype(np.uint8)
        total += sample(noisy, y, model)
    return total / n


@SMOOTHGRAD.wrong("n_ignored")
def five_copies(X, y, model, n, noise_pct):
    total = torch.zeros(len(X), 224, 224)
    for _ in range(5):
        total += sample([add_noise(x, noise_pct) for x in X], y, model)
    return total / 5


@SMOOTHGRAD.wrong("n_ignored")
def return_in_the_loop(X, y, model, n, noise_pct):
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        total += sample([add_noise(x, noise_pct) for x in X], y, model)
        return total / n


@SMOOTHGRAD.wrong("n_ignored", slow=True)  # hundreds of copies, whatever n is
def three_hundred_copies(X, y, model, n, noise_pct):
    return engine.smoothgrad(X, y, model, n=300, noise_pct=noise_pct)


@SMOOTHGRAD.wrong("wrong_count")
def one_copy_too_many(X, y, model, n, noise_pct):
    total, count = torch.zeros(len(X), 224, 224), 0
    while count <= n:
        total += sample([add_noise(x, noise_pct) for x in X], y, model)
        count += 1
    return total / count


@SMOOTHGRAD.wrong("changes_input", "noise_on_noise")
def noise_into_the_callers_array(X, y, model, n, noise_pct):
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        for i in range(len(X)):
            X[i] = add_noise(X[i], noise_pct)
        total += sample(X, y, model)
    return total / n


@SMOOTHGRAD.wrong("noise_on_noise")
def overwritten_variable(X, y, model, n, noise_pct):
    maps = []
    for x, label in zip(X, y, strict=True):
        total = 0
        for _ in range(n):
            x = add_noise(x, noise_pct)
            total = total + sample([x], [int(label)], model)[0]
        maps.append(total / n)
    return torch.stack(maps)


@SMOOTHGRAD.wrong("noise_after_normalisation")
def noise_on_the_input(X, y, model, n, noise_pct):
    inputs = torch.cat([preprocess(x) for x in X])
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        noisy = inputs + noise_pct * inputs.std() * torch.randn_like(inputs)
        total += sample_inputs(noisy, y, model)
    return total / n


@SMOOTHGRAD.wrong("noise_after_normalisation")
def the_papers_manner(X, y, model, n, noise_pct):
    return engine.smoothgrad(X, y, model, n=n, noise_pct=noise_pct, manner="paper")


@SMOOTHGRAD.wrong("averaged_images")
def map_of_the_mean_picture(X, y, model, n, noise_pct):
    means = [np.mean([add_noise(x, noise_pct) for _ in range(n)], axis=0) for x in X]
    return sample([mean.astype(np.uint8) for mean in means], y, model)


@SMOOTHGRAD.wrong("averaged_images", "noise_after_normalisation")
def map_of_the_mean_input(X, y, model, n, noise_pct):
    means = [torch.cat([preprocess(add_noise(x, noise_pct)) for _ in range(n)]).mean(
        dim=0, keepdim=True) for x in X]
    return sample_inputs(torch.cat(means), y, model)


@SMOOTHGRAD.wrong("wrong_preprocessing")
def not_normalised(X, y, model, n, noise_pct):
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        noisy = np.stack([add_noise(x, noise_pct) for x in X])
        inputs = torch.from_numpy(noisy).permute(0, 3, 1, 2).float() / 255
        total += sample_inputs(inputs, y, model)
    return total / n


@SMOOTHGRAD.wrong("wrong_preprocessing")
def colours_in_reverse(X, y, model, n, noise_pct):
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        noisy = np.stack([add_noise(x[..., ::-1], noise_pct) for x in X])
        inputs = torch.from_numpy(noisy).permute(0, 3, 1, 2) / 255
        total += sample_inputs((inputs - MEAN) / STD, y, model)
    return total / n


@SMOOTHGRAD.wrong("no_gradient")
def scores_as_maps(X, y, model, n, noise_pct):
    inputs = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])
    with torch.no_grad():
        probability = F.softmax(model(inputs.to(model.weight.device)), dim=1)
    return probability[:, :1, None].expand(len(X), 224, 224)
