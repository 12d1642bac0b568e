"""Other attribution methods: as captum computes them, true to their identities, without a trace."""

import copy
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import captum.attr
import numpy as np
import pytest
import torch
from conftest import NEAR_EDGES, make_tiny_model, relative_difference
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import (
    mobilenet_v3_small,
    resnet18,
    shufflenet_v2_x0_5,
    squeezenet1_0,
)

from labutils.engine.inside import GlobalPooling, changed_relus, output_of
from labutils.engine.pixels import normalise
from labutils.methods import (
    cam,
    deconvolution,
    grad_cam,
    gradient_times_input,
    guided_backpropagation,
    integrated_gradients,
    maximize_activation,
    upsample,
)
from labutils.noise import NOISE_SOURCES
from labutils.saliency import class_scores, compute_saliency_maps
from labutils.smoothgrad import plain_smoothgrad, smoothgrad

ROUNDING = {"rtol": 1e-9, "atol": 1e-12}  # of float64
LABELS = [3, 8, 1]


def make_small_model() -> nn.Module:
    """As SqueezeNet in small: in-place ReLUs, max pooling, at the end ReLU and global average."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        layers = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3), nn.ReLU(inplace=True), nn.Dropout(0.5),
            nn.Conv2d(8, 10, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        for module in layers:  # so that no class is dead
            if isinstance(module, nn.Conv2d):
                nn.init.uniform_(module.bias, 0.1, 0.3)
    return layers.eval()


@pytest.fixture
def small_model() -> nn.Module:
    return make_small_model()


@pytest.fixture
def small_X() -> Tensor:
    """Three network inputs of odd size."""
    return torch.randn(3, 3, 16, 18, generator=torch.Generator().manual_seed(5))


METHODS = {
    "gradient × input": gradient_times_input,
    "integrated gradients": partial(integrated_gradients, steps=7),
    "guided": guided_backpropagation,
    "deconvolution": deconvolution,
    "cam": cam,
    "grad_cam": partial(grad_cam, layer="3"),
}


def of_captum(name: str, model: nn.Module, X: Tensor, y: Tensor, layer: str) -> Tensor:
    """The same method by captum, at the same points."""
    X = X.clone().requires_grad_()
    with warnings.catch_warnings():  # captum tells of its hooks
        warnings.simplefilter("ignore")
        if name == "integrated gradients":
            black = normalise(torch.zeros_like(X))
            return captum.attr.IntegratedGradients(model).attribute(
                X, black, target=y, n_steps=7, method="gausslegendre")
        if name == "grad_cam":
            module = model.get_submodule(layer)
            return captum.attr.LayerGradCam(model, module).attribute(
                X, target=y, relu_attributions=True)[:, 0].detach()
        kind = {"gradient × input": captum.attr.InputXGradient,
                "guided": captum.attr.GuidedBackprop, "deconvolution": captum.attr.Deconvolution}
        return kind[name](model).attribute(X, target=y).detach()


IN_CAPTUM = [name for name in METHODS if name != "cam"]


@pytest.mark.parametrize("name", IN_CAPTUM)
def test_a_method_is_captums_to_rounding(small_model, small_X, name):
    model, X = small_model.double(), small_X.double()
    expected = of_captum(name, model, X, torch.tensor(LABELS), "3")
    assert expected.abs().max() > 1e-3
    # captum's points of the integral are rounded to float32.
    rounding = {"rtol": 1e-5, "atol": 1e-9} if name == "integrated gradients" else ROUNDING
    torch.testing.assert_close(METHODS[name](X, LABELS, model), expected, **rounding)


@pytest.mark.parametrize("name", IN_CAPTUM[1:])
def test_a_method_on_squeezenet_is_captums(X5, y5, model, name):
    method = grad_cam if name == "grad_cam" else METHODS[name]
    expected = of_captum(name, model, X5[:1], y5[:1], "features.12")
    assert relative_difference(method(X5[:1], y5[:1], model), expected.detach()) < NEAR_EDGES


@pytest.mark.parametrize("name", ["guided", "grad_cam"])
def test_a_method_on_a_network_with_shortcuts_is_captums(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network, X = resnet18(weights=None).eval().double(), torch.randn(2, 3, 32, 32).double()
    method = partial(grad_cam, layer="layer3") if name == "grad_cam" else METHODS[name]
    expected = of_captum(name, network, X, torch.tensor([5, 700]), "layer3")
    torch.testing.assert_close(method(X, [5, 700], network), expected, **ROUNDING)


# --- identities ---

def completeness_gap(X: Tensor, y: Tensor, model: nn.Module, steps: int) -> Tensor:
    """How far the attributions' sum is from S(x) − S(black), as a share of that, (N,)."""
    total = integrated_gradients(X, y, model, steps=steps).sum(dim=(1, 2, 3))
    black = normalise(torch.zeros_like(X))
    difference = class_scores(X, y, model) - class_scores(black, y, model)
    return (total - difference).abs() / difference.abs()


