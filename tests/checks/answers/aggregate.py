"""Answers to the exercise of notebook 06: an aggregation, (n, H, W) → (H, W)."""

import numpy as np
import torch
from answers.registry import AGGREGATE

from labutils.aggregations import AGGREGATIONS


@AGGREGATE.right
def root_mean_square(maps):
    return (maps**2).mean(dim=0).sqrt()


@AGGREGATE.wrong("given_rule")
def median_as_array(maps):
    return np.median(maps.numpy(), axis=0)


@AGGREGATE.right
def geometric(maps):
    return (maps + 1e-12).log().mean(dim=0).exp()


@AGGREGATE.right
def middle_of_the_range(maps):
    return (maps.amax(dim=0) + maps.amin(dim=0)) / 2


@AGGREGATE.wrong("given_rule")
def spread(maps):
    """Divided by n − 1: the given variance up to a factor."""
    return maps.var(dim=0)


@AGGREGATE.wrong("given_rule")
def plain_mean(maps):
    return maps.mean(dim=0)


@AGGREGATE.wrong("given_rule")
def mean_in_a_loop(maps):
    total = torch.zeros(maps.shape[1:])
    for saliency_map in maps:
        total += saliency_map / len(maps)
    return total


@AGGREGATE.wrong("given_rule")
def mean_of_which_the_brightest_is_one(maps):
    mean = maps.mean(dim=0)
    return mean / mean.max().clamp_min(1e-12)


@AGGREGATE.wrong("given_rule")
def lower_of_two_medians(maps):
    return maps.median(dim=0).values


@AGGREGATE.wrong("given_rule")
def maximum(maps):
    return maps.amax(dim=0)


@AGGREGATE.wrong("given_rule")
def scipys_trimmed_mean(maps):
    ordered, cut = np.sort(maps.numpy(), axis=0), int(0.1 * len(maps))
    return ordered[cut:len(maps) - cut].mean(axis=0)


@AGGREGATE.wrong("given_rule")
def mean_of_squares(maps):
    return torch.einsum("nhw,nhw->hw", maps, maps) / len(maps)


@AGGREGATE.wrong("given_rule")
def the_textbooks_variance(maps):
    return ((maps**2).mean(dim=0) - maps.mean(dim=0) ** 2).clamp_min(0)


@AGGREGATE.wrong("given_rule")
def the_engines_trimmed_mean(maps):
    aggregator = AGGREGATIONS["trimmed_mean"]()
    for saliency_map in maps:
        aggregator.add(saliency_map)
    return aggregator.result()


@AGGREGATE.right
def standard_deviation(maps):
    return maps.std(dim=0)


@AGGREGATE.right
def mean_without_zeros(maps):
    """The given mean, except where a copy is 0."""
    return maps.sum(dim=0) / (maps > 0).sum(dim=0).clamp_min(1)


@AGGREGATE.right
def mean_without_outliers(maps):
    """The given mean, except where a copy lies five deviations off."""
    distance = (maps - maps.mean(dim=0)).abs()
    kept = (distance <= 5 * maps.std(dim=0, correction=0)).float()
    return (kept * maps).sum(dim=0) / kept.sum(dim=0).clamp_min(1)


@AGGREGATE.right
def mean_of_what_is_not_faint(maps):
    return torch.where(maps < 0.01, 0, maps).mean(dim=0)


@AGGREGATE.right
def mean_of_capped_maps(maps):
    return maps.clamp(max=10).mean(dim=0)


@AGGREGATE.right
def a_fifth_trimmed(maps):
    cut = len(maps) // 5
    return maps.sort(dim=0).values[cut:len(maps) - cut].mean(dim=0)


@AGGREGATE.right
def all_but_the_darkest_and_the_brightest(maps):
    return maps.sort(dim=0).values[1:-1].mean(dim=0)


@AGGREGATE.right
def lower_quartile(maps):
    return maps.quantile(0.25, dim=0)


@AGGREGATE.right
def nearly_the_maximum(maps):
    return maps.quantile(0.95, dim=0)


@AGGREGATE.right
def mean_of_normalised_maps(maps):
    return (maps / maps.amax(dim=(1, 2), keepdim=True).clamp_min(1e-12)).mean(dim=0)


@AGGREGATE.right
def harmonic(maps):
    return 1 / (1 / (maps + 1e-6)).mean(dim=0)


@AGGREGATE.right
def median_deviation(maps):
    return (maps - maps.median(dim=0).values).abs().median(dim=0).values


@AGGREGATE.right
def share_above_the_mean(maps):
    """Noted, not rejected: the result does not depend on the brightness."""
    return (maps > maps.mean()).float().mean(dim=0)


@AGGREGATE.right
def share_above_a_hundredth(maps):
    return (maps > 0.01).float().mean(dim=0)


@AGGREGATE.right
def share_among_the_brightest_tenth(maps):
    limits = maps.flatten(1).quantile(0.9, dim=1)
    return (maps >= limits[:, None, None]).float().mean(dim=0)


