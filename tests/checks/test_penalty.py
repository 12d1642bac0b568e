"""The check of the gradient penalty tells each known mistake apart and accepts what is right."""

import pytest
import torch
from torch.nn import functional as F

from labutils.checks.penalty import check_gradient_penalty


def gradient(model, x, y, *, of=None, graph=True):
    x = x.detach().requires_grad_()
    scores = model(x)
    target = scores.gather(1, y[:, None]).sum() if of is None else of(scores, y)
    return torch.autograd.grad(target, x, create_graph=graph)[0]


def squares(model, x, y, **way):
    return gradient(model, x, y, **way).square().flatten(1).sum(dim=1)


def by_picture(model, x, y):
    return torch.stack([squares(model, x[i:i + 1], y[i:i + 1])[0] for i in range(len(x))]).mean()


def backward(model, x, y):
    x = x.requires_grad_()
    model(x).gather(1, y[:, None]).sum().backward(create_graph=True)
    return x.grad.square().flatten(1).sum(dim=1).mean()


def loss(scores, y):
    return F.cross_entropy(scores, y, reduction="sum")


def stub(model, x, y):
    raise NotImplementedError


@pytest.mark.parametrize("function", [
    lambda model, x, y: squares(model, x, y).mean(), by_picture,
    lambda model, x, y: squares(model, x, y).mean()[None],
    lambda model, x, y: gradient(model, x, y).flatten(1).norm(dim=1).square().mean()])
def test_right_answers_pass(function):
    assert check_gradient_penalty(function)


@pytest.mark.parametrize("code, function", [
    ("not_implemented", stub), ("not_implemented", lambda model, x, y: None),
    ("raises", lambda model, x, y: x.nothing),
    ("wrong_type", lambda model, x, y: float(squares(model, x, y).mean())),
    ("wrong_shape", squares),
    ("not_finite", lambda model, x, y: squares(model, x, y).mean() / 0),
    ("accumulates", backward),
    ("sum", lambda model, x, y: squares(model, x, y).sum()),
    ("mean_of_pixels", lambda model, x, y: gradient(model, x, y).square().mean()),
    ("length", lambda model, x, y: squares(model, x, y).sqrt().mean()),
    ("length", lambda model, x, y: gradient(model, x, y).norm()),
    ("wrong_class", lambda model, x, y: squares(model, x, y, of=lambda s, y: s.sum()).mean()),
    ("loss", lambda model, x, y: squares(model, x, y, of=loss).mean()),
    ("loss", lambda model, x, y: squares(model, x, y, of=F.cross_entropy).mean()),
    ("wrong_values", lambda model, x, y: 3 * squares(model, x, y).mean()),
    ("no_graph", lambda model, x, y: squares(model, x, y, graph=False).mean()),
    ("no_graph", lambda model, x, y: squares(model, x, y).mean().detach().requires_grad_())])
def test_each_mistake_is_told_by_its_name(code, function):
    result = check_gradient_penalty(function)
    assert result.codes == [code], result


def test_the_check_leaves_random_states_alone_and_works_without_gradients():
    before = torch.get_rng_state()
    with torch.no_grad():
        assert check_gradient_penalty(lambda model, x, y: squares(model, x, y).mean()) or True
    assert torch.equal(torch.get_rng_state(), before)


def test_no_sentence_gives_the_solution():
    from labutils.checks.messages import PENALTY
    assert "create_graph" not in " ".join(PENALTY.values())
