"""Right answers to the homework, in many styles."""

import copy
from concurrent.futures import ThreadPoolExecutor

import captum.attr
import numpy as np
import torch
from answers.registry import SMOOTHGRAD
from torch.nn import functional as F
from torchvision.transforms import functional as TF

from labutils import smoothgrad as engine
from labutils.noise import add_noise
from labutils.preprocessing import preprocess
from labutils.saliency import compute_abs, compute_max, compute_saliency_maps

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
shared_rng = np.random.default_rng(2024)


@SMOOTHGRAD.right
def loop_over_copies(X, y, model, n, noise_pct):
    rng = np.random.default_rng(0)
    total = torch.zeros(len(X), *X.shape[1:3])
    for _ in range(n):
        noisy = torch.cat([preprocess(add_noise(x, noise_pct, rng)) for x in X])
        saliency = compute_saliency_maps(noisy, y, model).cpu()
        total += compute_max(compute_abs(saliency))
    return total / n


@SMOOTHGRAD.right
def loop_over_pictures_and_backward(X, y, model, n, noise_pct):
    device = next(model.parameters()).device
    maps = []
    for x, label in zip(X, y, strict=True):
        samples = []
        for _ in range(n):
            noisy = preprocess(add_noise(x, noise_pct)).to(device).requires_grad_()
            score = model(noisy)[0, int(label)]
            score.backward()
            samples.append(noisy.grad.abs().max(dim=1)[0].squeeze(0))
        maps.append(torch.stack(samples).mean(dim=0))
    return maps


@SMOOTHGRAD.right
def one_batch_for_each_picture(X, y, model, n=50, noise_pct=0.1):
    device = next(model.parameters()).device
    maps = torch.zeros(len(X), 224, 224)
    for i in range(len(X)):
        batch = torch.cat([preprocess(add_noise(X[i], noise_pct)) for _ in range(n)]).to(device)
        batch.requires_grad = True
        scores = model(batch)[:, y[i]]
        gradient, = torch.autograd.grad(scores.sum(), batch)
        maps[i] = gradient.abs().amax(dim=1).mean(dim=0)
    return maps


@SMOOTHGRAD.right
def one_batch_for_everything(X, y, model, n, noise_pct):
    copies = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X for _ in range(n)])
    labels = torch.from_numpy(y).repeat_interleave(n)
    saliency = compute_saliency_maps(copies, labels, model)
    return compute_max(compute_abs(saliency)).reshape(len(X), n, 224, 224).mean(dim=1)


@SMOOTHGRAD.right
class ClassWithCall:
    """State in attributes, a helper method, numpy arrays out."""

    def __init__(self):
        self.rng = np.random.default_rng(5)

    def sample(self, x, label, model, noise_pct):
        noisy = preprocess(add_noise(x, noise_pct, self.rng))
        saliency = compute_saliency_maps(noisy, [int(label)], model)[0].cpu().numpy()
        return np.abs(saliency).max(axis=0)

    def __call__(self, X, y, model, n, noise_pct):
        return np.array([
            np.mean([self.sample(x, label, model, noise_pct) for _ in range(n)], axis=0)
            for x, label in zip(X, y, strict=True)])


@SMOOTHGRAD.right
def by_hand_with_numpy_noise(X, y, model, n, noise_pct):
    np.random.seed(42)
    result = np.zeros(X.shape[:3], dtype=np.float64)
    for _ in range(n):
        for i, x in enumerate(X):
            noisy = x + np.random.normal(0, noise_pct * x.std(), x.shape)
            noisy = noisy.clip(0, 255).astype(np.uint8)
            inp = torch.tensor((noisy / 255 - MEAN) / STD, dtype=torch.float32)
            inp = inp.permute(2, 0, 1).unsqueeze(0).to(next(model.parameters()).device)
            inp.requires_grad_()
            model(inp)[0][y[i]].backward()
            result[i] += inp.grad[0].abs().max(dim=0).values.cpu().numpy() / n
    return result


@SMOOTHGRAD.right
def torchvision_and_torch_noise(X, y, model, n, noise_pct):
    X = torch.from_numpy(X).permute(0, 3, 1, 2).float()
    maps = []
    for x, label in zip(X, y, strict=True):
        noise = torch.randn(n, 3, 224, 224) * noise_pct * x.std()
        noisy = (x + noise).clamp(0, 255).byte().float() / 255
        inp = TF.normalize(noisy, MEAN, STD).to(next(model.parameters()).device).requires_grad_()
        labels = torch.full((n, 1), int(label), device=inp.device)
        model(inp).gather(1, labels).squeeze().sum().backward()
        maps.append(inp.grad.abs().amax(1).mean(0))
    return torch.stack(maps)


@SMOOTHGRAD.right
def the_labs_engine(X, y, model, n, noise_pct):
    return engine.smoothgrad(X, y, model, n=n, noise_pct=noise_pct)


@SMOOTHGRAD.right
def captums_saliency(X, y, model, n, noise_pct):
    device = next(model.parameters()).device
    saliency = captum.attr.Saliency(model)
    target = torch.tensor(y, device=device)
    total = 0
    for _ in range(n):
        noisy = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X]).to(device)
        total = total + saliency.attribute(noisy.requires_grad_(), target=target).amax(dim=1)
    return total / n


