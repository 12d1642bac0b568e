"""How many copies go through the network together."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

ON_A_CORE = 5  # larger ones fall out of the cache, and out of what a thread keeps of its memory
ON_A_GPU = 256


def good_batch_size(saliency: Callable[[Tensor], Tensor], inputs: Tensor) -> int:
    """Copies per forward pass.

    On a GPU as many as fit into half of its free memory, by the bytes that one copy is seen
    to take, at most ON_A_GPU.

    Args:
        saliency: (k, C, H, W) → saliency, as it will be computed.
        inputs: (N, C, H, W), of which the first is tried.
    """
    device = inputs.device
    if device.type != "cuda":
        return ON_A_CORE
    saliency(inputs[:1])  # what is set up once, such as the library's workspace, does not count
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    saliency(inputs[:1])
    one_copy = torch.cuda.max_memory_allocated(device) - before
    free, _ = torch.cuda.mem_get_info(device)
    return int(min(ON_A_GPU, max(1, free / 2 // max(1, one_copy))))


def even_batches(n: int, batch_size: int) -> Iterator[range]:
    """range(n) in batches of about one size.

    It does not depend on the number of threads, so that neither do the maps' last bits.
    """
    count = -(-n // batch_size)
    edges = [n * k // count for k in range(count + 1)]
    yield from map(range, edges[:-1], edges[1:])
