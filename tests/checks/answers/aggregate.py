"""Answers to the exercise of notebook 06: an aggregation, (n, H, W) → (H, W)."""

import numpy as np
import torch
from answers.registry import AGGREGATE


@AGGREGATE.right
def root_mean_square(maps):
    return (maps**2).mean(dim=0).sqrt()


@AGGREGATE.right
def median_as_array(maps):
    return np.median(maps.numpy(), axis=0)


@AGGREGATE.right
def geometric(maps):
    return (maps + 1e-12).log().mean(dim=0).exp()


@AGGREGATE.right
def middle_of_the_range(maps):
    return (maps.amax(dim=0) + maps.amin(dim=0)) / 2


@AGGREGATE.right
def spread(maps):
    return maps.var(dim=0)


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