def test_integrated_gradients_add_up_to_the_difference_of_the_scores(X5, y5, model):
    # The mean: a single picture whose way crosses many ReLUs' edges may have a gap of 6 %.
    assert completeness_gap(X5, y5, model, 50).mean() < 0.025


def test_more_steps_close_the_gap(X5, y5, model):
    assert completeness_gap(X5[:1], y5[:1], model, 200).max() < 0.005


def test_one_step_is_exact_for_a_score_of_second_degree(small_X):
    class Square(nn.Module):
        def forward(self, X):
            return (X**2).sum(dim=(2, 3))

    black = normalise(torch.zeros_like(small_X))
    found = integrated_gradients(small_X, [0, 1, 2], Square().eval(), steps=1)
    for i, channel in enumerate([0, 1, 2]):
        expected = torch.zeros_like(small_X[i])
        expected[channel] = (small_X[i] ** 2 - black[i] ** 2)[channel]
        torch.testing.assert_close(found[i], expected)


@pytest.mark.parametrize("name, level", [("black", 0), ("grey", 127.5), ("white", 255)])
def test_a_named_baseline_is_a_picture_of_that_colour(small_model, small_X, name, level):
    own = normalise(torch.full((1, 3, 16, 18), float(level)))
    assert torch.equal(
        integrated_gradients(small_X, LABELS, small_model, baseline=name, steps=5),
        integrated_gradients(small_X, LABELS, small_model, baseline=own, steps=5))


def test_every_picture_may_have_a_baseline_of_its_own(small_model, small_X):
    found = integrated_gradients(small_X, LABELS, small_model, baseline=small_X.flip(0), steps=5)
    last = integrated_gradients(small_X[2:], LABELS[2:], small_model, baseline=small_X[:1],
                                steps=5)
    torch.testing.assert_close(found[2:], last)
    assert not found[1].any()  # it is its own baseline


def test_the_mean_of_a_class_activation_map_is_the_class_score(X5, y5, model):
    maps = cam(X5, y5, model)
    assert (maps.shape, maps.dtype) == ((5, 13, 13), torch.float32) and maps.min() >= 0
    torch.testing.assert_close(maps.mean(dim=(1, 2)), class_scores(X5, y5, model),
                               rtol=0, atol=1e-4)


def test_squeezenets_class_activation_map_is_the_classs_own_map(X5, y5, model):
    positions = model.classifier[:3](model.features(X5[:1]))[0, int(y5[0])]
    assert relative_difference(cam(X5[:1], y5[:1], model)[0], positions) < 1e-5


@pytest.mark.parametrize("build", [resnet18, shufflenet_v2_x0_5, squeezenet1_0])
def test_the_mean_of_the_map_is_the_score_in_other_networks_too(build):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network, X = build(weights=None).eval().double(), torch.randn(1, 3, 64, 64).double()
        y = [int(network(X).argmax())]
    maps = cam(X, y, network)
    assert maps.ndim == 3 and maps.shape[-1] > 1
    torch.testing.assert_close(maps.mean(dim=(1, 2)), class_scores(X, y, network), **ROUNDING)


def test_grad_cam_of_squeezenet_is_its_class_activation_map_scaled(X5, y5, model):
    found = grad_cam(X5[:3], y5[:3], model, relu=False)
    head = model.classifier[1]
    for i, label in enumerate(y5[:3].tolist()):
        Z = F.conv2d(model.features(X5[i : i + 1]), head.weight[label : label + 1],
                     head.bias[label : label + 1])[0, 0]
        share = (Z > 0).float().mean()
        torch.testing.assert_close(found[i], share / 169 * (Z - head.bias[label]),
                                   rtol=0, atol=1e-5)


def test_grad_cams_relu_cuts_what_is_negative(X5, y5, model):
    signed = grad_cam(X5[:2], y5[:2], model, relu=False)
    assert signed.min() < 0
    assert torch.equal(grad_cam(X5[:2], y5[:2], model), signed.clamp(min=0))


