"""Whose file is it, and which homework? Read from file and folder names."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from grading.dates import DAY_ONLY, numbers, without_dates

COPY_MARK = re.compile(r"[ _-]*(?:\((\d+)\)|copy[ _-]?(\d*)|kopie[ _-]?(\d*))$", re.IGNORECASE)
EXTENSION = re.compile(r"\.ipynb(\.json|\.txt)?$", re.IGNORECASE)

# Learning platforms. Moodle: "Ann Lee_1234_assignsubmission_file_", a folder or before the file's
# own name. The number is a student's in one homework; in the next it is another.
MOODLE = re.compile(r"(?P<name>.+?)_(?P<entry>\d+)_assignsubmission(?P<rest>.*)", re.DOTALL)
# Brightspace: "1234-5678 - Ann Lee - Nov 20, 2026 1015 PM - ", student's and homework's number.
BRIGHTSPACE = re.compile(
    r"(?P<more>\d+)-\d+ - (?P<name>.+?) - (?P<rest>[^-]*\d{4}[^-]*?)(?: -.*)?", re.DOTALL)
# Blackboard: "Homework 4_s111_attempt_2026-11-21-10-00-00_…".
BLACKBOARD = re.compile(r".*?_(?P<name>[^_]+)_attempt_(?P<rest>.*)", re.DOTALL)
# Canvas: "leeann_LATE_1234_567890_…", student's and file's number. A day and a time are neither.
CANVAS = re.compile(r"(?:late_)?(?!20\d{6}_\d{4}(?:\d\d)?(?:_|$))(\d+)_\d{3,}(?:_|$)",
                    re.IGNORECASE)

# Names made of such words alone are nobody's: folders for sorting, versions, "Copy of".
NOBODYS = frozenset(
    """homework homeworks hw assignment assignments exercise exercises task tasks week unit sheet
    submission submissions submitted handed hand ins export exports download downloads course class
    file files folder notebook notebooks untitled working work backup copy of the old new draft
    final late version versions v attempt attempts try first second third part solution solutions
    my mine own corrected fixed updated improved changed revised newer newest latest again
    answer answers abgabe abgaben aufgabe aufgaben hausaufgabe hausaufgaben übung übungen loesung
    lösung kopie von versuch woche kurs meine neu neue alt korrigiert verbessert fertig""".split())
# Folders and files with such a name are one person's versions; "01" may be a student's number.
VERSION = re.compile(r"[1-9]\d?")
# "V00123456" is a student's number, though a "v" begins a version's name.
STUDENTS_NUMBER = re.compile(r"[^\W\d_]\d{5,}")

LONGEST = 160  # bytes; a file's name has 255, and in it stand the homework's name and more


@dataclass(frozen=True)
class Person:
    """What one folder's or file's name tells about a person.

    Attributes:
        name: fit for a folder's name; "" when it tells nobody's.
        more: what tells apart two persons of one name; "" when nothing.
        entry: does so within one homework only.
    """

    name: str = ""
    more: str = ""
    entry: str = ""


@dataclass(frozen=True)
class Signs:
    """What a path tells by itself.

    Attributes:
        folders: those that may be a person's, outermost first; none when a platform tells.
        file: whom the file's name tells, or a platform.
        homework: "" when the path does not tell.
        around: all folders that do not name the person for sure.
        said: words behind the homework's name, or in place of it, that may be a person.
        numbers: those before the homework's name, and those behind it.
        copy: the number in "(1)".
    """

    folders: tuple[str, ...]
    file: Person
    homework: str
    around: tuple[str, ...]
    said: str
    numbers: tuple[tuple[int, ...], tuple[int, ...]]
    copy: int


@dataclass(frozen=True)
class Named:
    """What a path tells, seen beside the others.

    Attributes:
        student: "" when the path does not tell.
        homework: "" when the path does not tell.
        person: what else the path says about the person, to tell apart two students whose
            ``student`` is the same; "" when nothing.
        entry, said: the same, but to compare within one homework only.
        order: what sorts several files of one student; the last one counts.
    """

    student: str
    homework: str
    person: str
    entry: str
    said: str
    order: tuple[tuple[int, ...], ...]


def read(paths: list[Path], homework: list[str]) -> dict[Path, Named]:
    """Read paths relative to the folder of submissions.

    A folder names the student (``s02/04_….ipynb``); without one, what stands before the
    homework's name does (``s02_2026-11-21_04_… (1).ipynb``). Folders around the students' own
    are left out: those that everybody's files lie in, and those whose files name several persons.
    """
    signs = {path: signs_of(path, homework) for path in paths}
    notebooks = [signs[path] for path in paths if EXTENSION.search(path.name)]
    depth = folders_around_all(notebooks)
    shared = shared_folders(notebooks, depth)
    return {path: resolve(signs[path], depth, shared) for path in paths}


def signs_of(path: Path, homework: list[str]) -> Signs:
    """What one path tells by itself."""
    words = NOBODYS | {word for name in homework for word in words_of(name)}
    stem, copy = without_copy_marks(EXTENSION.sub("", path.name))
    found = [name for name in homework if name.lower() in stem.lower()]
    name = max(found, key=len, default="")
    place = stem.lower().index(name.lower()) if name else len(stem)
    before, behind = stem[:place], stem[place + len(name):]
    folders = path.parts[:-1]
    said = names_in(behind if name else stem, words)
    for folder in folders:
        if told := from_platform(folder):
            around = tuple(other for other in folders if other != folder)
            return Signs((), told[0], name, around, said,
                         (numbers(told[1]) + numbers(before), numbers(behind)), copy)
    person, rest = from_platform(before) or from_file(before, bool(name), words)
    own = () if from_platform(before) else tuple(
        folder for folder in folders if clean(folder) and not is_nobodys(folder, words))
    return Signs(own, person, name, folders, said, (numbers(rest), numbers(behind)), copy)


def from_platform(text: str) -> tuple[Person, str] | None:
    """The person that a learning platform wrote into a name, and what it wrote behind."""
    for pattern in (MOODLE, BRIGHTSPACE, BLACKBOARD):
        if match := pattern.fullmatch(text):
            told = match.groupdict()
            entry = told.get("entry", "")
            more = told.get("more") or (composed(told["name"]) if entry else "")
            return Person(clean(told["name"]), more, entry), told["rest"]
    return None


def from_file(before: str, named: bool, nobodys: frozenset[str]) -> tuple[Person, str]:
    """The person in what stands before a homework's name, and what may be a date or a version.

    Args:
        before: the text; the whole file name when no homework's name is in it.
        named: is one in it?
        nobodys: words that are no names.
    """
    first, _, rest = before.strip(" _-").partition("_")
    # A homework's own name is nobody's: "04_smoothgrad.ipynb" is not of a student "04".
    if is_nobodys(first, nobodys) or (not named and first.isdigit()):
        return Person(), before
    if mark := CANVAS.match(rest):
        return Person(clean(first), mark[1]), rest
    return Person(clean(first), names_in(rest, nobodys)), before if first.isdigit() else rest


def names_in(text: str, nobodys: frozenset[str]) -> str:
    """The words in a text that may be names."""
    return "-".join(word for word in words_of(without_dates(text)) if word not in nobodys)


def folders_around_all(notebooks: list[Signs]) -> int:
    """How many folders lie around everybody's own: "export" in export/ann/ and export/bob/.

    It is as many as must be left out until the rest tells of several students, and of every
    file whose it is. When it never does, the folders may be one student's.
    """
    levels = zip(*(signs.folders for signs in notebooks), strict=False)
    common = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
    for depth in range(common + 1):
        students = {resolve(signs, depth, frozenset()).student.casefold() for signs in notebooks}
        if len(students) > 1 and "" not in students:
            return depth
    return 0


def shared_folders(notebooks: list[Signs], depth: int) -> frozenset[str]:
    """Folders, below those around all, in which the files' names tell of several persons."""
    persons: dict[str, set[Person]] = {}
    for signs in notebooks:
        # Within a folder, "1_" and "2_" are versions.
        if signs.homework and signs.file.name and not VERSION.fullmatch(signs.file.name):
            for folder in signs.folders[depth:depth + 1]:
                persons.setdefault(folder, set()).add(signs.file)
    return frozenset(
        folder for folder, found in persons.items()
        if len({person.name.casefold() for person in found}) > 1
        or len({person.more for person in found} - {""}) > 1)


