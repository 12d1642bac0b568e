"""Right answers get all points whatever is drawn, and usual mistakes those of the rubric's table.

No room: the calls are made here, as the room makes them, and judged as the judge does.
"""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from grading.execution import inside
from grading.execution.judge import frames, judge
from grading.execution.tasks import Answer, module_of, write
from labutils.aggregations import AGGREGATIONS
from labutils.checks.given import RULES
from labutils.metrics import relative_error
from labutils.noise import NOISE_SOURCES, add_noise
from labutils.preprocessing import preprocess
from labutils.saliency import compute_saliency_maps
from labutils.smoothgrad import smoothgrad as engine

SMOOTHGRAD, NOISE_STUDY, COUNT_STUDY = "smoothgrad-answer", "noise-study-answer", (
    "count-study-answer")
NOISE, RULE = "my-noise-answer", "my-aggregation-answer"
RUBRIC = (Path(__file__).parents[2] / "grading" / "rubric.md").read_text("utf-8")
SEEDS = pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long)
                                             for seed in range(2, 7))])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """The folder of one homework's tasks, drawn once per seed."""
    folders: dict[tuple[str, int], Path] = {}

    def draw(homework: str, seed: int) -> Path:
        if (homework, seed) not in folders:
            folders[homework, seed] = tmp_path_factory.mktemp("tasks")
            write(homework, seed, folders[homework, seed])
        return folders[homework, seed]

    return draw


def judged(folder: Path, homework: str, name: str, function: Callable) -> dict:
    """What the judge says of a function."""
    task = json.loads((folder / "given" / "calls.json").read_text("utf-8"))[name] | {"check": ""}
    told = [{"function": "f"}]

    def tell(**frame: object) -> None:
        told.append({key: np.array(value) for key, value in frame.items()})  # as written out

    inside.call_all(name, task, function, np.load(folder / "given" / "arrays.npz"), 600, tell)
    expected = dict(np.load(folder / "expected" / f"{name}.npz"))
    return judge(name, module_of(homework).ANSWERS[name], told, expected, len(task["calls"]))


def smoothgrad(X, y, model, n=50, noise_pct=0.1, *, copies=None, once=False, divide=True,
               labels=True, magnitude=True, added=True):
    """The loop of a student, with a switch for each usual mistake."""
    total = 0
    noisy = None
    for _ in range(n if copies is None else copies(n)):
        if noisy is None or not once:
            noisy = torch.cat([preprocess(add_noise(x, noise_pct) if added else x) for x in X])
        with torch.no_grad():
            classes = y if labels else model(noisy).argmax(dim=1)
        saliency = compute_saliency_maps(noisy, classes, model)
        total = total + (saliency.abs().amax(dim=1) if magnitude else saliency.mean(dim=1))
    return total / n if divide else total


def mistake(**switches: object) -> Callable:
    return lambda X, y, model, n, noise_pct: smoothgrad(X, y, model, n, noise_pct, **switches)


def changes_its_picture(X, y, model, n, noise_pct):
    maps = smoothgrad(X, y, model, n, noise_pct)
    X[:] = 0
    return maps


# The words of the rubric's table, and answers that make these mistakes.
MISTAKES = {
    "the sum instead of the mean": mistake(divide=False),
    "noise drawn once for all copies": mistake(once=True),
    "no noise at all": mistake(added=False),
    "one copy fewer than ordered": mistake(copies=lambda n: n - 1),
    "always 50 copies, whatever n is": lambda X, y, model, n, noise_pct: smoothgrad(
        X, y, model, 50, noise_pct),
    "always the same strength of noise": lambda X, y, model, n, noise_pct: smoothgrad(
        X, y, model, n, 0.1),
    "the predicted class instead of y": mistake(labels=False),
    "signed values, no magnitude": mistake(magnitude=False),
    "the caller's pictures are changed": changes_its_picture,
    "maps of zeros": lambda X, y, model, n, noise_pct: torch.zeros(X.shape[:3]),
    "a single map for all pictures": lambda *task: smoothgrad(*task).mean(dim=0),
    "an error in every call": lambda *task: 1 / 0,
}


@SEEDS
def test_a_right_smoothgrad_gets_all_points(drawn, seed):
    folder = drawn("04_smoothgrad_homework", seed)
    found = judged(folder, "04_smoothgrad_homework", SMOOTHGRAD, smoothgrad)
    assert (found["points"], found["open"]) == (12, ""), found["statements"]


@pytest.mark.long
@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_gets_the_points_of_the_rubrics_table(drawn, words):
    (row,) = [line for line in RUBRIC.splitlines() if line.startswith(f"| {words} |")]
    found = judged(drawn("04_smoothgrad_homework", 1), "04_smoothgrad_homework", SMOOTHGRAD,
                   MISTAKES[words])
    assert found["points"] == float(row.split("|")[2]), found["statements"]


