"""A student's own function becomes a file, and is found, judged and used from there."""

import numpy as np
import pytest
import torch

from labutils.handed_on import hand_on, handed_on
from labutils.noise import add_noise
from labutils.preprocessing import preprocess
from labutils.saliency import compute_abs, compute_max, compute_saliency_maps
from labutils.smoothgrad import smoothgrad as engine

ELSEWHERE = 3


def smoothgrad(X, y, model, n=50, noise_pct=0.1):
    rng = np.random.default_rng(0)
    total = torch.zeros(len(X), *X.shape[1:3])
    for _ in range(n):
        noisy = torch.cat([preprocess(add_noise(x, noise_pct, rng)) for x in X])
        total += compute_max(compute_abs(compute_saliency_maps(noisy, y, model).cpu()))
    return total / n


def uses_a_name_of_the_notebook(X, y, model, n=50, noise_pct=0.1):
    return torch.zeros(ELSEWHERE)


def test_a_right_function_goes_along_and_gives_the_same_maps(tmp_path, monkeypatch, pictures,
                                                             model):
    monkeypatch.chdir(tmp_path)
    hand_on(smoothgrad)
    found, sentence = handed_on()
    assert sentence == "SmoothGrad: your own, from my_smoothgrad.py"
    arguments = (pictures.X[:1], pictures.y[:1], model, 2, 0.1)
    assert torch.equal(found(*arguments), smoothgrad(*arguments))


def test_it_is_found_from_a_folder_further_down(tmp_path, monkeypatch):
    hand_on(smoothgrad, tmp_path / "my_smoothgrad.py")
    (tmp_path / "student").mkdir()
    monkeypatch.chdir(tmp_path / "student")
    assert "your own" in handed_on()[1]


def test_without_a_file_the_engine_is_used(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    found, sentence = handed_on()
    assert found is engine and "no my_smoothgrad.py" in sentence


@pytest.mark.parametrize(("text", "words"), [
    ("def smoothgrad(:", "SyntaxError"), ("x = 1", "AttributeError"),
    ("raise SystemExit(3)", "SystemExit: 3"),
    ("def smoothgrad(X, y, model, n, noise_pct):\n    return 0", "does not pass the check")])
def test_a_file_that_cannot_be_used_is_named_and_the_engine_used(tmp_path, monkeypatch, text,
                                                                 words):
    (tmp_path / "my_smoothgrad.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    found, sentence = handed_on()
    assert found is engine and words in sentence


def test_a_name_that_only_the_notebook_knows_is_refused(tmp_path):
    with pytest.raises(ValueError, match="uses ELSEWHERE, which only this notebook knows"):
        hand_on(uses_a_name_of_the_notebook, tmp_path / "own.py")
    assert not (tmp_path / "own.py").exists()


def test_a_function_without_source_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        hand_on(len, tmp_path / "own.py")


def test_maps_that_come_as_a_list_are_a_tensor_for_the_next_notebook(tmp_path, monkeypatch,
                                                                     pictures, model):
    hand_on(smoothgrad, tmp_path / "my_smoothgrad.py")
    with (tmp_path / "my_smoothgrad.py").open("a") as file:
        file.write("\n\nas_tensor = smoothgrad\n\n"
                   "def smoothgrad(*args, **kwargs):\n"
                   "    return as_tensor(*args, **kwargs).tolist()\n")
    monkeypatch.chdir(tmp_path)
    found, sentence = handed_on()
    assert "your own" in sentence
    maps = found(pictures.X[:1], pictures.y[:1], model, n=1, noise_pct=0)
    assert isinstance(maps, torch.Tensor)
    assert maps.shape == (1, 224, 224)


def test_writing_that_fails_half_way_leaves_the_older_file_as_it_was(tmp_path, monkeypatch):
    path = hand_on(smoothgrad, tmp_path / "my_smoothgrad.py")
    before = path.read_text()

    def full_disk(self, *_, **__):
        with self.open("w") as file:
            file.write("half of")
        raise OSError("No space left on device")

    monkeypatch.setattr(type(path), "write_text", full_disk)
    with pytest.raises(OSError, match="No space"):
        hand_on(smoothgrad, path)
    assert path.read_text() == before