def test_grad_cam_sees_a_layer_before_the_in_place_relu_that_follows(small_model, small_X):
    plain = copy.deepcopy(small_model)
    for module in plain:
        if isinstance(module, nn.ReLU):
            module.inplace = False
    torch.testing.assert_close(grad_cam(small_X, LABELS, small_model, "3", relu=False),
                               grad_cam(small_X, LABELS, plain, "3", relu=False))


@pytest.mark.parametrize("method", [guided_backpropagation, deconvolution])
def test_without_relus_a_changed_way_back_is_the_plain_one(tiny_pictures, tiny_model, method):
    torch.testing.assert_close(method(tiny_pictures, LABELS, tiny_model),
                               compute_saliency_maps(tiny_pictures, LABELS, tiny_model))


def test_the_rules_of_the_three_ways_back():
    x = torch.tensor([-1.0, -1.0, 2.0, 2.0]).requires_grad_()
    R = torch.tensor([-3.0, 3.0, -3.0, 3.0])
    rules = {"gradient": lambda R, active: R * active, "guided": lambda R, active: R * active
             * (R > 0), "deconvolution": lambda R, active: R * (R > 0)}
    found = {}
    for name, rule in rules.items():
        with changed_relus(rule):
            y = F.relu(x)
        found[name] = torch.autograd.grad(y, x, R)[0].tolist()
        assert torch.equal(y, x.clamp(min=0))
    assert found == {"gradient": [0, 0, -3, 3], "guided": [0, 0, 0, 3],
                     "deconvolution": [0, 3, 0, 3]}


@pytest.mark.parametrize("relu", [
    F.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, lambda x: F.relu(x, True),
    lambda x: F.relu(x, inplace=True), lambda x: F.relu(input=x), nn.ReLU(), nn.ReLU(True)],
    ids=range(10))
def test_every_way_to_call_a_relu_is_changed_and_computes_the_same(relu):
    x = torch.randn(6, generator=torch.Generator().manual_seed(0)).requires_grad_()
    given, expected_given = x.clone(), x.clone()
    expected = relu(expected_given)
    with changed_relus(lambda R, active: 5 * R):
        found = relu(given)
    assert torch.equal(found, expected) and torch.equal(given, expected_given)
    assert torch.autograd.grad(found.sum(), x)[0].tolist() == [5] * 6


def test_a_shortcut_around_an_in_place_relu_gets_what_the_relu_left():
    class Shortcut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.relu = nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True)

        def forward(self, X):
            x = self.conv(X)
            return (self.relu(x) + x).mean(dim=(2, 3))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network, X = Shortcut().eval(), torch.randn(1, 3, 6, 6)
    with changed_relus(lambda R, active: R * active):
        changed = network(X)
    assert torch.equal(changed, network(X))


def test_the_target_size_of_an_enlarged_map_is_kept_and_a_constant_stays_one():
    maps = torch.full((2, 13, 13), 3.0)
    for mode in ("nearest", "bilinear", "bicubic"):
        torch.testing.assert_close(upsample(maps, (20, 224), mode=mode),
                                   torch.full((2, 20, 224), 3.0))
    assert upsample(maps, 30).shape == (2, 30, 30)


def test_upsampled_values_lie_where_their_positions_middles_lie():
    found = upsample(torch.tensor([[[0.0, 1.0]]]), (1, 4))
    assert found.flatten().tolist() == [0, 0.25, 0.75, 1]


def test_only_bicubic_upsampling_invents_values(X5, y5, model):
    maps = cam(X5[:2], y5[:2], model)
    low, high = maps.min(), maps.max()
    for mode in ("nearest", "bilinear"):
        large = upsample(maps, 224, mode=mode)
        assert large.min() >= low and large.max() <= high
    assert upsample(maps, 224, mode="bicubic").min() < low


def test_a_maximized_activation_is_a_picture_that_the_class_scores_high_on(model):
    found = maximize_activation([281], model, steps=40, seed=0)
    low, high = (normalise(torch.full((1, 3, 1, 1), v)) for v in (0.0, 255.0))
    assert (found.shape, found.dtype) == ((1, 3, 224, 224), torch.float32)
    assert (found >= low - 1e-6).all() and (found <= high + 1e-6).all()
    assert model(found).argmax() == 281


