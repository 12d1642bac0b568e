"""Maps at every setting of two knobs, as frames of one page: sliders without a kernel.

All frames lie in the one HTML element, so that it works wherever HTML is shown and scripts run:
JupyterLab, Colab's frame, the site. Elsewhere one frame is left, and a sentence.
"""

import base64
import html
import io
import json
from collections.abc import Callable, Mapping, Sequence

import matplotlib
import numpy as np
from IPython.display import HTML
from PIL import Image
from torch import Tensor

from labutils.metrics import to_numpy
from labutils.plots import MAP_COLOURS

SIDE = 168  # pixels: three quarters of the network's 224
QUALITY = 30  # WebP's; the grain of the maps survives it
BRIGHTEST = 99.5  # percentile that is drawn at full brightness, as in plot_maps
LARGEST = 300_000  # characters

# A form of its own keeps the radio buttons of two sliders apart, so nothing here needs an id.
# JupyterLab would take the arrow keys for its own; data-lm-… forbids it, on the very element.
PAGE = """\
<form autocomplete="off" onsubmit="return false"
 style="border: 1px solid; border-radius: 6px; padding: 0.6em 1em; max-width: 44em"
 data-page="{data}" oninput="{on_input}">
<div style="display: none">
<fieldset style="border: 0; margin: 0; padding: 0">
<legend style="font-weight: bold; padding: 0; width: auto; float: none; font-size: 1em">\
Picture</legend>
{choices}
</fieldset>
{knobs}
</div>
<div style="display: grid; grid-template-columns: repeat(2, minmax(0, {shown}px)); gap: 0.6em; \
margin: 0.6em 0">
{photo}
{frame}
</div>
<p role="status" style="margin: 0.4em 0">{caption}</p>
<p style="margin: 0.4em 0">This is one of {number} frames. Sliders that choose among them appear \
where scripts run: on the course's site, and in Jupyter or Colab once you have run the cell.</p>
</form>"""
CHOICE = """\
<label style="display: inline-flex; gap: 0.5em; align-items: center; min-height: 2.75em; \
margin-right: 1.5em"><input type="radio" name="picture" value="{k}"{checked} \
data-lm-suppress-shortcuts="true"><span>{name}</span>\
</label>"""
KNOB = """\
<div style="display: flex; flex-wrap: wrap; gap: 0 0.8em; align-items: center">
<label style="display: flex; flex: 1; gap: 0.8em; align-items: center">\
<span style="width: 5.5em; font-weight: bold">{name}</span>\
<input type="range" min="0" max="{last}" step="1" value="{place}" aria-valuetext="{value}" \
data-lm-suppress-shortcuts="true" \
style="flex: 1; min-width: 4em; height: 2.75em; margin: 0"></label>
<output aria-live="off" style="width: 3em">{value}</output>
</div>"""
PICTURE = """\
<img alt="{alt}" width="{side}" height="{side}" style="width: 100%; height: auto"{more} \
src="data:image/webp;base64,{data}">"""
SHOWN = 300  # pixels on the page, where there is room

ON_INPUT = """\
const page = this.page ??= JSON.parse(this.dataset.page);
const knobs = [...this.querySelectorAll('[type=range]')];
const k = +this.querySelector(':checked').value;
let place = k;
knobs.forEach((knob, i) => {
  const value = page.values[i][knob.value];
  knob.setAttribute('aria-valuetext', value);
  knob.closest('div').querySelector('output').value = value;
  place = place * page.values[i].length + +knob.value;
});
const [frame, caption] = page.maps[place], [photo, map] = this.querySelectorAll('img');
const show = (img, data, alt) => { img.src = 'data:image/webp;base64,' + data; img.alt = alt; };
show(photo, ...page.photos[k]);
show(map, page.frames[frame], caption);
this.querySelector('[role=status]').textContent = caption;"""
# Runs once, where scripts run at all. Viewers that keep scripts out keep pictures, so a picture
# starts it; JupyterLab then drops "hidden", but not "display". The last line: a browser may have
# kept where the knobs stood at an earlier visit.
ON_LOAD = """\
this.onload = null;
const page = this.closest('form');
page.firstElementChild.style.display = '';
page.lastElementChild.hidden = true;
page.oninput();"""


