"""Writes quantus.json, the reference numbers of test_evaluation.py.

In an environment of its own, as Quantus asks for other versions than this project:

    pip install -r requirements.txt quantus==0.6.0
    PYTHONPATH=.:tests python tests/references/make_quantus.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from quantus import PixelFlipping, RegionPerturbation
from test_evaluation import written_inputs, written_network

PATCH, AT_ONCE = 4, 16

X, y, maps = written_inputs()
model = written_network()
given = {"model": model, "x_batch": X.numpy(), "y_batch": np.array(y),
         "a_batch": maps.numpy()[:, None], "softmax": False, "channel_first": True,
         "device": "cpu"}
same = {"abs": False, "normalise": False, "perturb_baseline": 0.0, "disable_warnings": True}


def regions(order: str) -> list:
    """Scores after each patch; Quantus tells by how much the score fell."""
    fell = RegionPerturbation(patch_size=PATCH, order=order, regions_evaluation=16, **same)(**given)
    whole = model(X)[range(len(y)), y].numpy()
    return (whole[:, None] - np.array(fell)).round(6).tolist()


# A feature is one channel of one pixel; the three of a pixel follow each other. Quantus wants the
# features of a step to divide the pixels, so that every third step ends between two pixels.
pixels = PixelFlipping(features_in_step=AT_ONCE, return_auc_per_sample=False, **same)(**given)
made = {
    "origin": {
        "package": "quantus", "version": version("quantus"), "made by": Path(__file__).name,
        "settings": "logits (softmax=False), baseline 0, attributions neither made absolute nor "
                    "normalised; network, inputs and maps of test_evaluation.py, which draw "
                    "nothing by chance, so there is no seed"},
    "cases": [
        {"metric": "RegionPerturbation", "patch": PATCH, "steps": 16,
         "lerf": regions("lerf"), "morf": regions("morf")},
        {"metric": "PixelFlipping", "patch": 1, "steps": 256 // AT_ONCE,
         "morf": np.array(pixels)[:, 2::3].round(6).tolist()}]}
Path(__file__).with_name("quantus.json").write_text(json.dumps(made, indent=1) + "\n", "utf-8")
