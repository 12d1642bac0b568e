"""The checks find what they should, in words that give no solution away."""

import ast
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from answers import smoothgrad_right
from answers.judging import TASKS

from labutils import checks
from labutils.checks import messages, noise_source
from labutils.checks.frame import collect
from labutils.checks.result import CheckResult, Finding
from labutils.checks.tables import codes

TABLES = {"preprocess": messages.PREPROCESS, "smoothgrad": messages.SMOOTHGRAD,
          "add_noise": messages.ADD_NOISE, "saliency": messages.SALIENCY,
          "noise_source": messages.NOISE_SOURCE, "aggregate": messages.AGGREGATE}
FUNCTIONS = {answer.name: answer.function
             for _, answers in TASKS.values() for answer in answers.all}
right_smoothgrad = smoothgrad_right.one_batch_for_everything


@pytest.mark.parametrize("task", TABLES)
def test_every_code_has_a_wrong_answer(task):
    covered = {answer.code for answer in TASKS[task][1].all}
    # What is no function cannot be an answer; see the test with odd objects.
    assert set(codes(TABLES[task])) - covered - {"note"} == {"not_callable"}


@pytest.mark.parametrize("task, least", [
    ("preprocess", 2), ("smoothgrad", 6), ("add_noise", 2), ("saliency", 2), ("noise_source", 2),
    ("aggregate", 2)])
def test_there_are_right_answers_in_several_styles(task, least):
    assert sum(answer.code is None for answer in TASKS[task][1].all) >= least


def test_every_call_is_made_even_when_one_fails():
    def squeezed_sum(X, y, model, n, noise_pct):
        if len(X) == 1:
            raise RuntimeError("one picture")
        return n * right_smoothgrad(X, y, model, n, noise_pct)

    assert checks.check_smoothgrad(squeezed_sum).codes == ["raises", "sum_not_mean"]


def test_two_mistakes_are_two_findings():
    def signed_sum(X, y, model, n, noise_pct):
        maps = [smoothgrad_right.compute_saliency_maps(torch.cat([
            smoothgrad_right.preprocess(smoothgrad_right.add_noise(x, noise_pct)) for x in X
        ]), y, model).amax(dim=1) for _ in range(n)]
        return torch.stack(maps).sum(dim=0)

    assert checks.check_smoothgrad(signed_sum).codes == ["signed_max", "sum_not_mean"]


def test_a_function_that_asks_without_end_is_stopped():
    asked = []

    def endless(X, y, model, n, noise_pct):
        for _ in range(2000):
            try:
                asked.append(model(torch.zeros(1, 3, 224, 224)))
            except Exception:
                pass

    assert "n_ignored" in checks.check_smoothgrad(endless).codes
    assert len(asked) < 500  # of 6000


def test_a_check_works_where_gradients_are_switched_off():
    with torch.no_grad():
        assert checks.check_smoothgrad(smoothgrad_right.one_batch_for_each_picture).passed


def test_a_kept_channel_axis_is_a_note_and_no_finding():
    result = checks.check_smoothgrad(smoothgrad_right.keeps_the_channel_axis)
    assert result.passed and "(N, 1, H, W)" in result.notes[0]


@pytest.mark.parametrize("seconds", [0, 0.1])
def test_a_slow_noise_source_is_a_note_and_no_finding(monkeypatch, seconds):
    monkeypatch.setattr(noise_source, "MOST_SECONDS", seconds)
    result = checks.check_noise_source(FUNCTIONS["wave_of_random_height"])
    assert result.passed and "mean and deviation are not judged" in result.notes[0]


@pytest.mark.parametrize("check, answer, told", [
    (checks.check_noise_source, "gaussian", "the given Gaussian noise"),
    (checks.check_noise_source, "blurred_with_waves", "the given smooth noise"),
    (checks.check_noise_source, "grains_in_a_twentieth", "the given salt and pepper noise"),
    (checks.check_aggregate, "lower_of_two_medians", "the given median"),
    (checks.check_aggregate, "scipys_trimmed_mean", "the given trimmed mean")])
