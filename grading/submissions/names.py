"""Whose file is it, and which homework? One pattern for each platform, and who.csv.

What a pattern says is written to who.csv in the course folder; there an instructor corrects it,
and what stands there counts.
"""

import csv
import hashlib
import re
import unicodedata
from dataclasses import asdict, dataclass, fields
from pathlib import Path

# Against the path inside the folder of submissions, any folders before it left out; the first
# that fits counts. {homework} stands for the notebooks' names, as nbgrader's collector would
# have them. Group "id": the platform's number, to send marks back; "when", "copy": of several
# versions the latest counts; "late": the platform says so.
HERE = r"(?:.*/)?"
PLATFORMS = {
    # A folder, or before the file's own name. The number is another in the next homework.
    "Moodle": HERE + r"(?P<name>[^/]+?)_(?P<id>\d+)_assignsubmission_\w*?(?:/.*|_.*)?",
    "Brightspace": HERE + r"(?P<id>\d+)-\d+ - (?P<name>[^/]+?) - (?P<when>[A-Z][^-/]*\d{4}[^-/]*)"
                          r"(?:[-/].*)?",
    "Blackboard": HERE + r"[^/]+?_(?P<name>[^_/]+)_attempt_(?P<when>[\d-]+)(?:[_.].*)?",
    "Canvas": HERE + r"(?P<name>[^_/]+?)_(?P<late>LATE_)?(?P<id>\d+)_(?P<when>\d{3,})_[^/]*",
    "Gradescope": HERE + r"submission_(?P<id>\d+)/.*",
    "file": HERE + r"(?P<name>[^/]+?)[ _-]+"
                   r"(?:(?P<when>20\d\d-?\d\d-?\d\d(?:[ _T-]?[\d-]+)?)[ _-]+)?{homework}[^/]*",
    "folder": r"(?:(?:submissions?|export|handed-in)/)?(?P<name>[^/]+)/.*",
}
COPY = re.compile(r"\((\d+)\)|-copy(\d*)", re.IGNORECASE)
NOBODYS = re.compile(r"(copy of|kopie von|my|final|draft|homework|untitled)?[ _-]*", re.IGNORECASE)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
LONGEST = 160  # bytes; a file's name has 255, and in it stand the homework's name and more


@dataclass(frozen=True)
class Who:
    """One line of who.csv; "" is what nobody knows."""

    file: str
    student: str = ""
    homework: str = ""
    platform: str = ""
    id: str = ""
    late: str = ""


def read(paths: list[str], homework: list[str], table: Path) -> dict[str, Who]:
    """What who.csv says of each path, or else its pattern; new lines are added to who.csv."""
    known = {}
    if table.is_file():
        with table.open(newline="", encoding="utf-8-sig") as file:  # as Excel writes it, too
            known = {row["file"]: Who(**{one.name: row.get(one.name) or "" for one in fields(Who)})
                     for row in csv.DictReader(file)}
    new = tell_apart([by_pattern(path, homework) for path in paths if path not in known])
    if new:
        part = table.with_suffix(".part")  # what an instructor has corrected is not to be lost
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [one.name for one in fields(Who)])
            writer.writeheader()
            writer.writerows(asdict(who) for who in [*known.values(), *new])
        part.replace(table)
    known |= {who.file: who for who in new}
    return {path: Who(**asdict(known[path]) | {"student": clean(known[path].student)})
            for path in paths}


def by_pattern(path: str, homework: list[str]) -> Who:
    """What the first fitting pattern tells of a path."""
    found = max((name for name in homework if name.lower() in path.lower()), key=len, default="")
    platform, told = told_by(path, homework)
    name = told.get("name") or (f"submission-{told['id']}" if told else "")
    return Who(path, clean(name), found, platform, told.get("id") or "",
               "late" if told.get("late") else "")


def told_by(path: str, homework: list[str]) -> tuple[str, dict[str, str | None]]:
    """The platform whose pattern fits, and the pattern's groups."""
    names = "|".join(map(re.escape, homework)) or "$."
    for platform, pattern in PLATFORMS.items():
        match = re.fullmatch(pattern.replace("{homework}", f"(?:{names})"), path,
                             re.IGNORECASE | re.DOTALL)
        if match and not NOBODYS.fullmatch(match.groupdict().get("name", "someone")):
            return platform, match.groupdict()
    return "", {}


def tell_apart(lines: list[Who]) -> list[Who]:
    """Two students of one name in one homework get their numbers, or folders, behind it."""
    persons: dict[tuple[str, str], set[str]] = {}
    for who in lines:
        persons.setdefault((who.student.casefold(), who.homework), set()).add(who.id)
    several = {student for (student, _), ids in persons.items() if student and len(ids) > 1}
    return [Who(**asdict(who) | {"student": f"{who.student}-{who.id or 'without-number'}"})
            if who.student.casefold() in several else who for who in lines]


def order(path: str, homework: list[str]) -> tuple[tuple[int, ...], int]:
    """What sorts several versions of one student; the last one counts."""
    _, told = told_by(path, homework)
    copies = [int(one or two or 1) for one, two in COPY.findall(path)]
    return moment(told.get("when") or ""), max(copies, default=0)


def moment(text: str) -> tuple[int, ...]:
    """A time, as numbers that sort: "Nov 20, 2026 1015 PM", "2026-11-21", a running number."""
    named = re.match(r"([A-Z][a-z]{2})\w* (\d+), (\d{4}) (\d+) ?([AP]M)?", text)
    if named and named[1].lower() in MONTHS:
        clock = int(named[4]) % 1200 + 1200 * (named[5] == "PM")
        return int(named[3]), MONTHS.index(named[1].lower()), int(named[2]), clock
    return tuple(map(int, re.findall(r"\d+", text)))


def clean(student: str) -> str:
    """A name that can be a folder's; nbgrader and records use it."""
    whole = unicodedata.normalize("NFC", student.strip())
    name = "-".join("".join(letter if fits(letter) else " " for letter in whole).split())
    name = name.strip("-.")
    # What is left out of a word may be what tells two names apart.
    lost = any(not fits(letter) and not letter.isascii() for letter in whole)
    if not name or not lost and len(name.encode()) <= LONGEST:
        return name
    fingerprint = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name[:LONGEST // 4]}-{fingerprint}"


def fits(letter: str) -> bool:
    """May a sign stand in a folder's name? A vowel sign is no letter for isalnum()."""
    return letter.isalnum() or letter in "_.@-" or unicodedata.category(letter)[0] == "M"
