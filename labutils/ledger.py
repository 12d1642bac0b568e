"""The ledger: every claim that the series tests, with its number and its verdict.

``python -m labutils.ledger`` prints it. It is made from ``notebooks/claims.csv`` and from what the
executed notebooks beside it printed, each time anew: there is no second place for a number.
Nothing but Python's own library is needed, except for the table as a DataFrame.
"""

import csv
import json
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from labutils.verdicts import VERDICTS, Estimate, Printed, claims_in

if TYPE_CHECKING:
    import pandas as pd

TABLE = "claims.csv"
COLUMNS = ("id", "claim", "source", "notebooks", "measure", "holds", "limits")
NOT_TESTED = "not tested yet"
WIDTH = 100


class Entry(NamedTuple):
    """One claim of the ledger.

    ``notebook`` is the file that decides it, or "" if there is none yet; ``estimate`` is None and
    ``verdict`` "not tested yet" as long as no notebook has printed a number.
    """

    id: int
    claim: str
    source: str
    measure: str
    holds: str
    limits: str
    notebook: str
    estimate: Estimate | None
    verdict: str


def ledger(folder: Path | str | None = None, *, this_run: Iterable[str] = ()) -> "pd.DataFrame":
    """The ledger as a table, one row per claim; arguments and errors as in ``entries``.

    Returns:
        DataFrame with the index ``id`` and the columns claim, source, measure, holds, limits,
        notebook, number, low, high, verdict; the numbers are NaN where nothing was printed.
    """
    import pandas as pd  # the site's small environment has none, and needs none

    nothing = Estimate(float("nan"), float("nan"), float("nan"))
    return pd.DataFrame(
        [{**entry._asdict(), **(entry.estimate or nothing)._asdict()} for entry in
         entries(folder, this_run=this_run)],
    ).set_index("id")[["claim", "source", "measure", "holds", "limits", "notebook",
                       *Estimate._fields, "verdict"]]


