"""Shifted copies: the grid goes, the noise stays, and without shifts nothing is different."""

import numpy as np
import pytest
import torch
from conftest import NEAR_EDGES, relative_difference
from test_smoothgrad import LABELS, Recorder
from torch import Tensor

from labutils.engine.copies import shift_of
from labutils.noise import NOISE_SOURCES
from labutils.saliency import compute_saliency_maps
from labutils.smoothgrad import plain_smoothgrad, smoothgrad, smoothgrad_snapshots


def without_channels(X: Tensor, y: list[int], model: torch.nn.Module) -> Tensor:
    return compute_saliency_maps(X, y, model).amax(dim=1)


@pytest.mark.parametrize("shifts", [1, 2, 3, 4])
def test_the_shifts_are_shared_out_evenly_over_the_copies(shifts):
    pairs = [shift_of(k, shifts) for k in range(shifts**2)]
    assert sorted(pairs) == [(dy, dx) for dy in range(shifts) for dx in range(shifts)]
    assert [shift_of(k + shifts**2, shifts) for k in range(shifts**2)] == pairs
    for first in range(0, shifts**2, shifts):  # a few copies have every row and every column
        rows, columns = zip(*pairs[first : first + shifts], strict=True)
        assert sorted(rows) == sorted(columns) == list(range(shifts))


@pytest.mark.parametrize("manner, reduction, aggregate", [
    ("lab", "max_abs", "mean"), ("paper", "signed", "mean"), ("lab", "sum_abs", "median")])
@pytest.mark.parametrize("method", [compute_saliency_maps, without_channels])
def test_shifted_copies_are_those_of_the_plain_loop(
        tiny_pictures, tiny_model, method, manner, reduction, aggregate):
    options = {"method": method, "manner": manner, "reduction": reduction,
               "aggregate": aggregate, "seed": 5, "shifts": 3}
    found = smoothgrad(tiny_pictures[:2], LABELS[:2], tiny_model, 11, 0.2, batch_size=4, **options)
    expected = plain_smoothgrad(tiny_pictures[:2], LABELS[:2], tiny_model, 11, 0.2,
                                noise=NOISE_SOURCES["gaussian"], **options)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    without = smoothgrad(tiny_pictures[:2], LABELS[:2], tiny_model, 11, 0.2, batch_size=4,
                         **options | {"shifts": 1})
    assert relative_difference(found, without) > 0.01


def test_shifted_copies_on_squeezenet_are_those_of_the_plain_loop(pictures, model):
    options = {"manner": "lab", "reduction": "max_abs", "aggregate": "mean", "seed": 5,
               "shifts": 4}
    found = smoothgrad(pictures.X[:1], pictures.y[:1], model, 4, 0.1, **options)
    expected = plain_smoothgrad(pictures.X[:1], pictures.y[:1], model, 4, 0.1,
                                method=compute_saliency_maps, noise=NOISE_SOURCES["gaussian"],
                                **options)
    assert relative_difference(found, expected) < NEAR_EDGES


def test_the_map_of_a_shifted_copy_is_the_plain_map_of_the_rolled_picture(pictures, model):
    x, y = pictures.X[:1], pictures.y[:1]
    # With shifts=5 copy 4 is rolled by a whole stride of 4 rows and columns.
    assert shift_of(4, 5) == (4, 4)
    maps = {n: saliency_map for _, n, saliency_map in smoothgrad_snapshots(
        x, y, model, [4, 5], 0, shifts=5)}
    rolled = smoothgrad(np.roll(x, (4, 4), axis=(1, 2)), y, model, 1, 0)[0]
    torch.testing.assert_close(5 * maps[5] - 4 * maps[4], rolled.roll((-4, -4), dims=(0, 1)),
                               rtol=1e-4, atol=1e-5 * float(rolled.max()))


def test_all_shifts_without_noise_are_the_mean_of_rolled_maps(tiny_pictures, tiny_model):
    x, y = tiny_pictures[:1], LABELS[:1]
    maps = [smoothgrad(np.roll(x, (dy, dx), axis=(1, 2)), y, tiny_model, 1, 0)[0].roll(
        (-dy, -dx), dims=(0, 1)) for dy in range(2) for dx in range(2)]
    torch.testing.assert_close(smoothgrad(x, y, tiny_model, 4, 0, shifts=2)[0],
                               torch.stack(maps).mean(dim=0))


