"""The ledger is complete, says what the notebooks printed and nothing else, and fails clearly."""

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from labutils.claims import VERDICTS, Estimate, claims_in
from labutils.ledger import (
    NOT_TESTED,
    as_markdown,
    as_text,
    counts,
    counts_as_markdown,
    entries,
    in_words,
    ledger,
    main,
)

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
HEAD = "id,claim,source,notebooks,measure,holds,limits\n"
ROWS = ('1,"first, with a comma",lab,01,a share,0.9 1,0.5 1\n'
        "2,second,paper 2,01 02,a ratio | two,0 0.95,0 1\n"
        "3,third,slides,03,a factor,2 inf,1.2 inf\n")
FIRST = "claim 1: 0.95 [0.92, 0.98] holds"
SECOND = "claim 2: 1.2 [1.1, 1.3] does not hold here"


def write(folder: Path, name: str, *printed: str) -> None:
    """A notebook of which each cell has printed one text."""
    cells = [nbformat.v4.new_code_cell("…", outputs=[nbformat.v4.new_output("stream", text=text)])
             for text in printed]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "claims.csv").write_text(HEAD + ROWS, "utf-8")
    write(tmp_path, "01_one.ipynb", "nothing", f"before\n{FIRST}\nafter\n")
    write(tmp_path, "02_two.ipynb", SECOND)
    return tmp_path


def printed() -> dict[int, tuple[str, Estimate, str]]:
    """(notebook, number, verdict) of every claim in the committed outputs, read with nbformat."""
    return {found.id: (path.name, found.estimate, found.verdict)
            for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
            for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells
            for output in cell.get("outputs", [])
            for found in claims_in(output.get("text", ""))}


def test_every_claim_of_the_table_stands_once_in_the_ledger():
    assert [entry.id for entry in entries()] == list(range(1, 37))


def test_the_ledger_says_what_the_notebooks_printed():
    said = printed()
    assert len(said) >= 10
    for entry in entries():
        if entry.id in said:
            assert (entry.notebook, entry.estimate, entry.verdict) == said[entry.id]
        else:
            assert (entry.estimate, entry.verdict) == (None, NOT_TESTED)


def test_a_claim_waits_only_for_a_notebook_that_is_not_there_yet():
    assert [entry.id for entry in entries() if entry.verdict == NOT_TESTED and entry.notebook] == []


def test_the_counts_add_up():
    found = entries()
    ids = [id for some in counts(found).values() for id in some]
    assert sorted(ids) == [entry.id for entry in found]
    assert list(counts(found))[:4] == list(VERDICTS)


def test_words_source_number_and_verdict_come_from_where_they_stand(folder):
    first, second, third = entries(folder)
    assert first[:6] == (1, "first, with a comma", "lab", "a share", "0.9 1", "0.5 1")
    assert first[6:] == ("01_one.ipynb", Estimate(0.95, 0.92, 0.98), "holds")
    assert second[6:] == ("02_two.ipynb", Estimate(1.2, 1.1, 1.3), "does not hold here")
    assert third[6:] == ("", None, NOT_TESTED)


def test_a_changed_output_of_a_notebook_changes_the_ledger(folder):
    write(folder, "01_one.ipynb", "claim 1: 0.6 [0.55, 0.7] holds with limits")
    assert entries(folder)[0][7:] == (Estimate(0.6, 0.55, 0.7), "holds with limits")
    assert counts(entries(folder))["holds"] == []


def test_a_notebook_without_outputs_leaves_its_claims_untested(folder):
    write(folder, "01_one.ipynb")
    assert entries(folder)[0][6:] == ("01_one.ipynb", None, NOT_TESTED)


def test_the_lines_of_this_run_take_the_place_of_those_of_the_run_before(folder):
    now = "claim 1: 0.6 [0.55, 0.7] holds with limits"
    assert entries(folder, this_run=[now])[0][7:] == (Estimate(0.6, 0.55, 0.7), "holds with limits")
    write(folder, "01_one.ipynb")  # no run before
    assert entries(folder, this_run=[now])[0].verdict == "holds with limits"
    assert entries(folder, this_run=[now])[1] == entries(folder)[1]


def test_the_table_has_a_row_per_claim_and_numbers_to_compute_with(folder):
    table = ledger(folder)
    assert list(table.index) == [1, 2, 3]
    assert table.loc[2, ["number", "low", "high"]].tolist() == [1.2, 1.1, 1.3]
    assert table["verdict"].tolist() == ["holds", "does not hold here", NOT_TESTED]
    assert math.isnan(table.loc[3, "number"])


def test_the_markdown_table_has_the_same_cells_in_every_row(folder):
    lines = as_markdown(entries(folder), "way/").splitlines()
    assert len(lines) == 2 + 3
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {8}
    assert lines[2] == ("| 1 | first, with a comma (lab) | a share | 0.9 to 1 | 0.95 [0.92, 0.98] "
                        "| **holds** | [01](way/01_one.ipynb) |")
    assert lines[4].endswith("| 2 or more | – | **not tested yet** | – |")


def test_the_counts_are_told_with_the_claims_that_make_them(folder):
    assert "| holds | 1 | 1 |\n| holds with limits | 0 | none |" in counts_as_markdown(
        entries(folder))


