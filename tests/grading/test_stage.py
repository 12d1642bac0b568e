"""Staging and the table, where a whole class would show too little."""

import json
import os
import subprocess
import zipfile
from pathlib import Path

import nbformat
import pytest
from sample_class.notebooks import HOMEWORK, ROOT, filled
from sample_class.students import Student

PYTHON = ROOT / ".venv-grading" / "bin" / "python"

STAGE = """
import json, sys
from pathlib import Path
from grading.course import prepare
from grading.records import all_records, remember_problems
from grading.submissions.stage import stage
files = stage(Path(sys.argv[1]), prepare())
remember_problems(files)
print(json.dumps([[f.path, f.student, f.problem] for f in files]))
"""

STATUS = """
import json, sys
from grading.pages.report import status
record = {"done": True, "answers": {}, "ended": ""}
print(json.dumps([status(record, ""), status(None, ""), status(None, "empty"),
                  status(record, "empty")]))
"""


def run(code: str, tmp_path: Path) -> list:
    result = subprocess.run(
        [PYTHON, "-c", code, tmp_path / "handed-in"], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"GRADING_HOME": str(tmp_path / "home")})
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_names_of_another_system_are_graded_and_listed(tmp_path):
    names = [os.fsdecode(name) for name in (b"M\xfcller", b"M\xe4ller")]
    paths = [f"{name}_{HOMEWORK}{copy}.ipynb" for name in names for copy in ("", " (1)")]
    try:
        for path in paths:
            Student("", filled(), "", path=path).write(tmp_path / "handed-in")
    except OSError:
        pytest.skip("this file system has no such names")
    files = run(STAGE, tmp_path)
    assert len({student for _, student, _ in files}) == 2
    for name in ("fc", "e4"):
        later = f"M\\udc{name}ller_{HOMEWORK} (1).ipynb"
        assert [later, ""] in [[path, problem] for path, _, problem in files]
        assert [later.replace(" (1)", ""), f"an earlier version of {later}"] in [
            [path, problem] for path, _, problem in files]


def test_figures_beside_a_notebook_are_kept_under_harmless_names_and_nothing_else_is(tmp_path):
    handed_in, kept = tmp_path / "handed-in", tmp_path / "home" / "figures"
    Student("", filled(), "", path=f"ann/{HOMEWORK}.ipynb").write(handed_in)
    Student("", "no notebook", "", path=f"bob/{HOMEWORK}.ipynb").write(handed_in)
    (handed_in / "ann" / "submission").mkdir()
    names = ['a"><script>.PDF', "page.svg", "secret.png", "submission/map.png", "z.png"]
    for name in names:
        (handed_in / "ann" / name).write_bytes(name.encode())
    (handed_in / "ann" / "secret.png").unlink()
    (handed_in / "ann" / "secret.png").symlink_to("/etc/passwd")
    (handed_in / "bob" / "map.png").write_bytes(b"")
    with (handed_in / "ann" / "z.png").open("wb") as file:
        file.truncate((10 << 20) + 1)
    problems = {path: problem for path, _, problem in run(STAGE, tmp_path)}
    assert {path.relative_to(kept).as_posix(): path.read_bytes() for path in kept.rglob("*.*")} == {
        "ann/figure-1.pdf": names[0].encode(), "ann/figure-2.png": names[3].encode()}
    assert problems["ann/submission/map.png"] == (
        "a figure: not scored, linked in the feedback as figure-2.png")
    assert problems["ann/z.png"] == "a figure: not scored, not kept (at most 6 of 10 MB)"
    assert problems["ann/page.svg"] == problems["bob/map.png"] == "not a notebook (.ipynb)"
    assert problems["ann/secret.png"] == "a link, which is not followed"


def test_the_table_says_that_what_came_later_could_not_be_graded(tmp_path):
    assert run(STATUS, tmp_path) == [
        "executed", "not handed in", "empty", "executed earlier; now empty"]


def test_a_platforms_zip_is_read_and_no_path_in_it_leads_out(tmp_path):
    (tmp_path / "handed-in").mkdir()
    with zipfile.ZipFile(tmp_path / "handed-in" / "export.zip", "w") as archive:
        archive.writestr(f"Ann Lee_1_assignsubmission_file_/{HOMEWORK}.ipynb",
                         nbformat.writes(filled()))
        archive.writestr(f"../../out_{HOMEWORK}.ipynb", nbformat.writes(filled()))
        archive.writestr(f"__MACOSX/._{HOMEWORK}.ipynb", "x")
    files = run(STAGE, tmp_path)
    assert files == [[f"Ann Lee_1_assignsubmission_file_/{HOMEWORK}.ipynb", "Ann-Lee", ""]]
    assert not list(tmp_path.parent.glob(f"out_{HOMEWORK}.ipynb"))


def test_a_zip_that_cannot_be_unpacked_is_a_file_like_others(tmp_path):
    handed_in = tmp_path / "handed-in"
    Student("", filled(), "", path=f"ann/{HOMEWORK}.ipynb").write(handed_in)
    with zipfile.ZipFile(handed_in / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"bob_{HOMEWORK}.ipynb", 10_000_000 * b" ")
    with zipfile.ZipFile(handed_in / "secret.zip", "w") as archive:
        archive.writestr(f"eve_{HOMEWORK}.ipynb", "{}")
    locked = (handed_in / "secret.zip").read_bytes()
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # says: with a password
        at = locked.index(sign) + place
        locked = locked[:at] + b"\x01" + locked[at + 1:]
    (handed_in / "secret.zip").write_bytes(locked)
    (handed_in / "none.zip").write_bytes(b"PK")
    assert {path: problem for path, _, problem in run(STAGE, tmp_path)} == {
        f"ann/{HOMEWORK}.ipynb": "",
        **{f"{name}.zip": "not a notebook (.ipynb)" for name in ("bomb", "secret", "none")}}
