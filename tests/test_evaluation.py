"""Measurements of maps: identities that hold for any map, and agreement with other packages."""

import copy
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.metrics import sensitivity_max
from torch import Tensor, nn
from torch.nn import functional as F

from labutils.claims import estimate
from labutils.controls import random_maps
from labutils.engine.door import network_inputs
from labutils.evaluation import (
    grid_pointing,
    mosaics,
    patch_flipping,
    quadrant_shares,
    ranks,
    sensitivity,
)
from labutils.preprocessing import blur_image
from labutils.saliency import class_scores, compute_abs, compute_max, compute_saliency_maps
from labutils.smoothgrad import smoothgrad

QUANTUS = json.loads((Path(__file__).parent / "references" / "quantus.json").read_text("utf-8"))


def waves(*shape: int, pace: float) -> Tensor:
    """Numbers in −1…1 without a pattern, the same on every machine and with every package."""
    count = int(np.prod(shape))
    return torch.sin(pace * torch.arange(1, count + 1, dtype=torch.float64)).float().view(shape)


def written_network() -> nn.Module:
    """A classifier of 3 classes whose every weight is written out; its scores are positive."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
                          nn.Linear(64, 3))
    with torch.no_grad():
        for k, parameter in enumerate(model.parameters()):
            parameter.copy_(waves(*parameter.shape, pace=1.3 + k))
        model[-1].bias.fill_(6)
    return model.eval().requires_grad_(False)


def written_inputs() -> tuple[Tensor, list[int], Tensor]:
    """Two inputs (2, 3, 16, 16), their labels and a map of each, without equal values."""
    return waves(2, 3, 16, 16, pace=2.1), [2, 0], waves(2, 16, 16, pace=3.7)


@pytest.fixture
def network() -> nn.Module:
    return written_network()


def replaced_by_hand(x: Tensor, filling: Tensor, order: list[int], patch: int) -> Tensor:
    """x with the patches of these numbers, counted along the rows, replaced."""
    x = x.clone()
    for number in order:
        row, column = (patch * k for k in divmod(number, x.shape[2] // patch))
        place = (slice(None), slice(row, row + patch), slice(column, column + patch))
        x[place] = filling[place]
    return x


@pytest.mark.parametrize("fill", ["blur", "grey"])
def test_each_point_of_the_curves_is_the_score_after_replacing_patches_by_hand(network, fill):
    X, y, maps = written_inputs()
    found = patch_flipping(X, y, maps, network, patch=2, fill=fill, steps=16)
    filling = blur_image(X, 10) if fill == "blur" else torch.zeros_like(X)
    for i in range(2):
        sums = F.avg_pool2d(maps[i : i + 1].double(), 2).flatten()
        for curve, order in ((found.least_first[i], sums.argsort()),
                             (found.most_first[i], sums.argsort(descending=True))):
            inputs = torch.stack([replaced_by_hand(X[i], filling[i], order[: 4 * k].tolist(), 2)
                                  for k in range(17)])
            assert torch.allclose(curve, network(inputs)[:, y[i]], atol=1e-5)


def test_the_area_is_that_between_the_curves_as_a_share_of_the_score(network):
    X, y, maps = written_inputs()
    found = patch_flipping(X, y, maps, network, patch=4)
    between = np.trapezoid((found.least_first - found.most_first).numpy(), dx=1 / 16, axis=1)
    whole = class_scores(X, y, network).numpy()
    np.testing.assert_allclose(found.area, between / whole, rtol=1e-5)


@pytest.mark.parametrize("fill", ["blur", "grey"])
def test_both_curves_start_at_the_picture_and_end_at_the_filling(X5, y5, model, fill):
    maps = random_maps(X5[:2])
    found = patch_flipping(X5[:2], y5[:2], maps, model, fill=fill, steps=2)
    filling = blur_image(X5[:2], 10) if fill == "blur" else torch.zeros_like(X5[:2])
    for curve in (found.least_first, found.most_first):
        assert torch.allclose(curve[:, 0], class_scores(X5[:2], y5[:2], model), atol=1e-4)
        assert torch.allclose(curve[:, -1], class_scores(filling, y5[:2], model), atol=1e-4)


def test_the_two_orders_share_the_scores_of_both_ends(network):
    X, y, maps = written_inputs()
    seen = []
    network.register_forward_hook(lambda module, given, scores: seen.append(len(scores)))
    patch_flipping(X, y, maps, network, patch=4, steps=4)
    judged = seen.pop(0)  # the door asks how many classes there are
    assert judged <= len(X) and sum(seen) == 2 * 4 * len(X)


def test_a_map_and_its_double_give_the_same_curves(network):
    X, y, maps = written_inputs()
    once, twice = (patch_flipping(X, y, factor * maps, network, patch=4) for factor in (1, 2))
    assert all(torch.equal(a, b) for a, b in zip(once, twice, strict=True))


@pytest.mark.parametrize("ties", [False, True], ids=["all different", "many equal"])
def test_the_negative_of_a_map_exchanges_the_curves(network, ties):
    X, y, maps = written_inputs()
    maps = maps.sign() if ties else maps
    there = patch_flipping(X, y, maps, network, patch=2)
    back = patch_flipping(X, y, -maps, network, patch=2)
    assert torch.equal(there.least_first, back.most_first)
    assert torch.equal(there.most_first, back.least_first)
    assert torch.equal(there.area, -back.area)
    assert (there.area != 0).all()


def test_a_constant_map_has_area_0(network):
    X, y, maps = written_inputs()
    assert (patch_flipping(X, y, torch.ones_like(maps), network, patch=4).area == 0).all()


def test_equal_values_are_not_taken_from_the_top():
    places = ranks(torch.zeros(10, 10))
    assert sorted(places.flatten().tolist()) == list(range(100))
    assert abs(places[:5].float().mean() - places[5:].float().mean()) < 15  # of the top: 50
    assert torch.equal(places, ranks(torch.ones(10, 10)))


def test_a_random_map_has_area_0_within_its_interval_and_the_gradient_more(X5, y5, model):
    areas = torch.cat([patch_flipping(X5, y5, random_maps(X5, seed), model, steps=5).area
                       for seed in range(10)])
    by_chance = estimate(areas.numpy())
    assert by_chance.low < 0 < by_chance.high < 0.1
    gradient = compute_max(compute_abs(compute_saliency_maps(X5, y5, model)))
    assert estimate(patch_flipping(X5, y5, gradient, model, steps=10).area.numpy()).low > 0.1


def test_pictures_and_their_network_inputs_flip_alike(pictures, X5, y5, model):
    maps = random_maps(pictures.X[:2])
    a, b = (patch_flipping(X[:2], y5[:2], maps, model, steps=3) for X in (pictures.X, X5))
    assert torch.allclose(a.area, b.area, atol=1e-4)


def test_arrays_and_tensors_of_maps_flip_alike(network):
    X, y, maps = written_inputs()
    backwards = np.ascontiguousarray(maps.numpy()[:, ::-1])[:, ::-1]  # a view, not a copy
    a, b = (patch_flipping(X, y, m, network, patch=4) for m in (maps, backwards))
    assert torch.equal(a.area, b.area)


def test_flipping_changes_nothing_that_it_is_given(network):
    X, y, maps = written_inputs()
    before = X.clone(), list(y), maps.clone(), copy.deepcopy(network.state_dict())
    patch_flipping(X, y, maps, network, patch=4)
    assert torch.equal(X, before[0]) and y == before[1] and torch.equal(maps, before[2])
    assert all(torch.equal(a, before[3][name]) for name, a in network.state_dict().items())


def test_there_is_at_most_one_step_a_patch(network):
    X, y, maps = written_inputs()
    assert patch_flipping(X, y, maps, network, patch=8, steps=100).least_first.shape == (2, 5)


@pytest.mark.parametrize("case", QUANTUS["cases"], ids=lambda case: case["metric"])
def test_flipping_agrees_with_quantus(network, case):
    X, y, maps = written_inputs()
    found = patch_flipping(X, y, maps, network, patch=case["patch"], fill="grey",
                           steps=case["steps"])
    for ours, order in ((found.least_first, "lerf"), (found.most_first, "morf")):
        if order in case:
            np.testing.assert_allclose(ours[:, 1:], case[order], atol=2e-5)


def replace_map(maps: Tensor, value: float) -> Tensor:
    maps = maps.clone()
    maps[1, 3, 3] = value
    return maps


@pytest.mark.parametrize("change, error, words", [
    ({"maps": lambda m: m[:, 1:]}, ValueError, r"shape \(2, 15, 16\).*need \(2, 16, 16\)"),
    ({"maps": lambda m: m[:1]}, ValueError, r"\(1, 16, 16\).*one map for each picture"),
    ({"maps": lambda m: m[:, None]}, ValueError, r"compute_max\(compute_abs"),
    ({"maps": lambda m: m.tolist()}, ValueError, "maps is list"),
    ({"maps": lambda m: replace_map(m, np.nan)}, ValueError, "map of picture 1 has NaN"),
    ({"maps": lambda m: replace_map(m, np.inf)}, ValueError, "map of picture 1 has NaN or inf"),
    ({"patch": 5}, ValueError, "patch is 5, .* 16×16 pixels; choose one of 1, 2, 4, 8, 16"),
    ({"patch": 0}, ValueError, "patch is 0"),
    ({"patch": 2.0}, TypeError, "patch is 2.0"),
    ({"steps": 0}, ValueError, "steps is 0"),
    ({"fill": "gray"}, ValueError, "fill is 'gray'.*mean 'grey'"),
], ids=["size", "number", "saliency", "list", "nan", "infinite", "patch", "no patch",
        "half a patch", "no steps", "fill"])
def test_what_cannot_be_flipped_is_told(network, change, error, words):
    X, y, maps = written_inputs()
    maps = change.pop("maps", lambda m: m)(maps)
    with pytest.raises(error, match=f"patch_flipping: .*{words}"):
        patch_flipping(X, y, maps, network, **{"patch": 4, **change})


def test_a_class_without_a_positive_score_is_refused(network):
    X, y, maps = written_inputs()
    network[-1].bias.fill_(-100)
    with pytest.raises(ValueError, match="patch_flipping: the class score of picture 0 is -"):
        patch_flipping(X, y, maps, network, patch=4)


@pytest.mark.parametrize("measure", [
    lambda X, y, model: patch_flipping(X, y, np.ones(X.shape[:3]), model, patch=2),
    sensitivity, lambda X, y, model: grid_pointing(np.repeat(X, 4, 0), y * 4, model)],
    ids=["patch_flipping", "sensitivity", "grid_pointing"])
def test_a_model_in_training_mode_is_refused(tiny_pictures, tiny_model, measure):
    with pytest.raises(ValueError, match="training mode"):
        measure(tiny_pictures, [1, 2, 3], tiny_model.train())


def max_abs_gradient(X: Tensor, y: list[int], model: nn.Module) -> Tensor:
    return compute_max(compute_abs(compute_saliency_maps(X, y, model)))


def test_sensitivity_agrees_with_captum(tiny_pictures, tiny_model):
    y, rng, levels = [1, 2, 3], np.random.default_rng(4), 2

    def maps(pixels: Tensor) -> tuple[Tensor]:
        return (max_abs_gradient(network_inputs(pixels.numpy(), tiny_model, "captum"), y,
                                 tiny_model),)

    def changed(pixels: Tensor, radius: float) -> Tensor:
        return (pixels + torch.from_numpy(rng.integers(-radius, radius + 1, pixels.shape))).clamp(
            0, 255)

    theirs = sensitivity_max(
        lambda pixels: maps(pixels[0] if isinstance(pixels, tuple) else pixels),
        torch.from_numpy(tiny_pictures).float(), perturb_func=changed, perturb_radius=levels,
        n_perturb_samples=6, max_examples_per_batch=3)
    ours = sensitivity(tiny_pictures, y, tiny_model, trials=6, levels=levels, seed=4)
    assert (ours > 0.001).all()
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


def test_a_constant_map_has_sensitivity_0(tiny_pictures, tiny_model):
    def constant(X: Tensor, y: list[int], model: nn.Module) -> Tensor:
        return torch.full((len(X), *X.shape[2:]), 3.0)

    assert (sensitivity(tiny_pictures, [1, 2, 3], tiny_model, constant) == 0).all()


def test_sensitivity_is_the_largest_of_all_trials(tiny_pictures, tiny_model):
    few, many = (sensitivity(tiny_pictures, [1, 2, 3], tiny_model, trials=t) for t in (1, 12))
    assert (few <= many).all() and (few < many).any()


def test_no_pixel_changes_by_more_than_the_levels_or_leaves_its_range(tiny_model):
    seen = []

    def watch(X: Tensor, y: list[int], model: nn.Module) -> Tensor:
        seen.append(X)
        return X.abs().sum(dim=1)

    picture = np.zeros((1, 12, 12, 3), np.uint8)
    picture[:, 6:] = 200
    sensitivity(picture, [0], tiny_model, watch, levels=3, trials=5)
    level = 1 / 255 / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    changes = ((torch.cat(seen[1:]) - seen[0]) / level).round(decimals=3)
    assert changes[:, :, :6].unique().tolist() == [0, 1, 2, 3]
    assert changes[:, :, 6:].unique().tolist() == [-3, -2, -1, 0, 1, 2, 3]


def test_smoothgrad_with_a_seed_can_be_measured(tiny_pictures, tiny_model):
    smooth = partial(smoothgrad, n=3, noise_pct=0.1, seed=0)
    first, again = (sensitivity(tiny_pictures, [1, 2, 3], tiny_model, smooth, trials=2)
                    for _ in range(2))
    assert torch.equal(first, again) and (first > 0).all()


def nothing(X: Tensor, y: list[int], model: nn.Module) -> Tensor:
    return torch.zeros(len(X), *X.shape[2:])


@pytest.mark.parametrize("method, words", [
    (nothing, "sensitivity: the map of picture 0 is 0 everywhere.*dead_classes"),
    (lambda X, y, model: torch.ones(len(X), 5, 5), "what method gave: the maps have the shape"),
    (lambda X, y, model: nothing(X, y, model) / 0, "map of picture 0 has NaN"),
    (lambda X, y, model: None, "maps is NoneType"), (None, "method is NoneType")],
    ids=["blank", "size", "nan", "none", "no method"])
def test_what_a_method_may_not_give_is_told(tiny_pictures, tiny_model, method, words):
    with pytest.raises((ValueError, TypeError), match=words):
        sensitivity(tiny_pictures, [1, 2, 3], tiny_model, method)


def test_sensitivity_wants_pictures_whose_grey_levels_can_change(network):
    X, y, _ = written_inputs()
    with pytest.raises(ValueError, match=r"sensitivity: X is Tensor .*expected pictures"):
        sensitivity(X, y, network)


def test_mosaics_lay_four_pictures_in_the_order_of_reading(tiny_pictures):
    X = np.concatenate([tiny_pictures, tiny_pictures[::-1], tiny_pictures[:2]])  # eight
    tensors = torch.from_numpy(X).permute(0, 3, 1, 2)
    grids, laid = mosaics(X), mosaics(tensors)
    assert grids.shape == (2, 32, 36, 3) and laid.shape == (2, 3, 32, 36)
    assert np.array_equal(laid.permute(0, 2, 3, 1), grids)
    for i, x in enumerate(X):
        row, column = divmod(i % 4, 2)
        place = grids[i // 4, 16 * row : 16 * (row + 1), 18 * column : 18 * (column + 1)]
        assert np.array_equal(place, x)


def right_quadrant(X: Tensor, y: list[int], model: nn.Module) -> Tensor:
    maps = torch.zeros(len(X), 2, X.shape[2] // 2, 2, X.shape[3] // 2)
    for i in range(len(X)):
        maps[i, i % 4 // 2, :, i % 2] = 1
    return maps.flatten(3).flatten(1, 2)


@pytest.mark.parametrize("method, share", [
    (right_quadrant, 1), (lambda X, y, model: 1 - right_quadrant(X, y, model), 0),
    (lambda X, y, model: torch.ones(len(X), *X.shape[2:]), 0.25),
    (lambda X, y, model: 1 + 2 * right_quadrant(X, y, model), 0.5)],
    ids=["right", "wrong", "uniform", "half"])
def test_grid_pointing_is_the_share_of_the_right_quadrant(tiny_model, method, share):
    shares = grid_pointing(torch.randn(8, 3, 10, 12), range(8), tiny_model, method)
    assert shares.shape == (8,) and shares.tolist() == pytest.approx([share] * 8)


def test_the_class_that_is_asked_is_that_of_the_quadrant_that_counts(tiny_model):
    X, y, asked = torch.randn(8, 3, 10, 12), [4, 3, 2, 1, 5, 6, 7, 8], []

    def watch(mosaic: Tensor, y: list[int], model: nn.Module) -> Tensor:
        asked.extend(zip(mosaic, y, strict=True))
        return torch.ones(len(mosaic), *mosaic.shape[2:])

    grid_pointing(X, y, tiny_model, watch)
    assert [label for _, label in asked] == y
    assert all(torch.equal(x, mosaics(X)[i // 4]) for i, (x, _) in enumerate(asked))


def test_the_gradient_points_better_than_chance(X5, y5, model):
    assert grid_pointing(X5[:4], y5[:4], model).mean() > 0.3


@pytest.mark.parametrize("count, words", [
    (3, "X has 3 pictures; a mosaic takes four"), (6, r"X has 6 pictures.*take X\[:4\]")])
def test_a_mosaic_of_fewer_than_four_pictures_is_refused(tiny_model, count, words):
    with pytest.raises(ValueError, match=words):
        grid_pointing(torch.randn(count, 3, 10, 12), [0] * count, tiny_model)


@pytest.mark.parametrize("maps, words", [
    (torch.ones(4, 5, 6), "even height and width"), (-torch.ones(4, 6, 6), "negative"),
    (torch.zeros(4, 6, 6), "map of picture 0 is 0 everywhere"),
    (torch.full((4, 6, 6), np.nan), "NaN"), (torch.ones(6, 6), "one map for each picture")],
    ids=["odd", "negative", "blank", "nan", "one"])
def test_maps_without_four_quadrants_are_refused(maps, words):
    with pytest.raises(ValueError, match=f"quadrant_shares: .*{words}"):
        quadrant_shares(maps)
