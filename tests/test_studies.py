"""The studies' maps are SmoothGrad's, and their shares count what the network says."""

import numpy as np
import pytest
import torch

from labutils import studies
from labutils.metrics import correlation, relative_error, total_variation
from labutils.smoothgrad import smoothgrad

LABEL = 3


class Brighter(torch.nn.Module):
    """Class 1 for copies brighter in the mean than a threshold, class 0 for the others."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.threshold = torch.nn.Parameter(torch.tensor(threshold))
        self.asked: list[torch.Tensor] = []

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        self.asked.append(X.detach().clone())
        margin = X.flatten(1).mean(dim=1) - self.threshold
        return torch.stack([-margin, margin], dim=1)


def test_the_first_choice_is_the_class_with_the_highest_score(pictures, model, X5):
    with torch.no_grad():
        expected = model(X5).argmax(dim=1)
    assert studies.first_choices(pictures.X, model).tolist() == expected.tolist()


def test_without_noise_all_copies_are_right_or_none(tiny_pictures):
    dark = Brighter(100.0).eval()
    assert studies.share_right(tiny_pictures[0], 0, dark, 0) == 1
    assert studies.share_right(tiny_pictures[0], 1, dark, 0) == 0


@pytest.mark.parametrize("manner", ["lab", "paper"])
def test_the_share_counts_copies_that_the_network_calls_by_the_label(tiny_pictures, manner):
    x = tiny_pictures[1]
    listening = Brighter(0.0).eval()
    studies.share_right(x, 1, listening, 0.5, copies=9, manner=manner)
    means = listening.asked[-1].flatten(1).mean(dim=1)
    threshold = means.sort().values[2:4].mean()  # three of nine lie below
    share = studies.share_right(x, 1, Brighter(float(threshold)).eval(), 0.5, copies=9,
                                manner=manner)
    assert share == pytest.approx(6 / 9)


@pytest.mark.parametrize("manner", ["lab", "paper"])
def test_the_copies_that_are_asked_are_those_that_smoothgrad_averages(tiny_pictures, manner):
    x, listening, averaged = tiny_pictures[1], Brighter(0.0).eval(), []

    def method(X, y, model):
        averaged.append(X.clone())
        return X

    studies.share_right(x, 1, listening, 0.5, copies=3, manner=manner, seed=4)
    asked = listening.asked[-1]
    smoothgrad(x[None], [1], listening, 3, 0.5, method=method, manner=manner, seed=4)
    torch.testing.assert_close(torch.cat(averaged)[-3:], asked)


def test_a_strength_study_is_smoothgrad_at_every_strength(tiny_pictures, tiny_model):
    x = tiny_pictures[1]
    maps, table = studies.strength_study(x, LABEL, tiny_model, [0.4, 0], n=3, copies=2, seed=5)
    expected = smoothgrad(x[None], [LABEL], tiny_model, 3, 0.4, seed=5)[0]
    vanilla = smoothgrad(x[None], [LABEL], tiny_model, 1, 0)[0]
    assert torch.equal(maps[0.4], expected) and torch.equal(maps[0], vanilla)
    assert table.index.tolist() == [0.4, 0]
    assert table.loc[0.4, "correlation"] == pytest.approx(correlation(expected, vanilla))
    assert table.loc[0.4, "total variation"] == pytest.approx(total_variation(expected))
    assert table.loc[0, "correlation"] == pytest.approx(1)


def test_the_manner_reaches_the_maps_of_a_strength_study(tiny_pictures, tiny_model):
    x = tiny_pictures[1]
    maps, _ = studies.strength_study(x, LABEL, tiny_model, [0.2], n=3, manner="paper")
    expected = smoothgrad(x[None], [LABEL], tiny_model, 3, 0.2, manner="paper", seed=0)[0]
    assert torch.equal(maps[0.2], expected)


def test_one_run_gives_every_pictures_map_at_every_count(tiny_pictures, tiny_model):
    y = [LABEL, 8, 1]
    maps = studies.maps_at_counts(tiny_pictures, y, tiny_model, [4, 2], 6, noise_pct=0.3)
    assert list(maps) == [2, 4]
    for n, found in maps.items():
        expected = smoothgrad(tiny_pictures, y, tiny_model, n, 0.3, seed=6)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("options", [{}, {"noise": "smooth", "reduction": "sum_abs"}])
def test_the_maps_of_copies_are_those_that_smoothgrad_averages(
        tiny_pictures, tiny_model, options):
    y = [LABEL, 8, 1]
    maps = studies.maps_of_copies(tiny_pictures, y, tiny_model, 5, 0.3, seed=6, **options)
    assert maps.shape == (3, 5, *tiny_pictures.shape[1:3])
    for aggregate, expected in (("mean", maps.mean(dim=1)), ("maximum", maps.amax(dim=1))):
        found = smoothgrad(tiny_pictures, y, tiny_model, 5, 0.3, seed=6, aggregate=aggregate,
                           **options)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


def test_a_table_has_a_row_per_count_and_a_column_per_picture():
    rng = np.random.default_rng(0)
    first = {n: rng.random((2, 4, 5)) for n in (1, 7)}
    second = {n: rng.random((2, 4, 5)) for n in (7, 1)}
    table = studies.table_of(relative_error, first, second, ["dog", "cat"])
    assert table.loc[7, "cat"] == relative_error(first[7][1], second[7][1])
    assert (table.index.tolist(), list(table)) == ([1, 7], ["dog", "cat"])
