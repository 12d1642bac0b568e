"""Every aggregation is its formula, streams leave the samples alone, snapshots are shorter runs."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from labutils import aggregations
from labutils.aggregations import AGGREGATIONS, REDUCTIONS, Variance, own_aggregation
from labutils.smoothgrad import smoothgrad, smoothgrad_snapshots

LABELS = [3, 0, 7]
FORMULAS = {
    "mean": lambda maps: maps.mean(axis=0),
    "mean_square": lambda maps: np.square(maps).mean(axis=0),
    "variance": lambda maps: maps.var(axis=0),
    "maximum": lambda maps: maps.max(axis=0),
    "median": lambda maps: np.median(maps, axis=0),
    "geometric_mean": lambda maps: stats.gmean(maps, axis=0),
    "trimmed_mean": lambda maps: stats.trim_mean(maps, 0.1, axis=0),
    "mean_and_error": lambda maps: np.stack([maps.mean(axis=0), stats.sem(maps, axis=0)]),
}


REFUSED = [("geometric_mean", "signed"), ("mean_and_error", "signed")]


def some_maps(n: int, shape: tuple[int, ...] = (6, 5)) -> Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(n)) + 0.01


def aggregated(name: str, maps: Tensor) -> Tensor:
    aggregator = AGGREGATIONS[name]()
    for sample in maps:
        aggregator.add(sample)
    return aggregator.result()


def test_every_aggregation_has_its_formula_here():
    assert set(FORMULAS) == set(AGGREGATIONS)


@pytest.mark.parametrize("n", [1, 2, 9, 10, 25])
@pytest.mark.parametrize("name", AGGREGATIONS)
def test_an_aggregation_is_its_formula(name, n):
    maps = some_maps(n)
    if (name, n) == ("mean_and_error", 1):
        with pytest.raises(ValueError, match="n is 1"):
            aggregated(name, maps)
        return
    expected = FORMULAS[name](maps.double().numpy())
    np.testing.assert_allclose(aggregated(name, maps), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_no_aggregation_changes_its_samples_or_an_earlier_result(name):
    maps = some_maps(12)
    before = maps.clone()
    aggregator = AGGREGATIONS[name]()
    for sample in maps[:4]:
        aggregator.add(sample)
    early = aggregator.result()
    kept = early.clone()
    for sample in maps[4:]:
        aggregator.add(sample)
    aggregator.result().zero_()
    assert torch.equal(maps, before) and torch.equal(early, kept)
    np.testing.assert_allclose(
        aggregator.result(), FORMULAS[name](maps.double().numpy()), rtol=1e-5)


def test_the_variance_is_never_negative():
    # Nearly equal values: mean of squares minus square of the mean is negative here.
    maps = 1000 + 1e-4 * torch.randn(50, 40, 40, generator=torch.Generator().manual_seed(0))
    assert (maps.square().mean(dim=0) - maps.mean(dim=0).square()).min() < 0
    assert aggregated("variance", maps).min() >= 0


def test_the_variance_of_equal_samples_is_exactly_0():
    variance = Variance()
    for _ in range(7):
        variance.add(torch.tensor([0.1, 1e6, -3.3]))
    assert variance.result().tolist() == [0, 0, 0]


def test_one_zero_makes_the_geometric_mean_zero_and_finite():
    maps = some_maps(5)
    maps[2, 0, 0] = 0
    result = aggregated("geometric_mean", maps)
    assert result[0, 0] == 0
    assert torch.isfinite(result).all() and (result.flatten()[1:] > 0).all()


@pytest.mark.parametrize("name", ["median", "trimmed_mean"])
@pytest.mark.parametrize("shape", [(6, 5), (3, 6, 5)], ids=["reduced", "signed"])
def test_sorting_some_rows_at_a_time_gives_the_same(monkeypatch, name, shape):
    maps = some_maps(11, shape)
    whole = aggregated(name, maps)
    monkeypatch.setattr(aggregations, "CHUNK", 11 * maps[0].numel() // 3)
    torch.testing.assert_close(aggregated(name, maps), whole)


@pytest.mark.parametrize("reduction, expected", [
    ("max_abs", [[[3.0]]]), ("sum_abs", [[[6.0]]]), ("signed", [[[1.0]], [[-3.0]], [[2.0]]])])
def test_a_reduction_joins_the_channels(reduction, expected):
    saliency = torch.tensor([1.0, -3.0, 2.0]).reshape(1, 3, 1, 1)
    assert REDUCTIONS[reduction](saliency)[0].tolist() == (
        expected if reduction == "signed" else expected[0])


@pytest.mark.parametrize("aggregate, reduction", [
    (aggregate, reduction) for aggregate in AGGREGATIONS for reduction in REDUCTIONS
    if (aggregate, reduction) not in REFUSED])
def test_snapshots_are_what_shorter_runs_give(tiny_pictures, tiny_model, aggregate, reduction):
    options = dict(noise_pct=0.5, seed=0, aggregate=aggregate, reduction=reduction)
    least = 2 if aggregate == "mean_and_error" else 1
    counts = [4, least, 7]
    found = list(smoothgrad_snapshots(tiny_pictures, LABELS, tiny_model, counts, **options))
    assert [(i, n) for i, n, _ in found] == [(i, n) for i in range(3) for n in (least, 4, 7)]
    for n in counts:
        expected = smoothgrad(tiny_pictures, LABELS, tiny_model, n=n, **options)
        maps = torch.stack([m for _, count, m in found if count == n])
        torch.testing.assert_close(maps, expected)


def test_snapshots_come_while_the_run_goes_on(tiny_pictures, tiny_model):
    drawn = []

    def counting(shape, generator):
        drawn.append(shape)
        return torch.zeros(shape)

    snapshots = smoothgrad_snapshots(tiny_pictures[:1], [3], tiny_model, [5, 1000], noise=counting)
    assert next(snapshots)[:2] == (0, 5)
    assert len(drawn) < 200
    snapshots.close()


def test_snapshots_complain_at_the_call_not_at_the_first_map(tiny_pictures, tiny_model):
    with pytest.raises(ValueError, match="counts is empty"):
        smoothgrad_snapshots(tiny_pictures, LABELS, tiny_model, [])
    with pytest.raises(ValueError, match="n is 0"):
        smoothgrad_snapshots(tiny_pictures, LABELS, tiny_model, [5, 0])


def test_an_aggregation_of_ones_own_gets_all_maps(tiny_pictures, tiny_model):
    options = dict(n=5, noise_pct=0.5, seed=0)
    found = smoothgrad(tiny_pictures, LABELS, tiny_model,
                       aggregate=lambda maps: maps.min(dim=0).values, **options)
    stack = []
    smoothgrad(tiny_pictures, LABELS, tiny_model,
               aggregate=lambda maps: stack.append(maps) or maps[0], **options)
    assert [maps.shape for maps in stack] == [(5, 16, 18)] * 3
    assert torch.equal(found, torch.stack([maps.min(dim=0).values for maps in stack]))


def test_an_aggregation_of_ones_own_may_change_its_argument():
    aggregator = own_aggregation(lambda maps: maps.mul_(0).sum(dim=0))()
    sample = torch.ones(2, 2)
    aggregator.add(sample)
    aggregator.result()
    assert torch.equal(sample, torch.ones(2, 2))


@pytest.mark.parametrize("combine, words", [
    (lambda maps: maps, r"Tensor \(5, 16, 18\).*expected one map of shape \(16, 18\)"),
    (lambda maps: maps.median(dim=0), "median"),
    (lambda maps: None, "NoneType")], ids=["all maps", "a pair", "nothing"])
def test_a_wrong_result_of_ones_own_aggregation_is_named(
        tiny_pictures, tiny_model, combine, words):
    with pytest.raises(ValueError, match=f"aggregate gave.*{words}"):
        smoothgrad(tiny_pictures, LABELS, tiny_model, n=5, aggregate=combine)


@pytest.mark.parametrize("argument, value, suggestion", [
    ("aggregate", "medain", "median"), ("aggregate", "varience", "variance"),
    ("reduction", "max-abs", "max_abs"), ("noise", "gausian", "gaussian"),
    ("noise", "salt and pepper", "salt_and_pepper")])
def test_an_unknown_name_lists_the_valid_ones_and_suggests_the_nearest(
        tiny_pictures, tiny_model, argument, value, suggestion):
    with pytest.raises(ValueError, match=rf"{argument} is '{value}'.*Did you mean '{suggestion}'"):
        smoothgrad(tiny_pictures, LABELS, tiny_model, n=1, **{argument: value})


@pytest.mark.parametrize(("aggregate", "why"), [
    ("geometric_mean", "negative"), ("mean_and_error", "three channels")])
def test_an_aggregation_that_signed_values_do_not_have_is_refused(
        tiny_pictures, tiny_model, aggregate, why):
    with pytest.raises(ValueError, match=f"{aggregate}.*{why}"):
        smoothgrad(tiny_pictures, LABELS, tiny_model, aggregate=aggregate,
                   reduction="signed")
