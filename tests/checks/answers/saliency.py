"""Answers to the saliency of notebook 02, ``(X, y, model)`` → signed gradients (N, 3, H, W)."""

import captum.attr
import torch
from answers.registry import SALIENCY
from torch.nn import functional as F

from labutils.saliency import compute_saliency_maps


def differentiated(X, y, model, objective):
    """Gradient of objective(scores, labels)."""
    X = X.clone().requires_grad_()
    return torch.autograd.grad(objective(model(X), torch.tensor(y)), X)[0]


def class_score(scores, labels):
    return scores.gather(1, labels[:, None]).sum()


@SALIENCY.right
def the_labs(X, y, model):
    return compute_saliency_maps(X, y, model)


@SALIENCY.right
def all_gradients_at_once(X, y, model):
    x = X.clone().requires_grad_()
    own = model(x)[range(len(y)), y]
    rows = torch.autograd.grad(own, x, torch.eye(len(y)), is_grads_batched=True)[0]
    return rows[range(len(y)), range(len(y))]


@SALIENCY.right
def backward_on_a_copy(X, y, model):
    x = X.detach().clone()
    x.requires_grad_()
    scores = model(x)
    class_scores = scores[range(len(y)), y]
    class_scores.backward(torch.ones(len(y)))
    return x.grad


@SALIENCY.right
def one_by_one_as_list_of_arrays(X, y, model):
    gradients = []
    for k in range(len(X)):
        x = X[k : k + 1].clone().requires_grad_()
        score = model(x)[0, int(y[k])]
        gradients.append(torch.autograd.grad(score, x)[0][0].numpy())
    return gradients


@SALIENCY.right
def with_captum(X, y, model):
    return captum.attr.Saliency(model).attribute(
        X.clone().requires_grad_(), target=torch.from_numpy(y), abs=False)


@SALIENCY.wrong("not_implemented")
def the_empty_task(X, y, model):
    raise NotImplementedError("your code")


@SALIENCY.wrong("raises")
def no_gradient_wanted(X, y, model):
    scores = model(X)[range(len(y)), y]
    scores.sum().backward()
    return X.grad


@SALIENCY.wrong("wrong_type")
def gradient_in_a_dictionary(X, y, model):
    return {"saliency": compute_saliency_maps(X, y, model)}


@SALIENCY.wrong("wrong_shape")
def joined_channels(X, y, model):
    return compute_saliency_maps(X, y, model).abs().amax(dim=1)


@SALIENCY.wrong("wrong_shape")
def squeezed(X, y, model):
    return compute_saliency_maps(X, y, model).squeeze()


@SALIENCY.wrong("not_finite")
def logarithmic(X, y, model):
    return compute_saliency_maps(X, y, model).log()


@SALIENCY.wrong("too_many_passes")
def finite_differences(X, y, model):
    saliency = torch.zeros_like(X)
    with torch.no_grad():
        for i, label in enumerate(y):
            for j in range(0, X[i].numel(), 500):
                moved = X[i : i + 1].clone()
                moved.view(-1)[j] += 1e-3
                difference = model(moved)[0, label] - model(X[i : i + 1])[0, label]
                saliency[i].view(-1)[j] = difference / 1e-3
    return saliency


@SALIENCY.wrong("no_gradient")
def picture_returned(X, y, model):
    with torch.no_grad():
        return X * model(X).max()


@SALIENCY.wrong("changes_input")
def prepares_the_callers_tensor(X, y, model):
    X.requires_grad_()
    scores = model(X).gather(1, torch.tensor(y)[:, None])
    return torch.autograd.grad(scores.sum(), X)[0]


@SALIENCY.wrong("accumulated_gradient", "changes_input")
def adds_to_the_callers_gradient(X, y, model):
    X.requires_grad_()
    model(X).gather(1, torch.tensor(y)[:, None]).sum().backward()
    return X.grad.clone()


@SALIENCY.wrong("training_mode")
def trains(X, y, model):
    model.train()
    return differentiated(X, y, model, class_score)


@SALIENCY.wrong("missing_pictures")
def first_picture_only(X, y, model):
    return differentiated(X, y, model, lambda scores, labels: scores[0, labels[0]])


@SALIENCY.wrong("wrong_class")
def predicted_class(X, y, model):
    return differentiated(X, y, model, lambda scores, labels: scores.amax(dim=1).sum())


@SALIENCY.wrong("wrong_class")
def all_classes(X, y, model):
    return differentiated(X, y, model, lambda scores, labels: scores.sum())


@SALIENCY.wrong("softmax")
def probability(X, y, model):
    return differentiated(X, y, model, lambda scores, labels: class_score(
        scores.softmax(dim=1), labels))


@SALIENCY.wrong("softmax")
def loss(X, y, model):
    return differentiated(X, y, model, F.cross_entropy)


@SALIENCY.wrong("absolute_value")
def magnitude(X, y, model):
    return compute_saliency_maps(X, y, model).abs()


@SALIENCY.wrong("absolute_value")
def captums_default(X, y, model):
    return captum.attr.Saliency(model).attribute(
        X.clone().requires_grad_(), target=torch.from_numpy(y))


@SALIENCY.wrong("times_input")
def gradient_times_picture(X, y, model):
    return compute_saliency_maps(X, y, model) * X


@SALIENCY.wrong("wrong_sign")
def negative_score(X, y, model):
    return differentiated(X, y, model, lambda scores, labels: -class_score(scores, labels))


@SALIENCY.wrong("normalised_map")
def stretched(X, y, model):
    saliency = compute_saliency_maps(X, y, model)
    return saliency / saliency.abs().amax(dim=(1, 2, 3), keepdim=True)


@SALIENCY.wrong("wrong_scale")
def mean_of_the_scores(X, y, model):
    return differentiated(X, y, model, lambda scores, labels: class_score(
        scores, labels) / len(scores))


@SALIENCY.wrong("wrong_saliency")
def positive_part(X, y, model):
    return compute_saliency_maps(X, y, model).clamp(min=0)


@SALIENCY.wrong("accumulated_gradient")
def one_leaf_for_all_pictures(X, y, model):
    x = torch.zeros_like(X[:1]).requires_grad_()
    gradients = []
    for k in range(len(X)):
        x.data = X[k : k + 1].clone()
        model(x)[0, y[k]].backward()
        gradients.append(x.grad[0].clone())
    return torch.stack(gradients)


@SALIENCY.wrong("accumulated_gradient")
def one_leaf_and_its_gradient_not_copied(X, y, model):
    x = torch.zeros_like(X[:1]).requires_grad_()
    gradients = []
    for k in range(len(X)):
        x.data = X[k : k + 1].clone()
        model(x)[0, y[k]].backward()
        gradients.append(x.grad[0])
    return torch.stack(gradients)


@SALIENCY.right
def one_leaf_that_is_cleared(X, y, model):
    x = torch.zeros_like(X[:1]).requires_grad_()
    gradients = []
    for k in range(len(X)):
        x.grad = None
        x.data = X[k : k + 1].clone()
        model(x)[0, y[k]].backward()
        gradients.append(x.grad[0])
    return torch.stack(gradients)
