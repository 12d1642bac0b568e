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
    HEAD,
    HOMEWORK,
    OBSERVATION,
    ROOT,
    TESTS,
    appended,
    cell_of,
    doubled,
    filled,
    from_colab,
    released,
    source_notebook,
    stripped,
    with_cell_before,
    with_figure,
    with_import,
    without,
    words_elsewhere,
)

DONE, OPEN = "executed", "open"
CHECK = "smoothgrad-check"
# Graded by make rehearse only: how they are found, or stopped, is shown by test_answers.py, by
# test_names.py and by the tiny class.
REHEARSED = {"partial", "pip", "elsewhere", "atend", "newcell", "helper", "memory", "Ann_Lee",
             "Ann_Ray", "deletedtest", "doubled", "stripped", "colab", "warning", "exit", "loud",
             "noanswer", "formatter", "sum", "transformer", "noassert", "swallowed", "numpy",
             "framer", "spy", "caller", "crowd"}


@dataclass(frozen=True)
class Student:
    """One student.

    Attributes:
        content: the notebook, or the file's text.
        function, observation: expected in grades.csv.
        status: expected beginning of the status in grades.csv.
        path: of the file in the folder of submissions.
        homework, columns: its name, and those of function and observation in grades.csv.
    """

    name: str
    content: NotebookNode | str
    function: str
    observation: str = "to be marked"
    status: str = DONE
    path: str = ""
    homework: str = HOMEWORK
    columns: tuple[str, str] = (ANSWER, OBSERVATION)

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
        return (found == (self.function, self.observation)
                and row[self.homework].startswith(self.status))


def table(students: list[Student], rows: dict[str, dict[str, str]]) -> list[str]:
    """The class, what it should score and what it did, a line each."""
    lines = [f"{'student':12} {'expected':9} {'got':9} {'observation':13} {'':12} status"]
    for student in students:
        row = rows[student.name]
        verdict = "as expected" if student.scored_by(row) else "OTHERWISE"
        function, observation = (row[column] for column in student.columns)
        lines.append(f"{student.name:12} {student.function:9} {function:9} {observation:13} "
                     f"{verdict:12} {row[student.homework]}")
    return lines


def honest() -> list[Student]:
    """Students who mean well, with editors that may not."""
    sum_not_mean = CORRECT.replace("maps / n", "maps")
    edited = filled(answer=cell_of(released(), ANSWER).source)
    for name in TESTS:
        cell_of(edited, name).source = "print('All tests passed')\n12.0"
    other = (ROOT / "notebooks" / "02_vanilla_saliency.ipynb").read_text("utf-8")
    own = CORRECT.replace(" maps ", " grids ")
    helper = ("def one_copy(X, noise_pct):\n"
              "    return torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])")
    helped = CORRECT.replace("torch.cat([preprocess(add_noise(x, noise_pct)) for x in X])",
                             "one_copy(X, noise_pct)")
    return [
        Student("correct", with_figure(filled()), "12", path=f"correct/{HOMEWORK}.ipynb"),
        Student("partial", filled(sum_not_mean), "6",
                path=f"partial_2026-11-21_{HOMEWORK} (1).ipynb"),
        # Other types are accepted, as the check accepts them; and habits do no harm.
        Student("habits", with_cell_before(
            filled(CORRECT.replace("maps / n", "[m.numpy() for m in maps / n]")), ANSWER,
            "%precision 3\n%pdb on\n!echo installing\nsum = 0\nmap = [1]\n"
            "for k in range(3):\n    sum += k"), "12"),
        # Lines that work in Colab only say nothing about the answer, so they cost no points.
        Student("drive", with_import(filled(own), "from google.colab import drive\n"
                                     "drive.mount('/content/drive')"), "12"),
        Student("pip", with_import(filled(own), "!pip install captum\n%pip install tqdm"), "12"),
        Student("elsewhere", words_elsewhere(), "12"),
        Student("atend", appended(without(filled(), ANSWER), own), "12"),
        Student("newcell", with_cell_before(released(), ANSWER, own), "12", "0"),
        Student("helper", appended(filled(helped), helper), "12"),
        Student("renamed", filled(own.replace("def smoothgrad", "def my_own_maps")), "12"),
        Student("noimport", filled(own.replace("torch.cat", "th.cat")), OPEN, status="open: Name"),
        Student("sklearn", filled(own.replace("    grids =", "    from sklearn.cluster import "
                                              "KMeans\n    grids =", 1)), "12"),
        Student("memory", filled(own.replace("preprocess(", "my_preprocess(")), OPEN,
                status="open: NameError"),
        Student("Ann_Lee", filled(own), "12", path=f"Ann_Lee_{HOMEWORK}.ipynb"),
        Student("Ann_Ray", filled(own), "12", path=f"Ann_Ray_{HOMEWORK}.ipynb"),
        Student("untouched", released(), "0", "0"),
        Student("emptyfile", "", "", "", "an empty file"),
        Student("unreadable", nbformat.writes(released())[:5000], "", "", "cannot be read"),
        Student("wrongfile", other, "", "", "a foreign notebook"),
        Student("editedtest", edited, "0"),
        Student("deletedtest", without(filled(), *TESTS), "12"),
        Student("noanswer", without(filled(), ANSWER, OBSERVATION), OPEN, "deleted",
                status="open: no function smoothgrad"),
        Student("doubled", doubled(filled(), ANSWER, OBSERVATION), "12"),
        Student("stripped", stripped(filled()), "12"),
        Student("colab", from_colab(filled()), "12"),
        Student("source", source_notebook(), "12"),
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
    def before_check(source: str, answer: str = CORRECT) -> NotebookNode:
        return with_cell_before(filled(answer), CHECK, source)

    engine = HEAD + "    return engine.smoothgrad(X, y, model, n=n, noise_pct=noise_pct)\n"
    return [
        Student("endless", filled(hostile.ENDLESS), OPEN, status="open: TimeIsUp"),
        Student("stubborn", filled(hostile.STUBBORN), OPEN, status="did not stop"),
        Student("exit", filled(hostile.EXIT), OPEN, status="the program ended"),
        Student("hog", filled(hostile.hog(memory_bytes)), "0"),
        Student("loud", before_check(hostile.LOUD), "12"),
        Student("engine", filled(engine), "0"),
        *(Student(name, before_check(source, BLACK), "0")
          for name, source in hostile.FORGERIES.items()),
        Student("frame", filled(hostile.FRAME), "0"),
        Student("framer", filled(hostile.FRAMER), "0"),
        Student("pickled", filled(hostile.PICKLED), "0"),
        Student("quotes", filled(hostile.QUOTES), "0"),
        Student("reach", filled(hostile.REACH), "0"),
        Student("spy", filled(hostile.spy(paths)), "0"),
        Student("caller", filled(hostile.caller(port)), "0"),
        Student("crowd", before_check(hostile.CROWD), OPEN, status="more than"),
    ]
