"""SqueezeNet and its weights: the right ones, or an error."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models import squeezenet1_0, squeezenet1_1

from labutils.files import authors_weights
from labutils.files.authors_weights import FIRE_MODULES, deepscale_state, read_deepscale_arrays
from labutils.files.downloads import DownloadError
from labutils.network import choose_device, load_squeezenet

OPENED = []


def open_the_door() -> None:
    """What a malicious pickle would call."""
    OPENED.append("opened")


class Trap:
    """Unpickling an instance calls open_the_door."""

    def __reduce__(self) -> tuple:
        return open_the_door, ()


@pytest.fixture
def state() -> dict[str, Tensor]:
    return squeezenet1_1(weights=None).state_dict()


def test_squeezenet_has_1235496_parameters(model):
    assert sum(parameter.numel() for parameter in model.parameters()) == 1_235_496


def test_squeezenet_comes_in_eval_mode_and_frozen(model):
    assert not any(module.training for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_squeezenet_says_where_its_weights_come_from(model):
    assert model.source.startswith("deepscale: ")


def authors_own_forward_pass(X: np.ndarray) -> Tensor:
    """SqueezeNet v1.1 as its authors define it, on their preprocessing, in float64."""
    arrays = read_deepscale_arrays()

    def convolution(x: Tensor, layer: str, **options) -> Tensor:
        kernel, bias = (torch.from_numpy(a).double() for a in arrays[layer])
        return F.conv2d(x, kernel.permute(3, 2, 0, 1), bias, **options).relu()

    bgr = X[..., ::-1].astype(np.float64) - np.array([103.939, 116.779, 123.68])
    x = convolution(torch.from_numpy(bgr).permute(0, 3, 1, 2), "conv1", stride=2)
    for number in range(2, 10):
        if number in (2, 4, 6):
            x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = convolution(x, f"fire{number}/squeeze1x1")
        x = torch.cat([convolution(x, f"fire{number}/expand1x1"),
                       convolution(x, f"fire{number}/expand3x3", padding=1)], dim=1)
    return convolution(x, "conv10").mean(dim=(2, 3))


def test_the_default_weights_give_the_scores_of_the_authors_own_network(pictures, X5, model):
    expected = authors_own_forward_pass(pictures.X)
    # The last layer is a ReLU: scores of 0 have no relative error.
    torch.testing.assert_close(model(X5).double(), expected, rtol=1e-3, atol=1e-3)


def test_the_default_weights_recognise_most_default_pictures(X5, y5, model):
    top5 = model(X5).topk(5).indices
    assert (top5 == y5[:, None]).any(dim=1).sum() >= 4


def test_every_fire_module_gets_the_authors_arrays():
    arrays, state = read_deepscale_arrays(), deepscale_state()
    for number, fire in FIRE_MODULES.items():
        expected = arrays[f"{fire}/expand3x3"][0].transpose(3, 2, 0, 1)
        assert np.array_equal(state[f"features.{number}.expand3x3.weight"].numpy(), expected)


def test_a_damaged_file_of_default_weights_is_refused(monkeypatch):
    monkeypatch.setattr(authors_weights, "SHA256", "0" * 64)
    with pytest.raises(DownloadError, match="damaged or another file"):
        load_squeezenet("deepscale")


@pytest.mark.parametrize("thing", [Trap(), Path("x"), print, eval], ids=lambda t: type(t).__name__)
def test_the_unpickler_of_weights_refuses_everything_else(tmp_path, thing):
    path = tmp_path / "trap.pkl"
    path.write_bytes(pickle.dumps(thing))
    with path.open("rb") as file, pytest.raises(pickle.UnpicklingError, match="is not allowed"):
        authors_weights._ArraysOnly(file, encoding="latin1").load()
    assert not OPENED


@pytest.mark.parametrize("suffix", [".pth", ".npz"])
def test_own_weights_are_loaded_from_a_file(tmp_path, state, suffix):
    path = tmp_path / f"own{suffix}"
    if suffix == ".npz":
        np.savez(path, **{name: tensor.numpy() for name, tensor in state.items()})
    else:
        torch.save(state, path)
    loaded = load_squeezenet(path, device="cpu")
    assert loaded.source == f"your own: own{suffix}"
    assert all(torch.equal(tensor, state[name]) for name, tensor in loaded.state_dict().items())


def test_lab_weights_sets_the_default(tmp_path, state, monkeypatch):
    torch.save(state, tmp_path / "own.pth")
    monkeypatch.setenv("LAB_WEIGHTS", str(tmp_path / "own.pth"))
    assert load_squeezenet(device="cpu").source == "your own: own.pth"


def test_an_argument_counts_more_than_lab_weights(monkeypatch):
    monkeypatch.setenv("LAB_WEIGHTS", "no-such-file.pth")
    assert load_squeezenet("deepscale", device="cpu").source.startswith("deepscale")


def test_an_empty_lab_weights_means_the_default(monkeypatch):
    monkeypatch.setenv("LAB_WEIGHTS", "")
    assert load_squeezenet(device="cpu").source.startswith("deepscale")


@pytest.mark.parametrize("name", ["deepscael", "no/such/file.pth"])
def test_unknown_weights_are_refused_never_replaced(name):
    with pytest.raises(FileNotFoundError, match=f"load_squeezenet: '{name}' is neither"):
        load_squeezenet(name)


def test_a_state_dict_of_another_network_is_refused(tmp_path):
    torch.save(squeezenet1_0(weights=None).state_dict(), tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"other\.pth is not a SqueezeNet 1\.1 state dict: "
                                         r".*expected shape .*got"):
        load_squeezenet(tmp_path / "other.pth")


def test_a_state_dict_with_a_missing_tensor_is_refused(tmp_path, state):
    del state["classifier.1.bias"]
    torch.save(state, tmp_path / "part.pth")
    with pytest.raises(ValueError, match=r"1 of 52 tensors .*'classifier\.1\.bias'.*got none"):
        load_squeezenet(tmp_path / "part.pth")


def test_weights_with_nan_are_refused(tmp_path, state):
    state["features.0.bias"][3] = float("nan")
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(ValueError, match=r"nan\.pth has NaN .*'features\.0\.bias'"):
        load_squeezenet(tmp_path / "nan.pth")


def save_text(path: Path) -> None:
    path.write_text("these are no weights")


def save_nothing(path: Path) -> None:
    path.write_bytes(b"")


def save_trap(path: Path) -> None:
    torch.save({"features.0.weight": Trap()}, path)


def save_plain_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Trap(), protocol=2))


def save_numbers(path: Path) -> None:
    torch.save({"epoch": 3}, path)


def save_a_tensor(path: Path) -> None:
    torch.save(torch.zeros(3), path)


def save_objects(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, features=np.array([Trap()], dtype=object))


def save_half_an_archive(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, X=np.zeros(1000))
    path.write_bytes(path.read_bytes()[:500])


@pytest.mark.parametrize("suffix", [".pth", ".npz"])
@pytest.mark.parametrize("save", [
    save_text, save_nothing, save_trap, save_plain_pickle, save_numbers, save_a_tensor,
    save_objects, save_half_an_archive], ids=lambda save: save.__name__)
def test_a_file_that_holds_no_weights_is_refused_and_runs_no_code(tmp_path, save, suffix):
    path = tmp_path / f"bad{suffix}"
    save(path)
    with pytest.raises(ValueError, match=rf"load_squeezenet: .*bad\{suffix} .*(expected|state)"):
        load_squeezenet(path)
    assert not OPENED


def test_a_named_device_is_taken():
    assert choose_device("cpu") == torch.device("cpu")


def test_without_a_name_the_best_device_is_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device() == torch.device("cuda")


def test_without_a_gpu_the_cpu_is_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device() == torch.device("cpu")


@pytest.mark.parametrize("weights", ["deepscale", "own"])
def test_loading_a_network_leaves_the_global_random_state_alone(tmp_path, state, weights):
    torch.save(state, tmp_path / "own.pth")
    before = torch.get_rng_state()
    load_squeezenet("deepscale" if weights == "deepscale" else tmp_path / "own.pth", device="cpu")
    assert torch.equal(torch.get_rng_state(), before)


def test_own_weights_in_another_precision_become_float32(tmp_path, state):
    np.savez(tmp_path / "own.npz", **{k: t.double().numpy() for k, t in state.items()})
    parameters = load_squeezenet(tmp_path / "own.npz", device="cpu").state_dict()
    assert all(torch.equal(parameters[name], tensor) for name, tensor in state.items())


def test_the_network_is_float32_whatever_the_default_is():
    torch.set_default_dtype(torch.float64)
    try:
        loaded = load_squeezenet("deepscale", device="cpu")
    finally:
        torch.set_default_dtype(torch.float32)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