@AGGREGATE.right
def brightest_half(maps):
    total = maps.sum(dim=(1, 2))
    return maps[total.topk(max(1, len(maps) // 2)).indices].mean(dim=0)


@AGGREGATE.right
def half_nearest_to_the_mean(maps):
    distance = (maps - maps.mean(dim=0)).flatten(1).norm(dim=1)
    return maps[distance.argsort()[:max(1, len(maps) // 2)]].mean(dim=0)


@AGGREGATE.wrong("order_matters")
def ten_at_most(maps):
    return maps[:10].mean(dim=0)


@AGGREGATE.right
def lopsidedness(maps):
    """The magnitude of the skewness: differences of nearly equal numbers."""
    d = maps - maps.mean(dim=0)
    return (d**3).mean(dim=0).abs() / (d.pow(2).mean(dim=0).pow(1.5) + 1e-9)


@AGGREGATE.right
def surely_this_bright(maps):
    return (maps.mean(dim=0) - 2 * maps.std(dim=0)).clamp_min(0)


@AGGREGATE.right
def mean_less_two_of_its_errors(maps):
    """Bounded by the mean, which it comes near as n grows."""
    return (maps.mean(dim=0) - 2 * maps.std(dim=0) / len(maps) ** 0.5).clamp_min(0)


@AGGREGATE.right
def three_brightest(maps):
    return maps.topk(min(3, len(maps)), dim=0).values.mean(dim=0)


@AGGREGATE.right
def second_brightest(maps):
    return maps.sort(dim=0).values[-2]


@AGGREGATE.right
def second_darkest(maps):
    return maps.kthvalue(2, dim=0).values


@AGGREGATE.right
def difference_of_all_pairs(maps):
    return (maps[:, None] - maps[None]).abs().mean(dim=(0, 1))


@AGGREGATE.wrong("not_implemented")
def nothing_returned(maps):
    maps.mean(dim=0)


@AGGREGATE.wrong("raises")
def array_method_of_a_tensor(maps):
    return maps.mean(axis=0).astype("float32")


@AGGREGATE.wrong("wrong_type")
def values_and_indices(maps):
    return maps.median(dim=0)


@AGGREGATE.wrong("wrong_type")
def yes_or_no(maps):
    return maps.mean(dim=0) > 0.5


@AGGREGATE.wrong("wrong_shape")
def over_everything(maps):
    return maps.mean()


@AGGREGATE.wrong("wrong_shape")
def over_the_last_axis(maps):
    return maps.mean(dim=-1)


@AGGREGATE.wrong("not_finite")
def geometric_by_dividing(maps):
    return maps.mean(dim=0) / (maps == 0).logical_not().all(dim=0)


@AGGREGATE.wrong("not_finite")
def relative_spread(maps):
    return maps.std(dim=0) / maps.mean(dim=0)


@AGGREGATE.wrong("changes_input")
def squared_in_place(maps):
    return maps.pow_(2).mean(dim=0)


@AGGREGATE.wrong("changes_input")
def added_to_the_first(maps):
    total = maps[0]
    for saliency_map in maps[1:]:
        total += saliency_map
    return total / len(maps)


@AGGREGATE.wrong("ignores_maps")
def last_map(maps):
    for saliency_map in maps:
        result = saliency_map
    return result


@AGGREGATE.wrong("ignores_maps")
def first_map_left_out(maps):
    return maps[1:].mean(dim=0) if len(maps) > 1 else maps[0]


@AGGREGATE.wrong("grows_with_n")
def total(maps):
    return maps.sum(dim=0)


@AGGREGATE.wrong("grows_with_n")
def product(maps):
    return maps.prod(dim=0)


@AGGREGATE.wrong("order_matters")
def running_mean_by_halves(maps):
    result = maps[0]
    for saliency_map in maps[1:]:
        result = (result + saliency_map) / 2
    return result


@AGGREGATE.wrong("order_matters")
def later_maps_count_more(maps):
    weights = torch.arange(1, len(maps) + 1).float()
    return torch.einsum("n,nhw->hw", weights / weights.sum(), maps)


@AGGREGATE.wrong("negative_values")
def at_least_this_bright(maps):
    return maps.mean(dim=0) - 2 * maps.std(dim=0)


@AGGREGATE.wrong("negative_values")
def logarithm(maps):
    return (maps + 0.001).log().mean(dim=0)


@AGGREGATE.wrong("order_matters")
def change_from_copy_to_copy(maps):
    return maps.diff(dim=0).abs().mean(dim=0)


@AGGREGATE.wrong("not_reproducible")
def three_at_random(maps):
    return maps[torch.randperm(len(maps))[:3]].mean(dim=0)


@AGGREGATE.wrong("grows_with_n")
def error_of_the_mean(maps):
    return maps.std(dim=0) / len(maps) ** 0.5


@AGGREGATE.wrong("grows_with_n")
def root_of_the_sum_of_squares(maps):
    return maps.norm(dim=0)


@AGGREGATE.wrong("grows_with_n")
def soft_maximum(maps):
    """Grows like the logarithm of n."""
    return maps.logsumexp(dim=0)


@AGGREGATE.wrong("grows_with_n")
def divided_by_n_twice(maps):
    return maps.mean(dim=0) / len(maps)
