"""On the original lab's pictures: what the original lab printed.

The pictures and weights are not part of the project; LAB_DATA names their folder.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from labutils.files.downloads import check_sum
from labutils.network import load_squeezenet
from labutils.pictures import VAL_25_NAME, VAL_25_SHA256, Pictures, load_imagenet_val
from labutils.saliency import class_scores, compute_saliency_maps


@pytest.fixture
def originals(lab_data: Path, monkeypatch: pytest.MonkeyPatch) -> Pictures:
    monkeypatch.setenv("LAB_DATA", str(lab_data))
    return load_imagenet_val()


@pytest.fixture
def published(lab_data: Path) -> dict:
    return json.loads((lab_data / "published_scores.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def reference_model(lab_data: Path) -> nn.Module:
    """SqueezeNet with torchvision's weights, recovered from a half-precision copy."""
    return load_squeezenet(lab_data / "squeezenet1_1_reference.pth", device="cpu")


def test_the_file_of_pictures_is_the_original_one(lab_data):
    check_sum(lab_data / VAL_25_NAME, VAL_25_SHA256)


def test_the_pictures_come_from_the_classroom_folder(originals):
    assert originals.source.startswith("imagenet_val_25") and len(originals) == 25


def test_the_pictures_can_be_had_in_smaller_number(originals, lab_data):
    assert np.array_equal(load_imagenet_val(num=4).X, originals.X[:4])


def test_the_labels_are_the_published_ones(originals, published):
    assert originals.y.tolist() == published["y"]


def test_every_label_has_a_name(originals):
    assert all(isinstance(originals.class_names[label], str) for label in originals.y.tolist())


def test_the_deviation_of_picture_2_is_the_published_one(originals):
    assert np.std(originals.X[2]) == 86.86013196652917


def test_the_class_scores_are_the_published_ones(originals, published, reference_model):
    scores = class_scores(originals.X, originals.y, reference_model)
    expected = torch.tensor(published["class_scores"])
    # Half precision moved them by up to 0.015.
    torch.testing.assert_close(scores, expected, rtol=0, atol=0.02)


def test_the_saliency_has_the_published_shape(originals, published, reference_model):
    saliency = compute_saliency_maps(originals.X, originals.y, reference_model)
    assert list(saliency.shape) == published["saliency_shape"]