def rows_modulo_four(saliency_map: Tensor) -> Tensor:
    """The mean of every fourth row, from each of the first four on, as a share of the map's."""
    return torch.stack([saliency_map[r::4].mean() for r in range(4)]) / saliency_map.mean()


def test_the_grid_is_gone_with_four_shifts(pictures, model):
    x, y = pictures.X[:1], pictures.y[:1]
    with_grid, without = (rows_modulo_four(smoothgrad(x, y, model, 16, 0.1, seed=0,
                                                      shifts=shifts)[0])
                          for shifts in (None, 4))
    assert with_grid.max() - with_grid.min() > 0.3
    assert without.max() - without.min() < 0.05


@pytest.mark.parametrize("shifts", [None, 1])
def test_without_shifts_nothing_is_different(tiny_pictures, tiny_model, shifts):
    expected = smoothgrad(tiny_pictures, LABELS, tiny_model, n=5, seed=0)
    assert torch.equal(
        smoothgrad(tiny_pictures, LABELS, tiny_model, n=5, seed=0, shifts=shifts), expected)


def test_the_noise_of_a_copy_is_the_same_with_and_without_shifts(tiny_pictures, tiny_model):
    drawn = []
    for shifts in (None, 4):
        recorder = Recorder()
        smoothgrad(tiny_pictures, LABELS, tiny_model, n=5, seed=0, shifts=shifts, noise=recorder)
        drawn.append(torch.stack(recorder.drawn))
    assert torch.equal(*drawn)


@pytest.mark.parametrize("batch_size", [1, 3, 7])
def test_shifted_maps_are_the_same_at_every_batch_size(tiny_pictures, tiny_model, batch_size):
    maps = [smoothgrad(tiny_pictures, LABELS, tiny_model, n=7, seed=0, shifts=4, batch_size=b)
            for b in (batch_size, 5)]
    torch.testing.assert_close(*maps)


def test_snapshots_of_a_shifted_run_are_its_first_copies(tiny_pictures, tiny_model):
    options = {"seed": 0, "shifts": 3}
    for i, n, saliency_map in smoothgrad_snapshots(
            tiny_pictures, LABELS, tiny_model, [2, 9], **options):
        expected = smoothgrad(tiny_pictures, LABELS, tiny_model, n=n, **options)[i]
        torch.testing.assert_close(saliency_map, expected)


@pytest.mark.parametrize("shifts", [0, -4, 2.0, "4", True, (4, 4)])
def test_shifts_that_are_none_are_refused(tiny_pictures, tiny_model, shifts):
    for function, n in ((smoothgrad, 2), (smoothgrad_snapshots, [2])):
        with pytest.raises((TypeError, ValueError), match="^smoothgrad: shifts is .*expected"):
            function(tiny_pictures, LABELS, tiny_model, n, shifts=shifts)


def test_more_shifts_than_rows_are_refused(tiny_pictures, tiny_model):
    with pytest.raises(ValueError, match="shifts is 17, and the pictures are 16×18"):
        smoothgrad(tiny_pictures, LABELS, tiny_model, n=2, shifts=17)


def test_coarse_maps_cannot_be_rolled_back(tiny_pictures, tiny_model):
    def coarse(X, y, model):
        return X.mean(dim=1)[:, :5, :6]

    with pytest.raises(ValueError, match="shifts is 4, and method gave maps of 5×6 for pictures "
                                         "of 16×18"):
        smoothgrad(tiny_pictures, LABELS, tiny_model, n=2, shifts=4, method=coarse)


def test_a_copy_that_breaks_is_found_again_where_it_was_rolled_to(tiny_pictures, tiny_model):
    class Corner(torch.nn.Module):
        """Not finite where the picture's own corner has come to (1, 1)."""

        def forward(self, X):
            return tiny_model(X) / (X[:, 0, 1, 1] != self.corner)[:, None]

    model, X = Corner().eval(), torch.randn(1, 3, 16, 18,
                                            generator=torch.Generator().manual_seed(0))
    model.corner = X[0, 0, 0, 0]
    with pytest.raises(ValueError, match=r"picture 0 .*in copy 1; .*not finite from .*\(Corner\)"):
        smoothgrad(X, [3], model, n=4, noise_pct=0, shifts=4)
