"""What the tests share: two suites, pictures, networks, and a clean environment."""

import os
import subprocess
from pathlib import Path
from typing import Any

# Read by torch when it is imported, and by the kernels that a process of pytest-xdist starts:
# where every core has a process of its own, more threads only wait.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib
import numpy as np
import pytest
import torch
from nbval.plugin import IPyNbCell
from torch import Tensor, nn

from labutils.claims import LINE, agree, claims_in
from labutils.network import load_squeezenet
from labutils.pictures import Pictures, load_pictures
from labutils.preprocessing import preprocess

matplotlib.use("Agg")

ROOT = Path(__file__).resolve().parent.parent
# Run before a set-up cell, this makes it believe that it is in Colab.
FAKE_COLAB = "import sys, types\nsys.modules['google.colab'] = types.ModuleType('google.colab')\n"

# Read before clean_environment hides it from the tests.
LAB_DATA = os.environ.get("LAB_DATA")
ORIGINALS = ("imagenet_val_25.npz", "squeezenet1_1_reference.pth", "published_scores.json")

# Two float32 computations of one SqueezeNet gradient differ by more than rounding where a
# value lies so near a ReLU's or a pooling's edge that rounding decides its side.
NEAR_EDGES = 1e-3

# If a file that takes long began last, one of two processes would wait for it. Rounded seconds of
# one core; only the order depends on them.
SECONDS = {"test_class.py": 130, "test_original_data_notebooks.py": 300,
           "05_noise_and_sample_count.ipynb": 105, "test_small_class.py": 100,
           "06_other_noise_and_aggregation.ipynb": 50, "04_smoothgrad_homework.ipynb": 45,
           "test_judging.py": 60, "test_student_versions.py": 40,
           "test_answers_smoothgrad_wrong_copies.py": 33,
           "test_answers_smoothgrad_wrong_maps.py": 20}
SECONDS_OF_A_NOTEBOOK, SECONDS_OF_ANSWERS, SECONDS_OF_A_FILE = 25, 12, 5