@pytest.mark.parametrize("form", [
    lambda maps: maps.numpy(), lambda maps: [one.numpy() for one in maps],
    lambda maps: maps[:, None], lambda maps: maps.double()])
def test_other_forms_of_maps_are_as_good(drawn, form):
    found = judged(drawn("04_smoothgrad_homework", 1), "04_smoothgrad_homework", SMOOTHGRAD,
                   lambda *task: form(engine(*task, seed=5)))
    assert found["points"] == 12, found["statements"]


def test_what_a_call_leaves_behind_reaches_no_other(drawn):
    shared = np.zeros((3, 224, 224), np.float32)

    def function(X, y, model, n, noise_pct):
        shared[:len(X)] = engine(X, y, model, n, noise_pct, seed=5).numpy()
        for weights in model.parameters():
            weights.data.zero_()
        return shared[:len(X)]

    found = judged(drawn("04_smoothgrad_homework", 1), "04_smoothgrad_homework", SMOOTHGRAD,
                   function)
    assert found["points"] == 12, found["statements"]


@pytest.mark.parametrize("error", ["NameError", "ModuleNotFoundError", "TimeIsUp"])
def test_what_could_not_be_tried_is_open_and_not_wrong(error):
    told = [{"function": "f"}, {"call": np.array(0), "error": np.array(f"{error}: x")}]
    answer = module_of("05_noise_and_sample_count").ANSWERS[NOISE_STUDY]
    found = judge(NOISE_STUDY, answer, told, {}, 1)
    assert (found["points"], found["open"]) == (None, f"{error}: x")


def test_frames_that_nobody_of_ours_wrote_disturb_nothing():
    odd = [{"call": np.zeros(3)}, {"call": np.array("x"), "value": np.array(12.0)},
           {"begun": np.array([1, 2])}, {"call": np.array(0), "value": np.array("twelve"),
                                         "changed": np.zeros((2, 2))}]
    answer = module_of("05_noise_and_sample_count").ANSWERS[NOISE_STUDY]
    known = {"maps": np.ones((3, 2, 4, 4))}
    found = judge(NOISE_STUDY, answer, [{"function": "f"}, *odd], known, 1)
    assert found["points"] == 0


def packed(save: Callable, **told: object) -> bytes:
    """A frame as inside.py writes it, or otherwise."""
    frame = io.BytesIO()
    save(frame, **told)
    return struct.pack(">Q", frame.tell()) + frame.getvalue()


