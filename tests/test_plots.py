"""Figures: what is drawn is what was given, and nothing is shown without alt text."""

import base64
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from labutils import plots
from labutils.plots import (
    lightness,
    plot_histograms,
    plot_maps,
    plot_pictures,
    save,
    short_name,
    show,
    show_drawing,
)

X = np.arange(7 * 8 * 8 * 3, dtype=np.uint8).reshape(7, 8, 8, 3)
MAPS = torch.linspace(0, 1, 7 * 8 * 8).reshape(7, 8, 8)
TITLES = [f"picture {i}" for i in range(7)]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The HTML that show displays."""
    displayed = []
    monkeypatch.setattr(plots, "display", lambda html: displayed.append(html.data))
    return displayed


def test_show_displays_one_image_with_its_alt_text(shown):
    show(plot_pictures(X[:1], TITLES[:1]), "A cat on a sofa.")
    assert len(shown) == 1
    assert re.fullmatch(r'<img alt="A cat on a sofa\." .*src="data:image/webp;base64,[^"]+">',
                        shown[0])


def test_alt_text_cannot_break_out_of_its_attribute(shown):
    show(plot_pictures(X[:1], TITLES[:1]), 'a "cat" & <b>')
    assert 'alt="a &quot;cat&quot; &amp; &lt;b&gt;"' in shown[0]


def test_a_drawing_is_shown_whole_with_its_alt_text(shown):
    show_drawing("pipeline", 'From "x" to M.')
    (found,) = re.fullmatch(r'<img alt="From &quot;x&quot; to M\." style="max-width:100%" '
                            r'src="data:image/svg\+xml;base64,([^"]+)">', *shown).groups()
    assert base64.b64decode(found) == (plots.DRAWINGS / "pipeline.svg").read_bytes()


def test_show_closes_the_figure(shown):
    fig = plot_pictures(X[:1], TITLES[:1])
    show(fig, "A cat.")
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize("alt", ["", "  ", None])
def test_show_refuses_a_figure_without_alt_text(shown, alt):
    with pytest.raises(ValueError, match="show: alt is empty"):
        show(plot_pictures(X[:1], TITLES[:1]), alt)


def test_save_writes_a_png_and_a_pdf(tmp_path):
    paths = save(plot_pictures(X[:1], TITLES[:1]), tmp_path / "new" / "homework")
    assert [path.name for path in paths] == ["homework.png", "homework.pdf"]
    assert [path.read_bytes()[:4] for path in paths] == [b"\x89PNG", b"%PDF"]


@pytest.mark.parametrize(("name", "expected"), [
    ("hay", "hay"), ("tabby, tabby cat", "tabby"), ("a" * 22, "a" * 22),
    ("a" * 23, "a" * 21 + "…")])
def test_short_name_is_the_first_name_cut_to_fit(name, expected):
    assert short_name(name) == expected


def drawn(ax: plt.Axes) -> np.ndarray:
    (image,) = ax.get_images()
    return np.asarray(image.get_array())


def test_every_picture_is_drawn_with_its_title():
    axes = plot_pictures(X, TITLES).axes[:7]
    assert [ax.get_title() for ax in axes] == TITLES
    assert all(np.array_equal(drawn(ax), x) for ax, x in zip(axes, X, strict=True))


def test_places_without_a_picture_stay_empty():
    assert [len(ax.get_images()) for ax in plot_pictures(X, TITLES).axes] == [1] * 7 + [0] * 3


def test_maps_stand_in_the_rows_below_the_pictures():
    axes = plot_maps(X[:2], {"vanilla": MAPS[:2], "smooth": MAPS[2:4]}, TITLES[:2]).axes
    expected = [*X[:2], *MAPS[:4].numpy()]
    assert all(np.array_equal(drawn(ax), e) for ax, e in zip(axes, expected, strict=True))
    assert [axes[2].get_ylabel(), axes[4].get_ylabel()] == ["vanilla", "smooth"]


def test_sideways_every_picture_has_a_row_of_its_own():
    fig = plot_maps(X[:2], {"vanilla": MAPS[:2], "smooth": MAPS[2:4]}, TITLES[:2],
                    notes={"smooth": ["a", "b"]}, sideways=True)
    expected = [X[0], MAPS[0].numpy(), MAPS[2].numpy(), X[1], MAPS[1].numpy(), MAPS[3].numpy()]
    assert all(np.array_equal(drawn(ax), e) for ax, e in zip(fig.axes, expected, strict=True))
    assert [ax.get_title() for ax in fig.axes] == ["", "vanilla", "smooth", "", "", ""]
    assert [ax.get_ylabel() for ax in fig.axes[::3]] == TITLES[:2]
    assert [ax.get_xlabel() for ax in fig.axes[2::3]] == ["a", "b"]


@pytest.mark.parametrize("maps", [1, 4, 9])
def test_sideways_figures_fit_a_page(maps):
    rows = {str(k): MAPS[:1] for k in range(maps)}
    assert plot_maps(X[:1], rows, TITLES[:1], sideways=True).get_figwidth() <= 9.5 + 1e-9


@pytest.mark.parametrize("cap", [100, 90])
def test_a_maps_scale_ends_at_the_percentile_that_is_asked_for(cap):
    axes = plot_maps(X[:1], {"vanilla": MAPS[:1]}, TITLES[:1], cap=cap).axes
    limits = axes[1].get_images()[0].get_clim()
    assert limits == (0, pytest.approx(np.percentile(MAPS[0].numpy(), cap)))


def test_notes_stand_under_their_maps():
    axes = plot_maps(X[:2], {"vanilla": MAPS[:2]}, TITLES[:2], notes={"vanilla": ["a", "b"]}).axes
    assert [ax.get_xlabel() for ax in axes] == ["", "", "a", "b"]


@pytest.mark.parametrize(("maps", "titles"), [(MAPS[:3], TITLES[:2]), (MAPS[:2], TITLES[:3])],
                         ids=["maps", "titles"])
def test_a_number_of_maps_or_titles_that_does_not_fit_is_refused(maps, titles):
    with pytest.raises(ValueError):
        plot_maps(X[:2], {"vanilla": maps}, titles)


def area(ax: plt.Axes) -> float:
    """The area under a step histogram, by the shoelace formula."""
    x, y = ax.patches[0].get_xy().T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


def test_histograms_are_densities():
    values = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    fig = plot_histograms({"a": values, "b": values}, {"a": (-9, 9), "b": (-1, 1)}, bins=50)
    assert [area(ax) for ax in fig.axes] == [pytest.approx(1), pytest.approx(1)]


def test_histograms_cover_the_range_that_is_asked_for():
    (ax,) = plot_histograms({"a": np.arange(9.0)}, {"a": (-2, 5)}, bins=7).axes
    assert (ax.get_xlim(), ax.get_xlabel()) == ((-2, 5), "a")


@pytest.mark.parametrize(("log", "scale"), [(True, "log"), (False, "linear")])
def test_the_logarithmic_axis_is_an_option(log, scale):
    (ax,) = plot_histograms({"a": np.arange(9.0)}, {"a": (0, 9)}, log=log).axes
    assert ax.get_yscale() == scale


def test_figures_leave_the_data_alone():
    before_X, before_maps = X.copy(), MAPS.clone()
    plot_maps(X[:2], {"vanilla": MAPS[:2]}, TITLES[:2])
    plot_histograms({"a": MAPS}, {"a": (0, 1)})
    assert np.array_equal(X, before_X) and torch.equal(MAPS, before_maps)


def test_figures_whose_names_have_a_point_do_not_overwrite_each_other(tmp_path):
    names = [path.name for stem in ("noise_0.05", "noise_0.10")
             for path in save(plot_pictures(X[:1], TITLES[:1]), tmp_path / stem)]
    expected = ["noise_0.05.pdf", "noise_0.05.png", "noise_0.10.pdf", "noise_0.10.png"]
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir()) == expected


@pytest.mark.parametrize("maps", [
    MAPS[:2].bfloat16(), MAPS[:2].clone().requires_grad_(),
    [m.bfloat16().requires_grad_() for m in MAPS[:2]]], ids=["bfloat16", "tracked", "list of both"])
def test_maps_of_any_precision_tracked_or_not_are_drawn(maps):
    axes = plot_maps(torch.from_numpy(X[:2]), {"vanilla": maps}, TITLES[:2]).axes
    assert all(np.allclose(drawn(ax), m, atol=0.01)
               for ax, m in zip(axes[2:], MAPS[:2].numpy(), strict=True))


def test_histograms_of_bfloat16_are_drawn():
    (ax,) = plot_histograms({"a": MAPS.bfloat16()}, {"a": (0, 1)}, bins=4).axes
    assert area(ax) == pytest.approx(1)


@pytest.mark.parametrize(("colour", "expected"), [
    ((0, 0, 0), 0), ((1, 1, 1), 100), ((0.466, 0.466, 0.466), 50), ((1, 0, 0), 53.24),
    ((0, 1, 0), 87.73), ((0, 0, 1), 32.30), ((0.02, 0.02, 0.02), 1.40)])
def test_lightness_is_that_of_published_tables(colour, expected):
    assert lightness(np.array(colour)) == pytest.approx(expected, abs=0.06)


def test_lightness_of_a_colour_map_rises_all_the_way_and_ignores_opacity():
    ramp = plt.get_cmap("magma")(np.linspace(0, 1, 50))
    assert lightness(ramp).shape == (50,)
    assert (np.diff(lightness(ramp)) > 0).all()
    assert np.array_equal(lightness(ramp), lightness(ramp[:, :3]))