def test_regions_are_told_in_words():
    assert [in_words(text) for text in ("0 0.95", "2 inf", "-inf 0.5")] == [
        "0 to 0.95", "2 or more", "0.5 or less"]


def test_the_command_prints_every_claim_and_the_count_of_each_verdict(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    assert main() == 0
    told = capsys.readouterr().out
    assert told == as_text(entries(folder)) + "\n"
    assert "holds: 0.95 [0.92, 0.98], notebook 01" in told
    for said in (*VERDICTS, NOT_TESTED):
        assert re.search(rf"^ +\d  {said}(  |$)", told, re.MULTILINE)


def test_the_command_says_in_one_line_what_is_wrong(folder, capsys, monkeypatch):
    (folder / "claims.csv").write_text("id\n1\n", "utf-8")
    monkeypatch.chdir(folder)
    assert main() == 1
    assert capsys.readouterr().err.startswith("ledger: claims.csv has no column claim, ")


@pytest.mark.parametrize("place", [".", "student", "elsewhere/deep"])
def test_the_ledger_is_found_from_the_notebooks_from_the_hand_outs_and_from_the_project(
        folder, monkeypatch, place):
    (folder / place).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder / place)
    assert len(entries()) == (36 if place == "elsewhere/deep" else 3)


def test_python_alone_is_enough(tmp_path):
    code = ("import sys; import labutils.ledger as ledger; ledger.entries(); "
            "print(sorted({'numpy', 'pandas', 'torch', 'scipy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize("change, words", [
    (lambda f: (f / "claims.csv").unlink(), "there is no claims.csv"),
    (lambda f: (f / "claims.csv").write_text(HEAD + ROWS + ROWS.splitlines()[-1], "utf-8"),
     "claim 3 twice"),
    (lambda f: (f / "claims.csv").write_text(HEAD + "x,a,b,01,c,0 1,0 1\n", "utf-8"),
     "line 2 of claims.csv is not complete"),
    (lambda f: (f / "claims.csv").write_text(HEAD + "1,a,,01,c,0 1,0 1\n", "utf-8"),
     "line 2 of claims.csv is not complete"),
    (lambda f: (f / "01_one.ipynb").write_text("{", "utf-8"),
     "01_one.ipynb cannot be read as a notebook"),
    (lambda f: (f / "01_one.ipynb").write_text(json.dumps({"cells": [1]}), "utf-8"),
     "01_one.ipynb cannot be read as a notebook"),
    (lambda f: write(f, "01_one.ipynb", FIRST, FIRST), "prints claim 1 twice"),
    (lambda f: write(f, "02_two.ipynb", FIRST), "it is notebook 01 that decides"),
    (lambda f: write(f, "02_two.ipynb", "claim 9: 1 [1, 1] holds"), "claim 9, which")])
def test_what_is_wrong_with_a_file_is_told(folder, change, words):
    change(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=f"ledger: .*{words}"):
        entries(folder)


@pytest.mark.parametrize("lines", ["claim 1: 1 [1, 1] holds", ["holds"], [3], [FIRST, FIRST],
                                   ["claim 9: 1 [1, 1] holds"]], ids=str)
def test_what_is_no_claim_of_this_run_is_refused(folder, lines):
    with pytest.raises(ValueError, match="ledger: this_run"):
        entries(folder, this_run=lines)


def test_the_ledger_shown_in_the_last_notebook_is_that_of_the_committed_notebooks():
    """If this fails, execute notebook 10 again: another notebook has new numbers."""
    last = max(NOTEBOOKS.glob("[0-9]*.ipynb"))
    shown = [output.data["text/markdown"] for cell in nbformat.read(last, as_version=4).cells
             for output in cell.get("outputs", []) if "text/markdown" in output.get("data", {})]
    assert shown == [counts_as_markdown(entries()), as_markdown(entries())]


def test_the_page_of_the_site_has_both_tables(folder, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path.insert(0, 'scripts'); import pathlib, types\n"
         "sys.modules['sphinx'] = sys.modules['sphinx.cmd'] = types.ModuleType('sphinx')\n"
         "sys.modules['sphinx.cmd.build'] = types.SimpleNamespace(main=None)\n"
         "from build_site import with_ledger\n"
         "page = pathlib.Path('docs/ledger.md').read_text('utf-8')\n"
         "print(with_ledger(page, pathlib.Path(sys.argv[1])))", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=True)
    for table in (counts_as_markdown(entries(folder)), as_markdown(entries(folder), "notebooks/")):
        assert table in done.stdout
    assert "<!--" not in done.stdout


def test_the_ledger_is_found_from_a_clone(tmp_path):
    """As in Colab, where the notebook lies outside the project that was fetched."""
    shutil.copytree(ROOT / "labutils", tmp_path / "clone" / "labutils")
    shutil.copytree(NOTEBOOKS, tmp_path / "clone" / "notebooks",
                    ignore=shutil.ignore_patterns("student", "images"))
    code = (f"import sys; sys.path.insert(0, {str(tmp_path / 'clone')!r})\n"
            "from labutils import ledger; print(ledger.notebooks())")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                          text=True, check=True)
    assert done.stdout.strip() == str(tmp_path / "clone" / "notebooks")
