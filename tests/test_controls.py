"""Controls know nothing, and leave what they are given as it was."""

import copy

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor, nn
from torchvision.models import resnet18

from labutils.controls import (
    blurred_maps,
    constant_maps,
    dead_classes,
    random_maps,
    randomize,
    sobel_maps,
)
from labutils.saliency import compute_saliency_maps

CONTROLS = [random_maps, constant_maps, sobel_maps]


def state(model: nn.Module) -> dict[str, Tensor]:
    return copy.deepcopy(model.state_dict())


def changed_layers(model: nn.Module, other: nn.Module) -> set[str]:
    theirs = other.state_dict()
    return {name.rsplit(".", 1)[0] for name, value in model.state_dict().items()
            if not torch.equal(value, theirs[name])}


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_makes_one_map_for_each_picture(tiny_pictures, control):
    tensors = torch.from_numpy(tiny_pictures).permute(0, 3, 1, 2).float()
    maps = control(tiny_pictures)
    assert maps.shape == (3, 16, 18) and maps.dtype is torch.float32
    assert torch.allclose(maps, control(tensors))
    assert control(tiny_pictures[::-1]).shape == (3, 16, 18)  # a view that runs backwards


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_of_something_else_than_pictures_is_refused(control):
    with pytest.raises(ValueError, match=rf"{control.__name__}: X is .*\(3, 16, 16\)"):
        control(torch.ones(3, 16, 16))


def test_random_maps_depend_on_the_seed_and_nothing_else(tiny_pictures):
    before = torch.get_rng_state()
    assert torch.equal(random_maps(tiny_pictures), random_maps(255 - tiny_pictures))
    assert not torch.equal(random_maps(tiny_pictures), random_maps(tiny_pictures, seed=1))
    assert torch.equal(torch.get_rng_state(), before)


def test_random_values_are_evenly_spread():
    maps = random_maps(torch.zeros(1, 3, 100, 100))
    assert torch.histc(maps, 4, 0, 1).tolist() == pytest.approx([2500] * 4, rel=0.05)


def test_constant_maps_are_1(tiny_pictures):
    assert (constant_maps(tiny_pictures) == 1).all()


def test_sobel_finds_an_upright_edge_and_a_lying_one_alike():
    picture = np.zeros((1, 12, 12, 3), np.uint8)
    picture[:, :, 6:, 1] = 100
    upright = sobel_maps(picture)[0]
    lying = sobel_maps(picture.transpose(0, 2, 1, 3))[0]
    assert (upright[:, [5, 6]] == 400).all()  # 100 grey levels times 1 + 2 + 1
    assert upright.count_nonzero() == 24
    assert torch.equal(lying, upright.T)


def test_blurred_maps_are_a_gaussian_blur_and_the_maps_stay_as_they_are():
    maps = torch.rand(2, 20, 30)
    before = maps.clone()
    found = blurred_maps(maps, sigma=2)
    for m, blurred in zip(maps, found, strict=True):
        np.testing.assert_allclose(blurred, ndimage.gaussian_filter(m.numpy(), 2), atol=1e-6)
    assert torch.equal(maps, before)
    assert torch.equal(blurred_maps(maps, sigma=0), maps)


def test_nan_maps_are_not_blurred():
    with pytest.raises(ValueError, match="blurred_maps: the map of picture 1 has NaN"):
        blurred_maps(np.stack([np.ones((4, 4)), np.full((4, 4), np.nan)]))


def test_randomize_without_layers_is_the_same_network(X5, model):
    twin = randomize(model, [])
    assert twin is not model and changed_layers(twin, model) == set()
    assert torch.equal(twin(X5[:1]), model(X5[:1]))
    assert twin.source == model.source


@pytest.mark.parametrize("layers", ["all", "last", ["features.3"]], ids=str)
def test_randomize_leaves_the_callers_network_as_it_was(model, layers):
    before, source = state(model), model.source
    randomize(model, layers)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.source == source and not any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("layers, changed", [
    ("last", {"classifier.1"}), ("classifier.1", {"classifier.1"}),
    (["features.0", "features.12.squeeze"], {"features.0", "features.12.squeeze"}),
    (["features.12"], {"features.12.squeeze", "features.12.expand1x1", "features.12.expand3x3"})],
    ids=["last", "one name", "two names", "a Fire module"])
def test_only_the_layers_that_are_named_change(model, layers, changed):
    assert changed_layers(randomize(model, layers), model) == changed


def test_all_layers_change_with_all(model):
    forgetful = randomize(model)
    names = {name.rsplit(".", 1)[0] for name, _ in model.named_parameters()}
    assert changed_layers(forgetful, model) == names and len(names) == 26
    assert forgetful.source.endswith("but random in 26 layers, features.0 to classifier.1")


def test_new_weights_have_the_spread_of_an_untrained_network_and_no_bias(model):
    forgetful = randomize(model)
    for name, p in forgetful.named_parameters():
        if p.ndim == 1:
            assert not p.any(), name
        elif p.numel() > 5000:
            assert p.std() == pytest.approx((2 / p[0].numel()) ** 0.5, rel=0.05), name


def test_normalisation_layers_forget_too():
    with torch.random.fork_rng(devices=[]):
        network = resnet18(num_classes=4).eval()
    with torch.no_grad():
        network.bn1.weight.fill_(5)
        network.bn1.running_mean.fill_(5)
    forgetful = randomize(network, ["bn1"])
    assert (forgetful.bn1.weight == 1).all() and not forgetful.bn1.running_mean.any()
    assert not forgetful.training


def test_the_same_seed_gives_the_same_weights_and_no_other_chance_is_used(model):
    before = torch.get_rng_state()
    first, same, other = (randomize(model, "last", seed=seed) for seed in (0, 0, 1))
    assert changed_layers(first, same) == set()
    assert changed_layers(first, other) == {"classifier.1"}
    assert torch.equal(torch.get_rng_state(), before)


def test_a_class_is_dead_exactly_where_its_map_is_0_everywhere(X5, y5, model):
    forgetful = randomize(model, seed=0)
    classes = torch.arange(200, 205)
    dead = dead_classes(X5, classes, forgetful)
    maps = compute_saliency_maps(X5, classes, forgetful)
    assert torch.equal(dead, ~maps.flatten(1).any(dim=1))
    assert dead.any() and not dead.all()
    assert not dead_classes(X5, y5, model).any()


@pytest.mark.parametrize("layers, words", [
    ("feature.12", r"a name in layers is 'feature.12'.*Did you mean 'features.12'\?"),
    (["classifier.1", "classifier.2"], "a name in layers is 'classifier.2'"),
    ([7], "a name in layers is 7")],
    ids=["misspelt", "without weights", "number"])
def test_a_layer_that_does_not_exist_is_told(model, layers, words):
    with pytest.raises(ValueError, match=f"randomize: {words}"):
        randomize(model, layers)


def test_randomize_refuses_a_model_in_training_mode(tiny_model):
    with pytest.raises(ValueError, match="randomize: the model is in training mode"):
        randomize(tiny_model.train())