def test_a_maximized_activation_depends_on_the_seed_and_not_on_its_neighbours(small_model):
    options = {"steps": 3, "size": 20, "jitter": 2}
    alone = maximize_activation([4], small_model, seed=1, **options)
    assert torch.equal(maximize_activation([4, 7], small_model, seed=1, **options)[:1], alone)
    assert not torch.equal(maximize_activation([4], small_model, seed=2, **options), alone)


def test_a_dead_class_is_told_and_not_climbed(small_model):
    with torch.no_grad():
        small_model[6].bias[4] = -1e6
    with pytest.raises(ValueError, match="class 4 has no slope.*another seed"):
        maximize_activation([4], small_model, steps=2, size=20, seed=0)


# --- batches, threads, smoothgrad ---

@pytest.mark.parametrize("name", METHODS)
def test_a_pictures_map_does_not_depend_on_its_neighbours(small_model, small_X, name):
    every = METHODS[name](small_X, LABELS, small_model)
    torch.testing.assert_close(METHODS[name](small_X[1:2], LABELS[1:2], small_model), every[1:2])


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_pictures_and_works_inside_no_grad(tiny_pictures, small_model, name):
    X = normalise(torch.from_numpy(tiny_pictures).permute(0, 3, 1, 2).float())
    with torch.no_grad():
        found = METHODS[name](tiny_pictures, LABELS, small_model)
    with_gradients = METHODS[name](X, LABELS, small_model)
    torch.testing.assert_close(found, with_gradients)
    assert not with_gradients.requires_grad


@pytest.mark.parametrize("name", METHODS)
def test_smoothgrad_of_a_method_is_the_plain_loop(tiny_pictures, small_model, name):
    options = {"method": METHODS[name], "manner": "lab", "reduction": "max_abs",
               "aggregate": "mean", "seed": 5}
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        found = smoothgrad(tiny_pictures[:2], LABELS[:2], small_model, 7, 0.2, batch_size=2,
                           **options)
    finally:
        torch.set_num_threads(before)
    expected = plain_smoothgrad(tiny_pictures[:2], LABELS[:2], small_model, 7, 0.2,
                                noise=NOISE_SOURCES["gaussian"], **options)
    assert found.abs().max() > 0
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6 * float(expected.max()))


@pytest.mark.parametrize("method", [gradient_times_input, guided_backpropagation, deconvolution,
                                    cam, grad_cam], ids=lambda method: method.__name__)
def test_smoothgrad_of_a_method_on_squeezenet_is_the_plain_loop(pictures, model, method):
    options = {"method": method, "manner": "lab", "reduction": "max_abs", "aggregate": "mean",
               "seed": 5}
    found = smoothgrad(pictures.X[:1], pictures.y[:1], model, 4, 0.1, batch_size=2, **options)
    expected = plain_smoothgrad(pictures.X[:1], pictures.y[:1], model, 4, 0.1,
                                noise=NOISE_SOURCES["gaussian"], **options)
    assert relative_difference(found, expected) < NEAR_EDGES


@pytest.mark.parametrize("name", METHODS)
def test_memory_does_not_grow_with_the_copies_of_a_method(tiny_pictures, small_model, name):
    alive, most = [], [0]

    def counting(X: Tensor, y: list[int], model: nn.Module) -> Tensor:
        saliency = METHODS[name](X, y, model)
        alive.extend([weakref.ref(saliency), weakref.ref(X)])
        most[0] = max(most[0], sum(reference() is not None for reference in alive))
        return saliency

    smoothgrad(tiny_pictures[:1], [3], small_model, n=16, batch_size=1, method=counting)
    assert len(alive) == 32 and most[0] <= 4


def test_a_changed_relu_in_one_thread_is_none_in_another(small_model, small_X):
    expected = compute_saliency_maps(small_X, LABELS, small_model)
    with changed_relus(lambda R, active: 0 * R), ThreadPoolExecutor(1) as pool:
        found = pool.submit(compute_saliency_maps, small_X, LABELS, small_model).result()
    torch.testing.assert_close(found, expected)


def test_a_wanted_precision_reaches_the_method(tiny_pictures, small_model):
    seen = []

    def noting(*args: object) -> None:
        seen.append(torch.is_autocast_enabled("cpu"))

    method = guided_backpropagation
    with torch.autocast("cpu", torch.bfloat16):
        small_model.register_forward_hook(noting)
        method(tiny_pictures[:1], [3], small_model)
    assert seen[-1]


# --- without a trace ---

