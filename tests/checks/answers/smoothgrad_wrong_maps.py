"""Wrong answers to the homework: what is differentiated, and how the maps are joined."""

import numpy as np
import torch
from answers.registry import SMOOTHGRAD
from torch.nn import functional as F

from labutils.noise import add_noise
from labutils.preprocessing import preprocess
from labutils.saliency import compute_abs, compute_max, compute_saliency_maps


def noisy_inputs(X, noise_pct):
    return torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])


def sample(X, y, model, noise_pct):
    """The max-abs maps of one noisy copy of each picture."""
    return compute_max(compute_abs(compute_saliency_maps(noisy_inputs(X, noise_pct), y, model)))


def mean_map(X, y, model, n, noise_pct):
    return sum(sample(X, y, model, noise_pct) for _ in range(n)) / n


def differentiated(X, y, model, n, noise_pct, objective):
    """Mean of max-abs gradients of objective(scores, labels)."""
    device = next(model.parameters()).device
    total = 0
    for _ in range(n):
        inputs = noisy_inputs(X, noise_pct).to(device).requires_grad_()
        objective(model(inputs), torch.tensor(y, device=device)).backward()
        total = total + inputs.grad.abs().amax(dim=1)
    return total / n


@SMOOTHGRAD.wrong("sum_not_mean")
def total_returned(X, y, model, n, noise_pct):
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        total += sample(X, y, model, noise_pct).cpu()
    return total


@SMOOTHGRAD.wrong("last_only")
def overwritten_map(X, y, model, n, noise_pct):
    for _ in range(n):
        maps = sample(X, y, model, noise_pct)
    return maps


@SMOOTHGRAD.wrong("last_only")
def overwritten_total(X, y, model, n, noise_pct):
    total = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        total = sample(X, y, model, noise_pct)
    return total / n


@SMOOTHGRAD.wrong("last_only")
def list_of_one_tensor(X, y, model, n, noise_pct):
    """A gradient that is set to zero in place, and stored without being copied."""
    maps = []
    for x, label in zip(X, y, strict=True):
        inp = torch.zeros(1, 3, 224, 224, device=next(model.parameters()).device)
        inp.requires_grad_()
        stored = []
        for _ in range(n):
            inp.data.copy_(preprocess(add_noise(x, noise_pct)))
            if inp.grad is not None:
                inp.grad.zero_()
            model(inp)[0, int(label)].backward()
            stored.append(inp.grad)
        maps.append(torch.cat(stored).abs().amax(dim=1).mean(dim=0))
    return torch.stack(maps)


