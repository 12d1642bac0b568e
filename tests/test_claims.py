"""The rule for verdicts, the intervals, and what counts as a repetition."""

import csv
from pathlib import Path

import nbformat
import numpy as np
import pytest

from labutils.claims import (
    FAILS,
    HOLDS,
    UNDECIDED,
    WITH_LIMITS,
    Estimate,
    Printed,
    agree,
    claim,
    claims_in,
    estimate,
    verdict,
)

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
HOLDS_IN, LIMITS = (0.9, 1.0), (0.5, 1.0)


def table() -> dict[int, dict[str, str]]:
    """notebooks/claims.csv by id."""
    with (NOTEBOOKS / "claims.csv").open(encoding="utf-8", newline="") as file:
        return {int(row["id"]): row for row in csv.DictReader(file)}


def region(text: str) -> tuple[float, float]:
    low, high = map(float, text.split())
    return low, high


def printed() -> list[tuple[str, Printed]]:
    """(notebook's number, claim) for every claim in the committed outputs."""
    found = []
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells:
            text = "".join(output.get("text", "") for output in cell.get("outputs", []))
            found += [(path.name[:2], tested) for tested in claims_in(text)]
    return found


@pytest.mark.parametrize(("interval", "expected"), [
    ((0.92, 0.97), HOLDS), ((0.9, 1.0), HOLDS), ((0.7, 0.95), WITH_LIMITS),
    ((0.3, 0.4), FAILS), ((0.4, 0.6), UNDECIDED), ((0.2, 1.0), UNDECIDED)])
def test_the_verdict_follows_from_the_interval(interval, expected):
    assert verdict(*interval, HOLDS_IN, LIMITS) == expected


def test_without_limits_a_claim_holds_or_not_or_cannot_be_decided():
    assert [verdict(*interval, HOLDS_IN) for interval in ((0.95, 1), (0.7, 0.8), (0.8, 0.95))] == [
        HOLDS, FAILS, UNDECIDED]


def test_limits_that_leave_out_a_part_are_refused():
    with pytest.raises(ValueError, match="limits that contain holds"):
        verdict(0.1, 0.2, (0.5, 1), (0.6, 1))
    with pytest.raises(ValueError, match="rising pairs"):
        verdict(0.3, 0.2, (0.5, 1))


def test_the_interval_of_a_mean_is_that_of_the_normal_approximation():
    values = np.random.default_rng(3).normal(5, 2, 400)
    found = estimate(values)
    half = 1.96 * values.std() / 20
    assert found.number == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((found.number - half, found.number + half),
                                                    abs=0.1 * half)


def test_the_same_seed_gives_the_same_interval_and_another_statistic_another():
    values = np.random.default_rng(4).exponential(size=12)
    assert estimate(values, seed=2) == estimate(values, seed=2)
    median = estimate(values, np.median)
    assert median.number == np.median(values) and median.low <= median.number <= median.high


def test_values_that_are_all_alike_leave_no_doubt():
    assert estimate([0.5, 0.5, 0.5]) == Estimate(0.5, 0.5, 0.5)


@pytest.mark.parametrize(("values", "message"), [
    ([1.0, 2.0], "three pictures"), ([[1.0] * 3] * 3, "one number per picture"),
    ([1.0, 2.0, np.nan], "value 2 is not finite")])
def test_values_that_tell_no_interval_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        estimate(values)


def test_a_printed_claim_is_read_back():
    line = claim(9, Estimate(-0.48123, -0.49, -0.47), holds=(-0.55, -0.45))
    assert line == "claim 9: -0.481 [-0.49, -0.47] holds"
    assert claims_in(f"before\n{line}\nafter") == [
        Printed(9, Estimate(-0.481, -0.49, -0.47), HOLDS)]


def test_a_repetition_has_the_verdict_and_nearly_the_numbers():
    first = Printed(9, Estimate(0.95, 0.92, 0.98), HOLDS)
    assert agree(first, Printed(9, Estimate(0.951, 0.922, 0.98), HOLDS))
    assert not agree(first, Printed(9, Estimate(0.95, 0.92, 0.98), WITH_LIMITS))
    assert not agree(first, Printed(9, Estimate(0.98, 0.92, 0.98), HOLDS))
    assert not agree(first, Printed(8, first.estimate, HOLDS))


def test_the_table_has_every_claim_with_its_words_source_and_notebooks():
    rows = table()
    assert sorted(rows) == list(range(1, 37))
    for row in rows.values():
        assert row["claim"] and row["source"] and row["measure"] and row["notebooks"].split()
        assert verdict(*region(row["holds"]), region(row["holds"]), region(row["limits"])) == HOLDS


def test_every_printed_verdict_follows_from_the_tables_thresholds():
    rows = table()
    for _, (number, (_, low, high), said) in printed():
        row = rows[number]
        assert verdict(low, high, region(row["holds"]), region(row["limits"])) == said, number


def test_every_claim_stands_once_in_the_last_of_its_notebooks_as_far_as_these_exist():
    present = {path.name[:2] for path in NOTEBOOKS.glob("[0-9]*.ipynb")}
    due = {(row["notebooks"].split()[-1], number) for number, row in table().items()}
    stands = [(number, claimed.id) for number, claimed in printed()]
    assert sorted(stands) == sorted(place for place in due if place[0] in present)