def resolve(signs: Signs, depth: int, shared: frozenset[str]) -> Named:
    """Whose a file is.

    Args:
        signs: what its path tells.
        depth: how many folders lie around everybody's.
        shared: folders of several persons.
    """
    own, *below = signs.folders[depth:] or [""]
    if own in shared:
        person = replace(signs.file, more=composed(f"{own}/{signs.file.more}"))
    elif own:
        # Two folders in it may be two persons', unless they are called 1 and 2.
        inner = [folder for folder in below if not VERSION.fullmatch(folder)]
        person = Person(clean(own), composed("/".join([own, *inner])))
    else:
        person = signs.file
    around = " / ".join(folder for folder in signs.around if folder != own)
    return Named(person.name, signs.homework, person.more, person.entry, signs.said if own else "",
                 (numbers(around), *signs.numbers, (signs.copy,)))


def namesakes(named: dict[Path, Named]) -> dict[Path, Path]:
    """Files that would be one student's but seem to be of several, each with another of them.

    Args:
        named: files that could be graded, whatever homework they are of: a student has one row
            in the table.
    """
    groups: dict[str, list[Path]] = {}
    for path, told in named.items():
        groups.setdefault(told.student.casefold(), []).append(path)
    found: dict[Path, Path] = {}
    for paths in groups.values():
        others = {path: [other for other in paths if differ(named[path], named[other])]
                  for path in paths}
        if several := [path for path in paths if others[path]]:
            found |= {path: (others[path] or several)[0] for path in paths}
    return found