@SMOOTHGRAD.wrong("signed_max")
def no_absolute_value(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        saliency = compute_saliency_maps(noisy_inputs(X, noise_pct), y, model)
        total = total + compute_max(saliency)
    return total / n


@SMOOTHGRAD.wrong("signed_max")
def absolute_value_after_maximum(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        saliency = compute_saliency_maps(noisy_inputs(X, noise_pct), y, model)
        total = total + compute_max(saliency).abs()
    return total / n


@SMOOTHGRAD.wrong("abs_after_mean")
def the_papers_average(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        total = total + compute_saliency_maps(noisy_inputs(X, noise_pct), y, model)
    return compute_max(compute_abs(total / n))


@SMOOTHGRAD.wrong("max_after_mean")
def maximum_at_the_end(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        total = total + compute_saliency_maps(noisy_inputs(X, noise_pct), y, model).abs()
    return compute_max(total / n)


@SMOOTHGRAD.wrong("mean_not_max")
def mean_over_channels(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        saliency = compute_saliency_maps(noisy_inputs(X, noise_pct), y, model)
        total = total + saliency.abs().mean(dim=1)
    return total / n


@SMOOTHGRAD.wrong("mean_not_max")
def sum_over_channels(X, y, model, n, noise_pct):
    saliency = [compute_saliency_maps(noisy_inputs(X, noise_pct), y, model) for _ in range(n)]
    return torch.stack(saliency).abs().sum(dim=2).mean(dim=0)


@SMOOTHGRAD.wrong("wrong_class")
def predicted_class(X, y, model, n, noise_pct):
    with torch.no_grad():
        predicted = model(torch.cat([preprocess(x) for x in X]).to(model.weight.device))
    return mean_map(X, predicted.argmax(dim=1).cpu(), model, n, noise_pct)


@SMOOTHGRAD.wrong("wrong_class")
def best_score_of_each_copy(X, y, model, n, noise_pct):
    return differentiated(X, y, model, n, noise_pct,
                          lambda scores, labels: scores.max(dim=1).values.sum())


@SMOOTHGRAD.wrong("wrong_class")
def second_guess_of_each_copy(X, y, model, n, noise_pct):
    """Drifts from copy to copy."""
    return differentiated(X, y, model, n, noise_pct,
                          lambda scores, labels: scores.topk(2, dim=1).values[:, 1].sum())


@SMOOTHGRAD.wrong("wrong_class")
def label_of_the_first_picture(X, y, model, n, noise_pct):
    return mean_map(X, [int(y[0])] * len(X), model, n, noise_pct)


@SMOOTHGRAD.wrong("wrong_class")
def all_classes(X, y, model, n, noise_pct):
    return differentiated(X, y, model, n, noise_pct, lambda scores, labels: scores.sum())


@SMOOTHGRAD.wrong("softmax")
def probability(X, y, model, n, noise_pct):
    return differentiated(
        X, y, model, n, noise_pct,
        lambda scores, labels: scores.softmax(dim=1).gather(1, labels[:, None]).sum())


@SMOOTHGRAD.wrong("softmax")
def loss(X, y, model, n, noise_pct):
    return differentiated(
        X, y, model, n, noise_pct,
        lambda scores, labels: F.cross_entropy(scores, labels, reduction="sum"))


@SMOOTHGRAD.wrong("accumulated_gradient")
def one_tensor_never_cleared(X, y, model, n, noise_pct):
    maps = []
    for x, label in zip(X, y, strict=True):
        inp = torch.zeros(1, 3, 224, 224, device=next(model.parameters()).device)
        inp.requires_grad_()
        total = 0
        for _ in range(n):
            inp.data = preprocess(add_noise(x, noise_pct)).to(inp.device)
            model(inp)[0, int(label)].backward()
            total = total + inp.grad.abs().amax(dim=1)[0]
        maps.append(total / n)
    return torch.stack(maps)


@SMOOTHGRAD.wrong("accumulated_gradient")
def one_tensor_for_all_pictures(X, y, model, n, noise_pct):
    inp = torch.zeros(1, 3, 224, 224, device=next(model.parameters()).device, requires_grad=True)
    maps = torch.zeros(len(X), 224, 224)
    for _ in range(n):
        for i, x in enumerate(X):
            inp.data = preprocess(add_noise(x, noise_pct)).to(inp.device)
            model(inp)[0, y[i]].backward()
            maps[i] += inp.grad[0].abs().amax(dim=0).cpu()
    return maps / n


@SMOOTHGRAD.wrong("accumulated_gradient")
def list_of_one_growing_tensor(X, y, model, n, noise_pct):
    """The stored gradients are one tensor, which all backward passes have added to."""
    inp = torch.zeros(len(X), 3, 224, 224, device=next(model.parameters()).device)
    inp.requires_grad_()
    stored = []
    for _ in range(n):
        inp.data = noisy_inputs(X, noise_pct).to(inp.device)
        model(inp)[torch.arange(len(X)), y].sum().backward()
        stored.append(inp.grad)
    return torch.stack(stored).abs().amax(dim=2).mean(dim=0)


@SMOOTHGRAD.wrong("normalised_map")
def stretched(X, y, model, n, noise_pct):
    maps = mean_map(X, y, model, n, noise_pct)
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / (high - low + 1e-12)


@SMOOTHGRAD.wrong("normalised_map", "not_finite")
def divided_by_the_largest(X, y, model, n, noise_pct):
    maps = mean_map(X, y, model, n, noise_pct)
    return maps / maps.max()


@SMOOTHGRAD.wrong("not_finite", "normalised_map")
def stretched_without_care(X, y, model, n, noise_pct):
    maps = mean_map(X, y, model, n, noise_pct).cpu().numpy()
    with np.errstate(invalid="ignore"):
        return np.array([m / m.max() for m in maps])


@SMOOTHGRAD.wrong("shared_across_images")
def total_before_the_pictures(X, y, model, n, noise_pct):
    maps, total = [], torch.zeros(224, 224)
    for i in range(len(X)):
        for _ in range(n):
            total = total + sample(X[i : i + 1], y[i : i + 1], model, noise_pct)[0].cpu()
        maps.append(total / n)
    return torch.stack(maps)


@SMOOTHGRAD.wrong("shared_across_images")
def list_before_the_pictures(X, y, model, n, noise_pct):
    maps, samples = [], []
    for i in range(len(X)):
        for _ in range(n):
            samples.append(sample(X[i : i + 1], y[i : i + 1], model, noise_pct)[0])
        maps.append(torch.stack(samples).mean(dim=0))
    return torch.stack(maps)


@SMOOTHGRAD.wrong("wrong_scale")
def divided_by_pictures(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        total = total + sample(X, y, model, noise_pct)
    return total / n / len(X)


@SMOOTHGRAD.wrong("training_mode")
def dropout_left_on(X, y, model, n, noise_pct):
    maps = mean_map(X, y, model, n, noise_pct)
    model.train()
    return maps


@SMOOTHGRAD.wrong("wrong_map")
def input_times_gradient(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        inputs = noisy_inputs(X, noise_pct)
        total = total + (inputs * compute_saliency_maps(inputs, y, model).cpu()).abs().amax(dim=1)
    return total / n


@SMOOTHGRAD.wrong("shared_across_images")
def total_divided_and_kept(X, y, model, n, noise_pct):
    maps, total = [], 0
    for x, label in zip(X, y, strict=True):
        for _ in range(n):
            total = total + sample(x[None], [int(label)], model, noise_pct)
        total = total / n
        maps.append(total[0])
    return torch.stack(maps)


@SMOOTHGRAD.wrong("signed_max")
def absolute_value_at_the_end(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        total = total + compute_saliency_maps(noisy_inputs(X, noise_pct), y, model).amax(dim=1)
    return (total / n).abs().cpu()


@SMOOTHGRAD.wrong("softmax")
def sigmoid_of_the_score(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        inputs = noisy_inputs(X, noise_pct).to(next(model.parameters()).device).requires_grad_()
        scores = model(inputs)[range(len(y)), y].sigmoid()
        total = total + torch.autograd.grad(scores.sum(), inputs)[0].abs().amax(dim=1)
    return (total / n).cpu()
