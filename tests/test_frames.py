"""Sliders without a kernel: one small page, accessible, the same without scripts but for them."""

import base64
import html
import io
import json
import re

import numpy as np
import pytest
from elements import Elements
from PIL import Image

from labutils import frames
from labutils.frames import map_slider

RNG = np.random.default_rng(5)
X = RNG.integers(0, 256, (2, 60, 60, 3), dtype=np.uint8)
VANILLA = RNG.random((2, 60, 60))
MAPS = {0: {1: VANILLA, 10: VANILLA},
        0.1: {n: RNG.random((2, 60, 60)) for n in (1, 10)},
        0.5: {n: RNG.random((2, 60, 60)) for n in (1, 10)}}
NAMES = ["cat & dog", 'a "chair"']


def note(saliency_map: np.ndarray) -> str:
    return f"mean {saliency_map.mean():.4f}"


@pytest.fixture(scope="module")
def page() -> str:
    return map_slider(X, MAPS, NAMES, note).data


@pytest.fixture(scope="module")
def data(page) -> dict:
    """What the page's script reads."""
    return json.loads(Elements(page).all("form")[0]["data-page"])


def test_each_knob_has_a_label_and_says_its_value_in_words(page):
    knobs = [knob for knob in Elements(page).all("input") if knob["type"] == "range"]
    assert [(knob["max"], knob["value"], knob["aria-valuetext"]) for knob in knobs] == [
        ("2", "1", "0.1"), ("1", "1", "10")]
    assert re.findall(r"<label[^>]*><span[^>]*>(.+?)</span><input type=\"range\"", page) == [
        "noise_pct", "n"]
    assert re.findall(r"<output[^>]*>(.+?)</output>", page) == ["0.1", "10"]


def test_the_pictures_are_radio_buttons_under_a_legend(page):
    assert len(Elements(page).all("fieldset")) == len(Elements(page).all("legend")) == 1
    found = re.findall(r'<label[^>]*><input type="radio"[^>]*><span>(.+?)</span>', page)
    assert [html.unescape(name) for name in found] == NAMES
    assert [b["value"] for b in Elements(page).all("input") if "checked" in b] == ["0"]


def test_the_frame_at_the_start_is_that_of_the_knobs_and_is_told(page, data):
    shown = Elements(page).all("img")[1]
    place, caption = data["maps"][1 * 2 + 1]
    assert shown["src"] == f"data:image/webp;base64,{data['frames'][place]}"
    assert shown["alt"] == caption
    assert f'<p role="status" style="margin: 0.4em 0">{html.escape(caption)}</p>' in page


def test_every_frame_has_words_of_its_own_in_the_order_of_the_knobs(data):
    assert [caption for _, caption in data["maps"]] == [
        f"Map of the {name} at noise_pct {strength} and n = {n}: {note(MAPS[strength][n][k])}."
        for k, name in enumerate(NAMES) for strength in MAPS for n in (1, 10)]


def test_every_frame_shows_its_map(data):
    for (place, _), (k, strength, n) in zip(
            data["maps"], [(k, s, n) for k in (0, 1) for s in MAPS for n in (1, 10)], strict=True):
        img = Image.open(io.BytesIO(base64.b64decode(data["frames"][place])))
        assert img.size == (frames.SIDE, frames.SIDE)
        seen = np.asarray(img.convert("L").resize((6, 6), Image.Resampling.BOX)).ravel()
        wanted = MAPS[strength][n][k].reshape(6, 10, 6, 10).mean(axis=(1, 3)).ravel()
        assert np.corrcoef(seen, wanted)[0, 1] > 0.8


def test_equal_maps_are_kept_once(data):
    places = [place for place, _ in data["maps"]]
    assert places[0] == places[1] and places[6] == places[7]
    assert len(data["frames"]) == len(set(places)) == 10


def test_without_scripts_there_is_a_frame_and_a_sentence_but_no_dead_knob(page):
    hidden, end = '<div style="display: none">', "</div>\n</div>"
    assert page.count("<input") == page[page.index(hidden):page.index(end)].count("<input") == 4
    assert page.endswith("once you have run the cell.</p>\n</form>")
    assert "This is one of 10 frames." in page


def test_two_sliders_on_one_page_share_no_name(page):
    # Radio buttons of one name belong together within a form only.
    assert " id=" not in page and " for=" not in page
    assert len(Elements(page).all("form")) == 1


def test_jupyterlab_leaves_the_arrow_keys_to_every_knob_and_button(page):
    assert all("data-lm-suppress-shortcuts" in button for button in Elements(page).all("input"))


def test_nothing_is_fetched(page):
    assert not re.search(r"https?:|url\(|@import|<script|<link", page)
    assert all(src.startswith("data:") for src in re.findall(r'src="([^"]*)', page))


def test_without_a_note_a_caption_ends_after_the_count():
    assert "Map of the cat at noise_pct 0.1 and n = 3." in map_slider(
        X[:1], {0.1: {3: VANILLA[:1]}}, ["cat"]).data


def test_a_map_of_zeros_is_black_and_no_error():
    page = map_slider(X[:1], {0.1: {3: VANILLA[:1] * 0}}, ["cat"]).data
    frame = json.loads(Elements(page).all("form")[0]["data-page"])["frames"][0]
    assert np.asarray(Image.open(io.BytesIO(base64.b64decode(frame)))).max() < 10


@pytest.mark.parametrize(("X", "maps", "names", "message"), [
    (X, MAPS, NAMES[:1], "2 pictures and 1 names"),
    (X[:0], MAPS, [], "0 pictures and 0 names"),
    (X, {}, NAMES, "maps is empty; expected strength"),
    (X, {0.1: {}}, NAMES, "maps is empty; expected strength"),
    (X, {0: MAPS[0], 0.1: {1: VANILLA}}, NAMES,
     r"strength 0\.1 has the counts \[1\], strength 0 has \[1, 10\]; expected the same"),
    (X, {0.1: {1: VANILLA[:1]}}, NAMES, r"strength 0\.1 and n = 1 are \(1, 60, 60\); expected"),
    (X, {0.1: {1: VANILLA[0]}}, NAMES, r"are \(60, 60\); expected \(2, H, W\)"),
], ids=["a name missing", "nothing", "no maps", "no counts", "other counts", "a map missing",
        "no stack"])
def test_what_does_not_fit_together_is_refused(X, maps, names, message):
    with pytest.raises(ValueError, match=f"map_slider: .*{message}"):
        map_slider(X, maps, names)


def test_too_many_frames_are_refused_with_their_size(monkeypatch):
    monkeypatch.setattr(frames, "LARGEST", 20_000)
    with pytest.raises(ValueError, match=r"10 frames make \d+ kB, more than 20; take fewer"):
        map_slider(X, MAPS, NAMES)
