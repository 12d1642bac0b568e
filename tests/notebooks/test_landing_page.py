"""The landing page keeps to what the notebooks, the README and the ledger say."""

import csv
import json
import re
from pathlib import Path

import pytest

from labutils.quiz import fault

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "index.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
STUDENT = sorted((ROOT / "notebooks" / "student").glob("*.ipynb"))
# (file, minutes, points) of each row of the path
ROWS = re.findall(r"^\| \[.+?\]\(notebooks/(.+?)\) \|.+?\| (\d+) \| ?(\d*) ?\|$", PAGE,
                  re.MULTILINE)


def points_in(path: Path) -> int:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return sum(cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in cells)


def test_the_path_leads_through_all_notebooks_in_their_order():
    assert [name for name, *_ in ROWS] == [path.name for path in STUDENT]


@pytest.mark.parametrize("name, minutes, points", ROWS)
def test_minutes_and_points_are_those_of_the_readme_and_of_the_homework(name, minutes, points):
    assert re.search(rf"notebooks/student/{re.escape(name)}\) \|.*?\| {minutes}\b", README)
    assert int(points or 0) == points_in(ROOT / "notebooks" / "student" / name)


def test_the_sums_are_right():
    together = re.search(r"\*\*Together\*\* \| \| \*\*(\d+)\*\* \| \*\*(\d+)\*\*", PAGE)
    assert int(together[1]) == sum(int(minutes) for _, minutes, _ in ROWS)
    assert int(together[2]) == sum(int(points or 0) for *_, points in ROWS)


def test_the_number_of_claims_is_that_of_the_ledger():
    with (ROOT / "notebooks" / "claims.csv").open(encoding="utf-8", newline="") as table:
        claims = len(list(csv.DictReader(table)))
    assert f"{claims} published sentences" in PAGE


def test_the_question_is_well_formed_and_about_a_picture_of_the_page():
    questions = json.loads((ROOT / "docs" / "questions" / "landing.json").read_text("utf-8"))
    assert [fault(question) for question in questions.values()] == [""]
    assert "<!-- question -->" in PAGE
    assert "bald eagle" in questions["landing-eagle"]["question"]
    assert "bald eagle" in PAGE.split("](notebooks/images/overview.webp)")[0]


def test_colab_opens_the_students_file():
    links = re.findall(r"https://colab\.research\.google\.com/[^)]+", PAGE)
    assert links
    for link in links:
        assert (ROOT / link.split("/blob/main/")[1]).parent == ROOT / "notebooks" / "student"
        assert (ROOT / link.split("/blob/main/")[1]).is_file()


def test_citations_come_last():
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE)[-1] == "How to cite"