def map_slider(
    X: np.ndarray,
    maps: Mapping[float, Mapping[int, Tensor | np.ndarray]],
    names: Sequence[str],
    note: Callable[[Tensor | np.ndarray], str] | None = None,
) -> HTML:
    """Pictures with their maps; one slider chooses the noise strength, another the count.

    Each map has its own scale, which ends at a high percentile, as in ``plot_maps``. It opens
    in the middle of both sliders.

    Args:
        X: pictures (N, H, W, 3), uint8.
        maps: noise strength → number of copies → maps (N, H, W), such as ``maps_at_counts``
            gives for each strength; all strengths have the same counts.
        names: N names of the pictures.
        note: map (H, W) → some words about it, to be read under it.

    Returns:
        One HTML element, at most 300 kB.

    Raises:
        ValueError: counts that differ, maps that do not belong to the pictures, or too many.
    """
    _check(X, maps, names)
    strengths, counts = list(maps), list(next(iter(maps.values())))
    frames: dict[str, int] = {}  # equal maps, such as those without noise, are kept once
    described = []
    for k, name in enumerate(names):
        for strength in strengths:
            for n in counts:
                saliency_map = maps[strength][n][k]
                caption = f"Map of the {name} at noise_pct {strength} and n = {n}"
                caption += f": {note(saliency_map)}." if note else "."
                place = frames.setdefault(_webp(_coloured(saliency_map)), len(frames))
                described.append((place, caption))
    photos = [(_webp(np.asarray(X[k])), f"The picture: {name}") for k, name in enumerate(names)]
    middle = len(strengths) // 2, len(counts) // 2
    data = {"values": [list(map(str, strengths)), list(map(str, counts))], "photos": photos,
            "frames": list(frames), "maps": described}
    page = _page(data, names, middle)
    if len(page) > LARGEST:
        raise ValueError(f"map_slider: {len(frames)} frames make {len(page) / 1000:.0f} kB, more "
                         f"than {LARGEST / 1000:.0f}; take fewer pictures, strengths or counts.")
    return HTML(page)


def _page(data: dict, names: Sequence[str], places: tuple[int, int]) -> str:
    """The HTML, showing the first picture with both knobs at the given places."""
    frame, caption = data["maps"][places[0] * len(data["values"][1]) + places[1]]
    return PAGE.format(
        data=html.escape(json.dumps(data, separators=(",", ":"))),
        on_input=html.escape(ON_INPUT), number=len(data["frames"]), caption=html.escape(caption),
        shown=SHOWN,
        choices="\n".join(CHOICE.format(k=k, name=html.escape(name), checked=" checked" * (k == 0))
                          for k, name in enumerate(names)),
        knobs="\n".join(
            KNOB.format(name=name, last=len(values) - 1, place=place, value=values[place])
            for name, values, place in zip(
                ("noise_pct", "n"), data["values"], places, strict=True)),
        photo=_img(*data["photos"][0]),
        frame=_img(data["frames"][frame], caption, f' onload="{html.escape(ON_LOAD)}"'))


def _img(data: str, alt: str, more: str = "") -> str:
    return PICTURE.format(data=data, alt=html.escape(alt), side=SIDE, more=more)


def _coloured(saliency_map: Tensor | np.ndarray) -> np.ndarray:
    """A map (H, W) as colours (H, W, 3), uint8."""
    numbers = to_numpy(saliency_map)
    top = np.percentile(numbers, BRIGHTEST)
    colours = matplotlib.colormaps[MAP_COLOURS](numbers / top if top else numbers, bytes=True)
    return colours[..., :3]


def _webp(pixels: np.ndarray) -> str:
    """Pixels (H, W, 3), uint8, as a small picture file in base64."""
    img = Image.fromarray(np.ascontiguousarray(pixels)).resize((SIDE, SIDE))
    buffer = io.BytesIO()
    img.save(buffer, "webp", quality=QUALITY, method=6)
    return base64.b64encode(buffer.getvalue()).decode()


def _check(X: np.ndarray, maps: Mapping[float, Mapping[int, Tensor | np.ndarray]],
           names: Sequence[str]) -> None:
    if len(names) != len(X) or not len(X):
        raise ValueError(f"map_slider: {len(X)} pictures and {len(names)} names; expected as many "
                         "of the one as of the other, and at least one.")
    if not maps or not all(maps.values()):
        raise ValueError("map_slider: maps is empty; expected strength → count → maps (N, H, W).")
    first, *others = maps
    for strength in others:
        if list(maps[strength]) != list(maps[first]):
            raise ValueError(f"map_slider: strength {strength} has the counts "
                             f"{list(maps[strength])}, strength {first} has {list(maps[first])}; "
                             "expected the same for all.")
    for strength, row in maps.items():
        for n, some in row.items():
            if some.ndim != 3 or len(some) != len(X):
                raise ValueError(f"map_slider: the maps of strength {strength} and n = {n} are "
                                 f"{tuple(some.shape)}; expected ({len(X)}, H, W).")
