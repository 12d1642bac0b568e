"""The metrics are their formulas, and say what they cannot measure."""

import numpy as np
import pytest
import torch
from scipy import stats

from labutils import metrics

MAP = np.random.default_rng(0).random((7, 9))
OTHER = np.random.default_rng(1).random((7, 9))
TWO_MAPS = [metrics.relative_error, metrics.correlation, metrics.rank_correlation]
ONE_MAP = [metrics.total_variation, metrics.gini]


def test_the_relative_error_of_twice_the_map_is_one():
    assert metrics.relative_error(2 * MAP, MAP) == pytest.approx(1)
    assert metrics.relative_error(MAP, MAP) == 0


def test_correlations_agree_with_scipy():
    a, b = MAP.ravel(), OTHER.ravel()
    assert metrics.correlation(MAP, OTHER) == pytest.approx(stats.pearsonr(a, b).statistic)
    assert metrics.rank_correlation(MAP, OTHER) == pytest.approx(stats.spearmanr(a, b).statistic)


def test_only_the_rank_correlation_ignores_a_monotonic_change():
    assert metrics.rank_correlation(MAP, np.exp(9 * MAP)) == pytest.approx(1)
    assert metrics.correlation(MAP, np.exp(9 * MAP)) < 0.95
    assert metrics.correlation(MAP, 3 * MAP + 1) == pytest.approx(1)


def test_total_variation_of_known_maps():
    assert metrics.total_variation(np.ones((4, 5))) == 0
    # Rows equal, columns 0 and 1 in turn: (0 + 1) / 2 over a mean of 1/2.
    assert metrics.total_variation(np.tile([0.0, 1.0], (4, 3))) == pytest.approx(1)


@pytest.mark.parametrize("metric", ONE_MAP)
def test_brightness_does_not_count(metric):
    assert metric(MAP) == pytest.approx(metric(100 * MAP))


def test_gini_of_known_maps():
    assert metrics.gini(np.full((5, 5), 3.0)) == pytest.approx(0)
    single = np.zeros((5, 4))
    single[2, 1] = 7
    assert metrics.gini(single) == pytest.approx(1 - 1 / 20)
    # The mean absolute difference of all pairs over twice the mean is the same thing.
    pairs = np.abs(MAP.ravel()[:, None] - MAP.ravel()).mean() / (2 * MAP.mean())
    assert metrics.gini(MAP) == pytest.approx(pairs)


@pytest.mark.parametrize("metric", TWO_MAPS)
def test_tensors_and_arrays_measure_alike(metric):
    assert metric(torch.from_numpy(MAP), OTHER) == metric(MAP, torch.from_numpy(OTHER))


@pytest.mark.parametrize("metric", TWO_MAPS)
def test_two_maps_of_different_shapes_are_refused(metric):
    with pytest.raises(ValueError, match=r"\(7, 9\) and \(9, 7\)"):
        metric(MAP, MAP.T)


@pytest.mark.parametrize("metric", ONE_MAP)
@pytest.mark.parametrize("bad, words", [
    (MAP[None], r"\(1, 7, 9\)"), (-MAP, "negative"), (0 * MAP, "0 everywhere"),
    (np.where(MAP > 0.5, np.nan, MAP), "NaN"), ([[1.0]], "list")],
    ids=["several", "negative", "zero", "nan", "list"])
def test_what_one_map_cannot_be(metric, bad, words):
    with pytest.raises(ValueError, match=f"{metric.__name__}: .*{words}"):
        metric(bad)


def test_a_map_is_not_changed():
    m = torch.rand(4, 4)
    before = m.clone()
    metrics.gini(m)
    metrics.relative_error(m, m)
    assert torch.equal(m, before)


@pytest.mark.parametrize("metric", [metrics.correlation, metrics.rank_correlation])
@pytest.mark.parametrize(("maps", "which"), [
    ((np.full((7, 9), 0.1), MAP), "first"), ((MAP, np.full((7, 9), 0.1)), "second"),
    ((0 * MAP, MAP), "first"), ((MAP, 0 * MAP), "second")],
    ids=["first", "second", "first zero", "second zero"])
def test_a_constant_map_correlates_with_nothing(metric, maps, which):
    with pytest.raises(ValueError, match=f"{metric.__name__}: the {which} map is constant"):
        metric(*maps)


def test_a_relative_error_to_nothing_is_refused():
    with pytest.raises(ValueError, match="relative_error: the second map is 0 everywhere"):
        metrics.relative_error(MAP, 0 * MAP)


@pytest.mark.parametrize("metric", ONE_MAP)
def test_a_map_without_pixels_is_refused(metric):
    with pytest.raises(ValueError, match=rf"{metric.__name__}: the map is .*\(0, 9\)"):
        metric(MAP[:0])


@pytest.mark.parametrize("metric", TWO_MAPS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_tensors_of_any_precision_tracked_or_not_are_measured(metric, dtype):
    m = torch.from_numpy(MAP).to(dtype).requires_grad_()
    assert metric(m, OTHER) == pytest.approx(metric(MAP, OTHER), rel=0.05, abs=0.05)


@pytest.mark.parametrize("x", [
    np.ones(3), torch.ones(3), torch.ones(3, requires_grad=True), [1, 1, 1],
    torch.ones(3, dtype=torch.bfloat16), torch.ones(3, dtype=torch.bfloat16, requires_grad=True),
    torch.ones(3, dtype=torch.int64)],
    ids=["array", "tensor", "tracked", "list", "bfloat16", "tracked bfloat16", "integers"])
def test_to_numpy_takes_arrays_and_tensors(x):
    found = metrics.to_numpy(x)
    assert isinstance(found, np.ndarray) and found.tolist() == [1, 1, 1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_to_numpy_takes_tensors_on_a_gpu():
    assert metrics.to_numpy(torch.ones(3, device="cuda")).tolist() == [1, 1, 1]