class Refusing(nn.Module):
    """As the small model, and raises in a forward pass that wants gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.net = make_small_model()

    def forward(self, X):
        scores = self.net(X)
        if torch.is_grad_enabled():
            raise ZeroDivisionError
        return scores


def state_of(model: nn.Module) -> tuple:
    """Everything about a model that a method could leave changed."""
    modules = [(name, id(module), type(module), module.training, getattr(module, "inplace", None),
                {key: (len(value) if key.endswith("_hooks") else None)
                 for key, value in vars(module).items()})
               for name, module in model.named_modules()]
    parameters = [(name, id(p), p.requires_grad, p.grad, p._version, p.tolist())
                  for name, p in model.named_parameters()]
    return modules, parameters


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("threads", [1, 2])
def test_the_model_and_X_are_left_as_they_were(small_model, small_X, name, threads):
    small_model[0].weight.requires_grad_(False)
    X, before, count = small_X.clone(), state_of(small_model), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        METHODS[name](X, LABELS, small_model)
    finally:
        torch.set_num_threads(count)
    assert state_of(small_model) == before
    assert torch.equal(X, small_X) and not X.requires_grad


@pytest.mark.parametrize("name", METHODS)
def test_the_model_is_left_as_it_was_after_an_error_too(small_X, name):
    model = Refusing().eval()
    method = partial(grad_cam, layer="net.3") if name == "grad_cam" else METHODS[name]
    before = state_of(model)
    with pytest.raises(ZeroDivisionError):
        method(small_X, LABELS, model)
    assert state_of(model) == before
    plain = F.relu(torch.ones(1).requires_grad_())
    assert "Ruled" not in plain.grad_fn.name()


def test_what_watches_or_changes_is_gone_after_an_error(small_model):
    for inside in (changed_relus(lambda R, active: R), GlobalPooling(),
                   output_of(small_model, "3", "grad_cam")):
        with pytest.raises(ZeroDivisionError), inside:
            raise ZeroDivisionError
    assert not torch.overrides._get_current_function_mode_stack()
    assert not any(module._forward_hooks for module in small_model.modules())


def test_a_first_layer_that_works_in_place_does_not_change_X(small_X):
    model = nn.Sequential(nn.ReLU(inplace=True), make_small_model()).eval()
    for name in METHODS:
        X = small_X.clone()
        method = partial(grad_cam, layer="1.3") if name == "grad_cam" else METHODS[name]
        method(X, LABELS, model)
        assert torch.equal(X, small_X)


# --- what is refused ---

@pytest.mark.parametrize("name", METHODS)
def test_a_model_in_training_mode_is_refused(small_model, small_X, name):
    caller = getattr(METHODS[name], "func", METHODS[name]).__name__
    with pytest.raises(ValueError, match=rf"^{caller}: the model is in training mode.*eval\(\)"):
        METHODS[name](small_X, LABELS, small_model.train())
    with pytest.raises(ValueError, match=f"^{caller}: y has 2 labels but X has 3"):
        METHODS[name](small_X, [1, 2], small_model.eval())


def test_a_model_in_training_mode_is_not_maximized(small_model):
    with pytest.raises(ValueError, match="^maximize_activation: the model is in training mode"):
        maximize_activation([1], small_model.train(), steps=1, size=20)


@pytest.mark.parametrize("name", METHODS)
def test_maps_that_are_not_finite_are_refused(small_model, small_X, name):
    with torch.no_grad():
        small_model[3].weight[0, 0, 0, 0] = torch.nan
    caller = getattr(METHODS[name], "func", METHODS[name]).__name__
    with pytest.raises(ValueError, match=f"^{caller}: the saliency of picture 0 has NaN.*"
                                         r"layer 3 \(Conv2d\)"):
        METHODS[name](small_X, LABELS, small_model)


@pytest.mark.parametrize("layer, message", [
    ("feature.12", "no layer of that name; did you mean 'features.12'"),
    ("", "no layer of that name"), (None, "no layer of that name"), (12, "no layer of that name")])
def test_a_layer_that_does_not_exist_is_refused(X5, y5, model, layer, message):
    with pytest.raises(ValueError, match=f"^grad_cam: layer is {layer!r}, .*{message}"):
        grad_cam(X5[:1], y5[:1], model, layer)


def test_a_layer_that_makes_no_maps_or_does_not_matter_is_refused(small_model, small_X):
    with pytest.raises(ValueError, match=r"layer '9' gave Tensor \(1, 10\).*expected feature maps"):
        grad_cam(small_X, LABELS, small_model, "9")
    small_model.add_module("aside", nn.Conv2d(3, 2, 1).eval())
    small_model.forward = lambda X: (small_model.aside(X), small_model[:10](X))[1]
    with pytest.raises(ValueError, match="layer 'aside' has no influence on the class score"):
        grad_cam(small_X, LABELS, small_model, "aside")


@pytest.mark.parametrize("baseline, message", [
    ("blue", "baseline is 'blue'; expected 'black', 'grey', 'white'"),
    (None, "baseline is 'NoneType'"),
    (torch.zeros(3, 3, 16, 16), r"has the shape \(3, 3, 16, 16\)"),
    (torch.zeros(2, 3, 16, 18), "or \\(1, 3, 16, 18\\) for all pictures"),
    (torch.zeros(1, 3, 16, 18, dtype=torch.uint8), "expected 'black', 'grey', 'white' or a float"),
    (torch.full((1, 3, 16, 18), torch.nan), "baseline has NaN")])
def test_a_baseline_that_is_none_is_refused(small_model, small_X, baseline, message):
    with pytest.raises(ValueError, match=f"^integrated_gradients: .*{message}"):
        integrated_gradients(small_X, LABELS, small_model, baseline=baseline)


def test_a_colour_is_no_baseline_for_a_network_without_colours():
    X = torch.randn(2, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    model = make_tiny_model(channels=1)
    with pytest.raises(ValueError, match="'black', a colour, and X has 1 channels; give a tensor"):
        integrated_gradients(X, [1, 2], model)
    assert integrated_gradients(X, [1, 2], model, baseline=torch.zeros_like(X)).shape == X.shape


@pytest.mark.parametrize("steps", [0, -1, 2.5, "9", None, True])
def test_steps_that_are_none_are_refused(small_model, small_X, steps):
    with pytest.raises((TypeError, ValueError), match="^integrated_gradients: steps is .*expected"):
        integrated_gradients(small_X, LABELS, small_model, steps=steps)
    with pytest.raises((TypeError, ValueError), match="^maximize_activation: steps is .*expected"):
        maximize_activation([1], small_model, steps=steps)


@pytest.mark.parametrize("options", [{"decay": -1}, {"step_size": 0}, {"step_size": torch.nan},
                                     {"jitter": -1}, {"jitter": 1.5}])
def test_a_climb_with_senseless_settings_is_refused(small_model, options):
    with pytest.raises(ValueError, match="^maximize_activation: step_size is .*expected a number"):
        maximize_activation([1], small_model, size=20, **options)


def test_networks_that_cam_cannot_read_are_refused(tiny_pictures, tiny_model):
    with pytest.raises(ValueError, match="cam: the model has no global average pooling.*grad_cam"):
        cam(tiny_pictures, LABELS, tiny_model)
    network = mobilenet_v3_small(weights=None).eval()
    with pytest.raises(ValueError, match="after its last global average pooling .*hardswish"):
        cam(tiny_pictures, LABELS, network)


@pytest.mark.parametrize("method", [guided_backpropagation, deconvolution, cam])
def test_a_compiled_network_is_refused(small_model, small_X, method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is going out of use
        compiled = torch.jit.trace(small_model, small_X)
    with pytest.raises(ValueError, match=f"^{method.__name__}: the model is compiled"):
        method(small_X, LABELS, compiled)


@pytest.mark.parametrize("maps, size, mode, message", [
    (np.zeros((1, 13, 13)), 224, "bilinear", "maps is ndarray.*expected a float tensor"),
    (torch.zeros(13, 13), 224, "bilinear", r"maps is Tensor \(13, 13\)"),
    (torch.zeros(1, 3, 13, 13), 224, "bilinear", "maps is Tensor"),
    (torch.full((1, 13, 13), torch.nan), 224, "bilinear", "maps has NaN"),
    (torch.zeros(1, 13, 13), 0, "bilinear", "size is 0; expected a number of pixels"),
    (torch.zeros(1, 13, 13), (224, 224, 3), "bilinear", "size is "),
    (torch.zeros(1, 13, 13), 224.0, "bilinear", "size is 224.0"),
    (torch.zeros(1, 13, 13), 224, "cubic", "mode is 'cubic'; expected one of 'nearest'")])
def test_what_cannot_be_enlarged_is_refused(maps, size, mode, message):
    with pytest.raises(ValueError, match=f"^upsample: {message}"):
        upsample(maps, size, mode=mode)