def test_what_is_given_works_and_is_told_by_name_with_what_it_costs(check, answer, told):
    result = check(FUNCTIONS[answer])
    assert result.passed and not result.findings
    for report in (repr(result), result._repr_html_()):
        assert told in report and "works, but not for all points" in report
        assert "half of those for the observation" in report


def test_a_remark_is_not_told_beside_a_mistake():
    def too_strong(shape, generator):
        return 2 * torch.randn(shape, generator=generator)

    assert checks.check_noise_source(too_strong).codes == ["wrong_deviation"]


def test_a_mistake_is_not_followed_by_what_follows_from_it():
    for name in ("loop_from_one", "another_networks_normalisation"):
        assert len(checks.check_smoothgrad(FUNCTIONS[name]).codes) == 1


def test_a_gradient_that_is_zero_everywhere_is_not_called_missing():
    def softmax_over_the_batch(X, y, model):
        X = X.clone().requires_grad_()
        model(X).softmax(dim=0)[:, 0].sum().backward()
        return X.grad

    assert "is 0 everywhere" in repr(checks.check_saliency(softmax_over_the_batch))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("answer", ["loop_over_copies", "one_batch_for_each_picture"])
def test_a_gpu_is_used_as_the_notebooks_network_uses_it(answer):
    assert checks.check_smoothgrad(getattr(smoothgrad_right, answer)).passed


def test_a_result_is_true_when_it_passed_and_says_so_in_words():
    passed, failed = CheckResult("smoothgrad"), CheckResult("smoothgrad", [Finding("raises", "x")])
    assert passed and not failed
    assert "passed" in repr(passed) and "passed" in passed._repr_html_()
    assert "not yet right" in repr(failed) and "not yet right" in failed._repr_html_()


def test_a_students_text_cannot_become_html():
    def hostile(X, y, model, n, noise_pct):
        raise ValueError("<script>alert(1)</script>")

    html = checks.check_smoothgrad(hostile)._repr_html_()
    assert "&lt;script&gt;" in html and "<script" not in html


def test_findings_come_once_and_the_most_specific_first():
    findings = [Finding("b", "1"), Finding("c", "2"), Finding("a", "3"), Finding("b", "4")]
    assert [f.message for f in collect("x", findings, dict.fromkeys("abc")).findings] == [
        "3", "1", "2"]


def spoken_strings(path: Path) -> list[str]:
    """All strings of a file except docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)
            and isinstance(node.value, str) and id(node) not in docstrings]


SOLUTIONS = re.compile(
    r"\b(abs|amax|max|mean|sum|clip|clone|copy|detach|zero_|astype|gather|stack|std|log|normal|"
    r"standard_normal|rand\w*|requires_grad_?|no_grad|zero_grad)\(|/ ?n\b|\.grad =|= None|"
    r"divide by n|absolute value|lambda|return \w")


FILES = sorted(Path(checks.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "messages"],
                         ids=lambda path: path.stem)
def test_no_sentence_stands_outside_the_tables(path):
    sentence = re.compile(r"\w[.;:] \w|\w\.$")
    assert [text for text in spoken_strings(path)
            if sentence.search(text) and "<" not in text] == []  # HTML has style sheets


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_message_gives_the_answer_away(path):
    assert [text for text in spoken_strings(path) if SOLUTIONS.search(text)] == []


def test_the_package_of_the_checks_is_installed_with_labutils():
    root = Path(checks.__file__).parents[2]
    listed = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {".".join(path.parent.relative_to(root).parts)
             for path in (root / "labutils").rglob("__init__.py")}
    assert found == set(listed)


def answer_of(function: Callable) -> str:
    return repr(checks.check_smoothgrad(function))


def test_an_error_names_its_line():
    def third_line_fails(X, y, model, n, noise_pct):
        total = 0
        return total + missing_name  # noqa: F821

    line = third_line_fails.__code__.co_firstlineno + 2
    assert f"line {line} (third_line_fails)" in answer_of(third_line_fails)
