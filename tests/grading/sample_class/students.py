"""The class: who hands in what, and what it should score."""

from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from sample_class import hostile
from sample_class.notebooks import (
    ANSWER,
    BLACK,
    CORRECT,
    HOMEWORK,
    OBSERVATION,
    ROOT,
    TESTS,
    cell_of,
    doubled,
    filled,
    from_colab,
    released,
    stripped,
    with_cell_before,
    with_drive,
    with_figure,
    without,
    words_elsewhere,
)

DONE, HIDDEN_TEST = "executed", "smoothgrad-test"


@dataclass(frozen=True)
class Student:
    """One student.

    Attributes:
        content: the notebook, or the file's text.
        test, observation: expected in grades.csv.
        status: expected beginning of the status in grades.csv.
        path: of the file in the folder of submissions.
        homework, columns: its name, and those of test and observation in grades.csv.
    """

    name: str
    content: NotebookNode | str
    test: str
    observation: str = "to be marked"
    status: str = DONE
    path: str = ""
    homework: str = HOMEWORK
    columns: tuple[str, str] = (HIDDEN_TEST, OBSERVATION)

    def write(self, folder: Path) -> None:
        """Hand in."""
        path = folder / (self.path or f"{self.name}_2026-11-21_{self.homework}.ipynb")
        path.parent.mkdir(parents=True, exist_ok=True)
        # As it is: nbformat would mend or refuse what is damaged on purpose.
        text = self.content if isinstance(self.content, str) else nbformat.v4.nbjson.writes(
            self.content)
        path.write_text(text, "utf-8")

    def scored_by(self, row: dict[str, str]) -> bool:
        """Does this row of grades.csv hold what is expected?"""
        found = tuple(row[column] for column in self.columns)
        return (found == (self.test, self.observation)
                and row[self.homework].startswith(self.status))


def table(students: list[Student], rows: dict[str, dict[str, str]]) -> list[str]:
    """The class and its rows of grades.csv, a line each."""
    lines = [f"{'student':12} {'test':13} {'observation':13} {'':12} status"]
    for student in students:
        row = rows[student.name]
        verdict = "as expected" if student.scored_by(row) else "OTHERWISE"
        test, observation = (row[column] for column in student.columns)
        lines.append(f"{student.name:12} {test:13} {observation:13} "
                     f"{verdict:12} {row[student.homework]}")
    return lines


def honest() -> list[Student]:
    """Students who mean well, with editors that may not."""
    sum_not_mean = CORRECT.replace("maps / n", "maps")
    edited = filled(answer=cell_of(released(), ANSWER).source)
    for name in TESTS:
        cell_of(edited, name).source = "print('All tests passed')\n12.0"
    other = (ROOT / "notebooks" / "02_vanilla_saliency.ipynb").read_text("utf-8")
    return [
        Student("correct", with_figure(filled()), "12", path=f"correct/{HOMEWORK}.ipynb"),
        Student("partial", filled(sum_not_mean), "6",
                path=f"partial_2026-11-21_{HOMEWORK} (1).ipynb"),
        # The check accepts other types, so the tests have to; and habits do no harm.
        Student("habits", with_cell_before(
            filled(CORRECT.replace("maps / n", "[m.numpy()[None] for m in maps / n]")), ANSWER,
            "%precision 3\n%pdb on\n!echo installing\nsum = 0\nmap = [1]\n"
            "for k in range(3):\n    sum += k"), "12"),
        # A line that works in Colab only says nothing about the answer, so it costs no points.
        Student("drive", with_drive(filled()), "not executed",
                status="a cell before the first answer was stopped by ModuleNotFoundError"),
        Student("elsewhere", words_elsewhere(), "12"),
        Student("Ann", filled(), "", "", "cannot be told apart",
                path=f"Ann_Lee_{HOMEWORK}.ipynb"),
        Student("Ann", filled(), "", "", "cannot be told apart",
                path=f"Ann_Ray_{HOMEWORK}.ipynb"),
        Student("untouched", released(), "0", "0"),
        Student("emptyfile", "", "", "", "an empty file"),
        Student("unreadable", nbformat.writes(released())[:5000], "", "", "cannot be read"),
        Student("wrongfile", other, "", "", "a foreign notebook"),
        Student("editedtest", edited, "0"),
        Student("deletedtest", without(filled(), *TESTS), "12"),
        Student("noanswer", without(filled(), ANSWER, OBSERVATION), "0", "deleted"),
        Student("doubled", doubled(filled(), ANSWER, HIDDEN_TEST, OBSERVATION), "12"),
        Student("stripped", stripped(filled()), "12"),
        Student("colab", from_colab(filled()), "12"),
        Student("warning", with_cell_before(
            filled(CORRECT.replace("    maps =", "    import sys, warnings\n    warnings.warn("
                                   "'old')\n    print('hm', file=sys.stderr)\n    maps =")),
            ANSWER, "import logging; logging.warning('on stderr')"), "12"),
    ]


def hostiles(memory_bytes: int, paths: list[str], port: int) -> list[Student]:
    """Students who do not mean well, or whose programs do not.

    Args:
        memory_bytes: the limit that the hog exceeds.
        paths: what the spy looks for.
        port: of a listener on the loopback interface.
    """
    def before_test(source: str, answer: str = CORRECT) -> NotebookNode:
        return with_cell_before(filled(answer), HIDDEN_TEST, source)

    return [
        Student("endless", filled(hostile.ENDLESS), "0"),
        Student("stubborn", filled(hostile.STUBBORN), "not executed", status="did not stop"),
        Student("exit", filled(hostile.EXIT), "not executed", status="the kernel ended"),
        Student("hog", filled(hostile.hog(memory_bytes)), "0"),
        Student("loud", before_test(hostile.LOUD), "12"),
        Student("noassert", before_test(hostile.NO_ASSERTIONS, BLACK), "tampered",
                status="tampered"),
        Student("patched", before_test(hostile.PATCHED_CHECK, BLACK), "tampered",
                status="tampered"),
        # The kernel reports the canary's error all the same, so the black map's score stands.
        Student("swallowed", before_test(hostile.SWALLOWED_ERRORS, BLACK), "3"),
        Student("forged", filled(hostile.FORGED_RESULT), "tampered", status="tampered"),
        Student("hider", filled(hostile.HIDDEN_RESULT), "3"),
        Student("mute", filled(hostile.NO_RESULT), "tampered", status="tampered"),
        Student("quotes", filled(hostile.QUOTES_TESTS), "12"),
        Student("spy", before_test(hostile.spy(paths)), "12"),
        Student("caller", before_test(hostile.caller(port)), "12"),
        Student("crowd", before_test(hostile.CROWD), "not executed", status="more than"),
    ]
