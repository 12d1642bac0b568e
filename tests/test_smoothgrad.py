"""SmoothGrad: what it computes, shown by identities and by independent computations."""

import numpy as np
import pytest
import torch
from captum.attr import NoiseTunnel, Saliency
from conftest import NEAR_EDGES, make_tiny_model, relative_difference
from torch import Tensor

from labutils.engine.pixels import normalise
from labutils.noise import gaussian
from labutils.preprocessing import preprocess
from labutils.saliency import compute_abs, compute_max, compute_saliency_maps
from labutils.smoothgrad import smoothgrad

LABELS = [3, 8, 1]


class Recorder:
    """A noise source that keeps what it drew, in the order of the copies."""

    def __init__(self) -> None:
        self.drawn: list[Tensor] = []

    def __call__(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        self.drawn.append(gaussian(shape, generator))
        return self.drawn[-1].clone()


class Replay:
    """A noise source that gives recorded noise again."""

    def __init__(self, drawn: list[Tensor]) -> None:
        self.drawn = iter(drawn)

    def __call__(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return next(self.drawn)


def vanilla(X: Tensor, y: Tensor, model: torch.nn.Module) -> Tensor:
    return compute_max(compute_abs(compute_saliency_maps(X, y, model)))


@pytest.mark.parametrize("kind", ["uint8 pictures", "float pictures", "preprocessed"])
@pytest.mark.parametrize("manner", ["lab", "paper"])
def test_one_copy_without_noise_is_the_vanilla_map(pictures, X5, y5, model, kind, manner):
    X = {"uint8 pictures": pictures.X, "float pictures": pictures.X.astype(np.float32),
         "preprocessed": X5}[kind]
    found = smoothgrad(X[:2], y5[:2], model, n=1, noise_pct=0, manner=manner)
    assert torch.equal(found, vanilla(X5[:2], y5[:2], model))


def test_one_copy_without_noise_is_the_vanilla_map_for_the_papers_average_too(X5, y5, model):
    found = smoothgrad(X5[:1], y5[:1], model, n=1, noise_pct=0, reduction="signed")
    assert torch.equal(found, vanilla(X5[:1], y5[:1], model))


def test_the_same_seed_gives_the_same_bits(X5, y5, model):
    first, second = (smoothgrad(X5, y5, model, n=50, noise_pct=0.1, seed=0) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("seeds", [(0, 1), (None, None)], ids=["two seeds", "no seeds"])
def test_other_seeds_give_other_maps(tiny_pictures, tiny_model, seeds):
    first, second = (smoothgrad(tiny_pictures, LABELS, tiny_model, n=2, seed=s) for s in seeds)
    assert not torch.equal(first, second)


def test_maps_are_float32_of_the_pictures_size(tiny_pictures, tiny_model):
    maps = smoothgrad(tiny_pictures, LABELS, tiny_model, n=2)
    assert (maps.shape, maps.dtype) == ((3, 16, 18), torch.float32)


def test_pictures_and_preprocessed_pictures_have_the_same_maps(pictures, X5, y5, model):
    assert torch.equal(smoothgrad(pictures.X[:1], y5[:1], model, n=3, seed=0),
                       smoothgrad(X5[:1], y5[:1], model, n=3, seed=0))


def test_the_map_is_the_mean_of_single_runs(tiny_pictures, tiny_model):
    recorder = Recorder()
    X, n = tiny_pictures[:1], 7
    found = smoothgrad(X, [3], tiny_model, n=n, noise_pct=0.3, seed=0, noise=recorder)
    runs = [smoothgrad(X, [3], tiny_model, n=1, noise_pct=0.3, noise=Replay([drawn]))
            for drawn in recorder.drawn]
    torch.testing.assert_close(found, sum(runs) / n)


def plain_loop(x: np.ndarray, label: int, model: torch.nn.Module, noise_pct: float,
               drawn: list[Tensor]) -> Tensor:
    """The homework's own loop, with recorded noise in place of add_noise's generator.

    In float32 like the engine: add_noise's float64 truncates one pixel in a
    hundred thousand to the other side, which is a difference of one grey level.
    """
    total = torch.zeros(x.shape[:2])
    pixels = torch.from_numpy(x).float()
    sigma = noise_pct * pixels.std(correction=0)
    for noise in drawn:
        noisy = np.clip((pixels + noise * sigma).numpy(), 0, 255).astype(np.uint8)
        X = normalise(torch.from_numpy(noisy).permute(2, 0, 1).float())[None].requires_grad_()
        model(X).gather(1, torch.tensor([[label]])).sum().backward()
        total += X.grad.abs().amax(dim=1)[0]
    return total / len(drawn)


def test_the_labs_manner_is_the_homeworks_plain_loop(tiny_pictures, tiny_model):
    recorder = Recorder()
    found = smoothgrad(tiny_pictures, LABELS, tiny_model, n=5, noise_pct=0.5, seed=0,
                       noise=recorder)
    expected = [plain_loop(x, LABELS[i], tiny_model, 0.5, recorder.drawn[5 * i : 5 * i + 5])
                for i, x in enumerate(tiny_pictures)]
    torch.testing.assert_close(found, torch.stack(expected))


def test_the_plain_loop_agrees_on_squeezenet_too(pictures, y5, model):
    recorder = Recorder()
    found = smoothgrad(pictures.X[:1], y5[:1], model, n=3, noise_pct=0.1, seed=0, noise=recorder)
    expected = plain_loop(pictures.X[0], int(y5[0]), model, 0.1, recorder.drawn)
    assert relative_difference(found[0], expected) < NEAR_EDGES


def captum_with_noise(X, y, model, sigma, n, nt_type="smoothgrad") -> tuple[Tensor, list[Tensor]]:
    """captum's attribution from signed gradients, and the noise (H, W, C) that it drew."""
    seen = []

    def forward(noisy: Tensor) -> Tensor:
        seen.append(noisy.detach())
        return model(noisy)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        average = NoiseTunnel(Saliency(forward)).attribute(
            X.clone().requires_grad_(), nt_type=nt_type, nt_samples=n, stdevs=sigma,
            target=y, abs=False)
    copies = torch.cat(seen)
    assert len(copies) == n
    return average, list(((copies - X) / sigma).permute(0, 2, 3, 1))


def test_the_papers_manner_agrees_with_captums_noise_tunnel(X5, y5, model):
    X, y, n, share = X5[:1], y5[:1], 4, 0.1
    sigma = float(share * (X.max() - X.min()))
    average, drawn = captum_with_noise(X, y, model, sigma, n)
    found = smoothgrad(X, y, model, n=n, noise_pct=share, manner="paper",
                       reduction="signed", noise=Replay(drawn))
    assert relative_difference(found, compute_max(compute_abs(average))) < NEAR_EDGES


@pytest.mark.parametrize("nt_type, aggregate", [
    ("smoothgrad", "mean"), ("smoothgrad_sq", "mean_square"), ("vargrad", "variance")])
def test_captum_gives_the_same_to_rounding_on_a_smooth_network(
        tiny_pictures, tiny_model, nt_type, aggregate):
    X = torch.cat([preprocess(x, size=16) for x in tiny_pictures[:1]])
    sigma = float(0.2 * (X.max() - X.min()))
    attribution, drawn = captum_with_noise(X, torch.tensor([3]), tiny_model, sigma, 6, nt_type)
    found = smoothgrad(X, [3], tiny_model, n=6, noise_pct=0.2, manner="paper",
                       reduction="signed", aggregate=aggregate, noise=Replay(drawn))
    expected = compute_max(compute_abs(attribution))
    # captum's variance is a difference of squares, whose rounding remains in it.
    squares = captum_with_noise(X, torch.tensor([3]), tiny_model, sigma, 6, "smoothgrad_sq")[0]
    rounding = 4 * torch.finfo(torch.float32).eps * float(squares.max())
    torch.testing.assert_close(found, expected, rtol=1e-5,
                               atol=rounding if nt_type == "vargrad" else 1e-8)


@pytest.mark.parametrize("nt_type, aggregate", [
    ("smoothgrad_sq", "mean_square"), ("vargrad", "variance")])
def test_captums_other_noise_tunnels_agree_on_squeezenet(X5, y5, model, nt_type, aggregate):
    X, y, share = X5[:1], y5[:1], 0.1
    sigma = float(share * (X.max() - X.min()))
    attribution, drawn = captum_with_noise(X, y, model, sigma, 4, nt_type)
    found = smoothgrad(X, y, model, n=4, noise_pct=share, manner="paper",
                       reduction="signed", aggregate=aggregate, noise=Replay(drawn))
    assert relative_difference(found, compute_max(compute_abs(attribution))) < NEAR_EDGES


def test_averaging_magnitudes_is_not_the_magnitude_of_the_average(tiny_pictures, tiny_model):
    lab, paper = (smoothgrad(tiny_pictures, LABELS, tiny_model, n=6, noise_pct=0.9, seed=0,
                             reduction=reduction) for reduction in ("max_abs", "signed"))
    # |mean g| ≤ mean |g| holds for every pixel, up to rounding.
    assert (paper <= lab * (1 + 1e-5)).all()
    assert not torch.equal(paper, lab)


def test_the_papers_manner_takes_networks_without_colour():
    X = torch.randn(2, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    maps = smoothgrad(X, [3, 8], make_tiny_model(channels=1), n=3, manner="paper")
    assert maps.shape == (2, 12, 12)


def test_the_variance_of_the_map_falls_as_one_over_n(tiny_pictures, tiny_model):
    X = tiny_pictures[2:]

    def variance(n: int) -> Tensor:
        runs = [smoothgrad(X, [3], tiny_model, n=n, noise_pct=0.5, seed=s) for s in range(60)]
        return torch.cat(runs).var(dim=0).mean()

    # The ratio of two variances from 60 runs each, averaged over 288 pixels that vary
    # together: its standard error is below 0.26 (pixels fully dependent). Four of them.
    assert abs(variance(1) / variance(4) / 4 - 1) < 4 * 0.26