def entries(folder: Path | str | None = None, *, this_run: Iterable[str] = ()) -> list[Entry]:
    """Every claim of the table, in the order of the ids, with what the notebooks printed.

    Args:
        folder: of ``claims.csv`` and the executed notebooks; found by itself when left out.
        this_run: lines that ``claim`` made in the notebook that asks. They take the place of
            those in its file, which are from the run before, if there are any.

    Raises:
        FileNotFoundError: there is no ``claims.csv``.
        ValueError: a file cannot be read; a claim is printed twice, in another notebook than the
            table says, or under an id that the table does not have; a line is no claim.
    """
    folder = notebooks() if folder is None else Path(folder)
    rows = _rows(folder)
    files = {path.name[:2]: path.name for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    found = _printed(folder, rows, files) | _of_this_run(this_run, rows)
    return [Entry(id, row["claim"], row["source"], row["measure"], row["holds"], row["limits"],
                  files.get(_decides(row), ""), *_told(found.get(id)))
            for id, row in sorted(rows.items())]


def notebooks() -> Path:
    """The folder of the table: beside the notebook, one folder up, or in the project."""
    project = Path(__file__).resolve().parents[1] / "notebooks"
    places = [Path.cwd(), Path.cwd().parent, project]
    return next((place for place in places if (place / TABLE).is_file()), project)


def counts(found: Sequence[Entry]) -> dict[str, list[int]]:
    """Which claims have which verdict: every verdict, and "not tested yet" if there are any."""
    ids = {said: [entry.id for entry in found if entry.verdict == said]
           for said in (*VERDICTS, NOT_TESTED)}
    return {said: some for said, some in ids.items() if some or said != NOT_TESTED}


def counts_as_markdown(found: Sequence[Entry]) -> str:
    """How many claims have which verdict, as a Markdown table."""
    rows = [(said, str(len(some)), ", ".join(map(str, some)) or "none")
            for said, some in counts(found).items()]
    return _markdown(("verdict", "claims", "which"), rows)


def as_markdown(found: Sequence[Entry], way: str = "") -> str:
    """The claims as a Markdown table.

    Args:
        found: of ``entries``.
        way: to the notebooks from the page where the table stands, such as ``"notebooks/"``.
    """
    return _markdown(
        ("id", "claim (source)", "what is measured", "holds", "number [95 % interval]", "verdict",
         "tested in"),
        [(str(entry.id), f"{entry.claim} ({entry.source})", entry.measure, in_words(entry.holds),
          _number(entry), f"**{entry.verdict}**",
          f"[{entry.notebook[:2]}]({way}{entry.notebook})" if entry.notebook else "–")
         for entry in found])


def as_text(found: Sequence[Entry]) -> str:
    """The claims and the counts for a terminal."""
    lines = []
    for entry in found:
        lines += textwrap.wrap(f"{entry.id:2d}  {entry.claim} ({entry.source})", WIDTH,
                               subsequent_indent="    ")
        lines.append(f"    {entry.verdict}" + (
            f": {_number(entry)}, notebook {entry.notebook[:2]}" if entry.estimate else ""))
    lines.append(f"\n{len(found)} claims")
    for said, some in counts(found).items():
        lines += textwrap.wrap(f"{len(some):4d}  {said:18s}  {', '.join(map(str, some))}", WIDTH,
                               initial_indent="  ", subsequent_indent=28 * " ")
    return "\n".join(lines)


def in_words(region: str) -> str:
    """A region of the table, such as "0.9 1" or "2 inf", in words."""
    low, high = region.split()
    if high == "inf":
        return f"{low} or more"
    return f"{high} or less" if low == "-inf" else f"{low} to {high}"


def _number(entry: Entry) -> str:
    if entry.estimate is None:
        return "–"
    number, low, high = (f"{value:.3g}" for value in entry.estimate)
    return f"{number} [{low}, {high}]"


def _told(printed: Printed | None) -> tuple[Estimate | None, str]:
    return (None, NOT_TESTED) if printed is None else (printed.estimate, printed.verdict)


def _decides(row: dict[str, str]) -> str:
    """The number of the notebook that prints the claim: the last that the table names."""
    return row["notebooks"].split()[-1]


def _rows(folder: Path) -> dict[int, dict[str, str]]:
    path = folder / TABLE
    if not path.is_file():
        raise FileNotFoundError(f"ledger: there is no {TABLE} in {folder}; expected the folder of "
                                "the executed notebooks, beside which it lies.")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise ValueError(f"ledger: {TABLE} has no column {', '.join(missing)}.")
        rows: dict[int, dict[str, str]] = {}
        for row in reader:
            if not all(row[name] for name in COLUMNS) or not row["id"].isdecimal():
                raise ValueError(f"ledger: line {reader.line_num} of {TABLE} is not complete; "
                                 f"expected {', '.join(COLUMNS)}.")
            if int(row["id"]) in rows:
                raise ValueError(f"ledger: {TABLE} has claim {row['id']} twice.")
            rows[int(row["id"])] = row
    return rows


def _printed(folder: Path, rows: dict[int, dict[str, str]], files: dict[str, str]
             ) -> dict[int, Printed]:
    """What the executed notebooks printed, by id."""
    found: dict[int, Printed] = {}
    for number, name in files.items():
        for printed in claims_in(_output(folder / name)):
            if printed.id not in rows:
                raise ValueError(f"ledger: {name} prints claim {printed.id}, which {TABLE} does "
                                 "not have.")
            if (expected := _decides(rows[printed.id])) != number:
                raise ValueError(f"ledger: {name} prints claim {printed.id}; by {TABLE} it is "
                                 f"notebook {expected} that decides it.")
            if printed.id in found:
                raise ValueError(f"ledger: {name} prints claim {printed.id} twice.")
            found[printed.id] = printed
    return found


def _output(path: Path) -> str:
    """What the cells of a notebook printed, as it is kept in the file."""
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        return "\n".join("".join(output.get("text", "")) for cell in cells
                         for output in cell.get("outputs", []))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"ledger: {path.name} cannot be read as a notebook "
                         f"({type(error).__name__}: {error}).") from error


def _of_this_run(lines: Iterable[str], rows: dict[int, dict[str, str]]) -> dict[int, Printed]:
    if isinstance(lines, str):
        raise ValueError("ledger: this_run is one text; expected a list of lines.")
    found: dict[int, Printed] = {}
    for line in lines:
        read = claims_in(line) if isinstance(line, str) else []
        if len(read) != 1 or read[0].id not in rows or read[0].id in found:
            raise ValueError(f"ledger: this_run has {line!r}; expected lines that `claim` made, "
                             f"one for each claim, with ids of {TABLE}.")
        found[read[0].id] = read[0]
    return found


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
                     for line in lines)


def main() -> int:
    """Print the ledger; what is wrong with a file is said in one line."""
    try:
        print(as_text(entries()))
    except (ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
