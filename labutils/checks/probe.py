"""A network that writes down what it is shown and which score is differentiated.

    S_c(x) = b_c + Σ_p w_cp · sin(ω x_p + φ_p),    ∂S_c/∂x_p = ω w_cp · cos(ω x_p + φ_p)

Cheap, smooth, and known in closed form. Noise turns the cosine's sign in many pixels,
so that the order of magnitude, maximum and mean makes a difference that can be seen.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from labutils.checks.messages import WRONG_INPUT
from labutils.checks.recorder import Recorder
from labutils.engine.door import describe
from labutils.engine.pixels import normalise

SIZE = 224
CLASSES = 1000  # as many as the notebooks' network has
LIVE = 4  # classes that depend on the picture; the others have the gradient 0
FAVOURITE = 3  # the class that wins everywhere, so a label is never the prediction
DEAD = 700  # a class without any gradient
OMEGA = 6.0
READ = 2048  # pixels that the recorder keeps of each copy


class ProbeNetwork(nn.Module):
    """The classifier of the module's docstring, (N, 3, 224, 224) → (N, 1000), frozen.

    On the device of the notebook's network, so that a student's code finds here what it
    finds there.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        inputs = 3 * SIZE * SIZE
        weight = (torch.rand(LIVE, inputs, generator=generator) - 0.5) * (12 / inputs) ** 0.5
        phase = torch.rand(3, SIZE, SIZE, generator=generator) * 2 * torch.pi
        bias = torch.zeros(LIVE)
        bias[FAVOURITE] = 4  # scores have a standard deviation of 0.7
        self.weight, self.phase, self.bias = (
            nn.Parameter(t, requires_grad=False) for t in (weight, phase, bias))
        self.pixels = some_pixels(seed)
        self.weight_read = weight.reshape(LIVE, 3, -1)[..., self.pixels].flatten(1)
        self.phase_read = phase.reshape(3, -1)[:, self.pixels]
        self.num_classes = CLASSES  # the notebooks' network has this attribute, too
        self.recorder: Recorder | None = None
        self.eval().to(device)

    def forward(self, X: Tensor) -> Tensor:
        if X.shape[1:] != self.phase.shape:
            raise ValueError(WRONG_INPUT.format(
                seen=describe(X), expected=f"(N, 3, {SIZE}, {SIZE})"))
        waves = torch.sin(torch.add(self.phase, X, alpha=OMEGA))
        scores = F.linear(waves.flatten(1), self.weight, self.bias)
        scores = F.pad(scores, (0, CLASSES - LIVE), value=-20.0)
        return scores if self.recorder is None else self.recorder.record(X, scores)

    def gradients(self, values: Tensor, sensitivities: Tensor) -> Tensor:
        """Σ_c sensitivity_c · ∂S_c/∂x at the recorder's pixels, in closed form.

        Args:
            values: (m, 3, READ), network inputs at the pixels.
            sensitivities: (m, CLASSES); one class's score has a 1 there.

        Returns:
            Tensor (m, 3, READ), on the CPU.
        """
        mixed = (sensitivities[:, :LIVE] @ self.weight_read).reshape(values.shape)
        return OMEGA * torch.cos(OMEGA * values + self.phase_read) * mixed


def probe_pictures(spreads: Sequence[float], seed: int) -> np.ndarray:
    """Blurry pictures with some grain, one for each standard deviation in grey levels.

    Returns:
        uint8 array (N, 224, 224, 3).
    """
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(len(spreads), 3, 8, 8, generator=generator)
    pictures = F.interpolate(coarse, size=SIZE, mode="bilinear")
    pictures += 0.2 * torch.randn(pictures.shape, generator=generator)
    # Colours of unequal contrast, or a deviation per colour would be that of all.
    pictures *= torch.tensor([1.3, 1.0, 0.6]).reshape(3, 1, 1)
    pictures -= pictures.mean(dim=(1, 2, 3), keepdim=True)
    std = pictures.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    pictures = 125 + torch.tensor(spreads).reshape(std.shape) * pictures / std
    return pictures.clamp(3, 252).byte().permute(0, 2, 3, 1).contiguous().numpy()


def network_inputs(X: np.ndarray) -> Tensor:
    """Pictures (N, H, W, 3) as ``preprocess`` gives them, (N, 3, H, W)."""
    return normalise(torch.from_numpy(X).permute(0, 3, 1, 2).float()).contiguous()


def some_pixels(seed: int) -> Tensor:
    """READ positions in a flattened picture, its corners among them."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(SIZE * SIZE, generator=generator)[:READ]
    chosen[:4] = torch.tensor([0, SIZE - 1, SIZE * (SIZE - 1), SIZE * SIZE - 1])
    return chosen