def differ(one: Named, other: Named) -> bool:
    """Do two files with one student's name seem to be of two?"""
    return (one.student != other.student
            or bool(one.person and other.person) and one.person != other.person
            or one.homework == other.homework and (
                bool(one.entry and other.entry) and one.entry != other.entry
                or bool(one.said and other.said) and one.said != other.said))


def is_nobodys(text: str, nobodys: frozenset[str]) -> bool:
    """Is a text no person's name: "", "Homework 4", "Version 2", "2026-11-21"?"""
    words = words_of(text)
    if STUDENTS_NUMBER.fullmatch(text):
        return False
    return not text or bool(words) and nobodys.issuperset(words) or bool(DAY_ONLY.fullmatch(text))


def words_of(text: str) -> list[str]:
    """The words in a text, in small letters."""
    return "".join(letter if in_word(letter) else " " for letter in composed(text).lower()).split()


def in_word(letter: str) -> bool:
    """Is a sign part of a word: a letter, an accent, a byte that nobody can read?"""
    return letter.isalpha() or (
        not letter.isascii() and unicodedata.category(letter)[0] not in "ZPN")


def without_copy_marks(stem: str) -> tuple[str, int]:
    """A file name without "(1)", "-Copy1" and the like; and the highest such number."""
    number = 0
    while mark := COPY_MARK.search(stem):
        digits = next((group for group in mark.groups() if group), "1")
        number, stem = max(number, int(digits)), stem[:mark.start()]
    return stem.strip(), number


def clean(student: str) -> str:
    """A name that can be a folder's; nbgrader and records use it."""
    whole = composed(student.strip())
    letters = [letter if fits(letter) else " " for letter in whole]
    name = "-".join("".join(letters).split()).strip("-.")
    # What is left out of a word may be what tells two names apart.
    lost = any(in_word(letter) and not fits(letter) for letter in whole)
    if not name or not lost and len(name.encode()) <= LONGEST:
        return name
    fingerprint = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name[:LONGEST // 4]}-{fingerprint}"


def fits(letter: str) -> bool:
    """May a sign stand in a folder's name? A vowel sign is no letter for isalnum()."""
    return letter.isalnum() or letter in "_.@-" or unicodedata.category(letter)[0] == "M"


def composed(text: str) -> str:
    """A text in which "ü" is one character; some systems write two."""
    return unicodedata.normalize("NFC", text)
