"""The network that writes down what it is shown, in whichever way a gradient is asked for."""

import ast
import importlib
import sys
from pathlib import Path

import pytest
import torch
from answers import saliency, smoothgrad_right

from labutils import checks
from labutils.checks.probe import ProbeNetwork
from labutils.checks.recorder import Recorder
from labutils.noise import add_noise
from labutils.preprocessing import preprocess


@pytest.fixture
def without_private_names(monkeypatch):
    """A torch in which names that it does not promise are gone."""
    for name in ("is_legacy_batchedtensor", "is_functorch_wrapped_tensor"):
        monkeypatch.delattr(torch._C._functorch, name)


@pytest.mark.parametrize("answer", [
    "loop_over_copies", "functional_gradient_and_vmap", "jacobian_of_a_batch"])
def test_a_right_answer_passes_whatever_torch_calls_its_insides(answer, without_private_names):
    assert checks.check_smoothgrad(getattr(smoothgrad_right, answer)).passed


def test_gradients_in_a_batch_pass_whatever_torch_calls_its_insides(without_private_names):
    assert checks.check_saliency(saliency.all_gradients_at_once).passed


@pytest.mark.parametrize("path", sorted(Path(checks.__file__).parent.glob("*.py")),
                         ids=lambda path: path.stem)
def test_no_file_uses_a_private_name_of_torch(path):
    attributes = [node.attr for node in ast.walk(ast.parse(path.read_text()))
                  if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("torch.")]
    assert [name for name in attributes if name.startswith("_")] == []


def in_every_manner(score, X):
    """The gradient of score(picture (3, H, W)) for each picture, as torch.func has it."""
    yield "vmap of grad", torch.func.vmap(torch.func.grad(score))(X)
    yield "grad of vmap", torch.func.grad(lambda v: torch.func.vmap(score)(v).sum())(X)
    yield "vmap of jacrev", torch.func.vmap(torch.func.jacrev(score))(X)
    yield "vmap of vjp", torch.func.vmap(
        lambda x: torch.func.vjp(score, x)[1](torch.ones(()))[0])(X)


@pytest.mark.filterwarnings("ignore:There is a performance drop")  # vmap's fallback is meant
def test_values_and_sensitivities_are_seen_inside_every_transform():
    model = ProbeNetwork(0, torch.device("cpu"))
    X = torch.rand(3, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    transforms = in_every_manner(lambda x: model(x[None])[0, 1], X)
    for _ in range(4):
        model.recorder = Recorder(model.pixels, 100, checks.Finding("raises", ""))
        name, gradients = next(transforms)
        values, sensitivities = map(torch.stack, zip(*model.recorder.rows(), strict=True))
        assert torch.equal(values, X.flatten(2)[..., model.pixels]), name
        assert torch.allclose(model.gradients(values, sensitivities),
                              gradients.flatten(2)[..., model.pixels], atol=1e-5), name


def test_a_function_of_torch_func_over_copies_passes():
    def vjp_over_copies(X, y, model, n, noise_pct):
        device = next(model.parameters()).device
        maps = []
        for x, label in zip(X, y, strict=True):
            noisy = torch.cat([preprocess(add_noise(x, noise_pct)) for _ in range(n)]).to(device)

            def gradient(v, c=int(label)):
                return torch.func.vjp(lambda w: model(w[None])[0, c], v)[1](
                    torch.ones((), device=device))[0]

            maps.append(torch.func.vmap(gradient)(noisy).abs().amax(dim=1).mean(dim=0))
        return torch.stack(maps)

    assert checks.check_smoothgrad(vjp_over_copies).passed


def test_a_network_that_is_only_asked_in_inference_mode_can_be_asked():
    model = ProbeNetwork(0, torch.device("cpu"))
    model.recorder = Recorder(model.pixels, 100, checks.Finding("raises", ""))
    with torch.inference_mode():
        model(torch.zeros(2, 3, 224, 224))
    assert model.recorder.rows() == [] and model.recorder.asked == 2


def test_a_check_goes_on_working_when_the_module_is_loaded_anew(monkeypatch):
    before = checks.check_saliency
    for name in [name for name in sys.modules if name.startswith("labutils")]:
        monkeypatch.delitem(sys.modules, name)
    anew = importlib.import_module("labutils.checks")
    assert anew.check_saliency is not before
    assert before(saliency.all_gradients_at_once).passed
    assert anew.check_saliency(saliency.all_gradients_at_once).passed
