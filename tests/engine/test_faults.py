"""Whatever a student's own code does: a right map or a sentence, and nothing left changed."""

import numpy as np
import pytest
import torch
from conftest import make_tiny_model, relative_difference
from test_smoothgrad import LABELS
from torch import nn
from torchvision.models import squeezenet1_1

from labutils.noise import gaussian
from labutils.saliency import class_scores, compute_saliency_maps, score_gradient
from labutils.smoothgrad import smoothgrad, smoothgrad_snapshots


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def raising(*args: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("options", [
    {"aggregate": raising}, {"noise": raising}, {"method": raising}],
    ids=["aggregation", "noise", "method"])
def test_a_students_function_that_raises_leaves_the_number_of_threads(
        tiny_pictures, tiny_model, options):
    try:
        smoothgrad(tiny_pictures, LABELS, tiny_model, n=20, **options)
    except ZeroDivisionError as error:  # a notebook keeps it, and with it the suspended run
        kept = error
    assert torch.get_num_threads() == 2 and kept.__traceback__


def test_a_students_code_between_snapshots_has_all_threads(tiny_pictures, tiny_model):
    snapshots = smoothgrad_snapshots(tiny_pictures, LABELS, tiny_model, [1, 30])
    next(snapshots)
    assert torch.get_num_threads() == 2
    snapshots.close()
    assert torch.get_num_threads() == 2


def test_a_noise_source_may_hand_out_the_same_buffer(tiny_pictures, tiny_model):
    buffer = torch.empty(tiny_pictures.shape[1:])

    def reused(shape, generator):
        return buffer.normal_(generator=generator)

    expected = smoothgrad(tiny_pictures, LABELS, tiny_model, n=9, noise=gaussian, seed=0)
    found = smoothgrad(tiny_pictures, LABELS, tiny_model, n=9, noise=reused, seed=0)
    assert torch.equal(found, expected)


class Remembering(nn.Module):
    """A skip connection that is kept on self."""

    def __init__(self) -> None:
        super().__init__()
        self.net = make_tiny_model()

    def forward(self, X):
        self.skip = X
        scores = self.net(X)
        return scores + self.skip.mean((1, 2, 3))[:, None] * scores


def test_a_model_that_keeps_state_is_not_run_by_two_threads(tiny_pictures):
    model = Remembering().eval()
    found = [smoothgrad(tiny_pictures, LABELS, model, n=40, seed=0, batch_size=1)
             for _ in range(3)]
    torch.set_num_threads(1)
    expected = smoothgrad(tiny_pictures, LABELS, model, n=40, seed=0, batch_size=1)
    assert all(relative_difference(maps, expected) < 1e-6 for maps in found)


@pytest.mark.parametrize("function", [class_scores, compute_saliency_maps, smoothgrad])
def test_a_first_layer_that_works_in_place_does_not_change_X(function):
    model = nn.Sequential(nn.ReLU(inplace=True), make_tiny_model()).eval()
    X = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    before = X.clone()
    options = {"manner": "paper", "n": 2} if function is smoothgrad else {}
    function(X, [1, 2], model, **options)
    assert torch.equal(X, before)


class Root(nn.Module):
    """Finite scores with an infinite gradient at 0."""

    def forward(self, X):
        return (X - X).abs().sqrt().sum((2, 3))


class Broken(nn.Module):
    def forward(self, X):
        return X / 0


def test_maps_that_are_not_finite_are_refused_with_their_cause():
    X = torch.ones(2, 3, 16, 16)
    with pytest.raises(ValueError, match="picture 0 has NaN or infinite.*their gradient is not"):
        compute_saliency_maps(X, [0, 1], Root().eval())
    model = nn.Sequential(nn.Identity(), Broken(), make_tiny_model()).eval()
    with pytest.raises(ValueError, match=r"picture 0 .*in copy 0; .*layer 1 \(Broken\) on"):
        smoothgrad(X, [0, 1], model, n=3, manner="paper", seed=0)


def test_only_the_copy_that_breaks_is_named(tiny_pictures, tiny_model):
    def third_is_nan(X, y, model):
        saliency = compute_saliency_maps(X, y, model)
        third_is_nan.calls += 1
        return saliency / (third_is_nan.calls != 3)

    third_is_nan.calls = 0
    with pytest.raises(ValueError, match="picture 0 has NaN or infinite values in copy 2;"):
        smoothgrad(tiny_pictures, LABELS, tiny_model, n=5, method=third_is_nan, batch_size=1)


def test_the_default_dtype_does_not_change_the_map(tiny_pictures, tiny_model):
    expected = smoothgrad(tiny_pictures, LABELS, tiny_model, n=3, seed=0)
    torch.set_default_dtype(torch.float64)
    try:
        found = smoothgrad(tiny_pictures, LABELS, tiny_model, n=3, seed=0)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(found, expected)


def test_snapshots_without_noise_do_not_follow_X(tiny_model):
    X = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    expected = smoothgrad(X, [3], tiny_model, n=30, noise_pct=0)[0]
    changed = X.clone(memory_format=torch.channels_last)  # what the engine need not copy itself
    snapshots = smoothgrad_snapshots(changed, [3], tiny_model, [1, 30], 0)
    next(snapshots)
    changed.zero_()
    torch.testing.assert_close(next(snapshots)[2], expected)


def test_scores_of_pictures_that_require_a_gradient_keep_it(tiny_pictures, tiny_model):
    X = torch.from_numpy(tiny_pictures).float().requires_grad_()
    class_scores(X, LABELS, tiny_model).sum().backward()
    assert X.grad is not None and X.grad.any()


@pytest.mark.parametrize("threads", [1, 2])
def test_saliency_does_not_depend_on_autocast_or_inference_mode(
        tiny_pictures, tiny_model, threads):
    expected = compute_saliency_maps(tiny_pictures, LABELS, tiny_model)
    torch.set_num_threads(threads)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(compute_saliency_maps(tiny_pictures, LABELS, tiny_model), expected)
    with torch.inference_mode():
        found = compute_saliency_maps(tiny_pictures, LABELS, tiny_model)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("X", [torch.zeros(1, 3, 16, 16), torch.zeros(1, 1, 224, 224)],
                         ids=["too small", "one channel"])
@pytest.mark.parametrize("function", [compute_saliency_maps, smoothgrad])
def test_what_squeezenet_cannot_take_is_refused_in_a_sentence(function, X):
    model = squeezenet1_1(weights=None).eval()
    with pytest.raises(ValueError, match=f"{function.__name__}: X is .*on which the model fails"):
        function(X, [1], model)


def test_a_progress_bar_ends_complete(tiny_pictures, tiny_model, capsys):
    smoothgrad(tiny_pictures, LABELS, tiny_model, n=5, progress=True)
    assert "15/15" in capsys.readouterr().err


def test_any_function_of_the_signature_can_be_smoothed(tiny_pictures, tiny_model):
    def twice(X, y, model):
        return 2 * score_gradient(X, y, model)

    expected = smoothgrad(tiny_pictures, LABELS, tiny_model, n=7, seed=0)
    found = smoothgrad(tiny_pictures, LABELS, tiny_model, n=7, seed=0, method=twice)
    torch.testing.assert_close(found, 2 * expected)


@pytest.mark.parametrize("method", [None, lambda X, y, model: 3, lambda X, y, model: X[:1]],
                         ids=["none", "a number", "too few"])
def test_a_method_that_is_none_is_refused(tiny_pictures, tiny_model, method):
    with pytest.raises((TypeError, ValueError), match="smoothgrad: method"):
        smoothgrad(tiny_pictures, LABELS, tiny_model, n=2, method=method)


def test_a_run_may_be_given_arrays_of_any_kind(tiny_pictures, tiny_model):
    bfloat = torch.from_numpy(tiny_pictures).to(torch.bfloat16)
    assert smoothgrad(bfloat, LABELS, tiny_model, n=1, noise_pct=0).shape == (3, 16, 18)
    whole = smoothgrad(tiny_pictures.astype(np.int64), LABELS, tiny_model, n=1)
    assert torch.isfinite(whole).all()
