"""Figures of the series: pictures, maps, histograms, always with alt text.

Functions return a matplotlib figure; ``show`` puts it into the notebook.
"""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from labutils.metrics import to_numpy

PANEL = 1.9  # inches per picture: five side by side fit a laptop's page
WIDTH = 5 * PANEL
DPI = 100
DRAWINGS = Path(__file__).resolve().parents[1] / "notebooks" / "images"
MAP_COLOURS = "magma"
SIGNED_COLOURS = "RdBu_r"


def show(fig: Figure, alt: str) -> None:
    """Display a figure with alt text for readers who cannot see it; see ``html_figure``."""
    display(html_figure(fig, alt))


def html_figure(fig: Figure, alt: str) -> HTML:
    """A figure with alt text, to be displayed or to replace another in its place.

    Jupyter's own display of a figure has no alt text, so the picture is sent
    as an HTML image: WebP, a tenth of the size of a PNG for noisy maps.

    Args:
        fig: a matplotlib figure; it is closed afterwards.
        alt: what the figure shows, in one or two sentences.

    Raises:
        ValueError: alt is empty.
    """
    if not isinstance(alt, str) or not alt.strip():
        plt.close(fig)
        raise ValueError("show: alt is empty; say in a sentence what the figure shows.")
    buffer = io.BytesIO()
    fig.savefig(buffer, format="webp", dpi=DPI, bbox_inches="tight",
                pil_kwargs={"quality": 84})
    plt.close(fig)
    return _image(buffer.getvalue(), "webp", alt)


def show_drawing(name: str, alt: str) -> None:
    """Display ``notebooks/images/NAME.svg``.

    A cell shows it, because Colab's text cells find no file beside a notebook and show no SVG.

    Args:
        name: the file's name without ``.svg``.
        alt: what the drawing shows, in one or two sentences.

    Raises:
        FileNotFoundError: there is no such drawing.
    """
    display(_image((DRAWINGS / f"{name}.svg").read_bytes(), "svg+xml", alt))


def _image(data: bytes, kind: str, alt: str) -> HTML:
    encoded = base64.b64encode(data).decode()
    return HTML(f'<img alt="{html.escape(alt)}" style="max-width:100%" '
                f'src="data:image/{kind};base64,{encoded}">')


def save(fig: Figure, stem: str | Path) -> list[Path]:
    """Write a figure as ``stem.png`` (150 dpi) and ``stem.pdf``; returns the paths.

    The endings are appended: ``"noise_0.05"`` becomes ``noise_0.05.png``.
    """
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".pdf")]
    for path in paths:
        fig.savefig(path, dpi=150, bbox_inches="tight")
    return paths


def short_name(name: str, words: int = 22) -> str:
    """The first name of an ImageNet class, cut to fit over a picture."""
    first = name.split(",")[0]
    return first if len(first) <= words else first[: words - 1] + "…"


def lightness(colours: np.ndarray) -> np.ndarray:
    """How light colours look, from 0 (black) to 100 (white): CIE L*.

    Equal differences look about equally large, so a colour map whose lightness is a straight
    line shows equal differences of the values as equal. Source: CIE 15:2004, section 8.2.1;
    from sRGB by IEC 61966-2-1.

    Args:
        colours: sRGB values from 0 to 1, (..., 3); or (..., 4), as colour maps give them, whose
            last number, the opacity, is left out.

    Returns:
        Array (...).
    """
    rgb = np.asarray(colours, dtype=np.float64)[..., :3]
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = light @ [0.2126, 0.7152, 0.0722]
    dark = luminance <= (6 / 29) ** 3
    return np.where(dark, (29 / 3) ** 3 * luminance, 116 * np.cbrt(luminance) - 16)


def plot_pictures(
    X: np.ndarray, titles: Sequence[str], columns: int = 5
) -> Figure:
    """Pictures (N, H, W, 3), uint8, in rows of ``columns`` with titles."""
    rows = -(-len(X) // columns)
    fig, axes = _grid(rows, min(columns, len(X)))
    for ax, x, title in zip(axes.flat, X, titles, strict=False):
        ax.imshow(to_numpy(x))
        ax.set_title(title, fontsize=9)
    return fig


def plot_maps(
    X: np.ndarray,
    maps: Mapping[str, Tensor | np.ndarray],
    titles: Sequence[str],
    *,
    notes: Mapping[str, Sequence[str]] | None = None,
    cmap: str = MAP_COLOURS,
    cap: float = 99.5,
    sideways: bool = False,
) -> Figure:
    """Pictures in the first row, one row of saliency maps per entry of ``maps``.

    Each map has its own scale, because the maps of two pictures are not
    comparable in size. It ends at a high percentile of the map: a few outliers
    would otherwise leave everything else black.

    Args:
        X: (N, H, W, 3) uint8.
        maps: row name → maps (N, H, W), not negative.
        titles: N titles over the pictures.
        notes: row name → N short notes under the maps.
        cmap: a perceptual colour map.
        cap: the percentile that is drawn at full brightness; 100 caps nothing.
        sideways: one row per picture instead, the maps to its right.
    """
    if sideways:
        fig, axes = _grid(len(X), 1 + len(maps), panel=min(PANEL, WIDTH / (1 + len(maps))))
        axes, label_pictures, label_maps = axes.T, Axes.set_ylabel, Axes.set_title
    else:
        fig, axes = _grid(1 + len(maps), len(X))
        label_pictures, label_maps = Axes.set_title, Axes.set_ylabel
    for ax, x, title in zip(axes[0], X, titles, strict=True):
        ax.imshow(to_numpy(x))
        label_pictures(ax, title, fontsize=9)
    for row, (name, row_maps) in zip(axes[1:], maps.items(), strict=True):
        for k, (ax, saliency_map) in enumerate(zip(row, row_maps, strict=True)):
            saliency_map = to_numpy(saliency_map)
            ax.imshow(saliency_map, cmap=cmap, vmin=0, vmax=np.percentile(saliency_map, cap))
            if notes and name in notes:
                ax.set_xlabel(notes[name][k], fontsize=8)
        label_maps(row[0], name, fontsize=9)
    return fig


def plot_histograms(
    values: Mapping[str, np.ndarray], ranges: Mapping[str, tuple[float, float]],
    *, bins: int = 1000, log: bool = False,
) -> Figure:
    """One density histogram per entry, side by side.

    Args:
        values: axis label → numbers of any shape.
        ranges: axis label → (low, high) of the axis.
        bins: bars over that range.
        log: a logarithmic density axis, which shows the outliers.
    """
    fig, axes = plt.subplots(1, len(values), figsize=(9.5, 3.0), layout="constrained",
                             squeeze=False)
    for ax, (label, numbers) in zip(axes.flat, values.items(), strict=True):
        ax.hist(to_numpy(numbers).ravel(), bins=bins, range=ranges[label], density=True,
                histtype="stepfilled", color="#3b528b")
        ax.set_xlabel(label)
        ax.set_ylabel("density" + (" (log scale)" if log else ""))
        ax.set_xlim(ranges[label])
        if log:
            ax.set_yscale("log")
    return fig


def _grid(rows: int, columns: int, panel: float = PANEL) -> tuple[Figure, np.ndarray]:
    fig, axes = plt.subplots(rows, columns, squeeze=False, layout="constrained",
                             figsize=(panel * columns, (panel + 0.2) * rows))
    for ax in axes.flat:
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
    return fig, axes
