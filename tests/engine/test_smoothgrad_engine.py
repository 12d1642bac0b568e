"""SmoothGrad's engine: noise that does not depend on batches, and no trace left behind."""

import copy
import warnings
import weakref

import numpy as np
import pytest
import torch
from conftest import relative_difference
from test_smoothgrad import LABELS, Recorder

from labutils.engine.batches import even_batches
from labutils.engine.pixels import normalise
from labutils.network import choose_device, load_squeezenet
from labutils.noise import gaussian
from labutils.smoothgrad import smoothgrad

BATCH_SIZES = [1, 3, 4, 7]


def recorded_noise(X, y, model, **options) -> torch.Tensor:
    """The noise of every copy, (pictures · n, H, W, C)."""
    recorder = Recorder()
    smoothgrad(X, y, model, seed=0, noise=recorder, **options)
    return torch.stack(recorder.drawn)


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
def test_the_noise_of_a_copy_is_the_same_bits_at_every_batch_size(
        tiny_pictures, tiny_model, batch_size):
    expected = recorded_noise(tiny_pictures, LABELS, tiny_model, n=7)
    found = recorded_noise(tiny_pictures, LABELS, tiny_model, n=7, batch_size=batch_size)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("n, batch_size", [(1, 5), (10, 5), (50, 4), (7, 3), (3, 5), (256, 256)])
def test_batches_cover_every_copy_once_evenly_and_within_the_size(n, batch_size):
    batches = list(even_batches(n, batch_size))
    assert [copy for batch in batches for copy in batch] == list(range(n))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= batch_size and max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
def test_maps_are_the_same_at_every_batch_size_to_rounding(tiny_pictures, tiny_model, batch_size):
    expected = smoothgrad(tiny_pictures, LABELS, tiny_model, n=7, seed=0)
    found = smoothgrad(tiny_pictures, LABELS, tiny_model, n=7, seed=0, batch_size=batch_size)
    torch.testing.assert_close(found, expected)


def test_squeezenets_maps_are_the_same_at_every_batch_size_to_rounding(X5, y5, model):
    # Computed in float64, so that only the rounding of the maps to float32 remains.
    X, network = X5[:1].double(), copy.deepcopy(model).double()
    maps = [smoothgrad(X, y5[:1], network, n=7, seed=0, batch_size=b) for b in BATCH_SIZES]
    assert max(relative_difference(found, maps[0]) for found in maps[1:]) < 1e-6


def test_the_noise_of_a_copy_does_not_depend_on_n(tiny_pictures, tiny_model):
    X = tiny_pictures[:1]
    assert torch.equal(recorded_noise(X, [3], tiny_model, n=3),
                       recorded_noise(X, [3], tiny_model, n=9)[:3])


def test_the_noise_of_a_picture_does_not_depend_on_the_pictures_after_it(
        tiny_pictures, tiny_model):
    assert torch.equal(recorded_noise(tiny_pictures[:1], [3], tiny_model, n=3),
                       recorded_noise(tiny_pictures, LABELS, tiny_model, n=3)[:3])


def test_every_copy_of_every_picture_gets_noise_of_its_own(tiny_pictures, tiny_model):
    noise = recorded_noise(tiny_pictures, LABELS, tiny_model, n=5)
    assert len({tuple(epsilon.flatten().tolist()) for epsilon in noise}) == 15


def test_noise_in_memory_does_not_grow_with_n(tiny_pictures, tiny_model):
    alive = []

    def counting(shape, generator):
        epsilon = gaussian(shape, generator)
        alive.append(weakref.ref(epsilon))
        most[0] = max(most[0], sum(reference() is not None for reference in alive))
        return epsilon

    most = [0]
    smoothgrad(tiny_pictures[:1], [3], tiny_model, n=200, batch_size=4, noise=counting)
    # At most two batches per thread are under way, each thread may still hold
    # its last one, and one is being drawn.
    assert most[0] <= 4 * (3 * torch.get_num_threads() + 1)


@pytest.mark.parametrize("options", [
    {}, {"manner": "paper", "reduction": "signed"}, {"noise_pct": 0.0}],
    ids=["lab", "paper", "no noise"])
def test_nothing_that_is_given_is_changed(tiny_pictures, tiny_model, options):
    X = normalise(torch.from_numpy(tiny_pictures).permute(0, 3, 1, 2).float()).requires_grad_()
    y = torch.tensor(LABELS)
    X_before, y_before = X.detach().clone(), y.clone()
    state_before = copy.deepcopy(tiny_model.state_dict())
    smoothgrad(X, y, tiny_model, n=3, **options)
    assert torch.equal(X, X_before) and torch.equal(y, y_before)
    assert X.requires_grad and X.grad is None
    for name, parameter in tiny_model.named_parameters():
        assert torch.equal(parameter, state_before[name])
        assert parameter.requires_grad and parameter.grad is None