def of_nothing(frame: io.BytesIO) -> None:
    """An array of very many things of no size."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|V0", "fortran_order": False, "shape": (1 << 50,)})
    with zipfile.ZipFile(frame, "w") as archive:
        archive.writestr("changed.npy", header.getvalue())


def test_no_frame_becomes_larger_than_it_is(tmp_path):
    (tmp_path / "frames").write_bytes(
        packed(np.savez_compressed, call=0, value=np.zeros(1000)) + struct.pack(">Q", 1 << 63)
        + packed(of_nothing)
        + packed(np.savez, call=2, value=np.zeros(1000)))
    assert [int(frame["call"]) for frame in frames(tmp_path / "frames")] == [2]


def test_a_pickle_is_not_unpacked(tmp_path):
    (tmp_path / "frames").write_bytes(packed(np.savez, value=np.array([{}], dtype=object)))
    assert list(frames(tmp_path / "frames")) == []


def test_calls_that_nobody_ordered_count_for_nothing():
    told = [{"function": "f"}, *({"call": np.array(k), "value": np.array(1)} for k in (-1, 7))]
    answer = module_of("05_noise_and_sample_count").ANSWERS[NOISE_STUDY]
    assert judge(NOISE_STUDY, answer, told, {}, 1)["open"] == "the room was closed in call 0 of 1"


def test_an_error_is_one_line_and_cannot_forge_the_report():
    error = np.array("E: \x1b[2J\n\nLook at these:\n  ann: 12 points" + 9000 * "x")
    answer = module_of("05_noise_and_sample_count").ANSWERS[NOISE_STUDY]
    told = [{"function": "f"}, {"call": np.array(0), "error": error}]
    (line,) = judge(NOISE_STUDY, answer, told, {"maps": np.ones((3, 2, 4, 4))}, 1)["errors"]
    assert line.startswith("E: [2J Look at these: ann") and line.isprintable()
    assert len(line) < 5000


def test_numbers_that_stop_the_judge_leave_the_answer_open():
    answer = Answer("f", lambda rng: ([], {}), lambda returned, expected: iter([1 / 0]))
    told = [{"function": "f"}, {"call": np.array(0), "value": np.array(1)}]
    found = judge("f", answer, told, {}, 1)
    assert (found["points"], found["open"][:25]) == (None, "the judge was stopped by ")


def test_results_beyond_all_measure_are_an_error_and_not_an_end():
    told = []
    task = {"calls": [[{"value": 1}], [{"value": 1 << 23}], [{"value": 2}]], "check": ""}
    inside.call_all("f", task, np.zeros, {}, 60, lambda **frame: told.append(frame))
    assert ["value" in frame for frame in told if "call" in frame] == [True, False, True]


def noise_study(X, y, model, strengths, n=30, seed=0):
    return torch.stack([engine(X, y, model, n if s else 1, s, seed=seed) for s in strengths])


def count_study(X, y, model, counts, long_run=200):
    reference = engine(X, y, model, long_run, seed=1)
    return np.array([[relative_error(m, r) for m, r in zip(
        engine(X, y, model, n, seed=0), reference, strict=True)] for n in counts])


@pytest.mark.parametrize(("name", "function", "points"), [
    (NOISE_STUDY, noise_study, 12), (COUNT_STUDY, count_study, 12),
    (NOISE_STUDY, lambda X, y, model, levels, n: noise_study(X, y, model, levels, n + 1), 8),
    (NOISE_STUDY, lambda *task: noise_study(*task)[::2], 0),
    (COUNT_STUDY, lambda *task: count_study(*task)[::-1].copy(), 4),
    (COUNT_STUDY, lambda X, y, *task: np.zeros((2, len(X))), 0),
])
def test_the_studies_are_compared_with_the_engines(drawn, name, function, points):
    homework = "05_noise_and_sample_count"
    found = judged(drawn(homework, 1), homework, name, function)
    assert found["points"] == points, found["statements"]


def blocks(shape, generator):
    height, width, channels = shape
    small = torch.randn(-(-height // 4), -(-width // 4), channels, generator=generator)
    return small.repeat_interleave(4, 0).repeat_interleave(4, 1)[:height, :width]


@pytest.mark.parametrize(("function", "points"), [
    (blocks, 12),
    (lambda shape, generator: torch.randn(1, generator=generator).expand(shape), 12),
    (lambda shape, generator: 2 * blocks(shape, generator), 8),
    (lambda shape, generator: torch.randn(shape), 8),
    (lambda shape, generator: torch.zeros(shape), 0),
    (lambda shape, generator: blocks((20, 30, 3), generator), 0),
])
def test_noise_gets_what_it_earns(drawn, function, points):
    homework = "06_other_noise_and_aggregation"
    found = judged(drawn(homework, 1), homework, NOISE, function)
    assert found["points"] == points, found["statements"]


@pytest.mark.parametrize("source", NOISE_SOURCES.values())
def test_a_given_source_keeps_its_points_and_is_named(drawn, source):
    homework = "06_other_noise_and_aggregation"
    found = judged(drawn(homework, 1), homework, NOISE, source)
    assert (found["points"], found["given"][:10]) == (12, "the given "), found["statements"]
    assert judged(drawn(homework, 1), homework, NOISE, blocks)["given"] == ""


def of_rule(name: str) -> Callable:
    def rule(maps):
        aggregator = AGGREGATIONS[name]()
        for one in maps:
            aggregator.add(one)
        return aggregator.result()
    return rule


@pytest.mark.parametrize(("function", "points"), [
    (lambda maps: maps.quantile(0.25, dim=0), 12),
    (lambda maps: (maps > maps.flatten(1).quantile(0.9, dim=1)[:, None, None]).float().mean(0), 12),
    (lambda maps: maps[0], 4),
    (lambda maps: maps.sum(dim=0) + maps.amin(dim=0), 8),
    (lambda maps: maps / maps.mean(dim=0), 0),
])
def test_a_rule_gets_what_it_earns(drawn, function, points):
    homework = "06_other_noise_and_aggregation"
    found = judged(drawn(homework, 1), homework, RULE, function)
    assert found["points"] == points, found["statements"]


@pytest.mark.parametrize("name", RULES)
def test_a_given_rule_keeps_its_points_and_is_named(drawn, name):
    homework = "06_other_noise_and_aggregation"
    found = judged(drawn(homework, 1), homework, RULE, of_rule(name))
    assert (found["points"], found["given"]) == (12, f"the given rule {RULES[name]}")


def test_a_rule_of_ones_own_is_not_taken_for_a_given_one(drawn):
    homework = "06_other_noise_and_aggregation"
    found = judged(drawn(homework, 1), homework, RULE, lambda maps: maps.quantile(0.25, dim=0))
    assert (found["points"], found["given"]) == (12, "")
