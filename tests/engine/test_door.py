"""Bad input to the attribution functions: clear errors that name the argument."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from labutils.saliency import class_scores, compute_saliency_maps
from labutils.smoothgrad import smoothgrad

FUNCTIONS = pytest.mark.parametrize("function", [class_scores, compute_saliency_maps, smoothgrad])
PIXELS = np.full((2, 32, 32, 3), 100.0)
INPUT = torch.zeros(2, 3, 32, 32)


@FUNCTIONS
@pytest.mark.parametrize(("X", "came"), [
    (None, "NoneType"),
    ([1, 2], "list"),
    (np.zeros((32, 32, 3), np.uint8), "(32, 32, 3)"),
    (torch.zeros(3, 32, 32), "(3, 32, 32)"),
    (np.zeros((2, 32, 32, 4), np.uint8), "(2, 32, 32, 4)"),
    (np.zeros((2, 32, 32, 4)), "32, 32, 4)"),
    (torch.zeros(2, 1, 32, 32), "1, 32, 32)"),
    (INPUT[:0], "(0, 3, 32, 32)"),
    (PIXELS[:0], "(0, 32, 32, 3)"),
    (INPUT.to(torch.uint8), "uint8"),
    (INPUT.double(), "float64"),
    (INPUT.half(), "float16"),
    (np.full((2, 3, 32, 32), "7"), "<U1"),
    (INPUT * float("nan"), "NaN"),
    (INPUT + float("inf"), "infinite"),
], ids=["None", "list", "one picture", "one input", "alpha", "alpha as floats", "one channel",
        "no input", "no pictures", "uint8 input", "float64 input", "float16 input", "text",
        "NaN", "infinite"])
def test_a_wrong_X_is_refused_by_name(function, X, came, tiny_model):
    with pytest.raises((TypeError, ValueError),
                       match=rf"(?s){function.__name__}: X .*{re.escape(came)}"):
        function(X, [1, 2], tiny_model)


@FUNCTIONS
@pytest.mark.parametrize(("X", "came"), [
    (PIXELS * 3, "from 300 to 300"), (PIXELS - 101, "from -1 to -1"),
    (PIXELS * np.nan, "NaN"), (PIXELS > 0, "bool"),
], ids=["above 255", "below 0", "NaN", "bool"])
def test_pictures_outside_0_to_255_are_refused(function, X, came, tiny_model):
    with pytest.raises((TypeError, ValueError),
                       match=rf"{function.__name__}: X .*{came}.*expected .*0…255"):
        function(X, [1, 2], tiny_model)


@FUNCTIONS
def test_a_single_picture_is_told_how_to_get_a_batch_dimension(function, tiny_model):
    with pytest.raises(ValueError, match=r"batch dimension: X\[None\]"):
        function(INPUT[0], [1], tiny_model)


@FUNCTIONS
@pytest.mark.parametrize(("y", "message"), [
    (None, "y is None; give one label per picture"),
    ([1], "y has 1 labels but X has 2 pictures; give one label per picture"),
    ([1, 2, 3], "y has 3 labels but X has 2 pictures"),
    ([1, 10], "y has the label 10; expected 0…9"),
    ([-1, 2], "y has the label -1; expected 0…9"),
    ([1.0, 2.0], "y is .*float64; expected whole numbers"),
    (torch.tensor([1.0, 2.0], requires_grad=True), "y is .*float32; expected whole numbers"),
    ([float("nan"), 1], "y is .*float64; expected whole numbers"),
    (["cat", "dog"], "y is .*; expected whole numbers"),
    ([True, False], "y is .*bool; expected whole numbers"),
    ([[1, 2]], r"y is .*\(1, 2\).*; expected whole numbers"),
    ([[1], [1, 2]], "y is list; expected whole numbers"),
    (3, r"y is .*\(\).*; expected whole numbers"),
], ids=["None", "too few", "too many", "too large", "negative", "float", "tracked float", "NaN",
        "text", "bool", "nested", "ragged", "one number"])
def test_wrong_labels_are_refused(function, y, message, tiny_model):
    with pytest.raises((TypeError, ValueError), match=f"{function.__name__}: {message}"):
        function(INPUT, y, tiny_model)


def test_squeezenets_labels_end_at_999(X5, model):
    with pytest.raises(ValueError, match="y has the label 1000; expected 0…999"):
        compute_saliency_maps(X5[:1], [1000], model)


@FUNCTIONS
def test_a_model_in_training_mode_is_refused(function, tiny_model):
    with pytest.raises(ValueError, match=rf"{function.__name__}: the model is in training mode"):
        function(INPUT, [1, 2], tiny_model.train())


@FUNCTIONS
def test_a_single_layer_in_training_mode_is_refused(function, tiny_model):
    tiny_model[0].train()
    with pytest.raises(ValueError, match=r"training mode.*model\.eval\(\)"):
        function(INPUT, [1, 2], tiny_model)


@FUNCTIONS
@pytest.mark.parametrize("model", [None, "squeezenet", lambda X: X], ids=["None", "text", "lambda"])
def test_what_is_no_model_is_refused(function, model):
    with pytest.raises(TypeError, match=rf"{function.__name__}: model is .*expected a torch.nn"):
        function(INPUT, [1, 2], model)


@FUNCTIONS
def test_a_model_that_gives_no_scores_is_refused(function):
    message = rf"{function.__name__}: the model gives .*expected scores"
    with pytest.raises(ValueError, match=message):
        function(INPUT, [1, 2], nn.Identity().eval())


@pytest.mark.parametrize(("options", "message"), [
    ({"n": 0}, "n is 0; expected 1 or more"),
    ({"n": -3}, "n is -3; expected 1 or more"),
    ({"n": 2.0}, "n is 2.0; expected a whole number"),
    ({"n": "2"}, "n is '2'; expected a whole number"),
    ({"n": True}, "n is True; expected a whole number"),
    ({"n": None}, "n is None; expected a whole number"),
    ({"batch_size": 0}, "batch_size is 0; expected 1 or more"),
    ({"batch_size": 2.5}, "batch_size is 2.5; expected a whole number"),
    ({"noise_pct": -0.1}, "noise_pct is -0.1; expected a share"),
    ({"noise_pct": float("nan")}, "noise_pct is nan; expected a share"),
    ({"noise_pct": float("inf")}, "noise_pct is inf; expected a share"),
    ({"noise_pct": "0.1"}, "noise_pct is str; expected a number"),
    ({"noise_pct": None}, "noise_pct is NoneType; expected a number"),
    ({"seed": -1}, "seed is -1; expected a whole number"),
    ({"seed": 0.5}, "seed is 0.5; expected a whole number"),
    ({"noise": "gausian"}, "noise is 'gausian'; expected one of .*Did you mean 'gaussian'"),
    ({"noise": None}, "noise is None; expected one of 'gaussian'"),
    ({"aggregate": "men"}, "aggregate is 'men'; expected one of .*Did you mean 'mean'"),
    ({"manner": "papr"}, "manner is 'papr'; expected one of .*Did you mean 'paper'"),
])
def test_a_wrong_option_of_smoothgrad_is_refused(options, message, tiny_model):
    with pytest.raises((TypeError, ValueError), match=f"smoothgrad: {message}"):
        smoothgrad(PIXELS, [1, 2], tiny_model, **options)


@pytest.mark.parametrize(("drawn", "message"), [
    (lambda shape: None, "noise gave NoneType; expected a tensor"),
    (lambda shape: torch.zeros(3), r"noise gave Tensor \(3,\).*expected .*\(32, 32, 3\)"),
    (lambda shape: torch.full(shape, float("nan")), "noise gave .*NaN"),
], ids=["nothing", "another shape", "NaN"])
def test_a_noise_source_that_gives_no_noise_is_refused(drawn, message, tiny_model):
    with pytest.raises((TypeError, ValueError), match=f"smoothgrad: {message}"):
        smoothgrad(PIXELS, [1, 2], tiny_model, noise=lambda shape, generator: drawn(shape))


def test_the_labs_noise_on_what_is_no_picture_is_refused(tiny_model):
    with pytest.raises(ValueError, match="smoothgrad: X is .*choose manner='paper'"):
        smoothgrad(INPUT + 9, [1, 2], tiny_model)
