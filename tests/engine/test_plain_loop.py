"""The engine computes what the plain loop at the top of smoothgrad.py says."""

import itertools

import pytest
import torch
from test_smoothgrad import LABELS
from torch import Tensor

from labutils.aggregations import AGGREGATIONS, REDUCTIONS
from labutils.noise import NOISE_SOURCES
from labutils.saliency import compute_saliency_maps
from labutils.smoothgrad import plain_smoothgrad, smoothgrad


def gradient_times_input(X: Tensor, y: list[int], model: torch.nn.Module) -> Tensor:
    return X * compute_saliency_maps(X, y, model)


def without_channels(X: Tensor, y: list[int], model: torch.nn.Module) -> Tensor:
    return compute_saliency_maps(X, y, model).amax(dim=1)


METHODS = {"gradient": compute_saliency_maps, "times input": gradient_times_input,
           "no channels": without_channels}
RECIPES = [recipe for recipe in itertools.product(
    METHODS, NOISE_SOURCES, ("lab", "paper"), REDUCTIONS, AGGREGATIONS)
    if recipe[3:] not in (("signed", "geometric_mean"), ("signed", "mean_and_error"))]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("noise", NOISE_SOURCES)
def test_the_engine_and_the_plain_loop_agree_in_every_recipe(
        tiny_pictures, tiny_model, method, noise):
    for _, _, manner, reduction, aggregate in (
            r for r in RECIPES if r[0] == method and r[1] == noise):
        options = {"method": METHODS[method], "manner": manner, "reduction": reduction,
                   "aggregate": aggregate, "seed": 5}
        found = smoothgrad(tiny_pictures[:2], LABELS[:2], tiny_model, 4, 0.2, noise=noise,
                           batch_size=3, **options)
        expected = plain_smoothgrad(tiny_pictures[:2], LABELS[:2], tiny_model, 4, 0.2,
                                    noise=NOISE_SOURCES[noise], **options)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7,
                                   msg=lambda text, o=options: f"{o}: {text}")


def test_squeezenet_and_the_plain_loop_agree(pictures, model):
    options = {"manner": "lab", "reduction": "max_abs", "aggregate": "mean", "seed": 5}
    found = smoothgrad(pictures.X[:1], pictures.y[:1], model, 4, 0.1, **options)
    expected = plain_smoothgrad(pictures.X[:1], pictures.y[:1], model, 4, 0.1,
                                method=compute_saliency_maps, noise=NOISE_SOURCES["gaussian"],
                                **options)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5 * float(expected.max()))