def test_a_frozen_squeezenet_stays_frozen_and_unchanged(X5, y5, model):
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    smoothgrad(X5[:1], y5[:1], model, n=2)
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name])
        assert not parameter.requires_grad and parameter.grad is None


def test_uint8_pictures_are_not_changed(tiny_pictures, tiny_model):
    before = tiny_pictures.copy()
    smoothgrad(tiny_pictures, LABELS, tiny_model, n=3, noise_pct=0.9)
    assert np.array_equal(tiny_pictures, before)


@pytest.mark.parametrize("seed", [None, 0])
def test_the_global_random_states_are_left_alone(tiny_pictures, tiny_model, seed):
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    smoothgrad(tiny_pictures, LABELS, tiny_model, n=3, seed=seed)
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)


def test_the_global_seed_does_not_decide_the_noise(tiny_pictures, tiny_model):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first = smoothgrad(tiny_pictures, LABELS, tiny_model, n=2)
        torch.manual_seed(0)
        second = smoothgrad(tiny_pictures, LABELS, tiny_model, n=2)
    assert not torch.equal(first, second)


def test_the_number_of_threads_is_left_alone(tiny_pictures, tiny_model):
    before = torch.get_num_threads()
    smoothgrad(tiny_pictures, LABELS, tiny_model, n=3)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_maps_are_the_same_bits_whatever_the_number_of_threads(X5, y5, model, threads):
    expected = smoothgrad(X5[:1], y5[:1], model, n=6, seed=0)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = smoothgrad(X5[:1], y5[:1], model, n=6, seed=0)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found, expected)


def test_smoothgrad_works_inside_no_grad(tiny_pictures, tiny_model):
    expected = smoothgrad(tiny_pictures, LABELS, tiny_model, n=3, seed=0)
    with torch.no_grad():
        found = smoothgrad(tiny_pictures, LABELS, tiny_model, n=3, seed=0)
    assert torch.equal(found, expected)


def test_the_maps_carry_no_gradient(tiny_pictures, tiny_model):
    assert not smoothgrad(tiny_pictures, LABELS, tiny_model, n=2).requires_grad


@pytest.mark.parametrize("progress", [True, False])
def test_the_progress_bar_shows_only_when_asked_for(
        tiny_pictures, tiny_model, capsys, progress):
    smoothgrad(tiny_pictures, LABELS, tiny_model, n=2, progress=progress)
    printed = capsys.readouterr()
    assert ("SmoothGrad" in printed.err) == progress and not printed.out


def test_smoothgrad_warns_of_nothing(tiny_pictures, tiny_model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        smoothgrad(tiny_pictures, LABELS, tiny_model, n=2)


def has_fast_bfloat16() -> bool:
    return torch.backends.cpu.get_cpu_capability() != "AVX2"


@pytest.mark.skipif(has_fast_bfloat16(), reason="this processor computes in bfloat16")
def test_bfloat16_is_refused_where_it_would_be_slow(tiny_pictures, tiny_model):
    with pytest.raises(ValueError, match="smoothgrad: precision is 'bfloat16'.*'float32'"):
        smoothgrad(tiny_pictures, LABELS, tiny_model, precision="bfloat16")


@pytest.mark.skipif(not has_fast_bfloat16(), reason="this processor is slow in bfloat16")
def test_bfloat16_differs_less_than_another_seed_does(X5, y5, model):
    X, y = X5[:1], y5[:1]
    expected = smoothgrad(X, y, model, n=5, seed=0)
    half = smoothgrad(X, y, model, n=5, seed=0, precision="bfloat16")
    other_seed = smoothgrad(X, y, model, n=5, seed=1)
    assert 0 < relative_difference(half, expected) < relative_difference(other_seed, expected)


def test_float16_on_the_cpu_is_refused(tiny_pictures, tiny_model):
    with pytest.raises(ValueError, match="smoothgrad: precision is 'float16'.*float32"):
        smoothgrad(tiny_pictures, LABELS, tiny_model, precision="float16")


def test_maps_on_the_accelerator_are_those_of_the_cpu(X5, y5, model):
    device = choose_device()
    if device.type == "cpu":
        pytest.skip("this machine has no GPU")
    found = smoothgrad(X5[:1], y5[:1], load_squeezenet("deepscale", device), n=4, seed=0)
    expected = smoothgrad(X5[:1], y5[:1], model, n=4, seed=0)
    assert found.device.type == device.type
    # Convolutions on a GPU may use 10 bits of mantissa (TF32).
    assert relative_difference(found.cpu(), expected) < 0.05