@SMOOTHGRAD.right
def curious_with_extra_passes(X, y, model, n, noise_pct):
    device = next(model.parameters()).device
    clean = torch.cat([preprocess(x) for x in X]).to(device)
    print("predicted:", model(clean).argmax(dim=1).tolist())
    vanilla = compute_max(compute_abs(compute_saliency_maps(clean, y, model)))
    maps = torch.zeros_like(vanilla)
    for k in range(n):
        noisy = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X]).to(device)
        noisy.requires_grad_()
        print("copy", k, "scores", model(noisy).max(dim=1).values.tolist())
        print("its signed saliency", compute_saliency_maps(noisy, y, model).mean().item())
        scores = model(noisy).gather(1, torch.tensor(y, device=device).view(-1, 1))
        scores.sum().backward()
        maps += compute_max(compute_abs(noisy.grad))
    print("changed by", (maps / n - vanilla).abs().mean())
    return maps / n


@SMOOTHGRAD.right
def running_mean(X, y, model, n, noise_pct):
    mean = torch.zeros(len(X), 224, 224)
    for k in range(1, n + 1):
        noisy = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])
        sample = compute_max(compute_abs(compute_saliency_maps(noisy, y, model))).cpu()
        mean += (sample - mean) / k
    return mean


@SMOOTHGRAD.right
def keeps_the_channel_axis(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        noisy = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])
        total += compute_saliency_maps(noisy, y, model).abs().amax(dim=1, keepdim=True)
    return total / n


@SMOOTHGRAD.right
def one_tensor_cleared_each_time(X, y, model, n, noise_pct):
    inp = torch.zeros(1, 3, 224, 224, device=next(model.parameters()).device, requires_grad=True)
    maps = torch.zeros(len(X), 224, 224)
    for i, x in enumerate(X):
        for _ in range(n):
            inp.data = preprocess(add_noise(x, noise_pct, shared_rng)).to(inp.device)
            inp.grad = None
            model(inp)[0, y[i]].backward()
            maps[i] += inp.grad[0].abs().amax(dim=0).cpu()
    return maps / n


@SMOOTHGRAD.right
def one_hot_and_mean_score(X, y, model, n, noise_pct):
    """The batch's mean score, which makes every gradient n times smaller, and a sum for it."""
    device = next(model.parameters()).device
    maps = []
    for x, label in zip(X, y, strict=True):
        batch = torch.cat([preprocess(add_noise(x, noise_pct)) for _ in range(n)]).to(device)
        batch.requires_grad_()
        scores = model(batch)
        wanted = F.one_hot(torch.tensor([int(label)] * n, device=device), 1000)
        ((scores * wanted).sum(dim=1)).mean().backward()
        maps.append(batch.grad.abs().max(dim=1).values.sum(dim=0).tolist())
    return maps


@SMOOTHGRAD.right
def one_forward_many_backwards(X, y, model, n, noise_pct):
    maps = np.zeros((len(X), 224, 224))
    for _ in range(n):
        inp = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])
        inp = inp.to(next(model.parameters()).device).requires_grad_()
        scores = model(inp)
        for i in range(len(X)):
            scores[i, y[i]].backward(retain_graph=True)
        maps += inp.grad.abs().amax(dim=1).cpu().numpy()
    return maps / n


@SMOOTHGRAD.right
def in_threads(X, y, model, n, noise_pct):
    def sample(job):
        i, seed = job
        noisy = preprocess(add_noise(X[i], noise_pct, np.random.default_rng(seed)))
        return compute_saliency_maps(noisy, y[i : i + 1], model).abs().amax(dim=1)[0]

    jobs = [(i, 1000 * i + k) for i in range(len(X)) for k in range(n)]
    with ThreadPoolExecutor(4) as pool:
        samples = torch.stack(list(pool.map(sample, jobs)))
    return samples.view(len(X), n, 224, 224).mean(dim=1)


@SMOOTHGRAD.right
def functional_gradient_and_vmap(X, y, model, n, noise_pct):
    device = next(model.parameters()).device
    maps = []
    for x, label in zip(X, y, strict=True):
        noisy = torch.cat([preprocess(add_noise(x, noise_pct)) for _ in range(n)]).to(device)
        gradient = torch.func.grad(lambda v, c=int(label): model(v[None])[0, c])
        maps.append(torch.func.vmap(gradient)(noisy).abs().amax(dim=1).mean(dim=0))
    return tuple(maps)


@SMOOTHGRAD.right
def copy_of_the_network_in_double_precision(X, y, model, n, noise_pct):
    model64 = copy.deepcopy(model).double()
    total = 0
    for _ in range(n):
        inputs = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X]).double()
        inputs = inputs.to(next(model.parameters()).device).requires_grad_()
        scores = model64(inputs)[torch.arange(len(X)), torch.from_numpy(y)]
        total = total + torch.autograd.grad(scores.sum(), inputs)[0].abs().amax(dim=1)
    return total / n


@SMOOTHGRAD.right
def a_map_for_each_channel(X, y, model, n, noise_pct):
    total = 0
    for _ in range(n):
        inputs = torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])
        total = total + torch.stack([compute_saliency_maps(inputs, y, model)[:, channel].abs()
                                     for channel in range(3)]).amax(dim=0).cpu()
    return total / n


@SMOOTHGRAD.right
def jacobian_of_a_batch(X, y, model, n, noise_pct):
    maps = []
    for x, label in zip(X, y, strict=True):
        noisy = torch.cat([preprocess(add_noise(x, noise_pct)) for _ in range(n)])
        jacobian = torch.autograd.functional.jacobian(
            lambda batch, c=int(label): model(batch)[:, c], noisy, vectorize=True)
        own = jacobian[range(n), range(n)]
        maps.append(own.abs().amax(dim=1).mean(dim=0))
    return torch.stack(maps)
