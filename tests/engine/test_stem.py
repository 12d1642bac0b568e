"""The first layer's fast way back is the slow one."""

import pytest
import torch
from torch.nn import functional as F

from labutils.engine.squeezenet import POOLING, Stem, interleave, parity_kernels


@pytest.fixture
def weight() -> torch.Tensor:
    return torch.randn(8, 3, 3, 3, dtype=torch.float64,
                       generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [(16, 16), (17, 17), (16, 19), (21, 18)],
                         ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_way_back_is_the_gradient_autograd_gives(weight, size):
    X = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    bias = torch.linspace(-1, 1, 8, dtype=torch.float64)
    slow = F.max_pool2d(F.conv2d(X, weight, bias, stride=2), **POOLING)
    fast = Stem.apply(X, weight, bias, parity_kernels(weight))
    assert torch.equal(fast, slow)
    downstream = torch.randn_like(slow)
    expected, = torch.autograd.grad(slow, X, downstream)
    found, = torch.autograd.grad(fast, X, downstream)
    torch.testing.assert_close(found, expected)


def test_parts_of_each_parity_land_on_their_rows_and_columns():
    parts = torch.arange(4.0).reshape(1, 4, 1, 1).expand(1, 4, 2, 2)
    picture = interleave(parts, 4, 3)
    assert picture[0, 0].tolist() == [[0, 1, 0], [2, 3, 2], [0, 1, 0], [2, 3, 2]]
