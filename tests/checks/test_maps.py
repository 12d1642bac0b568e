"""What follows a check gets the maps in one form."""

import numpy as np
import pytest
import torch

from labutils.checks import as_maps

MAPS = torch.rand(2, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("result", [
    MAPS, MAPS[:, None], MAPS.numpy(), list(MAPS), [m.numpy() for m in MAPS], MAPS.tolist(),
    MAPS.clone().requires_grad_()], ids=["tensor", "channel", "array", "list of tensors",
                                         "list of arrays", "numbers", "with a gradient"])
def test_every_accepted_form_becomes_the_same_tensor(result):
    maps = as_maps(result)
    assert maps.dtype == torch.float32 and not maps.requires_grad
    assert torch.equal(maps, MAPS.float())


def test_it_is_a_copy():
    given = MAPS.float()
    as_maps(given).zero_()
    assert torch.equal(given, MAPS.float())


@pytest.mark.parametrize("result, error, words", [
    ("maps", TypeError, "type str"), (MAPS.int(), TypeError, "torch.int32"),
    (MAPS[0], ValueError, r"shape \(4, 5\)"),
    (np.zeros((2, 3, 4, 5)), ValueError, r"shape \(2, 3, 4, 5\)")])
def test_anything_else_is_refused_in_words(result, error, words):
    with pytest.raises(error, match=words):
        as_maps(result)
