"""The digits' networks are trained as their formula says, and the same each time."""

import copy

import pytest
import torch
from torch import Tensor, nn

from labutils.digits import Trained, _loss, load_digits, smoothed_gradients, train, train_each
from labutils.saliency import compute_saliency_maps, score_gradient
from labutils.smoothgrad import smoothgrad

KINDS = {"clean": {}, "noise 0.1": {"noise": 0.1}, "noise 0.3": {"noise": 0.3},
         "penalty": {"gradient_penalty": 0.01}}
DIGITS = load_digits()


@pytest.fixture(scope="module")
def trained() -> dict[str, Trained]:
    return {kind: train(**choices) for kind, choices in KINDS.items()}


def weights(model: nn.Module) -> Tensor:
    return torch.cat([p.flatten() for p in model.parameters()])


def steepness(model: nn.Module) -> float:
    """Mean norm of the class scores' gradients on the test pictures."""
    gradients = score_gradient(DIGITS.X_test, DIGITS.y_test.tolist(), model)
    return float(gradients.flatten(1).norm(dim=1).mean())


def test_the_digits_are_split_into_all_pictures_each_once():
    assert DIGITS.X_train.shape == (1347, 1, 8, 8) and DIGITS.X_test.shape == (450, 1, 8, 8)
    assert (len(DIGITS.y_train), len(DIGITS.y_test)) == (1347, 450)
    both = torch.cat([DIGITS.X_train, DIGITS.X_test])
    assert len(both.unique(dim=0)) == 1797
    assert both.dtype is torch.float32 and (both.min(), both.max()) == (0, 1)
    assert DIGITS.y_test.bincount().min() > 30  # every digit is asked


def test_what_is_done_to_the_digits_does_not_reach_the_next_who_loads_them():
    before = DIGITS.X_test.clone()
    load_digits().X_test.add_(1)
    assert torch.equal(load_digits().X_test, before)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_training_learns_the_digits(trained, kind):
    assert trained[kind].accuracy > 0.9


def test_the_accuracy_is_the_share_of_test_pictures_that_are_right(trained):
    model, accuracy = trained["noise 0.3"]
    right = sum(int(model(x[None]).argmax()) == y
                for x, y in zip(DIGITS.X_test, DIGITS.y_test, strict=True))
    assert accuracy == pytest.approx(right / 450) and accuracy < 1


def test_a_trained_network_is_in_eval_mode_and_frozen(trained):
    model = trained["clean"].model
    assert not model.training and not any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("choices", [{}, {"noise": 0.3}, {"gradient_penalty": 0.01}], ids=str)
def test_the_same_seed_gives_the_same_weights_on_any_number_of_threads(choices):
    before = torch.get_num_threads()
    try:
        runs = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            runs.append(weights(train(**choices, seed=3, epochs=1).model))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*runs)
    assert not torch.equal(runs[0], weights(train(**choices, seed=4, epochs=1).model))


def test_networks_trained_side_by_side_are_those_trained_alone_in_order():
    choices = [{"noise": 0.3}, {"gradient_penalty": 0.01}, {"seed": 1}]
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        together = list(train_each({**one, "epochs": 1} for one in choices))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    for one, choice in zip(together, choices, strict=True):
        alone = train(**choice, epochs=1)
        assert torch.equal(weights(one.model), weights(alone.model))
        assert one.accuracy == alone.accuracy


def test_training_moves_nobody_elses_random_state_and_works_without_gradients():
    before = torch.get_rng_state()
    with torch.no_grad():
        train(epochs=1, noise=0.1)
    assert torch.equal(torch.get_rng_state(), before)


def test_noise_and_penalty_change_what_is_learned():
    clean = weights(train(epochs=1).model)
    for choices in ({"noise": 0.1}, {"gradient_penalty": 0.01}):
        assert not torch.allclose(weights(train(**choices, epochs=1).model), clean, atol=1e-4)


def test_the_penalty_is_the_mean_square_of_the_gradients_length(trained):
    model, x, y = trained["clean"].model, DIGITS.X_test[:20], DIGITS.y_test[:20]
    squares = compute_saliency_maps(x, y, model).square().flatten(1).sum(dim=1)
    more = _loss(model, x.clone(), y, 0.5) - _loss(model, x.clone(), y, 0)
    assert float(more.detach()) == pytest.approx(0.5 * float(squares.mean()), rel=1e-4)


def test_the_penalty_shrinks_the_gradient(trained):
    assert steepness(trained["penalty"].model) < 0.5 * steepness(trained["clean"].model)


def test_functions_for_photographs_take_digits(trained):
    X, y, model = DIGITS.X_test[:3], DIGITS.y_test[:3], trained["clean"].model
    saliency = compute_saliency_maps(X, y, model)
    torch.testing.assert_close(saliency, score_gradient(X, y.tolist(), model))
    plain = smoothgrad(X, y, model, n=1, noise_pct=0, manner="paper")
    torch.testing.assert_close(plain, saliency.abs()[:, 0])
    assert smoothgrad(X, y, model, n=4, manner="paper", seed=0).shape == (3, 8, 8)


def test_smoothed_gradients_are_the_mean_over_noisy_copies(trained):
    X, y, model = DIGITS.X_test[:4], DIGITS.y_test[:4], trained["clean"].model
    generator = torch.Generator().manual_seed(5)
    copies = [X + 0.2 * torch.randn(X.shape, generator=generator) for _ in range(6)]
    expected = torch.stack([compute_saliency_maps(x, y, model) for x in copies]).mean(dim=0)
    with torch.no_grad():
        found = smoothed_gradients(X, y, model, n=6, noise=0.2, seed=5)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert found.min() < 0 < found.max()


def test_without_noise_the_smoothed_gradient_is_the_plain_one(trained):
    X, y, model = DIGITS.X_test[:4], DIGITS.y_test[:4], trained["clean"].model
    before = X.clone(), copy.deepcopy(model.state_dict())
    found = smoothed_gradients(X, y, model, n=2, noise=0)
    torch.testing.assert_close(found, compute_saliency_maps(X, y, model))
    assert torch.equal(X, before[0])
    assert all(torch.equal(value, before[1][name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("choices, words", [
    ({"noise": -0.1}, "noise is -0.1"), ({"noise": float("nan")}, "noise is nan"),
    ({"gradient_penalty": "0.1"}, "gradient_penalty is '0.1'"),
    ({"gradient_penalty": -1}, "gradient_penalty is -1"), ({"epochs": 0}, "epochs is 0"),
    ({"epochs": 1.5}, "epochs is 1.5")], ids=str)
def test_what_training_cannot_do_is_told(choices, words):
    with pytest.raises((ValueError, TypeError), match=f"train: {words}"):
        train(**choices)


@pytest.mark.parametrize("change, words", [
    ({"X": DIGITS.X_test[0]}, r"expected pictures .*X\[None\]"), ({"n": 0}, "n is 0"),
    ({"noise": -1}, "noise is -1"), ({"y": [1, 2]}, "y has 2 labels"),
    ({"y": [1, 2, 10]}, "label 10")], ids=["one picture", "n", "noise", "labels", "label"])
def test_what_cannot_be_smoothed_is_told(trained, change, words):
    given = {"X": DIGITS.X_test[:3], "y": DIGITS.y_test[:3], **change}
    with pytest.raises(ValueError, match=f"smoothed_gradients: .*{words}"):
        smoothed_gradients(model=trained["clean"].model, **given)