# Lines that are printed after the tests.
NOTES = pytest.StashKey[list[str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests out unless they are asked for, and begin with the longest files."""
    for item in items:
        if item.path.name.startswith("test_answers"):
            item.add_marker("seeds")
        if isinstance(item, IPyNbCell) and "claim" in item.cell.metadata.get("tags", []):
            item.__class__ = ClaimCell  # nbval makes its cells itself
    if not config.getoption("--long"):
        left = [item for item in items if item.get_closest_marker("long")]
        if left:
            config.hook.pytest_deselected(items=left)
            items[:] = [item for item in items if item not in left]
            names = ", ".join(dict.fromkeys(item.path.name for item in left))
            more = any(item.get_closest_marker("seeds") for item in items)
            config.stash.setdefault(NOTES, []).append(
                f"left to make test-long: {len(left)} tests in {names}"
                + (", and most seeds of the checks' answers" if more else ""))
    items.sort(key=lambda item: -seconds(item.path))


def seconds(path: Path) -> float:
    """About how long a file's tests take."""
    if path.name in SECONDS:
        return SECONDS[path.name]
    if path.suffix == ".ipynb":
        return SECONDS_OF_A_NOTEBOOK
    return SECONDS_OF_ANSWERS if path.name.startswith("test_answers") else SECONDS_OF_A_FILE


class ClaimCell(IPyNbCell):
    """A notebook's cell whose claims are compared by ``agree``, not character by character."""

    def compare_outputs(self, test: list[dict], ref: list[dict], skip_compare: Any = None) -> bool:
        """As nbval does, with each printed claim that agrees taken for the committed one."""
        committed = {c.id: (c, line) for text in map(text_of, ref)
                     for c, line in zip(claims_in(text), lines_of(text), strict=True)}
        for output in test:
            for c, line in zip(claims_in(text_of(output)), lines_of(text_of(output)), strict=True):
                if c.id in committed and agree(committed[c.id][0], c):
                    output["text"] = output["text"].replace(line, committed[c.id][1])
        return super().compare_outputs(test, ref, skip_compare)


def text_of(output: dict) -> str:
    """What an output printed."""
    return output.get("text", "")


def lines_of(text: str) -> list[str]:
    """The lines of ``claims_in``, as they stand."""
    return [found.group() for found in LINE.finditer(text)]


def pytest_addoption(parser: pytest.Parser) -> None:
    """One switch between the suite of a few minutes and the one that tries everything."""
    parser.addoption("--long", action="store_true",
                     help="all seeds, the whole class, original data, hand-outs to the end")


@pytest.fixture(scope="session")
def notes(pytestconfig: pytest.Config) -> list[str]:
    """Lines that are printed after the tests, whichever process ran them."""
    return pytestconfig.stash.setdefault(NOTES, [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the notes of one of pytest-xdist's processes to the one that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["notes"] = session.config.stash.get(NOTES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take the notes of a process over."""
    told = getattr(node, "workeroutput", {}).get("notes", [])
    node.config.stash.setdefault(NOTES, []).extend(told)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the notes, each once."""
    for line in dict.fromkeys(config.stash.get(NOTES, [])):
        terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit tests mean the defaults, whatever the shell that started them has set."""
    for variable in ("LAB_PICTURES", "LAB_WEIGHTS", "LAB_DATA"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with the project's labutils, requirements and drawings."""
    folder = tmp_path_factory.mktemp("repository")
    for source in [*(ROOT / "labutils").rglob("*.py"), ROOT / "requirements.txt",
                   ROOT / "data" / "README.md", *(ROOT / "notebooks" / "images").glob("*.svg")]:
        target = folder / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"],
                    ["tag", "v1"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    (folder / "labutils" / "newer.py").write_text("")
    for command in (["add", "."], ["commit", "-q", "-m", "second"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def lab_data() -> Path:
    """The folder with the original lab's pictures, the reference weights and scores."""
    folder = Path(LAB_DATA).expanduser().resolve() if LAB_DATA else None
    if folder is None or not all((folder / name).is_file() for name in ORIGINALS):
        pytest.skip("LAB_DATA is not set to a folder with the original pictures")
    return folder


# Session fixtures are made before clean_environment, so they name what they load.
@pytest.fixture(scope="session")
def pictures() -> Pictures:
    """The first five default pictures."""
    return load_pictures("samples", num=5)


@pytest.fixture(scope="session")
def X5(pictures: Pictures) -> Tensor:
    """The same five, preprocessed."""
    return torch.cat([preprocess(x) for x in pictures.X])


@pytest.fixture(scope="session")
def y5(pictures: Pictures) -> Tensor:
    """Their labels."""
    return torch.from_numpy(pictures.y)


@pytest.fixture(scope="session")
def model() -> nn.Module:
    """SqueezeNet with the default weights, float32, on the CPU."""
    return load_squeezenet("deepscale", device="cpu")


def make_tiny_model(channels: int = 3, classes: int = 10) -> nn.Module:
    """A network that is fast and, unlike one with ReLU, smooth everywhere."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        layers = nn.Sequential(
            nn.Conv2d(channels, 6, 3), nn.Tanh(), nn.Conv2d(6, 6, 3, stride=2), nn.Tanh(),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, classes))
    return layers.eval()


@pytest.fixture
def tiny_model() -> nn.Module:
    """A small smooth network with 10 classes; its parameters are not frozen."""
    return make_tiny_model()


@pytest.fixture
def tiny_pictures() -> np.ndarray:
    """Three small pictures with different spreads of grey levels, uint8."""
    rng = np.random.default_rng(11)
    spreads = np.array([20, 60, 110])[:, None, None, None]
    return (128 + spreads * rng.uniform(-1, 1, (3, 16, 18, 3))).astype(np.uint8)


def relative_difference(found: Tensor, expected: Tensor) -> float:
    """‖found − expected‖ / ‖expected‖."""
    return float((found - expected).norm() / expected.norm())
